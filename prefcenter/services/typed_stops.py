"""An address or number that somebody typed to stop what comes there: at once, and never lost where too many come (X4).

Nobody is asked who they are, and nobody is told whether the address was known (E19, X3). It is an opt-out of that
address alone: who typed it need not be the person, so nothing else of the person's is touched.
"""

from __future__ import annotations

import json
import secrets
from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from prefcenter.core.channels import Channel, Reason, Scope, Source
from prefcenter.core.errors import BadAddress
from prefcenter.services import optouts, receiving
from prefcenter.services.points import Point, Points
from prefcenter.services.ports import Evidence
from prefcenter.services.receiving import Handled, Incoming, Reception
from prefcenter.services.suppressing import OptOut
from prefcenter.store.inbound import InboundMessage

PROVIDER: Final = "typed-stop"
"""What is kept under this name is an address to stop."""

_VIA: Final = "/preferences"
_LONGEST: Final = 320


def read(points: Points, typed: str) -> Point:
    """Take an email address or a phone number as a person types it.

    Raises:
        BadAddress: it can be neither; says what to write.
    """
    text = typed.strip()
    if not text or len(text) > _LONGEST or not text.isprintable():
        raise BadAddress("This is neither an email address nor a phone number.", field="address", remedy=_REMEDY)
    if "@" in text:
        return points.email(text)
    if any(character.isdigit() for character in text):
        return points.phone(text)
    raise BadAddress("This is neither an email address nor a phone number.", field="address", remedy=_REMEDY)


_REMEDY: Final = "Write an address like name@example.com, or a number like 415 555 0100."


def stop(session: Session, points: Points, point: Point, evidence: Evidence, *, at: datetime) -> None:
    """End all marketing to a contact point; commits."""
    optouts.record(session, points, point, _opt_out(), evidence, at=at)


def keep(session: Session, point: Point, evidence: Evidence, *, at: datetime) -> None:
    """Keep what is to be stopped for the worker, which takes it within two minutes; commits.

    Each is kept as a message of its own: the same address may be stopped again after it was wanted again.
    """
    told = {"channel": point.channel.value, "address": str((point.given or {})["address"])}
    name = receiving.named(told["channel"], told["address"], at.isoformat(), secrets.token_bytes(16))
    raw = json.dumps(told).encode()
    receiving.keep(session, Incoming(PROVIDER, name, "application/json", raw, dict(evidence.personal)), at=at)


def handle(reception: Reception, session: Session, row: InboundMessage, at: datetime, _replies: bool) -> Handled:
    """Take what was kept, see :data:`prefcenter.services.receiving.Handler`; it holds since it was typed."""
    told = json.loads(row.raw)
    point = reception.points.parse(Channel(told["channel"]), told["address"])
    evidence = Evidence("recipient", {"via": _VIA, "inbound": row.id}, dict(row.envelope or {}))
    optouts.take(session, reception.points, point, _opt_out(row.received_at), evidence, at=at)
    return Handled("recorded")


def _opt_out(since: datetime | None = None) -> OptOut:
    return OptOut(Reason.OPT_OUT, Scope.everything(), Source.PREFERENCE_PAGE, since=since)
