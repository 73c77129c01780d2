"""Codes: who reads one receives there; nobody guesses it, floods with it, or uses it twice; on both databases."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from prefcenter import working
from prefcenter.core.channels import Channel, Reason, Scope, Source
from prefcenter.services import codes, gate, optouts
from prefcenter.services.codes import Asked, Purpose, Read, Request, Sent
from prefcenter.services.points import Point
from prefcenter.services.ports import Evidence
from prefcenter.services.suppressing import OptOut
from prefcenter.store.codes import ContactCode
from prefcenter.store.engine import Database
from prefcenter.store.ledger import LedgerEntry
from prefcenter.store.outbox import OutboxMessage
from prefcenter.store.registry import Brand, MessageType
from tests.houses import EMAIL, PHONE, START, House, StillClock, wiring_on

SEEN = Evidence("recipient", {"via": "/p/code"}, {"ip": "192.0.2.7", "user_agent": "A browser"})
LINK, OTHER_LINK = b"a link of theirs", b"some other link."


@pytest.fixture
def house(database: Database, tmp_path: Path) -> Iterator[House]:
    clock = StillClock()
    made = House(wiring_on(database, tmp_path, clock), clock)
    made.furnish()
    made.wiring.adopt_keys()
    with made.wiring.database.write() as session:
        row = session.get_one(Brand, made.brands["acme"].id)
        row.service_from, row.postal_address = "service@acme.example", "1 Main St\nSpringfield IL 62701"
        made.brands["acme"] = row
        for sender, kind in (("+14155550190", "marketing"), ("+14155550191", "service")):
            session.add(
                MessageType(
                    slug=f"{kind}-texts",
                    name=kind,
                    message_class=kind,
                    channel="sms",
                    brand_id=row.id,
                    sender=sender,
                    fallbacks=[],
                    approved_by="a colleague",
                    created_at=START,
                )
            )
        session.commit()
    yield made
    made.wiring.database.dispose()


@pytest.fixture
def jane(house: House) -> Point:
    return house.know((Channel.EMAIL, EMAIL), (Channel.SMS, PHONE))[0]


def phone_of(house: House) -> Point:
    return house.wiring.points.phone(PHONE)


def ask(house: House, point: Point, link: bytes = LINK, purpose: Purpose = Purpose.PROOF) -> Sent:
    request = Request(link, house.brands["acme"], purpose, "en", house.wiring.config.base_url)
    wiring = house.wiring
    with wiring.database.write() as session:
        return codes.ask(session, wiring.keyring, wiring.points, point, request, SEEN, at=house.clock())


def read(house: House, point: Point, sent: Sent, typed: str, link: bytes = LINK, **changed: Purpose) -> Read:
    purpose = changed.get("purpose", Purpose.PROOF)
    with house.wiring.database.write() as session:
        return codes.verify(
            session, house.wiring.keyring, point, sent.uid, typed, link, purpose, SEEN, at=house.clock()
        )


def messages(house: House) -> list[OutboxMessage]:
    with house.wiring.database.read() as session:
        return list(session.scalars(select(OutboxMessage).order_by(OutboxMessage.id)))


def code_in(house: House) -> str:
    """The code that the newest message carries."""
    found = re.search(r"\b(\d{6})\b", str((messages(house)[-1].content or {})["text"]))
    assert found is not None
    return found[1]


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06}"


def rows(house: House) -> list[ContactCode]:
    with house.wiring.database.read() as session:
        return list(session.scalars(select(ContactCode).order_by(ContactCode.id)))


def test_a_code_goes_out_and_proves_that_somebody_receives_there(house: House, jane: Point) -> None:
    """E18: the message is one that was asked for, and the code works once."""
    sent = ask(house, jane)
    message = messages(house)[0]
    assert (sent.asked, message.message_class, message.message_type) == (Asked.SENT, "requested", gate.CODE)
    assert (message.sender, message.requested_at) == ("service@acme.example", START)
    assert code_in(house) in str((message.content or {})["html"])
    assert code_in(house) not in str((message.content or {})["subject"])
    assert read(house, jane, sent, code_in(house)) is Read.RIGHT
    assert read(house, jane, sent, code_in(house)) is Read.OVER
    assert house.ledger() == ["code_sent", "verified"]


def test_the_message_leaves_by_the_gate(house: House, jane: Point) -> None:
    """X2: it is decided again at dispatch, also where all marketing was refused."""
    with house.wiring.database.write() as session:
        opt_out = OptOut(Reason.OBJECTION, Scope.everything(), Source.PREFERENCE_PAGE)
        optouts.record(session, house.wiring.points, jane, opt_out, SEEN, at=START)
    ask(house, jane)
    working.step(house.wiring)
    assert [message.state for message in messages(house)] == ["sent"]


def test_a_text_ends_as_phones_want_it(house: House, jane: Point) -> None:
    """E18: the last line binds the code to our site. Source: WICG, "Origin-bound one-time codes"."""
    ask(house, phone_of(house))
    lines = str((messages(house)[0].content or {})["text"]).splitlines()
    assert lines[0] == f"{code_in(house)} is your code for Acme. It works for 15 minutes. Tell it to nobody."
    assert lines[-1] == f"@127.0.0.1 #{code_in(house)}"
    assert len("\n".join(lines)) <= 160


def test_a_text_comes_from_a_number_that_was_not_stopped(house: House, jane: Point) -> None:
    """S5: a STOP blocks its sender for codes too; where every sender is blocked, that is said."""
    for sender in ("+14155550191", "+14155550190"):
        with house.wiring.database.write() as session:
            opt_out = OptOut(Reason.OPT_OUT, Scope.sender(sender), Source.SMS_KEYWORD)
            optouts.record(session, house.wiring.points, phone_of(house), opt_out, SEEN, at=START)
        asked = ask(house, phone_of(house)).asked
        assert asked is (Asked.SENT if sender == "+14155550191" else Asked.UNREACHABLE)
    assert [message.sender for message in messages(house)] == ["+14155550190"]


@pytest.mark.parametrize("reason", [Reason.HARD_BOUNCE, Reason.NO_CONTACT])
def test_where_nothing_may_be_sent_that_is_said(house: House, jane: Point, reason: Reason) -> None:
    """X1: an address that mail came back from gets no code, and nothing pretends that it does."""
    with house.wiring.database.write() as session:
        optouts.record(
            session, house.wiring.points, jane, OptOut(reason, Scope.everything(), Source.PROVIDER), SEEN, at=START
        )
    assert ask(house, jane).asked is Asked.UNREACHABLE
    assert messages(house) == []


def test_a_code_is_guessed_five_times_at_most(house: House, jane: Point) -> None:
    """E18: after that even the right one is over, and its hash is gone."""
    sent = ask(house, jane)
    bad = wrong(code_in(house))
    assert [read(house, jane, sent, bad) for _ in range(5)] == [Read.WRONG] * 4 + [Read.OVER]
    assert read(house, jane, sent, code_in(house)) is Read.OVER
    assert rows(house)[0].code_hash is None


def test_what_cannot_be_a_code_is_no_guess(house: House, jane: Point) -> None:
    """E18: a slip of the hand costs nothing, and spaces do not matter."""
    sent = ask(house, jane)
    assert [read(house, jane, sent, typed) for typed in ("", "12345", "no code", "1234567")] == [Read.WRONG] * 4
    assert rows(house)[0].tries == codes.TRIES
    code = code_in(house)
    assert read(house, jane, sent, f" {code[:3]} - {code[3:]}") is Read.RIGHT


def test_a_code_ends_after_fifteen_minutes(house: House, jane: Point) -> None:
    """E18: and a minute later its hash and its message are erased."""
    sent = ask(house, jane)
    code = code_in(house)
    working.step(house.wiring)
    house.clock.move(minutes=15)
    assert read(house, jane, sent, code) is Read.OVER
    house.clock.move(minutes=2)
    working.step(house.wiring)
    assert rows(house)[0].code_hash is None
    assert code not in str(messages(house)[0].content)
    assert codes.erase(house.wiring.database, at=house.clock()) == 0


def test_old_codes_are_deleted(house: House, jane: Point) -> None:
    """X8: a day later nothing of a code is left, and the next one is sent as ever."""
    ask(house, jane)
    house.clock.move(hours=25)
    codes.erase(house.wiring.database, at=house.clock())
    codes.erase(house.wiring.database, at=house.clock())
    assert rows(house) == []
    assert ask(house, jane).asked is Asked.SENT


def test_three_codes_an_hour_from_whichever_links(house: House, jane: Point) -> None:
    """E18: a forwarded link floods nobody."""
    links = [bytes([number]) * 16 for number in range(4)]
    assert [ask(house, jane, link).asked for link in links] == [Asked.SENT] * 3 + [Asked.TOO_MANY]
    house.clock.move(minutes=61)
    assert ask(house, jane).asked is Asked.SENT


def test_eight_codes_a_day(house: House, jane: Point) -> None:
    """E18: nor does it over a whole day."""
    sent = 0
    for number in range(20):
        sent += ask(house, jane, bytes([number]) * 16).asked is Asked.SENT
        house.clock.move(minutes=61)
    assert sent == codes.MOST_A_DAY


def test_a_link_asks_for_twelve_a_day(house: House) -> None:
    """E18: nor is it used to write to strangers."""
    asked = [ask(house, house.wiring.points.email(f"p{number}@example.com")).asked for number in range(13)]
    assert asked == [Asked.SENT] * codes.MOST_BY_LINK + [Asked.TOO_MANY]


def test_the_newest_code_of_a_link_is_the_only_one(house: House, jane: Point) -> None:
    """E18: one open code for a contact point and a link."""
    first, first_code = ask(house, jane), code_in(house)
    second, second_code = ask(house, jane), code_in(house)
    assert read(house, jane, first, first_code) is Read.OVER
    assert read(house, jane, second, second_code) is Read.RIGHT


def test_a_code_works_for_its_own_link_page_point_and_purpose(house: House, jane: Point) -> None:
    """E18: nothing that was sent for one thing opens another."""
    sent, code = ask(house, jane), code_in(house)
    stranger = house.wiring.points.email("someone@example.com")
    assert read(house, jane, sent, code, OTHER_LINK) is Read.OVER
    assert read(house, jane, replace(sent, uid=b"0" * 16), code) is Read.OVER
    assert read(house, stranger, sent, code) is Read.OVER
    assert read(house, jane, sent, code, purpose=Purpose.CORRECTION) is Read.OVER
    assert rows(house)[0].tries == codes.TRIES
    assert read(house, jane, sent, code) is Read.RIGHT


def together(count: int, act: Callable[[], object]) -> list[object]:
    """Do something in several threads at once."""
    start, found = threading.Barrier(count), list[object]()

    def run() -> None:
        start.wait()
        found.append(act())

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def test_guesses_at_once_all_count(house: House, jane: Point) -> None:
    """E18: nobody guesses more often by guessing side by side."""
    sent = ask(house, jane)
    bad = wrong(code_in(house))
    found = together(8, lambda: read(house, jane, sent, bad))
    assert sorted(str(each) for each in found) == ["over"] * 4 + ["wrong"] * 4


def test_a_right_code_typed_twice_at_once_works_once(house: House, jane: Point) -> None:
    """E18: whoever was first has it."""
    sent, code = ask(house, jane), code_in(house)
    found = together(4, lambda: read(house, jane, sent, code))
    assert sorted(str(each) for each in found) == ["over"] * 3 + ["right"]


def test_asking_at_once_sends_three(house: House, jane: Point) -> None:
    """E18: the limit holds where several ask at the same moment."""
    found = together(6, lambda: ask(house, jane).asked)
    assert found.count(Asked.SENT) == len(messages(house)) == codes.MOST_AN_HOUR


def test_no_code_lies_readable_in_the_list_or_the_ledger(house: House, jane: Point) -> None:
    """X8: only a keyed hash, which nobody without the key can try codes against."""
    ask(house, jane)
    code = code_in(house)
    with house.wiring.database.read() as session:
        told = [str(entry.facts) for entry in session.scalars(select(LedgerEntry))]
    row = rows(house)[0]
    assert row.code_hash is not None
    assert code.encode() not in row.code_hash
    assert not any(code in text for text in told)
