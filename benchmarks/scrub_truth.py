"""What a scrub did with each row, held against the truth: recall and precision by class, false removals."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import polars as pl


@dataclass(frozen=True, slots=True)
class Quality:
    """What came of a file's rows.

    Args:
        rows: in the file.
        listed: of them, those whose person or household opted out.
        found: of the listed, those taken out.
        wrong: rows taken out although nobody there opted out.
        unreadable: rows that the scrub could not read; they count as taken out.
        classes: for each ``listed`` and ``kind``: ``rows``, ``removed``, the share of them that was taken out.
    """

    rows: int
    listed: int
    found: int
    wrong: int
    unreadable: int
    classes: pl.DataFrame

    @property
    def recall(self) -> float:
        """The share of the listed that was found."""
        return self.found / max(self.listed, 1)

    @property
    def precision(self) -> float:
        """The share of the removed that was listed."""
        return self.found / max(self.found + self.wrong, 1)

    @property
    def wrong_per_million(self) -> float:
        """False removals in a million rows of the file."""
        return self.wrong / max(self.rows, 1) * 1e6


def judge(truth: Path, clean: Path, unreadable: Path | None = None) -> Quality:
    """Compare the rows that are left with those that should be.

    Args:
        truth: ``id, truth, kind`` of every row.
        clean: the rows that were let through, with their ``id``.
        unreadable: those that could not be read, or None where there is no such file.
    """
    kept = pl.scan_csv(clean, infer_schema=False).select(pl.col("id").cast(pl.UInt32))
    rows = pl.scan_csv(truth, schema={"id": pl.UInt32, "truth": pl.String, "kind": pl.Categorical})
    listed = pl.col("truth").is_not_null() & (pl.col("truth") != "")
    judged = rows.join(kept.with_columns(pl.lit(value=False).alias("gone")), on="id", how="left").select(
        "kind", listed.alias("listed"), pl.col("gone").fill_null(value=True)
    )
    classes = (
        judged.group_by("listed", "kind")
        .agg(pl.len().alias("rows"), pl.col("gone").sum().alias("gone"), pl.col("gone").mean().alias("removed"))
        .with_columns(pl.col("kind").cast(pl.String))
        .sort("listed", "kind", descending=[True, False])
        .collect(engine="streaming")
    )
    sums = {flag: classes.filter(pl.col("listed") == flag) for flag in (True, False)}
    lost = pl.scan_csv(unreadable, infer_schema=False).select(pl.len()).collect().item() if unreadable else 0
    return Quality(
        rows=classes["rows"].sum(),
        listed=sums[True]["rows"].sum(),
        found=sums[True]["gone"].sum(),
        wrong=sums[False]["gone"].sum(),
        unreadable=lost,
        classes=classes.drop("gone"),
    )
