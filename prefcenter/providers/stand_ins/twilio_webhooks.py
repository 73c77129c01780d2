"""What Twilio posts to us, made by the stand-in: the parameters of a text, and the signature over them.

Source: Twilio, "Twilio's request to your application", "Webhooks security"; signed by the real SDK.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from http.client import HTTPConnection
from urllib.parse import urlencode, urlsplit, urlunsplit

from twilio.request_validator import RequestValidator

from prefcenter.core.errors import BadInput

VALID_NUMBER = "+15005550006"
"""Twilio's own magic number of a valid sender, for a Messaging Service whose numbers nobody told."""

LOOPBACK = ("127.0.0.1", "localhost", "::1")

_TIMEOUT_SECONDS = 15  # So long Twilio itself waits for a webhook.


@dataclass(frozen=True, slots=True)
class Call:
    """A webhook to be posted.

    Args:
        url: where, with its query.
        values: its parameters.
        due: from when on; None for at once.
        is_repeated: whether it comes twice, and in the wrong order.
    """

    url: str
    values: Mapping[str, str]
    due: datetime | None = None
    is_repeated: bool = False

    def is_due(self, at: datetime | None) -> bool:
        """Whether it is to be posted at a moment; without one, at all."""
        return at is None or self.due is None or self.due <= at

    @property
    def body(self) -> bytes:
        """The form as it is posted."""
        return urlencode(self.values).encode()

    def headers(self, token: str) -> dict[str, str]:
        """Its headers, signed with the account's token."""
        signature = RequestValidator(token).compute_signature(self.url, dict(self.values))
        return {"Content-Type": "application/x-www-form-urlencoded", "X-Twilio-Signature": signature}


@dataclass(frozen=True, slots=True)
class Posted:
    """What our webhook answered."""

    status: int
    body: str


Post = Callable[[str, bytes, Mapping[str, str]], Posted]
"""Posts a body with headers to an address."""


def inbound_values(
    account_sid: str, *, number: str, sender: str, body: str, sender_number: str = "", sid: str = ""
) -> dict[str, str]:
    """The parameters of a text from a recipient.

    Args:
        account_sid: the account.
        number: whose text it is.
        sender: what it answers: a number, or a Messaging Service.
        body: what it says.
        sender_number: the number of the Messaging Service.
        sid: its name; by default a new one.
    """
    is_service = sender.startswith("MG")
    sid = sid or f"SM{secrets.token_hex(16)}"
    values = {
        "AccountSid": account_sid,
        "ApiVersion": "2010-04-01",
        "Body": body,
        "From": number,
        "MessageSid": sid,
        "NumMedia": "0",
        "NumSegments": "1",
        "SmsMessageSid": sid,
        "SmsSid": sid,
        "SmsStatus": "received",
        "To": (sender_number or VALID_NUMBER) if is_service else sender,
    }
    return values | ({"MessagingServiceSid": sender} if is_service else {})


def post_on_this_machine(url: str, body: bytes, headers: Mapping[str, str]) -> Posted:
    """Post over the network, to this machine only.

    Raises:
        BadInput: the address is another machine's.
    """
    parts = urlsplit(url)
    if parts.scheme != "http" or parts.hostname not in LOOPBACK:
        raise BadInput("A stand-in calls nobody but this machine.", remedy="Use an address of 127.0.0.1.")
    connection = HTTPConnection(parts.hostname, parts.port or 80, timeout=_TIMEOUT_SECONDS)
    try:
        connection.request("POST", urlunsplit(("", "", parts.path or "/", parts.query, "")), body, dict(headers))
        answer = connection.getresponse()
        return Posted(answer.status, answer.read().decode("utf-8", "replace"))
    finally:
        connection.close()
