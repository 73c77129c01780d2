"""Several mails in one call to SendGrid: what they share is said once, and what differs is put in for each recipient.

The mails come rendered, and must arrive exactly so. Their bodies are laid beside each other piece by piece; a piece in
which they differ becomes a tag, and each recipient's own words go along as the tag's value.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

from prefcenter.core.channels import MessageClass
from prefcenter.core.decision import Cleared
from prefcenter.core.mail_headers import encoded
from prefcenter.services.ports import Outgoing

MOST_PERSONALIZATIONS = 1_000
MOST_SUBSTITUTION_BYTES = 10_000
"""So much may be put in for one recipient. Source: SendGrid, "Mail Send: limitations"."""

_RESERVED = frozenset(
    "x-sg-id x-sg-eid received dkim-signature content-type content-transfer-encoding to from subject reply-to cc"
    " bcc".split()
)
"""Headers that SendGrid does not take as such. Source: SendGrid, "Mail Send: errors"."""

_PIECES = re.compile(r"(?<=\n)|(?<=>)")


@dataclass(frozen=True, slots=True)
class Mail:
    """One cleared mail and its place among those that were handed over together."""

    place: int
    cleared: Cleared
    message: Outgoing

    @property
    def may_bypass(self) -> bool:
        """Whether it may reach whoever left at SendGrid itself: an approved service type, and nothing else (X9)."""
        return self.cleared.ask.narrow_bypass and self.cleared.ask.message_class is MessageClass.SERVICE

    @property
    def bodies(self) -> tuple[str, ...]:
        """Its bodies, the plain one first; only those that it has."""
        return tuple(body for body in (self.message.text, self.message.html) if body)

    @property
    def kind(self) -> tuple[object, ...]:
        """What mails must have in common to share a call."""
        told = self.message
        alone = None if told.batch else self.place
        froms = (told.sender, told.headers.get("From"), told.headers.get("Reply-To"), self.may_bypass)
        shape = (bool(told.text), bool(told.html), *(len(_PIECES.split(body)) for body in self.bodies))
        return (told.batch, alone, *froms, *shape)


def calls(mails: Sequence[Mail]) -> Iterator[list[Mail]]:
    """Part mails into those that share a call: alike, and no address twice, which SendGrid refuses."""
    open_calls: dict[tuple[object, ...], list[tuple[list[Mail], set[str]]]] = {}
    for mail in mails:
        address = mail.message.to.lower()
        alike = open_calls.setdefault(mail.kind, [])
        for group, addresses in alike:
            if address not in addresses and len(group) < MOST_PERSONALIZATIONS:
                break
        else:
            group, addresses = [], set()
            alike.append((group, addresses))
        group.append(mail)
        addresses.add(address)
    for alike in open_calls.values():
        for group, _ in alike:
            yield from _small_enough(group)


def _small_enough(group: list[Mail]) -> Iterator[list[Mail]]:
    """The mails whose own words fit beside the others in one call, and each of those that do not, alone."""
    if len(group) == 1:
        yield group
        return
    _, values = shared([mail.bodies for mail in group], _marker(group))
    sizes = [sum(len(tag.encode()) + len(value.encode()) for tag, value in own.items()) for own in values]
    small = [mail for mail, size in zip(group, sizes, strict=True) if size <= MOST_SUBSTITUTION_BYTES]
    large = [[mail] for mail, size in zip(group, sizes, strict=True) if size > MOST_SUBSTITUTION_BYTES]
    if small:
        yield small
    yield from large


def shared(bodies: Sequence[tuple[str, ...]], marker: str) -> tuple[list[str], list[dict[str, str]]]:
    r"""Say several mails' bodies once, with tags where they differ.

    Args:
        bodies: of each mail, alike in their number of pieces.
        marker: what tags begin with; occurs in none of the bodies.

    Returns:
        Each body with its tags, and for each mail the value of every tag.

    >>> shared([("Hello Ann,\nbye",), ("Hello Bob,\nbye",)], "-pc0x")
    (['Hello -pc0x0-,\nbye'], [{'-pc0x0-': 'Ann'}, {'-pc0x0-': 'Bob'}])
    """
    values: list[dict[str, str]] = [{} for _ in bodies]
    numbers = count()
    whole = []
    for versions in zip(*bodies, strict=True):
        parts = []
        for pieces in zip(*(_PIECES.split(version) for version in versions), strict=True):
            first = pieces[0]
            if all(piece == first for piece in pieces):
                parts.append(first)
                continue
            begin = _common_start(pieces)
            end = _common_start([piece[len(begin) :][::-1] for piece in pieces])[::-1]
            tag = f"{marker}{next(numbers)}-"
            parts.append(f"{begin}{tag}{end}")
            for own, piece in zip(values, pieces, strict=True):
                own[tag] = piece[len(begin) : len(piece) - len(end)]
        whole.append("".join(parts))
    return whole, values


def _common_start(texts: Sequence[str]) -> str:
    """With what all texts begin: with what the first and the last of them, in order, have in common."""
    low, high = min(texts), max(texts)
    differs = (place for place, (one, other) in enumerate(zip(low, high, strict=False)) if one != other)
    return low[: next(differs, min(len(low), len(high)))]


def _marker(group: Sequence[Mail]) -> str:
    """What tags begin with: nothing that any of the mails has anywhere, else it would be taken for a tag."""
    texts = [text for mail in group for text in (*mail.bodies, mail.message.subject, *mail.message.headers.values())]
    for number in count():
        marker = f"-pc{number}x"
        if not any(marker in text for text in texts):
            return marker
    raise AssertionError("Numbers do not end.")


def request_of(group: Sequence[Mail], sender: Mapping[str, str], reply_to: Mapping[str, str] | None) -> dict[str, Any]:
    """The call that sends these mails, each to its own recipient, who sees no other.

    Nothing of SendGrid's is put into them: no tracking of opens and clicks (G17), no unsubscribe links of its own
    (E1). What goes along for its events is our own name of the message, which tells nobody anything (X8).
    """
    bodies, values = shared([mail.bodies for mail in group], _marker(group))
    kinds = [
        kind for kind, body in (("text/plain", group[0].message.text), ("text/html", group[0].message.html)) if body
    ]
    request: dict[str, Any] = {
        "personalizations": [_person(mail, own) for mail, own in zip(group, values, strict=True)],
        "from": dict(sender),
        "content": [{"type": kind, "value": body} for kind, body in zip(kinds, bodies, strict=True)],
        "tracking_settings": {
            "click_tracking": {"enable": False, "enable_text": False},
            "open_tracking": {"enable": False},
            "subscription_tracking": {"enable": False},
            "ganalytics": {"enable": False},
        },
    }
    if reply_to is not None:
        request["reply_to"] = dict(reply_to)
    if group[0].may_bypass:
        # The narrow one: SendGrid's global unsubscribes alone, never its bounces and complaints (X9).
        request["mail_settings"] = {"bypass_unsubscribe_management": {"enable": True}}
    return request


def _person(mail: Mail, values: Mapping[str, str]) -> dict[str, Any]:
    told = mail.message
    headers = {name: encoded(value) for name, value in told.headers.items() if name.lower() not in _RESERVED}
    person: dict[str, Any] = {
        "to": [{"email": told.to}],
        "subject": told.subject,
        "custom_args": {"pc_message": str(told.id)},
    }
    return person | ({"headers": headers} if headers else {}) | ({"substitutions": dict(values)} if values else {})
