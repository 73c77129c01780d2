"""The forms in which a part of an address stands in keys, so that what is missing on one side meets.

"What is missing on one side meets, what differs does not" cannot be asked of digests, so it is put into the keys: each
side makes several, and they meet if any is equal.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

_ANY, _NONE = pl.lit("*"), pl.lit("")


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

    @property
    def given(self) -> pl.Expr:
        """Whether it is there."""
        return self.value != ""

    def stored(self) -> list[pl.Expr]:
        """What a suppression stores, the value itself first; null where a form does not apply."""
        return [self.value, _ANY if self.stored_pays else pl.when(self.given).then(_ANY)]

    def probed(self) -> list[pl.Expr]:
        """What a row probes, the value itself first; null where a form does not apply."""
        if self.stored_pays:
            return [pl.when(self.given).then(self.value).otherwise(_ANY), pl.when(self.given).then(_NONE)]
        return [self.value, pl.when(self.given).then(_NONE).otherwise(_ANY)]


@dataclass(frozen=True, slots=True)
class UnitPart(Part):
    """The unit; one whose designator is unknown ("# 2") meets each that has its identifier (P6)."""

    def stored(self) -> list[pl.Expr]:
        """The unit, "any unit", and the unit's identifier with the designator asked for."""
        return [*Part.stored(self), pl.when(self.given).then(self._identifier("? "))]

    def probed(self) -> list[pl.Expr]:
        """The unit (or its identifier, asking for the designator), "no unit", and the unit of an unknown designator."""
        unknown = self.value.str.starts_with("#")
        itself, *others = Part.probed(self)
        known = pl.when(self.given & ~unknown).then(self._identifier("# "))
        return [pl.when(unknown).then(self._identifier("? ")).otherwise(itself), *others, known]

    def _identifier(self, mark: str) -> pl.Expr:
        return pl.concat_str(pl.lit(mark), pl.col("unit_id"))
