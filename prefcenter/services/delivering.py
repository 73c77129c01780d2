"""Calling a sender, and learning from what it says: its answers become states, and facts on our list (S10)."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from prefcenter.core.channels import Channel, Reason, Scope, Source
from prefcenter.core.errors import PrefcenterError
from prefcenter.services.errors import RecipientRefused, SendFailed, SendLater
from prefcenter.services.points import Points
from prefcenter.services.ports import Answer, Batch, Evidence, Sender
from prefcenter.services.suppressing import OptOut, suppress
from prefcenter.store import consents, ledger
from prefcenter.store.outbox import OutboxMessage

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Delivered:
    """What came of handing a message over.

    Args:
        state: ``sent``, ``failed``, ``unknown``, or ``queued`` where nothing left and it may be tried later.
        provider_id: the provider's name for it, once it is sent.
        problem: what went wrong, without the address.
        reason: what the provider told of the recipient, or None.
    """

    state: str
    provider_id: str | None = None
    problem: str = ""
    reason: Reason | None = None


def deliver(sender: Sender, batch: Batch) -> list[Delivered]:
    """Hand messages over that may share one call; never raises.

    What may have left is unknown, and so is never sent again.
    """
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
        case str():
            return Delivered("sent", answer)
        case RecipientRefused():
            return Delivered("failed", problem=answer.message, reason=answer.reason)
        case SendLater():
            return Delivered("queued", problem=answer.message)
        case SendFailed():
            return Delivered("failed", problem=answer.message)
        case _:
            return Delivered("unknown", problem=answer.message)


def believe(session: Session, points: Points, row: OutboxMessage, reason: Reason, *, at: datetime) -> None:
    """Put what a provider told of a recipient on our list (S10); within the caller's transaction."""
    channel = Channel(row.channel)
    point = points.given(channel, {"address": row.to or ""})
    is_stop = channel is Channel.SMS and reason is Reason.OPT_OUT and bool(row.sender)
    scope = Scope.sender(row.sender) if is_stop else Scope.everything()
    evidence = Evidence("system", {"message": row.id})
    suppress(session, points, point, OptOut(reason, scope, Source.PROVIDER), evidence, at=at)
    if reason is Reason.DEAD_NUMBER:
        _void_consents(session, [point.digest, *point.lookup], row, at)


def _void_consents(session: Session, digests: list[bytes], row: OutboxMessage, at: datetime) -> None:
    """Whoever has the number next has consented to nothing. Source: CTIA 5.1.5."""
    for consent in consents.consents_by_digest(session, set(digests)):
        if consent.withdrawn_at is None:
            consent.withdrawn_at = at
            facts = {"consent": consent.id, "message": row.id, "by": Reason.DEAD_NUMBER.value}
            ledger.append(session, "withdraw", at=at, actor="system", subject=consent.digest, facts=facts)
