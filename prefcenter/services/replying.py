"""The two texts that we answer a text with: the one confirmation of a STOP (S4) and the answer to a HELP (S7).

A reply is a message like any other: decided, put on record, logged. It leaves with our answer to the provider's
webhook; where nobody waits for that answer any more, it is queued instead.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from prefcenter.core.channels import Channel, MessageClass, Scope, ScopeKind
from prefcenter.core.decision import Cleared
from prefcenter.core.policy import CONFIRMATION_WINDOW, REQUEST_WINDOW
from prefcenter.services import gate, outgoing
from prefcenter.services.outgoing import Draft
from prefcenter.services.points import Point
from prefcenter.services.receiving import Reception
from prefcenter.services.rendering import render_text_message, spoken
from prefcenter.store import contacts, registry
from prefcenter.store.inbound import InboundMessage
from prefcenter.store.outbox import SandboxMessage
from prefcenter.store.registry import Brand


@dataclass(frozen=True, slots=True)
class ReplyTo:
    """What a reply answers.

    Args:
        session: the caller's.
        reception: what it works with.
        point: to whom.
        row: the text that it answers.
        written_to: what the text was sent to, which the reply comes from.
        scopes: the senders that the text was about.
        is_waited_for: whether the provider waits for our answer.
        at: now.
    """

    session: Session
    reception: Reception
    point: Point
    row: InboundMessage
    written_to: str
    scopes: tuple[Scope, ...]
    is_waited_for: bool
    at: datetime

    @property
    def senders(self) -> list[str]:
        """The senders that we know and that the text was about."""
        return [scope.ref for scope in self.scopes if scope.kind is ScopeKind.SENDER]

    @property
    def language(self) -> str:
        """The language on file for that number; the keywords are the same in each."""
        return spoken(contacts.language_at(self.session, self.point.own))


def confirm_stop(to: ReplyTo, *, stop: int) -> Mapping[str, Any]:
    """Confirm a STOP, once and within five minutes, with no marketing in it (S4).

    Returns:
        The answer to the provider: the reply, or nothing.
    """
    brand = brand_of(to.session, to.senders)
    text = render_text_message(
        "sms/stop-confirmation.txt",
        language=to.language,
        brand=brand.name if brand is not None else "",
        only_this_number=bool(to.senders),
        can_keep_account_alerts=_sends_more_than_marketing(to.session, to.senders),
    )
    return _reply(to, gate.CONFIRMATION, text, brand, cause=f"stop:{stop}")


def help_with(to: ReplyTo) -> Mapping[str, Any]:
    """Say who we are, whom to ask and how to stop; STOP is named as one way among others (S3, S7)."""
    brand = brand_of(to.session, to.senders)
    text = render_text_message(
        "sms/help.txt",
        language=to.language,
        brand=brand.name if brand is not None else "",
        contact=(brand.contact if brand is not None else "") or f"{to.reception.base_url}/help/sms",
        stop_url=f"{to.reception.base_url}/help/sms",
    )
    return _reply(to, gate.HELP, text, brand, cause=f"help:{to.row.id}")


def brand_of(session: Session, senders: Sequence[str]) -> Brand | None:
    """The one brand that sends from there, else the only one there is, else none."""
    found = {brand.id: brand for kind, brand, _ in registry.types(session) if kind.sender in senders}
    if not found:
        found = {brand.id: brand for brand in registry.brands(session)}
    return next(iter(found.values())) if len(found) == 1 else None


def _sends_more_than_marketing(session: Session, senders: Sequence[str]) -> bool:
    kinds = (kind for kind, _, _ in registry.types(session) if kind.sender in senders)
    return any(kind.message_class != MessageClass.MARKETING.value for kind in kinds)


def _reply(to: ReplyTo, message_type: str, text: str, brand: Brand | None, *, cause: str) -> Mapping[str, Any]:
    draft = Draft(
        channel=Channel.SMS,
        message_class=MessageClass.REQUESTED,
        message_type=message_type,
        point=to.point,
        text=text,
        brand=brand.slug if brand is not None else None,
        sender=to.written_to,
        cause=cause,
        requested_at=to.row.received_at,
    )
    if not to.is_waited_for:
        outgoing.queue(to.session, draft, at=to.at)
        return {}
    row = outgoing.row_of(draft, at=to.at)
    decision = gate.clear(to.session, to.reception.keyring, to.reception.points, row, at=to.at)
    row.state = "sent" if isinstance(decision, Cleared) else "refused"
    row.why = outgoing.reasons_given(decision.reasons)
    row.sent_at = to.at if row.state == "sent" else None
    to.session.add(row)
    to.session.flush()
    facts = {"state": "sent", "by": "reply"} if row.state == "sent" else {"reasons": row.why}
    outgoing.log(to.session, "send" if row.state == "sent" else "refuse", row, facts, at=to.at)
    if row.state != "sent":
        return {}
    if to.reception.uses_sandbox:
        _show_in_sandbox(to, draft, row.id)
    window = CONFIRMATION_WINDOW if message_type == gate.CONFIRMATION else REQUEST_WINDOW
    return {"reply": text, "reply_until": (to.row.received_at + window).isoformat()}


def _show_in_sandbox(to: ReplyTo, draft: Draft, number: int) -> None:
    """Without a provider nobody delivers our answer, so the sandbox's recipient gets it here."""
    to.session.add(
        SandboxMessage(
            channel=draft.channel.value,
            to=str((to.point.given or {})["address"]),
            message_class=draft.message_class.value,
            message_type=draft.message_type,
            subject="",
            text=draft.text,
            html="",
            headers={},
            at=to.at,
            outbox_id=number,
        )
    )
