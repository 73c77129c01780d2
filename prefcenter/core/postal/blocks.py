"""Which pairs are worth judging: those that share a block, by prefilters that nearly every true pair passes."""

from __future__ import annotations

import polars as pl

BLOCKS: tuple[tuple[str, ...], ...] = (
    ("number", "zip"),
    ("number", "state", "last"),
    ("number", "zip3", "street"),
    ("number", "city", "street"),
)
"""Each block is a set of columns that must be equal and given; P6 puts the number in all of them."""


def block_keys(fields: pl.DataFrame) -> pl.DataFrame:
    """The blocks of each row of :func:`.pair_fields`: ``place`` (its row number, u32) and ``block`` (a 64-bit hash).

    A couple lies in the blocks of both surnames. Hashes are those of one process: never store them.
    """
    rows = fields.with_row_index("place").filter(pl.col("number") != "")
    rows = rows.with_columns(pl.col("zip").str.head(3).alias("zip3"))
    tables = [_hashed(rows, f"{names}", list(names)) for names in BLOCKS]
    second = rows.filter((pl.col("last2") != "") & (pl.col("last2") != pl.col("last")))
    second = second.with_columns(pl.col("last2").alias("last"))
    return pl.concat([*tables, _hashed(second, f"{BLOCKS[1]}", list(BLOCKS[1]))])


def _hashed(rows: pl.DataFrame, kind: str, names: list[str]) -> pl.DataFrame:
    given = rows.filter(pl.all_horizontal(pl.col(name) != "" for name in names))
    return given.select("place", pl.struct(pl.lit(kind).alias("kind"), *names).hash(seed=0).alias("block"))


def candidate_pairs(left: pl.DataFrame, right: pl.DataFrame) -> pl.DataFrame:
    """The pairs of two :func:`block_keys` frames that share a block, each once: their places ``l`` and ``r`` (u32)."""
    pairs = left.rename({"place": "l"}).join(right.rename({"place": "r"}), on="block")
    return pairs.select("l", "r").unique(maintain_order=False)
