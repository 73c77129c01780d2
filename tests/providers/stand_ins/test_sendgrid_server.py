"""The stand-in for SendGrid: its lists and its events, by the real SDK and our own verification."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from python_http_client.exceptions import HTTPError
from sendgrid import SendGridAPIClient

from prefcenter.providers.sendgrid_mail import is_signed
from prefcenter.providers.stand_ins.loopback import LoopbackServer
from prefcenter.providers.stand_ins.sendgrid_server import SendGridStandIn
from tests.houses import START

NOW = int(START.timestamp())


@pytest.fixture
def sendgrid() -> SendGridStandIn:
    return SendGridStandIn(lambda: START)


@pytest.fixture
def client(sendgrid: SendGridStandIn) -> Iterator[Any]:
    with LoopbackServer(sendgrid.respond) as server:
        yield SendGridAPIClient("SG.stand-in", host=server.url).client
        sendgrid.close()


def request(*addresses: str, **more: Any) -> dict[str, Any]:
    people = [{"to": [{"email": address}], "custom_args": {"pc_message": "1"}} for address in addresses]
    content = [{"type": "text/plain", "value": "Hi"}]
    return {"personalizations": people, "from": {"email": "a@acme.example"}, "subject": "Hi", "content": content} | more


def refusals(client: Any, told: dict[str, Any]) -> list[dict[str, Any]]:
    with pytest.raises(HTTPError) as met:
        client.mail.send.post(request_body=told)
    assert met.value.status_code == 400
    errors: list[dict[str, Any]] = met.value.to_dict["errors"]
    return errors


@pytest.mark.parametrize(
    ("told", "field"),
    [
        (request(), "personalizations"),
        (request(*(f"p{number}@example.com" for number in range(1001))), "personalizations"),
        (request("no address"), "personalizations.0.to.0.email"),
        (request("a@example.com", "A@example.com"), "personalizations"),
        (request("a@example.com") | {"from": {}}, "from"),
        (request("a@example.com") | {"content": []}, "content"),
        (request("a@example.com") | {"subject": ""}, "subject"),
        (
            {"personalizations": [{"to": [{"email": "a@example.com"}], "headers": {"Subject": "x"}}]},
            "personalizations.0.headers",
        ),
    ],
)
def test_it_refuses_what_sendgrid_refuses(client: Any, told: dict[str, Any], field: str) -> None:
    assert field in [error["field"] for error in refusals(client, told)]


def test_what_comes_of_a_mail_is_told_by_its_address(client: Any, sendgrid: SendGridStandIn) -> None:
    names = ("jane", "bounce", "block", "delay", "complain", "unsubscribe")
    client.mail.send.post(request_body=request(*(f"{name}@example.com" for name in names)))
    told = events(sendgrid)
    found = {name: [each["event"] for each in told if each["email"].startswith(name)] for name in names}
    assert found == {
        "jane": ["processed", "delivered"],
        "bounce": ["processed", "bounce"],
        "block": ["processed", "bounce"],
        "delay": ["processed", "deferred", "delivered"],
        "complain": ["processed", "delivered", "spamreport"],
        "unsubscribe": ["processed", "delivered", "unsubscribe"],
    }
    assert len({each["sg_event_id"] for each in told}) == len(told)
    assert {each["pc_message"] for each in told} == {"1"}
    assert [each["email"] for each in json.loads(client.suppression.bounces.get().body)] == ["bounce@example.com"]


def events(sendgrid: SendGridStandIn, **how: Any) -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = []

    def post(raw: bytes, headers: Mapping[str, str]) -> int:
        assert is_signed(sendgrid.public_key, raw, headers)
        assert raw.endswith(b"\r\n")
        assert not is_signed(sendgrid.public_key, raw.strip(), headers)
        told.extend(json.loads(raw))
        return 204

    sendgrid.tell(post, **how)
    return told


def test_events_come_signed_and_on_demand_twice_and_out_of_order(client: Any, sendgrid: SendGridStandIn) -> None:
    """X5: over the very bytes, the trailing line end included."""
    client.mail.send.post(request_body=request(*(f"p{number}@example.com" for number in range(20))))
    told = events(sendgrid, times=2, shuffled=random.Random(1))
    ids = [each["sg_event_id"] for each in told]
    assert ids[:40] == ids[40:]
    assert len(set(ids)) == 40
    assert [each["event"] for each in told[:40]] != ["processed", "delivered"] * 20
    assert events(sendgrid) == []


def test_what_we_did_not_take_is_told_again(client: Any, sendgrid: SendGridStandIn) -> None:
    """X5: after a 5xx."""
    client.mail.send.post(request_body=request("jane@example.com"))
    assert sendgrid.tell(lambda _raw, _headers: 503) == [503]
    assert [each["event"] for each in events(sendgrid)] == ["processed", "delivered"]


def test_whom_it_suppresses_gets_nothing(client: Any, sendgrid: SendGridStandIn) -> None:
    client.asm.suppressions._("global").post(request_body={"recipient_emails": ["Jane@example.com", "x@example.com"]})
    client.mail.send.post(request_body=request("jane@example.com"))
    assert [(each["event"], each["reason"]) for each in events(sendgrid)] == [("dropped", "Unsubscribed Address")]


def test_the_global_list_is_read_and_changed(client: Any) -> None:
    listed = client.asm.suppressions._("global")
    answer = listed.post(request_body={"recipient_emails": ["a@example.com", "b@example.com"]})
    assert answer.status_code == 201
    assert listed._("a%40example.com").get().to_dict == {"recipient_email": "a@example.com"}
    assert listed._("c%40example.com").get().to_dict == {}
    page = client.suppression.unsubscribes.get(query_params={"start_time": NOW, "limit": 1, "offset": 1})
    assert page.to_dict == [{"created": NOW, "email": "b@example.com"}]
    assert client.suppression.unsubscribes.get(query_params={"start_time": NOW + 1}).to_dict == []
    assert listed._("a%40example.com").delete().status_code == 204
    assert listed._("a%40example.com").get().to_dict == {}


def test_groups_hold_their_own_and_a_missing_one_suppresses_everywhere(client: Any) -> None:
    made = client.asm.groups.post(request_body={"name": "Offers", "description": "Deals"}).to_dict
    group = client.asm.groups._(made["id"])
    group.suppressions.post(request_body={"recipient_emails": ["a@example.com"]})
    assert group.suppressions.get().to_dict == ["a@example.com"]
    assert [each["unsubscribes"] for each in client.asm.groups.get().to_dict] == [1]
    assert group.suppressions._("a%40example.com").delete().status_code == 204
    assert group.delete().status_code == 204
    with pytest.raises(HTTPError):
        group.get()
    group.suppressions.post(request_body={"recipient_emails": ["b@example.com"]})
    assert client.asm.suppressions._("global")._("b%40example.com").get().to_dict["recipient_email"] == "b@example.com"


def test_every_list_is_deleted_from_by_address_or_whole(client: Any, sendgrid: SendGridStandIn) -> None:
    for kind in ("bounces", "blocks", "spam_reports", "invalid_emails"):
        for address in ("a@example.com", "b@example.com", "c@example.com"):
            sendgrid.lists.add(kind, address)
        listed = client.suppression._(kind)
        assert listed._("a%40example.com").get().to_dict[0]["created"] == NOW
        listed._("a%40example.com").delete()
        listed.delete(request_body={"emails": ["b@example.com"]})
        assert [each["email"] for each in listed.get().to_dict] == ["c@example.com"]
        listed.delete(request_body={"delete_all": True})
        assert listed.get().to_dict == []


def test_calls_are_limited_and_say_how_much_is_left(client: Any, sendgrid: SendGridStandIn) -> None:
    sendgrid.limit(1)
    answer = client.asm.groups.get()
    assert answer.headers["X-RateLimit-Remaining"] == "0"
    assert int(answer.headers["X-RateLimit-Reset"]) > NOW
    with pytest.raises(HTTPError) as met:
        client.asm.groups.get()
    assert met.value.status_code == 429
    sendgrid.limit(None)
    assert client.asm.groups.get().status_code == 200


def test_a_wrong_key_and_a_wrong_path_are_refused(client: Any, sendgrid: SendGridStandIn) -> None:
    for call, status in ((client.nothing.get, 404), (client.mail.send.get, 405)):
        with pytest.raises(HTTPError) as met:
            call()
        assert met.value.status_code == status
    with LoopbackServer(sendgrid.respond) as server, pytest.raises(HTTPError) as met:
        SendGridAPIClient("SG.other", host=server.url).client.asm.groups.get()
    assert met.value.status_code == 401


def test_the_next_answers_can_be_told_from_outside(client: Any, sendgrid: SendGridStandIn) -> None:
    client._version = None
    client.request_headers["Content-Type"] = "application/json"
    client._("stand-in").next.post(request_body={"status": 502, "times": 2})
    client._version = 3
    for _ in range(2):
        with pytest.raises(HTTPError) as met:
            client.asm.groups.get()
        assert (met.value.status_code, met.value.headers["Content-Type"]) == (502, "text/html")
    assert client.asm.groups.get().status_code == 200
