"""Whether a mailing file may be used: held against its manifest, and against what became of the mailing since (P11)."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from prefcenter.core.errors import NotFound
from prefcenter.files.manifest import by_id, read_manifest
from prefcenter.files.swapping import recover
from prefcenter.files.verification import Outcome, Verification, verify_file
from prefcenter.services.following import Followed, follow
from prefcenter.services.sealing import LedgerKeys
from prefcenter.store import mailing_pulls
from prefcenter.store.mailings import MailingState


def verify(session: Session, ledger_keys: LedgerKeys, path: Path, manifest: Path, *, at: datetime) -> Verification:
    """Hold a file against its manifest, and then against the record: a file alone cannot tell what came after it.

    Of a mailing that is not on record here, the manifest alone is believed. What a scrub left half-way that was killed
    is put back first: the files beside it may be of another version.

    Raises:
        BadInput: the file or the manifest cannot be read.
    """
    for folder in {path.parent, manifest.parent}:
        with suppress(OSError):  # In a folder that is only read, the digests tell what does not belong together.
            recover(folder)
    said = read_manifest(manifest)
    found = verify_file(path, said, at, by_id(ledger_keys.public))
    if found.outcome is Outcome.FORGED:
        return found
    return replace(_on_record(session, said, found), options=dict(said.get("options", {})))


def _on_record(session: Session, said: Mapping[str, Any], found: Verification) -> Verification:
    """What a verification comes to by what became of the mailing since."""
    if found.outcome not in (Outcome.OK, Outcome.STALE):
        return found
    try:
        followed = follow(session, str(said["mailing"]), int(said["version"]))
    except NotFound:
        return found
    return _ended(followed) or (_with_pulls(session, followed, found) if found.outcome is Outcome.OK else found)


def _ended(followed: Followed) -> Verification | None:
    row = followed.row
    told = f"It is the file of {row.name}, version {row.version}, but"
    if row.state == MailingState.WITHDRAWN:
        return Verification(Outcome.WITHDRAWN, f"{told} that mailing was withdrawn: do not use it.")
    if row.state == MailingState.FAILED:
        return Verification(Outcome.WITHDRAWN, f"{told} its scrub failed: do not use it, scrub the mailing again.")
    if followed.newer is not None and row.state != MailingState.DROPPED:
        return Verification(
            Outcome.SUPERSEDED, f"{told} version {followed.newer.version} took its place: use that one's file."
        )
    return None


def _with_pulls(session: Session, followed: Followed, found: Verification) -> Verification:
    pulled = sum(pull.rows for pull in mailing_pulls.pulls_of(session, followed.row.id))
    if not pulled:
        return found
    rows = "1 row of it was" if pulled == 1 else f"{pulled:,} rows of it were"
    return Verification(
        found.outcome,
        f"{found.message} {rows} pulled since and must be taken out: see `prefcenter mailing show`.",
    )
