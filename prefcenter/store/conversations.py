"""Both sides of the conversations that the sandbox holds: what we sent, and what came back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from prefcenter.store.inbound import InboundMessage
from prefcenter.store.outbox import OutboxMessage, SandboxMessage


def name_of(message_id: int) -> str:
    """The name that the sandbox gives a message, as its provider's id."""
    return f"sandbox-{message_id}"


def inbound_texts(session: Session, provider: str, limit: int) -> Sequence[InboundMessage]:
    """What came in under a name, the newest first."""
    query = select(InboundMessage).where(InboundMessage.provider == provider)
    return session.scalars(query.order_by(InboundMessage.id.desc()).limit(limit)).all()


def senders_of(session: Session, messages: Iterable[SandboxMessage]) -> Mapping[int, str]:
    """Whom delivered messages, a page of them, came from, by their ids; those that had no sender are left out."""
    ids = {name_of(message.id): message.id for message in messages}
    query = select(OutboxMessage.provider_id, OutboxMessage.sender).where(OutboxMessage.provider_id.in_(ids))
    return {ids[name]: sender for name, sender in session.execute(query) if name is not None and sender}
