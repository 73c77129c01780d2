"""Messages that are decided and handed over together: those that share one call, or some dozens with a call each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from prefcenter.core.channels import Channel
from prefcenter.core.decision import Cleared
from prefcenter.services.delivering import Delivered
from prefcenter.services.ports import Outgoing, Sender
from prefcenter.store.dispatches import Claim

TOGETHER = 50
"""So many messages are decided together at most that need a call each: as many as are handed over in that time, and as
are left unknown by a worker that dies at the wrong moment."""


@dataclass(slots=True)
class Call:
    """Messages that are decided and handed over together.

    Args:
        fences: of each its fencing token.
        channel: how they go.
        is_shared: whether they share one call to the provider; else each has its own.
        is_again: whether all of them were too late before.
        until: until when they may be handed over; set by their decision, like what follows.
        rows: those that are cleared, as they stand in the outbox.
        cleared: what is handed over.
        delivered: what came of it.
        over_at: when that was known.
    """

    fences: dict[int, int]
    channel: Channel
    is_shared: bool
    is_again: bool = False
    rows: list[Row[Any]] = field(default_factory=list)
    cleared: list[tuple[Cleared, Outgoing]] = field(default_factory=list)
    delivered: list[Delivered] = field(default_factory=list)
    over_at: datetime | None = None


def calls_of(claims: Sequence[Claim], senders: Mapping[Channel, Sender]) -> Iterator[Call]:
    """Put together what may share one call, and the others by some dozens, in the order in which they were claimed.

    Of the latter no two go to the same recipient: the second is decided when the first is on record (S8).
    """
    calls: dict[tuple[Channel, str], Call] = {}
    recipients: dict[Channel, set[bytes]] = {}
    for claim in claims:
        channel = Channel(claim.channel)
        most = senders[channel].most_at_once if claim.batch and channel in senders else 1
        key = (channel, claim.batch if most > 1 else "")
        met = recipients.setdefault(channel, set()) if most == 1 else set()
        if key in calls and (claim.digest in met or len(calls[key].fences) >= (most if most > 1 else TOGETHER)):
            yield calls.pop(key)
            met.clear()
        calls.setdefault(key, Call({}, channel, is_shared=most > 1)).fences[claim.id] = claim.fence
        met.add(claim.digest)
    yield from calls.values()


def parts_too_late(call: Call) -> list[Call]:
    """What is to be decided again: where nothing was handed over in time, by halves, until even one alone is late."""
    late = [message.id for (_, message), told in zip(call.cleared, call.delivered, strict=True) if told.state == "late"]
    is_all = len(late) == len(call.cleared)
    if is_all and len(late) == 1 and call.is_again:
        call.delivered = [Delivered("back", problem="It could not be handed over within the time of its decision.")]
        return []
    middle = (len(late) + 1) // 2 if is_all else len(late)
    parts = [part for part in (late[:middle], late[middle:]) if part]
    return [Call({one: call.fences[one] for one in part}, call.channel, call.is_shared, is_all) for part in parts]
