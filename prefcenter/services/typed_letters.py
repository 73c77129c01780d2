"""Postal opt-outs that were typed beyond a limit: kept durably, and taken by the worker, so that none is lost (X4)."""

from __future__ import annotations

import json
import secrets
from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from prefcenter.core.channels import Level
from prefcenter.services import postal_form, receiving
from prefcenter.services.ports import Evidence
from prefcenter.services.postal_form import Filled
from prefcenter.services.receiving import Handled, Incoming, Reception
from prefcenter.store.inbound import InboundMessage

PROVIDER: Final = "typed-letter"
"""What is kept under this name is a form against letters, in order when it was kept."""

_VIA: Final = "/preferences/post"


def keep(session: Session, filled: Filled, evidence: Evidence, *, at: datetime) -> None:
    """Keep a form that is in order for the worker, which takes it within two minutes; commits."""
    whom = "everyone" if filled.level is Level.HOUSEHOLD else "me"
    raw = json.dumps({**filled.values, "whom": whom}).encode()
    name = receiving.named(PROVIDER, at.isoformat(), secrets.token_bytes(16))
    receiving.keep(session, Incoming(PROVIDER, name, "application/json", raw, dict(evidence.personal)), at=at)


def handle(reception: Reception, session: Session, row: InboundMessage, at: datetime, _replies: bool) -> Handled:
    """Take what was kept, see :data:`prefcenter.services.receiving.Handler`; it holds since it was typed."""
    filled = postal_form.read(reception.points, json.loads(row.raw))
    evidence = Evidence("recipient", {"via": _VIA, "inbound": row.id}, dict(row.envelope or {}))
    postal_form.take(session, reception.points, filled, evidence, at=at, since=row.received_at)
    return Handled("recorded")
