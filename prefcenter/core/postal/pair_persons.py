"""Whether two names can be one person's, and what it costs to believe so (P9).

Strict on given names: two common ones are two people (MICHAEL and MICHELLE are siblings), unless one is a form of the
other. Costs are those of :mod:`.pair_addresses`.
"""

from __future__ import annotations

from functools import cache

import polars as pl

from prefcenter.core.postal.nicknames import GivenRelation, given_relations
from prefcenter.core.postal.pair_fields import PERSON_FIELDS
from prefcenter.core.postal.similarity import edits, heard_alike, likely_misspelt
from prefcenter.core.postal.tables_given import GIVEN_NAMES

NEEDED = tuple(f"{name}{side}" for side in ("_l", "_r") for name in PERSON_FIELDS)


def person_costs(pairs: pl.DataFrame) -> pl.DataFrame:
    """For each ``pair`` that can be one person: ``name_cost`` (f32), ``name_tier``, ``same_name``, ``initial``.

    A couple is compared as each of its two; the likeliest two stand for the pair. ``initial`` says that one side gives
    the first letter only. Pairs of two people are left out.
    """
    persons = _persons(pairs)
    same = (pl.col("first_l") == pl.col("first_r")) & (pl.col("last_l") == pl.col("last_r"))
    judged = pl.concat([_same_names(persons.filter(same)), _other_names(persons.filter(~same))])
    # The cheapest first, so that it is the one that stands for the pair.
    return judged.sort("pair", "name_cost", maintain_order=True).unique("pair", keep="first", maintain_order=True)


_JUDGED = ("pair", "name_cost", "name_tier", "same_name", "initial")


def _same_names(persons: pl.DataFrame) -> pl.DataFrame:
    """What nearly half of the pairs are, and needs no rule."""
    return persons.select(
        "pair",
        pl.lit(0.0, pl.Float32).alias("name_cost"),
        pl.lit("name").alias("name_tier"),
        pl.lit(value=True).alias("same_name"),
        pl.lit(value=False).alias("initial"),
    )


def _other_names(persons: pl.DataFrame) -> pl.DataFrame:
    bags = persons.with_columns(_bag("_l"), _bag("_r"))
    known = _related(bags.with_columns(_name_edits(bags)).filter(_perhaps()))
    costs = known.with_columns(*_given(), *_surname()).with_columns(*_whole())
    judged = costs.with_columns(_name_cost(), _name_tier())
    return judged.filter(pl.col("name_cost").is_not_null()).select(_JUDGED)


def _bag(side: str) -> pl.Expr:
    """The words of a name, initials left out, in an order that tells nothing; empty where there is but one."""
    words = pl.concat_str([f"first{side}", f"middle{side}", f"last{side}"], separator=" ").str.split(" ")
    whole = words.list.eval(pl.element().filter(pl.element().str.len_chars() > 1)).list.sort()
    return pl.when(whole.list.len() > 1).then(whole.list.join(" ")).otherwise(pl.lit("")).alias(f"bag{side}")


def _persons(pairs: pl.DataFrame) -> pl.DataFrame:
    """One row for each two people of a pair, whose generations do not contradict."""
    tables = []
    for left in ("", "2"):
        for right in ("", "2"):
            columns = [pl.col(f"{name}{left}_l").alias(f"{name}_l") for name in PERSON_FIELDS]
            columns += [pl.col(f"{name}{right}_r").alias(f"{name}_r") for name in PERSON_FIELDS]
            named = (pl.col(f"last{left}_l") != "") & (pl.col(f"last{right}_r") != "")
            one, other = pl.col(f"generation{left}_l"), pl.col(f"generation{right}_r")
            one_generation = (one == other) | (one == "") | (other == "")
            tables.append(pairs.filter(named & one_generation).select("pair", *columns))
    return pl.concat(tables)


def _name_edits(persons: pl.DataFrame) -> list[pl.Series]:
    last_differs = persons["last_l"] != persons["last_r"]
    lasts = edits(persons["last_l"], persons["last_r"], last_differs, at_most=2)
    lasts = heard_alike(lasts, persons["last_l"], persons["last_r"]).alias("last_edits")
    near = ~last_differs | (lasts <= 2) | persons.select(_begins_or_ends()).to_series()
    firsts = edits(persons["first_l"], persons["first_r"], near & (persons["first_l"] != persons["first_r"]), at_most=2)
    firsts = heard_alike(firsts, persons["first_l"], persons["first_r"])
    crossed_l = persons["first_l"] != persons["last_r"]
    across = last_differs & (lasts > 2) & (persons["first_l"] != "")
    return [
        lasts,
        firsts.alias("first_edits"),
        edits(persons["first_l"], persons["last_r"], across & crossed_l, at_most=1).alias("cross_l"),
        edits(persons["last_l"], persons["first_r"], across, at_most=1).alias("cross_r"),
    ]


def _perhaps() -> pl.Expr:
    """Whether the surnames leave anything to look at."""
    turned = (pl.col("bag_l") == pl.col("bag_r")) | (pl.col("cross_l") <= 1) | (pl.col("cross_r") <= 1)
    turned |= (pl.col("first_l") == pl.col("last_r")) | (pl.col("last_l") == pl.col("first_r"))
    return (pl.col("last_l") == pl.col("last_r")) | (pl.col("last_edits") <= 2) | _begins_or_ends() | turned


def _begins_or_ends() -> pl.Expr:
    """One surname is a part of the other (a hyphen's half), or stands as a middle name on the other side."""
    return _part("_l", "_r") | _part("_r", "_l")


def _part(whole: str, part: str) -> pl.Expr:
    name, piece = pl.col(f"last{whole}"), pl.col(f"last{part}")
    rest = name.str.len_chars().cast(pl.Int32) - piece.str.len_chars().cast(pl.Int32)
    half = (name.str.starts_with(piece) | name.str.ends_with(piece)) & (piece.str.len_chars() >= 2) & (rest >= 3)
    patronymic = (rest == 3) & name.str.ends_with("SON")
    maiden = (pl.col(f"middle{whole}") == piece) & (piece.str.len_chars() >= 3)
    return (half & ~patronymic) | maiden


def _related(persons: pl.DataFrame) -> pl.DataFrame:
    one_letter = persons["first_edits"] == 1
    slips = persons.filter(one_letter).select(_slip_of_the_finger()).to_series()
    slip = pl.zeros(persons.height, pl.Boolean, eager=True).scatter(one_letter.arg_true(), slips).alias("slip")
    return (
        persons.with_columns(slip)
        .join(_relations(), on=["first_l", "first_r"], how="left", maintain_order="left")
        .with_columns(
            pl.col("first_l").is_in(_common()).alias("common_l"), pl.col("first_r").is_in(_common()).alias("common_r")
        )
    )


@cache
def _relations() -> pl.DataFrame:
    return given_relations()


@cache
def _common() -> pl.Series:
    return pl.Series([list(GIVEN_NAMES)])


def _given() -> list[pl.Expr]:
    """What the difference of the given names costs, and its name."""
    one, other = pl.col("first_l"), pl.col("first_r")
    joined = _joined("_l", "_r") | _joined("_r", "_l")
    related = pl.col("given_relation")
    two_names = pl.col("common_l") & pl.col("common_r") & ~pl.col("slip")
    two_names |= (related == GivenRelation.APART.value).fill_null(value=False)
    # LILIANA and GIULIANA are sisters: two slips leave the first letter alone.
    begins = (pl.col("first_edits") == 1) | (one.str.head(1) == other.str.head(1))
    misspelt = likely_misspelt(pl.col("first_edits"), one, other) & ~two_names & begins
    cut = (_cut(one, other, "common_r") | _cut(other, one, "common_l")) & ~two_names
    letter = (one.str.len_chars() == 1) | (other.str.len_chars() == 1)
    initial = letter & (one.str.head(1) == other.str.head(1))
    by_middle = _by_middle("_l", "_r") | _by_middle("_r", "_l")
    kinds = [
        (one == other, "same", 0.0),
        (joined, "joined", 0.3),
        ((related == GivenRelation.SPELLING.value) | _diminutive(one, other), "nickname", 0.7),
        (related == GivenRelation.NICKNAME.value, "nickname", 1.0),
        (initial & by_middle, "joined", 0.6),
        (initial, "initial", 2.0),
        (misspelt & (pl.col("first_edits") == 1), "misspelt", 1.2),
        (by_middle & letter, "joined", 1.2),
        (misspelt, "misspelt", 2.2),
        (cut, "misspelt", 1.8),
        (related == GivenRelation.SHARED.value, "doubtful", 3.0),
        (by_middle, "doubtful", 3.0),
        ((one == "") | (other == ""), "doubtful", 3.2),
    ]
    return [_first_of([(when, price) for when, _, price in kinds], pl.Float32).alias("given_cost"),
            _first_of([(when, name) for when, name, _ in kinds], pl.String).alias("given_kind")]  # fmt: skip


def _diminutive(one: pl.Expr, other: pl.Expr) -> pl.Expr:
    """ROBBIE and ROBBY, KELSEY and KELSIE; MARIE and MARY are two names."""
    ending = "(?:IE|EY|Y)$"
    stem = one.str.replace(ending, "")
    both = one.str.contains(ending) & other.str.contains(ending)
    return both & (stem == other.str.replace(ending, "")) & (stem.str.len_chars() >= 3) & (stem != "MAR")


def _slip_of_the_finger() -> pl.Expr:
    """Two letters exchanged or one doubled: JOESPH, SHELIA, ANNNA, which are names too and yet seldom two people."""
    one, other = pl.col("first_l"), pl.col("first_r")
    turned = one.str.split("").list.sort() == other.str.split("").list.sort()
    return turned | (one.str.replace_many(_DOUBLE) == other.str.replace_many(_DOUBLE))


_DOUBLE = {letter * 2: letter for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}


def _first_of(cases: list[tuple[pl.Expr, float]] | list[tuple[pl.Expr, str]], dtype: type[pl.DataType]) -> pl.Expr:
    """The value of the first case that holds, or null."""
    return pl.coalesce(*(pl.when(when).then(pl.lit(value)) for when, value in cases), pl.lit(None)).cast(dtype)


def _joined(parted: str, whole: str) -> pl.Expr:
    """MARY ANN and MARYANN, but not PAUL A and PAULA."""
    return (pl.col(f"given{parted}") == pl.col(f"first{whole}")) & (pl.col(f"middle{parted}").str.len_chars() >= 2)


def _cut(whole: pl.Expr, part: pl.Expr, common: str) -> pl.Expr:
    """A name cut off at the end of its field."""
    return whole.str.starts_with(part) & (part.str.len_chars() >= 4) & ~pl.col(common)


def _by_middle(named: str, called: str) -> pl.Expr:
    """One side has as its first name what is the other's middle name."""
    middle = pl.col(f"middle{named}")
    return (middle == pl.col(f"first{called}")) & (middle.str.len_chars() >= 2)


def _surname() -> list[pl.Expr]:
    one, other = pl.col("last_l"), pl.col("last_r")
    part = _begins_or_ends()
    misspelt = likely_misspelt(pl.col("last_edits"), one, other)
    cost = (
        pl.when(one == other).then(0.0)
        .when(misspelt & (pl.col("last_edits") == 1)).then(1.2)
        .when(part).then(1.3)
        .when(misspelt).then(2.0)
    )  # fmt: skip
    kind = pl.when(one == other).then(pl.lit("same")).when(part).then(pl.lit("part")).otherwise(pl.lit("misspelt"))
    return [cost.cast(pl.Float32).alias("last_cost"), kind.alias("last_kind")]


def _whole() -> list[pl.Expr]:
    """The same words in another order, and middle initials that contradict."""
    turned = _turned("_l", "_r") | _turned("_r", "_l")
    nearly = (pl.col("first_l") == pl.col("last_r")) | (pl.col("last_l") == pl.col("first_r"))
    slip = (pl.col("cross_l") == 1) | (pl.col("cross_r") == 1)
    turned |= (pl.col("bag_l") == pl.col("bag_r")) & (pl.col("bag_l") != "")
    order = pl.when(turned).then(0.7).when(nearly & slip & (pl.col("last_l") != pl.col("last_r"))).then(1.9)
    one, other = pl.col("middle_l").str.head(1), pl.col("middle_r").str.head(1)
    against = (one != "") & (other != "") & (one != other)
    return [
        order.cast(pl.Float32).alias("order_cost"),
        pl.when(against).then(0.8).otherwise(0.0).cast(pl.Float32).alias("middle_cost"),
        ((pl.col("first_l") == pl.col("first_r")) & (pl.col("last_l") == pl.col("last_r"))).alias("same_name"),
        (pl.col("given_kind") == "initial").fill_null(value=False).alias("initial"),
    ]


def _turned(straight: str, turned: str) -> pl.Expr:
    """JANE DOE and DOE JANE; WARDA VAN HORN and VAN HORN WARDA, which reads as three names."""
    given = (pl.col(f"first{turned}"), pl.col(f"given{turned}"))
    surname = pl.any_horizontal(name == pl.col(f"last{straight}") for name in given)
    return surname & (pl.col(f"first{straight}") == pl.col(f"last{turned}"))


def _name_cost() -> pl.Expr:
    straight = pl.col("given_cost") + pl.col("last_cost") + pl.col("middle_cost")
    cost = pl.when(pl.col("same_name")).then(0.0).otherwise(pl.min_horizontal(straight, "order_cost"))
    return cost.cast(pl.Float32).alias("name_cost")


def _name_tier() -> pl.Expr:
    """The name of what weighs most."""
    straight = pl.col("given_cost") + pl.col("last_cost") + pl.col("middle_cost")
    swapped = straight.is_null() | (pl.col("order_cost") < straight)
    surname = pl.col("last_cost") > pl.col("given_cost")
    return (
        pl.when("same_name").then(pl.lit("name"))
        .when(swapped.fill_null(value=False)).then(pl.lit("swapped"))
        .when(pl.col("given_kind") == "initial").then(pl.lit("initial"))
        .when(pl.col("given_kind") == "doubtful").then(pl.lit("doubtful"))
        .when(surname & (pl.col("last_kind") == "part")).then(pl.lit("surname_part"))
        .when(surname).then(pl.lit("misspelt"))
        .otherwise(pl.col("given_kind"))
        .alias("name_tier")
    )  # fmt: skip
