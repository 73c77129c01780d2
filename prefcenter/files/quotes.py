"""Which quotes of a block structure it, and which are characters like any other."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Offsets = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Bytes = npt.NDArray[np.uint8]

NEVER_CLOSED = "a quote is opened and never closed"
_LF, _CR, _QUOTE = 10, 13, 34


def borders(delimiter: int) -> Mask:
    """For each byte, whether a field may begin behind it and end before it."""
    border = np.zeros(256, np.bool_)
    border[[delimiter, _LF, _CR]] = True
    return border


def ends_if_regular(
    buffer: Bytes, border: Mask, lines: Offsets, quotes: Offsets, *, at_end: bool, limit: int
) -> Offsets | None:
    """The records' ends, if every quote opens or closes a whole field: the quick way for nearly all blocks."""
    opening, closing = quotes[0::2], quotes[1::2]
    if not border[buffer[np.maximum(opening, 1) - 1]][opening > 0].all():
        return None
    if not border[buffer[np.minimum(closing + 1, len(buffer) - 1)]][closing + 1 < len(buffer)].all():
        return None
    ends = lines[(np.searchsorted(quotes, lines) & 1) == 0]
    last = int(ends[-1]) if len(ends) else 0
    is_open = len(opening) > len(closing)
    is_lost = at_end or len(buffer) - last > limit
    is_long = len(ends) and int(np.diff(ends, prepend=0).max()) > limit
    return None if (is_open and is_lost) or is_long else ends


class Structure(NamedTuple):
    """What the quotes of a block make of it.

    Args:
        ends: the offset after each whole record, blank lines counted.
        quotes: the offsets of the quotes that structure the block: in turn, one opens and one closes.
        literals: the offsets of the quotes that are characters.
        oddities: by a record's start, why it cannot be read; empty where only a strict parser would stumble.
    """

    ends: Offsets
    quotes: Offsets
    literals: Offsets
    oddities: dict[int, str]


def structure(buffer: Bytes, delimiter: int, lines: Offsets, quotes: Offsets, *, at_end: bool, limit: int) -> Structure:
    """Tell what a block's quotes mean, as quickly as they allow.

    Args:
        buffer: the block, which begins at the start of a record.
        delimiter: the delimiter's byte.
        lines: the offset after each line end, quoted or not.
        quotes: the offsets of all quotes.
        at_end: whether the file ends with the block.
        limit: the length beyond which a record is given up, in bytes.
    """
    border = borders(delimiter)
    ends = ends_if_regular(buffer, border, lines, quotes, at_end=at_end, limit=limit)
    if ends is not None:
        return Structure(ends, quotes, quotes[:0], {})
    inner = _stands_inside(buffer, border, quotes)
    outer, literals = quotes[~inner], quotes[inner]
    ends = ends_if_regular(buffer, border, lines, outer, at_end=at_end, limit=limit) if len(literals) else None
    if ends is not None and not (outer.searchsorted(literals) & 1).any():
        return Structure(ends, outer, literals, {})
    return Quotes(buffer, border, lines, quotes, at_end=at_end, limit=limit).settle_all()


def _stands_inside(buffer: Bytes, border: Mask, quotes: Offsets) -> Mask:
    """Which quotes stand between two characters of a field (``12" RECORDS``): outside quotes these are characters."""
    plain = ~border
    plain[_QUOTE] = False
    before = plain[buffer[np.maximum(quotes, 1) - 1]] & (quotes > 0)
    after = plain[buffer[np.minimum(quotes + 1, len(buffer) - 1)]] & (quotes + 1 < len(buffer))
    inside: Mask = before & after
    return inside


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

    def __init__(
        self, buffer: Bytes, border: Mask, lines: Offsets, quotes: Offsets, *, at_end: bool, limit: int
    ) -> None:
        self._size, self._at_end, self._limit = len(buffer), at_end, limit
        self._lines, self._quotes = lines, quotes
        self._opens = border[buffer[quotes - 1]] | (quotes == 0)
        self._closes = border[buffer[np.minimum(quotes + 1, self._size - 1)]] | (quotes == self._size - 1)
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
                return Structure(np.concatenate(taken), self._quotes[structural], self._quotes[~structural], oddities)
            taken.append(np.array([settled.end], np.int64))
            structural[settled.literal] = False
            if settled.oddity is not None:
                oddities[stop] = settled.oddity
            at = settled.end

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
