"""Which mailings may still arrive (P3, P12)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

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
