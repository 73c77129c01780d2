"""What every webhook keeps, whoever calls it (X5)."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from prefcenter.services import receiving
from prefcenter.store.engine import StoreUnavailable
from prefcenter.store.inbound import InboundMessage

# The application's fixtures stand in conftest.py; what signs a request is handed in by them.
TEXT = "application/x-www-form-urlencoded"
MAIL = "multipart/form-data; boundary=xYzZY"


@dataclass(frozen=True)
class Call:
    """One genuine request to a webhook."""

    path: str
    payload: str
    content_type: str
    signer: str
    key: str = ""


CALLS = [
    Call("/webhooks/twilio/sms", "twilio/opt-out-words.form", TEXT, "twilio", "twilio_auth_token"),
    Call("/webhooks/twilio/status", "twilio/status-delivered.form", TEXT, "twilio", "twilio_auth_token"),
    Call(
        "/webhooks/sendgrid/inbound", "sendgrid/no-snail-mail.form", MAIL, "sendgrid", key="sendgrid_parse_public_key"
    ),
    Call(
        "/webhooks/sendgrid/events",
        "sendgrid/events.json",
        "application/json",
        "sendgrid",
        "sendgrid_event_public_key",
    ),
]


def broken(*_: object, **__: object) -> Any:
    raise StoreUnavailable("The disk is full.")


def crashed(*_: object, **__: object) -> Any:
    raise ZeroDivisionError("a fault of ours that quotes jane" + "@example.com")


@pytest.mark.parametrize("call", CALLS, ids=[call.path for call in CALLS])
class TestEveryWebhook:
    """One contract: unsigned and altered 403, duplicates harmless, our own faults 5xx, nothing lost."""

    def post(self, house: Any, call: Call, raw: bytes | None = None, headers: dict[str, str] | None = None) -> Any:
        body = house.payload(call.payload)
        signed = house.signed(call.signer, call.path, body) if headers is None else headers
        return house.client.post(
            call.path, data=body if raw is None else raw, content_type=call.content_type, headers=signed
        )

    def test_a_genuine_request_is_kept_and_acknowledged(self, house: Any, call: Call) -> None:
        assert self.post(house, call).status_code == 200
        [row] = house.rows(InboundMessage)
        assert row.raw == house.payload(call.payload)
        assert row.state == "handled"

    @pytest.mark.parametrize("database", ["sqlite"], indirect=True)
    def test_an_unsigned_request_is_turned_away(self, house: Any, call: Call) -> None:
        assert self.post(house, call, headers={}).status_code == 403
        assert house.rows(InboundMessage) == []

    @pytest.mark.parametrize("database", ["sqlite"], indirect=True)
    def test_an_altered_request_is_turned_away(self, house: Any, call: Call) -> None:
        altered = house.payload(call.payload).replace(b"0", b"1", 1).replace(b"a", b"b", 1)
        assert self.post(house, call, raw=altered).status_code == 403
        assert house.rows(InboundMessage) == []

    @pytest.mark.parametrize("database", ["sqlite"], indirect=True)
    @pytest.mark.parametrize("value", ["", "!", "AAAA", "ü", "A" * 5000, base64.b64encode(b"x" * 70).decode()])
    def test_a_nonsense_signature_is_turned_away(self, house: Any, call: Call, value: str) -> None:
        names = house.signed(call.signer, call.path, house.payload(call.payload))
        headers = {name: value.encode("utf-8").decode("latin-1") for name in names}
        assert self.post(house, call, headers=headers).status_code == 403

    @pytest.mark.parametrize("database", ["sqlite"], indirect=True)
    def test_without_a_key_nobody_gets_in(self, open_house: Callable[..., Any], call: Call) -> None:
        house = open_house(**{call.key: "", "inbound_auth": ""})
        assert self.post(house, call).status_code == 403
        assert self.post(house, call, headers=house.signed_with_nothing(call.signer, call.path)).status_code == 403

    def test_a_duplicate_gets_the_same_answer_and_changes_nothing(self, house: Any, call: Call) -> None:
        first, second = self.post(house, call), self.post(house, call)
        assert (first.status_code, first.data) == (second.status_code, second.data)
        assert len(house.rows(InboundMessage)) == 1

    @pytest.mark.parametrize("database", ["sqlite"], indirect=True)
    @pytest.mark.parametrize("fault", [broken, crashed])
    def test_our_own_fault_is_5xx_and_a_retry_then_works(
        self, house: Any, call: Call, fault: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with monkeypatch.context() as faulty:
            faulty.setattr(receiving, "_row", fault)
            assert self.post(house, call).status_code in (500, 503)
        assert house.rows(InboundMessage) == []
        assert self.post(house, call).status_code == 200
        assert len(house.rows(InboundMessage)) == 1

    @pytest.mark.parametrize("database", ["sqlite"], indirect=True)
    def test_a_crash_after_it_was_kept_loses_nothing(
        self, house: Any, call: Call, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with monkeypatch.context() as faulty:
            faulty.setattr(receiving, "_close", crashed)
            assert self.post(house, call).status_code == 500
        [row] = house.rows(InboundMessage)
        assert row.state == "received"
        assert self.post(house, call).status_code == 200
        [row] = house.rows(InboundMessage)
        assert row.state == "handled"

    @pytest.mark.parametrize("database", ["sqlite"], indirect=True)
    def test_no_fault_quotes_an_address_in_the_log(
        self, house: Any, call: Call, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        """X8."""
        monkeypatch.setattr(receiving, "keep", crashed)
        assert b"jane" not in self.post(house, call).data
        assert "jane@example.com" not in caplog.text

    @pytest.mark.parametrize("database", ["sqlite"], indirect=True)
    def test_a_body_beyond_all_measure_is_turned_away_unread(self, house: Any, call: Call) -> None:
        raw = b"a&" * (18 * 1024 * 1024)
        assert self.post(house, call, raw=raw).status_code == 413
        assert house.rows(InboundMessage) == []

    @pytest.mark.parametrize("database", ["sqlite"], indirect=True)
    def test_get_changes_nothing(self, house: Any, call: Call) -> None:
        assert house.client.get(call.path).status_code == 405


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
class TestBasicAuthentication:
    """Older set-ups of Inbound Parse have no signature: the password in the webhook's address is the other way."""

    def post(self, house: Any, user: str, headers: dict[str, str] | None = None) -> Any:
        basic = {"Authorization": "Basic " + base64.b64encode(user.encode()).decode()}
        body = house.payload("sendgrid/question.form")
        return house.client.post(
            "/webhooks/sendgrid/inbound", data=body, content_type=MAIL, headers=basic | (headers or {})
        )

    def test_the_right_password_lets_mail_in(self, house: Any) -> None:
        assert self.post(house, "parse:a password").status_code == 200

    @pytest.mark.parametrize("user", ["parse:another", "", ":", "parse", "pärse:a password", "parse:a password "])
    def test_a_wrong_one_does_not(self, house: Any, user: str) -> None:
        assert self.post(house, user).status_code == 403

    def test_without_a_password_set_an_empty_one_lets_nobody_in(self, open_house: Callable[..., Any]) -> None:
        house = open_house(inbound_auth="")
        assert self.post(house, "").status_code == self.post(house, ":").status_code == 403

    def test_a_password_does_not_make_a_wrong_signature_good(self, house: Any) -> None:
        forged = house.signed("sendgrid", "", b"another body")
        assert self.post(house, "parse:a password", forged).status_code == 403

    def test_a_broken_header_is_turned_away(self, house: Any) -> None:
        for value in ("Basic", "Basic !!!", "Bearer x", "Basic " + "A" * 10_001):
            assert self.post(house, "", {"Authorization": value}).status_code == 403

    def test_a_wrongly_set_key_is_our_fault_and_5xx(self, open_house: Callable[..., Any]) -> None:
        house = open_house(sendgrid_parse_public_key="bm8ga2V5")
        signed = house.signed("sendgrid", "", house.payload("sendgrid/question.form"))
        assert self.post(house, "", signed).status_code == 503
