"""The ledger: the append-only record of every opt-out, consent, lift, void, send, refusal, export and operator act.

Writers never wait for each other: an entry commits with its transaction, and beside it a mark that it has no position
yet. The sealer takes the marked ones, gives them gap-free positions and a seal, and removes the marks. An id watermark
would not do, since a transaction that commits late would be skipped.
"""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import (
    BigInteger,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    bindparam,
    delete,
    func,
    insert,
    select,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from prefcenter.core.chain import commit_to, entry_hash
from prefcenter.store.base import Base, BigId, Code, DigestType


class LedgerEntry(Base):
    """One thing that happened. ``facts`` holds no personal data; ``commitment`` binds the erasable side row."""

    __tablename__ = "ledger_entries"
    __table_args__ = (Index("ix_ledger_entries_subject", "subject", "id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    uid: Mapped[str] = mapped_column(String(32))
    kind: Mapped[str] = mapped_column(Code)
    at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(String(254))
    subject: Mapped[bytes | None] = mapped_column(DigestType)
    facts: Mapped[dict[str, Any]]
    commitment: Mapped[bytes] = mapped_column(LargeBinary(32))
    hash: Mapped[bytes] = mapped_column(LargeBinary(32))


class LedgerPersonal(Base):
    """The personal data of an entry with the salt of its commitment. Erasing it leaves the chain whole."""

    __tablename__ = "ledger_personal"

    entry_id: Mapped[int] = mapped_column(ForeignKey("ledger_entries.id"), primary_key=True)
    salt: Mapped[bytes] = mapped_column(LargeBinary(16))
    data: Mapped[dict[str, Any]]


class LedgerPending(Base):
    """A mark that an entry has no position yet."""

    __tablename__ = "ledger_pending"

    entry_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("ledger_entries.id"), primary_key=True)


class LedgerPosition(Base):
    """An entry's place in the order, chained to the place before."""

    __tablename__ = "ledger_positions"

    position: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    entry_id: Mapped[int] = mapped_column(BigInteger, unique=True)
    entry_hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    chain: Mapped[bytes] = mapped_column(LargeBinary(32))


class LedgerSeal(Base):
    """A signature over the chain up to a position, chained to the seal before."""

    __tablename__ = "ledger_seals"

    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    first: Mapped[int] = mapped_column(BigInteger)
    last: Mapped[int] = mapped_column(BigInteger)
    before: Mapped[bytes] = mapped_column(LargeBinary(32))
    head: Mapped[bytes] = mapped_column(LargeBinary(32))
    key_id: Mapped[str] = mapped_column(String(16))
    signature: Mapped[bytes] = mapped_column(LargeBinary(64))
    hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    at: Mapped[datetime]


APPEND_ONLY = ("ledger_entries", "ledger_positions", "ledger_seals")
"""Tables whose triggers refuse UPDATE, DELETE and TRUNCATE."""


@dataclass(frozen=True, slots=True)
class NewEntry:
    """An entry to be written.

    Args:
        kind: what happened, such as ``opt_out`` or ``lift``.
        at: when, aware UTC.
        actor: who did it: ``recipient``, ``system``, an operator or an API key.
        facts: what is told, JSON values without personal data and without floats.
        subject: digest of the contact point that it is about.
        personal: the personal data and evidence, kept beside the entry and erasable.
    """

    kind: str
    at: datetime
    actor: str
    facts: Mapping[str, Any]
    subject: bytes | None = None
    personal: Mapping[str, Any] | None = None


def append(
    session: Session,
    kind: str,
    *,
    at: datetime,
    actor: str,
    facts: Mapping[str, Any],
    subject: bytes | None = None,
    personal: Mapping[str, Any] | None = None,
) -> int:
    """Write one entry into the caller's transaction and return its id; see :class:`NewEntry`."""
    return append_many(session, [NewEntry(kind, at, actor, facts, subject, personal)])[0]


def append_many(session: Session, entries: Sequence[NewEntry]) -> list[int]:
    """Write entries into the caller's transaction: they happen with it, or not at all.

    This is the only place that writes entries. Returns their ids, in the order given.
    """
    if not entries:
        return []
    salts = [secrets.token_bytes(16) for _ in entries]
    rows = [_entry_row(entry, salt) for entry, salt in zip(entries, salts, strict=True)]
    run = session.connection().execute  # These name tables and no models, so the session need not look at them.
    made = {row.uid: row.id for row in run(_INSERT_ENTRY, rows)}
    ids = [made[row["uid"]] for row in rows]
    run(_INSERT_PENDING, [{"entry_id": number} for number in ids])
    personal = [
        {"entry_id": number, "salt": salt, "data": dict(entry.personal)}
        for number, salt, entry in zip(ids, salts, entries, strict=True)
        if entry.personal
    ]
    if personal:
        run(_INSERT_PERSONAL, personal)
    return ids


_ENTRIES = cast("Table", LedgerEntry.__table__)
_INSERT_ENTRY = insert(_ENTRIES).returning(_ENTRIES.c.uid, _ENTRIES.c.id)
_INSERT_PENDING = insert(cast("Table", LedgerPending.__table__))
_INSERT_PERSONAL = insert(cast("Table", LedgerPersonal.__table__))


def _entry_row(entry: NewEntry, salt: bytes) -> dict[str, Any]:
    facts = dict(entry.facts) | ({"subject": entry.subject.hex()} if entry.subject is not None else {})
    commitment = commit_to(salt, entry.personal) if entry.personal else b""
    uid = uuid.uuid4().hex
    return {
        "uid": uid,
        "kind": entry.kind,
        "at": entry.at,
        "actor": entry.actor,
        "facts": facts,
        "subject": entry.subject,
        "commitment": commitment,
        "hash": entry_hash(
            uid=uid, kind=entry.kind, at=entry.at, actor=entry.actor, facts=facts, commitment=commitment
        ),
    }


def pending(session: Session, limit: int) -> Sequence[tuple[int, bytes]]:
    """Id and hash of the entries without a position, in the order of their ids."""
    query = (
        select(LedgerEntry.id, LedgerEntry.hash)
        .join(LedgerPending, LedgerPending.entry_id == LedgerEntry.id)
        .order_by(LedgerPending.entry_id)  # By the few that wait: the order of the entries would read the whole ledger.
        .limit(limit)
    )
    return [(row.id, row.hash) for row in session.execute(query)]


def place(session: Session, places: Sequence[Mapping[str, Any]]) -> None:
    """Write positions (``position``, ``entry_id``, ``entry_hash``, ``chain``); their entries wait no longer."""
    session.execute(_INSERT_POSITION, places)
    session.execute(delete(LedgerPending).where(LedgerPending.entry_id.in_([one["entry_id"] for one in places])))


_INSERT_POSITION = insert(cast("Table", LedgerPosition.__table__))


def has_pending(session: Session) -> bool:
    """Whether any entry waits for its position."""
    return session.scalar(select(LedgerPending.entry_id).limit(1)) is not None


_WAITING = select(LedgerPending.__table__.c.entry_id).limit(bindparam("most")).subquery()
_STANDING = select(
    select(func.max(LedgerPosition.__table__.c.position)).scalar_subquery(),
    select(func.count()).select_from(_WAITING).scalar_subquery(),
)


def standing(session: Session, *, most: int) -> tuple[int, int]:
    """The last position, and how many entries wait for theirs, counted no further than ``most``."""
    last, waiting = session.execute(_STANDING, {"most": most}).one()
    return last or 0, waiting


def last_position(session: Session) -> int:
    """The highest position given so far, 0 in a new ledger."""
    return session.scalar(select(func.max(LedgerPosition.position))) or 0


def last_beside(session: Session, kinds: Sequence[str]) -> tuple[int, bytes]:
    """The highest position of an entry that is of none of these kinds, and the chain up to it; 0 where there is none.

    The chain tells two ledgers apart that have as many entries, such as one before and one after a backup came back.
    """
    query = (
        select(LedgerPosition.position, LedgerPosition.chain)
        .join(LedgerEntry, LedgerEntry.id == LedgerPosition.entry_id)
        .where(LedgerEntry.kind.not_in(kinds))
        .order_by(LedgerPosition.position.desc())
        .limit(1)
    )
    found = session.execute(query).one_or_none()
    return (found.position, found.chain) if found is not None else (0, b"")


def facts_after(session: Session, position: int, kinds: Sequence[str]) -> Iterator[dict[str, Any]]:
    """What the sealed entries of some kinds tell that came after a position, in their order."""
    query = (
        select(LedgerEntry.facts)
        .join(LedgerPosition, LedgerPosition.entry_id == LedgerEntry.id)
        .where(LedgerPosition.position > position, LedgerEntry.kind.in_(kinds))
        .order_by(LedgerPosition.position)
    )
    yield from session.scalars(query.execution_options(yield_per=10_000))


def last_seal(session: Session) -> LedgerSeal | None:
    """The newest seal."""
    return session.scalar(select(LedgerSeal).order_by(LedgerSeal.number.desc()).limit(1))


def history(session: Session, digests: Sequence[bytes], until: datetime | None = None) -> list[LedgerEntry]:
    """What happened to the contact points with these digests, the oldest first."""
    query = select(LedgerEntry).where(LedgerEntry.subject.in_(digests)).order_by(LedgerEntry.at, LedgerEntry.id)
    if until is not None:
        query = query.where(LedgerEntry.at <= until)
    return list(session.scalars(query))


def of_kind(session: Session, kind: str, digests: Sequence[bytes]) -> Sequence[LedgerEntry]:
    """The entries of one kind about the contact points with these digests, in the order in which they were made."""
    query = select(LedgerEntry).where(LedgerEntry.subject.in_(digests), LedgerEntry.kind == kind)
    return session.scalars(query.order_by(LedgerEntry.id)).all()


def newest_of_kind(session: Session, kind: str) -> Iterator[LedgerEntry]:
    """All entries of one kind, the newest first, whoever they are about."""
    query = select(LedgerEntry).where(LedgerEntry.kind == kind).order_by(LedgerEntry.id.desc())
    yield from session.scalars(query.execution_options(yield_per=1_000))


def personal_of(session: Session, entry_ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    """The personal data of some entries, without what was erased."""
    query = select(LedgerPersonal).where(LedgerPersonal.entry_id.in_(entry_ids))
    return {row.entry_id: row.data for row in session.scalars(query)}


def positions_of(session: Session, entry_ids: Sequence[int]) -> dict[int, int]:
    """The positions of some entries, without those that wait for one."""
    query = select(LedgerPosition).where(LedgerPosition.entry_id.in_(entry_ids))
    return {row.entry_id: row.position for row in session.scalars(query)}


def in_order(
    session: Session, *, after: int = 0, batch: int = 5_000
) -> Iterator[tuple[LedgerPosition, LedgerEntry | None, LedgerPersonal | None]]:
    """Read the sealed ledger by position, each place with its entry and personal data where they exist."""
    while True:
        query = (
            select(LedgerPosition, LedgerEntry, LedgerPersonal)
            .outerjoin(LedgerEntry, LedgerEntry.id == LedgerPosition.entry_id)
            .outerjoin(LedgerPersonal, LedgerPersonal.entry_id == LedgerPosition.entry_id)
            .where(LedgerPosition.position > after)
            .order_by(LedgerPosition.position)
            .limit(batch)
        )
        rows = session.execute(query).all()
        if not rows:
            return
        for row in rows:
            yield row[0], row[1], row[2]
        after = rows[-1][0].position
        session.expunge_all()
