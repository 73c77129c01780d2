"""The one standardiser of postal addresses, for one record and for millions (P5, P6, P7).

Source: USPS Publication 28, "Postal Addressing Standards".
"""

from __future__ import annotations

from functools import cache

import polars as pl

from prefcenter.core.postal.displaced import resettled
from prefcenter.core.postal.foreign import foreign_delivery
from prefcenter.core.postal.lines import delivery_lines
from prefcenter.core.postal.places import places
from prefcenter.core.postal.plain import is_plain
from prefcenter.core.postal.rewriting import rewritten
from prefcenter.core.postal.streets import streets
from prefcenter.core.postal.tables import MILITARY_STATES
from prefcenter.core.postal.text import amend_rows
from prefcenter.core.postal.urbanizations import in_puerto_rico
from prefcenter.core.postal.written import written

STANDARD_VERSION = 1
"""The version of the canonical form. Keys carry it; the forms of erased entries are kept for ever."""

STANDARD_COLUMNS = (
    "s_number", "s_predir", "s_street", "s_suffix", "s_postdir", "s_unit_kind", "s_unit", "s_box", "s_urb", "s_city",
    "s_state", "s_zip5", "s_country", "s_problem",
)  # fmt: skip

_DELIVERY = STANDARD_COLUMNS[:9]


def standardise(frame: pl.DataFrame) -> pl.DataFrame:
    """The same rows in the same order with the standard form appended in ``s_`` columns; never raises on any text.

    The parts are text, empty where there is nothing. A PO box or route stands whole in ``s_number`` ("PO BOX 12"), with
    an empty ``s_street``; a PO box beside a street is in ``s_box``, an urbanization of Puerto Rico in ``s_urb``.
    ``s_problem`` is null where the address can be used, else a short sentence.

    >>> row = pl.DataFrame({"address1": ["12 North Main Street, Apt. 4"], "zip": ["62701"]})
    >>> standardise(row).select("s_number", "s_predir", "s_street", "s_suffix", "s_unit_kind", "s_unit").row(0)
    ('12', 'N', 'MAIN', 'ST', 'APT', '4')
    """
    lines = resettled(written(frame))
    where = places(lines)
    foreign = ~where["s_country"].is_in(["US", "CA"])
    delivered = lines.select("address1", "address2").with_columns(
        where["s_country"].alias("country"),
        (where["s_country"] == "CA").alias("canadian"),
        where["s_state"].is_in(MILITARY_STATES).alias("military"),
        where.select(in_puerto_rico("s_zip5", "s_state").alias("puerto_rican")).to_series(),
    )
    if not foreign.any():
        delivery = _domestic(delivered)
    elif foreign.all():
        delivery = foreign_delivery(delivered)
    else:
        both = delivered.with_columns(pl.lit("").alias(name) for name in _DELIVERY)
        both = amend_rows(both, ~foreign, _domestic)
        both = amend_rows(both, foreign, foreign_delivery)
        delivery = both.select(_DELIVERY)
    standard = delivery.hstack(where).with_columns(_problem()).select(STANDARD_COLUMNS)
    kept = frame.drop(STANDARD_COLUMNS, strict=False)
    return kept.hstack(standard)


def with_boxes(standard: pl.DataFrame) -> pl.DataFrame:
    """The standardised rows, and behind them those with a box beside the street once more, at the box (P7).

    Mail may go to either, so whoever looks an address up or stores it does it with both. All other columns are
    repeated.
    """
    boxed = standard.filter(pl.col("s_box") != "")
    if boxed.is_empty():
        return standard
    blank = [pl.lit("").alias(name) for name in _DELIVERY if name != "s_number"]
    return pl.concat([standard, boxed.with_columns(pl.col("s_box").alias("s_number"), *blank)])


def _domestic(lines: pl.DataFrame) -> pl.DataFrame:
    """Addresses of the United States and Canada, which share their order; most are a plain street and nothing else."""
    plain = lines.select(is_plain()).to_series()
    found = amend_rows(lines.with_columns(_as_street()), ~plain, lambda rows: delivery_lines(rewritten(rows)))
    return found.hstack(streets(found["main"], plain)).select(_delivery_columns())


@cache
def _as_street() -> list[pl.Expr]:
    blank = [pl.lit("").alias(name) for name in ("special", "box", "unit_kind", "unit", "urb")]
    return [pl.col("address1").alias("main"), *blank]


@cache
def _delivery_columns() -> list[pl.Expr]:
    special = pl.col("special") != ""
    bare = (pl.col("unit_kind") == "") & (pl.col("bare") != "")
    return [
        pl.when(special).then("special").otherwise("number").alias("s_number"),
        pl.col("predir").alias("s_predir"),
        pl.col("street").alias("s_street"),
        pl.col("suffix").alias("s_suffix"),
        pl.col("postdir").alias("s_postdir"),
        pl.when(bare).then(pl.lit("#")).otherwise("unit_kind").alias("s_unit_kind"),
        pl.when(bare).then(pl.col("bare").str.replace(r"^0+(.)", "$1")).otherwise("unit").alias("s_unit"),
        pl.col("box").alias("s_box"),
        pl.col("urb").alias("s_urb"),
    ]


@cache
def _problem() -> pl.Expr:
    """Why the address cannot be used, as a short sentence, or null."""
    domestic = pl.col("s_country").is_in(["US", "CA"])
    whole = pl.col("s_number").str.contains(" ", literal=True) & pl.col("s_number").str.contains("^[A-Z]")
    no_number = (pl.col("s_number") == "") & (domestic | (pl.col("s_street") == ""))
    no_street = (pl.col("s_street") == "") & domestic & ~whole
    no_place = (pl.col("s_zip5") == "") & ((pl.col("s_city") == "") | (domestic & (pl.col("s_state") == "")))
    return (
        pl.when(no_number).then(pl.lit("no house number, PO box or route"))
        .when(no_street).then(pl.lit("no street name"))
        .when(no_place).then(pl.lit("no ZIP and no city and state"))
        .alias("s_problem")
    )  # fmt: skip
