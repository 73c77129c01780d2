"""Which of the written lines is delivered to: a box, a route, a military address, or the street line and its unit."""

from __future__ import annotations

from functools import cache

import polars as pl

from prefcenter.core.postal.rewriting import STRONG_WORDS
from prefcenter.core.postal.tables import DIRECTIONS
from prefcenter.core.postal.tables_numbers import NUMBER_WORDS
from prefcenter.core.postal.text import AS_WRITTEN, amend, amend_rows
from prefcenter.core.postal.units import UNIT_HINT, UNIT_TAIL, parse_unit
from prefcenter.core.postal.urbanizations import urbanizations

HOUSE_NUMBER = r"^(?:[0-9][0-9A-Z/\-]*|[A-Z]{1,2}[0-9][0-9A-Z\-]*)"
_NUMBER_WORD = "^(?:" + "|".join(NUMBER_WORDS) + ") "
_STREET_LINE = rf"{HOUSE_NUMBER} \S|{_NUMBER_WORD}"
_NOT_A_STREET = r"^(?:[0-9]+ (?:FL|FLR|FLOOR|LEVEL)\b|[0-9]+(?:ST|ND|RD|TH) )"
_UNIT_FIRST = (
    r"^((?:(?:# )?(?:APT|APARTMENT|UNIT|STE|SUITE|RM|ROOM|LOT|FLOOR|FLR|FL|BLDG|BUILDING|TRLR|SPC|PH)(?: #)?|#) ?"
    r"[0-9A-Z\-]{1,6}) ([0-9][0-9A-Z\-]* \S.*)$"
)

_UNIT_LINE = r"^(?:#|APT|APARTMENT|UNIT|STE|SUITE|RM|ROOM|LOT|FL|FLOOR|BLDG|TRLR|SPC|PH)(?: #)? ?[0-9A-Z\-]{1,6}$"
_SUFFIXED = rf"^\S+ .*\S (?:{STRONG_WORDS})\b"
_DIRECTION_LINE = ("NE", "NW", "SE", "SW", *(word for word in DIRECTIONS if len(word) > 3))

_SPECIAL = (
    r"BOX|\b(?:PO|P O|POB|BX|CALLER|BIN|DRAWER|RR|R R|RFD|RURAL|HC|PSC|CMR|STAR)\b|GENERAL DELIVERY|USS|USNS|USCGC| KM "
)
_START = r"(?:^|; )"
_ID = r"(?:#|NO|NUMBER)? ?0*([0-9A-Z][0-9A-Z\-]*)(?: ;|$| )"
_STRICT_ID = r"(?:#|NO|NUMBER)? ?0*([A-Z]{0,2}[0-9][0-9A-Z\-]*|[A-Z])(?: ?;|$)"
_EXPLICIT_BOX = rf"(?:^|[; ])(?:P ?O ?(?:BOX(?:ES)?|DRAWER|BIN|CALLER|LOCK ?BOX)|POST OFFICE BOX|POB) ?{_ID}"
_OTHER_BOX = rf"{_START}(?:BOX|BX|P ?O|LOCK ?BOX|CALLER(?: SERVICE)?(?: BOX)?|FIRM CALLER|BIN|DRAWER) ?{_STRICT_ID}"
_RURAL = r"(?:RR|R R|RURAL (?:ROUTE|RTE|RT|ROAD|RD|DELIVERY)|RFD(?: ROUTE| RTE| RT)?|RD|RT|RTE|ROUTE)"
_CONTRACT = r"(?:HC(?: RT| RTE| ROUTE)?|HCR|H C|(?:HIGHWAY|HWY) CONTRACT(?: ROUTE| RTE)?|STAR (?:ROUTE|RTE|RT)|SR)"
_BOX_PART = r" ?;? (?:BOX|BX) ?(?:#|NO|NUMBER)? ?0*([0-9A-Z][0-9A-Z\-]*)"
_ROUTE_ID = r" ?(?:#|NO|NUMBER)? ?0*([0-9]+[A-Z]?)"
_BOX_FIRST = rf"{_START}(?:BOX|BX) ?(?:#|NO|NUMBER)? ?0*([0-9][0-9A-Z\-]*) ?;? "
_END = r"(?: ?;|$| (?:STN|STATION|SUCC|SUCCURSALE)\b)"


def delivery_lines(lines: pl.DataFrame) -> pl.DataFrame:
    """``special``, ``box``, ``main``, ``unit_kind``, ``unit`` of cleaned address1 and address2 columns.

    ``special`` is the one form of a box or route (P7) or empty; ``box`` a PO box beside a street; ``main`` the street
    line without its unit, or empty. ``military`` says whose units are no part of a house.
    """
    split = _main_and_rest(lines)
    special = _specials(lines, split["main"])
    street = split.hstack(special).with_columns(_unless_special())
    street = _with_hidden_streets(street)
    tails = _unit_tails(street["main"], street["rest"])
    units = _parsed_units(tails["tail"])
    found = special.with_columns(tails["main"]).hstack(units)
    return (
        found.with_columns(_urbanized(street["rest"], lines["puerto_rican"])) if lines["puerto_rican"].any() else found
    )


def _urbanized(rest: pl.Series, puerto_rican: pl.Series) -> pl.Series:
    nowhere = pl.select(pl.repeat("", len(rest), dtype=pl.String)).to_series()
    return amend(nowhere, puerto_rican, lambda _: urbanizations(rest.filter(puerto_rican))).alias("urb")


@cache
def _unless_special() -> list[pl.Expr]:
    return [pl.when(pl.col("special") == "").then(name).otherwise(pl.lit("")).alias(name) for name in ("main", "rest")]


def _specials(lines: pl.DataFrame, main: pl.Series) -> pl.DataFrame:
    """The form of the box or route, ``special``; a PO box beside a street address is ``box``."""
    frame = lines.lazy().select(_whole()).with_columns(_hint()).collect(optimizations=AS_WRITTEN).with_columns(main)
    found = amend_rows(frame, frame["hint"], lambda hits: hits.with_columns(_special()).with_columns(_beside()))
    return found.select("special", "box")


@cache
def _whole() -> list[pl.Expr]:
    whole = pl.concat_str(["address1", pl.lit(" ; "), "address2"]).str.strip_chars(" ;")
    return [whole.alias("whole"), pl.col("military"), pl.lit("").alias("special"), pl.lit("").alias("box")]


@cache
def _hint() -> pl.Expr:
    return (pl.col("whole").str.contains(_SPECIAL) | pl.col("military")).alias("hint")


@cache
def _special() -> list[pl.Expr]:
    whole, alone = pl.col("whole"), pl.col("main") == ""
    unit = pl.when("military").then(_form(whole, rf"{_START}UNIT{_ROUTE_ID}{_END}", "UNIT {1}"))
    boxes = pl.coalesce(*_box_forms(whole))
    return [
        pl.coalesce(*_route_forms(whole), unit, pl.when(alone).then(boxes), pl.lit("")).alias("special"),
        pl.when(~alone).then(_form(whole, _EXPLICIT_BOX, "PO BOX {1}")).otherwise(None).fill_null("").alias("box"),
    ]


@cache
def _beside() -> pl.Expr:
    return pl.when(pl.col("special") == "").then("box").otherwise(pl.lit("")).alias("box")


def _route_forms(hit: pl.Expr) -> list[pl.Expr]:
    """Rural and contract routes, military boxes, general delivery (Pub 28 §§24–25, 29)."""

    def form(pattern: str, shape: str) -> pl.Expr:
        return _form(hit, pattern, shape)

    return [
        form(rf"{_START}(PSC|CMR|UNIT){_ROUTE_ID}{_BOX_PART}", "{1} {2} BOX {3}"),
        form(rf"{_START}{_RURAL}{_ROUTE_ID}{_BOX_PART}", "RR {1} BOX {2}"),
        form(rf"{_START}{_CONTRACT}{_ROUTE_ID}{_BOX_PART}", "HC {1} BOX {2}"),
        form(rf"{_START}{_CONTRACT}{_BOX_PART}", "HC BOX {1}"),
        form(rf"{_BOX_FIRST}{_RURAL}{_ROUTE_ID}{_END}", "RR {2} BOX {1}"),
        form(rf"{_BOX_FIRST}{_CONTRACT}{_ROUTE_ID}{_END}", "HC {2} BOX {1}"),
        form(rf"{_START}(?:RR|R R|RURAL (?:ROUTE|RTE|RT)|RFD){_ROUTE_ID}{_END}", "RR {1}"),
        form(rf"{_START}HCR?{_ROUTE_ID}{_END}", "HC {1}"),
        form(rf"{_START}(PSC|CMR){_ROUTE_ID}{_END}", "{1} {2}"),
        form(rf"{_START}((?:USS|USNS|USCGC) [A-Z]+(?: [A-Z]+)*?)(?: [A-Z]+[0-9]+)?(?: ;|$)", "{1}"),
        form(r"SITE ([0-9]+)[ ;]+COMP(?:ARTMENT)? ([0-9]+)[ ;]+RR ?([0-9]+)", "RR {3} SITE {1} COMP {2}"),
        form(rf"{_START}(?:CARR|CARRETERA|PR|STATE RD|RD) ?([0-9]+) KM ([0-9][0-9\-]*)", "CARR {1} KM {2}"),
        pl.when(hit.str.contains("GENERAL DELIVERY", literal=True)).then(pl.lit("GENERAL DELIVERY")),
    ]


def _box_forms(hit: pl.Expr) -> list[pl.Expr]:
    """PO boxes under all their names (Pub 28 §28)."""
    return [_form(hit, pattern, "PO BOX {1}") for pattern in (_EXPLICIT_BOX, _OTHER_BOX)]


def _form(hit: pl.Expr, pattern: str, shape: str) -> pl.Expr:
    """The shape with the pattern's groups in it, or null where the pattern is not found."""
    pieces = []
    for piece in shape.replace("{", "\0{").replace("}", "}\0").split("\0"):
        group = piece.strip("{}")
        pieces.append(hit.str.extract(pattern, int(group)) if piece.startswith("{") else pl.lit(piece))
    return pl.concat_str(pieces)


def _main_and_rest(lines: pl.DataFrame) -> pl.DataFrame:
    """The street line, wherever it stands, and whatever else was written."""
    split = lines.select(pl.col("address1").alias("main"), pl.col("address2").alias("rest"))
    split = amend_rows(split, ~split.select(_in_order()).to_series(), _choose_main)
    behind = split["rest"].is_in(_DIRECTION_LINE) & (split["main"] != "")
    return amend_rows(split, behind, lambda rows: rows.select(_with_rest_behind()))


@cache
def _in_order() -> pl.Expr:
    """Whether the street stands alone in the first line, or with nothing but a unit in the second."""
    plain = pl.col("main").str.contains("^[0-9]+ [^;]+$")
    beside = pl.col("rest").str.contains(_UNIT_LINE) & pl.col("main").str.contains("^[1-9][0-9]*(?: [A-Z]+)+$")
    return (plain & (pl.col("rest") == "")) | beside


@cache
def _with_rest_behind() -> list[pl.Expr]:
    return [pl.concat_str(["main", "rest"], separator=" ").alias("main"), pl.lit("").alias("rest")]


def _choose_main(split: pl.DataFrame) -> pl.DataFrame:
    """The segment of the lines that reads most like a street, the first of equals, and the others."""
    text = pl.concat_str(["main", pl.lit(" ; "), "rest"]).str.strip_chars(" ;")
    segments = (
        split.with_row_index("row").lazy()
        .select("row", text.str.split(" ; ").alias("part")).explode("part", empty_as_null=True)
        .with_columns(_unit_and_street()).explode("part", empty_as_null=True)
        .with_columns(_in_figures())
        .with_columns(_reads_like_a_street())
        .with_columns(_street_of_row())
        .group_by("row", maintain_order=True)
        .agg(
            pl.col("part").filter("street").first().fill_null("").alias("main"),
            pl.col("part").filter(~pl.col("street")).str.join(" ; ").alias("rest"),
        )
    )  # fmt: skip
    return segments.select("main", "rest").collect(optimizations=AS_WRITTEN)


@cache
def _unit_and_street() -> pl.Expr:
    """A segment with the unit in front ("APT 2 100 MAIN ST") as two."""
    part = pl.col("part").str.strip_chars(" ;")
    two = pl.concat_list(part.str.extract(_UNIT_FIRST, 1), part.str.extract(_UNIT_FIRST, 2))
    return pl.when(part.str.contains(_UNIT_FIRST)).then(two).otherwise(pl.concat_list(part)).alias("part")


@cache
def _in_figures() -> pl.Expr:
    """A house number in words as figures."""
    part = pl.col("part")
    figures = pl.concat_str(part.str.extract(r"^(\S+) ").replace(NUMBER_WORDS), part.str.replace(r"^\S+", ""))
    return pl.when(part.str.contains(_NUMBER_WORD)).then(figures).otherwise(part).alias("part")


@cache
def _reads_like_a_street() -> pl.Expr:
    """0 where a segment is no street, 1 where it may be one, 2 where it ends as streets do ("3M CENTER" does not)."""
    part = pl.col("part")
    street = part.str.contains(_STREET_LINE) & ~part.str.contains(_NOT_A_STREET)
    return (street.cast(pl.Int8) + (street & part.str.contains(_SUFFIXED)).cast(pl.Int8)).alias("rank")


@cache
def _street_of_row() -> pl.Expr:
    first = pl.int_range(pl.len()).over("row") == pl.col("rank").arg_max().over("row")
    return ((pl.col("rank") > 0) & first).alias("street")


_NUMBER_APART = r"^([1-9][0-9]*[A-Z]?) ; ([A-Z].*|[0-9]+(?:ST|ND|RD|TH) .*)$"
_NUMBER_LAST = rf"^([^;]* (?:{STRONG_WORDS})) (?:; )?([1-9][0-9]*[A-Z]?)$"
_SPANISH = (
    r"^((?:CALLE|CALLEJON|CLL|AVE|AVENIDA|PASEO|CAMINO|BO|BARRIO|SECT|SECTOR|PARC|COM|RES|COND|URB) [^;]*?) "
    r"(?:# ?)?([A-Z]?[1-9][0-9]*[A-Z]?)$"
)
_EMBEDDED = rf"^[^0-9]* ([1-9][0-9]*[A-Z]? (?:.*\b(?:{STRONG_WORDS})\b.*|[NSEW]{{1,2}} [A-Z]{{3,}}.*))$"
_NO_HOUSE = (
    r"^[^0-9]*\b(?:HIGHWAY|HWY|ROUTE|RTE|RT|ROAD|RD|CR|SR|LOOP|#|APT|APARTMENT|UNIT|STE|SUITE|RM|ROOM|FL|FLOOR|BLDG|"
    r"BUILDING|LOT|BOX|NO|LEVEL|PHASE|DEPT) ?(?:# ?)?[0-9]"
)


def _with_hidden_streets(split: pl.DataFrame) -> pl.DataFrame:
    """Where no segment begins with a house number: one that stands apart, behind the street, or behind other words."""
    rest = split["rest"]
    hidden = (split["main"] == "") & rest.str.contains("[0-9]") & ~rest.str.contains(_NO_HOUSE)
    return amend_rows(split, hidden, lambda rows: rows.with_columns(_hidden_street()).with_columns(_without_street()))


@cache
def _hidden_street() -> pl.Expr:
    rest = pl.col("rest")
    return pl.coalesce(
        _form(rest, _NUMBER_APART, "{1} {2}"),
        _form(rest, _NUMBER_LAST, "{2} {1}"),
        _form(rest, _SPANISH, "{2} {1}"),
        rest.str.extract(_EMBEDDED),
        pl.lit(""),
    ).alias("main")


@cache
def _without_street() -> pl.Expr:
    return pl.when(pl.col("main") == "").then("rest").otherwise(pl.lit("")).alias("rest")


def _unit_tails(main: pl.Series, rest: pl.Series) -> pl.DataFrame:
    """The street line without its unit, and everything that may be a unit, from the line and from beside it."""
    frame = pl.DataFrame({"main": main, "rest": rest}).with_columns(_tail_hint(), pl.lit("").alias("tail"))
    return amend_rows(frame, frame["hint"], lambda hits: hits.with_columns(_tail_cut())).select(_tails())


@cache
def _tail_hint() -> pl.Expr:
    return pl.col("main").str.contains(UNIT_HINT).alias("hint")


@cache
def _tail_cut() -> list[pl.Expr]:
    groups = pl.col("main").str.extract_groups(UNIT_TAIL)
    street, tail = groups.struct.field("1"), groups.struct.field("2")
    return [street.fill_null(pl.col("main")).alias("main"), tail.fill_null("").alias("tail")]


@cache
def _tails() -> list[pl.Expr]:
    beside = pl.when(pl.col("rest") == "").then("tail").otherwise(pl.concat_str(["rest", "tail"], separator=" ; "))
    return [pl.col("main").str.strip_chars(" #;"), beside.alias("tail")]


def _parsed_units(tails: pl.Series) -> pl.DataFrame:
    """``unit_kind`` and ``unit`` of each tail; each tail is read once for all the rows that share it."""
    if not (tails != "").any():
        return pl.DataFrame({"unit_kind": tails, "unit": tails})
    texts = tails.unique().to_list()
    parsed = [parse_unit(text) if text else ("", "") for text in texts]
    return pl.DataFrame(
        {
            "unit_kind": tails.replace_strict(texts, [kind for kind, _ in parsed], return_dtype=pl.String),
            "unit": tails.replace_strict(texts, [unit for _, unit in parsed], return_dtype=pl.String),
        }
    )
