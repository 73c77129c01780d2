"""Kept rows that no mailing on record needs: of a database that came back from a backup, or of a run that died (G13).

They cannot be pulled from, and are erased like others, but not at once: the database may be restored once more, and two
databases may have been given one folder by mistake. What is recorded as erased and still lies there goes at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from prefcenter.core.errors import PrefcenterError, Unavailable
from prefcenter.services import kept_folders
from prefcenter.services.ports import Evidence
from prefcenter.store import ledger, mailings
from prefcenter.store.engine import Database

AT_LEAST = timedelta(days=1)
"""What is younger is not looked at, whoever asks."""
WITHOUT_DATES = timedelta(days=30)
"""So long after its scrub a mailing without dates is in flight; its rows are kept on from there."""


@dataclass(frozen=True, slots=True)
class Stray:
    """A folder of kept rows that no mailing on record needs.

    Args:
        name: the folder's name.
        since: when its last file was written.
        size: its bytes.
        is_recorded: whether a mailing on record says that it is erased.
    """

    name: str
    since: datetime
    size: int
    is_recorded: bool


def erase_strays(
    database: Database, base: Path, older_than: timedelta, evidence: Evidence, *, at: datetime
) -> list[Stray]:
    """Erase what no mailing on record needs, nobody is at work on, and is old enough; say so in the ledger.

    Args:
        database: the record.
        base: where the kept rows of all mailings lie.
        older_than: what was written later than that ago stays, unless it is recorded as erased.
        evidence: who wants it.
        at: now.
    """
    erased = []
    for stray in strays(database, base, older_than, at=at):
        try:
            kept_folders.erase(base, stray.name)
        except Unavailable:
            continue  # Somebody is at work there after all.
        erased.append(stray)
    if erased:
        facts = {"why": "not on record", "folders": len(erased), "bytes": sum(stray.size for stray in erased)}
        with database.write() as session:
            ledger.append(
                session,
                "mailing_rows_erased",
                at=at,
                actor=evidence.actor,
                facts=facts | dict(evidence.facts),
                personal=evidence.personal,
            )
            session.commit()
    return erased


def forget_strays(
    database: Database, base: Path, evidence: Evidence, *, at: datetime, is_sure: bool = False
) -> list[Stray]:
    """Erase them before their time, all but those of the last day.

    Raises:
        PrefcenterError: there are some, and nobody said to be sure.
    """
    found = strays(database, base, AT_LEAST, at=at)
    if found and not is_sure:
        newest = max(stray.since for stray in found)
        raise PrefcenterError(
            f"In {base} lie the kept rows of {len(found):,} mailing{'' if len(found) == 1 else 's'} not on record"
            f" ({sum(stray.size for stray in found) / 1e6:,.1f} MB, the newest of {newest:%Y-%m-%d}).",
            remedy="If no other database uses that folder and none is to be restored, say --yes to erase them.",
        )
    return erase_strays(database, base, AT_LEAST, evidence, at=at)


def strays(database: Database, base: Path, older_than: timedelta, *, at: datetime) -> list[Stray]:
    """The folders that no mailing on record needs, and that are old enough."""
    # First the folders, then the record: a mailing is on record before its folder has its name.
    folders = list(kept_folders.published(base))
    with database.read() as session:
        needed, erased = mailings.rows_folders(session)
    found = (_looked_at(path, is_recorded=path.name in erased) for path in folders if path.name not in needed)
    young = max(older_than, AT_LEAST)
    return [stray for stray in _sorted(found) if stray.is_recorded or at - stray.since > young]


def _looked_at(path: Path, *, is_recorded: bool) -> Stray | None:
    try:
        facts = [each.stat() for each in (path, *path.iterdir())]
    except OSError:
        return None  # Somebody erases it just now.
    since = datetime.fromtimestamp(max(each.st_mtime for each in facts), UTC)
    return Stray(path.name, since, sum(each.st_size for each in facts[1:]), is_recorded)


def _sorted(found: Iterator[Stray | None]) -> list[Stray]:
    return sorted((stray for stray in found if stray is not None), key=lambda stray: stray.since)
