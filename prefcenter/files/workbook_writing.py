"""XLSX workbooks out: the input's cells, numbers as numbers and text as text, row by row without holding them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Protocol

import polars as pl
import xlsxwriter
from xlsxwriter.exceptions import FileCreateError, XlsxWriterException

from prefcenter.core.errors import BadInput
from prefcenter.files.columns import Columns
from prefcenter.files.tables import Block, Mask
from prefcenter.files.unstreamed import UnstreamedOutput

Cell = str | float | bool | dt.datetime | dt.date | dt.time | dt.timedelta
Row = Sequence[Cell]
_FORMATS: Mapping[type, str] = {
    dt.date: "yyyy-mm-dd",
    dt.datetime: "yyyy-mm-dd hh:mm:ss",
    dt.time: "hh:mm:ss",
    dt.timedelta: "[h]:mm:ss",
}


class _Source(Protocol):
    """What a written workbook takes over from the one that was read."""

    columns: Columns

    @property
    def sheet(self) -> str:
        """The name of its sheet."""

    @property
    def modified_at(self) -> dt.datetime:
        """When it was last written to."""


class WorkbookOutput(UnstreamedOutput):
    """The workbook for the mail house: one sheet with the kept cells, without any guard against formulas (X6).

    Values and their kinds are the input's; what only says how they look (fonts, widths, number formats) is not taken
    over, and a formula is written as the value that it had. Nothing of a row that was taken out remains in the file.
    """

    def __init__(self, path: Path, source: _Source) -> None:
        super().__init__(path)
        self._source = source
        path.open("xb").close()
        # What does not fit into memory goes beside the output, which nobody else may read, and not to /tmp.
        self._book = xlsxwriter.Workbook(str(path), {"constant_memory": True, "tmpdir": str(path.parent)})
        # The writer would ask the clock; the same input makes the same bytes.
        self._book.set_properties({"created": source.modified_at})
        self._formats = {kind: self._book.add_format({"num_format": text}) for kind, text in _FORMATS.items()}
        self._sheet = self._book.add_worksheet(source.sheet)
        self._numeric = [True] * len(source.columns.names)
        self._seen = [False] * len(source.columns.names)
        for column, name in enumerate(source.columns.names):
            self._sheet.write_string(0, column, name)

    def keep(self, block: Block, mask: Mask) -> None:
        """Write those rows of a block that the mask lets through, as they are.

        Raises:
            TypeError: the block is not one of a workbook.
        """
        cells = getattr(block, "cells", None)
        if cells is None:
            raise TypeError("Only rows that were read from a workbook can be kept as they are.")
        for row, is_kept in zip(cells, mask.tolist(), strict=True):
            if is_kept:
                self._put(row)

    def append(self, rows: pl.DataFrame) -> None:
        """Add rows; a number is one where the kept rows have nothing but numbers in that column (P13).

        Raises:
            BadInput: a sheet cannot hold them.
        """
        numeric = [is_numeric and seen for is_numeric, seen in zip(self._numeric, self._seen, strict=True)]
        for row in rows.select(self._source.columns.names).iter_rows():
            self._put([_number(text) if wanted else text for text, wanted in zip(row, numeric, strict=True)])

    def _finish(self) -> None:
        try:
            self._book.close()
        except FileCreateError as error:
            raise (error.args[0] if error.args and isinstance(error.args[0], OSError) else error) from None

    def _abandon(self) -> None:
        with suppress(OSError, XlsxWriterException):
            self._book.close()

    def _put(self, row: Row) -> None:
        self._rows += 1
        for column, cell in enumerate(row):
            if isinstance(cell, str) and not cell:
                continue
            self._seen[column] = True
            if self._write(column, cell):
                raise BadInput(f"Row {self._rows:,} does not fit into a sheet.", remedy="Save the table as CSV.")

    def _write(self, column: int, cell: Cell) -> int:
        """Write a cell; anything but 0 says that it could not be."""
        place = (self._rows, column)
        if isinstance(cell, bool):
            code = self._sheet.write_boolean(*place, cell)
        elif isinstance(cell, int | float):
            return int(self._sheet.write_number(*place, cell))
        elif isinstance(cell, str):
            code = self._sheet.write_string(*place, cell)
        else:
            code = self._sheet.write_datetime(*place, cell, self._formats[type(cell)])
        self._numeric[column] = False
        return int(code)


def _number(text: str) -> Cell:
    try:
        return float(text)
    except ValueError:
        return text
