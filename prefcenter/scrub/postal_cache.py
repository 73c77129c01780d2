"""The readable postal entries as they were read for an earlier mailing: only what is new on the list is read again.

Reading half a million addresses takes longer than judging a million rows by them. The file lies in the data folder,
nobody but its owner may read it, and what was erased or lifted leaves it with the next mailing, or before that by the
worker's :func:`look_after`. It is made by one version of the rules and of Polars, and another makes its own.
"""

from __future__ import annotations

import hashlib
import logging
import os
import tempfile
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import cache
from importlib.resources import files
from pathlib import Path

import polars as pl
from sqlalchemy import select
from sqlalchemy.orm import Session

from prefcenter.core.channels import Channel
from prefcenter.core.postal.pair_fields import PAIR_FIELDS
from prefcenter.scrub.listed import listed
from prefcenter.scrub.postal_index import PostalEntry, records_of
from prefcenter.store.suppressions import Suppression, SuppressionAddress, in_batches

log = logging.getLogger(__name__)

_PIECE = 100_000
"""Addresses read at once."""


def postal_records(session: Session, folder: Path | None, entries: pl.DataFrame) -> pl.DataFrame:
    """The records (:func:`.records_of`) of all readable postal entries in force.

    Args:
        session: reads only.
        folder: where the file lies; None for none.
        entries: what is on the list, see :func:`.listed`.

    A file that is damaged, or cannot be written, costs time and nothing else.
    """
    there = _readable(entries)
    if folder is None:
        return _read(session, there["suppression"])
    path = folder / _name()
    known = _load(path)
    if known is None:
        return _anew(session, there, path)
    # After a restore another entry may have an old one's number: whose it is says the digest of its address.
    whose = known.select(_WHOSE)
    missing = there.join(whose, on=_WHOSE, how="anti")
    gone = whose.join(there, on=_WHOSE, how="anti").height > 0
    kept = known.join(there, on=_WHOSE, how="semi", maintain_order="left") if gone else known
    read = _read(session, missing["suppression"]) if missing.height else None
    if read is not None and read.schema != kept.drop("digest").schema:
        return _anew(session, there, path)
    if read is not None and read.height:
        kept = pl.concat([kept, _with_digests(read, missing).select(kept.columns)])
    if gone or (read is not None and read.height):
        _save(kept, path)
    return kept.drop("digest")


_WHOSE = ["suppression", "digest", "level"]

LOOKED_AFTER = timedelta(minutes=10)
"""For so long at most names stay in the files that the list no longer holds, while a worker runs (G3)."""
_MARK = "looked-after"


def look_after(session: Session, folder: Path, *, at: datetime) -> int:
    """Take what left the list out of the kept files, if nobody looked for ten minutes; tell how many records went (G3).

    Names must not outlive their erasure because no mailing is made. Those of other versions, which nobody may ever read
    again, go as a whole.

    Args:
        session: reads only.
        folder: where the files lie, and when they were last looked after.
        at: now.
    """
    paths = sorted(folder.glob("*.parquet"))
    if not paths or _is_looked_after(folder, at):
        return 0
    there = _readable(listed(session, Channel.POST))
    gone = sum(_without_gone(path, there) for path in paths)
    (folder / _MARK).write_text(at.isoformat(), encoding="utf-8")
    return gone


def _is_looked_after(folder: Path, at: datetime) -> bool:
    try:
        last = datetime.fromisoformat((folder / _MARK).read_text(encoding="utf-8"))
        return last <= at < last + LOOKED_AFTER
    except (OSError, ValueError, TypeError):
        return False


def _without_gone(path: Path, there: pl.DataFrame) -> int:
    """Take out of a file what is not there; a file that cannot be read, or is of another version, goes."""
    known = _load(path) if path.name == _name() else None
    if known is None:
        path.unlink(missing_ok=True)
        return 0
    kept = known.join(there, on=_WHOSE, how="semi", maintain_order="left")
    if kept.height < known.height:
        _save(kept, path)
    return known.height - kept.height


def _readable(entries: pl.DataFrame) -> pl.DataFrame:
    """Whose records there are, by the list: readable, for post, and in force."""
    post = (pl.col("channel") == Channel.POST.value) & pl.col("readable").is_not_null()
    return entries.filter(post).select("suppression", pl.col("digest").bin.encode("hex"), "level")


def _anew(session: Session, there: pl.DataFrame, path: Path) -> pl.DataFrame:
    """The records of all entries, read from the list."""
    records = _read(session, there["suppression"])
    _save(_with_digests(records, there), path)
    return records


def _with_digests(records: pl.DataFrame, there: pl.DataFrame) -> pl.DataFrame:
    return records.join(there.drop("level"), on="suppression", how="left", maintain_order="left")


def _load(path: Path) -> pl.DataFrame | None:
    """What was kept, if anything; None too where the file is damaged, since all of it can be read again."""
    if not path.exists():
        return None
    try:
        known = pl.read_parquet(path)
    except (OSError, pl.exceptions.PolarsError) as error:
        log.warning("The list kept for the next mailing is damaged and is read anew: %s", type(error).__name__)
        return None
    return known if {*_WHOSE, *PAIR_FIELDS} <= set(known.columns) else None


def _read(session: Session, numbers: pl.Series) -> pl.DataFrame:
    """The records of some entries, in pieces, so that their addresses are never all in memory."""
    pieces = [records_of(entries) for entries in _entries(session, numbers)]
    return pl.concat(pieces) if pieces else records_of(())


def _entries(session: Session, numbers: pl.Series) -> Iterator[list[PostalEntry]]:
    asked = numbers.to_list()
    for start in range(0, len(asked), _PIECE):
        found: list[PostalEntry] = []
        for batch in in_batches(asked[start : start + _PIECE]):
            query = (
                select(Suppression.id, SuppressionAddress.given, Suppression.level)
                .join(SuppressionAddress, SuppressionAddress.suppression_id == Suppression.id)
                .where(Suppression.id.in_(batch))
            )
            found += [(number, given, level) for number, given, level in session.execute(query)]
        yield found


def _name() -> str:
    return f"post-{_version()}.parquet"


@cache
def _version() -> str:
    """What the records depend on beside the addresses: the rules, as they are written, and the hashes of Polars."""
    digest = hashlib.sha256(pl.__version__.encode())
    rules = [each for each in files("prefcenter.core.postal").iterdir() if each.name.endswith(".py")]
    readers = [
        files("prefcenter.scrub") / name
        for name in ("postal_index.py", "glance.py", "letters.py", "showing.py", "sieve.py")
    ]
    for module in (*sorted(rules, key=lambda each: each.name), *readers):
        digest.update(module.read_bytes())
    return digest.hexdigest()[:16]


def _save(records: pl.DataFrame, path: Path) -> None:
    """Put the records into their place whole, readable by their owner alone; those of other versions go."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".post-", suffix=".parquet")
        try:
            with os.fdopen(handle, "wb") as out:
                records.write_parquet(out, compression="lz4")
                out.flush()
                os.fsync(out.fileno())
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
        for old in path.parent.glob("post-*.parquet"):
            if old != path:
                old.unlink(missing_ok=True)
    except OSError as error:
        # It only spares time; no mailing waits for it.
        log.warning("The list could not be kept for the next mailing: %s", error.strerror)
