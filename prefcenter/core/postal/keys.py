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
from functools import cache
from typing import Any

import polars as pl

from prefcenter.core.channels import Level
from prefcenter.core.errors import BadAddress
from prefcenter.core.keys import PostalKey
from prefcenter.core.postal.address import PostalAddress
from prefcenter.core.postal.key_shapes import (
    COMPANY_KEYS,
    HOUSEHOLD_KEYS,
    OCCUPANT_KEYS,
    PERSON_KEYS,
    key_table,
    keys_of_kinds,
)
from prefcenter.core.postal.key_shapes import TIERS as TIERS
from prefcenter.core.postal.key_shapes import KeyKind as KeyKind
from prefcenter.core.postal.names import standardise_names
from prefcenter.core.postal.standardise import standardise
from prefcenter.core.postal.tables_suffixes import STRONG_SUFFIXES


@dataclass(frozen=True, slots=True)
class StoredKey:
    """A key and what it compares."""

    kind: KeyKind
    key: PostalKey


def probe_keys(frame: pl.DataFrame) -> pl.DataFrame:
    """Give the keys by which each row of a file is looked up: ``row`` (u32), ``kind``, ``tier`` (u8), ``key``.

    ``frame`` holds the written columns, any of which may be missing; ``s_`` columns that are there are used as they
    are. A row whose address cannot be used has no keys. A couple is looked up as each of the two.
    """
    rows = _usable(standard_fields(frame))
    # A piece that names nobody is read by whoever lives there, whether it says "current resident" or nothing.
    nameless = rows.filter((pl.col("s_occupant") | (pl.col("company") == "")) & (pl.col("person1") == ""))
    return key_table(
        [
            *keys_of_kinds(_persons(rows), PERSON_KEYS, stored=False),
            *keys_of_kinds(rows.filter(pl.col("company") != ""), COMPANY_KEYS, stored=False),
            *keys_of_kinds(rows, HOUSEHOLD_KEYS, stored=False),
            *keys_of_kinds(nameless, OCCUPANT_KEYS, stored=False),
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
    return key_table(
        [
            *keys_of_kinds(persons, PERSON_KEYS, stored=True),
            *keys_of_kinds(persons.unique("row", keep="first", maintain_order=True), OCCUPANT_KEYS, stored=True),
            *keys_of_kinds(
                rows.filter((level == Level.COMPANY) & (pl.col("company") != "")), COMPANY_KEYS, stored=True
            ),
            *keys_of_kinds(rows.filter(level == Level.HOUSEHOLD), HOUSEHOLD_KEYS, stored=True),
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
    primary = _primary(frame, keys)
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


def _primary(frame: pl.DataFrame, keys: tuple[StoredKey, ...]) -> StoredKey:
    named = _as_keys(primary_keys_frame(frame))
    return named[0] if named else keys[0]


def primary_keys_frame(fields: pl.DataFrame) -> pl.DataFrame:
    """The primary key of each row of :func:`standard_fields` whose primary key is not just the first stored one.

    Rows that are covered by the same keys may ask for different things all the same: another family at the address, or
    another box beside the street. Each is an entry of its own, or the second opt-out would be lost with its name.
    """
    usable = _usable(fields)
    rows = usable.with_columns(_beyond().alias("beyond"))
    told = rows.filter(pl.col("beyond") != "")
    level = pl.col("level")
    both = rows.filter(level == Level.INDIVIDUAL).with_columns(
        pl.concat_str(["person1", "person2"], separator="+").str.strip_chars("+").alias("person"),
        pl.concat_str(["s_generation", "s_generation2"], separator="+").str.strip_chars("+").alias("generation"),
    )  # fmt: skip
    made = key_table(
        [
            *keys_of_kinds(both, {KeyKind.FULL: PERSON_KEYS[KeyKind.FULL]}, stored=True),
            *keys_of_kinds(told.filter(level == Level.HOUSEHOLD), HOUSEHOLD_KEYS, stored=True),
            *keys_of_kinds(
                told.filter((level == Level.COMPANY) & (pl.col("company") != "")), COMPANY_KEYS, stored=True
            ),
        ]
    )
    firsts = made.sort("tier", maintain_order=True).unique("row", keep="first", maintain_order=True)
    named = firsts.join(rows.select("row", "beyond"), on="row", how="left", maintain_order="left")
    return named.with_columns(pl.concat_str("key", "beyond")).drop("beyond")


@cache
def _beyond() -> pl.Expr:
    """What tells an entry from others with its first key: the household's surnames, the box beside a street."""
    surnames = pl.concat_list("last", "last2").list.unique().list.sort().list.join(" ").str.strip_chars(" ")
    family = pl.when((pl.col("level") == Level.HOUSEHOLD) & (surnames != "")).then(pl.lit("|of ") + surnames)
    box = pl.when(pl.col("s_box") != "").then(pl.lit("|at ") + pl.col("s_box"))
    return pl.concat_str(family.fill_null(""), box.fill_null(""))


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
        pl.col("s_problem", "s_occupant", "s_generation", "s_generation2", "s_box"),
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
