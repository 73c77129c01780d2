"""Bringing many messages of the outbox on at once: claimed, put down as being sent, ended, a statement for many.

A message is a whole object only where something is done with that one alone. What a thousand have in common is said
once; else the store would cost more than the provider.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple, cast

from sqlalchemy import Row, Table, bindparam, or_, select, text, update
from sqlalchemy.orm import Session

from prefcenter.store.outbox import OutboxMessage, in_chunks

_MESSAGES = cast("Table", OutboxMessage.__table__)
_CLAIMED = (_MESSAGES.c.id, _MESSAGES.c.fence, _MESSAGES.c.channel, _MESSAGES.c.batch, _MESSAGES.c.digest)
_READ = tuple(
    column for column in _MESSAGES.c if column.name not in ("why", "problem", "provider_id", "cause", "variables")
)
"""What a decision and its sender need of a message."""


class Claim(NamedTuple):
    """A message that a worker took: what it needs to put those together that leave together."""

    id: int
    fence: int
    channel: str
    batch: str
    digest: bytes


class End(NamedTuple):
    """What becomes of messages, as the store keeps it."""

    state: str
    provider_id: str | None
    problem: str
    sent_at: datetime | None
    due_at: datetime
    leased_until: datetime | None
    attempts: int


def claim_due(
    session: Session, at: datetime, leased_until: datetime, limit: int = 20, batch_limit: int = 0
) -> list[Claim]:
    """Take messages that are due and that no other worker holds; each gets a new fencing token.

    Where the first of them belongs to a batch, up to ``batch_limit`` more of it come with it: what shares one call.
    """
    free = or_(_MESSAGES.c.leased_until.is_(None), _MESSAGES.c.leased_until < at)
    due = (
        select(_MESSAGES.c.id, _MESSAGES.c.batch)
        .where(_MESSAGES.c.state.in_(("queued", "waiting")), _MESSAGES.c.due_at <= at, free)
        .order_by(_MESSAGES.c.due_at, _MESSAGES.c.id)
        .with_for_update(skip_locked=True)
    )
    found = session.execute(due.limit(limit)).all()
    ids = {row.id for row in found}
    if found and found[0].batch and batch_limit > limit:
        alike = due.where(_MESSAGES.c.batch == found[0].batch)
        ids.update(row.id for row in session.execute(alike.limit(batch_limit)))
    taken = {"leased_until": leased_until, "fence": _MESSAGES.c.fence + 1, "attempts": _MESSAGES.c.attempts + 1}
    claims: list[Claim] = []
    for some in in_chunks(ids):
        query = update(_MESSAGES).where(_MESSAGES.c.id.in_(some)).values(taken).returning(*_CLAIMED)
        claims += (Claim(*row) for row in session.execute(query))
    return sorted(claims)


def claimed(session: Session, fences: Mapping[int, int], states: Sequence[str]) -> list[Row[Any]]:
    """Read those messages whole, locked in the order of their ids, that no other worker took over meanwhile."""
    rows: list[Row[Any]] = []
    for some in in_chunks(fences):
        query = select(*_READ).where(_MESSAGES.c.id.in_(some), _MESSAGES.c.state.in_(states))
        found = session.execute(query.order_by(_MESSAGES.c.id).with_for_update())
        rows += (row for row in found if row.fence == fences[row.id])
    return rows


def one_at_a_time(session: Session, digests: Collection[bytes]) -> None:
    """Wait until no other transaction decides a message to one of these recipients; others wait until we commit.

    Two workers that decide two texts to one number at once would each see the cap as not reached yet (S8). On SQLite
    only one transaction writes at a time anyway. The locks are taken in one order, so that no two wait in a circle.
    """
    if not digests or session.get_bind().dialect.name == "sqlite":
        return
    keys = sorted(int.from_bytes(digest[:8], "big", signed=True) for digest in digests)
    session.execute(_LOCK, {"keys": keys})


_LOCK = text(
    "SELECT pg_advisory_xact_lock(key) FROM (SELECT unnest(CAST(:keys AS bigint[])) AS key ORDER BY 1) AS keys"
)


def still_sending(session: Session, fences: Mapping[int, int]) -> set[int]:
    """Lock those of the messages that are still being sent by who claimed them."""
    ids: set[int] = set()
    for some in in_chunks(fences):
        query = select(_MESSAGES.c.id, _MESSAGES.c.fence).where(
            _MESSAGES.c.id.in_(some), _MESSAGES.c.state == "sending"
        )
        found = session.execute(query.order_by(_MESSAGES.c.id).with_for_update())
        ids.update(row.id for row in found if row.fence == fences[row.id])
    return ids


def put_down_as_sending(session: Session, ids: Sequence[int], leased_until: datetime) -> None:
    """Say of messages, which the caller holds locked, that they are being sent."""
    for some in in_chunks(ids):
        query = update(_MESSAGES).where(_MESSAGES.c.id.in_(some))
        session.execute(query.values(state="sending", leased_until=leased_until))


def end(session: Session, ends: Mapping[int, End]) -> None:
    """Record what became of messages, which the caller holds locked: those that ended alike in one statement."""
    alike: dict[End, list[int]] = defaultdict(list)
    for message_id, found in ends.items():
        alike[found].append(message_id)
    single = [{"one": ids[0], **_bound(found)} for found, ids in alike.items() if len(ids) == 1]
    if single:
        session.connection().execute(_END_ONE, single)
    for found, ids in alike.items():
        if len(ids) > 1:
            for some in in_chunks(ids):
                session.execute(update(_MESSAGES).where(_MESSAGES.c.id.in_(some)).values(found._asdict()))


def name_unknown(session: Session, names: Mapping[int, str]) -> None:
    """Keep what the provider called messages that were given up before it answered: its events tell by that."""
    for message_id, name in names.items():
        query = update(_MESSAGES).where(_MESSAGES.c.id == message_id, _MESSAGES.c.provider_id.is_(None))
        session.execute(query.values(provider_id=name))


_END_ONE = (
    update(_MESSAGES)
    .where(_MESSAGES.c.id == bindparam("one"))
    .values({name: bindparam(f"new_{name}") for name in End._fields})
)


def _bound(found: End) -> dict[str, Any]:
    return {f"new_{name}": value for name, value in found._asdict().items()}
