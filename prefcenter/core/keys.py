"""Canonical keys of contact points, and their keyed digests.

A suppression is found by the digest of a canonical key, so that it can outlive the readable address (G3). The key
types are made only here and in :mod:`prefcenter.core.postal.keys`, so the type checker proves that whatever reaches
the store went through a canonicaliser.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NewType

from prefcenter.core.channels import Channel
from prefcenter.core.errors import BadAddress, PrefcenterError

EmailKey = NewType("EmailKey", str)
PhoneKey = NewType("PhoneKey", str)
PostalKey = NewType("PostalKey", str)
HashedKey = NewType("HashedKey", str)
"""An email address of which only a partner's hash is known, see :mod:`prefcenter.core.hashed`."""
Key = EmailKey | PhoneKey | PostalKey | HashedKey

DIGEST_BYTES = 16
"""128 bits of the HMAC: no collision to fear, and short enough to travel whole inside a link's token."""

PLAIN_EMAIL = r"[a-z0-9_+'-]+(?:\.[a-z0-9_+'-]+)*@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}"
"""What nearly all addresses look like once trimmed and lowered: such a one is its own key, in bulk too.

Only where it has at most ``PLAIN_EMAIL_LENGTH`` characters and no ``xn--`` label, whose rules are subtler.
"""
PLAIN_EMAIL_LENGTH = 64
_FAST_EMAIL = re.compile(PLAIN_EMAIL, re.ASCII)
_FOREIGN_DIGITS = str.maketrans({chr(0xFF10 + d): str(d) for d in range(10)} | {"＋": "+"})


def canonicalise_email(text: str) -> EmailKey:
    """Make the one form under which an email address is known.

    Surrounding spaces, a ``mailto:`` prefix, angle brackets and case are dropped, and an international domain takes
    its ASCII form. The local part is lowered too: no mailbox provider in use tells ``Jo@`` from ``jo@``, and two
    people confused that way would only be left alone too often. Dots and plus tags stay: they are other mailboxes
    at most providers.

    Raises:
        BadAddress: it cannot be an email address.

    Source: RFC 5321 §2.4, RFC 5890.

    >>> canonicalise_email(" Jane.Doe@EXAMPLE.com ")
    'jane.doe@example.com'
    >>> canonicalise_email("info@bücher.example")
    'info@xn--bcher-kva.example'
    """
    bare = text.strip().strip("<>").removeprefix("mailto:").strip().lower()
    if len(bare) <= PLAIN_EMAIL_LENGTH and "xn--" not in bare and _FAST_EMAIL.fullmatch(bare):
        return EmailKey(bare)
    return _canonicalise_rare_email(bare)


def _canonicalise_rare_email(bare: str) -> EmailKey:
    from email_validator import EmailNotValidError, validate_email  # Its patterns take a command for post 30 ms.

    try:
        parts = validate_email(
            unicodedata.normalize("NFKC", bare), check_deliverability=False, test_environment=True, allow_smtputf8=True
        )
    except EmailNotValidError as error:
        raise BadAddress(
            f"This is not an email address: {_without_address(str(error), bare)}",
            field="email",
            remedy="Write it as name@example.com.",
        ) from error
    return EmailKey(f"{parts.local_part.lower()}@{parts.ascii_domain.lower()}")


def _without_address(message: str, address: str) -> str:
    """Take the address out of a library's message: errors end up in logs (X8)."""
    return message.replace(address, "…") if address else message


def canonicalise_phone(text: str, country: str = "US") -> PhoneKey:
    """Make the E.164 form of a phone number.

    Args:
        text: the number as written, international or national.
        country: ISO 3166 code of the country that a national number is read in.

    Raises:
        BadAddress: it cannot be a phone number there.

    Source: ITU-T E.164.

    >>> canonicalise_phone("(415) 555-0100")
    '+14155550100'
    >>> canonicalise_phone("020 7946 0018", "GB")
    '+442079460018'
    """
    import phonenumbers  # As above: only who has numbers needs it.

    bare = unicodedata.normalize("NFKC", text).translate(_FOREIGN_DIGITS).strip().removeprefix("tel:")
    try:
        number = phonenumbers.parse(bare, country)
    except phonenumbers.NumberParseException as error:
        raise _bad_phone(country) from error
    if not phonenumbers.is_possible_number(number) or number.extension:
        raise _bad_phone(country)
    return PhoneKey(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def _bad_phone(country: str) -> BadAddress:
    return BadAddress(
        f"This is not a phone number, neither international nor of {country}.",
        field="phone",
        remedy="Write it with its country code, as +14155550100.",
    )


def country_of_phone(key: PhoneKey) -> str | None:
    """Name the country of a number (ISO 3166), or None where the plan does not tell.

    >>> country_of_phone(PhoneKey("+442079460018"))
    'GB'
    """
    import phonenumbers

    return phonenumbers.region_code_for_number(phonenumbers.parse(key))


def mask(channel: Channel, value: str) -> str:
    """Show as much of an address as its owner needs to recognise it, and no more (E18).

    >>> mask(Channel.EMAIL, "jane@example.com")
    'j•••@example.com'
    >>> mask(Channel.SMS, "+14155550100")
    '•••0100'
    """
    if channel is Channel.EMAIL:
        local, at_sign, domain = value.rpartition("@")
        # A partner's hash of an address, such as md5:9e26…, is recognised by how it begins.
        kind, _, digits = value.partition(":")
        return f"{local[:1]}•••@{domain}" if at_sign else f"{kind}:{digits[:8]}•••"
    if channel is Channel.SMS:
        return f"•••{value[-4:]}"
    return f"{value[:1]}•••"


@dataclass(frozen=True, slots=True)
class Digest:
    """A keyed digest: all that is left of an address once its owner is forgotten."""

    value: bytes
    pepper_id: str


class MissingKey(PrefcenterError):
    """A pepper or signing key that the data was made with is not configured (X12)."""


class Peppers:
    """The keys of the keyed digests, newest first; old ones find what was stored under them, for ever.

    Args:
        secrets: the peppers, newest first, at least one, each at least 16 characters.

    Raises:
        MissingKey: there is none, or one is too short to be secret.
    """

    def __init__(self, secrets: Sequence[str]) -> None:
        self._secrets = tuple(secret.encode() for secret in secrets)
        if not self._secrets or any(len(secret) < 16 for secret in self._secrets):
            raise MissingKey("PREFCENTER_PEPPERS needs at least one pepper of at least 16 characters.")
        self._ids = tuple(fingerprint("pepper", secret) for secret in secrets)
        self._keys = tuple(zip(self._secrets, self._ids, strict=True))

    @property
    def ids(self) -> tuple[str, ...]:
        """Fingerprints of all peppers, newest first."""
        return self._ids

    def digest(self, key: Key) -> Digest:
        """Digest a key under the newest pepper, to store it."""
        secret, pepper_id = self._keys[0]
        return Digest(_hmac(secret, key), pepper_id)

    def candidates(self, key: Key) -> tuple[bytes, ...]:
        """Digest a key under every pepper, to look it up."""
        return tuple(_hmac(secret, key) for secret in self._secrets)

    def candidates_of(self, keys: Iterable[Key]) -> tuple[bytes, ...]:
        """Digest several keys under every pepper."""
        return tuple(digest for key in keys for digest in self.candidates(key))


def _hmac(secret: bytes, key: str) -> bytes:
    return hmac.digest(secret, key.encode(), "sha256")[:DIGEST_BYTES]


@lru_cache(maxsize=64)
def fingerprint(purpose: str, secret: str) -> str:
    """Name a secret without revealing it: 16 hexadecimal digits of a slow hash.

    Slow, because the fingerprint is stored beside the data and a weak secret could otherwise be guessed from it.

    Args:
        purpose: ``pepper`` or ``signing``; the same secret has another name for another purpose.
        secret: the secret.
    """
    return hashlib.scrypt(secret.encode(), salt=f"prefcenter/{purpose}".encode(), n=2**12, r=8, p=1, dklen=8).hex()
