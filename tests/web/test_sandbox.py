"""The sandbox's mailbox: who may read it, and how it shows messages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from flask.testing import FlaskClient

from prefcenter.store.outbox import SandboxMessage
from prefcenter.web.app import build
from tests.houses import START, House, wiring_on
from tests.web.test_ops import boss, sign_in

__all__ = ["boss"]

KEYS = {"id", "channel", "to", "class", "message_type", "subject", "text", "html", "headers", "at"}


def deliver(house: House, **given: Any) -> int:
    fields: dict[str, Any] = {
        "channel": "email",
        "to": "jane@example.com",
        "message_class": "marketing",
        "message_type": "spring-offers",
        "subject": "Spring <b>offers</b>",
        "text": "Hello Jane",
        "html": "<h1>Hello</h1><script>alert(1)</script>",
        "headers": {"List-Unsubscribe-Post": "List-Unsubscribe=One-Click"},
        "at": START,
    }
    with house.wiring.database.write() as session:
        row = SandboxMessage(**fields | given)
        session.add(row)
        session.commit()
        return row.id


def serving(house: House, folder: Path, **settings: Any) -> FlaskClient:
    wiring = wiring_on(house.wiring.database, folder, house.clock, is_demo=False, **settings)
    wiring.database.dispose()
    return build(wiring.config, wiring).test_client()


def test_programs_read_what_people_got(client: FlaskClient, house: House) -> None:
    first = deliver(house)
    second = deliver(house, channel="sms", to="+14155550100", subject="", html="", headers={}, text="Reply STOP")
    told = client.get("/sandbox/messages.json").get_json()
    assert [message["id"] for message in told] == [second, first]
    assert all(set(message) == KEYS for message in told)
    assert told[1] | {"id": 0} == {
        "id": 0,
        "channel": "email",
        "to": "jane@example.com",
        "class": "marketing",
        "message_type": "spring-offers",
        "subject": "Spring <b>offers</b>",
        "text": "Hello Jane",
        "html": "<h1>Hello</h1><script>alert(1)</script>",
        "headers": {"List-Unsubscribe-Post": "List-Unsubscribe=One-Click"},
        "at": "2026-11-23T15:00:00+00:00",
    }


def test_a_mail_is_shown_in_a_frame_in_which_it_can_do_nothing(client: FlaskClient, house: House) -> None:
    number = deliver(house)
    page = client.get("/sandbox")
    assert f'<iframe src="/sandbox/messages/{number}.html"' in page.text
    assert 'sandbox="allow-popups' in page.text
    assert "<script" not in page.text
    assert "Spring &lt;b&gt;offers" in page.text
    assert "frame-src 'self'" in page.headers["Content-Security-Policy"]
    mail = client.get(f"/sandbox/messages/{number}.html")
    policy = mail.headers["Content-Security-Policy"]
    assert policy.startswith("sandbox allow-popups")
    assert "allow-scripts" not in policy
    assert "default-src 'none'" in policy
    assert mail.headers["X-Frame-Options"] == "SAMEORIGIN"


def test_a_text_has_no_frame(client: FlaskClient, house: House) -> None:
    number = deliver(house, channel="sms", to="+14155550100", subject="", html="", headers={}, text="Reply STOP <3")
    assert "Reply STOP &lt;3" in client.get("/sandbox").text
    assert client.get(f"/sandbox/messages/{number}.html").status_code == 404
    assert client.get("/sandbox/messages/9999.html").status_code == 404


def test_an_empty_sandbox_says_so(client: FlaskClient) -> None:
    assert "No message yet" in client.get("/sandbox").text
    assert client.get("/sandbox/messages.json").get_json() == []


def test_under_serve_only_operators_read_it(house: House, tmp_path: Path, boss: str) -> None:
    """X8: the messages hold addresses."""
    number = deliver(house)
    client = serving(house, tmp_path)
    paths = ("/sandbox", "/sandbox/messages.json", f"/sandbox/messages/{number}.html")
    for path in paths:
        assert client.get(path).location == f"/ops/login?next={path}"
    sign_in(client)
    assert [client.get(path).status_code for path in paths] == [200, 200, 200]


def test_with_a_provider_there_is_no_sandbox(house: House, tmp_path: Path, boss: str) -> None:
    deliver(house)
    client = serving(house, tmp_path, sendgrid_api_key="SG.x")
    sign_in(client)
    assert client.get("/sandbox").status_code == 404
    assert client.get("/sandbox/messages.json").status_code == 404
