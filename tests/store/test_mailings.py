"""Which mailings may still arrive (P3, P12)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from prefcenter.store import mailings
from prefcenter.store.engine import Database
from prefcenter.store.mailings import Mailing

AT = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def mailing(name: str, version: int = 1, **changed: Any) -> Mailing:
    given: dict[str, Any] = {
        "channel": "post",
        "state": "prepared",
        "prepared_at": AT - timedelta(days=3),
        "stale_after": AT,
        "ledger_position": 0,
        "manifest": {},
    }
    return Mailing(name=name, version=version, **given | changed)


def in_flight(database: Database, *rows: Mailing) -> list[tuple[str, int]]:
    with database.write() as session:
        session.add_all(rows)
        session.commit()
    with database.read() as session:
        return [(row.name, row.version) for row in mailings.in_flight(session, AT)]


def test_what_was_prepared_or_dropped_lately_may_still_arrive(database: Database) -> None:
    rows = (
        mailing("prepared"),
        mailing("due", drop_at=AT + timedelta(days=5)),
        mailing("dropped", state="dropped", dropped_at=AT - timedelta(days=13)),
        mailing("arrived", state="dropped", dropped_at=AT - timedelta(days=15)),
        mailing("old", prepared_at=AT - timedelta(days=31)),
        mailing("failed", state="failed"),
        mailing("email", channel="email"),
    )
    assert in_flight(database, *rows) == [("prepared", 1), ("due", 1), ("dropped", 1)]


def test_a_version_that_another_took_the_place_of_is_not_posted(database: Database) -> None:
    rows = (mailing("spring"), mailing("spring", 2), mailing("spring", 3, channel="email"))
    assert in_flight(database, *rows) == [("spring", 2)]


def test_of_two_scrubs_under_one_name_the_second_waits_for_the_firsts_version(postgresql_database: Database) -> None:
    """Both would be version 1, and the second of two long scrubs for nothing."""
    database = postgresql_database
    with database.write() as first, database.write() as second:
        assert mailings.next_version(first, "spring") == 1
        second.execute(text("SET LOCAL lock_timeout = '20ms'"))
        assert mailings.next_version(second, "autumn") == 1
        with pytest.raises(OperationalError, match="lock timeout"):
            mailings.next_version(second, "spring")
        second.rollback()
        first.add(mailing("spring"))
        first.commit()
        assert mailings.next_version(second, "spring") == 2
