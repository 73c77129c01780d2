"""Joining a file that came back with the rows that were kept, by the file's own id, and counting what does not fit.

Of each kept row its id is held, and a hash of that, sorted: some 30 bytes a row with short ids.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from prefcenter.core.errors import BadInput
from prefcenter.files.tables import Block
from prefcenter.scrub.kept import NUMBER, PLACE, ROW_ID, kept_blocks, read_facts
from prefcenter.services import kept_folders

_SHOWN = 5
_AT = "pc_at"
Hashes = npt.NDArray[np.uint64]
Mask = npt.NDArray[np.bool_]


@dataclass(slots=True)
class Ids:
    """Some ids: how many there are, and the first few of them to be named."""

    count: int = 0
    shown: list[str] = field(default_factory=list)

    def add(self, ids: pl.Series) -> None:
        """Count further ones in."""
        self.count += len(ids)
        self.shown += ids.head(max(_SHOWN - len(self.shown), 0)).to_list()


class KnownIds:
    """The ids of a mailing's kept rows, and their places.

    Args:
        ids: the ids, in the order of the file.
        first: the place of the first of these rows among all kept ones; the others follow it.
        whole: the hash of each id.
        bare: the hash of each id without leading zeros.
    """

    def __init__(self, ids: pl.Series, first: int, whole: Hashes, bare: Hashes) -> None:
        # Spreadsheets drop leading zeros: they are looked past where all ids stay apart without them.
        self._is_loose = _distinct(bare) == _distinct(whole)
        hashes = bare if self._is_loose else whole
        self._order = np.argsort(hashes).astype(np.uint32)
        self._sorted = hashes[self._order]
        self.ids, self.first = ids, first

    def key(self, ids: pl.Series) -> pl.Series:
        """What two ids have in common that name the same row."""
        return _bare(ids) if self._is_loose else ids

    def find(self, ids: pl.Series) -> pl.DataFrame:
        """The rows that some ids name: the place of the id among those given (``row``), and that of its row here.

        An id of several rows names them all.
        """
        hashes = _hashes(self.key(ids))
        first = np.searchsorted(self._sorted, hashes, "left")
        counts = np.searchsorted(self._sorted, hashes, "right") - first
        rows = np.repeat(np.arange(len(ids)), counts)
        within = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)
        at = self._order[np.repeat(first, counts) + within]
        found = pl.DataFrame({"row": rows, _AT: at}, schema={"row": pl.UInt32, _AT: pl.UInt32})
        same = self.key(self.ids.gather(at)) == self.key(ids.gather(rows))  # Hashes alone are not believed.
        return found.filter(same).sort("row", _AT)

    def named(self, mask: Mask) -> Ids:
        """The ids of some rows, each once."""
        chosen = np.flatnonzero(mask)
        of_file = np.zeros(len(self._sorted), np.bool_)
        of_file[chosen] = True
        first = self.ids.gather(chosen[: _SHOWN * 1_000]).unique(maintain_order=True)
        return Ids(_distinct(self._sorted[of_file[self._order]], is_sorted=True), first.head(_SHOWN).to_list())


def ids_of(folder: Path, of: str | None) -> KnownIds:
    """The ids of a mailing's kept rows.

    Args:
        folder: the mailing's folder.
        of: the input whose rows are meant, where inputs have ids in common.

    Raises:
        BadInput: inputs of the mailing have ids in common and ``of`` names none of them.
    """
    paths = kept_folders.scrubbed_files(folder)
    by_name = {read_facts(path).source: path for path in paths}
    if of is not None and of not in by_name:
        raise BadInput(f"The mailing has no input {of!r}.", remedy=f"It has {', '.join(by_name)}.")
    chosen = paths if of is None else [by_name[of]]
    parts = [_part(path) for path in chosen]
    if len(parts) > 1 and _overlap([whole for _, whole, _ in parts]):
        raise BadInput(
            "Inputs of the mailing have ids in common, so that an id alone names no row.",
            remedy=f"Load what came back of each input by itself, and say with --of which: {', '.join(by_name)}.",
        )
    ids, whole, bare = zip(*parts, strict=True)
    first = read_facts(chosen[0]).first
    return KnownIds(pl.concat(ids), first, np.concatenate(whole), np.concatenate(bare))


def _part(path: Path) -> tuple[pl.Series, Hashes, Hashes]:
    blocks = [frame[ROW_ID] for frame in kept_blocks(path, (ROW_ID,))]
    hashes = [(_hashes(ids), _hashes(_bare(ids))) for ids in blocks]
    whole, bare = zip(*hashes, strict=True)
    return pl.concat(blocks), np.concatenate(whole), np.concatenate(bare)


def _overlap(parts: Sequence[Hashes]) -> bool:
    each = [np.unique(part) for part in parts]
    return _distinct(np.concatenate(each)) < sum(map(len, each))


class Joined:
    """The rows that come back, joined with the kept ones block by block.

    Args:
        known: the ids of the kept rows and their places.
        row_id: the column of the file that came back with the ids.
    """

    def __init__(self, known: KnownIds, row_id: str) -> None:
        self._known = known
        self._came = np.zeros(len(known.ids), np.bool_)
        self._came_again = np.zeros(len(known.ids), np.bool_)
        self.row_id = row_id
        self.unknown = Ids()
        self.rows = self.blank = self.unreadable = 0

    def take(self, block: Block) -> pl.DataFrame:
        """The rows of a block that are known, each with its place among the kept rows and its number in the file."""
        ids = block.frame[self.row_id].str.strip_chars()
        self.rows += len(ids) + len(block.bad)
        self.unreadable += len(block.bad)
        self.blank += int((ids == "").sum())
        found = self._known.find(ids)
        rows, at = found["row"].to_numpy(), found[_AT].to_numpy()
        self._note(at)
        stranger = np.ones(len(ids), np.bool_)
        stranger[rows] = False
        self.unknown.add(ids.filter(pl.Series(stranger) & (ids != "")))
        return block.frame[rows].with_columns(
            # From here on a row has the id that the clean file gave it, however it came back.
            self._known.ids.gather(at).alias(self.row_id),
            pl.Series(PLACE, at.astype(np.int64) + self._known.first),
            pl.Series(NUMBER, block.row_numbers[rows], dtype=pl.Int64),
        )

    @property
    def matched(self) -> int:
        """How many kept rows came back."""
        return int(self._came.sum())

    def missing(self) -> Ids:
        """The ids of the kept rows that did not come back."""
        return self._known.named(~self._came)

    def came_twice(self) -> Ids:
        """The ids that came back more than once."""
        return self._known.named(self._came_again)

    def _note(self, at: npt.NDArray[np.uint32]) -> None:
        distinct, counts = np.unique(at, return_counts=True)
        self._came_again[distinct[self._came[distinct] | (counts > 1)]] = True
        self._came[distinct] = True


def _bare(ids: pl.Series) -> pl.Series:
    """Ids without leading zeros, where they are numbers."""
    bare = pl.lit(ids).str.strip_chars_start("0")
    return pl.select(pl.when(pl.lit(ids).str.contains(r"\A0+[0-9]+\z")).then(bare).otherwise(pl.lit(ids))).to_series()


def _hashes(ids: pl.Series) -> Hashes:
    return ids.hash(1).to_numpy()


def _distinct(hashes: Hashes, *, is_sorted: bool = False) -> int:
    if not len(hashes):
        return 0
    in_order = hashes if is_sorted else np.sort(hashes)
    return 1 + int((in_order[1:] != in_order[:-1]).sum())
