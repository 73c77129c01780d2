"""Rows that carry an address as it was beside the one that is mailed: refused when either is (P8).

A suppression is kept as it was given. Hygiene respells an address or follows a move, and whoever opted out at the old
one would then no longer be found; so a file that came back from it is judged by both.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from prefcenter.files.columns import Columns
from prefcenter.scrub.index import ListIndex
from prefcenter.scrub.judging_post import as_written, judge_post
from prefcenter.scrub.verdicts import Judged

ADDRESS = "pc_address"
"""Which address spoke: ``new``, ``old``, or ``both``; the other ``pc_`` columns then speak of the stricter one."""

_NEW, _OLD, _BOTH = "new", "old", "both"


def judge_both(frame: pl.DataFrame, columns: Columns, before: Columns, index: ListIndex) -> Judged:
    """Decide for each row of a block by both its postal addresses.

    An old address that cannot be used says nothing: hygiene has mended it. Only rows whose old address is another one
    are judged twice.

    Args:
        frame: the rows, all columns as text without nulls.
        columns: what the columns stand for, the address that is mailed among them.
        before: the same with the address as it was.
        index: the list as the mailing sees it.
    """
    new = judge_post(frame, columns, index)
    places = _differing(frame, columns, before)
    old = judge_post(frame[places], before, index.of_rows(places))
    mailable = ~pl.col("row").is_in(new.problems["row"].implode())
    found, unsure = (
        pl.concat([mine.with_columns(pl.lit(_NEW).alias(ADDRESS)), _placed(its, places).filter(mailable)])
        for mine, its in ((new.found, old.found), (new.unsure, old.unsure))
    )
    refused = _strictest(found, index)
    doubtful = unsure.join(refused.select("row"), on="row", how="anti")
    return Judged(refused, _strictest(doubtful, index), new.problems)


def _differing(frame: pl.DataFrame, columns: Columns, before: Columns) -> np.ndarray:
    """The rows with an old address that is not, letter by letter, the new one."""
    new, old = as_written(frame, columns), as_written(frame, before)
    differs = pl.any_horizontal(pl.lit(new[name]) != pl.lit(old[name]) for name in new.columns)
    has_old = pl.lit(old["address1"].str.strip_chars() != "")
    return np.flatnonzero(pl.select((differs & has_old).alias("differs"))["differs"].to_numpy())


def _placed(rows: pl.DataFrame, places: np.ndarray) -> pl.DataFrame:
    """Rows of the second pass under their places in the block."""
    row = pl.Series("row", places[rows["row"].to_numpy()], dtype=rows.schema["row"])
    return rows.with_columns(row, pl.lit(_OLD).alias(ADDRESS))


def _strictest(rows: pl.DataFrame, index: ListIndex) -> pl.DataFrame:
    """One line a row: what is held back before what is let through, then the strictest, then the new address."""
    held = pl.col("held") if "held" in rows.columns else pl.lit(value=True)
    strictness = index.bindings.select(pl.col("suppression").cast(pl.String).alias("pc_suppression"), "strictness")
    ranked = (
        rows.join(strictness, on="pc_suppression", how="left", maintain_order="left")
        .with_columns(held.alias("_held"), pl.col("strictness").fill_null(-1), pl.len().over("row").alias("_spoke"))
        .sort(["row", "_held", "strictness", ADDRESS], descending=[False, True, True, False])
        .unique("row", keep="first", maintain_order=True)
    )
    both = pl.when(pl.col("_spoke") > 1).then(pl.lit(_BOTH)).otherwise(ADDRESS).alias(ADDRESS)
    return ranked.with_columns(both).select(rows.columns)
