"""The forms in which a part of an address stands in keys, so that what is missing on one side meets.

"What is missing on one side meets, what differs does not" cannot be asked of digests, so it is put into the keys: each
side makes several, and they meet if any is equal.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

import polars as pl

_ANY, _NONE = pl.lit("*"), pl.lit("")


class Given(StrEnum):
    """Whether an address has a part."""

    MISSING = "m"
    PRESENT = "p"
    UNKNOWN = "u"
    """There is a unit, but not of which designator."""
    NOWHERE = "n"
    """No address like this one has such a part."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part of an address that may be missing: equal values meet, and a missing one meets all.

    Args:
        name: the column that holds it; empty where it is missing.
        stored_pays: where it is missing on both sides, whether the suppression holds the second key that this costs, or
            the row.
    """

    name: str
    stored_pays: bool = True

    @property
    def value(self) -> pl.Expr:
        """The part as it is."""
        return pl.col(self.name)

    def given(self) -> pl.Expr:
        """The :class:`Given` of each row."""
        return pl.when(self.value == "").then(pl.lit(Given.MISSING.value)).otherwise(pl.lit(Given.PRESENT.value))

    def stored(self, given: Given) -> list[pl.Expr]:
        """What a suppression stores, the value itself first."""
        if given is not Given.MISSING:
            return [self.value, _ANY]
        return [_NONE, _ANY] if self.stored_pays else [_NONE]

    def probed(self, given: Given) -> list[pl.Expr]:
        """What a row probes, the value itself first."""
        if given is not Given.MISSING:
            return [self.value, _NONE]
        return [_ANY] if self.stored_pays else [_NONE, _ANY]


@dataclass(frozen=True, slots=True)
class RegionalPart(Part):
    """A part that addresses of one region have: elsewhere no key speaks of it, and none costs more for it.

    Args:
        told_by: the column that tells the region; both sides of a key have the same in it.
        pattern: what it holds there.
    """

    told_by: str = field(kw_only=True)
    pattern: str = field(kw_only=True)

    def given(self) -> pl.Expr:
        """The :class:`Given` of each row."""
        there = pl.col(self.told_by).str.contains(self.pattern).fill_null(value=False)
        return pl.when(there).then(Part.given(self)).otherwise(pl.lit(Given.NOWHERE.value))

    def stored(self, given: Given) -> list[pl.Expr]:
        """What a suppression stores; nothing outside of the region."""
        return [] if given is Given.NOWHERE else Part.stored(self, given)

    def probed(self, given: Given) -> list[pl.Expr]:
        """What a row probes; nothing outside of the region."""
        return [] if given is Given.NOWHERE else Part.probed(self, given)


@dataclass(frozen=True, slots=True)
class UnitPart(Part):
    """The unit; one whose designator is unknown ("# 2") meets each that has its identifier (P6)."""

    def given(self) -> pl.Expr:
        """The :class:`Given` of each row."""
        unknown = self.value.str.starts_with("#")
        return pl.when(unknown).then(pl.lit(Given.UNKNOWN.value)).otherwise(Part.given(self))

    def stored(self, given: Given) -> list[pl.Expr]:
        """The unit, "any unit", and the identifier for rows that ask without knowing the designator."""
        forms = Part.stored(self, given)
        return forms if given is Given.MISSING else [*forms, self._identifier("? ")]

    def probed(self, given: Given) -> list[pl.Expr]:
        """The unit (or its identifier, asking for any designator), "no unit", and the unit of an unknown designator."""
        if given is Given.UNKNOWN:
            return [self._identifier("? "), _NONE]
        forms = Part.probed(self, given)
        return forms if given is Given.MISSING else [*forms, self._identifier("# ")]

    def _identifier(self, mark: str) -> pl.Expr:
        return pl.concat_str(pl.lit(mark), pl.col("unit_id"))
