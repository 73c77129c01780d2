"""``/preferences``: stopping what comes to an address by typing it, for known and unknown alike."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from limits import parse
from sqlalchemy import select

from prefcenter import working
from prefcenter.core.channels import Channel
from prefcenter.services import lost_links
from prefcenter.store import registry
from prefcenter.store.outbox import OutboxMessage, SandboxMessage
from prefcenter.store.suppressions import Suppression
from prefcenter.web.recipient import lost
from tests.houses import EMAIL, House
from tests.web.test_choices import LETTER

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


def can_send(house: House) -> None:
    with house.wiring.database.write() as session:
        for brand in registry.brands(session):
            brand.service_from = "hello@acme.example"
        session.commit()


def ask_for_link(client: FlaskClient, typed: str) -> tuple[int, str]:
    answer = client.post("/preferences", data={"address": typed, "do": "link"})
    return answer.status_code, answer.text


def messages(house: House) -> list[OutboxMessage]:
    with house.wiring.database.read() as session:
        return list(session.scalars(select(OutboxMessage).order_by(OutboxMessage.id)))


def test_a_link_goes_to_known_and_unknown_alike(client: FlaskClient, house: House) -> None:
    """X3: the same answer and a message each, of the class that service may not be stopped for; nothing is changed."""
    can_send(house)
    house.know((Channel.EMAIL, EMAIL))
    known, unknown = ask_for_link(client, EMAIL), ask_for_link(client, "jim@example.com")
    assert known == unknown
    assert (known[0], "Look for our message." in known[1], "Done" in known[1]) == (200, True, False)
    assert [(each.message_type, each.message_class) for each in messages(house)] == [
        ("preference-link", "requested"),
        ("preference-link", "requested"),
    ]
    assert house.suppressions() == []


def test_the_link_in_the_message_opens_the_choices(client: FlaskClient, house: House) -> None:
    """E18: in text and HTML; what it opens shows no address in full."""
    can_send(house)
    house.know((Channel.EMAIL, EMAIL))
    ask_for_link(client, EMAIL)
    working.send_due(house.wiring)
    with house.wiring.database.read() as session:
        mail = session.scalars(select(SandboxMessage)).one()
        found = re.search(r"/p/[a-z0-9]+", mail.text)
        assert found is not None
        assert found[0] in mail.html
        assert mail.subject.startswith("Your choices")
    page = client.get(found[0])
    assert page.status_code == 200
    assert "j•••@example.com" in page.text
    assert EMAIL not in page.text


def test_a_link_still_goes_where_marketing_was_stopped(client: FlaskClient, house: House) -> None:
    can_send(house)
    stop(client, EMAIL)
    ask_for_link(client, EMAIL)
    working.send_due(house.wiring)
    assert [each.state for each in messages(house)] == ["sent"]


def test_one_address_gets_three_links_an_hour_at_most_and_the_answer_does_not_tell(
    client: FlaskClient, house: House
) -> None:
    """X3, X4: nobody's mailbox is filled by whoever types its address."""
    can_send(house)
    assert len({ask_for_link(client, EMAIL) for _ in range(lost_links.MOST_AN_HOUR + 2)}) == 1
    assert len(messages(house)) == lost_links.MOST_AN_HOUR
    house.clock.move(minutes=61)
    ask_for_link(client, EMAIL)
    assert len(messages(house)) == lost_links.MOST_AN_HOUR + 1


def test_a_network_that_asks_for_too_many_links_is_told_so_and_can_still_stop(
    client: FlaskClient, house: House
) -> None:
    """X4."""
    can_send(house)
    for number in range(parse(lost.LINKS).amount):
        assert ask_for_link(client, f"p{number}@example.com")[0] == 200
    status, page = ask_for_link(client, EMAIL)
    assert (status, "Try again in ten minutes" in page, EMAIL in page) == (429, True, True)
    assert "Done." in stop(client, EMAIL)[1]


def test_where_nothing_can_be_sent_the_page_says_so(client: FlaskClient, house: House) -> None:
    """U3: no page promises a link that cannot come."""
    house.know((Channel.EMAIL, EMAIL))
    status, page = ask_for_link(client, "+1 415 555 0100")
    assert (status, "We cannot send a link there." in page) == (422, True)
    assert messages(house) == []


def test_letters_are_stopped_by_the_form(client: FlaskClient, house: House) -> None:
    """P1, P4: without any link of ours."""
    answer = client.post("/preferences/post", data=LETTER)
    assert (answer.status_code, "No more advertising mail by post to J•••" in answer.text) == (200, True)
    assert house.suppressions() == [("post", "opt_out", "all", "preference_page")]
    assert "/undo" not in answer.text


def test_what_the_form_lacks_is_told_beside_it_and_nothing_typed_is_lost(client: FlaskClient, house: House) -> None:
    answer = client.post("/preferences/post", data=LETTER | {"zip": "", "city": ""})
    assert answer.status_code == 422
    assert LETTER["address1"] in answer.text
    assert 'aria-describedby="post-city-error"' in answer.text
    assert house.suppressions() == []


def test_forms_beyond_the_limit_are_kept_and_taken_by_the_worker(
    client: FlaskClient, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """X4: for everybody at the address too; never does the page say “done” before it is (U3)."""
    monkeypatch.setattr(lost, "AT_ONCE", "1 per 10 minute")
    client.post("/preferences/post", data=LETTER)
    everyone = LETTER | {"address1": "99 Oak St", "whom": "everyone"}
    answer = client.post("/preferences/post", data=everyone)
    assert (answer.status_code, "We have your request." in answer.text, "Saved" in answer.text) == (200, True, False)
    assert len(house.suppressions()) == 1
    house.clock.move(minutes=2)
    assert working.finish_leftovers(house.wiring) == 1
    assert len(house.suppressions()) == 2
    with house.wiring.database.read() as session:
        found = session.scalars(select(Suppression).where(Suppression.level == "household")).all()
    assert len(found) == 1
