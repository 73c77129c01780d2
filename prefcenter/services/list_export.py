"""Whole lists out: every entry in force as a CSV file that an import takes (E16)."""

from __future__ import annotations

import csv
import hashlib
import io
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from prefcenter.core.channels import Channel, Reason
from prefcenter.files.whole import written_whole
from prefcenter.services.ports import Evidence
from prefcenter.store import ledger, suppressions
from prefcenter.store.engine import Database
from prefcenter.store.suppressions import Suppression

_ADDRESS = ("name", "company", "address1", "address2", "city", "state", "zip", "country")
COLUMNS = ("channel", "reason", "scope", "level", "since", "until", "source", "email", "phone", *_ADDRESS, "digest")
"""``digest`` stands only where the address was erased: this system knows the entry again by it, no other can."""

_PAGE = 1_000


@dataclass(frozen=True, slots=True)
class Exported:
    """What went out.

    Args:
        rows: how many entries.
        by_channel: the same by channel.
        sha256: of the file, in hex.
    """

    rows: int
    by_channel: Mapping[str, int]
    sha256: str


def export_list(
    database: Database,
    path: Path,
    evidence: Evidence,
    *,
    at: datetime,
    channel: Channel | None = None,
    reason: Reason | None = None,
) -> Exported:
    """Write every entry in force to a file, whole or not at all, and say so in the ledger; commits.

    The file is exact and made for systems: no guard against formulas stands in it (X6). The ledger is told before the
    file takes its name, so that no list ever leaves unlogged (E16).

    Raises:
        BadInput: the folder does not exist.
        Unavailable: the file cannot be written, or the database cannot be used.
    """
    counts: Counter[str] = Counter()
    digest = hashlib.sha256()
    with written_whole(path) as out:
        with database.read() as session:
            for block in _blocks(session, channel, reason, counts):
                out.write(block)
                digest.update(block)
        told = Exported(counts.total(), dict(counts), digest.hexdigest())
        with database.write() as session:
            facts = {"what": "suppressions", "rows": told.rows, "sha256": told.sha256, **evidence.facts}
            facts |= {"by_channel": dict(counts)} | ({"only_reason": reason.value} if reason else {})
            ledger.append(session, "export", at=at, actor=evidence.actor, facts=facts, personal=evidence.personal)
            session.commit()
    return told


def _blocks(session: Session, channel: Channel | None, reason: Reason | None, counts: Counter[str]) -> Iterator[bytes]:
    """The file in pieces; counts what is in them."""
    yield csv_lines([COLUMNS])
    after = 0
    while page := suppressions.page(session, after=after, limit=_PAGE, channel=channel, reason=reason):
        yield csv_lines([_cells(row, given) for row, given in page])
        counts.update(row.channel for row, _ in page)
        after = page[-1][0].id
        session.expunge_all()


def csv_lines(rows: Sequence[tuple[str, ...]]) -> bytes:
    """Some rows as lines of CSV in UTF-8."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()


def _cells(row: Suppression, given: Mapping[str, Any] | None) -> tuple[str, ...]:
    told = {
        "channel": row.channel,
        "reason": row.reason,
        "scope": row.scope,
        "level": row.level,
        "since": row.since.isoformat(),
        "until": "" if row.until is None else row.until.isoformat(),
        "source": row.source,
    }
    if given is None:
        told["digest"] = row.digest.hex()
    elif row.channel == Channel.POST:
        told |= {name: str(given.get(name, "")) for name in _ADDRESS}
    else:
        told["email" if row.channel == Channel.EMAIL else "phone"] = str(given["address"])
    return tuple(told.get(name, "") for name in COLUMNS)
