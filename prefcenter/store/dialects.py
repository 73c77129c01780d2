"""What the two databases say each in their own way."""

from __future__ import annotations

from datetime import UTC, datetime
from importlib import import_module
from typing import Any

from sqlalchemy import ColumnElement, String, func, type_coerce
from sqlalchemy.orm import Session


def name_of(session: Session) -> str:
    """``sqlite`` or ``postgresql``."""
    return session.get_bind().dialect.name


def insert_in(dialect: str, into: Any) -> Any:
    """The dialect's own INSERT, which can be told what becomes of a row that is there already.

    Only the database in use is loaded: the other one's part of SQLAlchemy takes every command a while.

    Args:
        dialect: ``sqlite`` or ``postgresql``.
        into: a table or a model.
    """
    return import_module(f"sqlalchemy.dialects.{dialect}").insert(into)


def moment_text(dialect: str, moment: ColumnElement[Any]) -> ColumnElement[Any]:
    """A moment as text in UTC, as :func:`as_moment` writes it; it is how SQLite keeps it.

    Args:
        dialect: ``sqlite`` or ``postgresql``.
        moment: a column of moments.
    """
    if dialect == "sqlite":
        return type_coerce(moment, String)
    return func.to_char(func.timezone("UTC", moment), "YYYY-MM-DD HH24:MI:SS.US")


def as_moment(at: datetime) -> str:
    """A moment as the databases write it; the later one has the later text.

    >>> as_moment(datetime(2026, 5, 1, 14, 30, tzinfo=UTC))
    '2026-05-01 14:30:00.000000'
    """
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
