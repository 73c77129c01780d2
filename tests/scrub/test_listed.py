"""What stands on the list: decided a kind at a time, and never otherwise than each entry alone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

import polars as pl
import pytest
from sqlalchemy import insert, select

from prefcenter.core.channels import Channel, MessageClass, Reason, Scope, Source, Verdict
from prefcenter.core.decision import Ask, verdict_of
from prefcenter.core.question import CLOCK_SKEW
from prefcenter.scrub.listed import BINDING_SCHEMA, STRICTNESS, bindings_of, listed
from prefcenter.store.engine import Database
from prefcenter.store.suppressions import Suppression, SuppressionAddress, fact_of

AT = datetime(2026, 11, 23, 18, 0, tzinfo=UTC)
DAY = timedelta(days=1)
MICROSECOND = timedelta(microseconds=1)
SCOPES = (
    "all",
    str(Scope.brand("acme")),
    str(Scope.topic("acme", "offers")),
    str(Scope.brand("other")),
    str(Scope.everything().but({"acme/offers"})),
    str(Scope.brand("acme").but({"acme/news"})),
)
SINCE = (
    AT - 400 * DAY,
    AT - 31 * DAY,
    AT - 29 * DAY + timedelta(microseconds=120),
    AT,
    AT + timedelta(minutes=1),
    AT + CLOCK_SKEW,
    AT + CLOCK_SKEW + MICROSECOND,
    AT + 400 * DAY,
)
UNTIL = (None, AT - MICROSECOND, AT, AT + MICROSECOND, AT + 30 * DAY)
ASKS = (
    Ask(Channel.POST, MessageClass.MARKETING),
    Ask(Channel.POST, MessageClass.SERVICE),
    Ask(Channel.POST, MessageClass.SHARING),
    Ask(Channel.EMAIL, MessageClass.MARKETING, brand="acme", topic="offers", topics=frozenset({"acme/offers"})),
    Ask(Channel.EMAIL, MessageClass.LEGAL, brand="acme"),
    Ask(Channel.SMS, MessageClass.SERVICE, sender="+14155550100"),
)


def every_kind() -> Iterator[dict[str, Any]]:
    """Each reason with each channel, scope, beginning and end; verified or not, ended or not."""
    kinds = product(Reason, Channel, enumerate(SCOPES), enumerate(SINCE), enumerate(UNTIL))
    for number, (reason, channel, (scope_place, scope), (since_place, since), (until_place, until)) in enumerate(kinds):
        # Every pair of two properties is there; all of all would be too many.
        if (scope_place + since_place + until_place) % 3:
            continue
        yield {
            "channel": channel.value, "digest": number.to_bytes(16, "big"), "reason": reason.value, "scope": scope,
            "level": "household" if number % 2 else "individual", "since": since, "until": until,
            "source": Source.IMPORT.value, "is_verified": number % 5 != 0, "recorded_at": AT,
            "ended_at": AT if number % 7 == 0 else None,
        }  # fmt: skip


@pytest.fixture
def full(database: Database) -> Database:
    with database.write() as session:
        session.execute(insert(Suppression), list(every_kind()))
        given = [
            {"suppression_id": number, "given": {}} for number in session.scalars(select(Suppression.id)).all()[::2]
        ]
        session.execute(insert(SuppressionAddress), given)
        session.commit()
    return database


def alone(database: Database, ask: Ask) -> pl.DataFrame:
    """What each entry in force says, asked one by one."""
    found = []
    with database.read() as session:
        for row in session.scalars(select(Suppression).where(Suppression.ended_at.is_(None)).order_by(Suppression.id)):
            verdict = verdict_of(ask, fact_of(row), AT)
            if verdict is not Verdict.CLEARED:
                scope = Scope.parse(row.scope).label
                said = (row.id, verdict.value, row.reason, scope, row.since.isoformat(), STRICTNESS[verdict])
                found.append(said)
    return pl.DataFrame(found, schema=BINDING_SCHEMA, orient="row")


def test_what_is_decided_together_is_what_each_entry_says_alone(full: Database) -> None:
    """E11, P14, X1: every reason, scope, beginning and end; a refusal must not take the verdict of its neighbour."""
    for ask in ASKS:
        with full.read() as session:
            together = bindings_of(session, ask, listed(session, ask.channel), at=AT)
        each = alone(full, ask)
        assert each.height > 1
        assert together.equals(each), ask


def test_an_entry_of_another_clock_speaks_beside_one_that_begins_next_year(database: Database) -> None:
    """E11, X2: only whether an entry has begun is alike, by the clock's own tolerance."""
    kind = next(row for row in every_kind() if row["reason"] == Reason.OPT_OUT and row["channel"] == Channel.POST)
    begins = (AT + 400 * DAY, AT + timedelta(minutes=1))
    with database.write() as session:
        rows = [
            kind | {"digest": bytes([n] * 16), "since": since, "until": None, "ended_at": None}
            for n, since in enumerate(begins)
        ]
        session.execute(insert(Suppression), rows)
        session.commit()
    with database.read() as session:
        told = bindings_of(session, ASKS[0], listed(session, Channel.POST), at=AT)
    assert told["since"].to_list() == [begins[1].isoformat()]


def test_the_list_is_read_with_its_addresses_digests_and_levels(full: Database) -> None:
    """G3: of an erased entry its digest is left, and it is on the list all the same."""
    with full.read() as session:
        entries = listed(session, Channel.POST)
        rows = session.scalars(select(Suppression).where(Suppression.ended_at.is_(None)).order_by(Suppression.id)).all()
        readable = set(session.scalars(select(SuppressionAddress.suppression_id)))
    own = [row for row in rows if row.channel == Channel.POST]
    there = entries.filter(pl.col("channel") == Channel.POST.value)
    assert there["suppression"].to_list() == [row.id for row in own]
    assert there["digest"].to_list() == [row.digest for row in own]
    assert there["level"].to_list() == [row.level for row in own]
    assert there["readable"].to_list() == [row.id if row.id in readable else None for row in own]
    assert set(there["readable"].is_null()) == {True, False}
