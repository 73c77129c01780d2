"""The readable postal entries of the list, ready to be met: made once for a mailing, and asked for every block."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl
import polars.selectors as cs

from prefcenter.core.postal.blocks import BlockIndex, block_keys
from prefcenter.core.postal.matching import judge_pairs
from prefcenter.core.postal.names import standardise_names
from prefcenter.core.postal.pair_fields import PAIR_FIELDS, pair_fields, pairs_of
from prefcenter.core.postal.standardise import standardise, with_boxes
from prefcenter.core.postal.tiers import PairVerdict
from prefcenter.scrub.glance import glance, of_entries, standard_glance
from prefcenter.scrub.showing import shown
from prefcenter.scrub.sieve import AS_WRITTEN, Sieve, ways_of

ADDRESS_FIELDS = ("name", "company", "address1", "address2", "city", "state", "zip", "country")
ROLES = ("name", "first_name", "last_name", *ADDRESS_FIELDS[1:])
"""The columns of a written row; those that a file does not have are empty."""

PostalEntry = tuple[int, Mapping[str, Any], str]
"""A suppression's id, a readable address of it, and the level."""

_SLICE = 100_000
"""Addresses standardised at once: their parts take about 2 kB each while they are read."""


@dataclass(frozen=True, slots=True)
class PostalIndex:
    """The entries in the forms in which rows meet them.

    Args:
        suppressions: the suppression of each entry.
        fields: what the pair rules compare, an entry a row.
        blocks: where the entries lie.
        sieve: the cheap look before all else.
    """

    suppressions: pl.Series
    fields: pl.DataFrame
    blocks: BlockIndex
    sieve: Sieve

    @classmethod
    def of(cls, entries: Sequence[PostalEntry]) -> PostalIndex:
        """Read entries; those whose address cannot be used are met by nobody."""
        return cls.of_records(records_of(entries))

    @classmethod
    def of_records(cls, records: pl.DataFrame) -> PostalIndex:
        """The same of entries that were read before, as :func:`records_of` gave them."""
        fields = records.select(PAIR_FIELDS)
        blocks = BlockIndex.of(block_keys(fields))
        return cls(records["suppression"], fields, blocks, Sieve.of(records.select(_WAYS)))

    def meet(
        self, standard: pl.DataFrame, few: Callable[[pl.DataFrame], pl.DataFrame] = lambda met: met
    ) -> pl.DataFrame:
        """The entries that rows meet or may meet.

        Columns: ``place`` (u32, of the row), ``suppression``, ``verdict``, ``tier``, ``score``.

        Args:
            standard: rows that can be delivered to, standardised, names and all.
            few: which of the entries that one row meets are wanted; asked piece by piece, a row's all at once.
        """
        every = pair_fields(standard)
        if not _repeats(every):
            return self._met(every, few)
        # Rows that say the same are judged once: a broken file may hold one of them a million times.
        alike = every.hash_rows(seed=0).alias("alike").to_frame().with_row_index("place")
        first = alike.unique("alike", keep="first", maintain_order=True)
        met = self._met(every[first["place"]], few)
        told = met.with_columns(first["alike"].gather(met["place"]).alias("alike")).drop("place")
        return alike.join(told, on="alike").select(list(_MET))

    def _met(self, rows: pl.DataFrame, few: Callable[[pl.DataFrame], pl.DataFrame]) -> pl.DataFrame:
        found = [few(self._judged(rows, places)) for places in self.blocks.pairs(block_keys(rows))]
        return pl.concat(found) if found else pl.DataFrame(schema=_MET)

    def _judged(self, rows: pl.DataFrame, places: pl.DataFrame) -> pl.DataFrame:
        judged = places.hstack(judge_pairs(pairs_of(self.fields, rows, places)))
        met = judged.filter(pl.col("verdict") != PairVerdict.DIFFERENT.value)
        number = self.suppressions.gather(met["l"]).alias("suppression")
        return met.select(pl.col("r").alias("place"), number, "verdict", "tier", "score")


_SAMPLE = 1_000


def _repeats(rows: pl.DataFrame) -> bool:
    """Whether many rows say the same as others, by some of them from all over."""
    some = rows.gather_every(max(1, rows.height // _SAMPLE))
    return some.hash_rows(seed=0).n_unique() < 0.9 * some.height


_MET = {
    "place": pl.UInt32,
    "suppression": pl.Int64,
    "verdict": pl.String,
    "tier": pl.String,
    "score": pl.Float64,
}


_WAYS = cs.matches(f"^(?:{AS_WRITTEN})?way[0-9]+b?$")


def records_of(entries: Sequence[PostalEntry]) -> pl.DataFrame:
    """What is kept of entries to meet rows by: ``suppression``, the pair fields, and the ways of the cheap look.

    Those whose address cannot be used are left out.
    """
    starts = range(0, max(len(entries), 1), _SLICE)
    return pl.concat([_records(entries[start : start + _SLICE]) for start in starts])


def _records(entries: Sequence[PostalEntry]) -> pl.DataFrame:
    rows = [[str(address.get(name) or "") for name in ADDRESS_FIELDS] + [level] for _, address, level in entries]
    written = pl.DataFrame(rows, schema=dict.fromkeys((*ADDRESS_FIELDS, "level"), pl.String), orient="row")
    numbers = pl.Series("suppression", [number for number, _, _ in entries], dtype=pl.Int64)
    every = standardise_names(standardise(written)).with_columns(numbers)
    usable = every["s_problem"].is_null()
    standard = every.filter(usable)
    as_written = ways_of(shown(of_entries(glance(with_roles(written.filter(usable))))))
    standard = with_boxes(standard.hstack(as_written.select(pl.all().name.prefix(AS_WRITTEN))))
    ways = ways_of(shown(of_entries(standard_glance(standard)))).hstack(standard.select(cs.starts_with(AS_WRITTEN)))
    return standard.select("suppression").hstack(pair_fields(standard)).hstack(ways)


def with_roles(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with all the columns of :data:`ROLES`, and no others."""
    return frame.select(pl.col(name) if name in frame.columns else pl.lit("").alias(name) for name in ROLES)
