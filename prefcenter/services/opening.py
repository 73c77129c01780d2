"""Turning things on again by a code: exactly what the person ticked opens, everything else stays as it was (E18, G5).

The code shows that somebody receives at one contact point, so nothing changes for any other one. An objection binds all
of the person's contact points; where the one that it was made at wants something again, it becomes what it is for each
of them: an opt-out of everything, and of sharing for the person. Then that one can be narrowed without the others.

What was ended *after* the page was shown is the newer word, and stays.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy.orm import Session

from prefcenter.core.channels import Channel, Reason, Scope, ScopeKind, Source
from prefcenter.core.frequency import Limit
from prefcenter.services import confirming, frequency, opting_in, optouts, pausing
from prefcenter.services.confirming import Ticked
from prefcenter.services.fanning_out import siblings
from prefcenter.services.frequency import Limited
from prefcenter.services.links import LinkMaker
from prefcenter.services.opting_in import OptIn, Wording
from prefcenter.services.points import Point, Points
from prefcenter.services.ports import Evidence, Keyring
from prefcenter.services.preferences import BrandChoices, choices
from prefcenter.services.repeating import repeats
from prefcenter.services.suppressing import OptOut, end, suppress, suppress_many
from prefcenter.store import registry
from prefcenter.store.suppressions import Suppression, standing_under

TAKEN_BACK = frozenset({Reason.OPT_OUT, Reason.OBJECTION, Reason.COMPLAINT})
"""What a person may take back by a code. A STOP to a number ends by START to that number alone (S6)."""

_BY_START_ONLY = frozenset({ScopeKind.SENDER, ScopeKind.EVERY_SENDER})
_SOURCE = Source.PREFERENCE_PAGE


@dataclass(frozen=True, slots=True)
class Stopped:
    """Something that was stopped for this very contact point and can be taken back."""

    entry: int
    reason: Reason
    scope: Scope
    since: datetime
    brand: registry.Brand | None
    topic: registry.Topic | None


@dataclass(frozen=True, slots=True)
class Offer:
    """What can be turned on again at one contact point.

    Args:
        brands: each brand with those of its topics that are off.
        stopped: what was stopped, without what ticking one of those topics takes back anyway.
        blocked: the senders whose texts were stopped by STOP; empty text for every sender.
        paused_until: until when a pause lasts, or None.
        limit: how often at most marketing comes, or None.
    """

    brands: Sequence[BrandChoices]
    stopped: Sequence[Stopped]
    blocked: Sequence[str]
    paused_until: datetime | None
    limit: Limit | None


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the person ticked, none of which was ticked before (U1).

    Args:
        topics: as ``brand/topic``.
        entries: what to take back, by its number.
        end_pause: True to end a pause.
        limit: how often at most from now on.
        change_limit: True where ``limit`` counts, None for no limit included.
        wordings: by brand, the words that stood there (S9, G6).
        seen_at: when the page was shown: what was ended later stays.
    """

    topics: Sequence[str]
    entries: Sequence[int]
    end_pause: bool
    limit: Limit | None
    change_limit: bool
    wordings: Mapping[str, Wording]
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class Opened:
    """What came of it.

    Args:
        on: topics that come from now on.
        held_back: topics whose yes is on record, and that something else still speaks against.
        ended_since: topics that were ended after the page was shown, and stay so.
        to_confirm: topics that wait for an answer to a mail.
        taken_back: what was stopped and is not any more.
        pause_ended: whether a pause ended.
        limited: how often it comes changed.
    """

    on: Sequence[tuple[registry.Brand, registry.Topic]] = ()
    held_back: Sequence[tuple[registry.Brand, registry.Topic]] = ()
    ended_since: Sequence[tuple[registry.Brand, registry.Topic]] = ()
    to_confirm: Sequence[tuple[registry.Brand, registry.Topic]] = ()
    taken_back: Sequence[Stopped] = ()
    pause_ended: bool = False
    limited: Limited | None = None

    @property
    def is_change(self) -> bool:
        """Whether anything is other than before."""
        parts = (self.on, self.held_back, self.to_confirm, self.taken_back, self.pause_ended, self.limited)
        return any(bool(part) for part in parts)


def offer(session: Session, keyring: Keyring, point: Point, *, at: datetime) -> Offer:
    """Say what can be turned on again; only reads.

    Raises:
        MissingKey: a key in use is missing.
    """
    told = choices(session, keyring, [point], at=at)[0]
    off = [
        replace(each, topics=tuple((topic, choice) for topic, choice in each.topics if not choice.is_on))
        for each in told.brands
    ]
    rows = optouts.standing(session, point)
    ticked = {Scope.topic(each.brand.slug, topic.slug) for each in off for topic, _choice in each.topics}
    stopped = [_stopped(session, row) for row in rows if _can_be_taken_back(row)]
    senders = [Scope.parse(row.scope) for row in rows if Scope.parse(row.scope).kind in _BY_START_ONLY]
    return Offer(
        brands=[each for each in off if each.topics],
        stopped=[each for each in stopped if each.scope not in ticked],
        blocked=[scope.ref for scope in senders],
        paused_until=pausing.paused_until(session, point, at=at),
        limit=frequency.limit_of(session, point) if point.channel in frequency.CHANNELS else None,
    )


def _can_be_taken_back(row: Suppression) -> bool:
    return Reason(row.reason) in TAKEN_BACK and Scope.parse(row.scope).kind not in _BY_START_ONLY


def _stopped(session: Session, row: Suppression) -> Stopped:
    scope = Scope.parse(row.scope)
    brand = registry.brand_by_slug(session, scope.brand_slug) if scope.brand_slug else None
    topic = None
    if brand is not None and scope.kind is ScopeKind.TOPIC:
        topic = registry.topic_by_slug(session, brand.id, scope.ref.partition("/")[2])
    return Stopped(row.id, Reason(row.reason), scope, row.since, brand, topic)


@dataclass(slots=True)
class _Act:
    """One press of the button, with what it works with."""

    session: Session
    points: Points
    links: LinkMaker
    point: Point
    wishes: Wishes
    evidence: Evidence
    at: datetime
    on: list[tuple[registry.Brand, registry.Topic]] = field(default_factory=list)
    ended_since: list[tuple[registry.Brand, registry.Topic]] = field(default_factory=list)
    to_confirm: list[tuple[registry.Brand, registry.Topic]] = field(default_factory=list)


def open_again(
    session: Session,
    keyring: Keyring,
    points: Points,
    links: LinkMaker,
    point: Point,
    wishes: Wishes,
    evidence: Evidence,
    *,
    at: datetime,
) -> Opened:
    """Do all that the person ticked, or nothing of it; commits.

    Whoever calls it has made sure, by a fresh code, that it is the act of whoever receives at the contact point (E18).

    Args:
        session: writes.
        keyring: the keys.
        points: makes contact points.
        links: makes the link of a mail that asks to confirm, where a brand wants that.
        point: the contact point; readable.
        wishes: what was ticked.
        evidence: the act.
        at: now.

    Raises:
        MissingKey: a key in use is missing.
        NotReady: a brand wants a confirmation and has no sender for the mail.
    """
    act = _Act(session, points, links, point, wishes, evidence, at)
    chosen = _chosen(act)
    taken_back = _take_back(act, needs_room=bool(chosen))
    for brand, topics in chosen:
        _turn_on(act, brand, topics)
    has_ended_pause = wishes.end_pause and _end_pause(act)
    limited = None
    if wishes.change_limit and point.channel in frequency.CHANNELS:
        limited = frequency.take_frequency(session, point, wishes.limit, evidence, at=at, source=_SOURCE)
    session.flush()
    on = _on_now(session, keyring, point, at) if act.on else set()
    made = Opened(
        on=[pair for pair in act.on if pair[1].id in on],
        held_back=[pair for pair in act.on if pair[1].id not in on],
        ended_since=act.ended_since,
        to_confirm=act.to_confirm,
        taken_back=taken_back,
        pause_ended=has_ended_pause,
        limited=limited,
    )
    session.commit()
    return made


def _chosen(act: _Act) -> list[tuple[registry.Brand, list[registry.Topic]]]:
    """The ticked topics that are there and come by the channel, by brand; and only where the words are known."""
    found = []
    for brand in registry.brands(act.session):
        refs = {ref.partition("/")[2] for ref in act.wishes.topics if ref.partition("/")[0] == brand.slug}
        there = [topic for topic, _ in registry.topics(act.session, brand.id)]
        topics = [topic for topic in there if topic.slug in refs and act.point.channel.value in topic.channels]
        if topics and brand.slug in act.wishes.wordings:
            found.append((brand, topics))
    return found


def _take_back(act: _Act, *, needs_room: bool) -> list[Stopped]:
    """End what was ticked to be taken back; an objection makes room for topics too, without opening anything else."""
    rows = standing_under(act.session, act.point.channel.value, act.point.own)
    asked_again = {each.suppression_id for each in repeats(act.session, rows) if each.since > act.wishes.seen_at}
    done = []
    for row in rows:
        is_wanted = row.id in act.wishes.entries and _can_be_taken_back(row)
        is_newer = row.since > act.wishes.seen_at or row.id in asked_again
        is_objection = row.reason == Reason.OBJECTION.value
        if is_newer or not (is_wanted or (is_objection and needs_room)):
            continue
        told = _stopped(act.session, row)
        rest = _unbind(act, row) if is_objection else [row]
        for each in rest if is_wanted else ():
            end(act.session, each, "lift", act.evidence, at=act.at)
        done += [told] if is_wanted else []
    return done


def _is_all(row: Suppression) -> bool:
    return row.reason == Reason.OPT_OUT.value and row.scope == str(Scope.everything())


def _unbind(act: _Act, row: Suppression) -> list[Suppression]:
    """Put an opt-out of each of the person's contact points in the place of an objection, as strict as it was.

    Returns:
        What took its place at this contact point; nothing where an opt-out of everything stood there before.
    """
    before = {each.id for each in optouts.standing(act.session, act.point)}
    facts = {**act.evidence.facts, "unbound": row.id}
    told = replace(act.evidence, facts=facts)
    end(act.session, row, "lift", told, at=act.at)
    source = Source(row.source)
    everything = OptOut(Reason.OPT_OUT, Scope.everything(), source, since=row.since, source_ref=row.source_ref)
    everybody = [act.point, *siblings(act.session, act.points, act.point)]
    suppress_many(act.session, act.points, [(each, everything) for each in everybody], told, at=act.at)
    no_sharing = OptOut(Reason.NO_SHARING, Scope.everything(), source, since=row.since, source_ref=row.source_ref)
    suppress(act.session, act.points, act.point, no_sharing, told, at=act.at)
    return [each for each in optouts.standing(act.session, act.point) if _is_all(each) and each.id not in before]


def _turn_on(act: _Act, brand: registry.Brand, topics: Sequence[registry.Topic]) -> None:
    wording = act.wishes.wordings[brand.slug]
    shown: dict[str, object] = {**act.evidence.facts, **act.evidence.personal, "at": act.at.isoformat()}
    if brand.double_opt_in and act.point.channel is Channel.EMAIL:
        ticked = Ticked(brand, topics, _SOURCE, wording, {"verified": "code"})
        confirming.request_confirmation(act.session, act.links, act.point, ticked, act.evidence, at=act.at)
        act.to_confirm += [(brand, topic) for topic in topics]
        return
    opt_in = OptIn(
        brand=brand,
        topics=topics,
        source=_SOURCE,
        wording=wording,
        asked_at=act.wishes.seen_at,
        policy_version=brand.policy_version,
        evidence={"asked": shown, "verified": "code"},
    )
    made = opting_in.turn_on(act.session, act.points, act.point, opt_in, act.evidence, at=act.at)
    act.on += [(brand, topic) for topic in made.topics]
    act.ended_since += [(brand, topic) for topic in made.ended_since]


def _end_pause(act: _Act) -> bool:
    rows = standing_under(act.session, act.point.channel.value, act.point.own)
    paused = [row for row in rows if row.reason == Reason.PAUSED.value and row.since <= act.wishes.seen_at]
    for row in paused:
        end(act.session, row, "lift", act.evidence, at=act.at)
    return bool(paused)


def _on_now(session: Session, keyring: Keyring, point: Point, at: datetime) -> set[int]:
    told = choices(session, keyring, [point], at=at)[0]
    return {topic.id for brand in told.brands for topic, choice in brand.topics if choice.is_on}
