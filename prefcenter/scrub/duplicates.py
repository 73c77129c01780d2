"""The same person, or the same household, twice in a mailing: the first row is kept, and the later ones are dropped.

Two rows are the same where their standard forms are equal: for email and texts the canonical address or number; for
post number, street, unit and ZIP (or city and state), and for the same person first and last name, middle initial,
generation and company too.
What differs by a typing error or a nickname is two letters, not a false removal.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt
import polars as pl

from prefcenter.core.channels import Channel
from prefcenter.core.postal.keys import standard_fields, standardised
from prefcenter.core.repeats import Repeats
from prefcenter.files.columns import Columns
from prefcenter.files.tables import Block, Mask
from prefcenter.scrub.addresses import KEY, email_keys, phone_keys
from prefcenter.scrub.judging_post import as_written

_Hashes = npt.NDArray[np.uint64]
_Numbers = npt.NDArray[np.int64]
_SEEDS = (1, 2)
_BUCKET_BITS = 6
_SLICE = 100_000
"""Postal rows standardised at once: their parts take about 2 kB a row."""


@dataclass(frozen=True, slots=True)
class Found:
    """The repeated rows among some rows.

    Args:
        places: where they stand in the block.
        files: for each the place of the file, among the mailing's files, in which it occurred first.
        rows: the number of the row there.
    """

    places: _Numbers
    files: _Numbers
    rows: _Numbers


NONE_FOUND = Found(*(np.empty(0, dtype=np.int64) for _ in range(3)))


class Duplicates:
    """What has occurred so far in a mailing, over all its files: 24 bytes a row.

    A form is remembered by two hashes of 64 bits. Should two different ones ever share both, a letter would be lost,
    which is a chance of one in 10^24 among ten million rows.

    Args:
        channel: by what the rows are compared.
        level: what counts as the same; a number or an email address is always one person's.
        default_country: the country that national phone numbers are read in.
        sources: the names of the mailing's files, in their order.
    """

    def __init__(self, channel: Channel, level: Repeats, default_country: str, sources: Sequence[str]) -> None:
        self.sources = tuple(sources)
        self._channel, self._level, self._country = channel, level, default_country
        self._buckets = [_Seen() for _ in range(1 << _BUCKET_BITS)]

    def look(self, block: Block, mask: Mask, columns: Columns, source: str) -> Found:
        """Tell which rows of a block have occurred before, and remember the others.

        Args:
            block: the rows.
            mask: those that are kept so far; the others neither repeat nor are repeated.
            columns: what the columns stand for.
            source: the name of their file.
        """
        if self._level is Repeats.OFF or not mask.any():
            return NONE_FOUND
        kept = np.flatnonzero(mask)
        forms = self._forms(block.frame if mask.all() else block.frame[kept], columns)
        known = forms.is_not_null().to_numpy()
        places = kept[known]
        first, second = (forms.hash(seed).to_numpy()[known] for seed in _SEEDS)
        where = (np.int64(self.sources.index(source)) << 40) | block.row_numbers[places]
        met = np.full(len(places), -1, dtype=np.int64)
        for bucket, seen in enumerate(self._buckets):
            mine = np.flatnonzero(first >> np.uint64(64 - _BUCKET_BITS) == bucket)
            if len(mine):
                met[mine] = seen.meet(first[mine], second[mine], where[mine])
        again = met >= 0
        return Found(places[again], met[again] >> 40, met[again] & ((1 << 40) - 1))

    def _forms(self, frame: pl.DataFrame, columns: Columns) -> pl.Series:
        """What is compared; null where there is nothing to compare by."""
        if self._channel is Channel.EMAIL:
            return email_keys(frame[columns["email"]])[KEY]
        if self._channel is Channel.SMS:
            return phone_keys(frame[columns["phone"]], self._country)[KEY]
        starts = range(0, frame.height, _SLICE)
        return pl.concat([self._postal(frame.slice(start, _SLICE), columns) for start in starts])

    def _postal(self, frame: pl.DataFrame, columns: Columns) -> pl.Series:
        standard = standardised(as_written(frame, columns))
        fields = standard_fields(standard).hstack(standard.select("s_middle", "s_middle2"))
        return fields.select(_form(self._level)).to_series()


@cache
def _form(level: Repeats) -> pl.Expr:
    """The compared form of an address, and for a person of who it is written to; null where one is not known."""
    line = [pl.col(name) for name in ("number", "direction", "street", "suffix", "unit", "exact_place")]
    if level is Repeats.HOUSEHOLD:
        whole = pl.concat_str(line, separator="|")
    else:
        initials = [pl.col(name).str.head(1) for name in ("s_middle", "s_middle2")]
        persons = pl.concat_str(
            ["person1", initials[0], "s_generation", "person2", initials[1], "s_generation2", "company"], separator="+"
        )
        who = (
            pl.when(pl.col("person1") != "").then(persons)
            .when(pl.col("company") != "").then(pl.concat_str(pl.lit("at "), "company"))
            .when(pl.col("s_occupant")).then(pl.lit("occupant"))
        )  # fmt: skip
        whole = pl.concat_str(who, *line, separator="|")
    return pl.when(pl.col("s_problem").is_null()).then(whole).alias("form")


class _Seen:
    """The forms of one bucket, in the order of their first hash, each with the place of its first row."""

    def __init__(self) -> None:
        self._first: _Hashes = np.empty(0, dtype=np.uint64)
        self._second: _Hashes = np.empty(0, dtype=np.uint64)
        self._where: _Numbers = np.empty(0, dtype=np.int64)

    def meet(self, first: _Hashes, second: _Hashes, where: _Numbers) -> _Numbers:
        """For each form where it occurred before, or -1; what is new is remembered."""
        order = np.lexsort((where, second, first))
        first, second, where = first[order], second[order], where[order]
        new = np.r_[True, (first[1:] != first[:-1]) | (second[1:] != second[:-1])]
        heads = np.flatnonzero(new)
        known = self._known(first[heads], second[heads])
        # Every form's rows lie together now, the earliest one first.
        group = np.cumsum(new) - 1
        earliest = np.where(known >= 0, known, where[heads])[group]
        met = np.where(new & (known[group] < 0), -1, earliest)
        unknown = heads[known < 0]
        self._remember(first[unknown], second[unknown], where[unknown])
        found = np.empty(len(met), dtype=np.int64)
        found[order] = met
        return found

    def _known(self, first: _Hashes, second: _Hashes) -> _Numbers:
        if not len(self._first):
            return np.full(len(first), -1, dtype=np.int64)
        at = np.minimum(np.searchsorted(self._first, first), len(self._first) - 1)
        equal = (self._first[at] == first) & (self._second[at] == second)
        return np.where(equal, self._where[at], -1)

    def _remember(self, first: _Hashes, second: _Hashes, where: _Numbers) -> None:
        at = np.searchsorted(self._first, first)
        self._first = np.insert(self._first, at, first)
        self._second = np.insert(self._second, at, second)
        self._where = np.insert(self._where, at, where)
