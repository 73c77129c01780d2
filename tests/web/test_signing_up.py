"""``/s/<brand>``: the same answer for everybody, nothing before the confirmation, and nothing of a child's."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from limits import parse
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from prefcenter.core.channels import Channel, Reason, Scope, Source
from prefcenter.core.tokens import Purpose, Token
from prefcenter.services import optouts, signing_up
from prefcenter.services.ports import Evidence
from prefcenter.services.suppressing import OptOut
from prefcenter.store.consents import ConsentRecord
from prefcenter.store.contacts import ContactPoint
from prefcenter.store.outbox import OutboxMessage
from prefcenter.store.pending_consents import PendingConsent
from prefcenter.store.registry import Brand, Topic
from prefcenter.web.recipient import signing_up as pages
from tests.houses import EMAIL, House, ticked


@pytest.fixture(autouse=True)
def sender(house: House) -> None:
    """Acme has an address that requested mail comes from; Beta has none."""
    with house.wiring.database.write() as session:
        session.get_one(Brand, house.brands["acme"].id).service_from = "service@acme.example"
        session.commit()


def version(client: FlaskClient) -> str:
    found = re.search(r'name="version" value="([^"]+)"', client.get("/s/acme").text)
    assert found
    return found[1]


def sign_up(client: FlaskClient, **changed: Any) -> TestResponse:
    fields = {"topic": ["offers"], "email": EMAIL, "age": "yes", "version": version(client)}
    return client.post("/s/acme", data=fields | changed)


def link(house: House, number: int = -1) -> str:
    with house.wiring.database.read() as session:
        rows = session.scalars(select(OutboxMessage).order_by(OutboxMessage.id)).all()
    found = re.search(r"/s/confirm/\S+", (rows[number].content or {})["text"])
    assert found
    return found[0]


def counts(house: House) -> tuple[int, int, int]:
    """How many pending ones, mails and consents there are."""
    with house.wiring.database.read() as session:
        kinds = (PendingConsent, OutboxMessage, ConsentRecord)
        found = [session.scalar(select(func.count()).select_from(kind)) or 0 for kind in kinds]
    return found[0], found[1], found[2]


def test_the_form_has_nothing_ticked_and_changes_nothing(client: FlaskClient, house: House) -> None:
    """U1, E4, G8: topics by email, an address, an age; no cookie, not indexed, not cached."""
    answer = client.get("/s/acme")
    assert answer.status_code == client.head("/s/acme").status_code == 200
    assert " checked" not in answer.text.partition("<body>")[2]
    for told in ("Offers", "Newsletter", "I am 13 or older", 'name="email"'):
        assert told in answer.text
    assert "Set-Cookie" not in answer.headers
    assert "noindex" in answer.headers["X-Robots-Tag"]
    assert answer.headers["Cache-Control"] == "no-store"
    assert counts(house) == (0, 0, 0)


def test_signing_up_asks_by_mail_and_the_answer_makes_it_count(client: FlaskClient, house: House) -> None:
    """G6, E4: the link shows one button and changes nothing; the button says done after the commit (U3)."""
    answer = sign_up(client)
    assert (answer.status_code, "One more step" in answer.text, EMAIL in answer.text) == (200, True, False)
    assert counts(house) == (1, 1, 0)
    path = link(house)
    for _ in range(2):
        page = client.get(path)
        assert (page.status_code, page.text.count("<button")) == (200, 1)
        assert client.head(path).status_code == client.options(path).status_code == 200
    assert counts(house) == (1, 1, 0)
    done = client.post(path)
    assert (done.status_code, "Confirmed. These emails come to" in done.text) == (200, True)
    assert counts(house) == (1, 1, 1)
    for again in (client.post(path), client.get(path)):
        assert "You confirmed it on" in again.text
        assert "<button" not in again.text
    assert counts(house) == (1, 1, 1)
    chosen = re.search(r'href="(/p/[^"]+)"', done.text)
    assert chosen
    assert client.get(chosen[1]).status_code == 200


def test_what_is_kept_is_what_stood_on_the_page(client: FlaskClient, house: House) -> None:
    """S9, G6: each box as it was, the age, the promise, the version that names exactly these words, the place."""
    sign_up(client, topic=["news"])
    client.post(link(house))
    with house.wiring.database.read() as session:
        [consent] = session.scalars(select(ConsentRecord))
    for line in ("[ ] Offers: Deals, about once a week.", "[x] Newsletter: What is new", "[x] I am 13 or older"):
        assert line in consent.wording
    assert consent.wording_version == version(client)
    asked = (consent.evidence or {})["asked"]
    assert (asked["page"], asked["age"]) == ("http://127.0.0.1:8000/s/acme", "I am 13 or older")
    assert (consent.scope, consent.language) == ("topic:acme/news", "en")


def test_known_unknown_and_suppressed_get_the_same_answer_and_each_a_mail(client: FlaskClient, house: House) -> None:
    """X3, G5: nobody learns who is on file; a mail that was asked for goes to whoever unsubscribed as well."""
    known = house.know((Channel.EMAIL, "jack@example.com"))[0]
    stopped = house.wiring.points.email("jill@example.com")
    for point in (known, stopped):
        with house.wiring.database.write() as session:
            told = OptOut(Reason.OPT_OUT, Scope.everything(), Source.ONE_CLICK)
            optouts.record(session, house.wiring.points, point, told, Evidence("recipient"), at=house.clock())
    answers = {sign_up(client, email=f"{name}@example.com").text for name in ("jack", "jill", "jude")}
    assert len(answers) == 1
    assert counts(house) == (3, 3, 0)


def test_too_many_for_one_address_get_the_same_answer_and_no_further_mail(client: FlaskClient, house: House) -> None:
    """X3, X4: whoever types somebody else's address learns nothing and reaches them three times at most."""
    assert len({sign_up(client).text for _ in range(5)}) == 1
    assert counts(house) == (3, 3, 0)


SLIPS: list[tuple[dict[str, Any], str]] = [
    ({"age": ""}, "We may not sign up anybody younger than 13. We stored nothing."),
    ({"topic": []}, "Tick at least one."),
    ({"topic": ["nothing-of-theirs", "offers' OR 1=1"]}, "Tick at least one."),
    ({"email": "jane@"}, "This is not an email address."),
    ({"email": ""}, "This is not an email address."),
    ({"email": "a\r\nBcc: b@example.com"}, "This is not an email address."),
    ({"email": "x" * 400 + "@example.com"}, "This is not an email address."),
    ({"version": "sign-up-1-of-last-year"}, "This form has changed since you opened it."),
]


def test_what_is_missing_is_said_in_plain_words_and_nothing_is_kept(client: FlaskClient, house: House) -> None:
    """G8, U2: neither a row nor a mail; what was typed stays in the form."""
    for changed, said in SLIPS:
        answer = sign_up(client, **changed)
        assert (answer.status_code, said in answer.text) == (422, True), changed
        if "email" not in changed:
            assert f'value="{EMAIL}"' in answer.text
        if "topic" not in changed:
            assert 'value="offers" checked' in answer.text
    assert counts(house) == (0, 0, 0)


def test_a_garbled_body_is_a_form_that_is_not_filled_in(client: FlaskClient, house: House) -> None:
    answer = client.post("/s/acme", data=b"\xff" * 100_000, content_type="multipart/form-data; boundary=x")
    assert answer.status_code == 422
    assert counts(house) == (0, 0, 0)


def test_beyond_the_limit_one_is_asked_to_wait_and_nothing_is_kept(app: Flask, house: House) -> None:
    """X4: a sign-up is no opt-out, so it may wait."""
    client, most = app.test_client(), parse(pages.AT_MOST).amount
    for number in range(most):
        assert sign_up(client, email=f"p{number}@example.com").status_code == 200
    assert sign_up(client, email="late@example.com").status_code == 429
    assert counts(house) == (most, most, 0)
    assert client.post("/preferences", data={"address": EMAIL}).status_code == 200


def test_a_brand_that_takes_no_sign_ups_has_no_form(client: FlaskClient) -> None:
    """Beta has no address to ask from: its form would promise a mail that never comes."""
    for path in ("/s/beta", "/s/nobody", "/s/ACME", "/s/%00", "/s/a%2Fb", "/s/" + "x" * 500):
        assert client.get(path).status_code == client.post(path, data={"email": EMAIL}).status_code == 404


def test_forged_and_foreign_tokens_confirm_nothing(client: FlaskClient, house: House) -> None:
    """E5: a cut one, another purpose's, another key's; and a link to confirm opens nothing else."""
    point = house.know((Channel.EMAIL, EMAIL))[0]
    sign_up(client)
    path = link(house)
    text = path.rpartition("/")[2]
    other = house.choose(point).rpartition("/")[2]
    flipped = ("a" if text[-1] != "a" else "b") + text[1:]
    for wrong in (text[:-1], flipped, other, "x" * 56, "%00"):
        assert client.get(f"/s/confirm/{wrong}").status_code == client.post(f"/s/confirm/{wrong}").status_code == 404
    for place in (f"/u/{text}", f"/p/{text}"):
        assert client.get(place).status_code == client.post(place).status_code == 404
    assert counts(house) == (1, 1, 0)
    assert house.suppressions() == []


def test_a_good_token_of_nothing_that_is_kept_says_that_it_is_over_and_where_to_begin(
    client: FlaskClient, house: House
) -> None:
    """E6: such as one that expired, was forgotten, or came back from a backup."""
    sign_up(client)
    path = link(house)
    house.clock.move(days=8)
    unknown = house.wiring.keyring.signing.make(
        Token(Purpose.CONFIRMATION, Channel.EMAIL, bytes(16), house.brands["acme"].code)
    )
    for place in (path, f"/s/confirm/{unknown}"):
        for answer in (client.get(place), client.post(place)):
            assert (answer.status_code, "This link is no longer good" in answer.text) == (410, True)
            assert 'href="/s/acme"' in answer.text
    assert counts(house)[2] == 0


def test_what_is_gone_is_said_to_be_gone(client: FlaskClient, house: House) -> None:
    sign_up(client)
    path = link(house)
    with house.wiring.database.write() as session:
        for topic in house.topics.values():
            session.get_one(Topic, topic.id).archived_at = house.clock()
        session.commit()
    answer = client.post(path)
    assert (answer.status_code, "These emails no longer exist" in answer.text) == (410, True)
    assert "/s/acme" not in answer.text


def test_a_newer_stop_is_told_and_holds(client: FlaskClient, house: House) -> None:
    """E13, U3: the page does not say that it was turned on."""
    sign_up(client)
    path = link(house)
    house.clock.move(minutes=5)
    client.post("/preferences", data={"address": EMAIL})
    answer = client.post(path)
    assert "Nothing is turned on" in answer.text
    assert "You ended these after they were ticked" in answer.text
    assert counts(house)[2] == 0


def test_an_objection_is_not_lifted_and_the_page_says_that_it_holds(client: FlaskClient, house: House) -> None:
    """U3, G1."""
    with house.wiring.database.write() as session:
        told = OptOut(Reason.OBJECTION, Scope.everything(), Source.OPERATOR)
        point = house.wiring.points.email(EMAIL)
        optouts.record(session, house.wiring.points, point, told, Evidence("ann"), at=house.clock())
    sign_up(client)
    answer = client.post(link(house))
    assert "Nothing is turned on" in answer.text
    assert "something else on record speaks against them" in answer.text
    assert [row[1] for row in house.suppressions()] == ["objection"]


def test_what_is_left_of_a_wide_opt_out_can_still_be_ended_by_its_link(client: FlaskClient, house: House) -> None:
    """E7, U3: after a sign-up the link for the whole brand does not claim that all is off, and ends what was asked."""
    point = house.know((Channel.EMAIL, EMAIL))[0]
    brand = house.path(point, "acme")
    client.post(brand, data={"scope": "brand"})
    house.clock.move(days=1)
    sign_up(client)
    client.post(link(house))
    assert house.scopes() == ["brand_but:acme/offers"]
    assert "Already off" not in client.get(brand).text
    shown = client.get(house.choose(point)).text
    assert 'value="email' not in shown
    assert [one.partition(" ")[2] for one in ticked(shown)] == [
        "all",
        "topic:acme/offers",
        "brand:beta",
        "topic:beta/offers",
    ]
    assert "Already off: Newsletter emails" in re.sub(r"Acme ", "", client.get(house.path(point, "acme/news")).text)
    house.clock.move(days=1)
    client.post(brand, data={"scope": "brand"})
    assert house.scopes() == ["brand_but:acme/offers", "brand:acme"]
    page = client.get(house.choose(point)).text
    assert 'value="topic:acme/offers"' not in page


def test_the_snippet_says_what_the_page_says_and_is_taken_from_any_site(client: FlaskClient, house: House) -> None:
    """S9: no script, no style, no cookie; where it stood is kept as far as the browser tells."""
    with house.wiring.database.read() as session:
        form = signing_up.form_of(session, "acme")
        words = signing_up.words_of(form, signing_up.in_english, "en")
        html = signing_up.snippet(form, house.wiring.links, words)
    assert 'action="http://127.0.0.1:8000/s/acme"' in html
    assert words.version == version(client)
    assert "<script" not in html
    assert "style=" not in html
    fields = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', html))
    told = {"topic": "offers", "email": EMAIL, "age": "yes"} | fields
    answer = client.post("/s/acme", data=told, headers={"Origin": "https://www.acme.example"})
    assert answer.status_code == 200
    with house.wiring.database.read() as session:
        evidence = session.scalars(select(PendingConsent)).one().evidence or {}
    assert evidence["origin"] == "https://www.acme.example"


def test_the_address_goes_on_file_with_the_confirmation_and_not_before(client: FlaskClient, house: House) -> None:
    """G16: where the name came from is known; nobody is on file because a stranger typed them."""
    sign_up(client)
    with house.wiring.database.read() as session:
        assert session.scalars(select(ContactPoint)).all() == []
    client.post(link(house))
    with house.wiring.database.read() as session:
        [point] = session.scalars(select(ContactPoint))
    assert (point.source, point.source_note, point.verified_at) == ("sign_up", "acme", house.clock())
