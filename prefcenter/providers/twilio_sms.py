"""What Twilio posts to us about texts: its signature, its parameters, its TwiML.

Source: Twilio, "Twilio's request to your application" and "Webhooks security"; the SDK's ``request_validator``.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

from sqlalchemy.orm import Session
from twilio.request_validator import RequestValidator, get_signature_algorithm

from prefcenter.providers.headers import Headers
from prefcenter.services.inbound_sms import InboundText, receive
from prefcenter.services.receiving import Handled, Incoming, Reception, named
from prefcenter.store.inbound import InboundMessage

PROVIDER = "twilio-sms"
STATUS_PROVIDER = "twilio-status"
CONTENT_TYPE = "application/x-www-form-urlencoded"


class _Parameters(dict[str, list[str]]):
    """Form parameters as the SDK's validator asks for them: all values of a name."""

    def getlist(self, name: str) -> list[str]:
        """Every value of a parameter."""
        return self[name]


def is_signed(token: str, url: str, raw: bytes, headers: Headers) -> bool:
    """Whether Twilio signed this request; without a token nothing is.

    Args:
        token: the account's auth token.
        url: the public address that Twilio posted to, with its query.
        raw: the body; parameters that we don't know are signed too.
        headers: of the request.
    """
    signature = headers.get("X-Twilio-Signature")
    if not token or not signature:  # The SDK raises on a missing one.
        return False
    algorithm = get_signature_algorithm(headers.get("X-Twilio-Webhooks-Signature-Settings") or "")
    return bool(RequestValidator(token).validate(url, _parameters(raw), signature, algorithm))


def _parameters(raw: bytes) -> _Parameters:
    return _Parameters(parse_qs(raw.decode("utf-8", "replace"), keep_blank_values=True, errors="replace"))


def incoming_text(raw: bytes) -> Incoming:
    """The text as it is to be kept, under its MessageSid; one without is kept under its content."""
    return Incoming(PROVIDER, _first(_parameters(raw), "MessageSid", "SmsSid") or named(raw), CONTENT_TYPE, raw)


def incoming_status(raw: bytes) -> Incoming:
    """A status callback as it is to be kept: one for each message and status."""
    values = _parameters(raw)
    sid, status = _first(values, "MessageSid", "SmsSid"), _first(values, "MessageStatus", "SmsStatus")
    return Incoming(STATUS_PROVIDER, f"{sid}:{status}" if sid and status else named(raw), CONTENT_TYPE, raw)


def read_text(raw: bytes) -> InboundText:
    """Read a text out of Twilio's parameters."""
    values = _parameters(raw)
    return InboundText(
        sender=_first(values, "From"),
        to=_first(values, "To"),
        body=_first(values, "Body"),
        service=_first(values, "MessagingServiceSid"),
        opt_out_type=_first(values, "OptOutType") or None,
        has_media=_first(values, "NumMedia") not in ("", "0"),
    )


def _first(values: Mapping[str, list[str]], *names: str) -> str:
    return next((value for name in names for value in values.get(name, ()) if value), "")


def handle_text(reception: Reception, session: Session, row: InboundMessage, at: datetime, replies: bool) -> Handled:
    """Handle a kept text, see :data:`prefcenter.services.receiving.Handler`."""
    return receive(session, reception, read_text(row.raw), row, at=at, replies=replies)


def twiml(answer: Mapping[str, Any], at: datetime) -> str:
    """Render what was decided; a reply that would be late is left out (S4).

    >>> twiml({}, datetime(2026, 1, 1))
    '<?xml version="1.0" encoding="UTF-8"?><Response/>'
    """
    reply, until = answer.get("reply"), answer.get("reply_until")
    if not reply or (until and at > datetime.fromisoformat(until)):
        return '<?xml version="1.0" encoding="UTF-8"?><Response/>'
    return f'<?xml version="1.0" encoding="UTF-8"?><Response><Message>{escape(reply)}</Message></Response>'
