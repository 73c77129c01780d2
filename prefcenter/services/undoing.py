"""Undoing by cause: what one bad batch put on the list is voided as a batch, and nothing else with it (X10).

A cause is what a provider's call, an import, a pull or a machine's clicks are known by: a provider's false bounces, a
link scanner that clicked its way through a campaign. One operator proposes, and what would end is written down entry by
entry; a second operator confirms just that. The person's own acts are never among it, and an entry stays that somebody
else asked for as well: by another cause, by an operator, by the person in another way.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from prefcenter.core.errors import BadInput
from prefcenter.services.backing import Judged, Wanted, judge
from prefcenter.services.errors import NotAllowed
from prefcenter.services.ports import Evidence
from prefcenter.store import causes as kept
from prefcenter.store import ledger
from prefcenter.store.causes import UndoProposal
from prefcenter.store.suppressions import Suppression, in_batches

PROPOSAL_HOLDS: Final = timedelta(days=7)
"""So long a proposal may be confirmed; afterwards it is proposed anew."""


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


def undo(session: Session, wanted: Wanted, evidence: Evidence, *, at: datetime) -> Undone:
    """Propose to undo what some causes did, or confirm what another operator proposed in the same words; commits.

    An entry that another cause asked for too stays, and rests on that one alone from then on: when that one is undone
    as well, nothing is left that holds it.

    Raises:
        NotFound: a name stands for no cause.
        NotAllowed: the same operator confirms.
        BadInput: nobody is named who acts, it is too much at once, or nothing says why clicks are no person's.
    """
    if evidence.actor == "system":
        raise BadInput("Undoing a batch takes two operators, each by name.", remedy="Say who you are with --as.")
    _ask_for_a_note(wanted, evidence)
    proposal = kept.open_proposal(session, wanted.words, at - PROPOSAL_HOLDS)
    if proposal is not None:
        # By the causes that were shown: a pattern may fit others by now.
        judged = judge(session, replace(wanted, causes=tuple(proposal.causes)), locks=True)
        return _confirm(session, judged, proposal, evidence, at)
    judged = judge(session, wanted, locks=True)
    if not judged.taken:
        return Undone("nothing", judged)
    ends = {row.id for row in judged.ends}
    row = UndoProposal(
        asked=wanted.words,
        causes=list(judged.causes),
        entries=[[number, judged.asked[number], int(number in ends)] for number in judged.taken],
        proposed_by=evidence.actor,
        proposed_at=at,
        ended=0,
    )
    session.add(row)
    session.flush()
    facts = {"proposal": row.id, "causes": list(judged.causes)[:100], "entries": len(judged.ends), **evidence.facts}
    _log(session, "undo_proposed", facts, evidence, at)
    session.commit()
    return Undone("proposed", judged, row.id, evidence.actor)


def _ask_for_a_note(wanted: Wanted, evidence: Evidence) -> None:
    """A click is its person's own act unless somebody says what shows that a machine made it (X10)."""
    if any(kept.is_of_clicks(cause) for cause in wanted.causes) and not str(evidence.personal.get("note", "")).strip():
        raise BadInput(
            "Undoing clicks needs a note.", remedy="Say with --note what shows that a machine clicked, and no person."
        )


def _confirm(session: Session, judged: Judged, proposal: UndoProposal, evidence: Evidence, at: datetime) -> Undone:
    """End what was proposed and may still end; what was asked for since then was shown to nobody, and stays."""
    if proposal.proposed_by == evidence.actor:
        raise NotAllowed(
            "You proposed this; it takes a second operator to confirm.",
            remedy="Ask a colleague to run the same command with `--as`.",
        )
    ends = {row.id for row in judged.ends}
    same = [
        number
        for number, asked, was_to_end in proposal.entries
        if judged.asked.get(number) == asked and (number in ends) == bool(was_to_end)
    ]
    told = {"proposal": proposal.id, "proposed_by": proposal.proposed_by}
    why = Evidence(evidence.actor, {**evidence.facts, **told}, evidence.personal)
    ended = end_many(session, [number for number in same if number in ends], why, at=at)
    kept.disown(
        session,
        [(number, cause) for number in same if number not in ends for cause in judged.taken[number]],
        proposal.id,
    )
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
