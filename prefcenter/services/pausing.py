"""Pausing all marketing for some weeks: it ends by itself on a named day, and a link never shortens it (E18)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from prefcenter.core.channels import Reason, Scope, Source
from prefcenter.services.optouts import take
from prefcenter.services.points import Point, Points
from prefcenter.services.ports import Evidence
from prefcenter.services.suppressing import OptOut, Recorded
from prefcenter.store.suppressions import Suppression

DAYS: Final = (30, 60, 90)
"""The lengths that are offered."""


@dataclass(frozen=True, slots=True)
class Paused:
    """A pause of one contact point."""

    point: Point
    recorded: Recorded
    until: datetime


def end_of(days: int, at: datetime) -> datetime:
    """When a pause ends: at the first midnight (UTC) that is at least so many days away.

    Whoever presses twice on one day so asks for the same.

    >>> end_of(30, datetime(2026, 11, 23, 15, 0, tzinfo=UTC)).isoformat()
    '2026-12-24T00:00:00+00:00'
    """
    end = (at + timedelta(days=days)).astimezone(UTC)
    midnight = datetime.combine(end.date(), time(), UTC)
    return midnight if midnight == end else midnight + timedelta(days=1)


def paused_until(session: Session, point: Point, *, at: datetime) -> datetime | None:
    """Until when a contact point's marketing is paused now; None where it is not."""
    query = select(Suppression.until).where(
        Suppression.channel == point.channel.value,
        Suppression.digest.in_(point.own),
        Suppression.reason == Reason.PAUSED.value,
        Suppression.scope == str(Scope.everything()),
        Suppression.ended_at.is_(None),
        Suppression.until > at,
    )
    return max((until for until in session.scalars(query) if until is not None), default=None)


def take_pause(
    session: Session,
    points: Points,
    mine: Sequence[Point],
    days: int,
    source: Source,
    evidence: Evidence,
    *,
    at: datetime,
) -> list[Paused]:
    """Pause all marketing to some contact points, within the caller's transaction.

    Where a pause stands that lasts as long or longer, nothing is changed.

    Returns:
        The pauses that are new or longer.
    """
    until = end_of(days, at)
    made = []
    for point in mine:
        standing = paused_until(session, point, at=at)
        if standing is None or standing < until:
            opt_out = OptOut(Reason.PAUSED, Scope.everything(), source, until=until)
            made.append(Paused(point, take(session, points, point, opt_out, evidence, at=at), until))
    return made


def resume_shorter(
    session: Session,
    points: Points,
    mine: Sequence[Point],
    undone: Sequence[int],
    evidence: Evidence,
    *,
    at: datetime,
) -> None:
    """Let shorter pauses hold again whose place pauses had taken that were undone; within the caller's transaction."""
    by_digest = {digest: point for point in mine for digest in point.own}
    for number in undone:
        row = session.get(Suppression, number)
        if row is None or row.reason != Reason.PAUSED.value or row.digest not in by_digest:
            continue
        query = select(Suppression).where(
            Suppression.channel == row.channel,
            Suppression.digest.in_(by_digest[row.digest].own),
            Suppression.reason == row.reason,
            Suppression.scope == row.scope,
            Suppression.ended_by == "replaced",
            Suppression.ended_at == row.recorded_at,
            Suppression.until > at,
        )
        before = session.scalars(query.order_by(Suppression.id.desc()).limit(1)).first()
        if before is not None:
            opt_out = OptOut(
                Reason.PAUSED, Scope.parse(before.scope), Source(before.source), since=before.since, until=before.until
            )
            take(session, points, by_digest[row.digest], opt_out, evidence, at=at)
