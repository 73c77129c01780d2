"""The one standardiser of names in an address block: persons, couples, occupants, firms (P9, P15)."""

from __future__ import annotations

from functools import cache

import polars as pl

from prefcenter.core.postal.persons import persons
from prefcenter.core.postal.tables_names import FIRM_WORDS, GENERATIONS, LEGAL_FORMS, OCCUPANTS, PARTICLES, TITLES
from prefcenter.core.postal.text import (
    LONGEST,
    amend,
    by_value,
    cleaned,
    expressed,
    folded,
    is_ascii,
    with_text_columns,
)

NAME_INPUTS = ("name", "first_name", "last_name", "company")

NAME_COLUMNS = (
    "s_first", "s_middle", "s_last", "s_generation", "s_first2", "s_middle2", "s_last2", "s_generation2", "s_company",
    "s_occupant",
)  # fmt: skip

_MARKS = {
    ".": "", "'": "", "’": "", "`": "", "ʼ": "", "-": "", "‐": "", "–": "", "&": " AND ", "+": " AND ", ",": " , ",
    ";": " , ", "/": " AND ", "|": " ",
}  # fmt: skip
_ATTENTION = r"(?:ATTN:?|ATTENTION:?)"
_CARE_OF = r"(\S) (?:C/O:?|(?:IN )?CARE OF:?|%)(?: .*)?$"
_CARE_OF_FIRST = r"^(?:C/O:?|(?:IN )?CARE OF:?|%)(?: |$)"
_NOT_NAMES = r"\([^()]*\)|#\s*[0-9]+|\b[0-9]{3,}\b|\bET AL\b\.?|^(?:THE )?ESTATE OF "
"""What stands with a name and is none: "(deceased)", "#12345", "et al."."""
_ROUGH = r"[^A-Z ]|  |^ | $|\b(?:CARE OF|ATTN|ATTENTION|ET AL|ESTATE OF)\b"
_FIRM = r"\b(?:" + "|".join(FIRM_WORDS) + r")\b\.?"
_OCCUPANT_PHRASE = (
    rf"(?:^| )(?:(?:OR|AND) )?(?:TO )?(?:(?:THE|OUR|CURRENT|LOCAL|VALUED|PRESENT|OR|DEAR) )*{OCCUPANTS}"
    rf"(?: (?:OR|AND) (?:(?:THE|OUR|CURRENT|PRESENT) )*{OCCUPANTS}| (?:OR|AT|AND)$)*"
)
_PLAIN = "^[A-Z]+(?: [A-Z]+){1,2}$"
_NOT_PLAIN = r"(?:^| )(?:" + "|".join([*TITLES, *GENERATIONS, *PARTICLES, "AND", "OR", "O", "V"]) + ")(?: |$)"


def standardise_names(frame: pl.DataFrame) -> pl.DataFrame:
    """The same rows with the standard names appended in ``s_`` columns; never raises on any text.

    ``s_first`` … ``s_generation`` are the person, ``s_first2`` … the second person of a couple; empty where there is
    none. ``first_name`` and ``last_name`` are preferred to ``name``. A name of one word is a last name. Middle names
    are kept apart, since a person's mail shows them or not. Where there is a surname alone, ``s_generation`` holds what
    a title tells ("Mr Smith" is M). ``s_occupant`` is true for "or current resident" and the like. A firm in the
    name's column is also ``s_company``.

    >>> row = pl.DataFrame({"name": ["Mr. John Q. & Mary Smith"]})
    >>> standardise_names(row).select("s_first", "s_last", "s_first2", "s_last2").row(0)
    ('JOHN', 'SMITH', 'MARY', 'SMITH')
    """
    texts = with_text_columns(frame, NAME_INPUTS)
    given = [cleaned(texts[name], _clean_name, _ROUGH) if name in frame.columns else texts[name] for name in _PERSONAL]
    company = by_value(texts["company"], _companies)[0]
    names = pl.DataFrame(given).select(_one_name()).to_series()
    occupant = names.str.contains(OCCUPANTS).alias("s_occupant")
    names = amend(names, occupant, _without_occupant)
    company = _firms_among(company, texts["name"])
    plain = names.to_frame("name").select(_is_plain()).to_series()
    kept = frame.drop(NAME_COLUMNS, strict=False)
    return kept.hstack(persons(names, plain).with_columns(company, occupant).select(NAME_COLUMNS))


_PERSONAL = NAME_INPUTS[:3]


def _clean_name(rows: pl.Series) -> pl.Series:
    return expressed(rows, _name_form(plain=is_ascii(rows)))


@cache
def _name_form(*, plain: bool) -> pl.Expr:
    """Words of one person or couple; of a firm and who is to read it, the reader."""
    text = folded(plain=plain).str.replace(rf"^.*{_FIRM}.* {_ATTENTION} ", "")
    text = text.str.replace(_CARE_OF_FIRST, "").str.replace(rf"(\S) {_ATTENTION}(?: .*)?$", "$1")
    text = text.str.replace(_CARE_OF, "$1").str.replace_all(_NOT_NAMES, " ").str.replace_all(" - ", "", literal=True)
    # With full stops they are two initials, not Junior.
    return _in_words(text.str.replace(r"(^|[, ])J\.R\.(?: |$)", "${1}J R "), plain=plain)


def _in_words(text: pl.Expr, *, plain: bool) -> pl.Expr:
    allowed = r"[^A-Z0-9,]+" if plain else r"[^\p{L}\p{N},]+"
    words = text.str.replace_many(_MARKS, leftmost=True).str.replace_all(allowed, " ")
    return words.str.strip_chars(" ,").str.head(LONGEST).str.strip_chars(" ,")


@cache
def _one_name() -> pl.Expr:
    """The name in one text, in its natural order or as "LAST , FIRST" where only the columns tell which is which."""
    first, last = pl.col("first_name"), pl.col("last_name")
    natural = pl.concat_str([first, last], separator=" ")
    parted = pl.concat_str([last.str.replace_all(" , ", " ", literal=True), pl.lit(" , "), first])
    simple = ~last.str.contains(" ", literal=True) & _plain(natural)
    both = pl.when(simple).then(natural).otherwise(parted)
    return pl.when(last != "").then(both).when(pl.col("name") != "").then("name").otherwise(first).alias("name")


@cache
def _is_plain() -> pl.Expr:
    return _plain(pl.col("name"))


def _plain(name: pl.Expr) -> pl.Expr:
    """Two or three words with no other reading than first, middle and last name."""
    return name.str.contains(_PLAIN) & ~name.str.contains(_NOT_PLAIN)


def _without_occupant(names: pl.Series) -> pl.Series:
    return expressed(names, _person_beside_occupant())


@cache
def _person_beside_occupant() -> pl.Expr:
    bare = pl.col("text").str.replace_all(_OCCUPANT_PHRASE, " ").str.replace_all(" +", " ")
    return bare.str.strip_chars(" ,").str.replace_all("^(?:OR|AND) |(?: OR| AND)+$", "").str.strip_chars(" ,")


def _companies(written: pl.Series) -> pl.DataFrame:
    """Firms without their legal form, unless nothing else is left."""
    words = cleaned(written, _clean_company).to_frame("text")
    return words.select(_without_legal_form().alias("s_company"))


def _clean_company(rows: pl.Series) -> pl.Series:
    plain = is_ascii(rows)
    return expressed(rows, _in_words(folded(plain=plain), plain=plain))


@cache
def _without_legal_form() -> pl.Expr:
    words = pl.col("text").str.replace_all(",", "", literal=True).str.split(" ")
    short = words.list.eval(pl.element().filter(~pl.element().is_in(["", *LEGAL_FORMS]))).list.join(" ")
    whole = words.list.eval(pl.element().filter(pl.element() != "")).list.join(" ")
    return pl.when(short != "").then(short).otherwise(whole)


def _firms_among(company: pl.Series, written: pl.Series) -> pl.Series:
    """The companies, filled where the name's column holds a firm; who reads its mail is no part of it."""
    seen = pl.DataFrame([company, written.alias("name")]).select(_holds_firm()).to_series()
    return company.clone().scatter(seen.arg_true(), _firms(written.filter(seen))) if seen.any() else company


@cache
def _holds_firm() -> pl.Expr:
    return (pl.col("s_company") == "") & pl.col("name").str.contains(f"(?i){_FIRM}")


def _firms(written: pl.Series) -> pl.Series:
    alone = written.str.replace(rf"(?i) (?:{_ATTENTION}|C/O|%).*$", "")
    return _companies(alone)["s_company"]
