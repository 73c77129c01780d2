"""Taking a message that another system or an operator wants sent: decided at once, and again when it is dispatched."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from prefcenter.core.channels import Channel, MessageClass
from prefcenter.core.decision import Decision, Refused, until_of
from prefcenter.core.errors import BadInput
from prefcenter.services import deciding, templates
from prefcenter.services.composing import Content, Registered
from prefcenter.services.deciding import Question
from prefcenter.services.errors import AlreadyThere, UnknownType
from prefcenter.services.linting_gate import lint_draft
from prefcenter.services.points import Point, Points
from prefcenter.services.queueing import Desk as Desk
from prefcenter.services.queueing import draft_of, queue_decided, queue_refused
from prefcenter.services.templates import Written
from prefcenter.store import registry
from prefcenter.store.outbox import KeptAnswer, OutboxMessage


@dataclass(frozen=True, slots=True)
class Order:
    """A message that somebody wants sent.

    Args:
        message_type: its registered type.
        to: the address or number, as written.
        channel: what ``to`` is.
        content: what it says; None where a template says it.
        template: the template's slug.
        variables: the values of the template's variables.
        send_at: when it is to leave; None for now.
    """

    message_type: str
    to: str
    channel: Channel
    content: Written | None = None
    template: str | None = None
    variables: Mapping[str, str] = field(default_factory=dict)
    send_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Once:
    """How a caller marks a request that it may send again.

    Args:
        caller: who calls.
        key: the caller's name for the request.
        request: the request itself, to be compared.
    """

    caller: str
    key: str
    request: bytes

    @property
    def digest(self) -> bytes:
        """What is kept of the request: enough to know it again."""
        return hashlib.blake2b(self.request, digest_size=16).digest()


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of an order.

    Args:
        id: the message's id.
        state: ``queued``, ``waiting`` or ``refused``.
        verdict: what the decision said.
        reasons: why, as code, scope, since, source.
        until: when it is decided again.
    """

    id: int
    state: str
    verdict: str
    reasons: tuple[Mapping[str, str | None], ...] = ()
    until: str | None = None


def take(session: Session, desk: Desk, order: Order, *, at: datetime, once: Once | None = None) -> Taken:
    """Put a message into the outbox, or record that it is refused; commits.

    Whatever is decided here is decided again at dispatch: what is queued may still be refused (X2).

    Raises:
        UnknownType: nobody registered the type, or nobody approved it.
        BadAddress: it cannot go to there.
        BadInput: it cannot be sent like this; nothing was written.
        AlreadyThere: another request came under the same key.
    """
    taken = take_within(session, desk, order, at=at, once=once)
    session.commit()
    return taken


def take_within(session: Session, desk: Desk, order: Order, *, at: datetime, once: Once | None = None) -> Taken:
    """Do what :func:`take` does, within the caller's transaction."""
    kept = None
    if once is not None:
        kept, told = _kept(session, once, at)
        if told is not None:
            return told
    taken = _take(session, desk, order, at)
    if kept is not None:
        kept.answer = _as_kept(taken)
    return taken


def _take(session: Session, desk: Desk, order: Order, at: datetime) -> Taken:
    question, registered = registered_type(session, order.message_type)
    point = point_of(desk.points, registered, order)
    written = written_of(session, registered, order.content, order.template)
    content = written.fill(order.variables) if order.template is not None else _as_it_is(written)
    [decision] = decide(session, desk, question, [point], order.send_at, at=at)
    if not isinstance(decision, Refused):
        found = lint_draft(session, order.message_type, subject=content.subject, text=content.text, html=content.html)
        if found.is_refused:
            return _mixed(session, registered, point, order, found.reasons, at)
    made = queue_decided(session, desk, registered, point, content, decision, at=at, send_at=order.send_at)
    return _taken(made.row, decision)


def registered_type(session: Session, slug: str) -> tuple[Question, Registered]:
    """What a message of a type is, and what the type declares.

    Raises:
        UnknownType: nobody registered the type, or nobody approved it.
        BadInput: it is a type of letters.
    """
    question = deciding.question_about_type(session, slug)
    registered = registry.type_by_slug(session, slug)
    if registered is None:
        raise UnknownType(
            f"There is no message type “{slug}”.", remedy="`prefcenter type list` shows those that are registered."
        )
    if registered[0].channel == Channel.POST.value:
        raise BadInput(f"“{slug}” goes by post.", remedy="Letters leave as files: `prefcenter scrub`.")
    return question, registered


def point_of(points: Points, registered: Registered, order: Order) -> Point:
    """To whom an order goes.

    Raises:
        BadAddress: it cannot be an address.
        BadInput: it is none of the channel that the type goes by.
    """
    kind = registered[0]
    if order.channel.value != kind.channel:
        needed = "an email address" if kind.channel == Channel.EMAIL.value else "a phone number"
        raise BadInput(
            f"“{kind.slug}” goes by {kind.channel}, and the recipient has none.", remedy=f"Give {needed} as “to”."
        )
    return points.parse(order.channel, order.to)


def written_of(session: Session, registered: Registered, content: Written | None, template: str | None) -> Written:
    """What a message says before its variables are filled in.

    Raises:
        BadInput: it says nothing, or it is said twice; or the template is not for it.
    """
    kind, brand, _ = registered
    if (content is None) == (template is None):
        raise BadInput("Give either the content or a template.")
    if content is not None:
        return content
    return templates.written_for(session, template or "", Channel(kind.channel), brand.slug)


def _as_it_is(written: Written) -> Content:
    return Content(subject=written.subject, text=written.text, html=written.html)


def decide(
    session: Session, desk: Desk, question: Question, points: list[Point], send_at: datetime | None, *, at: datetime
) -> list[Decision]:
    """Decide for each recipient; what is to leave later is not held against the present hour (S8)."""
    is_later = send_at is not None and send_at > at
    asked = {"requested_at": at} if question.message_class is MessageClass.REQUESTED else {}
    asked_about = replace(question, leaves_now=not is_later)
    return deciding.decide_all(session, desk.keyring, asked_about, points, at=at, **asked)


def _mixed(session: Session, registered: Registered, point: Point, order: Order, why: list[str], at: datetime) -> Taken:
    """Refuse what reads as marketing and is registered as something else (E15)."""
    row = queue_refused(session, draft_of(registered, point, Content(), at, order.send_at), why, at).row
    codes = [dict(zip(("code", "scope"), each.split(" ", 1), strict=False)) for each in why]
    reasons = tuple(
        {"code": each["code"], "scope": each.get("scope", "all"), "since": None, "source": "system"} for each in codes
    )
    return Taken(row.id, "refused", "refused", reasons)


def _taken(row: OutboxMessage, decision: Decision) -> Taken:
    reasons = tuple(
        {
            "code": reason.code.value,
            "scope": reason.scope.label,
            "since": None if reason.since is None else reason.since.isoformat(),
            "source": reason.source.value,
        }
        for reason in decision.reasons
    )
    until = until_of(decision)
    return Taken(row.id, row.state, decision.verdict.value, reasons, None if until is None else until.isoformat())


def _kept(session: Session, once: Once, at: datetime) -> tuple[KeptAnswer | None, Taken | None]:
    """Note a request under its key; or give the answer that it had, if it came before.

    Whoever comes at the same moment waits for the unique index, and then finds the answer.
    """
    row = KeptAnswer(caller=once.caller, key=once.key, request=once.digest, answer=None, at=at)
    try:
        with session.begin_nested():
            session.add(row)
            session.flush()
    except IntegrityError:
        query = select(KeptAnswer).where(KeptAnswer.caller == once.caller, KeptAnswer.key == once.key)
        found = session.scalars(query).one()
        if found.request != once.digest:
            raise AlreadyThere(
                "Another request came under the same Idempotency-Key.", remedy="Give each request a key of its own."
            ) from None
        return None, _from_kept(found.answer or {})
    return row, None


def _as_kept(taken: Taken) -> dict[str, Any]:
    reasons = [dict(reason) for reason in taken.reasons]
    return {"id": taken.id, "state": taken.state, "verdict": taken.verdict, "reasons": reasons, "until": taken.until}


def _from_kept(kept: Mapping[str, Any]) -> Taken:
    return Taken(kept["id"], kept["state"], kept["verdict"], tuple(kept["reasons"]), kept["until"])


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a message has come, without its address and content.

    Args:
        row: the message.
        rerouted_to: the message that it goes on as, or None.
    """

    row: OutboxMessage
    rerouted_to: int | None


def find(session: Session, message_id: int) -> Progress | None:
    """Find a message by its id."""
    row = session.get(OutboxMessage, message_id)
    if row is None:
        return None
    return Progress(row, session.scalar(select(OutboxMessage.id).where(OutboxMessage.rerouted_from == row.id).limit(1)))
