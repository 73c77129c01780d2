"""Where two records lie: whether it can be one mailbox, and what it costs to believe so (P5, P6).

A cost is what has to be explained away: 0 is the same text, 1 a common variant, 2 a mistake that needs everything else
to be right; :data:`.NEVER` is another place.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import polars as pl

from prefcenter.core.postal.pairs import NEVER, Costs, Flags, Pairs, Places, first_of, nothing
from prefcenter.core.postal.similarity import Edits, begins_with, edits, heard_alike, likely_misspelt


@dataclass(frozen=True, slots=True)
class AddressCosts:
    """What speaks against each of some pairs being at one address.

    Args:
        road: the street's name.
        line: its suffix and direction.
        place: the ZIP Code and the town.
        line_differs: whether a suffix or direction contradicts.
        one_unit: whether only one side names a unit.
        same_place: whether the keys of :mod:`.keys` would meet by ZIP Code or town.
    """

    road: Costs
    line: Costs
    place: Costs
    line_differs: Flags
    one_unit: Flags
    same_place: Flags

    @property
    def same_road(self) -> Flags:
        """Whether the keys would meet by the street."""
        same: Flags = self.road == 0
        return same

    def where(self, holds: Flags) -> AddressCosts:
        """Those of the pairs for which it holds."""
        return self if holds.all() else self.take(holds.nonzero()[0])

    def take(self, places: Places) -> AddressCosts:
        """Those of the pairs at these places."""
        return AddressCosts(*(getattr(self, part.name)[places] for part in fields(self)))


def at_one_address(near: Pairs) -> tuple[Pairs, AddressCosts]:
    """Of pairs of :func:`same_house`, those whose street and place can be the same, with what speaks against it."""
    same_way = near.same("way")
    perhaps = same_way.copy()
    perhaps[~same_way] = _alike_at_a_glance(near.take((~same_way).nonzero()[0]))
    near, same_way = near.where(perhaps), same_way[perhaps]
    place, same_place = _places(near)
    road = np.zeros(len(near), dtype=np.float32)
    others = (~same_way & (place < NEVER)).nonzero()[0]
    road[others] = _road_costs(near.take(others))
    one = (road < NEVER) & (place < NEVER)
    near = near.where(one)
    line, line_differs = _lines(near)
    one_unit = near.given("unit_id_l") != near.given("unit_id_r")
    return near, AddressCosts(road[one], line, place[one], line_differs, one_unit, same_place[one])


def same_house(pairs: Pairs) -> Flags:
    """The gate before all else (P6): the same number, box or route, units that do not contradict, one country."""
    number = pairs.same("number") & pairs.given("number_l")
    # Of the same streets of a town, those of another urbanization are other streets (Pub 28 §29).
    urbanization = pairs.same("urb") | pairs.one_missing("urb")
    return number & _units_agree(pairs) & pairs.same("country") & urbanization


def _units_agree(pairs: Pairs) -> Flags:
    agree = pairs.one_missing("unit_id")
    both = (~agree).nonzero()[0]
    named = pairs.take(both)
    unknown = ((named["unit_kind_l"] == "#") | (named["unit_kind_r"] == "#")).to_numpy()
    agree[both] = named.same("unit_id") & (named.same("unit_kind") | unknown)
    return agree


def _alike_at_a_glance(others: Pairs) -> Flags:
    """A quick look at other ways: the same first letter, or few edits; most that share a number share nothing else."""
    first = others.begin_alike("spelt") | others.begin_alike("spelt_road") | others.begin_alike("road")
    return first | (edits(others["spelt_l"], others["spelt_r"], ~first, at_most=2) <= 2)


def _places(pairs: Pairs) -> tuple[Costs, Flags]:
    same = pairs.same("zip") & pairs.given("zip_l")
    costs, places = np.zeros(len(pairs), dtype=np.float32), same.copy()
    rest = (~same).nonzero()[0]
    if len(rest):
        costs[rest], places[rest] = _other_places(pairs.take(rest))
    return costs, places


def _other_places(pairs: Pairs) -> tuple[Costs, Flags]:
    """The cost of other ZIP Codes, or of one that is missing; whether the keys would meet nevertheless."""
    no_zip, no_city = pairs.one_missing("zip"), pairs.one_missing("city")
    same_state = pairs.same("state")
    state = same_state | pairs.one_missing("state")
    town = pairs.same("city") & ~no_city
    city = town & state
    city_edits = edits(pairs["city_l"], pairs["city_r"], ~town & ~no_city, at_most=2)
    misspelt = likely_misspelt(city_edits, pairs["city_l"], pairs["city_r"]) & state
    area = pairs.begin_alike("zip", 3)
    zip_edits = edits(pairs["zip_l"], pairs["zip_r"], ~no_zip, at_most=2)
    slip = zip_edits == 1
    costs = first_of(
        [
            (no_zip & city, 0.5),
            (no_zip & misspelt, 1.5),
            (no_zip, NEVER),
            (slip & city, 0.8),
            (area & city, 1.0),
            (slip & town, 1.4),
            (slip & (misspelt | (no_city & state)), 1.6),
            (city & (zip_edits == 2), 1.6),
            (area & misspelt, 1.8),
            (city, 2.2),
            # Another town and another ZIP: only a doubt, since towns of one state have the same streets and names.
            (slip & state, 4.8),
        ]
    )
    return costs, town & same_state & (area | no_zip)


def _road_costs(pairs: Pairs) -> Costs:
    """What the difference of two ways costs."""
    if not len(pairs):
        return np.zeros(0, dtype=np.float32)
    one, other = pairs["spelt_l"], pairs["spelt_r"]
    one_name, figures = pairs.same("street"), pairs.same("figures")
    bare = figures & (pairs.given("suffix_l") != pairs.given("suffix_r"))
    street_edits = heard_alike(edits(one, other, figures, at_most=2), one, other)
    misspelt = likely_misspelt(street_edits, one, other)
    roads = nothing(len(pairs))
    for name in ("road", "spelt_road"):
        sides = pairs[f"{name}_l"], pairs[f"{name}_r"]
        roads |= likely_misspelt(edits(*sides, bare, at_most=2), *sides)
    joined = (_run_on(one) == _run_on(other)).to_numpy() | pairs.same("road")
    # A single letter tells AVENUE A from AVENUE B, but in BREWSTE R it is only a space that went astray.
    astray = joined & ~one.str.contains("[0-9]").to_numpy()
    return first_of(
        [
            (_suffix_dropped(pairs), 0.3),
            (one_name & pairs.one_missing("weak"), 0.6),
            (one_name, 1.5),
            (astray & ~pairs.one_missing("spelt"), 0.4),
            (~figures | pairs.one_missing("spelt"), NEVER),
            (joined, 0.4),
            (misspelt & (street_edits == 1), 1.5),
            (roads, 1.7),
            (misspelt, 2.2),
            (_turned(one, other, street_edits), 2.6),
            (_begins(one, other) | _begins(other, one), 2.2),
            (_letters_alike(pairs, figures), 2.6),
        ]
    )


def _turned(ones: pl.Series, others: pl.Series, found: Edits) -> Flags:
    """OKA and OAK: too short to be likely misspelt, if it weren't for the same letters."""
    turned = nothing(len(ones))
    places = (found == 1).nonzero()[0]
    names = zip(ones[places].to_list(), others[places].to_list(), strict=True)
    same = (len(one) == 3 and sorted(one) == sorted(other) for one, other in names)
    turned[places] = np.fromiter(same, dtype=np.bool_, count=len(places))
    return turned


def _run_on(words: pl.Series) -> pl.Series:
    return words.str.replace_all(" ", "", literal=True)


def _letters_alike(pairs: Pairs, where: Flags) -> Flags:
    """BELFIELD CRESCENT and BELFIELDC RESCNT: nearly the same letters in a row, wherever the words end.

    They begin alike, as MAPLE COURT and APPLE COURT do not.
    """
    one, other = _run_on(pairs["spelt_road_l"]), _run_on(pairs["spelt_road_r"])
    begin = (one.str.head(3) == other.str.head(3)).to_numpy()
    found = edits(one, other, where & begin, at_most=3)
    shortest = np.minimum(one.str.len_chars().to_numpy(), other.str.len_chars().to_numpy())
    few: Flags = ((found <= 2) & (shortest >= 10)) | ((found == 3) & (shortest >= 14))
    return few


def _suffix_dropped(pairs: Pairs) -> Flags:
    """SEA COVE and SEA COVE AVE: without its suffix the last word of a name looks like one."""
    return (pairs.same("spelt_line", "spelt") | pairs.same("spelt", "spelt_line")) & ~pairs.same("spelt")


def _begins(whole: pl.Series, part: pl.Series) -> Flags:
    """A street of several words of which the other one has only the first ones."""
    first: Flags = begins_with(whole, part + " ") & (part.str.len_chars() >= 5).to_numpy()
    return first


def _lines(pairs: Pairs) -> tuple[Costs, Flags]:
    """What another suffix and another direction cost, and whether one of them contradicts."""
    costs, differ = np.zeros(len(pairs), dtype=np.float32), nothing(len(pairs))
    for name, missing_cost in (("suffix", 0.3), ("direction", 0.4)):
        others = (~pairs.same(name)).nonzero()[0]
        rest = pairs.take(others)
        missing = rest.one_missing(name)
        if name == "suffix":
            missing |= _suffix_dropped(rest)
        costs[others] += np.where(missing, np.float32(missing_cost), np.float32(1.5))
        differ[others] |= ~missing
    return costs, differ
