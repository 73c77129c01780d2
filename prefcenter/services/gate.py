"""The gate: decides a message from the outbox at the moment of its dispatch (X1, X2).

It fails closed: what it cannot decide it does not clear, and what it does not understand it refuses.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row
from sqlalchemy.orm import Session

from prefcenter.core.channels import Channel, MessageClass
from prefcenter.core.decision import Decision
from prefcenter.core.errors import BadAddress
from prefcenter.core.policy import LONGEST_WAIT
from prefcenter.services.deciding import Question, decide_all, question_about_class, question_about_type
from prefcenter.services.errors import UnknownType
from prefcenter.services.points import Point, Points
from prefcenter.services.ports import Keyring
from prefcenter.store import registry
from prefcenter.store.outbox import OutboxMessage

CONFIRMATION = "stop-confirmation"
"""The message type of the one confirmation of a STOP (S4)."""

HELP = "help"
"""The message type of the answer to a HELP (S7)."""

ACKNOWLEDGEMENT = "acknowledgement"
"""The message type of the acknowledgement of a postal request (P3)."""

OPT_IN = "opt-in-confirmation"
"""The message type of the mail that asks whether somebody really wants what was ticked for them (G6)."""

CODE = "address-code"
"""The message type of a code that opens more than a link does (E18)."""

PREFERENCE_LINK = "preference-link"
"""The message type of a link to the preference page, for whoever has no mail of ours at hand."""

OWN_TYPES = frozenset({CONFIRMATION, HELP, ACKNOWLEDGEMENT, OPT_IN, CODE, PREFERENCE_LINK})
"""Messages of our own, which answer what a person wrote; nobody registers a type of these names."""

Waiting = OutboxMessage | Row[Any]
"""A message of the outbox, whole or as its bare row."""


def clear(session: Session, keyring: Keyring, points: Points, row: OutboxMessage, *, at: datetime) -> Decision:
    """Decide one message of the outbox; only reads.

    Raises:
        UnknownType: its type is not registered, or no longer; it must not be sent.
        BadAddress: there is no address left to send it to.
        MissingKey: a key in use is missing.
    """
    found = clear_all(session, keyring, points, [row], at=at)[0]
    if isinstance(found, UnknownType | BadAddress):
        raise found
    return found


def clear_all(
    session: Session, keyring: Keyring, points: Points, rows: Sequence[Waiting], *, at: datetime
) -> list[Decision | UnknownType | BadAddress]:
    """Decide messages of the outbox, each for its own recipient, with one look-up for those that are alike; only reads.

    Returns:
        What was decided of each, in their order; an error stands where one cannot be sent for want of its type or
        address.

    Raises:
        MissingKey: a key in use is missing.
    """
    decided: dict[int, Decision | UnknownType | BadAddress] = {}
    alike: dict[tuple[Any, ...], list[tuple[int, Point]]] = defaultdict(list)
    for place, row in enumerate(rows):
        try:
            point = points.given(Channel(row.channel), {"address": row.to or ""})
        except BadAddress as error:
            decided[place] = error
            continue
        alike[_likeness(row)].append((place, point))
    for group in alike.values():
        row = rows[group[0][0]]
        try:
            question, asked = question_of(session, row), _asked(row)
        except UnknownType as error:
            decided |= dict.fromkeys((place for place, _ in group), error)
            continue
        told = decide_all(session, keyring, question, [point for _, point in group], at=at, **asked)
        decided |= dict(zip((place for place, _ in group), told, strict=True))
    return [decided[place] for place in range(len(rows))]


def _likeness(row: Waiting) -> tuple[Any, ...]:
    """What messages have in common that are asked about together."""
    times = (row.not_before, row.created_at, row.requested_at)
    return (row.channel, row.message_class, row.message_type, row.brand, row.sender, *times)


def _asked(row: Waiting) -> dict[str, Any]:
    asked: dict[str, Any] = {"wait_ends": (row.not_before or row.created_at) + LONGEST_WAIT}
    if row.message_class == MessageClass.REQUESTED.value:
        asked["requested_at"] = row.requested_at or row.created_at
    if row.message_type == CONFIRMATION:
        asked["is_confirmation"] = True
    if row.message_type == HELP:
        asked["answers_help"] = True
    return asked


def question_of(session: Session, row: Waiting) -> Question:
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
