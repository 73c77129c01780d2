"""Reading a street line ("100 north 5th street s.e.") into number, direction, name, suffix and direction."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import polars as pl

from prefcenter.core.postal.lines import HOUSE_NUMBER
from prefcenter.core.postal.tables import DIRECTION_FORMS, DIRECTIONS, STATES, WORDS
from prefcenter.core.postal.tables_numbers import ORDINAL_WORDS
from prefcenter.core.postal.tables_slips import SLIPS
from prefcenter.core.postal.tables_suffixes import LAST_SUFFIXES, STRONG_SUFFIXES, SUFFIX_FORMS, SUFFIXES
from prefcenter.core.postal.text import AS_WRITTEN, amend, amend_rows, expressed

TOKENS: dict[str, str] = {**SLIPS, **SUFFIXES, **WORDS, **ORDINAL_WORDS, **DIRECTIONS}
"""Every word of a street line that has a shorter form."""

_NO = r" ?(?:NO |NUMBER |# ?)?0*"
_CODES = "|".join(sorted({code for code in STATES.values() if len(code) == 2} - {"NE"}))
_NAMES = "|".join(sorted(name for name in STATES if len(name) > 3))
_STATE = rf"(?:STATE|U ?S|ILL|{_CODES}|{_NAMES})"
_ROAD = r"(?:ROAD|RD|HIGHWAY|HWY|ROUTE|RTE|RT|TRUNK HIGHWAY|TRUNK HWY)"
_FIRST = r"^([^ ]+(?: (?:N|S|E|W|NORTH|SOUTH|EAST|WEST))?)"
_ID = r"([0-9]+[A-Z]?|[A-Z][0-9]+[A-Z]?)"
_NUMBERED_ROADS: tuple[tuple[str, str], ...] = (
    (rf" (?:COUNTY|CO|CNTY|CTY) {_ROAD}{_NO}([0-9]+[A-Z]?|[A-Z]|[A-Z]{{2}}$)\b", " COUNTY~RD~$1"),
    (r" (?:CR|CTH|CSAH)[ ~]?0*([0-9]+[A-Z]?)\b", " COUNTY~RD~$1"),
    (rf"{_FIRST} (?:COUNTY|CNTY|CTY) 0*([0-9]+[A-Z]?)($| [NSEW]$)", "$1 COUNTY~RD~$2$3"),
    (rf" (?:TOWNSHIP|TWP) {_ROAD}{_NO}([0-9]+[A-Z]?)\b", " TOWNSHIP~RD~$1"),
    (rf"{_FIRST} (?:PRIVATE|PVT) (?:{_ROAD}|DRIVE|DR){_NO}([0-9]+[A-Z]?)\b", "$1 PRIVATE~RD~$2"),
    (rf"{_FIRST} (?:FOREST|FS|FOREST SERVICE|NATIONAL FOREST) {_ROAD}{_NO}([0-9]+[A-Z]?)\b", "$1 FOREST~RD~$2"),
    (rf"{_FIRST} PARISH {_ROAD}{_NO}([0-9]+[A-Z]?)\b", "$1 PARISH~RD~$2"),
    (r" (?:FARM TO MARKET|FARM|FM)(?: ROAD| RD)? ?([0-9]+)\b", " FM~$1"),
    (rf"{_FIRST} (?:RANCH TO MARKET|RANCH|RM)(?: ROAD| RD)? ?([0-9]+)\b", "$1 RM~$2"),
    (r" (?:INTERSTATE|IH|I)(?: HIGHWAY| HWY)? ?([0-9]+)\b", " I~$1"),
    # Right behind the number, ST is short for STATE; further on it ends a street's name.
    (rf"^(\S+) (?:ST|STR|STREET|SAINT) (?:(?:U ?S|SR|SH) |(?:U ?S )?{_ROAD} ?){_NO}{_ID}\b", "$1 HWY~$2"),
    (rf" (?:{_STATE} )?(?:HIGHWAY|HWY|HIWAY|HWAY|ROUTE|RTE|RT){_NO}{_ID}\b", " HWY~$1"),
    (rf" (?:STATE|US) (?:ROAD|RD){_NO}{_ID}\b", " HWY~$1"),
    (rf" (?:U ?S|SR|SH) ?0*{_ID}\b", " HWY~$1"),
    # Four figures behind a bare state are a unit in Washington St.
    (rf"{_FIRST} {_STATE} ?0*([0-9]{{1,3}}[A-Z]?)($| [NSEW]$)", "$1 HWY~$2$3"),
    (r" (?:STATE )?LOOP ([0-9]+)\b", " LOOP~$1"),
    (r"( HWY~[0-9]+[A-Z]?) BUSINESS\b", "$1 BUS"),
)
"""Numbered roads and their one form; the state's and the federal ones share it, since nobody keeps them apart."""

_NUMBERED_ROAD_HINT = (
    r" (?:HIGHWAY|HWY|HIWAY|HWAY|ROUTE|RTE|RT|COUNTY|CO|CNTY|CTY|CR|CTH|CSAH|TOWNSHIP|TWP|PRIVATE|PVT|FOREST|FS|PARISH|"
    r"FARM|FM|RANCH|RM|INTERSTATE|IH|I|STATE|U S|US|SR|SH|LOOP)[ 0-9]| (?:ST|STR|STREET|SAINT) (?:RD|ROAD) "
    rf"|{_FIRST} {_STATE} ?[0-9]"
)
_SPLIT_DIRECTION_HINT = r" (?:N|S|SO|NORTH|SOUTH) (?:E|W|EAST|WEST)(?: |$)"
_FRACTION = r"^(\S+) ([0-9]/[0-9]+) "
_TRAILING_UNIT = r"^(?:[0-9]+[A-Z]?|[A-Z][0-9]+[A-Z]?|[A-Z]|[A-Z]?[0-9]+[A-Z]?-[0-9]+[A-Z]?)$"
_BEFORE_NUMBERS = (
    "CALLE", "COUNTY", "STATE", "MILE", "PARISH", "TOWNSHIP", "RNCH", "FRST", "PRIVATE", "SPUR", "LATERAL", "SECTOR",
    "TRUNK", "COMMERCIAL", "UNIT", "BUS", "BUSINESS",
)  # fmt: skip
"""What a number behind belongs to, so that it is no unit."""

_MIXED_UNIT = r"^(?:[0-9]+[A-Z]|[A-Z][0-9]+[A-Z]?)$"


def streets(main: pl.Series, plain: pl.Series) -> pl.DataFrame:
    """``number``, ``predir``, ``street``, ``suffix``, ``postdir`` of street lines, and ``bare``, a unit.

    Nothing in ``plain`` lines need be held together, and each begins with its number.
    """
    words = amend(main, ~plain, _glued).alias("main").to_frame().select(_split())
    words = words.with_columns(*_ends(), pl.lit("").alias("bare"))
    words = amend_rows(words, words.select(_ends_oddly()).to_series(), _without_units)
    turned = words.select(_turns_on_its_axis()).to_series()
    words = amend_rows(words, turned, lambda rows: _with_unit_letters(rows, main.filter(turned)))
    steps = words.lazy()
    for step in (_pre_direction, _post_direction, _suffix):
        steps = steps.with_columns(step())
    parsed = steps.select(_words()).collect(optimizations=AS_WRITTEN)
    return amend_rows(parsed, ~plain, lambda rows: _unglued(rows.with_columns(_number())))


def _glued(main: pl.Series) -> pl.Series:
    """The line with what belongs together held together by ``~``: fractions, numbered roads, split directions."""
    hints = main.to_frame("main").select(_hints())
    for name, change in _GLUE.items():
        main = amend(main, hints[name], lambda rows, change=change: expressed(rows, change()))  # type: ignore[misc]
    return main


@cache
def _hints() -> list[pl.Expr]:
    patterns = {"fractions": _FRACTION, "roads": _NUMBERED_ROAD_HINT, "directions": _SPLIT_DIRECTION_HINT}
    return [pl.col("main").str.contains(pattern).alias(name) for name, pattern in patterns.items()]


@cache
def _glue_fractions() -> pl.Expr:
    return pl.col("text").str.replace(_FRACTION, "$1~$2 ")


@cache
def _glue_roads() -> pl.Expr:
    line = pl.col("text")
    for pattern, form in _NUMBERED_ROADS:
        line = line.str.replace_all(pattern, form)
    return line


@cache
def _glue_directions() -> pl.Expr:
    north, east = "(N|S)(?:O|ORTH|OUTH)?", "(E|W)(?:AST|EST)?"
    before = rf"^(\S+) {north} {east} (\S+ \S|(?:[0-9]+[SNRT][TDH]|{'|'.join(ORDINAL_WORDS)})$)"
    return (
        pl.col("text")
        .str.replace(before, "$1 $2$3 $4")
        .str.replace(rf"^(\S+ (?:\S+ \S.*|\S+~\S+)) {north} {east}$", "$1 $2$3")
    )


_GLUE: dict[str, Callable[[], pl.Expr]] = {
    "fractions": _glue_fractions, "roads": _glue_roads, "directions": _glue_directions,
}  # fmt: skip

_PLACES = {"a": 1, "b": 2, "x": -3, "y": -2, "z": -1}


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
    count = pl.col("t").list.len().cast(pl.Int64).alias("n")
    return [count, *(_at(position).alias(name) for name, position in _PLACES.items())]


@cache
def _ends_oddly() -> pl.Expr:
    """A cheap look for a unit behind the street, which nearly every line ends without: it ends as streets do."""
    return ~pl.col("z").is_in([*SUFFIX_FORMS, *DIRECTION_FORMS])


def _without_units(words: pl.DataFrame) -> pl.DataFrame:
    words = amend_rows(words, words.select(_has_two_letters()).to_series(), lambda rows: rows.select(_unit_of(2)))
    words = amend_rows(words, words.select(_has_trailing_unit()).to_series(), lambda rows: rows.select(_unit_of(1)))
    return words.select("x", "y", "z", "n", "bare")


@cache
def _has_trailing_unit() -> pl.Expr:
    """Whether a number or letter behind the suffix is a unit ("801 S CANAL ST C1S", "12 MAIN ST 4")."""
    marks = pl.col("z").str.contains(_TRAILING_UNIT) & ~_is_direction(pl.col("z"))
    behind_suffix = pl.col("y").is_in(STRONG_SUFFIXES) & (pl.col("n") >= 4) & ~_is_direction(pl.col("x"))
    behind_direction = _is_direction(pl.col("y")) & pl.col("x").is_in(STRONG_SUFFIXES) & (pl.col("n") >= 5)
    # "100 BROADWAY 4B": figures and letters together are no street's name.
    mixed = pl.col("z").str.len_bytes().is_between(2, 6) & pl.col("z").str.contains(_MIXED_UNIT)
    # As is a number behind one ("203 N WABASH 608").
    mixed |= pl.col("z").str.contains("^[0-9]{1,5}$") & pl.col("y").str.contains("^[A-Z]{4,}$")
    behind_name = (
        mixed
        & (pl.col("n") >= 3)
        & ~_is_direction(pl.col("y"))
        & ~pl.col("y").is_in([*STRONG_SUFFIXES, *_BEFORE_NUMBERS])
    )
    behind_road = pl.col("y").str.contains("~", literal=True) & (pl.col("n") >= 3)
    trailing = (marks & (behind_suffix | behind_direction | behind_road)) | behind_name
    return trailing & (pl.col("bare") == "")


@cache
def _has_two_letters() -> pl.Expr:
    """Whether two letters behind the suffix are a unit ("1643 OXFORD ST R C"), or a figure and one ("106 D")."""
    letter = "[A-DF-MO-RT-VX-Z]"
    letters = pl.col("y").str.contains(rf"^(?:{letter}|[0-9]{{1,4}})$"), pl.col("z").str.contains(rf"^{letter}$")
    return pl.all_horizontal(*letters, pl.col("x").is_in(STRONG_SUFFIXES), pl.col("n") >= 5)


@cache
def _turns_on_its_axis() -> pl.Expr:
    """Whether a street that lies north has "N" or "S" behind its suffix: that is no direction, as in "W 4TH ST N"."""
    axes = (("N", "S"), ("E", "W"))
    same = pl.any_horizontal(pl.col("a").is_in(axis) & pl.col("z").is_in(axis) for axis in axes)
    return same & pl.col("y").is_in(STRONG_SUFFIXES) & (pl.col("n") >= 5) & (pl.col("bare") == "")


def _with_unit_letters(words: pl.DataFrame, main: pl.Series) -> pl.DataFrame:
    """A letter behind such a street is a door, as D would be (P6); a direction in full says what is known already."""
    letter = main.str.contains(" [NSEW]$")
    return words.select(_unit_of(1)).with_columns(pl.when(letter).then("bare").otherwise(pl.lit("")).alias("bare"))


@cache
def _unit_of(count: int) -> list[pl.Expr]:
    """The unit of one token or two, ``bare``, and the ends and the number of the tokens before it."""
    ends = [_at(place - count).alias(name) for name, place in _PLACES.items() if place < 0]
    unit = pl.col("z") if count == 1 else pl.concat_str(["y", "z"])
    return [*ends, pl.col("n") - count, unit.alias("bare")]


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
        pl.when(post).then("y").otherwise("z").replace(LAST_SUFFIXES).alias("last"),
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
    return [
        _at(0).alias("number"),
        pl.when(pl.col("pre") == 1).then("a").otherwise(pl.lit("")).alias("predir"),
        pl.col("t").list.slice(1 + pl.col("pre"), pl.col("k")).list.join(" ").alias("street"),
        pl.col("suffix", "postdir", "bare"),
    ]


@cache
def _number() -> list[pl.Expr]:
    """The house number without leading zeros, empty where the line begins otherwise (as in "5TH AVE")."""
    number = pl.col("number")
    ordinal = number.str.contains(r"^[0-9]+(?:ST|ND|RD|TH)$")
    valid = number.str.contains(HOUSE_NUMBER) & ~ordinal
    plain = number.str.replace_all("~", " ", literal=True).str.replace(r"^0+([0-9])", "$1")
    street = pl.col("street").str.replace_all("~", " ", literal=True)
    return [pl.when(valid).then(plain).otherwise(pl.lit("")).alias("number"), street]


def _unglued(words: pl.DataFrame) -> pl.DataFrame:
    return words.select("number").with_columns(_ordinals(words))


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
