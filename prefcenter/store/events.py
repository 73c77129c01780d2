"""What providers told us of our messages, each event once, and which batches of them are not worked off yet."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any, cast

from sqlalchemy import (
    BigInteger,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    and_,
    bindparam,
    func,
    insert,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from prefcenter.store.base import Base, BigId, Code, DigestType, Slug
from prefcenter.store.dialects import insert_in, name_of
from prefcenter.store.outbox import OutboxMessage
from prefcenter.store.suppressions import in_batches


class ProviderEvent(Base):
    """One event. The provider's id is unique, so that one told twice, in whatever order, counts once (X5).

    ``settled_at`` is when the message that it names took its state from it; until then that message is unknown, or is
    just being sent.
    """

    __tablename__ = "provider_events"
    __table_args__ = (
        Index("uq_provider_events_event_id", "provider", "event_id", unique=True),
        Index("ix_provider_events_brand", "brand", "kind", "received_at"),
        Index("ix_provider_events_digest", "digest"),
        Index(
            "ix_provider_events_open",
            "received_at",
            sqlite_where=text("settled_at IS NULL"),
            postgresql_where=text("settled_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    provider: Mapped[str] = mapped_column(Code)
    event_id: Mapped[str] = mapped_column(String(120))
    kind: Mapped[str] = mapped_column(Code)
    inbound_id: Mapped[int | None] = mapped_column(ForeignKey("inbound_messages.id"), index=True)
    occurred_at: Mapped[datetime]
    received_at: Mapped[datetime]
    digest: Mapped[bytes | None] = mapped_column(DigestType)
    message_id: Mapped[int | None] = mapped_column(BigInteger)
    provider_message: Mapped[str] = mapped_column(String(120), default="")
    brand: Mapped[str | None] = mapped_column(Slug)
    message_class: Mapped[str | None] = mapped_column(Code)
    settled_at: Mapped[datetime | None]


class EventBatch(Base):
    """What came of one webhook call with events; ``settled_at`` is None until its messages have their states."""

    __tablename__ = "event_batches"
    __table_args__ = (
        Index(
            "ix_event_batches_open",
            "received_at",
            sqlite_where=text("settled_at IS NULL"),
            postgresql_where=text("settled_at IS NULL"),
        ),
    )

    inbound_id: Mapped[int] = mapped_column(ForeignKey("inbound_messages.id"), primary_key=True, autoincrement=False)
    received_at: Mapped[datetime]
    events: Mapped[int] = mapped_column(Integer)
    facts: Mapped[int] = mapped_column(Integer)
    malformed: Mapped[int] = mapped_column(Integer)
    settled_at: Mapped[datetime | None]


_EVENTS = cast("Table", ProviderEvent.__table__)
_MESSAGES = cast("Table", OutboxMessage.__table__)
_OF_A_MESSAGE = tuple(
    _MESSAGES.c[name]
    for name in (
        "id",
        "channel",
        "message_class",
        "message_type",
        "brand",
        "sender",
        "digest",
        "to",
        "state",
        "provider_id",
        "created_at",
    )
)


def add_new(session: Session, rows: Sequence[dict[str, Any]]) -> set[str]:
    """Keep events, each once; returns the provider's ids of those that are new.

    The unique index decides, so that two calls at the same time take an event once.
    """
    if not rows:
        return set()
    new: set[str] = set()
    for start in range(0, len(rows), _AT_ONCE):
        new.update(session.connection().scalars(_add_new(name_of(session)), list(rows[start : start + _AT_ONCE])))
    return new


@cache
def _add_new(dialect: str) -> Any:
    return insert_in(dialect, _EVENTS).on_conflict_do_nothing().returning(_EVENTS.c.event_id)


_AT_ONCE = 1_000


def add_batch(session: Session, **given: Any) -> None:
    """Note what came of a call: every column of :class:`EventBatch`."""
    session.connection().execute(_ADD_BATCH, given)


# Written once: the provider waits while they are asked.
_ADD_BATCH = insert(cast("Table", EventBatch.__table__))
_NUMBERED = select(*_OF_A_MESSAGE).where(_MESSAGES.c.id.in_(bindparam("some", expanding=True)))
_NAMED = select(*_OF_A_MESSAGE).where(_MESSAGES.c.provider_id.in_(bindparam("some", expanding=True)))


def messages_numbered(session: Session, ids: Collection[int]) -> list[Any]:
    """The messages of ours that events may be about, by our own number."""
    return [row for batch in in_batches(set(ids)) for row in session.connection().execute(_NUMBERED, {"some": batch})]


def messages_named(session: Session, provider_ids: Collection[str]) -> list[Any]:
    """The messages of ours that events may be about, by the provider's name."""
    wanted = sorted(set(provider_ids))
    pieces = (wanted[start : start + _AT_ONCE] for start in range(0, len(wanted), _AT_ONCE))
    return [row for some in pieces for row in session.connection().execute(_NAMED, {"some": some})]


def mark_settled(session: Session, provider: str, event_ids: Sequence[str], at: datetime) -> None:
    """Note that the messages which these events name took their states from them."""
    for start in range(0, len(event_ids), _AT_ONCE):
        some = event_ids[start : start + _AT_ONCE]
        session.execute(
            update(_EVENTS).where(_EVENTS.c.provider == provider, _EVENTS.c.event_id.in_(some)).values(settled_at=at)
        )


def open_batches(session: Session, limit: int = 20) -> Sequence[int]:
    """The batches whose messages do not have their states yet, the oldest first."""
    query = select(EventBatch.inbound_id).where(EventBatch.settled_at.is_(None)).order_by(EventBatch.received_at)
    return session.scalars(query.limit(limit)).all()


def unmatched(
    session: Session, since: datetime, channels: Mapping[str, str], limit: int = 1_000
) -> list[tuple[ProviderEvent, int]]:
    """Events whose message was unknown, or was just being sent, when they came, and is there now: with its number.

    A number alone tells no message: another installation behind the same account counts from 1 as well. So the message
    must go by the provider's channel, to the recipient that the event names, and have been there before the event. The
    provider's own name tells a text; mails that left in one call share theirs, so only our number tells a mail.

    Args:
        session: reads.
        since: only events that came after then.
        channels: which channel each provider carries.
        limit: how many of each kind at most.
    """
    event, message = ProviderEvent, OutboxMessage
    is_ours = or_(*(and_(event.provider == name, message.channel == channel) for name, channel in channels.items()))
    is_open = (event.settled_at.is_(None), event.received_at > since, message.state != "sending")
    fits = (is_ours, message.created_at <= event.received_at)
    by_number = (message.id == event.message_id, event.digest == message.digest)
    by_name = (
        event.provider == "twilio",
        event.provider_message != "",
        message.provider_id == event.provider_message,
        or_(event.digest.is_(None), event.digest == message.digest),
    )
    found: dict[int, tuple[ProviderEvent, int]] = {}
    for told in (by_number, by_name):
        query = select(event, message.id).join(message, and_(*told)).where(*is_open, *fits)
        for row in session.execute(query.order_by(event.id).limit(limit)):
            found.setdefault(row[0].id, (row[0], row[1]))
    return list(found.values())


def count_about(session: Session, kind: str, digest: bytes, at: datetime, window: timedelta) -> int:
    """How many events of one kind came about a contact point within a time."""
    query = select(func.count()).where(
        ProviderEvent.digest == digest, ProviderEvent.kind == kind, ProviderEvent.received_at > at - window
    )
    return session.scalar(query) or 0
