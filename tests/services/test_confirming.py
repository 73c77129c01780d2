"""Double opt-in: nothing counts before the address itself said yes, and then exactly what was ticked."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import func, select

from prefcenter import working
from prefcenter.core.channels import Channel, MessageClass, Reason, Scope, Source
from prefcenter.core.decision import Decision
from prefcenter.core.errors import BadInput
from prefcenter.core.hashed import read_hashed
from prefcenter.core.tokens import Purpose
from prefcenter.services import confirming, optouts, sealing
from prefcenter.services.confirming import Confirmed, Outcome, Ticked
from prefcenter.services.deciding import decide_all, question_about_class
from prefcenter.services.errors import NotReady
from prefcenter.services.opting_in import Wording
from prefcenter.services.points import Point
from prefcenter.services.ports import Evidence
from prefcenter.services.suppressing import OptOut
from prefcenter.store.consents import ConsentRecord, Subscription
from prefcenter.store.engine import Database
from prefcenter.store.ledger import LedgerEntry
from prefcenter.store.outbox import OutboxMessage
from prefcenter.store.pending_consents import PendingConsent
from prefcenter.store.registry import Brand, Topic
from prefcenter.wiring import wire
from tests.conftest import PEPPER
from tests.houses import EMAIL, House, StillClock, wiring_on

SEEN = Evidence("recipient", {"via": "/s"}, {"ip": "192.0.2.7", "user_agent": "A browser"})
PRESSED = Evidence("recipient", {"via": "/s/confirm"}, {"ip": "192.0.2.8", "user_agent": "A phone"})
WORDS = Wording("Send me Offers from Acme by email. I am 13 or older.", "sign-up-1", "en")


@pytest.fixture
def house(database: Database, tmp_path: Path) -> Iterator[House]:
    clock = StillClock()
    made = House(wiring_on(database, tmp_path, clock), clock)
    made.furnish()
    made.wiring.adopt_keys()
    with made.wiring.database.write() as session:
        for slug, brand in made.brands.items():
            row = session.get_one(Brand, brand.id)
            row.service_from, row.postal_address = f"service@{slug}.example", "1 Main St\nSpringfield IL 62701"
            made.brands[slug] = row
        session.commit()
    yield made
    made.wiring.database.dispose()


def ask(house: House, *topics: str, address: str = EMAIL) -> Point:
    """Tick topics of Acme for an address."""
    point = house.wiring.points.email(address)
    with house.wiring.database.write() as session:
        told = Ticked(
            session.get_one(Brand, house.brands["acme"].id),
            [session.get_one(Topic, house.topics[f"acme/{topic}"].id) for topic in topics],
            Source.SIGN_UP,
            WORDS,
            {"age": "I am 13 or older"},
        )
        confirming.request_confirmation(session, house.wiring.links, point, told, SEEN, at=house.clock())
        session.commit()
    return point


def mails(house: House) -> list[OutboxMessage]:
    with house.wiring.database.read() as session:
        return list(session.scalars(select(OutboxMessage).order_by(OutboxMessage.id)))


def uid_of(house: House, mail: OutboxMessage) -> bytes:
    """What the link in a mail names."""
    text = str((mail.content or {})["text"])
    link = next(line for line in text.splitlines() if "/s/confirm/" in line)
    token = house.wiring.keyring.signing.read(link.rpartition("/")[2])
    assert token is not None
    assert token.purpose is Purpose.CONFIRMATION
    return token.digest


def press(house: House, uid: bytes) -> Confirmed:
    with house.wiring.database.write() as session:
        return confirming.confirm(session, house.wiring.keyring, house.wiring.points, uid, PRESSED, at=house.clock())


def stop(house: House, point: Point, scope: Scope, reason: Reason = Reason.OPT_OUT) -> None:
    with house.wiring.database.write() as session:
        optouts.record(
            session,
            house.wiring.points,
            point,
            OptOut(reason, scope, Source.PREFERENCE_PAGE),
            PRESSED,
            at=house.clock(),
        )


def decided(house: House, point: Point, brand: str | None, topic: str | None = None) -> Decision:
    with house.wiring.database.read() as session:
        question = question_about_class(session, MessageClass.MARKETING, brand=brand, topic=topic)
        question = replace(question, leaves_now=False)
        return decide_all(session, house.wiring.keyring, question, [point], at=house.clock())[0]


def clear(house: House, point: Point, brand: str | None, topic: str | None = None) -> bool:
    return decided(house, point, brand, topic).verdict.value == "cleared"


def count(house: House, model: type) -> int:
    with house.wiring.database.read() as session:
        return session.scalar(select(func.count()).select_from(model)) or 0


def slugs(topics: object) -> list[str]:
    assert isinstance(topics, list | tuple)
    return [topic.slug for topic in topics]


def test_nothing_counts_before_the_address_said_yes(house: House) -> None:
    """G6: the mail asks, names what was ticked, and carries no marketing header; no consent, no contact, no entry."""
    point = ask(house, "offers")
    assert (count(house, ConsentRecord), count(house, Subscription), house.ledger()) == (0, 0, [])
    [mail] = mails(house)
    content = mail.content or {}
    assert (mail.message_class, mail.message_type, mail.sender) == (
        "requested",
        "opt-in-confirmation",
        "service@acme.example",
    )
    assert content["subject"] == "Please confirm: email from Acme"
    assert "Offers: Deals, about once a week." in content["text"]
    assert "List-Unsubscribe" not in content["headers"]
    assert "62701" in content["text"]
    assert "/s/confirm/" in content["html"]
    with house.wiring.database.read() as session:
        looked = confirming.look(
            session, house.wiring.keyring, house.wiring.points, uid_of(house, mail), at=house.clock()
        )
    assert (looked.outcome, slugs(looked.topics), looked.masked) == (Outcome.WAITS, ["offers"], point.masked)


def test_the_yes_counts_with_the_evidence_of_both_steps(house: House) -> None:
    """S9, G6: the words, their version and language; when, where and from which address it was asked and confirmed."""
    point = ask(house, "offers")
    house.clock.move(hours=2)
    told = press(house, uid_of(house, mails(house)[0]))
    assert (told.outcome, slugs(told.on), list(told.held_back)) == (Outcome.CONFIRMED, ["offers"], [])
    with house.wiring.database.read() as session:
        [consent] = session.scalars(select(ConsentRecord))
        [entry] = session.scalars(select(LedgerEntry).where(LedgerEntry.kind == "consent"))
        pending = session.scalars(select(PendingConsent)).one()
    assert (consent.scope, consent.basis, consent.source) == ("topic:acme/offers", "express_written", "sign_up")
    assert (consent.wording, consent.wording_version, consent.language) == (WORDS.text, WORDS.version, "en")
    assert consent.since == consent.confirmed_at == house.clock()
    asked, confirmed = (consent.evidence or {})["asked"], (consent.evidence or {})["confirmed"]
    assert (asked["ip"], asked["via"], asked["age"]) == ("192.0.2.7", "/s", "I am 13 or older")
    assert (confirmed["ip"], confirmed["via"]) == ("192.0.2.8", "/s/confirm")
    assert entry.facts["consent"] == consent.id
    assert EMAIL not in str(entry.facts)
    assert (pending.wording, pending.evidence) == ("", None)
    assert count(house, Subscription) == 1
    assert clear(house, point, "acme", "offers")


def test_a_second_press_says_that_it_is_confirmed_and_turns_nothing_on_again(house: House) -> None:
    """E13: what was ended after it stays ended, however often the old link is pressed."""
    point = ask(house, "offers")
    uid = uid_of(house, mails(house)[0])
    press(house, uid)
    house.clock.move(days=1)
    assert press(house, uid).outcome is Outcome.BEFORE
    stop(house, point, Scope.topic("acme", "offers"))
    house.clock.move(days=90)
    told = press(house, uid)
    assert (told.outcome, list(told.on), slugs(told.held_back)) == (Outcome.BEFORE, [], ["offers"])
    assert not clear(house, point, "acme", "offers")
    assert count(house, ConsentRecord) == 1


@pytest.mark.parametrize("scope", [Scope.everything(), Scope.brand("acme"), Scope.topic("acme", "offers")])
def test_it_takes_back_exactly_what_was_ticked(house: House, scope: Scope) -> None:
    """E13: of a wider opt-out everything else stays refused, what does not exist yet as well."""
    point = house.wiring.points.email(EMAIL)
    stop(house, point, scope)
    house.clock.move(days=3)
    before = {what: clear(house, point, *what) for what in _KINDS}
    ask(house, "offers")
    told = press(house, uid_of(house, mails(house)[0]))
    assert slugs(told.on) == ["offers"]
    after = {what: clear(house, point, *what) for what in _KINDS}
    assert after == before | {("acme", "offers"): True}
    house.clock.move(days=1)
    stop(house, point, scope)
    assert {what: clear(house, point, *what) for what in _KINDS} == before


_KINDS: list[tuple[str | None, str | None]] = [
    ("acme", "offers"),
    ("acme", "news"),
    ("acme", None),
    ("beta", "offers"),
    (None, None),
]


def test_two_topics_one_after_the_other_are_both_spared(house: House) -> None:
    """E13: a second sign-up takes its topic out of what is left, not the first one back in."""
    point = house.wiring.points.email(EMAIL)
    stop(house, point, Scope.everything())
    since = house.clock()
    for topic in ("offers", "news"):
        house.clock.move(days=1)
        ask(house, topic)
        press(house, uid_of(house, mails(house)[-1]))
    assert house.scopes() == ["all_but:acme/news,acme/offers"]
    assert [clear(house, point, *what) for what in _KINDS] == [True, True, False, False, False]
    refused = decided(house, point, "beta", "offers").reasons[0]
    assert (refused.since, refused.source) == (since, Source.PREFERENCE_PAGE)


@pytest.mark.parametrize("scope", [Scope.everything(), Scope.brand("acme"), Scope.topic("acme", "offers")])
@pytest.mark.parametrize("stood_before", [True, False])
def test_a_stop_that_is_newer_than_the_ticks_is_not_lifted(house: House, scope: Scope, stood_before: bool) -> None:
    """E13, X10: the newer word holds, also where it only said once more what stood already; the page tells so."""
    point = house.wiring.points.email(EMAIL)
    if stood_before:
        stop(house, point, scope)
        house.clock.move(days=2)
    ask(house, "offers")
    house.clock.move(hours=3)
    stop(house, point, scope)
    house.clock.move(hours=3)
    told = press(house, uid_of(house, mails(house)[0]))
    assert (slugs(told.ended_since), list(told.on)) == (["offers"], [])
    assert not clear(house, point, "acme", "offers")
    assert count(house, ConsentRecord) == 0


def test_a_newer_stop_of_one_topic_leaves_the_other_one_its_yes(house: House) -> None:
    point = ask(house, "offers", "news")
    house.clock.move(hours=1)
    stop(house, point, Scope.topic("acme", "offers"))
    told = press(house, uid_of(house, mails(house)[0]))
    assert (slugs(told.ended_since), slugs(told.on)) == (["offers"], ["news"])


@pytest.mark.parametrize("reason", [Reason.OBJECTION, Reason.MINOR, Reason.NO_CONTACT])
def test_what_binds_the_person_stays_and_the_page_does_not_say_done(house: House, reason: Reason) -> None:
    """G8, U3: a yes to a topic lifts no objection, and nothing of a child's."""
    point = ask(house, "offers")
    stop(house, point, Scope.everything(), reason)
    told = press(house, uid_of(house, mails(house)[0]))
    assert (list(told.on), slugs(told.held_back)) == ([], ["offers"])
    assert not clear(house, point, "acme", "offers")


def test_no_mail_goes_to_a_known_child_and_one_goes_to_whoever_only_unsubscribed(house: House) -> None:
    """G8, G5: the gate decides the mail like any other that was asked for."""
    child, adult = house.wiring.points.email("kid@example.com"), house.wiring.points.email(EMAIL)
    stop(house, child, Scope.everything(), Reason.MINOR)
    stop(house, adult, Scope.everything())
    ask(house, "offers", address="kid@example.com")
    ask(house, "offers")
    working.send_due(house.wiring)
    assert [mail.state for mail in mails(house)] == ["refused", "sent"]


def test_an_address_is_asked_three_times_a_day_and_six_times_a_month_while_it_does_not_answer(house: House) -> None:
    """X4: whoever types somebody else's address cannot bury them in mail."""
    for _ in range(5):
        ask(house, "offers")
        house.clock.move(minutes=1)
    assert len(mails(house)) == confirming.MOST_A_DAY == count(house, PendingConsent)
    for _ in range(20):
        house.clock.move(hours=12)
        ask(house, "offers")
    assert len(mails(house)) == confirming.MOST_UNANSWERED
    ask(house, "offers", address="jim@example.com")
    assert len(mails(house)) == confirming.MOST_UNANSWERED + 1
    house.clock.move(days=31)
    ask(house, "offers")
    press(house, uid_of(house, mails(house)[-1]))
    for _ in range(4):
        house.clock.move(days=2)
        ask(house, "offers")
    assert len(mails(house)) == confirming.MOST_UNANSWERED + 6


def test_what_is_not_confirmed_in_time_is_forgotten(house: House) -> None:
    """S9, G6: it leaves no trace of a yes, and the old link says that it is too late."""
    point = ask(house, "offers")
    uid = uid_of(house, mails(house)[0])
    house.clock.move(days=6, hours=23)
    assert working.forget_unconfirmed(house.wiring) == 0
    house.clock.move(hours=1)
    assert press(house, uid).outcome is Outcome.EXPIRED
    assert working.forget_unconfirmed(house.wiring) == 1
    assert press(house, uid).outcome is Outcome.EXPIRED
    assert (count(house, PendingConsent), count(house, ConsentRecord)) == (0, 0)
    assert house.wiring.points.email(EMAIL) == point


def test_what_was_confirmed_is_not_forgotten(house: House) -> None:
    ask(house, "offers")
    press(house, uid_of(house, mails(house)[0]))
    house.clock.move(days=400)
    assert working.forget_unconfirmed(house.wiring) == 0
    assert count(house, ConsentRecord) == 1


def test_a_topic_that_is_gone_is_left_out_and_a_brand_that_is_gone_ends_it(house: House) -> None:
    """E6: nothing breaks, and nothing is said to be on that is no longer there."""
    ask(house, "offers", "news")
    uid = uid_of(house, mails(house)[0])
    with house.wiring.database.write() as session:
        session.get_one(Topic, house.topics["acme/offers"].id).archived_at = house.clock()
        session.commit()
    assert slugs(press(house, uid).on) == ["news"]
    ask(house, "news")
    with house.wiring.database.write() as session:
        session.get_one(Brand, house.brands["acme"].id).archived_at = house.clock()
        session.commit()
    assert press(house, uid_of(house, mails(house)[-1])).outcome is Outcome.GONE
    assert count(house, ConsentRecord) == 1


def test_two_presses_at_once_make_one_yes(house: House) -> None:
    """E3: the second one waits for the first, and finds it done."""
    ask(house, "offers")
    uid = uid_of(house, mails(house)[0])
    told: list[Outcome] = []
    threads = [threading.Thread(target=lambda: told.append(press(house, uid).outcome)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(told) == ["before", "before", "before", "confirmed"]
    assert (count(house, ConsentRecord), count(house, Subscription)) == (1, 1)


@pytest.mark.parametrize("stood_before", [True, False])
def test_a_stop_at_the_very_moment_of_the_press_always_holds(house: House, stood_before: bool) -> None:
    """E11, X2: whichever commits first, the opt-out is not lost."""
    for number in range(3):
        address = f"p{number}@example.com"
        point = house.wiring.points.email(address)
        if stood_before:
            stop(house, point, Scope.brand("acme"))
            house.clock.move(minutes=1)
        ask(house, "offers", address=address)
        uid = uid_of(house, mails(house)[-1])
        house.clock.move(minutes=1)
        acts = [
            threading.Thread(target=press, args=(house, uid)),
            threading.Thread(target=stop, args=(house, point, Scope.brand("acme"))),
        ]
        for act in acts if number % 2 else reversed(acts):
            act.start()
        for act in acts:
            act.join()
        assert not clear(house, point, "acme", "offers")


def test_many_requests_at_once_send_no_more_than_one_after_the_other_would(house: House) -> None:
    """X4: the limit holds where several come at the same moment, of which fewer may get a mail, and never more."""
    for _ in range(3):
        threads = [threading.Thread(target=lambda: ask(house, "offers")) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert 1 <= len(mails(house)) <= confirming.MOST_A_DAY
    assert len(mails(house)) == count(house, PendingConsent)


def test_a_yes_of_one_address_is_none_of_anothers(house: House) -> None:
    """G15: the consent hangs on the address that confirmed."""
    mine, other = house.know((Channel.EMAIL, EMAIL), (Channel.EMAIL, "jane@work.example"))
    stop(house, other, Scope.everything())
    ask(house, "offers")
    press(house, uid_of(house, mails(house)[0]))
    assert (clear(house, mine, "acme", "offers"), clear(house, other, "acme", "offers")) == (True, False)


def test_without_a_sender_nobody_is_asked_and_the_operator_is_told(house: House) -> None:
    with house.wiring.database.write() as session:
        session.get_one(Brand, house.brands["acme"].id).service_from = ""
        session.commit()
    with pytest.raises(NotReady, match="nobody can be asked"):
        ask(house, "offers")
    assert mails(house) == []


def test_nothing_ticked_is_nothing_asked(house: House) -> None:
    with pytest.raises(BadInput, match="Nothing was ticked"):
        ask(house)


def test_undoing_an_opt_out_takes_back_what_a_confirmation_left_of_it(house: House) -> None:
    """E18, U3: the page that took it says that what held before holds again, and so it does."""
    point = house.wiring.points.email(EMAIL)
    with house.wiring.database.write() as session:
        told = OptOut(Reason.OPT_OUT, Scope.brand("acme"), Source.UNSUBSCRIBE_PAGE)
        made = optouts.record(session, house.wiring.points, point, told, SEEN, at=house.clock())
    house.clock.move(minutes=5)
    ask(house, "offers")
    press(house, uid_of(house, mails(house)[0]))
    assert house.scopes() == ["brand_but:acme/offers"]
    with house.wiring.database.write() as session:
        optouts.undo(session, [made.suppression_id], SEEN, at=house.clock())
    assert house.suppressions() == []


def test_what_a_partners_hashed_list_brought_is_taken_back_as_exactly(house: House) -> None:
    """E13: an entry that knows only a hash of the address is found, and what is left of it binds the address."""
    key = read_hashed(f"md5:{hashlib.md5(EMAIL.encode()).hexdigest()}")
    assert key is not None
    with house.wiring.database.write() as session:
        points = house.wiring.points
        told = OptOut(Reason.OPT_OUT, Scope.everything(), Source.IMPORT)
        optouts.record(session, points, points.hashed(key), told, Evidence("ann"), at=house.clock())
    point = house.wiring.points.email(EMAIL)
    assert not clear(house, point, "acme", "offers")
    house.clock.move(days=1)
    ask(house, "offers")
    assert slugs(press(house, uid_of(house, mails(house)[0])).on) == ["offers"]
    assert [clear(house, point, *what) for what in _KINDS] == [True, False, False, False, False]
    assert house.suppressions() == [("email", "opt_out", "all_but:acme/offers", "import")]


def test_a_pepper_that_was_renewed_meanwhile_changes_nothing(house: House) -> None:
    """X12: asked under the old one and confirmed under the new one, with an opt-out under the old one."""
    point = house.wiring.points.email(EMAIL)
    stop(house, point, Scope.brand("acme"))
    house.clock.move(days=1)
    ask(house, "offers")
    uid = uid_of(house, mails(house)[0])
    renewed = replace(house.wiring.config, peppers=("a newer pepper for tests, as long", PEPPER))
    house.wiring = wire(renewed, clock=house.clock, database=house.wiring.database)
    house.wiring.adopt_keys()
    assert slugs(press(house, uid).on) == ["offers"]
    now = house.wiring.points.email(EMAIL)
    assert [clear(house, now, *what) for what in _KINDS] == [True, False, False, True, False]
    assert press(house, uid).outcome is Outcome.BEFORE


def test_the_list_agrees_with_the_ledger_afterwards(house: House) -> None:
    """X7: nothing left the list without its line."""
    point = house.wiring.points.email(EMAIL)
    stop(house, point, Scope.everything())
    house.clock.move(days=1)
    ask(house, "offers")
    press(house, uid_of(house, mails(house)[0]))
    assert house.ledger() == ["suppress", "lift", "suppress", "consent"]
    house.wiring.seal()
    with house.wiring.database.read() as session:
        assert sealing.verify(session, house.wiring.ledger_keys).fault is None


def test_a_name_that_was_made_up_confirms_nothing(house: House) -> None:
    """E5."""
    ask(house, "offers")
    assert press(house, bytes(16)).outcome is Outcome.EXPIRED
    assert count(house, ConsentRecord) == 0
