"""What the keys of postal addresses are made of, and the making of them in bulk (P6, P9, P15).

Rows are taken apart by which parts they have; each kind of key is a shape that is filled from the columns of
:func:`.standard_fields`. What a part stores and probes says :mod:`.forms`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from itertools import product

import polars as pl

from prefcenter.core.postal.forms import Given, Part, RegionalPart, UnitPart
from prefcenter.core.postal.standardise import STANDARD_VERSION
from prefcenter.core.postal.text import AS_WRITTEN


class KeyKind(StrEnum):
    """What a key compares, from the most exact on."""

    FULL = "full"
    """The person, the whole delivery line, the unit, the ZIP: everything equal."""
    CORE = "core"
    """The person, the number and the street without suffix and direction, the unit, the ZIP."""
    NOZIP = "nozip"
    """The same by city and state, where a ZIP is missing or wrong within its first three figures."""
    COMPANY = "company"
    """Everybody at a firm at the address."""
    COMPANY_NOZIP = "company_nozip"
    HOUSEHOLD = "household"
    """Everybody at the address."""
    HOUSEHOLD_NOZIP = "household_nozip"
    OCCUPANT = "occupant"
    """A row for "current resident", or for nobody by name, where a person has opted out."""


TIERS: dict[KeyKind, int] = {kind: rank for rank, kind in enumerate(KeyKind, start=1)}
"""The rank of each kind: where several match, the lowest names the match."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What a kind of key is made of: columns that must be there, and parts that may be missing on one side."""

    fixed: tuple[str, ...]
    parts: tuple[Part, ...] = ()


# A street of Puerto Rico is one of several in its town; each kind of key tells the region by the place that it has.
_URB = RegionalPart("urb", told_by="zip", pattern="^00[679]")
_URB_NOZIP = RegionalPart("urb", told_by="place", pattern=",PR,US$")
_UNIT, _ZIP3, _SUFFIX, _DIRECTION = UnitPart("unit"), Part("zip3"), Part("suffix"), Part("direction")
# Generations and nameless rows are rare, so there the rows pay and every suppression is spared keys.
_GENERATION = Part("generation", stored_pays=False)
_OCCUPANT_LINE = (UnitPart("unit", stored_pays=False), _SUFFIX, Part("direction", stored_pays=False), _URB)

PERSON_KEYS: dict[KeyKind, Shape] = {
    KeyKind.FULL: Shape(("person", "generation", "number", "direction", "street", "suffix", "unit", "exact_place")),
    KeyKind.CORE: Shape(("person", "number", "street", "zip"), (_UNIT, _GENERATION, _URB)),
    KeyKind.NOZIP: Shape(("person", "number", "street", "place"), (_UNIT, _GENERATION, _ZIP3, _URB_NOZIP)),
}
COMPANY_KEYS: dict[KeyKind, Shape] = {
    KeyKind.COMPANY: Shape(("company", "number", "street", "zip"), (_UNIT, _URB)),
    KeyKind.COMPANY_NOZIP: Shape(("company", "number", "street", "place"), (_UNIT, _ZIP3, _URB_NOZIP)),
}
HOUSEHOLD_KEYS: dict[KeyKind, Shape] = {
    KeyKind.HOUSEHOLD: Shape(("number", "street", "zip"), (_UNIT, _SUFFIX, _DIRECTION, _URB)),
    KeyKind.HOUSEHOLD_NOZIP: Shape(("number", "street", "place"), (_UNIT, _SUFFIX, _DIRECTION, _ZIP3, _URB_NOZIP)),
}
OCCUPANT_KEYS: dict[KeyKind, Shape] = {
    KeyKind.OCCUPANT: Shape(("number", "street", "zip"), _OCCUPANT_LINE),
}

_SHAPES = PERSON_KEYS | COMPANY_KEYS | HOUSEHOLD_KEYS | OCCUPANT_KEYS

_KEY_SCHEMA = pl.Schema({"row": pl.UInt32, "kind": pl.String, "tier": pl.UInt8, "key": pl.String})


def keys_of_kinds(rows: pl.DataFrame, shapes: dict[KeyKind, Shape], *, stored: bool) -> list[pl.LazyFrame]:
    """The keys of the shapes, the most exact first within each kind.

    Rows are taken apart by which parts they have, so that each group makes just the forms that it needs.
    """
    if rows.is_empty():
        return []
    parts = tuple(dict.fromkeys(part for shape in shapes.values() for part in shape.parts))
    marked = rows.with_columns(_pattern(parts))
    groups = marked.partition_by("pattern") if marked.height > 1 else [marked]
    return [
        _kind_keys(group.lazy(), kind, _texts(shape, parts, group["pattern"][0], stored))
        for group in groups
        for kind, shape in shapes.items()
    ]


def _kind_keys(rows: pl.LazyFrame, kind: KeyKind, texts: list[pl.Expr]) -> pl.LazyFrame:
    return (
        rows.with_columns(_base(kind))
        .filter(pl.col("base").is_not_null())
        .select("row", *texts)
        .unpivot(index="row", variable_name="kind", value_name="key")
        .select("row", pl.lit(kind.value).alias("kind"), pl.lit(TIERS[kind], dtype=pl.UInt8).alias("tier"), "key")
    )


@cache
def _pattern(parts: tuple[Part, ...]) -> pl.Expr:
    """Which of the parts a row has, one letter for each."""
    return pl.concat_str([pl.lit(""), *(part.given() for part in parts)]).alias("pattern")


@cache
def _base(kind: KeyKind) -> pl.Expr:
    """What all keys of a kind begin with; null where something is missing that must be there."""
    first, *others = _SHAPES[kind].fixed
    return pl.concat_str(
        pl.lit(f"p{STANDARD_VERSION}:{kind.value}:") + pl.col(first), *others, separator="|", ignore_nulls=False
    ).alias("base")


@cache
def _texts(shape: Shape, parts: tuple[Part, ...], pattern: str, stored: bool) -> list[pl.Expr]:
    """A key for each combination of the forms that a row of this pattern has."""
    given = {part: Given(letter) for part, letter in zip(parts, pattern, strict=True)}
    forms = [part.stored(given[part]) if stored else part.probed(given[part]) for part in shape.parts]
    forms = [each for each in forms if each]
    return [
        pl.concat_str(["base", *choice], separator="|").alias(str(place))
        for place, choice in enumerate(product(*forms))
    ]


def key_table(tables: list[pl.LazyFrame]) -> pl.DataFrame:
    """The keys of :func:`keys_of_kinds` in one table: ``row`` (u32), ``kind``, ``tier`` (u8), ``key``."""
    empty = _KEY_SCHEMA.to_frame()
    return pl.concat([empty.lazy(), *tables]).collect(optimizations=AS_WRITTEN)
