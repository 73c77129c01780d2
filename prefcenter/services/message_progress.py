"""Bringing messages on by what their providers tell: set by set, each change with its line in the ledger."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Table, bindparam, func, literal, select, update
from sqlalchemy.orm import Session

from prefcenter.core.progress import advanced
from prefcenter.store import complaints, ledger
from prefcenter.store.outbox import OutboxMessage


@dataclass(frozen=True, slots=True)
class Step:
    """What an event says of one message.

    Args:
        state: the state that it tells.
        detail: why it failed, as a code; no words, which quote addresses.
        provider_id: the provider's name for the message, or empty.
    """

    state: str
    detail: str = ""
    provider_id: str = ""


_MESSAGES = cast("Table", OutboxMessage.__table__)
_ADVANCE = (
    update(_MESSAGES)
    .where(_MESSAGES.c.id == bindparam("one"), _MESSAGES.c.state == bindparam("was"))
    .values(
        state=bindparam("now"),
        problem=bindparam("why_failed"),
        provider_id=bindparam("named"),
        sent_at=bindparam("left_at"),
        due_at=bindparam("look_at"),
        leased_until=None,
    )
)


def advance(session: Session, steps: Mapping[int, list[Step]], *, at: datetime) -> int:
    """Bring messages to the furthest state that their events tell; within the caller's transaction.

    The messages are locked in the order of their ids first, so that two batches about the same ones do not wait for
    each other in a circle. What a provider is told to hold is decided once more by the worker: an opt-out that came
    while nobody knew where it is has not been asked about (X2). Returns how many changed.
    """
    if not steps:
        return 0
    rows = _locked(session, list(steps))
    changes, entries = [], []
    alike: dict[tuple[str, str, str], list[int]] = defaultdict(list)
    delivered: Counter[str] = Counter()
    for row in rows:
        state, detail, name = row.state, "", row.provider_id
        for step in steps[row.id]:
            name = name or step.provider_id or None
            further = advanced(state, step.state)
            if further != state:
                state, detail = further, step.detail
        if state == row.state:
            continue
        kept = "recalled" if state == "scheduled" else state
        if name and name == row.provider_id:
            alike[row.state, kept, detail].append(row.id)
        else:
            changes.append(_change(row, kept, detail, name, at))
        entries.append(_entry(row, state, detail, at))
        if _counts(row) and state == "delivered":
            delivered[row.brand] += 1
    for (was, state, detail), ids in alike.items():
        _advance_alike(session, ids, was, state, detail, at)
    if changes:
        session.connection().execute(_ADVANCE, changes)
    if entries:
        ledger.append_many(session, entries)
        complaints.tally(session, delivered, at.replace(minute=0, second=0, microsecond=0))
    return len(entries)


def _advance_alike(session: Session, ids: list[int], was: str, state: str, detail: str, at: datetime) -> None:
    """Bring messages that have their provider's name from one state to another, all by one statement."""
    values: dict[str, Any] = {"state": state, "problem": detail, "leased_until": None}
    if state == "recalled":
        values["due_at"] = at
    if state in ("sent", "delivered"):
        values["sent_at"] = func.coalesce(_MESSAGES.c.sent_at, literal(at, _MESSAGES.c.sent_at.type))
    elif state == "canceled":
        values["sent_at"] = None
    query = update(_MESSAGES).where(_MESSAGES.c.id.in_(ids), _MESSAGES.c.state == was)
    session.connection().execute(query.values(values))


def _locked(session: Session, ids: list[int]) -> list[Any]:
    asked = "id state provider_id brand channel message_class message_type digest sent_at due_at"
    query = (
        select(*(_MESSAGES.c[name] for name in asked.split())).where(_MESSAGES.c.id.in_(ids)).order_by(_MESSAGES.c.id)
    )
    return list(session.execute(query.with_for_update()))


def _counts(row: Any) -> bool:
    """Whether its delivery counts where the complaints of its brand are weighed (E17)."""
    return row.brand is not None and row.channel == "email" and row.message_class == "marketing"


def _change(row: Any, state: str, detail: str, name: str | None, at: datetime) -> dict[str, Any]:
    return {
        "one": row.id,
        "was": row.state,
        "now": state,
        "why_failed": detail,
        "named": name,
        "look_at": at if state == "recalled" else row.due_at,
        "left_at": row.sent_at or at
        if state in ("sent", "delivered")
        else None
        if state == "canceled"
        else row.sent_at,
    }


def _entry(row: Any, state: str, detail: str, at: datetime) -> ledger.NewEntry:
    facts = {"message": row.id, "channel": row.channel, "class": row.message_class, "type": row.message_type}
    facts |= {"state": state, "was": row.state} | ({"detail": detail} if detail else {})
    return ledger.NewEntry("delivery", at, "system", facts, subject=row.digest)
