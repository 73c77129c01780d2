"""A whole application behind its webhooks, with a clock that the tests set, and requests signed as providers sign."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from flask.testing import FlaskClient
from sqlalchemy import select
from twilio.request_validator import RequestValidator

from prefcenter.config import Config
from prefcenter.store import registry
from prefcenter.store.engine import Database
from prefcenter.web.app import build
from prefcenter.wiring import Wiring, wire

PAYLOADS = Path(__file__).parents[2] / "payloads"
BASE_URL = "https://prefs.example.com"
TOKEN = "a twilio auth token for tests"
SERVICE_NUMBER = "+14155550199"
MESSAGING_SERVICE = "MG00000000000000000000000000000001"
SENDGRID_KEY = ec.generate_private_key(ec.SECP256R1())
PUBLIC_KEY = base64.b64encode(
    SENDGRID_KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
).decode()
FORM = "multipart/form-data; boundary=xYzZY"


@dataclass
class SetClock:
    """Tells the time that a test set."""

    at: datetime = datetime(2026, 3, 2, 19, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at


@dataclass
class House:
    """The application and what a test looks at."""

    wiring: Wiring
    client: FlaskClient
    clock: SetClock
    config: Config
    headers: dict[str, str] = field(default_factory=dict)

    def rows(self, model: type[Any]) -> list[Any]:
        """All rows of a table, the oldest first."""
        with self.wiring.database.read() as session:
            return list(session.scalars(select(model).order_by(next(iter(model.__table__.primary_key)))))

    def text(self, body: str | bytes, **changes: str) -> Any:
        """Post a text as Twilio does: a recorded payload's name, or the words that somebody texts."""
        if isinstance(body, str) and body.endswith(".form"):
            raw = payload(f"twilio/{body}")
        else:
            values = {"MessageSid": f"SM{len(self.rows_of_texts()):032x}", "From": "+14155550100", "To": SERVICE_NUMBER}
            raw = urlencode({**values, "Body": body, **changes}).encode()
        return self.client.post(
            "/webhooks/twilio/sms",
            data=raw,
            content_type="application/x-www-form-urlencoded",
            headers=twilio_headers("/webhooks/twilio/sms", raw),
        )

    def payload(self, name: str) -> bytes:
        """A recorded payload."""
        return payload(name)

    def signed(self, signer: str, path: str, raw: bytes) -> dict[str, str]:
        """The headers that a provider would sign these bytes with."""
        return twilio_headers(path, raw) if signer == "twilio" else sendgrid_headers(raw)

    def signed_with_nothing(self, signer: str, path: str) -> dict[str, str]:
        """What somebody sends who hopes that an empty key is in use."""
        return twilio_headers(path, b"", token="") if signer == "twilio" else sendgrid_headers(b"")

    def rows_of_texts(self) -> list[Any]:
        """What was taken in."""
        from prefcenter.store.inbound import InboundMessage

        return self.rows(InboundMessage)

    def mail(self, raw: str | bytes, content_type: str = FORM) -> Any:
        """Post a mail as SendGrid does: a recorded payload's name, or the bytes."""
        body = payload(f"sendgrid/{raw}") if isinstance(raw, str) else raw
        return self.client.post(
            "/webhooks/sendgrid/inbound", data=body, content_type=content_type, headers=sendgrid_headers(body)
        )


def payload(name: str) -> bytes:
    """A recorded payload."""
    return (PAYLOADS / name).read_bytes()


def twilio_headers(path: str, raw: bytes, token: str = TOKEN) -> dict[str, str]:
    """The signature that Twilio would send; computed by its own SDK."""
    from urllib.parse import parse_qs

    values = {name: found[0] for name, found in parse_qs(raw.decode(), keep_blank_values=True).items()}
    return {"X-Twilio-Signature": RequestValidator(token).compute_signature(f"{BASE_URL}{path}", values)}


def sendgrid_headers(raw: bytes, timestamp: str = "1772463600") -> dict[str, str]:
    """The signature that SendGrid would send."""
    signature = SENDGRID_KEY.sign(timestamp.encode() + raw, ec.ECDSA(SHA256()))
    return {
        "X-Twilio-Email-Event-Webhook-Signature": base64.b64encode(signature).decode(),
        "X-Twilio-Email-Event-Webhook-Timestamp": timestamp,
    }


@pytest.fixture
def config(database: Database, tmp_path: Path) -> Config:
    return Config(
        database_url=database.engine.url.render_as_string(hide_password=False),
        secret_keys=("a signing key for tests, of good length",),
        peppers=("a pepper for tests, of good length",),
        base_url=BASE_URL,
        data_dir=tmp_path / "data",
        inbound_domain="in.example.com",
        twilio_auth_token=TOKEN,
        sendgrid_event_public_key=PUBLIC_KEY,
        sendgrid_parse_public_key=PUBLIC_KEY,
        inbound_auth="parse:a password",
    )


@pytest.fixture
def open_house(config: Config) -> Iterator[Callable[..., House]]:
    """Builds an application, with other settings where a test wants them."""
    built: list[Wiring] = []

    def build_house(**changes: Any) -> House:
        from dataclasses import replace

        clock = SetClock()
        changed = replace(config, **changes)
        wiring = wire(changed, clock=clock)
        wiring.adopt_keys()
        built.append(wiring)
        return House(wiring, build(changed, wiring).test_client(), clock, changed)

    yield build_house
    for wiring in built:
        wiring.database.dispose()


@pytest.fixture
def house(open_house: Callable[..., House]) -> House:
    """An application of one brand that texts from one known number and one known Messaging Service."""
    built = open_house()
    at = built.clock()
    with built.wiring.database.write() as session:
        brand = registry.Brand(
            slug="acme", code=7, name="Acme", country="US", contact="help@acme.example", created_at=at
        )
        session.add(brand)
        session.flush()
        for slug, kind, sender in (
            ("offers", "marketing", SERVICE_NUMBER),
            ("alerts", "service", SERVICE_NUMBER),
            ("news", "marketing", MESSAGING_SERVICE),
        ):
            session.add(
                registry.MessageType(
                    slug=slug,
                    name=slug,
                    message_class=kind,
                    channel="sms",
                    brand_id=brand.id,
                    sender=sender,
                    category="account" if kind == "service" else None,
                    fallbacks=[],
                    approved_by="ann@acme.example",
                    created_at=at,
                )
            )
        session.commit()
    return built
