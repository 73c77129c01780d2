"""Composing: what somebody wrote becomes the mail that leaves, with who sends it, how to end it, and both bodies.

A marketing mail gets the headers of one-click (E1, E9) and a footer (E10); any other says who sends it, and invites
nobody back (G5). What a brand lacks for that is told before anything is written, with the command that adds it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from sqlalchemy.orm import Session

from prefcenter.core.channels import Channel, MessageClass
from prefcenter.core.errors import BadInput
from prefcenter.core.mail_bodies import html_from_text, text_from_html, with_html_footer, with_text_footer
from prefcenter.core.mail_headers import checked_body, checked_headers, checked_line, list_headers, list_id, mailbox
from prefcenter.services.errors import NotReady
from prefcenter.services.keyring import require_all
from prefcenter.services.links import LinkMaker, Links
from prefcenter.services.points import Point
from prefcenter.services.ports import Keyring
from prefcenter.services.rendering import render
from prefcenter.services.text_composing import compose_text, text_sender
from prefcenter.store import contacts
from prefcenter.store.registry import Brand, MessageType, Topic

Registered = tuple[MessageType, Brand, Topic | None]
"""A message type with its brand and topic, as :func:`prefcenter.store.registry.type_by_slug` gives it."""


@dataclass(frozen=True, slots=True)
class Content:
    """What a message says.

    Args:
        subject: of a mail; empty for a text.
        text: the plain body; may be empty for a mail that has the other one.
        html: the rich body, or empty.
        headers: further headers of a mail. Of a composed one they hold ``From`` as a reader sees it; all others are
            ASCII on one line, encoded where they must be.
        sender: the address or number that it comes from; empty until composed.
    """

    subject: str = ""
    text: str = ""
    html: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    sender: str = ""


def compose(
    session: Session, keyring: Keyring, maker: LinkMaker, point: Point, registered: Registered, content: Content
) -> Content:
    """Make the message that leaves out of what was written; only reads.

    The variables of a template must be filled in before: here everything is taken as it is to be read.

    Raises:
        BadInput: it cannot be sent like this: the brand lacks something, a header would be slipped in, there is no
            subject or no body, or the links are not safe; says what, and the command that mends it.
        MissingKey: a key in use is missing.
    """
    kind, brand, topic = registered
    if kind.channel != Channel.EMAIL.value:
        return _text_message(session, kind, content)
    require_all(session, keyring)
    sender = require_sendable(kind, brand, maker)
    subject = checked_line(content.subject, "subject")
    if not subject:
        raise BadInput("The mail has no subject.", remedy="Give it one.")
    text, html = _bodies(content)
    whole = replace(content, subject=subject, text=text, html=html, sender=sender)
    headers = checked_headers(content.headers) | {"From": mailbox(_name_of(brand), sender)}
    links = _links(session, maker, point, brand, topic)
    if kind.message_class == MessageClass.MARKETING.value:
        return _as_marketing(whole, headers, brand, topic, links, maker.list_domain)
    return _as_other(whole, headers, kind, brand, links)


def require_ready(session: Session, registered: Registered, maker: LinkMaker) -> None:
    """Check what does not depend on the recipient: whom messages of a type come from, and what they must show.

    Raises:
        BadInput: something is missing; names it, and the command that adds it.
    """
    kind, brand, _ = registered
    if kind.channel == Channel.EMAIL.value:
        require_sendable(kind, brand, maker)
    else:
        text_sender(session, kind)


def _bodies(content: Content) -> tuple[str, str]:
    """Both bodies, one made from the other where it is missing."""
    text, html = checked_body(content.text, "text"), checked_body(content.html, "HTML")
    if not text.strip() and not html.strip():
        raise BadInput("The mail has neither a text nor an HTML body.", remedy="Give it one of them.")
    return text if text.strip() else text_from_html(html), html if html.strip() else html_from_text(text)


def require_sendable(kind: MessageType, brand: Brand, maker: LinkMaker) -> str:
    """Give the address that mail of a type comes from, if the brand has all that such mail must show (E10).

    Raises:
        NotReady: something is missing; names it, and the command that adds it.
    """
    is_marketing = kind.message_class == MessageClass.MARKETING.value
    own, option = (
        (brand.marketing_from, "--marketing-from ADDRESS")
        if is_marketing
        else (brand.service_from, "--service-from ADDRESS")
    )
    sender = kind.sender or own
    missing = [] if sender else [(f"address that {_kind_of_mail(kind)} comes from", option)]
    if is_marketing and not brand.postal_address.strip():
        missing.append(("postal address", '--postal-address "…"'))
    if missing:
        what, options = " and no ".join(name for name, _ in missing), " ".join(each for _, each in missing)
        raise NotReady(
            f"The brand “{brand.slug}” has no {what}; without it nothing of the type “{kind.slug}” can leave (E10).",
            remedy=f"Add it: prefcenter brand set {brand.slug} {options}",
        )
    if sender == (brand.service_from if is_marketing else brand.marketing_from):
        raise NotReady(
            f"“{kind.slug}” is {_kind_of_mail(kind)}, and would come from the address that is kept for the other kind.",
            remedy="Give the type another sender: who filters marketing must still get service mail (E10).",
        )
    if is_marketing and not maker.is_safe:
        raise NotReady(
            "The links of marketing mail must be HTTPS, else no mail program offers one click (E1, RFC 8058).",
            remedy="Set PREFCENTER_BASE_URL to an https address.",
        )
    return sender


def _kind_of_mail(kind: MessageType) -> str:
    return "marketing" if kind.message_class == MessageClass.MARKETING.value else "service mail"


def _text_message(session: Session, kind: MessageType, content: Content) -> Content:
    if content.subject or content.html or content.headers:
        raise BadInput("A text message has no subject, HTML or headers.", remedy="Give its text only.")
    made = compose_text(session, kind, content.text)
    return replace(content, text=made.text, sender=made.sender)


def _name_of(brand: Brand) -> str:
    return brand.sender_name or brand.name


def _links(session: Session, maker: LinkMaker, point: Point, brand: Brand, topic: Topic | None) -> Links:
    """The links of a point, by the digest that it is on file under, so that its page can show whose it is."""
    known = contacts.points_by_digest(session, point.own)
    digest = known[0].digest if known else point.digest
    return maker.links(point.channel, digest, brand.code, 0 if topic is None else topic.code)


def list_id_of(brand: Brand, topic: Topic | None, domain: str) -> str:
    """Name the list that a mail belongs to: the same for one topic of one brand, whatever is sent (E9)."""
    if topic is None:
        return list_id(brand.name, brand.slug, domain)
    return list_id(f"{brand.name}: {topic.name}", topic.slug, brand.slug, domain)


def headers_of(links: Links, list_name: str) -> dict[str, str]:
    """The headers that marketing of a list carries, whichever tool sends it; its name is from :func:`list_id_of`."""
    return list_headers(links.unsubscribe, links.mailbox, links.preferences, list_name)


def _as_marketing(
    content: Content, headers: dict[str, str], brand: Brand, topic: Topic | None, links: Links, domain: str
) -> Content:
    values = {
        "topic": "" if topic is None else topic.name,
        "brand": brand.name,
        "sender": _name_of(brand),
        "postal_address": brand.postal_address,
        "unsubscribe": links.unsubscribe,
        "preferences": links.preferences,
    }
    whole = replace(content, headers=headers | headers_of(links, list_id_of(brand, topic, domain)))
    return _with_footer(whole, "email/footer-marketing", values)


def _as_other(content: Content, headers: dict[str, str], kind: MessageType, brand: Brand, links: Links) -> Content:
    """Mail that is no marketing says who sends it; a link to the choices only where a person lives with that mail."""
    is_service = kind.message_class == MessageClass.SERVICE.value
    values = {
        "sender": _name_of(brand),
        "is_service": is_service,
        "preferences": links.preferences if is_service else "",
    }
    return _with_footer(replace(content, headers=headers), "email/footer-other", values)


def _with_footer(content: Content, template: str, values: Mapping[str, object]) -> Content:
    return replace(
        content,
        text=with_text_footer(content.text, render(f"{template}.txt", **values)),
        html=with_html_footer(content.html, render(f"{template}.html", **values)),
    )
