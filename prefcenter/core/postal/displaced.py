"""Parts of an address in a column that is not theirs: city and ZIP in the address line, a state in the city's column.

Whole files come so, and so does a row of an otherwise good one. A part is moved only where it can be nothing else.
"""

from __future__ import annotations

import re
from functools import cache

import polars as pl

from prefcenter.core.postal.rewriting import DESIGNATORS, STRONG_WORDS
from prefcenter.core.postal.tables import CITY_WORDS, STATES
from prefcenter.core.postal.text import AS_WRITTEN, amend_rows
from prefcenter.core.postal.written import STATE_CODES, of_cities, of_states
from prefcenter.core.postal.zip_finding import town_behind

_STATE = "|".join(sorted({*STATES, *STATE_CODES} - {"WASHINGTON DC"}, key=len, reverse=True))
_STREET_WORDS = ("CT", "KY", "LA", "MT", "NE", "PR", "WY")
"""Codes of states that end a street as well: Manchester Ct in Manchester, Connecticut."""

_ZERO_STATES = ("CT", "MA", "ME", "NH", "NJ", "RI", "VT")
_ZIP = r"[0-9]{5}"
_PLUS4 = r"(?:[ \-]?[0-9]{4})?"
_POSTAL_CODE = r"[ABCEGHJ-NPRSTVXY][0-9][A-Z] ?[0-9][A-Z][0-9]"
_GOOD_ZIP = rf"^(?:[0-9]{{3,9}}(?:-0|-[0-9]{{4}})?|{_POSTAL_CODE})$"
_DIRECTION = r"(?: (?:[NS]?[EW]|[NS]|(?:NORTH|SOUTH)?(?:EAST|WEST)|NORTH|SOUTH))?"
_STREET_END = rf"^\S+ .*\S (?:{STRONG_WORDS}){_DIRECTION}$"
_UNIT_END = rf" {DESIGNATORS} ?#? ?[0-9A-Z\-]{{1,6}}$"
_STREET_ONLY = r"^[1-9][0-9]*[A-Z]? \S*[A-Z]|^P ?O ?BOX [0-9]"
_STREET_LEFT = r"[0-9]\S* +(?:[NSEW]{1,2} )?[A-Z0-9]{2}"
_END = " USA$| [0-9]{5}-[0-9]{4}$"
_OF_COUNTRY = r"[ ;]+(?:USA|U S A|UNITED STATES(?: OF AMERICA)?)$"
_CITY_FORMS = {f" {word} ": f" {form} " for word, form in CITY_WORDS.items()}


def resettled(lines: pl.DataFrame) -> pl.DataFrame:
    """The :func:`.written` columns with each part of the address where it belongs."""
    marked = lines.with_columns(_misplaced())
    marked = amend_rows(marked, marked["misplaced"], _with_settled_places)
    perhaps = marked.with_columns(_tails()).select(_may_be_seen()).to_series().arg_true()
    seen = perhaps.filter(marked[perhaps].select(_seen()).to_series())
    there = pl.zeros(marked.height, pl.Boolean, eager=True).scatter(seen, values=True)
    return amend_rows(marked, there, _taken_off).drop("misplaced")


@cache
def _misplaced() -> pl.Expr:
    """Whether the columns of the place hold something else than city, state and ZIP."""
    odd = ~pl.col("good_state") | ~(pl.col("good_zip") | pl.col("zip").str.contains(_GOOD_ZIP)) | pl.col("odd_city")
    something = (pl.col("city") != "") | (pl.col("state") != "") | (pl.col("zip") != "")
    return (odd & something & pl.col("domestic")).alias("misplaced")


def _with_settled_places(rows: pl.DataFrame) -> pl.DataFrame:
    steps = rows.lazy()
    for step in (_exchanged, _found_zip, _without_zip, _found_state, _settled):
        steps = steps.with_columns(step())
    return _derived(steps.select("address1", "city", "state", "zip").collect(optimizations=AS_WRITTEN))


def _derived(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows with what :func:`.written` knows of their new values."""
    states, cities = of_states(rows["state"]), of_cities(rows["city"])
    return rows.with_columns(*states, *cities, rows["zip"].str.contains("^[0-9]{5}$").alias("good_zip"))


@cache
def _exchanged() -> list[pl.Expr]:
    """The street stands in the city's column."""
    lines = pl.concat_str("address1", "address2")
    swapped = ~lines.str.contains("[0-9]") & pl.col("city").str.contains(_STREET_ONLY)
    return [
        pl.when(swapped).then("city").otherwise("address1").alias("address1"),
        pl.when(swapped).then("address1").otherwise("city").alias("city"),
    ]


@cache
def _found_zip() -> list[pl.Expr]:
    # "Beverly MA 1915" went through a spreadsheet.
    with_zero = rf"([ ;](?:{'|'.join(_ZERO_STATES)})[ ;]+)([0-9]{{4}})( ;|$)"
    text = pl.concat_str(["city", "state", "zip"], separator=" ; ").str.replace(with_zero, "${1}0$2$3")
    good = pl.col("zip").str.contains(_GOOD_ZIP)
    found = text.str.extract(rf"(?:^|[ ;])({_ZIP}{_PLUS4}|{_POSTAL_CODE})(?:$|[ ;])")
    return [
        pl.when(good).then("zip").otherwise(found.fill_null(pl.col("zip"))).alias("zip"),
        pl.concat_str(
            pl.col("city"),
            pl.lit(" ; "),
            pl.col("state"),
            pl.lit(" ; "),
            pl.when(good).then(pl.lit("")).otherwise("zip"),
        ).alias("text"),
    ]


@cache
def _without_zip() -> pl.Expr:
    bare = pl.col("text").str.replace_all(rf"(^|[ ;])(?:{_ZIP}{_PLUS4}|{_POSTAL_CODE})($|[ ;])", "$1$2")
    return bare.str.replace_all("(?: *; *)+", " ; ").str.strip_chars(" ;").alias("text")


@cache
def _found_state() -> list[pl.Expr]:
    """The state, and the city that is left; neither, where nothing would be left."""
    pattern = rf"(^|[ ;])({_STATE})( ;|$)"
    city = pl.col("text").str.replace(pattern, "$1$3").str.replace_all("(?: *; *)+", " ").str.strip_chars(" ;")
    found = pl.col("text").str.extract(pattern, 2).replace(STATES)
    city = city.str.strip_suffix(pl.concat_str(pl.lit(" "), found.fill_null("")))
    return [
        pl.when((city != "") | pl.col("text").is_in(STATE_CODES)).then(found).fill_null("").alias("found"),
        city.alias("rest"),
    ]


@cache
def _settled() -> list[pl.Expr]:
    # Of "DC" and "Washington" it is the two letters that are the state.
    exchanged = pl.col("city").is_in(STATE_CODES)
    taken = (pl.col("found") != "") & (~pl.col("good_state") | exchanged | (pl.col("found") == pl.col("code")))
    # New York is a town in New York.
    taken &= ~(pl.col("good_state") & pl.col("city").is_in(list(STATES)))
    plain = pl.col("text").str.replace_all("(?: *; *)+", " ")
    numbered = pl.col("city").str.contains("[0-9]")
    return [
        pl.when(taken).then("found").otherwise("code").alias("code"),
        pl.when(taken).then("found").otherwise("state").alias("state"),
        pl.when(taken).then("rest")
        .when(numbered & (pl.col("code") == "")).then(plain)
        .when(numbered).then(pl.col("city").str.replace(rf" ?\b{_ZIP}{_PLUS4}$", ""))
        .otherwise("city").alias("city"),
    ]  # fmt: skip


def _line_end() -> pl.Expr:
    return pl.when(pl.col("address2") == "").then("address1").otherwise("address2")


def _placeless() -> pl.Expr:
    return (pl.col("zip") == "") & ((pl.col("city") == "") | (pl.col("code") == ""))


@cache
def _may_be_seen() -> list[pl.Expr]:
    """A cheap look for :func:`_seen`, by the last two characters of the lines."""
    tail = pl.col("tail")
    ends = [tail == pl.col(name).str.tail(2) for name in ("city_end", "code", "zip")]
    plus4 = pl.col("longer").str.starts_with("-")
    return [pl.any_horizontal(*ends, _placeless(), tail == "SA", plus4).alias("seen")]


@cache
def _tails() -> list[pl.Expr]:
    return [_line_end().str.tail(2).alias("tail"), _line_end().str.tail(5).alias("longer")]


@cache
def _seen() -> pl.Expr:
    """Whether the lines end, or may end, with the place."""
    ends = [
        _line_end().str.ends_with(" " + pl.col(name)) & (pl.col(name) != "") for name in ("city_end", "code", "zip")
    ]
    same = (pl.col("address2") != "") & _is_place(pl.col("address2"))
    return pl.any_horizontal(*ends, _placeless(), same, _line_end().str.contains(_END)) & pl.col("domestic")


def _is_place(line: pl.Expr) -> pl.Expr:
    return (line == pl.col("city")) | ((line == pl.col("code")) & (line != "NE"))


def _taken_off(rows: pl.DataFrame) -> pl.DataFrame:
    """The five columns with what the lines say of the place, where that is certain."""
    steps = rows.lazy().with_columns(_line())
    for step in (_zip_off, _state_off, _city_off):
        steps = steps.with_columns(step())
    parted = steps.collect(optimizations=AS_WRITTEN)
    parted = amend_rows(parted, parted.select(_has_unseen_town()).to_series(), _town_of_zip_off)
    return _derived(parted.lazy().with_columns(_outcome()).select(_result()).collect(optimizations=AS_WRITTEN))


@cache
def _line() -> pl.Expr:
    whole = pl.concat_str(["address1", "address2"], separator=" ; ").str.strip_chars(" ;")
    with_zero = rf"([ ;](?:{'|'.join(_ZERO_STATES)})[ ;]+)([0-9]{{4}})$"
    return whole.str.replace(_OF_COUNTRY, "").str.replace(with_zero, "${1}0$2").alias("line")


@cache
def _zip_off() -> list[pl.Expr]:
    pattern = rf"[ ;]+({_ZIP}){_PLUS4}$"
    found = pl.col("line").str.extract(pattern).fill_null("")
    hit = (found != "") & ((pl.col("zip") == "") | pl.col("zip").str.starts_with(found))
    return [
        pl.when(hit).then(found).otherwise(pl.lit("")).alias("line_zip"),
        pl.when(hit).then(pl.col("line").str.replace(pattern, "")).otherwise("line").alias("without_zip"),
    ]


@cache
def _state_off() -> list[pl.Expr]:
    line = pl.col("without_zip")
    written = line.str.extract(rf"[ ;]({_STATE})$").fill_null("")
    found, before = written.replace(STATES), line.str.strip_suffix(written)
    # A comma parts the last line from the street.
    parted = before.str.contains(";", literal=True)
    missing = (pl.col("code") == "") & ((pl.col("line_zip") != "") | parted)
    behind_city = pl.concat_str(pl.col("city_form"), pl.lit(" "), found)
    vouched = (pl.col("line_zip") != "") | parted | line.str.ends_with(behind_city) | ~found.is_in(_STREET_WORDS)
    hit = (found != "") & (missing | (found == pl.col("code"))) & vouched
    return [
        pl.when(hit).then(found).otherwise(pl.lit("")).alias("line_state"),
        pl.when(hit).then(before.str.strip_chars_end(" ;")).otherwise(line).alias("without_state"),
    ]


@cache
def _city_off() -> list[pl.Expr]:
    line = pl.col("without_state")
    ending = pl.concat_str(pl.lit(" "), line, pl.lit(" ")).str.replace_many(_CITY_FORMS, leftmost=True)
    named = (pl.col("city_form") != "") & ending.str.ends_with(pl.concat_str(pl.lit(" "), "city_form", pl.lit(" ")))
    words = pl.col("city_form").str.count_matches(" ") + 1
    tokens = line.str.split(" ")
    shorter = tokens.list.head(tokens.list.len().cast(pl.Int64) - words.cast(pl.Int64)).list.join(" ")
    unknown = (pl.col("city") == "") & ((pl.col("line_zip") != "") | (pl.col("line_state") != ""))
    behind = pl.coalesce(
        line.str.extract(rf" {DESIGNATORS} ?#? ?[0-9A-Z\-]+ ([A-Z]{{3,}}(?: [A-Z]+)*)$"),
        line.str.extract(r"BOX [0-9A-Z\-]+ ([A-Z]{3,}(?: [A-Z]+)*)$"),
        line.str.extract(r"; ([A-Z][A-Z ]*)$"),
        line.str.extract(rf"^\S+ .*?\S (?:{STRONG_WORDS}){_DIRECTION} ([A-Z][A-Z ]*)$"),
        pl.lit(""),
    )
    guessed = pl.when(unknown).then(behind).otherwise(pl.lit(""))
    kept = line.str.head(line.str.len_chars() - guessed.str.len_chars())
    return [
        named.alias("named"),
        guessed.alias("line_city"),
        pl.when(named).then(shorter).when(guessed != "").then(kept).otherwise(line).alias("rest"),
    ]


@cache
def _has_unseen_town() -> pl.Expr:
    """Whether a town may stand where nothing tells where the street ends ("123 BROADWAY SPRINGFIELD IL 62701")."""
    unknown = (pl.col("city") == "") & (pl.col("line_city") == "") & (pl.col("line_state") != "")
    return unknown & (_any_zip() != "") & pl.col("rest").str.contains(r"^[^;]*[0-9][^ ]* .* [A-Z]{2,}$")


def _any_zip() -> pl.Expr:
    return pl.when(pl.col("line_zip") != "").then("line_zip").otherwise(pl.col("zip").str.head(5))


def _town_of_zip_off(rows: pl.DataFrame) -> pl.DataFrame:
    """The line without the town, where it is one that the ZIP Code serves, and a street is left."""
    parted = []
    for line, zip_code in rows.select("rest", _any_zip().alias("code")).iter_rows():
        words = line.split(" ")
        place = len(words) - town_behind(words, zip_code)
        street, town = " ".join(words[:place]), " ".join(words[place:])
        parted.append((street, town) if re.search(_STREET_LEFT, street) else (line, ""))
    return pl.DataFrame(parted, schema={"rest": pl.String, "line_city": pl.String}, orient="row")


@cache
def _outcome() -> list[pl.Expr]:
    """Whether what was taken off is the place: its parts vouch for each other, or a whole address stands before it."""
    rest = pl.col("rest").str.strip_chars(" ")
    zip_there, state_there = pl.col("line_zip") != "", pl.col("line_state") != ""
    whole = rest.str.ends_with(";") | rest.str.contains(_STREET_END) | rest.str.contains(_UNIT_END)
    whole |= pl.col("line").str.contains(rf"; {_ZIP}{_PLUS4}$") | rest.str.contains(r"BOX [0-9A-Z\-]+$")
    something = zip_there | state_there | pl.col("named")
    known = pl.col("named") | (pl.col("line_city") != "")
    street = rest.str.contains(_STREET_LEFT)
    plain_state = state_there & ~pl.col("line_state").is_in(_STREET_WORDS)
    vouched = (zip_there & (state_there | known)) | (plain_state & known) | whole
    return [(something & vouched & (street | whole)).alias("sure"), rest.str.strip_chars(" ;").alias("rest")]


@cache
def _result() -> list[pl.Expr]:
    sure = pl.col("sure")
    here = [
        pl.when(sure & (pl.col(name) == "")).then(f"line_{name}").otherwise(name).alias(name)
        for name in ("zip", "city")
    ]
    bare = _is_place(pl.col("address2"))
    return [
        pl.when(sure).then("rest").otherwise("address1").alias("address1"),
        pl.when(sure | bare).then(pl.lit("")).otherwise("address2").alias("address2"),
        *here,
        pl.when(sure & (pl.col("code") == "")).then("line_state").otherwise("state").alias("state"),
    ]
