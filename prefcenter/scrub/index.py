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
from sqlalchemy import select
from sqlalchemy.orm import Session

from prefcenter.core.channels import PERSON_REASONS, Channel, Level
from prefcenter.core.decision import Ask
from prefcenter.core.hashed import HashAlgorithm
from prefcenter.core.keys import Peppers
from prefcenter.core.postal.tiers import Unsure
from prefcenter.scrub.listed import bindings_of, listed
from prefcenter.scrub.postal_cache import postal_records
from prefcenter.scrub.postal_index import PostalEntry, PostalIndex, records_of
from prefcenter.scrub.profiles import Profile, profiles_of
from prefcenter.store import fingerprints
from prefcenter.store.contacts import ContactPoint
from prefcenter.store.suppressions import BLOCK, Suppression, SuppressionAddress, SuppressionKey, in_batches


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
    entries = listed(session, ask.channel)
    bindings = bindings_of(session, ask, entries, at=at)
    if ask.channel is not Channel.POST:
        given = _given(session, ask.channel, frozenset(bindings["suppression"].to_list()))
        return index_of(session, peppers, ask, bindings, given, at=at, unsure=unsure)
    records = postal_records(session, keep_in, entries)
    del entries
    silent = records.select("suppression").join(bindings, on="suppression", how="anti")
    records = records.join(silent, on="suppression", how="anti") if silent.height else records
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
        bindings: the suppressions, in the columns of :data:`.BINDING_SCHEMA`.
        given: what is readable of the channel's own: addresses, or for post the records of them.
        at: the moment of the decision.
        unsure: what becomes of rows that may be somebody on the list.
    """
    if isinstance(given, pl.DataFrame):
        entries, readable, records = [], given["suppression"].unique(), given
    else:
        entries = [(number, address, level) for number, (address, level) in given.items()]
        readable, records = pl.Series("suppression", list(given), dtype=pl.Int64), records_of(())
    fanned, digests, buckets = _unread(session, ask.channel, bindings, readable)
    is_post = ask.channel is Channel.POST
    written = [*entries, *fanned] if is_post else []
    post = PostalIndex.of_records(pl.concat([records, records_of(written)]) if written else records)
    keys = _readable(ask.channel, () if is_post else [*entries, *fanned])
    profiles, profile_digests, values = profiles_of(session, ask)
    hashed = fingerprints.hash_algorithms(fingerprints.known(session))
    known = (profiles, profile_digests, values)
    return ListIndex(ask, at, bindings, keys, digests, buckets, post, *known, peppers, unsure, hashed)


def _given(session: Session, channel: Channel, bound: Collection[int]) -> Given:
    """The readable addresses of those suppressions that are the channel's own."""
    query = (
        select(Suppression.id, SuppressionAddress.given, Suppression.level)
        .join(SuppressionAddress, SuppressionAddress.suppression_id == Suppression.id)
        .where(Suppression.ended_at.is_(None), Suppression.channel == channel.value)
    )
    found = session.execute(query.execution_options(yield_per=10_000))
    return {number: (given, level) for number, given, level in found if number in bound}


def _unread(
    session: Session, channel: Channel, bindings: pl.DataFrame, readable: pl.Series
) -> tuple[list[PostalEntry], dict[bytes, tuple[int, ...]], frozenset[str] | None]:
    """The keys whose suppression has no readable address of its own: fanned out, of an erased entry, or of a token.

    Those whose contact point is on file are readable all the same; of the others only the digest is known. Keys are
    asked for only where there can be such ones: a list of half a million has ten million.
    """
    by_person = pl.col("reason").is_in([reason.value for reason in PERSON_REASONS])
    spoken = bindings.select("suppression", by_person.alias("by_person"))
    rest = spoken.join(readable.to_frame("suppression"), on="suppression", how="anti")["suppression"].to_list()
    persons = spoken.filter("by_person")
    own = set(persons.join(readable.to_frame("suppression"), on="suppression", how="semi")["suppression"])
    asked = {*rest, *own}
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
            if not (is_own and number in own):
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
