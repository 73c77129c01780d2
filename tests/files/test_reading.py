"""CSV tables read in blocks and written back byte for byte."""

from __future__ import annotations

import codecs
import hashlib
import random
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from prefcenter.core.errors import BadInput
from prefcenter.files.dialect import parse_record
from prefcenter.files.formats import open_table
from prefcenter.files.parsing import TextBlock
from prefcenter.files.reading import CsvTable
from prefcenter.files.records import gather
from prefcenter.files.tables import BadRow

BODIES = st.text(st.sampled_from('ab"",\n\r é€\x01'), max_size=80)
ENCODINGS = st.sampled_from(["utf-8", "utf-8-sig", "cp1252", "utf-16-le", "utf-16-be"])
MARKS = {"utf-16-le": codecs.BOM_UTF16_LE, "utf-16-be": codecs.BOM_UTF16_BE}
HEADER = "name,address1\n"


def written(folder: Path, data: bytes, name: str = "list.csv") -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def table_of(folder: Path, data: bytes, block_bytes: int = 1 << 20) -> CsvTable:
    return CsvTable(written(folder, data), block_bytes=block_bytes)


def all_of(table: CsvTable) -> list[TextBlock]:
    return list(table.blocks())


def bad_of(table: CsvTable) -> list[BadRow]:
    return [row for block in table.blocks() for row in block.bad]


def rows_of(table: CsvTable) -> list[tuple[str, ...]]:
    return [row for block in table.blocks() for row in block.frame.iter_rows()]


@given(BODIES, ENCODINGS, st.integers(2, 40))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_byte_is_kept_but_blank_lines_whatever_the_block_size(
    tmp_path: Path, body: str, encoding: str, block_bytes: int
) -> None:
    """P11: header, kept rows and unreadable rows together are the file, and no block border shows."""
    data = MARKS.get(encoding, b"") + (HEADER + body).encode(encoding)
    small = table_of(tmp_path, data, block_bytes)
    blocks = all_of(small)
    found: dict[int, bytes] = {}
    for block in blocks:
        for index, number in enumerate(block.row_numbers.tolist()):
            mask = np.zeros(block.frame.height, np.bool_)
            mask[index] = True
            found[number] = block.kept_bytes(mask)
            text = small.encoding.readable(block.data[block.starts[index] : block.ends[index]])
            assert block.frame.row(index) == tuple(parse_record(text, ","))
        everything = block.kept_bytes(np.ones(block.frame.height, np.bool_))
        assert everything == b"".join(found[number] for number in block.row_numbers.tolist())
        found |= {row.row_number: small.encoding.encode(row.raw_text) for row in block.bad}
    assert sorted(found) == list(range(1, len(found) + 1))
    together = small.header_bytes + b"".join(found[number] for number in sorted(found))
    text_of = small.encoding.readable if not small.encoding.is_wide else lambda b: b.decode(encoding)
    assert without_line_ends(text_of(together)) == without_line_ends(text_of(data))
    assert small.facts().sha256 == hashlib.sha256(data).hexdigest()
    large = table_of(tmp_path, data)
    assert [row for block in blocks for row in block.frame.iter_rows()] == rows_of(large)
    assert [row for block in blocks for row in block.bad] == bad_of(large)


def without_line_ends(text: str) -> str:
    """Blank lines are dropped, and those of nothing but blanks, which carry no data."""
    return text.replace("\r", "").replace("\n", "").replace(" ", "")


@given(st.lists(st.tuples(st.text(max_size=8), st.text(max_size=8)), max_size=12), ENCODINGS, st.booleans())
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_values_come_back_as_they_were_given(
    tmp_path: Path, rows: list[tuple[str, str]], encoding: str, large: bool
) -> None:
    """P11: what is matched is what the file says."""
    rows = [tuple(cell.encode(encoding, "ignore").decode(encoding).replace("\0", "") for cell in row) for row in rows]
    body = "".join(",".join('"' + cell.replace('"', '""') + '"' for cell in row) + "\r\n" for row in rows)
    data = MARKS.get(encoding, b"") + (HEADER + body).encode(encoding)
    table = CsvTable(written(tmp_path, data), block_bytes=1 << 20 if large else 16, encoding=encoding)
    assert rows_of(table) == rows


@given(BODIES, st.sampled_from([[], ['"""', '",']]))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_an_unreadable_row_is_shown_cell_by_cell(tmp_path: Path, body: str, odd: list[str]) -> None:
    """P11: with quotes or without, no character of it is lost, and what is too much stands in the last column."""
    table = table_of(tmp_path, (HEADER + body + "\n".join(odd)).encode())
    for block in table.blocks():
        for row in block.bad:
            first, *rest = parse_record(row.raw_text, ",") or [row.raw_text]
            assert row.fields == (first, ",".join(rest))
        told = [(*row.fields, row.row_number, row.problem) for row in block.bad]
        assert block.bad_frame().rows() == told


@pytest.mark.parametrize(
    ("row", "cells"),
    [
        (b'"Skip" Jones,1 Elm\n', ("Skip Jones", "1 Elm")),
        (b'"Skip" "J" Jones,"1" Elm', ('Skip "J" Jones', "1 Elm")),
        (b'""Skip,"1 ""Old"" Elm" \r\n', ("Skip", '1 "Old" Elm ')),
        (b'6" Records,a"b"\r', ('6" Records', 'a"b"')),
    ],
)
@pytest.mark.parametrize("more", [b"", b"\x01,2 Oak\n"])
def test_quotes_that_only_a_lenient_parser_understands_mean_the_same_among_many(
    tmp_path: Path, row: bytes, cells: tuple[str, ...], more: bytes
) -> None:
    """P11: the quick way moves and masks quotes; where the mask stands in the file itself, each row is read singly."""
    rows = rows_of(table_of(tmp_path, HEADER.encode() + b'"A","1 Main"\n' + more + row))
    assert rows[-1] == cells
    assert len(rows) == 2 + bool(more)


@given(BODIES, ENCODINGS, st.integers(2, 200), st.sampled_from([("address1",), ("name",), ()]), st.randoms())
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_few_columns_and_few_whole_rows_say_the_same_as_all(
    tmp_path: Path, body: str, encoding: str, block_bytes: int, only: tuple[str, ...], dice: random.Random
) -> None:
    """P11: what is looked at in every row, and what is written of a few, is what the file says."""
    data = MARKS.get(encoding, b"") + (HEADER + body).encode(encoding)
    full = all_of(table_of(tmp_path, data, block_bytes))
    part = list(table_of(tmp_path, data, block_bytes).blocks(only))
    for whole, few in zip(full, part, strict=True):
        assert few.frame.equals(whole.frame.select(only or "name"))
        places = np.array(dice.choices(range(whole.frame.height), k=3) if whole.frame.height else [], np.int64)
        assert few.rows(places).equals(whole.frame[places])
        assert list(few.bad) == list(whole.bad)
        assert few.bad_frame().equals(whole.bad_frame())


def test_a_masked_block_is_exactly_the_kept_rows(tmp_path: Path) -> None:
    """P11: the bytes of a kept row are the input's, quotes, blanks and line ends included."""
    data = b'name,address1\nA, "1 Main" \r\nB,2 Elm\n"C","3\nOak"\r\nD,4 Ash'
    (block,) = all_of(table_of(tmp_path, data))
    assert block.frame["address1"].to_list() == [' "1 Main" ', "2 Elm", "3\nOak", "4 Ash"]
    assert block.kept_bytes(np.array([True, False, True, True])) == b'A, "1 Main" \r\n"C","3\nOak"\r\nD,4 Ash'


def test_many_gaps_are_gathered_as_few_are() -> None:
    """The two ways of gathering agree."""
    data = bytes(range(256)) * 200
    starts = np.arange(0, len(data), 4)
    chosen = starts[np.random.default_rng(1).random(len(starts)) < 0.5]
    assert gather(data, chosen, chosen + 3) == b"".join(data[at : at + 3] for at in chosen.tolist())


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        (b"A,1 Main,x\n", "has 3 fields, the header has 2"),
        (b"A\n", "has 1 field, the header has 2"),
        (b"A,1\0Main\n", "holds a NUL byte"),
        (b'A,"1 Main\n', "a quote is opened and never closed"),
        (b"A,1 M\xffin\n", "holds bytes that are not valid UTF-8"),
    ],
)
def test_a_damaged_row_is_unreadable_and_the_others_are_not(tmp_path: Path, row: bytes, problem: str) -> None:
    """P11: an unreadable row is counted and named; nothing else is lost."""
    data = "name,address1\nJosé,1 Elm\nJosé,2 Elm\n".encode() + row + b"B,3 Elm\n"
    table = table_of(tmp_path, data)
    (block,) = all_of(table)
    assert [(bad.row_number, bad.problem) for bad in block.bad] == [(3, problem)]
    assert block.row_numbers.tolist() == [1, 2, 4]
    assert table.facts().rows == 4
    assert block.bad_frame().columns == ["name", "address1", "pc_row", "pc_problem"]


def test_too_many_fields_lose_nothing_in_the_unreadable_file(tmp_path: Path) -> None:
    """P11: who mends the row sees all of it."""
    (block,) = all_of(table_of(tmp_path, b"name,address1\nA,1 Main,Apt 2,x\n"))
    assert block.bad_frame().row(0) == ("A", "1 Main,Apt 2,x", 1, "has 4 fields, the header has 2")


def test_a_later_row_in_another_encoding_is_one_unreadable_row(tmp_path: Path) -> None:
    """P11: a UTF-8 file stays UTF-8, whatever comes after the first megabytes."""
    data = b"name,address1\n" + "José,1 Elm\n".encode() * 500_000 + b"Jos\xe9,2 Elm\nB,3 Elm\n"
    table = table_of(tmp_path, data, 2 << 20)
    bad = bad_of(table)
    assert [row.row_number for row in bad] == [500_001]
    assert table.facts().rows == 500_002


def test_megabytes_of_ascii_do_not_decide_the_encoding(tmp_path: Path) -> None:
    """P11: the first accent does, even behind the first sample."""
    data = b"name,address1\n" + b"Bob,1 Elm\n" * 500_000 + b"Jos\xe9,2 Elm\n"
    table = table_of(tmp_path, data, 2 << 20)
    blocks = all_of(table)
    assert blocks[-1].frame["name"][-1] == "José"
    assert not any(block.bad for block in blocks)
    assert table.encoding.name == "cp1252"


def test_blank_lines_are_no_rows(tmp_path: Path) -> None:
    """P11: neither are lines of blanks, nor the 0x1A of old programs; empty fields are a row."""
    table = table_of(tmp_path, b"name,address1\n\n   \nA,1 Elm\n\r\n,\n\x1a")
    assert rows_of(table) == [("A", "1 Elm"), ("", "")]
    assert table.facts().rows == 2


def test_a_quoted_blank_is_a_row_of_a_one_column_file(tmp_path: Path) -> None:
    """P11: a row whose only field is empty is still a row."""
    assert rows_of(table_of(tmp_path, b'email\n""\na@example.com\n')) == [("",), ("a@example.com",)]


@pytest.mark.parametrize("line", ["sep=;", "SEP=;", '"sep=;"', "sep=^"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_line_that_names_the_delimiter_is_read_as_excel_does(tmp_path: Path, line: str, end: str) -> None:
    """P11: it is no header and no row, and what it says holds, whatever else the header looks like."""
    delimiter = line.strip('"')[-1]
    text = f"{line}{end}name,x{delimiter}zip{end}A,B,C{delimiter}02134{end}"
    table = table_of(tmp_path, text.encode())
    assert table.columns.names == ("name,x", "zip")
    assert rows_of(table) == [("A,B,C", "02134")]
    assert table.header_bytes == f"{line}{end}name,x{delimiter}zip{end}".encode()


@pytest.mark.parametrize("header", ["sep=,zip", "sep=", "separator", "sep=ab", "sep=a"])
def test_a_column_may_be_named_like_it(tmp_path: Path, header: str) -> None:
    """Only a whole line of it is a hint."""
    assert ",".join(table_of(tmp_path, f"{header}\nA\n".encode()).columns.names) == header


def test_a_file_of_nothing_but_the_hint_has_no_header(tmp_path: Path) -> None:
    """The message says what is missing."""
    with pytest.raises(BadInput, match="no header line"):
        table_of(tmp_path, b"sep=;\r\n")


def test_where_the_fast_parser_fails_the_rows_are_parsed_one_by_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P11: the same rows, slowly."""
    data = b'name,address1\nA,"1\nMain"\nB,x\ry,z\r'
    expected = rows_of(table_of(tmp_path, data))

    def fail(*_: object, **__: object) -> pl.DataFrame:
        raise pl.exceptions.ComputeError("no")

    monkeypatch.setattr(pl, "read_csv", fail)
    assert rows_of(table_of(tmp_path, data)) == expected


def test_a_header_may_have_a_hundred_thousand_columns(tmp_path: Path) -> None:
    """A wide file is slow, not fatal."""
    width = 100_000
    data = ",".join(f"c{number}" for number in range(width)).encode() + b"\n" + b"," * (width - 1) + b"\nshort\n"
    table = table_of(tmp_path, data)
    (block,) = all_of(table)
    assert block.frame.shape == (1, width)
    assert block.bad[0].problem == "has 1 field, the header has 100,000"


def test_a_file_of_a_header_only_has_no_rows(tmp_path: Path) -> None:
    """P11: nothing read, nothing kept."""
    table = table_of(tmp_path, b"name,address1")
    assert all_of(table) == []
    assert table.facts().rows == 0
    assert table.header_bytes == b"name,address1"


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("list.csv", b"", "list.csv is empty"),
        ("list.csv", b"\n\n", "no header line"),
        ("list.csv", b",,\nA,B,C\n", "names no column"),
        ("list.csv", b"zip,name,zip\n", "The columns 1, 3 are all named 'zip'"),
        ("list.csv", b"PK\x03\x04rest", "an Excel workbook (XLSX) or a ZIP archive, not CSV"),
        ("list.csv", b"%PDF-1.7\n", "a PDF document, not CSV"),
        ("list.csv", b"\xef\xbb\xbf<!DOCTYPE html>\n", "a web page or XML, not CSV"),
        ("list.csv", b"n\0a\0m\0e\0\n\0", "UTF-16 without a byte order mark"),
        ("list.doc", b"PAR1", "'.doc': that format is not supported"),
        ("list", b"name\n", "list has no suffix"),
    ],
)
def test_what_is_no_table_is_refused_by_name(tmp_path: Path, name: str, data: bytes, said: str) -> None:
    """The message says what was found."""
    with pytest.raises(BadInput) as caught:
        open_table(written(tmp_path, data, name))
    assert said in str(caught.value)


def test_a_missing_file_and_a_folder_are_bad_input(tmp_path: Path) -> None:
    """Neither is a crash."""
    with pytest.raises(BadInput, match="There is no file"):
        open_table(tmp_path / "none.csv")
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(BadInput, match="is a folder"):
        open_table(tmp_path / "folder.csv")


def test_a_file_that_changes_while_it_is_read_is_refused(tmp_path: Path) -> None:
    """P11: the manifest speaks of one input."""
    table = table_of(tmp_path, b"name,address1\nA,1 Elm\n")
    written(tmp_path, b"name;address1\nA;1 Elm\n")
    with pytest.raises(BadInput, match="was changed"):
        all_of(table)


def test_the_facts_of_a_table_need_all_its_blocks(tmp_path: Path) -> None:
    """P11: no hash of half a file."""
    with pytest.raises(RuntimeError):
        table_of(tmp_path, b"name,address1\n").facts()
