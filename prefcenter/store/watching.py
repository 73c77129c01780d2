"""How much of each service and legal type reached people who had opted out of marketing, counted from the outbox.

Nothing is written when a message leaves; what was sent and who had opted out by then stands on record anyway.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Date, Select, and_, case, exists, func, literal, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from prefcenter.core.channels import MessageClass, Reason, ScopeKind
from prefcenter.store.base import Base, Slug
from prefcenter.store.dialects import insert_in, name_of
from prefcenter.store.outbox import OutboxMessage
from prefcenter.store.registry import Brand, MessageType
from prefcenter.store.suppressions import BLOCK, Suppression, SuppressionKey

WATCHED = (MessageClass.SERVICE.value, MessageClass.LEGAL.value)

OPTED_OUT = (Reason.OPT_OUT.value, Reason.OBJECTION.value, Reason.COMPLAINT.value)
"""Reasons by which somebody said no to marketing."""


class WatchAlarm(Base):
    """An alarm that was told: one a message type and day."""

    __tablename__ = "watch_alarms"

    message_type: Mapped[str] = mapped_column(Slug, primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    at: Mapped[datetime]


@dataclass(frozen=True, slots=True)
class Reached:
    """What one message type sent in one stretch of 24 hours.

    Args:
        message_type: its slug.
        days_ago: 0 for the last 24 hours, 1 for those before.
        sent: how many messages left.
        opted_out: how many of them went to people who had opted out of marketing of the brand by then.
    """

    message_type: str
    days_ago: int
    sent: int
    opted_out: int


def reached(session: Session, days: int, *, at: datetime) -> Iterator[Reached]:
    """Count by type and stretch of 24 hours, back from a moment; a stretch without messages is left out.

    Whoever left one topic of the brand counts as well as who left the brand, everything, or by STOP any sender (S5).
    """
    for slug, days_ago, sent, opted_out in session.execute(_query(days, at)):
        yield Reached(slug, days_ago, sent, opted_out)


def _query(days: int, at: datetime) -> Select[Any]:
    stretches = [(OutboxMessage.sent_at > at - timedelta(days=n + 1), n) for n in range(days)]
    each = (
        select(
            OutboxMessage.message_type,
            case(*stretches).label("days_ago"),
            case((_had_opted_out(), 1), else_=0).label("opted_out"),
        )
        .join(MessageType, MessageType.slug == OutboxMessage.message_type)
        .join(Brand, Brand.id == MessageType.brand_id)
        .where(
            OutboxMessage.message_class.in_(WATCHED),
            OutboxMessage.sent_at > at - timedelta(days=days),
            OutboxMessage.sent_at <= at,
        )
        .subquery()
    )
    groups = (each.c.message_type, each.c.days_ago)
    return select(*groups, func.count(), func.sum(each.c.opted_out)).group_by(*groups).order_by(*groups)


def _had_opted_out() -> ColumnElement[bool]:
    own_brand = literal(f"{ScopeKind.BRAND}:") + Brand.slug
    own_topics = literal(f"{ScopeKind.TOPIC}:") + Brand.slug + literal("/%")
    any_sender = [Suppression.scope.startswith(str(kind)) for kind in (ScopeKind.SENDER, ScopeKind.EVERY_SENDER)]
    return exists().where(
        and_(
            SuppressionKey.digest == OutboxMessage.digest,
            SuppressionKey.kind != BLOCK,
            Suppression.id == SuppressionKey.suppression_id,
            Suppression.reason.in_(OPTED_OUT),
            Suppression.recorded_at <= OutboxMessage.sent_at,
            or_(Suppression.ended_at.is_(None), Suppression.ended_at > OutboxMessage.sent_at),
            or_(Suppression.until.is_(None), Suppression.until > OutboxMessage.sent_at),
            or_(
                Suppression.scope == str(ScopeKind.ALL),
                Suppression.scope == own_brand,
                Suppression.scope.like(own_topics),
                *any_sender,
            ),
        )
    )


def note_alarm(session: Session, message_type: str, *, at: datetime) -> bool:
    """Note an alarm, within the caller's transaction; tells whether it is the first of its type and day (UTC)."""
    row = {"message_type": message_type, "day": at.date(), "at": at}
    return session.scalar(_note(name_of(session)), row) is not None


@cache
def _note(dialect: str) -> Any:
    return insert_in(dialect, WatchAlarm).on_conflict_do_nothing().returning(WatchAlarm.message_type)
