"""Can a row lie where an entry of the list lies? Asked of every row by what it shows, before anything is standardised.

When no entry shows the same in any of a few ways, no rule can make the row meet one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce

import numpy as np
import numpy.typing as npt
import polars as pl

from prefcenter.scrub.letters import Codes, Mask
from prefcenter.scrub.showing import Shown

WAYS: tuple[tuple[str, ...], ...] = (
    ("number", "zip5"),
    ("number", "zip3", "word"),
    ("number", "state", "last"),
    ("number", "state", "letter", "word"),
    ("number", "nowhere", "letter", "word"),
    ("number", "letter", "word", "last"),
)
"""What must be equal in one of these ways, or a row and an entry have no block in common."""

_BY_NAME = WAYS[2]
FINER: tuple[tuple[str, ...], ...] = (
    ("number", "state", "letter", "last"),
    ("number", "zip3", "last"),
    ("number", "state", "zip_end", "last"),
    ("number", "zip_turned", "last"),
    ("number", "state", "no_zip", "last"),
)
"""What must be equal besides where the surname alone brings two together: many of a name live at a number in a state.

No rule for pairs calls them the same unless they share the town, its ZIP area, or a ZIP Code but for one slip; where an
entry has no ZIP Code, the town may be misspelt from its first letter on (:mod:`prefcenter.core.postal.pair_addresses`).
"""


_OTHERS = {"word": ("word2", "word3"), "last": ("last2",)}
"""What may stand in the place of another thing that is shown: the second word where the first is a direction …"""


def ways_of(entries: Shown) -> pl.DataFrame:
    """The ways in which entries can be met, as hashes (u64; 0 where one does not tell enough for it).

    Of a couple there is a second one for each way that the surname has a part in.
    """
    told = {}
    for number, way in enumerate((*WAYS, *FINER)):
        told[f"way{number}"] = _told(entries, way)
        if "last" in way:
            told[f"way{number}b"] = _told(entries, _instead(way, "last", "last2"))
    return pl.DataFrame(told)


def _instead(way: tuple[str, ...], name: str, other: str) -> tuple[str, ...]:
    return tuple(other if each == name else each for each in way)


def _told(entries: Shown, way: tuple[str, ...]) -> Codes:
    masks: list[Mask] = [_part(entries, name) != 0 for name in way]
    if "no_zip" in way:
        masks.append(entries.zip5 == 0)
    return np.where(reduce(np.logical_and, masks), _Hashes(entries).of(way), np.uint64(0))


@dataclass(frozen=True, slots=True)
class Sieve:
    """A few bits for every way in which an entry can be met: none slips through, and few rows are kept in vain.

    The bits of one way lie in one word, so that asking costs one look into memory (a blocked Bloom filter; Putze,
    Sanders and Singler, *Cache-, Hash- and Space-Efficient Bloom Filters*, 2007).

    Args:
        words: the bits, 64 a word; how many words, is a power of two.
        finer: the same for :data:`FINER`, which few rows are asked for.
        used: which of the ways any entry can be met in.
    """

    words: Codes
    finer: Codes
    used: tuple[bool, ...]

    @classmethod
    def of(cls, ways: pl.DataFrame) -> Sieve:
        """Take in the ways in which entries can be met: frames of :func:`ways_of`, side by side under any names."""
        columns = {column.name: column.to_numpy() for column in ways}
        used = tuple(
            any(bool(column.any()) for name, column in columns.items() if _number(name) == number)
            for number in range(len(WAYS))
        )
        coarse = {name: column for name, column in columns.items() if _number(name) < len(WAYS)}
        finer = {name: column for name, column in columns.items() if _number(name) >= len(WAYS)}
        return cls(_words(coarse), _words(finer), used)

    def may_meet(self, rows: Shown) -> Mask:
        """Which rows may lie where an entry lies, by any way."""
        perhaps, hashes = np.zeros(len(rows), dtype=np.bool_), _Hashes(rows)
        for way in self._ways():
            perhaps |= self._may_hold(hashes.of(way))
        places = np.flatnonzero(perhaps)
        met, some = np.zeros(len(rows), dtype=np.bool_), _Hashes(rows.of(places))
        by_name = np.zeros(len(places), dtype=np.bool_)
        for way in self._ways():
            if way == _BY_NAME:
                by_name = self._holds(some.of(way))
            else:
                met[places] |= self._holds(some.of(way))
        met[places[by_name]] |= self._are_near(rows.of(places[by_name]))
        # Few rows have another word or surname to show.
        for name, others in _OTHERS.items():
            for other in others:
                places = np.flatnonzero(getattr(rows, other))
                if len(places):
                    some = _Hashes(rows.of(places))
                    for way in self._ways():
                        for instead in _with(way, name, other):
                            met[places] |= self._holds(some.of(instead))
        return met

    def _are_near(self, rows: Shown) -> Mask:
        """Which rows lie near an entry of their surname; one without a ZIP Code always does."""
        hashes = _Hashes(rows)
        near: Mask = rows.zip5 == 0
        for way in FINER:
            near |= _hold(self.finer, hashes.of(way))
        return near

    def _ways(self) -> Iterator[tuple[str, ...]]:
        return (way for way, is_used in zip(WAYS, self.used, strict=True) if is_used)

    def _may_hold(self, hashes: Codes) -> Mask:
        """Asks for one bit alone, which most hashes lack that are not held."""
        held: Mask = (self.words[_places(hashes, len(self.words))] >> _first_bit(hashes)) & np.uint64(1) != 0
        return held

    def _holds(self, hashes: Codes) -> Mask:
        return _hold(self.words, hashes)


def _hold(words: Codes, hashes: Codes) -> Mask:
    bits = _bits(hashes)
    held: Mask = (words[_places(hashes, len(words))] & bits) == bits
    return held


def _words(columns: dict[str, Codes]) -> Codes:
    """The bits of hashes; what an entry shows the same as it was written and in its standard form, once."""
    alike = {name: columns.get(name.removeprefix(AS_WRITTEN)) for name in columns if name.startswith(AS_WRITTEN)}
    new = [column[column != alike[name]] if name in alike else column for name, column in columns.items()]
    every = np.concatenate([*new, np.empty(0, dtype=np.uint64)])
    every = every[every != 0]
    size = int(np.clip(np.ceil(np.log2(max(len(every), 1) / _WAYS_A_WORD)), 4, 32))
    words = np.zeros(1 << size, dtype=np.uint64)
    np.bitwise_or.at(words, _places(every, len(words)), _bits(every))
    return words


def _with(way: tuple[str, ...], name: str, other: str) -> Iterator[tuple[str, ...]]:
    """The way with another thing in the place of one, and with another surname beside it, too."""
    if name in way:
        yield _instead(way, name, other)
        if name == "word" and "last" in way:
            yield _instead(_instead(way, name, other), "last", "last2")


def _number(column: str) -> int:
    return int(column.removeprefix(AS_WRITTEN).removeprefix("way").rstrip("b"))


AS_WRITTEN = "as_written_"
"""What stands before the name of a way in which an entry can be met as it was written."""

_WAYS_A_WORD = 2
"""So many share a word at most: a row that lies elsewhere is then kept in about one of ten thousand."""


class _Hashes:
    """Hashes of what rows show; ways that begin alike are reckoned together."""

    def __init__(self, rows: Shown) -> None:
        self._rows = rows
        self._known: dict[tuple[str, ...], Codes] = {(): np.full(len(rows), _ODD)}

    def of(self, way: tuple[str, ...]) -> Codes:
        """A hash of what each row shows in a way, never 0."""
        return self._mixed(way) | np.uint64(1)

    def _mixed(self, way: tuple[str, ...]) -> Codes:
        if way not in self._known:
            mixed: Codes = (self._mixed(way[:-1]) ^ _part(self._rows, way[-1])) * _ODD
            self._known[way] = mixed ^ (mixed >> np.uint64(32))
        return self._known[way]


def _part(rows: Shown, name: str) -> Codes:
    """What rows show of one thing: what stands in a column of theirs, or of their ZIP Code in other ways."""
    part: Codes
    if name == "zip_end":
        part = rows.zip5 >> np.uint64(24)
    elif name == "zip_turned":
        third, fourth = (rows.zip5 >> np.uint64(shift) & np.uint64(0xFF) for shift in (16, 24))
        pair = np.minimum(third, fourth) | np.maximum(third, fourth) << np.uint64(8)
        part = rows.zip5 & np.uint64(0xFF0000FFFF) | pair << np.uint64(16)
    elif name == "no_zip":
        part = np.ones_like(rows.zip5)
    else:
        part = getattr(rows, name)
    return part


_ODD = np.uint64(0x9E3779B97F4A7C15)
_SECOND = np.uint64(0xC2B2AE3D27D4EB4F)


def _places(hashes: Codes, words: int) -> npt.NDArray[np.int64]:
    """The word in which the bits of each hash stand."""
    return ((hashes * _SECOND) >> np.uint64(64 - (words.bit_length() - 1))).astype(np.int64)


def _first_bit(hashes: Codes) -> Codes:
    """The place of one of the bits of each hash."""
    return (hashes >> np.uint64(20)) & np.uint64(63)


def _bits(hashes: Codes) -> Codes:
    """The four bits of each hash."""
    mixed = hashes * _ODD
    places = ((mixed >> np.uint64(shift)) & np.uint64(63) for shift in (58, 52, 46))
    bits: Codes = reduce(np.bitwise_or, (np.uint64(1) << place for place in (_first_bit(hashes), *places)))
    return bits
