"""Twilio's status callbacks in our own words; they come out of order, and again.

Source: Twilio, "Outbound message status in status callbacks"; the codes stand in :mod:`.twilio_errors`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final
from urllib.parse import parse_qs

from sqlalchemy.orm import Session

from prefcenter.core.channels import Reason
from prefcenter.providers.twilio_errors import reason_of
from prefcenter.services import batches
from prefcenter.services.batches import ReadBatch
from prefcenter.services.event_facts import EventKind, Told
from prefcenter.services.receiving import Handled, Incoming, Reception, named, storable
from prefcenter.store.inbound import InboundMessage

NAME: Final = "twilio"
MESSAGE_ARGUMENT: Final = "pc_message"
"""The parameter in the callback's address that tells our own number of the message, where the sender put it there."""

_PLAIN: Final[Mapping[str, EventKind]] = MappingProxyType(
    {
        "scheduled": EventKind.SCHEDULED,
        "accepted": EventKind.ACCEPTED,
        "queued": EventKind.ACCEPTED,
        "sending": EventKind.ACCEPTED,
        "sent": EventKind.ACCEPTED,
        "delivered": EventKind.DELIVERED,
        "read": EventKind.DELIVERED,
        "canceled": EventKind.CANCELED,
    }
)
_FAILED: Final = frozenset({"failed", "undelivered"})
_CARRIER_BLOCKED: Final = 30004
_KIND_OF: Final = {Reason.OPT_OUT: EventKind.STOPPED, Reason.DEAD_NUMBER: EventKind.DEAD}


def with_argument(incoming: Incoming, told: str | None) -> Incoming:
    """The callback as it is to be kept, with what its address tells of the message."""
    if not told or not told.isascii() or not told.isdigit() or len(told) > 18:
        return incoming
    envelope = {MESSAGE_ARGUMENT: int(told)}
    return Incoming(incoming.provider, incoming.provider_id, incoming.content_type, incoming.raw, envelope)


def handle(reception: Reception, session: Session, row: InboundMessage, at: datetime, _replies: bool) -> Handled:
    """Work off a kept callback, see :data:`prefcenter.services.receiving.Handler`.

    Its cause is its error code on that day, so that one outage that called many numbers dead can be undone at once.
    """
    code = _code(_parameters(row.raw))
    cause = f"{NAME}-{code or 'status'}-{row.received_at:%Y%m%d}"
    return batches.receive(session, reception, NAME, read, row, cause, at=at)


def read(row: InboundMessage, kinds: frozenset[EventKind]) -> ReadBatch:
    """Read the one event of a callback."""
    values = _parameters(row.raw)
    name, status = _first(values, "MessageSid", "SmsSid"), _first(values, "MessageStatus", "SmsStatus").lower()
    if not name or not status:
        return ReadBatch((), 1, (0,))
    kind = kind_of(status, _code(values))
    if kind is None or kind not in kinds:
        return ReadBatch((), 1)
    number = row.envelope.get(MESSAGE_ARGUMENT)
    told = Told(
        event_id=_named(f"{name}:{status}"),
        kind=kind,
        address=_first(values, "To"),
        occurred_at=row.received_at,
        message_id=number if isinstance(number, int) else None,
        provider_message=name if len(name) <= 120 else "",
        senders=tuple(one[:100] for one in (_first(values, "MessagingServiceSid"), _first(values, "From")) if one),
        detail=str(_code(values) or ""),
    )
    return ReadBatch((told,), 1)


def kind_of(status: str, code: int | None) -> EventKind | None:
    """What a status with its error code says; soft failures and those of our own say nothing of the recipient.

    >>> kind_of("undelivered", 30005), kind_of("undelivered", 30003), kind_of("failed", 21610)
    (<EventKind.DEAD: 'dead'>, <EventKind.BLOCKED: 'blocked'>, <EventKind.STOPPED: 'stopped'>)
    """
    if status not in _FAILED:
        return _PLAIN.get(status)
    if code == _CARRIER_BLOCKED:
        return EventKind.CARRIER_BLOCKED
    reason = reason_of(code)
    return EventKind.BLOCKED if reason is None else _KIND_OF.get(reason, EventKind.BLOCKED)


def _parameters(raw: bytes) -> dict[str, list[str]]:
    return parse_qs(raw.decode("utf-8", "replace"), keep_blank_values=True, errors="replace")


def _first(values: Mapping[str, list[str]], *names: str) -> str:
    return storable(next((value for name in names for value in values.get(name, ()) if value), ""))


def _code(values: Mapping[str, list[str]]) -> int | None:
    text = _first(values, "ErrorCode").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 6 else None


def _named(name: str) -> str:
    return name if len(name) <= 120 and name.isascii() and name.isprintable() else named(name)
