"""Reading a mail that is to be sent on: its type, its name, its subject and its bodies, or why it cannot be.

A mail is composed anew before it leaves, so all of it must be understood: what could only be lost (an attachment, a
second text, a damaged part) refuses the whole mail.
"""

from __future__ import annotations

from dataclasses import dataclass

from prefcenter.core.errors import BadInput
from prefcenter.core.mail_parts import MAX_BODY_BYTES, Part, decode_words, split_parts
from prefcenter.services.templates import Written

TYPE_HEADER = "X-Message-Type"
KEY_HEADER = "X-Idempotency-Key"

MOST_BYTES = MAX_BODY_BYTES
"""So large may a mail be: what is larger is announced, and refused, before it is read; so no part is ever cut."""

_LONGEST_NAME = 998
"""Source: RFC 5322 §2.1.1: no line, and so no Message-ID, is longer."""

_BODIES = {"text/plain": "text", "text/html": "html"}
_WRAPPERS = ("multipart/mixed", "multipart/related", "multipart/alternative")


class NoType(BadInput):
    """The mail does not say what kind of message it is."""


class NotCarried(BadInput):
    """The mail holds something that would be lost."""


@dataclass(frozen=True, slots=True)
class ReadMail:
    """A mail as far as it matters here.

    Args:
        message_type: what it says that it is; None where it says nothing.
        name: what its sender calls this mail and no other one, with the header that says so; empty where nothing does.
        written: subject and bodies, decoded.
    """

    message_type: str | None
    name: str
    written: Written


def read(raw: bytes) -> ReadMail:
    r"""Read a raw mail.

    Raises:
        NotCarried: it holds something that would be lost.
        BadInput: a header stands there twice, or cannot be used.

    >>> read(b"X-Message-Type: receipt\r\nSubject: Your order\r\n\r\nIs on its way.\r\n").written.text
    'Is on its way.\n'
    """
    mail = split_parts(raw)
    written = Written(_one_line(decode_words(_only(mail, "Subject") or "")), **_bodies(mail))
    return ReadMail(_only(mail, TYPE_HEADER), _name(mail), written)


def _only(mail: Part, header: str) -> str | None:
    """The value of a header, None where it is missing or empty; a folded one is the same as one on a single line.

    Raises:
        BadInput: it stands there twice: which one is meant, and what will the next program make of it?
    """
    values = [_one_line(value) for name, value in mail.headers if name == header.lower()]
    if len(values) > 1:
        raise BadInput(f"The mail has several headers {header}.", remedy="Give it one.")
    return values[0] or None if values else None


def _name(mail: Part) -> str:
    for header in (KEY_HEADER, "Message-ID"):
        value = _only(mail, header)
        if value is None:
            continue
        if len(value) > _LONGEST_NAME or not value.isprintable():
            raise BadInput(f"The header {header} is longer than {_LONGEST_NAME} characters, or cannot be read.")
        return f"{header.lower()} {value}"
    return ""


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _bodies(part: Part) -> dict[str, str]:
    """The bodies under a part: ``text``, ``html`` or both.

    Raises:
        NotCarried: there is anything else, or one of them cannot be read whole.
    """
    if part.problems:
        raise NotCarried(f"The mail cannot be read whole: {part.problems[0]}")
    if part.content_type in _WRAPPERS and part.parts:
        return _bodies_of_several(part)
    body = _BODIES.get(part.content_type)
    if body is None or part.is_attachment or part.filename:
        raise NotCarried(
            f"The mail has a part of the type {part.content_type} that is no body: attachments, pictures and signatures"
            " cannot be sent on.",
            remedy="Send text and HTML only, and link to the rest.",
        )
    text, problems = part.text()
    if problems:
        raise NotCarried(f"The mail cannot be read whole: {problems[0]}")
    return {body: text}


def _bodies_of_several(part: Part) -> dict[str, str]:
    """Of alternatives, each kind once; of parts that belong together, there can only be one."""
    found: dict[str, str] = {}
    for each in part.parts:
        bodies = _bodies(each)
        if found and (found.keys() & bodies.keys() or part.content_type != "multipart/alternative"):
            raise NotCarried(
                "The mail has several texts, one behind the other.",
                remedy="Send one text, and the same as HTML beside it (multipart/alternative).",
            )
        found |= bodies
    return found
