"""The sandbox as people try it out: texts as conversations that one can answer, and mails with their source."""

from __future__ import annotations

import re
from collections.abc import Iterator
from email import message_from_string, policy
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from prefcenter.core.channels import Channel
from prefcenter.providers.stand_ins.twilio_webhooks import Call
from prefcenter.store.engine import Database
from prefcenter.store.inbound import InboundMessage
from prefcenter.web.app import build
from tests.houses import PHONE, House, StillClock, wiring_on
from tests.web.test_api_check import register_type
from tests.web.test_ops import boss, sign_in
from tests.web.test_sandbox import deliver, serving

__all__ = ["boss"]

TOKEN = "a twilio auth token for tests"
MARKETING, SERVICE = "+14155550199", "MG00000000000000000000000000000002"
TEXT = {"channel": "sms", "to": PHONE, "subject": "", "html": "", "headers": {}, "text": "20 % off this week"}


@pytest.fixture
def house(sqlite_database: Database, tmp_path: Path) -> Iterator[House]:
    clock = StillClock()
    made = House(wiring_on(sqlite_database, tmp_path, clock, twilio_auth_token=TOKEN), clock)
    made.furnish()
    register_type(made, "text-offers", "sms", sender=MARKETING)
    register_type(made, "text-alerts", "sms", message_class="service", topic_id=None, sender=SERVICE)
    yield made


@pytest.fixture
def client(house: House) -> FlaskClient:
    return build(house.wiring.config, house.wiring).test_client()


def field(page: str, name: str) -> str:
    """What a hidden field of the first reply form holds."""
    form = page.partition('class="reply"')[2]
    found = re.search(rf'name="{name}" value="([^"]*)"', form)
    assert found is not None, name
    return found.group(1)


def reply(client: FlaskClient, body: str, **changes: str) -> str:
    """Fill in the form as a browser does, and give the page that follows."""
    page = client.get("/sandbox").text
    names = [name for name in ("csrf_token", "conversation", "sender") if name not in changes]
    form = {name: field(page, name) for name in names} | {"body": body} | changes
    return client.post("/sandbox/replies", data=form, follow_redirects=True).text


def test_texts_stand_by_number_with_what_they_cost(client: FlaskClient, house: House) -> None:
    deliver(house, **TEXT, message_type="text-offers")
    deliver(house, **(TEXT | {"text": "Sale – now"}), message_type="text-offers")
    deliver(house, **(TEXT | {"to": "+14155550177"}), message_type="text-alerts")
    page = client.get("/sandbox").text
    assert page.count('class="message talk"') == 2
    assert "1 segment, GSM-7" in page
    assert "1 segment, UCS-2" in page
    links = re.findall(r'(?:href|id|action)="([^"]*)"', page)
    assert not any("4155550" in link for link in links)  # X8


def test_a_stop_in_the_sandbox_takes_the_way_of_twilio(client: FlaskClient, house: House) -> None:
    """S1, S5: the signed webhook; where Twilio answers itself, so the page says."""
    deliver(house, **TEXT, message_type="text-offers")
    page = reply(client, "STOP")
    assert f"sender:{MARKETING}" in house.scopes()
    assert "Here Twilio itself confirms the STOP" in page
    assert "STOP</p>" in page
    with house.wiring.database.read() as session:
        row = session.query(InboundMessage).one()
    assert (row.provider, row.outcome, row.answer) == ("twilio-sms", "recorded", {})


def test_our_confirmation_stands_in_the_conversation(client: FlaskClient, house: House) -> None:
    """S4, S5: one, where Twilio's own filter misses the words; and ACCOUNT keeps the alerts of that sender."""
    deliver(house, **TEXT, message_type="text-alerts")
    page = reply(client, "please stop texting me")
    assert page.count("You are unsubscribed.") == 1
    assert "To keep only account alerts, reply ACCOUNT." in page
    assert f"sender:{SERVICE}" in house.scopes()
    reply(client, "ACCOUNT")
    assert "all" in house.scopes()
    assert f"sender:{SERVICE}" not in house.scopes()


def test_help_names_the_brand_and_the_ways_to_stop(client: FlaskClient, house: House) -> None:
    """S7, S3: on a short code nobody but us answers."""
    register_type(house, "short-offers", "sms", sender="12345")
    deliver(house, **TEXT, message_type="short-offers")
    page = reply(client, "HELP")
    assert "help@acme.example" in page
    assert "or tell us in any other way" in page


def test_an_empty_reply_is_not_sent(client: FlaskClient, house: House) -> None:
    deliver(house, **TEXT, message_type="text-offers")
    assert "The text is empty" in reply(client, "  ")
    assert house.scopes() == []


def test_a_reply_needs_a_conversation_and_one_of_its_senders(client: FlaskClient, house: House) -> None:
    deliver(house, **TEXT, message_type="text-offers")
    for changes in ({"conversation": "ff"}, {"sender": "+19995550100"}):
        reply(client, "STOP", **changes)
    assert house.suppressions() == []


def test_a_reply_needs_the_forms_token(client: FlaskClient, house: House) -> None:
    """X4."""
    deliver(house, **TEXT, message_type="text-offers")
    reply(client, "STOP", csrf_token="forged")
    assert house.suppressions() == []


def test_without_a_token_of_twilios_the_sandbox_has_its_own(house: House, tmp_path: Path) -> None:
    """X5: what it signs is taken, and no other webhook is."""
    wiring = wiring_on(house.wiring.database, tmp_path, house.clock, twilio_auth_token="")
    client = build(wiring.config, wiring).test_client()
    deliver(house, **TEXT, message_type="text-offers")
    assert "STOP</p>" in reply(client, "STOP")
    assert f"sender:{MARKETING}" in house.scopes()
    forged = Call(f"{wiring.config.base_url}/webhooks/twilio/sms", {"From": PHONE, "MessageSid": "SM1", "Body": "STOP"})
    answer = client.post("/webhooks/twilio/sms", data=forged.body, headers=forged.headers(""))
    assert answer.status_code == 403


def test_outside_a_demo_nobody_writes_for_a_person(house: House, tmp_path: Path, boss: str) -> None:
    """X10: an operator's START would pass for the person's own act."""
    deliver(house, **TEXT, message_type="text-offers")
    client = serving(house, tmp_path, twilio_auth_token=TOKEN)
    sign_in(client)
    page = client.get("/sandbox").text
    assert 'class="reply"' not in page
    name = house.wiring.points.parse(Channel.SMS, PHONE).digest.hex()
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert token is not None
    form = {"csrf_token": token.group(1), "conversation": name, "sender": MARKETING, "body": "START"}
    assert client.post("/sandbox/replies", data=form).status_code == 404


def test_the_source_is_the_mail_as_a_server_gets_it(client: FlaskClient, house: House) -> None:
    """E1: a standard parser finds the headers and both bodies."""
    headers = {"From": '"Acme" <news@acme.example>', "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
    number = deliver(house, headers=headers, subject="Größe & mehr")
    answer = client.get(f"/sandbox/messages/{number}.eml")
    assert answer.content_type == "text/plain; charset=utf-8"
    mail = message_from_string(answer.text, policy=policy.default)
    assert (mail["From"], mail["To"], mail["Subject"]) == (
        "Acme <news@acme.example>",
        "jane@example.com",
        "Größe & mehr",
    )
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    parts = [part.get_content_type() for part in mail.walk()]
    assert parts == ["multipart/alternative", "text/plain", "text/html"]
    page = client.get(f"/sandbox/messages/{number}/source").text
    assert "List-Unsubscribe-Post: List-Unsubscribe=One-Click" in page
    assert "<script>alert" not in page


def test_only_mails_have_a_source(client: FlaskClient, house: House) -> None:
    number = deliver(house, **TEXT)
    for path in (f"/sandbox/messages/{number}.eml", "/sandbox/messages/99/source"):
        assert client.get(path).status_code == 404
