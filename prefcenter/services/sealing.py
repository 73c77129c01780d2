"""Sealing the ledger, and proving that nothing in it was altered (X7)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from sqlalchemy import exists, select, text
from sqlalchemy.orm import Session

from prefcenter.core.chain import (
    GENESIS,
    chain_hash,
    commit_to,
    entry_hash,
    is_signed,
    seal_hash,
    seal_message,
    signing_key,
)
from prefcenter.core.errors import PrefcenterError
from prefcenter.core.tokens import SigningKeys
from prefcenter.services import list_audit
from prefcenter.store import ledger
from prefcenter.store.ledger import LedgerEntry, LedgerPending, LedgerPersonal, LedgerPosition, LedgerSeal

_SEALER_LOCK = 7_733_632_469
_AT_ONCE = 5_000


class LedgerKeys:
    """The Ed25519 keys that sign seals and manifests, derived from the signing keys; old ones verify for ever."""

    def __init__(self, signing: SigningKeys) -> None:
        self._keys = {key_id: signing_key(seed) for key_id, seed in signing.derive_all("ledger").items()}

    @property
    def newest(self) -> tuple[str, Ed25519PrivateKey]:
        """The key that signs now, with its id."""
        return next(iter(self._keys.items()))

    @property
    def public(self) -> list[Ed25519PublicKey]:
        """The public halves of all keys, newest first."""
        return [key.public_key() for key in self._keys.values()]

    @property
    def public_by_id(self) -> dict[str, Ed25519PublicKey]:
        """The public keys by the id that seals name, newest first."""
        return {key_id: key.public_key() for key_id, key in self._keys.items()}

    def is_signed(self, key_id: str, signature: bytes, message: bytes) -> bool:
        """Whether the named key signed the message; False for a key that we don't have."""
        key = self._keys.get(key_id)
        return key is not None and is_signed(key.public_key(), signature, message)


@dataclass(frozen=True, slots=True)
class Sealed:
    """What a seal covered."""

    position: int
    entries: int
    seal: LedgerSeal | None


def seal(session: Session, keys: LedgerKeys, *, at: datetime) -> Sealed:
    """Give every entry that waits its position, sign the chain, and commit.

    Positions are gap-free: one sealer at a time, on PostgreSQL by an advisory lock, on SQLite by the write lock.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _SEALER_LOCK})
    count, newest = 0, ledger.last_seal(session)
    while waiting := ledger.pending(session, _AT_ONCE):
        newest = _seal_batch(session, waiting, newest, keys, at)
        count += len(waiting)
    position = ledger.last_position(session)
    session.commit()
    return Sealed(position, count, newest if count else None)


def _seal_batch(
    session: Session, entries: Sequence[tuple[int, bytes]], before: LedgerSeal | None, keys: LedgerKeys, at: datetime
) -> LedgerSeal:
    position = before.last if before is not None else 0
    head = before.head if before is not None else GENESIS
    first = position + 1
    places = []
    for entry_id, entry_digest in entries:
        position += 1
        head = chain_hash(head, position, entry_digest)
        places.append({"position": position, "entry_id": entry_id, "entry_hash": entry_digest, "chain": head})
    ledger.place(session, places)
    number = before.number + 1 if before is not None else 1
    chained_to = before.hash if before is not None else GENESIS
    message = seal_message(number=number, first=first, last=position, before=chained_to, head=head)
    key_id, key = keys.newest
    signature = key.sign(message)
    made = LedgerSeal(
        number=number,
        first=first,
        last=position,
        before=chained_to,
        head=head,
        key_id=key_id,
        signature=signature,
        hash=seal_hash(message, signature),
        at=at,
    )
    session.add(made)
    session.flush()
    return made


def anchor(path: Path, made: LedgerSeal) -> None:
    """Note a seal outside the database: a chain alone cannot show that its newest part was cut off."""
    path.parent.mkdir(parents=True, exist_ok=True)
    line = {"seal": made.number, "position": made.last, "hash": made.hash.hex(), "at": made.at.isoformat()}
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")


@dataclass(frozen=True, slots=True)
class Fault:
    """The first place at which the ledger is not what was sealed.

    Args:
        position: the place, or None where the entry has none.
        entry: the entry's id, or None where it is gone.
        what: what is wrong, as a sentence.
    """

    position: int | None
    entry: int | None
    what: str


@dataclass(frozen=True, slots=True)
class Proof:
    """What the check of the whole ledger found."""

    entries: int
    seals: int
    pending: int
    position: int
    fault: Fault | None

    @property
    def is_whole(self) -> bool:
        """Whether nothing was altered."""
        return self.fault is None


def verify(session: Session, keys: LedgerKeys, anchors: Path | None = None) -> Proof:
    """Check every entry, position and seal, and the list against them; name the first that is not as it was.

    Args:
        session: reads only.
        keys: the signing keys, old ones too.
        anchors: the file of anchors outside the database, where there is one.
    """
    if session.get_bind().dialect.name == "postgresql" and not session.in_transaction():
        # One view of everything: what is recorded meanwhile is in all of it or in nothing. SQLite has it by itself.
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
    seals = list(session.scalars(select(LedgerSeal).order_by(LedgerSeal.number)))
    places, fault = _check_places(session, seals)
    fault = fault or _check_seals(seals, places, keys) or _check_strays(session) or _check_anchors(seals, anchors)
    fault = fault or _check_list(session)
    waiting = len(session.scalars(select(LedgerPending.entry_id)).all())
    return Proof(entries=places, seals=len(seals), pending=waiting, position=places, fault=fault)


def _check_places(session: Session, seals: list[LedgerSeal]) -> tuple[int, Fault | None]:
    """Walk the chain: each place follows the one before, its entry says what was sealed, each seal signs its head."""
    head, expected = GENESIS, 0
    heads = {made.last: made for made in seals}
    for place, entry, personal in ledger.in_order(session):
        expected += 1
        fault = _check_place(place, entry, personal, head, expected)
        if fault is not None:
            return expected, fault
        head = place.chain
        made = heads.get(place.position)
        if made is not None and made.head != head:
            return expected, Fault(made.first, None, f"The chain was written anew within seal {made.number}.")
    return expected, None


def _check_place(
    place: LedgerPosition, entry: LedgerEntry | None, personal: LedgerPersonal | None, head: bytes, expected: int
) -> Fault | None:
    if place.position != expected:
        return Fault(expected, None, f"Position {expected} is missing: an entry was deleted or moved.")
    if entry is None:
        return Fault(expected, place.entry_id, f"Entry {place.entry_id} at position {expected} was deleted.")
    if chain_hash(head, place.position, place.entry_hash) != place.chain:
        return Fault(expected, entry.id, f"Position {expected} does not follow the one before: moved or inserted.")
    if _hash_of(entry) != place.entry_hash or entry.hash != place.entry_hash:
        return Fault(expected, entry.id, f"Entry {entry.id} at position {expected} was edited.")
    if (entry.subject.hex() if entry.subject is not None else None) != entry.facts.get("subject"):
        return Fault(expected, entry.id, f"Entry {entry.id} at position {expected} was given another subject.")
    if personal is not None and commit_to(personal.salt, personal.data) != entry.commitment:
        return Fault(expected, entry.id, f"The personal data of entry {entry.id} at position {expected} was edited.")
    return None


def _hash_of(entry: LedgerEntry) -> bytes:
    return entry_hash(
        uid=entry.uid,
        kind=entry.kind,
        at=entry.at,
        actor=entry.actor,
        facts=entry.facts,
        commitment=entry.commitment,
    )


def _check_seals(seals: list[LedgerSeal], last_position: int, keys: LedgerKeys) -> Fault | None:
    before, next_first = GENESIS, 1
    for number, made in enumerate(seals, start=1):
        message = seal_message(number=made.number, first=made.first, last=made.last, before=made.before, head=made.head)
        if made.number != number or made.first != next_first or made.before != before:
            return Fault(next_first, None, f"Seal {number} is missing or moved.")
        if not keys.is_signed(made.key_id, made.signature, message):
            return Fault(made.first, None, f"Seal {number} is not signed by a key of ours.")
        before, next_first = seal_hash(message, made.signature), made.last + 1
        if before != made.hash:
            return Fault(made.first, None, f"Seal {number} was edited.")
    if next_first - 1 != last_position:
        place = min(next_first, last_position + 1)
        return Fault(place, None, f"Positions and seals do not end together: cut or added after position {place - 1}.")
    return None


def _check_strays(session: Session) -> Fault | None:
    """Find an entry that has neither a position nor the mark that it waits for one: it was slipped in."""
    placed = exists().where(LedgerPosition.entry_id == LedgerEntry.id)
    waits = exists().where(LedgerPending.entry_id == LedgerEntry.id)
    stray = session.scalar(select(LedgerEntry.id).where(~placed, ~waits).order_by(LedgerEntry.id).limit(1))
    if stray is not None:
        return Fault(None, stray, f"Entry {stray} was inserted past the sealer.")
    query = select(LedgerEntry).join(LedgerPending, LedgerPending.entry_id == LedgerEntry.id)
    for entry in session.scalars(query):
        if _hash_of(entry) != entry.hash:
            return Fault(None, entry.id, f"Entry {entry.id}, which waits for its position, was edited.")
    return None


def _check_list(session: Session) -> Fault | None:
    found = list_audit.first_difference(session)
    return None if found is None else Fault(None, found[0], found[1])


def _check_anchors(seals: list[LedgerSeal], path: Path | None) -> Fault | None:
    if path is None or not path.exists():
        return None
    hashes = {made.number: made.hash.hex() for made in seals}
    for number, position, digest in _anchored(path):
        if hashes.get(number) != digest:
            return Fault(
                position, None, f"Seal {number} was anchored up to position {position} and is gone or another."
            )
    return None


def _anchored(path: Path) -> Iterator[tuple[int, int, str]]:
    """Number, last position and hash of each seal that was noted outside the database."""
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file, start=1):
            try:
                noted = json.loads(line)
                yield int(noted["seal"]), int(noted["position"]), str(noted["hash"])
            except (ValueError, KeyError, TypeError) as error:
                raise PrefcenterError(
                    f"{path.name}, line {number} is not an anchor.", remedy="Restore the file from its copy."
                ) from error
