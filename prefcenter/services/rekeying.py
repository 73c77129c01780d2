"""Keying the postal entries of the list anew, when the canonical form of addresses changes or the pepper is renewed.

Keys are only ever added: what an entry is found by today it is found by tomorrow. An erased entry keeps the keys that
it has, and former forms are kept to find it by (:mod:`prefcenter.core.postal.versions`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select

from prefcenter.core.channels import Channel, Level
from prefcenter.core.errors import BadAddress
from prefcenter.core.postal import versions
from prefcenter.core.postal.address import PostalAddress
from prefcenter.services.fanning_out import add_keys, inherit
from prefcenter.services.keying import note_forms
from prefcenter.services.keyring import require_all
from prefcenter.services.points import Point, Points
from prefcenter.services.ports import Clock, Evidence, Keyring
from prefcenter.store import keyings, ledger
from prefcenter.store.contacts import ContactPoint
from prefcenter.store.engine import Database
from prefcenter.store.suppressions import Suppression

READ = 1_000
"""Entries whose keys are made at once, outside of any transaction that writes."""

CHUNK = 50
"""Entries to a commit: a click that comes meanwhile waits for one chunk at most, well under a second."""

Progress = Callable[[int], None]
"""Told how many entries have been looked at."""


@dataclass(frozen=True, slots=True)
class Failed:
    """An entry that cannot be keyed anew; it is found as before, by the keys that it has."""

    suppression_id: int
    problem: str


@dataclass(slots=True)
class Rekeyed:
    """What came of it.

    Args:
        form: the form that entries are keyed in now.
        rekeyed: entries that have its keys now.
        failed: entries that cannot be keyed in it.
        people: contacts whose refusals reach their postal addresses in it.
        erased: entries without a readable address, which keep their keys.
    """

    form: str
    rekeyed: int = 0
    failed: list[Failed] = field(default_factory=list)
    people: int = 0
    erased: int = 0


def rekey(
    database: Database,
    keyring: Keyring,
    points: Points,
    evidence: Evidence,
    *,
    clock: Clock,
    every: bool = False,
    progress: Progress = lambda _seen: None,
) -> Rekeyed:
    """Add the keys of today's form and the newest pepper to every readable postal entry that lacks them.

    Commits in short chunks, so that a click never waits, and goes on where it stopped when it is run again. One ledger
    entry says what was done, also of a run that was stopped.

    Args:
        database: where.
        keyring: the keys, checked first (X12).
        points: makes the keys.
        evidence: who does it.
        clock: tells the time.
        every: those too that are noted to have all keys already.
        progress: told how far it is.

    Raises:
        MissingKey: a key in use is missing.
    """
    with database.read() as session:
        require_all(session, keyring)
    done = Rekeyed(versions.current())
    try:
        _entries(database, keyring, points, done, clock, progress, every=every)
        if done.rekeyed or every:
            _people(database, points, done)
    finally:
        with database.read() as session:
            done.erased = keyings.count_erased(session)
        if done.rekeyed or done.failed:
            _log(database, done, evidence, at=clock())
    return done


def _entries(
    database: Database,
    keyring: Keyring,
    points: Points,
    done: Rekeyed,
    clock: Clock,
    progress: Progress,
    *,
    every: bool,
) -> None:
    after = seen = 0
    while True:
        with database.read() as session:
            page = keyings.outdated(session, done.form, keyring.peppers.ids[0], after=after, limit=READ, every=every)
        if not page:
            return
        after = page[-1].id
        made = _made(points, page, done)
        for start in range(0, len(made), CHUNK):
            done.rekeyed += _write(database, made[start : start + CHUNK], at=clock())
        seen += len(page)
        progress(seen)


def _made(points: Points, page: Sequence[Row[Any]], done: Rekeyed) -> list[tuple[int, Point]]:
    """The points of some entries; those that cannot be read any more are put down as failed."""
    addresses = [_address(row.given) for row in page]
    found = points.post_many(addresses, [Level(row.level or Level.INDIVIDUAL) for row in page])
    done.failed += [
        Failed(row.id, str(point)) for row, point in zip(page, found, strict=True) if isinstance(point, BadAddress)
    ]
    return [(row.id, point) for row, point in zip(page, found, strict=True) if isinstance(point, Point)]


def _address(given: dict[str, Any]) -> PostalAddress:
    names = ("name", "company", "address1", "address2", "city", "state", "zip", "country")
    return PostalAddress(**{name: str(given[name]) for name in names if given.get(name)})


def _write(database: Database, made: Sequence[tuple[int, Point]], *, at: datetime) -> int:
    """Add the keys of some entries; one that ended meanwhile needs none."""
    with database.write() as session:
        query = select(Suppression.id).where(
            Suppression.id.in_([number for number, _ in made]), Suppression.ended_at.is_(None)
        )
        standing = set(session.scalars(query.with_for_update(key_share=True)))
        kept = [(number, point) for number, point in made if number in standing]
        for number, point in kept:
            add_keys(session, number, [(key, Channel.POST, True) for key in point.stored])
        note_forms(session, kept, at)
        session.commit()
    return len(kept)


def _people(database: Database, points: Points, done: Rekeyed) -> None:
    """Let refusals that bind a person reach the person's postal addresses in today's form (G15)."""
    with database.read() as session:
        query = select(ContactPoint.contact_id).where(ContactPoint.channel == Channel.POST.value).distinct()
        people = sorted(session.scalars(query))
    for start in range(0, len(people), CHUNK):
        with database.write() as session:
            for contact in people[start : start + CHUNK]:
                inherit(session, points, contact)
            session.commit()
    done.people = len(people)


def _log(database: Database, done: Rekeyed, evidence: Evidence, *, at: datetime) -> None:
    facts = {"form": done.form, "rekeyed": done.rekeyed, "failed": len(done.failed), "erased": done.erased}
    with database.write() as session:
        told = facts | dict(evidence.facts)
        ledger.append(session, "rekey", at=at, actor=evidence.actor, facts=told, personal=evidence.personal)
        session.commit()
