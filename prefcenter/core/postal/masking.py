"""A postal address shown so that an operator knows it again, and nobody can write to it or find the door."""

from __future__ import annotations

import re
from collections.abc import Mapping

_HIDDEN = "•••"
_DIRECTIONS = frozenset({"north", "south", "east", "west", "northeast", "northwest", "southeast", "southwest"})


def recognisable(given: Mapping[str, str]) -> str:
    """The initials of who is written to and of the street, how the house number begins, and the ZIP area (X8).

    >>> recognisable({"name": "Jane Doe", "address1": "123 N Main St", "city": "Portland", "zip": "97201-4411"})
    'J••• D•••, 1•• M•••, 97201'
    >>> recognisable({"company": "Acme", "address1": "Box 7", "city": "Leeds", "zip": "LS1 4AP", "country": "GB"})
    'A•••, 7•• B•••, LS1•••, GB'

    Args:
        given: the fields as they were given; blank ones may be left out.
    """
    who = given.get("name") or given.get("company") or ""
    names = " ".join(f"{word[0]}{_HIDDEN}" for word in re.findall(r"\w[\w'’-]*", who)[:3])
    parts = (names, _street(given.get("address1", "")), _area(given), given.get("country", ""))
    return ", ".join(part for part in parts if part) or _HIDDEN


def _street(line: str) -> str:
    words = re.findall(r"\w+", line)
    numbers = [word for word in words if word[0].isdigit()]
    names = [word for word in words if word not in numbers]
    # MAIN of N MAIN STREET, however the street is written out.
    telling = [word for word in names if len(word) > 2 and word.lower() not in _DIRECTIONS] or names
    told = [f"{numbers[0][0]}••" if numbers else "", f"{telling[0][0]}{_HIDDEN}" if telling else ""]
    return " ".join(part for part in told if part)


def _area(given: Mapping[str, str]) -> str:
    """The ZIP5; of any other code the beginning, since a whole one may be a few doors; else city and state."""
    code = given.get("zip", "").strip()
    if re.fullmatch(r"[0-9]{5}(?:[ -]?[0-9]{4})?", code, re.ASCII):
        return code[:5]
    if code:
        return f"{code[:3]}{_HIDDEN}"
    city = given.get("city", "").strip()
    return " ".join(part for part in (f"{city[0]}{_HIDDEN}" if city else "", given.get("state", "").strip()) if part)
