"""Seed rows: decoys that show the sender what the mail house did with a file (P13)."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from prefcenter.core.errors import BadInput
from prefcenter.files.columns import Columns
from prefcenter.files.formats import open_table


def read_seeds(path: Path, columns: Columns) -> pl.DataFrame:
    """The seed rows in the mailing file's columns, to be appended to the clean file.

    A seed file may have fewer or other columns, in any order: they are matched by their names, else by what they stand
    for. A column of the mailing file that the seeds lack stays empty.

    Args:
        path: a table of seeds, in any format and dialect that can be read.
        columns: those of the mailing file.

    Raises:
        BadInput: a seed row is unreadable, there is none, or no column fits.
    """
    table = open_table(path)
    source = _sources(table.columns, columns)
    if not source:
        raise BadInput(f"{path.name}: none of its columns is one of the mailing file's.", remedy="Use the same header.")
    frames = []
    for block in table.blocks():
        if block.bad:
            raise BadInput(f"{path.name}: row {block.bad[0].row_number} {block.bad[0].problem}.", remedy="Mend it.")
        frames.append(
            block.frame.select(
                (pl.col(source[name]) if name in source else pl.lit("")).alias(name) for name in columns.names
            )
        )
    if not frames:
        raise BadInput(f"{path.name} has no rows.")
    return pl.concat(frames)


def _sources(seeds: Columns, columns: Columns) -> dict[str, str]:
    """For each of the mailing file's columns, the seeds' column that fills it."""
    by_name = {name: name for name in columns.names if name in seeds.names}
    by_role = {
        column: seeds.roles[role]
        for role, column in columns.roles.items()
        if role in seeds.roles and column not in by_name
    }
    return by_role | by_name
