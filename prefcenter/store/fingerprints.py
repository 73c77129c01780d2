"""What the stored data was made with: names of its secrets (X12), and how hashed lists on it were hashed.

All of it is read before each decision, so one small table holds it.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from prefcenter.core.hashed import HashAlgorithm
from prefcenter.store.base import Base, Code
from prefcenter.store.dialects import insert_in, name_of

POSTAL_FORM = "postal_form"
"""The purpose under which each version of the postal keys stands that the list has keys of."""

HASH = "hash"
"""The purpose under which the algorithm of a hashed list on file stands."""


class KeyFingerprint(Base):
    """A pepper or signing key that was ever in use, a form of postal keys, or the algorithm of a hashed list.

    A key that is known here must be configured, and a form must be one that the product knows.
    """

    __tablename__ = "key_fingerprints"

    purpose: Mapped[str] = mapped_column(Code, primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(16), primary_key=True)
    since: Mapped[datetime]


_KNOWN = select(*KeyFingerprint.__table__.c["purpose", "fingerprint"])


def known(session: Session) -> set[tuple[str, str]]:
    """Everything on file, each with its purpose."""
    return {(purpose, fingerprint) for purpose, fingerprint in session.execute(_KNOWN)}


def remember(session: Session, purpose: str, fingerprints: Collection[str], at: datetime) -> None:
    """Put new ones on file; somebody else may do so at the same moment."""
    on_file = {name for kind, name in known(session) if kind == purpose}
    new = [{"purpose": purpose, "fingerprint": name, "since": at} for name in fingerprints if name not in on_file]
    if new:
        session.execute(insert_in(name_of(session), KeyFingerprint).on_conflict_do_nothing(), new)


def postal_forms(on_file: Collection[tuple[str, str]]) -> frozenset[str]:
    """The versions of the postal keys on the list, out of what is :func:`known`."""
    return frozenset(name for purpose, name in on_file if purpose == POSTAL_FORM)


def hash_algorithms(on_file: Collection[tuple[str, str]]) -> frozenset[HashAlgorithm]:
    """The algorithms of the hashed lists on file, out of what is :func:`known`."""
    return frozenset(HashAlgorithm(name) for purpose, name in on_file if purpose == HASH)
