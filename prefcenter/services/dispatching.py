"""The worker's side of the outbox: what is due is claimed, decided at that moment, sent, and its end recorded (X1, X2).

A message is put down as *sending* before its sender is called, so that whatever happens then, nobody sends it twice:
one that was being sent when its worker died becomes *unknown*, not *queued*. Messages are decided some at a time, those
of one call or a few dozen that need a call each; the commit that ends them is also the one in which the next are
decided. A decision holds for a few seconds: what was not handed over by then is decided again.
"""

from __future__ import annotations

import logging
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row
from sqlalchemy.orm import Session

from prefcenter.core.channels import Channel, MessageClass, Reason
from prefcenter.core.decision import Cleared, Decision, Reroute, Wait
from prefcenter.core.errors import BadAddress
from prefcenter.core.policy import LONGEST_WAIT
from prefcenter.services import gate, rerouting
from prefcenter.services.delivering import Delivered, believe, deliver, deliver_each
from prefcenter.services.errors import UnknownType
from prefcenter.services.links import LinkMaker
from prefcenter.services.outgoing import entry_of, log, reasons_given, refuse
from prefcenter.services.points import Points
from prefcenter.services.ports import Clock, Keyring, Outgoing, Sender
from prefcenter.store import dispatches, ledger, outbox
from prefcenter.store.dispatches import Claim, End
from prefcenter.store.engine import Database
from prefcenter.store.outbox import OutboxMessage

_log = logging.getLogger(__name__)

LEASE = timedelta(minutes=5)
"""So long a worker may keep a message: longer than any sender's time-out."""

HAND_OVER_WITHIN = timedelta(seconds=5)
"""So long a decision holds: a provider is called within this time of it, or the message is decided again (X2).

Far less than a lease, and with any sender's time-out still less, so that no other worker takes a message meanwhile that
this one still hands over.
"""

TOGETHER = 50
"""So many messages are decided together at most that need a call each: as many as are handed over in that time, and as
are left unknown by a worker that dies at the wrong moment."""

CLAIMED = 100
"""So many messages a worker takes at once."""

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
    """Messages that are decided and handed over together.

    Args:
        fences: of each its fencing token.
        channel: how they go.
        is_shared: whether they share one call to the provider; else each has its own.
        is_again: whether all of them were too late before.
        until: until when they may be handed over; set by their decision, like what follows.
        rows: those that are cleared, as they stand in the outbox.
        cleared: what is handed over.
        delivered: what came of it.
    """

    fences: dict[int, int]
    channel: Channel
    is_shared: bool
    is_again: bool = False
    rows: list[Row[Any]] = field(default_factory=list)
    cleared: list[tuple[Cleared, Outgoing]] = field(default_factory=list)
    delivered: list[Delivered] = field(default_factory=list)


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
        states["unknown"] += _give_up_stranded(session, at)
        claims = dispatches.claim_due(session, at, at + LEASE, limit, most)
        session.commit()
    calls = deque(_calls(claims, senders))
    last: _Call | None = None
    while calls:
        last = _one_call(use, calls.popleft(), last, states)
        if last is not None:
            calls.extendleft(reversed(_too_late(last)))
    if last is not None:
        with database.write() as session:
            _end(session, use, last, states)
            session.commit()
    return +states


def _calls(claims: Sequence[Claim], senders: Mapping[Channel, Sender]) -> Iterator[_Call]:
    """Put together what may share one call, and the others by some dozens, in the order in which they were claimed.

    Of the latter no two go to the same recipient: the second is decided when the first is on record (S8).
    """
    calls: dict[tuple[Channel, str], _Call] = {}
    recipients: dict[Channel, set[bytes]] = {}
    for claim in claims:
        channel = Channel(claim.channel)
        most = senders[channel].most_at_once if claim.batch and channel in senders else 1
        key = (channel, claim.batch if most > 1 else "")
        met = recipients.setdefault(channel, set()) if most == 1 else set()
        if key in calls and (claim.digest in met or len(calls[key].fences) >= (most if most > 1 else TOGETHER)):
            yield calls.pop(key)
            met.clear()
        calls.setdefault(key, _Call({}, channel, is_shared=most > 1)).fences[claim.id] = claim.fence
        met.add(claim.digest)
    yield from calls.values()


def _too_late(call: _Call) -> list[_Call]:
    """What is to be decided again: where nothing was handed over in time, by halves, until even one alone is late."""
    late = [message.id for (_, message), told in zip(call.cleared, call.delivered, strict=True) if told.state == "late"]
    is_all = len(late) == len(call.cleared)
    if is_all and len(late) == 1 and call.is_again:
        call.delivered = [Delivered("back", problem="It could not be handed over within the time of its decision.")]
        return []
    middle = (len(late) + 1) // 2 if is_all else len(late)
    parts = [part for part in (late[:middle], late[middle:]) if part]
    return [_Call({one: call.fences[one] for one in part}, call.channel, call.is_shared, is_all) for part in parts]


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
    hand_over = deliver if call.is_shared else deliver_each
    call.delivered = hand_over(use.senders[call.channel], call.cleared)
    return call


def _open(session: Session, use: Dispatcher, call: _Call, states: Counter[str]) -> None:
    """Decide the messages of a call; those that are cleared are put down as *sending*."""
    at = use.clock()
    rows = dispatches.claimed(session, call.fences, ("queued", "waiting"))
    ours = [row for row in rows if row.leased_until is not None and row.leased_until > at]
    states["queued"] += len(call.fences) - len(ours)
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
        variables=dict(row.variables or {}),
        in_time=in_time,
    )


def _end(session: Session, use: Dispatcher, call: _Call, states: Counter[str]) -> None:
    """Record what came of a call; a message that another worker gave up meanwhile stays unknown."""
    at = use.clock()
    ours = dispatches.still_sending(session, {row.id: call.fences[row.id] for row in call.rows})
    ends: dict[int, End] = {}
    told, refusals = [], []
    for row, delivered in zip(call.rows, call.delivered, strict=True):
        if row.id not in ours:
            states["unknown"] += 1
            continue
        ends[row.id] = found = _end_of(row, delivered, at)
        if delivered.state == "late":
            continue  # It is decided again at once, and nothing happened to it.
        told.append(entry_of("send", row, {"state": found.state}, at=at))
        states[found.state] += 1
        if delivered.reason is not None:
            refusals.append((row.id, delivered.reason))
    dispatches.end(session, ends)
    ledger.append_many(session, told)
    _believe(session, use, call, refusals, at)


def _believe(session: Session, use: Dispatcher, call: _Call, refusals: list[tuple[int, Reason]], at: datetime) -> None:
    if refusals:
        reasons = dict(refusals)
        whole = outbox.held(session, {one: call.fences[one] for one in reasons}, ("failed",))
        believe(session, use.points, [(row, reasons[row.id]) for row in whole], at=at)


def _end_of(row: Row[Any] | OutboxMessage, delivered: Delivered, at: datetime) -> End:
    """What comes of a message by what came of handing it over; to be tried later it may be until it is too late."""
    left_at = at if delivered.state in ("sent", "unknown") else None
    kept = End(delivered.state, delivered.provider_id, delivered.problem, left_at, row.due_at, None, row.attempts)
    match delivered.state:
        case "late":
            return kept._replace(state="queued", leased_until=at + LEASE)
        case "queued" | "back" if at > (row.not_before or row.created_at) + LONGEST_WAIT:
            return kept._replace(state="failed")
        case "queued":
            rest = min(RETRY_AFTER * 2 ** min(row.attempts - 1, 10), LONGEST_RETRY)
            return kept._replace(due_at=at + rest)
        case "back":  # That was no attempt.
            return kept._replace(state="queued", due_at=at + RETRY_AFTER, attempts=row.attempts - 1)
        case _:
            return kept


def _give_up_stranded(session: Session, at: datetime) -> int:
    rows = outbox.stranded(session, at)
    died = Delivered("unknown", problem="Its worker died while sending it.")
    dispatches.end(session, {row.id: _end_of(row, died, at) for row in rows})
    ledger.append_many(session, [entry_of("send", row, {"state": "unknown"}, at=at) for row in rows])
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
