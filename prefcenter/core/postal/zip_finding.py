"""The ZIP Code of a town that has only one, for an address that came without; and the towns of a ZIP Code.

Source: the data of the PyPI package ``zipcodes`` (MIT).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

from prefcenter.core.postal.tables import STATES


def only_zip(city: str, state: str) -> str | None:
    """The one ZIP Code in which a town's mail lies, or None where it has several, or is unknown.

    The first call reads the table, which takes about a second.

    >>> only_zip("Barre", "Vermont"), only_zip("Burlington", "VT")
    ('05641', None)
    """
    found = _by_town().get((_plain(city), _state(state)), frozenset())
    return next(iter(found)) if len(found) == 1 else None


def town_behind(words: Sequence[str], zip_code: str) -> int:
    """How many words at the end of a line are a town that a ZIP Code serves; 0 where they are none of its.

    People write more names than the post wants to see, so the unwanted ones count as well.

    Args:
        words: of the line, in upper case, without ZIP Code and state.
        zip_code: its five figures.

    >>> town_behind("12 GRAND FORKS GRAND FORKS".split(), "58201"), town_behind("12 MAIN".split(), "58201")
    (2, 0)
    """
    towns = _by_zip().get(zip_code, frozenset())
    most = max((town.count(" ") + 1 for town in towns), default=0)
    counts = range(min(most, len(words)), 0, -1)
    return next((count for count in counts if _plain(" ".join(words[-count:])) in towns), 0)


@cache
def _by_zip() -> dict[str, frozenset[str]]:
    import zipcodes

    return {
        each["zip_code"]: frozenset(
            map(_plain, (each["city"], *each["acceptable_cities"], *each["unacceptable_cities"]))
        )
        for each in zipcodes.list_all()  # type: ignore[no-untyped-call]  # it has no types
    }


@cache
def _by_town() -> dict[tuple[str, str], frozenset[str]]:
    """The ZIP Codes of each town, by every name that the post takes for it; firms with one of their own are no town."""
    import zipcodes

    towns: dict[tuple[str, str], set[str]] = {}
    for each in zipcodes.list_all():  # type: ignore[no-untyped-call]  # it has no types
        if not each["active"] or each["zip_code_type"] == "UNIQUE":
            continue
        for name in (each["city"], *each["acceptable_cities"]):
            towns.setdefault((_plain(name), each["state"]), set()).add(each["zip_code"])
    return {town: frozenset(found) for town, found in towns.items()}


def _plain(text: str) -> str:
    words = re.sub(r"[^A-Z ]", "", text.upper()).split()
    return " ".join({"SAINT": "ST", "FORT": "FT", "MOUNT": "MT"}.get(word, word) for word in words)


def _state(text: str) -> str:
    return STATES.get(_plain(text), _plain(text))
