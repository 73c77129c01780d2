"""A mailing in every format through the list: the same rows come out, and the files verify."""

from __future__ import annotations

import csv
import gzip
import io
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import python_calamine as calamine
import xlsxwriter

from tests.cli.conftest import Prefcenter

HEADER = ["id", "name", "address1", "city", "state", "zip"]
ROWS = [
    ["1", "Jane Doe", "12 Main St", "Springfield", "IL", "62701"],
    ["2", "John Roe", "5 Oak Ave", "Boston", "MA", "02134"],
    ["3", "Ann Poe", "7 Elm St", "Boston", "MA", "02134"],
    ["4", "No Address", "", "Boston", "MA", "02134"],
    ["5", "Bob Loe", "9 Ash Rd", "Chicago", "IL", "60601"],
]
COUNTS = {"read": 5, "kept": 3, "suppressed": 1, "duplicate": 0, "review": 0, "unreadable": 1, "seeds": 0}
WIDTHS = [2, 14, 14, 12, 2, 5]
FORMATS = ["csv", "tsv", "csv.gz", "tsv.gz", "parquet", "xlsx", "dat", "dat.gz"]


def text_of(rows: list[list[str]], delimiter: str) -> bytes:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator="\r\n").writerows(rows)
    return out.getvalue().encode()


def fixed(rows: list[list[str]]) -> bytes:
    lines = ("".join(cell.ljust(width) for cell, width in zip(row, WIDTHS, strict=True)) for row in rows)
    return "".join(line + "\n" for line in lines).encode()


def as_cell(column: str, value: str) -> str | int:
    """ZIPs as a spreadsheet makes them: numbers without their leading zero."""
    return int(value) if column == "zip" else value


def write(path: Path, rows: list[list[str]]) -> Path:
    kind = path.name.partition(".")[2]
    if kind == "parquet":
        columns = {name: [as_cell(name, row[at]) for row in rows] for at, name in enumerate(HEADER)}
        pq.write_table(pa.table(columns), path)
        return path
    if kind == "xlsx":
        book = xlsxwriter.Workbook(str(path), {"strings_to_numbers": False})
        sheet = book.add_worksheet("People")
        sheet.write_row(0, 0, HEADER)
        for number, row in enumerate(rows, 1):
            sheet.write_row(number, 0, [as_cell(name, row[at]) for at, name in enumerate(HEADER)])
        book.close()
        return path
    plain = {"csv": text_of([HEADER, *rows], ","), "tsv": text_of([HEADER, *rows], "\t"), "dat": fixed(rows)}
    data = plain[kind.removesuffix(".gz")]
    path.write_bytes(gzip.compress(data) if kind.endswith(".gz") else data)
    return path


def read(path: Path) -> Any:
    """What a file holds, to be compared."""
    if path.suffix == ".parquet":
        return pq.read_table(path)
    if path.suffix == ".xlsx":
        return calamine.load_workbook(path).get_sheet_by_index(0).to_python()
    return gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()


def rows_of(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))


@pytest.fixture
def listed(acme: Prefcenter) -> Prefcenter:
    """John Roe is on the list; a layout for the fixed-width files lies ready."""
    acme("suppress", "add", "post", "John Roe; 5 Oak Ave; ; Boston; MA; 02134", "--reason", "opt_out")
    starts = [1 + sum(WIDTHS[:at]) for at in range(len(WIDTHS))]
    lines = [f"{name},{start},{width}" for name, start, width in zip(HEADER, starts, WIDTHS, strict=True)]
    (acme.folder / "layout.csv").write_text("\n".join(["name,start,length", *lines]))
    return acme


def scrub(prefcenter: Prefcenter, *files: Path, out: str = "out", exits: int = 0) -> Any:
    layout = ("--layout", "layout.csv") if ".dat" in files[0].name else ()
    words = ("scrub", *map(str, files), "--channel", "post", "--mailing", "spring", "--out", out, "--id", "id", *layout)
    return prefcenter.json(*words) if exits == 0 else prefcenter(*words, exits=exits)


@pytest.mark.parametrize("kind", FORMATS)
def test_the_same_rows_come_out_of_every_format_and_the_files_verify(listed: Prefcenter, kind: str) -> None:
    """P7, P11: read = kept + suppressed + review + unreadable; the clean file is the input without the others."""
    source = write(listed.folder / f"in.{kind}", ROWS)
    manifest = scrub(listed, source)
    assert {name: manifest["counts"][name] for name in COUNTS} == COUNTS
    clean = listed.folder / "out" / f"clean.{kind}"
    without = write(listed.folder / f"expected.{kind}", [ROWS[0], ROWS[2], ROWS[4]])
    assert read(clean) == read(without)
    suppressed = rows_of(listed.folder / "out" / "suppressed.csv")
    assert [row["id"] for row in suppressed] == ["2"]
    assert suppressed[0]["pc_reason"] == "opt_out"
    unreadable = rows_of(listed.folder / "out" / "unreadable.csv")
    assert [(row["id"], row["pc_row"]) for row in unreadable] == [("4", "4")]
    listed("verify", str(clean), "out/manifest.json")
    listed("verify", str(source), "out/manifest.json", exits=3)
    clean.write_bytes(clean.read_bytes() + b"\n")
    listed("verify", str(clean), "out/manifest.json", exits=3)


def test_several_files_of_several_formats_become_one_mailing(listed: Prefcenter) -> None:
    """Each input has its own outputs, also where only the format tells the names apart."""
    files = [write(listed.folder / f"in.{kind}", ROWS) for kind in ("csv", "tsv", "csv.gz", "parquet", "xlsx")]
    manifest = scrub(listed, *files)
    assert manifest["counts"]["read"] == 25
    assert manifest["counts"]["suppressed"] == 5
    assert [entry["name"] for entry in manifest["inputs"]] == [file.name for file in files]
    names = [entry["name"] for entry in manifest["outputs"]]
    assert len(set(names)) == 20
    assert {f"clean-{file.name}" for file in files} < set(names)
    for file in files:
        listed("verify", f"out/clean-{file.name}", "out/manifest.json")


@pytest.mark.parametrize("kind", FORMATS)
def test_seeds_are_in_the_clean_file_of_every_format(listed: Prefcenter, kind: str) -> None:
    """P13: added after the purge, left out of the counts, in the manifest's rows of the file."""
    source = write(listed.folder / f"in.{kind}", ROWS)
    (listed.folder / "seeds.csv").write_bytes(
        text_of([HEADER, ["S1", "Seed One", "1 Bay Rd", "Boston", "MA", "02135"]], ",")
    )
    layout = ("--layout", "layout.csv") if ".dat" in source.name else ()
    words = ("scrub", str(source), "--channel", "post", "--mailing", "m", "--out", "out", "--seeds", "seeds.csv")
    manifest = listed.json(*words, *layout)
    assert manifest["counts"]["seeds"] == 1
    assert manifest["outputs"][0]["rows"] == 4
    expected = [ROWS[0], ROWS[2], ROWS[4], ["S1", "Seed One", "1 Bay Rd", "Boston", "MA", "02135"]]
    assert read(listed.folder / "out" / f"clean.{kind}") == read(write(listed.folder / f"expected.{kind}", expected))


def test_not_one_usable_row_stops_every_format_with_the_reason(listed: Prefcenter) -> None:
    """100 % unreadable writes nothing."""
    for kind in FORMATS:
        told = scrub(listed, write(listed.folder / f"in.{kind}", [ROWS[3]]), exits=2).stderr
        assert "not one of 1 rows can be used; the first: row 1 has" in told
    assert not (listed.folder / "out").exists()


def test_bad_files_are_told_in_words_and_write_nothing(listed: Prefcenter) -> None:
    """Exit 2, the reason, and no half output."""
    nested = pa.table({"name": ["A"], "address1": ["1 Elm"], "zip": ["1"], "tags": [["a"]]})
    pq.write_table(nested, listed.folder / "nested.parquet")
    (listed.folder / "cut.csv.gz").write_bytes(gzip.compress(text_of([HEADER, *ROWS * 99], ","))[:-30])
    (listed.folder / "doubled.csv").write_bytes(text_of([HEADER, HEADER, *ROWS], ","))
    (listed.folder / "long.csv").write_bytes(text_of([HEADER, *ROWS], ",") + b"x" * (100 << 20))
    for name, said in {
        "nested.parquet": "the column 'tags' is nested",
        "cut.csv.gz": "ends in the middle",
        "doubled.csv": "two header lines",
        "long.csv": "a line is longer than 67,108,864 bytes",
    }.items():
        words = ("scrub", name, "--channel", "post", "--mailing", "spring", "--out", "out")
        assert said in " ".join(listed(*words, exits=2).stderr.split())
    assert not (listed.folder / "out").exists()


@pytest.mark.parametrize("kind", ["csv.gz", "parquet", "xlsx"])
def test_a_list_is_imported_from_other_formats_too(listed: Prefcenter, kind: str) -> None:
    """What can be scrubbed can be put on the list; ZIPs without their zero find the same people."""
    write(listed.folder / f"list.{kind}", ROWS)
    found = listed.json("suppress", "import", f"list.{kind}", "--reason", "opt_out", exits=1)
    assert (found["read"], found["new"] + found["already"], found["rejected"]) == (5, 4, 1)
    assert "already" in found
    listed("check", "post", "Ann Poe; 7 Elm St; ; Boston; MA; 02134", exits=3)
