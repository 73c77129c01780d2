"""The worker's side of the outbox: what is due is claimed, decided at that moment, sent, and its end recorded (X1, X2).

A message is put down as *sending* before its sender is called, so that whatever happens then, nobody sends it twice:
one that was being sent when its worker died becomes *unknown*, not *queued*. The commit that ends one call's messages
is also the one in which the next call's are decided.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from prefcenter.core.channels import Channel, MessageClass
from prefcenter.core.decision import Cleared, Decision, Reroute, Wait
from prefcenter.core.errors import BadAddress
from prefcenter.core.policy import LONGEST_WAIT
from prefcenter.services import gate, rerouting
from prefcenter.services.delivering import Delivered, believe, deliver
from prefcenter.services.errors import UnknownType
from prefcenter.services.links import LinkMaker
from prefcenter.services.outgoing import entry_of, log, reasons_given, refuse
from prefcenter.services.points import Points
from prefcenter.services.ports import Clock, Keyring, Outgoing, Sender
from prefcenter.store import ledger, outbox
from prefcenter.store.engine import Database
from prefcenter.store.outbox import OutboxMessage

_log = logging.getLogger(__name__)

LEASE = timedelta(minutes=5)
"""So long a worker may keep a message: longer than any sender's time-out."""

RETRY_AFTER = timedelta(seconds=30)
"""A message that could not be decided, or that its provider did not take now, is looked at again after this time."""

LONGEST_RETRY = timedelta(hours=1)
"""So long a provider is left alone at most that did not take a message now."""


@dataclass(frozen=True, slots=True)
class Dispatcher:
    """What sending needs.

    Args:
        database: the store.
        keyring: the keys.
        points: makes contact points.
        senders: who delivers, by channel.
        clock: tells the time.
        links: makes the links of a mail that a message is rerouted to; without it none is rerouted to email.
    """

    database: Database
    keyring: Keyring
    points: Points
    senders: Mapping[Channel, Sender]
    clock: Clock
    links: LinkMaker | None = None


@dataclass(slots=True)
class _Call:
    """Messages that share one call: each with its fencing token, and once decided, what is handed over."""

    fences: dict[int, int]
    channel: Channel
    cleared: list[tuple[Cleared, Outgoing]] = field(default_factory=list)
    delivered: list[Delivered] = field(default_factory=list)


def dispatch_due(
    database: Database,
    keyring: Keyring,
    points: Points,
    senders: Mapping[Channel, Sender],
    clock: Clock,
    limit: int = 20,
    links: LinkMaker | None = None,
) -> Counter[str]:
    """Decide and send what is due; what is refused is recorded with its reasons and ends there.

    Any number of workers may do this at the same time.

    Returns:
        How many messages got into each state; one that stays where it was counts as ``queued``.
    """
    use = Dispatcher(database, keyring, points, senders, clock, links)
    states: Counter[str] = Counter()
    at = clock()
    most = max((sender.most_at_once for sender in senders.values()), default=1)
    with database.write() as session:
        states["unknown"] += _give_up_stranded(session, at)
        claimed = [_claim_of(row) for row in outbox.claim_due(session, at, at + LEASE, limit, most)]
        session.commit()
    last: _Call | None = None
    for call in _calls(claimed, senders):
        last = _one_call(use, call, last, states)
    if last is not None:
        with database.write() as session:
            _end(session, use, last, states)
            session.commit()
    return +states


def _claim_of(row: OutboxMessage) -> tuple[int, int, Channel, str]:
    return row.id, row.fence, Channel(row.channel), row.batch


def _calls(claimed: Sequence[tuple[int, int, Channel, str]], senders: Mapping[Channel, Sender]) -> Iterator[_Call]:
    """Put together what may share one call, in the order in which it was claimed."""
    batches: dict[tuple[Channel, str], _Call] = {}
    for message_id, fence, channel, batch in claimed:
        most = senders[channel].most_at_once if batch and channel in senders else 1
        call = batches.setdefault((channel, batch), _Call({}, channel)) if most > 1 else _Call({}, channel)
        call.fences[message_id] = fence
        if len(call.fences) >= most:
            batches.pop((channel, batch), None)
            yield call
    yield from batches.values()


def _one_call(use: Dispatcher, call: _Call, last: _Call | None, states: Counter[str]) -> _Call | None:
    """End the last call's messages, decide this one's in the same commit, and hand over what is cleared."""
    try:
        told: Counter[str] = Counter()
        with use.database.write() as session:
            if last is not None:
                _end(session, use, last, told)
            _open(session, use, call, told)
            session.commit()
        states += told
    except Exception as error:  # noqa: BLE001 - fails closed: what cannot be decided is not sent (X1)
        _log.error("%d messages were not sent: %s", len(call.fences), type(error).__name__)
        states["queued"] += len(call.fences)
        if last is not None:
            with use.database.write() as session:
                _end(session, use, last, states)
                session.commit()
        _put_back(use.database, call.fences, type(error).__name__, use.clock())
        return None
    if not call.cleared:
        return None
    call.delivered = deliver(use.senders[call.channel], call.cleared)
    return call


def _open(session: Session, use: Dispatcher, call: _Call, states: Counter[str]) -> None:
    """Decide the messages of a call; those that are cleared are put down as *sending*."""
    at = use.clock()
    rows = outbox.held(session, call.fences, ("queued", "waiting"))
    ours = [row for row in rows if row.leased_until is not None and row.leased_until > at]
    states["queued"] += len(call.fences) - len(ours)
    for row, decision in zip(ours, gate.clear_all(session, use.keyring, use.points, ours, at=at), strict=True):
        cleared = _settle_decision(session, use, row, decision, at)
        if cleared is None:
            states[row.state] += 1
        else:
            _ = use.senders[call.channel]  # One without a sender stays where it is.
            call.cleared.append((cleared, _message(row)))


def _settle_decision(
    session: Session, use: Dispatcher, row: OutboxMessage, decision: Decision | UnknownType | BadAddress, at: datetime
) -> Cleared | None:
    """Record what was decided of a message; only what may leave now is given back."""
    match decision:
        case UnknownType():
            refuse(session, row, [decision.code], at)
        case BadAddress():
            refuse(session, row, ["no_address"], at)
        case Wait():
            _wait(session, row, decision, at)
        case Reroute():
            rerouting.reroute(session, use.keyring, use.points, use.links, row, decision, at=at)
        case Cleared() if row.not_before is not None and at < row.not_before:
            row.state, row.due_at, row.leased_until = "queued", row.not_before, None
        case Cleared():
            row.state, row.leased_until = "sending", at + LEASE
            return decision
        case _:
            refuse(session, row, reasons_given(decision.reasons), at)
    return None


def _wait(session: Session, row: OutboxMessage, decision: Wait, at: datetime) -> None:
    is_new = row.state != "waiting"
    row.state, row.leased_until = "waiting", None
    row.due_at = max(decision.until, row.not_before or decision.until)
    row.why = reasons_given(decision.reasons)
    if is_new:
        log(session, "wait", row, {"reasons": row.why, "until": row.due_at.isoformat()}, at=at)


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
        brand=row.brand,
        topic=row.topic,
        batch=row.batch,
        variables=dict(row.variables or {}),
    )


def _end(session: Session, use: Dispatcher, call: _Call, states: Counter[str]) -> None:
    """Record what came of a call; a message that another worker gave up meanwhile stays unknown."""
    at = use.clock()
    ours = {row.id: row for row in outbox.held(session, call.fences, ("sending",))}
    told, refusals = [], []
    for (_, message), delivered in zip(call.cleared, call.delivered, strict=True):
        row = ours.get(message.id)
        if row is None:
            states["unknown"] += 1
            continue
        told.append(_settled(row, delivered, at))
        states[row.state] += 1
        if delivered.reason is not None:
            refusals.append((row, delivered.reason))
    ledger.append_many(session, told)
    believe(session, use.points, refusals, at=at)


def _settled(row: OutboxMessage, delivered: Delivered, at: datetime) -> ledger.NewEntry:
    """Put a message into the state that came of handing it over, and give what the ledger says of it."""
    row.state, row.provider_id, row.problem = delivered.state, delivered.provider_id, delivered.problem
    row.sent_at, row.leased_until = at if delivered.state in ("sent", "unknown") else None, None
    if delivered.state == "queued":
        _try_later(row, at)
    return entry_of("send", row, {"state": row.state}, at=at)


def _try_later(row: OutboxMessage, at: datetime) -> None:
    """Nothing of it left, so it may be tried again, each time after a longer rest, until it is too late."""
    if at > (row.not_before or row.created_at) + LONGEST_WAIT:
        row.state = "failed"
    else:
        row.due_at = at + min(RETRY_AFTER * 2 ** min(row.attempts - 1, 10), LONGEST_RETRY)


def _give_up_stranded(session: Session, at: datetime) -> int:
    rows = outbox.stranded(session, at)
    died = Delivered("unknown", problem="Its worker died while sending it.")
    ledger.append_many(session, [_settled(row, died, at) for row in rows])
    return len(rows)


def _put_back(database: Database, fences: Mapping[int, int], problem: str, at: datetime) -> None:
    """Let go of messages that could not be decided; where even that fails, their lease runs out."""
    try:
        with database.write() as session:
            for row in outbox.held(session, fences, ("queued", "waiting")):
                row.leased_until, row.due_at, row.problem = None, at + RETRY_AFTER, problem
            session.commit()
    except Exception as error:  # noqa: BLE001 - the store is down; the lease does the rest
        _log.error("%d messages were not put back: %s", len(fences), type(error).__name__)
