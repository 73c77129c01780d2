"""The gate: decides a message from the outbox at the moment of its dispatch (X1, X2).

It fails closed: what it cannot decide it does not clear, and what it does not understand it refuses.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from prefcenter.core.channels import Channel, MessageClass
from prefcenter.core.decision import Decision
from prefcenter.core.policy import LONGEST_WAIT
from prefcenter.services.deciding import Question, decide_all, question_about_class, question_about_type
from prefcenter.services.points import Points
from prefcenter.services.ports import Keyring
from prefcenter.store import registry
from prefcenter.store.outbox import OutboxMessage

CONFIRMATION = "stop-confirmation"
"""The message type of the one confirmation of a STOP (S4)."""

HELP = "help"
"""The message type of the answer to a HELP (S7)."""

ACKNOWLEDGEMENT = "acknowledgement"
"""The message type of the acknowledgement of a postal request (P3)."""

OWN_TYPES = frozenset({CONFIRMATION, HELP, ACKNOWLEDGEMENT})
"""Messages of our own, which answer what a person wrote; nobody registers a type of these names."""


def clear(session: Session, keyring: Keyring, points: Points, row: OutboxMessage, *, at: datetime) -> Decision:
    """Decide one message of the outbox; only reads.

    Raises:
        UnknownType: its type is not registered, or no longer; it must not be sent.
        BadAddress: there is no address left to send it to.
        MissingKey: a key in use is missing.
    """
    channel = Channel(row.channel)
    point = points.given(channel, {"address": row.to or ""})
    question = question_of(session, row)
    scheduled = row.not_before or row.created_at
    asked: dict[str, Any] = {"wait_ends": scheduled + LONGEST_WAIT}
    if question.message_class is MessageClass.REQUESTED:
        asked["requested_at"] = row.requested_at or row.created_at
    if row.message_type == CONFIRMATION:
        asked["is_confirmation"] = True
    if row.message_type == HELP:
        asked["answers_help"] = True
    return decide_all(session, keyring, question, [point], at=at, **asked)[0]


def question_of(session: Session, row: OutboxMessage) -> Question:
    """What would be sent: the registered type, or for a message that the person asked for, its class.

    Raises:
        UnknownType: a message that nobody asked for has no registered type.
    """
    channel, message_class = Channel(row.channel), MessageClass(row.message_class)
    is_registered = registry.type_named(session, row.message_type) is not None  # One that was archived is refused.
    if message_class is MessageClass.REQUESTED and not is_registered:
        question = question_about_class(session, message_class, brand=row.brand)
        return replace(question, channel=channel, message_type=row.message_type, sender=row.sender or None)
    question = question_about_type(session, row.message_type)
    return replace(question, sender=row.sender or question.sender)
