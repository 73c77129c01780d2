"""Explaining what is on file for a contact point, as of now or as of then: reasons, evidence, history, verdicts."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.orm import Session

from prefcenter.core.channels import Channel, Level, MessageClass, Reason, Scope, Source
from prefcenter.core.consent import Consent
from prefcenter.core.decision import Decision
from prefcenter.core.hashed import TIER, HashAlgorithm
from prefcenter.services.deciding import decide_all, question_about_class, was_in_force
from prefcenter.services.histories import Happening as Happening
from prefcenter.services.histories import histories
from prefcenter.services.nearby import met_nearby
from prefcenter.services.points import Point, hashed_digests
from prefcenter.services.ports import Keyring
from prefcenter.store import consents, fingerprints, mailings, suppressions
from prefcenter.store.consents import consent_of
from prefcenter.store.fingerprints import hash_algorithms
from prefcenter.store.suppressions import Suppression

_HASHES = frozenset(each.value for each in HashAlgorithm)


@dataclass(frozen=True, slots=True)
class Match:
    """How an entry of the list meets what was asked about, so that a person can follow it (P5, P6, P9).

    Args:
        keys: the kinds of keys that are equal, such as ``full`` or ``household``; none where only the rules for pairs
            of addresses speak. Of a partner's hashed list they are how it was hashed.
        tier: for post, the difference that weighs most by the rules for pairs; None where they were not asked, since
            nothing readable is left to compare. For an entry of a partner's hashed list ``hashed``.
        score: how alike the two are by them, 0 … 1.
        is_sure: False where a person should look.
        refuses: whether it speaks against a message; an unsure one that does not is told all the same.
    """

    keys: tuple[str, ...]
    tier: str | None = None
    score: float | None = None
    is_sure: bool = True
    refuses: bool = True


@dataclass(frozen=True, slots=True)
class OnFile:
    """One reason on file.

    Args:
        suppression_id: its entry on the list.
        reason: the reason.
        channel: the channel that it came in on.
        scope: how far it reaches.
        level: for post, whom it covers.
        since: from when it binds.
        until: when it ends by itself.
        source: how it reached us.
        source_ref: the message, file or batch that it came in.
        recorded_at: when it was put on the list.
        recorded_by: who put it there.
        is_own_act: whether it is the person's own act.
        is_own: True where it was made for this contact point, False where it reaches it from another one of the same
            person, or from a household or firm at the address.
        match: how it meets what was asked about.
        ended_at: when it was lifted, voided or replaced.
        ended_by: which of them.
        history: what the ledger says of it, the oldest first.
    """

    suppression_id: int
    reason: Reason
    channel: Channel
    scope: Scope
    level: Level | None
    since: datetime
    until: datetime | None
    source: Source
    source_ref: str
    recorded_at: datetime
    recorded_by: str
    is_own_act: bool
    is_own: bool
    match: Match
    ended_at: datetime | None = None
    ended_by: str | None = None
    history: tuple[Happening, ...] = ()


@dataclass(frozen=True, slots=True)
class InFlight:
    """A mailing that may still arrive."""

    name: str
    last_expected: datetime


@dataclass(frozen=True, slots=True)
class Explanation:
    """All that speaks for and against writing to a contact point at one moment.

    Args:
        at: the moment.
        standing: the reasons that were in force on the list.
        ended: those that had ended by then.
        consents: the consents that had been given by then, the ended ones too.
        verdicts: the decision for each class in general, of all brands.
        in_flight: for post, the company's mailings that may still arrive.
    """

    at: datetime
    standing: tuple[OnFile, ...]
    ended: tuple[OnFile, ...]
    consents: tuple[Consent, ...]
    verdicts: Mapping[MessageClass, Decision]
    in_flight: tuple[InFlight, ...] = field(default=())


def explain(session: Session, keyring: Keyring, point: Point, *, at: datetime) -> Explanation:
    """Tell everything on file for a contact point as it stood at a moment, and what it came to.

    Args:
        session: reads only.
        keyring: the keys, checked first (X12).
        point: whose.
        at: the moment: what was recorded later does not count, what was ended later still stands.

    Raises:
        MissingKey: a key in use is missing.
    """
    hashed = hashed_digests(keyring.peppers, point, hash_algorithms(fingerprints.known(session)))
    digests = {point.digest, *point.lookup, *hashed}
    rows = [found for found in _found(session, point, digests) if found.row.recorded_at <= at]
    told = histories(session, [found.row for found in rows], at)
    own = {*point.own, *hashed}
    on_file = [_on_file(found, told.get(found.row.id, ()), at, own) for found in rows]
    verdicts = {}
    for kind in MessageClass:
        question = question_about_class(session, kind)
        verdicts[kind] = decide_all(session, keyring, question, [point], at=at, known_at=at)[0]
    given = [consent_of(row) for row in consents.consents_by_digest(session, digests) if row.since <= at]
    return Explanation(
        at=at,
        standing=tuple(entry for entry in on_file if entry.ended_at is None),
        ended=tuple(entry for entry in on_file if entry.ended_at is not None),
        consents=tuple(given),
        verdicts=verdicts,
        in_flight=_in_flight(session, at) if point.channel is Channel.POST else (),
    )


@dataclass(frozen=True, slots=True)
class _Found:
    """A suppression, whether any of its keys that met is its own and not one that it fanned out to, and how it met."""

    row: Suppression
    has_own_key: bool
    match: Match


def _found(session: Session, point: Point, digests: Collection[bytes]) -> list[_Found]:
    """The suppressions under some digests, and those that the rules for pairs find nearby, each once."""
    found: dict[int, _Found] = {}
    for row, key in suppressions.by_digests(session, digests, with_ended=True):
        before = found.get(row.id)
        kinds = dict.fromkeys((*(before.match.keys if before else ()), key.kind))
        match = Match(tuple(kinds), TIER if all(kind in _HASHES for kind in kinds) else None)
        found[row.id] = _Found(row, key.is_own or (before is not None and before.has_own_key), match)
    for met in met_nearby(session, [point])[0]:
        before = found.get(met.suppression.id)
        keys = before.match.keys if before else ()
        match = Match(keys, met.tier, met.score, met.is_sure or bool(keys), met.refuses or bool(keys))
        found[met.suppression.id] = _Found(met.suppression, before is not None and before.has_own_key, match)
    return list(found.values())


def _on_file(found: _Found, history: tuple[Happening, ...], at: datetime, own: Collection[bytes]) -> OnFile:
    row = found.row
    stands = was_in_force(row, at)
    return OnFile(
        suppression_id=row.id,
        reason=Reason(row.reason),
        channel=Channel(row.channel),
        scope=Scope.parse(row.scope),
        level=Level(row.level) if row.level else None,
        since=row.since,
        until=row.until,
        source=Source(row.source),
        source_ref=row.source_ref,
        recorded_at=row.recorded_at,
        recorded_by=row.actor,
        is_own_act=row.is_own_act,
        is_own=found.has_own_key and row.digest in own,
        match=found.match,
        ended_at=None if stands else row.ended_at,
        ended_by=None if stands else row.ended_by,
        history=history,
    )


def _in_flight(session: Session, at: datetime) -> tuple[InFlight, ...]:
    rows = [row for row in mailings.in_flight(session, at) if row.prepared_at <= at]
    return tuple(InFlight(row.name, mailings.last_expected(row)) for row in rows)
