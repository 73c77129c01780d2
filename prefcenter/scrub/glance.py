"""The cheap look at a row, before anything is standardised: what it shows of where it lies.

Nine rows of ten are written plainly: a house number, a street, a ZIP of five figures. Of such a row the number, the ZIP
and the first letters of the street are read off as they stand; when no entry has them, no rule can make the row meet
one, and the row is spared all the rest (:mod:`prefcenter.scrub.sieve`). Whatever is not plain is looked at closely.
"""

from __future__ import annotations

import polars as pl

from prefcenter.core.postal.blocks import NO_NUMBER, NO_STREET, WORD_LETTERS
from prefcenter.core.postal.tables import STATES

GLANCE = ("number", "zip5", "zip3", "state", "letter", "word", "word2", "last", "nowhere")
"""What a look tells: number, ZIP, its area, state, the city's first letter, the first letters of the street's first two
words (one of them may be a direction), and the surname's last word; empty where it does not tell. ``nowhere`` is told
by an entry without a state of the United States, which a row of any state may meet."""

STATE_CODES = sorted({code for code in STATES.values() if len(code) == 2})
_DIRECTION = r"(?:[NSEWnsew]\b\.?|[NSns]\.?[EWew]\b\.?|(?i:north|south)(?i:east|west)?|(?i:east|west))"
_WORD = r"[A-Za-z]{2}|[0-9]{1,3}(?i:st|nd|rd|th)\b|[NSEWnsew]\b"
_PLAIN_LINE = rf"^ *[1-9][0-9]{{0,5}} +(?:{_WORD})"
DIRECTIONS = ("N", "S", "E", "W", "NE", "NW", "SE", "SW", "NOR", "SOU", "EAS", "WES")
"""How directions begin, in :data:`WORD_LETTERS`."""
FLOORS = ("FL", "FLR", "FLO", "LEV")
"""How floors begin, whose figure is no house number."""
_NO_ZIPS = ("", "00000")
NOWHERE = "-"
_HERE = ("", "US", "USA", "us", "usa", "United States", "UNITED STATES")
_PARTS = [",", ";", "\n", "|", " box", "general"]
"""What may part a line in two, or put a box in the place of its number (P7)."""
_BOX = r"^ *[Pp]\.? ?[Oo]\.? ?[Bb][Oo][Xx] +([1-9][0-9]{0,5}) *$"
_UNIT_BESIDE = (
    r"(?i)^ *(?:apt|apartment|unit|ste|suite|#|lot|fl|floor|rm|room|bldg|building|trlr|spc|ph)\b?\.? *#? *[0-9a-z-]* *$"
)
_ZIP = r"^ *[0-9]{5}(?:-?[0-9]{4})? *$"
NO_SURNAMES = (
    "", "RESIDENT", "RESIDENTS", "OCCUPANT", "OCCUPANTS", "CUSTOMER", "HOMEOWNER", "NEIGHBOR", "HOUSEHOLD", "FAMILY",
    "FRIEND", "MEMBER", "DVM", "DO", "OD", "DC", "PE", "PA", "NP", "MBA", "JD", "LLC", "INC", "CO", "CORP", "RET",
    "USN", "USMC", "USAF", "USA", "SENIOR", "JUNIOR", "ESQUIRE", "MR", "MRS", "MS", "MISS", "DR", "VI", "I",
)  # fmt: skip
"""Last words that are not the surname as the standard form has it; such a row is looked at closely."""
AFTER_NAMES = ("JR", "SR", "II", "III", "IV", "V", "MD", "PHD", "ESQ", "DDS", "CPA", "RN")
_AFTER_NAME = rf"(?i)[ ,]+(?:{'|'.join(AFTER_NAMES)})\.?$"


def glance(written: pl.DataFrame) -> pl.DataFrame:
    """What a look at written rows tells: :data:`GLANCE`, and ``plain``: whether that is all there is to know.

    Of a plain row the standardiser would say the same number, ZIP and state, that it lies in the United States, and
    that it can be delivered.

    Args:
        written: the columns of a file by their roles, text without nulls.
    """
    line = pl.col("address1")
    seen = written.select(
        line.str.extract(r"^ *([0-9]+) ").fill_null("").alias("number"),
        pl.when(pl.col("zip").str.contains(_ZIP)).then(pl.col("zip").str.strip_chars_start(" ").str.head(5))
        .otherwise(pl.lit("")).alias("zip5"),
        pl.col("state").str.strip_chars(" ").str.to_uppercase().alias("state"),
        pl.col("city").str.strip_chars_start(" ").str.head(1).str.to_uppercase().alias("letter"),
        _letters(line.str.extract(rf"^ *[0-9]+ +([A-Za-z0-9]{{1,{WORD_LETTERS}}})")).alias("word"),
        _surnames(written),
        _plain_line().alias("plain"),
    )  # fmt: skip
    told = seen.select(
        "number", "zip5", pl.col("zip5").str.head(3).alias("zip3"), "state", "letter", "word",
        pl.lit("").alias("word2"), "last", pl.lit(NOWHERE).alias("nowhere"),
        (pl.col("plain") & ~pl.col("zip5").is_in(_NO_ZIPS) & pl.col("state").is_in(STATE_CODES)
         & ~pl.col("word").is_in(FLOORS) & ~pl.col("last").is_in(NO_SURNAMES)).alias("plain"),
    )  # fmt: skip
    return _with_boxes(_with_second_words(told, written), written)


def _with_second_words(seen: pl.DataFrame, written: pl.DataFrame) -> pl.DataFrame:
    """The street's second word, where the first may be a direction."""
    where = seen["word"].is_in(DIRECTIONS)
    words = pl.col("address1").str.extract(rf"^ *[0-9]+ +{_DIRECTION} +([A-Za-z0-9]{{1,{WORD_LETTERS}}})")
    found = written.filter(where).select(_letters(words)).to_series()
    return seen.with_columns(seen["word2"].scatter(where.arg_true(), found))


def _with_boxes(seen: pl.DataFrame, written: pl.DataFrame) -> pl.DataFrame:
    """PO boxes in their commonest form, among the rows that are not plain otherwise."""
    asked = seen.select(
        ~pl.col("plain") & ~pl.col("zip5").is_in(_NO_ZIPS) & pl.col("state").is_in(STATE_CODES)
    ).to_series()
    here = pl.col("country").is_in(_HERE) & (pl.col("address2") == "") & _ascii_name()
    boxes = written.filter(asked).select(pl.when(here).then(pl.col("address1").str.extract(_BOX))).to_series()
    places, found = asked.arg_true().filter(boxes.is_not_null()), boxes.drop_nulls()
    if found.is_empty():
        return seen
    return seen.with_columns(
        seen["number"].scatter(places, "PO BOX " + found),
        seen["word"].scatter(places, NO_STREET),
        seen["plain"].scatter(places, True),
    )


def _letters(text: pl.Expr) -> pl.Expr:
    return text.fill_null("").str.to_uppercase()


def _plain_line() -> pl.Expr:
    """A house number, a street and perhaps a unit beside it, in plain letters, in the United States."""
    return pl.col("address1").str.contains(_PLAIN_LINE) & unparted()


def unparted() -> pl.Expr:
    """Nothing but a street in the line and perhaps a unit beside it, in the United States, under an ASCII name."""
    line, beside = pl.col("address1"), pl.col("address2")
    parted = line.str.contains_any(_PARTS, ascii_case_insensitive=True)
    unit = (beside == "") | beside.str.contains(_UNIT_BESIDE)
    return ~parted & unit & pl.col("country").is_in(_HERE) & _ascii_name()


def _ascii_name() -> pl.Expr:
    names = (pl.col(name) for name in ("name", "last_name"))
    return pl.all_horizontal(name.str.len_bytes() == name.str.len_chars() for name in names)


def _surnames(written: pl.DataFrame) -> pl.Series:
    """The last word of the surname, by where it stands: in its own column, before a comma, or at the end."""
    parted = pl.when(pl.col("last_name") == "").then("name").otherwise("last_name")
    has_parts = bool((written["last_name"] != "").any())
    names = written.select((parted if has_parts else pl.col("name")).alias("last"))["last"]
    last = names.to_frame().select(last_word(pl.col("last"))).to_series()
    # "Doe, John" and "John Doe Jr" end in something else.
    odd = names.str.contains(",", literal=True) | last.is_in(AFTER_NAMES)
    if not odd.any():
        return last
    bare = pl.col("last").str.replace(_AFTER_NAME, "")
    before = pl.when(bare.str.contains(",", literal=True)).then(bare.str.extract("^([^,]+)")).otherwise(bare)
    return last.scatter(odd.arg_true(), names.filter(odd).to_frame().select(last_word(before)).to_series())


def last_word(names: pl.Expr) -> pl.Expr:
    """The last word of a surname, as both sides of the look have it."""
    bare = names.str.extract(r"([A-Za-z']+)[^A-Za-z']*$").fill_null("")
    return bare.str.replace_all("'", "", literal=True).str.to_uppercase()


def standard_glance(standard: pl.DataFrame) -> pl.DataFrame:
    """What the standard form tells in the columns of :data:`GLANCE`; of the name, where it has been read."""
    last = last_word(pl.col("s_last")) if "s_last" in standard.columns else pl.lit("")
    words = pl.col("s_street").str.split(" ")
    return standard.select(
        pl.col("s_number").replace("", NO_NUMBER).alias("number"),
        pl.col("s_zip5").alias("zip5"),
        pl.col("s_zip5").str.head(3).alias("zip3"),
        pl.col("s_state").alias("state"),
        pl.col("s_city").str.head(1).alias("letter"),
        pl.when(pl.col("s_street") == "")
        .then(pl.lit(NO_STREET))
        .otherwise(words.list.get(0, null_on_oob=True).str.head(WORD_LETTERS))
        .alias("word"),
        words.list.get(1, null_on_oob=True).str.head(WORD_LETTERS).fill_null("").alias("word2"),
        last.alias("last"),
        pl.lit(NOWHERE).alias("nowhere"),
    )


def of_entries(seen: pl.DataFrame) -> pl.DataFrame:
    """The same of entries of the list: ``nowhere`` is told only where there is no state of the United States."""
    stated = pl.col("state").is_in(STATE_CODES)
    return seen.with_columns(pl.when(stated).then(pl.lit("")).otherwise("nowhere").alias("nowhere"))
