"""What a use case needs from outside: a clock, the keys, and somebody who delivers messages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from prefcenter.core.channels import Channel, MessageClass
from prefcenter.core.decision import Cleared
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


class Sender(Protocol):
    """Delivers cleared messages; takes nothing else."""

    def send(self, cleared: Cleared, message: Outgoing) -> str:
        """Hand the message over and return the provider's name for it.

        Raises:
            SendFailed: the provider refused it for good.
            SendUnknown: nobody can tell whether it left; it must not be sent again.
        """
        ...


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
