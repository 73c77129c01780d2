"""Messages of other systems over the API: decided at once, and again at dispatch."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from prefcenter import working
from prefcenter.core.channels import Channel, Scope
from prefcenter.services import templates
from prefcenter.services.operators import KeyScope
from prefcenter.services.ports import Evidence
from prefcenter.services.templates import Written
from prefcenter.store.engine import Database
from prefcenter.store.outbox import OutboxMessage, SandboxMessage
from prefcenter.store.registry import Brand
from prefcenter.web.app import build
from tests.houses import START, House, StillClock, wiring_on
from tests.web.test_api_check import is_problem, make_key, opt_out, register_type
from tests.web.test_openapi import CHECKS

ADDRESS = "ann@example.com"
CONTENT = {"subject": "Deals in spring", "text": "All at half the price."}


@pytest.fixture
def key(house: House) -> str:
    set_up(house)
    return make_key(house, KeyScope.SEND)


def set_up(house: House) -> None:
    with house.wiring.database.write() as session:
        acme = session.scalars(select(Brand).where(Brand.slug == "acme")).one()
        acme.postal_address, acme.marketing_from = "1 Main St, Springfield IL 62701", "offers@acme.example"
        acme.service_from = "service@acme.example"
        session.commit()
    register_type(house)
    own: dict[str, Any] = {"message_class": "service", "topic_id": None, "category": "transaction"}
    register_type(house, "receipt", **own)
    register_type(house, "alert", "sms", **own | {"sender": "+14155550199"})
    house.wiring.adopt_keys()


def send(client: FlaskClient, key: str, once: str | None = None, **asked: Any) -> TestResponse:
    body = {"message_type": "spring-offers", "to": {"email": ADDRESS}, "content": CONTENT} | asked
    headers = {"Authorization": f"Bearer {key}"} | ({"Idempotency-Key": once} if once else {})
    return client.post("/api/v1/messages", json={name: value for name, value in body.items() if value}, headers=headers)


def state(client: FlaskClient, key: str, message_id: int) -> dict[str, Any]:
    response = client.get(f"/api/v1/messages/{message_id}", headers={"Authorization": f"Bearer {key}"})
    assert response.status_code == 200
    return dict(response.get_json())


def count(house: House, model: type[OutboxMessage | SandboxMessage] = OutboxMessage) -> int:
    with house.wiring.database.read() as session:
        return session.scalar(select(func.count()).select_from(model)) or 0


def test_what_is_allowed_is_queued_and_leaves_with_its_headers(client: FlaskClient, house: House, key: str) -> None:
    """E1, X2."""
    response = send(client, key)
    told = response.get_json()
    assert (response.status_code, told["state"], told["verdict"], told["reasons"]) == (202, "queued", "cleared", [])
    working.send_due(house.wiring)
    with house.wiring.database.read() as session:
        [left] = session.scalars(select(SandboxMessage))
    assert (left.to, left.headers["List-Unsubscribe-Post"]) == (ADDRESS, "List-Unsubscribe=One-Click")
    after = state(client, key, told["id"])
    assert after["state"] == "sent"
    assert ADDRESS not in str(after)


def test_what_is_refused_says_why_and_never_leaves(client: FlaskClient, house: House, key: str) -> None:
    opt_out(house, Channel.EMAIL, ADDRESS, Scope.topic("acme", "offers"))
    response = send(client, key)
    told = response.get_json()
    assert (response.status_code, told["state"], told["reasons"][0]["code"]) == (200, "refused", "opt_out")
    working.send_due(house.wiring)
    assert count(house, SandboxMessage) == 0
    assert state(client, key, told["id"])["state"] == "refused"


def test_an_opt_out_after_the_answer_wins(client: FlaskClient, house: House, key: str) -> None:
    """X2: decided here and again at dispatch."""
    told = send(client, key, send_at=(START + timedelta(days=2)).isoformat()).get_json()
    assert told["state"] == "queued"
    opt_out(house, Channel.EMAIL, ADDRESS, Scope.brand("acme"))
    working.send_due(house.wiring)
    after = state(client, key, told["id"])
    assert (after["state"], after["reasons"]) == ("refused", ["opt_out brand:acme"])
    assert count(house, SandboxMessage) == 0


def test_a_text_by_night_waits(client: FlaskClient, house: House, clock: StillClock, key: str) -> None:
    """S8."""
    clock.now = START.replace(hour=8)
    told = send(
        client, key, message_type="alert", to={"phone": "+14155550100"}, content={"text": "Your order is on its way."}
    )
    assert (told.status_code, told.get_json()["state"], told.get_json()["verdict"]) == (202, "waiting", "wait")
    assert told.get_json()["until"] is not None
    working.send_due(house.wiring)
    assert count(house, SandboxMessage) == 0


def test_the_same_request_under_a_key_is_one_message(client: FlaskClient, house: House, key: str) -> None:
    first, again = send(client, key, "order-7"), send(client, key, "order-7")
    assert (first.status_code, first.get_json()) == (again.status_code, again.get_json())
    assert count(house) == 1
    other = send(client, key, "order-7", to={"email": "bob@example.com"})
    is_problem(other, 422)
    assert count(house) == 1
    assert send(client, key, "order-8").get_json()["id"] != first.get_json()["id"]


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"message_type": "nobody-knows"}, "no message type"),
        ({"to": {"phone": "+14155550100"}}, "goes by email"),
        ({"to": {"email": "a@example.com", "phone": "+14155550100"}}, "one recipient"),
        ({"to": {"email": "nobody"}}, "address"),
        ({"content": None}, "content or a template"),
        ({"content": None, "template": "nobody-knows"}, "no template"),
        ({"content": None, "template": "spring", "variables": {"first_name": " "}}, "first_name, price"),
        ({"content": {"text": "No subject."}}, "subject"),
    ],
)
def test_what_cannot_be_sent_is_said_and_nothing_is_written(
    client: FlaskClient, house: House, key: str, asked: dict[str, Any], words: str
) -> None:
    """X1: an unknown type, a missing variable, a recipient without the channel."""
    add_template(house)
    response = send(client, key, "once", **asked)
    is_problem(response, 422)
    assert words in response.get_json()["detail"]
    assert count(house) == 0
    assert send(client, key, "once").status_code == 202


def add_template(house: House) -> None:
    written = Written("{{ first_name }}: deals", "Only {{price}}.", "<p>Only {{ price }}, {{ first_name }}.</p>")
    with house.wiring.database.write() as session:
        templates.add_template(session, "spring", Channel.EMAIL, "acme", written, Evidence("system"), at=START)


def test_a_template_is_filled_in_and_escaped(client: FlaskClient, house: House, key: str) -> None:
    add_template(house)
    variables = {"first_name": "<b>Ann</b>", "price": 7}
    assert send(client, key, content=None, template="spring", variables=variables).status_code == 202
    working.send_due(house.wiring)
    with house.wiring.database.read() as session:
        [left] = session.scalars(select(SandboxMessage))
    assert left.subject == "<b>Ann</b>: deals"
    assert "&lt;b&gt;Ann&lt;/b&gt;" in left.html
    assert "<b>Ann" not in left.html


def test_what_reads_as_marketing_does_not_leave_as_service(client: FlaskClient, house: House, key: str) -> None:
    """E15."""
    response = send(
        client, key, message_type="receipt", content={"subject": "SALE: 50% off everything!", "text": "Buy now!"}
    )
    told = response.get_json()
    assert (response.status_code, told["state"], told["reasons"][0]["code"]) == (200, "refused", "mixed_content")


def test_only_a_key_that_may_send_sends(client: FlaskClient, house: House, key: str) -> None:
    assert send(client, make_key(house, KeyScope.CHECK, name="other")).status_code == 403
    assert client.get("/api/v1/messages/1").status_code == 401
    missing = client.get("/api/v1/messages/4711", headers={"Authorization": f"Bearer {key}"})
    is_problem(missing, 404)


def test_answers_are_as_described_whatever_is_asked(sqlite_database: Database, tmp_path: Path) -> None:
    clock = StillClock()
    house = House(wiring_on(sqlite_database, tmp_path, clock), clock)
    house.furnish()
    set_up(house)
    headers = {"Authorization": f"Bearer {make_key(house, KeyScope.SEND)}"}
    described = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", build(house.wiring.config, house.wiring))
    statuses: set[int] = set()

    @settings(max_examples=40, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    @given(case=described["/api/v1/messages"]["POST"].as_strategy())
    def ask(case: Any) -> None:
        response = case.call(headers=headers)
        case.validate_response(response, checks=CHECKS)
        statuses.add(response.status_code)

    ask()
    body: dict[str, Any] = {"message_type": "spring-offers", "to": {"email": ADDRESS}, "content": CONTENT}
    case = described["/api/v1/messages"]["POST"].Case(
        body=body,
        media_type="application/json",
    )
    response = case.call(headers=headers)
    case.validate_response(response, checks=CHECKS)
    assert response.status_code == 202
    assert 422 in statuses
    found = described["/api/v1/messages/{message_id}"]["GET"].Case(path_parameters={"message_id": 1})
    found.validate_response(found.call(headers=headers), checks=CHECKS)
    house.wiring.database.dispose()
