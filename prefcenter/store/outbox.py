"""Messages on their way out, each a row with a state, a lease and a fencing token.

The row is written before anything leaves. A worker that claimed it and died leaves a lease that runs out; one that
wakes up late finds another fencing token on the row and can no longer change it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, String, Text, UniqueConstraint, delete, or_, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from prefcenter.store.base import Base, BigId, Code, DigestType, Slug


class OutboxMessage(Base):
    """One message to one contact point.

    ``due_at`` is when it is looked at next; ``not_before`` is when it is to leave, which an earlier look never hastens.
    ``state`` is queued, waiting, sending, sent, refused, failed, or unknown: it may have left and is never sent again.
    ``rerouted`` ends here, and goes on as another row that names this one in ``rerouted_from`` (X11). ``scheduled`` is
    held by its provider, which said so itself; ``recalled`` is to be called back there, and ``canceled`` was.
    ``batch`` is what may share one call to the provider, empty for a message alone.
    """

    __tablename__ = "outbox_messages"
    __table_args__ = (
        Index("ix_outbox_messages_due", "state", "due_at"),
        Index(
            "ix_outbox_messages_watched",
            "message_type",
            "sent_at",
            sqlite_where=text("message_class IN ('service', 'legal')"),
            postgresql_where=text("message_class IN ('service', 'legal')"),
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    channel: Mapped[str] = mapped_column(Code)
    message_class: Mapped[str] = mapped_column(Code)
    message_type: Mapped[str] = mapped_column(Slug)
    brand: Mapped[str | None] = mapped_column(Slug)
    topic: Mapped[str | None] = mapped_column(Slug)
    sender: Mapped[str] = mapped_column(String(254), default="")
    digest: Mapped[bytes] = mapped_column(DigestType, index=True)
    to: Mapped[str | None] = mapped_column(String(254))
    content: Mapped[dict[str, Any] | None]
    cause: Mapped[str | None] = mapped_column(String(120), unique=True)
    requested_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    due_at: Mapped[datetime]
    not_before: Mapped[datetime | None]
    state: Mapped[str] = mapped_column(Code)
    why: Mapped[list[str]]
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    leased_until: Mapped[datetime | None]
    fence: Mapped[int] = mapped_column(BigInteger, default=0)
    provider_id: Mapped[str | None] = mapped_column(String(120), index=True)
    sent_at: Mapped[datetime | None]
    problem: Mapped[str] = mapped_column(Text, default="")
    batch: Mapped[str] = mapped_column(String(64), default="", server_default="")
    variables: Mapped[dict[str, Any] | None]
    rerouted_from: Mapped[int | None] = mapped_column(BigInteger, index=True)


class Template(Base):
    """What a message says before it is known to whom; its variables are written ``{{ name }}``."""

    __tablename__ = "templates"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    slug: Mapped[str] = mapped_column(Slug, unique=True)
    brand_id: Mapped[int] = mapped_column(ForeignKey("brands.id"))
    channel: Mapped[str] = mapped_column(Code)
    subject: Mapped[str] = mapped_column(Text, default="")
    text: Mapped[str] = mapped_column(Text, default="")
    html: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime]


class KeptAnswer(Base):
    """What was answered to a request that may come again under the same ``Idempotency-Key``."""

    __tablename__ = "kept_answers"
    __table_args__ = (UniqueConstraint("caller", "key"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    caller: Mapped[str] = mapped_column(String(120))
    key: Mapped[str] = mapped_column(String(255))
    request: Mapped[bytes] = mapped_column(DigestType)
    answer: Mapped[dict[str, Any] | None]
    at: Mapped[datetime]


class SandboxMessage(Base):
    """A message as the sandbox took it, and as its recipient gets it.

    ``outbox_id`` is our number of it, ``name`` the stand-in's; ``call`` is what the stand-in was called with, as far as
    it is about this recipient.
    """

    __tablename__ = "sandbox_messages"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    channel: Mapped[str] = mapped_column(Code)
    to: Mapped[str] = mapped_column(String(254))
    message_class: Mapped[str] = mapped_column(Code)
    message_type: Mapped[str] = mapped_column(Slug)
    subject: Mapped[str] = mapped_column(Text, default="")
    text: Mapped[str] = mapped_column(Text)
    html: Mapped[str] = mapped_column(Text, default="")
    headers: Mapped[dict[str, Any]]
    at: Mapped[datetime]
    outbox_id: Mapped[int | None] = mapped_column(BigInteger, index=True)
    name: Mapped[str] = mapped_column(String(120), default="", server_default="")
    fate: Mapped[str] = mapped_column(Code, default="", server_default="")
    call: Mapped[dict[str, Any] | None]


def held(session: Session, fences: Mapping[int, int], states: Sequence[str]) -> list[OutboxMessage]:
    """Those messages, locked in the order of their ids, that no other worker took over meanwhile.

    Args:
        session: the caller's transaction.
        fences: the fencing token that each message was claimed with.
        states: the states that they may be in.
    """
    rows: list[OutboxMessage] = []
    for some in in_chunks(fences):
        query = select(OutboxMessage).where(OutboxMessage.id.in_(some), OutboxMessage.state.in_(states))
        query = query.order_by(OutboxMessage.id).with_for_update().execution_options(populate_existing=True)
        rows += (row for row in session.scalars(query) if row.fence == fences[row.id])
    return rows


def whole(session: Session, ids: Collection[int]) -> Sequence[OutboxMessage]:
    """Messages as they stand now, whoever holds them."""
    query = select(OutboxMessage).where(OutboxMessage.id.in_(ids)).order_by(OutboxMessage.id)
    return session.scalars(query.execution_options(populate_existing=True)).all()


def in_chunks(ids: Iterable[int], size: int = 500) -> Iterator[list[int]]:
    """Some ids at a time, in their order: a statement takes only so many."""
    ordered = sorted(ids)
    return (ordered[start : start + size] for start in range(0, len(ordered), size))


def claim_recalled(session: Session, at: datetime, leased_until: datetime, limit: int = 20) -> Sequence[OutboxMessage]:
    """Take messages that are to be called back from their provider; each gets a new fencing token."""
    free = or_(OutboxMessage.leased_until.is_(None), OutboxMessage.leased_until < at)
    query = select(OutboxMessage).where(OutboxMessage.state == "recalled", OutboxMessage.due_at <= at, free)
    query = query.order_by(OutboxMessage.due_at, OutboxMessage.id).limit(limit).with_for_update(skip_locked=True)
    rows = session.scalars(query).all()
    for row in rows:
        row.leased_until, row.fence = leased_until, row.fence + 1
    return rows


def stranded(session: Session, at: datetime, limit: int = 100) -> Sequence[OutboxMessage]:
    """Messages whose worker began to send them and never said what came of it."""
    query = (
        select(OutboxMessage)
        .where(OutboxMessage.state == "sending", OutboxMessage.leased_until < at)
        .order_by(OutboxMessage.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return session.scalars(query).all()


def forget_answers(session: Session, before: datetime, limit: int) -> int:
    """Delete kept answers that are older, so many at most; says how many."""
    old = select(KeptAnswer.id).where(KeptAnswer.at < before).order_by(KeptAnswer.id).limit(limit)
    gone = session.scalars(delete(KeptAnswer).where(KeptAnswer.id.in_(old)).returning(KeptAnswer.id))
    return len(gone.all())


def sandbox_messages(session: Session, limit: int = 500) -> Sequence[SandboxMessage]:
    """What the sandbox delivered, the newest first."""
    return session.scalars(select(SandboxMessage).order_by(SandboxMessage.id.desc()).limit(limit)).all()


def marketing_left(
    session: Session, digests: Collection[bytes], since: datetime, channel: str | None = None
) -> list[tuple[bytes, datetime | None]]:
    """The marketing messages to some recipients that left since then or may have; None stands for one that is leaving.

    One that is being sent, or that its provider holds for later, counts like one that arrived: it will (S8).
    """
    query = select(OutboxMessage.digest, OutboxMessage.sent_at).where(
        OutboxMessage.digest.in_(digests),
        OutboxMessage.message_class == "marketing",
        or_(OutboxMessage.sent_at > since, OutboxMessage.state.in_(("sending", "scheduled"))),
    )
    if channel is not None:
        query = query.where(OutboxMessage.channel == channel)
    return [(row.digest, row.sent_at) for row in session.execute(query)]


def has_due(session: Session, at: datetime) -> bool:
    """Whether any message is due, or was left by a worker that died: asked without taking the write lock."""
    query = select(OutboxMessage.id).where(
        or_(
            OutboxMessage.state.in_(("queued", "waiting", "recalled")) & (OutboxMessage.due_at <= at),
            (OutboxMessage.state == "sending") & (OutboxMessage.leased_until < at),
        )
    )
    return session.scalar(query.limit(1)) is not None
