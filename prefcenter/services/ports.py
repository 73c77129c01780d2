"""What a use case needs from outside: a clock, the keys, and somebody who delivers messages."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from prefcenter.core.channels import Channel, MessageClass
from prefcenter.core.decision import Cleared
from prefcenter.core.errors import PrefcenterError
from prefcenter.core.keys import Peppers
from prefcenter.core.tokens import SigningKeys


class Clock(Protocol):
    """Tells the time."""

    def __call__(self) -> datetime:
        """The present, aware UTC."""
        ...


@dataclass(frozen=True, slots=True)
class Keyring:
    """The secrets that a use case works with."""

    peppers: Peppers = field(repr=False)
    signing: SigningKeys = field(repr=False)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message ready to leave.

    Args:
        id: the outbox row's id, which the provider is told as an opaque argument (X8).
        channel: how it goes.
        to: the address or number.
        message_class: its class.
        message_type: its registered type.
        sender: whom it comes from.
        subject: empty for texts.
        text: the plain body.
        html: the rich body, or empty.
        headers: further headers of a mail.
        brand: the slug of the brand that it is sent for, None where it has none.
        topic: the topic's slug, None where it has none.
        batch: what may share one call to the provider: messages of the same type and sender made from the same
            template; empty for one that goes alone.
        in_time: whether what was decided of it still holds. A sender that makes several calls asks before each; what is
            late it does not hand over, and answers with DecidedTooLongAgo (X2).
    """

    id: int
    channel: Channel
    to: str
    message_class: MessageClass
    message_type: str
    sender: str
    subject: str
    text: str
    html: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    brand: str | None = None
    topic: str | None = None
    batch: str = ""
    in_time: Callable[[], bool] = field(default=lambda: True, repr=False, compare=False)


Batch = Sequence[tuple[Cleared, Outgoing]]
"""Cleared messages that may share one call: all of one ``batch``."""


class Held(str):
    """The provider's name for a message that it took and holds until later, where it can be called back."""

    __slots__ = ()


Answer = str | PrefcenterError
"""The provider's name for a message, or what became of it: SendFailed, RecipientRefused, SendUnknown."""


class Sender(Protocol):
    """Delivers cleared messages; takes nothing else."""

    @property
    def most_at_once(self) -> int:
        """How many messages of one batch it takes in one call; 1 where each needs its own."""
        ...

    def send(self, cleared: Cleared, message: Outgoing) -> str:
        """Hand the message over and return the provider's name for it; a ``Held`` one where it leaves only later.

        Raises:
            SendFailed: the provider refused it for good.
            SendUnknown: nobody can tell whether it left; it must not be sent again.
        """
        ...

    def send_many(self, batch: Batch) -> Sequence[Answer]:
        """Hand at most ``most_at_once`` messages of one batch over, and return one answer for each, in their order.

        What one of them meets is its answer and stops no other; whatever is raised instead leaves all of them unknown.
        """
        ...

    def cancel(self, provider_id: str) -> bool:
        """Call back a message that the provider still holds; False where it has left, or cannot be called back.

        Raises:
            SendLater: the provider could not be asked: it may be asked again.
            SendUnknown: nobody can tell whether it was called back: it must be asked again.
        """
        ...


def send_each(send: Callable[[Cleared, Outgoing], str], batch: Batch) -> list[Answer]:
    """Send a batch one by one, for a sender that has no call for several; the errors of the house become answers."""
    answers: list[Answer] = []
    for cleared, message in batch:
        try:
            answers.append(send(cleared, message))
        except PrefcenterError as error:
            answers.append(error)
    return answers


@dataclass(frozen=True, slots=True)
class Evidence:
    """Who acted, where it came from, and what proves it.

    Args:
        actor: ``recipient``, ``system``, an operator's address or ``key:NAME``.
        facts: what may stand in the ledger for good: no personal data.
        personal: IP address, raw words and the like; erasable.
    """

    actor: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    personal: Mapping[str, Any] = field(default_factory=dict)
