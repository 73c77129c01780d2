"""Both sides of the conversations that the sandbox holds: what we sent, and what came back."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from prefcenter.store.inbound import InboundMessage


def inbound_texts(session: Session, provider: str, limit: int) -> Sequence[InboundMessage]:
    """What came in under a name, the newest first."""
    query = select(InboundMessage).where(InboundMessage.provider == provider)
    return session.scalars(query.order_by(InboundMessage.id.desc()).limit(limit)).all()
