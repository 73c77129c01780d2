"""The sender of texts: the real SDK against the stand-in for Twilio."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from prefcenter.core.channels import Channel, MessageClass, Reason
from prefcenter.core.decision import Ask, Cleared, decide
from prefcenter.core.segments import MOST_CHARACTERS
from prefcenter.providers.stand_ins.loopback import Answer, LoopbackServer
from prefcenter.providers.stand_ins.twilio_account import TwilioAccount
from prefcenter.providers.stand_ins.twilio_fates import UNDELIVERED, Fate
from prefcenter.providers.stand_ins.twilio_server import TwilioStandIn
from prefcenter.providers.twilio_api import VALIDITY_SECONDS, TwilioSender
from prefcenter.providers.twilio_errors import REASONS
from prefcenter.services.errors import RecipientRefused, SendFailed, SendLater, SendUnknown
from prefcenter.services.ports import Held, Outgoing

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])

NOON = datetime(2026, 3, 2, 19, 0, tzinfo=UTC)
BASE_URL = "https://prefs.example.com"
SID, TOKEN = "AC00000000000000000000000000000001", "a token for tests"
SERVICE = "MG00000000000000000000000000000001"
NUMBER, TO = "+14155550199", "+14155550100"


@pytest.fixture
def account() -> TwilioAccount:
    return TwilioAccount(SID, TOKEN, lambda: NOON, {SERVICE: NUMBER})


@pytest.fixture
def stand_in(account: TwilioAccount) -> Iterator[TwilioStandIn]:
    with TwilioStandIn(account) as running:
        yield running


@pytest.fixture
def sender(stand_in: TwilioStandIn) -> TwilioSender:
    return TwilioSender(SID, TOKEN, BASE_URL, host=stand_in.url)


def cleared(message_class: MessageClass = MessageClass.SERVICE) -> Cleared:
    """Only the decision makes one."""
    made = decide(Ask(Channel.SMS, message_class, requested_at=NOON), (), (), NOON)
    assert isinstance(made, Cleared)
    return made


def text(**changes: Any) -> Outgoing:
    values: dict[str, Any] = {
        "id": 7,
        "channel": Channel.SMS,
        "to": TO,
        "message_class": MessageClass.SERVICE,
        "message_type": "alerts",
        "sender": NUMBER,
        "subject": "",
        "text": "Your order has left.",
    }
    return Outgoing(**values | changes)


def test_a_text_leaves_from_a_number(sender: TwilioSender, account: TwilioAccount) -> None:
    sid = sender.send(cleared(), text())
    taken = account.texts[sid]
    assert (taken.to, taken.sender, taken.body) == (TO, NUMBER, "Your order has left.")
    assert taken.callback == f"{BASE_URL}/webhooks/twilio/status?pc_message={text().id}"
    assert set(taken.parameters) == {"To", "From", "Body", "StatusCallback", "ValidityPeriod"}


def test_a_text_leaves_through_a_messaging_service(sender: TwilioSender, account: TwilioAccount) -> None:
    taken = account.texts[sender.send(cleared(), text(sender=SERVICE))]
    assert taken.service == SERVICE
    assert "From" not in taken.parameters


@pytest.mark.parametrize("message_class", [MessageClass.SERVICE, MessageClass.REQUESTED])
def test_a_text_expires_at_twilio(sender: TwilioSender, account: TwilioAccount, message_class: MessageClass) -> None:
    """S4, S8: what waits too long in Twilio's own queue never arrives."""
    taken = account.texts[sender.send(cleared(message_class), text(message_class=message_class))]
    assert taken.parameters["ValidityPeriod"] == str(VALIDITY_SECONDS[message_class])
    assert max(VALIDITY_SECONDS.values()) <= 36_000
    assert VALIDITY_SECONDS[MessageClass.REQUESTED] <= 300


@pytest.mark.parametrize(
    ("fate", "reason"),
    [
        (Fate.OPTED_OUT, Reason.OPT_OUT),
        (Fate.INVALID, Reason.DEAD_NUMBER),
        (Fate.NOT_MOBILE, Reason.DEAD_NUMBER),
    ],
)
def test_what_twilio_tells_of_a_recipient_is_a_fact(
    sender: TwilioSender, account: TwilioAccount, fate: Fate, reason: Reason
) -> None:
    """S10, X8: and its words, which hold the number, are not passed on."""
    account.fates[TO] = fate
    with pytest.raises(RecipientRefused) as told:
        sender.send(cleared(), text())
    assert told.value.reason is reason
    assert TO not in str(told.value)
    assert account.texts == {}


@pytest.mark.parametrize("fate", [Fate.NO_ROUTE, Fate.NO_PERMISSION])
def test_other_refusals_say_nothing_of_the_recipient(sender: TwilioSender, account: TwilioAccount, fate: Fate) -> None:
    account.fates[TO] = fate
    with pytest.raises(SendFailed) as told:
        sender.send(cleared(), text())
    assert not isinstance(told.value, RecipientRefused | SendLater)


def test_through_a_service_an_opt_out_is_told_later(sender: TwilioSender, account: TwilioAccount) -> None:
    """S10: Twilio takes it with a 201, and only the status callback has the 21610."""
    account.fates[TO] = Fate.OPTED_OUT
    sid = sender.send(cleared(), text(sender=SERVICE))
    call = account.take_pending()[-1]
    assert call.values["MessageSid"] == sid
    assert (call.values["MessageStatus"], call.values["ErrorCode"]) == ("failed", "21610")


@pytest.mark.parametrize("fate", [Fate.DOWN, Fate.HTML, Fate.GARBLED, Fate.BREAKS])
def test_what_is_no_clear_answer_is_unknown(sender: TwilioSender, account: TwilioAccount, fate: Fate) -> None:
    """X1: it may have left, so nobody tries again; the SDK doesn't either."""
    account.fates[TO] = fate
    with pytest.raises(SendUnknown):
        sender.send(cleared(), text())
    assert len(account.texts) == (1 if fate in (Fate.GARBLED, Fate.BREAKS) else 0)


def test_no_answer_in_time_is_unknown(stand_in: TwilioStandIn, account: TwilioAccount) -> None:
    """X1: Twilio took it, once, and never said so."""
    account.fates[TO] = Fate.HANGS
    with pytest.raises(SendUnknown, match="may have left"):
        TwilioSender(SID, TOKEN, BASE_URL, host=stand_in.url, timeout=0.05).send(cleared(), text())
    assert len(account.texts) == 1


def test_a_slow_answer_is_an_answer(stand_in: TwilioStandIn, sender: TwilioSender, account: TwilioAccount) -> None:
    account.fates[TO] = Fate.SLOW
    stand_in.go_on()
    assert sender.send(cleared(), text()) in account.texts


def test_what_never_got_there_may_be_tried_again(sender: TwilioSender, account: TwilioAccount) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # Not listening: a call is turned away.
        host = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(SendLater, match="cannot be reached"):
            TwilioSender(SID, TOKEN, BASE_URL, host=host).send(cleared(), text())
    account.fates[TO] = Fate.TOO_MANY
    with pytest.raises(SendLater, match="20429"):
        sender.send(cleared(), text())


def test_a_wrong_token_is_our_own_fault(stand_in: TwilioStandIn) -> None:
    with pytest.raises(SendLater, match="TWILIO_AUTH_TOKEN"):
        TwilioSender(SID, "another token", BASE_URL, host=stand_in.url).send(cleared(), text())


@pytest.mark.parametrize("changes", [{"sender": ""}, {"text": " "}, {"text": "a" * (MOST_CHARACTERS + 1)}])
def test_what_cannot_be_sent_is_never_offered(
    sender: TwilioSender, account: TwilioAccount, changes: dict[str, str]
) -> None:
    account.fates[TO] = Fate.DOWN
    with pytest.raises(SendFailed) as told:
        sender.send(cleared(), text(**changes))
    assert told.value.remedy


def test_one_that_fails_stops_no_other(sender: TwilioSender, account: TwilioAccount) -> None:
    bad = text(to="+15005550001")
    first, second, third = sender.send_many([(cleared(), text()), (cleared(), bad), (cleared(), text())])
    assert isinstance(second, RecipientRefused)
    assert [first, third] == list(account.texts)
    assert sender.most_at_once == 1


def test_a_scheduled_text_is_canceled_and_one_that_left_is_not(sender: TwilioSender, account: TwilioAccount) -> None:
    """X2: Twilio's own opt-outs cancel nothing that is scheduled there."""
    left = sender.send(cleared(), text())
    scheduled = account.create(
        {
            "To": TO,
            "MessagingServiceSid": SERVICE,
            "Body": "Later",
            "ScheduleType": "fixed",
            "SendAt": "2026-03-03T19:00:00Z",
        }
    )
    sid = getattr(scheduled, "sid", "")
    assert sender.cancel(sid) is True
    assert account.texts[sid].status == "canceled"
    assert [sender.cancel(one) for one in (left, "SM404")] == [False, False]


def test_a_text_that_was_canceled_already_is_canceled(sender: TwilioSender, account: TwilioAccount) -> None:
    """X2: a worker that died after it did so is told the same as the next one needs to know."""
    later = {"To": "+14155550100", "From": "+14155550199", "Body": "Later", "ScheduleType": "fixed"}
    scheduled = account.create(later | {"MessagingServiceSid": SERVICE, "SendAt": "2026-03-03T19:00:00Z"})
    sid = getattr(scheduled, "sid", "")
    assert [sender.cancel(sid), sender.cancel(sid)] == [True, True]


def test_a_text_that_twilio_holds_back_is_named_as_held(
    account: TwilioAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    """X2: so that it can be called back there."""
    take = account._taken
    monkeypatch.setattr(account, "_taken", lambda *told: replace(take(*told), status="scheduled"))
    with TwilioStandIn(account) as stand_in:
        sender = TwilioSender(SID, TOKEN, BASE_URL, host=stand_in.url)
        sid = sender.send(cleared(), text(sender=SERVICE))
        assert isinstance(sid, Held)
        assert sender.cancel(sid) is True


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Answer(502, b"<html>", "text/html"), SendUnknown),
        (Answer(200, b"<html>", "text/html"), SendUnknown),
        (Answer(429, b'{"code": 20429, "message": "", "status": 429}'), SendLater),
        (None, SendUnknown),
    ],
)
def test_a_cancel_that_nobody_can_tell_of_is_neither_done_nor_too_late(
    answer: Answer | None, error: type[Exception]
) -> None:
    """X2: it is asked again."""
    with LoopbackServer(lambda _asked: answer) as server, pytest.raises(error):
        TwilioSender(SID, TOKEN, BASE_URL, host=server.url).cancel("SM1")


def test_a_cancel_that_never_got_there_is_asked_again() -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        sender = TwilioSender(SID, TOKEN, BASE_URL, host=f"http://127.0.0.1:{bound.getsockname()[1]}")
        with pytest.raises(SendLater):
            sender.cancel("SM1")


def test_every_fate_that_comes_as_a_fact_has_its_reason() -> None:
    """S10: and a mere block (30004) or filter (30007) has none."""
    facts = {fate for fate, code in UNDELIVERED.items() if code in REASONS}
    assert facts == {Fate.OPTED_OUT, Fate.NO_SUCH_HANDSET, Fate.LANDLINE}
