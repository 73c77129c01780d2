"""Which causes an entry of the list rests on beside the one that made it, and what is proposed to be undone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, cast

from sqlalchemy import JSON, Boolean, ForeignKey, Integer, String, Table, func, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from prefcenter.store.base import Base, BigId
from prefcenter.store.dialects import insert_in, name_of
from prefcenter.store.suppressions import Suppression, in_batches

UNNAMED = "unnamed"
"""The cause of what came without one: nobody can undo it as a batch, so what rests on it stays."""

SEVERAL = "several"
"""Stands in for a third import and all after it: a list that comes each week must not grow this table for ever."""


class SuppressionCause(Base):
    """A further cause that asked for what stood on the list already: undoing the first one must leave the entry."""

    __tablename__ = "suppression_causes"

    suppression_id: Mapped[int] = mapped_column(ForeignKey("suppressions.id"), primary_key=True, autoincrement=False)
    cause: Mapped[str] = mapped_column(String(64), primary_key=True, index=True)


class UndoProposal(Base):
    """What one operator proposed to undo, entry by entry, so that a second one confirms that and nothing else (X10)."""

    __tablename__ = "undo_proposals"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    asked: Mapped[str] = mapped_column(String(500), index=True)
    causes: Mapped[list[str]]
    entries: Mapped[list[int]] = mapped_column(JSON)
    proposed_by: Mapped[str] = mapped_column(String(254))
    proposed_at: Mapped[datetime]
    confirmed_by: Mapped[str | None] = mapped_column(String(254))
    confirmed_at: Mapped[datetime | None]
    is_whole: Mapped[bool] = mapped_column(Boolean, default=True)
    ended: Mapped[int] = mapped_column(Integer, default=0)


_CAUSES = cast("Table", SuppressionCause.__table__)


def note(session: Session, backed: Iterable[tuple[int, str]]) -> None:
    """Note further causes of entries, each once; within the caller's transaction."""
    rows = [{"suppression_id": number, "cause": cause} for number, cause in sorted(set(backed))]
    if rows:
        session.execute(insert_in(name_of(session), _CAUSES).on_conflict_do_nothing(), rows)


def beside(session: Session, suppression_ids: Collection[int]) -> dict[int, set[str]]:
    """The further causes of some entries."""
    found: dict[int, set[str]] = defaultdict(set)
    for batch in in_batches(set(suppression_ids)):
        query = select(SuppressionCause).where(SuppressionCause.suppression_id.in_(batch))
        for row in session.scalars(query):
            found[row.suppression_id].add(row.cause)
    return found


def caused_by(session: Session, causes: Collection[str]) -> Sequence[Suppression]:
    """The entries in force that these causes made, or that rest on them too, by id."""
    further = select(SuppressionCause.suppression_id).where(SuppressionCause.cause.in_(causes))
    query = select(Suppression).where(
        or_(Suppression.batch.in_(causes), Suppression.id.in_(further)), Suppression.ended_at.is_(None)
    )
    return session.scalars(query.order_by(Suppression.id)).all()


def named_like(session: Session, pattern: str) -> Sequence[str]:
    """The causes whose names fit a pattern, in which ``*`` stands for anything."""
    like = pattern.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_").replace("*", "%")
    made = select(Suppression.batch).where(Suppression.batch.like(like, escape="\\"))
    further = select(SuppressionCause.cause).where(SuppressionCause.cause.like(like, escape="\\"))
    found = {name for name in session.scalars(made.union(further)) if name is not None}
    return sorted(found - {UNNAMED, SEVERAL})


def summary(session: Session, limit: int) -> Sequence[Any]:
    """What each cause made: source, when first and last, how many, how many of them in force; the newest first."""
    query = (
        select(
            Suppression.batch.label("cause"),
            func.min(Suppression.source).label("source"),
            func.min(Suppression.recorded_at).label("first"),
            func.max(Suppression.recorded_at).label("last"),
            func.count().label("entries"),
            func.count().filter(Suppression.ended_at.is_(None)).label("in_force"),
        )
        .where(Suppression.batch.is_not(None))
        .group_by(Suppression.batch)
        .order_by(func.max(Suppression.recorded_at).desc(), Suppression.batch.desc())
    )
    return session.execute(query.limit(limit)).all()


def reasons_of(session: Session, causes: Collection[str]) -> dict[str, dict[str, int]]:
    """How many entries of each reason some causes made."""
    found: dict[str, dict[str, int]] = defaultdict(dict)
    query = (
        select(Suppression.batch, Suppression.reason, func.count())
        .where(Suppression.batch.in_(causes))
        .group_by(Suppression.batch, Suppression.reason)
        .order_by(Suppression.reason)
    )
    for cause, reason, count in session.execute(query):
        found[cause or UNNAMED][reason] = count
    return found


def open_proposal(session: Session, asked: str, since: datetime) -> UndoProposal | None:
    """What was proposed in the same words and is not confirmed yet, locked."""
    query = select(UndoProposal).where(
        UndoProposal.asked == asked, UndoProposal.confirmed_at.is_(None), UndoProposal.proposed_at > since
    )
    return session.scalar(query.order_by(UndoProposal.id.desc()).limit(1).with_for_update())


def undone(session: Session) -> set[str]:
    """All causes that were undone before, and not only in part."""
    confirmed = select(UndoProposal).where(UndoProposal.confirmed_at.is_not(None))
    return {cause for row in session.scalars(confirmed) if row.is_whole for cause in row.causes}
