"""What an import reads: the rows of a file in blocks, however they come."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt
import polars as pl

from prefcenter.files.columns import Columns
from prefcenter.files.tables import FileFacts


class RowBlock(Protocol):
    """Some rows, of which :class:`prefcenter.files.tables.Block` tells more."""

    @property
    def frame(self) -> pl.DataFrame:
        """The readable rows, all columns as text without nulls."""

    @property
    def row_numbers(self) -> npt.NDArray[np.int64]:
        """The place of each of them among all rows, from 1."""

    @property
    def bytes_done(self) -> int:
        """How much of the file has been read so far."""

    def bad_frame(self) -> pl.DataFrame:
        """The unreadable rows, with ``pc_row`` and ``pc_problem``."""


class Rows(Protocol):
    """A file of rows, read once; every :class:`prefcenter.files.tables.Table` is one."""

    @property
    def path(self) -> Path:
        """Where it lies."""

    @property
    def columns(self) -> Columns:
        """Its columns and what they stand for."""

    @property
    def size(self) -> int:
        """Its length in bytes."""

    def blocks(self) -> Iterator[RowBlock]:
        """Its rows, from the first to the last."""

    def facts(self) -> FileFacts:
        """Its name, hash and rows; known as soon as ``blocks`` has come to its end."""
