"""Reasons that bind a person, imported by a partner's hash: they reach the other contact points of that person (G15).

Whose address a hash is can only be told by hashing those on file. That is done once, at the end of an import.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from prefcenter.core.channels import PERSON_REASONS, Channel
from prefcenter.core.hashed import HashAlgorithm
from prefcenter.services.points import Points
from prefcenter.services.suppressing import inherit
from prefcenter.store.contacts import ContactPoint
from prefcenter.store.engine import Database
from prefcenter.store.suppressions import Suppression, SuppressionKey

_CHUNK = 50
"""Contacts to a commit: a click that comes meanwhile waits for one chunk at most."""


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
