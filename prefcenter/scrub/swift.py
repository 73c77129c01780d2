"""The cheap look at rows written in the commonest way, straight from their bytes; at others, by way of text.

Both say the same: this one only where nothing but figures, a space and ASCII letters stand where it looks.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from prefcenter.core.postal.blocks import WORD_LETTERS
from prefcenter.scrub.glance import (
    AFTER_NAMES,
    DIRECTION_WORDS,
    DIRECTIONS,
    FLOORS,
    NO_SURNAMES,
    NOWHERE,
    NUMBERED_WORDS,
    ROAD_WORDS,
    SHORT_FORMS,
    STATE_CODES,
    SUFFIX_WORDS,
    surnames,
    unparted,
)
from prefcenter.scrub.letters import (
    HIGH,
    Codes,
    Letters,
    Mask,
    Places,
    ShortLetters,
    among,
    byte,
    capitals,
    code,
    first_flagged,
    flags_of_figures,
    flags_of_letters,
    last_unflagged,
    packed_tails,
    tail_code,
)
from prefcenter.scrub.showing import Shown

_EIGHT = 8
_SEVEN, _FIVE, _THREE, _TWO, _BYTE = (np.uint64((1 << 8 * count) - 1) for count in (7, 5, 3, 2, 1))
_SPACE, _POINT, _DASH = (np.uint64(ord(letter)) for letter in " .-")


def _ending(codes: Codes) -> npt.NDArray[np.int64]:
    """Sixteen bits of each, mixed from all."""
    return ((codes * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(48)).astype(np.int64)


_SHORT_DIRECTIONS = [code(each) for each in DIRECTIONS if len(each) < WORD_LETTERS]
_LONG_DIRECTIONS = [code(each) for each in DIRECTIONS if len(each) == WORD_LETTERS]
_FLOORS = [code(each) for each in FLOORS]
_ORDINALS = [code(each) for each in ("ST", "ND", "RD", "TH")]
_WRITTEN_OUT = {
    length: [code(f"{each} ") for each in words]
    for length, words in {4: ("EAST", "WEST"), 5: ("NORTH", "SOUTH")}.items()
}
_TURNED_TWICE = [code(f"{each}{other}") for each in ("NORTH", "SOUTH") for other in ("EA", "WE")]
_KNOWN = (
    {word: code(form) for word, form in SHORT_FORMS.items() if len(word) < _EIGHT}
    | {word[:_EIGHT]: np.uint64(0) for word in (*SHORT_FORMS, *ROAD_WORDS, *NUMBERED_WORDS) if len(word) >= _EIGHT}
    | {word: np.uint64(0) for word in (*ROAD_WORDS, *NUMBERED_WORDS) if len(word) < _EIGHT}
)
"""Words that have a short form, and those (0) of which only the text can tell what they are."""
_WORDS, _FORMS = map(np.array, zip(*sorted((code(word), form) for word, form in _KNOWN.items()), strict=True))
_MAY_BE_KNOWN = np.zeros(1 << 16, dtype=np.bool_)
_MAY_BE_KNOWN[_ending(_WORDS)] = True
_SECOND_WORDS = np.array(
    sorted({code(each[:_EIGHT]) for each in (*ROAD_WORDS, *NUMBERED_WORDS, *DIRECTION_WORDS, *SUFFIX_WORDS)})
)
_MAY_BE_SECOND = np.zeros(1 << 16, dtype=np.bool_)
_MAY_BE_SECOND[_ending(_SECOND_WORDS)] = True
_NOT_LAST = np.array([tail_code(each) for each in (*NO_SURNAMES, *AFTER_NAMES)])
_MAY_NOT_BE_LAST = np.zeros(1 << 16, dtype=np.bool_)
_MAY_NOT_BE_LAST[_ending(_NOT_LAST)] = True
_STATES = np.zeros(1 << 16, dtype=np.bool_)
_STATES[np.array([code(state) for state in STATE_CODES], dtype=np.int64)] = True


def swift(written: pl.DataFrame) -> Shown:
    """What rows tell that are written in the commonest way; of the others ``plain`` is false, and nothing is told."""
    street = _street(Letters(written["address1"]))
    zip5, has_zip = _zip5(ShortLetters(written["zip"]))
    state, has_state = _state(ShortLetters(written["state"]))
    letter, has_letter = _letter(ShortLetters(written["city"]))
    last, has_last = _last(_names(written))
    plain = street.sure & has_zip & has_state & has_letter & _unparted(written)
    _read_by_text(last, has_last, np.flatnonzero(plain & ~has_last), written)
    plain &= has_last
    nowhere = np.full(len(plain), code(NOWHERE))
    return Shown(
        street.number, zip5, zip5 & _THREE, state, letter, street.word, street.word2, street.word3,
        last, np.zeros_like(last), nowhere, plain,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Street:
    """The number, the first word, the second where the first is a direction, its short form; and where that is sure."""

    number: Codes
    word: Codes
    word2: Codes
    word3: Codes
    sure: Mask


def _street(line: Letters) -> _Street:
    heads = line.heads()
    before, count = first_flagged(flags_of_figures(heads) ^ HIGH)
    # One to six figures, the first of them no zero, and a space.
    sure = (count > 0) & (count <= 6) & (byte(heads, 0) != ord("0")) & (byte(heads, count) == _SPACE)
    places = line.starts + count + 1
    eights = capitals(line.at(places))
    word, whole, has_word = _word(eights)
    word3, is_told = _short_forms(whole)
    length, is_known = _direction(eights, word)
    directed = np.flatnonzero(sure & (length > 0))
    second, second_form, has_second = _second_word(line, directed, (places + length)[directed])
    word2 = np.zeros_like(word)
    word2[directed], word3[directed] = second, second_form
    sure &= (has_word | (length > 0)) & is_known & is_told & ~among(word, _FLOORS)
    sure[directed] &= has_second
    return _Street(heads & before, word, word2, word3, sure)


def _second_word(line: Letters, rows: Places, places: Places) -> tuple[Codes, Codes, Mask]:
    """The word behind a direction: its first letters, its short form, and whether it is a street's for certain."""
    has_space = byte(line.of_rows(places, line.ends[rows]), 0) == _SPACE
    word, whole, has_word = _word(capitals(line.of_rows(places + 1, line.ends[rows])))
    form, is_told = _short_forms(whole)
    return word, form, has_space & has_word & is_told & ~_may_be_second(whole)


def _may_be_second(words: Codes) -> Mask:
    """Words behind a direction of which only the text can tell what they are."""
    perhaps = np.flatnonzero(_MAY_BE_SECOND[_ending(words)])
    found = np.zeros(len(words), dtype=np.bool_)
    found[perhaps] = np.isin(words[perhaps], _SECOND_WORDS)
    return found


def _short_forms(words: Codes) -> tuple[Codes, Mask]:
    """The first letters of the short form of words that have one; and of which words that is known."""
    forms, known = np.zeros_like(words), np.ones(len(words), dtype=np.bool_)
    perhaps = np.flatnonzero(_MAY_BE_KNOWN[_ending(words)])
    places = np.minimum(np.searchsorted(_WORDS, words[perhaps]), len(_WORDS) - 1)
    met = _WORDS[places] == words[perhaps]
    forms[perhaps[met]] = _FORMS[places[met]]
    known[perhaps[met]] = _FORMS[places[met]] != 0
    return forms, known


def _direction(eights: Codes, word: Codes) -> tuple[Places, Mask]:
    """How long the direction is that a line begins with, 0 where with none; and where that is known."""
    length = np.where(among(word, _SHORT_DIRECTIONS), (word > _BYTE).astype(np.int64) + 1, 0)
    known = np.ones(len(word), dtype=np.bool_)
    long = np.flatnonzero(among(word, _LONG_DIRECTIONS))
    if len(long):
        starts = eights[long]
        for letters, words in _WRITTEN_OUT.items():
            length[long[among(starts & np.uint64((1 << 8 * (letters + 1)) - 1), words)]] = letters
        known[long] = ~among(starts & _SEVEN, _TURNED_TWICE)
    return length, known


def _word(eights: Codes) -> tuple[Codes, Codes, Mask]:
    """The first letters of a word in capitals, up to eight of them, and whether it is a street's for certain.

    One of two letters ends in a space or a point, an ordinal in its letters; a single letter can only be a direction.
    """
    before, count = first_flagged(flags_of_letters(eights) ^ HIGH)
    after = byte(eights, 2)
    word = eights & before & _THREE
    sure = (count >= WORD_LETTERS) | ((count == 2) & ((after == _SPACE) | (after == _POINT)))
    numbered = np.flatnonzero(count == 0)
    if len(numbered):
        starts = eights[numbered]
        figures = first_flagged(flags_of_figures(starts) ^ HIGH)[1]
        behind = byte(starts, figures + 2)
        ends = among((starts >> (figures.astype(np.uint64) * np.uint64(8))) & _TWO, _ORDINALS)
        ends &= (figures >= 1) & (figures <= 3) & ((behind == _SPACE) | (behind == 0))
        word[numbered[ends]] = starts[ends] & _THREE
        sure[numbered[ends]] = True
    return word, eights & before, sure


def _zip5(zips: ShortLetters) -> tuple[Codes, Mask]:
    heads, lengths = zips.heads(), zips.lengths
    figures = flags_of_figures(heads)
    zip5 = heads & _FIVE
    sure = ((figures & HIGH & _FIVE) == (HIGH & _FIVE)) & (zip5 != code("00000"))
    longer = np.flatnonzero(lengths != 5)
    if len(longer):
        rest = zips.behind(5)[longer]
        dashed = (byte(rest, 0) == _DASH) & (lengths[longer] == 10)
        four = np.where(dashed, rest >> np.uint64(8), rest)
        whole = (flags_of_figures(four) & (HIGH >> np.uint64(32))) == (HIGH >> np.uint64(32))
        sure[longer] &= whole & (dashed | (lengths[longer] == 9))
    return zip5, sure


def _state(states: ShortLetters) -> tuple[Codes, Mask]:
    state = capitals(states.heads())
    two = states.lengths == 2
    return state, two & _STATES[np.where(two, state, np.uint64(0)).astype(np.int64)]


def _letter(cities: ShortLetters) -> tuple[Codes, Mask]:
    first = cities.heads() & _BYTE
    is_letter = (flags_of_letters(first) & _BYTE) != 0
    return np.where(is_letter, capitals(first), np.uint64(0)), is_letter | (cities.lengths == 0)


def _names(written: pl.DataFrame) -> pl.Series:
    """The surname's own column where it says something, else the whole name."""
    if not (written["last_name"] != "").any():
        return written["name"]
    return written.select(pl.when(pl.col("last_name") == "").then("name").otherwise("last_name").alias("last"))["last"]


def _last(names: pl.Series) -> tuple[Codes, Mask]:
    """The last letters of the last word; one before a comma, or behind anything but a space, is found by text."""
    letters = Letters(names)
    tails = letters.tails()
    behind, count = last_unflagged(flags_of_letters(tails))
    last = capitals(tails & behind)
    # What stands before the word: a space, nothing, or more of the word.
    before = np.where(count < 8, byte(tails, np.maximum(7 - count, 0)), _SPACE)
    begins = (before == _SPACE) | (count == letters.lengths)
    has_comma = names.str.contains(",", literal=True).to_numpy()
    return last, begins & (count > 0) & ~has_comma & ~_may_not_be_last(last)


def _read_by_text(last: Codes, has_last: Mask, places: Places, written: pl.DataFrame) -> None:
    """Put in the surnames of rows of which nothing else is in doubt, as the text has them: hyphens, commas, Jr."""
    if len(places):
        last[places] = packed_tails(surnames(written[places]))
        has_last[places] = ~_may_not_be_last(last[places])


def _may_not_be_last(tails: Codes) -> Mask:
    """Last words that are not the surname, or end as one of those does."""
    perhaps = np.flatnonzero(_MAY_NOT_BE_LAST[_ending(tails)])
    found = np.zeros(len(tails), dtype=np.bool_)
    found[perhaps] = np.isin(tails[perhaps], _NOT_LAST)
    return found


def _unparted(written: pl.DataFrame) -> Mask:
    return written.select(unparted().alias("unparted"))["unparted"].to_numpy()
