"""Links for mails that another tool sends, over the API."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from prefcenter.core.channels import Channel
from prefcenter.services.operators import KeyScope
from prefcenter.store.contacts import Contact, ContactPoint
from prefcenter.store.engine import Database
from prefcenter.web.app import build
from tests.houses import EMAIL, House, StillClock, wiring_on
from tests.web.test_api_check import is_problem, make_key
from tests.web.test_openapi import CHECKS


@pytest.fixture
def key(house: House) -> str:
    return make_key(house, KeyScope.SEND)


def ask(client: FlaskClient, key: str | None, body: Any) -> TestResponse:
    headers = {} if key is None else {"Authorization": f"Bearer {key}"}
    return client.post("/api/v1/links", json=body, headers=headers)


def links(client: FlaskClient, key: str, *emails: Any, **question: Any) -> list[dict[str, Any]]:
    recipients = [{"ref": str(number), "email": address} for number, address in enumerate(emails)]
    response = ask(client, key, {"brand": "acme", "recipients": recipients} | question)
    assert response.status_code == 200, response.text
    return list(response.get_json()["links"])


def test_the_links_work_and_the_headers_fit_them(client: FlaskClient, house: House, key: str) -> None:
    """E1, E9: another tool's mail carries what ours would."""
    (made,) = links(client, key, f" {EMAIL.upper()} ", topic="offers")
    path = made["unsubscribe"].removeprefix("http://127.0.0.1:8000")
    assert made["headers"] == {
        "List-Unsubscribe": f"<{made['unsubscribe']}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "List-Id": '"Acme: Offers" <offers.acme.localhost>',
        "List-Help": f"<{made['preferences']}>",
    }
    assert EMAIL not in str(made)
    assert client.post(path, data={"List-Unsubscribe": "One-Click"}).status_code == 200
    assert house.suppressions() == [("email", "opt_out", "topic:acme/offers", "one_click")]
    page = client.get(made["preferences"].removeprefix("http://127.0.0.1:8000")).text
    assert "j•••@example.com" in page


def test_answers_come_in_order_and_a_bad_recipient_spoils_no_other(client: FlaskClient, key: str) -> None:
    """X8: what is wrong is told without the address."""
    body = {
        "brand": "acme",
        "recipients": [
            {"ref": "1", "email": "a@example.com"},
            {"ref": 2, "email": "jane.doe@exa mple.com"},
            {"ref": "3", "phone": "+14155550100"},
            7,
            {"email": "a@example.com"},
        ],
    }
    made = ask(client, key, body).get_json()["links"]
    assert [each["ref"] for each in made] == ["1", 2, "3", None, None]
    assert ["problem" in each for each in made] == [False, True, True, True, False]
    assert made[0]["unsubscribe"] == made[4]["unsubscribe"]
    assert "jane" not in str(made)


def test_addresses_are_made_known_once(client: FlaskClient, house: House, key: str) -> None:
    house.know((Channel.EMAIL, EMAIL))
    first = links(client, key, EMAIL, "a@example.com", "A@example.com", "b@example.com")
    assert links(client, key, EMAIL, "a@example.com", "A@example.com", "b@example.com") == first
    with house.wiring.database.read() as session:
        known = session.scalars(select(ContactPoint.source).order_by(ContactPoint.id)).all()
        assert known == ["import", "api", "api"]
        assert session.scalar(select(func.count()).select_from(Contact)) == 3


def test_a_topic_tells_the_brand_where_only_one_has_it(client: FlaskClient, key: str) -> None:
    """E7: the scope is exactly what was asked for."""
    (made,) = links(client, key, EMAIL, brand=None, topic="news")
    assert made["headers"]["List-Id"] == '"Acme: Newsletter" <news.acme.localhost>'
    (wide,) = links(client, key, EMAIL)
    assert wide["headers"]["List-Id"] == "Acme <acme.localhost>"
    assert wide["unsubscribe"] != made["unsubscribe"]


def test_ten_thousand_are_taken_and_more_are_not(client: FlaskClient, key: str) -> None:
    made = links(client, key, *(f"p{number}@example.com" for number in range(10_000)))
    assert len({each["unsubscribe"] for each in made}) == 10_000
    assert is_problem(ask(client, key, {"brand": "acme", "recipients": [{"email": EMAIL}] * 10_001}), 413)


@pytest.mark.parametrize(
    "body",
    [
        {"recipients": []},
        {"brand": "nobody", "recipients": []},
        {"brand": "acme", "topic": "nothing", "recipients": []},
        {"brand": "acme"},
        {"brand": "acme", "recipients": {}},
        {"brand": "acme", "recipients": [], "more": 1},
        [],
    ],
)
def test_what_cannot_be_answered_is_422(client: FlaskClient, key: str, body: Any) -> None:
    """Without a brand among several, with an unknown one, or not in this shape."""
    assert is_problem(ask(client, key, body), 422)


def test_it_needs_a_key_that_may_send_or_record(client: FlaskClient, house: House) -> None:
    body: dict[str, Any] = {"brand": "acme", "recipients": []}
    assert is_problem(ask(client, None, body), 401)
    refused = ask(client, make_key(house, KeyScope.CHECK, KeyScope.READ, KeyScope.ADMIN), body)
    assert is_problem(refused, 403)
    assert re.search("“send” or “record”", refused.text)
    assert ask(client, make_key(house, KeyScope.RECORD, name="crm"), body).get_json() == {"links": []}


def test_answers_are_as_described_whatever_is_asked(sqlite_database: Database, tmp_path: Path) -> None:
    """Generated requests, good and bad: every answer conforms to the description, and none is our fault."""
    clock = StillClock()
    house = House(wiring_on(sqlite_database, tmp_path, clock), clock)
    house.furnish()
    headers = {"Authorization": f"Bearer {make_key(house, KeyScope.SEND)}"}
    described = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", build(house.wiring.config, house.wiring))
    statuses: set[int] = set()

    @settings(max_examples=15, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    @given(case=described["/api/v1/links"]["POST"].as_strategy())
    def ask_anything(case: schemathesis.Case[Any]) -> None:
        response = case.call(headers=headers)
        case.validate_response(response, checks=CHECKS)
        statuses.add(response.status_code)

    ask_anything()
    good = described["/api/v1/links"]["POST"].Case(
        body={"brand": "beta", "recipients": [{"email": EMAIL}, {"email": ""}]}, media_type="application/json"
    )
    answer = good.call(headers=headers)
    good.validate_response(answer, checks=CHECKS)
    assert 422 in statuses
    assert answer.status_code == 200
    house.wiring.database.dispose()
