"""What a column's name says: what it stands for, and which of several addresses it belongs to."""

from __future__ import annotations

import re
import unicodedata
from functools import cache

from prefcenter.files.spellings import BEFORE_HYGIENE, MOVED_ROLES, QUALIFIERS, SPELLINGS

OLD_ROLES: dict[str, str] = {role: f"old_{role}" for role in MOVED_ROLES}
"""The role of each part of an address as it was before hygiene or a move (P8)."""


def role_of(name: str) -> str | None:
    """What a column of this name usually stands for.

    >>> role_of("Zip Code"), role_of("Lieblingsfarbe")
    ('zip', None)
    """
    found = fit(name)
    return found[0] if found else None


def normalised(name: str) -> str:
    """A column's name without case, accents and punctuation.

    >>> normalised("E-Mail Address"), normalised("Prénom"), normalised("Straße")
    ('emailaddress', 'prenom', 'strasse')
    """
    return re.sub(r"[^a-z0-9]", "", unicodedata.normalize("NFKD", name).casefold())


def fit(name: str) -> tuple[str, int] | None:
    """The role of a column's name, and how specific it is for it (0 is best)."""
    said = read(name)
    if said is None:
        return None
    role, word = said
    place = _by_spelling()[_without(normalised(name), word)][1]
    if word in BEFORE_HYGIENE:
        return OLD_ROLES[role], 1000 * BEFORE_HYGIENE.index(word) + place
    return role, 1000 * (1 + QUALIFIERS.index(word) if word else 0) + place


def read(name: str) -> tuple[str, str] | None:
    """What a column's name stands for, and the word before it (or behind it) that says which of several it is.

    >>> read("ZIP"), read("Mailing Zip"), read("orig_zip"), read("Zip (old)"), read("old_email")
    (('zip', ''), ('zip', 'mailing'), ('zip', 'orig'), ('zip', 'old'), None)
    """
    plain, known = normalised(name), _by_spelling()
    if plain in known:
        return known[plain][0], ""
    for word in QUALIFIERS:
        rest = plain.removeprefix(word)
        if rest != plain and rest in known:
            return known[rest][0], word
    for word in BEFORE_HYGIENE:
        rest = _without(plain, word)
        if rest != plain and rest in known and known[rest][0] in MOVED_ROLES:
            return known[rest][0], word
    return None


def _without(plain: str, word: str) -> str:
    return plain.removeprefix(word) if plain.startswith(word) else plain.removesuffix(word)


@cache
def _by_spelling() -> dict[str, tuple[str, int]]:
    return {
        spelling: (role, place)
        for role, spellings in SPELLINGS.items()
        for place, spelling in enumerate(spellings.split())
    }
