"""Tokens that carry what they mean.

A link in a mail must work although no row of its own exists: after a restore, after a list's deletion, after the
signing key was replaced (E6). So the token itself holds the digest of the contact point and the scope, and a MAC that
nobody else can make (E5). It is opaque: the digest is keyed, so it tells nothing about the address.

Layout, 35 bytes, written as 56 lower-case base32 characters, which survive a mailbox's local part, a change of case,
and a mail client that cuts trailing punctuation off a link:

====== ======================================================
bytes  meaning
====== ======================================================
1      version (high half), purpose (low half)
1      channel
2      id of the signing key
16     digest of the contact point
2      brand code, 0 for every brand
3      topic code, 0 for all marketing of the brand
10     HMAC-SHA256 over the rest, truncated
====== ======================================================
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from prefcenter.core.channels import Channel
from prefcenter.core.keys import DIGEST_BYTES, MissingKey, fingerprint

_VERSION = 1
_MAC_BYTES = 10
_SIZE = 1 + 1 + 2 + DIGEST_BYTES + 2 + 3 + _MAC_BYTES
TOKEN_LENGTH = _SIZE * 8 // 5
_CHANNELS = (Channel.EMAIL, Channel.SMS, Channel.POST)

MAX_BRAND_CODE = 2**16 - 1
MAX_TOPIC_CODE = 2**24 - 1


class Purpose(IntEnum):
    """What a token opens."""

    UNSUBSCRIBE = 1
    PREFERENCES = 2
    CONFIRMATION = 3


@dataclass(frozen=True, slots=True)
class Token:
    """What a link says: whose contact point, and which scope.

    Args:
        purpose: what the link opens.
        channel: the channel of the contact point.
        digest: keyed digest of the contact point, ``DIGEST_BYTES`` long; of a confirmation, the random name of what is
            to be confirmed instead.
        brand_code: the brand's public code, 0 for every brand.
        topic_code: the topic's public code, 0 for all marketing of the brand.
    """

    purpose: Purpose
    channel: Channel
    digest: bytes
    brand_code: int = 0
    topic_code: int = 0


class SigningKeys:
    """Makes and reads tokens; the newest key signs, every key verifies for ever (E6).

    Args:
        secrets: the signing keys, newest first, at least one, each at least 16 characters.

    Raises:
        MissingKey: there is none, or one is too short to be secret.
    """

    def __init__(self, secrets: Sequence[str]) -> None:
        if not secrets or any(len(secret) < 16 for secret in secrets):
            raise MissingKey("PREFCENTER_SECRET_KEYS needs at least one key of at least 16 characters.")
        self._secrets = tuple(secrets)
        self.ids = tuple(fingerprint("signing", secret) for secret in secrets)
        self._token_keys = [
            (bytes.fromhex(key_id)[:2], self.derive("token", secret))
            for key_id, secret in zip(self.ids, secrets, strict=True)
        ]

    def derive(self, purpose: str, secret: str | None = None) -> bytes:
        """Derive a 32-byte key for one purpose from a signing key, by default from the newest."""
        return hmac.digest((secret or self._secrets[0]).encode(), f"prefcenter/{purpose}/v1".encode(), "sha256")

    def derive_all(self, purpose: str) -> dict[str, bytes]:
        """Derive a key for one purpose from every signing key, by key id, newest first."""
        return {key_id: self.derive(purpose, secret) for key_id, secret in zip(self.ids, self._secrets, strict=True)}

    def make(self, token: Token) -> str:
        """Write a token: ``TOKEN_LENGTH`` lower-case characters."""
        key_id, key = self._token_keys[0]
        body = _pack(token, key_id)
        return base64.b32encode(body + _mac(key, body)).decode().lower()

    def read(self, text: str) -> Token | None:
        """Read a token, or return None where it is forged, cut or of an unknown kind (E5)."""
        raw = _decode(text)
        if raw is None:
            return None
        body, mac = raw[:-_MAC_BYTES], raw[-_MAC_BYTES:]
        keys = [key for key_id, key in self._token_keys if key_id == body[2:4]]
        if not any(hmac.compare_digest(_mac(key, body), mac) for key in keys):
            return None
        return _unpack(body)


def _mac(key: bytes, body: bytes) -> bytes:
    return hmac.digest(key, body, hashlib.sha256)[:_MAC_BYTES]


def _decode(text: str) -> bytes | None:
    if len(text) != TOKEN_LENGTH or not text.isascii():
        return None
    try:
        return base64.b32decode(text.upper())
    except (binascii.Error, ValueError):
        return None


def _pack(token: Token, key_id: bytes) -> bytes:
    if len(token.digest) != DIGEST_BYTES:
        raise ValueError(f"A digest has {DIGEST_BYTES} bytes, not {len(token.digest)}.")
    return b"".join(
        (
            bytes([_VERSION << 4 | token.purpose, _CHANNELS.index(token.channel)]),
            key_id,
            token.digest,
            token.brand_code.to_bytes(2, "big"),
            token.topic_code.to_bytes(3, "big"),
        )
    )


def _unpack(body: bytes) -> Token | None:
    version, purpose = divmod(body[0], 16)
    if version != _VERSION or purpose not in Purpose.__members__.values() or body[1] >= len(_CHANNELS):
        return None
    end = 4 + DIGEST_BYTES
    return Token(
        purpose=Purpose(purpose),
        channel=_CHANNELS[body[1]],
        digest=body[4:end],
        brand_code=int.from_bytes(body[end : end + 2], "big"),
        topic_code=int.from_bytes(body[end + 2 : end + 5], "big"),
    )
