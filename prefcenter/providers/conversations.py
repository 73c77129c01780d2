"""The sandbox's conversations by text: for each number what we sent and what its person wrote, as a phone shows it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy.orm import Session

from prefcenter.core.channels import Channel
from prefcenter.core.errors import BadAddress
from prefcenter.core.keywords import IntentKind, intent
from prefcenter.core.segments import segmentation
from prefcenter.providers.twilio_sms import PROVIDER, read_text
from prefcenter.services.inbound_sms import InboundText
from prefcenter.services.points import Points
from prefcenter.store import conversations, registry, sandbox
from prefcenter.store.inbound import InboundMessage
from prefcenter.store.outbox import OutboxMessage, SandboxMessage


class By(StrEnum):
    """Who wrote a line."""

    THEM = "them"
    US = "us"
    PROVIDER = "provider"


_PROVIDERS_WORDS = {
    IntentKind.STOP: "Here Twilio itself confirms the STOP, in words of its own; so we say nothing.",
    IntentKind.START: "Here Twilio itself confirms the START, in words of its own.",
    IntentKind.HELP: "Here Twilio itself answers the HELP, in words of its own; so we say nothing.",
}

_OUTCOMES = {
    "recorded": "recorded",
    "review": "shown to a person",
    "recorded_and_review": "recorded, and shown to a person",
    "lifted": "the stop of this sender is lifted",
    "answered": "answered",
    "ignored": "nothing to do",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One text of a conversation.

    Args:
        by: who wrote it.
        words: what it says.
        at: when it came.
        about: what it is, or what came of it.
        message_class: the class of a text of ours, else empty.
        sent: what the outbox says of a text of ours, where it knows it.
        fate: what the sandbox was made to do with it, or empty.
    """

    by: By
    words: str
    at: datetime
    about: str = ""
    message_class: str = ""
    sent: OutboxMessage | None = None
    fate: str = ""


@dataclass(frozen=True, slots=True)
class Conversation:
    """All texts with one number, the oldest first.

    Args:
        digest: names it without telling the number (X8); empty where it cannot be read.
        number: the number.
        senders: what its person can write to: whatever wrote last, first.
        lines: the texts.
    """

    digest: bytes
    number: str
    senders: tuple[str, ...]
    lines: tuple[Line, ...]

    @property
    def name(self) -> str:
        """Its name in an address."""
        return self.digest.hex() or "0"

    @property
    def last_at(self) -> datetime:
        """When its newest text came."""
        return self.lines[-1].at


def conversations_of(
    session: Session, points: Points, messages: Sequence[SandboxMessage], *, limit: int = 500
) -> list[Conversation]:
    """Put the delivered texts, and what came back, together by number.

    Args:
        session: the caller's; only read.
        points: reads numbers.
        messages: what the sandbox delivered, the newest first; only its texts are taken.
        limit: so many of the newest incoming texts are looked at.
    """
    ours = [message for message in messages if message.channel == Channel.SMS.value]
    sent = sandbox.sent_by(session, ours)
    theirs = [(row, read_text(row.raw)) for row in conversations.inbound_texts(session, PROVIDER, limit)]
    lines: defaultdict[str, list[Line]] = defaultdict(list)
    for row, text in reversed(theirs):
        lines[text.sender] += _heard(row, text)
    for message in reversed(ours):
        lines[message.to].append(_said(message, sent.get(message.id)))
    senders = _senders(session, ours, sent, theirs)
    return [
        Conversation(_digest(points, number), number, senders[number], tuple(sorted(found, key=lambda line: line.at)))
        for number, found in lines.items()
    ]


def _said(message: SandboxMessage, sent: OutboxMessage | None) -> Line:
    count = segmentation(message.text)
    parts = f"{count.segments} segment{'' if count.segments == 1 else 's'}, {count.encoding}"
    about = f"{message.message_type} · {parts}" if message.message_type else parts
    return Line(By.US, message.text, message.at, about, message.message_class, sent, message.fate)


def _heard(row: InboundMessage, text: InboundText) -> list[Line]:
    came_of_it = _OUTCOMES.get(row.outcome or "", "waits to be handled")
    said = Line(By.THEM, text.body, row.received_at, came_of_it)
    words = _PROVIDERS_WORDS.get(intent(text.body, text.opt_out_type).kind) if text.answered_by_provider else None
    return [said, Line(By.PROVIDER, words, row.received_at)] if words else [said]


def _senders(
    session: Session,
    ours: Sequence[SandboxMessage],
    sent: Mapping[int, OutboxMessage],
    theirs: Sequence[tuple[InboundMessage, InboundText]],
) -> Mapping[str, tuple[str, ...]]:
    """What each number can write to: the senders that wrote to it and that it wrote to, each once, the newest first."""
    by_outbox = {number: row.sender for number, row in sent.items()}
    by_type = {kind.slug: kind.sender for kind, _, _ in registry.types(session, with_archived=True)}
    met: list[tuple[datetime, str, str]] = [
        (one.at, one.to, by_outbox.get(one.id) or by_type.get(one.message_type, "")) for one in ours
    ]
    met += [(row.received_at, text.sender, text.names[0] if text.names else "") for row, text in theirs]
    found: defaultdict[str, dict[str, None]] = defaultdict(dict)
    for _, number, sender in sorted(met, reverse=True):
        if sender:
            found[number].setdefault(sender)
    everybody = sorted(registry.senders(session))
    return {number: tuple(found[number] or everybody) for _, number, _ in met}


def _digest(points: Points, number: str) -> bytes:
    try:
        return points.phone(number).digest
    except BadAddress:
        return b""
