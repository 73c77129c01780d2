"""What a provider's own list must hold so that it says what ours says, and never stops what ours lets through.

A provider's list is blunt: who stands on it gets nothing that is sent by way of it. So a contact point belongs on it
only where our own decision would refuse *everything* that goes that way: marketing alone for a group that only
marketing is sent with, service, legal and requested mail as well for the list that stops a whole account.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from prefcenter.core.channels import Channel, MessageClass, Reason, Scope, ScopeKind, Source, Verdict
from prefcenter.core.decision import verdict_of
from prefcenter.core.policy import CONFIRMATION_WINDOW
from prefcenter.core.question import Ask, Fact

TOLD_REASONS: Final = frozenset(
    {Reason.OPT_OUT, Reason.OBJECTION, Reason.COMPLAINT, Reason.DECEASED, Reason.MINOR, Reason.NO_CONTACT}
)
"""Reasons that a provider is told of, those in which somebody says no, or which speak of the person.

A bounce or a dead number is no such thing, and the provider met it first; a pause and an external list end by
themselves, which a provider's list cannot.
"""

ALL_CLASSES: Final = (MessageClass.MARKETING, MessageClass.SERVICE, MessageClass.LEGAL, MessageClass.REQUESTED)
"""Every class of message; sharing is none."""


class Known(StrEnum):
    """What we know of a contact point on a provider's list."""

    TOLD = "told"
    """We put it there."""
    TAKEN = "taken"
    """The provider had it, and it was put on our list."""
    THERE = "there"
    """The provider has it, and our list said so already, or somebody ended it here since."""
    MISSING = "missing"
    """It stood there, and does no longer: somebody deleted it there, which lifts nothing (E13, X10)."""
    RELEASED = "released"
    """We took it off, after the person's own act lifted it here."""
    FAILED = "failed"
    """The provider would not take it."""
    DUE = "due"
    """It is told soon: the confirmation of a STOP goes first (S4)."""


STANDS_THERE: Final = frozenset({Known.TOLD, Known.TAKEN, Known.THERE})
"""What, as far as we know, stands on the provider's list."""


@dataclass(frozen=True, slots=True)
class Target:
    """One of a provider's lists, and what it means here.

    Args:
        list: its name, such as ``global``, ``group:14``, ``bounces`` or ``sender:MG…``.
        reason: what standing on it says of a contact point.
        scope: how far that reaches.
        asks: all that goes by way of it, marketing first. A contact point is told to it where every one of them would
            be refused; without any, nothing is ever told to it.
        label: what people call it.
    """

    list: str
    reason: Reason
    scope: Scope
    asks: tuple[Ask, ...] = ()
    label: str = ""

    @property
    def takes_opt_outs(self) -> bool:
        """Whether it is a list of people who said no, and not one of what the provider found out."""
        return self.reason is Reason.OPT_OUT


def wanted_by(target: Target, facts: Iterable[Fact], at: datetime) -> Fact | None:
    """Why a contact point belongs on a provider's list, or None where it does not.

    Every one of the target's asks must be refused by a reason that a provider is told of, and that never ends by
    itself.

    Returns:
        The fact that refuses the first of them; the oldest where several do.
    """
    told = [fact for fact in facts if fact.reason in TOLD_REASONS and fact.until is None]
    found = [_refusing(ask, told, at) for ask in target.asks]
    return found[0] if found and all(fact is not None for fact in found) else None


def is_due(fact: Fact, at: datetime) -> bool:
    """Whether it may be told yet: a text that we stop at the provider could not be confirmed any more (S4)."""
    is_confirmed = fact.channel is Channel.SMS and fact.source in (Source.SMS_KEYWORD, Source.SMS_TEXT)
    return not is_confirmed or fact.since <= at - CONFIRMATION_WINDOW


def says_the_same(target: Target, facts: Iterable[Fact], at: datetime) -> bool:
    """Whether our list says of a contact point at least what standing on the provider's list says."""
    if not target.takes_opt_outs:
        return any(fact.reason is target.reason and fact.binds(at) for fact in facts)
    return wanted_by(replace(target, asks=target.asks[:1] or (marketing(target.scope),)), facts, at) is not None


def marketing(scope: Scope, channel: Channel = Channel.EMAIL, topics: frozenset[str] = frozenset()) -> Ask:
    """What a list of one brand, one topic, or of everything asks.

    Args:
        scope: all, a brand or a topic.
        channel: by which channel.
        topics: the topic and those it came from, as ``brand/topic`` (E13).
    """
    brand = scope.brand_slug
    topic = scope.ref.partition("/")[2] or None if scope.kind is ScopeKind.TOPIC else None
    return Ask(channel, MessageClass.MARKETING, brand=brand, topic=topic, topics=topics)


def concerns(target: Target, fact: Fact, at: datetime) -> bool:
    """Whether a fact alone would have refused anything that goes by way of a list."""
    asks = target.asks or (marketing(target.scope),)
    return any(_refusing(ask, [fact], at) is not None for ask in asks)


def _refusing(ask: Ask, told: list[Fact], at: datetime) -> Fact | None:
    """The first fact that refuses what is asked."""
    for fact in told:
        if _speaks_of(ask, fact) and verdict_of(ask, fact, at) is Verdict.REFUSED:
            return fact
    return None


def _speaks_of(ask: Ask, fact: Fact) -> bool:
    """Whether a fact is told where this is asked, which is narrower than what it refuses at our gate.

    The list that stops a whole account is not asked for by what stops one brand. A STOP is told to its own sender
    alone: it ends the marketing of all others here (S5), but a START to that sender must not have to unblock them too.
    One that spares a topic is not told to the list of a whole brand, which would stop that topic as well.
    """
    if fact.scope.spared and ask.topic is None:
        return False
    if fact.scope.kind is ScopeKind.SENDER:
        return ask.sender == fact.scope.ref
    return ask.brand is not None or ask.sender is not None or fact.scope.kind is ScopeKind.ALL
