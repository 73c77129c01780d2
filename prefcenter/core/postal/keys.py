"""The deterministic matching keys of postal suppressions (P6, P9, P15).

A suppression *stores* keys, a row *probes* keys, and they match when any is equal. Since a stored one may be erased
down to digests, each asymmetry lives in the keys: "what is missing on one side meets, what differs does not". Of a part
with the value ``v`` a suppression stores ``v`` and ``*``; a row with ``w`` probes ``w`` and the empty text. Without a
value either the suppression stores the empty text and ``*`` and the row probes ``*``, or the suppression stores the
empty text and the row probes both: one of them pays for the commonest case with a second key. See :mod:`.forms`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from itertools import product
from typing import Any

import polars as pl

from prefcenter.core.channels import Level
from prefcenter.core.errors import BadAddress
from prefcenter.core.keys import PostalKey
from prefcenter.core.postal.address import PostalAddress
from prefcenter.core.postal.forms import Given, Part, RegionalPart, UnitPart
from prefcenter.core.postal.names import standardise_names
from prefcenter.core.postal.standardise import STANDARD_VERSION, standardise
from prefcenter.core.postal.tables_suffixes import STRONG_SUFFIXES
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
class StoredKey:
    """A key and what it compares."""

    kind: KeyKind
    key: PostalKey


@dataclass(frozen=True, slots=True)
class _Shape:
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

_PERSON: dict[KeyKind, _Shape] = {
    KeyKind.FULL: _Shape(("person", "generation", "number", "direction", "street", "suffix", "unit", "exact_place")),
    KeyKind.CORE: _Shape(("person", "number", "street", "zip"), (_UNIT, _GENERATION, _URB)),
    KeyKind.NOZIP: _Shape(("person", "number", "street", "place"), (_UNIT, _GENERATION, _ZIP3, _URB_NOZIP)),
}
_COMPANY: dict[KeyKind, _Shape] = {
    KeyKind.COMPANY: _Shape(("company", "number", "street", "zip"), (_UNIT, _URB)),
    KeyKind.COMPANY_NOZIP: _Shape(("company", "number", "street", "place"), (_UNIT, _ZIP3, _URB_NOZIP)),
}
_HOUSEHOLD: dict[KeyKind, _Shape] = {
    KeyKind.HOUSEHOLD: _Shape(("number", "street", "zip"), (_UNIT, _SUFFIX, _DIRECTION, _URB)),
    KeyKind.HOUSEHOLD_NOZIP: _Shape(("number", "street", "place"), (_UNIT, _SUFFIX, _DIRECTION, _ZIP3, _URB_NOZIP)),
}
_OCCUPANT: dict[KeyKind, _Shape] = {
    KeyKind.OCCUPANT: _Shape(("number", "street", "zip"), _OCCUPANT_LINE),
}

_SHAPES = _PERSON | _COMPANY | _HOUSEHOLD | _OCCUPANT

_KEY_SCHEMA = pl.Schema({"row": pl.UInt32, "kind": pl.String, "tier": pl.UInt8, "key": pl.String})


def probe_keys(frame: pl.DataFrame) -> pl.DataFrame:
    """Give the keys by which each row of a file is looked up: ``row`` (u32), ``kind``, ``tier`` (u8), ``key``.

    ``frame`` holds the written columns, any of which may be missing; ``s_`` columns that are there are used as they
    are. A row whose address cannot be used has no keys. A couple is looked up as each of the two.
    """
    rows = _usable(standard_fields(frame))
    # A piece that names nobody is read by whoever lives there, whether it says "current resident" or nothing.
    nameless = rows.filter((pl.col("s_occupant") | (pl.col("company") == "")) & (pl.col("person1") == ""))
    return _table(
        [
            *_keys(_persons(rows), _PERSON, stored=False),
            *_keys(rows.filter(pl.col("company") != ""), _COMPANY, stored=False),
            *_keys(rows, _HOUSEHOLD, stored=False),
            *_keys(nameless, _OCCUPANT, stored=False),
        ]
    )


def stored_keys_frame(frame: pl.DataFrame) -> pl.DataFrame:
    """Give the keys under which suppressions are stored, in bulk, in the columns of :func:`probe_keys`.

    ``frame`` holds the same columns and ``level``.
    A row that :func:`stored_keys` would refuse has no keys.
    """
    rows = _usable(standard_fields(frame))
    level = pl.col("level")
    persons = _persons(rows.filter(level == Level.INDIVIDUAL))
    return _table(
        [
            *_keys(persons, _PERSON, stored=True),
            *_keys(persons.unique("row", keep="first", maintain_order=True), _OCCUPANT, stored=True),
            *_keys(rows.filter((level == Level.COMPANY) & (pl.col("company") != "")), _COMPANY, stored=True),
            *_keys(rows.filter(level == Level.HOUSEHOLD), _HOUSEHOLD, stored=True),
        ]
    )


def stored_keys(address: PostalAddress, level: Level) -> tuple[StoredKey, ...]:
    """The keys under which a suppression of this address is stored, the primary one first.

    Raises:
        BadAddress: there is nothing to deliver to, no place, or nobody whom the level could mean.
    """
    frame = standard_fields(_one(address, level))
    _check(frame, level)
    keys = _as_keys(stored_keys_frame(frame))
    primary = _primary(frame, level, keys)
    return (primary, *(key for key in keys if key != primary))


def probe_keys_one(address: PostalAddress) -> tuple[StoredKey, ...]:
    """The keys by which one address is looked up, the most exact first; none if it cannot be used."""
    return _as_keys(probe_keys(_one(address)))


def primary_key(address: PostalAddress, level: Level) -> PostalKey:
    """The exact key of an address at a level: its identity among suppressions and contact points.

    A couple's is its own, so that an opt-out of both is never taken for one of a single person.

    Raises:
        BadAddress: as :func:`stored_keys`.
    """
    return stored_keys(address, level)[0].key


def _primary(frame: pl.DataFrame, level: Level, keys: tuple[StoredKey, ...]) -> StoredKey:
    if level is not Level.INDIVIDUAL:
        return keys[0]
    return _as_keys(primary_keys_frame(frame))[0]


def primary_keys_frame(fields: pl.DataFrame) -> pl.DataFrame:
    """The primary key of each individual row of :func:`standard_fields`; in the other levels it is the first stored."""
    both = _usable(fields).filter(pl.col("level") == Level.INDIVIDUAL).with_columns(
        pl.concat_str(["person1", "person2"], separator="+").str.strip_chars("+").alias("person"),
        pl.concat_str(["s_generation", "s_generation2"], separator="+").str.strip_chars("+").alias("generation"),
    )  # fmt: skip
    return _table(_keys(both, {KeyKind.FULL: _PERSON[KeyKind.FULL]}, stored=True))


def _one(address: PostalAddress, level: Level | None = None) -> pl.DataFrame:
    parts = dict(address.items()) | ({"level": level.value} if level else {})
    return pl.DataFrame({name: [value] for name, value in parts.items()})


def _as_keys(table: pl.DataFrame) -> tuple[StoredKey, ...]:
    pairs = dict.fromkeys(table.sort("tier", maintain_order=True).select("kind", "key").iter_rows())
    return tuple(StoredKey(KeyKind(kind), PostalKey(key)) for kind, key in pairs)


def _check(frame: pl.DataFrame, level: Level) -> None:
    """Refuse an address that no key can be made of."""
    problem = problem_of(frame.row(0, named=True), level)
    if problem is not None:
        raise problem


def problem_of(row: Mapping[str, Any], level: Level) -> BadAddress | None:
    """Why no key can be made of a row of :func:`standard_fields` at a level, or None where it can."""
    if row["s_problem"]:
        field, remedy = (
            ("zip", "Give the ZIP Code, or the city and the state.")
            if row["s_problem"].startswith("no ZIP")
            else ("address1", "Give the house number and the street, the PO box, or the route with its box.")
        )
        return BadAddress(f"The postal address has {row['s_problem']}.", field=field, remedy=remedy)
    if level is Level.INDIVIDUAL and not row["person1"]:
        remedy = "Give the person's name, or opt out the whole household or the company."
        return BadAddress("The postal address names no person.", field="name", remedy=remedy)
    if level is Level.COMPANY and not row["company"]:
        return BadAddress("The postal address names no company.", field="company", remedy="Give the company's name.")
    return None


def standardised(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with its addresses and names standardised, unless they are."""
    names = frame if "s_first" in frame.columns else standardise_names(frame)
    return names if "s_number" in frame.columns else standardise(names)


def standard_fields(frame: pl.DataFrame) -> pl.DataFrame:
    """The standardised frame with a row number and the columns that keys are made of."""
    if "person1" in frame.columns:
        return frame
    both = standardised(frame)
    return both.select(*_field_columns(), *(["level"] if "level" in frame.columns else []))


@cache
def _field_columns() -> list[pl.Expr]:
    weak = pl.when(pl.col("s_suffix").is_in(STRONG_SUFFIXES)).then(pl.lit("")).otherwise("s_suffix")
    unit_id = pl.when(pl.col("s_unit") == "").then("s_unit_kind").otherwise("s_unit")
    kind = pl.when(pl.col("s_unit_kind") == "UNIT").then(pl.lit("#")).otherwise("s_unit_kind")
    domestic = pl.col("s_country").is_in(["US", "CA"])
    state_known = ~domestic | (pl.col("s_state") != "")
    coded = pl.when(pl.col("s_country") == "US").then("s_zip5").otherwise(pl.col("s_country") + pl.col("s_zip5"))
    zip_code = pl.when(pl.col("s_zip5") != "").then(coded)
    place = pl.when((pl.col("s_city") != "") & state_known).then(
        pl.concat_str(["s_city", "s_state", "s_country"], separator=",")
    )
    urbanization = pl.when(pl.col("s_urb") == "").then(pl.lit("")).otherwise(pl.concat_str(pl.lit(" URB "), "s_urb"))
    return [
        pl.int_range(pl.len(), dtype=pl.UInt32).alias("row"),
        pl.col("s_problem", "s_occupant", "s_generation", "s_generation2"),
        _person_text("").alias("person1"),
        _person_text("2").alias("person2"),
        pl.col("s_company").alias("company"),
        pl.col("s_number").alias("number"),
        pl.concat_str(["s_street", weak], separator=" ").str.strip_chars(" ").alias("street"),
        pl.when(weak == "").then("s_suffix").otherwise(pl.lit("")).alias("suffix"),
        pl.concat_str(["s_predir", "s_postdir"], separator=" ").str.strip_chars(" ").alias("direction"),
        unit_id.alias("unit_id"),
        pl.concat_str([kind, "s_unit"], separator=" ").str.strip_chars(" ").alias("unit"),
        zip_code.alias("zip"),
        pl.col("s_zip5").str.head(3).alias("zip3"),
        place.alias("place"),
        (pl.coalesce(zip_code, place) + urbanization).alias("exact_place"),
        pl.col("s_urb").alias("urb"),
        pl.concat_str(["s_street", weak], separator=" ").str.strip_chars(" ").alias("way"),
        pl.col("s_state", "s_city", "s_last", "s_last2").name.replace("^s_", ""),
    ]


def _person_text(which: str) -> pl.Expr:
    """First and last name as ``JOHN,SMITH``, or empty."""
    first, last = pl.col(f"s_first{which}"), pl.col(f"s_last{which}")
    return pl.when(last != "").then(pl.concat_str([first, last], separator=",")).otherwise(pl.lit(""))


def _usable(fields: pl.DataFrame) -> pl.DataFrame:
    return fields.filter(pl.col("s_problem").is_null())


def _persons(rows: pl.DataFrame) -> pl.DataFrame:
    """One row a person: a couple is two."""
    one = rows.with_columns(pl.col("person1").alias("person"), pl.col("s_generation").alias("generation"))
    two = rows.with_columns(pl.col("person2").alias("person"), pl.col("s_generation2").alias("generation"))
    return pl.concat([one.filter(pl.col("person") != ""), two.filter(pl.col("person") != "")])


def _keys(rows: pl.DataFrame, shapes: dict[KeyKind, _Shape], *, stored: bool) -> list[pl.LazyFrame]:
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
def _texts(shape: _Shape, parts: tuple[Part, ...], pattern: str, stored: bool) -> list[pl.Expr]:
    """A key for each combination of the forms that a row of this pattern has."""
    given = {part: Given(letter) for part, letter in zip(parts, pattern, strict=True)}
    forms = [part.stored(given[part]) if stored else part.probed(given[part]) for part in shape.parts]
    forms = [each for each in forms if each]
    return [
        pl.concat_str(["base", *choice], separator="|").alias(str(place))
        for place, choice in enumerate(product(*forms))
    ]


def _table(tables: list[pl.LazyFrame]) -> pl.DataFrame:
    empty = _KEY_SCHEMA.to_frame()
    return pl.concat([empty.lazy(), *tables]).collect(optimizations=AS_WRITTEN)
