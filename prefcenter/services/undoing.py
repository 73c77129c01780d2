"""Undoing by cause: what one bad batch put on the list is voided as a batch, and nothing else with it (X10).

A cause is what a provider's call, an import or a pull named itself when it put entries on the list: a provider's false
bounces, a link scanner that clicked its way through a campaign. One operator proposes, and what would end is written
down entry by entry; a second operator confirms just that. The person's own acts are never among it, and an entry stays
that somebody else asked for as well: by another cause, by an operator, by the person in another way.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from prefcenter.core.channels import Reason, Source
from prefcenter.core.errors import BadInput, NotFound
from prefcenter.services.errors import NotAllowed
from prefcenter.services.ports import Evidence
from prefcenter.services.receiving import named
from prefcenter.services.repeating import repeats
from prefcenter.store import causes as kept
from prefcenter.store import ledger
from prefcenter.store.causes import UndoProposal
from prefcenter.store.suppressions import Suppression, in_batches

PROPOSAL_HOLDS: Final = timedelta(days=7)
"""So long a proposal may be confirmed; afterwards it is proposed anew."""

_OTHER_CAUSE: Final = "rests on another cause too"
_UNDO_AT_ONCE: Final = 200_000
_BEHIND_A_CAUSE: Final = frozenset({Source.PROVIDER, Source.IMPORT})
"""Sources whose repetitions are told apart by their causes."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be undone.

    Args:
        causes: names of causes; ``*`` in one stands for anything.
        reasons: only entries of these reasons; empty for all.
        since, until: only entries recorded from, and before, these moments.
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

    def takes(self, row: Suppression) -> bool:
        """Whether an entry is among what was asked for."""
        in_time = (self.since is None or row.recorded_at >= self.since) and (
            self.until is None or row.recorded_at < self.until
        )
        return in_time and (not self.reasons or Reason(row.reason) in self.reasons)


@dataclass(frozen=True, slots=True)
class Judged:
    """What undoing would do.

    Args:
        causes: the causes that the names stand for.
        ends: the entries that would end.
        stays: those that would stay although the cause named them, each with why.
    """

    causes: tuple[str, ...]
    ends: Sequence[Suppression]
    stays: Sequence[tuple[Suppression, str]]

    @property
    def by_reason(self) -> dict[str, int]:
        """How many entries of each reason would end."""
        return dict(sorted(Counter(row.reason for row in self.ends).items()))

    @property
    def by_why(self) -> dict[str, int]:
        """How many entries would stay, by why."""
        return dict(sorted(Counter(why for _, why in self.stays).items()))


@dataclass(frozen=True, slots=True)
class Undone:
    """What came of it.

    Args:
        outcome: ``nothing``, ``proposed`` or ``undone``.
        judged: what it does.
        proposal: the proposal's number, or None.
        proposed_by: who proposed.
        ended: ids of the entries that ended.
    """

    outcome: str
    judged: Judged
    proposal: int | None = None
    proposed_by: str = ""
    ended: Sequence[int] = field(default_factory=tuple)


def judge(session: Session, wanted: Wanted) -> Judged:
    """Say what undoing these causes would end, and what would stay and why; reads only.

    Raises:
        NotFound: a name stands for no cause.
        BadInput: it is more than can be undone in one go.
    """
    names = _causes(session, wanted)
    rows = [row for row in kept.caused_by(session, names) if wanted.takes(row)]
    if len(rows) > _UNDO_AT_ONCE:
        raise BadInput(
            f"These are {len(rows)} entries; at most {_UNDO_AT_ONCE} are undone at once.",
            remedy="Narrow it with --from, --until or --reason.",
        )
    further = kept.beside(session, [row.id for row in rows])
    gone = set(names) | kept.undone(session)
    asked_again = {
        each.suppression_id: each.source for each in repeats(session, rows) if each.source not in _BEHIND_A_CAUSE
    }
    ends, stays = [], []
    for row in rows:
        why = _why_it_stays(row, gone, further.get(row.id, set()), asked_again.get(row.id))
        if why:
            stays.append((row, why))
        else:
            ends.append(row)
    return Judged(tuple(names), ends, stays)


def _causes(session: Session, wanted: Wanted) -> list[str]:
    if not wanted.causes:
        raise BadInput("No cause is named.", remedy="`prefcenter batch list` shows the causes.")
    names: dict[str, None] = {}
    for pattern in wanted.causes:
        found = kept.named_like(session, pattern)
        if not found:
            raise NotFound(f"Nothing has the cause “{pattern}”.", remedy="`prefcenter batch list` shows the causes.")
        names |= dict.fromkeys(found)
    return list(names)


def _why_it_stays(row: Suppression, gone: set[str], further: set[str], again: Source | None) -> str:
    if row.is_own_act:
        return "the person's own act"
    if again is not None:
        return f"asked for by {again} too"
    if row.batch not in gone:
        return "made by another cause" if row.batch is not None else "made without a cause"
    return _OTHER_CAUSE if further - gone else ""


def undo(session: Session, wanted: Wanted, evidence: Evidence, *, at: datetime) -> Undone:
    """Propose to undo what some causes did, or confirm what another operator proposed in the same words; commits.

    A cause of which nothing ends, since another one asked for all of it, is undone all the same: when that other one is
    undone as well, nothing is left that holds those entries.

    Raises:
        NotFound: a name stands for no cause.
        NotAllowed: the same operator confirms.
        BadInput: nobody is named who acts, or it is too much at once.
    """
    if evidence.actor == "system":
        raise BadInput("Undoing a batch takes two operators, each by name.", remedy="Say who you are with --as.")
    proposal = kept.open_proposal(session, wanted.words, at - PROPOSAL_HOLDS)
    if proposal is not None:
        # By the causes that were shown: a pattern may fit others by now.
        return _confirm(session, judge(session, replace(wanted, causes=tuple(proposal.causes))), proposal, evidence, at)
    judged = judge(session, wanted)
    if not judged.ends and _OTHER_CAUSE not in judged.by_why:
        return Undone("nothing", judged)
    row = UndoProposal(
        asked=wanted.words,
        causes=list(judged.causes),
        entries=[row.id for row in judged.ends],
        proposed_by=evidence.actor,
        proposed_at=at,
        is_whole=not (wanted.reasons or wanted.since or wanted.until),
        ended=0,
    )
    session.add(row)
    session.flush()
    facts = {"proposal": row.id, "causes": list(judged.causes)[:100], "entries": len(judged.ends), **evidence.facts}
    _log(session, "undo_proposed", facts, evidence, at)
    session.commit()
    return Undone("proposed", judged, row.id, evidence.actor)


def _confirm(session: Session, judged: Judged, proposal: UndoProposal, evidence: Evidence, at: datetime) -> Undone:
    """End what was proposed and may still end; what came under the cause since then was shown to nobody, and stays."""
    if proposal.proposed_by == evidence.actor:
        raise NotAllowed(
            "You proposed this; it takes a second operator to confirm.",
            remedy="Ask a colleague to run the same command with `--as`.",
        )
    proposed = set(proposal.entries)
    ids = [row.id for row in judged.ends if row.id in proposed]
    told = {"proposal": proposal.id, "proposed_by": proposal.proposed_by}
    ended = end_many(session, ids, Evidence(evidence.actor, {**evidence.facts, **told}, evidence.personal), at=at)
    proposal.confirmed_by, proposal.confirmed_at, proposal.ended = evidence.actor, at, len(ended)
    _log(session, "undo_confirmed", {**told, "entries": len(ended), **evidence.facts}, evidence, at)
    session.commit()
    return Undone("undone", judged, proposal.id, proposal.proposed_by, ended)


def _log(session: Session, kind: str, facts: dict[str, object], evidence: Evidence, at: datetime) -> None:
    ledger.append(session, kind, at=at, actor=evidence.actor, facts=facts, personal=dict(evidence.personal) or None)


def end_many(session: Session, suppression_ids: Iterable[int], evidence: Evidence, *, at: datetime) -> list[int]:
    """Void entries, each with its line in the ledger; within the caller's transaction.

    Returns:
        Those that ended; one that ended meanwhile by itself is not among them.
    """
    ended: list[int] = []
    for batch in in_batches(sorted(set(suppression_ids))):
        query = select(Suppression).where(Suppression.id.in_(batch), Suppression.ended_at.is_(None))
        rows = session.scalars(query.order_by(Suppression.id).with_for_update()).all()
        for row in rows:
            row.ended_at, row.ended_by = at, "void"
        session.flush()
        ledger.append_many(session, [_entry(row, evidence, at) for row in rows])
        ended += [row.id for row in rows]
    return ended


def _entry(row: Suppression, evidence: Evidence, at: datetime) -> ledger.NewEntry:
    facts = {"suppression": row.id, "channel": row.channel, "reason": row.reason, "scope": row.scope}
    if row.batch is not None:
        facts["batch"] = row.batch
    return ledger.NewEntry("void", at, evidence.actor, facts | dict(evidence.facts), subject=row.digest)
