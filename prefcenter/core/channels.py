"""The vocabulary that every layer shares: channels, classes, reasons, scopes, sources.

The names are a contract: they stand in the database, in the API, in files, and on the command line.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Self


class Channel(StrEnum):
    """A way of reaching a person."""

    EMAIL = "email"
    SMS = "sms"
    POST = "post"


class MessageClass(StrEnum):
    """What a message is, which decides who may get it.

    ``SHARING`` is no message: it is the handing of a person's data to a third party for its own marketing (G10).
    """

    MARKETING = "marketing"
    SERVICE = "service"
    LEGAL = "legal"
    REQUESTED = "requested"
    SHARING = "sharing"


class ServiceCategory(StrEnum):
    """Why a service message is exempt from marketing opt-outs.

    Source: 15 USC 7702(17), rule E14.
    """

    TRANSACTION = "transaction"
    SAFETY = "safety"
    ACCOUNT = "account"
    EMPLOYMENT = "employment"
    DELIVERY = "delivery"


class Reason(StrEnum):
    """Why a message is not sent; the rows of the table "who may be written to"."""

    OPT_OUT = "opt_out"
    OBJECTION = "objection"
    COMPLAINT = "complaint"
    HARD_BOUNCE = "hard_bounce"
    DEAD_NUMBER = "dead_number"
    UNDELIVERABLE = "undeliverable"
    PROHIBITORY_ORDER = "prohibitory_order"
    DECEASED = "deceased"
    MINOR = "minor"
    ERASED = "erased"
    NO_SHARING = "no_sharing"
    CONSENT_MISSING = "consent_missing"
    POLICY_VERSION = "policy_version"
    CLIENT_DATA = "client_data"
    EXTERNAL_LIST = "external_list"
    PAUSED = "paused"
    QUIET_HOURS = "quiet_hours"
    FREQUENCY_CAP = "frequency_cap"
    NO_CONTACT = "no_contact"


class Level(StrEnum):
    """Whom a postal suppression covers at its address (P9, P15)."""

    INDIVIDUAL = "individual"
    HOUSEHOLD = "household"
    COMPANY = "company"


class Source(StrEnum):
    """How a fact reached us."""

    ONE_CLICK = "one_click"
    UNSUBSCRIBE_PAGE = "unsubscribe_page"
    PREFERENCE_PAGE = "preference_page"
    UNSUBSCRIBE_MAIL = "unsubscribe_mail"
    SMS_KEYWORD = "sms_keyword"
    SMS_TEXT = "sms_text"
    SNAIL_MAIL_REQUEST = "snail_mail_request"
    SIGN_UP = "sign_up"
    OPERATOR = "operator"
    IMPORT = "import"
    PROVIDER = "provider"
    API = "api"
    SYSTEM = "system"


class ScopeKind(StrEnum):
    """How far a suppression reaches within its channel.

    ``ALL_BUT`` and ``BRAND_BUT`` are what is left of an opt-out when its owner asks for some topic again: everything
    else stays refused, what is not there yet as well (E13).
    """

    ALL = "all"
    BRAND = "brand"
    TOPIC = "topic"
    SENDER = "sender"
    EVERY_SENDER = "every_sender"
    ALL_BUT = "all_but"
    BRAND_BUT = "brand_but"


@dataclass(frozen=True, slots=True)
class Scope:
    """What a suppression covers within its channel.

    Args:
        kind: the width of the scope.
        ref: a brand's slug, a topic's slug as ``brand/topic``, or a sender (an E.164 number, a short code, or a
            Messaging Service SID). Empty for ``ALL``. For ``EVERY_SENDER`` it keeps the number that the STOP was sent
            to, which we did not know, so that a START to the same number can lift it (S5, S6). For ``ALL_BUT`` and
            ``BRAND_BUT`` the topics that are spared, as ``brand/topic,brand/topic``.

    >>> str(Scope.brand("acme"))
    'brand:acme'
    >>> Scope.parse("topic:acme/offers") == Scope.topic("acme", "offers")
    True
    """

    kind: ScopeKind
    ref: str = ""

    @classmethod
    def everything(cls) -> Self:
        """Everything in the channel, of every brand."""
        return cls(ScopeKind.ALL)

    @classmethod
    def brand(cls, brand: str) -> Self:
        """Everything of one brand in the channel."""
        return cls(ScopeKind.BRAND, brand)

    @classmethod
    def topic(cls, brand: str, topic: str) -> Self:
        """One topic of one brand in the channel."""
        return cls(ScopeKind.TOPIC, f"{brand}/{topic}")

    @classmethod
    def sender(cls, sender: str) -> Self:
        """All from one sender, service messages too, and all marketing of every brand (S5)."""
        return cls(ScopeKind.SENDER, sender)

    @classmethod
    def every_sender(cls, written_to: str) -> Self:
        """A STOP to a number that we don't know: it counts for every sender (S5)."""
        return cls(ScopeKind.EVERY_SENDER, written_to)

    def but(self, topics: Collection[str]) -> Scope:
        """The same without some topics, which the person asked for later; what is spared already stays so (E13).

        Args:
            topics: the topics, as ``brand/topic``; those outside of the scope change nothing.

        Raises:
            ValueError: nothing can be taken out of this kind of scope.

        >>> str(Scope.everything().but({"acme/offers"}))
        'all_but:acme/offers'
        >>> str(Scope.parse("brand_but:acme/news").but({"acme/offers", "beta/news"}))
        'brand_but:acme/news,acme/offers'
        """
        if self.kind not in _NARROWER:
            raise ValueError(f"A scope of the kind {self.kind} has no topics to take out.")
        spared = self.spared | {topic for topic in topics if self.brand_slug in (None, topic.partition("/")[0])}
        return Scope(_NARROWER[self.kind], ",".join(sorted(spared))) if spared else self

    @property
    def spared(self) -> frozenset[str]:
        """The topics that it leaves alone, as ``brand/topic``."""
        is_narrowed = self.kind in (ScopeKind.ALL_BUT, ScopeKind.BRAND_BUT)
        return frozenset(self.ref.split(",")) if is_narrowed else frozenset()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read what ``str(scope)`` wrote.

        Raises:
            ValueError: the kind is unknown.
        """
        kind, _, ref = text.partition(":")
        return cls(ScopeKind(kind), ref)

    @property
    def brand_slug(self) -> str | None:
        """The brand that the scope lies in, or None where it is not bound to one."""
        is_of_brand = self.kind in (ScopeKind.BRAND, ScopeKind.TOPIC, ScopeKind.BRAND_BUT)
        return self.ref.partition("/")[0] if is_of_brand else None

    @property
    def label(self) -> str:
        """The scope as the API and the files show it: a topic by its own slug, any unknown sender as ``sender:*``."""
        if self.kind is ScopeKind.TOPIC:
            return f"topic:{self.ref.partition('/')[2]}"
        return "sender:*" if self.kind is ScopeKind.EVERY_SENDER else str(self)

    def __str__(self) -> str:
        return f"{self.kind}:{self.ref}" if self.ref else str(self.kind)


_NARROWER: Final = {
    ScopeKind.ALL: ScopeKind.ALL_BUT,
    ScopeKind.ALL_BUT: ScopeKind.ALL_BUT,
    ScopeKind.BRAND: ScopeKind.BRAND_BUT,
    ScopeKind.BRAND_BUT: ScopeKind.BRAND_BUT,
}
"""What becomes of a scope from which a topic is taken out."""


class Verdict(StrEnum):
    """What the decision says, from the mildest to the strictest."""

    CLEARED = "cleared"
    WAIT = "wait"
    REROUTE = "reroute"
    REFUSED = "refused"


EVERYWHERE_REASONS = frozenset(
    {
        Reason.OBJECTION,
        Reason.PROHIBITORY_ORDER,
        Reason.DECEASED,
        Reason.MINOR,
        Reason.ERASED,
        Reason.NO_SHARING,
        Reason.NO_CONTACT,
    }
)
"""Reasons whose cells say *everywhere*: they speak for every channel, whichever contact point they came in on."""

PERSON_REASONS = EVERYWHERE_REASONS
"""Reasons that bind a person: they fan out to every contact point linked to the person, later ones too (G15).

They are those that speak everywhere: in another channel nothing but the person's other contact points can hear them.
"""

ENDING_REASONS = frozenset({Reason.PAUSED, Reason.EXTERNAL_LIST})
"""Reasons that may end by themselves, on a day that is named; an opt-out never does (E13)."""
