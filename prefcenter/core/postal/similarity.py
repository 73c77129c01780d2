"""How alike two columns of text are, pair by pair, computed only where it matters."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import polars as pl
from rapidfuzz import process
from rapidfuzz.distance import OSA

Edits = npt.NDArray[np.uint8]


def edits(left: pl.Series, right: pl.Series, where: npt.NDArray[np.bool_], *, at_most: int) -> Edits:
    """The insertions, deletions, substitutions and swaps of neighbours between each two texts.

    ``at_most + 1`` stands for more, and for the pairs outside of ``where``, which are not compared. Symmetric.

    >>> edits(pl.Series(["SMITH"]), pl.Series(["SMIHT"]), np.array([True]), at_most=2).tolist()
    [1]
    """
    found = np.full(len(left), at_most + 1, dtype=np.uint8)
    places = where.nonzero()[0]
    if len(places):
        ones, others = left[places], right[places]
        # Each edit changes the length by one at most.
        longer = ones.str.len_chars().to_numpy().astype(np.int64) - others.str.len_chars().to_numpy()
        near = abs(longer) <= at_most
        found[places[near]] = process.cpdist(
            ones.filter(pl.Series(near)).to_list(), others.filter(pl.Series(near)).to_list(),
            scorer=OSA.distance, score_cutoff=at_most, dtype=np.uint8,
        )  # fmt: skip
    return found


SOUNDS = {
    "PH": "F", "IE": "Y", "EY": "Y", "OO": "U", "QU": "KW", "GH": "G", "EA": "EE", "AI": "AY", "EI": "AY",
    "RN": "M", "VV": "W", "CL": "D",
}  # fmt: skip
"""Letters that are heard, or scanned, as others: two edits of the text, and yet one mistake."""


def heard_alike(edits: Edits, left: pl.Series, right: pl.Series) -> Edits:
    """The edits, one in place of two where all that differs is one of :data:`SOUNDS`.

    >>> heard_alike(np.array([2], dtype=np.uint8), pl.Series(["COYNE"]), pl.Series(["COIENE"])).tolist()
    [1]
    """
    places = (edits == 2).nonzero()[0]
    if not len(places):
        return edits
    one, other = (side[places].str.replace_many(SOUNDS) for side in (left, right))
    heard = edits.copy()
    heard[places[(one == other).to_numpy()]] = 1
    return heard


def likely_misspelt(edits: Edits, one: pl.Series, other: pl.Series) -> npt.NDArray[np.bool_]:
    """Whether so few edits lie between two words that one is likely the other, misspelt: two only in long ones."""
    likely = np.zeros(len(edits), dtype=np.bool_)
    places = (edits <= 2).nonzero()[0]
    if len(places):
        few, lengths = edits[places], [side[places].str.len_chars().to_numpy() for side in (one, other)]
        longest, shortest = np.maximum(*lengths), np.minimum(*lengths)
        likely[places] = ((few == 1) & (longest >= 4) & (shortest >= 3)) | ((few == 2) & (shortest >= 6))
    return likely


def begins_with(texts: pl.Series, parts: pl.Series) -> npt.NDArray[np.bool_]:
    """Whether each text begins with the part beside it."""
    return _each(str.startswith, texts, parts)


def ends_with(texts: pl.Series, parts: pl.Series) -> npt.NDArray[np.bool_]:
    """Whether each text ends with the part beside it."""
    return _each(str.endswith, texts, parts)


def _each(holds: Callable[[str, str], bool], ones: pl.Series, others: pl.Series) -> npt.NDArray[np.bool_]:
    return np.fromiter(map(holds, ones.to_list(), others.to_list()), dtype=np.bool_, count=len(ones))
