"""What a provider's event says of a recipient, as an entry on the list; soft failures say nothing (S10).

A bounce is not an opt-out: each is a reason of its own, and neither is ever set or lifted as the other. No event lifts
anything, whatever the provider allows again (X10).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy.orm import Session

from prefcenter.core.channels import Channel, Reason, Scope, Source
from prefcenter.services import optouts
from prefcenter.services.points import Point, Points
from prefcenter.services.ports import Evidence
from prefcenter.services.suppressing import OptOut
from prefcenter.store import consents, ledger, provider_lists


class EventKind(StrEnum):
    """What happened, in our own words; each provider's words are turned into these."""

    SCHEDULED = "scheduled"
    """The provider holds it until later."""
    ACCEPTED = "accepted"
    DELIVERED = "delivered"
    BOUNCED = "bounced"
    """For good: there is no such mailbox."""
    BLOCKED = "blocked"
    """Not delivered for a passing reason, or for one of our own."""
    COMPLAINED = "complained"
    UNSUBSCRIBED = "unsubscribed"
    GROUP_UNSUBSCRIBED = "group_unsubscribed"
    DROPPED_UNSUBSCRIBED = "dropped_unsubscribed"
    """Not even tried by the provider, whose own list has the address; so have the next two."""
    DROPPED_BOUNCED = "dropped_bounced"
    DROPPED_COMPLAINED = "dropped_complained"
    DEAD = "dead"
    """There is no such number, or it takes no texts."""
    STOPPED = "stopped"
    """The recipient has stopped this sender."""
    CARRIER_BLOCKED = "carrier_blocked"
    """The carrier or the handset blocked it: once says little, again and again says that a person must look."""
    CANCELED = "canceled"


@dataclass(frozen=True, slots=True)
class Told:
    """One event.

    Args:
        event_id: the provider's name for it.
        kind: what happened.
        address: to whom.
        occurred_at: when, by the provider's clock; None where it does not say.
        message_id: our own number of the message, as it came back to us, or None.
        provider_message: the provider's name for the message, or empty.
        group: the provider's unsubscribe group, or empty.
        senders: for texts, whom it came from: the Messaging Service, the number.
        detail: a code or status; never words, which quote addresses.
    """

    event_id: str
    kind: EventKind
    address: str = ""
    occurred_at: datetime | None = None
    message_id: int | None = None
    provider_message: str = ""
    group: str = ""
    senders: tuple[str, ...] = ()
    detail: str = ""


REASON_OF: Final[Mapping[EventKind, Reason]] = {
    EventKind.BOUNCED: Reason.HARD_BOUNCE,
    EventKind.DROPPED_BOUNCED: Reason.HARD_BOUNCE,
    EventKind.COMPLAINED: Reason.COMPLAINT,
    EventKind.DROPPED_COMPLAINED: Reason.COMPLAINT,
    EventKind.UNSUBSCRIBED: Reason.OPT_OUT,
    EventKind.GROUP_UNSUBSCRIBED: Reason.OPT_OUT,
    EventKind.DROPPED_UNSUBSCRIBED: Reason.OPT_OUT,
    EventKind.STOPPED: Reason.OPT_OUT,
    EventKind.DEAD: Reason.DEAD_NUMBER,
}
"""The events that put something on the list."""

STATE_OF: Final[Mapping[EventKind, str]] = {
    EventKind.SCHEDULED: "scheduled",
    EventKind.ACCEPTED: "sent",
    EventKind.CANCELED: "canceled",
    EventKind.DELIVERED: "delivered",
    EventKind.COMPLAINED: "delivered",
    EventKind.UNSUBSCRIBED: "delivered",
    EventKind.GROUP_UNSUBSCRIBED: "delivered",
    EventKind.BOUNCED: "failed",
    EventKind.BLOCKED: "failed",
    EventKind.DROPPED_UNSUBSCRIBED: "failed",
    EventKind.DROPPED_BOUNCED: "failed",
    EventKind.DROPPED_COMPLAINED: "failed",
    EventKind.DEAD: "failed",
    EventKind.STOPPED: "failed",
    EventKind.CARRIER_BLOCKED: "failed",
}
"""What each event says of its message; who complains or unsubscribes has got it."""


@dataclass(frozen=True, slots=True)
class About:
    """An event with whom and what it is about.

    Args:
        told: the event.
        point: the recipient.
        scope: what ends, where the event ends something.
    """

    told: Told
    point: Point
    scope: Scope


def scope_of_mail(session: Session, told: Told, message: Any | None) -> Scope:
    """How far an event about a mail reaches.

    Leaving a group ends what an operator said that the group means. Of one that nobody spoke of: all marketing email of
    the message's brand, and where the message is unknown, all marketing email, since to stop too much is safe.
    """
    if told.kind is not EventKind.GROUP_UNSUBSCRIBED:
        return Scope.everything()
    meant = provider_lists.scope_of(session, "sendgrid", f"{provider_lists.GROUP}{told.group}")
    if meant is not None:
        return meant
    brand = None if message is None else message.brand
    return Scope.everything() if brand is None else Scope.brand(brand)


def take_facts(
    session: Session, points: Points, provider: str, about: Sequence[About], cause: str, *, inbound: int, at: datetime
) -> int:
    """Put what events say on the list, within the caller's transaction, each under the cause it can be undone by.

    What is queued for these recipients is decided again at once (X2). Returns how many entries are new.
    """
    asked = [(each.point, _opt_out(provider, each, cause, at)) for each in about if each.told.kind in REASON_OF]
    if not asked:
        return 0
    evidence = Evidence("system", {"inbound": inbound, "batch": cause})
    recorded = optouts.take_many(session, points, asked, evidence, at=at)
    dead = {digest for point, opt_out in asked if opt_out.reason is Reason.DEAD_NUMBER for digest in point.lookup}
    void_consents(session, dead, evidence, at=at)
    return len({each.suppression_id for each in recorded if each.is_new})


def _opt_out(provider: str, about: About, cause: str, at: datetime) -> OptOut:
    told = about.told
    return OptOut(
        REASON_OF[told.kind],
        about.scope,
        Source.PROVIDER,
        since=min(told.occurred_at or at, at),
        source_ref=f"{provider}:{told.event_id}{of_group(told.group)}",
        batch=cause,
    )


def of_group(group: str) -> str:
    """How the source of what an event told names the unsubscribe group that was left; empty where it was none."""
    return f"#{provider_lists.GROUP}{group}" if group else ""


def void_consents(session: Session, digests: set[bytes], evidence: Evidence, *, at: datetime) -> None:
    """End the consents given from numbers that are dead: whoever has them next has consented to nothing.

    Source: CTIA 5.1.5 (S10).
    """
    entries = []
    for consent in consents.consents_by_digest(session, digests) if digests else ():
        if consent.withdrawn_at is None:
            consent.withdrawn_at = at
            facts = {"consent": consent.id, "by": Reason.DEAD_NUMBER.value, **evidence.facts}
            entries.append(ledger.NewEntry("withdraw", at, evidence.actor, facts, subject=consent.digest))
    session.flush()
    ledger.append_many(session, entries)


CHANNEL_OF: Final = {"sendgrid": Channel.EMAIL, "twilio": Channel.SMS}
"""Which channel a provider carries."""
