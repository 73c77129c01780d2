"""Messages that have left, as the outbox keeps them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from prefcenter.core.channels import Channel
from prefcenter.services.points import Points
from prefcenter.store.engine import Database
from prefcenter.store.outbox import OutboxMessage

LEFT = datetime(2026, 3, 2, 14, 0, tzinfo=UTC)


def message_to(points: Points, address: str, **changes: Any) -> OutboxMessage:
    """A marketing message of the brand acme that was handed over."""
    channel = Channel.EMAIL if "@" in address else Channel.SMS
    point = points.parse(channel, address)
    facts: dict[str, Any] = {
        "channel": channel.value,
        "message_class": "marketing",
        "message_type": "offers",
        "brand": "acme",
        "digest": point.digest,
        "to": str((point.given or {})["address"]),
        "content": {},
        "created_at": LEFT,
        "due_at": LEFT,
        "state": "sent",
        "sent_at": LEFT,
        "why": [],
        "problem": "",
    }
    return OutboxMessage(**facts | changes)


def put_out(database: Database, *rows: OutboxMessage) -> list[int]:
    """Add messages to the outbox; returns their numbers."""
    with database.write() as session:
        session.add_all(rows)
        session.commit()
        return [row.id for row in rows]


def states(database: Database) -> list[str]:
    """The states of all messages, by number."""
    with database.read() as session:
        return [row.state for row in session.query(OutboxMessage).order_by(OutboxMessage.id)]
