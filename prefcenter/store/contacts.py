"""Contacts, the people behind contact points, and the points themselves."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, Integer, String, bindparam, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from prefcenter.store.base import Base, BigId, Code, DigestType


class Contact(Base):
    """The person, or the firm, behind contact points."""

    __tablename__ = "contacts"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    name: Mapped[str] = mapped_column(String(200), default="")
    is_corporate: Mapped[bool] = mapped_column(default=False)
    country: Mapped[str | None] = mapped_column(String(2))
    language: Mapped[str | None] = mapped_column(String(16))
    created_at: Mapped[datetime]
    erased_at: Mapped[datetime | None]


class ContactPoint(Base):
    """An email address, a phone number, or a person at a postal address.

    A point that two people share is a row for each of them. ``value`` can be erased; the digest stays.
    """

    __tablename__ = "contact_points"
    __table_args__ = (Index("uq_contact_points_known", "channel", "digest", "contact_id", unique=True),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    contact_id: Mapped[int] = mapped_column(ForeignKey("contacts.id"), index=True)
    channel: Mapped[str] = mapped_column(Code)
    digest: Mapped[bytes] = mapped_column(DigestType, index=True)
    pepper_id: Mapped[str] = mapped_column(String(16))
    value: Mapped[dict[str, Any] | None]
    country: Mapped[str | None] = mapped_column(String(2))
    source: Mapped[str] = mapped_column(Code)
    source_note: Mapped[str] = mapped_column(String(200), default="")
    policy_version: Mapped[int] = mapped_column(Integer, default=1)
    verified_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


def points_by_digest(session: Session, digests: Collection[bytes]) -> Sequence[ContactPoint]:
    """Find the points that bear one of the digests, one for each person who shares it."""
    return session.scalars(select(ContactPoint).where(ContactPoint.digest.in_(digests)).order_by(ContactPoint.id)).all()


def known_digests(session: Session, digests: Collection[bytes]) -> frozenset[bytes]:
    """Tell which of the digests a point bears."""
    return frozenset(session.scalars(select(ContactPoint.digest).where(ContactPoint.digest.in_(digests))))


_POINTS, _PEOPLE = ContactPoint.__table__, Contact.__table__
# Asked before every send, so it is written once and reads plain rows.
_KNOWN = (
    select(
        _POINTS.c.digest,
        func.coalesce(func.nullif(_POINTS.c.country, ""), _PEOPLE.c.country),
        _PEOPLE.c.is_corporate,
        _POINTS.c.policy_version,
    )
    .join_from(_POINTS, _PEOPLE)
    .where(_POINTS.c.digest.in_(bindparam("digests", expanding=True)))
    .order_by(_POINTS.c.id)
)


def facts_by_digests(session: Session, digests: Collection[bytes]) -> Iterator[tuple[bytes, str | None, bool, int]]:
    """What a decision needs of the points that bear one of the digests: country, whether a firm, policy version."""
    for row in session.execute(_KNOWN, {"digests": list(digests)}):
        yield row[0], row[1] or None, row[2], row[3]


def points_of(session: Session, contact_ids: Collection[int]) -> Sequence[ContactPoint]:
    """Find all points of some contacts."""
    query = select(ContactPoint).where(ContactPoint.contact_id.in_(contact_ids)).order_by(ContactPoint.id)
    return session.scalars(query).all()


def language_at(session: Session, digests: Collection[bytes]) -> str | None:
    """The language of whoever has the contact point of one of these digests, where it is known."""
    query = select(Contact.language).join(ContactPoint, ContactPoint.contact_id == Contact.id)
    is_known = ContactPoint.digest.in_(digests), Contact.language.is_not(None)
    return session.scalar(query.where(*is_known).order_by(ContactPoint.id).limit(1))
