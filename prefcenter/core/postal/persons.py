"""Reading the name of a person or a couple ("Smith, John & Mary") into first, middle, last name and generation (P9)."""

from __future__ import annotations

from functools import cache

import polars as pl

from prefcenter.core.postal.tables_names import (
    CREDENTIALS,
    GENERATIONS,
    IRISH_ROOTS,
    PARTICLES,
    PLURAL_SURNAMES,
    TITLE_SEXES,
    TITLES,
)
from prefcenter.core.postal.text import AS_WRITTEN, amend, amend_rows, expressed

PERSON_PARTS = ("s_first", "s_middle", "s_last", "s_generation")

_TITLES = r"\b(?:" + "|".join(TITLES) + r")\b"
_GENERATIONS = "|".join(GENERATIONS)
_GLUE = {f" {particle} ": f" {particle.replace(' ', '')}" for particle in sorted(PARTICLES, key=len, reverse=True)}
_PARTICLE_HINT = " (?:" + "|".join(PARTICLES) + ") "
_IRISH = " O (" + "|".join(IRISH_ROOTS) + ")( |$)"
_INITIALS = "^[BCDFGHJKLMNPQRSTVWXZ]{2}$"
_NO_INITIALS = ("NG", "ST", "MC")
_FAMILY = "^THE ([A-Z]+)$"
_ALL_CREDENTIALS = "|".join(CREDENTIALS)


def persons(names: pl.Series, plain: pl.Series) -> pl.DataFrame:
    """The first and the second person of each cleaned name; ``plain`` ones are two or three words of one person."""
    found = names.to_frame("name").lazy().select(_words()).select(_plain_parts()).collect(optimizations=AS_WRITTEN)
    careful = ~plain
    if careful.any():
        read = _read(names.filter(careful))
        places = careful.arg_true()
        found = found.with_columns(found[part.name].clone().scatter(places, part) for part in read.get_columns())
    initials = found.select(_has_initials()).to_series()
    return amend_rows(found, initials, lambda rows: rows.select(_parted_initials()))


@cache
def _words() -> list[pl.Expr]:
    words = pl.col("name").str.split(" ")
    return [words.alias("w"), words.list.len().alias("n")]


@cache
def _plain_parts() -> list[pl.Expr]:
    words, count = pl.col("w"), pl.col("n")
    nothing = [pl.lit("").alias(name) for name in ("s_generation", *(f"{part}2" for part in PERSON_PARTS))]
    return [
        words.list.get(0, null_on_oob=True).fill_null("").alias("s_first"),
        pl.when(count == 3).then(words.list.get(1, null_on_oob=True)).otherwise(pl.lit("")).alias("s_middle"),
        words.list.get(-1, null_on_oob=True).fill_null("").alias("s_last"),
        *nothing,
    ]


@cache
def _has_initials() -> pl.Expr:
    return pl.col("s_first").str.contains(_INITIALS) & ~pl.col("s_first").is_in(_NO_INITIALS)


@cache
def _parted_initials() -> list[pl.Expr]:
    """JR SMITH, as J.R. SMITH and J R SMITH, has two initials."""
    first, middle = pl.col("s_first"), pl.col("s_middle")
    return [
        first.str.head(1).alias("s_first"),
        pl.concat_str([first.str.tail(1), middle], separator=" ").str.strip_chars(" ").alias("s_middle"),
    ]


def _read(names: pl.Series) -> pl.DataFrame:
    """Both persons of names that must be looked into."""
    names = amend(names, names.str.contains("^[^,]* [^,]* , [^,]* [^,]*$"), _both_named)
    frame = names.to_frame("one").with_columns(pl.lit("").alias("two"))
    frame = amend_rows(frame, frame.select(_is_couple()).to_series(), _couple)
    one, two = _person(frame["one"]), _person_or_none(frame["two"])
    return one.hstack(two.rename({name: f"{name}2" for name in two.columns}))


def _both_named(names: pl.Series) -> pl.Series:
    return expressed(names, _with_and())


@cache
def _with_and() -> pl.Expr:
    """JOHN SMITH , MARY SMITH and SMITH JOHN , MARY SMITH, who share a surname, as JOHN SMITH AND MARY SMITH.

    SMITH JONES , MARY ANN is one person: nothing that stands before the comma stands behind it, too.
    """
    bare = pl.col("text").str.replace_all(_TITLES, "").str.replace_all(" +", " ").str.strip_chars(" ")
    sides = bare.str.splitn(" , ", 2)
    one, other = (sides.struct.field(f"field_{place}").fill_null("") for place in (0, 1))
    first, given = (side.str.extract(r"^(\S+) ") for side in (one, other))
    rest, surname = (
        side.str.replace(rf" (?:{_GENERATIONS})$", "").str.extract(r"^\S+ (?:\S+ )?(\S+)$") for side in (one, other)
    )
    straight = pl.concat_str([one, other], separator=" AND ")
    turned_one = pl.concat_str([one.str.extract(r"^\S+ (.+)$"), first], separator=" ")
    turned_other = pl.concat_str([other.str.extract(r"^\S+ (.+)$"), given], separator=" ")
    shortest = pl.min_horizontal(each.str.len_bytes() for each in (first, rest, given, surname))
    known = ~first.is_in(PARTICLES) & ~given.is_in(PARTICLES) & (shortest > 1)
    return (
        pl.when(known & (rest == surname)).then(straight)
        .when(known & (first == surname)).then(pl.concat_str([turned_one, other], separator=" AND "))
        .when(known & (first == given)).then(pl.concat_str([turned_one, turned_other], separator=" AND "))
        .otherwise("text")
    )  # fmt: skip


@cache
def _is_couple() -> pl.Expr:
    return pl.col("one").str.contains("[^ ] (?:AND|OR) |^AND ")


def _couple(frame: pl.DataFrame) -> pl.DataFrame:
    """Two names out of "JOHN AND MARY SMITH", "SMITH , JOHN AND MARY", "JOHN SMITH AND MARY JONES"."""
    steps = frame.lazy()
    for step in (_bare, _listed, _split_couple, _surname, _both):
        steps = steps.select(step())
    return steps.collect(optimizations=AS_WRITTEN)


@cache
def _bare() -> list[pl.Expr]:
    bare = (
        pl.col("one")
        .str.replace_all(_TITLES, " ")
        .str.replace_all(" +", " ")
        .str.replace(" OR ", " AND ", literal=True)
    )
    bare = bare.str.replace_many(_GLUE, leftmost=True).str.replace("(?: AND)+ ?$", "")
    last = bare.str.extract(r"^([^,]*?) , ").fill_null("")
    return [last.alias("last"), bare.str.replace(r"^[^,]*? , ", "").str.strip_chars(" ,").alias("text")]


@cache
def _listed() -> list[pl.Expr]:
    """Names after one another ("JOHN AND MARY , SMITH") have no surname in front."""
    last, text = pl.col("last"), pl.col("text")
    listed = last.str.contains(r"\bAND\b")
    return [
        pl.when(listed).then(pl.lit("")).otherwise(last).alias("last"),
        pl.when(listed).then(pl.concat_str([last, pl.lit(" AND "), text])).otherwise(text).alias("text"),
    ]


@cache
def _split_couple() -> list[pl.Expr]:
    text = pl.col("text")
    first = text.str.extract(r"^(?:(.*?) )?AND ", 1).fill_null("")
    return [
        pl.col("last"),
        first.str.strip_chars(" ,").alias("a"),
        text.str.replace(r"^(?:.*? )?AND ", "").str.strip_chars(" ,").alias("b"),
    ]


@cache
def _surname() -> list[pl.Expr]:
    """The surname that the first of the two lacks, and the one that stands before both."""
    surname = pl.col("b").str.extract(r" (\S+(?: (?:JR|SR|II|III|IV))?)$")
    needs = (
        (pl.col("last") == "") & ~pl.col("a").str.contains(r" \S{2,}$") & (pl.col("a") != "") & surname.is_not_null()
    )
    prefix = pl.when(pl.col("last") != "").then(pl.col("last") + " , ").otherwise(pl.lit(""))
    own = pl.col("b").str.contains(" , ", literal=True)
    return [
        pl.when(needs)
        .then(pl.concat_str([pl.col("a"), pl.lit(" "), surname]))
        .otherwise(prefix + pl.col("a"))
        .alias("one"),
        pl.when(own).then("b").otherwise(prefix + pl.col("b")).alias("two"),
        pl.col("a"),
    ]


@cache
def _both() -> list[pl.Expr]:
    alone = pl.col("a") == ""
    return [
        pl.when(alone).then("two").otherwise("one").alias("one"),
        pl.when(alone).then(pl.lit("")).otherwise("two").alias("two"),
    ]


def _person_or_none(names: pl.Series) -> pl.DataFrame:
    """The persons of a column that is nearly always empty, at the price of those that are not."""
    blank = pl.DataFrame(dict.fromkeys(PERSON_PARTS, names))
    return amend_rows(blank, names != "", lambda rows: _person(rows["s_last"]))


def _person(names: pl.Series) -> pl.DataFrame:
    """First, middle, last name and generation of one person's name."""
    hints = names.to_frame("text").select(_hints())
    names = amend(names, hints["comma"], _turned)
    names = amend(names, hints["particle"], lambda rows: expressed(rows, _glued()))
    names = amend(names, hints["irish"], lambda rows: rows.str.replace(_IRISH, " O$1$2"))
    names = amend(names, hints["family"], lambda rows: expressed(rows, _singular()))
    steps = names.to_frame("name").lazy().select(_name_words(), _sex())
    for step in (_generation, _without_generation):
        steps = steps.with_columns(step())
    return steps.select(_name_parts()).collect(optimizations=AS_WRITTEN)


@cache
def _hints() -> list[pl.Expr]:
    name = pl.col("text")
    return [
        name.str.contains(" , ", literal=True).alias("comma"),
        name.str.contains(_PARTICLE_HINT).alias("particle"),
        name.str.contains(_IRISH).alias("irish"),
        name.str.contains(_FAMILY).alias("family"),
    ]


@cache
def _glued() -> pl.Expr:
    """Particles joined to the surname behind them; "LE SR" has none behind it."""
    whole = pl.col("text").str.replace(rf" ({'|'.join(PARTICLES)}) ((?:{_GENERATIONS})(?: |$))", " ${1}_ $2")
    return whole.str.replace_many(_GLUE, leftmost=True)


@cache
def _singular() -> pl.Expr:
    """The surname of THE HENDERSONS, unless it ends in an S of its own."""
    name = pl.col("text").str.replace(_FAMILY, "$1")
    sibilant = "^(.*(?:S|X|Z|CH|SH))ES$"
    single = pl.when(name.str.contains(sibilant)).then(name.str.replace(sibilant, "$1")).otherwise(
        name.str.replace("^(.*[^S])S$", "$1")
    )  # fmt: skip
    own = name.is_in(list(PLURAL_SURNAMES)) | (name.str.len_bytes() < 4)
    return pl.when(own).then(name).otherwise(single)


@cache
def _name_words() -> pl.Expr:
    words = pl.col("name").str.split(" ")
    return words.list.eval(pl.element().filter(~pl.element().is_in(["", ",", *TITLES]))).alias("w")


@cache
def _sex() -> pl.Expr:
    title = pl.col("name").str.extract(r"(?:^| )(" + "|".join(TITLE_SEXES) + ")(?: |$)")
    return title.replace(TITLE_SEXES).fill_null("").alias("sex")


@cache
def _generation() -> pl.Expr:
    """What tells father from son, anywhere behind the first word ("JR SMITH" has initials); V at the end alone."""
    behind = pl.col("w").list.slice(1).list.eval(pl.element().filter(pl.element().is_in(list(GENERATIONS))))
    fifth = (pl.col("w").list.get(-1, null_on_oob=True) == "V") & (pl.col("w").list.len() > 2)
    found = behind.list.first().replace(GENERATIONS)
    return pl.when(found.is_null() & fifth).then(pl.lit("V")).otherwise(found).fill_null("").alias("s_generation")


@cache
def _without_generation() -> pl.Expr:
    fifth = pl.col("s_generation") == "V"
    words = pl.when(fifth).then(pl.col("w").list.head(pl.col("w").list.len() - 1)).otherwise("w")
    behind = words.list.slice(1).list.eval(pl.element().filter(~pl.element().is_in(list(GENERATIONS))))
    bare = words.list.head(1).list.concat(behind)
    return pl.when(pl.col("s_generation") != "").then(bare).otherwise("w").alias("w")


@cache
def _name_parts() -> list[pl.Expr]:
    words, count = pl.col("w"), pl.col("w").list.len().cast(pl.Int64)
    middle = words.list.slice(1, count - 2).list.join(" ")
    # A surname alone is told from another of the house by nothing but its title.
    told = pl.when((count == 1) & (pl.col("s_generation") == "")).then("sex").otherwise("s_generation")
    return [
        pl.when(count > 1).then(words.list.get(0, null_on_oob=True)).otherwise(pl.lit("")).alias("s_first"),
        pl.when(count > 2).then(middle).otherwise(pl.lit("")).alias("s_middle"),
        words.list.get(-1, null_on_oob=True).fill_null("").str.replace_all("_", "", literal=True).alias("s_last"),
        told.alias("s_generation"),
    ]


def _turned(names: pl.Series) -> pl.Series:
    return expressed(names, _in_natural_order())


@cache
def _in_natural_order() -> pl.Expr:
    """Put "SMITH JONES , MARY" in the natural order, the words of the surname held together; ", JR" stays behind."""
    text = pl.col("text").str.replace_all(
        rf"(?: ,)+ (?:{_ALL_CREDENTIALS})(?:(?: ,)* (?:{_ALL_CREDENTIALS}))*( ,|$)", "$1"
    )
    text = text.str.replace(r"^(\S+ [^,]*) , V$", "$1 V")
    text = text.str.replace_all(rf" , ((?:{_GENERATIONS}|{'|'.join(TITLES)})(?: |$))", " $1").str.replace_all(" +", " ")
    parts = text.str.splitn(" , ", 2)
    last, first = parts.struct.field("field_0"), parts.struct.field("field_1").str.strip_chars(" ,")
    behind = last.str.extract(rf" ({_GENERATIONS})\b").fill_null("")
    surname = last.str.replace_all(rf" (?:{_GENERATIONS})\b", "").str.replace_all(" ", "_", literal=True) + "_"
    turned = pl.concat_str([first, pl.lit(" "), surname, pl.lit(" "), behind]).str.strip_chars(" ")
    return pl.coalesce(pl.when(first != "").then(turned), last)
