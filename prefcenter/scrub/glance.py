"""The cheap look at a row, before anything is standardised: what it shows of where it lies.

Nine rows of ten are written plainly: a house number, a street, a ZIP of five figures. Of such a row the number, the ZIP
and the first letters of the street are read off as they stand; when no entry has them, no rule can make the row meet
one, and the row is spared all the rest (:mod:`prefcenter.scrub.sieve`). Whatever is not plain is looked at closely.
"""

from __future__ import annotations

import polars as pl

from prefcenter.core.postal.blocks import NO_NUMBER, NO_STREET, WORD_LETTERS
from prefcenter.core.postal.streets import TOKENS
from prefcenter.core.postal.tables import DIRECTION_FORMS, STATES, UNITS
from prefcenter.core.postal.tables_names import CREDENTIALS, GENERATIONS, PARTICLES
from prefcenter.core.postal.tables_numbers import NUMBER_PHRASES, NUMBER_WORDS, ORDINAL_PHRASES, ORDINAL_WORDS
from prefcenter.core.postal.tables_suffixes import SUFFIX_FORMS

GLANCE = ("number", "zip5", "zip3", "state", "letter", "word", "word2", "word3", "last", "last2", "nowhere")
"""What a look tells: number, ZIP, its area, state, the city's first letter, the first letters of the street's first two
words (one of them may be a direction) and of its name's first word in its short form, the last words of the surnames of
both of a couple; empty where it does not tell. ``nowhere`` is told by an entry without a state of the United States,
which a row of any state may meet."""

STATE_CODES = sorted({code for code in STATES.values() if len(code) == 2})
_DIRECTION = r"(?:[NSEWnsew]\b\.?|[NSns]\.?[EWew]\b\.?|(?i:north|south)(?i:east|west)?|(?i:east|west))"
_WORD = r"[A-Za-z]{2}|[0-9]{1,3}(?i:st|nd|rd|th)\b|[NSEWnsew]\b"
_PLAIN_LINE = rf"^ *[1-9][0-9]{{0,5}} +(?:{_WORD})"
DIRECTIONS = ("N", "S", "E", "W", "NE", "NW", "SE", "SW", "NOR", "SOU", "EAS", "WES")
"""How directions begin, in :data:`WORD_LETTERS`."""
DIRECTION_WORDS = ("NORTH", "SOUTH", "EAST", "WEST", *DIRECTION_FORMS)
FLOORS = ("FL", "FLR", "FLO", "LEV")
"""How floors begin, whose figure is no house number …"""
_NO_FLOOR = "^(?:FLO|LEV)[A-Z]{2,}$"
_FLOOR_WORDS = ("FLOOR", "FLOORS", "LEVEL", "LEVELS")
"""… and how words do that are none, as FLORIDA and FLOWER, unless they are one of these."""
SHORT_FORMS = {word: form[:WORD_LETTERS] for word, form in TOKENS.items() if form[:WORD_LETTERS] != word[:WORD_LETTERS]}
"""How words of a street's name begin that have a form of their own (LAKE is LK, FIRST is 1ST)."""
_NUMBERED = "ST STR STREET SAINT FOREST FARM RANCH PRIVATE PARISH NATIONAL STATE NEW".split()
_ROADS = """
HIGHWAY HWY HIWAY HWAY ROUTE RTE RT COUNTY CO CNTY CTY CR CTH CSAH TOWNSHIP TWP PVT FS FM RM INTERSTATE IH I U US SR SH
LOOP TRUNK BUS BUSINESS SPUR M ML MLK MARTIN NO NUMBER CALLE AVENIDA DR DOCTOR
"""
ROAD_WORDS = frozenset(
    (
        *_ROADS.split(),
        *(word for word in UNITS if word.isalpha()),
        *(word for word, form in TOKENS.items() if form in DIRECTION_FORMS),
        *(word for phrase in (*NUMBER_PHRASES, *ORDINAL_PHRASES) for word in phrase.split()),
        *NUMBER_WORDS,
    )
) - {*DIRECTION_WORDS, "NORTHEAST", "NORTHWEST", "SOUTHEAST", "SOUTHWEST", *ORDINAL_WORDS}
"""Words that the standard form may read together with those behind them; such a row is looked at closely."""
NUMBERED_WORDS = frozenset((*_NUMBERED, *(word for state in (*STATES, *STATES.values()) for word in state.split()))) - {
    *DIRECTION_WORDS
}
"""The same, where figures stand behind them."""
_FIGURES_BEHIND = "^ *[0-9]+ +.*[0-9]"
SUFFIX_WORDS = frozenset((*SUFFIX_FORMS, *(word for word, form in TOKENS.items() if form in SUFFIX_FORMS)))
"""Words behind a direction, which is itself the street's name there, unless another suffix follows."""
_NO_ZIPS = ("", "00000")
NOWHERE = "-"
_HERE = ("", "US", "USA", "us", "usa", "United States", "UNITED STATES")
_PARTS = [",", ";", "\n", "|", " box", "delivery"]
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
_BESIDE_NAMES = "AND OR O THE DECD DECEASED TTEE TTEES TRUSTEE TRUSTEES TRUST ESTATE FAMILY".split()
_ODD_WORDS = sorted(
    {*CREDENTIALS, *GENERATIONS, *_BESIDE_NAMES, *(word for each in PARTICLES for word in each.split())}
    - {*AFTER_NAMES, "JUNIOR", "SENIOR"}
)
_ODD_NAME = (
    rf"(?i)[^A-Za-z ,.'-]|\.[A-Za-z]|(?:^|[ ,])(?:{'|'.join(_ODD_WORDS)})(?:[ ,.]|$)|, *[^ ]+ +[^ ].* [^ ,.]{{2,}}"
)
"""Names that are more than given names and a surname: couples, particles, what follows a surname."""
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
        _letters(line.str.extract("^ *[0-9]+ +([A-Za-z0-9]+)")).alias("first"),
        line.str.contains(_FIGURES_BEHIND).alias("numbered"),
        surnames(written),
        _plain_line().alias("plain"),
    )  # fmt: skip
    head = pl.col("first").str.head(WORD_LETTERS)
    told = seen.select(
        "number", "zip5", pl.col("zip5").str.head(3).alias("zip3"), "state", "letter", head.alias("word"),
        pl.lit("").alias("word2"), _short_form("first").alias("word3"), "last", pl.lit("").alias("last2"),
        pl.lit(NOWHERE).alias("nowhere"),
        (pl.col("plain") & ~pl.col("zip5").is_in(_NO_ZIPS) & pl.col("state").is_in(STATE_CODES)
         & pl.col("letter").str.contains("^[A-Z]?$") & ~_reads_on("first")
         & ~_may_be_floor() & ~pl.col("last").is_in([*NO_SURNAMES, *AFTER_NAMES])).alias("plain"),
    )  # fmt: skip
    return _with_boxes(_with_second_words(told, written), written)


def _reads_on(word: str) -> pl.Expr:
    """Whether a word may belong to those behind it."""
    return pl.col(word).is_in(list(ROAD_WORDS)) | (pl.col(word).is_in(list(NUMBERED_WORDS)) & pl.col("numbered"))


def _may_be_floor() -> pl.Expr:
    first = pl.col("first")
    is_other = first.str.contains(_NO_FLOOR) & ~first.is_in(_FLOOR_WORDS)
    return first.str.head(WORD_LETTERS).is_in(FLOORS) & ~is_other


def _short_form(word: str) -> pl.Expr:
    return pl.col(word).replace_strict(SHORT_FORMS, default="", return_dtype=pl.String)


def _with_second_words(seen: pl.DataFrame, written: pl.DataFrame) -> pl.DataFrame:
    """The street's second word, where the first may be a direction."""
    where = seen["word"].is_in(DIRECTIONS)
    behind = rf"^ *[0-9]+ +{_DIRECTION} +([A-Za-z0-9]+)(?:[ .]+([A-Za-z]+))?"
    line = pl.col("address1")
    found = written.filter(where).select(
        _letters(line.str.extract(behind, 1)).alias("second"),
        _letters(line.str.extract(behind, 2)).alias("third"),
        line.str.contains(_FIGURES_BEHIND).alias("numbered"),
    )
    short = found.select(_short_form("second")).to_series()
    name, third = pl.col("second"), pl.col("third")
    # N SPRING ST and N SPRING GATE TRL lie on streets called SPRING and SPRING GATE, N SPRING may lie on N.
    odd = [*ROAD_WORDS, *NUMBERED_WORDS, *DIRECTION_WORDS, *UNITS, *UNITS.values()]
    reads_on = third.is_in(odd) | (third.str.len_bytes() < WORD_LETTERS)
    follows = third.is_in(list(SUFFIX_WORDS)) | ~reads_on
    unsure = found.select(
        _reads_on("second") | name.is_in(DIRECTION_WORDS) | name.str.contains("^[0-9]+$")
        | (name.is_in(list(SUFFIX_WORDS)) & ~follows)
    ).to_series()  # fmt: skip
    places = where.arg_true()
    directed = (found["second"] != "") & (short != "")
    return seen.with_columns(
        seen["word2"].scatter(places, found["second"].str.head(WORD_LETTERS)),
        seen["word3"].scatter(places.filter(directed), short.filter(directed)),
        seen["plain"].scatter(places.filter(unsure), False),
    )


def _with_boxes(seen: pl.DataFrame, written: pl.DataFrame) -> pl.DataFrame:
    """PO boxes in their commonest form, among the rows that are not plain otherwise."""
    asked = seen.select(
        ~pl.col("plain") & ~pl.col("zip5").is_in(_NO_ZIPS) & pl.col("state").is_in(STATE_CODES)
    ).to_series()
    here = pl.col("country").is_in(_HERE) & (pl.col("address2") == "") & _plain_name()
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
    """Nothing but a street in the line and perhaps a unit beside it, in the United States, under a plain name."""
    line, beside = pl.col("address1"), pl.col("address2")
    parted = line.str.contains_any(_PARTS, ascii_case_insensitive=True)
    unit = (beside == "") | beside.str.contains(_UNIT_BESIDE)
    return ~parted & unit & pl.col("country").is_in(_HERE) & _plain_name()


def _plain_name() -> pl.Expr:
    """Given names and one surname, in ASCII, with perhaps a generation or a degree behind it."""
    return ~pl.any_horizontal(pl.col(name).str.contains(_ODD_NAME) for name in ("name", "last_name"))


def surnames(written: pl.DataFrame) -> pl.Series:
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
    bare = names.str.extract(r"([A-Za-z'-]+)[^A-Za-z'-]*$").fill_null("")
    return bare.str.replace_all(r"['-]", "").str.to_uppercase()


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
        pl.lit("").alias("word3"),
        last.alias("last"),
        (last_word(pl.col("s_last2")) if "s_last2" in standard.columns else pl.lit("")).alias("last2"),
        pl.lit(NOWHERE).alias("nowhere"),
    )


def of_entries(seen: pl.DataFrame) -> pl.DataFrame:
    """The same of entries of the list: ``nowhere`` is told only where there is no state of the United States."""
    stated = pl.col("state").is_in(STATE_CODES)
    return seen.with_columns(pl.when(stated).then(pl.lit("")).otherwise("nowhere").alias("nowhere"))
