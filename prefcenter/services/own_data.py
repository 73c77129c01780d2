"""What we hold about one contact point and why, for whoever receives there: in plain facts, from the ledger (G1, G6).

Told are the facts of the ledger, not its evidence: network addresses and browsers may be another person's, to whom a
link was forwarded, and operators' notes and names are theirs. Other contact points of the same person are not told:
a code shows only that somebody receives at this one (E18).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy.orm import Session

from prefcenter.core.channels import Channel, Reason, Scope, Source
from prefcenter.services import frequency
from prefcenter.services.deletion_requests import DeletionRequest, open_request
from prefcenter.services.points import Point, readable
from prefcenter.store import consents, contacts, ledger, registry, suppressions

TOLD: Final = (
    "channel",
    "reason",
    "scope",
    "level",
    "source",
    "since",
    "until",
    "class",
    "type",
    "state",
    "reasons",
    "basis",
    "language",
    "wording_version",
    "most",
    "before",
    "purpose",
    "due",
    "via",
)
"""The facts of the ledger that are told; nothing that names a staff member or another file of ours."""


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened.

    Args:
        at: when.
        kind: what: the kind of the ledger's entry.
        by: ``recipient``, ``staff`` or ``system``.
        facts: what is told of it.
    """

    at: datetime
    kind: str
    by: str
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a contact point came from: who it is on file for is not told, since several may share it."""

    since: datetime
    source: Source
    country: str
    verified_at: datetime | None


@dataclass(frozen=True, slots=True)
class Reasoned:
    """Something that stands against writing there."""

    channel: Channel
    reason: Reason
    scope: Scope
    since: datetime
    until: datetime | None
    source: Source


@dataclass(frozen=True, slots=True)
class Agreed:
    """A recorded yes, with its words."""

    scope: Scope
    basis: str
    since: datetime
    until: datetime | None
    withdrawn_at: datetime | None
    source: Source
    wording: str
    wording_version: str
    language: str


@dataclass(frozen=True, slots=True)
class Held:
    """All that is held about a contact point."""

    at: datetime
    channel: Channel
    address: str
    origins: Sequence[Origin]
    subscriptions: Sequence[str]
    standing: Sequence[Reasoned]
    consents: Sequence[Agreed]
    limit: str | None
    deletion: DeletionRequest | None
    events: Sequence[Event]


def held(session: Session, point: Point, *, at: datetime) -> Held:
    """Gather what is held about a contact point; only reads, the events newest first."""
    rows = contacts.points_by_digest(session, point.own)
    entries = ledger.history(session, point.own)
    limit = frequency.limit_of(session, point) if point.channel in frequency.CHANNELS else None
    return Held(
        at=at,
        channel=point.channel,
        address="" if point.given is None else readable(point.channel, point.given),
        origins=[Origin(row.created_at, Source(row.source), row.country or "", row.verified_at) for row in rows],
        subscriptions=_subscriptions(session, [row.id for row in rows]),
        standing=_standing(session, point, at),
        consents=_consents(session, point),
        limit=None if limit is None else limit.value,
        deletion=open_request(session, point),
        events=[_event(entry) for entry in reversed(entries)],
    )


def _subscriptions(session: Session, point_ids: Sequence[int]) -> list[str]:
    topics = {topic.id: f"{brand.slug}/{topic.slug}" for topic, brand in registry.topics(session)}
    found = consents.subscriptions_of(session, point_ids) if point_ids else ()
    return sorted({topics[each.topic_id] for each in found if each.topic_id in topics})


def _standing(session: Session, point: Point, at: datetime) -> list[Reasoned]:
    found = {row.id: row for row, _ in suppressions.by_digests(session, point.lookup)}
    return [
        Reasoned(
            Channel(row.channel), Reason(row.reason), Scope.parse(row.scope), row.since, row.until, Source(row.source)
        )
        for row in found.values()
        if row.until is None or row.until > at
    ]


def _consents(session: Session, point: Point) -> list[Agreed]:
    return [
        Agreed(
            scope=Scope.parse(row.scope),
            basis=row.basis,
            since=row.since,
            until=row.until,
            withdrawn_at=row.withdrawn_at,
            source=Source(row.source),
            wording=row.wording,
            wording_version=row.wording_version,
            language=row.language,
        )
        for row in consents.consents_by_digest(session, point.own)
    ]


def _event(entry: ledger.LedgerEntry) -> Event:
    by = entry.actor if entry.actor in ("recipient", "system") else "staff"
    return Event(entry.at, entry.kind, by, {name: entry.facts[name] for name in TOLD if name in entry.facts})


def as_json(told: Held) -> dict[str, Any]:
    """All of it as JSON values, for the person to take along."""
    return {
        "made_at": told.at.isoformat(),
        "channel": told.channel.value,
        "address": told.address,
        "known": [
            {
                "since": each.since.isoformat(),
                "source": each.source.value,
                "country": each.country,
                "verified_at": _moment(each.verified_at),
            }
            for each in told.origins
        ],
        "subscriptions": list(told.subscriptions),
        "in_force": [
            {
                "channel": each.channel.value,
                "reason": each.reason.value,
                "scope": each.scope.label,
                "since": each.since.isoformat(),
                "until": _moment(each.until),
                "source": each.source.value,
            }
            for each in told.standing
        ],
        "consents": [
            {
                "scope": each.scope.label,
                "basis": each.basis,
                "since": each.since.isoformat(),
                "until": _moment(each.until),
                "withdrawn_at": _moment(each.withdrawn_at),
                "source": each.source.value,
                "wording": each.wording,
                "wording_version": each.wording_version,
                "language": each.language,
            }
            for each in told.consents
        ],
        "at_most": told.limit,
        "deletion_requested": None
        if told.deletion is None
        else {"at": told.deletion.at.isoformat(), "due": told.deletion.due.isoformat()},
        "history": [
            {"at": each.at.isoformat(), "what": each.kind, "by": each.by, **each.facts} for each in told.events
        ],
    }


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
