"""A raw mail from a file or from an MTA's pipe, on the same path as a provider's (``prefcenter inbound``)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from prefcenter.core.mail import read_mail
from prefcenter.providers.authentication import vouched_by_headers
from prefcenter.services import inbound_mail
from prefcenter.services.inbound_mail import ReceivedMail
from prefcenter.services.receiving import Handled, Incoming, Reception, named
from prefcenter.store.inbound import InboundMessage

CONTENT_TYPE = "message/rfc822"


def incoming_mail(raw: bytes, recipients: Sequence[str] = ()) -> Incoming:
    """The mail as it is to be kept.

    Args:
        raw: the mail, RFC 5322.
        recipients: of the envelope, as the MTA gives them (``--to``).
    """
    received = _received(raw, recipients)
    name = received.delivery() if received.is_identifiable else named(raw, *sorted(recipients))
    return Incoming(inbound_mail.PROVIDER, name, CONTENT_TYPE, raw, {"to": list(recipients)})


def handle_mail(reception: Reception, session: Session, row: InboundMessage, at: datetime, _replies: bool) -> Handled:
    """Handle a kept mail, see :data:`prefcenter.services.receiving.Handler`."""
    recipients = [str(item) for item in row.envelope.get("to", ())]
    return inbound_mail.receive(session, reception, _received(row.raw, recipients), row, at=at)


def _received(raw: bytes, recipients: Sequence[str]) -> ReceivedMail:
    mail = read_mail(raw)
    problem = "" if mail.from_address or mail.subject or mail.text else "There is no mail in it that could be read."
    is_authentic = vouched_by_headers(mail.from_address, mail.authentication_results)
    return ReceivedMail(mail, tuple(recipients), is_authentic, problem)


def as_json(inbound_id: int, handled: Handled) -> dict[str, Any]:
    """What ``prefcenter inbound --json`` prints."""
    answer = {"outcome": handled.outcome, "requests": [], "leftover": ""} | dict(handled.answer)
    return {"id": inbound_id} | answer
