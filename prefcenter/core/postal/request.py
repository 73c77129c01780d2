"""Reading a postal opt-out from a mail (P1, P2, P15): who, at which address, how far, and how surely.

Nothing is invented and nothing is lost: a field's words stand in the mail, and what no field used is handed back. Only
what is unambiguous counts as certain; everything else is for a person to read.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field

from prefcenter.core.channels import Level
from prefcenter.core.mail import Mail
from prefcenter.core.mail_text import split_words
from prefcenter.core.postal.request_drafts import MAX_READ, Draft, Sketch, sketch
from prefcenter.core.postal.request_tables import FOREIGN

FIELDS = ("name", "company", "care_of", "address1", "address2", "city", "state", "zip", "country")

_ASKING = re.compile(r"(?<![^\W_])" + r"[\W_]{0,12}".join("nosnailmail"), re.IGNORECASE)
_REPLY_PREFIX = r"(?:re|aw|antw|sv|vs|odp|res|r)"
_FORWARD_PREFIX = r"(?:fwd?|wg|tr|rv|enc|i|vl|doorst)"
_PREFIX = re.compile(
    rf"\s*(?:(?P<reply>{_REPLY_PREFIX})|(?P<forward>{_FORWARD_PREFIX}))(?:\[\d{{1,3}}\])?\s?:|\s*\[[^\]]{{0,80}}\]",
    re.IGNORECASE,
)
_HARMLESS_ATTACHMENT = re.compile(
    r"image/.*|application/(?:pgp|pkcs7|x-pkcs7).*|.*\.(?:png|jpe?g|gif|bmp|svg|p7s|asc|vcf|ics)", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Request:
    """One person (or household, or company) at one address, as the person wrote it: trimmed, not standardised.

    Args:
        confidence: 0…1 for each field that is filled, 1.0 only where no other reading is possible.
    """

    name: str = ""
    company: str = ""
    care_of: str = ""
    address1: str = ""
    address2: str = ""
    city: str = ""
    state: str = ""
    zip: str = ""
    country: str = ""
    level: Level = Level.INDIVIDUAL
    confidence: Mapping[str, float] = field(default_factory=dict)

    @property
    def is_certain(self) -> bool:
        """Whether who, street and ZIP are there and every field is sure (P2)."""
        someone = {Level.INDIVIDUAL: self.name, Level.COMPANY: self.company, Level.HOUSEHOLD: "anybody"}[self.level]
        return bool(someone and self.address1 and self.zip) and all(sure == 1.0 for sure in self.confidence.values())


@dataclass(frozen=True, slots=True)
class Reading:
    """What a mail asks for.

    Args:
        requests: one for each person and address.
        leftover: the sender's words that no field used.
        certain: all requests are certain and nothing that looks like an address is left over.
        doubts: why a person should look, a sentence each, without personal data.
        quoted: quotations, forwarding headers and device signatures, which were not read.
    """

    requests: tuple[Request, ...]
    leftover: str
    certain: bool
    doubts: tuple[str, ...] = ()
    quoted: str = ""


def asks_no_snail_mail(subject: str) -> bool:
    """P1: whether a subject holds NO SNAIL MAIL, in any case, spacing, hyphens, width, and among other words.

    >>> asks_no_snail_mail("AW: [shop] Please, no snail-mail!"), asks_no_snail_mail("Casino snail mail")
    (True, False)
    """
    return _ASKING.search(_plain(subject)) is not None


def read_request(mail: Mail) -> Reading:
    """Read the postal opt-out in a mail (P2). Never raises; what is missing or unclear is a doubt.

    The sender's own words are read first. Where they hold no address, what they forwarded is read, inline or as an
    attached mail; a forwarded mail that was no request itself leaves a doubt, since it may be our own mailing.
    """
    subject = _subject(mail.subject)
    words = split_words(mail.text[: MAX_READ * 2], forwarded=subject.is_forward)
    own = sketch(f"{subject.words}\n\n\n{words.own}" if subject.words else words.own, sender=mail.from_name)
    doubts = _mail_doubts(mail)
    if len(mail.text) > MAX_READ * 2:
        doubts.append("The mail is too long to be read by machine.")
    quoted = words.quoted
    used = own
    if not own.has_address:
        inner, unsure = _inside(mail, words.forwarded, words.forwarded_from, words.forwarded_subject)
        if inner is not None:
            used = inner
            doubts.extend(["The forwarded mail is not itself a request."] if unsure else [])
    elif words.forwarded:
        quoted = f"{quoted}\n{words.forwarded}".strip()
    return _reading(used, own, doubts=doubts, quoted=quoted, rest=(subject.unread, mail.text[MAX_READ * 2 :].strip()))


def _reading(used: Sketch, own: Sketch, *, doubts: list[str], quoted: str, rest: tuple[str, str]) -> Reading:
    """The reading of what was used, with the doubts that also the sender's own words raise.

    ``rest`` is what was not read at all: a reply's subject, and the end of a text that is too long.
    """
    requests = tuple(request for draft in used.drafts for request in _requests(draft))
    leftovers = [used.leftover] if used is own else [own.leftover, used.leftover]
    leftover = "\n".join(piece for piece in (rest[0], *leftovers, rest[1]) if piece)
    found = [*doubts, *own.doubts, *used.doubts]
    if not requests:
        found.append("No name and no address were found.")
    for request in requests:
        found.extend(_request_doubts(request))
    certain = bool(requests) and not found and all(request.is_certain for request in requests)
    return Reading(requests, leftover, certain, tuple(dict.fromkeys(found)), quoted)


def _inside(mail: Mail, forwarded: str, sender: str, subject: str) -> tuple[Sketch | None, bool]:
    """The forwarded request, and whether it is unsure that it is one."""
    if forwarded:
        inner = sketch(forwarded, sender=sender)
        if inner.has_address:
            return inner, not asks_no_snail_mail(subject)
    for attached in mail.attached:
        nested = sketch(split_words(attached.text[: MAX_READ * 2]).own, sender=attached.from_name)
        if nested.has_address:
            return nested, not asks_no_snail_mail(attached.subject) or len(mail.attached) > 1
    return None, False


def _requests(draft: Draft) -> tuple[Request, ...]:
    """One request for each person of a draft."""
    names = draft.names or ("",)
    return tuple(
        Request(
            **{key: draft.fields.get(key, "") for key in FIELDS if key != "name"},
            name=name,
            level=draft.level,
            confidence={key: sure for key, sure in draft.confidence.items() if key != "name" or name},
        )
        for name in names
    )


def _request_doubts(request: Request) -> list[str]:
    missing = [key for key in ("address1", "zip") if not getattr(request, key)]
    if request.level is Level.INDIVIDUAL and not request.name:
        missing.insert(0, "name")
    doubts = [f"The {key} is missing." for key in missing]
    doubts += [f"The {key} is unclear." for key, sure in request.confidence.items() if sure < 1.0]
    if FOREIGN.fullmatch(request.country):
        doubts.append("The address is abroad.")
    return doubts


def _mail_doubts(mail: Mail) -> list[str]:
    doubts = ["The mail's text could not be read wholly."] if mail.text_is_doubtful else []
    if any(not _HARMLESS_ATTACHMENT.fullmatch(name[:200]) for name in mail.attachments):
        doubts.append("A file is attached that nobody has read.")
    if mail.is_auto_reply:
        doubts.append("A machine sent this mail.")
    return doubts


@dataclass(frozen=True, slots=True)
class _Subject:
    """A subject without prefixes and without the phrase; ``words`` may hold an address, ``unread`` is a reply's."""

    words: str = ""
    unread: str = ""
    is_forward: bool = False


def _subject(subject: str) -> _Subject:
    """Take a subject apart. A reply's subject is mostly ours, so it is not read as the person's words."""
    rest = _plain(subject)
    is_reply = is_forward = False
    while match := _PREFIX.match(rest):
        is_reply = is_reply or match["reply"] is not None
        is_forward = is_forward or match["forward"] is not None
        rest = rest[match.end() :]
    rest = _ASKING.sub("\n", rest)
    lines = [line.strip(" \t-–—:;,.!|*\"'()") for line in rest.split("\n")]
    rest = "\n".join(line for line in lines if line)
    return _Subject("", rest, is_forward) if is_reply or is_forward else _Subject(rest, "", False)


def _plain(subject: str) -> str:
    """Full-width letters as plain ones, without invisible characters; one line."""
    text = unicodedata.normalize("NFKC", subject[:2_000])
    return " ".join("".join(char for char in text if unicodedata.category(char) != "Cf").split())
