"""A mailing file through the list, row by row: read once in blocks, judged, and written back.

Memory stays flat: a block at a time, and the index. What is kept is written back byte for byte.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import polars as pl

from prefcenter.core.channels import Channel
from prefcenter.core.errors import BadInput
from prefcenter.files.beside import Behind
from prefcenter.files.columns import Columns
from prefcenter.files.seeds import read_seeds
from prefcenter.files.tables import PROBLEM, ROW, Block, FileFacts, Mask, Table
from prefcenter.scrub.canaries import NO_CANARIES, Watched, watch_file
from prefcenter.scrub.checkpoints import Checkpoints
from prefcenter.scrub.duplicates import NONE_FOUND, Duplicates, Found
from prefcenter.scrub.index import ListIndex
from prefcenter.scrub.kept import KeptRows, refuse_nameless
from prefcenter.scrub.matching import Judged, judge
from prefcenter.scrub.outputs import Names, Outputs
from prefcenter.scrub.shifted import PlaceCheck
from prefcenter.scrub.windows import judged_windows

Progress = Callable[[int, int, int], None]
"""Called after each block with the bytes done, the bytes in all, and the rows done; of a mailing, over all files."""


@dataclass(slots=True)
class Tally:
    """What became of the rows so far; ``read`` is always the sum of the others."""

    kept: int = 0
    suppressed: int = 0
    duplicate: int = 0
    review: int = 0
    unreadable: int = 0
    seeds: int = 0
    canaries: int = 0
    by_reason: Counter[str] = field(default_factory=Counter)
    by_tier: Counter[str] = field(default_factory=Counter)

    @property
    def read(self) -> int:
        """All rows of the input."""
        return self.kept + self.suppressed + self.duplicate + self.review + self.unreadable

    def add(self, other: Tally) -> None:
        """Count another file in."""
        for name in ("kept", "suppressed", "duplicate", "review", "unreadable", "seeds"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.canaries = max(self.canaries, other.canaries)  # The same ones go through with each file.
        self.by_reason += other.by_reason
        self.by_tier += other.by_tier


@dataclass(frozen=True, slots=True)
class Scrubbed:
    """One file after the scrub.

    Args:
        source: what was read.
        outputs: what was written.
        tally: what became of the rows.
        places: how its ZIPs and states agree.
        canaries: what became of the records that had to vanish (P13).
    """

    source: FileFacts
    outputs: tuple[FileFacts, ...]
    tally: Tally
    places: PlaceCheck = field(default_factory=PlaceCheck)
    canaries: Watched = NO_CANARIES


def scrub_table(
    table: Table,
    index: ListIndex,
    folder: Path,
    names: Names,
    *,
    default_country: str,
    seeds: Path | None = None,
    canaries: Path | None = None,
    duplicates: Duplicates | None = None,
    kept: KeptRows | None = None,
    points: Checkpoints | None = None,
    number: int = 0,
    progress: Progress | None = None,
) -> Scrubbed:
    """Write the clean file, what was suppressed, what is unsure and what could not be read.

    Args:
        table: the mailing file, its header read.
        index: the list as the mailing sees it.
        folder: an empty folder for the outputs.
        names: what they are called.
        default_country: the country that national phone numbers are read in.
        seeds: decoys to be added after the purge (P13).
        canaries: records that must vanish, sent through the list with the file (P13).
        duplicates: what has occurred in the mailing so far; a row that repeats it is dropped.
        kept: what is let through is kept there too, so that it can be judged again (P12).
        points: what was said of blocks by a run that was stopped, and is of this one.
        number: the place of the file in the mailing.
        progress: told after each block.

    Raises:
        BadInput: not one row could be read, or the file has none; the first problem is named.
    """
    columns = table.columns.require(index.ask.channel)
    decoys = read_seeds(seeds, columns) if seeds is not None else None
    watched = watch_file(canaries, columns, index, default_country) if canaries is not None else NO_CANARIES
    tally, places = Tally(canaries=watched.count), PlaceCheck() if index.ask.channel is Channel.POST else None
    row_id = kept.facts.row_id if kept is not None else None
    has_two = index.ask.channel is Channel.POST and columns.before is not None
    sources = duplicates.sources if duplicates is not None else ()
    blocks = table.blocks(_looked_at(columns, index.ask.channel, row_id))

    def decide(frame: pl.DataFrame) -> Judged:
        return judge(frame, columns, index, default_country)

    with (
        Outputs(table, folder, names, sources, has_two_addresses=has_two) as outputs,
        closing(Behind()) as behind,
    ):
        writing = _Writing(outputs, kept, columns, default_country, tally, places)
        for window in judged_windows(blocks, decide, points, number=number, size=table.size):
            parted = [_Parted.of(block, said, row_id, duplicates, columns, table) for block, said in window]
            done = [(block.bytes_done, block.rows_done) for block, _ in window]
            window.clear()  # Whoever writes them holds them as long as it must.
            behind.run(partial(writing.write, parted))
            for bytes_done, rows_done in done:
                if progress is not None:
                    progress(bytes_done, table.size, rows_done)
        behind.wait()
        _refuse_hopeless(table.path, tally, writing.first_problem)
        if decoys is not None:
            outputs.clean.append(decoys)
            tally.seeds = decoys.height
        written = outputs.close()
    return Scrubbed(table.facts(), written, tally, places or PlaceCheck(), watched)


@dataclass(slots=True)
class _Writing:
    """What is done with blocks that have been judged, one after the other, while later ones are.

    Args:
        places: how ZIPs and states agree; None where nobody asks.
        first_problem: of the unreadable rows.
    """

    outputs: Outputs
    kept: KeptRows | None
    columns: Columns
    default_country: str
    tally: Tally
    places: PlaceCheck | None
    first_problem: str = ""

    def write(self, blocks: list[_Parted]) -> None:
        """Write the rows of some blocks, each where it belongs, and count them."""
        while blocks:
            self._write(blocks.pop(0))  # What is written is held no longer.

    def _write(self, parted: _Parted) -> None:
        block, judged, again, mask = parted.block, parted.judged, parted.again, parted.mask
        if self.places is not None:
            self.places.look(block.frame, self.columns, self.default_country)
        unreadable = self.outputs.write(block, judged, again, mask)
        if self.kept is not None:
            self.kept.keep(block, mask)
        self.first_problem = self.first_problem or _first(unreadable)
        self.tally.duplicate += len(again.places)
        _count(self.tally, judged, int(mask.sum()), unreadable.height)


@dataclass(frozen=True, slots=True)
class _Parted:
    """A block of which is known where each row goes."""

    block: Block
    judged: Judged
    again: Found
    mask: Mask

    @classmethod
    def of(
        cls,
        block: Block,
        said: Judged,
        row_id: str | None,
        duplicates: Duplicates | None,
        columns: Columns,
        table: Table,
    ) -> _Parted:
        judged = refuse_nameless(said, block.frame, row_id)
        mask = judged.kept(block.frame.height)
        again = duplicates.look(block, mask, columns, table.path.name) if duplicates is not None else NONE_FOUND
        mask[again.places] = False
        return cls(block, judged, again, mask)


def _looked_at(columns: Columns, channel: Channel, row_id: str | None) -> frozenset[str]:
    """The columns that every row is judged by, and the one that names it; whoever looks at another one adds it here.

    What few rows are asked for, such as those that are written to ``suppressed.csv``, is had from ``Block.rows``.
    """
    roles = {Channel.EMAIL: ("email", "country"), Channel.SMS: ("phone", "country")}.get(channel, tuple(columns.roles))
    found = {columns.roles[role] for role in roles if role in columns.roles}
    return frozenset(found if row_id is None else found | {row_id})


def _first(unreadable: pl.DataFrame) -> str:
    if unreadable.is_empty():
        return ""
    return f"row {unreadable[ROW][0]} {unreadable[PROBLEM][0]}"


def _count(tally: Tally, judged: Judged, kept: int, unreadable: int) -> None:
    tally.kept += kept
    tally.suppressed += judged.found.height
    tally.review += judged.held.height
    tally.unreadable += unreadable
    tally.by_reason.update(dict(judged.found["pc_reason"].value_counts().iter_rows()))
    tiers = judged.found["pc_tier"]
    tally.by_tier.update(dict(tiers.filter(tiers != "").value_counts().iter_rows()))


def _refuse_hopeless(path: Path, tally: Tally, first_problem: str) -> None:
    if not tally.read:
        raise BadInput(f"{path.name} has a header and no rows.", remedy="Nothing was written.")
    if tally.read == tally.unreadable:
        raise BadInput(
            f"{path.name}: not one of {tally.read:,} rows can be used; the first: {first_problem}.",
            remedy="Check the columns with --map role=column. Nothing was written.",
        )
