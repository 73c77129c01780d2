"""The forms in which a part of an address stands in keys, so that what is missing on one side meets.

"What is missing on one side meets, what differs does not" cannot be asked of digests, so it is put into the keys: each
side makes several, and they meet if any is equal.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl


@dataclass(frozen=True, slots=True)
class Form:
    """One of the texts that stand for a part, and in which rows; everywhere if ``where`` is None."""

    text: pl.Expr
    where: pl.Expr | None = None


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

    def stored(self) -> list[Form]:
        """What a suppression stores, the value itself first."""
        return [Form(self.value), Form(_ANY, None if self.stored_pays else self.value != "")]

    def probed(self) -> list[Form]:
        """What a row probes, the value itself first."""
        if self.stored_pays:
            return [Form(pl.when(self.value == "").then(_ANY).otherwise(self.value)), Form(_NONE, self.value != "")]
        return [Form(self.value), Form(pl.when(self.value == "").then(_ANY).otherwise(_NONE))]


@dataclass(frozen=True, slots=True)
class UnitPart(Part):
    """The unit; one whose designator is unknown ("# 2") meets each that has its identifier (P6)."""

    def stored(self) -> list[Form]:
        """The unit, the same with any designator, and "any unit"."""
        asked = pl.concat_str(pl.lit("? "), pl.col("unit_id"))
        return [*Part.stored(self), Form(asked, self.value != "")]

    def probed(self) -> list[Form]:
        """The unit, the same without a known designator, and "no unit"."""
        asked, bare = (pl.concat_str(pl.lit(mark), pl.col("unit_id")) for mark in ("? ", "# "))
        unknown = self.value.str.starts_with("#")
        value, *others = Part.probed(self)
        itself = pl.when(unknown).then(asked).otherwise(value.text)
        return [Form(itself), *others, Form(bare, (self.value != "") & ~unknown)]


def expand(rows: pl.DataFrame, forms: list[Form], name: str) -> pl.DataFrame:
    """The rows once for each form that they have, with the form as a column ``<name>_form``."""
    chosen = (rows if form.where is None else rows.filter(form.where) for form in forms)
    return pl.concat(
        [part.with_columns(form.text.alias(f"{name}_form")) for part, form in zip(chosen, forms, strict=True)]
    )
