"""How SendGrid signs what it posts: ECDSA over the timestamp and the very bytes.

Source: SendGrid, "Event Webhook security features".
"""

from __future__ import annotations

import base64
from datetime import datetime
from hashlib import sha512

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from prefcenter.providers.sendgrid_mail import SIGNATURE, TIMESTAMP

_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""How many private keys the curve P-256 has, and one. Source: SEC 2, section 2.4.2."""


def key_of(secret: bytes) -> ec.EllipticCurvePrivateKey:
    """The key that a secret stands for: always the same, so that whoever has the secret can sign and verify."""
    return ec.derive_private_key(int.from_bytes(sha512(secret).digest()) % (_ORDER - 1) + 1, ec.SECP256R1())


def public_key_of(key: ec.EllipticCurvePrivateKey) -> str:
    """The public half, as ``SENDGRID_EVENT_PUBLIC_KEY`` is set to it."""
    der = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(der).decode()


def signed(key: ec.EllipticCurvePrivateKey, raw: bytes, at: datetime) -> dict[str, str]:
    """The headers of a batch of events that is posted."""
    timestamp = str(int(at.timestamp()))
    signature = key.sign(timestamp.encode() + raw, ec.ECDSA(SHA256()))
    return {
        "Content-Type": "application/json",
        SIGNATURE: base64.b64encode(signature).decode(),
        TIMESTAMP: timestamp,
    }
