"""Whether the list is what the ledger says: an opt-out that was taken off the list by hand is found (X7, E13).

The chain proves that nobody changed what was written down; this proves that the list which is asked before every send
still holds all of it.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from prefcenter.store.ledger import LedgerEntry
from prefcenter.store.suppressions import Suppression, SuppressionKey

_BEGINS = "suppress"
ENDS = frozenset({"lift", "void", "replaced"})
_SAID = ("channel", "reason", "scope")


def first_difference(session: Session) -> tuple[int | None, str] | None:
    """Find the first place where the list and the ledger disagree, in the order of the list.

    Returns:
        The ledger entry (None where there is none) and what is wrong, or None where they agree.
    """
    said = _in_force_by_ledger(session)
    # Closed as soon as the answer is known: a cursor left open would hold on to its connection.
    with session.execute(_IN_FORCE.execution_options(yield_per=10_000)) as rows:
        for row in rows:
            entry, facts = said.pop(row.id, (None, None))
            wrong = _wrong(row, facts)
            if wrong is not None:
                return entry, wrong
    for number, (entry, _) in sorted(said.items()):
        return entry, f"Suppression {number} was taken off the list, and the ledger does not say that it ended."
    return None


def _wrong(row: Any, facts: dict[str, Any] | None) -> str | None:
    """What is wrong with one entry of the list, held against what the ledger says of it."""
    if facts is None:
        return f"Suppression {row.id} is on the list, and the ledger does not say so."
    other = [name for name in _SAID if getattr(row, name) != facts.get(name)]
    if row.digest.hex() != facts.get("subject"):
        other.append("contact point")
    if other:
        return f"Suppression {row.id} has another {' and '.join(other)} than the ledger says."
    return None if row.is_found else f"Suppression {row.id} has lost its keys, so nobody would find it."


def _in_force_by_ledger(session: Session) -> dict[int, tuple[int | None, dict[str, Any] | None]]:
    """What is in force if the ledger is right: each suppression with the entry that began it."""
    query = (
        select(LedgerEntry.id, LedgerEntry.kind, LedgerEntry.facts)
        .where(LedgerEntry.kind.in_((_BEGINS, *ENDS)))
        .order_by(LedgerEntry.id)
    )
    said: dict[int, tuple[int | None, dict[str, Any] | None]] = {}
    ended: set[int] = set()
    for entry, kind, facts in session.execute(query.execution_options(yield_per=10_000)):
        number = facts.get("suppression")
        if not isinstance(number, int):
            continue
        if kind == _BEGINS:
            said[number] = (entry, facts)
        else:
            ended.add(number)
    return {number: begun for number, begun in said.items() if number not in ended}


_IN_FORCE = (
    select(
        Suppression.id,
        Suppression.channel,
        Suppression.reason,
        Suppression.scope,
        Suppression.digest,
        exists().where(SuppressionKey.suppression_id == Suppression.id, SuppressionKey.is_own).label("is_found"),
    )
    .where(Suppression.ended_at.is_(None))
    .order_by(Suppression.id)
)
