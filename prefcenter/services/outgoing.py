"""The outbox: messages wait here, are decided at dispatch, and only a cleared one reaches a sender (X1, X2).

A message is put down as *sending* before its sender is called, so that whatever happens then, nobody sends it twice:
one that was being sent when its worker died becomes *unknown*, not *queued*.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from prefcenter.core.channels import Channel, MessageClass
from prefcenter.core.decision import ReasonGiven
from prefcenter.services.points import Point
from prefcenter.store import ledger
from prefcenter.store.outbox import OutboxMessage
from prefcenter.store.suppressions import in_batches

_log = logging.getLogger(__name__)


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
        batch: what may share one call to the provider; empty for a message alone.
        variables: what was put into its template.
        rerouted_from: the message that goes on as this one (X11).
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
    batch: str = ""
    variables: Mapping[str, str] | None = None
    rerouted_from: int | None = None


@dataclass(frozen=True, slots=True)
class Queued:
    """A message in the outbox.

    Args:
        row: the message.
        is_new: False where an earlier one has the same cause: it may have left long ago, and nothing of it is changed.
    """

    row: OutboxMessage
    is_new: bool


def queue(session: Session, draft: Draft, *, at: datetime) -> OutboxMessage:
    """Put a message into the outbox, once for each cause; within the caller's transaction."""
    return queue_once(session, draft, at=at).row


def queue_once(session: Session, draft: Draft, *, at: datetime) -> Queued:
    """Put a message into the outbox and say whether it is new; within the caller's transaction."""
    row = row_of(draft, at=at)
    if draft.cause is None:
        session.add(row)
        session.flush()
        return Queued(row, is_new=True)
    try:
        with session.begin_nested():
            session.add(row)
            session.flush()
    except IntegrityError:
        query = select(OutboxMessage).where(OutboxMessage.cause == draft.cause)
        return Queued(session.scalars(query).one(), is_new=False)
    return Queued(row, is_new=True)


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
        batch=draft.batch,
        variables=None if draft.variables is None else dict(draft.variables),
        rerouted_from=draft.rerouted_from,
    )


# Written once: it is asked after each opt-out. Locked in one order, so that no two wait for each other in a circle.
_WAITING = (
    select(OutboxMessage)
    .where(
        OutboxMessage.digest.in_(bindparam("digests", expanding=True)),
        OutboxMessage.state.in_(("queued", "waiting", "scheduled", "recalled")),
    )
    .order_by(OutboxMessage.id)
    .with_for_update()
)


def cancel_refused(session: Session, points: Sequence[Point], *, at: datetime) -> int:
    """Bring what is queued for contact points back to its decision at once, within the caller's transaction.

    Every queued message is decided again at dispatch anyway (X2); making it due now lets the refusal be recorded now,
    and not on the day that it was scheduled for. What is still allowed leaves on its own day all the same. What a
    provider holds until later is called back there by the worker, if it would be refused now; also where the worker is
    just deciding that: it is asked once more, since it cannot have seen what is only now on the list.

    Returns:
        How many messages were brought forward.
    """
    digests = {digest for point in points for digest in (point.digest, *point.lookup)}
    found = 0
    for batch in in_batches(digests):
        for row in session.scalars(_WAITING, {"digests": batch}):
            row.due_at = at
            row.state = "recalled" if row.state == "scheduled" else row.state
            found += 1
    return found


def log(session: Session, kind: str, row: OutboxMessage, facts: Mapping[str, Any], *, at: datetime) -> None:
    """Say in the ledger what became of a message, in the transaction that changes its state."""
    ledger.append_many(session, [entry_of(kind, row, facts, at=at)])


def entry_of(kind: str, row: OutboxMessage | Row[Any], facts: Mapping[str, Any], *, at: datetime) -> ledger.NewEntry:
    """What the ledger says of a message, for those that are told of many at once."""
    told = {"message": row.id, "channel": row.channel, "class": row.message_class, "type": row.message_type}
    return ledger.NewEntry(kind, at, "system", told | dict(facts), row.digest)


def refuse(session: Session, row: OutboxMessage, why: list[str], at: datetime) -> None:
    """End a message with its reasons, in the transaction that found them."""
    row.state, row.why, row.leased_until = "refused", why, None
    log(session, "refuse", row, {"reasons": why}, at=at)


def reasons_given(reasons: Sequence[ReasonGiven]) -> list[str]:
    """Reasons as they are kept with a message: code and scope of each, strictest first."""
    return [f"{reason.code} {reason.scope}" for reason in reasons]
