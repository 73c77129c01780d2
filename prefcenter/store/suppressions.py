"""Suppressions: scoped reasons not to send, kept under keyed digests and not under a contact.

So a suppression outlives profile, list, merge and import; and once its readable address is erased, its digests still
suppress (G3).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Boolean, ForeignKey, Index, Row, String, bindparam, func, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from prefcenter.core.channels import Channel, Reason, Scope, Source
from prefcenter.core.decision import Fact
from prefcenter.store.base import Base, BigId, Code, DigestType

BLOCK = "block"
"""The kind of a key that says where a postal entry lies, and not whose it is: nobody is refused for sharing it."""

IN_LIMIT = 5_000
"""Digests asked for at once: far below what SQLite (32,766) and PostgreSQL (65,535) take as parameters."""


class Suppression(Base):
    """One reason not to send. It ends (lifted or voided) and is never deleted or changed otherwise.

    ``is_own_act`` keeps the person's own act apart from what others recorded for the same reason: voiding a wrong
    import must never take a genuine click with it (X10).
    """

    __tablename__ = "suppressions"
    __table_args__ = (
        Index(
            "uq_suppressions_current",
            "channel",
            "digest",
            "reason",
            "scope",
            "level",
            "is_own_act",
            unique=True,
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    channel: Mapped[str] = mapped_column(Code)
    digest: Mapped[bytes] = mapped_column(DigestType)
    pepper_id: Mapped[str | None] = mapped_column(String(16))
    reason: Mapped[str] = mapped_column(Code)
    scope: Mapped[str] = mapped_column(String(160))
    level: Mapped[str] = mapped_column(Code, default="")
    since: Mapped[datetime]
    until: Mapped[datetime | None]
    source: Mapped[str] = mapped_column(Code)
    source_ref: Mapped[str] = mapped_column(String(200), default="")
    batch: Mapped[str | None] = mapped_column(String(64), index=True)
    actor: Mapped[str] = mapped_column(String(254), default="")
    is_own_act: Mapped[bool] = mapped_column(Boolean, default=False)
    is_verified: Mapped[bool] = mapped_column(Boolean, default=True)
    recorded_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[str | None] = mapped_column(Code)
    void_proposed_by: Mapped[str | None] = mapped_column(String(254))


class SuppressionKey(Base):
    """One digest under which a suppression is found.

    ``is_own`` tells the digests of the contact point itself from those that it fanned out to (G15). ``bucket`` is the
    ZIP5 of a postal key, which lets an erased entry be looked for among the rows of one ZIP only.
    """

    __tablename__ = "suppression_keys"
    __table_args__ = (Index("uq_suppression_keys_digest", "digest", "suppression_id", unique=True),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    suppression_id: Mapped[int] = mapped_column(ForeignKey("suppressions.id"), index=True)
    channel: Mapped[str] = mapped_column(Code)
    kind: Mapped[str] = mapped_column(Code)
    digest: Mapped[bytes] = mapped_column(DigestType)
    pepper_id: Mapped[str | None] = mapped_column(String(16))
    bucket: Mapped[str] = mapped_column(String(16), default="")
    is_own: Mapped[bool] = mapped_column(Boolean, default=True)


class SuppressionAddress(Base):
    """The readable address beside a suppression, as it was given; erasing it leaves the suppression whole (P8, G3)."""

    __tablename__ = "suppression_addresses"

    suppression_id: Mapped[int] = mapped_column(ForeignKey("suppressions.id"), primary_key=True)
    given: Mapped[dict[str, Any]]


_Asked = TypeVar("_Asked", bytes, int)


def in_batches(asked: Collection[_Asked]) -> Iterator[list[_Asked]]:
    """Cut a set of digests or ids into pieces that a query can take."""
    ordered = list(asked)
    for start in range(0, len(ordered), IN_LIMIT):
        yield ordered[start : start + IN_LIMIT]


def by_digests(
    session: Session, digests: Collection[bytes], *, with_ended: bool = False
) -> list[tuple[Suppression, SuppressionKey]]:
    """Find the suppressions that stand under some digests, each with the key that found it, the oldest first."""
    found: list[tuple[Suppression, SuppressionKey]] = []
    for batch in in_batches(digests):
        query = (
            select(Suppression, SuppressionKey)
            .join(SuppressionKey, SuppressionKey.suppression_id == Suppression.id)
            .where(SuppressionKey.digest.in_(batch))
            .order_by(Suppression.id)
        )
        if not with_ended:
            query = query.where(Suppression.ended_at.is_(None))
        found += [(row[0], row[1]) for row in session.execute(query)]
    return found


def standing_under(session: Session, channel: str, digests: Collection[bytes]) -> Sequence[Suppression]:
    """The entries in force that were made under these very digests, locked so that two do not both end one."""
    query = select(Suppression).where(
        Suppression.channel == channel, Suppression.digest.in_(digests), Suppression.ended_at.is_(None)
    )
    query = query.order_by(Suppression.id).with_for_update(key_share=True)
    return session.scalars(query.execution_options(populate_existing=True)).all()


_LISTED, _KEYS = Suppression.__table__, SuppressionKey.__table__
# Asked before every send, so it is written once, reads plain rows, and only the columns of a fact.
_IN_FORCE = (
    select(
        _KEYS.c.digest,
        *(_LISTED.c[name] for name in ("id", "channel", "reason", "scope", "since", "until", "source", "is_verified")),
    )
    .join_from(_KEYS, _LISTED, _KEYS.c.suppression_id == _LISTED.c.id)
    .where(_KEYS.c.digest.in_(bindparam("digests", expanding=True)), _LISTED.c.ended_at.is_(None))
    .order_by(_LISTED.c.id)
)


def facts_by_digests(session: Session, digests: Collection[bytes]) -> Iterator[tuple[bytes, Fact]]:
    """Find what is in force under some digests, each with the digest that found it, the oldest first."""
    for batch in in_batches(digests):
        for row in session.execute(_IN_FORCE, {"digests": batch}):
            yield row.digest, fact_of(row)


def keys_of(session: Session, suppression_id: int) -> Sequence[SuppressionKey]:
    """All digests under which a suppression is found."""
    query = select(SuppressionKey).where(SuppressionKey.suppression_id == suppression_id).order_by(SuppressionKey.id)
    return session.scalars(query).all()


def addresses_of(session: Session, suppression_ids: Collection[int]) -> dict[int, dict[str, Any]]:
    """The readable addresses beside some suppressions, without those that were erased."""
    query = select(SuppressionAddress).where(SuppressionAddress.suppression_id.in_(suppression_ids))
    return {row.suppression_id: row.given for row in session.scalars(query)}


def page(
    session: Session,
    *,
    after: int = 0,
    limit: int = 1000,
    channel: str | None = None,
    reason: str | None = None,
    with_ended: bool = False,
) -> Sequence[tuple[Suppression, dict[str, Any] | None]]:
    """Read one page of the list by ascending id, each with its readable address where it has one."""
    query = (
        select(Suppression, SuppressionAddress.given)
        .outerjoin(SuppressionAddress, SuppressionAddress.suppression_id == Suppression.id)
        .where(Suppression.id > after)
        .order_by(Suppression.id)
        .limit(limit)
    )
    if channel is not None:
        query = query.where(Suppression.channel == channel)
    if reason is not None:
        query = query.where(Suppression.reason == reason)
    if not with_ended:
        query = query.where(Suppression.ended_at.is_(None))
    return [(row[0], row[1]) for row in session.execute(query)]


def count_in_force(session: Session, channel: str) -> int:
    """How many entries of a channel are in force, readable or erased."""
    query = select(func.count()).where(Suppression.channel == channel, Suppression.ended_at.is_(None))
    return session.scalar(query) or 0


def lying_at(session: Session, digests: Collection[bytes]) -> Iterator[tuple[bytes, int]]:
    """The postal entries, ended ones too, that lie where some digests of blocks say, each by its id."""
    for batch in in_batches(digests):
        query = select(SuppressionKey.digest, SuppressionKey.suppression_id).where(
            SuppressionKey.digest.in_(batch), SuppressionKey.kind == BLOCK
        )
        for row in session.execute(query):
            yield row.digest, row.suppression_id


OF_A_FACT = (
    Suppression.id,
    Suppression.channel,
    Suppression.reason,
    Suppression.scope,
    Suppression.since,
    Suppression.until,
    Suppression.source,
    Suppression.is_verified,
)
"""The columns that :func:`fact_of` looks at."""


def fact_of(row: Suppression | Row[Any]) -> Fact:
    """Make the core's fact out of a stored suppression, or of a row with its columns."""
    return Fact(
        reason=Reason(row.reason),
        channel=Channel(row.channel),
        scope=Scope.parse(row.scope),
        since=row.since,
        until=row.until,
        source=Source(row.source),
        suppression_id=row.id,
        verified=row.is_verified,
    )
