"""Line by line, the spellings that would be read wrongly as they stand, put into words that are read rightly.

Each family of spellings has a hint, a cheap pattern that nearly no line holds, and only lines with the hint take the
rules of the family. What is rewritten here stays as it is when it is written so again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache

import polars as pl

from prefcenter.core.postal.tables import STATES
from prefcenter.core.postal.tables_numbers import FLOOR_PHRASES, NUMBER_PHRASES, ORDINAL_PHRASES
from prefcenter.core.postal.tables_suffixes import STRONG_SUFFIXES, SUFFIX_FORMS, SUFFIXES
from prefcenter.core.postal.text import amend, expressed
from prefcenter.core.postal.urbanizations import STREET_FIRST

_HOUSE = r"^([0-9][0-9A-Z/\-]*"
STRONG_WORDS = "|".join(
    sorted(
        [*STRONG_SUFFIXES, *(word for word, form in SUFFIXES.items() if form in STRONG_SUFFIXES)], key=len, reverse=True
    )
)
"""Every way to write a suffix that says "street" and nothing else."""

_ANY_SUFFIX = "|".join(sorted([*SUFFIX_FORMS, *SUFFIXES], key=len, reverse=True))
DESIGNATORS = r"(?:APT|APARTMENT|APPT|UNIT|STE|SUITE|RM|ROOM|LOT|#)"
_ALONE_DESIGNATORS = "APT|APARTMENT|UNIT|STE|SUITE|BLDG|LOT|RM"
_ALONE = (
    "FRONT|REAR|LOWER|LWR|LOWR|UPPER|UPR|UPPR|UPSTAIRS|DOWNSTAIRS|LOWER LEVEL|LOWER UNIT|UPPER UNIT|REAR APT|REAR UNIT"
)
_ROAD_WORDS = r"(?:HIGHWAY|HWY|ROUTE|RTE|RT|CR|CTH|CSAH|SR|FM|(?:COUNTY|CO|CNTY|CTY|STATE|US|TOWNSHIP|TWP) (?:ROAD|RD))"
_WHOSE_ROAD = (
    rf"(?:[NSEW]|NORTH|SOUTH|EAST|WEST|OLD|US|U S|STATE|COUNTY|CO|CNTY|CTY|INTERSTATE|ST|TOWNSHIP|TWP|SCENIC|RURAL|"
    rf"{'|'.join(sorted({*STATES, *STATES.values()}, key=len, reverse=True))})"
)
"""What stands before the word of a numbered road; behind any other name ("Piatt Hwy #218B") the number is a unit."""
_URBANIZATION = (
    r"(?:URB|URBANIZACION|URBANIZATION|COND|CONDOMINIO|RES|RESIDENCIAL|BO|BARRIO|SECT|SECTOR|REPTO|REPARTO|PARC|"
    r"PARCELAS)"
)
_KING = r"(?:M ?L ?K|M ?L KING|MARTIN L(?:UTHER)? KING|MARTIN LUTHER)"
_BOX = r"(?:BOXES|BOX|BXO|BOZ|BX)"


@dataclass(frozen=True, slots=True, eq=False)
class _Family:
    """Rules that are tried where the hint is found, each pattern replaced wherever it stands."""

    hint: str
    rules: tuple[tuple[str, str], ...] = ()
    phrases: Mapping[str, str] = field(default_factory=dict)
    unless: str = ""

    def found(self, line: pl.Expr) -> pl.Expr:
        """Whether the family has something to say of a line."""
        hinted = line.str.contains(self.hint)
        return hinted & ~line.str.contains(self.unless) if self.unless else hinted

    def apply(self, lines: pl.Series) -> pl.Series:
        """The lines with the rules of the family."""
        return expressed(lines, _rules(self))


@cache
def _rules(family: _Family) -> pl.Expr:
    line = pl.col("text")
    if family.phrases:
        between_blanks = pl.concat_str(pl.lit(" "), line, pl.lit(" "))
        line = between_blanks.str.replace_many(dict(family.phrases), leftmost=True).str.strip_chars(" ")
    for pattern, form in family.rules:
        line = line.str.replace_all(pattern, form)
    return line


_FAMILIES: tuple[_Family, ...] = (
    _Family(
        r"\bP ?/? ?0 ?B|\bP ?/ ?O|BX|BO[ZX] [0-9]+ [A-Z](?:$| ;)|BOZ|APARTADO|APDO|POST |POSTALE?|\bC ?P [0-9#]|"
        r"[0-9] BOX|[^;] P ?O ?BOX|^PO ?BOX [0-9A-Z\-]+ [0-9]",
        (
            (rf"\bP ?/? ?[O0] ?{_BOX} ?", "PO BOX "),
            (rf"(^|; )(?:POSTAL|POST) {_BOX} ?", "${1}PO BOX "),
            (r"(^|; )(?:APARTADO(?: POSTAL)?|APDO|CASE POSTALE|C ?P) (?:# )?([0-9]+)\b", "${1}PO BOX $2"),
            (rf"{_BOX} ([0-9]+) ([A-Z])($| ;)", "BOX $1$2$3"),
            (r"^([0-9][^;]*[^; ]) (PO BOX [0-9A-Z\-]+)", "$1 ; $2"),
            (rf"^(PO BOX [0-9A-Z\-]+) ([0-9]+[A-Z]? .*(?:{STRONG_WORDS})\b)", "$1 ; $2"),
        ),
    ),
    _Family(
        r"\b(?:RR|R|RURAL) ?#? ?[0-9]",
        (
            (rf"(^|; )R ([0-9]+) ;? ?{_BOX} ", "${1}RR $2 BOX "),
            (r"(^|; )(?:RR|R R|RURAL (?:ROUTE|RTE|RT)) ?(?:# )?([0-9]+) # ([0-9A-Z]+)$", "${1}RR $2 BOX $3"),
        ),
    ),
    # House numbers.
    _Family(r"^[NSEW] ?[0-9]+ ?[NSEW] ?[0-9]", ((r"^([NSEW]) ?([0-9]+) ?([NSEW]) ?([0-9]+) ", "$1$2$3$4 "),)),
    _Family(
        r"[0-9] ?/ ?[0-9]",
        (("([0-9]) ?/ ?([0-9])", "$1/$2"), ("^([0-9]+)(?:-| AND )([0-9]/[0-9]+) ", "$1 $2 ")),
    ),
    _Family("^[0-9]+[A-Z]{3}", (("^([0-9]+)([A-Z]{3,} )", "$1 $2"),)),
    _Family(
        r"^[0-9]+ [A-D] [A-Z]{3}",
        ((r"^([0-9]+) ([A-D]) ([A-Z]{3,}) ", "$1$2 $3 "),),
        unless=rf"^\S+ [A-D] (?:{_ANY_SUFFIX})\b",
    ),
    _Family(
        r"^(?:NO|NUMBER|NR|#) [0-9]+[A-Z]? (?:[A-Z]|[0-9]+[SNRT])",
        (
            (
                rf"^(?:NO|NUMBER|NR|#) ([0-9]+[A-Z]? (?:[A-Z]|[0-9]+(?:ST|ND|RD|TH) )(?:.* )?(?:{STRONG_WORDS})\b)",
                "$1",
            ),
            (r"^(?:NO|NUMBER|NR) ([0-9]+[A-Z]? [A-Z])", "$1"),
        ),
        unless=rf"^\S+ \S+ (?:{DESIGNATORS}|BUILDING|BLDG|FLOOR|FL|PO|BOX)\b",
    ),
    _Family(rf" (?:NE|NW|SE|SW) (?:{STRONG_WORDS})$", ((rf"^(\S+ .*\S) (NE|NW|SE|SW) ({STRONG_WORDS})$", "$1 $3 $2"),)),
    # A building behind the street.
    _Family(
        " THE [A-Z]", ((rf"^(\S+ .*\S (?:{STRONG_WORDS})(?: [NS]?[EW]| [NS])?) (THE [A-Z]+(?: [A-Z]+)?)$", "$1 ; $2"),)
    ),
    _Family(
        "^[0-9]+[A-Z]? ; (?:[A-Z]|[0-9]+[SNRT])",
        ((rf"^([1-9][0-9]*[A-Z]?) ; ((?:[A-Z]|[0-9]+(?:ST|ND|RD|TH) )[^;]*(?:{STRONG_WORDS})\b)", "$1 $2"),),
        unless=rf"^\S+ ; (?:{DESIGNATORS}|PO|BOX|BLDG|FL|FLOOR)\b",
    ),
    _Family(
        rf" NO(?: ;|$| (?:{_ALONE_DESIGNATORS}) )",
        ((rf"^([0-9]\S* .*\S (?:{STRONG_WORDS})) NO( ;|$| (?:{_ALONE_DESIGNATORS}) )", "$1 N$2"),),
    ),
    # A designator that nothing follows.
    _Family(
        rf" (?:{_ALONE_DESIGNATORS}|#)$",
        ((rf"^([0-9]\S* .*\S (?:{STRONG_WORDS})(?: [NS]?[EW]| [NS])?) (?:{_ALONE_DESIGNATORS}|#)$", "$1"),),
    ),
    _Family(r"^[0-9]+ [NSEW] [0-9]{2,}[NSEW]\b", ((r"^([0-9]+ [NSEW] [0-9]{2,})([NSEW])\b", "$1 $2"),)),
    _Family(
        rf"^{DESIGNATORS} ?(?:# ?)?[0-9A-Z]+-[0-9]+[A-Z]? [A-Z0-9]",
        ((rf"^({DESIGNATORS} ?(?:# ?)?[0-9A-Z]+)-([0-9]+[A-Z]? [A-Z0-9])", "$1 ; $2"),),
    ),
    _Family(
        "^(?:TEN|ELEVEN|TWELVE|[A-Z]+TEEN|TWENTY|THIRTY|FORTY|FIFTY|SIXTY|SEVENTY|EIGHTY|NINETY|ONE HUNDRED) ",
        phrases=NUMBER_PHRASES,
    ),
    # Names of streets.
    _Family(
        r"\b(?:TWENTY|TWENTIETH|THIRTY|THIRTIETH|FORT|FIFT|SIXT|SEVENT|EIGHT|NINET|HUNDRED)", phrases=ORDINAL_PHRASES
    ),
    _Family(
        " [0-9]+ (?:ST|ND|RD|TH) ",
        (
            (rf" ([0-9]*(?:[02-9]1|^1)) ST ({STRONG_WORDS})\b", " ${1}ST $2"),
            (rf" ([0-9]*1|[0-9]*[4-90]|[0-9]*1[123]) TH ({STRONG_WORDS})\b", " ${1}TH $2"),
            (rf" ([0-9]*1) ST ({STRONG_WORDS})\b", " ${1}ST $2"),
            (rf" ([0-9]*2) ND ({STRONG_WORDS})\b", " ${1}ND $2"),
            (rf" ([0-9]*3) RD ({STRONG_WORDS})\b", " ${1}RD $2"),
        ),
    ),
    _Family(
        r"\b(?:MLK|M L|ML KING|M LK|MARTIN L)",
        (
            (
                rf" (?:(?:REV|REVEREND|DR|DOCTOR) )*{_KING}(?: KING)?(?: ;? ?(?:JR|JUNIOR))?( |$)",
                " MARTIN LUTHER KING$1",
            ),
        ),
    ),
    _Family(
        r" (?:JFK|J F K|J ?F KENNEDY|FDR|F D R|F ?D ROOSEVELT) ",
        (
            (r" (?:JFK|J F K|J ?F KENNEDY) ", " JOHN F KENNEDY "),
            (r" (?:FDR|F D R|F ?D ROOSEVELT) ", " FRANKLIN D ROOSEVELT "),
        ),
    ),
    _Family(r"^\S+ NO [A-Z0-9]+ [A-Z0-9]", ((_HOUSE + r") NO ", "$1 N "),), unless=r" NO (?:NAME|[0-9]+ )"),
    _Family(
        r"^[0-9].* (?:O|MC|MAC) [A-Z]{3}",
        ((r" (O|MC|MAC) ([A-Z]{3,})", " $1$2"),),
        unless=rf" (?:O|MC|MAC) (?:{_ANY_SUFFIX})\b",
    ),
    # Roads and units.
    _Family(
        rf" {_ROAD_WORDS} (?:#|NO|NUMBER) ?[0-9]",
        ((_HOUSE + rf" (?:{_WHOSE_ROAD} )*{_ROAD_WORDS}) (?:# |#|NO |NUMBER )([0-9])", "$1 $2"),),
    ),
    _Family(
        r"(?:FL|FLR|FLOOR|LEVEL|/F)\b",
        (
            (r"(^|[ ;])([0-9]+)(?:/| )?(?:FLOOR|FLR|FL|F)($| ;)", "${1}FL $2$3"),
            (r"(^|[ ;])([0-9]+)/F($| ;)", "${1}FL $2$3"),
        ),
        phrases=FLOOR_PHRASES,
    ),
    _Family(
        r"(?:^| )(?:NO|NUMBER|NR) ?#? ?[A-Z]?[0-9][0-9A-Z\-]*$",
        (
            (r"^NR ?#? ?([0-9][0-9A-Z\-]*)$", "# $1"),
            (_HOUSE + r" .+) (?:NO|NUMBER|NR) ?#? ?([A-Z]?[0-9][0-9A-Z\-]*)$", "$1 # $2"),
        ),
    ),
    _Family(r"\bSUIT ", ((r"(^|[ ;])SUIT (#? ?[0-9A-Z]+)($| ;)", "${1}STE $2$3"),)),
    _Family(rf" (?:{_ALONE})$", ((_HOUSE + rf" .*\S (?:{STRONG_WORDS})(?: [NSEW]{{1,2}})?) ({_ALONE})$", "$1 ; $2"),)),
    _Family(
        rf" {DESIGNATORS} ?#? ?[0-9A-Z\-]+ (?:NE|NW|SE|SW)$",
        ((rf" ({STRONG_WORDS}) ({DESIGNATORS} ?#? ?[0-9A-Z\-]+) (NE|NW|SE|SW)$", " $1 $3 $2"),),
    ),
    _Family(
        r"\b(?:USA|U S A|UNITED STATES(?: OF AMERICA)?)$", ((r"[ ;]+(?:USA|U S A|UNITED STATES(?: OF AMERICA)?)$", ""),)
    ),
    # Puerto Rico: the urbanization stands before or behind the street (Pub 28 §29).
    _Family(
        rf"\b{_URBANIZATION} ",
        (
            (rf"^({_URBANIZATION} [^;]*?) ([A-Z]?[0-9]+[A-Z]? \S)", "$1 ; $2"),
            (rf"^([A-Z]?[0-9][^;]*?) ({_URBANIZATION} )", "$1 ; $2"),
        ),
    ),
)


_PUERTO_RICAN = _Family("", STREET_FIRST)
_CANADIAN = _Family(
    "",
    (
        (r"^(?:# ?)?([0-9A-Z]{1,5})-([0-9]+[A-Z]?(?: [0-9]/[0-9])? [A-Z0-9])", "# $1 ; $2"),
        (r"^(\S+(?: ;)? (?:RUE|AV|AVE|AVENUE|BOUL|BLVD|BOULEVARD|CH|CHEMIN) .*) EST( ;|$)", "$1 E$2"),
        (r"^(\S+(?: ;)? (?:RUE|AV|AVE|AVENUE|BOUL|BLVD|BOULEVARD|CH|CHEMIN) .*) O( ;|$)", "$1 W$2"),
        (r"^(\S+) CH ", "$1 CHEMIN "),
    ),
)


def rewritten(lines: pl.DataFrame) -> pl.DataFrame:
    """The frame with each spelling of its cleaned address1 and address2 that would be misread in its plain form.

    ``canadian`` says where "5-123 MAIN ST" is unit 5 in house 123.
    """
    texts = [
        _rewritten(amend(lines[name], lines["puerto_rican"], _PUERTO_RICAN.apply)) for name in ("address1", "address2")
    ]
    texts[0] = amend(texts[0], lines["canadian"], _CANADIAN.apply)
    return lines.with_columns(texts)


def _rewritten(lines: pl.Series) -> pl.Series:
    return amend(lines, lines.str.contains(_ANY_HINT), _by_families)


def _by_families(lines: pl.Series) -> pl.Series:
    families = _families_in(tuple(lines)) if len(lines) <= _FEW else tuple(range(len(_FAMILIES)))
    hinted = lines.to_frame("line").select(_hints(families))
    for place in families:
        lines = amend(lines, hinted[str(place)], _FAMILIES[place].apply)
    return lines


_FEW = 200
"""Lines among which it is quicker to look for the families one by one than to have every hint looked for."""


def _families_in(lines: tuple[str, ...]) -> tuple[int, ...]:
    """The families of which any line has the hint."""
    return tuple(place for place, found in enumerate(_compiled()) if any(map(found, lines)))


@cache
def _compiled() -> tuple[Callable[[str], object], ...]:
    return tuple(re.compile(family.hint).search for family in _FAMILIES)


_ANY_HINT = "|".join(family.hint for family in _FAMILIES)


@cache
def _hints(families: tuple[int, ...]) -> list[pl.Expr]:
    line = pl.col("line")
    return [_FAMILIES[place].found(line).alias(str(place)) for place in families]
