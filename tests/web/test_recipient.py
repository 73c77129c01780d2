"""The pages and the one-click of a link, rule by rule, on both databases."""

from __future__ import annotations

import logging
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import create_engine, select, text
from werkzeug.test import TestResponse

from prefcenter.core.channels import Channel, Level, Source
from prefcenter.core.postal.address import PostalAddress
from prefcenter.core.tokens import Purpose
from prefcenter.services.links import make_known
from prefcenter.services.points import Point
from prefcenter.store.engine import Database
from prefcenter.store.ledger import LedgerEntry, LedgerPersonal
from prefcenter.web.app import build
from tests.conftest import PEPPER
from tests.houses import EMAIL, PHONE, POST, SECRET, House, StillClock, sent, ticked, wiring_on

ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@pytest.fixture
def jane(house: House) -> Point:
    return house.know((Channel.EMAIL, EMAIL))[0]


@pytest.fixture
def link(house: House, jane: Point) -> str:
    return house.path(jane, "acme/offers")


def undo_fields(page: str) -> dict[str, str]:
    found = re.search(r'name="entries" value="([^"]+)"', page)
    assert found is not None, "the page offers no undo"
    return {"entries": found.group(1)}


# One-click


@pytest.mark.parametrize("content_type", ["application/x-www-form-urlencoded", "multipart/form-data"])
def test_one_click_unsubscribes_at_once(client: FlaskClient, house: House, link: str, content_type: str) -> None:
    """E2: form-urlencoded or multipart, the scope of the list ends at once."""
    answer = client.post(link, data=ONE_CLICK, content_type=content_type)
    assert answer.status_code == 200
    assert answer.mimetype == "text/plain"
    assert house.suppressions() == [("email", "opt_out", "topic:acme/offers", "one_click")]
    assert house.ledger() == ["suppress"]


def test_one_click_needs_nothing_and_leaves_nothing(client: FlaskClient, link: str) -> None:
    """E3: no cookie, no login, no Referer; never 3xx; and none of them is given either."""
    answer = client.post(link, data=ONE_CLICK)
    assert answer.status_code == 200
    assert "Set-Cookie" not in answer.headers
    assert "Location" not in answer.headers


def test_one_click_again_answers_the_same(client: FlaskClient, house: House, link: str) -> None:
    """E3: repeating it answers 200 and records nothing further."""
    answers = [client.post(link, data=ONE_CLICK) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert len({answer.text for answer in answers}) == 1
    assert house.ledger() == ["suppress"]


def test_second_one_click_within_thirty_days_ends_the_brand(
    client: FlaskClient, house: House, jane: Point, clock: StillClock
) -> None:
    """E7: a second one-click for the same brand within 30 days ends all its marketing email."""
    client.post(house.path(jane, "acme/offers"), data=ONE_CLICK)
    clock.move(days=29)
    client.post(house.path(jane, "acme/news"), data=ONE_CLICK)
    assert house.scopes() == ["topic:acme/offers", "brand:acme"]


def test_second_one_click_after_thirty_days_ends_its_topic(
    client: FlaskClient, house: House, jane: Point, clock: StillClock
) -> None:
    """E7: later, one-click ends exactly what the list names."""
    client.post(house.path(jane, "acme/offers"), data=ONE_CLICK)
    clock.move(days=31)
    client.post(house.path(jane, "acme/news"), data=ONE_CLICK)
    assert house.scopes() == ["topic:acme/offers", "topic:acme/news"]


def test_one_click_of_another_brand_ends_only_its_topic(client: FlaskClient, house: House, jane: Point) -> None:
    """E7: brands do not add up."""
    client.post(house.path(jane, "acme/offers"), data=ONE_CLICK)
    client.post(house.path(jane, "beta/offers"), data=ONE_CLICK)
    assert house.scopes() == ["topic:acme/offers", "topic:beta/offers"]


@pytest.mark.parametrize("body", ["List-Unsubscribe=one-click", "list-unsubscribe=One-Click", "List-Unsubscribe="])
def test_only_the_exact_body_is_a_one_click(client: FlaskClient, house: House, link: str, body: str) -> None:
    """E2: anything else is no one-click, but it is still somebody who wants it to end."""
    answer = client.post(link, data=body, content_type="application/x-www-form-urlencoded")
    assert answer.mimetype == "text/html"
    assert house.suppressions() == [("email", "opt_out", "topic:acme/offers", "unsubscribe_page")]


def test_one_click_in_the_address_of_a_get_changes_nothing(client: FlaskClient, house: House, link: str) -> None:
    """E4: a GET never counts, whatever its query says."""
    client.get(link + "?List-Unsubscribe=One-Click&scope=brand")
    assert house.suppressions() == []


# Looking


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_looking_changes_nothing(client: FlaskClient, house: House, jane: Point, method: str) -> None:
    """E4: scanners and prefetchers fetch every link; nothing comes of it."""
    for path in (house.path(jane, "acme/offers"), house.choose(jane), house.path(jane, "acme/offers") + "/undo"):
        client.open(path, method=method, headers={"Sec-Purpose": "prefetch;prerender", "Purpose": "prefetch"})
    assert house.suppressions() == []
    assert house.ledger() == []


def test_no_page_runs_a_script_or_calls_a_stranger(client: FlaskClient, house: House, jane: Point) -> None:
    """E4, E18: nothing submits by itself, and nobody else learns of the visit."""
    for path in (house.path(jane, "acme/offers"), house.choose(jane)):
        page = client.get(path)
        assert "<script" not in page.text
        assert " on" not in re.sub(r'name="on"', "", re.sub(r">[^<]*<", "><", page.text)).replace(' one"', "")
        assert not re.findall(r'(?:src|href|action)="(?:https?:)?//', page.text)
        assert "style=" not in page.text
        assert "Set-Cookie" not in page.headers


def test_the_page_says_whose_mail_which_topic_and_which_address(client: FlaskClient, link: str) -> None:
    """E7, E18: one sentence, the address masked, one button, and beside it all marketing email of the brand."""
    page = client.get(link).text
    assert "Stop Acme Offers emails to j•••@example.com?" in page
    assert "Receipts and account messages continue." in page
    assert "Stop all marketing email from Acme" in page
    assert EMAIL not in page
    assert page.count("<h1") == 1


def test_the_token_shows_no_address(link: str) -> None:
    """E5: the token is opaque."""
    assert "jane" not in link
    assert "example" not in link


@pytest.mark.parametrize(
    ("channel", "address", "question"),
    [
        (Channel.EMAIL, EMAIL, "Stop Acme Offers emails to j•••@example.com?"),
        (Channel.SMS, PHONE, "Stop Acme Offers texts to the number ending in 0100?"),
        (Channel.POST, POST, "Stop Acme Offers mail by post to J•••?"),
    ],
)
def test_a_link_works_in_each_channel(
    client: FlaskClient, house: House, channel: Channel, address: str, question: str
) -> None:
    """E7: the wording and the opt-out are those of the link's own channel."""
    path = house.path(house.know((channel, address))[0], "acme/offers")
    assert question in client.get(path).text
    done = client.post(path, data={"scope": "topic"})
    assert done.status_code == 200
    assert house.suppressions() == [(channel.value, "opt_out", "topic:acme/offers", "unsubscribe_page")]


# The page's buttons


def test_the_button_ends_the_topic_and_says_so(client: FlaskClient, house: House, link: str) -> None:
    """U3, E12: one page, one button; what was done, from when, what may still come, and the other channels."""
    page = client.post(link, data={"scope": "topic"}).text
    assert 'role="status"' in page
    assert "No more Acme Offers emails." in page
    assert "November 23, 2026, 15:00 UTC" in page
    assert "may still arrive" in page
    assert "Texts and mail by post are separate" in page
    assert 'href="/p/' in page
    assert house.suppressions() == [("email", "opt_out", "topic:acme/offers", "unsubscribe_page")]


def test_the_other_button_ends_the_brand(client: FlaskClient, house: House, link: str) -> None:
    """E7: all marketing email of this brand."""
    client.post(link, data={"scope": "brand"})
    assert house.scopes() == ["brand:acme"]


def test_two_presses_of_the_button_do_not_widen(client: FlaskClient, house: House, jane: Point) -> None:
    """U1: on a page that names two choices, each press does what it says, and no more."""
    client.post(house.path(jane, "acme/offers"), data={"scope": "topic"})
    client.post(house.path(jane, "acme/news"), data={"scope": "topic"})
    assert house.scopes() == ["topic:acme/offers", "topic:acme/news"]


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"", "application/x-www-form-urlencoded"),
        (b"", ""),
        (b"hello", "text/plain"),
        (b"{}", "application/json"),
        (b"scope=\xff\xfe%ff%00", "application/x-www-form-urlencoded; charset=nonsense"),
        (b"not really multipart", "multipart/form-data"),
        (b"--x\r\nbroken", "multipart/form-data; boundary=x"),
        (b"scope=topic&padding=" + b"x" * 200_000, "application/x-www-form-urlencoded"),
        (b"scope=everything", "application/x-www-form-urlencoded"),
    ],
)
def test_a_good_link_never_loses_an_opt_out(
    client: FlaskClient, house: House, link: str, body: bytes, content_type: str
) -> None:
    """X4: empty, garbled, of another type, or huge: the token is good, so it ends."""
    answer = client.post(link, data=body, content_type=content_type)
    assert answer.status_code == 200
    assert house.scopes() == ["topic:acme/offers"]


def test_the_page_says_that_it_is_off_already(client: FlaskClient, link: str) -> None:
    """U1: who comes back is told, and is offered what is left to end."""
    client.post(link, data={"scope": "topic"})
    page = client.get(link).text
    assert "Already off" in page
    assert "Stop all marketing email from Acme" in page


def test_the_page_offers_nothing_that_is_off_already(client: FlaskClient, link: str) -> None:
    """U1: where all of the brand is off, it says so, and no button is left that would do nothing."""
    client.post(link, data={"scope": "brand"})
    page = client.get(link).text
    assert "<h1>Already off: all marketing email from Acme" in page
    assert "<form" not in page


def test_evidence_is_kept_beside_the_ledger_and_not_in_it(client: FlaskClient, house: House, link: str) -> None:
    """X8: address, IP and browser are personal, so they stand in the erasable row."""
    client.post(link, data=ONE_CLICK, headers={"User-Agent": "Mailbox/1.0"})
    with house.wiring.database.read() as session:
        entry = session.scalars(select(LedgerEntry)).one()
        personal = session.scalars(select(LedgerPersonal)).one()
    assert entry.actor == "recipient"
    assert entry.facts["via"] == "/u"
    assert personal.data["ip"] == "127.0.0.1"
    assert personal.data["user_agent"] == "Mailbox/1.0"
    assert "127.0.0.1" not in str(entry.facts)
    assert EMAIL not in str(entry.facts)


# Undo


def test_undo_takes_back_what_the_press_did(client: FlaskClient, house: House, link: str) -> None:
    """E18: within 30 minutes, from the page that took it."""
    page = client.post(link, data={"scope": "topic"}).text
    answer = client.post(f"{link}/undo", data=undo_fields(page))
    assert answer.status_code == 200
    assert house.suppressions() == []
    assert house.ledger() == ["suppress", "lift"]


def test_undo_ends_after_thirty_minutes(client: FlaskClient, house: House, link: str, clock: StillClock) -> None:
    """E18: later, it takes a fresh code."""
    page = client.post(link, data={"scope": "topic"}).text
    clock.move(minutes=31)
    answer = client.post(f"{link}/undo", data=undo_fields(page))
    assert answer.status_code == 403
    assert "30 minutes" in answer.text
    assert house.scopes() == ["topic:acme/offers"]


def test_undo_is_offered_only_for_what_this_press_made(client: FlaskClient, link: str) -> None:
    """E18: an older opt-out cannot be lifted by pressing again and undoing that."""
    client.post(link, data=ONE_CLICK)
    page = client.post(link, data={"scope": "topic"}).text
    assert "stopped already" in page
    assert "Undo" not in page


def test_undo_of_another_link_or_a_forged_one_does_nothing(client: FlaskClient, house: House, link: str) -> None:
    """E5: a ticket is signed and bound to its link's contact point."""
    fields = undo_fields(client.post(link, data={"scope": "topic"}).text)
    john = house.know((Channel.EMAIL, "john@example.com"))[0]
    assert client.post(house.path(john, "acme/offers") + "/undo", data=fields).status_code == 404
    assert client.post(f"{link}/undo", data={"entries": fields["entries"][:-2] + "xx"}).status_code == 404
    assert client.post(f"{link}/undo", data={"entries": "[1]"}).status_code == 404
    assert client.post(f"{link}/undo").status_code == 404
    assert house.scopes() == ["topic:acme/offers"]


# Tokens


def spoilt(path: str) -> list[str]:
    """The link forged, cut, lengthened, and with each character in turn altered."""
    head, _, token = path.rpartition("/")
    altered = [token[:n] + ("a" if token[n] != "a" else "b") + token[n + 1 :] for n in range(len(token))]
    return [f"{head}/{bad}" for bad in (token[:-1], token + "a", token[:20], "x" * len(token), "é" * 56, *altered)]


def test_a_forged_cut_or_altered_token_does_nothing(client: FlaskClient, house: House, jane: Point) -> None:
    """E5: 404 for every method, the same page for all, and nothing is written."""
    for path in (house.path(jane, "acme/offers"), house.choose(jane)):
        pages = {client.get(bad).text for bad in spoilt(path)}
        assert len(pages) == 1
        assert {client.get(bad).status_code for bad in spoilt(path)} == {404}
        assert {client.post(bad, data=ONE_CLICK).status_code for bad in spoilt(path)} == {404}
    assert house.suppressions() == []
    assert house.ledger() == []


def test_a_token_opens_only_what_it_was_made_for(client: FlaskClient, house: House, jane: Point) -> None:
    """E5: bound to its purpose too."""
    unsubscribe, choose = house.path(jane, "acme"), house.path(jane, "acme", Purpose.PREFERENCES)
    assert client.get(unsubscribe.replace("/u/", "/p/")).status_code == 404
    assert client.post(choose.replace("/p/", "/u/"), data=ONE_CLICK).status_code == 404
    assert house.suppressions() == []


def test_a_token_survives_a_new_signing_key(
    database: Database, house: House, jane: Point, tmp_path: Path, clock: StillClock
) -> None:
    """E6: old keys verify for ever."""
    path = house.path(jane, "acme/offers")
    keys = ("a newer signing key, of good length", SECRET)
    rotated = wiring_on(database, tmp_path, clock, secret_keys=keys)
    client = build(rotated.config, rotated).test_client()
    assert client.get(path).status_code == 200
    assert client.post(path, data=ONE_CLICK).status_code == 200
    assert house.scopes() == ["topic:acme/offers"]


def test_a_token_works_without_any_row_of_its_own(client: FlaskClient, house: House) -> None:
    """E6: after a restore nobody knows the address, and its mail still ends."""
    stranger = house.wiring.points.email("nobody-on-file@example.com")
    path = house.path(stranger, "acme/offers")
    assert "to your email address" in client.get(path).text
    client.post(path, data=ONE_CLICK)
    assert house.scopes() == ["topic:acme/offers"]


def test_a_token_of_a_deleted_topic_ends_the_brand(client: FlaskClient, house: House, link: str) -> None:
    """E6: it survives the topic, widens to the brand, and says so before."""
    house.delete_topic("acme/offers")
    page = client.get(link).text
    assert "no longer exists" in page
    assert "Stop all marketing email from Acme" in page
    client.post(link, data=ONE_CLICK)
    assert house.scopes() == ["brand:acme"]


def test_a_token_never_expires(client: FlaskClient, house: House, link: str, clock: StillClock) -> None:
    """E6: ten years later it still works."""
    clock.move(days=3653)
    assert client.post(link, data=ONE_CLICK).status_code == 200
    assert house.scopes() == ["topic:acme/offers"]


# When things fail


@pytest.fixture
def locked(sqlite_database: Database, tmp_path: Path, clock: StillClock) -> tuple[House, FlaskClient, Database]:
    """A house whose writers wait but a moment for the lock."""
    url = sqlite_database.engine.url.render_as_string(hide_password=False)
    house = House(wiring_on(sqlite_database, tmp_path, clock), clock)
    house.furnish()
    impatient = wiring_on(Database(url, busy_seconds=0.01), tmp_path, clock)
    return house, build(impatient.config, impatient).test_client(), sqlite_database


@pytest.mark.parametrize("fields", [ONE_CLICK, {"scope": "topic"}])
def test_a_locked_database_answers_503_and_never_done(
    locked: tuple[House, FlaskClient, Database], fields: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    """U3: what is not durable is not said; the mailbox tries again, and so may the person. X8: no token in the log."""
    house, client, database = locked
    path = house.path(house.know((Channel.EMAIL, EMAIL))[0], "acme/offers")
    holder = create_engine(database.engine.url, isolation_level="AUTOCOMMIT")
    with holder.connect() as connection, caplog.at_level(logging.DEBUG):
        connection.execute(text("BEGIN IMMEDIATE"))
        answer = client.post(path, data=fields)
        connection.execute(text("ROLLBACK"))
    holder.dispose()
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert answer.mimetype == ("text/plain" if fields is ONE_CLICK else "text/html")
    assert "Done" not in answer.text
    assert "Nothing was changed" in answer.text
    assert house.suppressions() == []
    assert path.rpartition("/")[2] not in caplog.text
    assert client.post(path, data=fields).status_code == 200
    assert house.scopes() == ["topic:acme/offers"]


def test_a_database_without_tables_answers_503(tmp_path: Path, clock: StillClock) -> None:
    """U3: the page of a failure is a page, not a stack trace."""
    empty = wiring_on(Database(f"sqlite:///{tmp_path / 'empty.db'}"), tmp_path, clock)
    house = House(empty, clock)
    point = empty.points.email(EMAIL)
    answer = build(empty.config, empty).test_client().post(house.path(point), data=ONE_CLICK)
    assert answer.status_code == 503
    assert "Traceback" not in answer.text
    assert "sqlite" not in answer.text.lower()


def test_twenty_clicks_at_once_leave_one_entry(app: Flask, house: House, link: str) -> None:
    """E3, X7: one suppression, one ledger entry, and twenty answers of 200."""

    def click(_: int) -> TestResponse:
        return app.test_client().post(link, data=ONE_CLICK)

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(click, range(20)))
    assert {answer.status_code for answer in answers} == {200}
    assert len(house.suppressions()) == 1
    assert house.ledger() == ["suppress"]


# The preference page


@pytest.fixture
def family(house: House) -> list[Point]:
    """One person with an address in each channel."""
    return house.know((Channel.EMAIL, EMAIL), (Channel.SMS, PHONE), (Channel.POST, POST))


def test_the_preference_page_shows_each_channel_masked(client: FlaskClient, house: House, family: list[Point]) -> None:
    """E18: all contact points of the person, none of them readable."""
    page = client.get(house.choose(family[0])).text
    for part in ("Email", "Texts", "Mail by post", "j•••@example.com", "•••0100", "J•••", "Deals, about once a week."):
        assert part in page
    for secret in (EMAIL, PHONE, "Main", "62701"):
        assert secret not in page


def test_saving_ends_exactly_what_was_unticked(client: FlaskClient, house: House, family: list[Point]) -> None:
    """U3, X7: one ledger entry for each real change, and the page names it."""
    path = house.choose(family[0])
    answer = client.post(path, data=sent(client.get(path).text, without=["topic:acme/offers"]))
    assert answer.status_code == 200
    assert "Acme Offers emails to j•••@example.com" in answer.text
    assert "Acme Offers mail by post to J•••" in answer.text
    assert house.suppressions() == [
        ("email", "opt_out", "topic:acme/offers", "preference_page"),
        ("post", "opt_out", "topic:acme/offers", "preference_page"),
    ]
    assert house.ledger() == ["suppress", "suppress"]


def test_a_wider_choice_swallows_the_narrower(client: FlaskClient, house: House, family: list[Point]) -> None:
    """X7: a topic of a brand that ends anyway is no change of its own."""
    path = house.choose(family[0])
    client.post(path, data=sent(client.get(path).text, without=["brand:acme", "topic:acme/offers"]))
    assert house.scopes() == ["brand:acme", "brand:acme"]


def test_a_stale_page_applies_only_what_the_person_changed(
    client: FlaskClient, house: House, family: list[Point]
) -> None:
    """E13: an hour-old page neither repeats nor takes back what happened since."""
    path = house.choose(family[0])
    stale = client.get(path).text
    client.post(house.path(family[0], "acme/offers"), data=ONE_CLICK)
    answer = client.post(path, data=sent(stale, without=["topic:acme/news"]))
    assert "Newsletter" in answer.text
    assert house.scopes() == ["topic:acme/offers", "topic:acme/news", "topic:acme/news"]


def test_saving_a_stale_page_unchanged_changes_nothing(client: FlaskClient, house: House, family: list[Point]) -> None:
    """E13: its ticked boxes lift nothing."""
    path = house.choose(family[0])
    stale = client.get(path).text
    client.post(house.path(family[0], "acme/offers"), data=ONE_CLICK)
    answer = client.post(path, data=sent(stale))
    assert "Nothing changed" in answer.text
    assert house.scopes() == ["topic:acme/offers"]
    assert house.ledger() == ["suppress"]


def test_no_box_lifts_an_opt_out(client: FlaskClient, house: House, family: list[Point]) -> None:
    """E18: a link can only reduce; what is off is said to be off, without a box."""
    client.post(house.path(family[0], "acme"), data=ONE_CLICK)
    path = house.choose(family[0])
    page = client.get(path).text
    mine = [field for field in ticked(page) if field.endswith("brand:acme")]
    assert len(mine) == 1  # That of the post; the email one is off.
    assert "Off" in page
    ref = family[0].digest.hex()[:12]
    client.post(path, data={"do": "save", "on": [f"{ref} brand:acme", f"{ref} all"], "was": []})
    assert house.scopes() == ["brand:acme"]
    assert house.ledger() == ["suppress"]


@pytest.mark.parametrize(
    "field",
    ["nobody all", "REF sender:+14155550100", "REF brand:unknown", "REF topic:acme/unknown", "REF", "", "REF x:y"],
)
def test_a_made_up_field_changes_nothing(client: FlaskClient, house: House, family: list[Point], field: str) -> None:
    """E5: only the person's own points, and only what a page can offer."""
    path = house.choose(family[0])
    answer = client.post(path, data={"was": field.replace("REF", family[0].digest.hex()[:12])})
    assert answer.status_code == 200
    assert house.suppressions() == []


def test_a_strangers_point_cannot_be_ended_through_the_form(
    client: FlaskClient, house: House, family: list[Point]
) -> None:
    """E5: the link of one person says nothing about another."""
    john = house.know((Channel.EMAIL, "john@example.com"))[0]
    client.post(house.choose(family[0]), data={"was": f"{john.digest.hex()[:12]} all"})
    assert house.suppressions() == []


def test_a_shared_address_shows_nobody_elses_points(client: FlaskClient, house: House) -> None:
    """E18, E19: who shares an address may stop it, but does not see what else the other one has."""
    shared = house.know((Channel.EMAIL, EMAIL), (Channel.SMS, PHONE))[0]
    house.know((Channel.EMAIL, EMAIL), (Channel.SMS, "+14155550199"))
    page = client.get(house.choose(shared)).text
    assert "j•••@example.com" in page
    assert "0100" not in page
    assert "0199" not in page


def test_stop_everything_ends_every_channel(client: FlaskClient, house: House, family: list[Point]) -> None:
    """G1, G15, E12: one press, one objection, and it binds the person at every point."""
    path = house.choose(family[0])
    answer = client.post(path, data={"do": "stop_everything"})
    assert "All marketing has stopped" in answer.text
    assert house.suppressions() == [("email", "objection", "all", "preference_page")]
    assert house.ledger() == ["suppress"]
    for point in family:
        assert ticked(client.get(house.choose(point)).text) == []


def test_saying_no_on_the_preference_page_can_be_undone_too(
    client: FlaskClient, house: House, family: list[Point]
) -> None:
    """E18: for 30 minutes, all of one press together."""
    path = house.choose(family[0])
    page = client.post(path, data=sent(client.get(path).text, without=["all"])).text
    assert house.scopes() == ["all", "all"]
    assert client.post(f"{path}/undo", data=undo_fields(page)).status_code == 200
    assert house.suppressions() == []


def test_texts_without_a_consent_are_shown_as_off(client: FlaskClient, house: House, family: list[Point]) -> None:
    """S11, G5: what nobody asked for is off, and nobody is asked to want it."""
    page = client.get(house.choose(family[1])).text
    assert "Sent only to people who asked for it" in page


# Open pages


def test_help_about_texts_names_each_brand_and_several_ways_out(client: FlaskClient, house: House) -> None:
    """S3, S7: brand, contact, how to stop; and STOP is not the only way."""
    page = client.get("/help/sms").text
    for part in ("Acme", "help@acme.example", "Beta", "STOP", "in your own words"):
        assert part in page


def test_gpc_support_is_stated(client: FlaskClient) -> None:
    """G11: the well-known resource."""
    answer = client.get("/.well-known/gpc.json")
    assert answer.mimetype == "application/json"
    assert answer.json == {"gpc": True, "lastUpdate": "2026-11-23"}


def test_the_front_page_says_what_this_is(client: FlaskClient) -> None:
    """U1: somebody who cut the link down to the host finds the way."""
    assert "Your contact preferences" in client.get("/").text


def test_a_page_that_was_open_while_the_pepper_was_renewed_still_counts(
    house: House, database: Database, tmp_path: Path, clock: StillClock
) -> None:
    """U3, X12: its boxes name contact points by digests of the older pepper."""
    [jane] = house.know((Channel.EMAIL, EMAIL))
    page = build(house.wiring.config, house.wiring).test_client().get(house.choose(jane)).text
    renewed = wiring_on(database, tmp_path, clock, peppers=("a newer pepper, of good length", PEPPER))
    client = build(renewed.config, renewed).test_client()
    assert "No more marketing email to" in client.post(house.choose(jane), data=sent(page, without=["all"])).text
    assert house.scopes() == ["all"]


def test_links_work_where_the_address_on_file_names_nobody(house: House, client: FlaskClient) -> None:
    """E6, P9: whoever lives there may end what comes there, and see the choices."""
    home = house.wiring.points.post(
        PostalAddress(address1="12 N Main St", city="Springfield", state="IL", zip="62701"), Level.HOUSEHOLD
    )
    with house.wiring.database.write() as session:
        make_known(session, home, at=house.clock(), source=Source.OPERATOR)
        session.commit()
    assert client.get(house.path(home)).status_code == 200
    assert client.get(house.choose(home)).status_code == 200
    assert client.post(house.path(home), data={"List-Unsubscribe": "One-Click"}).status_code == 200
    assert house.scopes() == ["all"]
