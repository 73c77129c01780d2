r"""Where the records of a CSV block begin and end, found without parsing it, for millions of rows a second.

Any of ``\n``, ``\r\n`` and ``\r`` outside quotes ends a record. A quote opens a quoted field only at the start of a
field; elsewhere it is a character like any other (``12" RECORDS``). In a regular block every quote of even index opens
and every one of odd index closes, so that the parity of quotes says what is inside. What breaks this rule is settled
quote by quote (:mod:`prefcenter.files.quotes`): a quote that is opened and never closed costs the row it stands in,
and no other.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from prefcenter.files.bits import (
    NO_OFFSETS,
    Bytes,
    Mask,
    Offsets,
    Structure,
    at_a_glance,
    counts_before,
    marks,
)
from prefcenter.files.quotes import Quotes

RECORD_LIMIT = 1 << 20
"""No record of a mailing file is longer than this (bytes): beyond it, a quote was left open."""
NEVER_CLOSED = "a quote is opened and never closed"

_LF, _CR = 10, 13
_LINE_END = b"\r\n"


@dataclass(frozen=True, slots=True)
class Records:
    """The whole records of a block; blank lines are none.

    Args:
        starts: the offset of each record's first byte.
        ends: the offset after each record's line end.
        fields: how many fields each has.
        rest: where the block's unfinished last record begins; the block's length if there is none.
        limit: the length beyond which a record is given up, in bytes.
        literals: the offsets of quotes that are characters, not marks of the format.
        closings: the offsets of quotes that close a field although text follows: a strict parser stumbles over them,
            though their meaning is clear.
        unclosed: the offsets of quotes that are opened and never closed.
    """

    starts: Offsets
    ends: Offsets
    fields: Offsets
    rest: int
    limit: int = RECORD_LIMIT
    literals: Offsets = field(default_factory=lambda: NO_OFFSETS)
    closings: Offsets = field(default_factory=lambda: NO_OFFSETS)
    unclosed: Offsets = field(default_factory=lambda: NO_OFFSETS)

    def __len__(self) -> int:
        return len(self.starts)

    def problems(self) -> list[tuple[str, Offsets]]:
        """Why records cannot be read, by their indices; what stands later weighs more."""
        found = [(f"is longer than {self.limit:,} bytes", np.flatnonzero(self.ends - self.starts > self.limit))]
        return [*found, (NEVER_CLOSED, self.holding(self.unclosed))]

    def holding(self, offsets: Offsets) -> Offsets:
        """The indices of the records that hold one of some bytes, ascending as they are."""
        _, index = self.located(offsets)
        found: Offsets = index[np.diff(index, prepend=-1) != 0]
        return found

    def located(self, offsets: Offsets) -> tuple[Offsets, Offsets]:
        """Those of some bytes that lie in a record, and each one's record; blank lines and the rest hold some, too."""
        if not len(self):
            return offsets[:0], offsets[:0]
        index = np.searchsorted(self.starts, offsets, "right") - 1
        inside = (index >= 0) & (offsets < self.ends[np.maximum(index, 0)])
        return offsets[inside], index[inside]

    def only(self, mask: Mask) -> Records:
        """Some of the records."""
        return replace(self, starts=self.starts[mask], ends=self.ends[mask], fields=self.fields[mask])


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


def gather(data: bytes, starts: Offsets, ends: Offsets) -> bytes:
    """The bytes of some records, in their order; what follows on each other is taken as one."""
    if not len(starts):
        return b""
    breaks = np.flatnonzero(starts[1:] != ends[:-1])
    run_starts = starts[np.concatenate(([0], breaks + 1))].tolist()
    run_ends = ends[np.concatenate((breaks, [len(ends) - 1]))].tolist()
    if len(run_starts) == 1:
        return data[run_starts[0] : run_ends[0]]
    view = memoryview(data)
    return b"".join([view[start:end] for start, end in zip(run_starts, run_ends, strict=True)])


def _assemble(buffer: Bytes, structure: Structure, limit: int) -> Records:
    ends = structure.ends
    if not len(ends):
        return Records(ends, ends, ends, 0, limit)
    starts = np.concatenate(([0], ends[:-1]))
    fields = np.diff(counts_before(structure.delimiters, ends), prepend=0) + 1
    records = Records(
        starts, ends, fields, int(ends[-1]), limit, structure.literals, structure.closings, structure.unclosed
    )
    # Only what is as short as a line end can be blank.
    if int((ends - starts).min()) > len(_LINE_END):
        return records
    return records.only(_content_ends(buffer, starts, ends) > starts)


def _content_ends(buffer: Bytes, starts: Offsets, ends: Offsets) -> Offsets:
    """The offset after each record's last byte that is no line end."""
    last = buffer[ends - 1]
    before = buffer[np.maximum(ends - 2, 0)]
    crlf = (last == _LF) & (before == _CR) & (ends - 2 >= starts)
    trimmed: Offsets = ends - ((last == _LF) | (last == _CR)) - crlf
    return trimmed
