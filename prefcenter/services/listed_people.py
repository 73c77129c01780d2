"""Contact points as an agreement with a provider sees them: what our list says of each, now and before."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from prefcenter.core.channels import Channel
from prefcenter.core.decision import Fact
from prefcenter.core.errors import BadAddress
from prefcenter.services.points import Point, Points
from prefcenter.store import fingerprints, listed_people, suppressions
from prefcenter.store.suppressions import Suppression


@dataclass(frozen=True, slots=True)
class Person:
    """One contact point.

    Args:
        digest: its name in what we know of the provider's lists: by today's pepper where it is readable.
        point: the contact point, None where only digests are left of it.
        in_force: what stands on our list about it.
        ended: what stood there once.
        is_hashed: whether only a partner's hash of it is known.
    """

    digest: bytes
    point: Point | None
    in_force: tuple[Suppression, ...] = ()
    ended: tuple[Suppression, ...] = ()
    is_hashed: bool = False

    @property
    def address(self) -> str | None:
        """The readable address, None where it was erased or never known."""
        return None if self.point is None or self.point.given is None else str(self.point.given["address"])

    @property
    def names(self) -> tuple[bytes, ...]:
        """The digests under which something may be known of it, by today's pepper and by former ones."""
        return (self.digest,) if self.point is None else tuple(dict.fromkeys((self.digest, *self.point.own)))

    @property
    def facts(self) -> list[Fact]:
        """What stands on our list about it."""
        return [suppressions.fact_of(row) for row in self.in_force]


@dataclass(slots=True)
class _Rows:
    in_force: list[Suppression] = field(default_factory=list)
    ended: list[Suppression] = field(default_factory=list)


def of_digests(session: Session, points: Points, channel: Channel, digests: Sequence[bytes]) -> list[Person]:
    """Look up whom some digests of the list are of, each person once."""
    readable = listed_people.addresses(session, channel.value, digests)
    known: dict[bytes, Point | None] = {}
    for digest in digests:
        point = _read(points, channel, readable.get(digest))
        known.setdefault(digest if point is None else point.digest, point)
    hashed = listed_people.hashed_only(session, [each for each in digests if each not in readable], channel.value)
    return _with_rows(session, points, known, hashed)


def of_points(session: Session, points: Points, made: Iterable[Point]) -> list[Person]:
    """Look up what our list says of some contact points, each once."""
    return _with_rows(session, points, {point.digest: point for point in made}, frozenset())


def _read(points: Points, channel: Channel, address: str | None) -> Point | None:
    if address is None:
        return None
    try:
        return points.parse(channel, address)
    except BadAddress:
        return None


def _with_rows(
    session: Session, points: Points, known: dict[bytes, Point | None], hashed: Collection[bytes]
) -> list[Person]:
    algorithms = fingerprints.hash_algorithms(fingerprints.known(session))
    names = {
        digest: (digest,)
        if point is None
        else tuple(dict.fromkeys((digest, *point.lookup, *points.hashed_digests(point, algorithms))))
        for digest, point in known.items()
    }
    rows: dict[bytes, _Rows] = defaultdict(_Rows)
    for row, key in suppressions.by_digests(session, {name for own in names.values() for name in own}, with_ended=True):
        side = rows[bytes(key.digest)]
        (side.in_force if row.ended_at is None else side.ended).append(row)
    return [
        Person(
            digest,
            point,
            _once(rows[name].in_force for name in names[digest] if name in rows),
            _once(rows[name].ended for name in names[digest] if name in rows),
            digest in hashed,
        )
        for digest, point in known.items()
    ]


def _once(found: Iterable[list[Suppression]]) -> tuple[Suppression, ...]:
    return tuple({row.id: row for rows in found for row in rows}.values())
