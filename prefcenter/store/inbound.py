"""What people and providers sent us, kept raw before anything is decided."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any, cast

from sqlalchemy import Index, LargeBinary, String, Table, Text, bindparam, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from prefcenter.store.base import Base, BigId, Code
from prefcenter.store.dialects import insert_in, name_of


class InboundMessage(Base):
    """One message as it came. The provider's id is unique, so a duplicate cannot be taken twice (X5)."""

    __tablename__ = "inbound_messages"
    __table_args__ = (Index("uq_inbound_messages_provider_id", "provider", "provider_id", unique=True),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    provider: Mapped[str] = mapped_column(Code)
    provider_id: Mapped[str] = mapped_column(String(64))
    content_type: Mapped[str] = mapped_column(String(200))
    raw: Mapped[bytes] = mapped_column(LargeBinary)
    envelope: Mapped[dict[str, Any]]
    received_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(Code, index=True)
    problem: Mapped[str] = mapped_column(Text, default="")
    outcome: Mapped[str | None] = mapped_column(Code)
    answer: Mapped[dict[str, Any] | None]
    handled_at: Mapped[datetime | None]


_INBOUND = cast("Table", InboundMessage.__table__)
_CLOSE = update(_INBOUND).where(_INBOUND.c.id == bindparam("one"))


def add_new(session: Session, row: InboundMessage) -> bool:
    """Keep a message unless it is there, and give it its id; says whether it is new.

    The row is a value only and belongs to no session. Whoever brings the same one at the same moment waits here.
    """
    given = {name: getattr(row, name) for name in _KEPT}
    row.id = session.connection().scalar(_add(name_of(session)), given)
    return row.id is not None


_KEPT = ("provider", "provider_id", "content_type", "raw", "envelope", "received_at", "state", "problem")


@cache
def _add(dialect: str) -> Any:
    return insert_in(dialect, _INBOUND).on_conflict_do_nothing().returning(_INBOUND.c.id)


def close(session: Session, row: InboundMessage) -> None:
    """Write down what came of a message that :func:`add_new` kept, within the same transaction."""
    changed = {name: getattr(row, name) for name in ("state", "problem", "outcome", "answer", "handled_at")}
    session.connection().execute(_CLOSE, {"one": row.id, **changed})


def by_provider_id(session: Session, provider: str, provider_id: str) -> InboundMessage | None:
    """Find a message by the name that its provider gave it."""
    query = select(InboundMessage).where(InboundMessage.provider == provider, InboundMessage.provider_id == provider_id)
    return session.scalar(query)


def unhandled(session: Session, before: datetime, limit: int = 50) -> Sequence[int]:
    """Messages that were stored and not yet handled, such as after a crash, the oldest first."""
    query = (
        select(InboundMessage.id)
        .where(InboundMessage.state == "received", InboundMessage.received_at < before)
        .order_by(InboundMessage.id)
        .limit(limit)
    )
    return session.scalars(query).all()
