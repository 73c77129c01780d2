"""Text tables out: the input's bytes, row by row, and added rows that look like its own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import polars as pl

from prefcenter.core.errors import BadInput
from prefcenter.files.beside import Behind
from prefcenter.files.columns import Columns
from prefcenter.files.encoding import Encoding
from prefcenter.files.parsing import TextBlock
from prefcenter.files.sources import Packer
from prefcenter.files.tables import Block, FileFacts, Mask
from prefcenter.files.writing import HashedFile


class Lines(Protocol):
    """How a file writes its rows as lines of text."""

    @property
    def line_end(self) -> str:
        """What ends a line."""

    def line(self, values: Sequence[str]) -> str:
        """One record of these values, with its line end."""


class CsvSource(Protocol):
    """What a written file takes over from the one that was read."""

    encoding: Encoding
    columns: Columns

    @property
    def dialect(self) -> Lines:
        """How it writes its rows."""

    @property
    def header_bytes(self) -> bytes:
        """The byte order mark and the header line, exactly."""


class CsvOutput(HashedFile):
    """The CSV file for the mail house: the input's bytes, exactly, without any guard against formulas (X6)."""

    def __init__(self, path: Path, source: CsvSource, packer: Packer | None = None) -> None:
        super().__init__(path, packer)
        self._source = source
        self._ends_line = True
        self._behind = Behind()
        self._put(source.header_bytes, 0)
        # A byte order mark alone is no line that would have to end.
        self._ends_line |= source.header_bytes == source.encoding.bom

    def keep(self, block: Block, mask: Mask) -> None:
        """Write those rows of a block that the mask lets through: their bytes are the input's.

        Raises:
            TypeError: the block is not one of a text file.
        """
        if not isinstance(block, TextBlock):
            raise TypeError("Only rows that were read from a text file can be kept byte for byte.")
        self._behind.run(lambda: self._put(block.kept_bytes(mask), int(mask.sum())))

    def append(self, rows: pl.DataFrame) -> None:
        """Add rows in the file's own dialect and encoding, unmarked (P13).

        Raises:
            BadInput: a value cannot be written in the file's encoding.
        """
        self._behind.wait()
        lines = map(self._source.dialect.line, rows.select(self._source.columns.names).iter_rows())
        for number, line in enumerate(lines, 1):
            try:
                self._put(self._source.encoding.encode(line), 1)
            except UnicodeEncodeError:
                raise BadInput(
                    f"Seed row {number} has characters that {self._source.encoding.name}, the file's encoding, has not."
                ) from None

    def close(self) -> FileFacts:
        """Finish the file, durably, and tell what it holds."""
        try:
            self._behind.wait()
        except BaseException:
            self._abandon()
            raise
        self._behind.close()
        return super().close()

    def _abandon(self) -> None:
        self._behind.close()
        super()._abandon()

    def _put(self, data: bytes, rows: int) -> None:
        if not data:
            return
        if not self._ends_line:
            self._write(self._source.encoding.encode(self._source.dialect.line_end))
        self._write(data, rows)
        self._ends_line = data.endswith(tuple(map(self._source.encoding.encode, ("\n", "\r"))))
