"""Composing a text: counted, and from a sender that fits its class, before anything is written."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from prefcenter.core.channels import Channel, MessageClass
from prefcenter.core.errors import BadInput
from prefcenter.core.segments import Segmentation, require_sendable
from prefcenter.store.registry import MessageType


@dataclass(frozen=True, slots=True)
class ComposedText:
    """A text that can leave.

    Args:
        text: what it says.
        sender: the number, short code or Messaging Service that it comes from.
        segmentation: what it costs.
    """

    text: str
    sender: str
    segmentation: Segmentation


def compose_text(session: Session, kind: MessageType, text: str) -> ComposedText:
    """Make the text that leaves out of what was written; only reads.

    Raises:
        BadInput: it is empty or too long, or its type has no sender that it could come from.
    """
    words = text.strip()
    count = require_sendable(words)
    return ComposedText(words, text_sender(session, kind), count)


def text_sender(session: Session, kind: MessageType) -> str:
    """The type's sender; a Messaging Service that marketing comes from is none for anything else.

    A STOP to marketing blocks the whole service at the provider, and with it every other text of the service.
    Source: Twilio, "Advanced Opt-Out"; "Support for opt-out keywords".

    Raises:
        BadInput: there is none.
    """
    if not kind.sender:
        raise BadInput(
            f"The type “{kind.slug}” has no sender, so no text of it can leave.",
            remedy="Register it with a number or a Messaging Service (--sender).",
        )
    if kind.message_class != MessageClass.MARKETING.value and _is_for_marketing(session, kind.sender):
        raise BadInput(
            f"“{kind.slug}” is no marketing, and would come from the Messaging Service of marketing: a STOP there "
            "would block it too.",
            remedy="Give it a Messaging Service of its own.",
        )
    return kind.sender


def _is_for_marketing(session: Session, sender: str) -> bool:
    if not sender.startswith("MG"):
        return False
    query = select(MessageType.id).where(
        MessageType.sender == sender,
        MessageType.channel == Channel.SMS.value,
        MessageType.message_class == MessageClass.MARKETING.value,
        MessageType.archived_at.is_(None),
    )
    return session.scalar(query.limit(1)) is not None
