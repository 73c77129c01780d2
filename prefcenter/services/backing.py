"""What entries of the list rest on, and which of them would end if some causes no longer held them (X10).

An entry rests on the cause that made it and on each that asked for the same. It ends only where nothing is left: the
person's own acts, what an operator or the person asked for beside the causes, and what another cause told all hold it.
Unless a reason is named, only what tells of the address ends (a bounce, a dead number): an opt-out or a complaint that
a provider told in the same call is what a person did there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from prefcenter.core.channels import Reason, Source
from prefcenter.core.errors import BadInput, NotFound
from prefcenter.services.receiving import named
from prefcenter.services.repeating import repeats
from prefcenter.store import causes as kept
from prefcenter.store.causes import SuppressionCause
from prefcenter.store.suppressions import Suppression

OF_THE_ADDRESS: Final = frozenset({Reason.HARD_BOUNCE, Reason.DEAD_NUMBER, Reason.UNDELIVERABLE})
"""Reasons that say nothing of what a person wants; all others are undone only where they are named."""

MUST_BE_NAMED: Final = "what a person did, unless its --reason is named"
_UNDO_AT_ONCE: Final = 200_000
_BEHIND_A_CAUSE: Final = frozenset({Source.PROVIDER, Source.IMPORT})
"""Sources whose repetitions are told apart by their causes."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be undone.

    Args:
        causes: names of causes; ``*`` in one stands for anything, but for the causes of clicks.
        reasons: only entries of these reasons; empty for those that tell of the address alone.
        since, until: only what was asked for from, and before, these moments.
    """

    causes: tuple[str, ...]
    reasons: tuple[Reason, ...] = ()
    since: datetime | None = None
    until: datetime | None = None

    @property
    def words(self) -> str:
        """The same wish in the same words, however it was typed: by this a confirmation finds its proposal."""
        parts = [*sorted(set(self.causes)), *sorted(f"reason={reason}" for reason in set(self.reasons))]
        parts += [f"from={self.since.isoformat()}"] if self.since else []
        parts += [f"until={self.until.isoformat()}"] if self.until else []
        words = " ".join(parts)
        return words if len(words) <= 500 else named(words)

    def takes(self, reason: Reason) -> bool:
        """Whether entries of a reason are among what was asked for."""
        return reason in (self.reasons or OF_THE_ADDRESS)

    def spans(self, moments: Sequence[datetime | None]) -> bool:
        """Whether all of these moments lie within the time; one that is not known lies within no limits."""
        if self.since is None and self.until is None:
            return True
        return all(
            each is not None
            and (self.since is None or each >= self.since)
            and (self.until is None or each < self.until)
            for each in moments
        )


@dataclass(frozen=True, slots=True)
class Judged:
    """What undoing would do.

    Args:
        causes: the causes that the names stand for.
        ends: the entries that would end.
        stays: those that would stay although the cause named them, each with why.
        taken: of each entry that ends, or rests on another cause too: the causes that would no longer hold it.
        asked: how often each of these was asked for again.
    """

    causes: tuple[str, ...]
    ends: Sequence[Suppression]
    stays: Sequence[tuple[Suppression, str]]
    taken: Mapping[int, frozenset[str]] = field(default_factory=dict)
    asked: Mapping[int, int] = field(default_factory=dict)

    @property
    def by_reason(self) -> dict[str, int]:
        """How many entries of each reason would end."""
        return dict(sorted(Counter(row.reason for row in self.ends).items()))

    @property
    def by_why(self) -> dict[str, int]:
        """How many entries would stay, by why."""
        return dict(sorted(Counter(why for _, why in self.stays).items()))


@dataclass(frozen=True, slots=True)
class _Backing:
    """What one entry rests on: each cause with the moments at which it asked."""

    row: Suppression
    live: Mapping[str, Sequence[datetime | None]]

    def within(self, names: frozenset[str], wanted: Wanted) -> frozenset[str]:
        """Those of the named causes that asked at no other time than was asked for."""
        return frozenset(cause for cause in self.live.keys() & names if wanted.spans(self.live[cause]))


def judge(session: Session, wanted: Wanted, *, locks: bool = False) -> Judged:
    """Say what undoing these causes would end, and what would stay and why.

    Args:
        session: reads.
        wanted: which causes, and what of them.
        locks: whether the entries are locked before anything else of them is read, so that what this says still holds
            when the caller's transaction ends: a fact that comes meanwhile waits, or was here first and is seen.

    Raises:
        NotFound: a name stands for no cause.
        BadInput: it is more than can be undone in one go.
    """
    names = frozenset(_causes(session, wanted))
    rows = kept.caused_by(session, names, locks=locks)
    if len(rows) > _UNDO_AT_ONCE:
        raise BadInput(
            f"These causes hold {len(rows)} entries; at most {_UNDO_AT_ONCE} are undone at once.",
            remedy="Name fewer of them.",
        )
    noted = kept.noted(session, [row.id for row in rows])
    asked_again = {
        each.suppression_id: each.source for each in repeats(session, rows) if each.source not in _BEHIND_A_CAUSE
    }
    ends, stays, taken = [], [], {}
    for row in rows:
        backing = _Backing(row, _live(row, noted.get(row.id, {})))
        within = backing.within(names, wanted)
        if not within or (wanted.reasons and not wanted.takes(Reason(row.reason))):
            continue
        why = _why_it_stays(backing, within, wanted, asked_again.get(row.id))
        if why:
            stays.append((row, why))
        else:
            ends.append(row)
        if not why or why in _RESTS:
            taken[row.id] = within
    asked = {number: sum(each.times for each in noted.get(number, {}).values()) for number in taken}
    return Judged(tuple(sorted(names)), ends, stays, taken, asked)


def _causes(session: Session, wanted: Wanted) -> list[str]:
    if not wanted.causes:
        raise BadInput("No cause is named.", remedy="`prefcenter batch list` shows the causes.")
    names: dict[str, None] = {}
    for pattern in wanted.causes:
        if "*" in pattern and kept.is_of_clicks(pattern):
            raise BadInput(
                "The causes of clicks are named one by one, without *.", remedy="`prefcenter batch clicks` shows them."
            )
        found = kept.named_like(session, pattern)
        if not found:
            raise NotFound(f"Nothing has the cause “{pattern}”.", remedy="`prefcenter batch list` shows the causes.")
        names |= dict.fromkeys(found)
    return list(names)


def _live(row: Suppression, noted: Mapping[str, SuppressionCause]) -> dict[str, Sequence[datetime | None]]:
    """The causes that hold an entry, each with the moments at which it asked first and last."""
    live: dict[str, Sequence[datetime | None]] = {
        cause: (each.first_at, each.last_at) for cause, each in noted.items() if each.undone_in is None
    }
    maker = row.batch or kept.UNNAMED
    if maker not in noted:
        live[maker] = (row.recorded_at,)
    elif maker in live:
        live[maker] = (row.recorded_at, *live[maker])
    return live


_OTHER_CAUSE: Final = "rests on another cause too"
_MADE_BY_OTHER: Final = "made by another cause"
_RESTS: Final = frozenset({_OTHER_CAUSE, _MADE_BY_OTHER})
"""Why an entry stays that only other causes hold: it rests on those alone from then on."""


def _why_it_stays(backing: _Backing, within: frozenset[str], wanted: Wanted, again: Source | None) -> str:
    row, rest = backing.row, backing.live.keys() - within
    if row.is_own_act and not (row.source == Source.ONE_CLICK and kept.is_of_clicks(row.batch)):
        return "the person's own act"
    if again is not None:
        return f"asked for by {again} too"
    if not wanted.takes(Reason(row.reason)):
        return MUST_BE_NAMED
    if (row.batch or kept.UNNAMED) in rest:
        return _MADE_BY_OTHER
    return _OTHER_CAUSE if rest else ""
