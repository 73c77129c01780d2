"""The fuzzy tier: whether a suppression and a row that share no key are the same person all the same (P6, P9).

Each difference has a cost; the sum decides, under gates that no sum gets over: another house number, another unit,
another generation, another given name. What tells most pairs apart is asked first, and of the others alone the rest.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from prefcenter.core.channels import Level
from prefcenter.core.postal.pair_addresses import AddressCosts, at_one_address, same_house
from prefcenter.core.postal.pair_persons import TIERS, NameCosts, person_costs
from prefcenter.core.postal.pairs import NEVER, Costs, Flags, Pairs, Places, first_of, nothing
from prefcenter.core.postal.similarity import begins_with, edits, likely_misspelt
from prefcenter.core.postal.tiers import PairTier, PairVerdict

_PERSON_MATCH, _PERSON_UNSURE = np.float32(4.4), np.float32(5.5)
_NEAR_MATCH = np.float32(3.6)
_NEAR_NAME, _NEAR_ADDRESS = np.float32(2.6), np.float32(3.8)
"""A likely name makes up for more in the address: relatives do not live elsewhere under the same number."""
_FAMILY_MATCH, _FAMILY_ROAD = np.float32(3.9), np.float32(2.2)
_HOUSE_MATCH = np.float32(1.6)
_DOUBT = 5.0
"""What stands for the cost of another street, or of another surname."""
_FULL_SCORE = 10.0
_HALF_UNIT = 0.05
"""What a unit that only one side names takes off the score."""


@dataclass(frozen=True, slots=True)
class _Found:
    """What is thought of some pairs.

    Args:
        at: their numbers among those asked about.
        match, unsure: the verdict; neither is *different*.
        tier: numbers of :data:`.TIERS`.
        cost: 0 …
        one_unit: whether only one side names a unit.
    """

    at: Places
    match: Flags
    unsure: Flags
    tier: npt.NDArray[np.int8]
    cost: Costs
    one_unit: Flags


def judge_pairs(pairs: Pairs) -> pl.DataFrame:
    """Judge each pair of a suppression (left) and a row (right): ``verdict``, ``tier``, ``score`` (0 … 1), in order.

    The suppression's ``level`` says what it covers. Whoever meets by a key of :mod:`.keys` is a match here too. The
    tier of different pairs is empty, their score 0. Between two individuals, left and right may be exchanged.

    Args:
        pairs: as :func:`.pairs_of` gives them.
    """
    verdict, tier = np.zeros(len(pairs), dtype=np.uint8), np.zeros(len(pairs), dtype=np.uint8)
    score = np.zeros(len(pairs), dtype=np.float64)
    for found in _found(pairs):
        told = found.match | found.unsure
        at = found.at[told]
        verdict[at], tier[at] = np.where(found.match[told], 1, 2), found.tier[told] + 1
        whole = 1.0 - found.cost[told].astype(np.float64) / _FULL_SCORE - _HALF_UNIT * found.one_unit[told]
        score[at] = whole.clip(0, 1)
    verdicts = [PairVerdict.DIFFERENT.value, PairVerdict.MATCH.value, PairVerdict.UNSURE.value]
    return pl.DataFrame(
        [
            _named(verdict, verdicts).alias("verdict"),
            _named(tier, ["", *(one.value for one in TIERS)]).alias("tier"),
            pl.Series("score", score).round(3),
        ]
    )


def _named(numbers: npt.NDArray[np.uint8], names: list[str]) -> pl.Series:
    return pl.Series(names, dtype=pl.String).gather(pl.Series(numbers))


def _found(pairs: Pairs) -> Iterator[_Found]:
    house = pairs.where(same_house(pairs))
    near, costs = at_one_address(house)
    level = near["level_l"]
    yield _elsewhere(house.where(~np.isin(house.at, near.at, assume_unique=True)))
    for wanted, judge in (
        (Level.INDIVIDUAL, _renamed), (Level.INDIVIDUAL, _individuals), (Level.INDIVIDUAL, _occupants),
        (Level.HOUSEHOLD, _households), (Level.COMPANY, _companies),
    ):  # fmt: skip
        concerned = (level == wanted.value).to_numpy()
        if concerned.any():
            yield judge(near.where(concerned), costs.where(concerned))


def _individuals(pairs: Pairs, everywhere: AddressCosts) -> _Found:
    names = person_costs(pairs)
    costs = everywhere.take(names.place)
    cost = names.cost + costs.road + costs.line + costs.place
    match, unsure = _person_verdict(names, costs, cost)
    tier = _person_tier(names, costs, cost, unsure)
    return _Found(pairs.at[names.place], match, unsure, tier, cost, costs.one_unit)


def _renamed(pairs: Pairs, costs: AddressCosts) -> _Found:
    """The same given name at exactly the same address, another surname: as after a marriage, or another tenant."""
    exactly = costs.same_road & (costs.line == 0) & (costs.place == 0) & ~costs.one_unit
    here = pairs.where(exactly)
    renamed = here.same("first") & (here.letters("first_l") > 2) & ~here.same("last") & ~here.one_missing("last")
    return _doubted(here.where(renamed & here.same("generation")), PairTier.SURNAME)


def _elsewhere(pairs: Pairs) -> _Found:
    """The same full name at the same number in the same ZIP Code, on another street: a doubt."""
    named = pairs.where(pairs.same("last") & pairs.given("last_l"))
    same = named.where(named.same("first") & (named.letters("first_l") > 1))
    # 5TH AVE and 6TH AVE have the same numbers, and no slip makes one of the other.
    doubt = same.same("unit_id") & same.same("generation") & same.same("figures")
    doubt &= same.same("zip") & same.given("zip_l") & (same["level_l"] == Level.INDIVIDUAL.value).to_numpy()
    return _doubted(same.where(doubt), PairTier.ELSEWHERE)


def _doubted(pairs: Pairs, tier: PairTier) -> _Found:
    none, cost = nothing(len(pairs)), np.full(len(pairs), _DOUBT, dtype=np.float32)
    return _Found(pairs.at, none, ~none, np.full(len(pairs), _number(tier)), cost, none)


def _person_verdict(names: NameCosts, costs: AddressCosts, cost: Costs) -> tuple[Flags, Flags]:
    keyed = names.same & costs.same_road & costs.same_place
    near = ~names.same
    # A misspelt or short name may be a relative's; so then the rest must leave no doubt.
    relatives = near & (costs.line_differs | costs.one_unit | names.initial | names.doubtful)
    alike = cost <= np.where(near, _NEAR_MATCH, _PERSON_MATCH)
    alike |= (names.cost <= _NEAR_NAME) & (cost - names.cost <= _NEAR_ADDRESS)
    neighbours = near & costs.line_differs & (names.cost > 1.0)
    match = keyed | (alike & ~relatives & ~neighbours)
    return match, (cost <= _PERSON_UNSURE) & ~match & ~neighbours


def _person_tier(names: NameCosts, costs: AddressCosts, cost: Costs, unsure: Flags) -> npt.NDArray[np.int8]:
    """Unsure pairs are named after what makes them so, the others after what cost most."""
    largest = np.maximum(np.maximum(costs.road, costs.line), costs.place)
    elsewhere = costs.road + costs.line + costs.place > 1.0
    only_initial = names.initial & ~elsewhere & (names.cost <= 2.0)
    # Without a unit a slip elsewhere is forgiven, since nobody else of that name lives in the house.
    only_unit = costs.one_unit & ~names.initial & ~names.doubtful & ~costs.line_differs
    tier = np.where((names.cost >= largest) & (names.cost > 0), names.tier, _address_tier(costs, largest))
    tier[cost == 0] = _number(PairTier.EXACT)
    tier[unsure] = _number(PairTier.WEAK)
    tier[unsure & only_unit & ~elsewhere] = _number(PairTier.UNIT)
    tier[unsure & only_initial] = _number(PairTier.INITIAL)
    return tier


def _address_tier(costs: AddressCosts, largest: Costs) -> npt.NDArray[np.int8]:
    road, line, place = costs.road, costs.line, costs.place
    tier = np.full(len(road), _number(PairTier.PLACE))
    tier[line >= place] = _number(PairTier.LINE)
    tier[(road >= line) & (road >= place)] = _number(PairTier.STREET)
    tier[largest <= 0.5] = _number(PairTier.EXACT)
    return tier


def _number(tier: PairTier) -> np.int8:
    return np.int8(TIERS.index(tier))


def _households(pairs: Pairs, costs: AddressCosts) -> _Found:
    """Everybody at the address; where the address itself is doubtful, only people of that surname."""
    family = pairs.given("last_l") & (pairs.same("last") | pairs.same("last", "last2"))
    cost = costs.road + costs.line + costs.place
    slight = family & (cost <= _FAMILY_MATCH) & (costs.road <= _FAMILY_ROAD)
    match = ((costs.same_road & costs.same_place) | slight) & ~costs.line_differs
    unsure = (cost <= _HOUSE_MATCH) & ~match & ~costs.line_differs
    return _one_tier(pairs, match, unsure, PairTier.HOUSEHOLD, cost, costs)


def _companies(pairs: Pairs, costs: AddressCosts) -> _Found:
    """The firm at its address, its name nearly the same (P15)."""
    one, other, same = pairs["company_l"], pairs["company_r"], pairs.same("company")
    misspelt = likely_misspelt(edits(one, other, ~same, at_most=2), one, other)
    longer = begins_with(one, other + " ") | begins_with(other, one + " ")
    name = first_of([(pairs.one_missing("company"), NEVER), (same, 0.0), (misspelt, 1.2), (longer, 2.0)])
    cost = name + costs.road + costs.line + costs.place
    keyed = (name == 0) & costs.same_road & costs.same_place
    match = keyed | ((cost <= _HOUSE_MATCH) & ~costs.line_differs)
    unsure = (cost <= _FAMILY_MATCH) & ~match
    return _one_tier(pairs, match, unsure, PairTier.COMPANY, cost, costs)


def _occupants(pairs: Pairs, costs: AddressCosts) -> _Found:
    """A row for "current resident", or for nobody by name, falls to the opt-out of a person at exactly that address."""
    nameless = ~pairs.given("last_r") & (pairs["occupant_r"].to_numpy() | ~pairs.given("company_r"))
    match = nameless & pairs.same("zip") & costs.same_road & costs.same_place & ~costs.line_differs
    return _one_tier(pairs, match, nothing(len(pairs)), PairTier.OCCUPANT, costs.line, costs)


def _one_tier(pairs: Pairs, match: Flags, unsure: Flags, tier: PairTier, cost: Costs, costs: AddressCosts) -> _Found:
    return _Found(pairs.at, match, unsure, np.full(len(match), _number(tier)), cost, costs.one_unit)
