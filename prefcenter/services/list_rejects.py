"""The rows of a file that could not be used, in a file of their own with a reason each."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Self

import polars as pl

from prefcenter.files.swapping import new_staging
from prefcenter.files.tables import PROBLEM, ROW
from prefcenter.files.writing import GuardedCsvWriter
from prefcenter.services.list_files import RowBlock, Rows
from prefcenter.services.list_reading import Piece


class Rejects:
    """The file of the rows that cannot be used; it comes into being with the first of them."""

    def __init__(self, path: Path, table: Rows) -> None:
        self.count = 0
        self._path = path
        self._names = table.columns.names
        self._staging: Path | None = None
        self._lock = -1
        self._writer: GuardedCsvWriter | None = None

    def add(self, piece: Piece, problems: Mapping[int, str]) -> None:
        """Write the rows that have a problem, with it."""
        if problems:
            places = sorted(problems)
            told = [pl.Series(ROW, [piece.row_numbers[place] for place in places], dtype=pl.Int64)]
            told.append(pl.Series(PROBLEM, [problems[place] for place in places], dtype=pl.String))
            self.add_rows(piece.frame[places].with_columns(told))

    def add_unreadable(self, block: RowBlock) -> None:
        """Write the rows that could not even be read."""
        rows = block.bad_frame()
        if rows.height:
            self.add_rows(rows)

    def add_rows(self, rows: pl.DataFrame) -> None:
        """Write rows that say themselves what is wrong with them, in ``pc_row`` and ``pc_problem``."""
        if self._writer is None:
            folder, self._lock = new_staging(self._path.parent)
            self._staging = folder / self._path.name
            self._writer = GuardedCsvWriter(self._staging, self._names, (ROW, PROBLEM))
        self._writer.write(rows)
        self.count += rows.height

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        if self._writer is None or self._staging is None:
            return
        self._writer.__exit__(*raised)
        if raised[0] is None:
            self._staging.replace(self._path)
        shutil.rmtree(self._staging.parent, ignore_errors=True)
        os.close(self._lock)
