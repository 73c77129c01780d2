"""What the difference of two given names costs (P9).

Strict: two common ones are two people (MICHAEL and MICHELLE are siblings), unless one is a form of the other.
"""

from __future__ import annotations

from enum import IntEnum
from functools import cache

import numpy as np
import numpy.typing as npt
import polars as pl

from prefcenter.core.postal.nicknames import GivenRelation, given_relations
from prefcenter.core.postal.pairs import Costs, Flags, Pairs, first_of, nothing
from prefcenter.core.postal.similarity import Edits, begins_with, edits, heard_alike, likely_misspelt
from prefcenter.core.postal.tables_given import GIVEN_NAMES


class GivenKind(IntEnum):
    """How two given names differ."""

    OTHER = 0
    SAME = 1
    JOINED = 2
    NICKNAME = 3
    MISSPELT = 4
    INITIAL = 5
    DOUBTFUL = 6


def given_costs(persons: Pairs, near: Flags) -> tuple[Costs, npt.NDArray[np.int8]]:
    """The cost of each pair's given names, and their :class:`GivenKind`.

    Args:
        persons: the pairs.
        near: whether the surnames are alike; slips are forgiven only then.
    """
    costs, kinds = np.zeros(len(persons), dtype=np.float32), np.full(len(persons), np.int8(GivenKind.SAME))
    places = (~persons.same("first")).nonzero()[0]
    if len(places):
        costs[places], kinds[places] = _others(persons.take(places), near[places])
    return costs, kinds


def _others(persons: Pairs, near: Flags) -> tuple[Costs, npt.NDArray[np.int8]]:
    one, other = persons["first_l"], persons["first_r"]
    found = heard_alike(edits(one, other, near, at_most=2), one, other)
    related, first_letter = _relations_of(one, other), persons.begin_alike("first")
    letters = persons.letters("first_l"), persons.letters("first_r")
    initial = (np.minimum(*letters) == 1) & first_letter
    by_middle = persons.same("middle", "first") & (letters[1] >= 2)
    by_middle |= persons.same("first", "middle") & (letters[0] >= 2)
    misspelt, cut = _slips(persons, found, related != _CODE[GivenRelation.APART], first_letter)
    spelling = (related == _CODE[GivenRelation.SPELLING]) | _diminutive(one, other, first_letter)
    cases = [
        (_joined(persons), GivenKind.JOINED, 0.3),
        (spelling, GivenKind.NICKNAME, 0.7),
        (related == _CODE[GivenRelation.NICKNAME], GivenKind.NICKNAME, 1.0),
        (initial & by_middle, GivenKind.JOINED, 0.6),
        (initial, GivenKind.INITIAL, 2.0),
        (misspelt & (found == 1), GivenKind.MISSPELT, 1.2),
        (by_middle & ((letters[0] == 1) | (letters[1] == 1)), GivenKind.JOINED, 1.2),
        (misspelt, GivenKind.MISSPELT, 2.2),
        (cut, GivenKind.MISSPELT, 1.8),
        (related == _CODE[GivenRelation.SHARED], GivenKind.DOUBTFUL, 3.0),
        (by_middle, GivenKind.DOUBTFUL, 3.0),
        (np.minimum(*letters) == 0, GivenKind.DOUBTFUL, 3.2),
    ]
    kinds = np.zeros(len(persons), dtype=np.int8)
    for holds, kind, _ in reversed(cases):
        kinds[holds] = kind
    return first_of([(holds, cost) for holds, _, cost in cases]), kinds


_CODE = {relation: number for number, relation in enumerate(GivenRelation, start=1)}


def _relations_of(one: pl.Series, other: pl.Series) -> npt.NDArray[np.int8]:
    """The :class:`.GivenRelation` of each two names, as a number of ``_CODE``; 0 where nothing is known."""
    known = _relations()
    codes = (known.get(names, 0) for names in zip(one.to_list(), other.to_list(), strict=True))
    return np.fromiter(codes, dtype=np.int8, count=len(one))


@cache
def _relations() -> dict[tuple[str, str], int]:
    return {(one, other): _CODE[GivenRelation(relation)] for one, other, relation in given_relations().iter_rows()}


_COMMON = frozenset(GIVEN_NAMES)


def _slips(persons: Pairs, found: Edits, not_apart: Flags, first_letter: Flags) -> tuple[Flags, Flags]:
    """Whether one is the other misspelt, or cut off at the end of its field; two common names are two people."""
    # LILIANA and GIULIANA are sisters: two slips leave the first letter alone.
    misspelt = likely_misspelt(found, persons["first_l"], persons["first_r"]) & ((found == 1) | first_letter)
    cut = nothing(len(persons))
    places = ((misspelt | first_letter) & not_apart).nonzero()[0]
    some = persons.take(places)
    one, other = some["first_l"], some["first_r"]
    common_l, common_r = _are_common(one), _are_common(other)
    two_names = common_l & common_r
    both = (two_names & (found[places] == 1)).nonzero()[0]
    two_names[both] = ~_slip_of_the_finger(one[both], other[both])
    cut[places] = ((_cut(one, other) & ~common_r) | (_cut(other, one) & ~common_l)) & ~two_names
    kept = nothing(len(persons))
    kept[places] = misspelt[places] & ~two_names
    return kept, cut


def _are_common(names: pl.Series) -> Flags:
    return np.fromiter((name in _COMMON for name in names.to_list()), dtype=np.bool_, count=len(names))


def _cut(whole: pl.Series, part: pl.Series) -> Flags:
    cut: Flags = begins_with(whole, part) & (part.str.len_chars() >= 4).to_numpy()
    return cut


def _slip_of_the_finger(ones: pl.Series, others: pl.Series) -> Flags:
    """Two letters exchanged or one doubled: JOESPH, SHELIA, ANNNA, which are names too and yet seldom two people."""
    names = zip(ones.to_list(), others.to_list(), strict=True)
    turned = np.fromiter((sorted(one) == sorted(other) for one, other in names), dtype=np.bool_, count=len(ones))
    doubled = ones.str.replace_many(_DOUBLE) == others.str.replace_many(_DOUBLE)
    slips: Flags = turned | doubled.to_numpy()
    return slips


_DOUBLE = {letter * 2: letter for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}


def _diminutive(one: pl.Series, other: pl.Series, first_letter: Flags) -> Flags:
    """ROBBIE and ROBBY, KELSEY and KELSIE; MARIE and MARY are two names."""
    alike = nothing(len(one))
    places = first_letter.nonzero()[0]
    stem, like = (name[places].str.extract("^(.*?)(?:IE|EY|Y)$") for name in (one, other))
    alike[places] = ((stem == like) & (stem.str.len_chars() >= 3) & (stem != "MAR")).fill_null(value=False).to_numpy()
    return alike


def _joined(persons: Pairs) -> Flags:
    """MARY ANN and MARYANN, but not PAUL A and PAULA."""
    one = persons.same("given", "first") & (persons.letters("middle_l") >= 2)
    return one | (persons.same("first", "given") & (persons.letters("middle_r") >= 2))
