"""How often at most a contact point wants marketing: kept under its digest, as suppressions are, outliving lists."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Index, String, or_, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from prefcenter.core.frequency import Limit, is_stricter
from prefcenter.store.base import Base, BigId, Code, DigestType
from prefcenter.store.suppressions import in_batches


class FrequencyLimit(Base):
    """One limit that a person chose for one contact point. It ends, and is never deleted or changed otherwise."""

    __tablename__ = "frequency_limits"
    __table_args__ = (
        Index(
            "uq_frequency_limits_current",
            "digest",
            unique=True,
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    channel: Mapped[str] = mapped_column(Code)
    digest: Mapped[bytes] = mapped_column(DigestType, index=True)
    pepper_id: Mapped[str | None] = mapped_column(String(16))
    most: Mapped[str] = mapped_column(Code)
    since: Mapped[datetime]
    source: Mapped[str] = mapped_column(Code)
    actor: Mapped[str] = mapped_column(String(254), default="")
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[str | None] = mapped_column(Code)


def limits(
    session: Session, digests: Collection[bytes], *, known_at: datetime | None = None
) -> dict[bytes, tuple[Limit, datetime]]:
    """The limits that stand for some digests, each with since when; by what was on file at ``known_at``, if given."""
    found: dict[bytes, tuple[Limit, datetime]] = {}
    for batch in in_batches(digests):
        query = select(FrequencyLimit.digest, FrequencyLimit.most, FrequencyLimit.since).where(
            FrequencyLimit.digest.in_(batch)
        )
        if known_at is None:
            query = query.where(FrequencyLimit.ended_at.is_(None))
        else:
            stands = or_(FrequencyLimit.ended_at.is_(None), FrequencyLimit.ended_at > known_at)
            query = query.where(FrequencyLimit.since <= known_at, stands)
        for row in session.execute(query):
            limit = Limit(row.most)
            if row.digest not in found or is_stricter(limit, found[row.digest][0]):
                found[row.digest] = (limit, row.since)
    return found


def standing(session: Session, digests: Collection[bytes]) -> list[FrequencyLimit]:
    """The limits in force under any of a contact point's digests, locked."""
    query = select(FrequencyLimit).where(FrequencyLimit.digest.in_(digests), FrequencyLimit.ended_at.is_(None))
    return list(session.scalars(query.order_by(FrequencyLimit.id).with_for_update()).all())


def replaced_by(session: Session, row: FrequencyLimit) -> FrequencyLimit | None:
    """The limit that one took the place of, if there was any."""
    query = select(FrequencyLimit).where(
        FrequencyLimit.digest == row.digest,
        FrequencyLimit.ended_by == "replaced",
        FrequencyLimit.ended_at == row.since,
        FrequencyLimit.id != row.id,
    )
    return session.scalars(query.order_by(FrequencyLimit.id.desc()).limit(1)).first()
