"""Workbooks: one table, numbers as numbers, text as text."""

from __future__ import annotations

import datetime as dt
import hashlib
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import python_calamine as calamine
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from prefcenter.core.errors import BadInput
from prefcenter.files.formats import open_table
from prefcenter.files.seeds import read_seeds
from prefcenter.files.tables import BadRow, FileFacts, Table
from prefcenter.files.workbook import WorkbookTable

HEADER = ["name", "address1", "zip"]
JANE = ["Jane", "1 Elm St", "02134"]


def written(
    folder: Path,
    *sheets: Sequence[Sequence[Any]],
    name: str = "list.xlsx",
    titles: Sequence[str] = (),
    hidden: int = -1,
) -> Path:
    book = xlsxwriter.Workbook(str(folder / name), {"strings_to_formulas": False, "default_date_format": "yyyy-mm-dd"})
    for at, rows in enumerate(sheets):
        sheet = book.add_worksheet(titles[at] if titles else None)
        if at == hidden:
            sheet.hide()
        for number, row in enumerate(rows):
            for column, cell in enumerate(row):
                if cell != "":
                    write = sheet.write_string if isinstance(cell, str) else sheet.write
                    write(number, column, cell)
    book.close()
    return folder / name


def copied(table: Table, path: Path, keep: Sequence[int] | None = None, seeds: pl.DataFrame | None = None) -> FileFacts:
    path.unlink(missing_ok=True)
    with table.clean_output(path) as output:
        for block in table.blocks():
            numbers = block.row_numbers.tolist()
            output.keep(block, np.array([keep is None or number in keep for number in numbers], np.bool_))
        if seeds is not None:
            output.append(seeds)
    return output.close()


def rows_of(table: Table) -> list[tuple[str, ...]]:
    return [row for block in table.blocks() for row in block.frame.iter_rows()]


def bad_of(table: Table) -> list[BadRow]:
    return [row for block in table.blocks() for row in block.bad]


def cells_of(path: Path) -> list[list[Any]]:
    return calamine.load_workbook(path).get_sheet_by_index(0).to_python()


TEXTS = st.text(st.sampled_from("ab=+@'\"<&>é 0😀_x\n\t"), max_size=8)
NUMBERS = st.integers(-(10**14), 10**14) | st.decimals(-999, 999, places=3, allow_nan=False).map(float)
DATES = st.dates(dt.date(1950, 1, 1), dt.date(2090, 1, 1))
CELLS = TEXTS | NUMBERS | st.booleans() | DATES


@given(st.lists(st.lists(CELLS, min_size=3, max_size=3), max_size=12), st.integers(1, 5))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_all_rows_kept_are_the_table_with_its_kinds(tmp_path: Path, rows: list[list[Any]], block_rows: int) -> None:
    """P11, X6: a number stays a number, text stays text, even where it looks like a number or a formula."""
    rows = [row for row in rows if any(not isinstance(cell, str) or cell.strip() for cell in row)]
    path = written(tmp_path, [HEADER, *rows])
    table = WorkbookTable(path, block_rows=block_rows)
    facts = copied(table, tmp_path / "out.xlsx")
    out = (tmp_path / "out.xlsx").read_bytes()
    assert cells_of(tmp_path / "out.xlsx") == cells_of(path)
    assert [list(map(type, row)) for row in cells_of(tmp_path / "out.xlsx")] == [
        list(map(type, row)) for row in cells_of(path)
    ]
    assert facts == FileFacts("out.xlsx", hashlib.sha256(out).hexdigest(), len(rows))
    assert table.facts() == FileFacts("list.xlsx", hashlib.sha256(path.read_bytes()).hexdigest(), len(rows))
    assert copied(table, tmp_path / "b.xlsx").sha256 == facts.sha256


def test_cells_are_matched_as_people_write_them(tmp_path: Path) -> None:
    """P7: a ZIP that a spreadsheet made a number is 2134 for the matching, which pads it; text keeps its zeros."""
    path = written(
        tmp_path, [HEADER, ["Ann", 14155550100, 2134], ["Bob", 1.5, "02134"], [True, dt.date(2026, 1, 2), ""]]
    )
    assert rows_of(open_table(path)) == [
        ("Ann", "14155550100", "2134"),
        ("Bob", "1.5", "02134"),
        ("true", "2026-01-02", ""),
    ]


def test_nothing_of_a_row_that_was_taken_out_is_left_in_the_file(tmp_path: Path) -> None:
    """X8: a workbook keeps strings apart from its cells; those of the suppressed must not stay behind."""
    table = open_table(written(tmp_path, [HEADER, JANE, ["Secret Person", "9 Hidden Ln", "90210"]]))
    assert copied(table, tmp_path / "out.xlsx", keep=[1]).rows == 1
    with zipfile.ZipFile(tmp_path / "out.xlsx") as parts:
        assert not any(b"Secret" in parts.read(name) or b"Hidden Ln" in parts.read(name) for name in parts.namelist())
    assert cells_of(tmp_path / "out.xlsx") == [HEADER, JANE]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["list.xlsx", "out.xlsx"]


def test_blank_rows_are_none_and_a_row_with_too_much_is_unreadable(tmp_path: Path) -> None:
    """A broken row never stops a file."""
    path = written(tmp_path, [[], HEADER, ["", " ", ""], JANE, [*JANE, "", "stray"], JANE])
    table = open_table(path)
    assert len(rows_of(table)) == 2
    (bad,) = bad_of(table)
    assert (bad.row_number, bad.problem) == (2, "has 5 fields, the header has 3")
    assert bad.fields == ("Jane", "1 Elm St", "02134  stray")
    assert table.facts().rows == 3


def test_the_only_sheet_with_a_header_is_the_table_and_the_others_are_named(tmp_path: Path) -> None:
    """Who reads the report knows what was left out."""
    path = written(tmp_path, [], [["Remarks"]], [HEADER, JANE], titles=["Empty", "Notes", "People"], hidden=1)
    table = open_table(path)
    assert rows_of(table) == [tuple(JANE)]
    assert table.columns.notes == ("The table is read from the sheet “People”; left out: “Notes” (hidden).",)
    copied(table, tmp_path / "out.xlsx")
    assert calamine.load_workbook(tmp_path / "out.xlsx").sheet_names == ["People"]


def test_seeds_are_numbers_where_the_file_has_numbers(tmp_path: Path) -> None:
    """P13: a seed does not stand out."""
    path = written(tmp_path, [[*HEADER, "code"], ["Ann", "1 Elm", 2134, "007"]])
    (tmp_path / "seeds.csv").write_text("name,zip,code\nSeed,02135,008\n=Seed,K1A,\n")
    table = open_table(path)
    assert copied(table, tmp_path / "out.xlsx", seeds=read_seeds(tmp_path / "seeds.csv", table.columns)).rows == 3
    assert cells_of(tmp_path / "out.xlsx")[2:] == [["Seed", "", 2135.0, "008"], ["=Seed", "", "K1A", ""]]


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([], "list.xlsx is empty"),
        ([["Spring mailing 2027"], [], HEADER, JANE], "two header lines: row 1 below the first consists of columns'"),
        ([["Person", "", "Where"], HEADER, JANE], "Delete what stands above the line that names the columns"),
        ([HEADER, HEADER, JANE], "two header lines"),
        ([["name", "zip", "name"], JANE], "The columns 1, 3 are all named 'name'"),
    ],
)
def test_a_sheet_without_one_clear_header_is_refused(tmp_path: Path, rows: list[list[Any]], said: str) -> None:
    """The message says what is wrong and what to do."""
    with pytest.raises(BadInput) as caught:
        open_table(written(tmp_path, rows))
    assert said in str(caught.value)


def test_several_tables_are_refused_by_name(tmp_path: Path) -> None:
    """Nobody guesses which list is meant."""
    path = written(tmp_path, [HEADER, JANE], [HEADER, JANE], titles=["East", "West"], hidden=1)
    with pytest.raises(BadInput, match=r"several tables: “East”, “West” .hidden.*workbook of its own"):
        open_table(path)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "no XLSX workbook, or it is damaged"),
        (b"name,zip\n", "no XLSX workbook, or it is damaged"),
        (b"PK\x03\x04" + b"x" * 50, "no XLSX workbook, or it is damaged"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"0" * 600, "locked by a password"),
    ],
)
def test_what_is_no_workbook_is_refused(tmp_path: Path, data: bytes, said: str) -> None:
    """A clear error, not a crash."""
    (tmp_path / "list.xlsx").write_bytes(data)
    with pytest.raises(BadInput, match=said):
        open_table(tmp_path / "list.xlsx")


def test_a_workbook_that_changes_while_it_is_read_is_refused(tmp_path: Path) -> None:
    """P11: the manifest speaks of one input."""
    blocks = WorkbookTable(written(tmp_path, [HEADER, JANE, JANE]), block_rows=1).blocks()
    next(blocks)
    written(tmp_path, [HEADER, JANE, ["x"] * 3])
    with pytest.raises(BadInput, match="was changed"):
        list(blocks)


def test_two_header_lines_in_a_text_file_are_refused_too(tmp_path: Path) -> None:
    """The same words for every format, before a row is used."""
    (tmp_path / "list.csv").write_text(
        "first,last,street,postal\nFirst Name,Last Name,Address 1,Zip Code\nA,B,1 Elm,1\n"
    )
    with pytest.raises(BadInput, match="two header lines"):
        next(open_table(tmp_path / "list.csv").blocks())
