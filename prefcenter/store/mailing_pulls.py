"""What was pulled out of a mailing after it was prepared, what the mail house said to it, and files that came back."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, cast

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, String, Table, func, insert, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from prefcenter.store.base import Base, BigId


class MailingPull(Base):
    """One pull: how many rows it told anew (``rows``), and in all with those told before (``told``)."""

    __tablename__ = "mailing_pulls"
    __table_args__ = (Index("uq_mailing_pulls_number", "mailing_id", "number", unique=True),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    mailing_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("mailings.id"))
    number: Mapped[int] = mapped_column(Integer)
    at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(String(254))
    ledger_position: Mapped[int] = mapped_column(BigInteger)
    rows: Mapped[int] = mapped_column(Integer)
    told: Mapped[int] = mapped_column(Integer)
    file_name: Mapped[str] = mapped_column(String(255))
    sha256: Mapped[str] = mapped_column(String(64))


class PulledRow(Base):
    """A kept row that was pulled, by its place among the kept ones, and why; a row is pulled once."""

    __tablename__ = "mailing_pulled_rows"

    mailing_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("mailings.id"), primary_key=True)
    place: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    pull_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("mailing_pulls.id"))
    found: Mapped[dict[str, Any]]


class MailingReceipt(Base):
    """What the mail house said it received of a pull; ``missing`` is how far that falls short."""

    __tablename__ = "mailing_receipts"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    pull_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("mailing_pulls.id"), index=True)
    at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(String(254))
    received_from: Mapped[str] = mapped_column(String(254))
    received: Mapped[int] = mapped_column(Integer)
    missing: Mapped[int] = mapped_column(Integer)
    sha256: Mapped[str | None] = mapped_column(String(64))


class MailingLoad(Base):
    """A file that came back from address hygiene, and what became of its rows."""

    __tablename__ = "mailing_loads"
    __table_args__ = (Index("uq_mailing_loads_number", "mailing_id", "number", unique=True),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    mailing_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("mailings.id"))
    number: Mapped[int] = mapped_column(Integer)
    at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(String(254))
    file_name: Mapped[str] = mapped_column(String(255))
    sha256: Mapped[str] = mapped_column(String(64))
    counts: Mapped[dict[str, Any]]


def pulls_of(session: Session, mailing_id: int) -> Sequence[MailingPull]:
    """The pulls of a mailing, the oldest first."""
    query = select(MailingPull).where(MailingPull.mailing_id == mailing_id).order_by(MailingPull.number)
    return session.scalars(query).all()


def loads_of(session: Session, mailing_id: int) -> Sequence[MailingLoad]:
    """The files that came back, the oldest first."""
    query = select(MailingLoad).where(MailingLoad.mailing_id == mailing_id).order_by(MailingLoad.number)
    return session.scalars(query).all()


def receipts_of(session: Session, pull_ids: Collection[int]) -> Sequence[MailingReceipt]:
    """What the mail house said to some pulls, the oldest first."""
    query = select(MailingReceipt).where(MailingReceipt.pull_id.in_(pull_ids)).order_by(MailingReceipt.id)
    return session.scalars(query).all()


def pulled_rows(
    session: Session, mailing_id: int, of: MailingPull | None = None, before: MailingPull | None = None
) -> dict[int, dict[str, Any]]:
    """Every row that was pulled, or that one pull told, or those before it, by its place, with what spoke against it.

    A pull that told more than was new told all that had been told before it, too.
    """
    query = select(PulledRow.place, PulledRow.found).where(PulledRow.mailing_id == mailing_id)
    if of is not None and of.told > of.rows:
        query = query.where(PulledRow.pull_id <= of.id)
    elif of is not None:
        query = query.where(PulledRow.pull_id == of.id)
    if before is not None:
        query = query.where(PulledRow.pull_id < before.id)
    return {row.place: row.found for row in session.execute(query.order_by(PulledRow.place))}


def pulled_places(session: Session, mailing_id: int) -> set[int]:
    """The places of every row that was pulled."""
    query = select(PulledRow.place).where(PulledRow.mailing_id == mailing_id)
    return set(session.scalars(query.execution_options(yield_per=10_000)))


def pulls_by_place(session: Session, mailing_id: int, places: Collection[int]) -> dict[int, MailingPull]:
    """In which pull each of a few rows was told."""
    query = (
        select(PulledRow.place, MailingPull)
        .join(MailingPull, MailingPull.id == PulledRow.pull_id)
        .where(PulledRow.mailing_id == mailing_id, PulledRow.place.in_(places))
    )
    return {row.place: row.MailingPull for row in session.execute(query)}


def next_pull(session: Session, mailing_id: int) -> int:
    """The number that the next pull of a mailing gets."""
    return (session.scalar(select(func.max(MailingPull.number)).where(MailingPull.mailing_id == mailing_id)) or 0) + 1


def next_load(session: Session, mailing_id: int) -> int:
    """The number that the next returned file of a mailing gets."""
    return (session.scalar(select(func.max(MailingLoad.number)).where(MailingLoad.mailing_id == mailing_id)) or 0) + 1


def add_pulled(session: Session, pull: MailingPull, found: Iterable[tuple[int, Mapping[str, Any]]]) -> None:
    """Note the rows that a pull told, in the caller's transaction; one that was noted already is a unique-key fault."""
    rows = [
        {"mailing_id": pull.mailing_id, "place": place, "pull_id": pull.id, "found": dict(why)} for place, why in found
    ]
    if rows:
        session.execute(insert(cast("Table", PulledRow.__table__)), rows)
