"""A link to the preference page, sent to an address or number that somebody typed (X3, X4).

It goes to every address alike, known or not: what a link opens shows nothing of others and can only reduce (E18), so
neither the answer nor the work tells who is on file. Three an hour and six a day to one address are the most, so that
it is no tool to pester anybody with.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from prefcenter.core.channels import Channel, MessageClass
from prefcenter.core.mail_headers import mailbox
from prefcenter.services import code_messages, gate, outgoing
from prefcenter.services.links import LinkMaker
from prefcenter.services.outgoing import Draft
from prefcenter.services.points import Point
from prefcenter.services.rendering import render, render_text_message
from prefcenter.store import contacts, registry
from prefcenter.store.outbox import OutboxMessage
from prefcenter.store.registry import Brand

MOST_AN_HOUR: Final = 3
MOST_A_DAY: Final = 6
"""So many links go to one address or number, whoever asks for them."""


def send(session: Session, links: LinkMaker, point: Point, *, language: str = "en", at: datetime) -> bool:
    """Queue a link to the point's preference page, unless enough went there lately; commits.

    Args:
        session: writes.
        links: makes the link.
        point: an email address or a number, readable.
        language: of the page on which it was asked for.
        at: now.

    Returns:
        Whether this installation can send in the channel at all; that tells nothing about the point.
    """
    sender = next(code_messages.senders(session, point, None), "")
    if not sender:
        return False
    # Looked for before they are counted: one that comes in between is counted, or else takes the next one's name.
    last = session.scalar(select(func.max(OutboxMessage.id)).where(*_mine(point))) or 0
    if not _is_enough(session, point, at):
        draft = _draft(
            session, links, point, sender, language, f"{gate.PREFERENCE_LINK}:{point.digest.hex()}:{last}", at
        )
        outgoing.queue_once(session, draft, at=at)
    session.commit()
    return True


def _mine(point: Point) -> tuple[ColumnElement[bool], ...]:
    return (OutboxMessage.digest.in_(point.own), OutboxMessage.message_type == gate.PREFERENCE_LINK)


def _is_enough(session: Session, point: Point, at: datetime) -> bool:
    today = select(OutboxMessage.created_at).where(*_mine(point), OutboxMessage.created_at > at - timedelta(days=1))
    sent = session.scalars(today).all()
    return len(sent) >= MOST_A_DAY or sum(when > at - timedelta(hours=1) for when in sent) >= MOST_AN_HOUR


def _draft(
    session: Session, links: LinkMaker, point: Point, sender: str, language: str, cause: str, at: datetime
) -> Draft:
    known = contacts.points_by_digest(session, point.own)
    link = links.links(point.channel, known[0].digest if known else point.digest).preferences
    brands = registry.brands(session)
    brand = brands[0] if len(brands) == 1 else None  # Among several none is named: nobody said whose mail it was.
    subject, text, html, headers = _words(point.channel, brand, sender, link, language)
    return Draft(
        channel=point.channel,
        message_class=MessageClass.REQUESTED,
        message_type=gate.PREFERENCE_LINK,
        point=point,
        subject=subject,
        text=text,
        html=html,
        headers=headers,
        brand=None if brand is None else brand.slug,
        sender=sender,
        cause=cause,
        requested_at=at,
    )


def _words(
    channel: Channel, brand: Brand | None, sender: str, link: str, language: str
) -> tuple[str, str, str, Mapping[str, str]]:
    """Subject, text, HTML and headers."""
    name = "" if brand is None else brand.sender_name or brand.name
    values = {
        "link": link,
        "name": name,
        "postal_address": "" if brand is None else brand.postal_address,
        "language": language,
    }
    if channel is Channel.SMS:
        return "", render_text_message("sms/preference-link.txt", **values), "", {}
    subject = " ".join(render("email/preference-link-subject.txt", **values).split())
    text, html = render("email/preference-link.txt", **values), render("email/preference-link.html", **values)
    headers = {"Auto-Submitted": "auto-generated", "From": mailbox(name, sender)}
    return subject, text.strip() + "\n", html, headers
