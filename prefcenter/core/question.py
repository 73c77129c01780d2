"""The question that every channel asks, and the facts that answer it.

An :class:`Ask` says what would be sent; a :class:`Fact` is one reason on file. :func:`covers` says how far a fact
reaches; what it then means is the policy's and the decision's business.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from prefcenter.core.channels import Channel, MessageClass, Reason, Scope, ScopeKind, Source
from prefcenter.core.consent import Party

CLOCK_SKEW = timedelta(minutes=2)
"""How far the clock of who took a refusal may be ahead of the clock of who decides."""


class Role(StrEnum):
    """Who stands in for the person: to whom the message goes, or through whom."""

    SELF = "self"
    REPRESENTATIVE = "representative"
    PARENT = "parent"
    REPORTER = "reporter"
    """Who told us of the death."""
    COUNSEL = "counsel"
    """Our lawyers write, not we."""
    CLIENT = "client"
    """The client that we hold the data for writes, not we (G9)."""


@dataclass(frozen=True, slots=True)
class Ask:
    """One question: may a message of this kind go to this contact point?

    Args:
        channel: the channel that it would go by.
        message_class: marketing, service, legal, requested, or sharing.
        brand: the brand's slug; None means all brands.
        topic: the topic's slug; None means marketing in general, which only wider refusals refuse.
        topics: the topic and all that its refusals are inherited from (E13), as ``brand/topic``. The topic itself need
            not be among them.
        sender: the number or Messaging Service that it goes from; None means that it may be any.
        urgent: a service text that must not wait for the morning.
        recipient_role: who stands in for the person.
        narrow_bypass: the type is approved for a narrow bypass of the provider's block (X9).
        is_confirmation: the one confirmation of an opt-out (S4).
        answers_help: the answer to a HELP, given whatever the subscription (S7).
        at_deletion: the one message that tells that the data were deleted (G3).
        relationship_since: when the person last became a customer.
        requested_at: when the person asked for it (class *requested*), or sent the STOP that it confirms.
        country: whose law counts, see :func:`prefcenter.core.consent.country_of`.
        party: a person or a firm (PECR).
        use_since_policy: the version of the privacy policy that first named this use; None where it is not new (G16).
        collected_under: the version that the contact point was collected under.
        stopped_since: since when the brand's marketing mail is stopped because of complaints (E17), or None.
        wait_ends: when waiting ends in a refusal; None means 72 hours from now.
    """

    channel: Channel
    message_class: MessageClass
    brand: str | None = None
    topic: str | None = None
    topics: frozenset[str] = frozenset()
    sender: str | None = None
    urgent: bool = False
    recipient_role: Role = Role.SELF
    narrow_bypass: bool = False
    is_confirmation: bool = False
    answers_help: bool = False
    at_deletion: bool = False
    relationship_since: datetime | None = None
    requested_at: datetime | None = None
    country: str = "US"
    party: Party = Party.INDIVIDUAL
    use_since_policy: int | None = None
    collected_under: int | None = None
    stopped_since: datetime | None = None
    wait_ends: datetime | None = None

    @property
    def scope(self) -> Scope:
        """What is asked about, as a scope."""
        if self.brand is None:
            return Scope.everything()
        return Scope.topic(self.brand, self.topic) if self.topic else Scope.brand(self.brand)

    def names_topic(self, ref: str) -> bool:
        """Whether it is of this topic (``brand/topic``) or of one that inherits from it."""
        brand, _, topic = ref.partition("/")
        return ref in self.topics or (topic == self.topic and self.brand in (None, brand))

    def touches_brand(self, brand: str) -> bool:
        """Whether it is of this brand, of all brands, or of a topic that inherits from one of its topics."""
        return self.brand in (None, brand) or any(ref.partition("/")[0] == brand for ref in self.topics)


@dataclass(frozen=True, slots=True)
class Fact:
    """One reason on file for a contact point (or for the person behind it), not lifted.

    Args:
        reason: the row of the table.
        channel: the channel that it came in on.
        scope: how far it reaches.
        since: from when it binds.
        until: when it ends by itself.
        source: how it reached us.
        suppression_id: its record, if it has one.
        verified: whether a report of death was verified.
    """

    reason: Reason
    channel: Channel
    scope: Scope
    since: datetime
    until: datetime | None = None
    source: Source = Source.SYSTEM
    suppression_id: int | None = None
    verified: bool = True

    def binds(self, at: datetime) -> bool:
        """Whether it has begun and is not over.

        One that lies on file binds although it seems to begin in a moment: it was taken by another clock (E11, X2).
        """
        return self.since <= at + CLOCK_SKEW and (self.until is None or at < self.until)


def covers(scope: Scope, ask: Ask) -> bool:
    """Whether a refusal of this scope reaches the message.

    A message without a brand means all brands, so any brand's refusal reaches it. A topic's refusal reaches only what
    names the topic, never marketing in general. A STOP reaches all marketing of all brands, and of the rest only what
    comes, or may come, from that sender (S5). One that spares a topic reaches all but a message of exactly that topic.
    """
    if ask.topic and f"{ask.brand}/{ask.topic}" in scope.spared:
        return False
    match scope.kind:
        case ScopeKind.BRAND | ScopeKind.BRAND_BUT:
            return ask.touches_brand(scope.brand_slug or "")
        case ScopeKind.TOPIC:
            return ask.names_topic(scope.ref)
        case ScopeKind.SENDER:
            promotes = ask.message_class in (MessageClass.MARKETING, MessageClass.SHARING)
            return promotes or ask.sender in (None, scope.ref)
        case _:
            return True
