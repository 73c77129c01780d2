"""Several blocks of a file judged at once: what a judgement costs whatever it is about, is then spent once for them.

Two such windows are judged side by side, while the next blocks are read and those before are written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, fields, replace

import numpy as np
import polars as pl

from prefcenter.files.beside import side_by_side
from prefcenter.files.tables import Block
from prefcenter.scrub.checkpoints import Checkpoints
from prefcenter.scrub.verdicts import Judged

_BLOCKS, _ROWS = 2, 750_000
"""No more blocks than these are held at once, and no further one when there are so many rows."""


_AT_ONCE = 2
"""So many windows are judged side by side. Each holds its blocks in memory."""

Decide = Callable[[pl.DataFrame], Judged]
Window = list[tuple[Block, Judged]]


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A block that waits to be judged: its place in the file, what is said of it, and whether this run said it."""

    place: int
    block: Block
    said: Judged | None
    is_new: bool = False

    @property
    def judged(self) -> Judged:
        """What is said of it, now that it is judged."""
        if self.said is None:
            raise RuntimeError("The block has not been judged.")
        return self.said


def judged_windows(
    blocks: Iterable[Block], decide: Decide, points: Checkpoints | None, *, number: int, size: int
) -> Iterator[Window]:
    """The blocks of a file in their order, a few at a time, each with what is said of its rows.

    Args:
        blocks: of one table.
        decide: what is said of rows; asked by several threads.
        points: what was said of blocks by a run that was stopped, and is of this one; not of the last block.
        number: the place of the file in the mailing.
        size: of the table, in the terms of ``Block.bytes_done``.
    """

    def judge(window: list[_Waiting]) -> list[_Waiting]:
        fresh = [each for each in window if each.said is None]
        said = {each.place: judged for each, judged in zip(fresh, _judged(fresh, decide), strict=True)}
        return [replace(each, said=said.get(each.place, each.said), is_new=each.place in said) for each in window]

    with closing(side_by_side(judge, _windows(blocks, points, number), _AT_ONCE)) as windows:
        for window in windows:
            for each in window:
                if points is not None and each.is_new and each.block.bytes_done < size:
                    points.save(number, each.place, each.block.frame.height, each.judged)
            told = [(each.block, each.judged) for each in window]
            window.clear()  # Whoever takes them holds them as long as it must.
            yield told


def _windows(blocks: Iterable[Block], points: Checkpoints | None, number: int) -> Iterator[list[_Waiting]]:
    window: list[_Waiting] = []
    for place, block in enumerate(blocks):
        said = points.load(number, place, block.frame.height) if points is not None else None
        window.append(_Waiting(place, block, said))
        if len(window) == _BLOCKS or sum(each.block.frame.height for each in window) >= _ROWS:
            yield window
            window = []
    if window:
        yield window


def _judged(fresh: Sequence[_Waiting], decide: Decide) -> list[Judged]:
    if len(fresh) < 2:
        return [decide(each.block.frame) for each in fresh]
    judged = decide(pl.concat([each.block.frame for each in fresh]))
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
