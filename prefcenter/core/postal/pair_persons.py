"""Whether two names can be one person's, and what it costs to believe so (P9).

Costs are those of :mod:`.pair_addresses`. Given names are compared in :mod:`.pair_given`.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from itertools import product

import numpy as np
import numpy.typing as npt
import polars as pl

from prefcenter.core.postal.pair_fields import PERSON_FIELDS
from prefcenter.core.postal.pair_given import GivenKind, given_costs
from prefcenter.core.postal.pairs import NEVER, Costs, Flags, Pairs, Places, first_of, nothing
from prefcenter.core.postal.similarity import Edits, begins_with, edits, ends_with, heard_alike, likely_misspelt
from prefcenter.core.postal.tiers import PairTier


@dataclass(frozen=True, slots=True)
class NameCosts:
    """Of the pairs that can be one person, what speaks against it.

    Args:
        place: which of the pairs asked about.
        cost: 0 … for the whole name.
        tier: what weighs most, as a number of :data:`TIERS`.
        same: whether first and last name are the same.
        initial: whether one side gives the first letter only.
        doubtful: whether the given name may as well be a relative's.
    """

    place: Places
    cost: Costs
    tier: npt.NDArray[np.int8]
    same: Flags
    initial: Flags
    doubtful: Flags

    def take(self, places: Places) -> NameCosts:
        """Those at the places."""
        return NameCosts(*(getattr(self, part.name)[places] for part in fields(self)))


TIERS = tuple(PairTier)
_NUMBER = {tier: np.int8(number) for number, tier in enumerate(TIERS)}


_ONE_NAME = 3.2
"""As much as a given name that is missing costs."""


def person_costs(pairs: Pairs) -> NameCosts:
    """What speaks against each of the pairs being one person; those of two people are left out.

    A couple is compared as each of its two; the likeliest two stand for the pair.
    """
    here = Pairs(pairs.left, pairs.right, pairs.ones, pairs.others, np.arange(len(pairs), dtype=np.uint32))
    straight, *couples = _persons(here)
    judged = _names(straight)
    if any(len(persons) for persons in couples):
        several = (judged, _names(_gathered(couples)))
        judged = NameCosts(*(np.concatenate([getattr(one, part.name) for one in several]) for part in fields(judged)))
    # The cheapest first, so that it is the one that stands for the pair.
    order = np.lexsort((~judged.same, judged.cost, judged.place))
    wanted = np.diff(judged.place[order], prepend=-1) != 0
    return judged.take(order[wanted])


def _persons(pairs: Pairs) -> list[Pairs]:
    """The pairs once for each two people, whose generations do not contradict."""
    found = []
    for left, right in product(("", "2"), repeat=2):
        persons = pairs.of_persons(left, right)
        persons = persons.where(~persons.one_missing("last"))
        found.append(persons.where(persons.same("generation") | persons.one_missing("generation")))
    return found


def _gathered(persons: list[Pairs]) -> Pairs:
    """The people in tables of their own, so that it no longer matters which of a couple they are."""
    left, right = (
        pl.concat([pl.DataFrame([some[name + side].alias(name) for name in PERSON_FIELDS]) for some in persons])
        for side in ("_l", "_r")
    )
    numbers = np.arange(left.height, dtype=np.uint32)
    return Pairs(left.rechunk(), right.rechunk(), numbers, numbers, np.concatenate([some.at for some in persons]))


def _names(persons: Pairs) -> NameCosts:
    same = persons.same("first") & persons.same("last")
    alike, others = _same_names(persons.where(same)), _other_names(persons.where(~same))
    return NameCosts(*(np.concatenate([getattr(one, part.name) for one in (alike, others)]) for part in fields(alike)))


def _same_names(persons: Pairs) -> NameCosts:
    """What nearly half of the pairs are, and needs no rule."""
    count, none = len(persons), nothing(len(persons))
    exact = np.full(count, _NUMBER[PairTier.EXACT])
    return NameCosts(persons.at, np.zeros(count, dtype=np.float32), exact, ~none, none, none)


def _other_names(persons: Pairs) -> NameCosts:
    persons = persons.where(_perhaps_one_surname(persons))
    order = _order_costs(persons)
    surname, halves = _surname_costs(persons)
    given, kinds = given_costs(persons, surname < NEVER)
    straight = given + surname + _middle_costs(persons)
    cost = np.minimum(straight, order)
    alone = _one_name(persons) & ~(cost < NEVER)
    cost[alone] = _ONE_NAME
    swapped, last = order < straight, surname > given
    initial, doubtful = kinds == GivenKind.INITIAL, (kinds == GivenKind.DOUBTFUL) | alone
    tier = np.full(len(persons), _NUMBER[PairTier.MISSPELT])
    for holds, name in (
        (kinds == GivenKind.JOINED, PairTier.JOINED), (kinds == GivenKind.NICKNAME, PairTier.NICKNAME),
        (last, PairTier.MISSPELT), (last & halves, PairTier.SURNAME_PART), (doubtful, PairTier.WEAK),
        (initial, PairTier.INITIAL), (swapped, PairTier.SWAPPED),
    ):  # fmt: skip
        tier[holds] = _NUMBER[name]
    every = NameCosts(persons.at, cost, tier, nothing(len(persons)), initial, doubtful & ~swapped)
    return every.take((cost < NEVER).nonzero()[0])


def _perhaps_one_surname(persons: Pairs) -> Flags:
    """Whether the surnames leave anything to look at."""
    perhaps = persons.same("last")
    places = (~perhaps).nonzero()[0]
    apart = persons.take(places)
    near = (_surname_edits(apart) <= 2) | _begins_or_ends(apart) | _crossed(apart)
    near |= (_slips_across(apart, ~near) <= 1) | _same_words(apart)
    perhaps[places] = near
    return perhaps


def _crossed(persons: Pairs) -> Flags:
    return persons.same("first", "last") | persons.same("last", "first")


def _surname_edits(persons: Pairs) -> Edits:
    one, other = persons["last_l"], persons["last_r"]
    return heard_alike(edits(one, other, ~persons.same("last"), at_most=2), one, other)


def _slips_across(persons: Pairs, where: Flags) -> Edits:
    """The edits between the first name of one side and the last name of the other: one, or two for more or none."""
    where = where & persons.given("first_l")
    found = [
        edits(persons[f"{one}_l"], persons[f"{other}_r"], where & ~persons.same(one, other), at_most=1)
        for one, other in (("first", "last"), ("last", "first"))
    ]
    fewer: Edits = np.minimum(*found)
    return fewer


def _begins_or_ends(persons: Pairs) -> Flags:
    """One surname is a part of the other (a hyphen's half), or stands as a middle name on the other side."""
    letters = [persons.letters(name).astype(np.int64) for name in ("last_l", "last_r")]
    maiden = persons.same("middle", "last") & (letters[1] >= 3)
    maiden |= persons.same("last", "middle") & (letters[0] >= 3)
    return maiden | _half(persons["last_l"], persons["last_r"], letters[0], letters[1]) | _half(
        persons["last_r"], persons["last_l"], letters[1], letters[0]
    )  # fmt: skip


def _half(
    names: pl.Series, pieces: pl.Series, letters: npt.NDArray[np.int64], of_piece: npt.NDArray[np.int64]
) -> Flags:
    half, rest = nothing(len(names)), letters - of_piece
    longer = ((of_piece >= 2) & (rest >= 3)).nonzero()[0]
    name, piece = names[longer], pieces[longer]
    patronymic = (rest[longer] == 3) & name.str.ends_with("SON").to_numpy()
    half[longer] = (begins_with(name, piece) | ends_with(name, piece)) & ~patronymic
    return half


def _surname_costs(persons: Pairs) -> tuple[Costs, Flags]:
    """What the difference of the surnames costs, and whether one is a part of the other."""
    costs, halves = np.zeros(len(persons), dtype=np.float32), nothing(len(persons))
    places = (~persons.same("last")).nonzero()[0]
    if len(places):
        others = persons.take(places)
        found, part = _surname_edits(others), _begins_or_ends(others)
        misspelt = likely_misspelt(found, others["last_l"], others["last_r"])
        costs[places] = first_of([(misspelt & (found == 1), 1.2), (part, 1.3), (misspelt, 2.0)])
        halves[places] = part
    return costs, halves


def _middle_costs(persons: Pairs) -> Costs:
    """Middle initials that contradict."""
    against = ~persons.one_missing("middle")
    against[against] = ~persons.take(against.nonzero()[0]).begin_alike("middle")
    return np.where(against, np.float32(0.8), np.float32(0.0))


def _order_costs(persons: Pairs) -> Costs:
    """The same words in another order."""
    turned, slip = _same_words(persons), nothing(len(persons))
    crossed = _crossed(persons).nonzero()[0]
    if len(crossed):
        some = persons.take(crossed)
        turned[crossed] |= _turned(some)
        far = ~some.same("last") & (_surname_edits(some) > 2)
        slip[crossed] = _slips_across(some, far) == 1
    return first_of([(turned, 0.7), (slip, 1.9)])


def _one_name(persons: Pairs) -> Flags:
    """Only one name is given, and it is the other side's first: JANE, and JANE DOE."""
    one = persons.same("last", "first") & ~persons.given("first_l")
    return one | (persons.same("first", "last") & ~persons.given("first_r"))


def _turned(persons: Pairs) -> Flags:
    """JANE DOE and DOE JANE; WARDA VAN HORN and VAN HORN WARDA, which reads as three names."""
    one_way, other_way = persons.same("first", "last"), persons.same("last", "first")
    return (one_way & (other_way | persons.same("last", "given"))) | (
        other_way & (one_way | persons.same("given", "last"))
    )


def _same_words(persons: Pairs) -> Flags:
    """Names of the same words, initials left out, in whatever order; of two words it is :func:`_turned`."""
    many = nothing(len(persons))
    for side in ("_l", "_r"):
        many |= persons.letters(f"middle{side}") > 1
        for name in ("first", "last"):
            many |= persons[name + side].str.contains(" ", literal=True).to_numpy()
    places = many.nonzero()[0]
    some = persons.take(places)
    sides = zip(_words(some, "_l"), _words(some, "_r"), strict=True)
    many[places] = np.fromiter((len(one) > 1 and one == other for one, other in sides), np.bool_, len(places))
    return many


def _words(persons: Pairs, side: str) -> list[list[str]]:
    """The words of each name, initials left out, in an order that tells nothing."""
    names = zip(*(persons[part + side].to_list() for part in ("first", "middle", "last")), strict=True)
    return [sorted(word for word in " ".join(name).split(" ") if len(word) > 1) for name in names]
