"""Reading one mail: bytes in, a frozen value out, and never an exception.

Mail comes from strangers, so everything in it may be broken. What cannot be read becomes a problem beside the text
that could be (P2: nothing is ever discarded; the caller keeps the raw bytes).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import getaddresses, parsedate_to_datetime
from html import unescape

from prefcenter.core.mail_parts import Header, Part, decode_words, parse_headers, split_parts
from prefcenter.core.mail_text import html_to_text, without_control_characters

MAX_TEXT = 1_000_000
"""Characters of text that are kept of one mail; a request is a few lines, and the raw mail is kept whole."""
MAX_ADDRESSES = 200
MAX_HEADER_VALUE = 20_000
MAX_LINKS = 1_000

_TARGET = re.compile(r"""\bhref\s{0,9}=\s{0,9}["']?([^"'\s<>]{1,2000})""", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail as far as it could be read; a header that is missing is an empty string or tuple.

    Args:
        message_id: with its angle brackets, as it came.
        from_address: lower case domain is *not* forced; as written in the header, without name.
        from_name: the display name.
        to, cc: addresses only.
        delivered_to: envelope recipients, from ``Delivered-To``, ``X-Original-To``, ``Envelope-To`` or the MTA.
        subject: decoded (RFC 2047), one line.
        date: aware UTC, or None where the header is missing or no date.
        text: the best text: plain parts, else the HTML parts as text. Line ends are LF.
        auto_submitted: the header's value in lower case (RFC 3834).
        x_apple_unsubscribe: Apple Mail's own unsubscribe request (E8).
        precedence: ``bulk``, ``list``, ``auto_reply`` …, in lower case.
        authentication_results: the headers, topmost (the nearest server's) first.
        is_auto_reply: sent by a machine in answer to something: an out-of-office note, a bounce (E8).
        attached: mails forwarded as attachments.
        attachments: names (or types) of other attached files, which nobody has read.
        text_is_doubtful: the text was guessed at, or a part of it could not be read.
        problems: what could not be read, a sentence each, without personal data.
        linked: where the links of its HTML parts and its List-Unsubscribe header lead, as written.
    """

    message_id: str = ""
    from_address: str = ""
    from_name: str = ""
    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    delivered_to: tuple[str, ...] = ()
    subject: str = ""
    date: datetime | None = None
    text: str = ""
    auto_submitted: str = ""
    x_apple_unsubscribe: bool = False
    in_reply_to: str = ""
    list_id: str = ""
    precedence: str = ""
    authentication_results: tuple[str, ...] = ()
    is_auto_reply: bool = False
    attached: tuple[Mail, ...] = ()
    attachments: tuple[str, ...] = ()
    text_is_doubtful: bool = False
    problems: tuple[str, ...] = ()
    linked: tuple[str, ...] = ()


def read_mail(raw: bytes) -> Mail:
    r"""Read one raw RFC 5322 mail. Never raises, whatever the bytes are.

    >>> read_mail(b"From: Jane <j@example.com>\nSubject: NO SNAIL MAIL\n\nHello").from_name
    'Jane'
    """
    return _mail_of(split_parts(raw))


def mail_from_fields(
    headers: str, from_: str, to: str, subject: str, text: str, html: str, envelope_to: tuple[str, ...]
) -> Mail:
    """Read a mail that a provider has taken apart already (SendGrid Inbound Parse, parsed mode).

    Args:
        headers: the raw header block. A field of it that is missing is filled from the arguments after it.
        from_: the From field as the provider gives it.
        to: the To field.
        subject: the subject.
        text: the plain body, already decoded; it may be empty.
        html: the HTML body, likewise.
        envelope_to: the recipients of the SMTP envelope.

    Source: SendGrid, "Inbound Email Parse Webhook", default parameters.
    """
    found = parse_headers(headers.encode("utf-8", "surrogateescape" if _has_raw_bytes(headers) else "replace"))
    names = {name for name, _ in found}
    given = (("from", from_), ("to", to), ("subject", subject))
    found = (*found, *((name, _one_line(value)) for name, value in given if value and name not in names))
    body = _best_text([text], [html])
    read = _with_headers(found, body=body, envelope_to=envelope_to, attached=(), attachments=(), problems=())
    return replace(read, linked=_linked(found, [html]))


def _mail_of(part: Part) -> Mail:
    """The mail whose root part this is, with the mails inside it."""
    plain: list[str] = []
    html: list[str] = []
    attached: list[Mail] = []
    names: list[str] = []
    problems: list[str] = []
    for leaf in _leaves(part):
        problems.extend(leaf.problems)
        if leaf.message is not None:
            attached.append(_mail_of(leaf.message))
            problems.extend(attached[-1].problems)
        elif leaf.is_attachment or leaf.content_type not in ("text/plain", "text/html"):
            names.append(leaf.filename or leaf.content_type)
        else:
            text, problem = leaf.text()
            problems.extend(problem)
            (html if leaf.content_type == "text/html" else plain).append(text)
    body = _best_text(plain, html)
    read = _with_headers(
        part.headers,
        body=body,
        envelope_to=(),
        attached=tuple(attached),
        attachments=tuple(names),
        problems=tuple(dict.fromkeys(problems)),
    )
    return replace(read, linked=_linked(part.headers, html))


def _linked(headers: tuple[Header, ...], html: list[str]) -> tuple[str, ...]:
    found = [unescape(target) for piece in html for target in _TARGET.findall(piece[:MAX_TEXT])]
    named = [decode_words(value) for name, value in headers if name == "list-unsubscribe"]
    return tuple(dict.fromkeys((*named, *found)))[:MAX_LINKS]


def _leaves(part: Part) -> Iterable[Part]:
    """The parts that hold something, in order; the depth is bounded by ``split_parts``."""
    if not part.parts:
        yield part
        return
    if part.problems:
        yield Part(headers=(), content_type="text/plain", body=b"", problems=part.problems)
    for child in part.parts:
        yield from _leaves(child)


def _best_text(plain: list[str], html: list[str]) -> tuple[str, tuple[str, ...]]:
    """The plain text, or the HTML as text where the plain text is blank; cut at ``MAX_TEXT``."""
    problems: list[str] = []
    text = "\n".join(piece for piece in plain if piece.strip())
    if not text.strip():
        converted = [html_to_text(piece) for piece in html]
        text = "\n".join(piece for piece, _ in converted if piece)
        problems.extend(problem for _, found in converted for problem in found)
    text, found_controls = without_control_characters(text)
    if found_controls:
        problems.append("The text held control characters, which were left out.")
    if len(text) > MAX_TEXT:
        problems.append(f"The text is longer than {MAX_TEXT} characters; the rest was not read.")
    return text[:MAX_TEXT].strip(), tuple(problems)


def _with_headers(
    headers: tuple[Header, ...],
    *,
    body: tuple[str, tuple[str, ...]],
    envelope_to: tuple[str, ...],
    attached: tuple[Mail, ...],
    attachments: tuple[str, ...],
    problems: tuple[str, ...],
) -> Mail:
    """A mail from its headers and what was read of its body."""
    senders = _mailboxes(headers, "from") or _mailboxes(headers, "sender")
    from_name, from_address = senders[0] if senders else ("", "")
    date = _date(_first(headers, "date"))
    missing = [] if from_address else ["The mail has no readable From address."]
    if date is None and _first(headers, "date"):
        missing.append("The Date header is no date.")
    return Mail(
        message_id=_first(headers, "message-id"),
        from_address=from_address,
        from_name=from_name,
        to=_addresses(headers, "to"),
        cc=_addresses(headers, "cc"),
        delivered_to=tuple(
            dict.fromkeys((*envelope_to, *_addresses(headers, "delivered-to", "x-original-to", "envelope-to")))
        ),
        subject=_one_line(_first(headers, "subject")),
        date=date,
        text=body[0],
        auto_submitted=_first(headers, "auto-submitted").lower(),
        x_apple_unsubscribe=_first(headers, "x-apple-unsubscribe").strip().lower() == "true",
        in_reply_to=_first(headers, "in-reply-to"),
        list_id=_first(headers, "list-id"),
        precedence=_first(headers, "precedence").strip().lower(),
        authentication_results=tuple(value for name, value in headers if name == "authentication-results"),
        is_auto_reply=_is_auto_reply(headers),
        attached=attached,
        attachments=attachments,
        text_is_doubtful=bool(problems or body[1]),
        problems=tuple(dict.fromkeys((*missing, *problems, *body[1]))),
    )


def _is_auto_reply(headers: tuple[Header, ...]) -> bool:
    """Whether a machine answered.

    Source: RFC 3834 §5 (Auto-Submitted), RFC 5321 §4.5.5 (null return path); the others are set by Exchange and by
    older vacation programs.
    """
    submitted = _first(headers, "auto-submitted").strip().lower()
    if submitted and not re.match(r"no\b", submitted):
        return True
    if _first(headers, "precedence").strip().lower() in ("auto_reply", "auto-reply"):
        return True
    if _first(headers, "return-path").strip() == "<>":
        return True
    return any(name in ("x-autoreply", "x-autorespond", "x-auto-response-suppress-reply") for name, _ in headers)


def _first(headers: tuple[Header, ...], name: str) -> str:
    return next((decode_words(value) for key, value in headers if key == name), "").strip()


def _mailboxes(headers: tuple[Header, ...], *names: str) -> list[tuple[str, str]]:
    """(display name, address) of each mailbox; the names are decoded *after* the split, as RFC 2047 §6.2 wants."""
    values = [value[:MAX_HEADER_VALUE] for key, value in headers if key in names]
    try:
        found = getaddresses(values)
    except Exception:  # noqa: BLE001 - the standard library's parser raises various errors on hostile headers
        found = []
    if not any(address for _, address in found):
        found = [("", match.group()) for value in values for match in _ADDRESS.finditer(value)]
    return [(_one_line(decode_words(name)), address) for name, address in found if address][:MAX_ADDRESSES]


_ADDRESS = re.compile(r"[\w.+%=-]{1,64}@[\w.-]{1,255}")


def _addresses(headers: tuple[Header, ...], *names: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(address for _, address in _mailboxes(headers, *names)))


def _date(value: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(value[:200])
        # A date without a zone ("-0000") is UTC by RFC 5322 §3.3.
        return date.replace(tzinfo=UTC) if date.tzinfo is None else date.astimezone(UTC)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def _one_line(value: str) -> str:
    return " ".join(value.split())


def _has_raw_bytes(value: str) -> bool:
    return any("\udc80" <= char <= "\udcff" for char in value)
