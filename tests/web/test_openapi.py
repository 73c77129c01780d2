"""The description of the API, and that the API is what it describes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import schemathesis
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from prefcenter.core.channels import MessageClass
from prefcenter.services.operators import KeyScope
from prefcenter.store.engine import Database
from prefcenter.web.api.problems import Problems
from prefcenter.web.app import build
from tests.houses import House, StillClock, wiring_on
from tests.web.test_api_check import make_key, register_type


def test_the_description_is_open_to_all_and_names_every_route(client: FlaskClient) -> None:
    response = client.get("/api/v1/openapi.json")
    told = response.get_json()
    assert (response.status_code, told["openapi"]) == (200, "3.1.0")
    routes = {
        (re.sub("<(?:[a-z]+:)?([a-z_]+)>", r"{\1}", rule.rule), method.lower())
        for rule in client.application.url_map.iter_rules()
        if rule.rule.startswith("/api/v1/")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert {(path, method) for path, methods in told["paths"].items() for method in methods} == routes


def test_people_can_read_it_without_scripts(client: FlaskClient) -> None:
    response = client.get("/api/docs")
    assert response.status_code == 200
    assert "<script" not in response.text
    assert "Set-Cookie" not in response.headers
    for word in ("/api/v1/check", "RecipientDecision", "ledger_position", "at most 10,000"):
        assert word in response.text


def test_every_problem_is_explained_where_its_type_leads(client: FlaskClient) -> None:
    """RFC 9457 §3.1.1: the type is a reference that can be followed."""
    page = client.get("/api/docs").text
    for kind in Problems:
        path, _, anchor = kind.uri.partition("#")
        assert path == "/api/docs"
        assert f'id="{anchor}"' in page


def test_unknown_places_and_methods_are_problems_too(client: FlaskClient) -> None:
    for response in (client.get("/api/v1/nowhere"), client.get("/api/v1/check"), client.delete("/api/v1/check")):
        assert response.status_code in (404, 405)
        assert response.content_type == "application/problem+json"


def test_answers_are_as_described_whatever_is_asked(sqlite_database: Database, tmp_path: Path) -> None:
    """Generated requests, good and bad: every answer conforms to the description, and none is our fault."""
    clock = StillClock()
    house = House(wiring_on(sqlite_database, tmp_path, clock), clock)
    house.furnish()
    register_type(house)
    headers = {"Authorization": f"Bearer {make_key(house, KeyScope.CHECK)}"}
    app = build(house.wiring.config, house.wiring)
    described = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", app)
    statuses: set[int] = set()

    @settings(max_examples=60, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    @given(case=described["/api/v1/check"]["POST"].as_strategy())
    def ask(case: schemathesis.Case) -> None:
        response = case.call(headers=headers)
        case.validate_response(response, checks=CHECKS)
        statuses.add(response.status_code)

    @settings(max_examples=60, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    @given(body=questions())
    def ask_well(body: dict[str, Any]) -> None:
        case = described["/api/v1/check"]["POST"].Case(body=body, media_type="application/json")
        response = case.call(headers=headers)
        case.validate_response(response, checks=CHECKS)
        statuses.add(response.status_code)

    ask()
    ask_well()
    assert {200, 422} <= statuses
    house.wiring.database.dispose()


CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


def questions() -> st.SearchStrategy[dict[str, Any]]:
    """Questions that can be answered, with recipients of every kind among them."""
    text = st.text(max_size=40)
    line = st.one_of(
        st.none(), text, st.sampled_from(["12 Main St", "Springfield", "IL", "62701", "Jane Doe", "PO BOX 7"])
    )
    post = st.fixed_dictionaries(
        {}, optional=dict.fromkeys(("name", "address1", "city", "state", "zip", "country"), line)
    )
    kinds = st.one_of(
        st.builds(lambda email: {"email": email}, st.one_of(st.emails(), text)),
        st.builds(lambda phone: {"phone": phone}, st.one_of(st.from_regex(r"\A\+1[2-9][0-9]{9}\Z"), text)),
        st.builds(lambda address: {"post": address}, post),
    )
    question = st.sampled_from(
        [{"message_type": "spring-offers"}, *({"class": kind.value} for kind in MessageClass), {"class": "nothing"}]
    )
    return st.builds(lambda asked, whom: asked | {"recipients": whom}, question, st.lists(kinds, max_size=4))
