"""Countries as files write them, and their codes."""

from __future__ import annotations

from prefcenter.core.postal.tables import COUNTRIES


def country_code(text: str) -> str | None:
    """The ISO 3166 code of a country as it is usually written, or None where there is none or it is not known.

    >>> country_code("Germany"), country_code(" u.s.a. "), country_code("")
    ('DE', 'US', None)
    """
    plain = " ".join("".join(letter if letter.isalnum() else " " for letter in text.upper()).split())
    if not plain:
        return None
    if plain in COUNTRIES:
        return COUNTRIES[plain]
    return plain if len(plain) == 2 and plain.isascii() and plain.isalpha() else None
