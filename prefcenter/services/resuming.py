"""Whether a scrub may go on where an earlier run was stopped: only by the same files, rules and list.

An opt-out that came meanwhile must not be missed. So what was said of the first rows is used again only where nothing
has happened since that could have changed it: the ledger has no entry that touches the list, the index holds the same,
the files were not written to, and the run that was stopped began less than a day ago.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl
from sqlalchemy.orm import Session

from prefcenter import core, files, scrub
from prefcenter.files.sources import Stamp
from prefcenter.files.tables import Table
from prefcenter.scrub.checkpoints import DAMAGED, Checkpoints, folder_for, sweep
from prefcenter.scrub.index import ListIndex
from prefcenter.services.mailing_orders import Order
from prefcenter.store import ledger

Tell = Callable[[str], None]
"""Told a sentence for people while a scrub runs."""


def tell_nobody(_sentence: str) -> None:
    """For whoever does not listen."""


USABLE_FOR = timedelta(days=1)
"""What was said longer ago is said anew, whatever happened since."""

UNRELATED = (
    "mailing",
    "mailing_asked",
    "mailing_dropped",
    "mailing_failed",
    "mailing_load",
    "mailing_pull",
    "mailing_receipt",
    "mailing_released",
    "mailing_rows_erased",
    "mailing_withdrawn",
    "export",
    "key_added",
    "key_revoked",
    "operator_act",
    "operator_added",
    "operator_disabled",
)
"""Entries of the ledger that leave the list as it was; every other one may have changed it."""

_OF_NO_WEIGHT = (
    "out",
    "mailing",
    "seeds",
    "canaries",
    "cutoff_at",
    "drop_at",
    "is_dry_run",
    "vendor",
    "guards",
    "repeats",
    "replaces",
)
"""What may differ between two runs without any row being judged otherwise."""


_PARTS = {
    "rules": "the product",
    "order": "what is asked",
    "ask": "what is asked",
    "files": "a file",
    "layout": "a file",
    "list": "the list",
    "index": "the list",
    DAMAGED: "what was kept",
}
"""What people call the parts of a scrub's identity."""


def checkpoints_of(
    session: Session, order: Order, tables: Sequence[Table], index: ListIndex, tell: Tell, *, at: datetime
) -> Checkpoints:
    """The kept verdicts of a mailing: those of a run that was stopped, if they still hold, else none yet."""
    if order.is_dry_run:
        return Checkpoints(None, {}, at)
    points = Checkpoints(folder_for(order.out, order.mailing), _identity(session, order, tables, index), at)
    adopted = points.adopt(oldest=at - USABLE_FOR)
    sweep(order.out, oldest=at - USABLE_FOR)
    if adopted:
        tell(f"Going on at row {points.rows + 1:,}: the rows before were judged by a run that was stopped.")
    elif adopted is False:
        what = " and ".join(dict.fromkeys(_PARTS[name] for name in points.changed)) or "too much time"
        said = "has changed" if points.changed else "has passed"
        tell(f"Starting anew: {what} {said} since an earlier run was stopped.")
    return points


def _identity(session: Session, order: Order, tables: Sequence[Table], index: ListIndex) -> dict[str, Any]:
    """What must be the same, or the verdicts could be others."""
    said = {name: value for name, value in _order(order).items() if name not in _OF_NO_WEIGHT}
    return {
        "rules": [_rules(), pl.__version__],
        "order": {name: repr(value) for name, value in said.items()},
        "ask": repr(index.ask),
        "files": [[str(table.path.resolve()), *_stamp(table)] for table in tables],
        "layout": hashlib.sha256(order.layout.read_bytes()).hexdigest() if order.layout is not None else "",
        "list": _ledger(session),
        "index": _fingerprint(index),
    }


@cache
def _rules() -> str:
    """The code that reads and judges rows: whatever is changed there may judge them otherwise."""
    folders = (Path(each) for package in (core, files, scrub) for each in package.__path__)
    sources = sorted(source for folder in folders for source in folder.rglob("*.py"))
    return hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()


def _order(order: Order) -> dict[str, Any]:
    return {name: getattr(order, name) for name in order.__dataclass_fields__}


def _stamp(table: Table) -> list[int]:
    return list(Stamp.of(table.path) or ())


def _ledger(session: Session) -> list[int | str]:
    """What the ledger says of the list, up to its newest entry that may have changed it."""
    position, chain = ledger.last_beside(session, UNRELATED)
    return [position, chain.hex()]


def _fingerprint(index: ListIndex) -> str:
    """All that the index holds, addresses too: entries of the same number need not be the same ones.

    A database that came back from a backup gives the numbers of its lost entries to new ones.
    """
    addresses = index.post.fields.with_columns(index.post.suppressions.alias("suppression"))
    frames = [index.bindings, index.keys, addresses, index.profiles]
    sums = [int(frame.hash_rows(1).cast(pl.UInt64).sum() or 0) if frame.height else 0 for frame in frames]
    buckets = sorted(index.buckets) if index.buckets is not None else None
    held = [sums, [frame.height for frame in frames], buckets, index.profile_values, sorted(index.hashed)]
    whole = hashlib.sha256(repr(held).encode())
    for digest, numbers in sorted(index.digests.items()):
        whole.update(digest + repr(sorted(numbers)).encode())
    for digest, number in sorted(index.profile_digests.items()):
        whole.update(digest + repr(number).encode())
    return whole.hexdigest()
