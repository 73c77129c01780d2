"""SendGrid's events in our own words: what each says, and what must be left alone.

========================= ===========================================================
SendGrid says             here it is
========================= ===========================================================
processed                 accepted
delivered                 delivered
deferred, open, click     nothing: it is still trying; and what people read is theirs
bounce                    a bounce for good, unless its status says that it will pass
bounce, type blocked      not delivered; nothing of the recipient
dropped                   by its reason: what SendGrid's own list says, or nothing
spamreport                a complaint
unsubscribe               an opt-out of all marketing mail
group_unsubscribe         an opt-out of what the group stands for
group_resubscribe         nothing: only the person's own act here lifts (X10)
========================= ===========================================================

Source: SendGrid, "Event Webhook Reference"; RFC 3463 for the status.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Final

import msgspec
from sqlalchemy.orm import Session

from prefcenter.services import batches
from prefcenter.services.batches import ReadBatch
from prefcenter.services.event_facts import EventKind, Told
from prefcenter.services.receiving import Handled, Reception, named, storable
from prefcenter.store.inbound import InboundMessage

NAME: Final = "sendgrid"

_PLAIN: Final[Mapping[str, EventKind]] = MappingProxyType(
    {
        "processed": EventKind.ACCEPTED,
        "delivered": EventKind.DELIVERED,
        "spamreport": EventKind.COMPLAINED,
        "unsubscribe": EventKind.UNSUBSCRIBED,
        "group_unsubscribe": EventKind.GROUP_UNSUBSCRIBED,
    }
)
_SILENT: Final = frozenset({"deferred", "open", "click", "group_resubscribe"})
_DROPPED: Final[Mapping[str, EventKind]] = MappingProxyType(
    {
        "unsubscribed address": EventKind.DROPPED_UNSUBSCRIBED,
        "bounced address": EventKind.DROPPED_BOUNCED,
        "invalid": EventKind.DROPPED_BOUNCED,
        "spam reporting address": EventKind.DROPPED_COMPLAINED,
    }
)
_LONGEST_GROUP: Final = 20
_LONGEST_ID: Final = 120
_MOST_MESSAGES: Final = 2**63


def handle(reception: Reception, session: Session, row: InboundMessage, at: datetime, _replies: bool) -> Handled:
    """Work off a kept batch, see :data:`prefcenter.services.receiving.Handler`; all of it has one cause."""
    return batches.receive(session, reception, NAME, read, row, f"{NAME}-{row.id}", at=at)


def read(row: InboundMessage, kinds: frozenset[EventKind]) -> ReadBatch:
    """Read the events of some kinds out of a batch; one that is malformed never takes the others with it."""
    quick = _read_few(row.raw, kinds) if not kinds & _COMMON else None
    if quick is not None:
        return quick
    items = _items(row.raw)
    if items is None:
        return ReadBatch((), 0, problem="The batch is no list of events.")
    told, malformed = [], []
    for place, item in enumerate(items):
        kind = kind_of(item)
        if kind is not None and kind in kinds:
            told.append(_told(item, kind))
        elif kind is None and not _says_nothing(item):
            malformed.append(place)
    return ReadBatch(told, len(items), tuple(malformed))


class _Glance(msgspec.Struct, gc=False):
    """All that is looked at of an event that says nothing we ask for."""

    event: str


_GLANCES: Final = msgspec.json.Decoder(list[_Glance])
_APART: Final = msgspec.json.Decoder(list[msgspec.Raw])
_COMMON: Final = frozenset({EventKind.ACCEPTED, EventKind.DELIVERED})


def _read_few(raw: bytes, kinds: frozenset[EventKind]) -> ReadBatch | None:
    """Read the few events that refuse out of a batch of a thousand, by a glance at each; None where one is malformed.

    The provider waits meanwhile, and parsing every field of every event would take three times as long.
    """
    wanted = {event for event, kind in _PLAIN.items() if kind in kinds} | set(_JUDGED)
    try:
        names = [glance.event for glance in _GLANCES.decode(raw)]
        if not all(names):
            return None
        places = [place for place, name in enumerate(names) if name in wanted]
        apart = _APART.decode(raw) if places else []
        items = [msgspec.json.decode(apart[place]) for place in places]
    except (ValueError, RecursionError):
        return None
    judged = [(item, kind_of(item)) for item in items]
    return ReadBatch([_told(item, kind) for item, kind in judged if kind is not None and kind in kinds], len(names))


def _items(raw: bytes) -> list[Any] | None:
    """The events, or None where the body is none; a single one may stand alone."""
    for decode in (msgspec.json.decode, _lenient):  # The first is fast, and strict about numbers and surrogates.
        try:
            value = decode(raw)
        except (ValueError, RecursionError):
            continue
        return value if isinstance(value, list) else [value] if isinstance(value, dict) else None
    return None


def _lenient(raw: bytes) -> Any:
    return json.loads(raw.decode("utf-8", "replace"))


def kind_of(item: Any) -> EventKind | None:
    """What an event says, or None where it says nothing that we act on, or is none.

    >>> kind_of({"event": "bounce", "type": "blocked"})
    <EventKind.BLOCKED: 'blocked'>
    """
    event = item.get("event") if isinstance(item, dict) else None
    if not isinstance(event, str):
        return None
    judge = _JUDGED.get(event)
    return judge(item) if judge is not None else _PLAIN.get(event)


def _bounce(item: Mapping[str, Any]) -> EventKind:
    status = str(item.get("status") or "").strip()
    passes = status.startswith(("4", "5.2.2"))  # RFC 3463 §3.3: the mailbox is there, and full.
    return EventKind.BLOCKED if passes or item.get("type") == "blocked" else EventKind.BOUNCED


def _dropped(item: Mapping[str, Any]) -> EventKind:
    return _DROPPED.get(str(item.get("reason") or "").strip().lower(), EventKind.BLOCKED)


_JUDGED: Final[Mapping[str, Callable[[Mapping[str, Any]], EventKind]]] = MappingProxyType(
    {"bounce": _bounce, "dropped": _dropped}
)


def _says_nothing(item: Any) -> bool:
    """Whether an event is well formed and needs nothing done: of a kind that is left alone, or that is new to us."""
    event = item.get("event") if isinstance(item, dict) else None
    return isinstance(event, str) and bool(event) and (event in _SILENT or event not in _PLAIN)


def _told(item: Mapping[str, Any], kind: EventKind) -> Told:
    return Told(
        event_id=_id(item),
        kind=kind,
        address=storable(item["email"]) if isinstance(item.get("email"), str) else "",
        occurred_at=_moment(item.get("timestamp")),
        message_id=_number(item.get("pc_message")),
        provider_message=_message_name(item.get("sg_message_id")),
        group=_group(item.get("asm_group_id")),
        detail=_status(item.get("status")),
    )


def _id(item: Mapping[str, Any]) -> str:
    told = item.get("sg_event_id")
    if isinstance(told, str) and 0 < len(told) <= _LONGEST_ID and told.isascii() and told.isprintable():
        return told
    return named(json.dumps(item, sort_keys=True, default=str))


def _group(told: Any) -> str:
    """The number of an unsubscribe group; whatever else stands there is none.

    >>> _group(15), _group("15"), _group(None), _group("all")
    ('15', '15', '', '')
    """
    text = str(told) if isinstance(told, int | str) and not isinstance(told, bool) else ""
    return text if text.isascii() and text.isdigit() and len(text) <= _LONGEST_GROUP else ""


def _message_name(told: Any) -> str:
    """The name that the call was answered with; behind it stands who took it, and the recipient's place.

    >>> _message_name("14c5d75ce93.dfd.64b469.filter0001.16648.5515E0B88.0"), _message_name("sVPqTO3_Qhu.recvd-7b9d-0")
    ('14c5d75ce93.dfd.64b469', 'sVPqTO3_Qhu')
    """
    if not isinstance(told, str) or not told.isascii():
        return ""
    head = told.partition(".filter")[0] if ".filter" in told else told.partition(".")[0]
    return head[:_LONGEST_ID] if head.isprintable() else ""


def _moment(told: Any) -> datetime | None:
    try:
        return datetime.fromtimestamp(float(told), UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        return None


def _number(told: Any) -> int | None:
    text = str(told) if isinstance(told, int | str) else ""
    found = int(text) if text.isascii() and text.isdigit() and len(text) <= 19 else None
    return found if found is not None and found < _MOST_MESSAGES else None


def _status(told: Any) -> str:
    """The status, as its three numbers; words would quote the address (X8)."""
    text = str(told or "").strip()
    return text if len(text) <= 12 and all(letter in "0123456789." for letter in text) else ""
