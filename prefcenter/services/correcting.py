"""Correcting an address or a number: the new one takes the old one's place, with refusals and without consent (G15).

What was refused at the old one is refused at the new one too: a person who corrects a slip must not get what that
person had stopped. What was agreed to is not taken along, and ends at the old one, which is no longer theirs: whoever
gets it next agreed to nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy.orm import Session

from prefcenter.core.channels import Reason, Scope, Source
from prefcenter.core.frequency import is_stricter
from prefcenter.services import fanning_out, frequency, optouts, outgoing
from prefcenter.services.errors import NotAllowed
from prefcenter.services.points import Point, Points
from prefcenter.services.ports import Evidence
from prefcenter.services.suppressing import OptOut, suppress_many
from prefcenter.store import consents, contacts, ledger
from prefcenter.store.contacts import ContactPoint
from prefcenter.store.suppressions import Suppression

KIND = "corrected"
"""The kind of the ledger entries that keep it, one for each of the two."""

CARRIED = frozenset({Reason.OPT_OUT, Reason.OBJECTION, Reason.COMPLAINT, Reason.PAUSED, Reason.NO_SHARING})
"""What the person refused, and does not want at the new one either; a bounce of the old one says nothing of it."""

_SOURCE = Source.PREFERENCE_PAGE


def correct(session: Session, points: Points, old: Point, new: Point, evidence: Evidence, *, at: datetime) -> None:
    """Let a new contact point take the place of an old one; commits. Doing it again changes nothing.

    Whoever calls it has made sure, by a code to each of them, that the same person receives at both.

    Args:
        session: writes.
        points: makes contact points.
        old: what is on file, for one person alone.
        new: what takes its place; readable, of the same channel.
        evidence: the act.
        at: now.

    Raises:
        NotAllowed: the old one is on file for nobody, or for several, so that nobody can tell whose it is.
    """
    known = contacts.points_by_digest(session, old.own)
    owners = {row.contact_id for row in known}
    if len(owners) != 1:
        raise NotAllowed("This cannot be corrected from here: several people use it, or none is on file with it.")
    _carry(session, points, old, new, evidence, at)
    _put_on_file(session, known[0], new, at)
    session.flush()
    fanning_out.inherit(session, points, known[0].contact_id)
    _give_up(session, points, old, known, evidence, at)
    outgoing.cancel_refused(session, [old, new], at=at)
    for point, part in ((old, "old"), (new, "new")):
        ledger.append(
            session,
            KIND,
            at=at,
            actor=evidence.actor,
            subject=point.digest,
            facts={"channel": point.channel.value, "part": part, **evidence.facts},
            personal=dict(evidence.personal) | {"address": dict(point.given or {})},
        )
    session.commit()


def _carry(session: Session, points: Points, old: Point, new: Point, evidence: Evidence, at: datetime) -> None:
    """Refuse at the new one what is refused at the old one, and keep as little coming."""
    rows = [row for row in optouts.standing(session, old) if Reason(row.reason) in CARRIED]
    told = replace(evidence, facts={**evidence.facts, "by": KIND})
    wanted = [(new, _again(row)) for row in rows if row.until is None or row.until > at]
    suppress_many(session, points, wanted, told, at=at)
    limit = frequency.limit_of(session, old)
    if limit is not None and is_stricter(limit, frequency.limit_of(session, new)):
        frequency.take_frequency(session, new, limit, told, at=at, source=_SOURCE)


def _again(row: Suppression) -> OptOut:
    return OptOut(
        reason=Reason(row.reason),
        scope=Scope.parse(row.scope),
        source=Source(row.source),
        since=row.since,
        until=row.until,
        source_ref=row.source_ref,
        is_verified=row.is_verified,
    )


def _put_on_file(session: Session, before: ContactPoint, new: Point, at: datetime) -> None:
    for row in contacts.points_by_digest(session, new.own):
        if row.contact_id == before.contact_id:
            row.verified_at, row.value = at, dict(new.given or {})
            return
    session.add(
        ContactPoint(
            contact_id=before.contact_id,
            channel=new.channel.value,
            digest=new.digest,
            pepper_id=new.pepper_id or "",
            value=dict(new.given or {}),
            country=new.country or before.country,
            source=_SOURCE.value,
            source_note=KIND,
            policy_version=before.policy_version,
            verified_at=at,
            created_at=at,
        )
    )


def _give_up(
    session: Session,
    points: Points,
    old: Point,
    known: Sequence[ContactPoint],
    evidence: Evidence,
    at: datetime,
) -> None:
    """End what the old one took part in and agreed to, and send no marketing there; its digest stays, to refuse."""
    suppress_many(session, points, [(old, OptOut(Reason.OPT_OUT, Scope.everything(), _SOURCE))], evidence, at=at)
    for subscription in consents.subscriptions_of(session, [row.id for row in known]):
        subscription.ended_at = at
    for consent in consents.consents_by_digest(session, old.own):
        consent.withdrawn_at = consent.withdrawn_at or at
    for row in known:
        row.value = None
    session.flush()
