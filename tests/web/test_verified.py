"""What a code opens: seeing, taking along, turning on again, correcting, deletion; and nothing without it (E18)."""

from __future__ import annotations

import html
import json
import logging
import re
from dataclasses import replace

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from prefcenter.core.channels import Channel, MessageClass, Reason, Scope, Source, Verdict
from prefcenter.core.frequency import Limit
from prefcenter.core.tokens import Purpose
from prefcenter.services import deciding, frequency, optouts, pausing
from prefcenter.services.points import Point
from prefcenter.services.ports import Evidence
from prefcenter.services.suppressing import OptOut
from prefcenter.store.consents import ConsentRecord, Subscription
from prefcenter.store.contacts import ContactPoint
from prefcenter.store.outbox import OutboxMessage
from prefcenter.store.pending_consents import PendingConsent
from prefcenter.store.registry import Brand, MessageType
from tests.houses import EMAIL, PHONE, POST, START, House, sent

SEEN = Evidence("recipient", {"via": "/u"})
NEW = "jane.doe@example.org"
PROTECTED = [f"verified{part}" for part in ("", "/save", "/download", "/deletion", "/correct", "/corrected")]


@pytest.fixture
def family(house: House) -> list[Point]:
    house.wiring.adopt_keys()
    with house.wiring.database.write() as session:
        row = session.get_one(Brand, house.brands["acme"].id)
        row.service_from = "service@acme.example"
        session.commit()
    return house.know((Channel.EMAIL, EMAIL), (Channel.SMS, PHONE), (Channel.POST, POST))


@pytest.fixture
def jane(family: list[Point]) -> Point:
    return family[0]


@pytest.fixture
def path(house: House, jane: Point) -> str:
    return house.choose(jane)


def field(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found is not None, f"no field {name}"
    return html.unescape(found[1])


def versions(page: str) -> list[str]:
    return [html.unescape(each) for each in re.findall(r'name="version" value="([^"]+)"', page)]


def code_sent(house: House, to: str = EMAIL) -> str:
    with house.wiring.database.read() as session:
        query = select(OutboxMessage).where(OutboxMessage.to == to).order_by(OutboxMessage.id.desc())
        row = session.scalars(query).first()
    assert row is not None
    found = re.search(r"\b(\d{6})\b", str((row.content or {})["text"]))
    assert found is not None
    return found[1]


def verify(client: FlaskClient, house: House, path: str, **changed: str) -> TestResponse:
    asked = client.post(f"{path}/code").text
    fields = {"uid": field(asked, "uid"), "point": field(asked, "point"), "code": code_sent(house)} | changed
    return client.post(f"{path}/verify", data=fields)


def opened(client: FlaskClient, house: House, path: str) -> str:
    answer = verify(client, house, path)
    assert answer.status_code == 200
    return answer.text


def save(client: FlaskClient, path: str, page: str, **ticked: object) -> TestResponse:
    fields: dict[str, object] = {"proof": field(page, "proof"), "version": versions(page)}
    return client.post(f"{path}/verified/save", data=fields | ticked)


def entries(page: str) -> dict[str, str]:
    """What can be taken back: its words by its number."""
    found = re.findall(r'name="entry" value="(\d+)">\s*<span>([^<]*)', page)
    return {number: html.unescape(said) for number, said in found}


def stop(house: House, point: Point, reason: Reason = Reason.OPT_OUT, scope: Scope | None = None) -> None:
    with house.wiring.database.write() as session:
        opt_out = OptOut(reason, scope or Scope.everything(), Source.PREFERENCE_PAGE)
        optouts.record(session, house.wiring.points, point, opt_out, SEEN, at=house.clock())


def may(house: House, point: Point, brand: str = "acme", topic: str | None = "offers") -> Verdict:
    with house.wiring.database.read() as session:
        question = deciding.question_about_class(session, MessageClass.MARKETING, brand=brand, topic=topic)
        question = replace(question, leaves_now=False)
        return deciding.decide_all(session, house.wiring.keyring, question, [point], at=house.clock())[0].verdict


def consents(house: House) -> list[ConsentRecord]:
    with house.wiring.database.read() as session:
        return list(session.scalars(select(ConsentRecord).order_by(ConsentRecord.id)))


# Getting in


def test_the_preference_page_offers_a_code(client: FlaskClient, house: House, path: str) -> None:
    """E18: to every contact point that one can be sent to, each masked; none to a number without a sender."""
    page = client.get(path).text
    assert "For that we send a code to j•••@example.com." in page
    assert page.count(f"{path}/code") == 1
    assert EMAIL not in page


def test_a_brand_without_a_sender_offers_none(client: FlaskClient, house: House, path: str) -> None:
    """U3: nothing is offered that could not be done."""
    with house.wiring.database.write() as session:
        session.get_one(Brand, house.brands["acme"].id).service_from = ""
        session.commit()
    assert f"{path}/code" not in client.get(path).text


def test_the_code_opens_what_we_hold(client: FlaskClient, house: House, path: str) -> None:
    """E18, G1: the whole address, where it comes from, and what happened."""
    asked = client.post(f"{path}/code")
    assert asked.status_code == 200
    assert EMAIL not in asked.text
    page = opened(client, house, path)
    assert EMAIL in page
    assert "Since November 23, 2026, from a list that was loaded" in page
    assert "A code was entered" in page
    assert PHONE not in page
    assert "0100" not in page


def test_fetching_does_nothing(client: FlaskClient, house: House, path: str) -> None:
    """E4: a scanner that fetches what it finds sends no code and sees nothing."""
    for what in ("code", "verify", *PROTECTED):
        for method in (client.get, client.head):
            assert method(f"{path}/{what}").status_code == 405
    assert house.ledger() == []


def test_without_a_proof_nothing_is_shown_or_changed(client: FlaskClient, house: House, path: str, jane: Point) -> None:
    """E18: a forwarded link shows masked data and reduces, and that is all."""
    stop(house, jane)
    before = house.ledger()
    for what in PROTECTED:
        for proof in ("", "forged", "W10.abc"):
            fields = {"proof": proof, "entry": "1", "topic": "acme/offers", "new": NEW, "code": "123456"}
            answer = client.post(f"{path}/{what}", data=fields)
            assert answer.status_code == 403
            assert EMAIL not in answer.text
    assert house.ledger() == before


def test_a_proof_ends_after_half_an_hour(client: FlaskClient, house: House, path: str) -> None:
    """E18: however often the page is shown meanwhile."""
    page = opened(client, house, path)
    house.clock.move(minutes=29)
    again = client.post(f"{path}/verified", data={"proof": field(page, "proof")})
    assert again.status_code == 200
    house.clock.move(minutes=2)
    for proof in (field(page, "proof"), field(again.text, "proof")):
        assert client.post(f"{path}/verified", data={"proof": proof}).status_code == 403


def test_a_proof_is_for_its_own_link_and_person(client: FlaskClient, house: House, path: str, jane: Point) -> None:
    """E18: neither another link of the same person nor anybody else's takes it."""
    proof = field(opened(client, house, path), "proof")
    bob = house.know((Channel.EMAIL, "bob@example.com"))[0]
    others = [house.path(jane, "beta", Purpose.PREFERENCES), house.choose(bob)]
    assert [client.post(f"{other}/verified", data={"proof": proof}).status_code for other in others] == [403, 403]


def test_a_code_is_for_one_of_the_persons_own_points(client: FlaskClient, house: House, path: str) -> None:
    """E18: a link sends no code to anybody else."""
    bob = house.know((Channel.EMAIL, "bob@example.com"))[0]
    assert client.post(f"{path}/code", data={"point": bob.digest.hex()[:12]}).status_code == 404


def test_who_shares_an_address_sees_nothing_of_the_other(client: FlaskClient, house: House, path: str) -> None:
    """E18: what else one of them has stays closed to the other."""
    house.know((Channel.EMAIL, EMAIL), (Channel.SMS, "+14155550177"))
    page = opened(client, house, path)
    assert "0177" not in page
    assert "My address has changed" not in page


def test_a_wrong_code_can_be_typed_again(client: FlaskClient, house: House, path: str) -> None:
    """U2, E18: with the field named, until the tries are over."""
    asked = client.post(f"{path}/code").text
    code = code_sent(house)
    bad = f"{(int(code) + 1) % 1_000_000:06}"
    fields = {"uid": field(asked, "uid"), "point": field(asked, "point"), "code": bad}
    for _ in range(4):
        answer = client.post(f"{path}/verify", data=fields)
        assert (answer.status_code, "This is not the code." in answer.text) == (422, True)
    assert "This code no longer works" in client.post(f"{path}/verify", data=fields).text
    assert "This code no longer works" in client.post(f"{path}/verify", data=fields | {"code": code}).text


def test_junk_is_answered_in_words(client: FlaskClient, house: House, path: str) -> None:
    """X1: whatever is posted, with a good proof or without, nothing of it is a fault of ours, and nothing changes."""
    proof = field(opened(client, house, path), "proof")
    before = house.ledger()
    for junk in ("", "\x00", "ü" * 500, "9" * 4_500, "-1", "acme/", "/", "²", "💥"):
        names = ("uid", "code", "topic", "entry", "version", "frequency", "pause", "ticket", "new")
        fields = dict.fromkeys(names, junk)
        for what in ("verify", "verified/save", "verified/correct", "verified/corrected", "verified/download"):
            assert client.post(f"{path}/{what}", data=fields | {"proof": proof}).status_code in (200, 404, 422)
        assert client.post(f"{path}/code", data={"point": junk or "0"}).status_code == 404
    assert house.ledger() == before


def test_a_code_needs_the_page_that_asked_for_it(client: FlaskClient, house: House, path: str) -> None:
    """E18: whoever has the link but not the page cannot use up its tries."""
    asked = client.post(f"{path}/code").text
    fields = {"uid": field(asked, "uid"), "point": field(asked, "point"), "code": code_sent(house)}
    for uid in ("", "zz", "00" * 16, "00" * 400):
        assert client.post(f"{path}/verify", data=fields | {"uid": uid}).status_code == 422
    assert client.post(f"{path}/verify", data=fields).status_code == 200


def test_three_codes_an_hour_then_it_says_so(client: FlaskClient, house: House, path: str) -> None:
    """E18, U3: no page says that a code was sent when none was."""
    statuses = [client.post(f"{path}/code").status_code for _ in range(4)]
    assert statuses == [200, 200, 200, 429]
    assert "so we send no more for now" in client.post(f"{path}/code").text


def test_an_address_that_mail_came_back_from_is_told_so(
    client: FlaskClient, house: House, path: str, jane: Point
) -> None:
    """U3: it says that it cannot be done."""
    with house.wiring.database.write() as session:
        bounce = OptOut(Reason.HARD_BOUNCE, Scope.everything(), Source.PROVIDER)
        optouts.record(session, house.wiring.points, jane, bounce, Evidence("system"), at=START)
    answer = client.post(f"{path}/code")
    assert answer.status_code == 409
    assert "We cannot send a code there" in answer.text


def test_no_cookie_no_cache_no_referrer_no_code_in_logs(
    client: FlaskClient, house: House, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    """E5, X8: nothing of it is left in a browser, at a next site, or in a log."""
    caplog.set_level(logging.DEBUG)
    answer = verify(client, house, path)
    assert "Set-Cookie" not in answer.headers
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert code_sent(house) not in caplog.text
    assert EMAIL not in caplog.text
    assert "proof=" not in answer.text


# Turning on again


def test_nothing_is_ticked(client: FlaskClient, house: House, path: str, jane: Point) -> None:
    """U1, G6."""
    stop(house, jane)
    page = opened(client, house, path)
    assert 'name="topic" value="acme/offers"' in page
    assert " checked" not in page


def test_one_topic_opens_and_all_else_stays(client: FlaskClient, house: House, path: str, jane: Point) -> None:
    """E13, G6, S9: a wider opt-out goes on refusing everything that was not ticked; the words are kept as shown."""
    stop(house, jane)
    house.clock.move(days=3)
    page = opened(client, house, path)
    answer = save(client, path, page, topic="acme/offers")
    assert "Acme Offers emails come to jane@example.com again" in answer.text
    assert may(house, jane) is Verdict.CLEARED
    assert may(house, jane, topic="news") is may(house, jane, "beta") is Verdict.REFUSED
    assert may(house, jane, topic=None) is Verdict.REFUSED
    (record,) = consents(house)
    assert record.wording.splitlines()[:2] == [
        "Marketing email from Acme",
        "[ ] Newsletter: What is new, once a month.",
    ]
    assert "[x] Offers: Deals, about once a week." in record.wording
    assert "What I tick, Acme may send by email to jane@example.com." in record.wording
    assert (record.source, record.language, record.since) == ("preference_page", "en", house.clock())
    assert record.wording_version.startswith("opt-in-1-")
    assert (record.evidence or {})["asked"]["via"] == "/p/verified"


def test_a_topic_opens_where_everything_was_stopped_for_the_person(
    client: FlaskClient, house: House, path: str, family: list[Point]
) -> None:
    """G15, E18: an objection becomes an opt-out of each contact point, so that only what was ticked opens."""
    email, phone, post = family
    stop(house, email, Reason.OBJECTION)
    page = opened(client, house, path)
    save(client, path, page, topic="acme/offers")
    assert may(house, email) is Verdict.CLEARED
    assert may(house, email, topic="news") is may(house, email, "beta") is Verdict.REFUSED
    assert may(house, phone) is may(house, post) is Verdict.REFUSED
    found = {(channel, reason) for channel, reason, _, _ in house.suppressions()}
    assert found == {("email", "opt_out"), ("sms", "opt_out"), ("post", "opt_out"), ("email", "no_sharing")}


def test_an_objection_made_elsewhere_stays(client: FlaskClient, house: House, path: str, family: list[Point]) -> None:
    """E18: a code to the mailbox takes nothing back that was said by phone, and the page says so."""
    stop(house, family[1], Reason.OBJECTION)
    page = opened(client, house, path)
    assert entries(page) == {}
    answer = save(client, path, page, topic="acme/offers")
    assert "Acme Offers: your yes is on record, but something else still stands against it" in answer.text
    assert may(house, family[0]) is Verdict.REFUSED


def test_taking_back_what_was_stopped_long_ago(
    client: FlaskClient, house: House, path: str, family: list[Point]
) -> None:
    """E18: after the half hour of the undo it takes a code; the other contact points stay as they are."""
    email, phone, _ = family
    stop(house, email, Reason.OBJECTION)
    stop(house, email, scope=Scope.brand("beta"))
    house.clock.move(days=40)
    page = opened(client, house, path)
    told = entries(page)
    assert sorted(told.values()) == [
        (
            "All marketing by email, text and post, stopped on November 23, 2026. It is taken back for this one alone; "
            "your other addresses and numbers stay as they are."
        ),
        "All marketing email from Beta, stopped on November 23, 2026",
    ]
    number = next(number for number, said in told.items() if said.startswith("All"))
    answer = save(client, path, page, entry=number)
    assert "Taken back: All marketing" in answer.text
    assert may(house, email) is Verdict.CLEARED
    assert may(house, email, "beta") is Verdict.REFUSED
    assert may(house, phone) is Verdict.REFUSED
    assert house.ledger().count("lift") == 2


def test_an_older_opt_out_is_not_taken_back_with_an_objection(
    client: FlaskClient, house: House, path: str, jane: Point
) -> None:
    """E13: each thing that was stopped is ticked for itself."""
    stop(house, jane)
    stop(house, jane, Reason.OBJECTION)
    page = opened(client, house, path)
    number = next(number for number, said in entries(page).items() if "text and post" in said)
    save(client, path, page, entry=number)
    assert may(house, jane) is Verdict.REFUSED


def test_what_was_stopped_after_the_page_was_shown_stays(
    client: FlaskClient, house: House, path: str, jane: Point
) -> None:
    """E13, X2: a stale page never lifts a newer STOP, neither a new one nor the same said again."""
    stop(house, jane)
    page = opened(client, house, path)
    house.clock.move(minutes=5)
    stop(house, jane)
    stop(house, jane, scope=Scope.topic("acme", "news"))
    answer = save(client, path, page, topic=["acme/offers", "acme/news"], entry=list(entries(page)))
    assert answer.text.count("it was stopped after this page was opened") == 2
    assert may(house, jane) is may(house, jane, topic="news") is Verdict.REFUSED
    assert consents(house) == []


def test_only_ones_own_entries_are_taken_back(client: FlaskClient, house: House, path: str) -> None:
    """E18: a number of somebody else's entry does nothing."""
    bob = house.know((Channel.EMAIL, "bob@example.com"))[0]
    stop(house, bob)
    page = opened(client, house, path)
    assert "Nothing changed" in save(client, path, page, entry=["1", "2", "x"]).text
    assert house.scopes() == ["all"]


def test_other_words_than_shown_are_not_agreed_to(client: FlaskClient, house: House, path: str, jane: Point) -> None:
    """S9, G6: what a consent keeps is what was read."""
    stop(house, jane)
    page = opened(client, house, path)
    fields = {"proof": field(page, "proof"), "topic": "acme/offers", "version": "acme opt-in-1-000000000000"}
    answer = client.post(f"{path}/verified/save", data=fields)
    assert answer.status_code == 422
    assert "the words beside the boxes have changed meanwhile" in answer.text
    assert consents(house) == []


def test_a_brand_may_want_a_confirmation_first(client: FlaskClient, house: House, path: str, jane: Point) -> None:
    """G6: then nothing counts before the mail was answered, and the page says so."""
    with house.wiring.database.write() as session:
        session.get_one(Brand, house.brands["acme"].id).double_opt_in = True
        session.commit()
    stop(house, jane)
    answer = save(client, path, opened(client, house, path), topic="acme/offers")
    assert "One step is left" in answer.text
    assert may(house, jane) is Verdict.REFUSED
    with house.wiring.database.read() as session:
        assert [row.topics for row in session.scalars(select(PendingConsent))] == [["offers"]]


def test_ending_a_break_and_loosening_a_limit(client: FlaskClient, house: House, path: str, jane: Point) -> None:
    """E18: a link makes both only stricter; with a code they end."""
    client.post(path, data=dict(sent(client.get(path).text)) | {"pause": "30", "frequency": "monthly"})
    house.clock.move(days=1)
    page = opened(client, house, path)
    assert "End it now and not on December 24, 2026" in page
    answer = save(client, path, page, pause="end", frequency="weekly")
    assert "The break has ended" in answer.text
    with house.wiring.database.read() as session:
        assert pausing.paused_until(session, jane, at=house.clock()) is None
        assert frequency.limit_of(session, jane) is Limit.WEEKLY
        phone = house.wiring.points.phone(PHONE)
        assert pausing.paused_until(session, phone, at=house.clock()) is not None
        assert frequency.limit_of(session, phone) is Limit.MONTHLY


def test_doing_it_twice_changes_nothing_more(client: FlaskClient, house: House, path: str, jane: Point) -> None:
    """E13: the page may be sent again."""
    stop(house, jane)
    page = opened(client, house, path)
    number = next(iter(entries(page)))
    save(client, path, page, entry=number)
    told = house.ledger()
    assert "Nothing changed" in save(client, path, page, entry=number).text
    assert house.ledger() == told


def test_texts_are_turned_on_by_a_code_to_the_phone(
    client: FlaskClient, house: House, path: str, family: list[Point]
) -> None:
    """S9, S11, E18: in writing, with the words that texts need; the mailbox's link sees nothing of it but the mask."""
    _email, phone, _post = family
    with house.wiring.database.write() as session:
        kind = MessageType(
            slug="codes",
            name="Codes",
            message_class="service",
            channel="sms",
            brand_id=house.brands["acme"].id,
            sender="+14155550190",
            fallbacks=[],
            approved_by="a colleague",
            created_at=START,
        )
        session.add(kind)
        session.commit()
    stop(house, phone, scope=Scope.sender("+14155550199"))
    asked = client.post(f"{path}/code", data={"point": phone.digest.hex()[:12]}).text
    assert "the number ending in 0100" in asked
    fields = {"uid": field(asked, "uid"), "point": field(asked, "point"), "code": code_sent(house, PHONE)}
    page = client.post(f"{path}/verify", data=fields).text
    assert PHONE in page
    assert EMAIL not in page
    assert "Texts from +14155550199 were stopped by STOP: reply START to that number" in page
    assert entries(page) == {}
    answer = save(client, path, page, topic="acme/offers")
    assert "Acme Offers: your yes is on record, but something else still stands against it" in answer.text
    (record,) = consents(house)
    assert (record.channel, record.basis) == ("sms", "express_written")
    assert "Reply STOP to end them" in record.wording
    assert may(house, phone, topic="news") is Verdict.REFUSED


def test_after_a_correction_the_old_page_is_closed(client: FlaskClient, house: House, path: str) -> None:
    """G15: what is no longer theirs cannot be turned on any more."""
    page = opened(client, house, path)
    corrected(client, house, path, page)
    assert save(client, path, page, topic="acme/offers").status_code == 403
    assert client.post(f"{path}/code").status_code == 409


# Taking along, deletion


def test_all_of_it_can_be_taken_along(client: FlaskClient, house: House, path: str, jane: Point) -> None:
    """G1: as JSON, with what stands and what happened; without staff, networks, and other contact points."""
    stop(house, jane, scope=Scope.brand("acme"))
    page = opened(client, house, path)
    answer = client.post(f"{path}/verified/download", data={"proof": field(page, "proof")})
    assert answer.headers["Content-Disposition"] == 'attachment; filename="what-we-hold.json"'
    told = json.loads(answer.text)
    assert (told["address"], told["in_force"][0]["scope"]) == (EMAIL, "brand:acme")
    assert [each["what"] for each in told["history"]] == ["verified", "code_sent", "suppress"]
    for other in (PHONE, "127.0.0.1", "subject", "user_agent", "Main St"):
        assert other not in answer.text


def test_what_staff_did_names_nobody(client: FlaskClient, house: House, path: str, jane: Point) -> None:
    """X8: an operator's name and note are theirs."""
    with house.wiring.database.write() as session:
        opt_out = OptOut(Reason.OPT_OUT, Scope.everything(), Source.OPERATOR)
        who = Evidence("ann@acme.example", {"note": "called, was angry"})
        optouts.record(session, house.wiring.points, jane, opt_out, who, at=START)
    page = opened(client, house, path)
    download = client.post(f"{path}/verified/download", data={"proof": field(page, "proof")}).text
    assert "entered by our staff" in page
    assert '"by": "staff"' in download
    for shown in (page, download):
        assert "ann@" not in shown
        assert "angry" not in shown


def test_deletion_is_asked_for_once(client: FlaskClient, house: House, path: str) -> None:
    """G3, G13: with the day it is due, told again whenever it is asked."""
    page = opened(client, house, path)
    first = client.post(f"{path}/verified/deletion", data={"proof": field(page, "proof")})
    assert "We answer by December 23, 2026 at the latest." in first.text
    assert "Nothing is deleted yet." in first.text
    house.clock.move(minutes=10)
    again = client.post(f"{path}/verified/deletion", data={"proof": field(page, "proof")})
    assert "You asked for it on November 23, 2026 already." in again.text
    assert house.ledger().count("deletion_requested") == 1
    assert (
        "We answer by December 23, 2026" in client.post(f"{path}/verified", data={"proof": field(page, "proof")}).text
    )


# Correcting


def correct(client: FlaskClient, path: str, page: str, new: str = NEW) -> TestResponse:
    return client.post(f"{path}/verified/correct", data={"proof": field(page, "proof"), "new": new})


def corrected(client: FlaskClient, house: House, path: str, page: str, **changed: str) -> TestResponse:
    asked = correct(client, path, page).text
    fields = {"proof": field(asked, "proof"), "ticket": field(asked, "ticket"), "code": code_sent(house, NEW)}
    return client.post(f"{path}/verified/corrected", data=fields | changed)


def test_a_new_address_counts_once_its_own_code_was_entered(
    client: FlaskClient, house: House, path: str, jane: Point
) -> None:
    """G15: refusals go along, consent does not; the old one gets no more marketing."""
    stop(house, jane, scope=Scope.topic("acme", "news"))
    new = house.wiring.points.email(NEW)
    page = opened(client, house, path)
    save(client, path, page, topic="acme/news")
    stop(house, jane, scope=Scope.topic("beta", "offers"))
    asked = correct(client, path, page)
    assert "a code of six digits is on its way there" in asked.text
    assert may(house, new, "beta") is Verdict.CLEARED
    answer = corrected(client, house, path, page)
    assert f"From now on we have {NEW} of you." in answer.text
    assert may(house, new, "beta") is Verdict.REFUSED
    assert may(house, new) is Verdict.CLEARED
    assert may(house, jane) is Verdict.REFUSED
    (record,) = consents(house)
    assert (record.digest, record.withdrawn_at) == (jane.digest, house.clock())
    with house.wiring.database.read() as session:
        rows = {row.digest: row.value for row in session.scalars(select(ContactPoint)) if row.channel == "email"}
        ended = [row.ended_at for row in session.scalars(select(Subscription))]
    assert rows == {jane.digest: None, new.digest: {"address": NEW}}
    assert ended == [house.clock()]
    link = re.search(r'href="(/p/[^"]+)"', answer.text)
    assert link is not None
    assert "j•••@example.org" in client.get(link[1]).text


def test_what_binds_the_person_binds_the_new_address(
    client: FlaskClient, house: House, path: str, family: list[Point]
) -> None:
    """G15: an objection made by phone holds for the corrected mailbox, and so does do-not-share."""
    stop(house, family[1], Reason.OBJECTION)
    corrected(client, house, path, opened(client, house, path))
    assert may(house, house.wiring.points.email(NEW)) is Verdict.REFUSED


def test_a_wrong_code_corrects_nothing(client: FlaskClient, house: House, path: str, jane: Point) -> None:
    """G15: nor does a code that was sent to the old address, nor somebody else's ticket."""
    page = opened(client, house, path)
    assert corrected(client, house, path, page, code=code_sent(house, EMAIL)).status_code == 422
    assert corrected(client, house, path, page, ticket="forged").status_code == 404
    assert "corrected" not in house.ledger()


@pytest.mark.parametrize(("new", "said"), [("nonsense", "no email address"), (EMAIL.upper(), "the one that we have")])
def test_slips_are_named(client: FlaskClient, house: House, path: str, new: str, said: str) -> None:
    """U2: beside the field, with what was typed still there."""
    answer = correct(client, path, opened(client, house, path), new)
    assert answer.status_code == 422
    assert said in answer.text
    assert f'value="{new}"' in answer.text


def test_correcting_tells_nothing_of_other_addresses(client: FlaskClient, house: House, path: str) -> None:
    """X3: one that is dead on our list gets the same answer as any."""
    page = opened(client, house, path)
    dead = house.wiring.points.email("dead@example.com")
    with house.wiring.database.write() as session:
        bounce = OptOut(Reason.HARD_BOUNCE, Scope.everything(), Source.PROVIDER)
        optouts.record(session, house.wiring.points, dead, bounce, Evidence("system"), at=START)
    answers = [correct(client, path, page, address) for address in ("dead@example.com", "live@example.com")]
    bare = {re.sub(r'value="[^"]*"', "", answer.text).replace("dead@", "").replace("live@", "") for answer in answers}
    assert len(bare) == 1
    assert [answer.status_code for answer in answers] == [200, 200]


def test_a_shared_address_is_not_corrected_from_here(client: FlaskClient, house: House, path: str) -> None:
    """G15: nobody can tell whose it is."""
    page = opened(client, house, path)
    house.know((Channel.EMAIL, EMAIL))
    assert corrected(client, house, path, page).status_code == 403
    assert "corrected" not in house.ledger()
