"""The two files of an audit: rows that should not have been sent, and beside it rows that could not be checked."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Self

import polars as pl

from prefcenter.core.errors import BadInput
from prefcenter.files.swapping import new_staging
from prefcenter.files.tables import PROBLEM, ROW
from prefcenter.files.writing import GuardedCsvWriter
from prefcenter.scrub.matching import FOUND_COLUMNS

SENT, HOURS, RECORDED, SURE = "pc_sent", "pc_hours", "pc_recorded", "pc_sure"
EXTRAS = (ROW, SENT, HOURS, *FOUND_COLUMNS, RECORDED, SURE)
"""The columns beside the input's: the row's place, when it was sent, how many hours after the opt-out, and why not."""


def beside(out: Path) -> Path:
    """Where the rows go that could not be checked."""
    return out.with_name(f"{out.stem}.unreadable.csv")


def keep_input(file: Path, out: Path) -> None:
    """Refuse an output that would replace the log.

    Raises:
        BadInput: it would, or its folder does not exist.
    """
    if not out.parent.is_dir():
        raise BadInput(f"There is no folder {out.parent}.", remedy="Make it, or name another file with --out.")
    for path in (out, beside(out)):
        if path.exists() and path.samefile(file):
            raise BadInput(f"{path.name} is the log itself.", remedy="Name another file with --out.")


class AuditFiles:
    """Both files, which take their names when all is done; without a path nothing is written.

    Args:
        out: the file of the rows that should not have been sent.
        names: the columns of the log.
    """

    def __init__(self, out: Path | None, names: Sequence[str]) -> None:
        self._out = out
        self._names = names
        self._writers: tuple[GuardedCsvWriter, ...] = ()
        self._folder: Path | None = None
        self._lock = -1

    def write(self, found: pl.DataFrame, unreadable: pl.DataFrame) -> None:
        """Add rows to both."""
        for writer, rows in zip(self._writers, (found, unreadable), strict=False):
            writer.write(rows)

    def __enter__(self) -> Self:
        if self._out is not None:
            self._folder, self._lock = new_staging(self._out.parent)
            self._writers = (
                GuardedCsvWriter(self._folder / "found", self._names, EXTRAS),
                GuardedCsvWriter(self._folder / "unreadable", self._names, (ROW, PROBLEM)),
            )
        return self

    def __exit__(self, *raised: object) -> None:
        if self._out is None or self._folder is None:
            return
        for writer in self._writers:
            writer.__exit__(*raised)
        if raised[0] is None:
            (self._folder / "unreadable").replace(beside(self._out))
            (self._folder / "found").replace(self._out)
        shutil.rmtree(self._folder, ignore_errors=True)
        os.close(self._lock)
