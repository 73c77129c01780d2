"""Letting a held mailing go: an approver's act, never that of whoever ran the scrub."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from prefcenter.core.errors import NotFound, PrefcenterError
from prefcenter.files.manifest import RELEASED, read_manifest, released, sign_manifest
from prefcenter.files.whole import written_whole
from prefcenter.files.writing import MANIFEST_NAME
from prefcenter.services.errors import NotAllowed
from prefcenter.services.guarding import is_blocked
from prefcenter.services.operators import RoleName
from prefcenter.services.ports import Evidence
from prefcenter.services.sealing import LedgerKeys
from prefcenter.store import ledger, mailings
from prefcenter.store.engine import Database
from prefcenter.store.mailings import Mailing, MailingState
from prefcenter.store.operators import operator_by_email

MAY_RELEASE = frozenset({RoleName.APPROVER.value, RoleName.ADMIN.value})


@dataclass(frozen=True, slots=True)
class Release:
    """A mailing that may be used now.

    Args:
        manifest: the manifest, signed anew.
        written_to: where it was written, or None where it could not be: the files have been moved, say.
        problem: why it could not.
    """

    manifest: Mapping[str, Any]
    written_to: Path | None
    problem: str = ""


def release(
    database: Database,
    ledger_keys: LedgerKeys,
    name: str,
    evidence: Evidence,
    *,
    at: datetime,
    manifest_file: Path | None = None,
) -> Release:
    """Let the newest version of a mailing go that a guard holds, and sign its manifest anew.

    The release is on record before the manifest is written; doing it again writes the manifest again.

    Args:
        database: the store.
        ledger_keys: sign the manifest.
        name: the mailing's name.
        evidence: who lets it go, an operator, and why.
        at: now.
        manifest_file: where the manifest is written; by default into its place beside the mailing's files.

    Raises:
        NotFound: there is no such mailing.
        NotAllowed: it was no approver, or the one who ran the scrub.
        PrefcenterError: it is not held, a canary survived (P13), its rows were erased (P12), or it has gone stale.
    """
    with database.write() as session:
        row = mailings.lock(session, _newest(session, name))
        if row.manifest.get("state") != RELEASED:
            _require_held(row, at)
            _require_approver(session, row, evidence.actor)
            _let_go(session, row, ledger_keys, evidence, at)
            session.commit()
    return _written(row, manifest_file)


def _newest(session: Session, name: str) -> Mailing:
    ended = (MailingState.FAILED, MailingState.WITHDRAWN)
    row = next((row for row in mailings.all_versions(session, name) if row.state not in ended), None)
    if row is None:
        raise NotFound(f"There is no mailing “{name}”.", remedy="`prefcenter mailing list` shows them.")
    return row


def _require_held(row: Mailing, at: datetime) -> None:
    if row.state != MailingState.HELD:
        raise PrefcenterError(f"“{row.name}”, version {row.version}, is not held: it is {row.state}.")
    if is_blocked(row.held_because):
        raise PrefcenterError(
            f"“{row.name}”, version {row.version}, cannot be released by anybody: {row.held_because}",
            remedy="See why: a canary may not be on the list. Then scrub the mailing again.",
        )
    if row.rows_erased_at is not None:
        raise PrefcenterError(
            f"The kept rows of “{row.name}”, version {row.version}, were erased on {row.rows_erased_at:%Y-%m-%d}:"
            " no late opt-out could be told to the mail house.",
            remedy="Scrub the mailing again.",
        )
    if at > row.stale_after:
        raise PrefcenterError(
            f"“{row.name}”, version {row.version}, has gone stale: opt-outs have come since.",
            remedy="Scrub the mailing again.",
        )


def _require_approver(session: Session, row: Mailing, actor: str) -> None:
    operator = operator_by_email(session, actor)
    if operator is None or not operator.active or not MAY_RELEASE & {role.name for role in operator.roles}:
        raise NotAllowed(
            "Only an operator with the role approver or admin may release a held mailing.",
            remedy="Say who you are with --as; `prefcenter user list` shows the operators.",
        )
    if actor == _who_scrubbed(session, row):
        raise NotAllowed(
            "Whoever ran the scrub may not release it.", remedy="Have another approver look at it, and release it."
        )


def _who_scrubbed(session: Session, row: Mailing) -> str | None:
    """Who made this version: as noted when it was announced, and of an older one where the ledger knows it.

    The ledger names who confirmed it, which is the system where the scrub was killed at its very end.
    """
    if row.prepared_by is not None:
        return row.prepared_by
    return next(
        (
            entry.actor
            for entry in ledger.newest_of_kind(session, "mailing")
            if (entry.facts.get("mailing"), entry.facts.get("version")) == (row.name, row.version)
        ),
        None,
    )


def _let_go(session: Session, row: Mailing, ledger_keys: LedgerKeys, evidence: Evidence, at: datetime) -> None:
    open_manifest = released(row.manifest, by=evidence.actor, at=at)
    row.manifest = sign_manifest(open_manifest, ledger_keys.newest[1])
    row.state = MailingState.PREPARED
    facts = {"mailing": row.name, "version": row.version, "held_because": row.held_because}
    ledger.append(
        session,
        "mailing_released",
        at=at,
        actor=evidence.actor,
        facts=facts | dict(evidence.facts),
        personal=evidence.personal,
    )


def _written(row: Mailing, manifest_file: Path | None) -> Release:
    """Put the manifest where the held one lies; never in the place of another mailing's, or of any other file."""
    path = manifest_file or Path(row.out_folder or "") / MANIFEST_NAME
    try:
        if manifest_file is None or path.exists():
            _require_its_own(path, row)
        with written_whole(path) as out:
            if path.exists():
                os.fchmod(out.fileno(), path.stat().st_mode & 0o777)  # Whoever could read it still can.
            out.write((json.dumps(row.manifest, indent=2, ensure_ascii=False) + "\n").encode())
    except PrefcenterError as error:
        return Release(row.manifest, None, error.message)
    return Release(row.manifest, path)


def _require_its_own(path: Path, row: Mailing) -> None:
    there = read_manifest(path)
    if (there.get("mailing"), there.get("version")) != (row.name, row.version):
        raise PrefcenterError(f"{path} is the manifest of another mailing, or of another version.")
