"""Turning topics on again by the person's own act: exactly what was ticked, with the yes on record (E13, G6, S9).

Where a wider opt-out stands, such as of a whole brand, what is left of it stays in force: everything but the ticked
topics, those that do not exist yet as well. What was asked to end *after* the person ticked is the newer word, and
stays. Nothing here commits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from prefcenter.core.channels import Channel, MessageClass, Reason, Scope, ScopeKind, Source
from prefcenter.core.consent import Basis
from prefcenter.core.question import Ask, covers
from prefcenter.services.links import make_known
from prefcenter.services.points import Point, Points
from prefcenter.services.ports import Evidence
from prefcenter.services.repeating import repeats
from prefcenter.services.suppressing import OptOut, end, suppress
from prefcenter.store import contacts, fingerprints, ledger, registry
from prefcenter.store.consents import ConsentRecord, Subscription, subscriptions_of
from prefcenter.store.suppressions import Suppression, standing_under

LIFTED = frozenset({Reason.OPT_OUT, Reason.COMPLAINT})
"""What a yes to a topic takes back of that topic. Whatever binds the person, such as an objection, takes more."""

_LONGEST_SCOPE = 160
_WIDE = frozenset({ScopeKind.ALL, ScopeKind.BRAND, ScopeKind.ALL_BUT, ScopeKind.BRAND_BUT})


@dataclass(frozen=True, slots=True)
class Wording:
    """The exact words that were shown, the version that they have, and their language (S9, G6)."""

    text: str
    version: str
    language: str


@dataclass(frozen=True, slots=True)
class OptIn:
    """A yes to topics of one brand in the channel of one contact point.

    Args:
        brand: whose.
        topics: those that the person ticked, each of that brand and of that channel.
        source: where the yes was given, such as ``Source.PREFERENCE_PAGE``.
        wording: what the person read.
        asked_at: when the person ticked them; what was ended later stays ended.
        policy_version: the version of the privacy notice that was in force then (G16).
        evidence: both steps as JSON values, kept with the consent: where, from which address, by which browser.
    """

    brand: registry.Brand
    topics: Sequence[registry.Topic]
    source: Source
    wording: Wording
    asked_at: datetime
    policy_version: int
    evidence: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TurnedOn:
    """What came of it: the topics that are on record as wanted, and those that were ended after they were ticked."""

    topics: Sequence[registry.Topic]
    ended_since: Sequence[registry.Topic]


def turn_on(
    session: Session, points: Points, point: Point, opt_in: OptIn, evidence: Evidence, *, at: datetime
) -> TurnedOn:
    """Record the yes and take back what stands against it, within the caller's transaction.

    Args:
        session: writes.
        points: makes contact points.
        point: whose; must be readable.
        opt_in: the yes.
        evidence: the act that makes it count, for the ledger.
        at: now.
    """
    rows = [row for row in _standing(session, points, point) if Reason(row.reason) in LIFTED]
    newer = _newer(session, rows, opt_in.asked_at)
    asks = {topic.id: _ask(session, point.channel, opt_in.brand, topic) for topic in opt_in.topics}
    late = [topic for topic in opt_in.topics if any(covers(Scope.parse(row.scope), asks[topic.id]) for row in newer)]
    wanted = [topic for topic in opt_in.topics if topic not in late]
    refs = {f"{opt_in.brand.slug}/{topic.slug}" for topic in wanted}
    for row in rows:
        _make_room(session, points, point, row, refs, evidence, at)
    known = _make_known(session, point, opt_in, at) if wanted else None
    for topic in wanted:
        if known is not None:
            _subscribe(session, known.id, topic.id, opt_in.source, at)
        _consent(session, point, opt_in, topic, evidence, at)
    return TurnedOn(wanted, late)


def _standing(session: Session, points: Points, point: Point) -> Sequence[Suppression]:
    """What stands for this very point, locked: by its own digests, and by partners' hashes of it."""
    hashed = points.hashed_digests(point, fingerprints.hash_algorithms(fingerprints.known(session)))
    return standing_under(session, point.channel.value, {*point.own, *hashed})


def _newer(session: Session, rows: Sequence[Suppression], asked_at: datetime) -> list[Suppression]:
    """The entries that were asked for, or asked for once more, after the topics were ticked."""
    again = {each.suppression_id for each in repeats(session, rows) if each.since > asked_at}
    return [row for row in rows if row.since > asked_at or row.id in again]


def _ask(session: Session, channel: Channel, brand: registry.Brand, topic: registry.Topic) -> Ask:
    topics = registry.lineage(session, topic.id)
    return Ask(channel, MessageClass.MARKETING, brand=brand.slug, topic=topic.slug, topics=topics)


def _make_room(
    session: Session, points: Points, point: Point, row: Suppression, refs: set[str], evidence: Evidence, at: datetime
) -> None:
    """End an entry that speaks against what is wanted, and leave what else it refuses in force."""
    scope = Scope.parse(row.scope)
    if scope.kind is ScopeKind.TOPIC and scope.ref in refs:
        end(session, row, "lift", evidence, at=at)
        return
    if scope.kind not in _WIDE:
        return
    rest = scope.but(refs)
    if rest == scope or len(str(rest)) > _LONGEST_SCOPE:
        return
    end(session, row, "lift", evidence, at=at)
    facts = {**evidence.facts, "narrowed": row.id}
    opt_out = OptOut(
        reason=Reason(row.reason),
        scope=rest,
        source=Source(row.source),
        since=row.since,
        until=row.until,
        source_ref=row.source_ref,
        batch=row.batch,
        is_verified=row.is_verified,
    )
    suppress(session, points, point, opt_out, replace(evidence, facts=facts), at=at)


def _make_known(session: Session, point: Point, opt_in: OptIn, at: datetime) -> contacts.ContactPoint:
    """Put the contact point on file if it is not, and note that whoever receives there has answered."""
    is_new = not contacts.points_by_digest(session, point.own)
    known = make_known(session, point, at=at, source=opt_in.source, note=opt_in.brand.slug)
    known.verified_at = at
    if is_new:
        known.policy_version = opt_in.policy_version
        session.get_one(contacts.Contact, known.contact_id).language = opt_in.wording.language or None
    return known


def _subscribe(session: Session, point_id: int, topic_id: int, source: Source, at: datetime) -> None:
    if any(each.topic_id == topic_id for each in subscriptions_of(session, [point_id])):
        return
    try:
        with session.begin_nested():
            session.add(Subscription(contact_point_id=point_id, topic_id=topic_id, source=source.value, since=at))
            session.flush()
    except IntegrityError:
        return  # Somebody else was first.


def _consent(
    session: Session, point: Point, opt_in: OptIn, topic: registry.Topic, evidence: Evidence, at: datetime
) -> None:
    """Record the yes with its evidence (S9, G6); it counts from now on."""
    record = ConsentRecord(
        channel=point.channel.value,
        digest=point.digest,
        pepper_id=point.pepper_id or "",
        purpose=MessageClass.MARKETING.value,
        scope=str(Scope.topic(opt_in.brand.slug, topic.slug)),
        basis=Basis.EXPRESS_WRITTEN.value,
        since=at,
        source=opt_in.source.value,
        wording=opt_in.wording.text,
        wording_version=opt_in.wording.version,
        language=opt_in.wording.language,
        evidence={**opt_in.evidence, **({} if point.given is None else {"address": dict(point.given)})},
        policy_version=opt_in.policy_version,
        confirmed_at=at,
    )
    session.add(record)
    session.flush()
    facts = {
        "consent": record.id,
        "channel": record.channel,
        "scope": record.scope,
        "basis": record.basis,
        "source": record.source,
        "wording_version": record.wording_version,
        "language": record.language,
        "asked_at": opt_in.asked_at.isoformat(),
    }
    personal = {**evidence.personal, "wording": record.wording, "asked": dict(opt_in.evidence)}
    ledger.append(
        session,
        "consent",
        at=at,
        actor=evidence.actor,
        subject=point.digest,
        facts=facts | dict(evidence.facts),
        personal=personal,
    )
