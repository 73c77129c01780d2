"""The one standardiser of postal addresses, for one record and for millions (P5, P6, P7).

Source: USPS Publication 28, "Postal Addressing Standards".
"""

from __future__ import annotations

from functools import cache

import polars as pl

from prefcenter.core.postal.lines import delivery_lines
from prefcenter.core.postal.places import places
from prefcenter.core.postal.streets import streets
from prefcenter.core.postal.text import (
    amend,
    amend_rows,
    clean_line,
    clean_words,
    is_plain,
    settle_hyphens,
    with_text_columns,
)

STANDARD_VERSION = 1
"""The version of the canonical form. Keys carry it; the forms of erased entries are kept for ever."""

ADDRESS_COLUMNS = ("address1", "address2", "city", "state", "zip", "country")

STANDARD_COLUMNS = (
    "s_number", "s_predir", "s_street", "s_suffix", "s_postdir", "s_unit_kind", "s_unit", "s_city", "s_state", "s_zip5",
    "s_country", "s_problem",
)  # fmt: skip

_DELIVERY = STANDARD_COLUMNS[:7]


def standardise(frame: pl.DataFrame) -> pl.DataFrame:
    """The same rows in the same order with the standard form appended in ``s_`` columns; never raises on any text.

    The parts are text, empty where there is nothing. A PO box or route stands whole in ``s_number`` ("PO BOX 12"), with
    an empty ``s_street``. ``s_problem`` is null where the address can be used, else a short sentence.

    >>> row = pl.DataFrame({"address1": ["12 North Main Street, Apt. 4"], "zip": ["62701"]})
    >>> standardise(row).select("s_number", "s_predir", "s_street", "s_suffix", "s_unit_kind", "s_unit").row(0)
    ('12', 'N', 'MAIN', 'ST', 'APT', '4')
    """
    lines = _clean(frame)
    where = places(lines)
    foreign = ~where["s_country"].is_in(["US", "CA"])
    written = lines.select("address1", "address2")
    blank = [pl.lit("").alias(name) for name in _DELIVERY]
    if not foreign.any():
        delivery = _domestic(written)
    elif foreign.all():
        delivery = _foreign(written)
    else:
        both = written.with_columns(blank)
        both = amend_rows(both, ~foreign, lambda rows: rows.select("address1", "address2").hstack(_domestic(rows)))
        both = amend_rows(both, foreign, lambda rows: rows.select("address1", "address2").hstack(_foreign(rows)))
        delivery = both.select(_DELIVERY)
    standard = delivery.hstack(where)
    kept = frame.drop(STANDARD_COLUMNS, strict=False)
    return kept.hstack(standard.with_columns(_problem()).select(STANDARD_COLUMNS))


def _clean(frame: pl.DataFrame) -> pl.DataFrame:
    texts = with_text_columns(frame, ADDRESS_COLUMNS)
    plain = is_plain(texts, ADDRESS_COLUMNS)
    country = clean_words("country", plain=plain) if "country" in frame.columns else pl.col("country")
    cleaned = texts.select(
        clean_line("address1", plain=plain),
        clean_line("address2", plain=plain),
        clean_words("city", plain=plain),
        country,
        "state",
        "zip",
        pl.col("state").str.contains("^[A-Z]{2}$").alias("short_state"),
        pl.col("zip").str.contains("^[0-9]{5}$").alias("short_zip"),
    )
    return cleaned.select(
        settle_hyphens(cleaned["address1"]),
        settle_hyphens(cleaned["address2"]),
        "city",
        _cleaned_where_needed(cleaned, "state", clean_words("state", plain=plain)),
        _cleaned_where_needed(cleaned, "zip", clean_line("zip", plain=plain)),
        "country",
    )


def _cleaned_where_needed(cleaned: pl.DataFrame, column: str, change: pl.Expr) -> pl.Series:
    """A column most of whose cells are in their one form as they stand."""
    rough = ~cleaned[f"short_{column}"]
    return amend(cleaned[column], rough, lambda values: values.to_frame().select(change).to_series())


def _domestic(lines: pl.DataFrame) -> pl.DataFrame:
    """Addresses of the United States and Canada, which share their order."""
    found = delivery_lines(lines)
    parsed = streets(found["main"])
    return found.hstack(parsed).select(_delivery_columns())


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
    ]


def _foreign(lines: pl.DataFrame) -> pl.DataFrame:
    """Any other country: the first token with a figure is the number, all others in their order are the street."""
    text = pl.concat_str(["address1", "address2"], separator=" ").str.replace_all(r"[#;/ ]+", " ").str.strip_chars(" ")
    number = text.str.extract(r"(?:^| )(\S*[0-9]\S*)").fill_null("")
    rest = text.str.replace(r"(?:^| )\S*[0-9]\S*", "").str.strip_chars(" ")
    empty = [pl.lit("").alias(name) for name in ("s_predir", "s_suffix", "s_postdir", "s_unit_kind", "s_unit")]
    return lines.select(number.alias("s_number"), rest.alias("s_street"), *empty).select(_DELIVERY)


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
