"""The bytes of a column of text, eight at a time, as numbers: what is compared a million times is compared so.

Eight bytes are one number, the first of them its lowest byte. Tests on all eight at once are those of Hank Warren,
*Hacker's Delight*, chapter 6.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import polars as pl

Codes = npt.NDArray[np.uint64]
Mask = npt.NDArray[np.bool_]
Places = npt.NDArray[np.int64]

_EIGHT = 8
_HEADS = np.array([(1 << (8 * count)) - 1 for count in range(_EIGHT + 1)], dtype=np.uint64)
"""Masks that leave the first bytes, by their number."""
_TAILS = np.array(
    [((1 << 64) - 1) ^ ((1 << (8 * (_EIGHT - count))) - 1) for count in range(_EIGHT + 1)], dtype=np.uint64
)
"""Masks that leave the last bytes, by their number."""


def each(byte: int) -> np.uint64:
    """The byte, eight times."""
    return np.uint64(int.from_bytes(bytes([byte]) * _EIGHT, "little"))


HIGH = each(0x80)
_LOW = each(0x7F)
_SMALL = each(0x5F)
_BITS = np.uint64(_EIGHT)
_ONE = np.uint64(1)
_SEVEN = np.uint64(7)


class Letters:
    """The bytes of a column.

    Args:
        column: text without nulls.
    """

    def __init__(self, column: pl.Series) -> None:
        arrow = column.to_arrow(compat_level=pl.CompatLevel.oldest())
        _, offsets, data = arrow.buffers()
        ends = np.frombuffer(offsets, np.int64)[arrow.offset : arrow.offset + len(column) + 1]
        first, last = int(ends[0]), int(ends[-1])
        # Eight bytes may be asked for that begin before the first text, or end behind the last.
        padded = np.zeros(last - first + 2 * _EIGHT, np.uint8)
        if last > first:
            padded[_EIGHT:-_EIGHT] = np.frombuffer(data, np.uint8)[first:last]
        self.starts = ends[:-1] + (_EIGHT - first)
        self.ends = ends[1:] + (_EIGHT - first)
        self._eights = np.ndarray((len(padded) - _EIGHT + 1,), "<u8", padded, strides=(1,))

    @property
    def lengths(self) -> Places:
        """How many bytes each text has."""
        return self.ends - self.starts

    def heads(self) -> Codes:
        """The first eight bytes of each text; zeros behind its end."""
        return self.at(self.starts)

    def tails(self) -> Codes:
        """The last eight bytes of each text; zeros before its beginning."""
        found: Codes = self._eights[self.ends - _EIGHT] & _TAILS[np.minimum(self.lengths, _EIGHT)]
        return found

    def at(self, places: Places) -> Codes:
        """Eight bytes of each text from a place in it on, which is not before its start; zeros behind its end."""
        return self.of_rows(places, self.ends)

    def of_rows(self, places: Places, ends: Places) -> Codes:
        """The same of some rows alone, of which ``ends`` are the ends."""
        found: Codes = self._eights[np.minimum(places, ends)] & _HEADS[np.clip(ends - places, 0, _EIGHT)]
        return found


class ShortLetters:
    """The bytes of a column of short texts, read where they lie; of a text of more than twelve, only the first four.

    Source: Apache Arrow, *Columnar Format*, Variable-size Binary View Layout: a length of four bytes and the text.
    """

    def __init__(self, column: pl.Series) -> None:
        arrow = column.to_arrow(compat_level=pl.CompatLevel.newest())
        views = np.frombuffer(arrow.buffers()[1], "<u8").reshape(-1, 2)[arrow.offset : arrow.offset + len(column)]
        self._length_and_first, self._rest = views[:, 0], views[:, 1]

    @property
    def lengths(self) -> Codes:
        """How many bytes each text has."""
        return self._length_and_first & np.uint64(0xFFFFFFFF)

    def heads(self) -> Codes:
        """The first eight bytes of each text; zeros behind its end."""
        return self._length_and_first >> np.uint64(32) | self._rest << np.uint64(32)

    def behind(self, count: int) -> Codes:
        """The bytes of each text from a place between its fifth and its twelfth byte on; zeros behind its end."""
        return self._rest >> np.uint64(8 * (count - 4))


def packed(column: pl.Series) -> Codes:
    """A number for each text: its bytes where they are at most eight, else a hash of it; 0 for none."""
    letters = Letters(column)
    codes = letters.heads()
    long = np.flatnonzero(letters.lengths > _EIGHT)
    if len(long):
        codes[long] = column.gather(long).hash(seed=7).to_numpy() | _ONE
    return codes


def packed_tails(column: pl.Series) -> Codes:
    """The last eight bytes of each text as a number; 0 for none."""
    return Letters(column).tails()


def flags_of_figures(eights: Codes) -> Codes:
    """The highest bit of each byte that is a figure."""
    apart = eights ^ each(ord("0"))
    return ~(((apart & _LOW) + each(0x80 - 10)) | apart) & HIGH


def flags_of_letters(eights: Codes) -> Codes:
    """The highest bit of each byte that is a letter of ASCII."""
    large = eights & _SMALL
    return (large + each(0x80 - ord("A"))) & ~(large + each(0x7F - ord("Z"))) & ~eights & HIGH


def capitals(eights: Codes) -> Codes:
    """The same with small letters of ASCII as large ones."""
    return eights & ~(flags_of_letters(eights) >> np.uint64(2))


def first_flagged(flags: Codes) -> tuple[Codes, Places]:
    """A mask of all bytes before the first flagged one, and how many they are: all eight where none is."""
    lowest = flags & (~flags + _ONE)
    before = (lowest >> _SEVEN) - _ONE
    return before, (np.bitwise_count(before) >> 3).astype(np.int64)


def last_unflagged(flags: Codes) -> tuple[Codes, Places]:
    """A mask of all bytes behind the last that is not flagged, and how many they are: all eight where all are."""
    other = (flags ^ HIGH) >> _SEVEN
    smeared = other | other >> _BITS
    smeared |= smeared >> np.uint64(16)
    smeared |= smeared >> np.uint64(32)
    behind = ~(smeared * np.uint64(0xFF))
    return behind, (np.bitwise_count(behind) >> 3).astype(np.int64)


def byte(eights: Codes, place: int | Places) -> Codes:
    """One byte of each eight; of place 8 or behind, 0."""
    if isinstance(place, int):
        return (eights >> np.uint64(8 * place)) & np.uint64(0xFF)
    return np.where(place < _EIGHT, eights >> (place.astype(np.uint64) * _BITS), np.uint64(0)) & np.uint64(0xFF)


def among(codes: Codes, few: Sequence[np.uint64]) -> Mask:
    """Which of them are one of a few."""
    found = np.zeros(len(codes), dtype=np.bool_)
    for each_code in few:
        found |= codes == each_code
    return found


def code(text: str) -> np.uint64:
    """The number of a short text, as :func:`packed` has it."""
    return np.uint64(int.from_bytes(text.encode(), "little"))


def tail_code(text: str) -> np.uint64:
    """The number of a short text, as :func:`packed_tails` has it."""
    return np.uint64(int.from_bytes(text.encode()[-_EIGHT:].rjust(_EIGHT, b"\0"), "little"))
