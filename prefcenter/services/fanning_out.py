"""Under which digests an entry is found: its contact point's, and of reasons that bind a person all of theirs (G15).

All of it runs in the caller's transaction; nothing here commits.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

from sqlalchemy import Table, insert, select
from sqlalchemy.orm import Session

from prefcenter.core.channels import PERSON_REASONS, Channel, Reason
from prefcenter.services.points import Point, PointKey, Points
from prefcenter.store import contacts, fingerprints
from prefcenter.store.suppressions import SuppressionKey, by_digests, keys_of

Found = tuple[PointKey, Channel, bool]
"""A key, the channel that it is of, and whether it is the contact point's own."""

_KEYS = cast("Table", SuppressionKey.__table__)


def all_keys(session: Session, points: Points, point: Point, reason: Reason) -> list[Found]:
    """What an entry for a contact point is found under: its keys, and where the reason binds a person, all theirs."""
    keys = [(key, point.channel, True) for key in point.stored]
    if reason in PERSON_REASONS:
        keys += [(key, other.channel, False) for other in siblings(session, points, point) for key in other.stored]
    return keys


def key_rows(number: int, keys: Iterable[Found]) -> list[dict[str, Any]]:
    """The rows of the keys of an entry, each digest once."""
    rows: dict[bytes, dict[str, Any]] = {}
    for key, channel, is_own in keys:
        rows.setdefault(
            key.digest,
            {
                "suppression_id": number,
                "channel": channel.value,
                "kind": key.kind,
                "digest": key.digest,
                "pepper_id": key.pepper_id,
                "bucket": key.bucket,
                "is_own": is_own,
            },
        )
    return list(rows.values())


def add_keys(session: Session, suppression_id: int, keys: Iterable[Found]) -> None:
    """Let a suppression be found under further digests; those that it has already are left out."""
    query = select(SuppressionKey.digest).where(SuppressionKey.suppression_id == suppression_id)
    there = set(session.scalars(query))
    rows = [row for row in key_rows(suppression_id, keys) if row["digest"] not in there]
    if rows:
        session.execute(insert(_KEYS), rows)


def carry_keys(session: Session, before: int, now: int) -> None:
    """Let an entry be found wherever the one was that it replaces: what that one bound stays bound (E13, G15)."""
    keys = [
        (PointKey(key.kind, key.digest, key.pepper_id, key.bucket), Channel(key.channel), key.is_own)
        for key in keys_of(session, before)
    ]
    add_keys(session, now, keys)


def siblings(session: Session, points: Points, point: Point) -> list[Point]:
    """The other contact points of everybody who has this one (G15)."""
    owners = {known.contact_id for known in contacts.points_by_digest(session, point.own)}
    return [
        points.on_file(Channel(known.channel), known.digest, known.value)
        for known in contacts.points_of(session, owners)
        if known.digest not in point.own
    ]


def inherit(session: Session, points: Points, contact_id: int) -> None:
    """Let all points of a contact carry the reasons that bind the person, such as after a new point was added (G15)."""
    known = [
        points.on_file(Channel(row.channel), row.digest, row.value) for row in contacts.points_of(session, [contact_id])
    ]
    algorithms = fingerprints.hash_algorithms(fingerprints.known(session))
    digests = {digest for point in known for digest in (*point.lookup, *points.hashed_digests(point, algorithms))}
    bound = {
        suppression.id
        for suppression, _ in by_digests(session, digests)
        if Reason(suppression.reason) in PERSON_REASONS
    }
    for suppression_id in bound:
        add_keys(session, suppression_id, [(key, point.channel, False) for point in known for key in point.stored])
