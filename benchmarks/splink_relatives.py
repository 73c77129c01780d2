"""Splink among relatives: the generator's pairs of one number and ZIP Code, judged by Splink and by the pair rules.

FEBRL has no two people of one house, and a mailing list has. Removed is a row that is paired with somebody listed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import polars as pl

from benchmarks import splink_model
from benchmarks.figures import Figures
from benchmarks.records import COLUMNS
from prefcenter.core.postal.matching import judge_pairs
from prefcenter.core.postal.names import standardise_names
from prefcenter.core.postal.pair_fields import pair_fields, pairs_of
from prefcenter.core.postal.standardise import standardise
from prefcenter.core.postal.tiers import REMOVED_WHEN_UNSURE, PairVerdict


def compare(listed: Sequence[Sequence[str]], rows: Iterable[Sequence[str]]) -> None:
    """Print recall, precision and false removals of both over the same pairs; households are left out."""
    left = pl.DataFrame(listed, schema=["id", "level", *COLUMNS], orient="row").filter(level="individual")
    right = pl.DataFrame(list(rows), schema=["id", *COLUMNS, "truth", "kind"], orient="row")
    right = right.filter(~pl.col("kind").str.starts_with("household"))
    everybody = pl.concat([left.select(COLUMNS), right.select(COLUMNS)])
    fields = pair_fields(standardise_names(standardise(everybody)))
    chances = splink_model.probabilities(_records(fields), splink_model.ONE_NUMBER_AND_ZIP)
    chances = chances.filter((pl.col("l") < left.height) & (pl.col("r") >= left.height))
    ours = chances.select("l", "r").hstack(judge_pairs(pairs_of(fields, fields, chances.select("l", "r"))))
    truth = right.select(pl.int_range(left.height, everybody.height, dtype=pl.UInt32).alias("r"), "truth", "kind")
    met = truth.join(chances.select("r").unique(), on="r", how="semi")
    print(
        f"{chances.height:,} pairs of {met.height:,} rows, {met.filter(pl.col('truth') != '').height:,} of them listed"
    )
    held = pl.col("tier").is_in([tier.value for tier in REMOVED_WHEN_UNSURE])
    for title, pairs in (
        ("ours", ours.filter((pl.col("verdict") == PairVerdict.MATCH.value) | held)),
        ("Splink at 0.5", chances.filter(pl.col("probability") >= 0.5)),
        ("Splink at 0.99", chances.filter(pl.col("probability") >= 0.99)),
    ):
        _print(title, met, met.join(pairs.select("r").unique(), on="r", how="semi"))


def _records(fields: pl.DataFrame) -> pl.DataFrame:
    return fields.select(
        "number", pl.col("first").alias("given_name"), pl.col("last").alias("surname"), pl.col("road").alias("street"),
        pl.col("city").alias("suburb"), pl.col("zip").alias("postcode"), "state",
    )  # fmt: skip


def _print(title: str, met: pl.DataFrame, gone: pl.DataFrame) -> None:
    wanted, wrong = met.filter(pl.col("truth") != ""), gone.filter(pl.col("truth") == "")
    found = Figures(wanted.height, gone.height - wrong.height, wrong.height)
    kinds = ", ".join(f"{kind} {count:,}" for kind, count in wrong["kind"].value_counts(sort=True).head(5).iter_rows())
    print(f"  {title:<16} {found}; wrong: {kinds or 'none'}")
