"""The one decision: may this be sent to this contact point now?

:func:`decide` is pure. The caller gathers the facts on file (suppressions, orders, quiet hours …) and the consents,
and gets a value back: :class:`Cleared`, :class:`Refused`, :class:`Reroute` or :class:`Wait`. Senders take only
``Cleared``, and nothing but this module makes one. The strictest of all reasons wins: refused > reroute > wait >
cleared. What it does not understand refuses marketing (X1).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import InitVar, dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, Final

from prefcenter.core.channels import Channel, MessageClass, Reason, Scope, ScopeKind, Source, Verdict
from prefcenter.core.consent import DEFAULT_PROFILE, Consent, Profile, bases_needed, last_end, sharing_bases
from prefcenter.core.policy import (
    CONFIRMATION_WINDOW,
    LONGEST_WAIT,
    PROHIBITORY_ORDER_GRACE,
    REQUEST_WINDOW,
    Condition,
    cell,
)
from prefcenter.core.question import Ask, Fact, Role, covers

__all__ = [
    "Ask",
    "Cleared",
    "Decision",
    "Fact",
    "Guard",
    "ReasonGiven",
    "Refused",
    "Reroute",
    "Role",
    "Wait",
    "decide",
    "until_of",
]


class Guard(StrEnum):
    """Why a message is refused although no fact on file speaks against it."""

    REQUEST_EXPIRED = "request_expired"
    """It claims to be requested, but nobody asked within the last 15 minutes."""
    COMPLAINT_RATE = "complaint_rate"
    """So many complained of the brand's marketing mail that it is stopped until an operator releases it (E17)."""


@dataclass(frozen=True, slots=True)
class ReasonGiven:
    """One reason that speaks against a message.

    ``verdict`` is what it would say alone. ``since`` is None for a consent that never was; for a lapsed one it is the
    lapse.
    """

    code: Reason | Guard
    verdict: Verdict
    scope: Scope
    since: datetime | None
    source: Source = Source.SYSTEM
    suppression_id: int | None = None
    until: datetime | None = None


_SEAL: Final = object()


@dataclass(frozen=True, slots=True)
class Cleared:
    """It may be sent now. Only :func:`decide` can make one; ``at`` says how fresh it is.

    Raises:
        TypeError: made elsewhere.
    """

    ask: Ask
    at: datetime
    reasons: tuple[ReasonGiven, ...] = ()
    seal: InitVar[object] = field(kw_only=True)
    verdict: ClassVar[Verdict] = Verdict.CLEARED

    def __post_init__(self, seal: object) -> None:
        if seal is not _SEAL:
            raise TypeError("only the decision clears a message")


@dataclass(frozen=True, slots=True)
class Refused:
    """It must not be sent."""

    ask: Ask
    at: datetime
    reasons: tuple[ReasonGiven, ...]
    verdict: ClassVar[Verdict] = Verdict.REFUSED


@dataclass(frozen=True, slots=True)
class Reroute:
    """It must go another way, if the type declares one, and is decided again there (X11)."""

    ask: Ask
    at: datetime
    reasons: tuple[ReasonGiven, ...]
    verdict: ClassVar[Verdict] = Verdict.REROUTE


@dataclass(frozen=True, slots=True)
class Wait:
    """It may be asked again at ``until``; from ``ends`` on it is refused."""

    ask: Ask
    at: datetime
    reasons: tuple[ReasonGiven, ...]
    until: datetime
    ends: datetime
    verdict: ClassVar[Verdict] = Verdict.WAIT


Decision = Cleared | Refused | Reroute | Wait

_STRICTNESS: Final = {verdict: rank for rank, verdict in enumerate(Verdict)}


def decide(
    ask: Ask,
    facts: Iterable[Fact],
    consents: Iterable[Consent],
    at: datetime,
    *,
    profile: Profile = DEFAULT_PROFILE,
) -> Decision:
    """Decide one message from all that is on file: the strictest reason wins.

    Args:
        ask: what would be sent.
        facts: the reasons on file for the contact point, those of other channels too (some bind everywhere).
        consents: the recorded consents of the contact point.
        at: the moment of the decision, aware.
        profile: what this deployment demands beyond the table.

    Returns:
        The verdict; its ``reasons`` are all that speak against the message, strictest first.
    """
    against = [*_reasons_on_file(ask, facts, at), *_reasons_of_consent(ask, tuple(consents), at, profile)]
    against += [*_reasons_of_request(ask, at), *_reasons_of_complaints(ask)]
    against.sort(key=lambda reason: (-_STRICTNESS[reason.verdict], reason.code, str(reason.scope)))
    reasons = tuple(against)
    if not reasons:
        return Cleared(ask, at, seal=_SEAL)
    match reasons[0].verdict:
        case Verdict.REROUTE:
            return Reroute(ask, at, reasons)
        case Verdict.WAIT:
            return _wait_or_refuse(ask, at, reasons)
        case _:
            return Refused(ask, at, reasons)


def _wait_or_refuse(ask: Ask, at: datetime, reasons: tuple[ReasonGiven, ...]) -> Wait | Refused:
    ends = ask.wait_ends or at + LONGEST_WAIT
    until = max((reason.until for reason in reasons if reason.until is not None), default=ends)
    return Refused(ask, at, reasons) if max(at, until) > ends else Wait(ask, at, reasons, until, ends)


def until_of(decision: Decision) -> datetime | None:
    """When to ask again: the end of a wait, or of a refusal all of whose reasons end by themselves."""
    if isinstance(decision, Wait):
        return decision.until
    ends = [reason.until for reason in decision.reasons]
    known = [end for end in ends if end is not None]
    return max(known) if known and len(known) == len(ends) else None


def _reasons_on_file(ask: Ask, facts: Iterable[Fact], at: datetime) -> Iterator[ReasonGiven]:
    for fact in facts:
        verdict = verdict_of(ask, fact, at)
        if verdict is not Verdict.CLEARED:
            yield ReasonGiven(
                fact.reason, verdict, fact.scope, fact.since, fact.source, fact.suppression_id, fact.until
            )


def verdict_of(ask: Ask, fact: Fact, at: datetime) -> Verdict:
    """What one fact alone says; the strictest of all facts decides, so a bulk run may ask each fact once."""
    spoken = cell(fact.reason, fact.channel, ask.message_class, verified=fact.verified)
    same_place = spoken.everywhere or fact.channel == ask.channel
    if not (same_place and fact.binds(at) and covers(fact.scope, ask)):
        return Verdict.CLEARED
    return spoken.resolve(holds=spoken.condition is None or _holds(spoken.condition, ask, fact, at))


def _holds(condition: Condition, ask: Ask, fact: Fact, at: datetime) -> bool:
    """Whether a cell's condition holds for this message and this fact."""
    match condition:
        case Condition.BLOCKED_SENDER:
            return _blocks_sender(fact, ask)
        case Condition.CONFIRMATION_OR_UNBLOCKED_SENDER:
            return ask.answers_help or _confirms(ask, fact, at) or not _blocks_sender(fact, ask)
        case Condition.NARROW_BYPASS:
            return ask.narrow_bypass
        case Condition.ORDER_IN_GRACE:
            return at < fact.since + PROHIBITORY_ORDER_GRACE
        case Condition.NEWER_RELATIONSHIP:
            return ask.relationship_since is not None and fact.since < ask.relationship_since <= at
        case Condition.AT_DELETION:
            return ask.at_deletion
        case Condition.NIGHT_AND_NOT_URGENT:
            # A frequency cap says nothing of the night; where it is night, quiet hours are among the facts too.
            return fact.reason is Reason.QUIET_HOURS and not ask.urgent
        case _:
            return ask.recipient_role is _ROLE_OF.get(condition)


_ROLE_OF: Final = {
    Condition.TO_REPRESENTATIVE: Role.REPRESENTATIVE,
    Condition.TO_PARENT: Role.PARENT,
    Condition.TO_REPORTER: Role.REPORTER,
    Condition.BY_COUNSEL: Role.COUNSEL,
    Condition.BY_CLIENT: Role.CLIENT,
}


def _blocks_sender(fact: Fact, ask: Ask) -> bool:
    """Only a STOP blocks a sender; an opt-out of texts by web or by an operator leaves service texts alone (S5)."""
    if fact.scope.kind is ScopeKind.EVERY_SENDER:
        return True
    return fact.scope.kind is ScopeKind.SENDER and ask.sender in (None, fact.scope.ref)


def _confirms(ask: Ask, fact: Fact, at: datetime) -> bool:
    """Whether this is the confirmation of a STOP, still in time (S4)."""
    return ask.is_confirmation and at <= (ask.requested_at or fact.since) + CONFIRMATION_WINDOW


def _reasons_of_consent(
    ask: Ask, consents: tuple[Consent, ...], at: datetime, profile: Profile
) -> Iterator[ReasonGiven]:
    """What is missing for marketing (G7, S11) and for sharing (G10); and uses newer than the policy agreed to (G16)."""
    if ask.message_class not in (MessageClass.MARKETING, MessageClass.SHARING):
        return
    sharing = ask.message_class is MessageClass.SHARING
    bases = sharing_bases() if sharing else bases_needed(ask.channel, ask.country, ask.party, profile)
    given = [consent for consent in consents if consent.purpose is ask.message_class and _permits(consent, ask)]
    held = [consent for consent in given if consent.holds(at)]
    if bases and not any(consent.basis in bases for consent in held):
        yield _missing(Reason.CONSENT_MISSING, ask, last_end((c for c in given if c.basis in bases), at))
    if ask.use_since_policy is not None and not _policy_agreed(ask, held):
        yield _missing(Reason.POLICY_VERSION, ask, None)


def _permits(consent: Consent, ask: Ask) -> bool:
    """Whether a consent reaches the message: at least as wide, in the same channel."""
    if consent.channel != ask.channel:
        return False
    match consent.scope.kind:
        case ScopeKind.ALL:
            return True
        case ScopeKind.BRAND:
            return ask.brand == consent.scope.ref
        case ScopeKind.TOPIC:
            return ask.brand is not None and ask.names_topic(consent.scope.ref)
        case _:
            return ask.sender is not None and ask.sender == consent.scope.ref


def _policy_agreed(ask: Ask, held: list[Consent]) -> bool:
    versions = [ask.collected_under or 1, *(consent.policy_version or 1 for consent in held)]
    return ask.use_since_policy is None or max(versions) >= ask.use_since_policy


def _missing(code: Reason, ask: Ask, since: datetime | None) -> ReasonGiven:
    return ReasonGiven(code, Verdict.REFUSED, ask.scope, since)


def _reasons_of_request(ask: Ask, at: datetime) -> Iterator[ReasonGiven]:
    """A message counts as requested for 15 minutes only."""
    if ask.message_class is MessageClass.REQUESTED and ask.requested_at is not None:
        expired_at = ask.requested_at + REQUEST_WINDOW
        if at > expired_at:
            yield ReasonGiven(Guard.REQUEST_EXPIRED, Verdict.REFUSED, ask.scope, expired_at)


def _reasons_of_complaints(ask: Ask) -> Iterator[ReasonGiven]:
    """A brand that is stopped waits for its release, as long as a message may wait at all (E17)."""
    is_campaign = ask.message_class is MessageClass.MARKETING and ask.channel is Channel.EMAIL
    if ask.stopped_since is not None and is_campaign:
        scope = Scope.everything() if ask.brand is None else Scope.brand(ask.brand)
        yield ReasonGiven(Guard.COMPLAINT_RATE, Verdict.WAIT, scope, ask.stopped_since)
