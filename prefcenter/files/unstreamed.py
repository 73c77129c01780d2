"""Formats that are not read from the first byte to the last, such as XLSX and Parquet: they are hashed as a whole."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Generic, Self, TypeVar

from prefcenter.core.errors import BadInput
from prefcenter.files.columns import Columns
from prefcenter.files.sources import Stamp, changed, digest_of, opened
from prefcenter.files.tables import Block, FileFacts

BlockKind = TypeVar("BlockKind", bound=Block)


class UnstreamedTable(ABC, Generic[BlockKind]):
    """A table that is hashed before it is read and after (see :class:`prefcenter.files.tables.Table`)."""

    columns: Columns

    def __init__(self, path: Path) -> None:
        self.path = path
        with opened(path) as stream:
            self.size = stream.seek(0, os.SEEK_END)
        self._stamp = Stamp.of(path)
        self._facts: FileFacts | None = None

    def blocks(self, only: Collection[str] | None = None) -> Iterator[BlockKind]:
        """The rows from the first to the last.

        Args:
            only: the columns that are looked at in every row; None looks at all.

        Raises:
            BadInput: the file is damaged, or it was changed meanwhile.
        """
        digest, rows = digest_of(self.path), 0
        with self._change_named():
            for block in self._blocks(only):
                rows += len(block.row_numbers) + len(block.bad)
                yield block
        if digest_of(self.path) != digest:
            raise changed(self.path)
        self._facts = FileFacts(self.path.name, digest, rows)

    def facts(self) -> FileFacts:
        """Name, SHA-256 and rows, once all blocks have been read.

        Raises:
            RuntimeError: they have not.
        """
        if self._facts is None:
            raise RuntimeError("The facts of a table are known only when all its blocks have been read.")
        return self._facts

    @abstractmethod
    def _blocks(self, only: Collection[str] | None) -> Iterator[BlockKind]:
        """The rows; what makes it certain that they are this file's is done around it."""

    @contextmanager
    def _change_named(self) -> Iterator[None]:
        """What is half the old file and half the new seems damaged; that it changed is the reason."""
        self._require_unchanged()
        try:
            yield
        except BadInput:
            self._require_unchanged()
            raise
        self._require_unchanged()

    def _require_unchanged(self) -> None:
        if Stamp.of(self.path) != self._stamp:
            raise changed(self.path) from None


class UnstreamedOutput(ABC):
    """A new file that can only be hashed when it is whole (see :class:`prefcenter.files.tables.CleanOutput`)."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._rows = 0
        self._facts: FileFacts | None = None

    def close(self) -> FileFacts:
        """Finish the file, durably, and tell what it holds."""
        if self._facts is None:
            self._finish()
            with self._path.open("rb+") as file:
                os.fsync(file.fileno())
            self._facts = FileFacts(self._path.name, digest_of(self._path), self._rows)
        return self._facts

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        if raised[0] is None:
            self.close()
        else:
            self._abandon()

    @abstractmethod
    def _finish(self) -> None:
        """Write what is still to be written, and close the file."""

    @abstractmethod
    def _abandon(self) -> None:
        """Close the file. That writes, which a full disk refuses again: the first error is the one to tell."""
