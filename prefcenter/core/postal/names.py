"""The one standardiser of names in an address block: persons, couples, occupants, firms (P9, P15)."""

from __future__ import annotations

from functools import cache

import polars as pl

from prefcenter.core.postal.tables_names import GENERATIONS, LEGAL_FORMS, OCCUPANTS, PARTICLES, TITLES
from prefcenter.core.postal.text import AS_WRITTEN, LONGEST, amend, amend_rows, folded, is_plain, with_text_columns

NAME_INPUTS = ("name", "first_name", "last_name", "company")

NAME_COLUMNS = (
    "s_first", "s_middle", "s_last", "s_generation", "s_first2", "s_middle2", "s_last2", "s_generation2", "s_company",
    "s_occupant",
)  # fmt: skip

_MARKS = {
    ".": "", "'": "", "’": "", "`": "", "ʼ": "", "-": "", "‐": "", "–": "", "&": " AND ", "+": " AND ", ",": " , ",
    ";": " , ", "/": " AND ", "|": " ",
}  # fmt: skip
_CARE_OF = r"(\S) (?:C/O|CARE OF|IN CARE OF|ATTN:?|ATTENTION:?)(?: .*)?$"
_CARE_OF_FIRST = r"^(?:C/O|CARE OF|IN CARE OF)(?: |$)"
_NOT_NAMES = r"\([^()]*\)|#\s*[0-9]+|\b[0-9]{3,}\b|\bET AL\b\.?|^(?:THE )?ESTATE OF "
"""What stands with a name and is none: "(deceased)", "#12345", "et al."."""
_OCCUPANT_PHRASE = (
    rf"(?:^| )(?:(?:OR|AND) )?(?:TO )?(?:(?:THE|OUR|CURRENT|LOCAL|VALUED|PRESENT|OR) )*{OCCUPANTS}(?: OR.*)?"
)
_GLUE = {f" {particle} ": f" {particle.replace(' ', '')}" for particle in sorted(PARTICLES, key=len, reverse=True)}
_PARTICLE_HINT = " (?:" + "|".join(PARTICLES) + ") "


def standardise_names(frame: pl.DataFrame) -> pl.DataFrame:
    """The same rows with the standard names appended in ``s_`` columns; never raises on any text.

    ``s_first`` … ``s_generation`` are the person, ``s_first2`` … the second person of a couple; empty where there is
    none. ``first_name`` and ``last_name`` are preferred to ``name``. A name of one word is a last name. Middle names
    are kept apart, since a person's mail shows them or not. ``s_occupant`` is true for "or current resident" and the
    like.

    >>> row = pl.DataFrame({"name": ["Mr. John Q. & Mary Smith"]})
    >>> standardise_names(row).select("s_first", "s_last", "s_first2", "s_last2").row(0)
    ('JOHN', 'SMITH', 'MARY', 'SMITH')
    """
    texts = with_text_columns(frame, NAME_INPUTS)
    plain = is_plain(texts, NAME_INPUTS)
    given = [_clean(name, plain=plain) if name in frame.columns else pl.col(name) for name in NAME_INPUTS]
    cleaned = texts.select(given).select(_one_name(), _company())
    names, company = cleaned["name"], cleaned["s_company"]
    occupant = names.str.contains(OCCUPANTS).alias("s_occupant")
    names = amend(names, occupant, lambda rows: rows.str.replace(_OCCUPANT_PHRASE, "").str.strip_chars(" ,"))
    kept = frame.drop(NAME_COLUMNS, strict=False)
    return kept.hstack(_persons(names).with_columns(company, occupant).select(NAME_COLUMNS))


@cache
def _clean(column: str, *, plain: bool) -> pl.Expr:
    text = folded(column, plain=plain)
    if column != "company":
        text = text.str.replace(_CARE_OF, "$1").str.replace(_CARE_OF_FIRST, "").str.replace_all(_NOT_NAMES, " ")
    allowed = r"[^A-Z0-9,]+" if plain else r"[^\p{L}\p{N},]+"
    words = text.str.replace_many(_MARKS, leftmost=True).str.replace_all(allowed, " ")
    return words.str.strip_chars(" ,").str.head(LONGEST).str.strip_chars(" ,").alias(column)


@cache
def _one_name() -> pl.Expr:
    """The name in one text: "LAST , FIRST" where the columns are apart."""
    first, last = pl.col("first_name"), pl.col("last_name")
    parted = pl.concat_str([last.str.replace_all(" , ", " ", literal=True), pl.lit(" , "), first])
    return pl.when(last != "").then(parted).when(pl.col("name") != "").then("name").otherwise(first).alias("name")


def _persons(names: pl.Series) -> pl.DataFrame:
    """The first and the second person of each name."""
    frame = names.to_frame("one").with_columns(pl.lit("").alias("two"))
    frame = amend_rows(frame, names.str.contains(" AND |^AND "), _couple)
    one, two = _person(frame["one"]), _person_or_none(frame["two"])
    return one.hstack(two.rename({name: f"{name}2" for name in two.columns}))


def _couple(frame: pl.DataFrame) -> pl.DataFrame:
    """Two names out of "JOHN AND MARY SMITH", "SMITH , JOHN AND MARY", "JOHN SMITH AND MARY JONES"."""
    titles = r"\b(?:" + "|".join(TITLES) + r")\b"
    bare = pl.col("one").str.replace_all(titles, " ").str.replace_all(" +", " ").str.replace_many(_GLUE, leftmost=True)
    bare = bare.str.replace("(?: AND)+ ?$", "")
    parts = frame.select(
        bare.str.extract(r"^([^,]*?) , ").fill_null("").alias("last"),
        bare.str.replace(r"^[^,]*? , ", "").str.strip_chars(" ,").alias("text"),
    ).with_columns(pl.col("last").str.contains(r"\bAND\b").alias("listed"))
    parts = parts.select(
        pl.when("listed").then(pl.lit("")).otherwise("last").alias("last"),
        pl.when("listed").then(pl.concat_str(["last", pl.lit(" AND "), "text"])).otherwise("text").alias("text"),
    ).with_columns(pl.col("text").str.extract(r"^(?:(.*?) )?AND ", 1).fill_null("").str.strip_chars(" ").alias("a"))
    parts = parts.with_columns(pl.col("text").str.replace(r"^(?:.*? )?AND ", "").str.strip_chars(" ").alias("b"))
    surname = pl.col("b").str.extract(r" (\S+(?: (?:JR|SR|II|III|IV))?)$")
    needs = (
        (pl.col("last") == "") & ~pl.col("a").str.contains(r" \S{2,}$") & (pl.col("a") != "") & surname.is_not_null()
    )
    prefix = pl.when(pl.col("last") != "").then(pl.col("last") + " , ").otherwise(pl.lit(""))
    one = pl.when(needs).then(pl.concat_str([pl.col("a"), pl.lit(" "), surname])).otherwise(prefix + pl.col("a"))
    two = prefix + pl.col("b")
    alone = pl.col("a") == ""
    return parts.select(
        pl.when(alone).then(two).otherwise(one).alias("one"),
        pl.when(alone).then(pl.lit("")).otherwise(two).alias("two"),
    )


def _person_or_none(names: pl.Series) -> pl.DataFrame:
    """The persons of a column that is nearly always empty, at the price of those that are not."""
    blank = pl.DataFrame(dict.fromkeys(("s_first", "s_middle", "s_last", "s_generation"), names))
    return amend_rows(blank, names != "", lambda rows: _person(rows["s_last"]))


def _person(names: pl.Series) -> pl.DataFrame:
    """First, middle, last name and generation of one person's name."""
    comma, particle = names.to_frame("name").select(_name_hints())
    names = amend(names, comma, _turned)
    names = amend(names, particle, lambda rows: rows.str.replace_many(_GLUE, leftmost=True))
    steps = names.to_frame("name").lazy().select(_name_words()).with_columns(_generation())
    return steps.with_columns(_without_generation()).select(_name_parts()).collect(optimizations=AS_WRITTEN)


@cache
def _name_hints() -> list[pl.Expr]:
    name = pl.col("name")
    return [name.str.contains(" , ", literal=True).alias("comma"), name.str.contains(_PARTICLE_HINT).alias("particle")]


@cache
def _name_words() -> pl.Expr:
    words = pl.col("name").str.split(" ")
    return words.list.eval(pl.element().filter(~pl.element().is_in(["", ",", *TITLES]))).alias("w")


@cache
def _generation() -> pl.Expr:
    """What tells father from son, anywhere behind the first word ("JR SMITH" has a first name)."""
    behind = pl.col("w").list.slice(1).list.eval(pl.element().filter(pl.element().is_in(list(GENERATIONS))))
    return behind.list.first().replace(GENERATIONS).fill_null("").alias("s_generation")


@cache
def _without_generation() -> pl.Expr:
    behind = pl.col("w").list.slice(1).list.eval(pl.element().filter(~pl.element().is_in(list(GENERATIONS))))
    bare = pl.col("w").list.head(1).list.concat(behind)
    return pl.when(pl.col("s_generation") != "").then(bare).otherwise("w").alias("w")


@cache
def _name_parts() -> list[pl.Expr]:
    words, count = pl.col("w"), pl.col("w").list.len().cast(pl.Int64)
    middle = words.list.slice(1, count - 2).list.join(" ")
    return [
        pl.when(count > 1).then(words.list.get(0, null_on_oob=True)).otherwise(pl.lit("")).alias("s_first"),
        pl.when(count > 2).then(middle).otherwise(pl.lit("")).alias("s_middle"),
        words.list.get(-1, null_on_oob=True).fill_null("").str.replace_all("_", "", literal=True).alias("s_last"),
        pl.col("s_generation"),
    ]


def _turned(names: pl.Series) -> pl.Series:
    """Put "SMITH JONES , MARY" in the natural order, a surname of several words held together; ", JR" stays behind."""
    generations = "|".join(GENERATIONS)
    titles = "|".join(TITLES)
    text = names.str.replace_all(rf" , ((?:{generations}|{titles})(?: |$))", " $1").str.replace_all(" +", " ")
    frame = text.str.splitn(" , ", 2).struct.unnest()
    last, first = pl.col("field_0"), pl.col("field_1").str.strip_chars(" ,")
    behind = last.str.extract(rf" ({generations})\b").fill_null("")
    surname = last.str.replace_all(rf" (?:{generations})\b", "").str.replace_all(" ", "_", literal=True)
    turned = pl.concat_str([first, pl.lit(" "), surname, pl.lit(" "), behind]).str.strip_chars(" ")
    return frame.select(pl.coalesce(pl.when(first != "").then(turned), last)).to_series()


@cache
def _company() -> pl.Expr:
    """The firm without its legal form, unless nothing else is left."""
    words = pl.col("company").str.replace_all(",", "", literal=True).str.split(" ")
    short = words.list.eval(pl.element().filter(~pl.element().is_in(["", *LEGAL_FORMS]))).list.join(" ")
    whole = words.list.eval(pl.element().filter(pl.element() != "")).list.join(" ")
    return pl.when(short != "").then(short).otherwise(whole).alias("s_company")
