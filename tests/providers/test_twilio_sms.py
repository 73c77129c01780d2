"""Twilio's signature, parameters and TwiML."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import pytest
from twilio.request_validator import RequestValidator

from prefcenter.providers import twilio_sms

AT = datetime(2026, 3, 2, 19, 0, tzinfo=UTC)
VECTOR_URL = "https://mycompany.com/myapp.php?foo=1&bar=2"
VECTOR = urlencode(
    {
        "CallSid": "CA1234567890ABCDE",
        "Caller": "+14158675309",
        "Digits": "1234",
        "From": "+14158675309",
        "To": "+18005551212",
    }
).encode()
VECTOR_SIGNATURE = "RSOYDt4T1cUTdK1PDd93/VVr8B8="


def test_the_published_vector_is_signed() -> None:
    """X5. Source: Twilio, "Webhooks security"."""
    assert twilio_sms.is_signed("12345", VECTOR_URL, VECTOR, {"X-Twilio-Signature": VECTOR_SIGNATURE})


@pytest.mark.parametrize(
    ("token", "url", "raw", "headers"),
    [
        ("12345", VECTOR_URL, VECTOR, {}),
        ("12345", VECTOR_URL, VECTOR, {"X-Twilio-Signature": ""}),
        ("12345", VECTOR_URL.replace("foo=1", "foo=2"), VECTOR, {"X-Twilio-Signature": VECTOR_SIGNATURE}),
        ("12345", VECTOR_URL, VECTOR + b"&Extra=1", {"X-Twilio-Signature": VECTOR_SIGNATURE}),
        ("12345", VECTOR_URL, VECTOR.replace(b"1234", b"1235"), {"X-Twilio-Signature": VECTOR_SIGNATURE}),
        ("54321", VECTOR_URL, VECTOR, {"X-Twilio-Signature": VECTOR_SIGNATURE}),
        ("", VECTOR_URL, VECTOR, {"X-Twilio-Signature": VECTOR_SIGNATURE}),
        ("12345", VECTOR_URL, VECTOR, {"X-Twilio-Signature": "ünïcode"}),
    ],
)
def test_anything_else_is_not(token: str, url: str, raw: bytes, headers: dict[str, str]) -> None:
    """X5: all parameters are signed, those that we don't know too."""
    assert not twilio_sms.is_signed(token, url, raw, headers)


def test_the_newer_signature_is_understood() -> None:
    """X5: since 2025 Twilio may name its algorithm in a header; an unknown one is no signature."""
    settings = {"X-Twilio-Webhooks-Signature-Settings": "key=k,algorithm=HMAC_SHA256"}
    signature = RequestValidator("12345").compute_signature(VECTOR_URL, {"Body": "STOP"}, "HMAC_SHA256")
    assert twilio_sms.is_signed("12345", VECTOR_URL, b"Body=STOP", settings | {"X-Twilio-Signature": signature})
    unknown = {"X-Twilio-Webhooks-Signature-Settings": "algorithm=NONE", "X-Twilio-Signature": signature}
    assert not twilio_sms.is_signed("12345", VECTOR_URL, b"Body=STOP", unknown)


def test_repeated_and_empty_parameters_are_signed_too() -> None:
    """X5: each unique value of each name, in order."""

    class Several(dict[str, list[str]]):
        def getlist(self, name: str) -> list[str]:
            return self[name]

    signature = RequestValidator("12345").compute_signature(VECTOR_URL, Several(A=["2", "1", "1"], B=[""]))
    assert twilio_sms.is_signed("12345", VECTOR_URL, b"A=2&A=1&A=1&B=", {"X-Twilio-Signature": signature})


def test_a_reply_is_escaped() -> None:
    """S4: whatever a brand is called."""
    assert twilio_sms.twiml({"reply": "A & B <C>"}, AT).endswith(
        "<Response><Message>A &amp; B &lt;C&gt;</Message></Response>"
    )


@pytest.mark.parametrize(("minutes", "says"), [(0, True), (5, True), (5.1, False)])
def test_a_late_reply_is_left_out(minutes: float, says: bool) -> None:
    """S4: five minutes, not longer."""
    answer = {"reply": "You are unsubscribed.", "reply_until": (AT + timedelta(minutes=5)).isoformat()}
    assert ("<Message>" in twilio_sms.twiml(answer, AT + timedelta(minutes=minutes))) is says


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        (b"MessageSid=SM1&SmsSid=SM2", "SM1"),
        (b"SmsSid=SM2", "SM2"),
        (b"MessageSid=&SmsSid=SM2", "SM2"),
    ],
)
def test_a_text_is_named_by_its_sid(raw: bytes, name: str) -> None:
    """X5."""
    assert twilio_sms.incoming_text(raw).provider_id == name


def test_each_status_of_a_message_is_kept_once() -> None:
    """X5: they come out of order, and one says nothing of another."""
    names = {
        twilio_sms.incoming_status(f"MessageSid=SM1&MessageStatus={s}".encode()).provider_id for s in ("sent", "x")
    }
    assert names == {"SM1:sent", "SM1:x"}


@pytest.mark.parametrize("raw", [b"", b"\xff\xfe", b"%ff=%00", b"&&&===", b"Body=%E9", b"=" * 1000])
def test_any_body_can_be_read(raw: bytes) -> None:
    """X5: a signed body is never our excuse."""
    twilio_sms.read_text(raw)
    assert twilio_sms.incoming_text(raw).provider_id
