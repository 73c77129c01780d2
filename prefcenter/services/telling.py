"""Telling a provider of what is on our list: who must be on one of its lists, and who may be taken off again.

A contact point is put there where our own decision would refuse everything that goes that way
(:mod:`prefcenter.core.agreement`), and taken off only where the person's own act lifted here what had put it there
(E13, X10). Everything is worked out from the list as it stands, so doing it twice changes nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from prefcenter.core.agreement import STANDS_THERE, Known, Target, concerns, is_due, says_the_same, wanted_by
from prefcenter.core.channels import Source
from prefcenter.core.decision import Fact
from prefcenter.services.list_ports import ProviderLists, Said
from prefcenter.services.listed_people import Person
from prefcenter.store.provider_lists import ProviderEntry, row_of
from prefcenter.store.suppressions import Suppression, fact_of

KnownThere = Mapping[tuple[str, bytes], ProviderEntry]
"""What we know of a provider's lists, by list and contact point."""


class Act(StrEnum):
    """What is to be done about a contact point on a list."""

    NOTHING = "nothing"
    TELL = "tell"
    RELEASE = "release"
    LATER = "later"
    """It is to be told, but not yet (S4)."""
    FORGET = "forget"
    """It was to be told, and is not any more."""
    UNREADABLE = "unreadable"
    """It would have to be told, and nobody knows its address any more; our gate goes on refusing it (G3)."""


@dataclass(frozen=True, slots=True)
class Task:
    """One contact point and one list."""

    target: Target
    person: Person
    act: Act
    since: datetime
    source: Source

    def said(self) -> Said:
        """What the provider is told."""
        return Said(self.person.address or "", self.since, self.source)


def tasks_of(
    targets: Sequence[Target], people: Sequence[Person], known: KnownThere, *, tries_again: bool, at: datetime
) -> list[Task]:
    """What must be done about some people so that the provider's lists agree with ours.

    Args:
        targets: the lists.
        people: the contact points.
        known: what we know of them there.
        tries_again: whether those are told again that the provider would not take.
        at: now.
    """
    tasks = []
    for person in people:
        facts = person.facts
        for target in targets:
            row = row_of(known, target.list, person.names)
            fact = wanted_by(target, facts, at)
            if fact is not None:
                act = _wanted(row, fact, person, tries_again=tries_again, at=at)
                tasks.append(Task(target, person, act, fact.since, fact.source))
            elif row is not None:
                ended = lifted(target, person, row, facts, at)
                if ended is not None:
                    tasks.append(Task(target, person, Act.RELEASE, ended.ended_at or at, Source(ended.source)))
                elif row.state in (Known.DUE, Known.MISSING, Known.FAILED):
                    tasks.append(Task(target, person, Act.FORGET, at, Source.SYSTEM))
    return [task for task in tasks if task.act is not Act.NOTHING]


def _wanted(row: ProviderEntry | None, fact: Fact, person: Person, *, tries_again: bool, at: datetime) -> Act:
    if row is not None and (row.state in STANDS_THERE or (row.state == Known.FAILED and not tries_again)):
        return Act.NOTHING
    if person.address is None:
        return Act.UNREADABLE
    return Act.TELL if is_due(fact, at) else Act.LATER


def lifted(
    target: Target, person: Person, row: ProviderEntry, facts: Sequence[Fact], at: datetime
) -> Suppression | None:
    """The entry whose end by the person's own act lets a contact point off a list, or None where there is none.

    What was voided, or replaced, or ended before the provider had it, lets nobody off; nor does anything while our list
    still says of the person what that list says.
    """
    if row.state not in STANDS_THERE or not target.takes_opt_outs or person.address is None:
        return None
    if says_the_same(target, facts, at):
        return None
    there = min(filter(None, (row.there_since, row.changed_at)))
    for entry in person.ended:
        is_own_act = entry.ended_by == "lift" and entry.ended_at is not None and entry.ended_at >= there
        if is_own_act and concerns(target, fact_of(entry), at):
            return entry
    return None


@dataclass(frozen=True, slots=True)
class Done:
    """What came of a task.

    Args:
        task: the task.
        problem: what the provider had against it, or empty.
    """

    task: Task
    problem: str = ""


def carry_out(provider: ProviderLists, tasks: Sequence[Task]) -> list[Done]:
    """Do what some tasks say, list by list, in as few calls as the provider allows.

    Raises:
        Unavailable: the provider cannot be asked now; what was done of it is done again the next time.
    """
    by_call: dict[tuple[Act, str], list[Task]] = defaultdict(list)
    for task in tasks:
        if task.act in (Act.TELL, Act.RELEASE):
            by_call[task.act, task.target.list].append(task)
    done = [Done(task) for task in tasks if task.act in (Act.LATER, Act.FORGET)]
    for (act, named), same in by_call.items():
        call = provider.tell if act is Act.TELL else provider.release
        for start in range(0, len(same), provider.most_at_once):
            some = same[start : start + provider.most_at_once]
            problems = call(named, [task.said() for task in some])
            done += [Done(task, problem) for task, problem in zip(some, problems, strict=True)]
    return done


def state_after(done: Done, row: ProviderEntry | None) -> Known:
    """What we know of a contact point on a list once a task is done."""
    match done.task.act:
        case Act.TELL:
            return Known.FAILED if done.problem else Known.TOLD
        case Act.LATER:
            return Known.DUE
        case Act.RELEASE if done.problem and row is not None:
            return Known(row.state)
        case _:
            return Known.RELEASED
