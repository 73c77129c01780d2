"""What one mailing file is parted into: the clean file, and beside it a file for each way that a row can go."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import polars as pl

from prefcenter.files.formats import suffix_of
from prefcenter.files.tables import PROBLEM, ROW, Block, FileFacts, Mask, Table
from prefcenter.files.writing import GuardedCsvWriter
from prefcenter.scrub.duplicates import Found
from prefcenter.scrub.moved import ADDRESS
from prefcenter.scrub.verdicts import FOUND_COLUMNS, Judged

KEPT_ROW, KEPT_FILE = "pc_kept_row", "pc_kept_file"
"""Of a row that was dropped as a duplicate: the number and the file of the row that was kept."""


KEPT = "pc_kept"
"""Whether an unsure row stands in the clean file: a person who looks through them begins with those that do not."""


@dataclass(frozen=True, slots=True)
class Names:
    """What the files of one input are called."""

    clean: str
    suppressed: str = "suppressed.csv"
    review: str = "review.csv"
    unreadable: str = "unreadable.csv"
    duplicates: str = "duplicates.csv"


def names_for(path: Path, *, is_only: bool) -> Names:
    """The names of the outputs; several inputs carry their own name along."""
    suffix = suffix_of(path)
    if is_only:
        return Names(f"clean{suffix.lower()}")
    # The format stays in the name where it is not CSV: a.csv and a.xlsx may come together.
    stem = path.name.removesuffix(suffix) if suffix.lower() == ".csv" else path.name
    kinds = ("suppressed", "review", "unreadable", "duplicates")
    return Names(f"clean-{path.name}", *(f"{kind}-{stem}.csv" for kind in kinds))


class Outputs:
    """The new files of one input, written a block at a time.

    Args:
        table: the input.
        folder: an empty folder.
        names: what they are called.
        sources: the names of the mailing's inputs, where duplicates are dropped; else none, and no file for them.
        has_two_addresses: whether a row is judged by two of them, so that it is told which spoke (P8).
    """

    def __init__(
        self,
        table: Table,
        folder: Path,
        names: Names,
        sources: Sequence[str] = (),
        *,
        has_two_addresses: bool = False,
    ) -> None:
        self._stack = ExitStack()
        self._sources = pl.Series(sources, dtype=pl.String)
        columns = table.columns.names
        self._found = (*FOUND_COLUMNS, *([ADDRESS] if has_two_addresses else []))
        told = (*self._found, ROW)

        def people(name: str, extras: Sequence[str]) -> GuardedCsvWriter:
            return self._stack.enter_context(GuardedCsvWriter(folder / name, columns, extras))

        with ExitStack() as undo:
            undo.push(self._stack)
            self.clean = self._stack.enter_context(table.clean_output(folder / names.clean))
            self._suppressed = people(names.suppressed, told)
            self._review = people(names.review, (*told, KEPT))
            self._unreadable = people(names.unreadable, (ROW, PROBLEM))
            self._duplicates = people(names.duplicates, (ROW, KEPT_ROW, KEPT_FILE)) if len(sources) else None
            undo.pop_all()

    def write(self, block: Block, judged: Judged, again: Found, mask: Mask) -> pl.DataFrame:
        """Write the rows of a block, each where it belongs, and return the unreadable ones.

        Args:
            block: the rows.
            judged: what the list says of them.
            again: those that are dropped as duplicates.
            mask: those that are kept.
        """
        self.clean.keep(block, mask)
        self._suppressed.write(self._with_reasons(block, judged.found))
        doubtful = self._with_reasons(block, judged.unsure).drop(KEPT, strict=False)
        stays = pl.Series(KEPT, np.where(mask[judged.unsure["row"].to_numpy()], "yes", "no"), dtype=pl.String)
        self._review.write(doubtful.with_columns(stays))
        unreadable = _unreadable(block, judged)
        self._unreadable.write(unreadable)
        if self._duplicates is not None:
            self._duplicates.write(self._repeated(block, again))
        return unreadable

    def close(self) -> tuple[FileFacts, ...]:
        """Finish the files, durably, and tell what they hold."""
        writers = (self._suppressed, self._review, self._unreadable, self._duplicates)
        return (self.clean.close(), *(writer.close() for writer in writers if writer is not None))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self._stack.__exit__(*raised)  # type: ignore[arg-type]

    def _with_reasons(self, block: Block, found: pl.DataFrame) -> pl.DataFrame:
        """The rows with what speaks against each, and their numbers, by which they are found in the source again."""
        places = found["row"].to_numpy()
        rows = block.rows(places).drop((*self._found, ROW), strict=False)
        numbers = pl.Series(ROW, block.row_numbers[places] if len(places) else [], dtype=pl.Int64)
        return rows.hstack([*found.select(self._found), numbers])

    def _repeated(self, block: Block, again: Found) -> pl.DataFrame:
        rows = block.rows(again.places)
        return rows.drop((ROW, KEPT_ROW, KEPT_FILE), strict=False).with_columns(
            pl.Series(ROW, block.row_numbers[again.places], dtype=pl.Int64),
            pl.Series(KEPT_ROW, again.rows, dtype=pl.Int64),
            self._sources.gather(again.files).alias(KEPT_FILE),
        )


def _unreadable(block: Block, judged: Judged) -> pl.DataFrame:
    """Rows that could not be parsed and rows without a usable address, in the order of the file."""
    places = judged.problems["row"].to_numpy()
    rows = block.rows(places)
    numbers = block.row_numbers[places] if len(places) else np.empty(0, dtype=np.int64)
    named = rows.drop((ROW, PROBLEM), strict=False).with_columns(
        pl.Series(ROW, numbers, dtype=pl.Int64), pl.Series(PROBLEM, judged.problems["problem"], dtype=pl.String)
    )
    return pl.concat([named, block.bad_frame().select(named.columns)]).sort(ROW)
