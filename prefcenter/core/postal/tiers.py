"""What is thought of a pair of records, and what becomes of a row whose pair leaves a doubt (P9)."""

from __future__ import annotations

from enum import StrEnum


class PairVerdict(StrEnum):
    """What is thought of a pair."""

    MATCH = "match"
    UNSURE = "unsure"
    DIFFERENT = "different"


class PairTier(StrEnum):
    """The difference that weighs most in a pair: what a person should look at."""

    EXACT = "exact"
    """Nothing but what the keys bridge too."""
    JOINED = "joined"
    """MARY ANN and MARYANN; J ROBERT and ROBERT."""
    NICKNAME = "nickname"
    SWAPPED = "swapped"
    """First and last name in the other order."""
    MISSPELT = "misspelt"
    """A slip in the first or last name."""
    SURNAME_PART = "surname_part"
    """Half of a hyphenated name; a maiden name."""
    STREET = "street"
    """A slip in the street's name."""
    LINE = "line"
    """The same full name at the same number, on another suffix or direction."""
    PLACE = "place"
    """A slip in the ZIP Code or the city."""
    HOUSEHOLD = "household"
    COMPANY = "company"
    OCCUPANT = "occupant"
    INITIAL = "initial"
    """Unsure: one side has the first letter only."""
    UNIT = "unit"
    """Unsure: one side has no unit, and the name differs besides."""
    SURNAME = "surname"
    """Unsure: the same given name at exactly the same address, another surname, as after a marriage."""
    ELSEWHERE = "elsewhere"
    """Unsure: the same full name at the same number in the same ZIP Code, on another street."""
    WEAK = "weak"
    """Unsure: several differences, or one that relatives have too."""


REMOVED_WHEN_UNSURE: frozenset[PairTier] = frozenset({PairTier.INITIAL, PairTier.UNIT})
"""Unsure pairs whose row is held back unless the setting says otherwise; the other unsure ones are let through."""


class Unsure(StrEnum):
    """What becomes of a row that may be somebody on the list."""

    BY_DEFAULT = "default"
    """Held back where only an initial or a missing unit leaves the doubt, let through otherwise."""
    REMOVE = "remove"
    KEEP = "keep"

    @property
    def tiers_held(self) -> frozenset[str]:
        """The tiers whose unsure rows are held back."""
        held = {Unsure.BY_DEFAULT: REMOVED_WHEN_UNSURE, Unsure.REMOVE: frozenset(PairTier), Unsure.KEEP: frozenset()}
        return frozenset(tier.value for tier in held[self])
