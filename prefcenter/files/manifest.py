"""The manifest that goes with a mailing file: what it was made from, by which facts, and until when it holds (P11).

A manifest is JSON with the members of :class:`Manifest` in their order, signed with Ed25519 (RFC 8032) over its
canonical form: the members without ``signature``, keys sorted, no blanks, UTF-8.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from prefcenter.core.channels import Channel
from prefcenter.core.errors import BadInput
from prefcenter.files.tables import FileFacts

ALGORITHM = "ed25519"
PREPARED, HELD, RELEASED = "prepared", "held", "released"
"""The states that a manifest speaks of: it may be used; a guard held it; an approver let it go all the same."""
_MEMBERS = (
    "mailing",
    "version",
    "brand",
    "channel",
    "prepared_at",
    "stale_after",
    "ledger_position",
    "policy_version",
    "inputs",
    "outputs",
    "counts",
)


class Forged(BadInput):
    """A manifest that was altered, or was not signed by any known key."""


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of the rows: ``read = kept + suppressed + duplicate + review + unreadable``.

    Seeds and canaries are no rows of the input, and left out (P13).
    """

    read: int
    kept: int
    suppressed: int = 0
    duplicate: int = 0
    review: int = 0
    unreadable: int = 0
    seeds: int = 0
    canaries: int = 0
    by_reason: Mapping[str, int] = field(default_factory=dict)
    by_tier: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        parts = self.kept + self.suppressed + self.duplicate + self.review + self.unreadable
        if self.read != parts:
            raise ValueError(f"{self.read} rows were read, but {parts} are accounted for.")


@dataclass(frozen=True, slots=True)
class Manifest:
    """What is said of a scrubbed mailing.

    Args:
        mailing: its name, and ``version`` which scrub of it this is, from 1.
        brand: the brand's slug; empty for all.
        prepared_at: when it was made; after ``stale_after`` it must not be dropped any more.
        ledger_position: up to which entry of the ledger the opt-outs were applied.
        policy_version: the version of the rules.
        vendor: whose list it was; empty where nobody said.
        list_entries: how many entries of the channel were in force on the list.
        options: how it was asked for, so that nobody has to guess what a count rests on.
        held: why a guard held it.
    """

    mailing: str
    version: int
    brand: str
    channel: Channel
    prepared_at: datetime
    stale_after: datetime
    ledger_position: int
    policy_version: str
    inputs: Sequence[FileFacts]
    outputs: Sequence[FileFacts]
    counts: Counts
    vendor: str = ""
    list_entries: int = 0
    options: Mapping[str, Any] = field(default_factory=dict)
    held: Sequence[str] = ()

    def as_dict(self) -> dict[str, Any]:
        """The members in the order of the contract, and ``state``; ``held`` only where a guard held the mailing."""
        members: dict[str, Any] = {name: getattr(self, name) for name in _MEMBERS}
        members |= {
            "channel": str(self.channel),
            "prepared_at": instant(self.prepared_at),
            "stale_after": instant(self.stale_after),
            "inputs": list(map(_file, self.inputs)),
            "outputs": list(map(_file, self.outputs)),
            "counts": _counts(self.counts),
            "vendor": self.vendor,
            "list_entries": self.list_entries,
            "options": dict(self.options),
            "state": HELD if self.held else PREPARED,
        }
        return members | ({"held": list(self.held)} if self.held else {})


def released(manifest: Mapping[str, Any], *, by: str, at: datetime) -> dict[str, Any]:
    """A held manifest as it reads once somebody has let it go, not signed yet: why it was held stays on record."""
    kept = {name: value for name, value in manifest.items() if name not in ("held", "signature")}
    why = list(manifest.get("held", ()))
    return kept | {"state": RELEASED, "released": {"by": by, "at": instant(at), "was_held_because": why}}


def key_id(public: Ed25519PublicKey) -> str:
    """The short name of a key: the first 16 hex digits of the SHA-256 of its 32 bytes."""
    return hashlib.sha256(public.public_bytes(Encoding.Raw, PublicFormat.Raw)).hexdigest()[:16]


def by_id(public_keys: Iterable[Ed25519PublicKey]) -> dict[str, Ed25519PublicKey]:
    """The keys that sign manifests, by the id that these name them by."""
    return {key_id(public): public for public in public_keys}


def canonical(manifest: Mapping[str, Any]) -> bytes:
    """The bytes that are signed: all members but the signature."""
    members = {name: value for name, value in manifest.items() if name != "signature"}
    return json.dumps(members, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def sign_manifest(manifest: Mapping[str, Any], key: Ed25519PrivateKey) -> dict[str, Any]:
    """The manifest with its ``signature``, the last member; one that it had before is replaced."""
    signature = {
        "algorithm": ALGORITHM,
        "key_id": key_id(key.public_key()),
        "value": base64.b64encode(key.sign(canonical(manifest))).decode(),
    }
    return {name: value for name, value in manifest.items() if name != "signature"} | {"signature": signature}


def check_manifest(manifest: Mapping[str, Any], public_keys: Mapping[str, Ed25519PublicKey]) -> None:
    """Do nothing if a known key signed exactly this manifest.

    Args:
        manifest: as read from its file.
        public_keys: the known keys by their id; old ones stay known.

    Raises:
        Forged: it is not signed, by a key that is not known, or it was altered afterwards.
    """
    signature = manifest.get("signature")
    if not isinstance(signature, dict) or signature.get("algorithm") != ALGORITHM:
        raise Forged("The manifest is not signed.")
    public = public_keys.get(str(signature.get("key_id")))
    if public is None:
        raise Forged("The manifest was signed by a key that is not known here.")
    try:
        public.verify(base64.b64decode(str(signature.get("value")), validate=True), canonical(manifest))
    except (InvalidSignature, binascii.Error, ValueError, TypeError):
        raise Forged("The manifest was altered after it was signed.") from None


def write_manifest(path: Path, manifest: Mapping[str, Any]) -> None:
    """Write a signed manifest, for a person to read."""
    path.write_text(json.dumps(manifest, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def read_manifest(path: Path) -> dict[str, Any]:
    """Read a manifest, without believing it: see :func:`check_manifest`.

    Raises:
        BadInput: there is none, or it is no JSON object.
    """
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=_without_doubles)
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}.") from error
    except (ValueError, RecursionError):
        raise BadInput(f"{path.name} is not a manifest: it is no JSON.") from None
    if not isinstance(manifest, dict):
        raise BadInput(f"{path.name} is not a manifest.")
    return manifest


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file of any size, in hex."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    # Of two members with one name, readers disagree on which counts; so that nobody is shown the other one, none does.
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member occurs twice")
    return members


def instant(at: datetime) -> str:
    """A moment as manifests write it."""
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _file(facts: FileFacts) -> dict[str, Any]:
    return {"name": facts.name, "sha256": facts.sha256, "rows": facts.rows}


def _counts(counts: Counts) -> dict[str, Any]:
    numbers = ("read", "kept", "suppressed", "duplicate", "review", "unreadable", "seeds", "canaries")
    return {
        **{name: getattr(counts, name) for name in numbers},
        "by_reason": dict(sorted(counts.by_reason.items())),
        "by_tier": dict(sorted(counts.by_tier.items())),
    }
