r"""Where the records of a CSV block begin and end, found without parsing it, for millions of rows a second.

Any of ``\n``, ``\r\n`` and ``\r`` outside quotes ends a record. A quote opens a quoted field only at the start of a
field; elsewhere it is a character like any other (``12" RECORDS``). In a regular block every quote of even index opens
and every one of odd index closes, so that the parity of quotes says what is inside. What breaks this rule is settled
record by record (:mod:`prefcenter.files.quotes`): a quote that is opened and never closed costs the row it stands in,
and no other.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from prefcenter.files.quotes import Bytes, Mask, Offsets, structure

RECORD_LIMIT = 1 << 20
"""No record of a mailing file is longer than this (bytes): beyond it, a quote was left open."""

_LF, _CR, _QUOTE = 10, 13, 34


@dataclass(frozen=True, slots=True)
class Records:
    """The whole records of a block; blank lines are none.

    Args:
        starts: the offset of each record's first byte.
        ends: the offset after each record's line end.
        fields: how many fields each has.
        irregular: whether text follows a closing quote: a strict parser stumbles over it, though its meaning is clear.
        problems: why a record, by its index, cannot be read.
        literals: the offsets of quotes that are characters, not marks of the format.
        rest: where the block's unfinished last record begins; the block's length if there is none.
    """

    starts: Offsets
    ends: Offsets
    fields: Offsets
    irregular: Mask
    problems: dict[int, str]
    rest: int
    literals: Offsets = field(default_factory=lambda: np.zeros(0, np.int64))

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
    lines = line_ends(data, buffer, at_end=at_end)
    quotes = np.flatnonzero(buffer == _QUOTE) if b'"' in data else np.zeros(0, np.int64)
    delimiters = np.flatnonzero(buffer == delimiter)
    oddities: dict[int, str] = {}
    literals = quotes[:0]
    if quotes.size:
        found = structure(buffer, delimiter, lines, quotes, at_end=at_end, limit=limit)
        lines, literals, oddities = found.ends, found.literals, found.oddities
        delimiters = _outside(delimiters, found.quotes)
    return replace(_assemble(buffer, lines, delimiters, oddities, limit), literals=literals)


def line_ends(data: bytes, buffer: Bytes, *, at_end: bool) -> Offsets:
    """The offset after each line end, quoted ones too; the end of the file counts as one."""
    size = len(buffer)
    ends = np.flatnonzero(buffer == _LF) + 1
    if b"\r" in data:
        returns = np.flatnonzero(buffer == _CR)
        # What follows a carriage return at the very end of a block is not known yet: it stays for the next block.
        known = returns[returns + 1 < size]
        lone = known[buffer[known + 1] != _LF] + 1
        ends = np.sort(np.concatenate((ends, lone))) if lone.size else ends
    if at_end and size and (not ends.size or ends[-1] != size):
        ends = np.append(ends, size)
    return ends


def _assemble(buffer: Bytes, ends: Offsets, delimiters: Offsets, oddities: dict[int, str], limit: int) -> Records:
    starts = np.concatenate((np.zeros(min(1, len(ends)), np.int64), ends[:-1]))
    fields = _count_fields(starts, ends, delimiters)
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


def _outside(delimiters: Offsets, quotes: Offsets) -> Offsets:
    """The delimiters that stand outside quotes. A last quote that is still open has none behind it that counts."""
    outside: Offsets
    if len(quotes) >= len(delimiters):
        outside = delimiters[(quotes.searchsorted(delimiters) & 1) == 0]
        return outside
    # Few quotes among many delimiters: look up the quotes instead, and count which stretches are open.
    steps = np.zeros(len(delimiters) + 1, np.int64)
    where = np.searchsorted(delimiters, quotes)
    np.add.at(steps, where[0::2], 1)
    np.add.at(steps, where[1::2], -1)
    outside = delimiters[np.cumsum(steps[:-1]) == 0]
    return outside


def _count_fields(starts: Offsets, ends: Offsets, delimiters: Offsets) -> Offsets:
    """How many fields each record has."""
    count = len(ends)
    inside = int(np.searchsorted(delimiters, ends[-1])) if count else 0
    if count and inside and inside % count == 0:
        # Nearly always all have as many: then the first and the last delimiter of each lie within it.
        each = delimiters[:inside].reshape(count, -1)
        if (each[:, 0] >= starts).all() and (each[:, -1] < ends).all():
            return np.full(count, each.shape[1] + 1, np.int64)
    counted: Offsets = np.searchsorted(delimiters, ends) - np.searchsorted(delimiters, starts) + 1
    return counted


def _content_ends(buffer: Bytes, starts: Offsets, ends: Offsets) -> Offsets:
    """The offset after each record's last byte that is no line end."""
    if not len(ends):
        return ends
    last = buffer[ends - 1]
    before = buffer[np.maximum(ends - 2, 0)]
    crlf = (last == _LF) & (before == _CR) & (ends - 2 >= starts)
    trimmed: Offsets = ends - ((last == _LF) | (last == _CR)) - crlf
    return trimmed
