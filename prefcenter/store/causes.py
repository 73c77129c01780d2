"""Which causes an entry of the list rests on, and what is proposed to be undone.

An entry rests on the cause that made it, and on each that asked for the same since. What was undone is put down entry
by entry and never by name alone: names come again (``twilio-21610-20260302`` is a whole day's), and a cause that asks
once more after it was undone is a fact of its own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from functools import cache
from typing import Any, cast

from sqlalchemy import JSON, BigInteger, ForeignKey, Integer, String, Table, and_, case, func, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from prefcenter.store.base import Base, BigId
from prefcenter.store.dialects import insert_in, name_of
from prefcenter.store.suppressions import Suppression, in_batches

UNNAMED = "unnamed"
"""The cause of what came without one: nobody can undo it as a batch, so what rests on it stays."""

SEVERAL = "several"
"""Stands in for a third import and all after it: a list that comes each week must not grow this table for ever."""

_CLICKS = "clicks-"


def of_clicks(mark: str, at: datetime) -> str:
    """The cause of a day's one-clicks that came from one place, by a mark that tells nobody which."""
    return f"{_CLICKS}{mark}-{at:%Y%m%d}"


def is_of_clicks(cause: str | None) -> bool:
    """Whether a cause, or a pattern of such, is one of one-clicks."""
    return cause is not None and cause.startswith(_CLICKS)


class SuppressionCause(Base):
    """A cause that asked for what stood on the list already: undoing the first one must leave the entry.

    The cause that made an entry has a row here only once it asked again, or was undone. ``undone_in`` is the proposal
    by which it no longer holds the entry; asking again takes that back. ``times`` is how often it asked, by which a
    confirmation sees what its proposal did not show.
    """

    __tablename__ = "suppression_causes"

    suppression_id: Mapped[int] = mapped_column(ForeignKey("suppressions.id"), primary_key=True, autoincrement=False)
    cause: Mapped[str] = mapped_column(String(64), primary_key=True, index=True)
    first_at: Mapped[datetime | None]
    last_at: Mapped[datetime | None]
    times: Mapped[int] = mapped_column(Integer, default=1, server_default="1")
    undone_in: Mapped[int | None] = mapped_column(BigInteger)


class UndoProposal(Base):
    """What one operator proposed to undo, entry by entry, so that a second one confirms that and nothing else (X10).

    Each of ``entries`` is its id, how often it had been asked for again when it was shown, and 1 where it ends, 0 where
    it only no longer rests on these causes.
    """

    __tablename__ = "undo_proposals"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    asked: Mapped[str] = mapped_column(String(500), index=True)
    causes: Mapped[list[str]]
    entries: Mapped[list[list[int]]] = mapped_column(JSON)
    proposed_by: Mapped[str] = mapped_column(String(254))
    proposed_at: Mapped[datetime]
    confirmed_by: Mapped[str | None] = mapped_column(String(254))
    confirmed_at: Mapped[datetime | None]
    ended: Mapped[int] = mapped_column(Integer, default=0)


_CAUSES = cast("Table", SuppressionCause.__table__)


def note(session: Session, backed: Iterable[tuple[int, str]], at: datetime) -> None:
    """Note that causes asked for entries that stand, which the caller has locked; within the caller's transaction."""
    rows = [
        {"suppression_id": number, "cause": cause, "first_at": at, "last_at": at, "times": 1}
        for number, cause in sorted(set(backed))
    ]
    if rows:
        session.execute(_note(name_of(session)), rows)


@cache
def _note(dialect: str) -> Any:
    new = insert_in(dialect, _CAUSES)
    return new.on_conflict_do_update(
        index_elements=["suppression_id", "cause"],
        set_={
            "first_at": case((_CAUSES.c.undone_in.is_not(None), new.excluded.first_at), else_=_CAUSES.c.first_at),
            "last_at": new.excluded.last_at,
            "times": _CAUSES.c.times + 1,
            "undone_in": None,
        },
        # Nobody can undo these two, so it does not matter how often they ask.
        where=and_(_CAUSES.c.cause != UNNAMED, _CAUSES.c.cause != SEVERAL),
    )


def disown(session: Session, backed: Iterable[tuple[int, str]], proposal_id: int) -> None:
    """Let entries no longer rest on causes that were undone; they are locked, within the caller's transaction."""
    rows = [
        {"suppression_id": number, "cause": cause, "times": 0, "undone_in": proposal_id}
        for number, cause in sorted(set(backed))
    ]
    if rows:
        session.execute(_disown(name_of(session)), rows)


@cache
def _disown(dialect: str) -> Any:
    new = insert_in(dialect, _CAUSES)
    return new.on_conflict_do_update(
        index_elements=["suppression_id", "cause"], set_={"undone_in": new.excluded.undone_in}
    )


def noted(session: Session, suppression_ids: Collection[int]) -> dict[int, dict[str, SuppressionCause]]:
    """What is noted of the causes of some entries, by entry and cause."""
    found: dict[int, dict[str, SuppressionCause]] = defaultdict(dict)
    for batch in in_batches(set(suppression_ids)):
        query = select(SuppressionCause).where(SuppressionCause.suppression_id.in_(batch))
        for row in session.scalars(query.execution_options(populate_existing=True)):
            found[row.suppression_id][row.cause] = row
    return found


def caused_by(session: Session, causes: Collection[str], *, locks: bool = False) -> Sequence[Suppression]:
    """The entries in force that these causes made, or that rested on them too, by id.

    Args:
        session: reads.
        causes: the names.
        locks: whether nobody may ask for these entries again, or end them, until the caller's transaction is over.
    """
    further = select(SuppressionCause.suppression_id).where(SuppressionCause.cause.in_(causes))
    query = select(Suppression).where(
        or_(Suppression.batch.in_(causes), Suppression.id.in_(further)), Suppression.ended_at.is_(None)
    )
    query = query.order_by(Suppression.id).execution_options(populate_existing=True)
    return session.scalars(query.with_for_update(key_share=True) if locks else query).all()


def named_like(session: Session, pattern: str) -> Sequence[str]:
    """The causes whose names fit a pattern, in which ``*`` stands for anything but clicks: these are named in full."""
    like = pattern.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_").replace("*", "%")
    made = select(Suppression.batch).where(Suppression.batch.like(like, escape="\\"))
    further = select(SuppressionCause.cause).where(SuppressionCause.cause.like(like, escape="\\"))
    found = {name for name in session.scalars(made.union(further)) if name is not None}
    return sorted(name for name in found - {UNNAMED, SEVERAL} if name == pattern or not is_of_clicks(name))


def summary(session: Session, limit: int) -> Sequence[Any]:
    """What each cause but clicks made: source, when first and last, how many, how many in force; the newest first."""
    query = (
        select(
            Suppression.batch.label("cause"),
            func.min(Suppression.source).label("source"),
            func.min(Suppression.recorded_at).label("first"),
            func.max(Suppression.recorded_at).label("last"),
            func.count().label("entries"),
            func.count().filter(Suppression.ended_at.is_(None)).label("in_force"),
        )
        .where(Suppression.batch.is_not(None), Suppression.batch.not_like(f"{_CLICKS}%"))
        .group_by(Suppression.batch)
        .order_by(func.max(Suppression.recorded_at).desc(), Suppression.batch.desc())
    )
    return session.execute(query.limit(limit)).all()


def clicks(session: Session, since: datetime | None, until: datetime | None) -> Sequence[Any]:
    """What each cause of one-clicks made within a time, with the newest of its entries; the newest cause first."""
    query = select(
        Suppression.batch.label("cause"),
        func.min(Suppression.recorded_at).label("first"),
        func.max(Suppression.recorded_at).label("last"),
        func.count().label("entries"),
        func.count().filter(Suppression.ended_at.is_(None)).label("in_force"),
        func.max(Suppression.id).label("newest"),
    ).where(Suppression.batch.like(f"{_CLICKS}%"))
    query = query if since is None else query.where(Suppression.recorded_at >= since)
    query = query if until is None else query.where(Suppression.recorded_at < until)
    query = query.group_by(Suppression.batch).order_by(func.max(Suppression.recorded_at).desc(), Suppression.batch)
    return session.execute(query).all()


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
