"""How alike two columns of text are, pair by pair, computed only where it matters."""

from __future__ import annotations

import numpy as np
import polars as pl
from rapidfuzz import process
from rapidfuzz.distance import OSA


def edits(left: pl.Series, right: pl.Series, where: pl.Series, *, at_most: int) -> pl.Series:
    """The insertions, deletions, substitutions and swaps of neighbours between each two texts (u8).

    ``at_most + 1`` stands for more, and for the pairs outside of ``where``, which are not compared. Symmetric.

    >>> edits(pl.Series(["SMITH"]), pl.Series(["SMIHT"]), pl.Series([True]), at_most=2).to_list()
    [1]
    """
    found = np.full(len(left), at_most + 1, dtype=np.uint8)
    places = where.fill_null(value=False).arg_true()
    if len(places):
        ones, others = left.gather(places).to_list(), right.gather(places).to_list()
        found[places.to_numpy()] = process.cpdist(
            ones, others, scorer=OSA.distance, score_cutoff=at_most, dtype=np.uint8
        )
    return pl.Series("edits", found)


SOUNDS = {
    "PH": "F", "IE": "Y", "EY": "Y", "OO": "U", "QU": "KW", "GH": "G", "EA": "EE", "AI": "AY", "EI": "AY",
    "RN": "M", "VV": "W", "CL": "D",
}  # fmt: skip
"""Letters that are heard, or scanned, as others: two edits of the text, and yet one mistake."""


def heard_alike(edits: pl.Series, left: pl.Series, right: pl.Series) -> pl.Series:
    """The edits, one in place of two where all that differs is one of :data:`SOUNDS`.

    >>> heard_alike(pl.Series([2], dtype=pl.UInt8), pl.Series(["COYNE"]), pl.Series(["COIENE"])).to_list()
    [1]
    """
    places = (edits == 2).arg_true()
    one, other = (side.gather(places).str.replace_many(SOUNDS) for side in (left, right))
    return edits.scatter(places.filter(one == other), 1) if len(places) else edits


def likely_misspelt(edits: pl.Expr, one: pl.Expr, other: pl.Expr) -> pl.Expr:
    """Whether so few edits lie between two words that one is likely the other, misspelt: two only in long ones."""
    longest = pl.max_horizontal(one.str.len_chars(), other.str.len_chars())
    shortest = pl.min_horizontal(one.str.len_chars(), other.str.len_chars())
    return ((edits == 1) & (longest >= 4) & (shortest >= 3)) | ((edits == 2) & (shortest >= 6))
