"""The ZIP Code of a town that has only one, for an address that came without.

Source: the data of the PyPI package ``zipcodes`` (MIT).
"""

from __future__ import annotations

import re
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
