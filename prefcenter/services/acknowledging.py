"""The one acknowledgement of a postal request (P3): what was recorded, and what may still arrive.

It goes only to a sender that SPF or DKIM vouch for, never to a machine, and says nothing that a stranger may not know:
the person's own words, and all mailings of the company that are in flight. It speaks the language on file for that
address.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from babel.dates import format_date
from babel.lists import format_list
from sqlalchemy.orm import Session

from prefcenter.core.channels import Channel, MessageClass
from prefcenter.core.errors import BadAddress
from prefcenter.core.mail import Mail
from prefcenter.core.mail_headers import mailbox
from prefcenter.core.postal.request import FIELDS, Request
from prefcenter.services import gate, outgoing
from prefcenter.services.outgoing import Draft
from prefcenter.services.points import Point
from prefcenter.services.receiving import Reception
from prefcenter.services.rendering import render, spoken
from prefcenter.store import contacts, mailings, registry
from prefcenter.store.outbox import OutboxMessage

_MACHINES = re.compile(
    r"(?:mailer-daemon|postmaster|(?:no|do-?not)[-_.]?reply|bounces?|noresponse)(?:[-+_.=].*)?", re.IGNORECASE
)
_MESSAGE_ID = re.compile(r"<[!-;=?-~]{1,250}>")


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """What the acknowledgement tells.

    Args:
        recorded: the requests that are on record.
        received_at: when the mail came.
        review_by: by when a person will have looked at it; None where everything was clear.
    """

    recorded: Sequence[Request]
    received_at: datetime
    review_by: datetime | None


def acknowledge(
    session: Session,
    reception: Reception,
    mail: Mail,
    told: Acknowledged,
    *,
    is_authentic: bool,
    cause: str,
    at: datetime,
) -> OutboxMessage | None:
    """Queue the acknowledgement, once for each cause; within the caller's transaction.

    Returns:
        The message, or None where nobody may be written to.
    """
    point = _answerable(reception, mail) if is_authentic else None
    if point is None:
        return None
    values = _values(session, told, spoken(contacts.language_at(session, point.own)), at)
    name, sender = _sender(session, reception)
    draft = Draft(
        channel=Channel.EMAIL,
        message_class=MessageClass.REQUESTED,
        message_type=gate.ACKNOWLEDGEMENT,
        point=point,
        subject=str(values["subject"]),
        text=_tidy(render("email/acknowledgement.txt", **values)),
        html=render("email/acknowledgement.html", **values),
        headers=_headers(mail) | ({"From": mailbox(name, sender)} if sender else {}),
        sender=sender,
        cause=cause,
        requested_at=told.received_at,
    )
    return outgoing.queue(session, draft, at=at)


def _answerable(reception: Reception, mail: Mail) -> Point | None:
    """The sender's address, unless a machine is behind it or an answer would come back to ourselves."""
    if mail.is_auto_reply or mail.list_id or mail.precedence in ("bulk", "list", "junk"):
        return None
    try:
        point = reception.points.email(mail.from_address)
    except BadAddress:
        return None
    local, _, domain = str((point.given or {})["address"]).rpartition("@")
    return None if _MACHINES.fullmatch(local) or domain == reception.inbound_domain else point


def _values(session: Session, told: Acknowledged, language: str, at: datetime) -> dict[str, object]:
    brands = registry.brands(session)
    names = [brand.sender_name or brand.name for brand in brands]
    return {
        "language": language,
        "subject": render("email/acknowledgement-subject.txt", language=language).strip(),
        "company": format_list(names, locale=language),
        "postal_address": brands[0].postal_address if len(brands) == 1 else "",
        "recorded": [(request.level.value, _lines(request)) for request in told.recorded],
        "received": _day(told.received_at, language),
        "review_by": None if told.review_by is None else _day(told.review_by, language),
        "in_flight": _in_flight(session, language, at),
    }


def _in_flight(session: Session, language: str, at: datetime) -> list[dict[str, str]]:
    """Every mailing of every brand, whoever is on it: it must not tell a stranger who is on a list."""
    last = {mailing.name: mailings.last_expected(mailing) for mailing in mailings.in_flight(session, at)}
    return [
        {"name": name, "by": _day(by, language)}
        for name, by in sorted(last.items(), key=lambda item: item[1], reverse=True)
    ]


def _lines(request: Request) -> list[str]:
    """The request in the person's own words, as the lines of an address."""
    values = {name: str(getattr(request, name)) for name in FIELDS}
    place = " ".join(value for value in (values["city"], values["state"], values["zip"]) if value)
    care_of = f"c/o {values['care_of']}" if values["care_of"] else ""
    lines = [values["name"], values["company"], care_of, values["address1"], values["address2"], place]
    return [line for line in (*lines, values["country"]) if line]


def _day(moment: datetime, language: str) -> str:
    return format_date(moment, "long", locale=language)


def _tidy(text: str) -> str:
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def _headers(mail: Mail) -> dict[str, str]:
    """Headers that make it an answer, and tell other machines not to answer it. Source: RFC 3834 §3.1."""
    headers = {"Auto-Submitted": "auto-replied"}
    if _MESSAGE_ID.fullmatch(mail.message_id):
        headers |= {"In-Reply-To": mail.message_id, "References": mail.message_id}
    return headers


def _sender(session: Session, reception: Reception) -> tuple[str, str]:
    """Whom it comes from: name and address. With several brands it bears no one's name."""
    brands = registry.brands(session)
    known = [brand for brand in brands if brand.service_from]
    name = (brands[0].sender_name or brands[0].name) if len(brands) == 1 else ""
    if known:
        return name, known[0].service_from
    return name, f"privacy@{reception.inbound_domain}" if reception.inbound_domain else ""
