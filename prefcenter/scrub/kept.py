"""The rows that a scrub let through, kept so that they can be judged again after the file has left the house (P12).

A Parquet file for each input: the row's place among all kept rows of the mailing, its number in the input, its own id
where the file has one, and its address as it was written (P8), not standardised, so that any later version of the
rules can judge it. Written a block at a time: memory stays flat. Nobody but the owner may read it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from prefcenter.core.channels import Channel
from prefcenter.core.errors import Unavailable
from prefcenter.files.columns import Columns
from prefcenter.files.tables import Block, Mask
from prefcenter.scrub.addresses import PROBLEM
from prefcenter.scrub.index import ListIndex
from prefcenter.scrub.matching import FOUND_COLUMNS, Judged, judge

PLACE, NUMBER, ROW_ID = "pc_place", "pc_row", "pc_id"
"""The columns beside the address: the place among all kept rows, the number in the input, the file's own id."""

_FACTS = b"prefcenter"
_SINGLE = {Channel.EMAIL: ("email", "country"), Channel.SMS: ("phone", "country")}
_NO_ADDRESS = frozenset({"email", "phone", "level", "reason", "since", "brand", "topic", "id", "prefix", "title"})


@dataclass(frozen=True, slots=True)
class KeptFacts:
    """What is said of a file of kept rows.

    Args:
        source: the name of the input.
        first: the place of its first row among all kept rows of the mailing.
        row_id: the column that names a row, or None.
        country: the country that national phone numbers are read in.
        unsure: what became of rows that may be somebody on the list; it becomes of them again.
        written: the input's column of each role that was kept.
    """

    source: str
    first: int
    row_id: str | None
    country: str
    unsure: str
    written: Mapping[str, str]

    def as_columns(self) -> Columns:
        """The kept columns as a file's: each stands under its role."""
        return Columns(tuple(self.written), {role: role for role in self.written})


@dataclass(frozen=True, slots=True)
class Repeated:
    """Ids that name several kept rows of one file: how many rows share theirs, and the numbers of two that do."""

    source: str
    sharing: int
    rows: tuple[int, ...]


class KeptRows:
    """A new file of kept rows.

    Args:
        path: the file; nobody but its owner may read it.
        facts: what is said of it.
    """

    def __init__(self, path: Path, facts: KeptFacts) -> None:
        self.facts = facts
        self.rows = self.rows_seen = self.nameless = self.first_nameless = 0
        self.path = path
        self._file = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
        # Nobody asks for a range of names: reckoning the least and the greatest of each page would be for nothing.
        # Packing would spare two fifths of the room and take as long as looking at the rows does.
        layout = {"compression": "none", "use_dictionary": False, "write_statistics": False}
        self._writer = pq.ParquetWriter(self._file, _schema(facts), **layout)
        self._ids: list[npt.NDArray[np.uint32]] = []

    def keep(self, block: Block, mask: Mask) -> None:
        """Keep those rows of a block that the mask lets through; they become a row group."""
        frame = block.frame if mask.all() else block.frame.filter(pl.Series(mask))
        start = self.facts.first + self.rows
        rows = frame.with_columns(
            pl.int_range(start, start + frame.height, dtype=pl.Int64).alias(PLACE),
            pl.Series(NUMBER, block.row_numbers[mask], dtype=pl.Int64),
        )
        self.put(rows)
        if self.facts.row_id is not None:
            self._ids.append(_short_hash(rows[self.facts.row_id].str.strip_chars()))
            self._count_nameless(block, mask, self.facts.row_id)

    def _count_nameless(self, block: Block, mask: Mask, row_id: str) -> None:
        """Count the rows without an id: none of them is among the kept ones."""
        self.rows_seen += len(mask)
        places = np.flatnonzero(~mask)
        blank = places[(block.frame[row_id].gather(places).str.strip_chars() == "").to_numpy()]
        if len(blank) and not self.nameless:
            self.first_nameless = int(block.row_numbers[blank[0]])
        self.nameless += len(blank)

    def put(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Write rows with their place and number and the columns of the input; they become a row group.

        Returns:
            The rows as they are kept.
        """
        facts = self.facts
        ids = () if facts.row_id is None else (pl.col(facts.row_id).str.strip_chars().alias(ROW_ID),)
        written = (pl.col(column).alias(role) for role, column in facts.written.items())
        kept = rows.select(PLACE, NUMBER, *ids, *written)
        if kept.height:
            # As it is: a cast would load all of what Arrow computes with, 50 ms of every scrub.
            self._writer.write_table(kept.to_arrow(compat_level=pl.CompatLevel.oldest()))
            self.rows += kept.height
        return kept

    def close(self) -> Repeated | None:
        """Finish the file, durably, and tell whether some ids name several of its rows."""
        self._writer.close()
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        return self._repeated()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        if self._file.closed:
            return
        # Closing writes, which a full disk refuses again: the first error is the one to tell.
        try:
            self._writer.close()
            self._file.close()
        except (OSError, pa.ArrowException):
            pass

    def _repeated(self) -> Repeated | None:
        """Ids that occur twice: short hashes tell the few that may, and those are read again."""
        if not self._ids:
            return None
        hashes = np.sort(np.concatenate(self._ids))
        self._ids.clear()
        doubtful = pl.Series(np.unique(hashes[1:][hashes[1:] == hashes[:-1]]), dtype=pl.UInt32)
        if doubtful.is_empty():
            return None
        rows = pl.scan_parquet(self.path).select(NUMBER, ROW_ID)
        rows = rows.filter(pl.col(ROW_ID).map_batches(_short_series, pl.UInt32).is_in(doubtful.implode()))
        double = rows.filter(pl.col(ROW_ID).len().over(ROW_ID) > 1).collect()
        if double.is_empty():
            return None
        first = double.filter(pl.col(ROW_ID) == double[ROW_ID][0])[NUMBER].head(2).to_list()
        return Repeated(self.facts.source, double.height, tuple(first))


def _short_series(ids: pl.Series) -> pl.Series:
    """A hash of 32 bits: it takes little room, and what it takes for equal is looked at again."""
    return (ids.hash(1) % 2**32).cast(pl.UInt32)


def _short_hash(ids: pl.Series) -> npt.NDArray[np.uint32]:
    return _short_series(ids).to_numpy()


def kept_facts(columns: Columns, channel: Channel, **told: Any) -> KeptFacts:
    """What will be said of the kept rows of a file: of its columns, those by which the channel's rows are judged."""
    wanted = _SINGLE.get(channel) or tuple(role for role in columns.roles if role not in _NO_ADDRESS)
    return KeptFacts(written={role: columns[role] for role in wanted if role in columns.roles}, **told)


def refuse_nameless(judged: Judged, frame: pl.DataFrame, row_id: str | None) -> Judged:
    """Count rows without an id as unreadable, where the file's own id names its rows and nothing else speaks first.

    A late opt-out of such a row could not be told to the mail house, so it must not get there.
    """
    if row_id is None:
        return judged
    blank = (frame[row_id].str.strip_chars() == "").to_numpy() & judged.kept(frame.height)
    if not blank.any():
        return judged
    schema = judged.problems.schema
    rows = pl.Series("row", np.flatnonzero(blank), dtype=schema["row"])
    nameless = pl.DataFrame([rows]).with_columns(pl.lit(f"has no id in {row_id!r}").alias(PROBLEM))
    return replace(judged, problems=pl.concat([judged.problems, nameless]).sort("row"))


def read_facts(path: Path) -> KeptFacts:
    """What is said of a file of kept rows.

    Raises:
        Unavailable: it is not there, or it is damaged.
    """
    with _damage_named(path):
        facts = json.loads(pq.read_schema(path).metadata[_FACTS])
        return KeptFacts(**facts)


def kept_blocks(path: Path, columns: Sequence[str] | None = None) -> Iterator[pl.DataFrame]:
    """The kept rows, a row group at a time; a frame without rows where there are none.

    Args:
        path: a file of kept rows.
        columns: which columns are read; all by default.

    Raises:
        Unavailable: the file is not there, or it is damaged.
    """
    with _damage_named(path), pq.ParquetFile(path) as file:
        wanted = None if columns is None else list(columns)
        groups = (file.read_row_group(number, wanted) for number in range(file.num_row_groups))
        none = file.schema_arrow.empty_table()
        for table in groups if file.num_row_groups else (none if wanted is None else none.select(wanted),):
            frame = pl.from_arrow(table)
            if isinstance(frame, pl.DataFrame):
                yield frame


def count_kept(path: Path) -> int:
    """How many rows a file of kept rows has.

    Raises:
        Unavailable: it is not there, or it is damaged.
    """
    with _damage_named(path):
        return int(pq.read_metadata(path).num_rows)


def refused(rows: pl.DataFrame, facts: KeptFacts, index: ListIndex) -> pl.DataFrame:
    """Those of some kept rows that would not be let through now, with what speaks against each (``pc_``)."""
    judged = judge(rows, facts.as_columns(), index, facts.country)
    gone = pl.concat([judged.found, judged.held.select(judged.found.columns)])
    return rows[gone["row"].to_numpy()].hstack(gone.select(FOUND_COLUMNS))


def _schema(facts: KeptFacts) -> pa.Schema:
    numbers = [(PLACE, pa.int64()), (NUMBER, pa.int64())]
    texts = [*([ROW_ID] if facts.row_id is not None else []), *facts.written]
    told = {_FACTS: json.dumps(asdict(facts)).encode()}
    return pa.schema([*numbers, *((name, pa.large_string()) for name in texts)], metadata=told)


@contextmanager
def _damage_named(path: Path) -> Iterator[None]:
    try:
        yield
    except (pa.ArrowException, OSError, KeyError, TypeError, ValueError) as error:
        raise Unavailable(
            f"The kept rows in {path.name} cannot be read ({type(error).__name__}).",
            remedy="Look whether PREFCENTER_DATA_DIR is the folder that the mailing was scrubbed with.",
        ) from error
