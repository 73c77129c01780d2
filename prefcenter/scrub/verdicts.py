"""What is said of the rows of a block: which are refused and by what, which are unsure, which cannot be read."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from prefcenter.scrub.index import ListIndex

Mask = npt.NDArray[np.bool_]

FOUND_SCHEMA = {
    "row": pl.UInt32,
    "pc_reason": pl.String,
    "pc_scope": pl.String,
    "pc_tier": pl.String,
    "pc_score": pl.String,
    "pc_since": pl.String,
    "pc_suppression": pl.String,
}
FOUND_COLUMNS = tuple(name for name in FOUND_SCHEMA if name != "row")

HIT_SCHEMA = {
    "row": pl.UInt32,
    "suppression": pl.Int64,
    "rank": pl.Int64,
    "tier": pl.String,
    "score": pl.Float64,
    "sure": pl.Boolean,
}
"""A row that meets an entry: how (the lower the rank, the more exactly), how surely (0 … 1), and whether it may be
refused for it, or is unsure."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What became of the rows of a block.

    Args:
        found: a row for each that is refused: its place in the block, and why (``pc_`` columns).
        unsure: the same for each that may be somebody on the list, and ``held``: whether it is held back.
        problems: place and sentence of each row without a usable address.
    """

    found: pl.DataFrame
    unsure: pl.DataFrame
    problems: pl.DataFrame

    @property
    def held(self) -> pl.DataFrame:
        """The unsure rows that are held back."""
        return self.unsure.filter("held")

    def kept(self, rows: int) -> Mask:
        """Which of the block's rows may be sent to."""
        mask = np.ones(rows, dtype=np.bool_)
        for gone in (self.found, self.held, self.problems):
            mask[gone["row"].to_numpy()] = False
        return mask


def no_unsure() -> pl.DataFrame:
    """No unsure rows."""
    return pl.DataFrame(schema=FOUND_SCHEMA | {"held": pl.Boolean})


def strictest(hits: pl.DataFrame, index: ListIndex) -> pl.DataFrame:
    """For each row the one entry that speaks loudest: the strictest, then the most exact, then the oldest."""
    met = hits.join(index.bindings, on="suppression")
    if index.moments is not None:
        sent = index.moments.gather(met["row"])
        met = met.filter((pl.col("begun") <= sent) & (sent < pl.col("over")))
    best = met.sort(
        ["row", "strictness", "rank", "score", "suppression"], descending=[False, True, False, True, False]
    ).unique("row", keep="first", maintain_order=True)
    return best.select(
        "row",
        pl.col("reason").alias("pc_reason"),
        pl.col("scope").alias("pc_scope"),
        pl.col("tier").alias("pc_tier"),
        pl.col("score").round(3).cast(pl.String).str.pad_end(5, "0").alias("pc_score"),
        pl.col("since").alias("pc_since"),
        pl.col("suppression").cast(pl.String).alias("pc_suppression"),
    )
