"""What the providers' own lists mean, what we know to stand on them, and how far an agreement with them has come."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Index, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from prefcenter.core.channels import Scope
from prefcenter.store.base import Base, Code, DigestType

GLOBAL = "global"
"""The list that stops everything which leaves through the account, service mail too."""

GROUP = "group:"
"""What the name of an unsubscribe group begins with; its number stands behind it."""


class ProviderList(Base):
    """What a provider's list means here: an operator says so, for example that group 14 is a brand's offers."""

    __tablename__ = "provider_lists"

    provider: Mapped[str] = mapped_column(Code, primary_key=True)
    list: Mapped[str] = mapped_column(String(100), primary_key=True)
    scope: Mapped[str] = mapped_column(String(160))
    created_at: Mapped[datetime]


class ProviderEntry(Base):
    """What we know of one contact point on one of a provider's lists.

    ``state`` is one of :class:`prefcenter.core.agreement.Known`. ``there_since`` is the provider's own time. No
    address stands here, only its digest: what is erased elsewhere leaves nothing behind (G3).
    """

    __tablename__ = "provider_entries"
    __table_args__ = (Index("ix_provider_entries_state", "provider", "state", "digest"),)

    provider: Mapped[str] = mapped_column(Code, primary_key=True)
    list: Mapped[str] = mapped_column(String(100), primary_key=True)
    digest: Mapped[bytes] = mapped_column(DigestType, primary_key=True)
    state: Mapped[str] = mapped_column(Code)
    changed_at: Mapped[datetime]
    there_since: Mapped[datetime | None]
    seen_at: Mapped[datetime | None]
    problem: Mapped[str] = mapped_column(String(200), default="")


class ProviderSync(Base):
    """How far the agreement with a provider is: what a run that was stopped goes on from.

    ``position`` is that of the ledger up to which the provider was told, ``pulled`` says for each of its lists up to
    which moment it was read, and ``run`` is None where no run is unfinished.
    """

    __tablename__ = "provider_syncs"

    provider: Mapped[str] = mapped_column(Code, primary_key=True)
    leased_until: Mapped[datetime | None]
    fence: Mapped[int] = mapped_column(BigInteger, default=0)
    position: Mapped[int] = mapped_column(BigInteger, default=0)
    pulled: Mapped[dict[str, Any]]
    run: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    whole_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    problem: Mapped[str] = mapped_column(String(300), default="")


def scope_of(session: Session, provider: str, named: str) -> Scope | None:
    """What leaving a provider's list means here, or None where nobody said so.

    Args:
        session: reads.
        provider: such as ``sendgrid``.
        named: the list, such as ``group:14`` or ``global``.
    """
    query = select(ProviderList.scope).where(ProviderList.provider == provider, ProviderList.list == named)
    found = session.scalar(query)
    return None if found is None else Scope.parse(found)


def mapped(session: Session, provider: str | None = None) -> Sequence[ProviderList]:
    """The lists that somebody gave a meaning, by provider and name."""
    query = select(ProviderList).order_by(ProviderList.provider, ProviderList.list)
    return session.scalars(query if provider is None else query.where(ProviderList.provider == provider)).all()
