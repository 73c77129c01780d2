"""Asking the decision about contact points: gathers what is on file, and lets the core decide.

Every door asks here: the API, the command line, the gate at dispatch. A file's rows are decided by the same core from
the same facts, see :mod:`prefcenter.scrub`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row
from sqlalchemy.orm import Session

from prefcenter.core.channels import Channel, MessageClass
from prefcenter.core.consent import Consent, Party, bases_needed, country_of
from prefcenter.core.decision import Ask, Decision, Fact, decide
from prefcenter.services import passing
from prefcenter.services.errors import Ambiguous, NotApproved, UnknownType
from prefcenter.services.keyring import require_all
from prefcenter.services.nearby import met_nearby
from prefcenter.services.points import Point, hashed_digests
from prefcenter.services.ports import Keyring
from prefcenter.store import complaints, consents, contacts, registry, suppressions
from prefcenter.store.fingerprints import hash_algorithms


@dataclass(frozen=True, slots=True)
class Question:
    """What would be sent, before it is known to whom.

    Args:
        message_class: its class.
        channel: its channel, or None where any contact point may be asked about.
        message_type: the registered type, or None for a class in general.
        brand: the brand's slug, None for all brands.
        topic: the topic's slug, None for marketing in general.
        topics: the topic and its ancestors as ``brand/topic`` (E13).
        sender: whom it would come from, None for any sender.
        is_urgent: whether it must not wait for the morning.
        use_since_policy: the version of the privacy policy that first named this use (G16).
        brand_country: the brand's default country (G7).
        stopped_since: since when the brand's marketing mail is stopped because of complaints (E17), or None.
        leaves_now: True where it would be sent at once, so that quiet hours and caps count (S8).
    """

    message_class: MessageClass
    channel: Channel | None = None
    message_type: str | None = None
    brand: str | None = None
    topic: str | None = None
    topics: frozenset[str] = frozenset()
    sender: str | None = None
    is_urgent: bool = False
    use_since_policy: int | None = None
    brand_country: str = "US"
    stopped_since: datetime | None = None
    leaves_now: bool = True


def question_about_type(session: Session, slug: str) -> Question:
    """Ask about a registered message type.

    Raises:
        UnknownType: nobody registered it; it must not be sent (X1).
        NotApproved: it was proposed, and nobody approved it yet (E14).
    """
    kind = registry.asked_about(session, slug)
    if kind is None:
        raise UnknownType(
            f"There is no message type “{slug}”.", remedy="`prefcenter type list` shows those that are registered."
        )
    if kind.approved_by is None:
        raise NotApproved(
            f"The message type “{slug}” is only proposed, so nothing of it may be sent yet (E14).",
            remedy=f"Another operator than the one who proposed it runs `prefcenter type approve {slug} --as …`.",
        )
    return Question(
        message_class=MessageClass(kind.message_class),
        channel=Channel(kind.channel),
        message_type=kind.slug,
        brand=kind.brand,
        topic=kind.topic,
        topics=_topics(session, kind),
        sender=kind.sender or None,
        is_urgent=kind.is_urgent,
        use_since_policy=kind.use_since_policy,
        brand_country=kind.country,
        stopped_since=kind.stopped_since,
    )


def _topics(session: Session, kind: Row[Any]) -> frozenset[str]:
    """The type's topic and what it came from; most came from nowhere, and then nothing is looked up."""
    if kind.topic_id is None:
        return frozenset()
    return registry.lineage(session, kind.topic_id) if kind.has_ancestors else frozenset({f"{kind.brand}/{kind.topic}"})


def question_about_class(
    session: Session, message_class: MessageClass, *, brand: str | None = None, topic: str | None = None
) -> Question:
    """Ask about a class in general, of one brand or of all, of one topic or of none.

    Raises:
        UnknownType: the brand or the topic is unknown.
        Ambiguous: a topic was named without its brand, and several brands have one of that name.
    """
    if brand is None and topic is not None:
        brand = _brand_of_topic(session, topic)
    if brand is None:
        return Question(message_class=message_class, brand_country="US")
    row = registry.brand_by_slug(session, brand)
    if row is None:
        raise UnknownType(f"There is no brand “{brand}”.", remedy="`prefcenter brand list` shows the brands.")
    stop = complaints.standing_stop(session, brand) if message_class is MessageClass.MARKETING else None
    question = Question(
        message_class=message_class,
        brand=brand,
        brand_country=row.country,
        stopped_since=None if stop is None else stop.since,
    )
    if topic is None:
        return question
    found = registry.topic_by_slug(session, row.id, topic)
    if found is None:
        raise UnknownType(
            f"The brand “{brand}” has no topic “{topic}”.", remedy="`prefcenter topic list` shows the topics."
        )
    return replace(question, topic=topic, topics=registry.lineage(session, found.id))


def _brand_of_topic(session: Session, topic: str) -> str:
    owners = [brand.slug for found, brand in registry.topics(session) if found.slug == topic]
    if not owners:
        raise UnknownType(f"There is no topic “{topic}”.", remedy="`prefcenter topic list` shows the topics.")
    if len(owners) > 1:
        raise Ambiguous(
            f"Several brands have a topic “{topic}”: {', '.join(owners)}.", remedy="Name the brand as well."
        )
    return owners[0]


def decide_all(
    session: Session,
    keyring: Keyring,
    question: Question,
    points: Sequence[Point],
    *,
    at: datetime,
    known_at: datetime | None = None,
    **asked: Any,
) -> list[Decision]:
    """Decide for each contact point, in their order, with one look-up for all.

    Args:
        session: reads only.
        keyring: the keys, checked before anything is decided (X12).
        question: what would be sent.
        points: to whom.
        at: the moment of the decision.
        known_at: decide by what was on file at that moment, ended since or not; None means by what is on file now.
        asked: further fields of :class:`prefcenter.core.decision.Ask`, such as ``is_confirmation``.

    Raises:
        MissingKey: a key in use is missing, so nobody can be cleared.
    """
    algorithms = hash_algorithms(require_all(session, keyring))
    hashed = [hashed_digests(keyring.peppers, point, algorithms) for point in points]
    digests = {digest for point in points for digest in (point.digest, *point.lookup)}
    facts = _facts(session, digests.union(*hashed), known_at)
    nearby = _facts_nearby(session, points, known_at)
    known = _known(session, digests)
    names = [tuple(dict.fromkeys((point.digest, *point.lookup))) for point in points]
    now = _lately(session, question, names, at, known_at)
    asks = [
        _ask(question, point, [row for digest in own for row in known[digest]], asked)
        for point, own in zip(points, names, strict=True)
    ]
    given = _consents(
        session, {digest for ask, own in zip(asks, names, strict=True) if _needs_consent(ask) for digest in own}
    )
    decisions = []
    for point, own, by_hash, near, ask in zip(points, names, hashed, nearby, asks, strict=True):
        on_file = {fact.suppression_id: fact for digest in (*own, *by_hash) for fact in facts[digest]}
        on_file |= {fact.suppression_id: fact for fact in near}
        passes = passing.facts(now, point, own, ask.country, at=at) if question.leaves_now else []
        yeses = [consent for digest in own for consent in given[digest]]
        decisions.append(decide(ask, [*on_file.values(), *passes], yeses, at))
    return decisions


def _ask(
    question: Question, point: Point, known: Sequence[tuple[str | None, bool, int]], asked: Mapping[str, Any]
) -> Ask:
    countries = [country for country, _, _ in known if country]
    point_country = countries[0] if countries else (point.country if point.channel is Channel.POST else None)
    phone_country = point.country if point.channel is Channel.SMS else None
    is_firm = bool(known) and all(is_corporate for _, is_corporate, _ in known)
    return Ask(
        channel=point.channel,
        message_class=question.message_class,
        brand=question.brand,
        topic=question.topic,
        topics=question.topics,
        sender=question.sender,
        urgent=question.is_urgent,
        country=country_of(point_country, phone_country, question.brand_country),
        party=Party.CORPORATE if is_firm else Party.INDIVIDUAL,
        use_since_policy=question.use_since_policy,
        stopped_since=question.stopped_since,
        collected_under=min((version for _, _, version in known), default=None),
        **asked,
    )


def _facts(session: Session, digests: Collection[bytes], known_at: datetime | None) -> dict[bytes, list[Fact]]:
    facts: dict[bytes, list[Fact]] = defaultdict(list)
    if known_at is None:
        for digest, fact in suppressions.facts_by_digests(session, digests):
            facts[digest].append(fact)
        return facts
    for row, key in suppressions.by_digests(session, digests, with_ended=True):
        if was_in_force(row, known_at):
            facts[key.digest].append(suppressions.fact_of(row))
    return facts


def _facts_nearby(session: Session, points: Sequence[Point], known_at: datetime | None) -> list[list[Fact]]:
    """What the rules for pairs find beside the keys, as the scrub would hold a row back for it."""

    def stands(row: suppressions.Suppression) -> bool:
        return row.ended_at is None if known_at is None else was_in_force(row, known_at)

    return [
        [suppressions.fact_of(met.suppression) for met in found if met.refuses and stands(met.suppression)]
        for found in met_nearby(session, points)
    ]


def was_in_force(row: suppressions.Suppression, known_at: datetime) -> bool:
    """Whether a suppression was on file at that moment, and neither lifted nor voided by then."""
    return row.recorded_at <= known_at and (row.ended_at is None or known_at < row.ended_at)


def _needs_consent(ask: Ask) -> bool:
    """Whether a consent can make a difference; where it cannot, as for most email in the US, it is not looked up."""
    if ask.message_class is not MessageClass.MARKETING:
        return ask.message_class is MessageClass.SHARING
    return ask.use_since_policy is not None or bool(bases_needed(ask.channel, ask.country, ask.party))


def _consents(session: Session, digests: Collection[bytes]) -> dict[bytes, list[Consent]]:
    given: dict[bytes, list[Consent]] = defaultdict(list)
    for batch in suppressions.in_batches(digests):
        for digest, consent in consents.given_at(session, batch):
            given[digest].append(consent)
    return given


def _known(session: Session, digests: Collection[bytes]) -> dict[bytes, list[tuple[str | None, bool, int]]]:
    known: dict[bytes, list[tuple[str | None, bool, int]]] = defaultdict(list)
    for batch in suppressions.in_batches(digests):
        for digest, country, is_corporate, policy in contacts.facts_by_digests(session, batch):
            known[digest].append((country, is_corporate, policy))
    return known


def _lately(
    session: Session, question: Question, names: Collection[Collection[bytes]], at: datetime, known_at: datetime | None
) -> passing.Lately:
    """What marketing may have to wait for; of other classes only the hour counts, which needs no look-up."""
    if question.message_class is not MessageClass.MARKETING or not question.leaves_now:
        return passing.Lately()
    return passing.lately(session, question.channel, names, at=at, known_at=known_at)
