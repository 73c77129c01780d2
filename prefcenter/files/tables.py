"""What every kind of table file offers, whatever its format."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, Self

import numpy as np
import numpy.typing as npt
import polars as pl

from prefcenter.files.columns import Columns

Mask = npt.NDArray[np.bool_]
Places = npt.NDArray[np.integer[Any]]
ROW, PROBLEM = "pc_row", "pc_problem"


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What a manifest says of a file: its name, its SHA-256 in hex, and its rows without the header."""

    name: str
    sha256: str
    rows: int


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that cannot be read.

    Args:
        row_number: its place among the rows, from 1; the header and blank lines are no rows.
        problem: what is wrong, to follow "the row": ``has 9 fields, the header has 8``.
        raw_text: the row as it stands in the file, for a person to read.
        fields: its cells as far as they can be told, one for each column of the header.
    """

    row_number: int
    problem: str
    raw_text: str
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class BadRows:
    """The unreadable rows of a block in their order; there may be millions of them.

    Args:
        row_numbers: the place of each among all rows, from 1.
        problems: what is wrong with each, as text.
        raw_texts: each as it stands in the file.
        cells: their cells as far as they can be told, with all columns of the input.
    """

    row_numbers: npt.NDArray[np.int64]
    problems: pl.Series
    raw_texts: pl.Series
    cells: pl.DataFrame

    @classmethod
    def of(cls, names: Sequence[str], rows: Sequence[BadRow] = ()) -> BadRows:
        """Some single rows of a table with these columns."""
        return cls(
            np.array([row.row_number for row in rows], np.int64),
            pl.Series([row.problem for row in rows], dtype=pl.String),
            pl.Series([row.raw_text for row in rows], dtype=pl.String),
            pl.DataFrame([row.fields for row in rows], schema=dict.fromkeys(names, pl.String), orient="row"),
        )

    def __len__(self) -> int:
        return len(self.row_numbers)

    def __getitem__(self, index: int) -> BadRow:
        number, cells = int(self.row_numbers[index]), self.cells.row(index)
        return BadRow(number, self.problems[index], self.raw_texts[index], cells)

    def __iter__(self) -> Iterator[BadRow]:
        return map(self.__getitem__, range(len(self)))

    def frame(self) -> pl.DataFrame:
        """The input's columns, then ``pc_row`` and ``pc_problem``."""
        told = pl.Series(ROW, self.row_numbers, pl.Int64), self.problems.alias(PROBLEM)
        return self.cells.drop((ROW, PROBLEM), strict=False).with_columns(told)


@dataclass(frozen=True, slots=True)
class Block(ABC):
    """Some rows of a table.

    Args:
        frame: the readable rows as strings without nulls, with at least those columns that were asked for, in the
            order and under the names of the input. Whole rows are had from ``rows``.
        row_numbers: the place of each of them among all rows, from 1.
        bad: the unreadable rows between them.
        bytes_done: how much of the file has been read so far, of ``Table.size``.
    """

    frame: pl.DataFrame
    row_numbers: npt.NDArray[np.int64]
    bad: BadRows
    bytes_done: int

    @property
    def rows_done(self) -> int:
        """How many rows of the file have been read so far, with those of this block."""
        return max([0, *(int(numbers[-1]) for numbers in (self.row_numbers, self.bad.row_numbers) if len(numbers))])

    @property
    def names(self) -> tuple[str, ...]:
        """All columns of the input."""
        return tuple(self.bad.cells.columns)

    @abstractmethod
    def rows(self, places: Places) -> pl.DataFrame:
        """Some of the readable rows with all columns of the input, by their places in ``frame``, in the order given."""

    def bad_frame(self) -> pl.DataFrame:
        """The unreadable rows for ``unreadable.csv``: the input's columns, then ``pc_row`` and ``pc_problem``."""
        return self.bad.frame()


class CleanOutput(Protocol):
    """The file that goes to the mail house: in the input's format, exact (X6)."""

    def keep(self, block: Block, mask: Mask) -> None:
        """Write those rows of a block that the mask lets through, unchanged."""

    def append(self, rows: pl.DataFrame) -> None:
        """Add rows that are not the input's, in its columns; they look like its own (P13)."""

    def close(self) -> FileFacts:
        """Finish the file and tell what it holds, the added rows counted."""

    def __enter__(self) -> Self: ...
    def __exit__(self, *raised: object) -> None: ...


class Table(Protocol):
    """A table that is read in blocks, once, and whose kept rows are written back unchanged."""

    @property
    def path(self) -> Path:
        """Where it lies."""

    @property
    def columns(self) -> Columns:
        """Its columns and what they stand for."""

    @property
    def size(self) -> int:
        """Its length in bytes."""

    def blocks(self, only: Collection[str] | None = None) -> Iterator[Block]:
        """Its rows, from the first to the last, in blocks of bounded size.

        Args:
            only: the columns that are looked at in every row; None looks at all. Fewer are read faster.
        """

    def facts(self) -> FileFacts:
        """Its name, hash and rows; known as soon as ``blocks`` has come to its end."""

    def clean_output(self, path: Path) -> CleanOutput:
        """A new file of the same format."""
