"""Several mails in one call to SendGrid: what they share is said once, and what differs is put in for each recipient.

The mails come rendered, and must arrive exactly so. Their bodies are laid beside each other piece by piece; a piece in
which they differ becomes a tag, and each recipient's own words go along as the tag's value.
"""

from __future__ import annotations

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

Pieces = tuple[list[str], ...]
"""The pieces of each body of a mail, the plain one first."""


@dataclass(frozen=True, slots=True)
class Mail:
    """One cleared mail and its place among those that were handed over together.

    Args:
        place: its place.
        cleared: the decision.
        message: the mail.
        pieces: its bodies in pieces; only those that it has.
    """

    place: int
    cleared: Cleared
    message: Outgoing
    pieces: Pieces

    @classmethod
    def of(cls, place: int, cleared: Cleared, message: Outgoing) -> Mail:
        """Take a mail."""
        bodies = (body for body in (message.text, message.html) if body)
        return cls(place, cleared, message, tuple(map(_pieces, bodies)))

    @property
    def may_bypass(self) -> bool:
        """Whether it may reach whoever left at SendGrid itself: an approved service type, and nothing else (X9)."""
        return self.cleared.ask.narrow_bypass and self.cleared.ask.message_class is MessageClass.SERVICE

    @property
    def kind(self) -> tuple[object, ...]:
        """What mails must have in common to share a call."""
        told = self.message
        alone = None if told.batch else self.place
        froms = (told.sender, told.headers.get("From"), told.headers.get("Reply-To"), self.may_bypass)
        return (told.batch, alone, *froms, bool(told.text), bool(told.html), *map(len, self.pieces))


def _pieces(body: str) -> list[str]:
    """Part a body after each line and each tag. Without a pattern: there may be a thousand long ones."""
    return body.replace("\n", "\n\0").replace(">", ">\0").split("\0")


@dataclass(frozen=True, slots=True)
class Call:
    """Mails that share a call.

    Args:
        mails: whose.
        bodies: each body with its tags.
        values: for each mail, what stands for the tags.
    """

    mails: list[Mail]
    bodies: list[str]
    values: list[dict[str, str]]

    @classmethod
    def of(cls, mails: list[Mail]) -> Call:
        """Make the call of mails that are alike."""
        if len(mails) == 1:
            return cls(mails, ["".join(pieces) for pieces in mails[0].pieces], [{}])
        return cls(mails, *shared([mail.pieces for mail in mails], _marker(mails)))

    def only(self, places: Sequence[int]) -> Call:
        """The same call for some of its mails."""
        return Call([self.mails[place] for place in places], self.bodies, [self.values[place] for place in places])

    def small_enough(self) -> Iterator[Call]:
        """The mails whose own words fit beside the others in one call, and each of those that do not, alone."""
        sizes = [sum(len(tag) + len(value.encode()) for tag, value in own.items()) for own in self.values]
        small = [place for place, size in enumerate(sizes) if size <= MOST_SUBSTITUTION_BYTES]
        if small:
            yield self if len(small) == len(sizes) else self.only(small)
        for mail, size in zip(self.mails, sizes, strict=True):
            if size > MOST_SUBSTITUTION_BYTES:
                yield Call.of([mail])


def calls(mails: Sequence[Mail]) -> Iterator[Call]:
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
            yield from Call.of(group).small_enough()


def shared(bodies: Sequence[Pieces], marker: str) -> tuple[list[str], list[dict[str, str]]]:
    r"""Say several mails' bodies once, with tags where they differ.

    Args:
        bodies: of each mail, alike in their number of pieces.
        marker: what tags begin with; occurs in none of the bodies.

    Returns:
        Each body with its tags, and for each mail the value of every tag.

    >>> shared([(["Hello Ann,\n", "bye"],), (["Hello Bob,\n", "bye"],)], "-pc0x")
    (['Hello -pc0x0-,\nbye'], [{'-pc0x0-': 'Ann'}, {'-pc0x0-': 'Bob'}])
    """
    values: list[dict[str, str]] = [{} for _ in bodies]
    numbers = count()
    whole = []
    for versions in zip(*bodies, strict=True):
        parts = []
        for pieces in zip(*versions, strict=True):
            if pieces.count(pieces[0]) == len(pieces):
                parts.append(pieces[0])
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


def _marker(mails: Sequence[Mail]) -> str:
    """What tags begin with: nothing that any of the mails has anywhere, else it would be taken for a tag."""
    told = [mail.message for mail in mails]
    texts = [text for each in told for text in (each.text, each.html, each.subject, *each.headers.values())]
    for number in count():
        marker = f"-pc{number}x"
        if not any(marker in text for text in texts):
            return marker
    raise AssertionError("Numbers do not end.")


def request_of(call: Call, sender: Mapping[str, str], reply_to: Mapping[str, str] | None) -> dict[str, Any]:
    """The call as SendGrid takes it: each mail goes to its own recipient, who sees no other.

    Nothing of SendGrid's is put into them: no tracking of opens and clicks (G17), no unsubscribe links of its own
    (E1). What goes along for its events is our own name of the message, which tells nobody anything (X8).
    """
    first = call.mails[0]
    kinds = [kind for kind, body in (("text/plain", first.message.text), ("text/html", first.message.html)) if body]
    request: dict[str, Any] = {
        "personalizations": [_person(mail, own) for mail, own in zip(call.mails, call.values, strict=True)],
        "from": dict(sender),
        "content": [{"type": kind, "value": body} for kind, body in zip(kinds, call.bodies, strict=True)],
        "tracking_settings": {
            "click_tracking": {"enable": False, "enable_text": False},
            "open_tracking": {"enable": False},
            "subscription_tracking": {"enable": False},
            "ganalytics": {"enable": False},
        },
    }
    if reply_to is not None:
        request["reply_to"] = dict(reply_to)
    if first.may_bypass:
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
