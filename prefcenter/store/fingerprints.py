"""Names of the secrets that the stored data was made with (X12)."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from prefcenter.store.base import Base, Code


class KeyFingerprint(Base):
    """A pepper or signing key that was ever in use. While it is known here, it must be configured."""

    __tablename__ = "key_fingerprints"

    purpose: Mapped[str] = mapped_column(Code, primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(16), primary_key=True)
    since: Mapped[datetime]


_KNOWN = select(*KeyFingerprint.__table__.c["purpose", "fingerprint"])


def known(session: Session) -> set[tuple[str, str]]:
    """All fingerprints on file, each with its purpose."""
    return {(purpose, fingerprint) for purpose, fingerprint in session.execute(_KNOWN)}


def remember(session: Session, purpose: str, fingerprints: Collection[str], at: datetime) -> None:
    """Put new fingerprints on file."""
    on_file = {name for kind, name in known(session) if kind == purpose}
    session.add_all(
        KeyFingerprint(purpose=purpose, fingerprint=name, since=at) for name in fingerprints if name not in on_file
    )
