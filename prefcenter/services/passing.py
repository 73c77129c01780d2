"""What speaks against a message only now: the hour, how many texts there were today, how often the person wants any.

It is never on the list, since it ends by itself; every decision about a message that would leave now asks here (S8).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from prefcenter.core.calendars import cap_until, quiet_until, zones_of_phone
from prefcenter.core.channels import Channel, Reason, Scope, Source
from prefcenter.core.decision import Fact
from prefcenter.core.frequency import LONGEST, Limit, next_at
from prefcenter.core.keys import PhoneKey, country_of_phone
from prefcenter.services.points import Point
from prefcenter.store import frequencies, outbox
from prefcenter.store.suppressions import in_batches

_TEXTS_LOOKED_AT = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Lately:
    """What is known of some digests: the texts of the last day, and limits with what left within their windows."""

    texts: Mapping[bytes, list[datetime]] = field(default_factory=dict)
    limits: Mapping[bytes, tuple[Limit, datetime]] = field(default_factory=dict)
    left: Mapping[bytes, list[datetime]] = field(default_factory=dict)


def lately(
    session: Session,
    channel: Channel | None,
    names: Collection[Collection[bytes]],
    *,
    at: datetime,
    known_at: datetime | None = None,
) -> Lately:
    """Look up what marketing by a channel, or by any, may have to wait for, by all names of each contact point."""
    if channel is Channel.POST:
        return Lately()
    digests = {digest for own in names for digest in own}
    asked_by_text = channel in (None, Channel.SMS)
    texts = _left(session, Channel.SMS, digests, at - _TEXTS_LOOKED_AT, at) if asked_by_text else {}
    limits = frequencies.limits(session, digests, known_at=known_at)
    # A limit may stand under another of a contact point's names than what left since.
    limited = {digest for own in names if any(digest in limits for digest in own) for digest in own}
    return Lately(texts, limits, _left(session, None, limited, at - LONGEST, at))


def _left(
    session: Session, channel: Channel | None, digests: Collection[bytes], since: datetime, at: datetime
) -> dict[bytes, list[datetime]]:
    left: dict[bytes, list[datetime]] = defaultdict(list)
    for batch in in_batches(digests):
        for digest, when in outbox.marketing_left(session, batch, since, channel.value if channel else None):
            left[digest].append(when or at)
    return left


def facts(found: Lately, point: Point, names: Iterable[bytes], country: str, *, at: datetime) -> list[Fact]:
    """What speaks against marketing, or any text, to a contact point at this moment.

    Args:
        found: what was looked up.
        point: to whom.
        names: its digests.
        country: whose law counts where the number does not say it.
        at: the moment.
    """
    own = list(names)
    return [*_of_texts(found, point, own, country, at), *_of_limits(found, point, own, at)]


def _of_texts(found: Lately, point: Point, own: list[bytes], country: str, at: datetime) -> list[Fact]:
    if point.channel is not Channel.SMS:
        return []
    number = str(point.given["address"]) if point.given is not None else ""
    of_number = (country_of_phone(PhoneKey(number)) if number else None) or country
    quiet = quiet_until(at, zones_of_phone(number, of_number))
    cap = cap_until([when for digest in own for when in found.texts.get(digest, ())], at)
    told = ((Reason.QUIET_HOURS, quiet), (Reason.FREQUENCY_CAP, cap))
    return [
        Fact(reason, Channel.SMS, Scope.everything(), since=at, until=until, source=Source.SYSTEM)
        for reason, until in told
        if until is not None
    ]


def _of_limits(found: Lately, point: Point, own: list[bytes], at: datetime) -> list[Fact]:
    """What the person's own limit says; its source is the person's choice, and its since the day of it."""
    left = [when for digest in own for when in found.left.get(digest, ())]
    chosen = [found.limits[digest] for digest in own if digest in found.limits]
    waits = [(until, since) for limit, since in chosen if (until := next_at(limit, left, at)) is not None]
    if not waits:
        return []
    until, since = max(waits)
    return [
        Fact(
            Reason.FREQUENCY_CAP,
            point.channel,
            Scope.everything(),
            since=since,
            until=until,
            source=Source.PREFERENCE_PAGE,
        )
    ]
