"""Whom a partner's hashes concern that we know already: people on file (G15), and messages that wait to be sent (X2).

Whose address a hash is can only be told by hashing those on file. That is done once, at the end of an import.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from prefcenter.core.channels import PERSON_REASONS, Channel
from prefcenter.core.hashed import HashAlgorithm
from prefcenter.services.fanning_out import inherit
from prefcenter.services.points import Points
from prefcenter.store.contacts import ContactPoint
from prefcenter.store.engine import Database
from prefcenter.store.outbox import OutboxMessage
from prefcenter.store.suppressions import Suppression, SuppressionKey, facts_by_digests

_CHUNK = 50
"""Contacts or messages to a commit: a click that comes meanwhile waits for one chunk at most."""


def bind_people(database: Database, points: Points, algorithm: HashAlgorithm) -> int:
    """Let what hashed entries say of a person hold for all contact points of everybody who has the address.

    Commits in chunks; what is bound already stays as it is.

    Returns:
        How many contacts it concerned.
    """
    with database.read() as session:
        bound = _bound(session, algorithm)
        contacts = list(dict.fromkeys(_contacts(session, points, algorithm, bound))) if bound else []
    for start in range(0, len(contacts), _CHUNK):
        with database.write() as session:
            for contact in contacts[start : start + _CHUNK]:
                inherit(session, points, contact)
            session.commit()
    return len(contacts)


def bring_forward(database: Database, points: Points, algorithm: HashAlgorithm, *, at: datetime) -> int:
    """Bring what is queued for addresses on hashed lists back to its decision at once; commits.

    It would be refused on its day anyway (X2); so the refusal is recorded now.

    Returns:
        How many messages were brought forward.
    """
    with database.read() as session:
        queued = list(_queued(session, points, algorithm))
        on_list = {
            digest for digest, _ in facts_by_digests(session, {digest for _, digests in queued for digest in digests})
        }
    met = [number for number, digests in queued if not on_list.isdisjoint(digests)]
    for start in range(0, len(met), _CHUNK):
        with database.write() as session:
            for row in session.scalars(
                _waiting(OutboxMessage).where(OutboxMessage.id.in_(met[start : start + _CHUNK]))
            ):
                row.due_at = at
            session.commit()
    return len(met)


def _waiting(*what: Any) -> Any:
    return select(*what).where(
        OutboxMessage.channel == Channel.EMAIL.value,
        OutboxMessage.state.in_(("queued", "waiting")),
        OutboxMessage.to.is_not(None),
    )


def _queued(session: Session, points: Points, algorithm: HashAlgorithm) -> Iterator[tuple[int, tuple[bytes, ...]]]:
    """The messages that wait, each with the digests under which its address may stand on a hashed list."""
    columns = (OutboxMessage.id, OutboxMessage.digest, OutboxMessage.to)
    for number, digest, to in session.execute(_waiting(*columns).execution_options(yield_per=10_000)):
        point = points.on_file(Channel.EMAIL, digest, {"address": to})
        yield number, points.hashed_digests(point, [algorithm])


def _bound(session: Session, algorithm: HashAlgorithm) -> set[bytes]:
    """The digests of the hashed entries whose reason binds a person."""
    is_hashed = exists().where(
        SuppressionKey.suppression_id == Suppression.id, SuppressionKey.kind == algorithm.value, SuppressionKey.is_own
    )
    query = select(Suppression.digest).where(
        Suppression.ended_at.is_(None), Suppression.reason.in_([reason.value for reason in PERSON_REASONS]), is_hashed
    )
    return set(session.scalars(query))


def _contacts(session: Session, points: Points, algorithm: HashAlgorithm, bound: set[bytes]) -> Iterator[int]:
    query = select(ContactPoint.contact_id, ContactPoint.digest, ContactPoint.value).where(
        ContactPoint.channel == Channel.EMAIL.value
    )
    for contact, digest, value in session.execute(query.execution_options(yield_per=10_000)):
        point = points.on_file(Channel.EMAIL, digest, value)
        if not bound.isdisjoint(points.hashed_digests(point, [algorithm])):
            yield contact
