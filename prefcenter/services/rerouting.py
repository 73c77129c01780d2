"""Rerouting: what cannot go its own way takes the first declared fallback that is open, decided again there (X11)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from prefcenter.core.channels import Channel, MessageClass
from prefcenter.core.decision import Reroute
from prefcenter.core.errors import BadInput
from prefcenter.core.mail_bodies import text_from_html
from prefcenter.services.composing import Content, compose
from prefcenter.services.links import LinkMaker
from prefcenter.services.outgoing import Draft, log, queue, reasons_given, refuse
from prefcenter.services.points import Point, Points
from prefcenter.services.ports import Keyring
from prefcenter.store import contacts, registry
from prefcenter.store.outbox import OutboxMessage
from prefcenter.store.registry import Brand, MessageType, Topic

NOWHERE = "no_fallback"
"""What a message is refused for that would have to go another way, and has none."""

_NEVER = frozenset({MessageClass.REQUESTED.value, MessageClass.MARKETING.value})
"""Codes, links and credentials go where they were asked for, or nowhere; marketing is never owed to anybody."""


def reroute(
    session: Session,
    keyring: Keyring,
    points: Points,
    maker: LinkMaker | None,
    row: OutboxMessage,
    decision: Reroute,
    *,
    at: datetime,
) -> OutboxMessage | None:
    """Let a message go on as another one, by a declared fallback; within the caller's transaction.

    Returns:
        The other message, which is decided when it is dispatched; None where there is no way, and this one is refused.
    """
    why = reasons_given(decision.reasons)
    draft = way_out(session, keyring, points, maker, row)
    if draft is None:
        refuse(session, row, [*why, NOWHERE], at)
        return None
    other = queue(session, draft, at=at)
    row.state, row.why, row.leased_until = "rerouted", why, None
    log(session, "reroute", row, {"reasons": why, "to": other.id, "by": other.channel}, at=at)
    return other


def way_out(
    session: Session, keyring: Keyring, points: Points, maker: LinkMaker | None, row: OutboxMessage
) -> Draft | None:
    """Find the way on for a message: a verified contact point of the same person in a fallback channel; only reads."""
    registered = registry.type_by_slug(session, row.message_type)
    if registered is None or row.message_class in _NEVER or row.rerouted_from is not None:
        return None
    for fallback in registered[0].fallbacks:
        channel = Channel(fallback)
        point = _verified_point(session, points, row, channel)
        stand_in = None if point is None else _in_channel(session, registered, channel)
        if point is None or stand_in is None:
            continue
        content = _content(session, keyring, maker, point, stand_in, row)
        if content is not None:
            return _draft(row, channel, point, content)
    return None


def _verified_point(session: Session, points: Points, row: OutboxMessage, channel: Channel) -> Point | None:
    """A verified point of whoever the message was for; where several share its address, nobody knows who that was."""
    own = points.on_file(Channel(row.channel), row.digest, {"address": row.to} if row.to else None).own
    people = {known.contact_id for known in contacts.points_by_digest(session, own)}
    if len(people) != 1 or channel is Channel.POST:
        return None
    for known in contacts.points_of(session, people):
        if known.channel == channel.value and known.verified_at is not None and known.value is not None:
            return points.on_file(channel, known.digest, known.value)
    return None


def _in_channel(
    session: Session, registered: tuple[MessageType, Brand, Topic | None], channel: Channel
) -> tuple[MessageType, Brand, Topic | None] | None:
    """The same type as it would be in another channel: from where the brand sends its like there, else not at all."""
    kind, brand, topic = registered
    sender = brand.service_from if channel is Channel.EMAIL else _text_sender(session, kind)
    if not sender:
        return None
    like = MessageType(slug=kind.slug, name=kind.name, message_class=kind.message_class, channel=channel.value)
    like.sender = sender
    return like, brand, topic


def _text_sender(session: Session, kind: MessageType) -> str:
    """Whom the brand's approved texts of the same class come from; never the sender of its marketing (S5)."""
    query = select(MessageType.sender).where(
        MessageType.brand_id == kind.brand_id,
        MessageType.channel == Channel.SMS.value,
        MessageType.message_class == kind.message_class,
        MessageType.sender != "",
        MessageType.approved_by.is_not(None),
        MessageType.archived_at.is_(None),
    )
    return session.scalar(query.order_by(MessageType.id).limit(1)) or ""


def _content(
    session: Session,
    keyring: Keyring,
    maker: LinkMaker | None,
    point: Point,
    registered: tuple[MessageType, Brand, Topic | None],
    row: OutboxMessage,
) -> Content | None:
    """What was written, as it reads there; None where it cannot be sent like that."""
    content: dict[str, Any] = row.content or {}
    written = content.get("written") or content
    text, is_mail = str(written.get("text", "")), point.channel is Channel.EMAIL
    if not text.strip():
        text = text_from_html(str(written.get("html", "")))
    subject = (str(written.get("subject", "")) or registered[0].name) if is_mail else ""
    if maker is None:
        return Content(text=text, sender=registered[0].sender) if text.strip() and not is_mail else None
    try:
        return compose(session, keyring, maker, point, registered, Content(subject=subject, text=text))
    except BadInput:
        return None


def _draft(row: OutboxMessage, channel: Channel, point: Point, content: Content) -> Draft:
    return Draft(
        channel=channel,
        message_class=MessageClass(row.message_class),
        message_type=row.message_type,
        point=point,
        subject=content.subject,
        text=content.text,
        html=content.html,
        headers=content.headers,
        brand=row.brand,
        topic=row.topic,
        sender=content.sender,
        cause=f"reroute:{row.id}",
        send_at=row.not_before,
        rerouted_from=row.id,
    )
