"""Work that is done every so often, by whichever worker comes first."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from prefcenter.store.base import Base, Code, UtcDateTime
from prefcenter.store.dialects import insert_in, name_of


class Chore(Base):
    """When some recurring work was last begun."""

    __tablename__ = "chores"

    name: Mapped[str] = mapped_column(Code, primary_key=True)
    done_at: Mapped[datetime]


def is_due(session: Session, name: str, every: timedelta, *, at: datetime) -> bool:
    """Whether it was last begun so long ago, or never: asked without taking the write lock."""
    done_at = session.scalar(select(Chore.done_at).where(Chore.name == name))
    return done_at is None or done_at <= at - every


def claim(session: Session, name: str, every: timedelta, *, at: datetime) -> bool:
    """Take it on, within the caller's transaction: of several workers at once only one gets a yes."""
    given = {"name": name, "done_at": at, "latest": at - every}
    return session.scalar(_claim(name_of(session)), given) is not None


@cache
def _claim(dialect: str) -> Any:
    new = insert_in(dialect, Chore)
    return new.on_conflict_do_update(
        index_elements=["name"],
        set_={"done_at": new.excluded.done_at},
        where=Chore.done_at <= bindparam("latest", type_=UtcDateTime()),
    ).returning(Chore.name)
