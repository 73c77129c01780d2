"""What SendGrid says against a request to send, before it takes any of it.

Source: SendGrid, "Mail Send: errors".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

MOST_PERSONALIZATIONS = 1_000
MOST_SUBSTITUTION_BYTES = 10_000
RESERVED_HEADERS = frozenset(
    "x-sg-id x-sg-eid received dkim-signature content-type content-transfer-encoding to from subject reply-to cc"
    " bcc".split()
)
_ADDRESS = re.compile(r"[^\s@<>,;]+@[^\s@<>,;]+\.[^\s@<>,;]+")
_REFUSED = "invalid@"
"""Mail to an address that begins like this is refused as if its address were none."""

Error = dict[str, str | None]


def errors_of(request: object) -> list[Error]:
    """Everything that is wrong with a request; where that is nothing, it is taken."""
    if not isinstance(request, dict):
        return [_error("Bad Request", None)]
    return [*_personalizations(request), *_sender(request), *_contents(request), *_settings(request)]


def _personalizations(request: Mapping[str, Any]) -> Iterator[Error]:
    people = request.get("personalizations")
    if not isinstance(people, list) or not people:
        yield _error(
            "The personalizations field is required and must have at least one personalization.", "personalizations"
        )
        return
    if len(people) > MOST_PERSONALIZATIONS:
        yield _error(
            "The personalization block is limited to 1000 personalizations per API request. "
            f"You have provided {len(people)} personalizations.",
            "personalizations",
        )
    seen: set[str] = set()
    for number, person in enumerate(people):
        yield from _person(person, f"personalizations.{number}", seen)


def _person(person: Mapping[str, Any], where: str, seen: set[str]) -> Iterator[Error]:
    recipients = person.get("to")
    if not isinstance(recipients, list) or not recipients:
        yield _error(
            "The to array is required for all personalization objects, and must have at least one email object with a"
            " valid email address.",
            f"{where}.to",
        )
        return
    for place, each in enumerate(recipients):
        address = str(each.get("email", "")) if isinstance(each, dict) else ""
        if not _ADDRESS.fullmatch(address) or address.startswith(_REFUSED):
            yield _error(f"Does not contain a valid address: {address}", f"{where}.to.{place}.email")
        if address.lower() in seen:
            yield _error(
                "Each unique email address in the personalizations array should only be included once.",
                "personalizations",
            )
        seen.add(address.lower())
    swaps = person.get("substitutions", {})
    if sum(len(str(tag).encode()) + len(str(value).encode()) for tag, value in swaps.items()) > MOST_SUBSTITUTION_BYTES:
        yield _error(f"The substitutions are limited to {MOST_SUBSTITUTION_BYTES} bytes.", f"{where}.substitutions")
    yield from _strings(swaps, f"{where}.substitutions")
    yield from _strings(person.get("custom_args", {}), f"{where}.custom_args")
    yield from _headers(person.get("headers", {}), f"{where}.headers")


def _strings(values: Mapping[str, Any], where: str) -> Iterator[Error]:
    for name, value in values.items():
        if not isinstance(value, str):
            yield _error("Invalid type. Expected: string.", f"{where}.{name}")


def _headers(headers: Mapping[str, Any], where: str) -> Iterator[Error]:
    yield from _strings(headers, where)
    for name, value in headers.items():
        if name.lower() in RESERVED_HEADERS:
            yield _error(f"The header {name} is reserved.", where)
        if not str(value).isascii() or "\n" in str(value) or "\r" in str(value):
            yield _error("Headers must be encoded as RFC 2047 says, on one line.", where)


def _sender(request: Mapping[str, Any]) -> Iterator[Error]:
    sender = request.get("from")
    address = str(sender.get("email", "")) if isinstance(sender, dict) else ""
    if not _ADDRESS.fullmatch(address):
        yield _error("The from object must be provided for every email send.", "from")


def _contents(request: Mapping[str, Any]) -> Iterator[Error]:
    contents = request.get("content")
    if not isinstance(contents, list) or not contents:
        yield _error("Unless a valid template_id is provided, the content parameter is required.", "content")
        return
    kinds = [str(each.get("type", "")) for each in contents]
    if "text/plain" in kinds and kinds[0] != "text/plain":
        yield _error("If present, text/plain must be the first content.", "content.0.type")
    for place, each in enumerate(contents):
        if not each.get("value"):
            yield _error(
                "The content value must be a string at least one character in length.", f"content.{place}.value"
            )
    people = request.get("personalizations") or []
    if not request.get("subject") and not all(isinstance(each, dict) and each.get("subject") for each in people):
        yield _error("The subject is required.", "subject")


def _settings(request: Mapping[str, Any]) -> Iterator[Error]:
    bypasses = {name for name in request.get("mail_settings", {}) if name.startswith("bypass_")}
    if "bypass_list_management" in bypasses and len(bypasses) > 1:
        yield _error("bypass_list_management cannot be combined with another bypass.", "mail_settings")


def _error(message: str, field: str | None) -> Error:
    return {"message": message, "field": field, "help": None}
