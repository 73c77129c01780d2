"""Whether a file is the one that the manifest speaks of, unchanged, released, and still fresh (P11)."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from prefcenter.core.errors import BadInput, PrefcenterError
from prefcenter.core.moments import told
from prefcenter.files.formats import open_table
from prefcenter.files.manifest import Forged, check_manifest, sha256_of


class Outcome(StrEnum):
    """What a verification found, from the best to the worst."""

    OK = "ok"
    STALE = "stale"
    SUPERSEDED = "superseded"
    WITHDRAWN = "withdrawn"
    HELD = "held"
    CHANGED = "changed"
    FORGED = "forged"


@dataclass(frozen=True, slots=True)
class Verification:
    """The outcome, and a sentence that says why and what to do.

    Args:
        outcome: what was found.
        message: the sentence.
        options: how the mailing was asked for; empty where the manifest cannot be believed, or does not say it.
    """

    outcome: Outcome
    message: str
    options: Mapping[str, Any] = field(default_factory=dict)


def verify_file(
    path: Path, manifest: Mapping[str, Any], at: datetime, public_keys: Mapping[str, Ed25519PublicKey]
) -> Verification:
    """Hold a file against its manifest; of several faults, the worst is told.

    Args:
        path: the file, whatever its name is by now.
        manifest: as read from its file; nothing in it is believed before its signature has been checked.
        at: now, as aware UTC.
        public_keys: the keys that sign manifests, by their id.

    Raises:
        BadInput: the file cannot be read, or a member of a validly signed manifest is missing.
    """
    try:
        check_manifest(manifest, public_keys)
    except Forged as forged:
        return Verification(Outcome.FORGED, str(forged))
    digest = _digest(path)
    try:
        return _changed(path, digest, manifest) or _held_or_stale(manifest, at) or _ok(path, digest, manifest)
    except (KeyError, TypeError, ValueError):
        raise BadInput("The manifest is signed, but it is none of a mailing.") from None


def _digest(path: Path) -> str:
    try:
        return sha256_of(path)
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}.") from error


def _changed(path: Path, digest: str, manifest: Mapping[str, Any]) -> Verification | None:
    entry = _meant(path, digest, manifest["outputs"])
    if entry is not None:
        return None
    if other := _with_digest(manifest["outputs"], digest):
        return Verification(
            Outcome.CHANGED,
            f"{path.name} is a copy of {other['name']} under another name: those rows are not for mailing.",
        )
    source = _with_digest(manifest["inputs"], digest)
    if source:
        return Verification(
            Outcome.CHANGED,
            f"{path.name} is {source['name']}, which went into the scrub, not what came out of it: do not mail it.",
        )
    return Verification(Outcome.CHANGED, _what_changed(path, manifest["outputs"]))


def _meant(path: Path, digest: str, outputs: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """The output that a file is. A clean file may be renamed; the lists of who must not be written to may not be.

    They could otherwise be taken for the clean file, or the clean file of one input for that of another.
    """
    alike = [entry for entry in outputs if entry["sha256"] == digest]
    named = [entry for entry in alike if entry["name"] == path.name]
    if named:
        return named[0]
    if any(entry["name"] == path.name for entry in outputs):
        return None
    return next((entry for entry in alike if str(entry["name"]).startswith("clean")), None)


def _what_changed(path: Path, outputs: Sequence[Mapping[str, Any]]) -> str:
    by_name = [entry for entry in outputs if entry["name"] == path.name]
    meant = by_name[0] if by_name else outputs[0] if len(outputs) == 1 else None
    if meant is None:
        return f"{path.name} is none of the files that the manifest lists."
    rows = _count_rows(path)
    if rows is not None and rows != meant["rows"]:
        return f"{path.name} has {rows:,} rows; the manifest says {meant['rows']:,}."
    return f"{path.name} was changed: its SHA-256 is not the one in the manifest."


def _count_rows(path: Path) -> int | None:
    """How many rows a file has; None if it cannot be read as a table any more."""
    try:
        table = open_table(path)
        for _ in table.blocks():
            pass
        return table.facts().rows
    except PrefcenterError:
        return None


def _held_or_stale(manifest: Mapping[str, Any], at: datetime) -> Verification | None:
    if held := manifest.get("held"):
        return Verification(
            Outcome.HELD,
            f"The mailing is held, do not use the file: {' '.join(held)} Unless a canary survived, an approver"
            f" may let it go with `prefcenter mailing release {shlex.quote(str(manifest['mailing']))} --as USER`.",
        )
    if at > datetime.fromisoformat(manifest["stale_after"]):
        return Verification(
            Outcome.STALE,
            f"The file went stale at {_stale_after(manifest)}: scrub the mailing again before it is sent.",
        )
    return None


def _stale_after(manifest: Mapping[str, Any]) -> str:
    return told(datetime.fromisoformat(manifest["stale_after"]))


def _ok(path: Path, digest: str, manifest: Mapping[str, Any]) -> Verification:
    entry = _meant(path, digest, manifest["outputs"]) or {}
    return Verification(
        Outcome.OK,
        f"{path.name} is {entry['name']} of {manifest['mailing']}, version {manifest['version']}, unchanged:"
        f" {entry['rows']:,} row{'' if entry['rows'] == 1 else 's'}, fresh until {_stale_after(manifest)}.",
    )


def _with_digest(entries: Sequence[Mapping[str, Any]], digest: str) -> Mapping[str, Any] | None:
    return next((entry for entry in entries if entry["sha256"] == digest), None)
