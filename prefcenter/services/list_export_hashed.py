"""The list as digests of email addresses, for partners who must not mail to them either (E16).

What leaves is the digest and how far the refusal reaches, never the reason: that somebody died, or is a child, is
nobody else's business.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain, islice
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from prefcenter.core.channels import Channel, MessageClass, Reason, Scope, ScopeKind, Verdict
from prefcenter.core.decision import Ask, Fact, verdict_of
from prefcenter.core.errors import BadInput
from prefcenter.core.hashed import HashAlgorithm, hashed_keys, read_hashed
from prefcenter.core.keys import EmailKey
from prefcenter.files.whole import written_whole
from prefcenter.services.list_export import csv_lines
from prefcenter.services.ports import Evidence
from prefcenter.store import ledger, suppressions
from prefcenter.store.contacts import ContactPoint
from prefcenter.store.engine import Database
from prefcenter.store.suppressions import Suppression, SuppressionKey

_PAGE = 1_000


@dataclass(frozen=True, slots=True)
class ExportedHashes:
    """What went out, and what could not.

    Args:
        rows: digests in the file.
        erased: entries of which only keyed digests are left, which nobody can turn into a partner's hash.
        other_algorithm: entries of partners' lists that were hashed in the other way.
        sha256: of the file, in hex.
    """

    rows: int
    erased: int
    other_algorithm: int
    sha256: str


@dataclass(slots=True)
class _Counts:
    rows: int = 0
    erased: int = 0
    other_algorithm: int = 0
    seen: set[tuple[bytes, str]] = field(default_factory=set)


def export_hashed(
    database: Database,
    path: Path,
    algorithm: HashAlgorithm,
    evidence: Evidence,
    *,
    at: datetime,
    channel: Channel | None = None,
    reason: Reason | None = None,
) -> ExportedHashes:
    """Write the digests of all email addresses that marketing is refused to, and say so in the ledger; commits.

    Columns: the algorithm, which holds the digest of the trimmed lower-case address, and ``scope``. Entries of
    partners' lists that were hashed alike are among them; what a person's refusal in another channel binds, too.

    Raises:
        BadInput: the folder does not exist, or the channel is not email.
        Unavailable: the file cannot be written, or the database cannot be used.
    """
    if channel not in (None, Channel.EMAIL):
        raise BadInput(f"Hashed lists are for email, not for {channel}.", remedy="Export it without --hashed.")
    counts, digest = _Counts(), hashlib.sha256()
    with written_whole(path) as out:
        with database.read() as session:
            for block in _blocks(session, algorithm, at, reason, counts):
                out.write(block)
                digest.update(block)
        told = ExportedHashes(counts.rows, counts.erased, counts.other_algorithm, digest.hexdigest())
        facts = {"what": "suppressions", "hashed": algorithm.value, "rows": told.rows, "sha256": told.sha256}
        facts |= {"erased": told.erased, "other_algorithm": told.other_algorithm}
        facts |= {"only_reason": reason.value} if reason else {}
        with database.write() as session:
            ledger.append(
                session,
                "export",
                at=at,
                actor=evidence.actor,
                facts=facts | dict(evidence.facts),
                personal=evidence.personal,
            )
            session.commit()
    return told


def _blocks(
    session: Session, algorithm: HashAlgorithm, at: datetime, reason: Reason | None, counts: _Counts
) -> Iterator[bytes]:
    yield csv_lines([(algorithm.value, "scope")])
    found = chain(_own(session, at, reason), _fanned_out(session, at, reason))
    while part := list(islice(found, _PAGE)):
        lines = _lines(part, algorithm, counts)
        counts.rows += len(lines)
        yield csv_lines(lines)


def _lines(found: Iterable[tuple[str | None, str]], algorithm: HashAlgorithm, counts: _Counts) -> list[tuple[str, str]]:
    lines: list[tuple[str, str]] = []
    for address, scope in found:
        for hex_digits in _digests(address, algorithm, counts):
            what = (bytes.fromhex(hex_digits), scope)
            if what not in counts.seen:
                counts.seen.add(what)
                lines.append((hex_digits, scope))
    return lines


def _digests(address: str | None, algorithm: HashAlgorithm, counts: _Counts) -> list[str]:
    if address is None:
        counts.erased += 1
        return []
    partners = read_hashed(address)
    keys = hashed_keys(EmailKey(address), [algorithm]) if partners is None else (partners,)
    digests = [hex_digits for kind, _, hex_digits in (key.partition(":") for key in keys) if kind == algorithm]
    counts.other_algorithm += not digests
    return digests


def _own(session: Session, at: datetime, reason: Reason | None) -> Iterator[tuple[str | None, str]]:
    """The address and scope of each entry of the channel; None where only digests are left of it."""
    after = 0
    only = reason.value if reason else None
    while page := suppressions.page(session, after=after, limit=_PAGE, channel=Channel.EMAIL.value, reason=only):
        after = page[-1][0].id
        refusing = [(row, given) for row, given in page if _refuses_marketing(suppressions.fact_of(row), at)]
        known = _addresses(session, [row.digest for row, given in refusing if given is None])
        for row, given in refusing:
            yield (known.get(row.digest) if given is None else str(given["address"])), row.scope
        session.expunge_all()


def _fanned_out(session: Session, at: datetime, reason: Reason | None) -> Iterator[tuple[str | None, str]]:
    """The email addresses that a refusal binds which came in elsewhere, such as by text (G15)."""
    query = (
        select(Suppression, SuppressionKey.digest)
        .join(SuppressionKey, SuppressionKey.suppression_id == Suppression.id)
        .where(
            SuppressionKey.channel == Channel.EMAIL.value,
            SuppressionKey.is_own.is_(False),
            Suppression.ended_at.is_(None),
        )
    )
    if reason is not None:
        query = query.where(Suppression.reason == reason.value)
    rows = [(suppressions.fact_of(row), row.scope, digest) for row, digest in session.execute(query)]
    for start in range(0, len(rows), _PAGE):
        part = rows[start : start + _PAGE]
        known = _addresses(session, [digest for _, _, digest in part])
        for fact, scope, digest in part:
            if _refuses_marketing(fact, at):
                # A reason that speaks everywhere may have the scope of a sender of texts, which means nothing here.
                named = scope if Scope.parse(scope).kind in (ScopeKind.BRAND, ScopeKind.TOPIC) else str(ScopeKind.ALL)
                yield known.get(digest), named


def _addresses(session: Session, digests: Collection[bytes]) -> dict[bytes, str]:
    query = select(ContactPoint.digest, ContactPoint.value).where(
        ContactPoint.channel == Channel.EMAIL.value, ContactPoint.digest.in_(digests)
    )
    return {digest: str(value["address"]) for digest, value in session.execute(query) if value is not None}


def _refuses_marketing(fact: Fact, at: datetime) -> bool:
    """Whether an entry refuses some marketing email, of whatever brand or topic."""
    topic = fact.scope.ref.partition("/")[2] if fact.scope.kind is ScopeKind.TOPIC else None
    ask = Ask(Channel.EMAIL, MessageClass.MARKETING, brand=fact.scope.brand_slug, topic=topic)
    return verdict_of(ask, fact, at) is not Verdict.CLEARED
