"""The list as one mailing sees it: what speaks against it, by canonical key, in memory.

A suppression that does not speak against the message is left out from the start, so that what is left can be joined
with a file's rows. Readable entries are found by their canonical key. Of an erased entry only keyed digests are left;
for those a row's keys are digested, which is slow, and done only where there are such entries.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from prefcenter.core.channels import EVERYWHERE_REASONS, PERSON_REASONS, Channel, Level, Reason, Scope, Verdict
from prefcenter.core.decision import Ask, verdict_of
from prefcenter.core.hashed import HashAlgorithm
from prefcenter.core.keys import Peppers
from prefcenter.core.postal.tiers import Unsure
from prefcenter.scrub.postal_cache import postal_records
from prefcenter.scrub.postal_index import PostalEntry, PostalIndex, records_of
from prefcenter.scrub.profiles import Profile, profiles_of
from prefcenter.store import fingerprints
from prefcenter.store.contacts import ContactPoint
from prefcenter.store.suppressions import BLOCK, Suppression, SuppressionAddress, SuppressionKey, fact_of, in_batches

BINDING_SCHEMA = {
    "suppression": pl.Int64,
    "verdict": pl.String,
    "reason": pl.String,
    "scope": pl.String,
    "since": pl.String,
    "strictness": pl.Int8,
}
_STRICTNESS = {verdict: rank for rank, verdict in enumerate(Verdict)}


@dataclass(frozen=True, slots=True)
class ListIndex:
    """The list as one mailing sees it.

    Args:
        ask: what would be sent.
        at: the moment of the decision.
        bindings: for each suppression that speaks against it: its id, verdict, reason, scope, since, strictness.
        keys: ``key``, ``suppression`` and ``kind`` of the readable email addresses and numbers.
        digests: suppressions that are known by a keyed digest only, by that digest.
        buckets: the ZIP5s in which such an entry may lie; None for anywhere.
        post: the readable postal entries.
        profiles: ``key`` and ``profile``, a place in ``profile_values``.
        profile_digests: the same for contact points that are known by a digest only.
        profile_values: the distinct profiles; the first is the empty one.
        peppers: the keys of the digests.
        hashed: for email, how the addresses of partners' hashed lists were hashed.
        moments: for rows that were sent already, when each of them was; None for rows that are to be sent at ``at``.
            Then ``bindings`` also say from when until when each suppression spoke (``begun``, ``over``).
    """

    ask: Ask
    at: datetime
    bindings: pl.DataFrame
    keys: pl.DataFrame
    digests: Mapping[bytes, tuple[int, ...]]
    buckets: frozenset[str] | None
    post: PostalIndex
    profiles: pl.DataFrame
    profile_digests: Mapping[bytes, int]
    profile_values: tuple[Profile, ...]
    peppers: Peppers = field(repr=False)
    unsure: Unsure = Unsure.BY_DEFAULT
    hashed: frozenset[HashAlgorithm] = frozenset()
    moments: pl.Series | None = None

    def of_rows(self, places: np.ndarray) -> ListIndex:
        """The same for some rows of a block alone."""
        return self if self.moments is None else replace(self, moments=self.moments.gather(places))


def build_index(
    session: Session,
    peppers: Peppers,
    ask: Ask,
    *,
    at: datetime,
    unsure: Unsure = Unsure.BY_DEFAULT,
    keep_in: Path | None = None,
) -> ListIndex:
    """Read the list for one mailing, in one reading transaction.

    Args:
        session: reads only.
        peppers: the keys of the digests.
        ask: what would be sent; its country and party are those of an unknown contact point.
        at: the moment of the decision.
        unsure: what becomes of rows that may be somebody on the list.
        keep_in: a folder in which postal entries are kept as they were read, for the next mailing.
    """
    bindings = _bindings(session, ask, at)
    if ask.channel is not Channel.POST:
        given = _given(session, ask.channel, frozenset(bindings["suppression"].to_list()))
        return index_of(session, peppers, ask, bindings, given, at=at, unsure=unsure)
    records = postal_records(session, keep_in).join(bindings.select("suppression"), on="suppression", how="semi")
    return index_of(session, peppers, ask, bindings, records, at=at, unsure=unsure)


Given = Mapping[int, tuple[Mapping[str, Any], str]]
"""The readable address and the level of suppressions, by their id."""


def index_of(
    session: Session,
    peppers: Peppers,
    ask: Ask,
    bindings: pl.DataFrame,
    given: Given | pl.DataFrame,
    *,
    at: datetime,
    unsure: Unsure = Unsure.BY_DEFAULT,
) -> ListIndex:
    """The list as one mailing sees it, of suppressions that were chosen already.

    Args:
        session: reads only.
        peppers: the keys of the digests.
        ask: what would be sent.
        bindings: the suppressions, in the columns of :data:`BINDING_SCHEMA`.
        given: what is readable of the channel's own: addresses, or for post the records of them.
        at: the moment of the decision.
        unsure: what becomes of rows that may be somebody on the list.
    """
    if isinstance(given, pl.DataFrame):
        entries, readable, records = [], frozenset(given["suppression"].to_list()), given
    else:
        entries = [(number, address, level) for number, (address, level) in given.items()]
        readable, records = frozenset(given), records_of(())
    fanned, digests, buckets = _unread(session, ask.channel, bindings, readable)
    is_post = ask.channel is Channel.POST
    post = PostalIndex.of_records(pl.concat([records, records_of([*entries, *fanned] if is_post else ())]))
    keys = _readable(ask.channel, () if is_post else [*entries, *fanned])
    profiles, profile_digests, values = profiles_of(session, ask)
    hashed = fingerprints.hash_algorithms(fingerprints.known(session))
    known = (profiles, profile_digests, values)
    return ListIndex(ask, at, bindings, keys, digests, buckets, post, *known, peppers, unsure, hashed)


def _bindings(session: Session, ask: Ask, at: datetime) -> pl.DataFrame:
    """Every suppression that speaks against the message, of this channel or everywhere."""
    query = select(
        Suppression.id,
        Suppression.channel,
        Suppression.reason,
        Suppression.scope,
        Suppression.since,
        Suppression.until,
        Suppression.source,
        Suppression.is_verified,
    ).where(
        Suppression.ended_at.is_(None),
        or_(
            Suppression.channel == ask.channel.value,
            Suppression.reason.in_([reason.value for reason in EVERYWHERE_REASONS]),
        ),
    )
    said = _Asked(ask, at)
    labels: dict[str, str] = {}
    rows: list[tuple[Any, ...]] = []
    for row in session.execute(query.execution_options(yield_per=10_000)):
        verdict = said.verdict(row)
        if verdict is Verdict.CLEARED:
            continue
        label = labels.get(row.scope) or labels.setdefault(row.scope, Scope.parse(row.scope).label)
        rows.append((row.id, verdict.value, row.reason, label, row.since.isoformat(), _STRICTNESS[verdict]))
    return pl.DataFrame(rows, schema=BINDING_SCHEMA, orient="row")


def _given(session: Session, channel: Channel, bound: Collection[int]) -> Given:
    """The readable addresses of those suppressions that are the channel's own."""
    query = (
        select(Suppression.id, SuppressionAddress.given, Suppression.level)
        .join(SuppressionAddress, SuppressionAddress.suppression_id == Suppression.id)
        .where(Suppression.ended_at.is_(None), Suppression.channel == channel.value)
    )
    found = session.execute(query.execution_options(yield_per=10_000))
    return {number: (given, level) for number, given, level in found if number in bound}


_RECKONED = frozenset({Reason.PROHIBITORY_ORDER.value, Reason.ERASED.value})


class _Asked:
    """Asks the core about each suppression, and about those that only differ in their address once."""

    def __init__(self, ask: Ask, at: datetime) -> None:
        self._ask, self._at = ask, at
        self._known: dict[tuple[Any, ...], Verdict] = {}

    def verdict(self, row: Any) -> Verdict:
        # Some reasons reckon from their first day; for all others only whether it has begun matters.
        reckoned = row.reason in _RECKONED
        begun = row.since if reckoned else row.since <= self._at
        what = (row.channel, row.reason, row.scope, begun, row.until, row.is_verified)
        if what not in self._known:
            self._known[what] = verdict_of(self._ask, fact_of(row), self._at)
        return self._known[what]


def _unread(
    session: Session, channel: Channel, bindings: pl.DataFrame, readable: Collection[int]
) -> tuple[list[PostalEntry], dict[bytes, tuple[int, ...]], frozenset[str] | None]:
    """The keys whose suppression has no readable address of its own: fanned out, of an erased entry, or of a token.

    Those whose contact point is on file are readable all the same; of the others only the digest is known. Keys are
    asked for only where there can be such ones: a list of half a million has ten million.
    """
    by_person = bindings["reason"].is_in([reason.value for reason in PERSON_REASONS])
    asked = {*bindings.filter(by_person)["suppression"], *(n for n in bindings["suppression"] if n not in readable)}
    left: dict[bytes, list[tuple[int, str]]] = {}
    for batch in in_batches(asked):
        query = select(
            SuppressionKey.suppression_id, SuppressionKey.digest, SuppressionKey.bucket, SuppressionKey.is_own
        ).where(
            SuppressionKey.suppression_id.in_(batch),
            SuppressionKey.channel == channel.value,
            SuppressionKey.kind != BLOCK,
        )
        for number, digest, bucket, is_own in session.execute(query):
            if not (is_own and number in readable):
                left.setdefault(digest, []).append((number, bucket))
    digests = {digest: tuple(number for number, _ in found) for digest, found in left.items()}
    seen = {bucket for found in left.values() for _, bucket in found}
    return _fanned_out(session, channel, left), digests, None if "" in seen else frozenset(seen)


KEY_SCHEMA = {"key": pl.String, "suppression": pl.Int64, "kind": pl.String}


def _readable(channel: Channel, entries: Sequence[PostalEntry]) -> pl.DataFrame:
    """The keys of readable email addresses and numbers."""
    rows = [(str(address["address"]), number, channel.value) for number, address, _ in entries]
    return pl.DataFrame(rows, schema=KEY_SCHEMA, orient="row").unique(maintain_order=True)


def _fanned_out(
    session: Session, channel: Channel, left: Mapping[bytes, Sequence[tuple[int, str]]]
) -> list[tuple[int, Mapping[str, Any], str]]:
    """The readable contact points behind digests that a suppression fanned out to (G15)."""
    found: list[tuple[int, Mapping[str, Any], str]] = []
    for batch in in_batches(left):
        query = select(ContactPoint.digest, ContactPoint.value).where(
            ContactPoint.channel == channel.value, ContactPoint.digest.in_(batch)
        )
        for digest, value in session.execute(query):
            if value is not None:
                found += [(number, value, Level.INDIVIDUAL.value) for number, _ in left[digest]]
    return found
