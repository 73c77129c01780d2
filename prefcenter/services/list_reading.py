"""Reading the rows of an imported list, some thousands at once: who can be put on the list, and who cannot, and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from prefcenter.core.channels import Source
from prefcenter.core.errors import BadAddress, BadInput
from prefcenter.core.postal.address import PostalAddress
from prefcenter.services.list_files import RowBlock
from prefcenter.services.list_rows import Row, RowReader
from prefcenter.services.points import Point, Points
from prefcenter.services.suppressing import OptOut

PIECE = 2_000
"""Rows whose keys are made at once; those of a whole block would not fit into memory."""


@dataclass(frozen=True, slots=True)
class Ready:
    """A row that can be put on the list."""

    point: Point
    opt_out: OptOut


@dataclass(frozen=True, slots=True)
class Read:
    """What some rows say, by their place in the piece.

    Args:
        ready: those that can be put on the list.
        digests: those whose address was erased, with what they are known by.
        problems: those that cannot be used, with the reason.
    """

    ready: list[Ready]
    digests: dict[int, bytes]
    problems: dict[int, str]


@dataclass(frozen=True, slots=True)
class Piece:
    """Some rows of a block, few enough to keep all their keys in memory.

    Args:
        frame: the rows.
        row_numbers: their places in the file.
        share: how much of the block's rest they are, above 0 and up to 1.
    """

    frame: pl.DataFrame
    row_numbers: Sequence[int]
    share: float


def pieces(block: RowBlock) -> Iterator[Piece]:
    """Cut a block of a file into pieces."""
    height = block.frame.height
    for start in range(0, height, PIECE):
        share = min(1.0, PIECE / (height - start))
        yield Piece(block.frame.slice(start, PIECE), block.row_numbers[start : start + PIECE].tolist(), share)


def read(reader: RowReader, points: Points, piece: Piece, batch: str) -> Read:
    """Read the rows of a piece; every row is in exactly one of the three parts of the answer."""
    rows: dict[int, Row] = {}
    problems: dict[int, str] = {}
    for place, cells in enumerate(piece.frame.iter_rows(named=True)):
        try:
            rows[place] = reader.read(cells)
        except BadInput as error:
            problems[place] = str(error)
    digests = {place: row.digest for place, row in rows.items() if row.digest is not None and _is_empty(row)}
    ready = []
    readable = {place: row for place, row in rows.items() if place not in digests}
    for place, found in _points_of(points, readable).items():
        if isinstance(found, BadAddress):
            problems[place] = str(found)
        else:
            ready.append(Ready(found, _opt_out(rows[place], batch)))
    return Read(ready, digests, problems)


def _is_empty(row: Row) -> bool:
    return not row.address if isinstance(row.address, str) else not any(value for _, value in row.address.items())


def _points_of(points: Points, rows: Mapping[int, Row]) -> dict[int, Point | BadAddress]:
    """The contact points of some rows, in the order of the rows."""
    postal = {place: row for place, row in rows.items() if isinstance(row.address, PostalAddress)}
    made = points.post_many([_postal(row) for row in postal.values()], [row.level for row in postal.values()])
    found: dict[int, Point | BadAddress] = dict(zip(postal, made, strict=True))
    for place, row in rows.items():
        if isinstance(row.address, str):
            try:
                found[place] = points.listed(row.channel, row.address)
            except BadAddress as error:
                found[place] = error
    return dict(sorted(found.items()))


def _postal(row: Row) -> PostalAddress:
    if not isinstance(row.address, PostalAddress):
        raise TypeError("Only rows about post have a postal address.")
    return row.address


def _opt_out(row: Row, batch: str) -> OptOut:
    return OptOut(
        row.reason,
        row.scope,
        Source.IMPORT,
        since=row.since,
        until=row.until,
        source_ref=row.source_ref,
        batch=batch,
    )
