"""Answers under an Idempotency-Key are kept for their time, and no longer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from prefcenter.services import kept_answers
from prefcenter.services.kept_answers import KEPT_FOR, forget_daily
from prefcenter.store.engine import Database
from prefcenter.store.outbox import KeptAnswer

AT = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)


def keep(database: Database, **ages: timedelta) -> None:
    rows = [
        KeptAnswer(caller="crm", key=key, request=b"sixteen bytes...", answer={"id": 1}, at=AT - age)
        for key, age in ages.items()
    ]
    with database.write() as session:
        session.add_all(rows)
        session.commit()


def kept(database: Database) -> list[str]:
    with database.read() as session:
        return sorted(session.scalars(select(KeptAnswer.key)))


def test_answers_are_forgotten_when_their_time_is_over(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """G13: each thing has its period and a job that keeps it."""
    monkeypatch.setattr(kept_answers, "_AT_ONCE", 2)
    second = timedelta(seconds=1)
    keep(database, a=KEPT_FOR + second, b=KEPT_FOR * 2, c=KEPT_FOR * 3, young=KEPT_FOR - second, new=timedelta())
    assert forget_daily(database, at=AT) == 3
    assert kept(database) == ["new", "young"]
    assert forget_daily(database, at=AT + timedelta(hours=23)) == 0
    assert forget_daily(database, at=AT + timedelta(hours=24)) == 1
    assert kept(database) == ["new"]
