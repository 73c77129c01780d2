"""Requests to delete what we hold: put on record with the day by which they must be answered (G3, G13)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from prefcenter.core.calendars import Duty, deadline
from prefcenter.core.consent import EU_EEA
from prefcenter.services.points import Point
from prefcenter.services.ports import Evidence
from prefcenter.store import contacts, ledger

KIND: Final = "deletion_requested"
"""The kind of the ledger entries that keep them."""


@dataclass(frozen=True, slots=True)
class DeletionRequest:
    """A request that was made.

    Args:
        at: when.
        due: by when it must be answered.
        is_new: False where it had been made before.
    """

    at: datetime
    due: datetime
    is_new: bool = False


def open_request(session: Session, point: Point) -> DeletionRequest | None:
    """The first request that was made for a contact point, or None."""
    entries = ledger.of_kind(session, KIND, point.own)
    return DeletionRequest(entries[0].at, datetime.fromisoformat(entries[0].facts["due"])) if entries else None


def ask(session: Session, point: Point, evidence: Evidence, *, at: datetime, country: str) -> DeletionRequest:
    """Put a request on record, once: the same again changes nothing and tells the first one's day. Commits.

    Whoever calls it has made sure, by a fresh code, that it comes from whoever receives there (G1).

    Args:
        session: writes.
        point: whose data; readable.
        evidence: the act.
        at: when; the day by which it is due counts from here.
        country: the country that counts where none is known of the contact point (ISO 3166).
    """
    there = open_request(session, point)
    if there is not None:
        return there
    due = deadline(Duty.RIGHTS_ANSWER, at, _jurisdiction(session, point, country))
    facts = {"channel": point.channel.value, "due": due.isoformat(), **evidence.facts}
    personal = dict(evidence.personal) | ({"address": dict(point.given)} if point.given is not None else {})
    ledger.append(session, KIND, at=at, actor=evidence.actor, subject=point.digest, facts=facts, personal=personal)
    session.commit()
    return DeletionRequest(at, due, is_new=True)


def _jurisdiction(session: Session, point: Point, country: str) -> str:
    known = [row.country for row in contacts.points_by_digest(session, point.own) if row.country]
    found = (known[0] if known else point.country or country).upper()
    return "EU" if found in EU_EEA else found
