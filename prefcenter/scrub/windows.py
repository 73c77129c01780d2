"""Several blocks of a file judged at once: what a judgement costs whatever it is about, is then spent once for them.

While some are judged, the next ones are read and looked at beside it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, fields

import numpy as np
import polars as pl

from prefcenter.files.beside import ahead
from prefcenter.files.columns import Columns
from prefcenter.files.tables import Block
from prefcenter.scrub.checkpoints import Checkpoints
from prefcenter.scrub.index import ListIndex
from prefcenter.scrub.matching import Glimpse, Judged, judge, look_ahead

_BLOCKS, _ROWS = 4, 750_000
"""No more blocks than these are held at once, and no further one when there are so many rows."""


@dataclass(frozen=True, slots=True)
class Court:
    """How the rows of a file are judged.

    Args:
        columns: what its columns stand for.
        index: the list as the mailing sees it.
        default_country: the country that national phone numbers are read in.
    """

    columns: Columns
    index: ListIndex
    default_country: str

    def look_ahead(self, frame: pl.DataFrame) -> Glimpse | None:
        """What can be told of rows before they are judged."""
        return look_ahead(frame, self.columns, self.index)

    def judge(self, frame: pl.DataFrame, seen: Glimpse | None) -> Judged:
        """Decide for each row."""
        return judge(frame, self.columns, self.index, self.default_country, seen)


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A block that waits to be judged: its place, what was told of it ahead, and what was said of it before a stop."""

    place: int
    block: Block
    seen: Glimpse | None
    said: Judged | None


def judged_blocks(
    blocks: Iterable[Block], court: Court, points: Checkpoints | None, *, number: int, size: int
) -> Iterator[tuple[Block, Judged]]:
    """The blocks of a file in their order, each with what is said of its rows.

    Args:
        blocks: of one table.
        court: how its rows are judged.
        points: what was said of blocks by a run that was stopped, and is of this one; not of the last block.
        number: the place of the file in the mailing.
        size: of the table, in the terms of ``Block.bytes_done``.
    """
    waiting = ahead(_looked_at(blocks, court, points, number))
    with closing(waiting):
        for window in _windows(waiting):
            fresh = [each for each in window if each.said is None]
            said = {each.place: judged for each, judged in zip(fresh, _judged(fresh, court), strict=True)}
            for each in fresh:
                if points is not None and each.block.bytes_done < size:
                    points.save(number, each.place, each.block.frame.height, said[each.place])
            yield from ((each.block, each.said or said[each.place]) for each in window)


def _looked_at(blocks: Iterable[Block], court: Court, points: Checkpoints | None, number: int) -> Iterator[_Waiting]:
    for place, block in enumerate(blocks):
        said = points.load(number, place, block.frame.height) if points is not None else None
        yield _Waiting(place, block, court.look_ahead(block.frame) if said is None else None, said)


def _windows(blocks: Iterable[_Waiting]) -> Iterator[list[_Waiting]]:
    window: list[_Waiting] = []
    for each in blocks:
        window.append(each)
        if len(window) == _BLOCKS or sum(one.block.frame.height for one in window) >= _ROWS:
            yield window
            window = []
    if window:
        yield window


def _judged(fresh: Sequence[_Waiting], court: Court) -> list[Judged]:
    if len(fresh) < 2:
        return [court.judge(each.block.frame, each.seen) for each in fresh]
    seen = [each.seen for each in fresh if each.seen is not None]
    near, wanted = (np.concatenate([getattr(one, name) for one in seen] or [[]]) for name in ("near", "wanted"))
    judged = court.judge(pl.concat([each.block.frame for each in fresh]), Glimpse(near, wanted) if seen else None)
    return parted(judged, np.cumsum([each.block.frame.height for each in fresh]))


def parted(judged: Judged, ends: Sequence[int] | np.ndarray) -> list[Judged]:
    """What is said of rows that follow each other, as if each stretch had been judged alone.

    Args:
        judged: in the order of the rows.
        ends: the row behind each stretch.
    """
    starts = [0, *ends[:-1]]
    return [_stretch(judged, int(start), int(end)) for start, end in zip(starts, ends, strict=True)]


def _stretch(judged: Judged, start: int, end: int) -> Judged:
    parts = {}
    for part in fields(Judged):
        frame: pl.DataFrame = getattr(judged, part.name)
        first, last = np.searchsorted(frame["row"].to_numpy(), [start, end])
        parts[part.name] = frame[int(first) : int(last)].with_columns(pl.col("row") - start)
    return Judged(**parts)
