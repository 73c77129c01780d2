"""How many of the listed people are found, and how many others are taken for them: ``make quality``.

Two ways over the same generated files: the deterministic keys alone, and keys with the fuzzy tier on blocks. Removed
means what happens by default: matches, and unsure pairs that differ only in an initial or a missing unit.
"""

from __future__ import annotations

import argparse
import resource
import time
from pathlib import Path

import polars as pl

from benchmarks import vocabulary
from benchmarks.generator import Size, generate
from benchmarks.records import COLUMNS
from prefcenter.core.postal.blocks import block_keys, candidate_pairs
from prefcenter.core.postal.keys import probe_keys, stored_keys_frame
from prefcenter.core.postal.matching import judge_pairs
from prefcenter.core.postal.names import standardise_names
from prefcenter.core.postal.pair_fields import pair_fields, pairs_of
from prefcenter.core.postal.standardise import standardise
from prefcenter.core.postal.tiers import REMOVED_WHEN_UNSURE, PairVerdict

_SLICE = 500_000


def main() -> None:
    """Generate, judge, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--suppressions", type=int, default=40_000)
    parser.add_argument("--listed", type=float, default=0.1)
    parser.add_argument("--seeds", default="101,102,103", help="1 to 99 were used while the rules were made")
    parser.add_argument("--addresses", type=Path, help="JSON or JSONL of more real addresses")
    parser.add_argument("--show", type=int, default=0, help="print so many missed and wrongly removed rows of a class")
    given = parser.parse_args()
    words = vocabulary.load(given.addresses)
    tables = [_one_seed(words, given, int(seed)) for seed in given.seeds.split(",")]
    truth = pl.concat(tables)
    _print_classes(truth)
    for way in ("keys", "fuzzy"):
        _print_total(way, truth)
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MB")


def _one_seed(words: vocabulary.Vocabulary, given: argparse.Namespace, seed: int) -> pl.DataFrame:
    size = Size(given.rows, given.suppressions, given.listed)
    listed, rows = generate(words, size, seed)
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
        f"seed {seed}: {right.height:,} rows, {left.height:,} suppressions, {pairs:,} candidate pairs; "
        f"standardised in {ready - began:.1f} s, keys {keyed - ready:.1f} s, blocks and pairs {ended - keyed:.1f} s"
    )
    gone = pl.concat([by_keys, _removed(verdicts)]).unique()
    at = pl.int_range(pl.len(), dtype=pl.UInt32)
    judged = right.select("kind", (pl.col("truth") != "").alias("listed"), at.is_in(by_keys.implode()).alias("keys"),
                          at.is_in(gone.implode()).alias("fuzzy"))  # fmt: skip
    if given.show:
        _show(left, right.hstack(judged.select("listed", "keys", "fuzzy")), verdicts, given.show)
    return judged


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


def _print_classes(truth: pl.DataFrame) -> None:
    counts = truth.group_by("listed", "kind").agg(pl.len().alias("rows"), pl.col("keys").mean(), pl.col("fuzzy").mean())
    for listed, title in ((True, "recall of listed people, by error class"), (False, "wrongly removed, by kind")):
        print(f"\n{title:<44}{'rows':>9}{'keys':>10}{'fuzzy':>10}")
        for kind, rows, keys, fuzzy in (
            counts.filter(pl.col("listed") == listed).sort("kind").select("kind", "rows", "keys", "fuzzy").iter_rows()
        ):
            print(f"  {kind:<42}{rows:>9,}{keys:>10.4f}{fuzzy:>10.4f}")


def _print_total(way: str, truth: pl.DataFrame) -> None:
    right = truth.filter(pl.col("listed") & pl.col(way)).height
    wrong = truth.filter(~pl.col("listed") & pl.col(way)).height
    recall = right / truth["listed"].sum()
    precision = right / (right + wrong)
    f1 = 2 * recall * precision / (recall + precision)
    print(
        f"\n{way:<6} recall {recall:.4f}  precision {precision:.4f}  F1 {f1:.4f}  "
        f"false removals per million rows {wrong / truth.height * 1e6:,.0f}"
    )


def _show(left: pl.DataFrame, right: pl.DataFrame, verdicts: pl.DataFrame, most: int) -> None:
    """Examples of what went wrong, with what was thought of them."""
    wrong = right.with_row_index("r").filter(pl.col("listed") != pl.col("fuzzy"))
    for _, rows in wrong.group_by("kind", maintain_order=True):
        for row in rows.head(most).iter_rows(named=True):
            thought = verdicts.filter(pl.col("r") == row["r"]).select("l", "verdict", "tier", "score").head(1)
            other = left.row(int(row["truth"] or (thought["l"][0] if thought.height else 0)))
            print(row["kind"], "|", [row[name] for name in COLUMNS], "|", other[1:], "|", thought.rows())


if __name__ == "__main__":
    main()
