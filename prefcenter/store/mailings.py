"""Mailings: files that went through the gate row by row, one version for each scrub."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, Index, Integer, String, Text, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from prefcenter.store.base import Base, BigId, Code, Slug

_VERSIONS_LOCK = 0x7076
"""With a hash of the name, the key of a lock for whoever makes a version."""


class MailingState(StrEnum):
    """How far one version of a mailing has come."""

    PREPARING = "preparing"
    """Announced; its files are on their way into place."""
    PREPARED = "prepared"
    HELD = "held"
    """A guard held it, and nobody has let it go yet."""
    DROPPED = "dropped"
    """It was posted."""
    WITHDRAWN = "withdrawn"
    """It will not be posted."""
    FAILED = "failed"
    """Its files never came into place."""


class Mailing(Base):
    """One version of one mail drop: prepared, cut-off, dropped."""

    __tablename__ = "mailings"
    __table_args__ = (Index("uq_mailings_version", "name", "version", unique=True),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    name: Mapped[str] = mapped_column(String(120))
    version: Mapped[int] = mapped_column(Integer)
    brand: Mapped[str | None] = mapped_column(Slug)
    message_type: Mapped[str | None] = mapped_column(Slug)
    channel: Mapped[str] = mapped_column(Code)
    state: Mapped[str] = mapped_column(Code)
    held_because: Mapped[str] = mapped_column(Text, default="")
    prepared_at: Mapped[datetime]
    prepared_by: Mapped[str | None] = mapped_column(String(254))
    stale_after: Mapped[datetime]
    cutoff_at: Mapped[datetime | None]
    drop_at: Mapped[datetime | None]
    dropped_at: Mapped[datetime | None]
    ledger_position: Mapped[int] = mapped_column(BigInteger)
    manifest: Mapped[dict[str, Any]]
    row_id: Mapped[str | None] = mapped_column(String(200))
    rows_folder: Mapped[str | None] = mapped_column(String(64))
    rows_erased_at: Mapped[datetime | None]
    out_folder: Mapped[str | None] = mapped_column(Text)
    asked_at: Mapped[datetime | None]
    """When it was last asked for late opt-outs, whether there were any or not."""
    asked_position: Mapped[int | None] = mapped_column(BigInteger)


def lock(session: Session, row: Mailing) -> Mailing:
    """Read a version anew, and keep others from changing it until the transaction ends.

    SQLite lets only one write anyway; on PostgreSQL one who withdraws and one who releases would both succeed.
    """
    session.refresh(row, with_for_update=True)
    return row


def next_version(session: Session, name: str) -> int:
    """The version that a scrub under this name makes: 1, or one more than the newest.

    Who scrubs under the same name waits for the end of this transaction: else one of two long scrubs were for nothing.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(select(func.pg_advisory_xact_lock(_VERSIONS_LOCK, func.hashtext(name))))
    return (session.scalar(select(func.max(Mailing.version)).where(Mailing.name == name)) or 0) + 1


def newest(session: Session, limit: int = 10) -> Sequence[Mailing]:
    """The mailings prepared last, the newest first; every version is one."""
    return session.scalars(select(Mailing).order_by(Mailing.id.desc()).limit(limit)).all()


def in_flight(session: Session, at: datetime) -> Sequence[Mailing]:
    """Postal mailings that were prepared and may still arrive, each in its newest version, the oldest first.

    A mailing with a drop date is in flight until two weeks after it, the time that marketing mail takes at most; one
    without a date until a month after it was prepared. A version that a later one took the place of is not posted.
    """
    query = select(Mailing).where(
        Mailing.channel == "post", Mailing.state.in_((MailingState.PREPARED, MailingState.DROPPED))
    )
    newest = {mailing.name: mailing for mailing in session.scalars(query.order_by(Mailing.id))}
    return [mailing for mailing in newest.values() if last_expected(mailing) > at]


def last_expected(mailing: Mailing) -> datetime:
    """When the last piece of a mailing can be expected to have arrived; none is planned for before it was prepared."""
    if mailing.dropped_at is not None:
        return mailing.dropped_at + timedelta(days=14)
    if mailing.drop_at is not None:
        return max(mailing.drop_at, mailing.prepared_at) + timedelta(days=14)
    return mailing.prepared_at + timedelta(days=30)


def let_through(session: Session, channel: str, limit: int = 200) -> Sequence[Mailing]:
    """What was prepared for a channel and is held by no guard, the newest first."""
    query = select(Mailing).where(
        Mailing.channel == channel, Mailing.state.in_((MailingState.PREPARED, MailingState.DROPPED))
    )
    return session.scalars(query.order_by(Mailing.id.desc()).limit(limit)).all()


def in_state(session: Session, state: MailingState) -> Sequence[Mailing]:
    """The mailings in one state, the oldest first."""
    return session.scalars(select(Mailing).where(Mailing.state == state).order_by(Mailing.id)).all()


def with_rows(session: Session) -> Sequence[Mailing]:
    """The mailings whose kept rows are not erased yet, the oldest first."""
    query = select(Mailing).where(
        Mailing.rows_folder.is_not(None),
        Mailing.rows_erased_at.is_(None),
        Mailing.state != MailingState.PREPARING,
    )
    return session.scalars(query.order_by(Mailing.id)).all()


def rows_folders(session: Session) -> tuple[frozenset[str], frozenset[str]]:
    """The folders of kept rows that mailings need, and those that are recorded as erased."""
    query = select(Mailing.rows_folder, Mailing.rows_erased_at).where(Mailing.rows_folder.is_not(None))
    rows = session.execute(query).all()
    erased = frozenset(name for name, erased_at in rows if name and erased_at is not None)
    return frozenset(name for name, _ in rows if name) - erased, erased


def all_versions(session: Session, name: str | None = None) -> Sequence[Mailing]:
    """Every version of every mailing, or of one, the newest first."""
    query = select(Mailing).order_by(Mailing.id.desc())
    if name is not None:
        query = query.where(Mailing.name == name)
    return session.scalars(query).all()


def as_dict(row: Mailing) -> dict[str, Any]:
    """A mailing as programs read it: its manifest with the state and the dates beside."""
    dates = {"cutoff_at": row.cutoff_at, "drop_at": row.drop_at, "dropped_at": row.dropped_at}
    return {"mailing": row.name, "version": row.version, "state": row.state, **dates, "manifest": row.manifest}
