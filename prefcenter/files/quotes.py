"""Which quotes of a block structure it, and which are characters like any other."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from prefcenter.files.bits import (
    NO_OFFSETS,
    Marks,
    Mask,
    Offsets,
    Structure,
    ends_of,
    inside,
    is_set,
    packed,
    positions,
)

NEVER_CLOSED = "a quote is opened and never closed"


class _Settled(NamedTuple):
    """A record that was read quote by quote: its end, the quotes that are mere characters, and what is wrong with it.

    ``oddity`` is None for a regular record, empty for one whose meaning is clear, else the problem.
    """

    end: int
    literal: list[int]
    oddity: str | None


class Quotes:
    """Tells the quotes that structure a block from those that are mere characters.

    Under a *phase* p, the quotes whose index has parity p open and the others close. Regular stretches are taken whole
    under one phase; where a quote breaks the rule, its record alone is settled step by step, and the stretch after it
    goes on under the phase that fits.
    """

    def __init__(self, marks: Marks, *, at_end: bool, limit: int) -> None:
        self._size, self._at_end, self._limit = marks.size, at_end, limit
        self._delimiters = marks.delimiters
        self._lines = lines = ends_of(marks.breaks, marks.size, at_end=at_end)
        self._quotes = quotes = positions(marks.quotes) if marks.quotes is not None else NO_OFFSETS
        self._opens = is_set(marks.behind(marks.borders), quotes)
        self._closes = is_set(marks.before(marks.borders), quotes)
        self._doubled = np.append(np.diff(quotes) == 1, False)
        counts = np.searchsorted(quotes, lines)
        self._ends = [lines[(counts & 1) == phase] for phase in (0, 1)]
        self._breaks: dict[int, Offsets] = {}

    def settle_all(self) -> Structure:
        """The structure of the whole block."""
        taken: list[Offsets] = []
        oddities: dict[int, str] = {}
        structural = np.ones(len(self._quotes), np.bool_)
        at = 0
        while True:
            stop = self._next_odd_record(at)
            taken.append(self._regular_ends(at, self._size if stop is None else stop))
            settled = None if stop is None else self._settle(stop)
            if stop is None or settled is None:
                return self._structure(np.concatenate(taken), structural, oddities)
            taken.append(np.array([settled.end], np.int64))
            structural[settled.literal] = False
            if settled.oddity is not None:
                oddities[stop] = settled.oddity
            at = settled.end

    def _structure(self, ends: Offsets, structural: Mask, oddities: dict[int, str]) -> Structure:
        meant = np.zeros(self._size, np.bool_)
        meant[self._quotes[structural]] = True
        delimiters = self._delimiters & ~inside(packed(meant))
        return Structure(ends, delimiters, self._quotes[~structural], oddities)

    def _find_breaks(self, phase: int) -> Offsets:
        """The indices of quotes that stand wrongly under a phase, or begin a record that is too long under it."""
        quotes, ends = self._quotes, self._ends[phase]
        opening = (np.arange(len(quotes)) & 1) == phase
        follows = np.append(False, self._doubled[:-1])
        wrong = np.where(opening, ~(self._opens | follows), ~(self._closes | self._doubled))
        starts = np.concatenate((np.zeros(min(1, len(ends)), np.int64), ends[:-1]))
        long = (ends - starts) > self._limit
        first = np.searchsorted(quotes, starts[long])
        inside = first < np.searchsorted(quotes, ends[long])
        return np.union1d(np.flatnonzero(wrong), first[inside])

    def _next_odd_record(self, at: int) -> int | None:
        """Where the next record begins, from ``at`` on, that has to be settled; None if the rest is regular."""
        first = int(self._quotes.searchsorted(at))
        phase = first & 1
        if phase not in self._breaks:
            self._breaks[phase] = self._find_breaks(phase)
        breaks = self._breaks[phase]
        index = int(breaks.searchsorted(first))
        if index < len(breaks):
            return self._last_end(phase, int(self._quotes[breaks[index]]), at)
        start = self._last_end(phase, self._size, at)
        is_open = (len(self._quotes) - int(self._quotes.searchsorted(start))) & 1
        is_lost = self._at_end or self._size - start > self._limit
        return start if is_open and is_lost else None

    def _last_end(self, phase: int, before: int, at: int) -> int:
        ends = self._ends[phase]
        index = int(ends.searchsorted(before, "right"))
        return max(at, int(ends[index - 1])) if index else at

    def _regular_ends(self, at: int, stop: int) -> Offsets:
        ends = self._ends[int(self._quotes.searchsorted(at)) & 1]
        some: Offsets = ends[ends.searchsorted(at, "right") : ends.searchsorted(stop, "right")]
        return some

    def _line_end_after(self, at: int) -> int | None:
        index = int(self._lines.searchsorted(at, "right"))
        return int(self._lines[index]) if index < len(self._lines) else None

    def _settle(self, start: int) -> _Settled | None:
        """Read one record quote by quote; None if it goes on behind the block."""
        index = int(self._quotes.searchsorted(start))
        literal: list[int] = []
        oddity: str | None = None
        end = self._line_end_after(start)
        while end is not None and index < len(self._quotes) and self._quotes[index] < end:
            if not self._opens[index]:
                literal.append(index)
                index += 1
                continue
            closing = self._closing(index, start, end)
            if closing is None:
                return None
            if closing < 0:
                literal.extend(range(index, int(self._quotes.searchsorted(end))))
                return _Settled(end, literal, NEVER_CLOSED)
            # Text behind the closing quote ("Skip" Jones) has a clear meaning as long as the line does not end between.
            oddity = oddity if self._closes[closing] else ""
            index = closing + 1
            if self._quotes[closing] >= end:
                end = self._line_end_after(int(self._quotes[closing]))
        return None if end is None else _Settled(end, literal, oddity)

    def _closing(self, opening: int, start: int, end: int) -> int | None:
        """The index of the quote that closes a field; -1 if none does, None if it may come behind the block.

        ``end`` is the end of the line that the field begins in.
        """
        index = opening + 1
        while index < len(self._quotes) and self._quotes[index] - start <= self._limit:
            if self._doubled[index]:
                index += 2
            elif self._closes[index] or self._quotes[index] < end:
                return index
            else:
                return -1
        ran_out = index >= len(self._quotes) and not self._at_end and self._size - start <= self._limit
        return None if ran_out else -1
