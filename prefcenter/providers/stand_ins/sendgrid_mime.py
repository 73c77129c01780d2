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

from prefcenter.providers.stand_ins.sendgrid_fates import DELIVER, MailFate

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
        fate: what becomes of it.
    """

    message_id: str
    to: str
    request: Mapping[str, Any] = field(repr=False)
    person: Mapping[str, Any] = field(repr=False)
    at: datetime
    fate: MailFate = DELIVER

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
    mail = EmailMessage(policy=SMTP)
    headers = headers_of(request, person)
    mail["From"] = headers.pop("From")
    mail["To"] = ", ".join(str(_mailbox(each)) for each in person["to"])
    mail["Subject"] = subject_of(request, person)
    mail["Date"] = format_datetime(at)
    mail["Message-ID"] = f"<{message_id}@stand-in.sendgrid.example>"
    for name, value in headers.items():
        del mail[name]
        # What we encoded ourselves is folded again by the library, which takes plain text only.
        mail[name] = value
    for kind, value in bodies_of(request, person).items():
        _add(mail, kind, value)
    return mail.as_bytes()


def subject_of(request: Mapping[str, Any], person: Mapping[str, Any]) -> str:
    """The subject as its recipient reads it."""
    return _swapped(str(person.get("subject") or request.get("subject", "")), person)


def headers_of(request: Mapping[str, Any], person: Mapping[str, Any]) -> dict[str, str]:
    """The headers that a mail has beside those that every mail has, decoded; whom it comes from is the first."""
    headers = {"From": str(_mailbox(request["from"]))}
    if "reply_to" in request:
        headers["Reply-To"] = str(_mailbox(request["reply_to"]))
    for name, value in (dict(request.get("headers", {})) | dict(person.get("headers", {}))).items():
        headers[name] = str(make_header(decode_header(_swapped(str(value), person))))
    if _is_tracked(request):
        headers = {name: value for name, value in headers.items() if name.lower() != "list-unsubscribe"}
        headers["List-Unsubscribe"] = f"<{UNSUBSCRIBE_LINK}>"
    return headers


def bodies_of(request: Mapping[str, Any], person: Mapping[str, Any]) -> dict[str, str]:
    """The bodies as their recipient reads them, by their type."""
    added = f"\n{UNSUBSCRIBE_LINK}\n" if _is_tracked(request) else ""
    return {str(part["type"]): _swapped(str(part["value"]), person) + added for part in request["content"]}


def _is_tracked(request: Mapping[str, Any]) -> bool:
    """Whether SendGrid puts in its own link to unsubscribe, as it does unless it is told not to."""
    return bool(request.get("tracking_settings", {}).get("subscription_tracking", {}).get("enable", True))


def _add(mail: EmailMessage, kind: str, value: str) -> None:
    subtype = kind.partition("/")[2]
    if mail.is_multipart() or "Content-Type" in mail:
        mail.add_alternative(value, subtype=subtype, charset="utf-8")
    else:
        mail.set_content(value, subtype=subtype, charset="utf-8")


def _mailbox(given: Mapping[str, Any]) -> Address:
    # Given in two parts, since what is parsed as one may have no letters beyond ASCII before its @.
    local, _, domain = str(given["email"]).rpartition("@")
    return Address(display_name=str(given.get("name", "")), username=local, domain=domain)


def _swapped(text: str, person: Mapping[str, Any]) -> str:
    for tag, value in dict(person.get("substitutions", {})).items():
        text = text.replace(str(tag), str(value))
    return text
