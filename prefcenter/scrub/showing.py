"""What rows and entries show of where they lie, as numbers that are quickly compared (see :mod:`.glance`)."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import polars as pl

from prefcenter.scrub.glance import NOWHERE
from prefcenter.scrub.letters import Codes, Mask, code, packed, packed_tails

_NOWHERE = code(NOWHERE)


@dataclass(frozen=True, slots=True)
class Shown:
    """A number for each thing that a row or an entry shows, 0 where it does not; in the terms of :data:`.GLANCE`.

    Args:
        plain: whether that is all there is to know of it.
    """

    number: Codes
    zip5: Codes
    zip3: Codes
    state: Codes
    letter: Codes
    word: Codes
    word2: Codes
    word3: Codes
    last: Codes
    last2: Codes
    nowhere: Codes
    plain: Mask

    def __len__(self) -> int:
        return len(self.plain)

    def of(self, places: np.ndarray) -> Shown:
        """The same of some rows."""
        return Shown(**{part.name: getattr(self, part.name)[places] for part in fields(self)})

    def scatter(self, places: np.ndarray, other: Shown) -> None:
        """Put in what was found out otherwise of some rows."""
        for part in fields(self):
            getattr(self, part.name)[places] = getattr(other, part.name)


def shown(seen: pl.DataFrame) -> Shown:
    """The same as text, in the columns of :data:`.GLANCE`, as numbers; ``plain`` where it says so."""
    plain = seen["plain"].to_numpy().copy() if "plain" in seen.columns else np.zeros(seen.height, np.bool_)
    names = ("number", "zip5", "zip3", "state", "letter", "word", "word2", "word3")
    nowhere = np.where((seen["nowhere"] == NOWHERE).to_numpy(), _NOWHERE, np.uint64(0))
    lasts = {name: packed_tails(seen[name]) for name in ("last", "last2")}
    return Shown(**{name: packed(seen[name]) for name in names}, **lasts, nowhere=nowhere, plain=plain)
