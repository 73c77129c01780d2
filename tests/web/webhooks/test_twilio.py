"""Texts that people send us, through the whole application (S1 to S7)."""

from __future__ import annotations

from datetime import timedelta
from threading import Barrier, Thread
from typing import Any

import pytest

from prefcenter.core.channels import Channel
from prefcenter.services.deciding import decide_all, question_about_type
from prefcenter.store.consents import ConsentRecord
from prefcenter.store.inbound import InboundMessage
from prefcenter.store.ledger import LedgerEntry
from prefcenter.store.outbox import OutboxMessage, SandboxMessage
from prefcenter.store.reviews import Review
from prefcenter.store.suppressions import Suppression

EMPTY = b'<?xml version="1.0" encoding="UTF-8"?><Response/>'


def _verdict(house: Any, message_type: str, number: str = "+14155550100") -> str:
    with house.wiring.database.read() as session:
        question = question_about_type(session, message_type)
        point = house.wiring.points.phone(number)
        return str(decide_all(session, house.wiring.keyring, question, [point], at=house.clock())[0].verdict)


def _in_force(house: Any) -> list[str]:
    return [row.scope for row in house.rows(Suppression) if row.ended_at is None]


def test_a_stop_that_twilio_answered_is_recorded_and_not_answered_again(house: Any) -> None:
    """S4, S5: one entry for the sender, an empty response."""
    answer = house.text("stop.form")
    assert (answer.status_code, answer.data) == (200, EMPTY)
    assert answer.content_type.startswith("text/xml")
    assert _in_force(house) == ["sender:+14155550199"]
    assert house.rows(OutboxMessage) == []
    assert house.rows(SandboxMessage) == []


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_stop_ends_everything_from_that_sender_and_all_marketing(house: Any) -> None:
    """S5: service texts of the sender end too, marketing of every sender ends, service of others goes on."""
    house.text("stop.form")
    assert _verdict(house, "alerts") == "refused"
    assert _verdict(house, "offers") == "refused"
    assert _verdict(house, "news") == "refused"
    assert _verdict(house, "alerts", "+14155550123") == "cleared"


def test_what_only_we_understood_is_confirmed_once(house: Any) -> None:
    """S2, S4: suppressed at once, one confirmation without marketing, a review since it is a guess."""
    answer = house.text("stop-please.form")
    assert answer.data.count(b"<Message>") == 1
    assert b"Acme: You are unsubscribed." in answer.data
    [entry] = house.rows(Suppression)
    assert (entry.source, entry.is_own_act) == ("sms_text", False)
    [review] = house.rows(Review)
    assert (review.kind, review.suppression_id) == ("sms_stop_guess", entry.id)
    [message] = house.rows(OutboxMessage)
    assert (message.state, message.message_class, message.message_type) == ("sent", "requested", "stop-confirmation")
    [shown] = house.rows(SandboxMessage)
    assert (shown.to, shown.message_class) == ("+14155550100", "requested")
    assert shown.text.encode() in answer.data
    assert [entry.kind for entry in house.rows(LedgerEntry)] == ["suppress", "send"]


def test_the_same_text_again_gets_the_same_answer_and_changes_nothing(house: Any) -> None:
    """X5: a repeated MessageSid gets the same TwiML; one entry, one confirmation."""
    first, second = house.text("opt-out-words.form"), house.text("opt-out-words.form")
    assert first.data == second.data
    assert b"<Message>" in first.data
    assert len(house.rows(Suppression)) == len(house.rows(SandboxMessage)) == len(house.rows(InboundMessage)) == 1


def test_a_second_stop_is_not_confirmed_again(house: Any) -> None:
    """S4: exactly one confirmation text."""
    assert b"<Message>" in house.text("opt out").data
    assert house.text("please stop texting me").data == EMPTY
    assert len(house.rows(SandboxMessage)) == 1


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_confirmation_that_would_be_late_is_not_sent(house: Any) -> None:
    """S4: a retry after five minutes does not bring the confirmation."""
    house.text("opt-out-words.form")
    house.clock.at += timedelta(minutes=6)
    assert house.text("opt-out-words.form").data == EMPTY


def test_a_stop_to_an_unknown_number_counts_for_every_sender(house: Any) -> None:
    """S5: we cannot tell which sender was meant, so all are; START to the same number lifts it (S6)."""
    house.text("STOP", To="+14155550777")
    assert _in_force(house) == ["every_sender:+14155550777"]
    assert _verdict(house, "alerts") == "refused"
    house.text("START", To="+14155550777")
    assert _in_force(house) == []
    assert _verdict(house, "alerts") == "cleared"


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_stop_through_a_messaging_service_names_every_known_sender(house: Any) -> None:
    """S5: number and Messaging Service are both senders of ours, so both end."""
    house.text("stop-to-service.form")
    assert _in_force(house) == ["sender:MG00000000000000000000000000000001", "sender:+14155550199"]


def test_start_lifts_the_stop_of_that_sender_only_and_is_consent(house: Any) -> None:
    """S6: the other sender's STOP stays; the lift is recorded as consent to this sender with its words."""
    house.text("STOP")
    house.text("STOP", To="+14155550777")
    house.text("Start")
    assert _in_force(house) == ["every_sender:+14155550777"]
    [consent] = house.rows(ConsentRecord)
    assert (consent.scope, consent.basis, consent.wording) == ("sender:+14155550199", "express_written", "Start")
    kinds = [entry.kind for entry in house.rows(LedgerEntry)]
    assert kinds == ["suppress", "suppress", "lift", "consent"]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_start_grants_marketing_from_that_sender_only(house: Any) -> None:
    """S6, S11: afterwards its marketing is cleared, another sender's still lacks consent."""
    house.text("STOP")
    house.text("START")
    assert _verdict(house, "offers") == "cleared"
    assert _verdict(house, "news") == "refused"


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize("word", ["YES", "yes", "y", "ok"])
def test_a_bare_yes_never_grants(house: Any, word: str) -> None:
    """S6: although Twilio reads YES as START."""
    house.text("STOP")
    house.text(word)
    assert _in_force(house) == ["sender:+14155550199"]
    assert house.rows(ConsentRecord) == []


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_start_without_a_stop_grants_nothing(house: Any) -> None:
    """S6, S11: only a lift is recorded as consent."""
    house.text("START")
    assert house.rows(ConsentRecord) == []
    assert [row.outcome for row in house.rows(InboundMessage)] == ["ignored"]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_start_does_not_lift_what_was_said_elsewhere(house: Any) -> None:
    """E13: an opt-out of all texts by web is not the STOP of that sender."""
    from prefcenter.core.channels import Reason, Scope, Source
    from prefcenter.services import optouts
    from prefcenter.services.ports import Evidence
    from prefcenter.services.suppressing import OptOut

    with house.wiring.database.write() as session:
        opt_out = OptOut(Reason.OPT_OUT, Scope.everything(), Source.PREFERENCE_PAGE)
        point = house.wiring.points.phone("+14155550100")
        optouts.record(session, house.wiring.points, point, opt_out, Evidence("recipient"), at=house.clock())
    house.text("STOP")
    house.text("START")
    assert _in_force(house) == ["all"]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_help_on_a_short_code_is_answered_by_us_even_after_a_stop(house: Any) -> None:
    """S3, S7: brand, contact, how to stop, and STOP is not said to be the only way."""
    house.text("STOP", To="55501")
    answer = house.text("help-on-short-code.form").data.decode()
    assert "<Message>Acme: Questions? help@acme.example" in answer
    assert "STOP" in answer
    assert "or tell us in any other way" in answer
    assert f"{house.config.base_url}/help/sms" in answer


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_help_that_twilio_answers_is_not_answered_again(house: Any) -> None:
    """S7: Twilio's default keywords hold HELP and INFO."""
    assert house.text("INFO").data == EMPTY
    assert house.rows(SandboxMessage) == []


def test_account_narrows_a_stop_to_marketing(house: Any) -> None:
    """S5: within a day, the person keeps account alerts; all marketing has ended."""
    confirmation = house.text("opt out").data
    assert b"To keep only account alerts, reply ACCOUNT." in confirmation
    house.clock.at += timedelta(hours=2)
    assert house.text("Account").data == EMPTY
    assert _in_force(house) == ["all"]
    assert _verdict(house, "alerts") == "cleared"
    assert _verdict(house, "offers") == "refused"


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_start_also_lifts_a_narrowed_stop(house: Any) -> None:
    """S6: what ACCOUNT left of the STOP is still the STOP of that sender."""
    for words in ("opt out", "ACCOUNT", "START"):
        house.text(words)
    assert _in_force(house) == []
    assert [consent.scope for consent in house.rows(ConsentRecord)] == ["sender:+14155550199"]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize("later", [timedelta(hours=25), None])
def test_account_without_a_recent_stop_goes_to_a_person(house: Any, later: timedelta | None) -> None:
    """S5: it narrows nothing then."""
    if later is not None:
        house.text("STOP")
        house.clock.at += later
    house.text("ACCOUNT")
    assert [review.kind for review in house.rows(Review)] == ["sms"]
    assert _in_force(house) == (["sender:+14155550199"] if later else [])


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("name", "outcome", "reviews"),
    [
        ("question.form", "review", 1),
        ("picture-only.form", "review", 1),
        ("from-a-name.form", "ignored", 0),
        ("japanese-stop.form", "recorded", 0),
    ],
)
def test_every_text_is_kept_with_its_outcome(house: Any, name: str, outcome: str, reviews: int) -> None:
    """P2, S1: nothing is discarded, whatever it is."""
    assert house.text(name).status_code == 200
    [row] = house.rows(InboundMessage)
    assert (row.state, row.outcome) == ("handled", outcome)
    assert len(house.rows(Review)) == reviews


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_an_empty_text_is_ignored_and_kept(house: Any) -> None:
    """P2: there is nothing in it for a person."""
    assert house.text(" \u200b").data == EMPTY
    assert [row.outcome for row in house.rows(InboundMessage)] == ["ignored"]


@pytest.mark.parametrize("body", ["a\x00b", "\x00", "STOP\x00", "x" * 200_000])
def test_hostile_bodies_do_no_harm(house: Any, body: str) -> None:
    """X5: kept and answered 200, on both databases."""
    answer = house.text(body)
    assert answer.status_code == 200
    assert len(house.rows(InboundMessage)) == 1


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_text_without_a_message_sid_is_still_obeyed(house: Any) -> None:
    """X5: a stop is a stop; its content names it."""
    for _ in range(2):
        house.text("opt out", MessageSid="")
    assert _in_force(house) == ["sender:+14155550199"]
    assert len(house.rows(SandboxMessage)) == 1


def test_two_stops_at_once_leave_one_entry_and_one_confirmation(house: Any) -> None:
    """S4: two webhooks in two threads, of different messages."""
    start = Barrier(2)
    answers = []

    def send(sid: str) -> None:
        start.wait()
        answers.append(house.text("opt out", MessageSid=sid))

    threads = [Thread(target=send, args=(f"SM{number:032x}",)) for number in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [answer.status_code for answer in answers] == [200, 200]
    assert sum(b"<Message>" in answer.data for answer in answers) == 1
    assert len(house.rows(Suppression)) == len(house.rows(SandboxMessage)) == 1


def test_the_same_stop_twice_at_once_gets_one_answer(house: Any) -> None:
    """X5: two deliveries of one message in two threads get the same TwiML."""
    start = Barrier(2)
    answers = []

    def send() -> None:
        start.wait()
        answers.append(house.text("opt-out-words.form").data)

    threads = [Thread(target=send) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(answers)) == 1
    assert b"<Message>" in answers[0]
    assert len(house.rows(SandboxMessage)) == 1


def test_queued_texts_to_the_number_die(house: Any) -> None:
    """X2: what was queued before the STOP is refused at dispatch, and nothing leaves."""
    from prefcenter.core.channels import MessageClass
    from prefcenter.services import dispatching, outgoing

    wiring = house.wiring
    with wiring.database.write() as session:
        draft = outgoing.Draft(
            channel=Channel.SMS,
            message_class=MessageClass.SERVICE,
            message_type="alerts",
            point=wiring.points.phone("+14155550100"),
            text="Your balance",
            send_at=house.clock() + timedelta(days=2),
        )
        outgoing.queue(session, draft, at=house.clock())
        session.commit()
    house.text("stop.form")
    house.clock.at += timedelta(seconds=1)
    states = dispatching.dispatch_due(wiring.database, wiring.keyring, wiring.points, wiring.senders, house.clock)
    assert states == {"refused": 1}
    assert house.rows(SandboxMessage) == []
    [message] = house.rows(OutboxMessage)
    assert message.why == ["opt_out sender:+14155550199"]
