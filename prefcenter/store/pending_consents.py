"""Yeses that wait for their confirmation: until then nothing counts, and one that never comes leaves nothing."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Integer, LargeBinary, String, Text, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from prefcenter.store.base import Base, BigId, Code, DigestType, Slug


class PendingConsent(Base):
    """What somebody ticked, with all that a consent keeps (S9, G6), until the address itself says yes.

    ``uid`` stands in the link. Once confirmed, the words and the evidence lie with the consent, and are erased here:
    the row stays, so that a second press can say what the first one did.
    """

    __tablename__ = "pending_consents"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    uid: Mapped[bytes] = mapped_column(LargeBinary(16), unique=True)
    channel: Mapped[str] = mapped_column(Code)
    digest: Mapped[bytes] = mapped_column(DigestType, index=True)
    pepper_id: Mapped[str] = mapped_column(String(16))
    given: Mapped[dict[str, Any] | None]
    brand: Mapped[str] = mapped_column(Slug)
    topics: Mapped[list[str]]
    source: Mapped[str] = mapped_column(Code)
    wording: Mapped[str] = mapped_column(Text, default="")
    wording_version: Mapped[str] = mapped_column(String(64), default="")
    language: Mapped[str] = mapped_column(String(16), default="")
    evidence: Mapped[dict[str, Any] | None]
    policy_version: Mapped[int] = mapped_column(Integer, default=1)
    asked_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    confirmed_at: Mapped[datetime | None]


def find(session: Session, uid: bytes, *, lock: bool = False) -> PendingConsent | None:
    """Find one by what its link carries; locked, so that two confirmations come one after the other, where asked."""
    query = select(PendingConsent).where(PendingConsent.uid == uid)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    return session.scalar(query)


def has_expired(session: Session, at: datetime) -> bool:
    """Whether anything waits that was not confirmed in time: asked without taking the write lock."""
    query = select(PendingConsent.id).where(PendingConsent.expires_at <= at, PendingConsent.confirmed_at.is_(None))
    return session.scalar(query.limit(1)) is not None


def forget_expired(session: Session, at: datetime, limit: int = 500) -> int:
    """Delete, so many at most, what was not confirmed in time; within the caller's transaction. Says how many."""
    over = select(PendingConsent.id).where(PendingConsent.expires_at <= at, PendingConsent.confirmed_at.is_(None))
    chosen = over.order_by(PendingConsent.id).limit(limit)
    gone = session.scalars(delete(PendingConsent).where(PendingConsent.id.in_(chosen)).returning(PendingConsent.id))
    return len(gone.all())
