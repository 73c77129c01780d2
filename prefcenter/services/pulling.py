"""Late opt-outs: the rows of a clean file that would now be refused, told to the mail house by their own id (P12).

The kept rows are judged again, each time all of them, by the same question: no times are compared, so nothing slips
between the moment at which the list was read and the one at which the file was written. What is told is written whole
first and noted afterwards: after a crash between the two, rows are told once too often, never once too seldom.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from prefcenter.core.errors import Unavailable
from prefcenter.core.postal.tiers import Unsure
from prefcenter.files.tables import FileFacts
from prefcenter.scrub.index import ListIndex, build_index
from prefcenter.scrub.kept import PLACE, read_facts
from prefcenter.scrub.run import Progress
from prefcenter.services import kept_folders, sealing
from prefcenter.services.following import channel_of, follow, question_of, require_out, rows_folder
from prefcenter.services.keyring import require_all
from prefcenter.services.mailing_orders import ask_of
from prefcenter.services.mailing_rows import refused_rows, told_rows
from prefcenter.services.ports import Clock, Evidence, Keyring
from prefcenter.services.sealing import LedgerKeys
from prefcenter.store import ledger, mailing_pulls, mailings
from prefcenter.store.engine import Database
from prefcenter.store.mailing_pulls import MailingPull
from prefcenter.store.mailings import Mailing

PULLED_COLUMNS = ("pc_reason", "pc_since", "pc_suppression", "pc_tier", "pc_score")
"""What is told of each row beside its id: no personal data."""


@dataclass(frozen=True, slots=True)
class Pulled:
    """What one pull tells.

    Args:
        mailing: the version of the mailing.
        number: which pull of it this is; None where there is nothing to tell, so that there is no pull.
        position: the ledger was applied up to there, or further.
        rows: a row for each that is told: its id under the file's own name, and why.
        new: how many of them had not been told before.
        remarks: what a person should know, as sentences.
    """

    mailing: Mailing
    number: int | None
    position: int
    rows: pl.DataFrame
    new: int
    remarks: tuple[str, ...]


Deliver = Callable[[Pulled], FileFacts]
"""Hands over what is pulled, whole and durably, and tells the file's name, hash and rows."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which pull is wanted.

    Args:
        name: the mailing.
        version: which version of it, or None for the newest that is out.
        again: tell what was told before, too.
    """

    name: str
    version: int | None = None
    again: bool = False


def pull(
    database: Database,
    keyring: Keyring,
    ledger_keys: LedgerKeys,
    base: Path,
    wanted: Wanted,
    evidence: Evidence,
    *,
    deliver: Deliver,
    clock: Clock,
    index_in: Path | None = None,
    progress: Progress | None = None,
) -> Pulled:
    """Tell the rows of a mailing that would now be refused and were not told yet, and note that they were.

    Where there is nothing to tell, nothing is delivered and no pull counted; that it was asked is noted all the same:
    the proof that up to there nobody had to be taken out (P12).

    Args:
        database: the list, and the mailing's record.
        keyring: the keys, checked first (X12).
        ledger_keys: they seal the ledger, so that the pull has a position in it.
        base: where the kept rows of all mailings lie.
        wanted: which mailing.
        evidence: who asks.
        deliver: writes what is told; what it raises leaves nothing noted.
        clock: tells the time.
        index_in: where the list is kept as it was read.
        progress: told after each block of kept rows; it may stop the pull by what it raises.

    Raises:
        NotFound: there is no such mailing.
        PrefcenterError: it is held, withdrawn or failed, or its rows are not kept any more.
        Unavailable: somebody else pulls from it now.
    """
    at = clock()
    with database.read() as session:
        followed = follow(session, wanted.name, wanted.version)
    row = followed.row
    require_out(row)
    folder = rows_folder(row, base)
    with kept_folders.locked(folder):
        position, index = list_now(database, keyring, ledger_keys, row, folder, index_in, at=at)
        with database.read() as session:
            before = mailing_pulls.pulled_rows(session, row.id)
            number: int | None = mailing_pulls.next_pull(session, row.id)
        late = {place: found for place, found in refused_rows(folder, index, progress) if place not in before}
        known = told_rows(folder, before, PULLED_COLUMNS)
        told = told_rows(folder, late, PULLED_COLUMNS, without=known)
        rows = (pl.concat([known, told]) if wanted.again else told).drop(PLACE)
        number = None if rows.is_empty() else number
        pulled = Pulled(row, number, position, rows, told.height, tuple(followed.remarks(at)))
        if number is None:
            _note_asking(database, pulled, evidence, at=at)
        else:
            _note(database, pulled, number, late, deliver(pulled), evidence, at=at)
    return pulled


def list_now(
    database: Database,
    keyring: Keyring,
    ledger_keys: LedgerKeys,
    row: Mailing,
    folder: Path,
    index_in: Path | None,
    *,
    at: datetime,
) -> tuple[int, ListIndex]:
    """The list as a mailing sees it now, and the position in the ledger up to which it is applied."""
    unsure = Unsure(read_facts(kept_folders.scrubbed_files(folder)[0]).unsure)
    with database.write() as session:
        require_all(session, keyring)
        position = sealing.seal(session, ledger_keys, at=at).position
    with database.read() as session:
        ask = ask_of(question_of(session, row), channel_of(row))
        return position, build_index(session, keyring.peppers, ask, at=at, unsure=unsure, keep_in=index_in)


def _note_asking(database: Database, pulled: Pulled, evidence: Evidence, *, at: datetime) -> None:
    """Put on record that somebody asked, and that there was nothing to be pulled."""
    with database.write() as session:
        entry = _ask(session, pulled, at) | dict(evidence.facts)
        ledger.append(session, "mailing_asked", at=at, actor=evidence.actor, facts=entry, personal=evidence.personal)
        session.commit()


def _note(
    database: Database,
    pulled: Pulled,
    number: int,
    late: Mapping[int, Mapping[str, Any]],
    facts: FileFacts,
    evidence: Evidence,
    *,
    at: datetime,
) -> None:
    """Put the pull on record, with the rows that it told."""
    noted = MailingPull(
        mailing_id=pulled.mailing.id,
        number=number,
        at=at,
        actor=evidence.actor,
        ledger_position=pulled.position,
        rows=pulled.new,
        told=pulled.rows.height,
        file_name=facts.name,
        sha256=facts.sha256,
    )
    told = {"pull": number, "rows": pulled.new, "told": pulled.rows.height, "sha256": facts.sha256}
    try:
        with database.write() as session:
            session.add(noted)
            session.flush()
            mailing_pulls.add_pulled(session, noted, sorted(late.items()))
            entry = _ask(session, pulled, at) | told | dict(evidence.facts)
            ledger.append(session, "mailing_pull", at=at, actor=evidence.actor, facts=entry, personal=evidence.personal)
            session.commit()
    except IntegrityError:
        raise Unavailable(
            "Somebody else has pulled from this mailing meanwhile; what was written is not on record.",
            remedy="Pull again: what is not on record is told once more.",
        ) from None


def _ask(session: Session, pulled: Pulled, at: datetime) -> dict[str, Any]:
    """Note when a mailing was last asked, and tell what the ledger is told of any asking.

    It may have been posted while its rows were judged, so it is looked at anew.
    """
    row = mailings.lock(session, session.get_one(Mailing, pulled.mailing.id))
    row.asked_at, row.asked_position = at, pulled.position
    return {
        "mailing": row.name,
        "version": row.version,
        "ledger_position": pulled.position,
        "after_cutoff": row.cutoff_at is not None and at > row.cutoff_at,
        "in_flight": row.dropped_at is not None,
    }
