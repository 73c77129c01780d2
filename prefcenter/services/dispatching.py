"""The worker's side of the outbox: what is due is claimed, decided at that moment, sent, and its end recorded (X1, X2).

A message is put down as *sending* before its sender is called, so that whatever happens then, nobody sends it twice:
one that was being sent when its worker died becomes *unknown*, not *queued*. Messages are decided some at a time, those
of one call or a few dozen that need a call each; the commit that ends them is also the one in which others are decided.
While a provider takes a call of many, the next is decided and handed over beside it. A decision holds for a few
seconds: what was not handed over by then is decided again.
"""

from __future__ import annotations

import logging
from collections import Counter, deque
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row
from sqlalchemy.orm import Session

from prefcenter.core.channels import Channel, MessageClass
from prefcenter.core.decision import Cleared, Decision, Reroute, Wait
from prefcenter.core.errors import BadAddress
from prefcenter.services import gate, rerouting
from prefcenter.services.delivering import Delivered, deliver, deliver_each
from prefcenter.services.dispatch_calls import Call, calls_of, parts_too_late
from prefcenter.services.dispatch_ends import LEASE as LEASE
from prefcenter.services.dispatch_ends import RETRY_AFTER as RETRY_AFTER
from prefcenter.services.dispatch_ends import end, give_up_stranded, put_back
from prefcenter.services.errors import UnknownType
from prefcenter.services.links import LinkMaker
from prefcenter.services.outgoing import log, reasons_given, refuse
from prefcenter.services.points import Points
from prefcenter.services.ports import Clock, Keyring, Outgoing, Sender
from prefcenter.store import dispatches, frequencies, outbox
from prefcenter.store.engine import Database
from prefcenter.store.outbox import OutboxMessage

_log = logging.getLogger(__name__)

_MARKETING = MessageClass.MARKETING.value

HAND_OVER_WITHIN = timedelta(seconds=5)
"""So long a decision holds: a provider is called within this time of it, or the message is decided again (X2).

Far less than a lease, and with any sender's time-out still less, so that no other worker takes a message meanwhile that
this one still hands over.
"""

CLAIMED = 100
"""So many messages a worker takes at once."""

CALLS_CLAIMED = 5
"""So many calls' worth of messages that share calls a worker takes at once, so that one can follow on the other."""

UNDER_WAY = 2
"""So many calls of many messages each are with the provider at the same time; while they are, the next is decided."""


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


def dispatch_due(
    database: Database,
    keyring: Keyring,
    points: Points,
    senders: Mapping[Channel, Sender],
    clock: Clock,
    limit: int = CLAIMED,
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
        states["unknown"] += give_up_stranded(session, at)
        claims = dispatches.claim_due(session, at, at + LEASE, limit, most * CALLS_CLAIMED if most > 1 else 0)
        session.commit()
    with ThreadPoolExecutor(UNDER_WAY, "handing-over") as pool:
        _bring_on(use, deque(calls_of(claims, senders)), pool, states)
    return +states


def _bring_on(use: Dispatcher, calls: deque[Call], pool: Executor, states: Counter[str]) -> None:
    """Open one call after the other, each when it can be handed over at once; end those that were.

    Calls of many messages may be under way beside each other: what the provider takes its time for is used to decide
    the next. Those that need a call each go alone, since one decision may depend on what became of another (S8); and so
    do those that were all too late before.
    """
    under_way: deque[tuple[Call, Future[list[Delivered]]]] = deque()
    over: list[Call] = []
    while calls or under_way:
        if under_way and not _may_begin(calls, under_way):
            call, future = under_way.popleft()
            call.delivered, call.over_at = future.result(), use.clock()
            over.append(call)
            calls.extendleft(reversed(parts_too_late(call)))
            continue
        call = calls.popleft()
        if _opened(use, call, over, states) and call.cleared:
            hand_over = deliver if call.is_shared else deliver_each
            under_way.append((call, pool.submit(hand_over, use.senders[call.channel], call.cleared)))
        over = []
    if over:
        _end_all(use, over, states)


def _may_begin(calls: deque[Call], under_way: deque[tuple[Call, Future[list[Delivered]]]]) -> bool:
    """Whether the next call may be opened beside those that are under way."""
    if not calls or len(under_way) >= UNDER_WAY or under_way[0][1].done():
        return False
    return all(call.is_shared and not call.is_again for call in (calls[0], *(call for call, _ in under_way)))


def _opened(use: Dispatcher, call: Call, over: Sequence[Call], states: Counter[str]) -> bool:
    """End the messages of what is over, and decide this call's in the same commit; False where it can't be decided."""
    try:
        told: Counter[str] = Counter()
        with use.database.write() as session:
            for each in over:
                end(session, use.points, each, told)
            _open(session, use, call, told)
            session.commit()
        states += told
    except Exception as error:  # noqa: BLE001 - fails closed: what cannot be decided is not sent (X1)
        _log.error("%d messages were not sent: %s", len(call.fences), type(error).__name__)
        states["queued"] += len(call.fences)
        _end_all(use, over, states)
        put_back(use.database, call.fences, type(error).__name__, use.clock())
        return False
    return True


def _end_all(use: Dispatcher, over: Sequence[Call], states: Counter[str]) -> None:
    if over:
        with use.database.write() as session:
            for each in over:
                end(session, use.points, each, states)
            session.commit()


def _open(session: Session, use: Dispatcher, call: Call, states: Counter[str]) -> None:
    """Decide the messages of a call; those that are cleared are put down as *sending*."""
    at = use.clock()
    rows = dispatches.claimed(session, call.fences, ("queued", "waiting"))
    ours = [row for row in rows if row.leased_until is not None and row.leased_until > at]
    states["queued"] += len(call.fences) - len(ours)
    limited = _limited(session, ours)
    dispatches.one_at_a_time(session, {row.digest for row in ours if _is_capped(row)} | limited)
    alone = _first_of_each(ours, limited)
    states["queued"] += len(ours) - len(alone)
    ours = alone
    decisions = gate.clear_all(session, use.keyring, use.points, ours, at=at)
    decided = {row.id: decision for row, decision in zip(ours, decisions, strict=True)}
    others = {row.id: call.fences[row.id] for row in ours if not _leaves_now(row, decided[row.id], at)}
    for message in outbox.held(session, others, ("queued", "waiting")):
        _settle_decision(session, use, message, decided[message.id], at)
        states[message.state] += 1
    call.rows = [row for row in ours if row.id not in others]
    if call.rows:
        _ = use.senders[call.channel]  # One without a sender stays where it is.
    dispatches.put_down_as_sending(session, [row.id for row in call.rows], at + LEASE)
    in_time = _until(use.clock, at + HAND_OVER_WITHIN)
    for row in call.rows:
        decision = decided[row.id]
        if isinstance(decision, Cleared):
            call.cleared.append((decision, _message(row, in_time)))


def _until(clock: Clock, end: datetime) -> Callable[[], bool]:
    return lambda: clock() < end


def _is_capped(row: Row[Any]) -> bool:
    """Whether what may leave depends on what else the recipient gets these days (S8)."""
    return (row.channel, row.message_class) == (Channel.SMS.value, MessageClass.MARKETING.value)


def _limited(session: Session, rows: Sequence[Row[Any]]) -> set[bytes]:
    """Who of the recipients of marketing wants it only so often."""
    return set(frequencies.limits(session, {row.digest for row in rows if row.message_class == _MARKETING}))


def _first_of_each(rows: Sequence[Row[Any]], limited: Collection[bytes]) -> list[Row[Any]]:
    """Leave out a second message to who wants only so many: it is decided when its lease is over and this one left."""
    met: set[bytes] = set()
    kept = []
    for row in rows:
        if row.digest in limited and row.message_class == _MARKETING:
            if row.digest in met:
                continue
            met.add(row.digest)
        kept.append(row)
    return kept


def _leaves_now(row: Row[Any], decision: Decision | UnknownType | BadAddress, at: datetime) -> bool:
    return isinstance(decision, Cleared) and (row.not_before is None or at >= row.not_before)


def _settle_decision(
    session: Session, use: Dispatcher, row: OutboxMessage, decision: Decision | UnknownType | BadAddress, at: datetime
) -> None:
    """Record what was decided of a message that does not leave now."""
    match decision:
        case UnknownType():
            refuse(session, row, [decision.code], at)
        case BadAddress():
            refuse(session, row, ["no_address"], at)
        case Wait():
            _wait(session, row, decision, at)
        case Reroute():
            rerouting.reroute(session, use.keyring, use.points, use.links, row, decision, at=at)
        case Cleared():
            row.state, row.due_at, row.leased_until = "queued", row.not_before or at, None
        case _:
            refuse(session, row, reasons_given(decision.reasons), at)


def _wait(session: Session, row: OutboxMessage, decision: Wait, at: datetime) -> None:
    is_new = row.state != "waiting"
    row.state, row.leased_until = "waiting", None
    row.due_at = max(decision.until, row.not_before or decision.until)
    row.why = reasons_given(decision.reasons)
    if is_new:
        log(session, "wait", row, {"reasons": row.why, "until": row.due_at.isoformat()}, at=at)


def _message(row: Row[Any], in_time: Callable[[], bool]) -> Outgoing:
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
        in_time=in_time,
    )
