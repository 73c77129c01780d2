"""Countries as files write them, and their codes."""

from __future__ import annotations

import unicodedata

from prefcenter.core.postal.tables import COUNTRIES, NO_COUNTRY

UNKNOWN = "ZZ"
"""A country that is named, and that we don't know. Source: ISO 3166-1, user-assigned code elements."""


def country_code(text: str) -> str | None:
    """The ISO 3166 code of a country as it is usually written, or None where none is named.

    A word that is not known is a country all the same, and not the default: it has the strictest rules (G7, X1).

    >>> country_code("Germany"), country_code(" u.s.a. "), country_code("N/A"), country_code("Atlantis")
    ('DE', 'US', None, 'ZZ')
    """
    bare = "".join(letter for letter in unicodedata.normalize("NFKD", text) if not unicodedata.combining(letter))
    plain = " ".join("".join(letter if letter.isalnum() else " " for letter in bare.upper()).split())
    if not plain or plain in NO_COUNTRY:
        return None
    if plain in COUNTRIES:
        return COUNTRIES[plain]
    return plain if len(plain) == 2 and plain.isascii() and plain.isalpha() else UNKNOWN
