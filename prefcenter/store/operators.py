"""Operators with their roles, and the API keys of other systems."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Boolean, Column, ForeignKey, Integer, LargeBinary, String, Table, bindparam, select
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from prefcenter.store.base import Base

operator_roles = Table(
    "operator_roles",
    Base.metadata,
    Column("operator_id", ForeignKey("operators.id"), primary_key=True),
    Column("role_id", ForeignKey("roles.id"), primary_key=True),
)


class Role(Base):
    """What an operator may do: viewer, operator, approver or admin."""

    __tablename__ = "roles"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(32), unique=True)
    description: Mapped[str] = mapped_column(String(200), default="")
    permissions: Mapped[list[str] | None]

    def get_permissions(self) -> set[str]:
        """The permissions beyond the name; the name that Flask-Security calls them by."""
        return set(self.permissions or ())


class Operator(Base):
    """Somebody of the company who works with the list."""

    __tablename__ = "operators"

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(254), unique=True)
    password: Mapped[str | None] = mapped_column(String(255))
    active: Mapped[bool] = mapped_column(Boolean, default=True)
    fs_uniquifier: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime]
    roles: Mapped[list[Role]] = relationship(secondary=operator_roles, lazy="joined")


class ApiKey(Base):
    """The key of another system; only its digest is kept."""

    __tablename__ = "api_keys"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    name: Mapped[str] = mapped_column(String(120), unique=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    scopes: Mapped[list[str]]
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


def operator_by_email(session: Session, email: str) -> Operator | None:
    """Find an operator by the address they sign in with."""
    return session.scalar(select(Operator).where(Operator.email == email))


def operators(session: Session) -> Sequence[Operator]:
    """List all operators by address."""
    return session.scalars(select(Operator).order_by(Operator.email)).unique().all()


def key_by_digest(session: Session, digest: bytes) -> ApiKey | None:
    """Find a key in use by the digest of its secret."""
    return session.scalar(select(ApiKey).where(ApiKey.digest == digest, ApiKey.revoked_at.is_(None)))


_KEYS = ApiKey.__table__
_GRANT = select(_KEYS.c.name, _KEYS.c.scopes).where(_KEYS.c.digest == bindparam("wanted"), _KEYS.c.revoked_at.is_(None))


def grant_by_digest(session: Session, digest: bytes) -> tuple[str, list[str]] | None:
    """What a key in use may do: its name and scopes. Asked at every call of the API."""
    found = session.execute(_GRANT, {"wanted": digest}).first()
    return None if found is None else (found[0], found[1])


def keys(session: Session) -> Sequence[ApiKey]:
    """List all API keys by name."""
    return session.scalars(select(ApiKey).order_by(ApiKey.name)).all()
