"""What people and providers sent us, kept raw before anything is decided."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Index, LargeBinary, String, Text, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from prefcenter.store.base import Base, BigId, Code


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
