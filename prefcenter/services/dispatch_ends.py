"""What becomes of messages that were handed over, or that could not be: recorded by those who claimed them."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row
from sqlalchemy.orm import Session

from prefcenter.core.channels import Reason
from prefcenter.core.policy import LONGEST_WAIT
from prefcenter.services.delivering import Delivered, believe
from prefcenter.services.dispatch_calls import Call
from prefcenter.services.outgoing import entry_of
from prefcenter.services.points import Points
from prefcenter.store import dispatches, ledger, outbox
from prefcenter.store.dispatches import End
from prefcenter.store.engine import Database
from prefcenter.store.outbox import OutboxMessage

_log = logging.getLogger(__name__)

LEASE = timedelta(minutes=5)
"""So long a worker may keep a message: longer than any sender's time-out."""

RETRY_AFTER = timedelta(seconds=30)
"""A message that could not be decided, or that its provider did not take now, is looked at again after this time."""

LONGEST_RETRY = timedelta(hours=1)
"""So long a provider is left alone at most that did not take a message now."""


def end(session: Session, points: Points, call: Call, states: Counter[str]) -> None:
    """Record what came of a call that is over; a message that another worker gave up meanwhile stays unknown.

    Within the caller's transaction.
    """
    if call.over_at is None:
        raise ValueError("The call is not over yet.")
    at = call.over_at
    ours = dispatches.still_sending(session, {row.id: call.fences[row.id] for row in call.rows})
    ends: dict[int, End] = {}
    lost: dict[int, str | None] = {}
    told, refusals = [], []
    for row, delivered in zip(call.rows, call.delivered, strict=True):
        if delivered.reason is not None:
            refusals.append((row.id, delivered.reason))
        if row.id not in ours:
            states["unknown"] += 1
            lost[row.id] = delivered.provider_id
            continue
        ends[row.id] = found = _end_of(row, delivered, at)
        if delivered.state == "late":
            continue  # It is decided again at once, and nothing happened to it.
        told.append(entry_of("send", row, {"state": _told(found)}, at=at))
        states[_told(found)] += 1
    _tell_operators(call)
    dispatches.end(session, ends)
    dispatches.name_unknown(session, {one: name for one, name in lost.items() if name})
    ledger.append_many(session, told)
    _believe(session, points, dict(refusals), at)


def _tell_operators(call: Call) -> None:
    """Say once for each call what stands between us and a provider; no address is in it (X8)."""
    said = Counter(one.problem for one in call.delivered if one.state in ("queued", "back", "unknown"))
    for problem, count in said.items():
        _log.warning("%d messages by %s: %s", count, call.channel, problem)


def _told(found: End) -> str:
    """What is said of an end: what its provider holds is looked at once more at first, and that is nobody's news."""
    return "scheduled" if found.state == "recalled" else found.state


def _believe(session: Session, points: Points, reasons: Mapping[int, Reason], at: datetime) -> None:
    """What was told of a recipient is true, whoever holds the message by now."""
    if reasons:
        whole = outbox.whole(session, list(reasons))
        believe(session, points, [(row, reasons[row.id]) for row in whole], at=at)


def _end_of(row: Row[Any] | OutboxMessage, delivered: Delivered, at: datetime) -> End:
    """What comes of a message by what came of handing it over; to be tried later it may be until it is too late."""
    left_at = at if delivered.state in ("sent", "unknown") else None
    kept = End(delivered.state, delivered.provider_id, delivered.problem, left_at, row.due_at, None, row.attempts)
    match delivered.state:
        case "late":
            return kept._replace(state="queued", leased_until=at + LEASE)
        case (
            "scheduled"
        ):  # An opt-out that came while it was handed over could not see it: it is decided once more (X2).
            return kept._replace(state="recalled", due_at=at)
        case "queued" | "back" if at > (row.not_before or row.created_at) + LONGEST_WAIT:
            return kept._replace(state="failed")
        case "queued":
            rest = min(RETRY_AFTER * 2 ** min(row.attempts - 1, 10), LONGEST_RETRY)
            return kept._replace(due_at=at + rest)
        case "back":  # That was no attempt.
            return kept._replace(state="queued", due_at=at + RETRY_AFTER, attempts=row.attempts - 1)
        case _:
            return kept


def give_up_stranded(session: Session, at: datetime) -> int:
    """Say of messages that their worker died while it sent them: whether they left, nobody knows; says how many."""
    rows = outbox.stranded(session, at)
    died = Delivered("unknown", problem="Its worker died while sending it.")
    dispatches.end(session, {row.id: _end_of(row, died, at) for row in rows})
    ledger.append_many(session, [entry_of("send", row, {"state": "unknown"}, at=at) for row in rows])
    return len(rows)


def put_back(database: Database, fences: Mapping[int, int], problem: str, at: datetime) -> None:
    """Let go of messages that could not be decided; where even that fails, their lease runs out."""
    try:
        with database.write() as session:
            for row in outbox.held(session, fences, ("queued", "waiting")):
                row.leased_until, row.due_at, row.problem = None, at + RETRY_AFTER, problem
            session.commit()
    except Exception as error:  # noqa: BLE001 - the store is down; the lease does the rest
        _log.error("%d messages were not put back: %s", len(fences), type(error).__name__)
