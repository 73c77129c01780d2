"""Double opt-in: a yes is kept, the address is asked by mail, and only its own answer makes it count (G6, S9).

For whoever has a yes that must be confirmed, such as a sign-up form or an opt-in on a brand with ``double_opt_in``:

1. Call :func:`request_confirmation` within your transaction, then commit. It keeps what was ticked for
   :data:`VALID_FOR`, and queues the mail that asks. Nothing is on any list, and nothing may be sent, before the answer.
   Tell everybody the same, whatever came of it: it returns nothing, so that no page can tell more (X3).
2. The link of the mail is ``/s/confirm/<token>``: its page shows one button and changes nothing (E4); the button's POST
   calls :func:`confirm`, which commits.

The mail is of the class *requested*: it goes to an address with an opt-out too, says nothing but what was asked for,
and invites nobody back (G5). Somebody else may have typed the address, so it is asked only :data:`MOST_A_DAY` times a
day, and :data:`MOST_UNANSWERED` times in :data:`UNANSWERED_WINDOW` as long as nobody answers.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TypeVar

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from prefcenter.core.channels import Channel, MessageClass, Source
from prefcenter.core.errors import BadInput
from prefcenter.core.keys import DIGEST_BYTES
from prefcenter.core.mail_headers import mailbox
from prefcenter.services import gate, opting_in
from prefcenter.services.errors import NotReady
from prefcenter.services.links import LinkMaker
from prefcenter.services.opting_in import OptIn, Wording
from prefcenter.services.outgoing import Draft, queue_once
from prefcenter.services.points import Point, Points
from prefcenter.services.ports import Evidence, Keyring
from prefcenter.services.preferences import Choice, choices
from prefcenter.services.rendering import render
from prefcenter.store import contacts, pending_consents, registry
from prefcenter.store.engine import Database
from prefcenter.store.outbox import OutboxMessage
from prefcenter.store.pending_consents import PendingConsent

VALID_FOR = timedelta(days=7)
"""So long a mail can be answered; then what was ticked is forgotten."""

MOST_A_DAY = 3
"""So many mails that ask go to one address within 24 hours."""

MOST_UNANSWERED = 6
"""So many go to one address within :data:`UNANSWERED_WINDOW`, unless it answered one of them."""

UNANSWERED_WINDOW = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Ticked:
    """What somebody ticked, before it is known whether the address agrees.

    Args:
        brand: whose topics.
        topics: the topics, at least one, each of that brand and of the contact point's channel.
        source: where it was ticked.
        wording: the words that were shown beside the boxes and the button, with their version and language.
        evidence: further facts of the consent as JSON values, such as the statement of age.
    """

    brand: registry.Brand
    topics: Sequence[registry.Topic]
    source: Source
    wording: Wording
    evidence: dict[str, object] = field(default_factory=dict)


def require_ready(brand: registry.Brand) -> str:
    """Give the address that a brand's mails come from which somebody asked for.

    Raises:
        NotReady: it has none, so that nobody could be asked to confirm; names the command that adds it.
    """
    if not brand.service_from:
        raise NotReady(
            f"The brand “{brand.slug}” has no address that requested mail comes from: nobody can be asked to confirm.",
            remedy=f"Add it: prefcenter brand set {brand.slug} --service-from ADDRESS",
        )
    return brand.service_from


def request_confirmation(
    session: Session, links: LinkMaker, point: Point, ticked: Ticked, evidence: Evidence, *, at: datetime
) -> None:
    """Keep what somebody ticked and ask the address by mail whether it is so; within the caller's transaction.

    An address that was asked often enough is not asked again, and then nothing is kept.

    Args:
        session: writes.
        links: makes the link of the mail.
        point: an email address that is readable.
        ticked: what was ticked.
        evidence: who ticked it: the way in ``facts``, network address and browser in ``personal``.
        at: now.

    Raises:
        NotReady: the brand has no sender for such mail, see :func:`require_ready`.
        BadInput: nothing was ticked.
    """
    sender = require_ready(ticked.brand)
    if not ticked.topics:
        raise BadInput("Nothing was ticked.", remedy="Tick at least one topic.")
    if point.channel is not Channel.EMAIL or point.given is None:
        raise ValueError("Only an email address that is readable can be asked to confirm.")
    # Looked for before they are counted: one that comes in between is counted, or else takes the name of the next one.
    last = _last_mail(session, point)
    if _is_enough(session, point, at):
        return
    uid = secrets.token_bytes(DIGEST_BYTES)
    link = links.confirmation(point.channel, uid, ticked.brand.code)
    cause = f"{gate.OPT_IN}:{point.digest.hex()}:{last}"
    if queue_once(session, _mail(ticked, point, sender, link, cause, at), at=at).is_new:
        session.add(_row(uid, point, ticked, evidence, at))
        session.flush()


def _last_mail(session: Session, point: Point) -> int:
    """The number of the newest mail that asked this address, 0 where none did."""
    query = select(func.max(OutboxMessage.id)).where(
        OutboxMessage.digest.in_(point.own), OutboxMessage.message_type == gate.OPT_IN
    )
    return session.scalar(query) or 0


def _is_enough(session: Session, point: Point, at: datetime) -> bool:
    """Whether the address was asked so often, without an answer, that somebody else may be typing it."""
    lately = select(OutboxMessage.created_at).where(
        OutboxMessage.digest.in_(point.own),
        OutboxMessage.message_type == gate.OPT_IN,
        OutboxMessage.created_at > at - UNANSWERED_WINDOW,
    )
    asked = session.scalars(lately).all()
    answers = select(func.max(PendingConsent.confirmed_at)).where(PendingConsent.digest.in_(point.own))
    answered = session.scalar(answers)
    unanswered = [when for when in asked if answered is None or when > answered]
    today = [when for when in asked if when > at - timedelta(days=1)]
    return len(today) >= MOST_A_DAY or len(unanswered) >= MOST_UNANSWERED


def _mail(ticked: Ticked, point: Point, sender: str, link: str, cause: str, at: datetime) -> Draft:
    brand = ticked.brand
    name = brand.sender_name or brand.name
    values = {
        "brand": brand.name,
        "topics": [(topic.name, topic.description) for topic in ticked.topics],
        "link": link,
        "days": VALID_FOR.days,
        "sender": name,
        "postal_address": brand.postal_address,
        "language": ticked.wording.language or "en",
    }
    subject = " ".join(render("email/confirmation-subject.txt", **values).split())
    return Draft(
        channel=Channel.EMAIL,
        message_class=MessageClass.REQUESTED,
        message_type=gate.OPT_IN,
        point=point,
        subject=subject,
        text=render("email/confirmation.txt", **values).strip() + "\n",
        html=render("email/confirmation.html", **values),
        headers={"Auto-Submitted": "auto-generated", "From": mailbox(name, sender)},
        brand=brand.slug,
        sender=sender,
        cause=cause,
        requested_at=at,
    )


def _row(uid: bytes, point: Point, ticked: Ticked, evidence: Evidence, at: datetime) -> PendingConsent:
    return PendingConsent(
        uid=uid,
        channel=point.channel.value,
        digest=point.digest,
        pepper_id=point.pepper_id or "",
        given=dict(point.given or {}),
        brand=ticked.brand.slug,
        topics=[topic.slug for topic in ticked.topics],
        source=ticked.source.value,
        wording=ticked.wording.text,
        wording_version=ticked.wording.version,
        language=ticked.wording.language,
        evidence={**ticked.evidence, **_who(evidence), "at": at.isoformat()},
        policy_version=ticked.brand.policy_version,
        asked_at=at,
        expires_at=at + VALID_FOR,
    )


def _who(evidence: Evidence) -> dict[str, object]:
    return {**evidence.facts, **evidence.personal}


class Outcome(StrEnum):
    """What became of a confirmation."""

    WAITS = "waits"
    """It was not given yet; only what was ticked is told."""
    CONFIRMED = "confirmed"
    """It counts from now on."""
    BEFORE = "before"
    """It was given before; nothing changed."""
    EXPIRED = "expired"
    """Too late, or forgotten since: it takes a new sign-up."""
    GONE = "gone"
    """The brand or every topic is no longer there; nothing changed."""


@dataclass(frozen=True, slots=True)
class Confirmed:
    """What a confirmation is about and what came of it, for the page that tells it.

    Args:
        outcome: what became of it.
        brand: whose topics; None where that is no longer known.
        topics: what was ticked and is still there.
        on: those that will be sent as things stand.
        ended_since: those that the person ended after they were ticked: the newer word holds.
        since: when it was confirmed.
        masked: the address as far as it may be shown (E18).
        digest: what the address is on file under, for a link to its choices; empty where nothing is known of it.
    """

    outcome: Outcome
    brand: registry.Brand | None = None
    topics: Sequence[registry.Topic] = ()
    on: Sequence[registry.Topic] = ()
    ended_since: Sequence[registry.Topic] = ()
    since: datetime | None = None
    masked: str | None = None
    digest: bytes = b""

    @property
    def held_back(self) -> Sequence[registry.Topic]:
        """Those that were confirmed and still are not sent, since something else speaks against them."""
        if self.outcome not in (Outcome.CONFIRMED, Outcome.BEFORE):
            return ()
        return [topic for topic in self.topics if topic not in self.on and topic not in self.ended_since]


def look(session: Session, keyring: Keyring, points: Points, uid: bytes, *, at: datetime) -> Confirmed:
    """Say what a link would confirm, or did; only reads (E4).

    Raises:
        MissingKey: a key in use is missing.
    """
    row = pending_consents.find(session, uid)
    return _over(session, row, at) or _told(session, keyring, points, _there(row), at)


def confirm(
    session: Session, keyring: Keyring, points: Points, uid: bytes, evidence: Evidence, *, at: datetime
) -> Confirmed:
    """Make what was ticked count, by the person's own act; commits. Doing it again changes nothing.

    It lifts exactly what was ticked (:func:`prefcenter.services.opting_in.turn_on`), and nothing that was asked to end
    after it was ticked.

    Raises:
        MissingKey: a key in use is missing.
    """
    found = pending_consents.find(session, uid, lock=True)
    over = _over(session, found, at)
    if over is not None:
        return over
    row = _there(found)
    if row.confirmed_at is not None:
        return _told(session, keyring, points, row, at)
    brand, topics = _still_there(session, row)
    told = Evidence(evidence.actor, {**evidence.facts, "pending": row.id}, evidence.personal)
    opt_in = _opt_in(row, _there(brand), topics, evidence, at)
    made = opting_in.turn_on(session, points, _point(points, row), opt_in, told, at=at)
    row.confirmed_at, row.wording, row.evidence = at, "", None
    session.flush()
    done = _told(session, keyring, points, row, at)
    session.commit()
    return replace(done, outcome=Outcome.CONFIRMED, ended_since=made.ended_since)


_Found = TypeVar("_Found")


def _there(found: _Found | None) -> _Found:
    """What :func:`_over` has seen to be there."""
    if found is None:
        raise LookupError("It was there a moment ago.")
    return found


def _over(session: Session, row: PendingConsent | None, at: datetime) -> Confirmed | None:
    """Say that it is too late, or that there is nothing left to confirm; None where there is."""
    if row is None or (row.confirmed_at is None and row.expires_at <= at):
        return Confirmed(Outcome.EXPIRED)
    brand, topics = _still_there(session, row)
    return Confirmed(Outcome.GONE, brand) if brand is None or not topics else None


def _told(session: Session, keyring: Keyring, points: Points, row: PendingConsent, at: datetime) -> Confirmed:
    """What holds now of what was ticked."""
    brand, topics = _still_there(session, row)
    point = _point(points, row)
    known = contacts.points_by_digest(session, point.own)
    return Confirmed(
        outcome=Outcome.WAITS if row.confirmed_at is None else Outcome.BEFORE,
        brand=brand,
        topics=topics,
        on=() if row.confirmed_at is None or brand is None else _on(session, keyring, point, brand, topics, at),
        since=row.confirmed_at,
        masked=point.masked,
        digest=known[0].digest if known else point.digest,
    )


def _opt_in(
    row: PendingConsent, brand: registry.Brand, topics: Sequence[registry.Topic], evidence: Evidence, at: datetime
) -> OptIn:
    return OptIn(
        brand=brand,
        topics=topics,
        source=Source(row.source),
        wording=Wording(row.wording, row.wording_version, row.language),
        asked_at=row.asked_at,
        policy_version=row.policy_version,
        evidence={"asked": dict(row.evidence or {}), "confirmed": {**_who(evidence), "at": at.isoformat()}},
    )


def _point(points: Points, row: PendingConsent) -> Point:
    return points.on_file(Channel(row.channel), row.digest, row.given)


def _still_there(session: Session, row: PendingConsent) -> tuple[registry.Brand | None, list[registry.Topic]]:
    """The brand and those of the topics that are in use and still come by that channel."""
    brand = registry.brand_by_slug(session, row.brand)
    if brand is None or brand.archived_at is not None:
        return None, []
    there = registry.topics(session, brand.id)
    return brand, [topic for topic, _ in there if topic.slug in row.topics and row.channel in topic.channels]


def _on(
    session: Session,
    keyring: Keyring,
    point: Point,
    brand: registry.Brand,
    topics: Sequence[registry.Topic],
    at: datetime,
) -> list[registry.Topic]:
    """Those of the topics that the gate would let through now, but for what passes by itself."""
    told = choices(session, keyring, [point], at=at)[0]
    found: dict[int, Choice] = {
        topic.id: choice for each in told.brands if each.brand.id == brand.id for topic, choice in each.topics
    }
    return [topic for topic in topics if topic.id in found and found[topic.id].is_on]


def forget(database: Database, *, at: datetime) -> int:
    """Forget what nobody confirmed in time; says how many were forgotten."""
    with database.read() as session:
        if not pending_consents.has_expired(session, at):
            return 0
    with database.write() as session:
        gone = pending_consents.forget_expired(session, at)
        session.commit()
    return gone
