"""Consents, the recorded yeses, and subscriptions, what somebody takes part in."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, Integer, Row, String, Text, bindparam, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from prefcenter.core.channels import Channel, MessageClass, Scope, Source
from prefcenter.core.consent import Basis, Consent
from prefcenter.store.base import Base, BigId, Code, DigestType


class ConsentRecord(Base):
    """A recorded yes with its evidence: the words shown, their version and language, when, how and where (S9, G6)."""

    __tablename__ = "consents"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    channel: Mapped[str] = mapped_column(Code)
    digest: Mapped[bytes] = mapped_column(DigestType, index=True)
    pepper_id: Mapped[str] = mapped_column(String(16))
    purpose: Mapped[str] = mapped_column(Code, default="marketing")
    scope: Mapped[str] = mapped_column(String(160))
    basis: Mapped[str] = mapped_column(Code)
    since: Mapped[datetime]
    until: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]
    source: Mapped[str] = mapped_column(Code)
    wording: Mapped[str] = mapped_column(Text, default="")
    wording_version: Mapped[str] = mapped_column(String(64), default="")
    language: Mapped[str] = mapped_column(String(16), default="")
    evidence: Mapped[dict[str, Any] | None]
    policy_version: Mapped[int] = mapped_column(Integer, default=1)
    confirmed_at: Mapped[datetime | None]


class Subscription(Base):
    """A contact point's part in a topic; it ends, and is never deleted."""

    __tablename__ = "subscriptions"
    __table_args__ = (
        Index(
            "uq_subscriptions_current",
            "contact_point_id",
            "topic_id",
            unique=True,
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    contact_point_id: Mapped[int] = mapped_column(ForeignKey("contact_points.id"))
    topic_id: Mapped[int] = mapped_column(ForeignKey("topics.id"), index=True)
    source: Mapped[str] = mapped_column(Code)
    since: Mapped[datetime]
    ended_at: Mapped[datetime | None]


def consents_by_digest(session: Session, digests: Collection[bytes]) -> Sequence[ConsentRecord]:
    """Find every consent ever given at the points that bear one of the digests, the oldest first."""
    query = select(ConsentRecord).where(ConsentRecord.digest.in_(digests)).order_by(ConsentRecord.since)
    return session.scalars(query).all()


_GIVEN = ConsentRecord.__table__
# Asked before every send, so it is written once, reads plain rows, and leaves the evidence where it is.
_GIVEN_AT = (
    select(
        *(column for column in _GIVEN.c if column.name not in ("evidence", "wording", "wording_version", "language"))
    )
    .where(_GIVEN.c.digest.in_(bindparam("digests", expanding=True)))
    .order_by(_GIVEN.c.since)
)


def given_at(session: Session, digests: Collection[bytes]) -> Iterator[tuple[bytes, Consent]]:
    """Find every consent ever given under some digests, each with its digest, the oldest first."""
    for row in session.execute(_GIVEN_AT, {"digests": list(digests)}):
        yield row.digest, consent_of(row)


def subscriptions_of(session: Session, point_ids: Collection[int]) -> Sequence[Subscription]:
    """Find the current subscriptions of some contact points."""
    query = select(Subscription).where(Subscription.contact_point_id.in_(point_ids), Subscription.ended_at.is_(None))
    return session.scalars(query).all()


def consent_of(row: ConsentRecord | Row[Any]) -> Consent:
    """Make the core's consent out of a stored one, or of a row with its columns."""
    return Consent(
        channel=Channel(row.channel),
        scope=Scope.parse(row.scope),
        basis=Basis(row.basis),
        since=row.since,
        until=row.until,
        withdrawn_at=row.withdrawn_at,
        policy_version=row.policy_version,
        purpose=MessageClass(row.purpose),
        source=Source(row.source),
        consent_id=row.id,
    )
