"""The mail that SendGrid makes of a request, as the recipient's server gets it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.header import decode_header, make_header
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Any

UNSUBSCRIBE_LINK = "https://u1.ct.sendgrid.example/wf/unsubscribe"
"""What SendGrid's own subscription tracking puts into a mail, unless it is turned off."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """A mail to one recipient that was taken.

    Args:
        message_id: the request's name, which its answer told.
        to: the recipient.
        request: the whole call.
        person: the part of it that is about the recipient.
        at: when it was taken.
    """

    message_id: str
    to: str
    request: Mapping[str, Any] = field(repr=False)
    person: Mapping[str, Any] = field(repr=False)
    at: datetime

    @property
    def custom_args(self) -> dict[str, str]:
        """What events about it repeat."""
        return {**self.request.get("custom_args", {}), **self.person.get("custom_args", {})}

    @property
    def bypasses(self) -> frozenset[str]:
        """Which suppressions it asked to bypass."""
        return frozenset(name for name, on in self.request.get("mail_settings", {}).items() if on.get("enable"))

    @property
    def raw(self) -> bytes:
        """The mail as it leaves; made when it is asked for."""
        return built(self.request, self.person, self.message_id, self.at)


def built(request: Mapping[str, Any], person: Mapping[str, Any], message_id: str, at: datetime) -> bytes:
    """The whole mail to one recipient: headers, a part for each content, all substitutions made."""
    swaps = {str(tag): str(value) for tag, value in dict(person.get("substitutions", {})).items()}
    mail = EmailMessage(policy=SMTP)
    mail["From"] = _mailbox(request["from"])
    mail["To"] = ", ".join(str(_mailbox(each)) for each in person["to"])
    if "reply_to" in request:
        mail["Reply-To"] = _mailbox(request["reply_to"])
    mail["Subject"] = _swapped(str(person.get("subject") or request.get("subject", "")), swaps)
    mail["Date"] = format_datetime(at)
    mail["Message-ID"] = f"<{message_id}@stand-in.sendgrid.example>"
    for name, value in (dict(request.get("headers", {})) | dict(person.get("headers", {}))).items():
        del mail[name]
        # What we encoded ourselves is folded again by the library, which takes plain text only.
        mail[name] = str(make_header(decode_header(_swapped(str(value), swaps))))
    tracks = bool(request.get("tracking_settings", {}).get("subscription_tracking", {}).get("enable", True))
    if tracks:
        del mail["List-Unsubscribe"]
        mail["List-Unsubscribe"] = f"<{UNSUBSCRIBE_LINK}>"
    for content in request["content"]:
        _add(mail, str(content["type"]), _swapped(str(content["value"]), swaps), tracks=tracks)
    return mail.as_bytes()


def _add(mail: EmailMessage, kind: str, value: str, *, tracks: bool) -> None:
    subtype = kind.partition("/")[2]
    whole = f"{value}\n{UNSUBSCRIBE_LINK}\n" if tracks else value
    if mail.is_multipart() or "Content-Type" in mail:
        mail.add_alternative(whole, subtype=subtype, charset="utf-8")
    else:
        mail.set_content(whole, subtype=subtype, charset="utf-8")


def _mailbox(given: Mapping[str, Any]) -> Address:
    return Address(display_name=str(given.get("name", "")), addr_spec=str(given["email"]))


def _swapped(text: str, swaps: Mapping[str, str]) -> str:
    for tag, value in swaps.items():
        text = text.replace(tag, value)
    return text
