"""The operators' ground: signing in and out, and the overview."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from prefcenter.core.channels import Channel, Reason, Scope
from prefcenter.services import operators
from prefcenter.services.operators import RoleName
from prefcenter.services.ports import Evidence
from prefcenter.store.ledger import LedgerEntry, LedgerPersonal
from prefcenter.store.mailings import Mailing
from prefcenter.store.reviews import Review
from prefcenter.web.app import build
from tests.houses import EMAIL, POST, START, House, StillClock, wiring_on
from tests.web.test_api_check import opt_out, register_type

BOSS = "boss@acme.example"
PASSWORD = "cörrect horse battery"


@pytest.fixture
def boss(house: House) -> str:
    with house.wiring.database.write() as session:
        operators.add_operator(session, BOSS, [RoleName.ADMIN], PASSWORD, Evidence("system"), at=START)
    return BOSS


def token_on(page: str) -> str:
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
    assert found is not None
    return found.group(1)


def sign_in(client: FlaskClient, email: str = BOSS, password: str = PASSWORD, **more: Any) -> TestResponse:
    page = client.get("/ops/login", query_string=more).text
    form = {"email": email, "password": password, "csrf_token": token_on(page)}
    return client.post("/ops/login", query_string=more, data=form)


def acts(house: House) -> list[tuple[str, str, str]]:
    with house.wiring.database.read() as session:
        rows = session.query(LedgerEntry).filter_by(kind="operator_act").order_by(LedgerEntry.id)
        return [(row.facts["act"], row.actor, session.get_one(LedgerPersonal, row.id).data["ip"]) for row in rows]


def test_a_stranger_is_led_to_the_login_form(client: FlaskClient) -> None:
    response = client.get("/ops")
    assert (response.status_code, response.location) == (302, "/ops/login?next=/ops")
    form = client.get(response.location)
    assert form.status_code == 200
    assert 'type="password"' in form.text
    assert "<script" not in form.text


def test_an_operator_signs_in_and_out_and_the_ledger_knows(client: FlaskClient, house: House, boss: str) -> None:
    response = sign_in(client, next="/ops")
    assert (response.status_code, response.location) == (302, "/ops")
    page = client.get("/ops")
    assert page.status_code == 200
    assert client.post("/ops/logout", data={"csrf_token": token_on(page.text)}).location == "/ops/login"
    assert client.get("/ops").status_code == 302
    assert acts(house) == [("signed_in", BOSS, "127.0.0.1"), ("signed_out", BOSS, "127.0.0.1")]


def test_the_address_is_found_in_any_case(client: FlaskClient, boss: str) -> None:
    assert sign_in(client, email="Boss@ACME.example").status_code == 302


@pytest.mark.parametrize(
    ("email", "password"),
    [(BOSS, "wrong"), ("nobody@acme.example", PASSWORD), (BOSS, ""), ("not an address", PASSWORD), ("", "")],
)
def test_a_wrong_guess_gets_the_same_answer_whoever_is_known(
    client: FlaskClient, house: House, boss: str, email: str, password: str
) -> None:
    """X3: nobody learns who is an operator."""
    response = sign_in(client, email, password)
    assert response.status_code == 200
    assert re.findall(r'<p class="problem"[^>]*>([^<]+)', response.text) == [
        "This address and password do not belong together. Please check both and try again."
    ]
    assert client.get("/ops").status_code == 302
    assert acts(house) == []


def test_a_disabled_operator_is_out_at_once(client: FlaskClient, house: House, boss: str) -> None:
    sign_in(client)
    with house.wiring.database.write() as session:
        operators.disable_operator(session, BOSS, Evidence("system"), at=START)
    assert client.get("/ops").status_code == 302
    assert sign_in(client).status_code == 200


def test_a_form_without_its_token_does_nothing(client: FlaskClient, house: House, boss: str) -> None:
    """X4: neither signing in nor signing out can be forged."""
    assert client.post("/ops/login", data={"email": BOSS, "password": PASSWORD}).status_code == 400
    sign_in(client)
    assert client.post("/ops/logout").status_code == 400
    assert client.get("/ops/logout").status_code == 405
    assert client.get("/ops").status_code == 200


def test_the_session_ends_when_it_is_not_used(client: FlaskClient, clock: StillClock, boss: str) -> None:
    sign_in(client)
    for _ in range(3):
        clock.move(minutes=29)
        assert client.get("/ops").status_code == 200
    clock.move(minutes=31)
    response = client.get("/ops")
    assert response.location == "/ops/login?next=/ops&timed_out=1"
    assert "the session had run out" in client.get(response.location).text
    assert client.get("/ops").status_code == 302


def test_the_session_ends_after_twelve_hours_of_use(client: FlaskClient, clock: StillClock, boss: str) -> None:
    sign_in(client)
    for _ in range(25):
        clock.move(minutes=28)
        assert client.get("/ops").status_code == 200
    clock.move(minutes=28)
    assert client.get("/ops").status_code == 302


def test_guessing_is_slowed_down_and_signing_in_is_not(client: FlaskClient, boss: str) -> None:
    """X4: five failures a minute for an account, ten for an address."""
    other = [sign_in(client, email="a@acme.example", password="wrong").status_code for _ in range(6)]
    assert other == [200] * 5 + [429]
    assert sign_in(client).status_code == 302
    client.post("/ops/logout", data={"csrf_token": token_on(client.get("/ops").text)})
    for number in range(5):
        sign_in(client, email=f"b{number}@acme.example", password="wrong")
    assert sign_in(client).status_code == 429


def test_nobody_is_signed_in_unless_it_can_be_recorded(client: FlaskClient, house: House, boss: str) -> None:
    with house.wiring.database.write() as session:
        session.connection().exec_driver_sql("ALTER TABLE ledger_pending RENAME TO gone")
        session.commit()
    assert sign_in(client).status_code in (500, 503)
    assert client.get("/ops").status_code == 302


def test_one_is_led_back_only_within_the_product(client: FlaskClient, boss: str) -> None:
    for elsewhere in ("https://evil.example/ops", "//evil.example/ops", "/\\evil.example"):
        assert urlsplit(sign_in(client, next=elsewhere).location or "").netloc == ""


@pytest.mark.parametrize(("base_url", "is_secure"), [("http://127.0.0.1:8000", False), ("https://p.example", True)])
def test_the_cookie_is_out_of_reach(house: House, boss: str, tmp_path: Any, base_url: str, is_secure: bool) -> None:
    """U3: HttpOnly and SameSite always, Secure where the product is reached by https."""
    wiring = wiring_on(house.wiring.database, tmp_path, house.clock, base_url=base_url)
    client = build(wiring.config, wiring).test_client()
    cookie = client.get("/ops/login", base_url=base_url).headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert ("Secure" in cookie) is is_secure
    wiring.database.dispose()


def test_recipients_never_get_a_cookie(client: FlaskClient, house: House, boss: str) -> None:
    """E3: not even a signed-in operator's session is touched on their pages."""
    sign_in(client)
    point = house.wiring.points.email(EMAIL)
    for path in (house.path(point, "acme/offers"), "/preferences", "/api/v1/openapi.json"):
        response = client.get(path)
        assert "Set-Cookie" not in response.headers, path
        assert "Cookie" not in response.headers.get("Vary", ""), path


def test_the_overview_shows_what_is_due_first(client: FlaskClient, house: House, boss: str) -> None:
    """P2: the clock runs since receipt, and what is overdue says so."""
    for number, due in enumerate((3, -1, 8)):
        open_review(house, f"Reason number {number}", due_in_days=due)
    sign_in(client)
    page = client.get("/ops").text
    places = [page.index(f"Reason number {number}") for number in (1, 0, 2)]
    assert places == sorted(places)
    assert page.count(">overdue<") == 1
    assert "1 is overdue" in page


def test_the_overview_counts_what_is_in_force(client: FlaskClient, house: House, boss: str) -> None:
    opt_out(house, Channel.EMAIL, EMAIL, Scope.everything())
    opt_out(house, Channel.EMAIL, "b@example.com", Scope.everything(), reason=Reason.COMPLAINT)
    opt_out(house, Channel.EMAIL, "c@example.com", Scope.everything(), until=START - timedelta(days=1))
    opt_out(house, Channel.POST, POST, Scope.everything())
    sign_in(client)
    page = re.sub(r"\s+", " ", client.get("/ops").text)
    assert '<h3>Email</h3> <p class="figure">2 <small>' in page
    assert '<h3>Text messages</h3> <p class="figure">0 <small>' in page
    assert '<h3>Post</h3> <p class="figure">1 <small>' in page
    assert "<dt>Reported as spam</dt><dd>1</dd>" in page
    assert EMAIL not in page


def test_the_overview_lists_mailings_and_types(client: FlaskClient, house: House, boss: str) -> None:
    register_type(house, "draft-type", approved_by=None)
    with house.wiring.database.write() as session:
        session.add(
            Mailing(
                name="spring <2027>", version=2, channel="post", state="held", held_because="too many rows",
                prepared_at=START, stale_after=START, ledger_position=0, manifest={},
            )
        )  # fmt: skip
        session.commit()
    sign_in(client)
    page = client.get("/ops").text
    assert "spring &lt;2027&gt;" in page
    assert "too many rows" in page
    assert "not approved" in page


def open_review(house: House, why: str, due_in_days: int) -> None:
    with house.wiring.database.write() as session:
        session.add(
            Review(kind="postal_request", why=why, understood={}, opened_at=START - timedelta(days=9),
                   due_at=START + timedelta(days=due_in_days))
        )  # fmt: skip
        session.commit()
