"""What the providers' own lists mean, what we know to stand on them, and how far an agreement with them has come."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, cast

from sqlalchemy import JSON, BigInteger, Index, String, Table, delete, func, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from prefcenter.core.channels import Scope
from prefcenter.store.base import Base, Code, DigestType
from prefcenter.store.dialects import insert_in, name_of
from prefcenter.store.suppressions import in_batches

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


def give_meaning(session: Session, provider: str, named: str, scope: Scope, at: datetime) -> None:
    """Say what a provider's list means, within the caller's transaction; what was said before is replaced."""
    session.merge(ProviderList(provider=provider, list=named, scope=str(scope), created_at=at))


def forget(session: Session, provider: str, named: str, states: Collection[str]) -> None:
    """Forget what is known of a list in some states, within the caller's transaction, so that it is looked at anew."""
    session.execute(
        delete(ProviderEntry).where(
            ProviderEntry.provider == provider, ProviderEntry.list == named, ProviderEntry.state.in_(states)
        )
    )


_ENTRIES = cast("Table", ProviderEntry.__table__)
_SET = ("state", "changed_at", "there_since", "seen_at", "problem")


def known(session: Session, provider: str, digests: Collection[bytes]) -> dict[tuple[str, bytes], ProviderEntry]:
    """What we know of some contact points on a provider's lists, by list and digest."""
    found: dict[tuple[str, bytes], ProviderEntry] = {}
    for batch in in_batches(set(digests)):
        query = select(ProviderEntry).where(ProviderEntry.provider == provider, ProviderEntry.digest.in_(batch))
        found |= {(row.list, bytes(row.digest)): row for row in session.scalars(query)}
    return found


def row_of(rows: Mapping[tuple[str, bytes], ProviderEntry], named: str, names: Sequence[bytes]) -> ProviderEntry | None:
    """What is known of a contact point on a list, under any of its digests: peppers change, and what was told stays."""
    return next((rows[named, name] for name in names if (named, name) in rows), None)


def save(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    """Note what is known now, within the caller's transaction; what was known before of the same is replaced.

    Args:
        session: writes.
        rows: every column of :class:`ProviderEntry`, each contact point once a list.
    """
    if rows:
        session.execute(_save(name_of(session)), [dict(row) for row in rows])


@cache
def _save(dialect: str) -> Any:
    new = insert_in(dialect, _ENTRIES)
    keys = ["provider", "list", "digest"]
    return new.on_conflict_do_update(index_elements=keys, set_={name: new.excluded[name] for name in _SET})


def note_seen(session: Session, provider: str, named: str, digests: Sequence[bytes], at: datetime) -> None:
    """Note of contact points that they still stand on a list, within the caller's transaction."""
    for batch in in_batches(digests):
        mine = (ProviderEntry.provider == provider) & (ProviderEntry.list == named)
        session.execute(update(ProviderEntry).where(mine, ProviderEntry.digest.in_(batch)).values(seen_at=at))


def note_missing(
    session: Session, provider: str, named: str, states: Collection[str], missing: str, since: datetime, at: datetime
) -> int:
    """Note what was not seen on a list that was read wholly, within the caller's transaction; returns how much it is.

    Args:
        session: writes.
        provider: whose list.
        named: which list.
        states: what stands there as far as we know.
        missing: what it is from now on.
        since: when the reading began; what was told or seen since then is there.
        at: now.
    """
    last_known = func.coalesce(ProviderEntry.seen_at, ProviderEntry.changed_at)
    gone = (
        update(ProviderEntry)
        .where(
            ProviderEntry.provider == provider,
            ProviderEntry.list == named,
            ProviderEntry.state.in_(states),
            last_known < since,
            ProviderEntry.changed_at < since,
        )
        .values(state=missing, changed_at=at)
    )
    return cast("Any", session.execute(gone)).rowcount or 0


def in_states(
    session: Session, provider: str, states: Collection[str], *, after: bytes = b"", limit: int = 500
) -> list[bytes]:
    """The contact points of which a provider's list is in some states, by digest, each once."""
    query = (
        select(ProviderEntry.digest)
        .where(ProviderEntry.provider == provider, ProviderEntry.state.in_(states), ProviderEntry.digest > after)
        .distinct()
        .order_by(ProviderEntry.digest)
        .limit(limit)
    )
    return [bytes(digest) for digest in session.scalars(query)]


def claim(session: Session, provider: str, at: datetime, until: datetime) -> ProviderSync | None:
    """Take the agreement with a provider on, within the caller's transaction; None while somebody else has it."""
    new = insert_in(name_of(session), ProviderSync).on_conflict_do_nothing()
    session.execute(new.values(provider=provider, fence=0, position=0, pulled={}, problem=""))
    row = session.get_one(ProviderSync, provider, with_for_update=True, populate_existing=True)
    if row.leased_until is not None and row.leased_until > at:
        return None
    row.leased_until, row.fence = until, row.fence + 1
    return row


def held(session: Session, provider: str, fence: int) -> ProviderSync | None:
    """The agreement as it is, locked, or None where another process has taken it on since."""
    row = session.get_one(ProviderSync, provider, with_for_update=True, populate_existing=True)
    return row if row.fence == fence else None


def standing(session: Session, provider: str) -> ProviderSync | None:
    """How far the agreement with a provider is, or None where there never was any."""
    return session.get(ProviderSync, provider)
