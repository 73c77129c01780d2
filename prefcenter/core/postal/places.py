"""City, state, ZIP Code and country in their one form."""

from __future__ import annotations

from functools import cache

import polars as pl

from prefcenter.core.postal.tables import COUNTRIES, DOUBLE_ZERO_STATES, NO_COUNTRY, ZERO_STATES
from prefcenter.core.postal.text import AS_WRITTEN, amend_rows
from prefcenter.core.postal.written import STATE_CODES

_CANADIAN = r"^[ABCEGHJ-NPRSTVXY][0-9][A-Z][0-9][A-Z][0-9]$"
_BRITISH = r"^[A-Z]{1,2}[0-9][0-9A-Z]?[0-9][A-Z]{2}$"


def places(lines: pl.DataFrame) -> pl.DataFrame:
    """``s_city``, ``s_state``, ``s_zip5``, ``s_country`` of :func:`.written` columns.

    ``s_zip5`` of a foreign address is its postal code without spaces.
    """
    spelt = lines.select(*_spelt(), _ours())
    return amend_rows(spelt, ~spelt["ours"], _placed).drop("ours")


@cache
def _spelt() -> list[pl.Expr]:
    return [
        pl.col("city_form").alias("s_city"),
        pl.col("code").alias("s_state"),
        pl.col("zip").alias("s_zip5"),
        pl.when(_ours()).then(pl.lit("US")).otherwise("country").alias("s_country"),
    ]


@cache
def _ours() -> pl.Expr:
    """Whether nothing is left to say but that it lies in the United States."""
    good = pl.col("good_zip") & (pl.col("zip") != "00000")
    return (good & pl.col("country").is_in(["", "US", "USA"])).alias("ours")


def _placed(rows: pl.DataFrame) -> pl.DataFrame:
    coded = rows.lazy().with_columns(_code()).with_columns(_corrected()).with_columns(_place())
    return coded.select("s_zip5", "s_country").collect(optimizations=AS_WRITTEN)


@cache
def _code() -> pl.Expr:
    """A postal code without blanks and hyphens; a cell that was read as a number ended in ".0", which is now "-0"."""
    return pl.col("s_zip5").str.replace(r"^([0-9]{3,9})-0$", "$1").str.replace_all(r"[ \-#;/]", "")


@cache
def _corrected() -> pl.Expr:
    """The country that a postal code gives away.

    What stands for "unknown" in a column of countries is none; with a state and a ZIP, neither is a word that we have
    never seen.
    """
    named = pl.col("s_country").replace(COUNTRIES)
    known = pl.col("s_country").is_in(list(COUNTRIES))
    domestic = pl.col("s_state").is_in(STATE_CODES) & pl.col("s_zip5").str.contains(r"^[0-9]{5}(?:[0-9]{4})?$")
    country = (
        pl.when(pl.col("s_country").is_in((*NO_COUNTRY, "NA")) | (~known & domestic)).then(pl.lit("US"))
        .when((named == "US") & pl.col("s_zip5").str.contains(_CANADIAN)).then(pl.lit("CA"))
        .when((named == "US") & pl.col("s_zip5").str.contains(_BRITISH)).then(pl.lit("GB"))
        .otherwise(named)
    )  # fmt: skip
    return country.alias("s_country")


@cache
def _place() -> pl.Expr:
    american = pl.col("s_country") == "US"
    code = pl.col("s_zip5")
    return pl.when(american).then(_zip5(code, pl.col("s_state"))).otherwise(code).alias("s_zip5")


def _zip5(figures: pl.Expr, state: pl.Expr) -> pl.Expr:
    """The five figures, with the leading zeros that a spreadsheet lost put back where the state has such ZIPs."""
    length = figures.str.len_bytes()
    valid = figures.str.contains(r"^[0-9]{3,9}$") & ~figures.str.contains(r"^0+$")
    one = state.is_in([*ZERO_STATES, *DOUBLE_ZERO_STATES, ""])
    two = state.is_in(DOUBLE_ZERO_STATES)
    return (
        pl.when(valid & length.is_in([5, 9])).then(figures.str.head(5))
        .when(valid & length.is_in([4, 8]) & one).then("0" + figures.str.head(4))
        .when(valid & length.is_in([3, 7]) & two).then("00" + figures.str.head(3))
        .otherwise(pl.lit(""))
    )  # fmt: skip
