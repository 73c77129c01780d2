"""Taking over who stands on a provider's list: opt-outs, complaints and bounces, each for what it is.

Nothing that is missing there lifts anything here (E13), what we told the provider ourselves comes back as nothing new,
and what somebody ended here after the provider had it is not taken once more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy.orm import Session

from prefcenter.core.agreement import STANDS_THERE, Known, Target, says_the_same
from prefcenter.core.channels import Channel, Source
from prefcenter.core.errors import BadAddress
from prefcenter.services import listed_people, optouts
from prefcenter.services.event_facts import of_group
from prefcenter.services.list_ports import Listed
from prefcenter.services.listed_people import Person
from prefcenter.services.points import Point, Points
from prefcenter.services.ports import Evidence
from prefcenter.services.suppressing import OptOut
from prefcenter.store import provider_lists
from prefcenter.store.provider_lists import ProviderEntry
from prefcenter.store.suppressions import Suppression, fact_of

CLOCKS: Final = timedelta(minutes=5)
"""So far the provider's clock and ours may be apart: what came there within this time of our telling is our own."""


@dataclass(slots=True)
class Taken:
    """What came of a part of a provider's list.

    Args:
        read: how many stand there.
        new: how many entries our list has more.
        unreadable: how many are no address.
    """

    read: int = 0
    new: int = 0
    unreadable: int = 0


@dataclass(frozen=True, slots=True)
class _There:
    """Somebody on a provider's list, with what we know of that."""

    person: Person
    since: datetime | None
    row: ProviderEntry | None
    is_new: bool = field(default=False)


def points_on(
    points: Points, channel: Channel, entries: Sequence[Listed]
) -> tuple[dict[bytes, tuple[Point, datetime | None]], int]:
    """Read who stands on a part of a list, each once with the latest time, and count those that are no address."""
    found: dict[bytes, tuple[Point, datetime | None]] = {}
    unreadable = 0
    for entry in entries:
        try:
            point = points.parse(channel, entry.address)
        except BadAddress:
            unreadable += 1
            continue
        _, before = found.get(point.digest, (point, None))
        found[point.digest] = (point, max(filter(None, (before, entry.since)), default=None))
    return found, unreadable


def take_over(
    session: Session,
    points: Points,
    channel: Channel,
    provider: str,
    target: Target,
    entries: Sequence[Listed],
    cause: str,
    *,
    at: datetime,
    seen: bool,
) -> Taken:
    """Put a part of a provider's list on ours, within the caller's transaction.

    Args:
        session: writes.
        points: makes contact points.
        channel: the provider's.
        provider: its name.
        target: what the list means.
        entries: who stands there.
        cause: what this can be undone by.
        at: now.
        seen: whether to note of everybody that they stand there, as where the whole list is read.
    """
    found, unreadable = points_on(points, channel, entries)
    known = provider_lists.known(session, provider, [name for point, _ in found.values() for name in point.own])
    rows = {digest: provider_lists.row_of(known, target.list, point.own) for digest, (point, _) in found.items()}
    settled = {
        digest: row.digest for digest, row in rows.items() if row is not None and _is_settled(found[digest][1], row)
    }
    if seen:
        provider_lists.note_seen(session, provider, target.list, list(settled.values()), at)
    others = found.keys() - settled.keys()
    people = listed_people.of_points(
        session, points, [point for digest, (point, _) in found.items() if digest in others]
    )
    there = [
        _There(person, since, row, _is_new(target, provider, person, since, row))
        for person in people
        for since, row in [(found[person.digest][1], rows[person.digest])]
    ]
    asked = [
        (
            one.person.point,
            OptOut(
                target.reason,
                target.scope,
                Source.PROVIDER,
                since=min(one.since or at, at),
                source_ref=f"{provider}:{target.list}",
                batch=cause,
            ),
        )
        for one in there
        if one.is_new and one.person.point is not None
    ]
    evidence = Evidence("system", {"provider": provider, "list": target.list, "batch": cause})
    recorded = optouts.take_many(session, points, asked, evidence, at=at) if asked else []
    provider_lists.save(session, [_row(provider, target, one, at) for one in there])
    new = len({each.suppression_id for each in recorded if each.is_new})
    return Taken(len(entries), new, unreadable)


def _is_new(target: Target, provider: str, person: Person, since: datetime | None, row: ProviderEntry | None) -> bool:
    """Whether standing there is a fact that our list has not taken yet."""
    if row is not None and not _is_newer(since, row):
        return False
    if is_told_by_events(target, provider, person):
        return False
    if any(_is_from(provider, entry) and _same(target, entry) for entry in person.in_force):
        return False
    return since is None or not ended_since(target, provider, person, since)


def ended_since(
    target: Target, provider: str, person: Person, since: datetime | None, *, was_told: bool = False
) -> list[Suppression]:
    """What said here what the provider's list says, and was ended here after the provider had it.

    A person who takes back a narrower opt-out says nothing of the wider one that stands at the provider; and a record
    that was void says only that this record was wrong, so it must have come from the provider itself, or have been
    told to it by us (X10).

    Args:
        target: what the list means.
        provider: whose it is.
        person: who stands there.
        since: since when, None where the provider does not say.
        was_told: whether we told the provider.
    """
    return [
        entry
        for entry in person.ended
        if entry.reason == target.reason.value
        and entry.ended_at is not None
        and (since is None or entry.ended_at > since)
        and (entry.ended_by == "lift" or (entry.ended_by == "void" and (was_told or _is_from(provider, entry))))
        and _same(target, entry)
    ]


def is_told_by_events(target: Target, provider: str, person: Person) -> bool:
    """Whether an event said already, and more exactly, what it means that somebody left a group without a meaning.

    The event names the message, and so its brand; the list names nothing. An event of another group says nothing of
    this one, and one that names no group is not taken for it: to stop too much is safe.
    """
    is_unmapped = target.list.startswith(provider_lists.GROUP) and not target.asks
    group = of_group(target.list.removeprefix(provider_lists.GROUP))
    return is_unmapped and any(
        entry.reason == target.reason.value and _is_from(provider, entry) and entry.source_ref.endswith(group)
        for entry in person.in_force
    )


def _is_settled(since: datetime | None, row: ProviderEntry) -> bool:
    """Whether we know already that somebody stands there; nothing more is looked up then."""
    return row.state in STANDS_THERE and not _is_newer(since, row)


def _is_newer(since: datetime | None, row: ProviderEntry) -> bool:
    """Whether somebody came onto the provider's list anew since we noted how it stood there."""
    if row.state in STANDS_THERE:
        latest = max(filter(None, (row.there_since, row.changed_at)))
        return since is not None and since > latest + CLOCKS
    if row.state == Known.RELEASED:
        return since is None or since > row.changed_at - CLOCKS
    return True


def _is_from(provider: str, entry: Suppression) -> bool:
    return entry.source == Source.PROVIDER.value and entry.source_ref.startswith(f"{provider}:")


def _same(target: Target, entry: Suppression) -> bool:
    """Whether an entry of ours says what the provider's list says."""
    return entry.reason == target.reason.value and says_the_same(target, [fact_of(entry)], entry.recorded_at)


def _row(provider: str, target: Target, one: _There, at: datetime) -> dict[str, Any]:
    row = one.row
    is_still_released = row is not None and row.state == Known.RELEASED and not one.is_new
    state = Known.TAKEN if one.is_new else Known.THERE
    return {
        "provider": provider,
        "list": target.list,
        "digest": one.person.digest if row is None else row.digest,
        # One that was released is still told of: the provider takes a while to forget it.
        "state": str(Known.RELEASED if is_still_released else state),
        "changed_at": row.changed_at if row is not None and is_still_released else at,
        "there_since": one.since,
        "seen_at": at,
        "problem": "",
    }
