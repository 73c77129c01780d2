"""How the two records of a true pair of FEBRL differ: which misses are slips, and which are another name or street."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

import polars as pl
from rapidfuzz.distance import JaroWinkler

_ANOTHER = 0.7
"""Below this Jaro-Winkler similarity a name is another name and not a misspelling of it."""


class Difference(StrEnum):
    """What weighs most between two records of one person, the first that holds."""

    NO_STREET = "no street on one side"
    CROSSED_NAMES = "first and last name crossed"
    CROSSED_LINES = "street in the other line"
    NO_NAME = "a name missing"
    BOTH_NAMES = "both names others"
    GIVEN = "another given name"
    SURNAME = "another surname"
    STREET = "another street"
    NO_PLACE = "postcode, suburb or state missing"
    SLIPS = "slips only"


def print_classes(records: pl.DataFrame, judged: pl.DataFrame) -> None:
    """Print what became of the true pairs of each kind.

    Args:
        records: FEBRL's, with ``number`` and ``street``.
        judged: true pairs ``l``, ``r`` (rows), ``outcome`` (``removed``, ``unsure`` or ``different``).
    """
    rows = records.to_dicts()
    kinds = [_difference(rows[one], rows[other]).value for one, other in judged.select("l", "r").iter_rows()]
    told = judged.with_columns(pl.Series("kind", kinds)).group_by("kind", "outcome").len()
    counts = {(kind, outcome): count for kind, outcome, count in told.iter_rows()}
    print(f"    {'what became of the true pairs':<40}{'removed':>10}{'unsure':>10}{'missed':>10}")
    for kind in Difference:
        cells = [counts.get((kind.value, outcome), 0) for outcome in ("removed", "unsure", "different")]
        print(f"      {kind.value:<38}" + "".join(f"{cell:>10,}" for cell in cells))


def is_another(one: str, other: str) -> bool:
    """Whether two values are given and no misspellings of each other."""
    return bool(one and other) and JaroWinkler.similarity(one, other) < _ANOTHER


def _difference(one: Mapping[str, str], other: Mapping[str, str]) -> Difference:
    given, surname, street = (is_another(one[name], other[name]) for name in ("given_name", "surname", "street"))
    cases = (
        (not (one["street"] and other["street"]), Difference.NO_STREET),
        (_crossed(one, other, "given_name", "surname"), Difference.CROSSED_NAMES),
        (_crossed(one, other, "street", "address_2"), Difference.CROSSED_LINES),
        (_one_missing(one, other, ("given_name", "surname")), Difference.NO_NAME),
        (given and surname, Difference.BOTH_NAMES),
        (given, Difference.GIVEN),
        (surname, Difference.SURNAME),
        (street, Difference.STREET),
        (_one_missing(one, other, ("postcode", "suburb", "state")), Difference.NO_PLACE),
    )
    return next((kind for holds, kind in cases if holds), Difference.SLIPS)


def _crossed(one: Mapping[str, str], other: Mapping[str, str], name: str, beside: str) -> bool:
    """Whether a value stands in the other column, or nearly, and not in its own."""
    if not is_another(one[name], other[name]):
        return False
    sides = ((one[name], other[beside]), (one[beside], other[name]))
    return any(left and right and not is_another(left, right) for left, right in sides)


def _one_missing(one: Mapping[str, str], other: Mapping[str, str], names: tuple[str, ...]) -> bool:
    return any(not (one[name] and other[name]) for name in names)
