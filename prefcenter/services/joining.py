"""Joining a file that came back with the rows that were kept, by the file's own id, and counting what does not fit."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from prefcenter.core.errors import BadInput
from prefcenter.files.tables import Block
from prefcenter.scrub.kept import NUMBER, PLACE, ROW_ID, kept_blocks, read_facts
from prefcenter.services import kept_folders

_SHOWN = 5
_KEY = "pc_key"


@dataclass(slots=True)
class Ids:
    """Some ids: how many there are, and the first few of them to be named."""

    count: int = 0
    shown: list[str] = field(default_factory=list)

    def add(self, ids: pl.Series) -> None:
        """Count further ones in."""
        self.count += len(ids)
        self.shown += ids.head(max(_SHOWN - len(self.shown), 0)).to_list()


def ids_of(folder: Path, of: str | None) -> pl.DataFrame:
    """The ids of a mailing's kept rows (``pc_id``) and their places (``pc_place``), in the order of the file.

    Raises:
        BadInput: inputs of the mailing have ids in common and ``of`` names none of them.
    """
    paths = kept_folders.scrubbed_files(folder)
    by_name = {read_facts(path).source: path for path in paths}
    if of is not None and of not in by_name:
        raise BadInput(f"The mailing has no input {of!r}.", remedy=f"It has {', '.join(by_name)}.")
    chosen = paths if of is None else [by_name[of]]
    parts = [pl.concat([frame.select(ROW_ID, PLACE) for frame in kept_blocks(path)]) for path in chosen]
    if len(parts) > 1 and pl.concat([part[ROW_ID].unique() for part in parts]).is_duplicated().any():
        raise BadInput(
            "Inputs of the mailing have ids in common, so that an id alone names no row.",
            remedy=f"Load what came back of each input by itself, and say with --of which: {', '.join(by_name)}.",
        )
    return pl.concat(parts)


class Joined:
    """The rows that come back, joined with the kept ones block by block.

    Args:
        known: the ids of the kept rows and their places.
        row_id: the column of the file that came back with the ids.
    """

    def __init__(self, known: pl.DataFrame, row_id: str) -> None:
        # Spreadsheets drop leading zeros: they are looked past where all ids stay apart without them.
        self._is_loose = _bare(known[ROW_ID]).n_unique() == known[ROW_ID].n_unique()
        self._known = known.with_columns(self._key(known[ROW_ID]))
        self._seen: list[pl.Series] = []
        self.row_id = row_id
        self.unknown = Ids()
        self.rows = self.blank = self.unreadable = 0

    def take(self, block: Block) -> pl.DataFrame:
        """The rows of a block that are known, each with its place among the kept rows and its number in the file."""
        ids = block.frame[self.row_id].str.strip_chars()
        self.rows += len(ids) + len(block.bad)
        self.unreadable += len(block.bad)
        self.blank += int((ids == "").sum())
        rows = block.frame.with_columns(self._key(ids), pl.Series(NUMBER, block.row_numbers, dtype=pl.Int64))
        joined = rows.filter(pl.lit(ids != "")).join(self._known, on=_KEY, how="left", maintain_order="left")
        self.unknown.add(joined.filter(pl.col(PLACE).is_null())[self.row_id])
        # From here on a row has the id that the clean file gave it, however it came back.
        known = joined.filter(pl.col(PLACE).is_not_null())
        found = known.with_columns(pl.col(ROW_ID).alias(self.row_id)).drop(_KEY, ROW_ID)
        self._seen.append(found[PLACE])
        return found

    def places(self) -> pl.Series:
        """The places of all rows that came back."""
        return pl.concat(self._seen) if self._seen else pl.Series(PLACE, [], dtype=pl.Int64)

    def missing(self) -> Ids:
        """The kept rows that did not come back."""
        return self._named(self._known.join(self.places().to_frame(PLACE), on=PLACE, how="anti", maintain_order="left"))

    def came_twice(self) -> Ids:
        """The ids that came back more than once."""
        places = self.places()
        twice = places.filter(places.is_duplicated()).to_frame(PLACE)
        return self._named(self._known.join(twice, on=PLACE, how="semi", maintain_order="left"))

    def _key(self, ids: pl.Series) -> pl.Series:
        return (_bare(ids) if self._is_loose else ids).alias(_KEY)

    def _named(self, rows: pl.DataFrame) -> Ids:
        named = Ids()
        named.add(rows[ROW_ID].unique(maintain_order=True))
        return named


def _bare(ids: pl.Series) -> pl.Series:
    """Ids without leading zeros, where they are numbers."""
    bare = pl.lit(ids).str.strip_chars_start("0")
    return pl.select(pl.when(pl.lit(ids).str.contains(r"\A0+[0-9]+\z")).then(bare).otherwise(pl.lit(ids))).to_series()
