"""The outbox: messages wait here, are decided at dispatch, and only a cleared one reaches a sender (X1, X2).

A message is put down as *sending* before its sender is called, so that whatever happens then, nobody sends it twice:
one that was being sent when its worker died becomes *unknown*, not *queued*.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from prefcenter.core.channels import Channel, MessageClass
from prefcenter.core.decision import Cleared, Decision, ReasonGiven, Wait
from prefcenter.core.errors import BadAddress
from prefcenter.services import gate
from prefcenter.services.delivering import Delivered, believe, deliver
from prefcenter.services.errors import UnknownType
from prefcenter.services.points import Point, Points
from prefcenter.services.ports import Clock, Keyring, Outgoing, Sender
from prefcenter.store import ledger, outbox
from prefcenter.store.engine import Database
from prefcenter.store.outbox import OutboxMessage
from prefcenter.store.suppressions import in_batches

_log = logging.getLogger(__name__)

LEASE = timedelta(minutes=5)
"""So long a worker may keep a message: longer than any sender's time-out."""

RETRY_AFTER = timedelta(seconds=30)
"""A message that could not be decided is looked at again after this time."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A message to be queued.

    Args:
        channel: how it goes; email or sms.
        message_class: its class.
        message_type: its registered type; a requested one may have a type of our own.
        point: to whom; must be readable.
        subject, text, html, headers: its content; a text has no subject, html or headers.
        brand, topic: what it is about, where it has them.
        sender: whom it comes from.
        cause: what it answers, unique: the same cause never makes a second message.
        requested_at: when the person asked for it.
        send_at: when it is to leave; None for now.
    """

    channel: Channel
    message_class: MessageClass
    message_type: str
    point: Point
    text: str
    subject: str = ""
    html: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    brand: str | None = None
    topic: str | None = None
    sender: str = ""
    cause: str | None = None
    requested_at: datetime | None = None
    send_at: datetime | None = None


def queue(session: Session, draft: Draft, *, at: datetime) -> OutboxMessage:
    """Put a message into the outbox, once for each cause; within the caller's transaction."""
    row = row_of(draft, at=at)
    if draft.cause is None:
        session.add(row)
        session.flush()
        return row
    try:
        with session.begin_nested():
            session.add(row)
            session.flush()
    except IntegrityError:
        return session.scalars(select(OutboxMessage).where(OutboxMessage.cause == draft.cause)).one()
    return row


def row_of(draft: Draft, *, at: datetime, state: str = "queued") -> OutboxMessage:
    """The outbox row of a draft, not yet added to a session."""
    due_at = max(draft.send_at or at, at)
    content = {"subject": draft.subject, "text": draft.text, "html": draft.html, "headers": dict(draft.headers)}
    return OutboxMessage(
        channel=draft.channel.value,
        message_class=draft.message_class.value,
        message_type=draft.message_type,
        brand=draft.brand,
        topic=draft.topic,
        sender=draft.sender,
        digest=draft.point.digest,
        to=None if draft.point.given is None else str(draft.point.given["address"]),
        content=content,
        cause=draft.cause,
        requested_at=draft.requested_at,
        created_at=at,
        due_at=due_at,
        not_before=due_at,
        state=state,
        why=[],
        problem="",
    )


def cancel_refused(session: Session, points: Sequence[Point], *, at: datetime) -> int:
    """Bring what is queued for contact points back to its decision at once, within the caller's transaction.

    Every queued message is decided again at dispatch anyway (X2); making it due now lets the refusal be recorded now,
    and not on the day that it was scheduled for. What is still allowed leaves on its own day all the same.

    Returns:
        How many messages were brought forward.
    """
    digests = {digest for point in points for digest in (point.digest, *point.lookup)}
    found = 0
    for batch in in_batches(digests):
        query = select(OutboxMessage).where(
            OutboxMessage.digest.in_(batch), OutboxMessage.state.in_(("queued", "waiting"))
        )
        for row in session.scalars(query):
            row.due_at = at
            found += 1
    return found


def dispatch_due(
    database: Database,
    keyring: Keyring,
    points: Points,
    senders: Mapping[Channel, Sender],
    clock: Clock,
    limit: int = 20,
) -> Counter[str]:
    """Decide and send what is due; what is refused is recorded with its reasons and ends there.

    Any number of workers may do this at the same time.

    Returns:
        How many messages got into each state; one that stays where it was counts as ``queued``.
    """
    states: Counter[str] = Counter()
    at = clock()
    with database.write() as session:
        states["unknown"] += _give_up_stranded(session, at)
        claimed = [(row.id, row.fence) for row in outbox.claim_due(session, at, at + LEASE, limit)]
        session.commit()
    for message_id, fence in claimed:
        try:
            states[_dispatch(database, keyring, points, senders, clock, message_id, fence)] += 1
        except Exception as error:  # noqa: BLE001 - fails closed: what cannot be decided is not sent (X1)
            _log.error("message %s was not sent: %s", message_id, type(error).__name__)
            states["queued"] += 1
            _put_back(database, message_id, fence, type(error).__name__, clock())
    return +states


def _give_up_stranded(session: Session, at: datetime) -> int:
    rows = outbox.stranded(session, at)
    for row in rows:
        _settle(session, row, Delivered("unknown", problem="Its worker died while sending it."), at)
    return len(rows)


def _dispatch(
    database: Database,
    keyring: Keyring,
    points: Points,
    senders: Mapping[Channel, Sender],
    clock: Clock,
    message_id: int,
    fence: int,
) -> str:
    at = clock()
    with database.write() as session:
        row = _held(session, message_id, fence, ("queued", "waiting"))
        if row is None or row.leased_until is None or row.leased_until <= at:
            return "queued"
        state, cleared, message = _decide(session, keyring, points, row, at)
        sender = senders[Channel(row.channel)] if cleared is not None else None
        session.commit()
    if cleared is None or message is None or sender is None:
        return state
    delivered = deliver(sender, cleared, message)
    with database.write() as session:
        row = _held(session, message_id, fence, ("sending",))
        if row is None:
            return "unknown"
        _settle(session, row, delivered, clock())
        if delivered.reason is not None:
            believe(session, points, row, delivered.reason, at=clock())
        session.commit()
    return delivered.state


def _held(session: Session, message_id: int, fence: int, states: Sequence[str]) -> OutboxMessage | None:
    """The message, unless another worker took it over meanwhile."""
    query = select(OutboxMessage).where(
        OutboxMessage.id == message_id, OutboxMessage.fence == fence, OutboxMessage.state.in_(states)
    )
    return session.scalar(query.with_for_update())


def _decide(
    session: Session, keyring: Keyring, points: Points, row: OutboxMessage, at: datetime
) -> tuple[str, Cleared | None, Outgoing | None]:
    try:
        decision = gate.clear(session, keyring, points, row, at=at)
    except (UnknownType, BadAddress) as error:
        code = error.code if isinstance(error, UnknownType) else "no_address"
        _refuse(session, row, [code], at)
        return row.state, None, None
    if not isinstance(decision, Cleared):
        _record_verdict(session, row, decision, at)
        return row.state, None, None
    if row.not_before is not None and at < row.not_before:
        row.state, row.due_at, row.leased_until = "queued", row.not_before, None
        return row.state, None, None
    row.state, row.leased_until = "sending", at + LEASE
    return row.state, decision, _message(row)


def _record_verdict(session: Session, row: OutboxMessage, decision: Decision, at: datetime) -> None:
    if isinstance(decision, Wait):
        row.state, row.leased_until = "waiting", None
        row.due_at = max(decision.until, row.not_before or decision.until)
        row.why = reasons_given(decision.reasons)
        return
    _refuse(session, row, reasons_given(decision.reasons), at)


def _refuse(session: Session, row: OutboxMessage, why: list[str], at: datetime) -> None:
    row.state, row.why, row.leased_until = "refused", why, None
    log(session, "refuse", row, {"reasons": why}, at=at)


def reasons_given(reasons: Sequence[ReasonGiven]) -> list[str]:
    """Reasons as they are kept with a message: code and scope of each, strictest first."""
    return [f"{reason.code} {reason.scope}" for reason in reasons]


def _message(row: OutboxMessage) -> Outgoing:
    content: Mapping[str, Any] = row.content or {}
    return Outgoing(
        id=row.id,
        channel=Channel(row.channel),
        to=row.to or "",
        message_class=MessageClass(row.message_class),
        message_type=row.message_type,
        sender=row.sender,
        subject=str(content.get("subject", "")),
        text=str(content.get("text", "")),
        html=str(content.get("html", "")),
        headers=dict(content.get("headers", {})),
    )


def _settle(session: Session, row: OutboxMessage, delivered: Delivered, at: datetime) -> None:
    row.state, row.provider_id, row.problem = delivered.state, delivered.provider_id, delivered.problem
    row.sent_at, row.leased_until = at if delivered.state in ("sent", "unknown") else None, None
    log(session, "send", row, {"state": delivered.state}, at=at)


def log(session: Session, kind: str, row: OutboxMessage, facts: Mapping[str, Any], *, at: datetime) -> None:
    """Say in the ledger what became of a message, in the transaction that changes its state."""
    told = {"message": row.id, "channel": row.channel, "class": row.message_class, "type": row.message_type}
    ledger.append(session, kind, at=at, actor="system", subject=row.digest, facts=told | dict(facts))


def _put_back(database: Database, message_id: int, fence: int, problem: str, at: datetime) -> None:
    """Let go of a message that could not be decided; where even that fails, its lease runs out."""
    try:
        with database.write() as session:
            row = _held(session, message_id, fence, ("queued", "waiting"))
            if row is not None:
                row.leased_until, row.due_at, row.problem = None, at + RETRY_AFTER, problem
                session.commit()
    except Exception as error:  # noqa: BLE001 - the store is down; the lease does the rest
        _log.error("message %s was not put back: %s", message_id, type(error).__name__)
