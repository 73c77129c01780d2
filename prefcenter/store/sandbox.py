"""What the sandbox is told to do with messages, and what it knows of those that it took."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import String, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from prefcenter.store.base import Base, BigId, Code
from prefcenter.store.outbox import OutboxMessage, SandboxMessage, in_chunks


class SandboxScript(Base):
    """What is to become of messages: of all to one address or number, or of the next one on a channel.

    ``to`` is empty for the next one; such a row is gone once it was played.
    """

    __tablename__ = "sandbox_scripts"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    channel: Mapped[str] = mapped_column(Code)
    to: Mapped[str] = mapped_column(String(254))
    fate: Mapped[str] = mapped_column(Code)
    is_repeated: Mapped[bool]
    created_at: Mapped[datetime]


@dataclass(frozen=True, slots=True)
class Play:
    """What becomes of one message: its fate, and whether that is reported twice and in the wrong order."""

    fate: str
    is_repeated: bool


def scripts(session: Session) -> Sequence[SandboxScript]:
    """All scripts, in the order in which they are played."""
    return session.scalars(select(SandboxScript).order_by(SandboxScript.channel, SandboxScript.id)).all()


def has_scripts(session: Session, channel: str) -> bool:
    """Whether anything is scripted on a channel; asked without taking the write lock."""
    return session.scalar(select(SandboxScript.id).where(SandboxScript.channel == channel).limit(1)) is not None


def put_script(session: Session, script: SandboxScript) -> None:
    """Add a script; it takes the place of what was told of the same address."""
    if script.to:
        same = (SandboxScript.channel == script.channel, SandboxScript.to == script.to)
        session.execute(delete(SandboxScript).where(*same))
    session.add(script)


def drop_script(session: Session, script_id: int) -> None:
    """Take a script back."""
    session.execute(delete(SandboxScript).where(SandboxScript.id == script_id))


def take_plays(session: Session, channel: str, addresses: Iterable[str]) -> list[Play | None]:
    """What is scripted for messages to these addresses, in their order; what was told of the next one is used up."""
    query = select(SandboxScript).where(SandboxScript.channel == channel).order_by(SandboxScript.id)
    rows = session.scalars(query.with_for_update()).all()
    by_address = {row.to: row for row in rows if row.to}
    for_next = [row for row in rows if not row.to]
    plays: list[Play | None] = []
    for address in addresses:
        row = by_address.get(address.lower())
        if row is None and for_next:
            row = for_next.pop(0)
            session.delete(row)
        plays.append(None if row is None else Play(row.fate, row.is_repeated))
    return plays


def messages_by_id(session: Session, ids: Collection[int]) -> dict[int, OutboxMessage]:
    """Messages of the outbox by their ids; those that are not there are left out."""
    found: dict[int, OutboxMessage] = {}
    for some in in_chunks(ids):
        rows = session.scalars(select(OutboxMessage).where(OutboxMessage.id.in_(some)))
        found.update((row.id, row) for row in rows)
    return found


def sent_by(session: Session, messages: Iterable[SandboxMessage]) -> Mapping[int, OutboxMessage]:
    """What the outbox says of messages that the sandbox took, by the sandbox's ids."""
    by_outbox = {message.outbox_id: message.id for message in messages if message.outbox_id is not None}
    return {by_outbox[number]: row for number, row in messages_by_id(session, by_outbox).items()}


def not_here(session: Session, limit: int) -> Sequence[OutboxMessage]:
    """The newest messages that the sandbox never got: refused, waiting, turned away by the provider."""
    got = select(SandboxMessage.outbox_id).where(SandboxMessage.outbox_id == OutboxMessage.id).exists()
    query = select(OutboxMessage).where(~got, OutboxMessage.channel.in_(("email", "sms")))
    return session.scalars(query.order_by(OutboxMessage.id.desc()).limit(limit)).all()
