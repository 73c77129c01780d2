"""Why did she get this? The mailings whose kept rows held an address, and whether its opt-out came after them.

The address is laid beside the kept rows as if it were the list: by the same rules that would have held the row back.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl
from sqlalchemy.orm import Session

from prefcenter.core.errors import PrefcenterError
from prefcenter.core.keys import Peppers
from prefcenter.scrub.index import ListIndex
from prefcenter.scrub.kept import NUMBER, PLACE, ROW_ID, kept_blocks, read_facts, refused
from prefcenter.scrub.lone import HERSELF, lone_index
from prefcenter.services import kept_folders
from prefcenter.services.following import OUT
from prefcenter.services.points import Point
from prefcenter.store import mailing_pulls, mailings
from prefcenter.store.mailings import Mailing


@dataclass(frozen=True, slots=True)
class Held:
    """A row of a mailing that names the address.

    Args:
        name: the row's own id, or its number in the input.
        is_own: whether it is the row's own id.
        tier: how it meets the address, and ``score`` how surely.
        pull: the pull that told it to the mail house, and ``pulled_at`` when; None where none did.
    """

    name: str
    is_own: bool
    tier: str
    score: str
    pull: int | None
    pulled_at: datetime | None


@dataclass(frozen=True, slots=True)
class MailedIn:
    """A mailing whose clean file named the address; ``newer`` is a version that took its place before it was posted."""

    mailing: Mailing
    newer: int | None
    rows: tuple[Held, ...]


@dataclass(frozen=True, slots=True)
class Mailed:
    """What the kept rows of all mailings tell of an address.

    Args:
        found: the mailings that named it, the newest first.
        unsearched: mailings whose rows are not kept any more, or cannot be read here.
    """

    found: tuple[MailedIn, ...]
    unsearched: tuple[Mailing, ...]


def mailed_to(session: Session, base: Path, peppers: Peppers, point: Point, *, at: datetime) -> Mailed:
    """Find the mailings that named an address, of those that were out by a moment.

    Args:
        session: reads only.
        base: where the kept rows of all mailings lie.
        peppers: the keys of the digests.
        point: whose; one of which only a digest is known is found nowhere.
        at: the moment.
    """
    rows = [row for row in mailings.all_versions(session) if row.channel == point.channel.value and row.state in OUT]
    found: list[MailedIn] = []
    unsearched: list[Mailing] = []
    index = lone_index(point.channel, point.given, peppers, at=at) if point.given is not None else None
    for row in (row for row in rows if row.prepared_at <= at):
        try:
            held = _rows(session, row, base, index) if index is not None else ()
        except PrefcenterError:
            unsearched.append(row)
            continue
        if held:
            found.append(MailedIn(row, _newer(row, rows), held))
    return Mailed(tuple(found), tuple(unsearched))


def _newer(row: Mailing, rows: Sequence[Mailing]) -> int | None:
    if row.dropped_at is not None:
        return None
    return max(
        (other.version for other in rows if other.name == row.name and other.version > row.version), default=None
    )


def _rows(session: Session, row: Mailing, base: Path, index: ListIndex) -> tuple[Held, ...]:
    if row.rows_folder is None or row.rows_erased_at is not None:
        raise PrefcenterError("Its rows are not kept.")
    met: dict[int, dict[str, Any]] = {}
    for place, why in _met(base / row.rows_folder, index):
        met.setdefault(place, why)  # As it was scrubbed rather than as it came back.
    pulls = mailing_pulls.pulls_by_place(session, row.id, list(met))
    return tuple(_held(why, pulls.get(place)) for place, why in sorted(met.items()))


def _met(folder: Path, index: ListIndex) -> Iterator[tuple[int, dict[str, Any]]]:
    for path in kept_folders.kept_files(folder):
        facts = read_facts(path)
        for rows in kept_blocks(path):
            for why in (
                refused(rows, facts, index).filter(pl.col("pc_suppression") == str(HERSELF)).iter_rows(named=True)
            ):
                yield why[PLACE], why


def _held(why: Mapping[str, Any], pull: mailing_pulls.MailingPull | None) -> Held:
    return Held(
        name=str(why.get(ROW_ID) or why[NUMBER]),
        is_own=bool(why.get(ROW_ID)),
        tier=why["pc_tier"],
        score=why["pc_score"],
        pull=None if pull is None else pull.number,
        pulled_at=None if pull is None else pull.at,
    )
