"""Hashes of the ledger: entries, positions and seals that nobody can change unseen (X7).

Each entry has a hash over what it says. Each position chains the hash of its entry to the position before, so that an
edited, deleted, inserted or reordered entry breaks the chain exactly there. A seal signs the chain at its last
position, so that nobody without the signing key can write the chain anew from some point on.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

GENESIS = bytes(32)
"""What the first position is chained to."""


def canonical_json(value: Any) -> bytes:
    r"""Write a value so that equal values give equal bytes: sorted keys, no spaces, UTF-8.

    >>> canonical_json({"b": 1, "a": "é"})
    b'{"a":"\xc3\xa9","b":1}'
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def entry_hash(*, uid: str, kind: str, at: datetime, actor: str, facts: Mapping[str, Any], commitment: bytes) -> bytes:
    """Hash what an entry says.

    Args:
        uid: the entry's own random name, so that a copied entry is another one.
        kind: what happened.
        at: when, aware UTC.
        actor: who did it.
        facts: what is told, without personal data.
        commitment: the salted commitment to the personal data beside the entry, or empty.
    """
    said = {
        "uid": uid,
        "kind": kind,
        "at": at.isoformat(timespec="microseconds"),
        "actor": actor,
        "facts": facts,
        "commitment": commitment.hex(),
    }
    return hashlib.sha256(b"prefcenter/entry/v1" + canonical_json(said)).digest()


def commit_to(salt: bytes, personal: Mapping[str, Any]) -> bytes:
    """Commit to personal data without showing it; without the salt nobody can try values against it."""
    return hashlib.sha256(b"prefcenter/personal/v1" + salt + canonical_json(personal)).digest()


def chain_hash(before: bytes, position: int, entry: bytes) -> bytes:
    """Chain an entry's hash to the position before."""
    return hashlib.sha256(b"prefcenter/position/v1" + before + position.to_bytes(8, "big") + entry).digest()


def seal_message(*, number: int, first: int, last: int, before: bytes, head: bytes) -> bytes:
    """What a seal signs: its number, the positions it covers, the seal before, and the chain at its last position."""
    said = {"number": number, "first": first, "last": last, "before": before.hex(), "head": head.hex()}
    return b"prefcenter/seal/v1" + canonical_json(said)


def seal_hash(message: bytes, signature: bytes) -> bytes:
    """Name a seal, for the next one to be chained to and for anchors outside."""
    return hashlib.sha256(message + signature).digest()


def signing_key(seed: bytes) -> Ed25519PrivateKey:
    """Make the Ed25519 key from a 32-byte seed that was derived from a signing key."""
    return Ed25519PrivateKey.from_private_bytes(seed)


def is_signed(key: Ed25519PublicKey, signature: bytes, message: bytes) -> bool:
    """Tell whether the signature is the key's own over the message."""
    try:
        key.verify(signature, message)
    except InvalidSignature:
        return False
    return True
