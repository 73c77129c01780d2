"""Operators who sign in and out leave a trace in the ledger."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from prefcenter.services.ports import Evidence
from prefcenter.store import ledger


def record_act(session: Session, act: str, operator_id: int, evidence: Evidence, *, at: datetime) -> None:
    """Record what an operator did to their own session (``signed_in``, ``signed_out``); commits."""
    ledger.append(
        session,
        "operator_act",
        at=at,
        actor=evidence.actor,
        facts={"act": act, "operator": operator_id} | dict(evidence.facts),
        personal=evidence.personal,
    )
    session.commit()
