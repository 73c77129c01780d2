"""Brands, topics and message types: what is mailed, under which name."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Boolean,
    ForeignKey,
    Integer,
    Row,
    Select,
    String,
    Text,
    UniqueConstraint,
    bindparam,
    exists,
    false,
    select,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from prefcenter.core.tokens import MAX_BRAND_CODE, MAX_TOPIC_CODE
from prefcenter.store.base import Base, Code, Slug
from prefcenter.store.complaints import CampaignStop


class Brand(Base):
    """An affiliate that mails under its own name.

    ``code`` stands in tokens. It is random and never used again, so that a link which outlived its brand can never
    end something else (E6).
    """

    __tablename__ = "brands"

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(Slug, unique=True)
    code: Mapped[int] = mapped_column(Integer, unique=True)
    name: Mapped[str] = mapped_column(String(200))
    country: Mapped[str] = mapped_column(String(2))
    postal_address: Mapped[str] = mapped_column(Text, default="")
    sender_name: Mapped[str] = mapped_column(String(200), default="")
    marketing_from: Mapped[str] = mapped_column(String(254), default="")
    service_from: Mapped[str] = mapped_column(String(254), default="")
    contact: Mapped[str] = mapped_column(String(254), default="")
    domain: Mapped[str] = mapped_column(String(253), default="")
    privacy_url: Mapped[str] = mapped_column(String(500), default="")
    policy_version: Mapped[int] = mapped_column(Integer, default=1)
    double_opt_in: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())
    created_at: Mapped[datetime]
    archived_at: Mapped[datetime | None]


class Topic(Base):
    """What one can subscribe to, per brand and channel. Archived, never deleted, so that its refusals stay."""

    __tablename__ = "topics"
    __table_args__ = (UniqueConstraint("brand_id", "slug"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    brand_id: Mapped[int] = mapped_column(ForeignKey("brands.id"))
    slug: Mapped[str] = mapped_column(Slug)
    code: Mapped[int] = mapped_column(Integer, unique=True)
    name: Mapped[str] = mapped_column(String(200))
    description: Mapped[str] = mapped_column(Text, default="")
    channels: Mapped[list[str]]
    created_at: Mapped[datetime]
    archived_at: Mapped[datetime | None]


class TopicAncestor(Base):
    """A topic that another one was renamed, split or merged from: its refusals are inherited (E13)."""

    __tablename__ = "topic_ancestors"

    topic_id: Mapped[int] = mapped_column(ForeignKey("topics.id"), primary_key=True)
    ancestor_id: Mapped[int] = mapped_column(ForeignKey("topics.id"), primary_key=True)


class MessageType(Base):
    """A registered kind of message with its class. What is not registered is not sent."""

    __tablename__ = "message_types"

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(Slug, unique=True)
    name: Mapped[str] = mapped_column(String(200))
    message_class: Mapped[str] = mapped_column(Code)
    channel: Mapped[str] = mapped_column(Code)
    brand_id: Mapped[int] = mapped_column(ForeignKey("brands.id"))
    topic_id: Mapped[int | None] = mapped_column(ForeignKey("topics.id"))
    sender: Mapped[str] = mapped_column(String(254), default="")
    category: Mapped[str | None] = mapped_column(Code)
    category_reason: Mapped[str] = mapped_column(Text, default="")
    fallbacks: Mapped[list[str]]
    is_urgent: Mapped[bool] = mapped_column(Boolean, default=False)
    use_since_policy: Mapped[int | None] = mapped_column(Integer)
    proposed_by: Mapped[str] = mapped_column(String(254), default="")
    approved_by: Mapped[str | None] = mapped_column(String(254))
    approved_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    archived_at: Mapped[datetime | None]


def brand_by_slug(session: Session, slug: str) -> Brand | None:
    """Find a brand by its slug."""
    return session.scalar(select(Brand).where(Brand.slug == slug))


def brand_by_code(session: Session, code: int) -> Brand | None:
    """Find a brand by the code that its links carry."""
    return session.scalar(select(Brand).where(Brand.code == code))


def brands(session: Session) -> Sequence[Brand]:
    """List the brands in use, by slug."""
    return session.scalars(select(Brand).where(Brand.archived_at.is_(None)).order_by(Brand.slug)).all()


def topic_by_slug(session: Session, brand_id: int, slug: str) -> Topic | None:
    """Find a topic of a brand by its slug."""
    return session.scalar(select(Topic).where(Topic.brand_id == brand_id, Topic.slug == slug))


def topic_by_code(session: Session, code: int) -> Topic | None:
    """Find a topic by the code that its links carry."""
    return session.scalar(select(Topic).where(Topic.code == code))


def topics(session: Session, brand_id: int | None = None) -> Sequence[tuple[Topic, Brand]]:
    """List the topics in use with their brands, by brand and slug."""
    query = select(Topic, Brand).join(Brand, Topic.brand_id == Brand.id).where(Topic.archived_at.is_(None))
    if brand_id is not None:
        query = query.where(Topic.brand_id == brand_id)
    return [(topic, brand) for topic, brand in session.execute(query.order_by(Brand.slug, Topic.slug))]


def lineage(session: Session, topic_id: int) -> frozenset[str]:
    """Name a topic and all it came from, as ``brand/topic``: a refusal of any of them refuses it (E13)."""
    rows = session.execute(_LINEAGE, {"topic": topic_id})
    return frozenset(f"{brand}/{topic}" for brand, topic in rows)


def _lineage() -> Select[Any]:
    brands_, topics_, ancestors = Brand.__table__, Topic.__table__, TopicAncestor.__table__
    line = select(topics_.c.id).where(topics_.c.id == bindparam("topic")).cte("line", recursive=True)
    line = line.union(select(ancestors.c.ancestor_id).join_from(ancestors, line, ancestors.c.topic_id == line.c.id))
    return select(brands_.c.slug, topics_.c.slug).join_from(topics_, brands_).join(line, line.c.id == topics_.c.id)


# These two are asked before every send, so they are written once and read plain rows.
_LINEAGE = _lineage()


def type_by_slug(session: Session, slug: str) -> tuple[MessageType, Brand, Topic | None] | None:
    """Find a message type in use with its brand and topic."""
    query = _types().where(MessageType.slug == slug, MessageType.archived_at.is_(None))
    row = session.execute(query).first()
    return None if row is None else (row[0], row[1], row[2])


def _registered() -> Select[Any]:
    kinds, brands_, topics_ = MessageType.__table__, Brand.__table__, Topic.__table__
    ancestors, stops = TopicAncestor.__table__, CampaignStop.__table__
    return (
        select(
            *kinds.c["slug", "message_class", "channel", "sender", "is_urgent", "use_since_policy", "approved_by"],
            kinds.c.topic_id,
            brands_.c.slug.label("brand"),
            brands_.c.country,
            topics_.c.slug.label("topic"),
            exists().where(ancestors.c.topic_id == kinds.c.topic_id).label("has_ancestors"),
            select(stops.c.since)
            .where(stops.c.brand == brands_.c.slug, stops.c.released_at.is_(None))
            .scalar_subquery()
            .label("stopped_since"),
        )
        .join_from(kinds, brands_)
        .outerjoin(topics_, topics_.c.id == kinds.c.topic_id)
        .where(kinds.c.slug == bindparam("wanted"), kinds.c.archived_at.is_(None))
    )


_REGISTERED = _registered()


def asked_about(session: Session, slug: str) -> Row[Any] | None:
    """What a decision needs to know of a message type in use.

    Returns:
        Its columns, its brand's slug as ``brand`` and country as ``country``, its topic's slug as ``topic``; since when
        the brand's marketing mail is stopped as ``stopped_since``; and ``has_ancestors``, without which its
        :func:`lineage` is the topic alone.
    """
    return session.execute(_REGISTERED, {"wanted": slug}).first()


def type_named(session: Session, slug: str) -> tuple[MessageType, Brand, Topic | None] | None:
    """Find a message type with its brand and topic, an archived one too."""
    row = session.execute(_types().where(MessageType.slug == slug)).first()
    return None if row is None else (row[0], row[1], row[2])


def lock_type(session: Session, slug: str) -> MessageType | None:
    """Find a message type, archived or not, and keep others from changing it meanwhile."""
    query = select(MessageType).where(MessageType.slug == slug).with_for_update()
    return session.scalar(query.execution_options(populate_existing=True))


def types(session: Session, *, with_archived: bool = False) -> Sequence[tuple[MessageType, Brand, Topic | None]]:
    """List the message types in use with their brands and topics, by slug; those no longer in use too if asked."""
    query = _types().order_by(MessageType.slug)
    if not with_archived:
        query = query.where(MessageType.archived_at.is_(None))
    return [(row[0], row[1], row[2]) for row in session.execute(query)]


def senders(session: Session) -> frozenset[str]:
    """All senders of texts that we know: what a STOP to anything else counts for every one of (S5)."""
    query = select(MessageType.sender).where(MessageType.channel == "sms", MessageType.sender != "")
    return frozenset(session.scalars(query))


def _types() -> Any:
    return (
        select(MessageType, Brand, Topic)
        .join(Brand, MessageType.brand_id == Brand.id)
        .outerjoin(Topic, MessageType.topic_id == Topic.id)
    )


def new_brand_code(taken: Iterable[int]) -> int:
    """Draw a code that no brand ever had."""
    return _draw(MAX_BRAND_CODE, taken)


def new_topic_code(taken: Iterable[int]) -> int:
    """Draw a code that no topic ever had."""
    return _draw(MAX_TOPIC_CODE, taken)


def _draw(most: int, taken: Iterable[int]) -> int:
    used = set(taken)
    while (code := 1 + secrets.randbelow(most)) in used:
        pass
    return code
