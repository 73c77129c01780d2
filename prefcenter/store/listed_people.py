"""Reading the list contact point by contact point, as an agreement with a provider needs it: by digest, in pages."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from prefcenter.store.contacts import ContactPoint
from prefcenter.store.ledger import LedgerEntry, LedgerPosition
from prefcenter.store.suppressions import Suppression, SuppressionAddress, SuppressionKey, in_batches

CHANGES = ("suppress", "lift", "void", "replaced")
"""The kinds of ledger entries that tell of an entry of the list that is new or ended."""


def page_of_digests(session: Session, channel: str, after: bytes, limit: int) -> list[bytes]:
    """The next digests of a channel under which anything is or was on the list, in their order, each once."""
    query = (
        select(SuppressionKey.digest)
        .where(SuppressionKey.channel == channel, SuppressionKey.digest > after)
        .distinct()
        .order_by(SuppressionKey.digest)
        .limit(limit)
    )
    return [bytes(digest) for digest in session.scalars(query)]


def changed_after(session: Session, position: int, limit: int) -> tuple[int, list[int]]:
    """Which entries of the list are new or ended since a position of the ledger.

    Returns:
        The position up to which that was read, and the entries' ids; the position given where nothing came after it.
    """
    query = (
        select(LedgerPosition.position, LedgerEntry.kind, LedgerEntry.facts)
        .join(LedgerEntry, LedgerEntry.id == LedgerPosition.entry_id)
        .where(LedgerPosition.position > position)
        .order_by(LedgerPosition.position)
        .limit(limit)
    )
    numbers: dict[int, None] = {}
    for row in session.execute(query):
        position = row.position
        if row.kind in CHANGES and isinstance(row.facts.get("suppression"), int):
            numbers[row.facts["suppression"]] = None
    return position, list(numbers)


def digests_of(session: Session, channel: str, suppression_ids: Collection[int]) -> list[bytes]:
    """The digests of a channel under which some entries are found, those of people too whom they bind (G15)."""
    found: set[bytes] = set()
    for batch in in_batches(set(suppression_ids)):
        query = select(SuppressionKey.digest).where(
            SuppressionKey.channel == channel, SuppressionKey.suppression_id.in_(batch)
        )
        found.update(bytes(digest) for digest in session.scalars(query))
    return sorted(found)


def addresses(session: Session, channel: str, digests: Collection[bytes]) -> dict[bytes, str]:
    """What is readable of some contact points, from the list or from the contacts; what was erased is left out.

    A partner's hash is no address.
    """
    found: dict[bytes, str] = {}
    for batch in in_batches(set(digests)):
        listed = (
            select(SuppressionKey.digest, SuppressionAddress.given)
            .join(Suppression, Suppression.id == SuppressionKey.suppression_id)
            .join(SuppressionAddress, SuppressionAddress.suppression_id == Suppression.id)
            .where(
                SuppressionKey.digest.in_(batch),
                SuppressionKey.channel == channel,
                SuppressionKey.kind == channel,
                SuppressionKey.is_own.is_(True),
                Suppression.channel == channel,
            )
        )
        in_contacts = select(ContactPoint.digest, ContactPoint.value).where(
            ContactPoint.digest.in_(batch), ContactPoint.channel == channel
        )
        for query in (in_contacts, listed):
            for digest, given in session.execute(query):
                if given is not None and given.get("address"):
                    found[bytes(digest)] = str(given["address"])
    return found


def hashed_only(session: Session, digests: Sequence[bytes], channel: str) -> set[bytes]:
    """Which of some digests are those of a partner's hash, of which nobody knows the address."""
    found: set[bytes] = set()
    for batch in in_batches(set(digests)):
        query = select(SuppressionKey.digest).where(
            SuppressionKey.digest.in_(batch), SuppressionKey.channel == channel, SuppressionKey.kind != channel
        )
        found.update(bytes(digest) for digest in session.scalars(query))
    return found
