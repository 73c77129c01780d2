"""The kept rows of a mailing, as a scrub makes them and as later questions read them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import polars as pl

from prefcenter.core.channels import Channel
from prefcenter.core.errors import BadInput
from prefcenter.core.postal.tiers import Unsure
from prefcenter.files.tables import Table
from prefcenter.scrub.index import ListIndex
from prefcenter.scrub.kept import (
    NUMBER,
    PLACE,
    ROW_ID,
    KeptRows,
    count_kept,
    kept_blocks,
    kept_facts,
    read_facts,
    refused,
)
from prefcenter.scrub.matching import FOUND_COLUMNS
from prefcenter.scrub.run import Progress
from prefcenter.services import kept_folders
from prefcenter.services.row_ids import note_of, refuse_useless

FILE, CLEAN_ROW = "pc_file", "pc_clean_row"


class RowsToKeep:
    """Keeps what a scrub lets through, input by input.

    Args:
        folder: where the rows go.
        channel: what they are used for.
        row_id: the column that names a row, or None.
        country: the country that national phone numbers are read in.
        unsure: what becomes of rows that may be somebody on the list.
    """

    def __init__(self, folder: Path, channel: Channel, row_id: str | None, country: str, unsure: Unsure) -> None:
        self.rows = 0
        self.notes: tuple[str, ...] = ()
        self._folder, self._channel, self._row_id, self._country = folder, channel, row_id, country
        self._unsure = unsure
        self._files = 0

    @contextmanager
    def of(self, table: Table) -> Iterator[KeptRows]:
        """Keep the rows of one input; it is on disk when the context ends well.

        Raises:
            BadInput: the column that should name a row does not.
        """
        facts = kept_facts(
            table.columns,
            self._channel,
            source=table.path.name,
            first=self.rows,
            row_id=self._row_id,
            country=self._country,
            unsure=self._unsure.value,
        )
        self._files += 1
        with KeptRows(self._folder / f"scrubbed-{self._files}.parquet", facts) as kept:
            try:
                yield kept
            except BadInput:
                refuse_useless(kept, None)  # Without any id, no row can be used: this is why.
                raise
            repeated = kept.close()
            refuse_useless(kept, repeated)
        self.rows += kept.rows
        if repeated is not None:
            self.notes = (*self.notes, note_of(repeated, self._row_id or ""))


def refused_rows(
    folder: Path, index: ListIndex, progress: Progress | None = None
) -> Iterator[tuple[int, dict[str, Any]]]:
    """The places of the kept rows that would now be refused on any of their addresses, each once, and why.

    A row is judged as it was scrubbed and as it came back from address hygiene: on its old and its new address (P8).

    Args:
        folder: the mailing's folder.
        index: the list as the mailing sees it.
        progress: told after each block; its size is that of the rows.
    """
    seen: set[int] = set()
    files = kept_folders.kept_files(folder)
    done, size = 0, sum(map(count_kept, files))
    for path in files:
        facts = read_facts(path)
        for rows in kept_blocks(path):
            for place, *why in refused(rows, facts, index).select(PLACE, *FOUND_COLUMNS).iter_rows():
                if place not in seen:
                    seen.add(place)
                    yield place, dict(zip(FOUND_COLUMNS, why, strict=True))
            done += rows.height
            if progress is not None:
                progress(done, size, done)


def told_rows(
    folder: Path,
    found: Mapping[int, Mapping[str, Any]],
    columns: Sequence[str],
    *,
    without: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Rows as they are told to the mail house: by the file's own id, once each, and why.

    Without an id of the file's own: by the row's number in the input (``pc_row``) and in the clean file
    (``pc_clean_row``), and with its address as it was written. Where a mailing has several inputs, ``pc_file`` names
    the input.

    Args:
        folder: the mailing's folder.
        found: the places of the rows, with what speaks against each.
        columns: which of that is told.
        without: rows told before; what they name is left out.

    Returns:
        The rows with their place (``pc_place``), in the order of the file.
    """
    paths = kept_folders.scrubbed_files(folder)
    frames = [_told(path, found, columns, is_only=len(paths) == 1) for path in paths]
    rows = pl.concat(frames, how="diagonal")
    names = [name for name in rows.columns if name not in (PLACE, *columns)]
    rows = rows.unique(names, keep="first", maintain_order=True)
    return rows if without is None or without.is_empty() else rows.join(without, on=names, how="anti", nulls_equal=True)


def _told(path: Path, found: Mapping[int, Mapping[str, Any]], columns: Sequence[str], *, is_only: bool) -> pl.DataFrame:
    facts = read_facts(path)
    why = pl.DataFrame(
        [(place, *(reasons.get(name, "") for name in columns)) for place, reasons in found.items()],
        schema={PLACE: pl.Int64, **dict.fromkeys(columns, pl.String)},
        orient="row",
    )
    rows = pl.concat([frame.join(why, on=PLACE, maintain_order="left") for frame in kept_blocks(path)])
    if facts.row_id is not None:
        named = [pl.col(ROW_ID).alias(facts.row_id)]
    else:
        clean = (pl.col(PLACE) - facts.first + 1).alias(CLEAN_ROW)
        named = [pl.col(NUMBER), clean, *(pl.col(role).alias(name) for role, name in facts.written.items())]
    source = [] if is_only else [pl.lit(facts.source).alias(FILE)]
    return rows.select(PLACE, *source, *named, *columns)
