"""Addresses of any other country, as text that compares: the number, the unit, and all else in order."""

from __future__ import annotations

import polars as pl

from prefcenter.core.postal.tables import DIRECTIONS
from prefcenter.core.postal.tables_suffixes import SUFFIXES

GERMAN = ("DE", "AT", "CH", "LI")

_UNITS = "FLAT|UNIT|APT|APARTMENT|APPT|SUITE|STE|STUDIO|ROOM|WHG|WOHNUNG|LOT|LEVEL"
_WORDS = {word: form for word, form in (SUFFIXES | DIRECTIONS).items() if len(word) > 3} | {
    "AV": "AVE", "BD": "BLVD", "RD": "RD", "STR": "STRASSE",
}  # fmt: skip
_UMLAUTS = {"AE": "A", "OE": "O", "UE": "U"}


def foreign_delivery(lines: pl.DataFrame) -> pl.DataFrame:
    """``s_number`` … ``s_unit`` of cleaned address1 and address2 columns, told the ``country``.

    The number is the figure that a line begins with ("12 High Street") or, where it begins with words, the last one
    ("Straße des 17. Juni 135").
    """
    text = pl.concat_str(["address1", "address2"], separator=" ; ").str.strip_chars(" ;#")
    parts = lines.select(_unified(text).alias("text"), pl.col("country").is_in(GERMAN).alias("german"))
    unit = rf"(?:^|[ ;])({_UNITS}) ?(?:# ?)?([0-9]+[A-Z]?|[A-Z])(?:$|[ ;])"
    parts = parts.with_columns(
        pl.col("text").str.extract(unit, 2).fill_null("").alias("s_unit"),
        pl.col("text").str.replace(unit, " ; ").str.strip_chars(" ;").alias("text"),
    )
    whole = pl.col("text").str.replace_all("[ ;]+", " ")
    numbered = pl.col("text").str.extract(r"(?:^|; )([^;]*(?:[0-9][^;]*\p{L}|\p{L}[^;]*[0-9])[^;]*)")
    parts = parts.with_columns(pl.coalesce(numbered, whole).str.strip_chars(" ").alias("line"))
    first, last = r"^()([0-9]\S*)( .*|$)", r"^(.* |)(\S*[0-9]\S*)( .*|$)"
    begins = pl.col("line").str.contains(first)

    def group(which: int) -> pl.Expr:
        line = pl.col("line")
        return pl.when(begins).then(line.str.extract(first, which)).otherwise(line.str.extract(last, which))

    parts = parts.with_columns(group(2).fill_null("").alias("s_number"))
    rest = pl.coalesce(group(1) + group(3), "line")
    words = rest.str.strip_chars(" ").str.split(" ").list.eval(pl.element().replace(_WORDS)).list.join(" ")
    plain = pl.when("german").then(words.str.replace_many(_UMLAUTS)).otherwise(words)
    empty = [pl.lit("").alias(name) for name in ("s_predir", "s_suffix", "s_postdir", "s_box", "s_urb")]
    kind = pl.when(pl.col("s_unit") == "").then(pl.lit("")).otherwise(pl.lit("#")).alias("s_unit_kind")
    return parts.select("s_number", plain.alias("s_street"), "s_unit", kind, *empty)


def _unified(text: pl.Expr) -> pl.Expr:
    """KONIGSTR5 is KONIGSTRASSE 5, and 5 A is 5A; the sign of a number is left out."""
    return (
        text.str.replace_all(r"([A-Z]{3,})STR([0-9 ]|$)", "${1}STRASSE $2")
        .str.replace_all(r"([A-Z]{4,})([0-9]+[A-Z]?)( |$)", "$1 $2$3")
        .str.replace_all(r"(^| )(?:NO|NR|NUM|NUMERO|#) ?([0-9])", "$1$2")
        .str.replace(r"(^| )([0-9]+) ([A-Z])( |$)", "$1$2$3$4")
        .str.replace_all("[/ ]+", " ")
    )
