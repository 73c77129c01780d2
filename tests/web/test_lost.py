"""``/preferences``: stopping what comes to an address by typing it, for known and unknown alike."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from limits import parse

from prefcenter import working
from prefcenter.core.channels import Channel
from prefcenter.web.recipient import lost
from tests.houses import EMAIL, House

STOPPED = ("email", "opt_out", "all", "preference_page")


def stop(client: FlaskClient, typed: str) -> tuple[int, str]:
    answer = client.post("/preferences", data={"address": typed, "do": "stop"})
    return answer.status_code, answer.text


def test_what_is_typed_is_stopped_at_once_and_nothing_is_sent(client: FlaskClient, house: House) -> None:
    """E19, E12: no login, no confirmation mail; the page says so when it is durable (U3)."""
    house.know((Channel.EMAIL, EMAIL))
    status, page = stop(client, f"  {EMAIL.upper()} ")
    assert (status, "Done. No more marketing." in page) == (200, True)
    assert house.suppressions() == [STOPPED]
    assert EMAIL not in page


def test_known_and_unknown_and_stopped_before_get_the_same_answer(client: FlaskClient, house: House) -> None:
    """X3: and each is on the list afterwards."""
    house.know((Channel.EMAIL, EMAIL))
    known, again, unknown = stop(client, EMAIL), stop(client, EMAIL), stop(client, "jim@example.com")
    assert known == again == unknown
    assert house.suppressions() == [STOPPED, STOPPED]


def test_a_number_is_stopped_for_texts_alone(client: FlaskClient, house: House) -> None:
    assert stop(client, "(415) 555-0100")[0] == 200
    assert house.suppressions() == [("sms", "opt_out", "all", "preference_page")]


@pytest.mark.parametrize("typed", ["", "jane", "jane@", "12", "a\nb@example.com", "x" * 400, "<b>@"])
def test_what_can_be_neither_is_told_beside_the_field_and_kept(client: FlaskClient, house: House, typed: str) -> None:
    status, page = stop(client, typed)
    assert status == 422
    assert 'aria-describedby="address-error"' in page
    assert "<b>" not in page
    assert house.suppressions() == []


def test_looking_changes_nothing(client: FlaskClient, house: House) -> None:
    """E4."""
    assert client.get("/preferences").status_code == 200
    assert client.head("/preferences").status_code == 200
    assert house.suppressions() == []


def test_beyond_the_limit_nothing_is_lost_and_the_page_says_so(app: Flask, house: House) -> None:
    """X4: kept durably, and taken by the worker; never does the page say “done” before it is (U3)."""
    client, most = app.test_client(), parse(lost.AT_ONCE).amount
    for number in range(most):
        assert "Done." in stop(client, f"p{number}@example.com")[1]
    status, page = stop(client, EMAIL)
    assert (status, "We have your request." in page, "Done." in page) == (200, True, False)
    assert len(house.suppressions()) == most
    typed_at = house.clock()
    house.clock.move(minutes=2)
    assert working.finish_leftovers(house.wiring) == 1
    assert len(house.suppressions()) == most + 1
    with house.wiring.database.read() as session:
        since = session.connection().exec_driver_sql("SELECT max(since) FROM suppressions").scalar_one()
    assert str(since).startswith(f"{typed_at:%Y-%m-%d %H:%M}")


def test_the_pages_lead_there(client: FlaskClient) -> None:
    for path in ("/", "/u/forged"):
        assert re.search(r'href="/preferences"', client.get(path).text)
