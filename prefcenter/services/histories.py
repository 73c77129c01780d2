"""What the ledger says of entries of the list: who did what when, and by which evidence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from prefcenter.store import ledger
from prefcenter.store.ledger import LedgerEntry
from prefcenter.store.suppressions import Suppression


@dataclass(frozen=True, slots=True)
class Happening:
    """One ledger entry about a suppression.

    Args:
        kind: what happened: ``suppress``, ``lift``, ``void`` …
        at: when.
        actor: who did it.
        position: its place in the sealed ledger, or None while it waits for one.
        facts: what the ledger tells for good.
        evidence: the personal data and evidence beside it; None where there was none or it was erased.
    """

    kind: str
    at: datetime
    actor: str
    position: int | None
    facts: Mapping[str, Any]
    evidence: Mapping[str, Any] | None


def histories(session: Session, rows: Sequence[Suppression], at: datetime) -> dict[int, tuple[Happening, ...]]:
    """What the ledger says of each suppression, up to a moment."""
    wanted = {row.id for row in rows}
    entries = ledger.history(session, list({row.digest for row in rows}), until=at)
    about = [entry for entry in entries if entry.facts.get("suppression") in wanted]
    ids = [entry.id for entry in about]
    personal, positions = ledger.personal_of(session, ids), ledger.positions_of(session, ids)
    told: dict[int, tuple[Happening, ...]] = {}
    for entry in about:
        happening = _happening(entry, positions.get(entry.id), personal.get(entry.id))
        told[entry.facts["suppression"]] = (*told.get(entry.facts["suppression"], ()), happening)
    return told


def _happening(entry: LedgerEntry, position: int | None, personal: Mapping[str, Any] | None) -> Happening:
    # The address is what was asked about; what it was proven by is the rest.
    evidence = None if personal is None else {name: value for name, value in personal.items() if name != "address"}
    return Happening(entry.kind, entry.at, entry.actor, position, entry.facts, evidence)
