"""The mail or text that carries a code: what it says, and whom it comes from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from urllib.parse import urlsplit

from sqlalchemy.orm import Session

from prefcenter.core.channels import Channel, MessageClass
from prefcenter.core.mail_headers import mailbox
from prefcenter.core.policy import REQUEST_WINDOW
from prefcenter.services import gate
from prefcenter.services.outgoing import Draft
from prefcenter.services.points import Point
from prefcenter.services.rendering import render
from prefcenter.store import registry
from prefcenter.store.registry import Brand

VALID_FOR = REQUEST_WINDOW
"""A code works for as long as its message counts as asked for."""


class Purpose(StrEnum):
    """What a code is for; one for the one is none for the other."""

    PROOF = "proof"
    """To show that somebody receives at the contact point that is on file."""
    CORRECTION = "correction"
    """To show that somebody receives at the address or number that takes its place (G15)."""


@dataclass(frozen=True, slots=True)
class Request:
    """Who asks for a code.

    Args:
        link: a digest of the link that it is asked for from, see :func:`link_digest`.
        brand: whose page it is, where that is known.
        purpose: what it is for.
        language: the language of the page.
        base_url: the address of our pages, which a text names for the phone that fills codes in.
    """

    link: bytes
    brand: Brand | None
    purpose: Purpose
    language: str
    base_url: str


def senders(session: Session, point: Point, brand: Brand | None) -> Iterator[str]:
    """Give whom a code may come from: the page's brand first, then others; of numbers, those of marketing last."""
    if point.channel is Channel.EMAIL:
        brands = [each for each in (brand, *registry.brands(session)) if each is not None]
        yield from dict.fromkeys(each.service_from for each in brands if each.service_from)
        return
    kinds = [
        (kind.message_class == MessageClass.MARKETING.value, brand is None or owner.id != brand.id, kind.sender)
        for kind, owner, _ in registry.types(session)
        if kind.channel == Channel.SMS.value and kind.sender
    ]
    yield from dict.fromkeys(sender for _, _, sender in sorted(kinds))


def draft(point: Point, request: Request, code: str, sender: str, cause: str, at: datetime) -> Draft:
    """Write the message; the same cause never makes a second one."""
    brand = request.brand
    name = "" if brand is None else brand.sender_name or brand.name
    values = {
        "code": code,
        "name": name,
        "minutes": int(VALID_FOR.total_seconds() // 60),
        "host": urlsplit(request.base_url).hostname or "",
        "postal_address": "" if brand is None else brand.postal_address,
        "language": request.language,
        "is_new_address": request.purpose is Purpose.CORRECTION,
    }
    is_mail = point.channel is Channel.EMAIL
    headers = {"Auto-Submitted": "auto-generated", "From": mailbox(name, sender)} if is_mail else {}
    return Draft(
        channel=point.channel,
        message_class=MessageClass.REQUESTED,
        message_type=gate.CODE,
        point=point,
        subject=" ".join(render("email/code-subject.txt", **values).split()) if is_mail else "",
        text=render("email/code.txt" if is_mail else "sms/code.txt", **values).strip() + ("\n" if is_mail else ""),
        html=render("email/code.html", **values) if is_mail else "",
        headers=headers,
        brand=None if brand is None else brand.slug,
        sender=sender,
        cause=cause,
        requested_at=at,
    )
