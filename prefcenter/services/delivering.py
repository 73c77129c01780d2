"""Calling a sender, and learning from what it says: its answers become states, and facts on our list (S10)."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final

from sqlalchemy.orm import Session

from prefcenter.core.channels import Channel, Reason, Scope, Source
from prefcenter.core.errors import PrefcenterError
from prefcenter.services import optouts
from prefcenter.services.errors import DecidedTooLongAgo, NotHandedOver, RecipientRefused, SendFailed, SendLater
from prefcenter.services.event_facts import void_consents
from prefcenter.services.points import Points
from prefcenter.services.ports import Answer, Batch, Evidence, Held, Sender
from prefcenter.services.receiving import Handled
from prefcenter.services.suppressing import OptOut
from prefcenter.store.inbound import InboundMessage
from prefcenter.store.outbox import OutboxMessage

_log = logging.getLogger(__name__)


IN_FLIGHT = 4
"""So many calls of one worker are under way at once where each message needs a call of its own."""


@dataclass(frozen=True, slots=True)
class Delivered:
    """What came of handing a message over.

    Args:
        state: ``sent``, ``scheduled`` if the provider holds it, ``failed``, ``unknown``; where nothing left ``queued``
            if it may be tried later, ``back`` if it was not even offered, and ``late`` if its decision no longer held,
            so that it is decided again.
        provider_id: the provider's name for it, once it is sent.
        problem: what went wrong, without the address.
        reason: what the provider told of the recipient, or None.
    """

    state: str
    provider_id: str | None = None
    problem: str = ""
    reason: Reason | None = None


LATE = Delivered("late")


def deliver_each(sender: Sender, batch: Batch) -> list[Delivered]:
    """Hand messages over by a call each, several of them in flight at once, as :func:`deliver` does with each."""
    if len(batch) == 1:
        return deliver(sender, batch)
    with ThreadPoolExecutor(min(IN_FLIGHT, len(batch)), "sending") as pool:
        return [delivered for (delivered,) in pool.map(partial(deliver, sender), ([each] for each in batch))]


def deliver(sender: Sender, batch: Batch) -> list[Delivered]:
    """Hand messages over that may share one call, if what was decided of them still holds; never raises.

    What may have left is unknown, and so is never sent again.
    """
    if not batch[0][1].in_time():  # They were decided together.
        return [LATE] * len(batch)
    try:
        answers = [sender.send(*batch[0])] if len(batch) == 1 else sender.send_many(batch)
        return [_delivered(answer) for _, answer in zip(batch, answers, strict=True)]
    except PrefcenterError as error:
        return [_delivered(error)] * len(batch)
    except Exception as error:  # noqa: BLE001 - they may have left, so they are never sent again
        _log.error("a sender broke off: %s", type(error).__name__)
        return [Delivered("unknown", problem=type(error).__name__)] * len(batch)


def _delivered(answer: Answer) -> Delivered:
    match answer:
        case Held():
            return Delivered("scheduled", str(answer))
        case str():
            return Delivered("sent", answer)
        case RecipientRefused():
            return Delivered("failed", problem=answer.message, reason=answer.reason)
        case DecidedTooLongAgo():
            return LATE
        case NotHandedOver():
            return Delivered("back", problem=answer.message)
        case SendLater():
            return Delivered("queued", problem=answer.message)
        case SendFailed():
            return Delivered("failed", problem=answer.message)
        case _:
            return Delivered("unknown", problem=answer.message)


ANSWERS: Final = "send-answer"
"""What is kept under this name is what a provider told of a recipient, and could not be put on the list at once."""


def believe(session: Session, points: Points, told: Sequence[tuple[OutboxMessage, Reason]], *, at: datetime) -> int:
    """Put what a provider told of recipients on our list (S10), and cancel what is queued against it (X2).

    Within the caller's transaction, each by itself: one that fails loses neither the others nor what became of the
    messages. It is kept, taken again by the worker, and shown to a person if that fails too.

    Returns:
        How many could not be put on the list.
    """
    failed = 0
    for row, reason in told:
        try:
            with session.begin_nested():
                _believe(session, points, row, reason, at)
        except Exception as error:  # noqa: BLE001 - the messages did leave, whatever stands in the way of the fact
            _log.error("what was told of message %s is not on the list yet: %s", row.id, type(error).__name__)
            _keep(session, row, reason, at)
            failed += 1
    return failed


def _believe(session: Session, points: Points, row: OutboxMessage, reason: Reason, at: datetime) -> None:
    channel = Channel(row.channel)
    point = points.on_file(channel, row.digest, None if row.to is None else {"address": row.to})
    is_stop = channel is Channel.SMS and reason is Reason.OPT_OUT and bool(row.sender)
    scope = Scope.sender(row.sender) if is_stop else Scope.everything()
    cause = f"answer-{channel}-{reason}-{at:%Y%m%d}"
    evidence = Evidence("system", {"message": row.id, "batch": cause})
    asked = OptOut(reason, scope, Source.PROVIDER, source_ref=f"message:{row.id}", batch=cause)
    optouts.take(session, points, point, asked, evidence, at=at)
    if reason is Reason.DEAD_NUMBER:
        void_consents(session, {point.digest, *point.lookup}, evidence, at=at)


def _keep(session: Session, row: OutboxMessage, reason: Reason, at: datetime) -> None:
    kept = InboundMessage(
        provider=ANSWERS,
        provider_id=str(row.id),
        content_type="application/json",
        raw=json.dumps({"message": row.id, "reason": reason.value}).encode(),
        envelope={},
        received_at=at,
        state="received",
        problem="",
    )
    session.add(kept)
    session.flush()


def handle_kept(points: Points, session: Session, row: InboundMessage, at: datetime, _replies: bool) -> Handled:
    """Take what could not be put on the list at once, see :data:`prefcenter.services.receiving.Handler`."""
    told = json.loads(row.raw)
    message = session.get_one(OutboxMessage, told["message"])
    _believe(session, points, message, Reason(told["reason"]), at)
    return Handled("recorded")
