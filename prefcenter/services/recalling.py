"""Calling back what a provider holds for later: an opt-out that came meanwhile reaches it there too (X2).

Providers do not cancel what is scheduled when somebody opts out. Source: Twilio, "Message Scheduling".
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping, Sequence

from sqlalchemy.orm import Session

from prefcenter.core.channels import Channel
from prefcenter.core.decision import Cleared, Decision, Wait
from prefcenter.core.errors import BadAddress
from prefcenter.services import gate
from prefcenter.services.dispatching import LEASE, RETRY_AFTER, Dispatcher
from prefcenter.services.errors import UnknownType
from prefcenter.services.outgoing import log, reasons_given
from prefcenter.store import outbox
from prefcenter.store.outbox import OutboxMessage

_log = logging.getLogger(__name__)


def recall_due(use: Dispatcher) -> Counter[str]:
    """Call back, at their providers, scheduled messages that would be refused now; the others stay as they are.

    Calling back twice harms nothing, so a worker that dies leaves its messages to the next.

    Returns:
        How many messages got into each state: ``canceled``, ``sent`` where it was too late, ``scheduled`` where it is
        still allowed, and ``recalled`` where the provider could not be asked and will be again.
    """
    states: Counter[str] = Counter()
    at = use.clock()
    with use.database.write() as session:
        rows = outbox.claim_recalled(session, at, at + LEASE)
        claimed = [(row.id, row.fence) for row in rows]
        refused = _still_refused(session, use, rows, states)
        session.commit()
    fences = dict(claimed)
    for message_id, (channel, provider_id) in refused.items():
        is_back = _call_back(use, channel, provider_id)
        with use.database.write() as session:
            for row in outbox.held(session, {message_id: fences[message_id]}, ("recalled",)):
                _end(session, use, row, is_back=is_back)
                states[row.state] += 1
            session.commit()
    return states


def _still_refused(
    session: Session, use: Dispatcher, rows: Sequence[OutboxMessage], states: Counter[str]
) -> Mapping[int, tuple[Channel, str]]:
    """Those that would be refused now, with what the provider calls each; the others are let go."""
    refused = {}
    decisions = gate.clear_all(session, use.keyring, use.points, rows, at=use.clock())
    for row, decision in zip(rows, decisions, strict=True):
        if isinstance(decision, Cleared | Wait):
            row.state, row.leased_until = "scheduled", None
            states[row.state] += 1
            continue
        row.why = _why(decision)
        refused[row.id] = Channel(row.channel), row.provider_id or ""
    return refused


def _why(decision: Decision | UnknownType | BadAddress) -> list[str]:
    match decision:
        case UnknownType():
            return [decision.code]
        case BadAddress():
            return ["no_address"]
        case _:
            return reasons_given(decision.reasons)


def _call_back(use: Dispatcher, channel: Channel, provider_id: str) -> bool | None:
    """Whether the message was called back; None where the provider could not be asked."""
    try:
        return use.senders[channel].cancel(provider_id)
    except Exception as error:  # noqa: BLE001 - whatever stands in the way, it is tried again
        _log.warning("a scheduled message could not be called back: %s", type(error).__name__)
        return None


def _end(session: Session, use: Dispatcher, row: OutboxMessage, *, is_back: bool | None) -> None:
    at = use.clock()
    row.leased_until = None
    if is_back is None:
        row.due_at = at + RETRY_AFTER
        return
    row.state = "canceled" if is_back else "sent"
    row.sent_at = None if is_back else row.sent_at or at
    if is_back:
        log(session, "refuse", row, {"reasons": row.why, "called_back": True}, at=at)
    else:
        log(session, "send", row, {"state": "sent", "called_back": False}, at=at)
