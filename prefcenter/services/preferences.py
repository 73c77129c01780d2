"""What a person gets, choice by choice, and ending some of it: the use cases behind the preference page.

A link in a mail may be forwarded, so it can only reduce (E18): nothing here lifts an opt-out.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.orm import Session

from prefcenter.core.channels import Channel, MessageClass, Reason, Scope, ScopeKind, Source
from prefcenter.core.decision import Decision, Guard, ReasonGiven
from prefcenter.services.deciding import decide_all, question_about_class
from prefcenter.services.optouts import Target, take
from prefcenter.services.points import Point, Points
from prefcenter.services.ports import Evidence, Keyring
from prefcenter.services.suppressing import OWN_ACTS, OptOut, Recorded
from prefcenter.store import contacts, registry

UNASKED = frozenset({Reason.CONSENT_MISSING, Reason.POLICY_VERSION})
"""Reasons that say that nobody asked for it, in contrast to somebody having refused it."""


PASSING = frozenset({Reason.PAUSED, Reason.QUIET_HOURS, Reason.FREQUENCY_CAP, Guard.COMPLAINT_RATE})
"""Reasons that end by themselves or that we ended: they make nothing a choice that was made against it."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Whether one kind of marketing may reach one contact point.

    Args:
        scope: the kind.
        reasons: what speaks against it, strictest first; none where it is on.
    """

    scope: Scope
    reasons: tuple[ReasonGiven, ...]

    @property
    def is_on(self) -> bool:
        """Whether it would be sent."""
        return not self.reasons

    @property
    def is_unasked(self) -> bool:
        """Whether it is off only because nobody asked for it."""
        return bool(self.reasons) and all(reason.code in UNASKED for reason in self.reasons)

    @property
    def off_since(self) -> datetime | None:
        """Since when it has been refused, or None where it is not."""
        known = [reason.since for reason in self.reasons if reason.code not in UNASKED and reason.since is not None]
        return min(known, default=None)


@dataclass(frozen=True, slots=True)
class BrandChoices:
    """All of one brand, and each of its topics in the channel."""

    brand: registry.Brand
    all_of_it: Choice
    topics: tuple[tuple[registry.Topic, Choice], ...]


@dataclass(frozen=True, slots=True)
class PointChoices:
    """The choices of one contact point: everything in its channel, then brand by brand."""

    point: Point
    everything: Choice
    brands: tuple[BrandChoices, ...]

    @property
    def ref(self) -> str:
        """An opaque name for the point in a form, which tells nothing about the address."""
        return reference(self.point)


def reference(point: Point) -> str:
    """Name a contact point within one person's form."""
    return _reference(point.digest)


def _reference(digest: bytes) -> str:
    return digest.hex()[:12]


def points_of_person(session: Session, points: Points, own: Point) -> list[Point]:
    """The contact point of a link, and the others of the same contact, by channel.

    Where several people share the point, nobody can tell which of them opened the link, so it stays alone: what else
    the one has must not be shown to the other (E18).
    """
    names = set(own.own)
    owners = {row.contact_id for row in contacts.points_by_digest(session, names)}
    if len(owners) != 1:
        return [own]
    found = {own.digest: own}
    for row in contacts.points_of(session, owners):
        if row.digest not in names:
            found.setdefault(row.digest, points.on_file(Channel(row.channel), row.digest, row.value))
    order = list(Channel)
    return sorted(found.values(), key=lambda point: order.index(point.channel))


def choices(session: Session, keyring: Keyring, mine: Sequence[Point], *, at: datetime) -> tuple[PointChoices, ...]:
    """Say what each contact point gets, kind by kind, as the gate would decide it now.

    Raises:
        MissingKey: a key in use is missing.
    """

    def ask(brand: str | None = None, topic: str | None = None) -> list[Decision]:
        question = question_about_class(session, MessageClass.MARKETING, brand=brand, topic=topic)
        return decide_all(session, keyring, replace(question, leaves_now=False), mine, at=at)

    of_brands: list[list[BrandChoices]] = [[] for _ in mine]
    for brand in registry.brands(session):
        topics = [topic for topic, _ in registry.topics(session, brand.id)]
        answers = [(topic, ask(brand.slug, topic.slug)) for topic in topics]
        for index, whole in enumerate(ask(brand.slug)):
            own = tuple(
                (topic, Choice(Scope.topic(brand.slug, topic.slug), _lasting(answer[index])))
                for topic, answer in answers
                if mine[index].channel in topic.channels
            )
            of_brands[index].append(BrandChoices(brand, Choice(Scope.brand(brand.slug), _lasting(whole)), own))
    return tuple(
        PointChoices(point, _of_everything(decision, brands), tuple(brands))
        for point, decision, brands in zip(mine, ask(), of_brands, strict=True)
    )


def _of_everything(decision: Decision, brands: Sequence[BrandChoices]) -> Choice:
    """All marketing of a channel is off only by what concerns all of it, not by what concerns one brand.

    A question about all brands is refused where a single one is; and a yes to one brand is no yes to all.
    """
    refused = tuple(
        reason for reason in _lasting(decision) if reason.code not in UNASKED and reason.scope.brand_slug is None
    )
    nobody_asked = all(choice.is_unasked for choice in _all_choices(brands)) if brands else bool(_lasting(decision))
    return Choice(Scope.everything(), refused or (_lasting(decision) if nobody_asked else ()))


def _lasting(decision: Decision) -> tuple[ReasonGiven, ...]:
    """What speaks against it until somebody changes it: a pause turns nothing off, and its end turns nothing on."""
    return tuple(reason for reason in decision.reasons if reason.code not in PASSING)


def _all_choices(brands: Iterable[BrandChoices]) -> Iterable[Choice]:
    for brand in brands:
        yield brand.all_of_it
        yield from (choice for _, choice in brand.topics)


def own_refusals(session: Session, keyring: Keyring, target: Target, *, at: datetime) -> tuple[ReasonGiven, ...]:
    """What the person did already that ends all of what a link would end; nothing where a click would still count.

    What others recorded, such as a bounce or an import, may be voided one day, and then the person's click must stand.

    Raises:
        MissingKey: a key in use is missing.
    """
    brand = target.scope.brand_slug
    topic = target.topic.slug if target.topic is not None else None
    question = question_about_class(session, MessageClass.MARKETING, brand=brand, topic=topic)
    decision = decide_all(session, keyring, replace(question, leaves_now=False), [target.point], at=at)[0]
    narrower = () if brand else (ScopeKind.BRAND, ScopeKind.TOPIC)
    return tuple(
        reason
        for reason in _lasting(decision)
        if reason.source in OWN_ACTS
        and reason.scope.kind not in narrower
        and (topic is not None or not reason.scope.spared)
    )


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of marketing that a form may name: everything, a brand's, or a topic's."""

    scope: Scope
    brand: registry.Brand | None = None
    topic: registry.Topic | None = None


@dataclass(frozen=True, slots=True)
class Ended:
    """One kind of marketing to one contact point that a person ended."""

    point: Point
    kind: Kind
    recorded: Recorded


def end_unticked(
    session: Session,
    points: Points,
    own: Point,
    unticked: Sequence[tuple[str, str]],
    source: Source,
    evidence: Evidence,
    *,
    at: datetime,
) -> list[Ended]:
    """End some kinds of marketing, within the caller's transaction.

    A kind that a wider one of the same point covers is left out: it would say nothing of its own. So is what the
    person's page cannot have offered: another person's contact point, or a brand or topic that never was.

    Args:
        session: writes.
        points: makes contact points.
        own: the contact point of the link; with those of the same person it bounds what can be ended.
        unticked: what to end, each a point's :func:`reference` and a scope as text.
        source: the page.
        evidence: the act.
        at: when.

    Returns:
        What ended; ``recorded.is_new`` is False for what had ended before.
    """
    # A form that was opened before the pepper was renewed names its points by their older digests.
    mine = {_reference(digest): point for point in points_of_person(session, points, own) for digest in point.own}
    kinds = {text: _kind(session, text) for _, text in unticked}
    wanted = [(mine[ref], kind) for ref, text in unticked if ref in mine and (kind := kinds[text]) is not None]
    ended = []
    for point, kind in _widest(wanted):
        opt_out = OptOut(Reason.OPT_OUT, kind.scope, source)
        ended.append(Ended(point, kind, take(session, points, point, opt_out, evidence, at=at)))
    return ended


def _kind(session: Session, text: str) -> Kind | None:
    """Read a scope that a page offered; also one that was archived since, but never one that does not exist."""
    kind, _, ref = text.partition(":")
    if text == str(ScopeKind.ALL):
        return Kind(Scope.everything())
    slug, _, topic_slug = ref.partition("/")
    brand = registry.brand_by_slug(session, slug)
    if brand is None or kind not in (ScopeKind.BRAND, ScopeKind.TOPIC):
        return None
    if kind == ScopeKind.BRAND:
        return Kind(Scope.brand(brand.slug), brand)
    topic = registry.topic_by_slug(session, brand.id, topic_slug)
    return None if topic is None else Kind(Scope.topic(brand.slug, topic.slug), brand, topic)


def _widest(wanted: Sequence[tuple[Point, Kind]]) -> list[tuple[Point, Kind]]:
    asked = {(point.digest, kind.scope) for point, kind in wanted}
    return [
        (point, kind) for point, kind in wanted if not any((point.digest, wider) in asked for wider in _wider(kind))
    ]


def _wider(kind: Kind) -> list[Scope]:
    if kind.brand is None:
        return []
    return [Scope.everything(), *([Scope.brand(kind.brand.slug)] if kind.topic is not None else [])]
