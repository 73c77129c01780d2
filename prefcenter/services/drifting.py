"""Where a provider's lists and ours differ, in which direction, and why; nothing is put on or off either of them.

What the provider does not have any more is noted as missing, so that the next run tells it again (E13). Both sides are
gone through in parts, so that a list of millions needs no more memory than one of hundreds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from prefcenter.core.agreement import STANDS_THERE, Known, Target, says_the_same, wanted_by
from prefcenter.services import listed_people
from prefcenter.services.agreeing import AT_ONCE, Step, Syncing, note_missing, notes_of, problems_of
from prefcenter.services.keyring import require_all
from prefcenter.services.list_ports import Listed, ProviderLists
from prefcenter.services.list_targets import Targets, targets_of
from prefcenter.services.listed_people import Person
from prefcenter.services.taking_over import ended_since, is_told_by_events, points_on
from prefcenter.store import listed_people as digests_in
from prefcenter.store import provider_lists
from prefcenter.store.provider_lists import ProviderEntry


class Side(StrEnum):
    """Who has what the other one lacks."""

    OURS = "ours_not_there"
    THEIRS = "there_not_ours"


class Why(StrEnum):
    """Why the two sides differ."""

    NEVER_TOLD = "never_told"
    DELETED_THERE = "deleted_there"
    REFUSED_THERE = "refused_there"
    TOLD_SOON = "told_soon"
    ERASED = "erased"
    HASH_ONLY = "hash_only"
    NOT_TAKEN = "not_taken_yet"
    LIFTED = "lifted_here"
    ENDED = "ended_here"
    TOLD_EARLIER = "told_earlier"
    """We put it there when the list stood for something else."""
    NO_ADDRESS = "no_address"


HARMLESS: Final = frozenset({Why.ERASED, Why.HASH_ONLY, Why.TOLD_SOON, Why.NO_ADDRESS})
"""Differences that no run will ever take away, or the next one surely does: they are told, and are no drift alone.

Of an erased contact point nobody can tell a provider; our own gate goes on refusing it (G3).
"""


@dataclass(frozen=True, slots=True)
class Difference:
    """One contact point on one list.

    Args:
        side: who has it.
        why: the reason.
        list: which list.
        who: the contact point, masked (X8); None where nothing is readable of it.
        suppression: our entry, where there is or was one.
        detail: what more there is to say, such as the provider's words.
    """

    side: Side
    why: Why
    list: str
    who: str | None
    suppression: int | None
    detail: str = ""


@dataclass(slots=True)
class Drift:
    """What differs.

    Args:
        provider: with whom.
        counts: how many of each direction, list and reason.
        shown: the first of each of them.
        compared: how many contact points were gone through on either side.
        problems, notes: as :class:`prefcenter.services.agreeing.Synced` has them.
    """

    provider: str
    counts: Counter[tuple[Side, str, Why]] = field(default_factory=Counter)
    shown: list[Difference] = field(default_factory=list)
    compared: int = 0
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def is_drift(self) -> bool:
        """Whether anything differs that should not."""
        return bool(self.problems) or any(why not in HARMLESS for _, _, why in self.counts)


def drift(use: Syncing, provider: ProviderLists, *, most: int = 20) -> Drift:
    """Compare all of a provider's lists with ours.

    Args:
        use: what it works with.
        provider: with whom.
        most: how many differences of one kind are shown; all are counted.

    Raises:
        Unavailable: the provider cannot be asked now.
        MissingKey: a key in use is missing.
    """
    with use.database.read() as session:
        require_all(session, use.keyring)
        targets = targets_of(session, provider)
    found = Drift(provider.name, problems=problems_of(targets), notes=notes_of(provider, targets))
    if provider.can_be_read:
        for target in targets.all:
            _compare_theirs(use, provider, target, found, most)
    _compare_ours(use, provider, targets, found, most)
    found.shown.sort(key=lambda each: (each.side, each.list, each.why))
    return found


def _compare_theirs(use: Syncing, provider: ProviderLists, target: Target, found: Drift, most: int) -> None:
    started, offset = use.clock(), 0
    while True:
        use.progress(Step(provider.name, "reading", target.label or target.list, offset))
        page = provider.page(target.list, None, use.clock(), offset)
        for start in range(0, len(page.entries), AT_ONCE):
            _compare_part(use, provider, target, page.entries[start : start + AT_ONCE], found, most)
        if page.next is None:
            break
        offset = page.next
    with use.database.write() as session:
        note_missing(session, provider.name, target, started, use.clock())
        session.commit()


def _compare_part(
    use: Syncing, provider: ProviderLists, target: Target, entries: Sequence[Listed], found: Drift, most: int
) -> None:
    at, name = use.clock(), provider.name
    with use.database.read() as session:
        there, unreadable = points_on(use.points, provider.channel, entries)
        people = listed_people.of_points(session, use.points, [point for point, _ in there.values()])
        known = provider_lists.known(session, name, [each for person in people for each in person.names])
    rows = []
    for person in people:
        since = there[person.digest][1]
        row, facts = provider_lists.row_of(known, target.list, person.names), person.facts
        ours = says_the_same(target, facts, at) or wanted_by(target, facts, at) is not None
        ours = ours or is_told_by_events(target, name, person)
        if not ours:
            _note(found, _theirs(target, name, person, since, row), most)
        if row is not None or ours:
            rows.append(_seen(name, target, person, since, row, at))
    for _ in range(unreadable):
        _note(found, Difference(Side.THEIRS, Why.NO_ADDRESS, target.list, None, None), most)
    found.compared += len(entries)
    with use.database.write() as session:
        provider_lists.save(session, rows)
        session.commit()


def _theirs(
    target: Target, provider: str, person: Person, since: datetime | None, row: ProviderEntry | None
) -> Difference:
    """Why somebody stands there and not here."""
    was_told = row is not None and row.state == Known.TOLD
    later = ended_since(target, provider, person, since, was_told=was_told)
    ended = max(later, key=lambda entry: entry.id, default=None)
    if ended is None:
        why = Why.TOLD_EARLIER if was_told else Why.NOT_TAKEN
    else:
        why = Why.LIFTED if ended.ended_by == "lift" else Why.ENDED
    who = None if person.point is None else person.point.masked
    return Difference(Side.THEIRS, why, target.list, who, None if ended is None else ended.id)


def _seen(
    provider: str, target: Target, person: Person, since: datetime | None, row: ProviderEntry | None, at: datetime
) -> dict[str, Any]:
    """What we know of somebody who stands there; what was released and is still there stays released."""
    stays = row is not None and (row.state in STANDS_THERE or row.state == Known.RELEASED)
    return {
        "provider": provider,
        "list": target.list,
        "digest": person.digest if row is None else row.digest,
        "state": row.state if row is not None and stays else Known.THERE.value,
        "changed_at": row.changed_at if row is not None and stays else at,
        "there_since": since or (row.there_since if row is not None else None),
        "seen_at": at,
        "problem": "",
    }


def _compare_ours(use: Syncing, provider: ProviderLists, targets: Targets, found: Drift, most: int) -> None:
    for digests in _pages(use, provider):
        with use.database.read() as session:
            people = listed_people.of_digests(session, use.points, provider.channel, digests)
            names = [each for person in people for each in person.names]
            known = provider_lists.known(session, provider.name, names)
        at = use.clock()
        for person in people:
            facts = person.facts
            for target in targets.all:
                fact = wanted_by(target, facts, at)
                row = provider_lists.row_of(known, target.list, person.names)
                if fact is None or (row is not None and row.state in STANDS_THERE):
                    continue
                _note(found, _ours(target, person, row, fact.suppression_id), most)
        found.compared += len(people)
        use.progress(Step(provider.name, "comparing", "", found.compared))


def _pages(use: Syncing, provider: ProviderLists) -> Iterator[list[bytes]]:
    after = b""
    while True:
        with use.database.read() as session:
            digests = digests_in.page_of_digests(session, provider.channel.value, after, AT_ONCE)
        if not digests:
            return
        yield digests
        after = digests[-1]


def _ours(target: Target, person: Person, row: ProviderEntry | None, suppression: int | None) -> Difference:
    """Why somebody should stand there and does not."""
    who = None if person.point is None else person.point.masked
    if person.address is None:
        why = Why.HASH_ONLY if person.is_hashed else Why.ERASED
        return Difference(Side.OURS, why, target.list, who, suppression)
    told = {Known.MISSING: Why.DELETED_THERE, Known.FAILED: Why.REFUSED_THERE, Known.DUE: Why.TOLD_SOON}
    why = Why.NEVER_TOLD if row is None else told.get(Known(row.state), Why.NEVER_TOLD)
    return Difference(Side.OURS, why, target.list, who, suppression, "" if row is None else row.problem)


def _note(found: Drift, difference: Difference, most: int) -> None:
    kind = (difference.side, difference.list, difference.why)
    found.counts[kind] += 1
    if found.counts[kind] <= most:
        found.shown.append(difference)
