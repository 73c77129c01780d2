"""Directions and suffixes misspelt as fingers and scanners do: neighbours exchanged, a letter doubled, lost or misread.

Only what is no word, no name and no other suffix: a street may be called SPRING, NORAH or TRIAL.
"""

from __future__ import annotations

from collections.abc import Iterator
from string import ascii_uppercase

from prefcenter.core.postal.tables import DIRECTIONS
from prefcenter.core.postal.tables_suffixes import SUFFIX_FORMS, SUFFIXES

_MISREAD = ("NORTH", "SOUTH")
_LONG = (
    "NORTHEAST", "NORTHWEST", "SOUTHEAST", "SOUTHWEST", "AVENUE", "STREET", "BOULEVARD", "PARKWAY", "HIGHWAY",
    "TERRACE", "CIRCLE", "SQUARE", "TURNPIKE",
)  # fmt: skip
_SHORT = ("EAST", "WEST", "DRIVE", "COURT", "PLACE", "ROAD", "LANE", "TRAIL")

_WORDS = frozenset(
    "NORAH NORTA NORTE NORTO NORTZ SOOTH SOUCH SOUGH SOUTA SOUTE SOUTO SOUTZ CIRCE TRIAL RODA EATS WETS".split()
)
"""What is a word or a name of its own."""


def _exchanged(word: str) -> Iterator[str]:
    return (word[:at] + word[at + 1] + word[at] + word[at + 2 :] for at in range(len(word) - 1))


def _doubled(word: str) -> Iterator[str]:
    return (word[:at] + word[at] + word[at:] for at in range(len(word)))


def _shortened(word: str) -> Iterator[str]:
    """One letter lost, though never the first: that is what a word is known by."""
    return (word[:at] + word[at + 1 :] for at in range(1, len(word)))


def _misread(word: str) -> Iterator[str]:
    letters = ascii_uppercase + "0"
    return (word[:at] + letter + word[at + 1 :] for at in range(1, len(word)) for letter in letters)


_WAYS = (
    (_MISREAD, (_exchanged, _doubled, _shortened, _misread)),
    (_LONG, (_exchanged, _doubled, _shortened)),
    (_SHORT, (_exchanged, _doubled)),
)
"""What is said of a word: the shorter, the more of its slips are words, and each costs the look-up of one address."""


def _slips() -> Iterator[tuple[str, str]]:
    forms = DIRECTIONS | SUFFIXES
    for words, ways in _WAYS:
        for word in words:
            yield from ((slip, forms[word]) for way in ways for slip in way(word))


SLIPS: dict[str, str] = {
    slip: form
    for slip, form in _slips()
    if slip not in _WORDS and slip not in SUFFIXES and slip not in SUFFIX_FORMS and slip not in DIRECTIONS
}
"""Each slip and the form of the word that was meant."""
