"""Cleaning of free text before it is read as tokens: case, accents, punctuation, length.

Everything is an expression over columns, so that one address and a million take the same path. What is clean
once it is in capitals, as most cells are, takes the short way.
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
    "‐": "-",
    "‑": "-",
    "‒": "-",
    "–": "-",
    "—": " - ",
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
ROUGH = "[^A-Z0-9 ]|  |^ | $"
"""What a cell in capitals holds if there is anything to clean."""

_FEW = 10_000
"""Rows among which looking for repeated values costs more than it spares."""


def cleaned(values: pl.Series, form: Callable[[pl.Series], pl.Series], rough: str = ROUGH) -> pl.Series:
    """The values in capitals, those that hold the ``rough`` pattern, or too much, in their clean form."""
    seen = values.to_frame("text").select(_capitals()).with_columns(_rough(rough))
    return amend(seen["text"], seen["rough"], form).alias(values.name)


@cache
def _capitals() -> pl.Expr:
    return pl.col("text").str.head(3 * LONGEST).str.to_uppercase()


@cache
def _rough(pattern: str) -> pl.Expr:
    return (pl.col("text").str.contains(pattern) | (pl.col("text").str.len_bytes() > LONGEST)).alias("rough")


def is_ascii(values: pl.Series) -> bool:
    """Whether the values hold nothing but ASCII, which spares the folding of accents."""
    return bool(values.to_frame("text").select(_extra_bytes()).item() == 0)


@cache
def _extra_bytes() -> pl.Expr:
    return pl.col("text").str.len_bytes().sum() - pl.col("text").str.len_chars().sum()


def clean_line(lines: pl.Series) -> pl.Series:
    """Lines of an address as words parted by single spaces; what a comma parted is parted by ``;``.

    "P.O. Box 12" becomes "PO BOX 12". A hyphen stays between figures only ("37-12"); between letters it parts words;
    else it joins ("2-B" is "2B"). One between blanks parts as a comma does, unless a house number lies on both sides.
    """
    words = expressed(lines, _line_form(plain=is_ascii(lines)))
    return amend(words, words.str.contains("-", literal=True), _settle_hyphens)


def clean_words(values: pl.Series) -> pl.Series:
    """Cities, states or countries as words parted by single spaces, without any punctuation."""
    return expressed(values, _words_form(plain=is_ascii(values)))


def expressed(values: pl.Series, form: pl.Expr) -> pl.Series:
    """The values put through an expression over a column ``text``, in one go."""
    return values.to_frame("text").select(form.alias(values.name)).to_series()


def folded(*, plain: bool) -> pl.Expr:
    """The column ``text`` in upper case without accents: "Peña" becomes "PENA"."""
    text = pl.col("text").str.to_uppercase()
    if not plain:
        text = text.str.replace_many(_LETTERS).str.normalize("NFKD").str.replace_all(r"\p{M}+", "").str.to_uppercase()
    return text


@cache
def _line_form(*, plain: bool) -> pl.Expr:
    marked = (
        folded(plain=plain)
        .str.replace_all(r"(\d)\.(\d)", "$1-$2")
        .str.replace(r"(^|BOX )([0-9]{1,3}),([0-9]{3})\b", "$1$2$3")
        .str.replace(r"^([0-9]+) +- +([0-9]+[A-Z]? )", "$1-$2")
        .str.replace_all(" - ", " ; ", literal=True)
        .str.replace_many(_LINE_MARKS)
    )
    words = marked.str.replace_all(_ASCII_WORDS if plain else _ANY_WORDS, " ")
    return words.str.strip_chars(" ;-/").str.head(LONGEST).str.strip_chars(" ;-/")


@cache
def _words_form(*, plain: bool) -> pl.Expr:
    joined = folded(plain=plain).str.replace_many(_WORD_MARKS)
    words = joined.str.replace_all(r"[^A-Z0-9]+" if plain else r"[^\p{L}\p{N}]+", " ")
    return words.str.strip_chars(" ").str.head(LONGEST).str.strip_chars(" ")


def _settle_hyphens(lines: pl.Series) -> pl.Series:
    return expressed(lines, _settled_hyphens())


@cache
def _settled_hyphens() -> pl.Expr:
    return (
        pl.col("text").str.replace_all(r"([0-9])-+([0-9])", "${1}~$2")
        .str.replace_all(r"([0-9])-+([0-9])", "${1}~$2")
        .str.replace_all(r"([^0-9 ~])-+([^0-9 ~])", "$1 $2")
        .str.replace_all(r"([^0-9 ~])-+([^0-9 ~])", "$1 $2")
        .str.replace_all("-", "", literal=True)
        .str.replace_all("~", "-", literal=True)
    )  # fmt: skip


def by_value(values: pl.Series, change: Callable[[pl.Series], pl.DataFrame]) -> list[pl.Series]:
    """The columns that ``change`` gives, made once for each distinct value where few are distinct."""
    distinct = values.unique() if len(values) > _FEW else values
    if 2 * len(distinct) >= len(values):
        return change(values).get_columns()
    places = values.replace_strict(distinct, range(len(distinct)), return_dtype=pl.UInt32)
    return change(distinct)[places].get_columns()


def amend(values: pl.Series, where: pl.Series, change: Callable[[pl.Series], pl.Series]) -> pl.Series:
    """The values with ``change`` applied where ``where`` is true, and nowhere else computed: dear rules stay rare."""
    if not where.any():
        return values
    if where.all():
        return change(values).alias(values.name)
    return values.clone().scatter(where.arg_true(), change(values.filter(where)))


def amend_rows(frame: pl.DataFrame, where: pl.Series, change: Callable[[pl.DataFrame], pl.DataFrame]) -> pl.DataFrame:
    """The frame with what ``change`` gives for the rows where ``where`` is true; the order stays.

    ``change`` is given all columns, and may give some of them only: the others stay as they are.
    """
    if not where.any():
        return frame
    if where.all():
        return frame.with_columns(change(frame).get_columns())
    places = where.arg_true()
    # Gathering, and putting columns in place, spares the making of a query, which costs more than a few rows do.
    changed, amended = change(frame[places]), frame.clone()
    for values in changed.get_columns():
        place = amended.get_column_index(values.name)
        amended.replace_column(place, frame.to_series(place).clone().scatter(places, values))
    return amended


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
