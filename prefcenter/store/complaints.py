"""Marketing mails of each brand: how many were delivered, how many were complained about, and who is stopped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, cast

from sqlalchemy import BindParameter, Index, Integer, String, Table, Text, bindparam, func, select, text, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from prefcenter.store.base import Base, BigId, Slug, UtcDateTime
from prefcenter.store.dialects import insert_in, name_of
from prefcenter.store.events import ProviderEvent
from prefcenter.store.outbox import OutboxMessage


class DeliveryTally(Base):
    """How many marketing mails of a brand were delivered within one hour."""

    __tablename__ = "delivery_tallies"

    brand: Mapped[str] = mapped_column(Slug, primary_key=True)
    hour: Mapped[datetime] = mapped_column(primary_key=True)
    delivered: Mapped[int] = mapped_column(Integer)


class CampaignStop(Base):
    """A brand's marketing email was stopped because of complaints, until somebody released it with a note (E17)."""

    __tablename__ = "campaign_stops"
    __table_args__ = (
        Index(
            "uq_campaign_stops_current",
            "brand",
            unique=True,
            sqlite_where=text("released_at IS NULL"),
            postgresql_where=text("released_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    brand: Mapped[str] = mapped_column(Slug)
    since: Mapped[datetime]
    complaints: Mapped[int] = mapped_column(Integer)
    delivered: Mapped[int] = mapped_column(Integer)
    released_at: Mapped[datetime | None]
    released_by: Mapped[str | None] = mapped_column(String(254))
    note: Mapped[str] = mapped_column(Text, default="")


_TALLIES = cast("Table", DeliveryTally.__table__)
_STOPS = cast("Table", CampaignStop.__table__)


def tally(session: Session, delivered: Mapping[str, int], hour: datetime) -> None:
    """Add deliveries to the hour's count of each brand; within the caller's transaction."""
    into = insert_in(name_of(session), _TALLIES)
    more = {"delivered": _TALLIES.c.delivered + into.excluded.delivered}
    # In one order for all writers, so that no two wait for each other.
    rows = [{"brand": brand, "hour": hour, "delivered": count} for brand, count in sorted(delivered.items())]
    if rows:
        session.execute(into.on_conflict_do_update(index_elements=["brand", "hour"], set_=more), rows)


# Written once each, since a provider waits while a brand is weighed.
_BRAND: BindParameter[Any] = bindparam("one")
_SINCE: BindParameter[Any] = bindparam("since", type_=UtcDateTime())
_COUNTS = select(
    select(func.count())
    .where(
        ProviderEvent.brand == _BRAND,
        ProviderEvent.kind == bindparam("kind"),
        ProviderEvent.received_at > _SINCE,
        ProviderEvent.message_class == "marketing",
    )
    .scalar_subquery(),
    select(func.coalesce(func.sum(DeliveryTally.delivered), 0))
    .where(DeliveryTally.brand == _BRAND, DeliveryTally.hour >= _SINCE)
    .scalar_subquery(),
)
_STANDING = select(
    select(func.max(CampaignStop.released_at)).where(CampaignStop.brand == _BRAND).scalar_subquery(),
    select(CampaignStop.since)
    .where(CampaignStop.brand == _BRAND, CampaignStop.released_at.is_(None))
    .limit(1)
    .scalar_subquery(),
)


def since(session: Session, brand: str, kind: str, moment: datetime) -> tuple[int, int]:
    """How many events of a kind about marketing mails of a brand came since then, and how many were delivered.

    Deliveries count by whole hours.
    """
    complaints, delivered = (
        session.connection().execute(_COUNTS, {"one": brand, "kind": str(kind), "since": moment}).one()
    )
    return complaints, int(delivered)


def standing(session: Session, brand: str) -> tuple[datetime | None, datetime | None]:
    """When somebody last released a brand, and since when its marketing email is stopped."""
    released, stopped = session.connection().execute(_STANDING, {"one": brand}).one()
    return released, stopped


def standing_stop(session: Session, brand: str) -> CampaignStop | None:
    """The stop that is in force for a brand's marketing email."""
    return session.scalar(select(CampaignStop).where(CampaignStop.brand == brand, CampaignStop.released_at.is_(None)))


def stop(session: Session, brand: str, complaints: int, delivered: int, at: datetime) -> bool:
    """Stop a brand's marketing email, once; says whether it was not stopped already."""
    row = {"brand": brand, "since": at, "complaints": complaints, "delivered": delivered, "note": ""}
    into = insert_in(name_of(session), _STOPS).on_conflict_do_nothing().returning(_STOPS.c.id)
    return session.scalar(into.values(row)) is not None


def bring_forward(session: Session, brand: str, at: datetime) -> int:
    """Let the marketing mails of a brand that wait be decided again now."""
    query = update(OutboxMessage).where(
        OutboxMessage.brand == brand,
        OutboxMessage.channel == "email",
        OutboxMessage.message_class == "marketing",
        OutboxMessage.state == "waiting",
        OutboxMessage.due_at > at,
    )
    return len(session.scalars(query.values(due_at=at).returning(OutboxMessage.id)).all())


def brands_seen(session: Session, since: datetime) -> Sequence[str]:
    """The brands of which anything was delivered or complained about since then, or that are stopped."""
    delivered = select(DeliveryTally.brand).where(DeliveryTally.hour >= since)
    complained = select(ProviderEvent.brand).where(ProviderEvent.brand.is_not(None), ProviderEvent.received_at > since)
    stopped = select(CampaignStop.brand).where(CampaignStop.released_at.is_(None))
    return sorted(set(session.scalars(delivered.union(complained, stopped))))
