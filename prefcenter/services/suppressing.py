"""The building block under every opt-out: a suppression and its ledger entry, in the caller's transaction.

Use cases that record opt-outs (a click, a STOP, a mail, an import, an operator's note) all come through here, so that
idempotency, fan-out and the ledger are the same for each. Nothing here commits.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from prefcenter.core.channels import PERSON_REASONS, Channel, Level, Reason, Scope, Source
from prefcenter.services.points import Point, PointKey, Points
from prefcenter.services.ports import Evidence
from prefcenter.store import contacts, ledger
from prefcenter.store.suppressions import Suppression, SuppressionAddress, SuppressionKey, by_digests

OWN_ACTS = frozenset(
    {
        Source.ONE_CLICK,
        Source.UNSUBSCRIBE_PAGE,
        Source.PREFERENCE_PAGE,
        Source.UNSUBSCRIBE_MAIL,
        Source.SMS_KEYWORD,
        Source.SNAIL_MAIL_REQUEST,
    }
)
"""Sources that are the person's own act: what they brought can be lifted by the person, and never voided (X10)."""


@dataclass(frozen=True, slots=True)
class OptOut:
    """A reason not to send, to be put on the list.

    Args:
        reason: why.
        scope: how far it reaches within the point's channel.
        source: how it reached us.
        since: from when, by default the moment of recording.
        until: for a pause or an external list, when it ends by itself.
        source_ref: the message, file or batch that it came in.
        batch: a name under which it can be undone together with others of the same cause.
        is_verified: False where it rests on hearsay (an unverified death).
    """

    reason: Reason
    scope: Scope
    source: Source
    since: datetime | None = None
    until: datetime | None = None
    source_ref: str = ""
    batch: str | None = None
    is_verified: bool = True


@dataclass(frozen=True, slots=True)
class Recorded:
    """What came of it.

    Args:
        suppression_id: the entry on the list.
        is_new: False where the same reason stood there already.
        since: since when it holds.
    """

    suppression_id: int
    is_new: bool
    since: datetime


def suppress(
    session: Session, points: Points, point: Point, opt_out: OptOut, evidence: Evidence, *, at: datetime
) -> Recorded:
    """Put a reason on the list, once: the same one again changes nothing and says so.

    The unique index decides who was first, not a look before: two requests at once leave one entry.
    """
    standing = _standing(session, point, opt_out)
    if standing is not None and standing.until == opt_out.until:
        return Recorded(standing.id, is_new=False, since=standing.since)
    if standing is not None:
        _end(session, standing, "replaced", evidence, at=at)
    row = _row(point, opt_out, evidence, at)
    try:
        with session.begin_nested():
            session.add(row)
            session.flush()
    except IntegrityError:
        other = _standing(session, point, opt_out)
        if other is None:
            raise
        return Recorded(other.id, is_new=False, since=other.since)
    _add_details(session, points, point, row)
    _log(session, point, row, evidence, at)
    return Recorded(row.id, is_new=True, since=row.since)


def _standing(session: Session, point: Point, opt_out: OptOut) -> Suppression | None:
    query = select(Suppression).where(
        Suppression.channel == point.channel.value,
        Suppression.digest.in_({point.digest, *(key.digest for key in point.stored[:1]), *_same_address(point)}),
        Suppression.reason == opt_out.reason.value,
        Suppression.scope == str(opt_out.scope),
        Suppression.level == (point.level or ""),
        Suppression.is_own_act == (opt_out.source in OWN_ACTS),
        Suppression.ended_at.is_(None),
    )
    return session.scalars(query.order_by(Suppression.id)).first()


def _same_address(point: Point) -> Sequence[bytes]:
    """Digests of the same address under older peppers; of a postal point only its own, since its keys also meet kin."""
    return point.lookup if point.channel is not Channel.POST else ()


def _row(point: Point, opt_out: OptOut, evidence: Evidence, at: datetime) -> Suppression:
    return Suppression(
        channel=point.channel.value,
        digest=point.digest,
        pepper_id=point.pepper_id,
        reason=opt_out.reason.value,
        scope=str(opt_out.scope),
        level=point.level or "",
        since=opt_out.since or at,
        until=opt_out.until,
        source=opt_out.source.value,
        source_ref=opt_out.source_ref,
        batch=opt_out.batch,
        actor=evidence.actor,
        is_own_act=opt_out.source in OWN_ACTS,
        is_verified=opt_out.is_verified,
        recorded_at=at,
    )


def _add_details(session: Session, points: Points, point: Point, row: Suppression) -> None:
    own = [(key, point.channel, True) for key in point.stored]
    others = (
        [(key, other.channel, False) for other in siblings(session, points, point) for key in other.stored]
        if Reason(row.reason) in PERSON_REASONS
        else []
    )
    add_keys(session, row.id, own + others)
    if point.given is not None:
        session.add(SuppressionAddress(suppression_id=row.id, given=dict(point.given)))


def add_keys(session: Session, suppression_id: int, keys: Iterable[tuple[PointKey, Channel, bool]]) -> None:
    """Let a suppression be found under further digests; those that it has already are left out."""
    query = select(SuppressionKey.digest).where(SuppressionKey.suppression_id == suppression_id)
    there = set(session.scalars(query))
    for key, channel, is_own in keys:
        if key.digest in there:
            continue
        there.add(key.digest)
        session.add(
            SuppressionKey(
                suppression_id=suppression_id,
                channel=channel.value,
                kind=key.kind,
                digest=key.digest,
                pepper_id=key.pepper_id,
                bucket=key.bucket,
                is_own=is_own,
            )
        )


def siblings(session: Session, points: Points, point: Point) -> list[Point]:
    """The other contact points of everybody who has this one (G15)."""
    owners = {known.contact_id for known in contacts.points_by_digest(session, {point.digest, *point.lookup})}
    found = []
    for known in contacts.points_of(session, owners):
        if known.digest != point.digest and known.value is not None:
            found.append(points.given(Channel(known.channel), known.value))
    return found


def inherit(session: Session, points: Points, contact_id: int) -> None:
    """Let all points of a contact carry the reasons that bind the person, such as after a new point was added (G15)."""
    known = [
        points.given(Channel(row.channel), row.value)
        for row in contacts.points_of(session, [contact_id])
        if row.value is not None
    ]
    digests = {digest for point in known for digest in point.lookup}
    bound = {
        suppression.id
        for suppression, _ in by_digests(session, digests)
        if Reason(suppression.reason) in PERSON_REASONS
    }
    for suppression_id in bound:
        add_keys(session, suppression_id, [(key, point.channel, False) for point in known for key in point.stored])


def end(session: Session, row: Suppression, how: str, evidence: Evidence, *, at: datetime) -> None:
    """End a suppression (``lift`` or ``void``), and say so in the ledger."""
    _end(session, row, how, evidence, at=at)


def _end(session: Session, row: Suppression, how: str, evidence: Evidence, *, at: datetime) -> None:
    row.ended_at, row.ended_by = at, how
    session.flush()
    ledger.append(
        session,
        how,
        at=at,
        actor=evidence.actor,
        subject=row.digest,
        facts={"suppression": row.id, "channel": row.channel, "reason": row.reason, "scope": row.scope}
        | dict(evidence.facts),
        personal=evidence.personal,
    )


def _log(session: Session, point: Point, row: Suppression, evidence: Evidence, at: datetime) -> None:
    facts = {
        "suppression": row.id,
        "channel": row.channel,
        "reason": row.reason,
        "scope": row.scope,
        "source": row.source,
        "since": row.since.isoformat(),
    }
    if row.level:
        facts["level"] = row.level
    if row.until is not None:
        facts["until"] = row.until.isoformat()
    personal = dict(evidence.personal) | ({"address": dict(point.given)} if point.given is not None else {})
    ledger.append(
        session,
        "suppress",
        at=at,
        actor=evidence.actor,
        subject=point.digest,
        facts=facts | dict(evidence.facts),
        personal=personal,
    )


def level_of(row: Suppression) -> Level | None:
    """Whom a postal suppression covers, None in the other channels."""
    return Level(row.level) if row.level else None
