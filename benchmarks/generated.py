"""Generated files through keys and pair rules, and what came of each kind of row.

Two ways over the same rows: the deterministic keys alone, and keys with the fuzzy tier on blocks. Removed means what
happens by default: matches, and unsure pairs whose tier is in ``REMOVED_WHEN_UNSURE``.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence

import polars as pl

from benchmarks.figures import Figures
from benchmarks.records import COLUMNS
from prefcenter.core.postal.blocks import block_keys, candidate_pairs
from prefcenter.core.postal.keys import probe_keys, stored_keys_frame
from prefcenter.core.postal.matching import judge_pairs
from prefcenter.core.postal.names import standardise_names
from prefcenter.core.postal.pair_fields import pair_fields, pairs_of
from prefcenter.core.postal.standardise import standardise
from prefcenter.core.postal.tiers import REMOVED_WHEN_UNSURE, PairVerdict

_SLICE = 500_000


def judged(title: str, listed: Sequence[Sequence[str]], rows: Iterable[Sequence[str]], show: int = 0) -> pl.DataFrame:
    """For each row its ``kind``, whether it is ``listed``, and whether it goes by ``keys`` and by ``fuzzy``.

    Args:
        title: printed with the times.
        listed: the list: ``id, level`` and :data:`.records.COLUMNS`.
        rows: the file: ``id``, the same columns, ``truth``, ``kind``.
        show: print so many missed and wrongly removed rows of each kind.
    """
    left = pl.DataFrame(listed, schema=["id", "level", *COLUMNS], orient="row")
    right = pl.DataFrame(list(rows), schema=["id", *COLUMNS, "truth", "kind"], orient="row")
    began = time.perf_counter()
    standard = [standardise_names(standardise(frame)) for frame in (left, right)]
    ready = time.perf_counter()
    by_keys = _by_keys(*standard)
    keyed = time.perf_counter()
    verdicts, pairs = _by_pairs(*standard)
    ended = time.perf_counter()
    print(
        f"{title}: {right.height:,} rows, {left.height:,} suppressions, {pairs:,} candidate pairs; "
        f"standardised in {ready - began:.1f} s, keys {keyed - ready:.1f} s, blocks and pairs {ended - keyed:.1f} s"
    )
    gone = pl.concat([by_keys, _removed(verdicts)]).unique()
    at = pl.int_range(pl.len(), dtype=pl.UInt32)
    told = right.select("kind", (pl.col("truth") != "").alias("listed"), at.is_in(by_keys.implode()).alias("keys"),
                          at.is_in(gone.implode()).alias("fuzzy"))  # fmt: skip
    if show:
        _show(left, right.hstack(told.select("listed", "keys", "fuzzy")), verdicts, show)
    return told


def _by_keys(left: pl.DataFrame, right: pl.DataFrame) -> pl.Series:
    stored = stored_keys_frame(left).select("key").unique()
    return probe_keys(right).join(stored, on="key", how="semi")["row"].unique()


def _by_pairs(left: pl.DataFrame, right: pl.DataFrame) -> tuple[pl.DataFrame, int]:
    """What is thought of each candidate pair that is not of different people, and how many were looked at."""
    ones, others = pair_fields(left), pair_fields(right)
    places = candidate_pairs(block_keys(ones), block_keys(others))
    parts = [places.slice(start, _SLICE) for start in range(0, places.height, _SLICE)]
    judged = [part.hstack(judge_pairs(pairs_of(ones, others, part))) for part in parts]
    return pl.concat(judged).filter(pl.col("verdict") != PairVerdict.DIFFERENT.value), places.height


def _removed(verdicts: pl.DataFrame) -> pl.Series:
    held = pl.col("tier").is_in([tier.value for tier in REMOVED_WHEN_UNSURE])
    return verdicts.filter((pl.col("verdict") == PairVerdict.MATCH.value) | held)["r"].unique().alias("row")


def print_classes(truth: pl.DataFrame) -> None:
    """Print recall by kind of error and false removals by kind of look-alike."""
    counts = truth.group_by("listed", "kind").agg(pl.len().alias("rows"), pl.col("keys").mean(), pl.col("fuzzy").mean())
    for listed, title in ((True, "recall of listed people, by error class"), (False, "wrongly removed, by kind")):
        print(f"\n{title:<44}{'rows':>9}{'keys':>10}{'fuzzy':>10}")
        for kind, rows, keys, fuzzy in (
            counts.filter(pl.col("listed") == listed).sort("kind").select("kind", "rows", "keys", "fuzzy").iter_rows()
        ):
            print(f"  {kind:<42}{rows:>9,}{keys:>10.4f}{fuzzy:>10.4f}")


def print_total(way: str, truth: pl.DataFrame) -> None:
    """Print the figures of all rows together."""
    right = truth.filter(pl.col("listed") & pl.col(way)).height
    wrong = truth.filter(~pl.col("listed") & pl.col(way)).height
    found = Figures(truth["listed"].sum(), right, wrong)
    print(f"{way:<6} {found}  false removals per million rows {wrong / truth.height * 1e6:,.0f}")


def _show(left: pl.DataFrame, right: pl.DataFrame, verdicts: pl.DataFrame, most: int) -> None:
    """Examples of what went wrong, with what was thought of them."""
    wrong = right.with_row_index("r").filter(pl.col("listed") != pl.col("fuzzy"))
    for _, rows in wrong.group_by("kind", maintain_order=True):
        for row in rows.head(most).iter_rows(named=True):
            thought = verdicts.filter(pl.col("r") == row["r"]).select("l", "verdict", "tier", "score").head(1)
            other = left.row(int(row["truth"] or (thought["l"][0] if thought.height else 0)))
            print(row["kind"], "|", [row[name] for name in COLUMNS], "|", other[1:], "|", thought.rows())
