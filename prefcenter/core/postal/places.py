"""City, state, ZIP Code and country in their one form."""

from __future__ import annotations

from functools import cache

import polars as pl

from prefcenter.core.postal.tables import CITY_WORDS, COUNTRIES, DOUBLE_ZERO_STATES, NO_COUNTRY, STATES, ZERO_STATES
from prefcenter.core.postal.text import AS_WRITTEN

_CANADIAN = r"^[ABCEGHJ-NPRSTVXY][0-9][A-Z][0-9][A-Z][0-9]$"
_STATE_CODES = tuple(sorted(set(STATES.values())))
_BRITISH = r"^[A-Z]{1,2}[0-9][0-9A-Z]?[0-9][A-Z]{2}$"


def places(lines: pl.DataFrame) -> pl.DataFrame:
    """``s_city``, ``s_state``, ``s_zip5``, ``s_country`` of cleaned city, state, zip and country columns.

    ``s_zip5`` of a foreign address is its postal code without spaces.
    """
    coded = lines.lazy().select("country", *_coded()).with_columns(_corrected())
    return coded.select(_placed()).collect(optimizations=AS_WRITTEN)


@cache
def _coded() -> list[pl.Expr]:
    return [
        pl.col("city").str.split(" ").list.eval(pl.element().replace(CITY_WORDS)).list.join(" ").alias("s_city"),
        pl.col("state").replace(STATES).alias("s_state"),
        # A cell that was read as a number ends in ".0", which cleaning has turned into "-0".
        pl.col("zip").str.replace(r"^([0-9]{3,9})-0$", "$1").str.replace_all(r"[ \-#;/]", "").alias("code"),
        pl.col("country").replace(COUNTRIES).alias("s_country"),
        pl.col("country").is_in(list(COUNTRIES)).alias("known"),
    ]


@cache
def _corrected() -> list[pl.Expr]:
    """The country that a postal code gives away, and the city of a military address.

    What stands for "unknown" in a column of countries is none; with a state and a ZIP, neither is a word that we have
    never seen.
    """
    domestic = pl.col("s_state").is_in(_STATE_CODES) & pl.col("code").str.contains(r"^[0-9]{5}(?:[0-9]{4})?$")
    country = (
        pl.when(pl.col("country").is_in((*NO_COUNTRY, "NA")) | (~pl.col("known") & domestic)).then(pl.lit("US"))
        .when((pl.col("s_country") == "US") & pl.col("code").str.contains(_CANADIAN)).then(pl.lit("CA"))
        .when((pl.col("s_country") == "US") & pl.col("code").str.contains(_BRITISH)).then(pl.lit("GB"))
        .otherwise("s_country")
    )  # fmt: skip
    military = pl.col("s_city").str.extract(r"^([AFD]PO)(?: A[AEP])?$")
    return [country.alias("s_country"), pl.coalesce(military, "s_city").alias("s_city")]


@cache
def _placed() -> list[pl.Expr]:
    return [
        pl.col("s_city"),
        pl.col("s_state").str.replace_all(" ", "", literal=True),
        pl.when(pl.col("s_country") == "US").then(_zip5()).otherwise("code").alias("s_zip5"),
        pl.col("s_country"),
    ]


def _zip5() -> pl.Expr:
    """The five figures, with the leading zeros that a spreadsheet lost put back where the state has such ZIPs."""
    figures = pl.col("code")
    length = figures.str.len_bytes()
    valid = figures.str.contains(r"^[0-9]{3,9}$") & ~figures.str.contains(r"^0+$")
    one = pl.col("s_state").is_in([*ZERO_STATES, *DOUBLE_ZERO_STATES, ""])
    two = pl.col("s_state").is_in(DOUBLE_ZERO_STATES)
    return (
        pl.when(valid & length.is_in([5, 9])).then(figures.str.head(5))
        .when(valid & length.is_in([4, 8]) & one).then("0" + figures.str.head(4))
        .when(valid & length.is_in([3, 7]) & two).then("00" + figures.str.head(3))
        .otherwise(pl.lit(""))
    )  # fmt: skip
