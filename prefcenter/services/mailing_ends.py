"""How a mailing ends: posted, or withdrawn; and when the rows that were kept of it are erased (G13).

Kept rows hold addresses as they were written. They are kept as long as they may be asked for: until the last piece is
expected, and the period of the settings after that. What was pulled stays on record without them: places and reasons.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy.orm import Session

from prefcenter.core.errors import BadInput, NotFound, PrefcenterError, Unavailable
from prefcenter.services import kept_folders
from prefcenter.services.following import OUT, Followed, follow, require_out
from prefcenter.services.ports import Evidence
from prefcenter.store import ledger, mailings
from prefcenter.store.engine import Database
from prefcenter.store.mailings import Mailing, MailingState


def drop(
    session: Session,
    name: str,
    evidence: Evidence,
    *,
    at: datetime,
    dropped_at: datetime | None = None,
    version: int | None = None,
) -> Followed:
    """Record that a mailing was posted: from now on it is in flight, and pulls say so (P12).

    Args:
        session: writes.
        name: the mailing.
        evidence: who says so.
        at: now.
        dropped_at: when it was posted, or None for now.
        version: which version, or None for the newest that is out.

    Raises:
        NotFound: there is no such mailing.
        BadInput: it cannot have been posted then.
        PrefcenterError: it is held, withdrawn or failed, or it was posted already.
    """
    followed = follow(session, name, version)
    row, when = mailings.lock(session, followed.row), dropped_at or at
    require_out(row)
    if row.dropped_at is not None:
        raise PrefcenterError(f"“{row.name}”, version {row.version}, was posted on {row.dropped_at:%Y-%m-%d} already.")
    if when > at:
        raise BadInput(
            f"{when:%Y-%m-%d %H:%M} UTC is yet to come.", remedy="Record it when it has been posted, not before."
        )
    # A date alone is its first minute, and what was prepared that day may have been posted that day.
    if when.date() < row.prepared_at.date():
        raise BadInput(
            f"“{row.name}”, version {row.version}, was prepared on {row.prepared_at:%Y-%m-%d}, after that.",
            remedy="--version names an older one.",
        )
    row.dropped_at = when
    row.state = MailingState.DROPPED
    facts = {
        "mailing": row.name,
        "version": row.version,
        "dropped_at": when.isoformat(),
        "was_stale": when > row.stale_after,
    }
    _log(session, "mailing_dropped", facts, evidence, at)
    session.commit()
    return followed


def withdraw(
    database: Database, base: Path, name: str, evidence: Evidence, *, at: datetime, version: int | None = None
) -> Mailing:
    """Record that a mailing will not be posted: it is not in flight, and its rows are erased.

    Raises:
        NotFound: there is no such mailing.
        PrefcenterError: it was posted, or there is nothing to withdraw.
        Unavailable: it is withdrawn, but its rows cannot be erased now; the worker does that.
    """
    with database.write() as session:
        row = mailings.lock(session, _meant(session, name, version))
        if row.state == MailingState.DROPPED:
            raise PrefcenterError(f"“{row.name}”, version {row.version}, was posted: it cannot be called back.")
        if row.state in (MailingState.WITHDRAWN, MailingState.FAILED):
            raise PrefcenterError(f"“{row.name}”, version {row.version}, is {row.state} already.")
        if row.state == MailingState.PREPARING and not kept_folders.is_free(base, row.rows_folder):
            raise PrefcenterError(f"“{row.name}”, version {row.version}, is still being prepared.")
        row.state = MailingState.WITHDRAWN
        _log(session, "mailing_withdrawn", {"mailing": row.name, "version": row.version}, evidence, at)
        session.commit()
    try:
        erase_rows(database, base, row, "withdrawn", evidence, at=at)
    except Unavailable as error:
        raise Unavailable(
            f"“{row.name}”, version {row.version}, is withdrawn, but its kept rows are not erased yet: {error.message}",
            remedy="The worker erases them within a minute of its being possible.",
        ) from error
    return row


def forget(
    database: Database, base: Path, name: str, evidence: Evidence, *, at: datetime, is_sure: bool = False
) -> list[Mailing]:
    """Erase the kept rows of every version of a mailing before their time; nothing can be pulled from it any more.

    Args:
        database: the record.
        base: where the kept rows of all mailings lie.
        name: the mailing.
        evidence: who wants it, and why.
        at: now.
        is_sure: erase also what may still be pulled from.

    Returns:
        The versions whose rows were erased now.

    Raises:
        NotFound: there is no such mailing.
        PrefcenterError: it has not arrived yet, and nobody said to be sure.
    """
    with database.read() as session:
        rows = mailings.all_versions(session, name)
        if not rows:
            raise _unknown(name)
        current = follow(session, name).row
    if current.state in OUT and current.rows_erased_at is None and mailings.last_expected(current) > at and not is_sure:
        raise PrefcenterError(
            f"“{name}” may arrive until {mailings.last_expected(current):%Y-%m-%d}: without its rows no late opt-out"
            " can be told to the mail house any more.",
            remedy="Say --yes to erase them all the same.",
        )
    kept = [row for row in rows if row.rows_folder is not None and row.rows_erased_at is None]
    kept = [row for row in kept if row.state != MailingState.PREPARING]
    for row in kept:
        erase_rows(database, base, row, "forgotten", evidence, at=at)
    return kept


def purge_due(database: Database, base: Path, keep_for: timedelta, *, at: datetime) -> int:
    """Erase the kept rows whose period is over, and tell of how many mailings (G13)."""
    with database.read() as session:
        rows = [row for row in mailings.with_rows(session) if _is_due(row, keep_for, at)]
    # What lies on another machine is for the worker there: nothing is said to be erased that is not.
    rows = [row for row in rows if kept_folders.is_here(base, row.rows_folder or "")]
    for row in rows:
        erase_rows(database, base, row, "retention", Evidence("system"), at=at)
    return len(rows)


def _is_due(row: Mailing, keep_for: timedelta, at: datetime) -> bool:
    """Of what was withdrawn nothing is kept; somebody was at work on it then."""
    return row.state == MailingState.WITHDRAWN or keep_until(row, keep_for) <= at


def keep_until(row: Mailing, keep_for: timedelta) -> datetime:
    """Until when the rows of a mailing are kept; those of what is not out need not wait for it."""
    return (mailings.last_expected(row) if row.state in (*OUT, MailingState.HELD) else row.prepared_at) + keep_for


def erase_rows(database: Database, base: Path, row: Mailing, why: str, evidence: Evidence, *, at: datetime) -> None:
    """Erase what is kept of a mailing's rows, and say so in the ledger once they are gone.

    Raises:
        Unavailable: somebody is at work there, or they cannot be removed.
    """
    if row.rows_folder is not None and row.rows_erased_at is None:
        if not kept_folders.is_here(base, row.rows_folder):
            raise Unavailable(
                f"The kept rows of “{row.name}”, version {row.version}, are not in {base}, and were not erased.",
                remedy="Do it where they are, or with PREFCENTER_DATA_DIR as it was.",
            )
        kept_folders.erase(base, row.rows_folder)
    with database.write() as session:
        stored = session.get_one(Mailing, row.id)
        if stored.rows_erased_at is not None:
            return
        stored.rows_erased_at = at
        facts = {"mailing": row.name, "version": row.version, "why": why}
        _log(session, "mailing_rows_erased", facts, evidence, at)
        session.commit()
    row.rows_erased_at = at


def _meant(session: Session, name: str, version: int | None) -> Mailing:
    """The version to withdraw: the one named, else the newest that is not ended."""
    if version is not None:
        return follow(session, name, version).row
    rows = mailings.all_versions(session, name)
    if not rows:
        raise _unknown(name)
    ended = (MailingState.FAILED, MailingState.WITHDRAWN)
    return next((row for row in rows if row.state not in ended), rows[0])


def _unknown(name: str) -> NotFound:
    return NotFound(f"There is no mailing “{name}”.", remedy="`prefcenter mailing list` shows them.")


def _log(session: Session, kind: str, facts: dict[str, object], evidence: Evidence, at: datetime) -> None:
    ledger.append(
        session, kind, at=at, actor=evidence.actor, facts=facts | dict(evidence.facts), personal=evidence.personal
    )
