"""Taking a mail that another system hands over by SMTP: a message to each recipient, all of them written or none."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from prefcenter.core.channels import Channel, MessageClass
from prefcenter.core.errors import BadInput
from prefcenter.services import messages
from prefcenter.services.messages import Desk, Once, Order, Taken
from prefcenter.services.templates import Written

_CALLER = "smtp"
"""Under this name the answers are kept, apart from those of the API."""


@dataclass(frozen=True, slots=True)
class HandedOver:
    """A mail that another system wants sent.

    Args:
        message_type: its registered type.
        written: what it says.
        recipients: the addresses of its envelope.
        caller: who hands it over.
        name: what the caller calls this mail and no other one; empty where it has no name, and then the same mail
            again is another mail.
    """

    message_type: str
    written: Written
    recipients: tuple[str, ...]
    caller: str
    name: str = ""


def take_mail(session: Session, desk: Desk, mail: HandedOver, *, at: datetime) -> list[Taken]:
    """Put a message to each recipient into the outbox, or record that it is refused; commits once, for all of them.

    Each is decided on its own, now and again at dispatch (X2). The same mail again writes nothing and gets the answer
    that it had; an address that stands in the envelope twice gets one message.

    Raises:
        UnknownType: nobody registered the type, or nobody approved it.
        BadAddress: a recipient cannot be one.
        BadInput: it cannot be sent like this; nothing was written.
        AlreadyThere: another mail came under the same name; nothing was written.
    """
    _, (kind, _, _) = messages.registered_type(session, mail.message_type)
    if kind.channel != Channel.EMAIL.value:
        raise BadInput(f"“{kind.slug}” goes by {kind.channel}.", remedy="Name a type that goes by email.")
    points = {point.digest: point for point in map(desk.points.email, mail.recipients)}
    taken = []
    # In one order, so that the same mail coming twice at once never waits for itself in a circle.
    for digest, point in sorted(points.items()):
        address = str((point.given or {})["address"])
        order = Order(mail.message_type, address, Channel.EMAIL, mail.written)
        taken.append(messages.take_within(session, desk, order, at=at, once=_once(mail, digest)))
    session.commit()
    return taken


def _once(mail: HandedOver, recipient: bytes) -> Once | None:
    """How one recipient's message is known again: by a digest, since names of mails may hold anything (X8)."""
    if not mail.name:
        return None
    parts: Sequence[bytes] = (mail.caller.encode(), mail.name.encode("utf-8", "surrogateescape"), recipient)
    named = hashlib.blake2b(digest_size=32)
    for part in parts:
        named.update(len(part).to_bytes(8, "big") + part)
    said = json.dumps([mail.message_type, asdict(mail.written)]).encode()
    return Once(_CALLER, named.hexdigest(), said)


def require_marketing(session: Session, message_type: str) -> None:
    """Make sure that what comes without a type is judged as strictly as anything can be.

    Raises:
        UnknownType: nobody registered the type, or nobody approved it.
        BadInput: it is no marketing, or does not go by email.
    """
    _, (kind, _, _) = messages.registered_type(session, message_type)
    if kind.message_class != MessageClass.MARKETING.value or kind.channel != Channel.EMAIL.value:
        raise BadInput(
            f"“{message_type}” cannot be the type of mails that name none: it must be marketing by email.",
            remedy="Whatever is exempt from an opt-out must say so itself.",
        )
