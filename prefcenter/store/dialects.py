"""What the two databases say each in their own way."""

from __future__ import annotations

from importlib import import_module
from typing import Any

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
