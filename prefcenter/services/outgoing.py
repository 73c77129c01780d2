"""The outbox: messages wait here, are decided at dispatch, and only a cleared one reaches a sender (X1, X2)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from prefcenter.services.points import Point
from prefcenter.store.outbox import OutboxMessage


def cancel_refused(session: Session, point: Point, *, at: datetime) -> int:
    """Bring what is queued for a contact point back to its decision at once, within the caller's transaction.

    Every queued message is decided again at dispatch anyway (X2); making it due now lets the refusal be recorded now,
    and not on the day that it was scheduled for.

    Returns:
        How many messages were brought forward.
    """
    query = select(OutboxMessage).where(
        OutboxMessage.digest.in_({point.digest, *point.lookup}), OutboxMessage.state.in_(("queued", "waiting"))
    )
    rows = session.scalars(query).all()
    for row in rows:
        row.due_at = at
    return len(rows)
