"""Where some byte stands in a block, as one bit for each byte: what is inside quotes is told for 64 bytes at once.

A bit is set for each byte that is meant; bit ``i`` of word ``w`` speaks of byte ``64 * w + i``.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]
Offsets = npt.NDArray[np.int64]
Words = npt.NDArray[np.uint64]

_LF, _CR, _QUOTE = 10, 13, 34
NO_OFFSETS: Offsets = np.zeros(0, np.int64)
_ONE, _TOP = np.uint64(1), np.uint64(63)
_PIECE = 1 << 20
_PREFIXES = tuple(np.uint64(1 << power) for power in range(6))


def packed(mask: Mask) -> Words:
    """The bits of a mask."""
    words = _no_bits(len(mask))
    some = np.packbits(mask, bitorder="little")
    words.view(np.uint8)[: len(some)] = some
    return words


def _places(buffer: Bytes, byte: int) -> Words:
    """Where a byte stands. A piece at a time is compared and packed while it is in the processor's cache."""
    words = _no_bits(len(buffer))
    bits = words.view(np.uint8)
    for start in range(0, len(buffer), _PIECE):
        some = np.packbits(buffer[start : start + _PIECE] == byte, bitorder="little")
        bits[start >> 3 : (start >> 3) + len(some)] = some
    return words


def _no_bits(size: int) -> Words:
    return np.zeros(-(-size // 64), np.uint64)


def positions(words: Words) -> Offsets:
    """The offsets of the bits that are set, ascending."""
    counts = np.bitwise_count(words)
    places = np.cumsum(counts, dtype=np.int64)
    found = np.empty(int(places[-1]) if len(places) else 0, np.int64)
    filled = np.flatnonzero(counts)
    left, offsets, places = words[filled], filled << 6, places[filled] - counts[filled]
    # The lowest bit of every word at once, then the next lowest of those that have another: few words have many.
    while len(left):
        found[places] = offsets + np.bitwise_count((left & -left) - _ONE)
        left &= left - _ONE
        more = np.flatnonzero(left)
        left, offsets, places = left[more], offsets[more], places[more] + 1
    return found


def is_set(words: Words, offsets: Offsets) -> Mask:
    """Whether each of some bytes is one of those that are meant."""
    found: Mask = (words[offsets >> 6] >> (offsets & 63).astype(np.uint64)) & _ONE != 0
    return found


def _before(words: Words) -> Words:
    """The bytes that stand directly before those that are meant."""
    moved = words >> _ONE
    moved[:-1] |= words[1:] << _TOP
    return moved


def inside(quotes: Words) -> Words:
    """The bytes behind an odd number of quotes: from each opening quote, included, to the closing one, excluded."""
    odd = quotes.copy()
    for distance in _PREFIXES:
        odd ^= odd << distance
    # A word that leaves a quote open turns the next ones around.
    is_open = np.logical_xor.accumulate((odd >> _TOP).view("<i8") != 0)
    odd[1:][is_open[:-1]] ^= ~np.uint64(0)
    return odd


def counts_before(words: Words, offsets: Offsets) -> Offsets:
    """How many bits stand before each offset."""
    counts = np.zeros(len(words) + 1, np.int64)
    np.cumsum(np.bitwise_count(words), out=counts[1:])
    word, bit = offsets >> 6, (offsets & 63).astype(np.uint64)
    # An offset at the very end may lie behind the last word.
    partial = np.append(words, np.uint64(0))[word] & ((_ONE << bit) - _ONE)
    total: Offsets = counts[word] + np.bitwise_count(partial)
    return total


class Marks(NamedTuple):
    """The bytes of a block that may structure it.

    Args:
        size: the block's length.
        delimiters: its delimiters.
        breaks: the last byte of each line end, quoted or not.
        returns: its carriage returns; None where there is none.
        quotes: its quotes; None where there is none.
    """

    size: int
    delimiters: Words
    breaks: Words
    returns: Words | None
    quotes: Words | None

    @property
    def borders(self) -> Words:
        """The bytes that a field may begin behind, and end before."""
        borders = self.delimiters | self.breaks
        return borders if self.returns is None else borders | self.returns

    def behind(self, words: Words) -> Words:
        """The bytes that stand directly behind those of ``words``, and the block's first."""
        moved = words << _ONE
        moved[1:] |= words[:-1] >> _TOP
        moved[:1] |= _ONE
        return moved

    def before(self, words: Words) -> Words:
        """The bytes that stand directly before those of ``words``, and the block's last."""
        moved = _before(words)
        moved[-1:] |= _bit(self.size - 1)
        return moved


def marks(data: bytes, delimiter: int, *, at_end: bool) -> Marks:
    """Find them; ``at_end`` says that nothing follows the block."""
    buffer = np.frombuffer(data, np.uint8)
    returns = _places(buffer, _CR) if b"\r" in data else None
    breaks = _breaks(data, _places(buffer, _LF), returns, at_end=at_end)
    quotes = _places(buffer, _QUOTE) if b'"' in data else None
    return Marks(len(data), _places(buffer, delimiter), breaks, returns, quotes)


def _breaks(data: bytes, feeds: Words, returns: Words | None, *, at_end: bool) -> Words:
    if returns is None:
        return feeds
    lone = returns & ~_before(feeds)
    if not at_end and data.endswith(b"\r"):
        # What follows it is not known yet: it stays for the next block.
        lone[-1] &= ~_bit(len(data) - 1)
    return feeds | lone


def _bit(offset: int) -> np.uint64:
    return _ONE << np.uint64(offset & 63)


def line_ends(data: bytes, *, at_end: bool) -> Offsets:
    """The offset after each line end; the end of the file counts as one."""
    found = marks(data, _LF, at_end=at_end)
    return ends_of(found.breaks, found.size, at_end=at_end)


def ends_of(breaks: Words, size: int, *, at_end: bool) -> Offsets:
    """The offset after each of some line ends; the end of the file counts as one."""
    ends = positions(breaks) + 1
    return np.append(ends, size) if at_end and size and (not ends.size or ends[-1] != size) else ends


class Structure(NamedTuple):
    """What the quotes of a block make of it.

    Args:
        ends: the offset after each whole record, blank lines counted.
        delimiters: those that part fields: none in quotes.
        literals: the offsets of the quotes that are characters.
        closings: the offsets of the quotes that close although text follows: their meaning is clear, but not strictly.
        unclosed: the offsets of the quotes that are opened and never closed.
    """

    ends: Offsets
    delimiters: Words
    literals: Offsets = NO_OFFSETS
    closings: Offsets = NO_OFFSETS
    unclosed: Offsets = NO_OFFSETS


def at_a_glance(marks: Marks, *, at_end: bool, limit: int) -> Structure | None:
    """The structure of a block whose quotes leave nothing unclear, as those of nearly all blocks; else None.

    Every quote opens or closes a whole field, is one of two that stand for one, or stands between two characters of a
    field that is not quoted (``12" RECORDS``), and no record is longer than the limit.

    Args:
        marks: what stands in the block.
        at_end: whether the file ends with the block.
        limit: the length beyond which a record is given up, in bytes.
    """
    if marks.quotes is None:
        return Structure(ends_of(marks.breaks, marks.size, at_end=at_end), marks.delimiters)
    structural, literals = marks.quotes, None
    if _is_amiss(marks, structural):
        literals = _stand_inside(marks, structural)
        structural = structural & ~literals
        if _is_amiss(marks, structural) or (literals & inside(structural)).any():
            return None
    quoted = inside(structural)
    ends = ends_of(marks.breaks & ~quoted, marks.size, at_end=at_end)
    starts = np.concatenate((NO_OFFSETS, [0], ends))
    is_open = bool(quoted[-1] >> _TOP)
    is_lost = at_end or marks.size - int(starts[-1]) > limit
    is_long = len(ends) and int(np.diff(starts).max()) > limit
    if (is_open and is_lost) or is_long:
        return None
    return Structure(ends, marks.delimiters & ~quoted, NO_OFFSETS if literals is None else positions(literals))


def _is_amiss(marks: Marks, quotes: Words) -> bool:
    """Whether, taken in turn, one of the quotes opens in the middle of a field or closes there."""
    quoted = inside(quotes)
    opening, closing = quotes & quoted, quotes & ~quoted
    may_open, may_close = marks.behind(marks.borders | closing), marks.before(marks.borders | opening)
    return bool((opening & ~may_open).any() or (closing & ~may_close).any())


def _stand_inside(marks: Marks, quotes: Words) -> Words:
    """The quotes that stand between two characters of a field: outside quotes these are characters themselves."""
    beside = marks.borders | quotes
    return quotes & ~(marks.behind(beside) | marks.before(beside))
