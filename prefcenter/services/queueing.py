"""A decided message of a registered type goes into the outbox, composed and in its state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.orm import Session

from prefcenter.core.channels import Channel, MessageClass
from prefcenter.core.decision import Decision, Refused, Reroute, Wait
from prefcenter.services import outgoing, rerouting
from prefcenter.services.composing import Content, Registered, compose
from prefcenter.services.links import LinkMaker
from prefcenter.services.outgoing import Draft, Queued, reasons_given
from prefcenter.services.points import Point, Points
from prefcenter.services.ports import Keyring


@dataclass(frozen=True, slots=True)
class Desk:
    """What taking a message needs besides the session.

    Args:
        keyring: the keys.
        points: makes contact points.
        maker: makes the links of a mail.
    """

    keyring: Keyring
    points: Points
    maker: LinkMaker


def queue_decided(
    session: Session,
    desk: Desk,
    registered: Registered,
    point: Point,
    content: Content,
    decision: Decision,
    *,
    at: datetime,
    send_at: datetime | None = None,
    batch: str = "",
    variables: Mapping[str, str] | None = None,
    cause: str | None = None,
) -> Queued:
    """Put a decided message into the outbox, in its state; within the caller's transaction.

    A refused one keeps no content: nobody will ever read it. One whose cause has a message already is left as it is.

    Raises:
        BadInput: it cannot be composed; says why, and nothing was put there.
    """
    draft = replace(draft_of(registered, point, Content(), at, send_at), cause=cause)
    if isinstance(decision, Refused):
        return queue_refused(session, draft, reasons_given(decision.reasons), at)
    whole = compose(session, desk.keyring, desk.maker, point, registered, content)
    draft = replace(
        draft,
        subject=whole.subject,
        text=whole.text,
        html=whole.html,
        headers=whole.headers,
        sender=whole.sender,
        batch=batch,
        variables=variables,
    )
    made = outgoing.queue_once(session, draft, at=at)
    if made.is_new:
        row = made.row
        row.content = {**(row.content or {}), "written": {"subject": content.subject, "text": content.text}}
        _settle(session, desk, made, decision, at)
    return made


def _settle(session: Session, desk: Desk, made: Queued, decision: Decision, at: datetime) -> None:
    """Say of a new message what was decided of it, where it cannot leave at once."""
    row = made.row
    if isinstance(decision, Reroute) and (
        rerouting.way_out(session, desk.keyring, desk.points, desk.maker, row) is None
    ):
        outgoing.refuse(session, row, [*reasons_given(decision.reasons), rerouting.NOWHERE], at)
    if isinstance(decision, Wait):
        row.state, row.why = "waiting", reasons_given(decision.reasons)
        row.due_at = max(decision.until, row.due_at)
        outgoing.log(session, "wait", row, {"reasons": row.why, "until": row.due_at.isoformat()}, at=at)


def queue_refused(session: Session, draft: Draft, why: list[str], at: datetime) -> Queued:
    """Put a message on record that was refused at once; within the caller's transaction."""
    made = outgoing.queue_once(session, draft, at=at)
    if made.is_new:
        outgoing.refuse(session, made.row, why, at)
    return made


def draft_of(
    registered: Registered, point: Point, content: Content, at: datetime, send_at: datetime | None = None
) -> Draft:
    """The draft of a message of a registered type."""
    kind, brand, topic = registered
    is_requested = kind.message_class == MessageClass.REQUESTED.value
    return Draft(
        channel=Channel(kind.channel),
        message_class=MessageClass(kind.message_class),
        message_type=kind.slug,
        point=point,
        subject=content.subject,
        text=content.text,
        html=content.html,
        headers=content.headers,
        brand=brand.slug,
        topic=None if topic is None else topic.slug,
        sender=kind.sender,
        requested_at=at if is_requested else None,
        send_at=send_at,
    )
