"""What SendGrid posts to us: inbound mail (parsed or raw), event batches, and its signature.

Source: SendGrid, "Inbound Email Parse Webhook" and "Getting started with the Event Webhook security features".
"""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key
from sqlalchemy.orm import Session

from prefcenter.core.errors import Unavailable
from prefcenter.core.mail import Mail, mail_from_fields, read_mail
from prefcenter.core.mail_parts import decode_text
from prefcenter.providers.authentication import dkim_domains, vouches
from prefcenter.providers.form_data import Field, split_form
from prefcenter.providers.headers import Headers
from prefcenter.services import inbound_mail
from prefcenter.services.inbound_mail import ReceivedMail
from prefcenter.services.receiving import Handled, Incoming, Reception, named
from prefcenter.store.inbound import InboundMessage

EVENTS_PROVIDER = "sendgrid-events"
SIGNATURE = "X-Twilio-Email-Event-Webhook-Signature"
TIMESTAMP = "X-Twilio-Email-Event-Webhook-Timestamp"
"""The same two headers sign both webhooks."""


def is_signed(public_key: str, raw: bytes, headers: Headers) -> bool:
    """Whether SendGrid signed these very bytes: ECDSA P-256 over timestamp and body; without a key nothing is.

    Raises:
        Unavailable: the configured key is none, which is our own fault, so that SendGrid tries again.
    """
    if not public_key:
        return False
    try:
        signature = base64.b64decode(headers.get(SIGNATURE) or "", validate=True)
        _key(public_key).verify(signature, (headers.get(TIMESTAMP) or "").encode() + raw, ec.ECDSA(SHA256()))
    except (InvalidSignature, ValueError):  # Not base64, or not even ASCII.
        return False
    return True


def _key(text: str) -> ec.EllipticCurvePublicKey:
    try:
        key = load_der_public_key(base64.b64decode(text))
    except (ValueError, UnsupportedAlgorithm) as error:
        raise Unavailable("SendGrid's public key, as it is set, is no key.", remedy="Copy it again.") from error
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise Unavailable("SendGrid's public key, as it is set, is of another kind.", remedy="Copy it again.")
    return key


def is_authorised(expected: str, headers: Headers) -> bool:
    """Whether the request carries the user and password that were put into the webhook's address.

    Args:
        expected: ``user:password``, or empty, which lets nobody in.
        headers: of the request.
    """
    scheme, _, encoded = (headers.get("Authorization") or "").partition(" ")
    if not expected or scheme.lower() != "basic":
        return False
    try:
        given = base64.b64decode(encoded.strip(), validate=True)
    except ValueError:
        return False
    return hmac.compare_digest(given, expected.encode())


def may_deliver_mail(public_key: str, basic: str, raw: bytes, headers: Headers) -> bool:
    """Whether a mail comes from SendGrid: signed, or, where it is not signed at all, with the password.

    A wrong signature is never made good by a password.
    """
    if public_key and headers.get(SIGNATURE):
        return is_signed(public_key, raw, headers)
    return is_authorised(basic, headers)


def incoming_mail(content_type: str, raw: bytes) -> Incoming:
    """The post as it is to be kept, under the mail that it holds; where that tells nothing, under its content."""
    received = read_post(content_type, raw)
    name = received.delivery() if received.is_identifiable and not received.problem else named(raw)
    return Incoming(inbound_mail.PROVIDER, name, content_type[:200], raw, {"content_type": content_type[:1000]})


def incoming_events(content_type: str, raw: bytes) -> Incoming:
    """A batch of events as it is to be kept: the same bytes once."""
    return Incoming(EVENTS_PROVIDER, named(raw), content_type, raw)


def handle_post(reception: Reception, session: Session, row: InboundMessage, at: datetime, _replies: bool) -> Handled:
    """Handle a kept post, see :data:`prefcenter.services.receiving.Handler`."""
    received = read_post(str(row.envelope.get("content_type", row.content_type)), row.raw)
    return inbound_mail.receive(session, reception, received, row, at=at)


def read_post(content_type: str, raw: bytes) -> ReceivedMail:
    """Read the mail in a post, in parsed or in raw mode; never raises."""
    fields: dict[str, Field] = {}
    for field in split_form(content_type, raw):
        fields.setdefault(field.name, field)
    charsets = _json_object(_text(fields.get("charsets"), ""))
    texts = {name: _text(field, str(charsets.get(name, ""))) for name, field in fields.items() if not field.filename}
    envelope = _json_object(texts.get("envelope", ""))
    recipients = tuple(str(item) for item in _list(envelope.get("to")))
    mail = _mail(fields, texts, recipients)
    problem = "" if mail.from_address or mail.subject or mail.text else "The post holds no mail that could be read."
    return ReceivedMail(mail, recipients, _is_authentic(mail, texts, envelope), problem)


def _mail(fields: Mapping[str, Field], texts: Mapping[str, str], recipients: tuple[str, ...]) -> Mail:
    whole = fields.get("email")
    if whole is not None:
        return read_mail(whole.value)
    if not any(texts.get(name, "").strip() for name in ("headers", "from", "subject", "text", "html")):
        return Mail()
    parts = (texts.get(name, "") for name in ("headers", "from", "to", "subject", "text", "html"))
    headers, from_, to, subject, text, html = parts
    mail = mail_from_fields(headers, from_, to, subject, text, html, recipients)
    return _with_files(mail, [field for field in fields.values() if field.filename])


def _with_files(mail: Mail, files: Sequence[Field]) -> Mail:
    """Add what was attached: forwarded mails are read, the rest is named."""
    mails = [file for file in files if file.content_type == "message/rfc822" or file.filename.lower().endswith(".eml")]
    others = [file for file in files if file not in mails]
    return replace(
        mail,
        attached=(*mail.attached, *(read_mail(file.value) for file in mails[:20])),
        attachments=(*mail.attachments, *(file.filename for file in others[:100])),
    )


def _is_authentic(mail: Mail, texts: Mapping[str, str], envelope: Mapping[str, Any]) -> bool:
    """Whether SendGrid's own checks vouch for the From; what the mail's headers claim does not count."""
    sender = str(envelope.get("from", "")) if texts.get("SPF", "").strip().lower() == "pass" else ""
    return vouches(mail.from_address, dkim=dkim_domains(texts.get("dkim", "")), spf_sender=sender)


def _text(field: Field | None, charset: str) -> str:
    return "" if field is None else decode_text(field.value, charset or "utf-8")[0]


def _json_object(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text) if text else {}
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[object]:
    return value[:200] if isinstance(value, list) else [value] if isinstance(value, str) else []
