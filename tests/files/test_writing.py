"""Files out: exact for the mail house, guarded for people, all or none."""

from __future__ import annotations

import csv
import errno
import hashlib
import io
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from prefcenter.core.errors import BadInput, Unavailable
from prefcenter.files.formats import open_table
from prefcenter.files.seeds import read_seeds
from prefcenter.files.tables import FileFacts, Table
from prefcenter.files.text_writing import CsvOutput
from prefcenter.files.writing import GuardedCsvWriter, whole_or_nothing


def table_of(folder: Path, data: bytes, name: str = "in.csv") -> Table:
    path = folder / name
    path.write_bytes(data)
    return open_table(path)


def copied(table: Table, path: Path, seeds: pl.DataFrame | None = None) -> FileFacts:
    with table.clean_output(path) as output:
        for block in table.blocks():
            output.keep(block, np.ones(block.frame.height, np.bool_))
        if seeds is not None:
            output.append(seeds)
    return output.close()


@pytest.mark.parametrize(
    "data",
    [
        b"name,zip\nA,1\nB,2",
        b'\xef\xbb\xbf"name";"zip"\r\n"A;x";"1"\r\n',
        "name\tzip\rJosé\t1\r".encode("cp1252"),
        b"\xff\xfe" + "name,zip\r\nJosé,1\r\n".encode("utf-16-le"),
        b"\xfe\xff" + "name|zip\nJosé|1".encode("utf-16-be"),
        b"name,zip",
        b"sep=;\r\nname;zip\r\nA;1\r\n",
        b'\xef\xbb\xbf"SEP=^"\nname^zip\nA,x^1\n',
        b"\xff\xfe" + "sep=|\rname|zip\rJosé|1\r".encode("utf-16-le"),
    ],
)
def test_a_clean_file_without_refusals_is_the_input(tmp_path: Path, data: bytes) -> None:
    """P11, X6: format, order, delimiter, quoting, line ends and encoding stay."""
    facts = copied(table_of(tmp_path, data), tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_bytes() == data
    assert facts.sha256 == hashlib.sha256(data).hexdigest()
    assert facts.name == "out.csv"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"name,zip\nA,1", b"name,zip\nA,1\nS,9\n"),
        (b'"name";"zip"\r\n"A";"1"\r\n', b'"name";"zip"\r\n"A";"1"\r\n"S";"9"\r\n'),
        (b"zip\tLast\tid\rA\t1\t2\r", b"zip\tLast\tid\rA\t1\t2\r9\tS\t\r"),
        (b"name,zip", b"name,zip\nS,9\n"),
        (
            b"\xff\xfe" + "name,zip\r\nA,1".encode("utf-16-le"),
            b"\xff\xfe" + "name,zip\r\nA,1\r\nS,9\r\n".encode("utf-16-le"),
        ),
    ],
)
def test_seeds_look_like_the_rows_around_them(tmp_path: Path, data: bytes, expected: bytes) -> None:
    """P13: unmarked in the delivered file, in its own dialect; counted in its rows."""
    (tmp_path / "seeds.csv").write_bytes(b"ZIP Code,name,last_name\n9,S,S\n")
    table = table_of(tmp_path, data)
    facts = copied(table, tmp_path / "out.csv", read_seeds(tmp_path / "seeds.csv", table.columns))
    assert (tmp_path / "out.csv").read_bytes() == expected
    assert facts.rows == table.facts().rows + 1


def test_a_seed_that_the_encoding_cannot_write_is_refused(tmp_path: Path) -> None:
    """P13: no seed arrives misspelt."""
    table = table_of(tmp_path, "name,zip\nJosé,1\n".encode("cp1252"))
    with pytest.raises(BadInput, match="Seed row 1 has characters that cp1252"):
        copied(table, tmp_path / "out.csv", pl.DataFrame({"name": ["Łódź"], "zip": ["9"]}))


@pytest.mark.parametrize(
    ("seeds", "said"),
    [(b"x\n1\n", "none of its columns"), (b"name,zip\n1\n", "row 1 has 1 field"), (b"name,zip\n", "has no rows")],
)
def test_seeds_that_do_not_fit_are_refused(tmp_path: Path, seeds: bytes, said: str) -> None:
    """P13: a file without its seeds is not delivered unnoticed."""
    (tmp_path / "seeds.csv").write_bytes(seeds)
    with pytest.raises(BadInput, match=said):
        read_seeds(tmp_path / "seeds.csv", table_of(tmp_path, b"name,zip\nA,1\n").columns)


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        ("=1+1", "'=1+1"),
        ("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"),
        ("-2+3", "'-2+3"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("\r=1", "'\r=1"),
        ("+1-415-555-0100", "'+1-415-555-0100"),
        ("-1\n=2", "'-1\n=2"),
        ("-1\n", "'-1\n"),
        ("+14155550100", "+14155550100"),
        ("-12.5", "-12.5"),
        ("12 Main St", "12 Main St"),
        ("a=1", "a=1"),
        ("", ""),
    ],
)
def test_cells_for_people_cannot_be_formulas(tmp_path: Path, cell: str, written: str) -> None:
    """X6: an apostrophe before = + - @ tab CR; a plain signed number stays exact."""
    with GuardedCsvWriter(tmp_path / "out.csv", ["name", "=x"], ["pc_score"]) as writer:
        writer.write(pl.DataFrame({"name": [cell], "=x": ["b"], "pc_score": [-0.5], "more": ["y"]}))
    rows = list(csv.reader(io.StringIO((tmp_path / "out.csv").read_bytes().decode(), newline="")))
    assert rows == [["name", "'=x", "pc_score"], [written, "b", "-0.5"]]


def test_an_extra_column_takes_the_place_of_the_inputs_own(tmp_path: Path) -> None:
    """A mended unreadable.csv can be scrubbed again."""
    table = table_of(tmp_path, b"name,pc_problem,pc_row\nA,old,7,8\n")
    (block,) = table.blocks()
    with GuardedCsvWriter(tmp_path / "out.csv", table.columns.names, ["pc_row", "pc_problem"]) as writer:
        writer.write(block.bad_frame())
    assert writer.close().rows == 1
    text = (tmp_path / "out.csv").read_text()
    assert text == '"name","pc_row","pc_problem"\n"A",1,"has 4 fields, the header has 3"\n'


def test_all_files_come_into_place_together(tmp_path: Path) -> None:
    """P11: what was there is replaced, and no trace of the work stays."""
    folder = tmp_path / "a" / "b"
    for text in ("old", "new"):
        with whole_or_nothing(folder) as staging:
            (staging / "manifest.json").write_text(text)
            (staging / "clean.csv").write_text(text)
    assert {path.name: path.read_text() for path in folder.iterdir()} == {"manifest.json": "new", "clean.csv": "new"}


def test_an_old_manifest_goes_even_if_no_new_one_comes(tmp_path: Path) -> None:
    """P11: a manifest never speaks of other files than it was made for."""
    (tmp_path / "manifest.json").write_text("old")
    with whole_or_nothing(tmp_path) as staging:
        (staging / "clean.csv").write_text("new")
    assert [path.name for path in tmp_path.iterdir()] == ["clean.csv"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_an_interrupted_run_leaves_what_was_there(tmp_path: Path, error: type[BaseException]) -> None:
    """P11: the old files stay whole, and no half file appears."""
    (tmp_path / "manifest.json").write_text("old")

    def interrupted() -> None:
        with whole_or_nothing(tmp_path) as staging:
            (staging / "manifest.json").write_text("new")
            raise error

    with pytest.raises(error):
        interrupted()
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"manifest.json": "old"}


def test_a_folder_that_was_made_for_nothing_is_removed(tmp_path: Path) -> None:
    """Bad input writes nothing at all."""
    with pytest.raises(BadInput), whole_or_nothing(tmp_path / "a" / "b"):
        raise BadInput("no")
    assert list(tmp_path.iterdir()) == []


def test_a_failing_rename_puts_everything_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """P11: all or none holds for the last step, too."""
    (tmp_path / "clean.csv").write_text("old")
    (tmp_path / "manifest.json").write_text("old")
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "kept").write_text("old")
    rename = os.replace

    def fail(source: Path, target: Path) -> None:
        if target == tmp_path / "x":
            raise OSError(errno.ENOSPC, "No space left on device")
        rename(source, target)

    def run() -> None:
        with whole_or_nothing(tmp_path) as staging:
            for name in ("clean.csv", "x", "manifest.json"):
                (staging / name).write_text("new")
            monkeypatch.setattr(os, "replace", lambda s, t: fail(s, t) if s.parent == staging else rename(s, t))

    with pytest.raises(Unavailable):
        run()
    assert (tmp_path / "clean.csv").read_text() == "old"
    assert (tmp_path / "manifest.json").read_text() == "old"
    assert (tmp_path / "x" / "kept").read_text() == "old"
    assert len(list(tmp_path.iterdir())) == 3


def test_a_folder_that_is_a_file_is_bad_input(tmp_path: Path) -> None:
    """The message names it."""
    (tmp_path / "out").write_text("x")
    with pytest.raises(BadInput, match="is not a folder"), whole_or_nothing(tmp_path / "out"):
        pass


def test_a_folder_without_permission_is_named(tmp_path: Path) -> None:
    """The message says where and why."""
    said = r"could not be written to .*: it may not be written to"
    with pytest.raises(Unavailable, match=said), whole_or_nothing(tmp_path):
        raise PermissionError(errno.EACCES, "Permission denied")


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A real file system of 256 KiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(folder)]
    try:
        allowed = subprocess.run(mount, capture_output=True, check=False).returncode == 0
    except OSError:
        allowed = False
    if not allowed:
        pytest.skip("mounting is not permitted here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_leaves_what_was_there(tiny_disk: Path, tmp_path: Path) -> None:
    """P11: on a real full disk the old files stay, and the error names the folder."""
    (tiny_disk / "clean.csv").write_text("old")
    table = table_of(tmp_path, b"name,zip\n" + b"A,1\n" * 100_000)
    with pytest.raises(Unavailable, match="the disk is full") as caught, whole_or_nothing(tiny_disk) as staging:
        copied(table, staging / "clean.csv")
    assert str(tiny_disk) in caught.value.message
    assert {path.name: path.read_text() for path in tiny_disk.iterdir()} == {"clean.csv": "old"}


def test_a_full_device_ends_the_run(tmp_path: Path) -> None:
    """P11: a device that is always full, where nothing can be mounted."""
    if not Path("/dev/full").exists():
        pytest.skip("there is no /dev/full here")
    table = table_of(tmp_path, b"name,zip\n" + b"A,1\n" * 10_000)

    def run() -> None:
        with whole_or_nothing(tmp_path / "out") as staging, table.clean_output(staging / "clean.csv") as output:
            assert isinstance(output, CsvOutput)
            output._file.close()
            output._file = open("/dev/full", "wb")  # noqa: PTH123, SIM115
            for block in table.blocks():
                output.keep(block, np.ones(block.frame.height, np.bool_))

    with pytest.raises(Unavailable, match="the disk is full"):
        run()
    assert not (tmp_path / "out").exists()


def test_what_a_killed_run_left_is_removed_and_what_another_works_on_is_not(tmp_path: Path) -> None:
    """G13: the rows of a mailing do not stay behind in a hidden folder."""
    (tmp_path / ".unfinished-dead").mkdir()
    (tmp_path / ".unfinished-dead" / "clean.csv").write_text("Jane Doe")
    with whole_or_nothing(tmp_path) as first:
        (first / "clean.csv").write_text("first")
        with whole_or_nothing(tmp_path) as second:
            (second / "clean.csv").write_text("second")
        assert first.is_dir()
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"clean.csv": "first"}
