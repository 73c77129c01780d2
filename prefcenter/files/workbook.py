"""XLSX workbooks in: the one sheet that holds a table, its cells as text for the matching and as they were besides."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl
import python_calamine as calamine

from prefcenter.core.errors import BadInput
from prefcenter.files.columns import Columns, recognise
from prefcenter.files.headers import is_header, refuse_second_header
from prefcenter.files.sources import file_named, opened
from prefcenter.files.tables import BadRow, BadRows, Block, Places
from prefcenter.files.unstreamed import UnstreamedTable
from prefcenter.files.workbook_writing import Cell, Row, WorkbookOutput

BLOCK_ROWS = 50_000
_LINES_LOOKED_AT = 6
_EXACT_IN_FLOAT = 2**53
_OLD_OR_LOCKED = b"\xd0\xcf\x11\xe0"


@dataclass(frozen=True, slots=True)
class SheetBlock(Block):
    """A block that still has its readable rows as the workbook's cells."""

    cells: tuple[Row, ...]

    def rows(self, places: Places) -> pl.DataFrame:
        """Some of the readable rows with all columns."""
        return _frame([self.cells[place] for place in places.tolist()], self.names)


class _Sheet(NamedTuple):
    """A sheet with data: its first lines that are not blank, as text."""

    name: str
    lines: list[list[str]]
    is_visible: bool
    cells: calamine.CalamineSheet

    @property
    def label(self) -> str:
        """Its name, for messages."""
        return f"“{self.name}”" + ("" if self.is_visible else " (hidden)")


class WorkbookTable(UnstreamedTable[SheetBlock]):
    """A workbook with one table.

    Its sheet is held in memory while it is read: a sheet has a million rows at most.
    """

    def __init__(self, path: Path, *, mapping: Mapping[str, str] | None = None, block_rows: int = BLOCK_ROWS) -> None:
        super().__init__(path)
        self._block_rows = block_rows
        chosen, others = _the_table(path, _sheets(path))
        self._sheet = chosen.name
        self._parsed: calamine.CalamineSheet | None = chosen.cells
        self._header = _trimmed(chosen.lines[0])
        refuse_second_header(path.name, chosen.lines[1:])
        with file_named(path):
            self.columns = _columns(self._header, mapping, chosen, others)

    @property
    def sheet(self) -> str:
        """The name of the sheet that holds the table."""
        return self._sheet

    @property
    def modified_at(self) -> dt.datetime:
        """When the file was last written to."""
        return dt.datetime.fromtimestamp(self._stamp.changed_ns / 1e9 if self._stamp else 0, dt.UTC)

    def _blocks(self, only: Collection[str] | None) -> Iterator[SheetBlock]:
        # Parsing is most of the work: the first pass takes what was parsed for the header, and lets go of it.
        sheet = self._parsed or _workbook(self.path).get_sheet_by_name(self._sheet)
        self._parsed = None
        total, rows = max(sheet.total_height, 1), 0
        lines = (line for line in sheet.iter_rows() if not _is_blank(line))
        next(lines, None)
        while chunk := list(islice(lines, self._block_rows)):
            yield self._block(chunk, rows, only, self.size * min(rows + len(chunk), total) // total)
            rows += len(chunk)

    def clean_output(self, path: Path) -> WorkbookOutput:
        """A new workbook with one sheet of the same name and columns."""
        return WorkbookOutput(path, self)

    def _block(self, lines: list[list[Cell]], before: int, only: Collection[str] | None, done: int) -> SheetBlock:
        width = len(self.columns.names)
        good = [_is_blank(line[width:]) for line in lines]
        cells = tuple(line[:width] for line, is_good in zip(lines, good, strict=True) if is_good)
        numbers = np.arange(before + 1, before + 1 + len(lines))
        bad = [_bad_row(line, before + at, width) for at, line in enumerate(lines, 1) if not good[at - 1]]
        names = self.columns.names
        frame = _frame(cells, names, only)
        return SheetBlock(frame, numbers[np.array(good, np.bool_)], BadRows.of(names, bad), done, cells)


def open_workbook(
    path: Path, *, mapping: Mapping[str, str] | None = None, encoding: str | None = None, delimiter: str | None = None
) -> WorkbookTable:
    """Open an XLSX workbook and read its header.

    Raises:
        BadInput: there is no such file, it is no workbook, or it is not clear which table is meant.
    """
    del encoding, delimiter
    return WorkbookTable(path, mapping=mapping)


def as_text(cell: Cell) -> str:
    """A cell as people write it.

    >>> as_text(2134.0), as_text(1.5), as_text(True), as_text("02134")
    ('2134', '1.5', 'true', '02134')
    """
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) <= _EXACT_IN_FLOAT else str(cell)
    return str(cell)


def _workbook(path: Path) -> calamine.CalamineWorkbook:
    try:
        return calamine.load_workbook(path)
    except (calamine.CalamineError, OSError):
        with opened(path) as stream:
            is_other = stream.read(4) == _OLD_OR_LOCKED
        if is_other:
            raise BadInput(
                f"{path.name} is an old Excel workbook (XLS), or it is locked by a password.",
                remedy="Save it as XLSX without a password.",
            ) from None
        raise BadInput(
            f"{path.name} is no XLSX workbook, or it is damaged.", remedy="Open it, and save it again."
        ) from None


def _sheets(path: Path) -> list[_Sheet]:
    """The sheets that hold anything."""
    book = _workbook(path)
    found = []
    for facts in book.sheets_metadata:
        if facts.typ != calamine.SheetTypeEnum.WorkSheet:
            continue
        cells = book.get_sheet_by_name(facts.name)
        rows = cells.iter_rows()
        lines = [list(map(as_text, row)) for row in islice((r for r in rows if not _is_blank(r)), _LINES_LOOKED_AT)]
        if lines:
            found.append(_Sheet(facts.name, lines, facts.visible == calamine.SheetVisibleEnum.Visible, cells))
    return found


def _the_table(path: Path, sheets: Sequence[_Sheet]) -> tuple[_Sheet, list[_Sheet]]:
    """The sheet that holds the table: the only one with data, or the only one with a header."""
    if not sheets:
        raise BadInput(f"{path.name} is empty.", remedy="The first line must name the columns.")
    tables = [sheet for sheet in sheets if any(map(is_header, sheet.lines))] if len(sheets) > 1 else list(sheets)
    if len(tables) > 1:
        raise BadInput(
            f"{path.name} has several tables: {', '.join(sheet.label for sheet in tables[:20])}.",
            remedy="Save the sheet that is meant as a workbook of its own, or each of them.",
        )
    chosen = (tables or sheets)[0]
    return chosen, [sheet for sheet in sheets if sheet is not chosen]


def _columns(
    header: Sequence[str], mapping: Mapping[str, str] | None, chosen: _Sheet, others: Sequence[_Sheet]
) -> Columns:
    columns = recognise(header, mapping)
    if not others:
        return columns
    left = ", ".join(sheet.label for sheet in others)
    return replace(columns, remarks=(f"The table is read from the sheet {chosen.label}; left out: {left}.",))


def _trimmed(line: Sequence[str]) -> list[str]:
    """The header without what is blank behind the last name."""
    width = max((at for at, cell in enumerate(line, 1) if cell.strip()), default=0)
    return list(line[:width])


def _is_blank(line: Row) -> bool:
    return all(isinstance(cell, str) and not cell.strip() for cell in line)


def _frame(cells: Sequence[Row], names: Sequence[str], only: Collection[str] | None = None) -> pl.DataFrame:
    columns = zip(*cells, strict=True) if cells else ([] for _ in names)
    return pl.DataFrame(
        {
            name: pl.Series(list(map(as_text, column)), dtype=pl.String)
            for name, column in zip(names, columns, strict=True)
            if only is None or name in only
        }
    )


def _bad_row(line: Row, row_number: int, width: int) -> BadRow:
    texts = _trimmed(list(map(as_text, line)))
    # What is too much goes into the last column, so that nothing of the row is lost to who mends it.
    fields = (*texts[: width - 1], " ".join(texts[width - 1 :]))
    return BadRow(row_number, f"has {len(texts):,} fields, the header has {width:,}", "\t".join(texts), fields)
