"""Calling back what a provider holds for later: an opt-out that came meanwhile reaches it there too (X2).

We ask no provider to hold a message: what is to leave on another day waits in our own outbox, where it is decided when
it leaves. But a provider may say that it holds one, as Twilio does by night where an account is set up so. Providers do
not cancel what they hold when somebody opts out. Source: Twilio, "Message Scheduling", "Compliance Toolkit".
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from prefcenter.core.channels import Channel
from prefcenter.core.decision import Cleared, Decision, Reroute, Wait
from prefcenter.core.errors import BadAddress
from prefcenter.services import gate, rerouting
from prefcenter.services.dispatching import LEASE, RETRY_AFTER, Dispatcher
from prefcenter.services.errors import UnknownType
from prefcenter.services.outgoing import log, reasons_given
from prefcenter.store import outbox
from prefcenter.store.outbox import OutboxMessage

_log = logging.getLogger(__name__)

TRIED_FOR = timedelta(days=1)
"""So long a provider that cannot be asked is asked again, counted from when it took the message: one that it holds back
by itself leaves within a day."""

_Decided = Decision | UnknownType | BadAddress


def recall_due(use: Dispatcher) -> Counter[str]:
    """Call back, at their providers, scheduled messages that would be refused now; the others stay as they are.

    Calling back twice harms nothing, so a worker that dies leaves its messages to the next.

    Returns:
        How many messages got into each state: ``canceled``; ``rerouted`` where it was called back and goes on another
        way (X11); ``sent`` where it was too late; ``scheduled`` where it is still allowed; ``recalled`` where nobody
        can tell and the provider is asked again, and in the end ``unknown``.
    """
    states: Counter[str] = Counter()
    at = use.clock()
    with use.database.write() as session:
        rows = outbox.claim_recalled(session, at, at + LEASE)
        claimed = [(row.id, row.fence) for row in rows]
        refused = _still_refused(session, use, rows, states)
        session.commit()
    fences = dict(claimed)
    for message_id, (decision, channel, provider_id) in refused.items():
        is_back = _call_back(use, channel, provider_id)
        with use.database.write() as session:
            for row in outbox.held(session, {message_id: fences[message_id]}, ("recalled", "canceled")):
                # The provider's own word that it was canceled may be here first.
                _end(session, use, row, decision, is_back=True if row.state == "canceled" else is_back)
                states[row.state] += 1
            session.commit()
    return states


def _still_refused(
    session: Session, use: Dispatcher, rows: Sequence[OutboxMessage], states: Counter[str]
) -> Mapping[int, tuple[_Decided, Channel, str]]:
    """Those that must not leave like this now, with what the provider calls each; the others are let go."""
    refused = {}
    decisions = gate.clear_all(session, use.keyring, use.points, rows, at=use.clock())
    for row, decision in zip(rows, decisions, strict=True):
        if isinstance(decision, Cleared | Wait):
            row.state, row.leased_until = "scheduled", None
            states[row.state] += 1
            continue
        row.why = _why(decision)
        refused[row.id] = decision, Channel(row.channel), row.provider_id or ""
    return refused


def _why(decision: _Decided) -> list[str]:
    match decision:
        case UnknownType():
            return [decision.code]
        case BadAddress():
            return ["no_address"]
        case _:
            return reasons_given(decision.reasons)


def _call_back(use: Dispatcher, channel: Channel, provider_id: str) -> bool | None:
    """Whether the message was called back; None where nobody can tell."""
    try:
        return use.senders[channel].cancel(provider_id)
    except Exception as error:  # noqa: BLE001 - whatever stands in the way, it is tried again
        _log.warning("a scheduled message could not be called back: %s", type(error).__name__)
        return None


def _end(session: Session, use: Dispatcher, row: OutboxMessage, decision: _Decided, *, is_back: bool | None) -> None:
    at = use.clock()
    row.leased_until = None
    if is_back is None:
        _ask_again(session, row, at)
    elif not is_back:
        row.state, row.sent_at = "sent", row.sent_at or at
        log(session, "send", row, {"state": "sent", "called_back": False}, at=at)
    elif isinstance(decision, Reroute):
        # It is owed to the person: called back here, it goes on by its fallback, or is refused as it is at dispatch.
        rerouting.reroute(session, use.keyring, use.points, use.links, row, decision, at=at)
    else:
        row.state, row.sent_at = "canceled", None
        log(session, "refuse", row, {"reasons": row.why, "called_back": True}, at=at)


def _ask_again(session: Session, row: OutboxMessage, at: datetime) -> None:
    """Nobody can tell whether it was called back: the ledger says so once, and the provider is asked again."""
    if at >= (row.not_before or row.created_at) + TRIED_FOR:
        row.state = "unknown"
        log(session, "send", row, {"state": "unknown", "called_back": "unknown"}, at=at)
        return
    row.due_at = at + RETRY_AFTER
    if row.problem != _UNASKED:
        row.problem = _UNASKED
        log(session, "recall", row, {"reasons": row.why, "called_back": "unknown"}, at=at)


_UNASKED = "It is to be called back, and nobody can tell yet whether it was."
