"""Fixed-width files: columns where the layout says, kept records byte for byte."""

from __future__ import annotations

import codecs
import gzip
import hashlib
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from prefcenter.core.errors import BadInput
from prefcenter.files.fixed_width import FixedWidthTable
from prefcenter.files.formats import open_table
from prefcenter.files.layouts import Field, FileLayout, read_layout
from prefcenter.files.seeds import read_seeds
from prefcenter.files.tables import BadRow, FileFacts, Table

LAYOUT = FileLayout((Field("name", 1, 6), Field("address1", 7, 8), Field("zip", 15, 5)))
RECORD = "Ann   1 Elm St02134"
MARKS = {"utf-16-le": codecs.BOM_UTF16_LE, "utf-16-be": codecs.BOM_UTF16_BE, "utf-8-sig": b""}


def written(folder: Path, data: bytes | str, name: str = "list.dat") -> Path:
    path = folder / name
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path


def table_of(folder: Path, data: bytes | str, block_bytes: int = 1 << 20) -> FixedWidthTable:
    return FixedWidthTable(written(folder, data), LAYOUT, block_bytes=block_bytes)


def rows_of(table: Table) -> list[tuple[str, ...]]:
    return [row for block in table.blocks() for row in block.frame.iter_rows()]


def bad_of(table: Table) -> list[BadRow]:
    return [row for block in table.blocks() for row in block.bad]


def copied(table: Table, path: Path, seeds: pl.DataFrame | None = None) -> FileFacts:
    path.unlink(missing_ok=True)
    with table.clean_output(path) as output:
        for block in table.blocks():
            output.keep(block, np.ones(block.frame.height, np.bool_))
        if seeds is not None:
            output.append(seeds)
    return output.close()


CELLS = st.text(st.sampled_from('ab"é ,'), max_size=5)
ENCODINGS = st.sampled_from(["utf-8", "utf-8-sig", "cp1252", "utf-16-le", "utf-16-be"])


@given(
    st.lists(st.tuples(CELLS, CELLS, CELLS), min_size=1, max_size=12),
    ENCODINGS,
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.integers(2, 60),
    st.booleans(),
)
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_values_come_back_and_the_file_is_kept_byte_for_byte(
    tmp_path: Path, rows: list[tuple[str, ...]], encoding: str, line_end: str, block_bytes: int, ends: bool
) -> None:
    """P11: whatever the encoding, the line ends and the block size."""
    rows = [tuple(cell.strip(" ") for cell in row) for row in rows if any(cell.strip() for cell in row)] or [("a",) * 3]
    body = line_end.join(f"{a:<6}{b:<8}{c:<5}" for a, b, c in rows) + (line_end if ends else "")
    data = MARKS.get(encoding, b"") + body.encode(encoding)
    path = written(tmp_path, data)
    table = FixedWidthTable(path, LAYOUT, encoding=encoding, block_bytes=block_bytes)
    assert rows_of(table) == rows
    facts = copied(table, tmp_path / "out.dat")
    assert (tmp_path / "out.dat").read_bytes() == data
    assert facts == FileFacts("out.dat", hashlib.sha256(data).hexdigest(), len(rows))
    assert table.facts().rows == len(rows)


def test_places_count_bytes_where_only_the_bytes_are_equally_many(tmp_path: Path) -> None:
    """P11: mainframes pad by bytes; what else they write must not shift by a character for each accent."""
    records = ["José Ann 1 Rúe 02134", "Ann      1 Elm  62701"]
    assert len({len(record.encode()) for record in records}) == 2
    padded = ["José ".encode() + b"1 R\xc3\xbae  " + b"02134", b"Ann   1 Elm   62701"]
    table = table_of(tmp_path, b"\n".join(padded) + b"\n", 8)
    assert [len(record) for record in padded] == [19, 19]
    assert rows_of(table) == [("José", "1 Rúe", "02134"), ("Ann", "1 Elm", "62701")]


@pytest.mark.parametrize("block_bytes", [16, 1 << 20])
def test_accents_far_behind_the_first_bytes_settle_what_places_count(
    tmp_path: Path, block_bytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P11: the sample was plain ASCII; the first other byte decides."""
    monkeypatch.setattr("prefcenter.files.sources.SAMPLE_BYTES", 100)
    plain = (RECORD + "\n").encode() * 10
    by_bytes = b"Jos\xc3\xa9 1 Elm St02134\n"
    assert rows_of(table_of(tmp_path, plain + by_bytes, block_bytes))[-1] == ("José", "1 Elm St", "02134")
    by_characters = "José  1 Elm St02134\n".encode()
    assert rows_of(table_of(tmp_path, plain + by_characters, block_bytes))[-1] == ("José", "1 Elm St", "02134")


@pytest.mark.parametrize(
    ("record", "problem"),
    [
        (b"Ann  1 Elm St02134", "has 18 characters, the others have 19"),
        (b"Ann   1 Elm St02134 ", "has 20 characters, the others have 19"),
        (b"Ann\0  1 Elm St02134", "holds a NUL byte"),
    ],
)
def test_a_record_that_is_broken_costs_itself_alone(tmp_path: Path, record: bytes, problem: str) -> None:
    """A broken row never stops a file, and no row whose columns may have moved is sent."""
    whole = (RECORD + "\n").encode()
    table = table_of(tmp_path, whole * 10 + record + b"\n" + whole)
    assert len(rows_of(table)) == 11
    (bad,) = bad_of(table)
    assert (bad.row_number, bad.problem) == (11, problem)
    copied(table, tmp_path / "out.dat")
    assert (tmp_path / "out.dat").read_bytes() == whole * 11


def test_bytes_that_are_no_utf8_cost_their_row(tmp_path: Path) -> None:
    """One damaged row does not turn the file into another encoding."""
    good = "José  1 Elm St02134\n".encode() * 10
    (bad,) = bad_of(table_of(tmp_path, good + b"Jos\xff  1 Elm St02134\n"))
    assert bad.problem == "holds bytes that are not valid UTF-8"
    assert bad.fields == ("Jos\ufffd", "1 Elm St", "02134")


def test_records_whose_blanks_were_cut_off_are_read(tmp_path: Path) -> None:
    """Editors cut blanks at the ends of lines; missing columns are blank."""
    table = table_of(tmp_path, "Ann   1 Elm St02134\nBob   2 Elm\n\n   \nCy    3 Oak St1\n\x1a")
    assert rows_of(table) == [("Ann", "1 Elm St", "02134"), ("Bob", "2 Elm", ""), ("Cy", "3 Oak St", "1")]


def test_seeds_are_padded_as_the_file_is(tmp_path: Path) -> None:
    """P13: a seed looks like a row; one that does not fit is refused."""
    table = table_of(tmp_path, (RECORD + "  \r\n") * 3)
    seeds = written(tmp_path, "name,zip\nSeed,90210\n", "seeds.csv")
    copied(table, tmp_path / "out.dat", read_seeds(seeds, table.columns))
    assert (tmp_path / "out.dat").read_text().splitlines()[-1] == "Seed          90210  "
    written(tmp_path, "name\nSeed Number One\n", "seeds.csv")
    with pytest.raises(BadInput, match="too long for the column 'name'"):
        copied(table, tmp_path / "again.dat", read_seeds(seeds, table.columns))


def test_a_packed_fixed_width_file_is_read_as_a_plain_one(tmp_path: Path) -> None:
    """Compression and layout go together."""
    table = open_table(written(tmp_path, gzip.compress(RECORD.encode() + b"\n"), "list.txt.gz"), layout=LAYOUT)
    assert rows_of(table) == [("Ann", "1 Elm St", "02134")]
    copied(table, tmp_path / "out.txt.gz")
    assert gzip.decompress((tmp_path / "out.txt.gz").read_bytes()) == RECORD.encode() + b"\n"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is empty"),
        (RECORD.encode() * 4, "no line ends"),
        (b"Ann\nBob\n", "a column that begins at 15, and the longest of the first records has 3"),
        (b"PAR1" * 9, "a Parquet file"),
        (b"A\0n\0n\0" * 40, "UTF-16 without a byte order mark"),
    ],
)
def test_a_file_that_the_layout_does_not_fit_is_refused(tmp_path: Path, data: bytes, said: str) -> None:
    """The message says what does not fit."""
    with pytest.raises(BadInput) as caught:
        table_of(tmp_path, data)
    assert said in str(caught.value)


def test_a_layout_file_is_csv(tmp_path: Path) -> None:
    """Names in any case and order; further columns are for people."""
    path = written(tmp_path, "Start;Length;Name;Remark\n1;6;name;x\n7;8;address1;\n15;5;zip;\n", "layout.csv")
    assert read_layout(path) == LAYOUT


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name,start\nzip,1\n", "has no column length"),
        ("name,start,length\n", "names no column"),
        ("name,start,length\nzip,0,5\n", "row 1 has the start '0'"),
        ("name,start,length\nzip,1,five\n", "row 1 has the length 'five'"),
        ("name,start,length\n,1,5\n", "row 1 has no name"),
        ("name,start,length\nzip,1\n", "row 1 has 2 fields"),
    ],
)
def test_a_layout_file_that_makes_no_sense_is_refused(tmp_path: Path, text: str, said: str) -> None:
    """The message names the row."""
    with pytest.raises(BadInput) as caught:
        read_layout(written(tmp_path, text, "layout.csv"))
    assert said in str(caught.value)
