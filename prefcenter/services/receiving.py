"""Taking in what people and providers send: kept raw and durable first, handled once after that (X5).

Two transactions: the first keeps the message as it came, and a unique index decides whether it is a duplicate. The
second decides, records and marks it handled in one commit. A crash between them loses nothing: the provider's next
try, or :func:`handle_leftovers`, finds the message unhandled and handles it then.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from prefcenter.core.calendars import Duty, deadline
from prefcenter.services.points import Points
from prefcenter.services.ports import Keyring
from prefcenter.store import inbound
from prefcenter.store.engine import Database, StoreUnavailable
from prefcenter.store.inbound import InboundMessage
from prefcenter.store.reviews import Review

_log = logging.getLogger(__name__)

LEFT_OVER_AFTER = timedelta(minutes=1)
"""So old is a message that was kept and not handled when a worker takes it: its webhook is surely gone."""

GIVE_UP_AFTER = timedelta(hours=1)
"""So old is a message that we cannot handle when a person gets it instead."""

_MOST_LETTERS = 64


@dataclass(frozen=True, slots=True)
class Reception:
    """What those who take messages in work with.

    Args:
        keyring: the keys.
        points: makes contact points.
        base_url: the public address, without a slash at its end.
        inbound_domain: the domain whose mail comes to us, or empty.
        uses_sandbox: whether no provider is configured, so that a reply is shown in the sandbox.
        country: the jurisdiction that deadlines are reckoned in.
    """

    keyring: Keyring
    points: Points
    base_url: str
    inbound_domain: str = ""
    uses_sandbox: bool = True
    country: str = "US"


@dataclass(frozen=True, slots=True)
class Incoming:
    """A message as it came.

    Args:
        provider: who handed it over, and what it is: ``twilio-sms``, ``mail`` …
        provider_id: the provider's name for it, or a hash where it has none; see :func:`named`.
        content_type: of ``raw``.
        raw: the bytes.
        envelope: what came beside the bytes and is needed to read them; JSON values.
    """

    provider: str
    provider_id: str
    content_type: str
    raw: bytes
    envelope: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Handled:
    """What came of a message.

    Args:
        outcome: ``recorded``, ``review``, ``recorded_and_review``, ``unsubscribed``, ``lifted``, ``answered``,
            ``ignored`` or ``stored``.
        answer: what is told to whoever handed it over, and again to each duplicate; JSON values.
        problem: why it was not handled further, or empty; no personal data.
    """

    outcome: str
    answer: Mapping[str, Any] = field(default_factory=dict)
    problem: str = ""


Handler = Callable[[Session, InboundMessage, datetime, bool], Handled]
"""Decides and records within the caller's transaction: session, the message, now, and whether a reply reaches its
sender (the provider waits for our answer)."""


def named(*parts: str | bytes) -> str:
    """Name a message that its provider did not name, by a hash of what tells it from others."""
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
        digest.update(len(data).to_bytes(8, "big") + data)
    return digest.hexdigest()


def keep(session: Session, incoming: Incoming, *, at: datetime) -> tuple[int, bool]:
    """Keep a message as it came, once; commits.

    Returns:
        Its id, and whether it is new.
    """
    row = _row(incoming, at)
    session.add(row)
    try:
        session.commit()
    except IntegrityError:
        session.rollback()
        known = inbound.by_provider_id(session, incoming.provider, row.provider_id)
        if known is None:
            raise
        return known.id, False
    return row.id, True


def _row(incoming: Incoming, at: datetime) -> InboundMessage:
    return InboundMessage(
        provider=incoming.provider,
        provider_id=_fitting(incoming.provider_id),
        content_type=storable(incoming.content_type)[:200],
        raw=incoming.raw,
        envelope=storable_json(dict(incoming.envelope)),
        received_at=at,
        state="received",
        problem="",
    )


def _fitting(name: str) -> str:
    plain = name.isascii() and name.isprintable() and 0 < len(name) <= _MOST_LETTERS
    return name if plain else named(name)


def take_in(database: Database, incoming: Incoming, handler: Handler, *, at: datetime) -> tuple[int, Handled]:
    """Keep a message, then handle it; a duplicate gets the answer that the first one got.

    Raises:
        StoreUnavailable: nothing, or only the message itself, was written; trying again is harmless.
    """
    with database.write() as session:
        inbound_id, _ = keep(session, incoming, at=at)
    return inbound_id, handle(database, inbound_id, handler, at=at)


def take_in_at_once(database: Database, incoming: Incoming, handler: Handler, *, at: datetime) -> tuple[int, Handled]:
    """Do what :func:`take_in` does in one transaction, which waits for the disk once.

    Only for providers that try again until they get a 2xx: a crash in the middle leaves nothing, and nobody was told
    that it was taken. A message that cannot be handled is kept all the same, for the worker to try again.

    Raises:
        StoreUnavailable: as :func:`take_in` does.
    """
    row = _row(incoming, at)
    try:
        with database.write() as session:
            if inbound.add_new(session, row):
                handled = handler(session, row, at, True)
                _close(row, handled, at)
                inbound.close(session, row)
                session.commit()
                return row.id, Handled(handled.outcome, row.answer or {}, row.problem)
    except StoreUnavailable:
        raise
    except Exception as error:  # noqa: BLE001 - it is tried once more below, with the message kept before
        _log.error("a message could not be handled at once: %s", type(error).__name__)
    return take_in(database, incoming, handler, at=at)


def _close(row: InboundMessage, handled: Handled, at: datetime) -> None:
    row.state, row.handled_at = "handled", at
    row.outcome, row.answer = handled.outcome, storable_json(dict(handled.answer))
    row.problem = storable(handled.problem)


def handle(database: Database, inbound_id: int, handler: Handler, *, at: datetime, replies: bool = True) -> Handled:
    """Handle a kept message unless that was done: what it says, what is recorded and its answer in one commit."""
    with database.write() as session:
        # The lock makes a duplicate that arrives meanwhile wait for the answer of the first.
        row = session.scalars(select(InboundMessage).where(InboundMessage.id == inbound_id).with_for_update()).one()
        if row.state != "received":
            return Handled(row.outcome or row.state, row.answer or {}, row.problem)
        handled = handler(session, row, at, replies)
        _close(row, handled, at)
        session.commit()
        return Handled(handled.outcome, row.answer or {}, row.problem)


def handle_leftovers(database: Database, handlers: Mapping[str, Handler], *, at: datetime, limit: int = 50) -> int:
    """Handle what was kept and not handled, such as after a crash; nobody waits for a reply any more.

    A message that cannot be handled is tried again for an hour; then a person gets it. Nothing is ever dropped.

    Returns:
        How many were handled.
    """
    with database.read() as session:
        waiting = inbound.unhandled(session, at - LEFT_OVER_AFTER, limit)
    done = 0
    for inbound_id in waiting:
        try:
            handle(database, inbound_id, _any_of(handlers), at=at, replies=False)
            done += 1
        except Exception as error:  # noqa: BLE001 - one that fails must not hold up the others
            _log.error("inbound message %s could not be handled: %s", inbound_id, type(error).__name__)
            _note_failure(database, inbound_id, type(error).__name__, at)
    return done


def _any_of(handlers: Mapping[str, Handler]) -> Handler:
    def handler(session: Session, row: InboundMessage, at: datetime, replies: bool) -> Handled:
        return handlers[row.provider](session, row, at, replies)

    return handler


def _note_failure(database: Database, inbound_id: int, problem: str, at: datetime) -> None:
    def give_up(session: Session, row: InboundMessage, at: datetime, _replies: bool) -> Handled:
        ask_person(session, row, "unreadable", f"It could not be handled: {problem}.", {}, Duty.SMS_OPT_OUT, at=at)
        return Handled("review", problem=problem)

    with database.read() as session:
        received_at = session.scalars(select(InboundMessage.received_at).where(InboundMessage.id == inbound_id)).one()
    if at - received_at >= GIVE_UP_AFTER:
        handle(database, inbound_id, give_up, at=at)


def ask_person(
    session: Session,
    row: InboundMessage,
    kind: str,
    why: str,
    understood: Mapping[str, Any],
    duty: Duty,
    *,
    at: datetime,
    suppression_id: int | None = None,
    country: str = "US",
) -> datetime:
    """Put a message before a person, its clock running since receipt (P2); within the caller's transaction.

    Returns:
        By when the person must be done.
    """
    due_at = deadline(duty, row.received_at, country)
    review = Review(
        kind=kind,
        inbound_id=row.id,
        suppression_id=suppression_id,
        why=storable(why),
        understood=storable_json(dict(understood)),
        opened_at=at,
        due_at=due_at,
        state="open",
        resolution="",
    )
    session.add(review)
    session.flush()
    return due_at


def storable(text: str) -> str:
    """The text without what a database cannot keep: NUL and lone surrogates."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")


def storable_json(value: Any) -> Any:
    """The JSON value with every text in it storable."""
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, Mapping):
        return {storable(str(key)): storable_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [storable_json(item) for item in value]
    return value
