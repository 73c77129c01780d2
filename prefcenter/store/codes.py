"""Codes sent to contact points: only a keyed hash of each, so long as it can be used, and how often it was guessed."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import BigInteger, Integer, LargeBinary, String, and_, delete, func, or_, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from prefcenter.store.base import Base, BigId, Code, DigestType
from prefcenter.store.outbox import OutboxMessage


class ContactCode(Base):
    """One code. ``uid`` names it on the page that asked for it, so that nobody else can use up its tries.

    ``code_hash`` is erased as soon as the code was used, replaced, or ran out; the row stays a day, to be counted.
    ``link`` is a digest of the link that it was asked for from; ``message_id`` the message that carries the code, as
    long as that one can be read.
    """

    __tablename__ = "contact_codes"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    uid: Mapped[bytes] = mapped_column(LargeBinary(16), unique=True)
    channel: Mapped[str] = mapped_column(Code)
    digest: Mapped[bytes] = mapped_column(DigestType, index=True)
    pepper_id: Mapped[str | None] = mapped_column(String(16))
    link: Mapped[bytes] = mapped_column(DigestType, index=True)
    purpose: Mapped[str] = mapped_column(Code)
    code_hash: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    created_at: Mapped[datetime] = mapped_column(index=True)
    expires_at: Mapped[datetime]
    tries: Mapped[int] = mapped_column(Integer)
    message_id: Mapped[int | None] = mapped_column(BigInteger)
    used_at: Mapped[datetime | None]


def sent_to(session: Session, digests: Collection[bytes], since: datetime) -> list[datetime]:
    """When codes were sent to a contact point since a moment, the oldest first."""
    query = select(ContactCode.created_at).where(ContactCode.digest.in_(digests), ContactCode.created_at > since)
    return sorted(session.scalars(query))


def asked_by(session: Session, link: bytes, since: datetime) -> int:
    """How many codes were asked for from one link since a moment."""
    query = select(func.count()).where(ContactCode.link == link, ContactCode.created_at > since)
    return session.scalar(query) or 0


def newest_message(session: Session, digests: Collection[bytes], message_type: str) -> int:
    """The number of the newest message of a type to a contact point, 0 where there is none."""
    query = select(func.max(OutboxMessage.id)).where(
        OutboxMessage.digest.in_(digests), OutboxMessage.message_type == message_type
    )
    return session.scalar(query) or 0


def close_open(session: Session, link: bytes, digests: Collection[bytes], purpose: str) -> None:
    """End the code of a link and a contact point that is open, so that the next one is the only one."""
    session.execute(
        update(ContactCode)
        .where(
            ContactCode.link == link,
            ContactCode.digest.in_(digests),
            ContactCode.purpose == purpose,
            ContactCode.code_hash.is_not(None),
        )
        .values(code_hash=None, tries=0)
    )


def take_try(
    session: Session, uid: bytes, link: bytes, purpose: str, digests: Collection[bytes], at: datetime
) -> tuple[bytes, int] | None:
    """Count one guess, before it is looked at; two at once both count, since each changes the row where it stands.

    Returns:
        The keyed hash to compare with, and how many tries are left; None where the code is over, or another one's.
    """
    query = (
        update(ContactCode)
        .where(
            ContactCode.uid == uid,
            ContactCode.link == link,
            ContactCode.purpose == purpose,
            ContactCode.digest.in_(digests),
            ContactCode.tries > 0,
            ContactCode.used_at.is_(None),
            ContactCode.code_hash.is_not(None),
            ContactCode.expires_at > at,
        )
        .values(tries=ContactCode.tries - 1)
        .returning(ContactCode.code_hash, ContactCode.tries)
        .execution_options(synchronize_session=False)
    )
    row = session.execute(query).one_or_none()
    return None if row is None or row.code_hash is None else (bytes(row.code_hash), row.tries)


def use(session: Session, uid: bytes, at: datetime) -> bool:
    """Use a code up; False where somebody did so just before."""
    query = (
        update(ContactCode)
        .where(ContactCode.uid == uid, ContactCode.used_at.is_(None))
        .values(used_at=at, code_hash=None, tries=0)
        .returning(ContactCode.id)
        .execution_options(synchronize_session=False)
    )
    return session.execute(query).one_or_none() is not None


def close(session: Session, uid: bytes) -> None:
    """Erase the hash of a code that has no tries left."""
    session.execute(update(ContactCode).where(ContactCode.uid == uid).values(code_hash=None))


def has_old(session: Session, over: datetime, gone: datetime) -> bool:
    """Whether anything is left to erase: asked without taking the write lock."""
    is_old = or_(ContactCode.created_at <= gone, and_(ContactCode.expires_at <= over, _IS_READABLE))
    return session.scalar(select(ContactCode.id).where(is_old).limit(1)) is not None


def erase_old(session: Session, over: datetime, gone: datetime, limit: int = 500) -> int:
    """Erase the hashes of codes that ran out, and what the messages said that carried them; delete old rows.

    Args:
        session: writes; within the caller's transaction.
        over: what ran out by then is erased.
        gone: what was sent by then is no longer counted, and deleted.
        limit: so many codes at most.

    Returns:
        How many codes were erased.
    """
    query = select(ContactCode).where(ContactCode.expires_at <= over, _IS_READABLE).order_by(ContactCode.id)
    rows = session.scalars(query.limit(limit)).all()
    for row in rows:
        message = None if row.message_id is None else session.get(OutboxMessage, row.message_id)
        if message is not None:
            message.content = {"subject": "", "text": "", "html": "", "headers": {}}
        row.code_hash = row.message_id = None
    session.flush()
    session.execute(delete(ContactCode).where(ContactCode.created_at <= gone, ContactCode.message_id.is_(None)))
    return len(rows)


_IS_READABLE = or_(ContactCode.code_hash.is_not(None), ContactCode.message_id.is_not(None))
