"""Cleaning of free text before it is read as tokens: case, accents, punctuation, length.

Everything is an expression over columns, so that one address and a million take the same path.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache

import polars as pl

LONGEST = 120
"""Characters of a cell that are read; no line of an address is longer, and a cell of a megabyte costs no time."""

_LETTERS = {
    "Ø": "O",
    "Ł": "L",
    "Đ": "D",
    "Æ": "AE",
    "Œ": "OE",
    "Þ": "TH",
    "Ð": "D",
    "ẞ": "SS",
    "½": " 1/2",
    "¼": " 1/4",
    "¾": " 3/4",
}

_LINE_MARKS = {
    ".": "",
    "'": "",
    "’": "",
    "`": "",
    '"': "",
    ",": " ; ",
    ";": " ; ",
    "\n": " ; ",
    "#": " # ",
    "&": " AND ",
    "~": " ",
}

_WORD_MARKS = {".": "", "'": "", "’": "", "`": ""}

AS_WRITTEN = pl.QueryOptFlags.none()
"""Plans are run as they are written: looking for better ones takes longer than one address."""

_ASCII_WORDS = r"[^A-Z0-9#;/\-]+"
_ANY_WORDS = r"[^\p{L}\p{N}#;/\-]+"


def is_plain(frame: pl.DataFrame, columns: Iterable[str]) -> bool:
    """Whether the columns hold nothing but ASCII, which spares the folding of accents."""
    extra = sum(pl.col(name).str.len_bytes().sum() - pl.col(name).str.len_chars().sum() for name in columns)
    return bool(frame.select(extra).item() == 0)


def folded(column: str, *, plain: bool) -> pl.Expr:
    """Upper case without accents, at most :data:`LONGEST` characters; null becomes empty.

    "Peña" becomes "PENA".
    """
    text = pl.col(column).str.head(3 * LONGEST).str.to_uppercase()
    if not plain:
        text = text.str.replace_many(_LETTERS).str.normalize("NFKD").str.replace_all(r"\p{M}+", "").str.to_uppercase()
    return text


@cache
def clean_line(column: str, *, plain: bool) -> pl.Expr:
    """A line of an address as words parted by single spaces; what a comma parted is parted by ``;``.

    "P.O. Box 12" becomes "PO BOX 12". Hyphens stay for :func:`settle_hyphens`.
    """
    marked = folded(column, plain=plain).str.replace_all(r"(\d)\.(\d)", "$1-$2").str.replace_many(_LINE_MARKS)
    words = marked.str.replace_all(_ASCII_WORDS if plain else _ANY_WORDS, " ")
    return words.str.strip_chars(" ;-/").str.head(LONGEST).str.strip_chars(" ;-/").alias(column)


@cache
def clean_words(column: str, *, plain: bool) -> pl.Expr:
    """A city, state or country as words parted by single spaces, without any punctuation."""
    joined = folded(column, plain=plain).str.replace_many(_WORD_MARKS)
    words = joined.str.replace_all(r"[^A-Z0-9]+" if plain else r"[^\p{L}\p{N}]+", " ")
    return words.str.strip_chars(" ").str.head(LONGEST).str.strip_chars(" ").alias(column)


def settle_hyphens(lines: pl.Series) -> pl.Series:
    """Keep a hyphen between figures only ("37-12"); between letters it parts words; else it joins ("2-B" is "2B")."""

    def settle(with_hyphen: pl.Series) -> pl.Series:
        return (
            with_hyphen.str.replace_all(r"([0-9])-+([0-9])", "${1}~$2")
            .str.replace_all(r"([0-9])-+([0-9])", "${1}~$2")
            .str.replace_all(r"([^0-9 ~])-+([^0-9 ~])", "$1 $2")
            .str.replace_all(r"([^0-9 ~])-+([^0-9 ~])", "$1 $2")
            .str.replace_all("-", "", literal=True)
            .str.replace_all("~", "-", literal=True)
        )

    return amend(lines, lines.str.contains("-", literal=True), settle)


def amend(values: pl.Series, where: pl.Series, change: Callable[[pl.Series], pl.Series]) -> pl.Series:
    """The values with ``change`` applied where ``where`` is true, and nowhere else computed: dear rules stay rare."""
    if not where.any():
        return values
    if where.all():
        return change(values).alias(values.name)
    changed = change(values.filter(where)).alias(values.name)
    return pl.concat([values, changed])[_source(where)]


def amend_rows(frame: pl.DataFrame, where: pl.Series, change: Callable[[pl.DataFrame], pl.DataFrame]) -> pl.DataFrame:
    """The frame with ``change`` applied to the rows where ``where`` is true; the order stays."""
    if not where.any():
        return frame
    if where.all():
        return change(frame).select(frame.columns)
    return pl.concat([frame, change(frame.filter(where)).select(frame.columns)])[_source(where)]


def _source(where: pl.Series) -> pl.Series:
    """Where each row is to be found once the changed ones are appended to all."""
    row = pl.int_range(pl.len(), dtype=pl.UInt32)
    appended = pl.len() + pl.col("where").cum_sum() - 1
    return where.to_frame("where").select(pl.when("where").then(appended).otherwise(row)).to_series()


def with_text_columns(frame: pl.DataFrame, columns: Iterable[str]) -> pl.DataFrame:
    """The named columns alone, as text without nulls; one that is missing is empty."""
    return (
        frame.select(
            pl.col(name).cast(pl.String).fill_null("") if name in frame.columns else pl.lit("").alias(name)
            for name in columns
        )
        if frame.width
        else pl.DataFrame({name: [""] * frame.height for name in columns})
    )
