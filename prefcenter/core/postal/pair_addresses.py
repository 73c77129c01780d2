"""Where two records lie: whether it can be one mailbox, and what it costs to believe so (P5, P6).

A cost is what has to be explained away: 0 is the same text, 1 a common variant, 2 a mistake that needs everything else
to be right; null is another place.
"""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from prefcenter.core.postal.similarity import edits, likely_misspelt


def same_house() -> pl.Expr:
    """The gate before all else (P6): the same number, box or route, units that do not contradict, one country."""
    unknown = (pl.col("unit_kind_l") == "#") | (pl.col("unit_kind_r") == "#")
    alike = (pl.col("unit_id_l") == pl.col("unit_id_r")) & ((pl.col("unit_kind_l") == pl.col("unit_kind_r")) | unknown)
    one_country = pl.col("country_l") == pl.col("country_r")
    number = (pl.col("number_l") == pl.col("number_r")) & (pl.col("number_l") != "")
    return number & (alike | _no_unit()) & one_country & _one_urbanization()


def _one_urbanization() -> pl.Expr:
    """Of the same streets of a town, those of another urbanization are other streets (Pub 28 §29)."""
    one, other = pl.col("urb_l"), pl.col("urb_r")
    return (one == other) | (one == "") | (other == "")


def _no_unit() -> pl.Expr:
    return (pl.col("unit_id_l") == "") | (pl.col("unit_id_r") == "")


def with_address_costs(pairs: pl.DataFrame) -> pl.DataFrame:
    """The pairs at one house whose street and place can be the same, with what speaks against it.

    Adds ``road_cost``, ``line_cost`` (suffix and direction), ``place_cost`` (f32), ``line_differs`` (a suffix or
    direction contradicts), ``one_unit`` (only one side names a unit), ``same_road`` and ``same_place``: what the
    keys of :mod:`.keys` need.
    """
    placed = _apart(pairs, _same_zip(), _place_edits, _place_cost(), "place_cost")
    alike = placed.filter(_perhaps_one_road(placed))
    streets = _apart(alike, pl.col("way_l") == pl.col("way_r"), _road_edits, _road_cost(), "road_cost")
    return streets.with_columns(*_line(), *_gist())


def _apart(
    pairs: pl.DataFrame,
    same: pl.Expr,
    edited: Callable[[pl.DataFrame], list[pl.Series]],
    cost: pl.Expr,
    name: str,
) -> pl.DataFrame:
    """The pairs that can be one place, with a cost: nothing where both sides are the same, and else by its rules.

    Most pairs are the same, so the rules are asked about few.
    """
    equal = pairs.select(same).to_series()
    others = pairs.filter(~equal)
    costs = others.with_columns(edited(others)).select(cost).to_series()
    alike = pairs.filter(equal).with_columns(pl.lit(0.0, pl.Float32).alias(name))
    return pl.concat([alike, others.with_columns(costs).filter(costs.is_not_null())])


def _perhaps_one_road(pairs: pl.DataFrame) -> pl.Series:
    """A quick look: the same way, the same first letter, or few edits; most that share a number share nothing else."""
    first = [
        pl.col(f"{name}_l").str.head(1) == pl.col(f"{name}_r").str.head(1) for name in ("spelt", "spelt_road", "road")
    ]
    same = pairs.select((pl.col("way_l") == pl.col("way_r")) | pl.any_horizontal(first)).to_series()
    return same | (edits(pairs["spelt_l"], pairs["spelt_r"], ~same, at_most=2) <= 2)


def _same_zip() -> pl.Expr:
    return (pl.col("zip_l") == pl.col("zip_r")) & (pl.col("zip_l") != "")


def _place_edits(pairs: pl.DataFrame) -> list[pl.Series]:
    zips = (pairs["zip_l"] != pairs["zip_r"]) & (pairs["zip_l"] != "") & (pairs["zip_r"] != "")
    cities = ((pairs["zip_l"] != pairs["zip_r"]) | (pairs["zip_l"] == "")) & (pairs["city_l"] != pairs["city_r"])
    cities &= (pairs["city_l"] != "") & (pairs["city_r"] != "")
    return [
        edits(pairs["zip_l"], pairs["zip_r"], zips, at_most=2).alias("zip_edits"),
        edits(pairs["city_l"], pairs["city_r"], cities, at_most=2).alias("city_edits"),
    ]


def _place_cost() -> pl.Expr:
    given = (pl.col("zip_l") != "") & (pl.col("zip_r") != "")
    no_state = (pl.col("state_l") == "") | (pl.col("state_r") == "")
    state = (pl.col("state_l") == pl.col("state_r")) | no_state
    no_city = (pl.col("city_l") == "") | (pl.col("city_r") == "")
    town = (pl.col("city_l") == pl.col("city_r")) & ~no_city
    city = town & state
    misspelt = likely_misspelt(pl.col("city_edits"), pl.col("city_l"), pl.col("city_r")) & state
    area = pl.col("zip_l").str.head(3) == pl.col("zip_r").str.head(3)
    slip = pl.col("zip_edits") == 1
    cost = (
        pl.when(given & (pl.col("zip_l") == pl.col("zip_r"))).then(0.0)
        .when(~given & city).then(0.5)
        .when(~given & misspelt).then(1.5)
        .when(~given).then(None)
        .when(slip & city).then(0.8)
        .when(area & city).then(1.0)
        .when(slip & town).then(1.4)
        .when(slip & (misspelt | (no_city & state))).then(1.6)
        .when(city & (pl.col("zip_edits") == 2)).then(1.6)
        .when(area & misspelt).then(1.8)
        .when(city).then(2.2)
        # Another town and another ZIP: only a doubt, since towns of one state have the same streets and names.
        .when(slip & state).then(4.8)
        .otherwise(None)
    )  # fmt: skip
    return cost.cast(pl.Float32).alias("place_cost")


def _road_edits(pairs: pl.DataFrame) -> list[pl.Series]:
    other = (pairs["way_l"] != pairs["way_r"]) & (pairs["figures_l"] == pairs["figures_r"])
    bare = other & pairs.select((pl.col("suffix_l") == "") != (pl.col("suffix_r") == "")).to_series()
    return [
        edits(pairs["spelt_l"], pairs["spelt_r"], other, at_most=2).alias("street_edits"),
        edits(pairs["road_l"], pairs["road_r"], bare, at_most=2).alias("line_edits"),
        edits(pairs["spelt_road_l"], pairs["spelt_road_r"], bare, at_most=2).alias("spelt_line_edits"),
        edits(_run_on(pairs["spelt_road_l"]), _run_on(pairs["spelt_road_r"]), other, at_most=3).alias("letter_edits"),
    ]


def _run_on(words: pl.Series) -> pl.Series:
    return words.str.replace_all(" ", "", literal=True)


def _road_cost() -> pl.Expr:
    one, other = pl.col("spelt_l"), pl.col("spelt_r")
    one_name = pl.col("street_l") == pl.col("street_r")
    weak = (pl.col("weak_l") == "") | (pl.col("weak_r") == "")
    joined = one.str.replace_all(" ", "", literal=True) == other.str.replace_all(" ", "", literal=True)
    roads = likely_misspelt(pl.col("line_edits"), pl.col("road_l"), pl.col("road_r"))
    roads |= likely_misspelt(pl.col("spelt_line_edits"), pl.col("spelt_road_l"), pl.col("spelt_road_r"))
    whole = _begins(one, other) | _begins(other, one)
    cost = (
        pl.when(pl.col("way_l") == pl.col("way_r")).then(0.0)
        .when(_suffix_dropped()).then(0.3)
        .when(one_name).then(pl.when(weak).then(0.6).otherwise(1.5))
        .when(pl.col("figures_l") != pl.col("figures_r")).then(None)
        .when((one == "") | (other == "")).then(None)
        .when(joined | (pl.col("road_l") == pl.col("road_r"))).then(0.4)
        .when((pl.col("street_edits") == 1) & likely_misspelt(pl.col("street_edits"), one, other)).then(1.5)
        .when(roads).then(1.7)
        .when(likely_misspelt(pl.col("street_edits"), one, other)).then(2.2)
        .when(whole).then(2.2)
        .when(_letters_alike()).then(2.6)
        .otherwise(None)
    )  # fmt: skip
    return cost.cast(pl.Float32).alias("road_cost")


def _letters_alike() -> pl.Expr:
    """BELFIELD CRESCENT and BELFIELDC RESCNT: nearly the same letters in a row, wherever the words end.

    They begin alike, as MAPLE COURT and APPLE COURT do not.
    """
    one, other = (pl.col(f"spelt_road_{side}").str.replace_all(" ", "", literal=True) for side in "lr")
    shortest = pl.min_horizontal(one.str.len_chars(), other.str.len_chars())
    few = ((pl.col("letter_edits") <= 2) & (shortest >= 10)) | ((pl.col("letter_edits") == 3) & (shortest >= 14))
    return few & (one.str.head(3) == other.str.head(3))


def _suffix_dropped() -> pl.Expr:
    """SEA COVE and SEA COVE AVE: without its suffix the last word of a name looks like one."""
    dropped = (pl.col("spelt_line_l") == pl.col("spelt_r")) | (pl.col("spelt_line_r") == pl.col("spelt_l"))
    return dropped & (pl.col("spelt_l") != pl.col("spelt_r"))


def _begins(whole: pl.Expr, part: pl.Expr) -> pl.Expr:
    """A street of several words of which the other one has only the first ones."""
    return whole.str.starts_with(pl.concat_str(part, pl.lit(" "))) & (part.str.len_chars() >= 5)


def _line() -> list[pl.Expr]:
    (same, missing), direction = _missing("suffix"), _missing("direction")
    suffix = (same, missing | _suffix_dropped())
    differs = [~same & ~missing for same, missing in (suffix, direction)]
    cost = pl.lit(0.0)
    for (same, missing), price in ((suffix, 0.3), (direction, 0.4)):
        cost = cost + pl.when(same).then(0.0).when(missing).then(price).otherwise(1.5)
    return [cost.cast(pl.Float32).alias("line_cost"), (differs[0] | differs[1]).alias("line_differs")]


def _missing(part: str) -> tuple[pl.Expr, pl.Expr]:
    """Whether a part is the same on both sides, and whether one side lacks it."""
    one, other = pl.col(f"{part}_l"), pl.col(f"{part}_r")
    return one == other, (one == "") | (other == "")


def _gist() -> list[pl.Expr]:
    one_unit = (pl.col("unit_id_l") == "") != (pl.col("unit_id_r") == "")
    area = pl.col("zip_l").str.head(3) == pl.col("zip_r").str.head(3)
    no_zip = (pl.col("zip_l") == "") | (pl.col("zip_r") == "")
    town = (pl.col("city_l") == pl.col("city_r")) & (pl.col("state_l") == pl.col("state_r")) & (pl.col("city_l") != "")
    same_place = ((pl.col("zip_l") == pl.col("zip_r")) & (pl.col("zip_l") != "")) | (town & (area | no_zip))
    return [one_unit.alias("one_unit"), same_place.alias("same_place"), (pl.col("road_cost") == 0).alias("same_road")]
