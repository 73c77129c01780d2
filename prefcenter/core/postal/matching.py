"""The fuzzy tier: whether a suppression and a row that share no key are the same person all the same (P6, P9).

Rules of a field over pairs of candidates, in Polars. Each difference has a cost; the sum decides, under gates that no
sum gets over: another house number, another unit, another generation, another given name.
"""

from __future__ import annotations

import polars as pl

from prefcenter.core.channels import Level
from prefcenter.core.postal.pair_addresses import same_house, with_address_costs
from prefcenter.core.postal.pair_persons import person_costs
from prefcenter.core.postal.similarity import edits, likely_misspelt
from prefcenter.core.postal.tiers import PairTier, PairVerdict

_PERSON_MATCH, _PERSON_UNSURE = 4.4, 5.5
_NEAR_MATCH = 3.6
_NEAR_NAME, _NEAR_ADDRESS = 2.6, 3.8
"""A likely name makes up for more in the address: relatives do not live elsewhere under the same number."""
_FAMILY_MATCH, _FAMILY_ROAD = 3.9, 2.2
_HOUSE_MATCH = 1.6
_FULL_SCORE = 10.0

_COSTS = ("name_cost", "road_cost", "line_cost", "place_cost")


def judge_pairs(pairs: pl.DataFrame) -> pl.DataFrame:
    """Judge each pair of a suppression (``_l``) and a row (``_r``): ``verdict``, ``tier``, ``score`` (0 … 1), in order.

    ``pairs`` has the columns of :func:`.pair_fields` with both endings, as :func:`.pairs_of` gives them; ``level_l``
    says what the suppression covers. Whoever meets by a key of :mod:`.keys` is a match here too. The tier of different
    pairs is empty, their score 0. Between two individuals, left and right may be exchanged.
    """
    numbered = pairs.drop("pair", strict=False).with_row_index("pair")
    near = with_address_costs(numbered.filter(same_house()))
    found = pl.concat([_individuals(near), _households(near), _companies(near), _occupants(near)])
    everything = numbered.select("pair").join(found, on="pair", how="left", maintain_order="left")
    return everything.select(
        pl.col("verdict").fill_null(PairVerdict.DIFFERENT.value),
        pl.col("tier").fill_null(""),
        pl.col("score").fill_null(0.0),
    )


def _individuals(near: pl.DataFrame) -> pl.DataFrame:
    pairs = near.filter(pl.col("level_l") == Level.INDIVIDUAL.value)
    judged = pairs.join(person_costs(pairs), on="pair", maintain_order="left")
    return judged.with_columns(pl.sum_horizontal(_COSTS).alias("cost")).with_columns(_person_verdict()).with_columns(
        _person_tier()
    ).select(*_outcome())  # fmt: skip


def _person_verdict() -> pl.Expr:
    keyed = pl.col("same_name") & pl.col("same_road") & pl.col("same_place")
    near = ~pl.col("same_name")
    doubtful = pl.col("name_tier") == "doubtful"
    # A misspelt or short name may be a relative's; so then the rest must leave no doubt.
    relatives = near & (pl.col("line_differs") | pl.col("one_unit") | pl.col("initial") | doubtful)
    alike = pl.col("cost") <= pl.when(near).then(_NEAR_MATCH).otherwise(_PERSON_MATCH)
    alike |= (pl.col("name_cost") <= _NEAR_NAME) & (pl.col("cost") - pl.col("name_cost") <= _NEAR_ADDRESS)
    neighbours = near & pl.col("line_differs") & (pl.col("name_cost") > 1.0)
    verdict = (
        pl.when(keyed).then(pl.lit(PairVerdict.MATCH.value))
        .when(neighbours).then(None)
        .when(alike & ~relatives).then(pl.lit(PairVerdict.MATCH.value))
        .when(pl.col("cost") <= _PERSON_UNSURE).then(pl.lit(PairVerdict.UNSURE.value))
    )  # fmt: skip
    return verdict.alias("verdict")


def _person_tier() -> pl.Expr:
    """Unsure pairs are named after what makes them so, the others after what cost most."""
    unsure = pl.col("verdict") == PairVerdict.UNSURE.value
    elsewhere = pl.sum_horizontal("road_cost", "line_cost", "place_cost") > 1.0
    by_name = pl.col("name_cost") >= pl.max_horizontal("road_cost", "line_cost", "place_cost")
    only_initial = pl.col("initial") & ~elsewhere & (pl.col("name_cost") <= 2.0)
    # Without a unit a slip elsewhere is forgiven, since nobody else of that name lives in the house.
    only_unit = pl.col("one_unit") & ~pl.col("initial") & (pl.col("name_tier") != "doubtful") & ~pl.col("line_differs")
    return (
        pl.when(unsure & only_initial).then(pl.lit(PairTier.INITIAL.value))
        .when(unsure & only_unit & ~elsewhere).then(pl.lit(PairTier.UNIT.value))
        .when(unsure).then(pl.lit(PairTier.WEAK.value))
        .when(pl.col("cost") == 0).then(pl.lit(PairTier.EXACT.value))
        .when(by_name & (pl.col("name_cost") > 0)).then("name_tier")
        .otherwise(_address_tier())
        .alias("tier")
    )  # fmt: skip


def _address_tier() -> pl.Expr:
    road, line, place = pl.col("road_cost"), pl.col("line_cost"), pl.col("place_cost")
    return (
        pl.when(pl.max_horizontal(road, line, place) <= 0.5).then(pl.lit(PairTier.EXACT.value))
        .when((road >= line) & (road >= place)).then(pl.lit(PairTier.STREET.value))
        .when(line >= place).then(pl.lit(PairTier.LINE.value))
        .otherwise(pl.lit(PairTier.PLACE.value))
    )  # fmt: skip


def _households(near: pl.DataFrame) -> pl.DataFrame:
    """Everybody at the address; where the address itself is doubtful, only people of that surname."""
    pairs = near.filter((pl.col("level_l") == Level.HOUSEHOLD.value) & ~pl.col("line_differs"))
    cost = pl.sum_horizontal("road_cost", "line_cost", "place_cost")
    family = (pl.col("last_l") != "") & (
        (pl.col("last_l") == pl.col("last_r")) | (pl.col("last_l") == pl.col("last2_r"))
    )
    keyed = pl.col("same_road") & pl.col("same_place")
    slight = family & (cost <= _FAMILY_MATCH) & (pl.col("road_cost") <= _FAMILY_ROAD)
    verdict = (
        pl.when(keyed | slight).then(pl.lit(PairVerdict.MATCH.value))
        .when(cost <= _HOUSE_MATCH).then(pl.lit(PairVerdict.UNSURE.value))
    )  # fmt: skip
    return pairs.with_columns(
        verdict.alias("verdict"), pl.lit(PairTier.HOUSEHOLD.value).alias("tier"), cost.alias("cost")
    ).select(*_outcome())  # fmt: skip


def _companies(near: pl.DataFrame) -> pl.DataFrame:
    """The firm at its address, its name nearly the same (P15)."""
    pairs = near.filter(
        (pl.col("level_l") == Level.COMPANY.value) & (pl.col("company_l") != "") & (pl.col("company_r") != "")
    )
    one, other = pl.col("company_l"), pl.col("company_r")
    same = pairs["company_l"] == pairs["company_r"]
    pairs = pairs.with_columns(edits(pairs["company_l"], pairs["company_r"], ~same, at_most=2).alias("firm_edits"))
    longer = one.str.starts_with(other + " ") | other.str.starts_with(one + " ")
    name = (
        pl.when(one == other).then(0.0)
        .when(likely_misspelt(pl.col("firm_edits"), one, other)).then(1.2)
        .when(longer).then(2.0)
    )  # fmt: skip
    pairs = pairs.with_columns(name.alias("name_cost")).filter(pl.col("name_cost").is_not_null())
    cost = pl.sum_horizontal(_COSTS)
    keyed = (one == other) & pl.col("same_road") & pl.col("same_place")
    sure = (cost <= _HOUSE_MATCH) & ~pl.col("line_differs")
    return pairs.with_columns(
        pl.when(keyed | sure).then(pl.lit(PairVerdict.MATCH.value))
        .when(cost <= _FAMILY_MATCH).then(pl.lit(PairVerdict.UNSURE.value)).alias("verdict"),
        pl.lit(PairTier.COMPANY.value).alias("tier"),
        cost.alias("cost"),
    ).select(*_outcome())  # fmt: skip


def _occupants(near: pl.DataFrame) -> pl.DataFrame:
    """A row for "current resident", or for nobody by name, falls to the opt-out of a person at exactly that address."""
    nobody = pl.col("occupant_r") | (pl.col("company_r") == "")
    nameless = nobody & (pl.col("last_r") == "") & (pl.col("level_l") == Level.INDIVIDUAL.value)
    there = pl.col("same_road") & pl.col("same_place") & ~pl.col("line_differs") & (pl.col("zip_l") == pl.col("zip_r"))
    pairs = near.filter(nameless & there)
    return pairs.with_columns(
        pl.lit(PairVerdict.MATCH.value).alias("verdict"),
        pl.lit(PairTier.OCCUPANT.value).alias("tier"),
        pl.col("line_cost").alias("cost"),
    ).select(*_outcome())  # fmt: skip


def _outcome() -> list[pl.Expr]:
    score = (1.0 - pl.col("cost").cast(pl.Float64) / _FULL_SCORE - pl.when("one_unit").then(0.05).otherwise(0.0)).clip(
        0, 1
    )
    judged = pl.col("verdict").is_not_null()
    return [
        pl.col("pair"),
        pl.col("verdict").cast(pl.String),
        pl.when(judged).then("tier").otherwise(pl.lit("")).cast(pl.String).alias("tier"),
        pl.when(judged).then(score).otherwise(0.0).round(3).alias("score"),
    ]
