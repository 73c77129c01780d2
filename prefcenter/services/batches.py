"""A provider's call with events, one or a thousand: what it says of people at once, what it says of messages soon.

What refuses (a bounce, a complaint, an unsubscribe) is on the list before the provider gets its 2xx, so that it holds
from the next attempt to send on (E11), and no gate has to wait for a worker. The states of the messages follow within
the same transaction where the call is short; those of a long one are left to the worker, since a thousand states with
their lines in the ledger would keep the provider waiting. Nothing is lost by that, since the call itself is kept in the
same commit; and nothing marketing can leave in between, since no state of a message allows anything.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from prefcenter.core.calendars import Duty
from prefcenter.core.channels import Channel
from prefcenter.core.errors import BadAddress
from prefcenter.services import complaints
from prefcenter.services.event_facts import (
    CHANNEL_OF,
    REASON_OF,
    STATE_OF,
    About,
    EventKind,
    Told,
    scope_of_mail,
    take_facts,
)
from prefcenter.services.message_progress import Step, advance
from prefcenter.services.named_messages import Messages, point_of
from prefcenter.services.points import Point, Points
from prefcenter.services.receiving import Handled, Reception, ask_person
from prefcenter.services.status_facts import ask_about_blocked, scope_of_text
from prefcenter.store import events
from prefcenter.store.engine import Database, StoreUnavailable
from prefcenter.store.events import EventBatch
from prefcenter.store.inbound import InboundMessage

_log = logging.getLogger(__name__)

SETTLED_AT_ONCE = 100
"""A call with at most so many events has its messages' states within the call."""

MATCHED_FOR = timedelta(minutes=15)
"""So long an event waits for the message that it names: longer than the lease of one that is just being sent."""

HELD_BACK = frozenset(REASON_OF) | {EventKind.CARRIER_BLOCKED}
"""The events that are worked off before the provider is answered."""


@dataclass(frozen=True, slots=True)
class ReadBatch:
    """A call as it was read.

    Args:
        told: its events that say something.
        total: how many events it has, those too that say nothing.
        malformed: the places of those that cannot be read, counted from 0.
        problem: why nothing of it can be read, or empty.
    """

    told: Sequence[Told]
    total: int
    malformed: tuple[int, ...] = ()
    problem: str = ""


Reader = Callable[[InboundMessage, frozenset[EventKind]], ReadBatch]
"""Reads the events of some kinds out of a kept call; never raises."""


def receive(
    session: Session,
    reception: Reception,
    provider: str,
    read: Reader,
    row: InboundMessage,
    cause: str,
    *,
    at: datetime,
) -> Handled:
    """Work off a call; within the caller's transaction.

    Args:
        session: the caller's.
        reception: what it works with.
        provider: whose call it is: ``sendgrid`` or ``twilio``.
        read: reads it.
        row: the call as it was kept.
        cause: the name under which all that it puts on the list can be undone.
        at: now.
    """
    batch = read(row, HELD_BACK)
    if batch.problem:
        ask_person(session, row, "unreadable", batch.problem, {}, Duty.EMAIL_OPT_OUT, at=at, country=reception.country)
        return Handled("review", problem=batch.problem)
    facts, unusable = _take(session, reception, provider, batch.told, row, cause, at)
    malformed = len(batch.malformed) + len(unusable)
    if malformed:
        _show_malformed(session, reception, row, [*batch.malformed], unusable, at)
    is_settled = batch.total <= SETTLED_AT_ONCE
    if is_settled:
        _settle(session, reception.points, provider, read(row, frozenset(STATE_OF)).told, row, at)
    events.add_batch(
        session,
        inbound_id=row.id,
        received_at=row.received_at,
        events=batch.total,
        facts=facts,
        malformed=malformed,
        settled_at=at if is_settled else None,
    )
    answer = {"events": batch.total, "facts": facts, "malformed": malformed}
    return Handled("recorded" if facts else "stored", answer)


def _show_malformed(
    session: Session, reception: Reception, row: InboundMessage, places: list[int], unusable: list[str], at: datetime
) -> None:
    understood = {"places": places[:200], "events": unusable[:200]}
    why = "Some of these events cannot be read; the others were taken."
    ask_person(session, row, "events", why, understood, Duty.EMAIL_OPT_OUT, at=at, country=reception.country)


def _take(
    session: Session,
    reception: Reception,
    provider: str,
    told: Sequence[Told],
    row: InboundMessage,
    cause: str,
    at: datetime,
) -> tuple[int, list[str]]:
    """Put on the list what new events say; returns how many entries are new, and which events name nobody."""
    if not told:
        return 0, []
    found = Messages(session, reception.points, provider, told, row.received_at)
    about, rows, unusable = [], [], []
    for each in told:
        try:
            point = reception.points.parse(CHANNEL_OF[provider], each.address)
        except BadAddress:
            unusable.append(each.event_id)
            continue
        message = found.of(each)
        is_mail = point.channel is Channel.EMAIL
        scope = scope_of_mail(session, each, message) if is_mail else scope_of_text(session, each, message)
        about.append(About(each, point, scope))
        rows.append(_row(provider, each, row, at, message=message, number=found.number_of(each, message), point=point))
    new = events.add_new(session, rows)
    fresh = list({each.told.event_id: each for each in about if each.told.event_id in new}.values())
    facts = take_facts(session, reception.points, provider, fresh, cause, inbound=row.id, at=at)
    complained = {each.told.event_id for each in fresh if each.told.kind is EventKind.COMPLAINED}
    brands = {kept["brand"] for kept in rows if kept["event_id"] in complained and kept["brand"] is not None}
    for brand in sorted(brands):
        complaints.weigh(session, brand, at=at)
    for point in [each.point for each in fresh if each.told.kind is EventKind.CARRIER_BLOCKED]:
        ask_about_blocked(session, row, point, at=at, country=reception.country)
    return facts, unusable


def _row(
    provider: str,
    told: Told,
    row: InboundMessage,
    at: datetime,
    *,
    message: Any | None,
    number: int | None,
    point: Point | None = None,
) -> dict[str, Any]:
    return {
        "provider": provider,
        "event_id": told.event_id,
        "kind": told.kind.value,
        "inbound_id": row.id,
        "occurred_at": told.occurred_at or row.received_at,
        "received_at": at,
        "digest": None if point is None else point.digest,
        "message_id": number,
        "provider_message": told.provider_message,
        "brand": None if message is None else message.brand,
        "message_class": None if message is None else message.message_class,
        "settled_at": None,
    }


def _settle(
    session: Session, points: Points, provider: str, told: Sequence[Told], row: InboundMessage, at: datetime
) -> int:
    """Give the messages of some events the states that these tell; returns how many changed."""
    if not told:
        return 0
    found = Messages(session, points, provider, told, row.received_at)
    known, rows = [], []
    for each in told:
        message = found.of(each)
        point = None
        if message is not None and message.state != "sending":
            known.append((each, message))
        else:  # What waits for its message is matched with it by the recipient too.
            point = point_of(points, CHANNEL_OF[provider], each)
        rows.append(_row(provider, each, row, at, message=message, number=found.number_of(each, message), point=point))
    settled = {each.event_id for each, _ in known}
    for kept in rows:
        kept["settled_at"] = at if kept["event_id"] in settled else None
    new = events.add_new(session, rows)
    steps: dict[int, list[Step]] = defaultdict(list)
    for each, message in known:
        steps[message.id].append(Step(STATE_OF[each.kind], _detail(each), each.provider_message))
    changed = advance(session, steps, at=at)
    # Those that were there already: told before, or kept when their facts were taken.
    events.mark_settled(session, provider, sorted(settled - new), at)
    return changed


def _detail(told: Told) -> str:
    return f"{told.kind.value} {told.detail}".strip() if STATE_OF[told.kind] == "failed" else ""


def settle_open(
    database: Database, points: Points, readers: Mapping[str, tuple[str, Reader]], *, at: datetime, limit: int = 20
) -> int:
    """Give messages the states that long calls told; each call in a transaction of its own.

    Args:
        database: where.
        points: makes contact points.
        readers: by the name that a call is kept under, whose it is and who reads it.
        at: now.
        limit: how many calls at most.

    Returns:
        How many calls were worked off; one that cannot be is tried again, and holds up no other.
    """
    with database.read() as session:
        waiting = events.open_batches(session, limit)
    done = 0
    for inbound_id in waiting:
        try:
            with database.write() as session:
                done += _settle_call(session, points, readers, inbound_id, at)
        except StoreUnavailable:
            raise
        except Exception as error:  # noqa: BLE001 - one that cannot be worked off must not hold up the others
            _log.error("the events of inbound message %s could not be worked off: %s", inbound_id, type(error).__name__)
    return done


def _settle_call(
    session: Session, points: Points, readers: Mapping[str, tuple[str, Reader]], inbound_id: int, at: datetime
) -> bool:
    query = select(EventBatch).where(EventBatch.inbound_id == inbound_id, EventBatch.settled_at.is_(None))
    batch = session.scalar(query.with_for_update(skip_locked=True))
    if batch is None:
        return False
    row = session.get_one(InboundMessage, inbound_id)
    provider, read = readers[row.provider]
    _settle(session, points, provider, read(row, frozenset(STATE_OF)).told, row, at)
    batch.settled_at = at
    session.commit()
    return True


def match_late(database: Database, *, at: datetime) -> int:
    """Settle events that came while their message was just being sent, or before we knew its provider's name."""
    since, channels = at - MATCHED_FOR, {name: channel.value for name, channel in CHANNEL_OF.items()}
    with database.read() as session:
        if not events.unmatched(session, since, channels, 1):
            return 0
    with database.write() as session:
        steps: dict[int, list[Step]] = defaultdict(list)
        for event, message_id in events.unmatched(session, since, channels):
            kind = EventKind(event.kind)
            detail = kind.value if STATE_OF[kind] == "failed" else ""
            steps[message_id].append(Step(STATE_OF[kind], detail, event.provider_message))
            event.settled_at = at
        changed = advance(session, steps, at=at)
        session.commit()
    return changed
