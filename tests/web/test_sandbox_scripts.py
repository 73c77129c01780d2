"""Telling the sandbox what becomes of messages, and seeing what became of them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from prefcenter import working
from prefcenter.core.channels import Channel, MessageClass, Reason, Scope
from prefcenter.services import operators, outgoing
from prefcenter.services.operators import RoleName
from prefcenter.services.outgoing import Draft
from prefcenter.services.ports import Evidence
from prefcenter.store import sandbox
from prefcenter.store.outbox import OutboxMessage
from prefcenter.web.app import build
from tests.houses import EMAIL, PHONE, START, House, wiring_on
from tests.web.test_api_check import opt_out, register_type
from tests.web.test_ops import BOSS, PASSWORD, boss, sign_in
from tests.web.test_sandbox import deliver, serving

__all__ = ["boss"]


def told(client: FlaskClient, **form: str) -> str:
    """Fill in the form as a browser does, and give the page that follows."""
    token = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/sandbox").text)
    assert token is not None
    given = {"csrf_token": token[1], "to": "", "fate": "email:bounce"} | form
    return client.post("/sandbox/scripts", data=given, follow_redirects=True).text


def scripts(house: House) -> list[tuple[str, str, str, bool]]:
    with house.wiring.database.read() as session:
        return [(row.channel, row.to, row.fate, row.is_repeated) for row in sandbox.scripts(session)]


def queue(house: House, to: str, message_type: str, message_class: MessageClass) -> None:
    with house.wiring.database.write() as session:
        point = house.wiring.points.email(to)
        draft = Draft(Channel.EMAIL, message_class, message_type, point, "Hello", subject="Spring", brand="acme")
        outgoing.queue(session, draft, at=house.clock())
        session.commit()


def test_a_script_is_shown_and_taken_back(client: FlaskClient, house: House) -> None:
    page = told(client, to=f" {EMAIL.upper()} ", repeated="1")
    assert f"<strong>{EMAIL}</strong>: bounce: the mailbox does not exist; told twice, in the wrong order" in page
    page = told(client, to="(415) 555-0100", fate="sms:dead")
    assert f"<strong>{PHONE}</strong>: 30005: the number is dead" in page
    page = told(client, fate="sms:timeout")
    assert "<strong>the next text</strong>" in page
    assert scripts(house) == [
        ("email", EMAIL, "bounce", True),
        ("sms", PHONE, "dead", False),
        ("sms", "", "timeout", False),
    ]
    links = re.findall(r'(?:href|id|action)="([^"]*)"', page)
    assert not any("4155550" in link or "jane" in link for link in links)  # X8
    [path] = re.findall(r'action="(/sandbox/scripts/\d+/remove)"', page)[:1]
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert token is not None
    page = client.post(path, data={"csrf_token": token[1]}, follow_redirects=True).text
    assert f"<strong>{EMAIL}</strong>" not in page
    assert len(scripts(house)) == 2


def test_the_newest_script_for_an_address_counts(client: FlaskClient, house: House) -> None:
    told(client, to=EMAIL)
    told(client, to=EMAIL, fate="email:deliver")
    assert scripts(house) == [("email", EMAIL, "deliver", False)]


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"to": "not an address"}, "address"),
        ({"to": EMAIL, "fate": "sms:dead"}, "number"),
        ({"fate": "email:dead"}, "cannot happen"),
        ({"fate": "post:bounce"}, "cannot happen"),
        ({"fate": ""}, "cannot happen"),
    ],
)
def test_what_cannot_be_scripted_is_told(client: FlaskClient, house: House, form: dict[str, str], words: str) -> None:
    page = told(client, **form)
    problem = re.search(r'<p class="problem" role="alert">([^<]*)', page)
    assert problem is not None
    assert words in problem[1]
    assert scripts(house) == []


def test_a_script_needs_the_forms_token(client: FlaskClient, house: House) -> None:
    """X4."""
    told(client, to=EMAIL, csrf_token="forged")
    assert scripts(house) == []


def test_under_serve_a_viewer_scripts_nothing(house: House, tmp_path: Path, boss: str) -> None:
    """Only operators who may act; a stranger is led to the form."""
    with house.wiring.database.write() as session:
        operators.add_operator(
            session, "viewer@acme.example", [RoleName.VIEWER], PASSWORD, Evidence("system"), at=START
        )
    client = serving(house, tmp_path)
    assert client.post("/sandbox/scripts").status_code in (302, 400)
    sign_in(client, "viewer@acme.example")
    page = client.get("/sandbox").text
    assert 'id="scripts"' not in page
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert token is not None
    form = {"csrf_token": token[1], "to": EMAIL, "fate": "email:bounce"}
    assert client.post("/sandbox/scripts", data=form).status_code == 403
    assert client.post("/sandbox/scripts/1/remove", data=form).status_code == 403
    assert scripts(house) == []
    acting = serving(house, tmp_path)
    sign_in(acting, BOSS)
    assert f"<strong>{EMAIL}</strong>" in told(acting, to=EMAIL)


def test_in_a_demo_with_a_providers_keys_nothing_can_be_scripted(house: House, tmp_path: Path) -> None:
    """U3: there mail leaves for real, whatever is told here."""
    wiring = wiring_on(house.wiring.database, tmp_path, house.clock, sendgrid_api_key="SG.x")
    client = build(wiring.config, wiring).test_client()
    assert 'id="scripts"' not in client.get("/sandbox").text


def test_each_message_says_how_far_it_came_and_what_the_list_holds(client: FlaskClient, house: House) -> None:
    """U3: what is called delivered was; who bounced stands on the list."""
    register_type(house, "receipts", message_class="service", topic_id=None, sender="service@acme.example")
    queue(house, "jane@example.com", "receipts", MessageClass.SERVICE)
    queue(house, "bounce@example.com", "receipts", MessageClass.SERVICE)
    assert house.wiring.sandbox is not None
    house.wiring.sandbox.post = lambda path, body, headers: (
        client.post(path, data=body, headers=dict(headers)).status_code
    )
    working.step(house.wiring)
    house.wiring.sandbox.stop()
    page = client.get("/sandbox").text
    assert '<span class="tag good">delivered</span>' in page
    assert '<span class="tag bad">failed</span>' in page
    assert "script: bounce: the mailbox does not exist" in page
    assert '<span class="tag bad">on the list: hard_bounce all</span>' in page


def test_what_never_got_there_is_shown_with_its_reason(client: FlaskClient, house: House) -> None:
    """A newcomer who sent something and sees nothing must learn why."""
    register_type(house)
    opt_out(house, Channel.EMAIL, EMAIL, Scope.brand("acme"), reason=Reason.OPT_OUT)
    queue(house, EMAIL, "spring-offers", MessageClass.MARKETING)
    working.step(house.wiring)
    with house.wiring.database.read() as session:
        assert session.query(OutboxMessage).one().state == "refused"
    page = client.get("/sandbox").text
    assert f"Mail to {EMAIL}: Spring" in page
    assert "It has not left" in page
    assert '<span class="tag bad">refused</span>' in page
    assert "because of opt_out" in page
    assert "on the list: opt_out brand:acme" in page


def test_a_message_from_before_has_no_state(client: FlaskClient, house: House) -> None:
    deliver(house)
    assert '<p class="outcome"></p>' in client.get("/sandbox").text
