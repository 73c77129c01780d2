"""Agreeing with a provider: its lists are taken over first, then it is told what is on ours.

A run is a row with a lease and a cursor: one that was killed goes on where it was, within its lease by nobody, and a
late process finds that its fencing token is no longer the row's. Every step commits what it did together with the
cursor, and each may be done twice. An ordinary run reads what came onto the provider's lists lately and tells what the
ledger says has changed; once a day, or where the meaning of a list changed, all of both is gone through.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy.orm import Session

from prefcenter.core.agreement import Known, Target
from prefcenter.core.errors import PrefcenterError
from prefcenter.services import listed_people, taking_over
from prefcenter.services.agreeing import (
    AT_ONCE,
    COUNTED,
    Busy,
    Step,
    Synced,
    Syncing,
    note_missing,
    notes_of,
    problems_of,
)
from prefcenter.services.keyring import require_all
from prefcenter.services.list_ports import ProviderLists
from prefcenter.services.list_targets import Targets, targets_of
from prefcenter.services.listed_people import Person
from prefcenter.services.ports import Evidence
from prefcenter.services.telling import Act, Done, Task, carry_out, state_after, tasks_of
from prefcenter.store import ledger, provider_lists
from prefcenter.store import listed_people as digests_in
from prefcenter.store.provider_lists import ProviderSync

LEASE: Final = timedelta(minutes=3)
"""Longer than any single step: a wait for the provider's limit, and a call that is not answered."""

SYSTEM: Final = Evidence("system")

OVERLAP: Final = timedelta(hours=24)
"""So far back each reading of a list reaches into the one before: an entry that is told late slips through none."""

WHOLE_EVERY: Final = timedelta(hours=24)
"""How often everything is gone through, so that what was deleted at the provider is told again (E13)."""


def sync(use: Syncing, provider: ProviderLists, evidence: Evidence = SYSTEM, *, whole: bool = False) -> Synced:
    """Bring a provider's lists and ours into agreement; commits as it goes.

    Args:
        use: what it works with.
        provider: with whom.
        evidence: who asked for it.
        whole: go through everything, not only through what changed.

    Raises:
        Busy: another process does it.
        Unavailable: the provider cannot be asked now; what was done is kept, and the next run goes on from there.
        MissingKey: a key in use is missing.
    """
    with use.database.read() as session:
        require_all(session, use.keyring)
    run = _Run(use, provider, evidence, _claim(use, provider))
    try:
        return run.go(whole=whole)
    except PrefcenterError as error:
        run.give_up(str(error))
        raise
    except (Exception, KeyboardInterrupt) as error:
        run.give_up(f"It was stopped ({type(error).__name__}).")
        raise


def _claim(use: Syncing, provider: ProviderLists) -> ProviderSync:
    at = use.clock()
    with use.database.write() as session:
        row = provider_lists.claim(session, provider.name, at, at + LEASE)
        if row is None:
            held = provider_lists.standing(session, provider.name)
            until = held.leased_until if held is not None and held.leased_until is not None else at
            raise Busy(
                f"Another process agrees with {provider.label} just now, or was stopped while it did.",
                remedy=f"Try again after {until:%H:%M:%S} UTC; it goes on where that one was.",
            )
        session.commit()
        return row


@dataclass(slots=True)
class _Run:
    """A run and its cursor, which is what ``ProviderSync.run`` holds."""

    use: Syncing
    provider: ProviderLists
    evidence: Evidence
    row: ProviderSync
    cursor: dict[str, Any] = field(default_factory=dict)
    targets: Targets = field(default_factory=lambda: Targets(()))

    def go(self, *, whole: bool) -> Synced:
        """Begin, or go on where a run was stopped; finish."""
        use = self.use
        with use.database.read() as session:
            self.targets = targets_of(session, self.provider)
        self._begin(whole=whole)
        for target in self.targets.all:
            if self.provider.can_be_read and target.list not in self.cursor["read"]:
                self._read(target)
        self._tell()
        return self._finish()

    def give_up(self, problem: str) -> None:
        """Let the next run begin at once, and keep why this one stopped."""
        with self.use.database.write() as session:
            row = provider_lists.held(session, self.provider.name, self.row.fence)
            if row is not None:
                row.leased_until, row.problem = None, problem[:300]
                session.commit()

    @property
    def _started(self) -> datetime:
        return datetime.fromisoformat(self.cursor["started"])

    @property
    def _is_whole(self) -> bool:
        return bool(self.cursor["whole"])

    def _begin(self, *, whole: bool) -> None:
        at, row, name = self.use.clock(), self.row, self.provider.name
        changed = row.pulled.get("") != self.targets.signature
        stale = row.whole_at is None or at - row.whole_at >= WHOLE_EVERY
        if row.run is not None and row.run["signature"] == self.targets.signature and (row.run["whole"] or not whole):
            self.cursor = dict(row.run)
            return
        self.use.seal()
        with self.use.database.write() as session:
            self.cursor = {
                "cause": f"{name}-sync-{row.fence}",
                "whole": whole or stale or changed,
                "signature": self.targets.signature,
                "started": at.isoformat(),
                "position": row.position,
                "until": ledger.last_position(session),
                "read": [],
                "offset": 0,
                "after": "",
                "told": [],
                "counts": dict.fromkeys(COUNTED, 0),
            }
            self._keep(session)

    def _keep(self, session: Session, **changed: Any) -> None:
        """Commit what was done with the cursor and what else changed of the row, and go on holding the lease."""
        held = provider_lists.held(session, self.provider.name, self.row.fence)
        if held is None:
            raise Busy(f"Another process took the agreement with {self.provider.label} over; it goes on there.")
        held.leased_until, held.run = self.use.clock() + LEASE, dict(self.cursor)
        for name, value in changed.items():
            setattr(held, name, value)
        session.commit()
        self.row = held

    def _count(self, **more: int) -> None:
        counts = dict(self.cursor["counts"])
        for name, number in more.items():
            counts[name] += number
        self.cursor["counts"] = counts

    def _read(self, target: Target) -> None:
        """Take one of the provider's lists over, part by part."""
        is_dated = not target.list.startswith(provider_lists.GROUP)
        before = self.row.pulled.get(target.list)
        since = None if self._is_whole or before is None else datetime.fromisoformat(before) - OVERLAP
        offset: int | None = self.cursor["offset"]
        while offset is not None:
            self._label(target, offset)
            page = self.provider.page(target.list, since, self.use.clock() + OVERLAP, offset)
            offset = page.next
            for start in range(0, max(len(page.entries), 1), AT_ONCE):
                some = page.entries[start : start + AT_ONCE]
                self._take(target, some, seen=since is None or not is_dated)
            self._count(read=len(page.entries))
            self.cursor["offset"] = offset or 0
        self._end_of(target, is_complete=since is None or not is_dated)

    def _label(self, target: Target, done: int) -> None:
        self.use.progress(Step(self.provider.name, "reading", target.label or target.list, done))

    def _take(self, target: Target, entries: Sequence[Any], *, seen: bool) -> None:
        cause = f"{self.cursor['cause']}-{target.list.replace(':', '-')}"
        with self.use.database.write() as session:
            taken = taking_over.take_over(
                session,
                self.use.points,
                self.provider.channel,
                self.provider.name,
                target,
                entries,
                cause,
                at=self.use.clock(),
                seen=seen,
            )
            self._count(taken=taken.new, no_address=taken.unreadable)
            self._keep(session)

    def _end_of(self, target: Target, *, is_complete: bool) -> None:
        """Note up to when a list was read, and what of ours is not there any more."""
        with self.use.database.write() as session:
            if is_complete:
                missing = note_missing(session, self.provider.name, target, self._started, self.use.clock())
                self._count(missing=missing)
            self.cursor |= {"read": [*self.cursor["read"], target.list], "offset": 0}
            self._keep(session, pulled={**self.row.pulled, target.list: self.cursor["started"]})

    def _tell(self) -> None:
        """Tell the provider what must be told: what waits, and then what changed, or everything."""
        for part in ("waiting", "all" if self._is_whole else "changes"):
            if part in self.cursor["told"]:
                continue
            for after, digests in self._parts(part):
                self._settle(digests)
                self.cursor["after"] = after
                with self.use.database.write() as session:
                    self._keep(session)
            self.cursor |= {"after": "", "told": [*self.cursor["told"], part]}

    def _parts(self, part: str) -> Iterator[tuple[str, list[bytes]]]:
        """The contact points to look at, each part with where the next one begins."""
        channel, name = self.provider.channel.value, self.provider.name
        states = [Known.DUE, Known.MISSING]
        while True:
            after = self.cursor["after"]
            with self.use.database.read() as session:
                if part == "changes":
                    since = int(after or self.cursor["position"])
                    reached, numbers = digests_in.changed_after(session, since, AT_ONCE)
                    if reached == since:
                        return
                    found, then = digests_in.digests_of(session, channel, numbers), str(reached)
                else:
                    last = bytes.fromhex(after)
                    found = (
                        provider_lists.in_states(session, name, states, after=last, limit=AT_ONCE)
                        if part == "waiting"
                        else digests_in.page_of_digests(session, channel, last, AT_ONCE)
                    )
                    if not found:
                        return
                    then = found[-1].hex()
            yield then, found

    def _settle(self, digests: Sequence[bytes]) -> None:
        """Do what is to be done about some contact points."""
        at, name, use = self.use.clock(), self.provider.name, self.use
        with use.database.read() as session:
            people: list[Person] = []
            for start in range(0, len(digests), AT_ONCE):
                some = digests[start : start + AT_ONCE]
                people += listed_people.of_digests(session, use.points, self.provider.channel, some)
            known = provider_lists.known(session, name, [each for person in people for each in person.names])
        tasks = tasks_of(self.targets.all, people, known, tries_again=self._is_whole, at=at)
        done = carry_out(self.provider, tasks)
        with use.database.write() as session:
            provider_lists.save(session, [_noted(name, each, known, at) for each in done])
            self._count_done(tasks, done)
            self._keep(session)
        counts = self.cursor["counts"]
        use.progress(Step(name, "telling", "", counts["told"] + counts["released"]))

    def _count_done(self, tasks: Sequence[Task], done: Sequence[Done]) -> None:
        acts = [each.task.act for each in done if not each.problem]
        self._count(
            told=acts.count(Act.TELL),
            released=acts.count(Act.RELEASE),
            later=acts.count(Act.LATER),
            refused=sum(bool(each.problem) for each in done),
            unreadable=len({task.person.digest for task in tasks if task.act is Act.UNREADABLE}),
        )

    def _finish(self) -> Synced:
        at, counts = self.use.clock(), dict(self.cursor["counts"])
        with self.use.database.write() as session:
            row = provider_lists.held(session, self.provider.name, self.row.fence)
            if row is None:
                raise Busy(f"Another process took the agreement with {self.provider.label} over.")
            row.position, row.finished_at, row.problem = self.cursor["until"], at, ""
            row.pulled = {**row.pulled, "": self.targets.signature}
            row.whole_at = self._started if self._is_whole else row.whole_at
            row.leased_until = row.run = None
            facts = {"provider": self.provider.name, "cause": self.cursor["cause"], "whole": self._is_whole, **counts}
            told = facts | dict(self.evidence.facts)
            ledger.append(
                session, "sync", at=at, actor=self.evidence.actor, facts=told, personal=self.evidence.personal
            )
            session.commit()
        problems, notes = problems_of(self.targets), notes_of(self.provider, self.targets)
        return Synced(self.provider.name, self._is_whole, self.provider.can_be_read, counts, problems, notes)


def _noted(provider: str, done: Done, known: Any, at: datetime) -> dict[str, Any]:
    task = done.task
    row = provider_lists.row_of(known, task.target.list, task.person.names)
    return {
        "provider": provider,
        "list": task.target.list,
        "digest": task.person.digest if row is None else row.digest,
        "state": str(state_after(done, row)),
        "changed_at": at,
        "there_since": None,
        "seen_at": None,
        "problem": done.problem[:200],
    }
