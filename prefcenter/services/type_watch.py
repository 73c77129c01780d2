"""Watching what goes out as service: how much of each type reaches people who opted out of marketing (E14, E15)."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from prefcenter.core.watching import USUAL_DAYS, Day, Watched, watch
from prefcenter.store import chores, ledger, registry, watching
from prefcenter.store.engine import Database

EVERY = timedelta(hours=1)
"""How often a worker looks."""

_CHORE = "type_watch"


@dataclass(frozen=True, slots=True)
class WatchedType:
    """A message type, and what the watch says of it.

    Args:
        slug: its slug.
        message_class: service or legal.
        brand: its brand's slug.
        category: why it is exempt, where it is service.
        watched: its last day beside its usual.
    """

    slug: str
    message_class: str
    brand: str
    category: str | None
    watched: Watched


def watch_types(session: Session, *, at: datetime) -> list[WatchedType]:
    """Compare the last 24 hours of every service and legal type with the 28 days before; only reads.

    Types that sent nothing in all that time are told as well, archived ones only where they sent something.
    """
    days: dict[str, dict[int, Day]] = defaultdict(dict)
    for one in watching.reached(session, USUAL_DAYS + 1, at=at):
        days[one.message_type][one.days_ago] = Day(one.sent, one.opted_out)
    told = []
    for row, brand, _ in registry.types(session, with_archived=True):
        if row.message_class in watching.WATCHED and (row.archived_at is None or row.slug in days):
            own = days.get(row.slug, {})
            before = [own[number] for number in range(1, USUAL_DAYS + 1) if number in own]
            seen = watch(own.get(0, Day(0, 0)), before)
            told.append(WatchedType(row.slug, row.message_class, brand.slug, row.category, seen))
    return told


def watch_hourly(database: Database, *, at: datetime) -> int:
    """Look once an hour, whichever worker comes first, and tell the ledger of alarms, once a day a type; commits.

    Returns:
        How many alarms were told.
    """
    with database.read() as session:
        if not chores.is_due(session, _CHORE, EVERY, at=at):
            return 0
    with database.write() as session:
        if not chores.claim(session, _CHORE, EVERY, at=at):
            return 0
        session.commit()
    with database.read() as session:
        alarmed = [one for one in watch_types(session, at=at) if one.watched.alarm]
    if not alarmed:
        return 0
    with database.write() as session:
        new = [one for one in alarmed if watching.note_alarm(session, one.slug, at=at)]
        for one in new:
            ledger.append(session, "watch_alarm", at=at, actor="system", facts=_facts(one))
        session.commit()
    return len(new)


def _facts(one: WatchedType) -> dict[str, object]:
    last = one.watched.last
    facts: dict[str, object] = {"type": one.slug, "class": one.message_class, "brand": one.brand}
    return facts | {"why": one.watched.alarm, "sent": last.sent, "opted_out": last.opted_out}
