"""The files of a mailing through the list, one after the other."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from prefcenter.files.tables import Table
from prefcenter.scrub.checkpoints import Checkpoints
from prefcenter.scrub.index import ListIndex
from prefcenter.scrub.outputs import names_for
from prefcenter.scrub.run import Progress, Scrubbed, Tally, scrub_table
from prefcenter.services.mailing_orders import Order, duplicates_of
from prefcenter.services.mailing_rows import RowsToKeep


def scrub_all(
    tables: Sequence[Table],
    index: ListIndex,
    folder: Path,
    order: Order,
    rows: RowsToKeep,
    points: Checkpoints | None,
    progress: Progress | None,
) -> list[Scrubbed]:
    """Write the outputs of all files of a mailing into an empty folder.

    Args:
        tables: the files, their headers read.
        index: the list as the mailing sees it.
        folder: where the outputs go.
        order: what was asked.
        rows: keeps what is let through.
        points: what was said by a run that was stopped, or None.
        progress: told how far the mailing is.

    Raises:
        BadInput: of one file no row can be used.
    """
    done: list[Scrubbed] = []
    duplicates = duplicates_of(order)
    size = sum(table.size for table in tables)
    for number, table in enumerate(tables):
        names = names_for(table.path, is_only=len(tables) == 1)
        # Seeds stand once in a mailing, not once a file.
        seeds = order.seeds if not done else None
        with rows.of(table) as kept:
            one = scrub_table(
                table,
                index,
                folder,
                names,
                default_country=order.default_country,
                seeds=seeds,
                canaries=order.canaries,
                duplicates=duplicates,
                kept=kept,
                points=points,
                number=number,
                progress=_overall(progress, tables[:number], size, done),
            )
        done.append(one)
    return done


def _overall(
    progress: Progress | None, before: Sequence[Table], size: int, done: Sequence[Scrubbed]
) -> Progress | None:
    """The progress of one file as that of the mailing."""
    if progress is None:
        return None
    tell = progress
    bytes_before, rows_before = sum(table.size for table in before), sum(one.tally.read for one in done)
    return lambda bytes_done, _size, rows: tell(bytes_before + bytes_done, size, rows_before + rows)


def rows_to_keep(folder: Path, order: Order) -> RowsToKeep:
    """What keeps the rows of a mailing that are let through."""
    return RowsToKeep(folder, order.channel, order.row_id, order.default_country, order.unsure)


def scrub_in_vain(
    tables: Sequence[Table], index: ListIndex, order: Order, progress: Progress | None
) -> tuple[list[Scrubbed], tuple[str, ...]]:
    """Do everything in a folder that is thrown away: what a dry run reports is what a real run would do."""
    with tempfile.TemporaryDirectory(prefix="prefcenter-dry-run-") as name:
        folder = Path(name) / "rows"
        folder.mkdir()
        rows = rows_to_keep(folder, order)
        return scrub_all(tables, index, Path(name), order, rows, None, progress), rows.notes


def total(scrubbed: Sequence[Scrubbed]) -> Tally:
    """What became of the rows of all files."""
    tally = Tally()
    for one in scrubbed:
        tally.add(one.tally)
    return tally
