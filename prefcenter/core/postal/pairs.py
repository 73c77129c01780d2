"""Pairs of records as places in two tables, of which a column is fetched only when a rule asks for it.

Most pairs are told apart by a column or two, so that the others are never gathered for them. What rules say of pairs
are arrays: a query for each of so many small steps would cost more than the steps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import polars as pl

Flags = npt.NDArray[np.bool_]
Costs = npt.NDArray[np.float32]
Places = npt.NDArray[np.uint32] | npt.NDArray[np.intp]

NEVER = float("inf")
"""The cost of what cannot be."""


@dataclass(frozen=True, slots=True)
class Pairs:
    """Pairs of the rows of two frames of :func:`.pair_fields`; ``pairs["last_l"]`` is a column of the left ones.

    Args:
        left: the records of one side.
        right: those of the other.
        ones: the row of each pair in ``left``.
        others: its row in ``right``.
        at: its number among the pairs that were asked about.
        persons: which person of a couple is meant on each side: nothing, or ``2``.
    """

    left: pl.DataFrame
    right: pl.DataFrame
    ones: Places
    others: Places
    at: Places
    persons: tuple[str, str] = ("", "")
    _fetched: dict[str, pl.Series] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.at)

    def __getitem__(self, name: str) -> pl.Series:
        """A column of :func:`.pair_fields`, its name ending in ``_l`` or ``_r``."""
        if name not in self._fetched:
            table, which, places = (
                (self.left, self.persons[0], self.ones)
                if name.endswith("_l")
                else (self.right, self.persons[1], self.others)
            )
            self._fetched[name] = table.get_column(name[:-2] + which)[self._series(name[-2:], places)]
        return self._fetched[name]

    def _series(self, side: str, places: Places) -> pl.Series:
        if side not in self._fetched:
            self._fetched[side] = pl.Series(places)
        return self._fetched[side]

    def same(self, name: str, other: str | None = None) -> Flags:
        """Whether a column of the left is the same as that (or another) of the right."""
        return (self[f"{name}_l"] == self[f"{other or name}_r"]).to_numpy()

    def given(self, name: str) -> Flags:
        """Whether a column says anything; ``name`` has its ending."""
        return (self[name] != "").to_numpy()

    def one_missing(self, name: str) -> Flags:
        """Whether one of the two sides says nothing."""
        return ~(self.given(f"{name}_l") & self.given(f"{name}_r"))

    def letters(self, name: str) -> npt.NDArray[np.uint32]:
        """The length of the texts in a column."""
        return self[name].str.len_chars().to_numpy()

    def begin_alike(self, name: str, letters: int = 1) -> Flags:
        """Whether both sides have the same first letters."""
        one, other = (self[name + side].str.head(letters) for side in ("_l", "_r"))
        return (one == other).to_numpy()

    def where(self, holds: Flags) -> Pairs:
        """The pairs for which it holds."""
        return self if holds.all() else self.take(holds.nonzero()[0])

    def take(self, places: Places) -> Pairs:
        """The pairs at these places."""
        return Pairs(self.left, self.right, self.ones[places], self.others[places], self.at[places], self.persons)

    def of_persons(self, left: str, right: str) -> Pairs:
        """The same pairs, the columns of a name being those of the first (nothing) or second (``2``) of a couple."""
        return Pairs(self.left, self.right, self.ones, self.others, self.at, (left, right))


def nothing(count: int) -> Flags:
    """As many flags, none of them raised."""
    return np.zeros(count, dtype=np.bool_)


def first_of(cases: Sequence[tuple[Flags, float]]) -> Costs:
    """The cost of the first case that holds, or :data:`NEVER`."""
    costs = np.full(len(cases[0][0]), NEVER, dtype=np.float32)
    for holds, cost in reversed(cases):
        costs[holds] = cost
    return costs
