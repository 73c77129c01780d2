"""What the pair rules compare: a few columns for each record, made once and not once a pair."""

from __future__ import annotations

import numpy as np
import polars as pl

from prefcenter.core.channels import Level
from prefcenter.core.postal.blocks import NO_NUMBER
from prefcenter.core.postal.pairs import Pairs
from prefcenter.core.postal.tables_suffixes import STRONG_SUFFIXES, SUFFIX_FORMS, SUFFIXES
from prefcenter.core.postal.text import amend

PERSON_FIELDS = ("first", "middle", "last", "generation", "given")
"""The columns of each person; those of the second of a couple end in ``2``."""

PAIR_FIELDS = (
    "number", "street", "suffix", "weak", "way", "direction", "road", "spelt", "spelt_line", "spelt_road",
    "figures", "unit_id", "unit_kind", "urb", "zip", "city", "state", "country",
    *PERSON_FIELDS, *(f"{name}2" for name in PERSON_FIELDS), "company", "occupant", "level",
)  # fmt: skip
"""The columns that :func:`pair_fields` makes; of pairs, each of them is there with ``_l`` and with ``_r``."""


def pair_fields(standard: pl.DataFrame) -> pl.DataFrame:
    """The columns that pairs are judged by, of standardised addresses and names, row for row.

    Args:
        standard: the ``s_`` columns of :func:`.standardise` and :func:`.standardise_names`; ``level`` where the rows
            are suppressions (individual if missing).
    """
    level = pl.col("level") if "level" in standard.columns else pl.lit(Level.INDIVIDUAL.value)
    fields = standard.with_columns(_figures(standard["s_street"])).select(
        *_address(), *_person(""), *_person("2"),
        pl.col("s_company").alias("company"), pl.col("s_occupant").alias("occupant"), level.alias("level"),
    )  # fmt: skip
    return fields.hstack(_spelt_out(standard)).select(PAIR_FIELDS)


def _spelt_out(standard: pl.DataFrame) -> pl.DataFrame:
    """The words in full, since VALLLEY lies one edit from VALLEY and three from VLY; ST is a saint before a suffix."""
    full = pl.element().replace(_WORDS | {"ST": "SAINT"})
    shortened = standard["s_street"].str.contains(_SHORT_WORD)
    street = amend(standard["s_street"], shortened, lambda texts: _each_word(texts, full)).alias("street")
    suffix = pl.col("s_suffix").replace(_WORDS).alias("suffix")
    weak = pl.when(pl.col("s_suffix").is_in(STRONG_SUFFIXES)).then(pl.lit("")).otherwise("suffix")
    return standard.select("s_predir", street, suffix, "s_postdir", "s_suffix").select(
        _spaced("street", weak).alias("spelt"),
        _spaced("street", "suffix").alias("spelt_line"),
        _spaced("s_predir", "street", "suffix", "s_postdir").alias("spelt_road"),
    )


def _spaced(*parts: str | pl.Expr) -> pl.Expr:
    """The parts that say anything, with spaces between."""
    columns = (pl.col(part) if isinstance(part, str) else part for part in parts)
    return pl.concat_str([pl.when(column != "").then(column) for column in columns], separator=" ", ignore_nulls=True)


def _longest(form: str) -> str:
    variants = {variant for variant, short in SUFFIXES.items() if short == form} | {form}
    return max((word for word in variants if not (word.endswith("S") and word[:-1] in variants)), key=len)


# The longest variant is the word itself, but for these.
_WORDS: dict[str, str] = {form: _longest(form) for form in SUFFIX_FORMS} | {
    "ALY": "ALLEY", "AVE": "AVENUE", "BYP": "BYPASS", "BYU": "BAYOU", "CTR": "CENTER", "HBR": "HARBOR",
    "RNCH": "RANCH", "SHR": "SHORE", "SHRS": "SHORES", "SMT": "SUMMIT", "STRM": "STREAM", "VLG": "VILLAGE",
}  # fmt: skip
_SHORT_WORD = r"\b(?:ST|" + "|".join(sorted(_WORDS)) + r")\b"


def pairs_of(left: pl.DataFrame, right: pl.DataFrame, places: pl.DataFrame) -> Pairs:
    """The pairs of two frames of :func:`pair_fields`, by the places ``l`` and ``r`` (row numbers)."""
    ones, others = (places[side].cast(pl.UInt32).to_numpy() for side in ("l", "r"))
    return Pairs(left, right, ones, others, np.arange(places.height, dtype=np.uint32))


def _address() -> list[pl.Expr]:
    strong = pl.col("s_suffix").is_in(STRONG_SUFFIXES)
    coded = pl.when(pl.col("s_country") == "US").then("s_zip5").otherwise(pl.col("s_country") + pl.col("s_zip5"))
    return [
        pl.when(pl.col("s_number") == "").then(pl.lit(NO_NUMBER)).otherwise("s_number").alias("number"),
        pl.col("s_street").alias("street"),
        pl.when(strong).then("s_suffix").otherwise(pl.lit("")).alias("suffix"),
        pl.when(strong).then(pl.lit("")).otherwise("s_suffix").alias("weak"),
        pl.when(strong).then("s_street").otherwise(_spaced("s_street", "s_suffix")).alias("way"),
        _spaced("s_predir", "s_postdir").alias("direction"),
        _spaced("s_predir", "s_street", "s_suffix", "s_postdir").alias("road"),
        pl.col("figures"),
        pl.when(pl.col("s_unit") == "").then("s_unit_kind").otherwise("s_unit").alias("unit_id"),
        pl.when(pl.col("s_unit_kind") == "UNIT").then(pl.lit("#")).otherwise("s_unit_kind").alias("unit_kind"),
        pl.col("s_urb").alias("urb"),
        pl.when(pl.col("s_zip5") == "").then(pl.lit("")).otherwise(coded).alias("zip"),
        pl.col("s_city").alias("city"), pl.col("s_state").alias("state"), pl.col("s_country").alias("country"),
    ]  # fmt: skip


_LETTERED = r" ([A-DF-MO-RT-VX-Z]|AA|BB|CC|DD|FF|GG|HH|JJ|KK|LL|MM|PP|QQ|TT|UU|VV|XX|YY|ZZ)$"
"""AVENUE A is not AVENUE B, nor COUNTY ROAD K KK; a letter that is a direction has been read as one."""


def _figures(streets: pl.Series) -> pl.Series:
    """The figures of a street's name, for another figure is another street; FARG0 and STAN1EY are words, misread."""
    word = pl.element()
    misread = word.str.contains(r"^(?:[A-Z]|0[A-Z])[A-Z01]*(?:[A-Z]|[A-Z]{3}0)$") & word.str.contains(r"[A-Z]{2}")
    figure = word.filter(word.str.contains("[0-9]") & ~misread).str.replace("^([0-9]+)[A-Z]+$", "${1}")
    given = streets.str.contains("[0-9]")
    none = pl.zeros(len(streets), pl.Int8, eager=True).cast(pl.String).str.head(0)
    figures = amend(none, given, lambda _: _each_word(streets.filter(given), figure))
    letters = streets.str.extract(_LETTERED).fill_null("")
    return (figures + letters).alias("figures")


def _each_word(texts: pl.Series, change: pl.Expr) -> pl.Series:
    return texts.str.split(" ").list.eval(change).list.join(" ")


def _person(which: str) -> list[pl.Expr]:
    first, middle, last = (pl.col(f"s_{part}{which}") for part in ("first", "middle", "last"))
    return [
        first.alias(f"first{which}"), middle.alias(f"middle{which}"), last.alias(f"last{which}"),
        pl.col(f"s_generation{which}").alias(f"generation{which}"),
        pl.concat_str([first, middle]).str.replace_all(" ", "", literal=True).alias(f"given{which}"),
    ]  # fmt: skip
