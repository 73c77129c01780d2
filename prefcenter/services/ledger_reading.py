"""Reading the ledger: the newest entries, and the whole of it for somebody who wants to check it elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sqlalchemy import select
from sqlalchemy.orm import Session

from prefcenter.services.sealing import LedgerKeys
from prefcenter.store import ledger
from prefcenter.store.ledger import LedgerEntry, LedgerPosition, LedgerSeal


@dataclass(frozen=True, slots=True)
class Told:
    """One entry, without its personal data.

    Args:
        position: its place, or None while it waits for one.
        at: when it happened.
        kind: what happened.
        actor: who did it.
        facts: what is told of it.
    """

    position: int | None
    at: datetime
    kind: str
    actor: str
    facts: dict[str, Any]


def newest(session: Session, count: int, *, kind: str | None = None) -> list[Told]:
    """The newest entries, the oldest of them first; those without a position come last."""
    query = select(LedgerEntry, LedgerPosition.position).outerjoin(
        LedgerPosition, LedgerPosition.entry_id == LedgerEntry.id
    )
    if kind is not None:
        query = query.where(LedgerEntry.kind == kind)
    waiting = session.execute(
        query.where(LedgerPosition.position.is_(None)).order_by(LedgerEntry.id.desc()).limit(count)
    )
    found = [_told(entry, None) for entry, _ in waiting]
    if len(found) < count:
        placed = query.where(LedgerPosition.position.is_not(None)).order_by(LedgerPosition.position.desc())
        found += [_told(entry, place) for entry, place in session.execute(placed.limit(count - len(found)))]
    return found[::-1]


def following(session: Session, after: int, count: int, *, kind: str | None = None) -> list[Told]:
    """The sealed entries after a position, the oldest first."""
    rows = (
        _told(entry, place.position)
        for place, entry, _ in ledger.in_order(session, after=after)
        if entry is not None and kind in (None, entry.kind)
    )
    return list(islice(rows, count))


def lines(session: Session, keys: LedgerKeys) -> Iterator[dict[str, Any]]:
    """The sealed ledger as it can be checked elsewhere: keys, then entries by position, then seals; no personal data.

    An entry's hash and the chain are computed as :mod:`prefcenter.core.chain` says; the commitment stands in for the
    personal data, so that they need not be known.
    """
    for key_id, public in keys.public_by_id.items():
        raw = public.public_bytes(Encoding.Raw, PublicFormat.Raw)
        yield {"record": "key", "key_id": key_id, "algorithm": "ed25519", "public_key": raw.hex()}
    for place, entry, _ in ledger.in_order(session):
        yield _entry_line(place, entry)
    for made in session.scalars(select(LedgerSeal).order_by(LedgerSeal.number)):
        yield _seal_line(made)


def _entry_line(place: LedgerPosition, entry: LedgerEntry | None) -> dict[str, Any]:
    line: dict[str, Any] = {"record": "entry", "position": place.position}
    if entry is not None:
        line |= {
            "uid": entry.uid,
            "kind": entry.kind,
            "at": entry.at.isoformat(timespec="microseconds"),
            "actor": entry.actor,
            "facts": entry.facts,
            "commitment": entry.commitment.hex(),
        }
    return line | {"hash": place.entry_hash.hex(), "chain": place.chain.hex()}


def _seal_line(made: LedgerSeal) -> dict[str, Any]:
    return {
        "record": "seal",
        "number": made.number,
        "first": made.first,
        "last": made.last,
        "before": made.before.hex(),
        "head": made.head.hex(),
        "key_id": made.key_id,
        "signature": made.signature.hex(),
        "at": made.at.isoformat(),
    }


def _told(entry: LedgerEntry, position: int | None) -> Told:
    return Told(position, entry.at, entry.kind, entry.actor, entry.facts)
