"""Several blocks of a file judged at once: what a judgement costs whatever it is about, is then spent once for them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import fields

import numpy as np
import polars as pl

from prefcenter.files.tables import Block
from prefcenter.scrub.checkpoints import Checkpoints
from prefcenter.scrub.verdicts import Judged

_BLOCKS, _ROWS = 4, 750_000
"""No more blocks than these are held at once, and no further one when there are so many rows."""

Decide = Callable[[pl.DataFrame], Judged]


def judged_blocks(
    blocks: Iterable[Block], decide: Decide, points: Checkpoints | None, *, number: int, size: int
) -> Iterator[tuple[Block, Judged]]:
    """The blocks of a file in their order, each with what is said of its rows.

    Args:
        blocks: of one table.
        decide: what is said of rows.
        points: what was said of blocks by a run that was stopped, and is of this one; not of the last block.
        number: the place of the file in the mailing.
        size: of the table, in the terms of ``Block.bytes_done``.
    """
    for window in _windows(blocks):
        said = {
            place: judged for place, block in window if (judged := _known(points, number, place, block)) is not None
        }
        fresh = [(place, block) for place, block in window if place not in said]
        for (place, block), judged in zip(fresh, _judged([block.frame for _, block in fresh], decide), strict=True):
            said[place] = judged
            if points is not None and block.bytes_done < size:
                points.save(number, place, block.frame.height, judged)
        yield from ((block, said[place]) for place, block in window)


def _known(points: Checkpoints | None, number: int, place: int, block: Block) -> Judged | None:
    return points.load(number, place, block.frame.height) if points is not None else None


def _windows(blocks: Iterable[Block]) -> Iterator[list[tuple[int, Block]]]:
    window: list[tuple[int, Block]] = []
    for place, block in enumerate(blocks):
        window.append((place, block))
        if len(window) == _BLOCKS or sum(each.frame.height for _, each in window) >= _ROWS:
            yield window
            window = []
    if window:
        yield window


def _judged(frames: Sequence[pl.DataFrame], decide: Decide) -> list[Judged]:
    if len(frames) < 2:
        return [decide(frame) for frame in frames]
    ends = np.cumsum([frame.height for frame in frames])
    return parted(decide(pl.concat(frames)), ends)


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
