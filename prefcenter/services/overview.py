"""How things stand, in figures and without anybody's data: for the console and for monitoring."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from prefcenter.store import ledger, mailings, registry, reviews
from prefcenter.store.ledger import LedgerPending, LedgerSeal
from prefcenter.store.mailings import Mailing
from prefcenter.store.outbox import OutboxMessage
from prefcenter.store.registry import Brand, MessageType, Topic
from prefcenter.store.reviews import Review
from prefcenter.store.suppressions import Suppression


@dataclass(frozen=True, slots=True)
class Figures:
    """What is counted.

    Args:
        suppressions: how many are active, by channel and reason.
        recorded: how many were ever recorded, by channel and source.
        pending: ledger entries that wait for their position.
        position: the last position of the ledger.
        queue: messages in the outbox, by state.
        open_reviews: items that wait for a person.
        overdue_reviews: those of them whose time is up.
    """

    suppressions: dict[tuple[str, str], int]
    recorded: dict[tuple[str, str], int]
    pending: int
    position: int
    queue: dict[str, int]
    open_reviews: int
    overdue_reviews: int

    def reasons(self, channel: str) -> list[tuple[str, int]]:
        """How many active suppressions a channel has by reason, the most frequent first."""
        own = [(reason, count) for (place, reason), count in self.suppressions.items() if place == channel]
        return sorted(own, key=lambda pair: (-pair[1], pair[0]))

    def total(self, channel: str) -> int:
        """How many active suppressions a channel has."""
        return sum(count for _, count in self.reasons(channel))


def figures(session: Session, *, at: datetime) -> Figures:
    """Count everything; only reads."""
    is_open = Review.state == "open"
    return Figures(
        suppressions=_by_two(session, Suppression.channel, Suppression.reason, _is_active(at)),
        recorded=_by_two(session, Suppression.channel, Suppression.source),
        pending=_count(session, select(func.count()).select_from(LedgerPending)),
        position=ledger.last_position(session),
        queue=_by_state(session),
        open_reviews=_count(session, select(func.count()).select_from(Review).where(is_open)),
        overdue_reviews=_count(session, select(func.count()).select_from(Review).where(is_open, Review.due_at < at)),
    )


@dataclass(frozen=True, slots=True)
class Overview:
    """What an operator sees first."""

    figures: Figures
    reviews: Sequence[Review]
    seal: LedgerSeal | None
    mailings: Sequence[Mailing]
    types: Sequence[tuple[MessageType, Brand, Topic | None]]


def overview(session: Session, *, at: datetime) -> Overview:
    """Gather what an operator sees first: what is due, then how things stand; only reads."""
    return Overview(
        figures=figures(session, at=at),
        reviews=reviews.open_reviews(session, limit=20),
        seal=ledger.last_seal(session),
        mailings=mailings.newest(session, limit=10),
        types=registry.types(session),
    )


def _is_active(at: datetime) -> ColumnElement[bool]:
    return and_(Suppression.ended_at.is_(None), or_(Suppression.until.is_(None), Suppression.until > at))


def _by_two(
    session: Session,
    first: InstrumentedAttribute[str],
    second: InstrumentedAttribute[str],
    *wanted: ColumnElement[bool],
) -> dict[tuple[str, str], int]:
    query = select(first, second, func.count()).where(*wanted).group_by(first, second).order_by(first, second)
    return {(one, other): count for one, other, count in session.execute(query)}


def _by_state(session: Session) -> dict[str, int]:
    query = select(OutboxMessage.state, func.count()).group_by(OutboxMessage.state).order_by(OutboxMessage.state)
    return {row[0]: row[1] for row in session.execute(query)}


def _count(session: Session, query: Select[int]) -> int:
    return session.scalar(query) or 0
