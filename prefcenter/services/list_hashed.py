"""Partners' hashed lists: which column holds the digests, and a file of nothing but digests, which has no header.

A list is hashed for email alone. A phone number has so few forms that its hash hides nothing, and a postal address is
written in so many ways that no two hashes of it meet.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from prefcenter.core.channels import Channel
from prefcenter.core.errors import BadInput
from prefcenter.core.hashed import HashAlgorithm
from prefcenter.files.columns import Columns, normalised
from prefcenter.files.tables import ROW, FileFacts
from prefcenter.services.list_files import RowBlock, Rows

_LOOKED_AT = 1_000
"""Rows in which the column of the digests is looked for."""

_NAMES = re.compile(r"email|mail|hash|digest|md5|sha256")
"""What the column is called that is meant, where several hold digests: those of phone numbers are no use here."""


@dataclass(frozen=True, slots=True)
class HashedColumn:
    """Where the digests of a hashed list stand.

    Args:
        algorithm: how they were made.
        name: their column.
    """

    algorithm: HashAlgorithm
    name: str


class HashedRows:
    """The rows of a hashed list; where its first line is a row and no header, that one too (a :class:`Rows`).

    Args:
        rows: the file as a table with a header.
        algorithm: how it was hashed.
        channel: the channel that the import was asked for, if any.

    Raises:
        BadInput: it is not about email; no column holds such digests, or several do; or it holds plain addresses.
    """

    def __init__(self, rows: Rows, algorithm: HashAlgorithm, channel: Channel | None) -> None:
        if channel not in (None, Channel.EMAIL):
            raise BadInput(
                f"Hashed lists are for email, not for {channel}.",
                remedy="The hash of a phone number hides nothing, and postal addresses are written in too many ways "
                "for hashes to meet. Ask the partner for the plain list, and import it without --hashed.",
            )
        self._rows = rows
        self._first = tuple(rows.columns.names) if any(_is_value(name) for name in rows.columns.names) else None
        self.columns = _numbered(rows.columns) if self._first else rows.columns
        rest = self._as_read()
        head = list(islice(rest, 1 if self._first is None else 2))
        self._blocks = chain(head, rest)
        self.hashed = HashedColumn(algorithm, _column(rows.path.name, self.columns, head, algorithm))

    @property
    def path(self) -> Path:
        """Where the file lies."""
        return self._rows.path

    @property
    def size(self) -> int:
        """Its length in bytes."""
        return self._rows.size

    def blocks(self) -> Iterator[RowBlock]:
        """Its rows, once."""
        return self._blocks

    def facts(self) -> FileFacts:
        """Its name, hash and rows, once all blocks have been read."""
        told = self._rows.facts()
        return replace(told, rows=told.rows + 1) if self._first else told

    def _as_read(self) -> Iterator[RowBlock]:
        if self._first is None:
            yield from self._rows.blocks()
            return
        names = self.columns.names
        first = pl.DataFrame([self._first], schema=dict.fromkeys(names, pl.String), orient="row")
        yield _Shifted(first, np.ones(1, dtype=np.int64), 0, first.clear())
        renamed = dict(zip(self._first, names, strict=True))
        for block in self._rows.blocks():
            bad = block.bad_frame().rename(renamed).with_columns(pl.col(ROW) + 1)
            yield _Shifted(block.frame.rename(renamed), block.row_numbers + 1, block.bytes_done, bad)


@dataclass(frozen=True, slots=True)
class _Shifted:
    """A block of a file whose first row was taken for its header (a :class:`RowBlock`)."""

    frame: pl.DataFrame
    row_numbers: npt.NDArray[np.int64]
    bytes_done: int
    bad: pl.DataFrame

    def bad_frame(self) -> pl.DataFrame:
        """The unreadable rows."""
        return self.bad


def _numbered(columns: Columns) -> Columns:
    """Columns of a file without a header; none of them stands for anything."""
    return Columns(tuple(f"column{place}" for place in range(1, len(columns.names) + 1)), {})


def _is_value(cell: str) -> bool:
    """Whether a cell of the first line is a digest or an address, so that the line is no header."""
    bare = cell.strip().lower().rpartition(":")[2]
    return "@" in bare or any(re.fullmatch(f"[0-9a-f]{{{each.digits}}}", bare) for each in HashAlgorithm)


def _column(file: str, columns: Columns, head: Sequence[RowBlock], algorithm: HashAlgorithm) -> str:
    if not head:
        raise BadInput(f"{file} has no rows.")
    frame = pl.concat([block.frame.head(_LOOKED_AT) for block in head])
    names = (columns["email"],) if "email" in columns.mapped else columns.names
    found = _mostly(frame, names, rf"^\s*(?:{algorithm}:)?[0-9a-fA-F]{{{algorithm.digits}}}\s*$")
    if len(found) > 1:
        meant = [name for name in found if _NAMES.search(normalised(name)) and "phone" not in normalised(name)]
        if len(meant) != 1:
            raise BadInput(
                f"{file} has several columns of {algorithm.label} digests: {', '.join(found[:10])}.",
                remedy="Say which is that of the email addresses: --map email=COLUMN.",
            )
        found = meant
    if not found:
        raise _without_digests(file, names, frame, algorithm)
    return found[0]


def _mostly(frame: pl.DataFrame, names: Sequence[str], pattern: str) -> list[str]:
    """The columns in which at least a quarter of the filled cells look like this: rows that do not are rejected."""
    return [
        name
        for name in names
        if (filled := int((frame[name].str.strip_chars() != "").sum()))
        and 4 * int(frame[name].str.contains(pattern).sum()) >= filled
    ]


def _without_digests(file: str, names: Sequence[str], frame: pl.DataFrame, algorithm: HashAlgorithm) -> BadInput:
    if _mostly(frame, names, "@"):
        return BadInput(
            f"{file} holds plain addresses, not {algorithm.label} digests.", remedy="Import it without --hashed."
        )
    for other in HashAlgorithm:
        if other is not algorithm and _mostly(frame, names, rf"^\s*[0-9a-fA-F]{{{other.digits}}}\s*$"):
            return BadInput(
                f"{file} holds digests of {other.digits} hex digits, as {other.label} makes, and not of "
                f"{algorithm.digits}, as {algorithm.label} does.",
                remedy=f"Import it with --hashed {other}.",
            )
    return BadInput(
        f"{file} has no column of {algorithm.label} digests ({algorithm.digits} hex digits).",
        remedy="A hashed list holds one digest of a trimmed lower-case address a row.",
    )
