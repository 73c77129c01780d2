"""Reading a street line ("100 north 5th street s.e.") into number, direction, name, suffix and direction."""

from __future__ import annotations

from functools import cache

import polars as pl

from prefcenter.core.postal.lines import HOUSE_NUMBER
from prefcenter.core.postal.tables import DIRECTION_FORMS, DIRECTIONS, STATES, WORDS
from prefcenter.core.postal.tables_suffixes import STRONG_SUFFIXES, SUFFIX_FORMS, SUFFIXES
from prefcenter.core.postal.text import AS_WRITTEN, amend

TOKENS: dict[str, str] = {**SUFFIXES, **WORDS, **DIRECTIONS}
"""Every word of a street line that has a shorter form."""

_NO = r" ?(?:NO |NUMBER |# ?)?"
_STATE = "|".join(["STATE", "U ?S", *sorted(set(STATES.values()) - {"NE"})])
_ROAD = r"(?:ROAD|RD|HIGHWAY|HWY|ROUTE|RTE|RT|TRUNK HIGHWAY|TRUNK HWY)"
_NUMBERED_ROADS: tuple[tuple[str, str], ...] = (
    (rf" (?:COUNTY|CO|CNTY|CTY) {_ROAD}{_NO}([0-9]+[A-Z]?|[A-Z])\b", " COUNTY~RD~$1"),
    (r" (?:CR|CTH|CSAH)[ ~]?([0-9]+[A-Z]?)\b", " COUNTY~RD~$1"),
    (rf" (?:TOWNSHIP|TWP) {_ROAD}{_NO}([0-9]+[A-Z]?)\b", " TOWNSHIP~RD~$1"),
    (r" (?:FARM TO MARKET|FM)(?: ROAD| RD)?[ ]?([0-9]+)\b", " FM~$1"),
    (r" (?:INTERSTATE|IH|I)(?: HIGHWAY| HWY)? ?([0-9]+)\b", " I~$1"),
    # Right behind the number, ST is short for STATE; further on it ends a street's name.
    (rf"^(\S+) (?:ST|STR|STREET|SAINT) (?:(?:U ?S|SR|SH) |(?:U ?S )?{_ROAD} ){_NO}([0-9]+[A-Z]?)\b", "$1 HWY~$2"),
    (rf" (?:(?:{_STATE}) )?(?:HIGHWAY|HWY|HIWAY|HWAY|ROUTE|RTE|RT){_NO}([0-9]+[A-Z]?)\b", " HWY~$1"),
    (rf" (?:STATE|US) (?:ROAD|RD){_NO}([0-9]+[A-Z]?)\b", " HWY~$1"),
    (r" (?:U ?S|SR|SH)[ ]?([0-9]+[A-Z]?)\b", " HWY~$1"),
    (r" (?:STATE )?LOOP ([0-9]+)\b", " LOOP~$1"),
)
"""Numbered roads and their one form; the state's and the federal ones share it, since nobody keeps them apart."""

_NUMBERED_ROAD_HINT = (
    r" (?:HIGHWAY|HWY|HIWAY|HWAY|ROUTE|RTE|RT|COUNTY|CO|CNTY|CTY|CR|CTH|CSAH|TOWNSHIP|TWP|FARM|FM|INTERSTATE|IH|I|"
    r"STATE|U S|US|SR|SH|LOOP)[ 0-9]"
)
_SPLIT_DIRECTION_HINT = r" (?:N|S|SO|NORTH|SOUTH) (?:E|W|EAST|WEST)(?: |$)"
_FRACTION = r"^(\S+) ([0-9]/[0-9]+) "
_TRAILING_UNIT = r"^(?:[0-9]+[A-Z]?|[A-Z][0-9]+[A-Z]?|[A-Z])$"


def streets(main: pl.Series) -> pl.DataFrame:
    """``number``, ``predir``, ``street``, ``suffix``, ``postdir`` of street lines, and ``bare``, a unit."""
    words = _glued(main).alias("main").to_frame().lazy().select(_split())
    for step in (_ends, _trailing_unit, _ends, _pre_direction, _post_direction, _suffix):
        words = words.with_columns(step())
    parsed = words.select(_words()).collect(optimizations=AS_WRITTEN)
    return parsed.with_columns(_ordinals(parsed))


def _glued(main: pl.Series) -> pl.Series:
    """The line with what belongs together held together by ``~``: fractions, numbered roads, split directions."""
    roads, split, fractions = main.to_frame("main").select(_hints())
    main = amend(main, fractions, lambda rows: rows.str.replace(_FRACTION, "$1~$2 "))
    main = amend(main, roads, _glue_roads)
    return amend(main, split, _glue_directions)


@cache
def _hints() -> list[pl.Expr]:
    patterns = {"roads": _NUMBERED_ROAD_HINT, "directions": _SPLIT_DIRECTION_HINT, "fractions": _FRACTION}
    return [pl.col("main").str.contains(pattern).alias(name) for name, pattern in patterns.items()]


def _glue_roads(lines: pl.Series) -> pl.Series:
    for pattern, form in _NUMBERED_ROADS:
        lines = lines.str.replace_all(pattern, form)
    return lines


def _glue_directions(lines: pl.Series) -> pl.Series:
    north, east = "(N|S)(?:O|ORTH|OUTH)?", "(E|W)(?:AST|EST)?"
    before = rf"^(\S+) {north} {east} (\S+ \S)"
    return lines.str.replace(before, "$1 $2$3 $4").str.replace(rf"^(\S+ \S+ \S.*) {north} {east}$", "$1 $2$3")


def _at(position: int) -> pl.Expr:
    return pl.col("t").list.get(position, null_on_oob=True).fill_null("")


def _is_direction(token: pl.Expr) -> pl.Expr:
    return token.is_in(DIRECTION_FORMS)


@cache
def _split() -> list[pl.Expr]:
    """The line as tokens ``t``, each in its short form."""
    return [pl.col("main").str.split(" ").list.eval(pl.element().replace(TOKENS)).alias("t")]


@cache
def _ends() -> list[pl.Expr]:
    """The tokens that decide: ``a`` and ``b`` behind the number, ``x y z`` at the end; and their count ``n``."""
    places = {"a": 1, "b": 2, "x": -3, "y": -2, "z": -1}
    count = pl.col("t").list.len().cast(pl.Int64).alias("n")
    return [count, *(_at(position).alias(name) for name, position in places.items())]


@cache
def _trailing_unit() -> list[pl.Expr]:
    """A number or letter behind the suffix is a unit, ``bare`` ("801 S CANAL ST C1S", "12 MAIN ST 4")."""
    marks = pl.col("z").str.contains(_TRAILING_UNIT) & ~_is_direction(pl.col("z"))
    behind_suffix = pl.col("y").is_in(STRONG_SUFFIXES) & (pl.col("n") >= 4) & ~_is_direction(pl.col("x"))
    behind_direction = _is_direction(pl.col("y")) & pl.col("x").is_in(STRONG_SUFFIXES) & (pl.col("n") >= 5)
    bare = marks & (behind_suffix | behind_direction)
    return [
        pl.when(bare).then(pl.col("t").list.head(pl.col("n") - 1)).otherwise("t").alias("t"),
        pl.when(bare).then("z").otherwise(pl.lit("")).alias("bare"),
    ]


@cache
def _pre_direction() -> list[pl.Expr]:
    """Whether the second token is a direction, ``pre``; in "100 NORTH ST" and "12 N ST NW" it is the street's name.

    ``k`` counts the tokens behind it.
    """
    short = (pl.col("n") == 3) | ((pl.col("n") == 4) & _is_direction(pl.col("z")))
    named = pl.col("b").is_in(STRONG_SUFFIXES) & short
    pre = (_is_direction(pl.col("a")) & (pl.col("n") >= 3) & ~named).cast(pl.Int64)
    return [pre.alias("pre"), (pl.col("n") - 1 - pre).alias("k")]


@cache
def _post_direction() -> list[pl.Expr]:
    """The direction at the end, ``postdir``, unless it is the letter of an avenue ("AVENUE E")."""
    lettered = (pl.col("k") == 2) & (pl.col("y") == "AVE") & (pl.col("z").str.len_bytes() == 1)
    post = _is_direction(pl.col("z")) & (pl.col("k") >= 2) & ~lettered
    return [
        pl.when(post).then("z").otherwise(pl.lit("")).alias("postdir"),
        pl.when(post).then("y").otherwise("z").alias("last"),
        (pl.col("k") - post.cast(pl.Int64)).alias("k"),
    ]


@cache
def _suffix() -> list[pl.Expr]:
    """The ``suffix``, if a name stands before it."""
    suffixed = pl.col("last").is_in(SUFFIX_FORMS) & (pl.col("k") >= 2)
    return [
        pl.when(suffixed).then("last").otherwise(pl.lit("")).alias("suffix"),
        (pl.col("k") - suffixed.cast(pl.Int64)).alias("k"),
    ]


@cache
def _words() -> list[pl.Expr]:
    name = pl.col("t").list.slice(1 + pl.col("pre"), pl.col("k")).list.join(" ")
    return [
        _number().alias("number"),
        pl.when(pl.col("pre") == 1).then("a").otherwise(pl.lit("")).alias("predir"),
        name.str.replace_all("~", " ", literal=True).alias("street"),
        pl.col("suffix", "postdir", "bare"),
    ]


def _number() -> pl.Expr:
    """The house number without leading zeros, empty where the line begins otherwise (as in "5TH AVE")."""
    number = _at(0)
    ordinal = number.str.contains(r"^[0-9]+(?:ST|ND|RD|TH)$")
    valid = number.str.contains(HOUSE_NUMBER) & ~ordinal
    plain = number.str.replace_all("~", " ", literal=True).str.replace(r"^0+([0-9])", "$1")
    return pl.when(valid).then(plain).otherwise(pl.lit(""))


def _ordinals(words: pl.DataFrame) -> pl.Series:
    """Numbered streets as ordinals: "5 AVE" is "5TH AVE", while the "200" of a grid stays a number."""

    def ordinal(street: pl.Series) -> pl.Series:
        teen = street.str.contains(r"1[123]$")
        last = street.str.tail(1).replace_strict(["1", "2", "3"], ["ST", "ND", "RD"], default="TH")
        ending = pl.select(pl.when(teen).then(pl.lit("TH")).otherwise(last)).to_series()
        return street + ending

    figures = words.select(
        pl.col("street").str.contains("^[0-9]{1,3}$") & pl.col("suffix").is_in(STRONG_SUFFIXES)
    ).to_series()
    return amend(words["street"], figures, ordinal)
