"""A thousand events change each message as each of them alone would, however they are grouped."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

import pytest

from prefcenter.core.progress import advanced
from prefcenter.services.message_progress import Step, advance
from prefcenter.services.points import Points
from prefcenter.store.engine import Database
from prefcenter.store.ledger import LedgerEntry
from prefcenter.store.outbox import OutboxMessage
from tests.sent_messages import LEFT, message_to, put_out

AT = LEFT + timedelta(hours=3)
STATES = ("queued", "scheduled", "sent", "delivered", "failed", "unknown", "canceled")
TOLD = ("scheduled", "sent", "delivered", "failed", "canceled")


@pytest.mark.parametrize("seed", range(3))
def test_many_messages_change_as_each_alone_would(database: Database, points: Points, seed: int) -> None:
    """X5: states, names, reasons and times, with a line of the ledger for each change."""
    chance = random.Random(seed)
    rows = [message_to(points, f"p{place}@example.com", **_before(chance)) for place in range(120)]
    numbers = put_out(database, *rows)
    steps = {number: [_step(chance) for _ in range(chance.randint(1, 4))] for number in numbers}
    shuffled = chance.sample(sorted(steps), len(steps))
    with database.write() as session:
        before = {number: session.get_one(OutboxMessage, number) for number in numbers}
        expected = {number: _alone(before[number], steps[number]) for number in numbers}
        lines = [(number, row.state, _told(row.state, expected[number][0])) for number, row in before.items()]
        changed = advance(session, {number: steps[number] for number in shuffled}, at=AT)
        session.commit()
    with database.read() as session:
        found = {row.id: _seen(row) for row in session.query(OutboxMessage)}
        told = [row.facts for row in session.query(LedgerEntry).filter_by(kind="delivery")]
    assert found == expected
    moved = sorted(line for line in lines if line[1] != line[2])
    assert sorted((facts["message"], facts["was"], facts["state"]) for facts in told) == moved
    assert changed == len(moved)


def _before(chance: random.Random) -> dict[str, Any]:
    return {
        "state": chance.choice(STATES),
        "provider_id": chance.choice([None, "", "shared", "another"]),
        "sent_at": chance.choice([None, LEFT]),
        "leased_until": chance.choice([None, AT]),
        "problem": chance.choice(["", "before"]),
    }


def _step(chance: random.Random) -> Step:
    state = chance.choice(TOLD)
    return Step(state, "bounced 5.1.1" if state == "failed" else "", chance.choice(["", "told"]))


def _alone(row: OutboxMessage, steps: list[Step]) -> tuple[Any, ...]:
    state, problem, name = row.state, "", row.provider_id
    for step in steps:
        name = name or step.provider_id or None
        if advanced(state, step.state) != state:
            state, problem = step.state, step.detail
    if state == row.state:
        return _seen(row)
    state = "recalled" if state == "scheduled" else state
    left = {"sent": row.sent_at or AT, "delivered": row.sent_at or AT, "canceled": None}.get(state, row.sent_at)
    return state, problem, name, left, None


def _told(before: str, after: str) -> str:
    """What the ledger says: what is held is looked at once more, and that is no news."""
    return "scheduled" if after == "recalled" != before else after


def _seen(row: OutboxMessage) -> tuple[Any, ...]:
    return row.state, row.problem, row.provider_id, row.sent_at, row.leased_until
