r"""Where the records of a CSV block begin and end, found without parsing it, for millions of rows a second.

Any of ``\n``, ``\r\n`` and ``\r`` outside quotes ends a record. A quote opens a quoted field only at the start of a
field; elsewhere it is a character like any other (``12" RECORDS``). In a regular block every quote of even index opens
and every one of odd index closes, so that the parity of quotes says what is inside. What breaks this rule is settled
record by record (:mod:`prefcenter.files.quotes`): a quote that is opened and never closed costs the row it stands in,
and no other.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from prefcenter.files.bits import Bytes, Mask, Offsets, Structure, at_a_glance, counts_before, marks
from prefcenter.files.quotes import Quotes

RECORD_LIMIT = 1 << 20
"""No record of a mailing file is longer than this (bytes): beyond it, a quote was left open."""

_LF, _CR = 10, 13
_LINE_END = b"\r\n"


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
    found = marks(data, delimiter, at_end=at_end)
    structure = at_a_glance(found, at_end=at_end, limit=limit)
    if structure is None:
        structure = Quotes(found, at_end=at_end, limit=limit).settle_all()
    return _assemble(np.frombuffer(data, np.uint8), structure, limit)


def _assemble(buffer: Bytes, structure: Structure, limit: int) -> Records:
    ends = structure.ends
    if not len(ends):
        return Records(ends, ends, ends, np.zeros(0, np.bool_), {}, 0)
    starts = np.concatenate(([0], ends[:-1]))
    separators = counts_before(structure.delimiters, ends)
    fields = np.diff(separators, prepend=0) + 1
    rest = int(ends[-1])
    # Only what is as short as a line end can be blank.
    if int((ends - starts).min()) <= len(_LINE_END):
        filled = _content_ends(buffer, starts, ends) > starts
        starts, ends, fields = starts[filled], ends[filled], fields[filled]
    irregular = np.zeros(len(starts), np.bool_)
    problems = dict.fromkeys(np.flatnonzero(ends - starts > limit).tolist(), f"is longer than {limit:,} bytes")
    for index, start in zip(
        np.searchsorted(starts, list(structure.oddities)).tolist(), structure.oddities, strict=True
    ):
        if problem := structure.oddities[start]:
            problems[index] = problem
        else:
            irregular[index] = True
    return Records(starts, ends, fields, irregular, problems, rest, structure.literals)


def _content_ends(buffer: Bytes, starts: Offsets, ends: Offsets) -> Offsets:
    """The offset after each record's last byte that is no line end."""
    last = buffer[ends - 1]
    before = buffer[np.maximum(ends - 2, 0)]
    crlf = (last == _LF) & (before == _CR) & (ends - 2 >= starts)
    trimmed: Offsets = ends - ((last == _LF) | (last == _CR)) - crlf
    return trimmed
