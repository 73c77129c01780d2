"""The stand-in for Twilio as our webhooks meet it: signed callbacks and texts, again and again, in any order."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from sqlalchemy import select
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

from prefcenter.core.channels import Channel, MessageClass
from prefcenter.core.errors import BadInput
from prefcenter.providers.stand_ins.twilio_account import TwilioAccount
from prefcenter.providers.stand_ins.twilio_fates import MAGIC_NUMBERS, Fate
from prefcenter.providers.stand_ins.twilio_server import TwilioStandIn
from prefcenter.providers.stand_ins.twilio_webhooks import Posted, post_on_this_machine
from prefcenter.providers.twilio_api import TwilioSender
from prefcenter.services import outgoing
from prefcenter.services.dispatching import dispatch_due
from prefcenter.services.outgoing import Draft
from prefcenter.store.consents import ConsentRecord
from prefcenter.store.engine import Database
from prefcenter.store.inbound import InboundMessage
from prefcenter.store.outbox import OutboxMessage
from prefcenter.web.app import build
from tests.houses import PHONE, START, House, StillClock, wiring_on
from tests.web.test_api_check import register_type

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])

NOON = datetime(2026, 3, 2, 19, 0, tzinfo=UTC)
SID, TOKEN = "AC00000000000000000000000000000001", "a token for tests"
SERVICE, NUMBER = "MG00000000000000000000000000000001", "+14155550199"
BASE = "http://127.0.0.1:8000"
SMS_HOOK, STATUS_HOOK = f"{BASE}/webhooks/twilio/sms", f"{BASE}/webhooks/twilio/status"
TEXT = {"To": PHONE, "Body": "Hello", "StatusCallback": STATUS_HOOK}


@pytest.fixture
def house(sqlite_database: Database, tmp_path: Path) -> House:
    clock = StillClock()
    made = House(wiring_on(sqlite_database, tmp_path, clock, twilio_auth_token=TOKEN), clock)
    made.furnish()
    register_type(made, "alerts", "sms", message_class="service", topic_id=None, sender=NUMBER)
    return made


@pytest.fixture
def stand_in(house: House) -> Iterator[TwilioStandIn]:
    """It posts straight into our application."""
    client = build(house.wiring.config, house.wiring).test_client()

    def post(url: str, body: bytes, headers: Mapping[str, str]) -> Posted:
        answer = client.post(urlsplit(url).path, data=body, headers=dict(headers))
        return Posted(answer.status_code, answer.text)

    account = TwilioAccount(SID, TOKEN, lambda: NOON, {SERVICE: NUMBER})
    with TwilioStandIn(account, post=post) as running:
        yield running


def kept(house: House) -> list[tuple[str, str]]:
    with house.wiring.database.read() as session:
        query = select(InboundMessage.provider, InboundMessage.provider_id).order_by(InboundMessage.id)
        return [(row.provider, row.provider_id) for row in session.execute(query)]


def direct(stand_in: TwilioStandIn, what: str, **values: str) -> object:
    """Tell the stand-in what to do, as a person beside it would."""
    parts = urlsplit(stand_in.url)
    connection = HTTPConnection(parts.hostname or "", parts.port)
    connection.request("POST" if values else "GET", f"/stand-in/{what}", urlencode(values))
    answer = connection.getresponse()
    told = json.loads(answer.read())
    connection.close()
    assert answer.status == 200, told
    return told


def test_statuses_come_twice_and_the_wrong_way_round(stand_in: TwilioStandIn, house: House) -> None:
    """X5: each is genuine, kept once, and answered 2xx every time."""
    made = stand_in.account.create(TEXT | {"From": NUMBER})
    sid = getattr(made, "sid", "")
    posted = stand_in.call_back(times=2, is_reversed=True)
    assert [one.status for one in posted] == [200] * 6
    assert kept(house) == [("twilio-status", f"{sid}:{status}") for status in ("delivered", "sent", "queued")]
    assert stand_in.call_back() == []


def test_a_text_that_is_posted_again_gets_the_same_answer(stand_in: TwilioStandIn, house: House) -> None:
    """S4: one confirmation, whatever Twilio tries again."""
    posted = stand_in.text_us(SMS_HOOK, number=PHONE, sender=NUMBER, body="please stop texting me", times=2)
    assert [one.status for one in posted] == [200, 200]
    assert posted[0] == posted[1]
    assert "You are unsubscribed" in posted[0].body
    assert len(kept(house)) == 1


def test_a_stop_that_twilio_handles_blocks_the_sender_there_too(stand_in: TwilioStandIn, house: House) -> None:
    """S5: we say nothing, and the next text is answered with 21610; START opens both again."""
    (posted,) = stand_in.text_us(SMS_HOOK, number=PHONE, sender=NUMBER, body="Stop")
    assert posted.body.endswith("<Response/>")
    assert house.scopes() == [f"sender:{NUMBER}"]
    assert getattr(stand_in.account.create(TEXT | {"From": NUMBER}), "code", 0) == 21610
    stand_in.text_us(SMS_HOOK, number=PHONE, sender=NUMBER, body="START")
    assert house.scopes() == []
    assert getattr(stand_in.account.create(TEXT | {"From": NUMBER}), "status", "") == "queued"


def test_a_marketing_text_needs_consent_and_daylight(stand_in: TwilioStandIn, house: House) -> None:
    """S11, S8: no consent, no text; at night it waits in our own queue, and nothing is scheduled at Twilio."""
    register_type(house, "text-offers", "sms", sender=SERVICE)
    number = queued(house)
    dispatch(house, stand_in)
    assert state(house, number) == "refused"
    consent(house)
    at_night = queued(house)
    house.clock.now = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
    dispatch(house, stand_in)
    assert state(house, at_night) == "waiting"
    assert stand_in.account.texts == {}
    house.clock.now = datetime(2026, 11, 24, 19, 0, tzinfo=UTC)
    dispatch(house, stand_in)
    assert state(house, at_night) == "sent"
    (text,) = stand_in.account.texts.values()
    assert (text.service, text.body, text.status) == (SERVICE, "Offers", "accepted")


def test_an_unsubscribed_number_is_put_on_our_list(stand_in: TwilioStandIn, house: House) -> None:
    """S10: by the answer to the call."""
    stand_in.account.fates[PHONE] = Fate.OPTED_OUT
    number = queued(house, message_class=MessageClass.SERVICE, message_type="alerts", sender=NUMBER)
    house.clock.now = datetime(2026, 11, 23, 19, 0, tzinfo=UTC)
    dispatch(house, stand_in)
    assert state(house, number) == "failed"
    assert house.suppressions() == [("sms", "opt_out", f"sender:{NUMBER}", "provider")]


def queued(house: House, **changes: Any) -> int:
    values: dict[str, Any] = {
        "channel": Channel.SMS,
        "message_class": MessageClass.MARKETING,
        "message_type": "text-offers",
        "point": house.wiring.points.parse(Channel.SMS, PHONE),
        "text": "Offers",
        "brand": "acme",
        "topic": "offers",
        "sender": SERVICE,
    }
    with house.wiring.database.write() as session:
        row = outgoing.queue(session, Draft(**values | changes), at=house.clock())
        session.commit()
        return row.id


def dispatch(house: House, stand_in: TwilioStandIn) -> None:
    sender = TwilioSender(SID, TOKEN, BASE, host=stand_in.url)
    wiring = house.wiring
    dispatch_due(wiring.database, wiring.keyring, wiring.points, {Channel.SMS: sender}, house.clock)


def state(house: House, number: int) -> str:
    with house.wiring.database.read() as session:
        return session.get_one(OutboxMessage, number).state


def consent(house: House) -> None:
    point = house.wiring.points.parse(Channel.SMS, PHONE)
    with house.wiring.database.write() as session:
        session.add(
            ConsentRecord(
                channel="sms", digest=point.digest, pepper_id=point.pepper_id or "", purpose="marketing", scope="all",
                basis="express_written", since=START, source="api", wording="Yes, text me", wording_version="1",
                language="en", evidence={}, policy_version=1, confirmed_at=START,
            )
        )  # fmt: skip
        session.commit()


def test_a_person_beside_it_directs_it(stand_in: TwilioStandIn, house: House) -> None:
    direct(stand_in, "fates", number=PHONE, fate="landline")
    stand_in.account.create(TEXT | {"MessagingServiceSid": SERVICE})
    posted = direct(stand_in, "callbacks", times="2")
    assert isinstance(posted, list)
    assert [one["status"] for one in posted] == [200] * 6
    direct(stand_in, "texts", url=SMS_HOOK, number=PHONE, sender=NUMBER, body="STOP")
    told = [(reason, scope) for _, reason, scope, _ in house.suppressions()]
    assert told == [("dead_number", "all"), ("opt_out", f"sender:{NUMBER}")]  # 30006, and the STOP.
    texts = direct(stand_in, "texts")
    assert isinstance(texts, list)
    assert texts[0]["messaging_service_sid"] == SERVICE


def test_consents_are_told_in_bulk_with_an_answer_each(stand_in: TwilioStandIn) -> None:
    good = {"contact_id": PHONE, "sender_id": SERVICE, "status": "opt-out", "correlation_id": "1" * 32}
    items = [good, good | {"contact_id": "nobody", "correlation_id": "2" * 32}]
    client = Client(SID, TOKEN, http_client=TwilioHttpClient())
    url = f"{stand_in.url}/v1/Consents/Bulk"
    answer = client.request("POST", url, data={"Items": [json.dumps(item) for item in items]})
    told = json.loads(answer.text)["items"]
    assert [(one["correlation_id"][0], one["error_code"]) for one in told] == [("1", 0), ("2", 20001)]
    many = client.request("POST", url, data={"Items": [json.dumps(good)] * 26})
    assert many.status_code == 400
    refused = stand_in.account.create(TEXT | {"MessagingServiceSid": SERVICE})
    assert stand_in.account.take_pending()[-1].values["ErrorCode"] == "21610"
    assert getattr(refused, "status", "") == "accepted"


def test_magic_numbers_have_their_fates() -> None:
    """Twilio's own, and ours; none is two things."""
    assert MAGIC_NUMBERS["+15005550004"] is Fate.OPTED_OUT
    assert set(MAGIC_NUMBERS.values()) == set(Fate) - {Fate.DELIVERED}


@pytest.mark.parametrize("url", ["https://127.0.0.1/x", "http://example.com/x", "file:///etc/hosts"])
def test_a_stand_in_calls_nobody_else(url: str) -> None:
    with pytest.raises(BadInput):
        post_on_this_machine(url, b"", {})


def test_its_calls_go_over_the_network_of_this_machine(house: House) -> None:
    with TwilioStandIn(TwilioAccount(SID, TOKEN, lambda: NOON)) as other:
        posted = post_on_this_machine(f"{other.url}/nowhere", b"a=b", {})
    assert posted.status == 401
    assert json.loads(posted.body)["code"] == 20003
