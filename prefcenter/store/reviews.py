"""What waits for a person, each with its clock running since receipt."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from prefcenter.store.base import Base, BigId, Code


class Review(Base):
    """One item for a person to look at: what came, what was understood, and why that was not enough."""

    __tablename__ = "reviews"
    __table_args__ = (Index("ix_reviews_open", "state", "due_at"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    kind: Mapped[str] = mapped_column(Code)
    inbound_id: Mapped[int | None] = mapped_column(ForeignKey("inbound_messages.id"), index=True)
    suppression_id: Mapped[int | None] = mapped_column(ForeignKey("suppressions.id"))
    why: Mapped[str] = mapped_column(Text)
    understood: Mapped[dict[str, Any]]
    opened_at: Mapped[datetime]
    due_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(Code, default="open")
    claimed_by: Mapped[str | None] = mapped_column(String(254))
    claimed_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    resolution: Mapped[str] = mapped_column(Text, default="")


def open_reviews(session: Session, limit: int = 100) -> Sequence[Review]:
    """The open items, the one due first first."""
    query = select(Review).where(Review.state == "open").order_by(Review.due_at, Review.id).limit(limit)
    return session.scalars(query).all()
