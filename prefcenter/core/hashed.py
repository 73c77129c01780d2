"""Hashed email addresses, as partners exchange them: an MD5 or SHA-256 digest of the trimmed lower-case address.

Such a digest is no secret, since addresses can be guessed; it only spares both sides the sight of each other's lists.
It has a canonical key of its own, ``md5:<hex>``, which is stored like every key: under the keyed digest.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from enum import StrEnum

import idna

from prefcenter.core.errors import BadAddress
from prefcenter.core.keys import EmailKey, HashedKey

TIER = "hashed"
"""How a match by such a digest is called beside the row that it caught."""


class HashAlgorithm(StrEnum):
    """How a list was hashed."""

    MD5 = "md5"
    SHA256 = "sha256"

    @property
    def label(self) -> str:
        """Its name as people write it."""
        return "MD5" if self is HashAlgorithm.MD5 else "SHA-256"

    @property
    def digits(self) -> int:
        """How many hexadecimal digits it makes."""
        return 32 if self is HashAlgorithm.MD5 else 64

    def hex_of(self, text: str) -> str:
        """The digest of a text in lower-case hex."""
        if self is HashAlgorithm.MD5:
            return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
        return hashlib.sha256(text.encode()).hexdigest()


KEY_PATTERN = r"^(?:md5:[0-9a-f]{32}|sha256:[0-9a-f]{64})$"
"""What the key of a hashed address looks like; no email address does, for want of an @."""

_KEY = re.compile(KEY_PATTERN)
_HEX = re.compile(r"[0-9a-f]+")


def canonicalise_hash(text: str, algorithm: HashAlgorithm) -> HashedKey:
    """Make the key of a hashed address.

    Args:
        text: the digest in hex, in any case.
        algorithm: how it was made.

    Raises:
        BadAddress: it is no such digest; says what it is instead, without repeating it (X8).

    >>> canonicalise_hash(" D41D8CD98F00B204E9800998ECF8427E ", HashAlgorithm.MD5)
    'md5:d41d8cd98f00b204e9800998ecf8427e'
    """
    bare = text.strip().lower().removeprefix(f"{algorithm}:")
    if _HEX.fullmatch(bare) and len(bare) == algorithm.digits:
        return HashedKey(f"{algorithm}:{bare}")
    raise BadAddress(
        f"This is no {algorithm.label} digest: {_instead(bare, algorithm)}.",
        field="email",
        remedy=f"Write the {algorithm.label} of the trimmed lower-case address in {algorithm.digits} hex digits.",
    )


def _instead(bare: str, algorithm: HashAlgorithm) -> str:
    if not bare:
        return "it is empty"
    if "@" in bare:
        return "it is a plain address"
    if not _HEX.fullmatch(bare):
        return "it holds other characters than hex digits"
    other = [each for each in HashAlgorithm if len(bare) == each.digits]
    told = f", as {other[0].label} makes" if other else ""
    return f"it has {len(bare)} hex digits{told}, not {algorithm.digits}"


def read_hashed(text: str) -> HashedKey | None:
    """Read the key of a hashed address as it stands on the list, or None where the text is none.

    >>> read_hashed("MD5:D41D8CD98F00B204E9800998ECF8427E"), read_hashed("jane@example.com")
    ('md5:d41d8cd98f00b204e9800998ecf8427e', None)
    """
    bare = text.strip().lower()
    return HashedKey(bare) if _KEY.match(bare) else None


def hashed_keys(key: EmailKey, algorithms: Iterable[HashAlgorithm] = tuple(HashAlgorithm)) -> tuple[HashedKey, ...]:
    """Every key under which a partner may have sent this address.

    One of an international domain may have been hashed as it is read, or in its ASCII form.

    >>> hashed_keys(EmailKey("jane@example.com"), [HashAlgorithm.MD5])
    ('md5:9e26471d35a78862c17e467d87cddedf',)
    """
    texts = _readings(key)
    return tuple(HashedKey(f"{each}:{each.hex_of(text)}") for each in algorithms for text in texts)


def _readings(key: EmailKey) -> tuple[str, ...]:
    if "xn--" not in key:
        return (key,)
    local, _, domain = key.rpartition("@")
    try:
        return key, f"{local}@{idna.decode(domain)}"
    except idna.IDNAError:
        return (key,)
