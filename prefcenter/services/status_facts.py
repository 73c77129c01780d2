"""What a text's status says of its recipient: whose sender was stopped, and which numbers need a person's look."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy.orm import Session

from prefcenter.core.calendars import Duty
from prefcenter.core.channels import Scope
from prefcenter.services.event_facts import EventKind, Told
from prefcenter.services.points import Point
from prefcenter.services.receiving import ask_person
from prefcenter.store import events, registry
from prefcenter.store.inbound import InboundMessage

BLOCKED_OFTEN: Final = 3
"""A number whose texts were blocked so often within :data:`BLOCKED_WINDOW` is shown to a person."""

BLOCKED_WINDOW: Final = timedelta(days=30)


def scope_of_text(session: Session, told: Told, message: Any | None) -> Scope:
    """How far an event about a text reaches: a stop ends the sender that it was told to, a dead number everything.

    A sender that we don't know counts for every sender (S5).
    """
    if told.kind is not EventKind.STOPPED:
        return Scope.everything()
    known = registry.senders(session)
    named = [*((message.sender,) if message is not None and message.sender else ()), *told.senders]
    ours = next((name for name in named if name in known), None)
    return Scope.sender(ours) if ours is not None else Scope.every_sender((named or [""])[0][:100])


def ask_about_blocked(session: Session, row: InboundMessage, point: Point, *, at: datetime, country: str) -> None:
    """Show a number to a person when its texts are blocked again and again; a single one says little."""
    count = events.count_about(session, EventKind.CARRIER_BLOCKED, point.digest, at, BLOCKED_WINDOW)
    if count == BLOCKED_OFTEN:
        why = f"{count} texts to this number were blocked within {BLOCKED_WINDOW.days} days."
        ask_person(session, row, "blocked_number", why, {"to": point.masked}, Duty.SMS_OPT_OUT, at=at, country=country)
