"""A mailing on record while its files come into place: announced first, confirmed when they are there, or failed.

A process may die between any two steps. Whoever comes next finds the mailing announced and nobody at work on it, and
tells by the manifest, which comes into place last, whether the files are there.
"""

from __future__ import annotations

import logging
from datetime import datetime
from pathlib import Path

from sqlalchemy.orm import Session

from prefcenter.core.errors import BadInput, Unavailable
from prefcenter.files.manifest import read_manifest
from prefcenter.files.swapping import recover
from prefcenter.files.writing import MANIFEST_NAME
from prefcenter.services import kept_folders
from prefcenter.services.ports import Evidence
from prefcenter.store import ledger, mailings
from prefcenter.store.engine import Database
from prefcenter.store.mailings import Mailing, MailingState

_log_of_faults = logging.getLogger(__name__)


def confirm(session: Session, row: Mailing, evidence: Evidence, *, at: datetime) -> None:
    """Say that a mailing's files are in place, in the caller's transaction; saying it twice changes nothing."""
    mailings.lock(session, row)
    if row.state not in (MailingState.PREPARING, MailingState.FAILED):
        return
    row.state = MailingState.HELD if row.held_because else MailingState.PREPARED
    _log(session, row, evidence, at)


def confirm_in_place(database: Database, announced: Mailing, evidence: Evidence, *, at: datetime) -> None:
    """Say so in a transaction of its own.

    Raises:
        Unavailable: the database cannot be used; the files are there all the same, and whoever comes next confirms it.
    """
    try:
        with database.write() as session:
            confirm(session, session.get_one(Mailing, announced.id), evidence, at=at)
            session.commit()
    except Unavailable as error:
        raise Unavailable(
            f"The files are in {announced.out_folder}, but the record of that could not be written: {error.message}",
            remedy="The worker does that within a minute, or any command that follows the mailing.",
        ) from error


def fail(
    database: Database, base: Path, number: int, evidence: Evidence, *, at: datetime, is_ours: bool = False
) -> None:
    """Say that a mailing's files did not come into place: there is no such mailing, and its rows are not kept.

    Args:
        database: the record.
        base: where the kept rows of all mailings lie.
        number: the mailing's id.
        evidence: who found it out.
        at: now.
        is_ours: the caller is who scrubbed it.
    """
    with database.write() as session:
        row = mailings.lock(session, session.get_one(Mailing, number))
        if row.state not in (MailingState.PREPARING, MailingState.FAILED):
            return  # Somebody has found its files in place, or has withdrawn it.
        row.state = MailingState.FAILED
        row.rows_erased_at = at
        facts = {"mailing": row.name, "version": row.version}
        ledger.append(session, "mailing_failed", at=at, actor=evidence.actor, facts=facts)
        session.commit()
    if row.rows_folder is not None:
        kept_folders.erase(base, row.rows_folder, is_ours=is_ours)


def finish_abandoned(database: Database, base: Path, *, at: datetime) -> int:
    """Settle the mailings whose scrub died before its end, and tell how many there were.

    One whose manifest is where it belongs has all its files, and is confirmed; any other has failed, and the files that
    it had replaced are put back. Where they cannot be, it stays as it is: they are still to be had.
    """
    with database.read() as session:
        announced = mailings.in_state(session, MailingState.PREPARING)
    dead = [
        row for row in announced if row.rows_folder is not None and kept_folders.is_abandoned(base, row.rows_folder)
    ]
    dead = [row for row in dead if _is_recovered(row)]
    for row in dead:
        if _is_in_place(row):
            with database.write() as session:
                confirm(session, session.get_one(Mailing, row.id), Evidence("system"), at=at)
                session.commit()
        else:
            fail(database, base, row.id, Evidence("system"), at=at)
    kept_folders.sweep(base, [row.rows_folder for row in announced])
    return len(dead)


def _is_recovered(row: Mailing) -> bool:
    if row.out_folder is None:
        return True
    folder = Path(row.out_folder)
    try:
        recover(folder)
    except OSError as error:
        _log_of_faults.warning("what a dead scrub left in %s cannot be put back: %s", folder, error.strerror)
        return False
    return True


def _is_in_place(row: Mailing) -> bool:
    try:
        found = read_manifest(Path(row.out_folder or "") / MANIFEST_NAME)
    except BadInput:
        return False
    return bool(row.manifest) and found.get("signature") == row.manifest.get("signature")


def _log(session: Session, row: Mailing, evidence: Evidence, at: datetime) -> None:
    """The export in the ledger: what was let through, and the digests of the files that prove it."""
    counts = row.manifest["counts"]
    facts = {
        "mailing": row.name,
        "version": row.version,
        "channel": row.channel,
        "brand": row.brand,
        "ledger_position": row.ledger_position,
        "kept": counts["kept"],
        "suppressed": counts["suppressed"],
        "unreadable": counts["unreadable"],
        "inputs": [one["sha256"] for one in row.manifest["inputs"]],
        "outputs": [one["sha256"] for one in row.manifest["outputs"]],
        **({"held": True} if row.state == MailingState.HELD else {}),
    }
    ledger.append(
        session, "mailing", at=at, actor=evidence.actor, facts=facts | dict(evidence.facts), personal=evidence.personal
    )
