"""Forgetting what was answered to requests with an ``Idempotency-Key``, once nobody tries them again (G13)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from prefcenter.store import chores, outbox
from prefcenter.store.engine import Database

KEPT_FOR: Final = timedelta(days=30)
"""So long a request may come again under its key and sends nothing twice; clients try again for days at most."""

EVERY: Final = timedelta(days=1)
_CHORE: Final = "forget_answers"
_AT_ONCE: Final = 5_000


def forget_daily(database: Database, *, at: datetime) -> int:
    """Forget the answers whose time is over, once a day, some at a time so that no click waits.

    Returns:
        How many were forgotten.
    """
    with database.read() as session:
        if not chores.is_due(session, _CHORE, EVERY, at=at):
            return 0
    with database.write() as session:
        if not chores.claim(session, _CHORE, EVERY, at=at):
            return 0
        session.commit()
    total = 0
    while True:
        with database.write() as session:
            gone = outbox.forget_answers(session, at - KEPT_FOR, _AT_ONCE)
            session.commit()
        total += gone
        if gone < _AT_ONCE:
            return total
