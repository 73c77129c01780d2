r"""Where the records of a CSV block begin and end, found without parsing it, for millions of rows a second.

Any of ``\n``, ``\r\n`` and ``\r`` outside quotes ends a record. A quote opens a quoted field only at the start of a
field; elsewhere it is a character like any other (``12" RECORDS``). In a regular block every quote of even index opens
and every one of odd index closes, so that the parity of quotes says what is inside. What breaks this rule is settled
record by record (:class:`_Quotes`): a quote that is opened and never closed costs the row it stands in, and no other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Offsets = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Bytes = npt.NDArray[np.uint8]

RECORD_LIMIT = 1 << 20
"""No record of a mailing file is longer than this (bytes): beyond it, a quote was left open."""

NEVER_CLOSED = "a quote is opened and never closed"
_LF, _CR, _QUOTE = 10, 13, 34


@dataclass(frozen=True, slots=True)
class Records:
    """The whole records of a block; blank lines are none.

    Args:
        starts: the offset of each record's first byte.
        ends: the offset after each record's line end.
        fields: how many fields each has.
        irregular: whether a quote stands where a strict parser stumbles over it, though its meaning is clear.
        problems: why a record, by its index, cannot be read.
        rest: where the block's unfinished last record begins; the block's length if there is none.
    """

    starts: Offsets
    ends: Offsets
    fields: Offsets
    irregular: Mask
    problems: dict[int, str]
    rest: int

    def __len__(self) -> int:
        return len(self.starts)


def split(data: bytes, delimiter: int, *, at_end: bool, limit: int = RECORD_LIMIT) -> Records:
    """Find the records of ``data``, which begins at the start of a record.

    Args:
        data: bytes in which line ends, quotes and delimiters are single ASCII bytes.
        delimiter: the delimiter's byte.
        at_end: whether the file ends here, so that the last record needs no line end.
        limit: the length beyond which a record is given up, in bytes.
    """
    buffer = np.frombuffer(data, np.uint8)
    lines = _line_ends(buffer, at_end=at_end)
    quotes = np.flatnonzero(buffer == _QUOTE)
    delimiters = np.flatnonzero(buffer == delimiter)
    oddities: dict[int, str] = {}
    if quotes.size:
        border = _borders(delimiter)
        ends = _ends_if_regular(buffer, border, lines, quotes, at_end=at_end, limit=limit)
        if ends is not None:
            lines = ends
        else:
            found = _Quotes(buffer, border, lines, quotes, at_end=at_end, limit=limit)
            lines, quotes, oddities = found.settle_all()
        delimiters = delimiters[(np.searchsorted(quotes, delimiters) & 1) == 0]
    return _assemble(buffer, lines, delimiters, oddities, limit)


def _line_ends(buffer: Bytes, *, at_end: bool) -> Offsets:
    """The offset after each line end, quoted ones too; the end of the file counts as one."""
    size = len(buffer)
    ends = np.flatnonzero(buffer == _LF) + 1
    returns = np.flatnonzero(buffer == _CR)
    if returns.size:
        # What follows a carriage return at the very end of a block is not known yet: it stays for the next block.
        known = returns[returns + 1 < size]
        lone = known[buffer[known + 1] != _LF] + 1
        ends = np.sort(np.concatenate((ends, lone))) if lone.size else ends
    if at_end and size and (not ends.size or ends[-1] != size):
        ends = np.append(ends, size)
    return ends


def _borders(delimiter: int) -> Mask:
    """For each byte, whether a field may begin behind it and end before it."""
    border = np.zeros(256, np.bool_)
    border[[delimiter, _LF, _CR]] = True
    return border


def _ends_if_regular(
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


def _assemble(buffer: Bytes, ends: Offsets, delimiters: Offsets, oddities: dict[int, str], limit: int) -> Records:
    starts = np.concatenate((np.zeros(min(1, len(ends)), np.int64), ends[:-1]))
    fields = np.searchsorted(delimiters, ends) - np.searchsorted(delimiters, starts) + 1
    filled = _content_ends(buffer, starts, ends) > starts
    rest = int(ends[-1]) if len(ends) else 0
    starts, ends, fields = starts[filled], ends[filled], fields[filled]
    irregular = np.zeros(len(starts), np.bool_)
    problems = dict.fromkeys(np.flatnonzero(ends - starts > limit).tolist(), f"is longer than {limit:,} bytes")
    for index, start in zip(np.searchsorted(starts, list(oddities)).tolist(), oddities, strict=True):
        if problem := oddities[start]:
            problems[index] = problem
        else:
            irregular[index] = True
    return Records(starts, ends, fields, irregular, problems, rest)


def _content_ends(buffer: Bytes, starts: Offsets, ends: Offsets) -> Offsets:
    """The offset after each record's last byte that is no line end."""
    if not len(ends):
        return ends
    last = buffer[ends - 1]
    before = buffer[np.maximum(ends - 2, 0)]
    crlf = (last == _LF) & (before == _CR) & (ends - 2 >= starts)
    trimmed: Offsets = ends - ((last == _LF) | (last == _CR)) - crlf
    return trimmed


class _Settled(NamedTuple):
    """A record that was read quote by quote: its end, the quotes that are mere characters, and what is wrong with it.

    ``oddity`` is None for a regular record, empty for one whose meaning is clear, else the problem.
    """

    end: int
    literal: list[int]
    oddity: str | None


class _Quotes:
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

    def settle_all(self) -> tuple[Offsets, Offsets, dict[int, str]]:
        """The ends of all whole records, the quotes that structure, and the oddities by their record's start."""
        taken: list[Offsets] = []
        oddities: dict[int, str] = {}
        structural = np.ones(len(self._quotes), np.bool_)
        at = 0
        while True:
            stop = self._next_odd_record(at)
            taken.append(self._regular_ends(at, self._size if stop is None else stop))
            settled = None if stop is None else self._settle(stop)
            if stop is None or settled is None:
                return np.concatenate(taken), self._quotes[structural], oddities
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
        first = int(np.searchsorted(self._quotes, at))
        phase = first & 1
        if phase not in self._breaks:
            self._breaks[phase] = self._find_breaks(phase)
        breaks = self._breaks[phase]
        index = int(np.searchsorted(breaks, first))
        if index < len(breaks):
            return self._last_end(phase, int(self._quotes[breaks[index]]), at)
        start = self._last_end(phase, self._size, at)
        is_open = (len(self._quotes) - int(np.searchsorted(self._quotes, start))) & 1
        is_lost = self._at_end or self._size - start > self._limit
        return start if is_open and is_lost else None

    def _last_end(self, phase: int, before: int, at: int) -> int:
        ends = self._ends[phase]
        index = int(np.searchsorted(ends, before, "right"))
        return max(at, int(ends[index - 1])) if index else at

    def _regular_ends(self, at: int, stop: int) -> Offsets:
        ends = self._ends[int(np.searchsorted(self._quotes, at)) & 1]
        some: Offsets = ends[np.searchsorted(ends, at, "right") : np.searchsorted(ends, stop, "right")]
        return some

    def _line_end_after(self, at: int) -> int | None:
        index = int(np.searchsorted(self._lines, at, "right"))
        return int(self._lines[index]) if index < len(self._lines) else None

    def _settle(self, start: int) -> _Settled | None:
        """Read one record quote by quote; None if it goes on behind the block."""
        index = int(np.searchsorted(self._quotes, start))
        literal: list[int] = []
        at, oddity = start, None
        while True:
            end = self._line_end_after(at)
            if end is None:
                return None
            if index >= len(self._quotes) or self._quotes[index] >= end:
                return _Settled(end, literal, oddity)
            at = int(self._quotes[index])
            if not self._opens[index]:
                literal.append(index)
                oddity, index = "", index + 1
                continue
            closing = self._closing(index, start)
            if closing is None:
                return None
            if closing < 0:
                return self._never_closed(index, literal)
            # Text behind the closing quote ("Skip" Jones) has a clear meaning as long as the line does not end between.
            oddity = oddity if self._closes[closing] else ""
            at, index = int(self._quotes[closing]), closing + 1

    def _closing(self, opening: int, start: int) -> int | None:
        """The index of the quote that closes a field; -1 if none does, None if it may come behind the block."""
        index = opening + 1
        while index < len(self._quotes) and self._quotes[index] - start <= self._limit:
            if self._doubled[index]:
                index += 2
            elif self._closes[index] or (self._line_end_after(int(self._quotes[opening])) or 0) > self._quotes[index]:
                return index
            else:
                return -1
        ran_out = index >= len(self._quotes) and not self._at_end and self._size - start <= self._limit
        return None if ran_out else -1

    def _never_closed(self, opening: int, literal: list[int]) -> _Settled | None:
        end = self._line_end_after(int(self._quotes[opening]))
        if end is None:
            return None
        literal.extend(range(opening, int(np.searchsorted(self._quotes, end))))
        return _Settled(end, literal, NEVER_CLOSED)
