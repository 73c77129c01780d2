"""Choosing how often marketing may come at most: a limit for each contact point, kept at the gate as a cap.

A link may only make it stricter (E18); loosening it takes a code, and comes through :func:`set_frequency`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Table
from sqlalchemy.orm import Session

from prefcenter.core.channels import Channel, Source
from prefcenter.core.errors import BadInput
from prefcenter.core.frequency import Limit, is_stricter
from prefcenter.services.errors import NotAllowed
from prefcenter.services.optouts import UNDO_WINDOW
from prefcenter.services.points import Point
from prefcenter.services.ports import Evidence
from prefcenter.store import frequencies, ledger
from prefcenter.store.dialects import insert_in, name_of
from prefcenter.store.frequencies import FrequencyLimit

CHANNELS = frozenset({Channel.EMAIL, Channel.SMS})
"""The channels that a limit is kept in: when a letter leaves is the mailing's business."""

_LIMITS = cast("Table", FrequencyLimit.__table__)


@dataclass(frozen=True, slots=True)
class Limited:
    """A change of how often a contact point gets marketing.

    Args:
        point: whose.
        limit: what holds now; None for no limit.
        before: what held before.
        row_id: the new limit's number; None where there is none.
    """

    point: Point
    limit: Limit | None
    before: Limit | None
    row_id: int | None


def limit_of(session: Session, point: Point) -> Limit | None:
    """The strictest limit that stands for a contact point."""
    found = frequencies.limits(session, point.own)
    strictest: Limit | None = None
    for limit, _ in found.values():
        strictest = limit if is_stricter(limit, strictest) else strictest
    return strictest


def set_frequency(
    session: Session,
    point: Point,
    limit: Limit | None,
    evidence: Evidence,
    *,
    at: datetime,
    source: Source = Source.PREFERENCE_PAGE,
) -> Limited | None:
    """Set how often marketing may come at most, stricter or looser; None ends the limit. Commits.

    Whoever calls it has made sure that it is the person's own act: a looser one takes a code (E18).

    Returns:
        What changed, or None where it was so before.

    Raises:
        BadInput: the channel knows no limit.
    """
    changed = take_frequency(session, point, limit, evidence, at=at, source=source)
    session.commit()
    return changed


def take_stricter(
    session: Session, mine: Sequence[Point], limit: Limit, evidence: Evidence, *, at: datetime, source: Source
) -> list[Limited]:
    """Set a limit wherever it is stricter than what stands, as a link may (E18); within the caller's transaction."""
    changed = []
    for point in mine:
        if point.channel in CHANNELS and is_stricter(limit, limit_of(session, point)):
            made = take_frequency(session, point, limit, evidence, at=at, source=source)
            changed += [made] if made is not None else []
    return changed


def take_frequency(
    session: Session, point: Point, limit: Limit | None, evidence: Evidence, *, at: datetime, source: Source
) -> Limited | None:
    """Do what :func:`set_frequency` does, within the caller's transaction; one line in the ledger for a real change."""
    if point.channel not in CHANNELS:
        raise BadInput("How often something comes can be chosen for email and texts only.")
    rows = frequencies.standing(session, point.own)
    before = _strictest(rows)
    if before is limit:
        return None
    for row in rows:
        row.ended_at, row.ended_by = at, "replaced" if limit else "lift"
    session.flush()
    row_id = None if limit is None else _insert(session, point, limit, evidence, at, source)
    if limit is not None and row_id is None:
        return None  # Somebody else was first in the meantime.
    facts = {"channel": point.channel.value, "most": limit or "any", "before": before or "any", "source": source.value}
    _log(session, point.digest, facts, evidence, at)
    return Limited(point, limit, before, row_id)


def take_back(session: Session, row_ids: Sequence[int], evidence: Evidence, *, at: datetime) -> None:
    """Undo limits that a page set by mistake, and let hold what held before; within the caller's transaction.

    Raises:
        NotAllowed: 30 minutes have passed, so that it takes a code (E18).
    """
    for row_id in row_ids:
        row = session.get(FrequencyLimit, row_id, with_for_update=True, populate_existing=True)
        if row is None or row.ended_at is not None:
            continue  # Another choice has taken its place, and that one stays.
        if at - row.since > UNDO_WINDOW:
            raise NotAllowed("This can no longer be undone from here: more than 30 minutes have passed.")
        row.ended_at, row.ended_by = at, "lift"
        session.flush()
        before = frequencies.replaced_by(session, row)
        if before is not None:
            session.add(_again(before, at))
            session.flush()
        held = before.most if before is not None else "any"
        facts = {"channel": row.channel, "most": held, "before": row.most, "source": row.source, "by": "undo"}
        _log(session, row.digest, facts, evidence, at)


def _strictest(rows: Sequence[FrequencyLimit]) -> Limit | None:
    strictest: Limit | None = None
    for row in rows:
        strictest = Limit(row.most) if is_stricter(Limit(row.most), strictest) else strictest
    return strictest


def _insert(
    session: Session, point: Point, limit: Limit, evidence: Evidence, at: datetime, source: Source
) -> int | None:
    values = {
        "channel": point.channel.value,
        "digest": point.digest,
        "pepper_id": point.pepper_id,
        "most": limit.value,
        "since": at,
        "source": source.value,
        "actor": evidence.actor,
    }
    query = insert_in(name_of(session), _LIMITS).on_conflict_do_nothing().values(values).returning(_LIMITS.c.id)
    row_id: int | None = session.execute(query).scalar_one_or_none()
    return row_id


def _again(row: FrequencyLimit, at: datetime) -> FrequencyLimit:
    return FrequencyLimit(
        channel=row.channel,
        digest=row.digest,
        pepper_id=row.pepper_id,
        most=row.most,
        since=at,
        source=row.source,
        actor=row.actor,
    )


def _log(session: Session, digest: bytes, facts: Mapping[str, Any], evidence: Evidence, at: datetime) -> None:
    told = dict(facts) | dict(evidence.facts)
    ledger.append(
        session,
        "frequency",
        at=at,
        actor=evidence.actor,
        subject=digest,
        facts=told,
        personal=dict(evidence.personal) or None,
    )
