"""Mail through the real SDK, against a stand-in for SendGrid on this machine."""

from __future__ import annotations

import email
import logging
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP, default
from typing import Any

import pytest

from prefcenter.core.channels import Channel, MessageClass
from prefcenter.core.decision import Ask, Cleared, decide
from prefcenter.core.errors import PrefcenterError
from prefcenter.providers.sendgrid_api import SendGridSender
from prefcenter.providers.sendgrid_batches import MOST_SUBSTITUTION_BYTES, Call, Mail, calls
from prefcenter.providers.stand_ins.loopback import LoopbackServer
from prefcenter.providers.stand_ins.sendgrid_mime import Accepted, built
from prefcenter.providers.stand_ins.sendgrid_server import Scripted, SendGridStandIn
from prefcenter.services.errors import DecidedTooLongAgo, NotHandedOver, SendFailed, SendLater, SendUnknown
from prefcenter.services.ports import Outgoing
from tests.houses import START

KEY = "SG.a-key-for-tests"
HEADERS = {
    "From": '"Acmé, Ltd." <news@acme.example>',
    "List-Unsubscribe": "<https://prefs.example.com/u/token{}>, <mailto:u-token{}@in.example.com?subject=unsubscribe>",
    "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    "List-Id": "Acme <offers.acme.prefs.example.com>",
}


@pytest.fixture
def sendgrid() -> Iterator[SendGridStandIn]:
    made = SendGridStandIn(lambda: START, KEY)
    yield made
    made.close()


@pytest.fixture
def host(sendgrid: SendGridStandIn) -> Iterator[str]:
    with LoopbackServer(sendgrid.respond) as server:
        yield server.url
        sendgrid.close()


@pytest.fixture
def sender(host: str) -> SendGridSender:
    return SendGridSender(KEY, host=host)


def cleared(kind: MessageClass = MessageClass.SERVICE, **more: Any) -> Cleared:
    found = decide(Ask(Channel.EMAIL, kind, brand="acme", requested_at=START, **more), [], [], START)
    assert isinstance(found, Cleared)
    return found


def mail(number: int = 7, to: str = "jane@example.com", **changed: Any) -> Outgoing:
    given: dict[str, Any] = {
        "subject": f"Grüße, {number}",
        "text": f"Hello {number},\n\nall is half price.\n\n-- \nUnsubscribe: https://prefs.example.com/u/token{number}\n",
        "html": f"<p>Hello {number},</p><p>all is <b>half</b> price.</p>\n<a href='/u/token{number}'>Unsubscribe</a>",
        "headers": {name: value.replace("{}", str(number)) for name, value in HEADERS.items()},
        "sender": "news@acme.example",
        "batch": "offers",
    }
    fixed: dict[str, Any] = {"channel": Channel.EMAIL, "message_class": MessageClass.SERVICE, "message_type": "offers"}
    return Outgoing(id=number, to=to, **fixed, **given | changed)


def batch(*mails: Outgoing) -> list[tuple[Cleared, Outgoing]]:
    return [(cleared(), each) for each in mails]


def parsed(accepted: Accepted) -> EmailMessage:
    read = email.message_from_bytes(accepted.raw, policy=default)
    assert isinstance(read, EmailMessage)
    return read


def body(read: EmailMessage, kind: str) -> str:
    part = read.get_body((kind,))
    assert part is not None
    return str(part.get_content())


def test_a_mail_arrives_as_it_was_composed(sender: SendGridSender, sendgrid: SendGridStandIn) -> None:
    """E1, E9, E10: the raw mail as a standard client reads it."""
    name = sender.send(cleared(), mail())
    (taken,) = sendgrid.accepted
    assert name == taken.message_id
    read = parsed(taken)
    assert (read["To"], read["Subject"]) == ("jane@example.com", "Grüße, 7")
    assert str(read["From"].addresses[0]) == '"Acmé, Ltd." <news@acme.example>'
    for header in ("List-Unsubscribe", "List-Unsubscribe-Post", "List-Id"):
        assert read.get_all(header) == [HEADERS[header].replace("{}", "7")]
    assert read.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in read.iter_parts()] == ["text/plain", "text/html"]
    assert body(read, "plain").splitlines() == mail().text.splitlines()
    assert body(read, "html").splitlines() == mail().html.splitlines()


def test_the_raw_mail_is_seven_bits_in_short_lines(sender: SendGridSender, sendgrid: SendGridStandIn) -> None:
    """RFC 5322 §2.1.1: whatever the text was, also in headers."""
    told = mail(text="Länge " * 600, subject="Überraschung " * 30 + "!")
    sender.send(cleared(), told)
    raw = sendgrid.accepted[0].raw
    assert raw.isascii()
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    assert b"\n" not in raw.replace(b"\r\n", b"")
    read = parsed(sendgrid.accepted[0])
    assert body(read, "plain").strip() == told.text.strip()
    assert read["Subject"] == told.subject


def test_sendgrid_puts_nothing_of_its_own_in(sender: SendGridSender, sendgrid: SendGridStandIn) -> None:
    """E1, G17, X8, X9: no tracking, no links, no categories, no bypass; our own number alone goes along."""
    sender.send(cleared(), mail(41))
    (request,) = sendgrid.requests
    assert {name: told["enable"] for name, told in request["tracking_settings"].items()} == {
        "click_tracking": False,
        "open_tracking": False,
        "subscription_tracking": False,
        "ganalytics": False,
    }
    assert not {"asm", "categories", "mail_settings", "custom_args", "template_id"} & request.keys()
    assert request["personalizations"][0]["custom_args"] == {"pc_message": "41"}


def test_only_an_approved_service_type_bypasses_and_only_unsubscribes(
    sender: SendGridSender, sendgrid: SendGridStandIn
) -> None:
    """X9: never bypass_list_management."""
    for address in ("left@example.com", "gone@example.com"):
        sendgrid.lists.add("unsubscribes" if address.startswith("left") else "bounces", address)
        sender.send(cleared(narrow_bypass=True), mail(to=address))
        sender.send(cleared(MessageClass.REQUESTED, narrow_bypass=True), mail(to=address))
    asked = [request.get("mail_settings") for request in sendgrid.requests]
    assert asked == [{"bypass_unsubscribe_management": {"enable": True}}, None] * 2
    told: list[bytes] = []

    def post(raw: bytes, _headers: Mapping[str, str]) -> int:
        told.append(raw)
        return 200

    sendgrid.tell(post)
    assert re.findall(rb'"event":"(\w+)"', told[0]) == [b"processed", b"delivered", b"dropped", b"dropped", b"dropped"]


def test_a_batch_is_one_call_and_everybody_gets_the_own_mail_alone(
    sender: SendGridSender, sendgrid: SendGridStandIn
) -> None:
    """Never two recipients in one mail; each has its own words, headers and links, exactly as composed."""
    mails = [mail(number, f"p{number}@example.com", subject=f"To {number}") for number in range(1, 301)]
    answers = sender.send_many(batch(*mails))
    assert len(sendgrid.requests) == 1
    assert answers == [sendgrid.accepted[0].message_id] * 300
    for told, taken in zip(mails, sendgrid.accepted, strict=True):
        read = parsed(taken)
        assert [str(address) for address in read["To"].addresses] == [told.to]
        assert read["Subject"] == told.subject
        assert read["List-Unsubscribe"] == told.headers["List-Unsubscribe"]
        assert body(read, "plain").splitlines() == told.text.splitlines()
        assert body(read, "html").splitlines() == told.html.splitlines()
        assert taken.custom_args == {"pc_message": str(told.id)}
    assert len({str(content) for content in sendgrid.requests[0]["content"]}) == 2
    assert "half price" not in str(sendgrid.requests[0]["personalizations"])


def test_what_is_no_alike_mail_shares_no_call(sender: SendGridSender, sendgrid: SendGridStandIn) -> None:
    """Another sender, another shape, the same address again, or no batch at all."""
    mails = [
        mail(1, "a@example.com"),
        mail(2, "b@example.com", text="Hello\n"),
        mail(3, "A@example.com"),
        mail(4, "d@example.com", sender="other@acme.example"),
        mail(5, "e@example.com", batch=""),
        mail(6, "f@example.com", batch=""),
        mail(7, "g@example.com"),
    ]
    answers = sender.send_many(batch(*mails))
    shares = [[person["to"][0]["email"] for person in request["personalizations"]] for request in sendgrid.requests]
    assert sorted(shares) == [
        ["A@example.com"],
        ["a@example.com", "g@example.com"],
        ["b@example.com"],
        ["d@example.com"],
        ["e@example.com"],
        ["f@example.com"],
    ]
    by_mail = {taken.custom_args["pc_message"]: taken.message_id for taken in sendgrid.accepted}
    assert answers == [by_mail[str(number)] for number in range(1, 8)]


def test_words_that_are_too_many_for_a_shared_call_go_alone() -> None:
    """Source: SendGrid takes 10,000 bytes to put in for each recipient."""
    long = "x" * (MOST_SUBSTITUTION_BYTES + 1)
    mails = [
        mail(1, "a@example.com"),
        mail(2, "b@example.com", text=mail(2).text.replace("2", long, 1)),
        mail(3, "c@example.com"),
    ]
    found = list(calls([Mail.of(place, cleared(), each) for place, each in enumerate(mails)]))
    assert [[each.place for each in call.mails] for call in found] == [[0, 2], [1]]


def test_a_text_that_looks_like_a_tag_stays_as_it_is(sender: SendGridSender, sendgrid: SendGridStandIn) -> None:
    mails = [mail(number, f"p{number}@example.com", text=f"-pc0x0- {number}-pc1x1-\n-pc0x1-") for number in (1, 2)]
    sender.send_many(batch(*mails))
    arrived = [body(parsed(taken), "plain").split() for taken in sendgrid.accepted]
    assert arrived == [each.text.split() for each in mails]


def test_bodies_are_put_together_again_exactly() -> None:
    bodies = [("a\nb>c\n", "<p>x</p>"), ("a\nB>c\n", "<p>x</p>"), ("a\nbb>\n", "<p></p>")]
    mails = [mail(number, text=text, html=html) for number, (text, html) in enumerate(bodies)]
    call = Call.of([Mail.of(place, cleared(), each) for place, each in enumerate(mails)])
    for own, wanted in zip(call.values, bodies, strict=True):
        made = list(call.bodies)
        for tag, value in own.items():
            made = [text.replace(tag, value) for text in made]
        assert tuple(made) == wanted


def test_whom_sendgrid_refuses_fails_alone(sender: SendGridSender, sendgrid: SendGridStandIn) -> None:
    """Of a refused call nothing was taken: the others are handed over again, once; no address in the reason (X8)."""
    mails = [mail(1, "a@example.com"), mail(2, "invalid@example.com"), mail(3, "c@example.com")]
    first, second, third = sender.send_many(batch(*mails))
    assert [taken.to for taken in sendgrid.accepted] == ["a@example.com", "c@example.com"]
    assert first == third == sendgrid.accepted[0].message_id
    assert type(second) is SendFailed
    assert "Does not contain a valid address" in str(second)
    assert "@" not in str(second)


@pytest.mark.parametrize(
    ("status", "meaning", "said"),
    [
        (400, SendFailed, "It failed."),
        (403, SendFailed, "access forbidden"),
        (413, SendFailed, "413"),
        (401, SendLater, "401"),
        (429, SendLater, "429"),
        (408, SendUnknown, "408"),
        (500, SendUnknown, "500"),
        (502, SendUnknown, "502"),
        (503, SendUnknown, "503"),
        (200, SendUnknown, "200"),
    ],
)
def test_each_answer_has_its_meaning(
    sender: SendGridSender, sendgrid: SendGridStandIn, status: int, meaning: type[PrefcenterError], said: str
) -> None:
    """What was not taken fails or is tried again; what may have left is unknown, and nobody sends it twice."""
    sendgrid.next(Scripted(status))
    with pytest.raises(PrefcenterError, match=said) as met:
        sender.send(cleared(), mail())
    assert type(met.value) is meaning
    assert "<" not in str(met.value)
    assert sendgrid.accepted == []


def test_a_call_without_an_answer_is_unknown(host: str, sendgrid: SendGridStandIn) -> None:
    """The mail left: the time-out is ours, and it is never sent again."""
    with pytest.raises(SendUnknown):
        SendGridSender(KEY, host=host, timeout=0.2).send(cleared(), mail(to="timeout@example.com"))
    assert [taken.to for taken in sendgrid.accepted] == ["timeout@example.com"]


def test_a_call_that_is_broken_off_is_unknown(sender: SendGridSender, sendgrid: SendGridStandIn) -> None:
    sendgrid.close()
    sendgrid.next(Scripted(0, takes=True))
    with pytest.raises(SendUnknown):
        sender.send(cleared(), mail())
    assert len(sendgrid.accepted) == 1


def test_nobody_listening_means_that_nothing_left(host: str) -> None:
    with LoopbackServer(lambda _asked: None) as gone:
        nowhere = gone.url
    with pytest.raises(SendLater, match="cannot be reached"):
        SendGridSender(KEY, host=nowhere).send(cleared(), mail())


def test_a_wrong_key_loses_no_mail(host: str, sendgrid: SendGridStandIn) -> None:
    with pytest.raises(SendLater, match="does not know our key"):
        SendGridSender("SG.wrong", host=host).send(cleared(), mail())


def test_after_a_call_that_was_not_taken_no_further_one_is_begun(
    sender: SendGridSender, sendgrid: SendGridStandIn
) -> None:
    """Neither hammering a provider that says 429, nor waiting for a silent one until another worker takes over."""
    sendgrid.next(Scripted(500))
    mails = [mail(number, f"p{number}@example.com", batch="") for number in (1, 2, 3)]
    answers = sender.send_many(batch(*mails))
    assert [type(answer) for answer in answers] == [SendUnknown, NotHandedOver, NotHandedOver]
    assert (sendgrid.calls, sendgrid.accepted) == (1, [])


def test_no_call_is_begun_once_the_decision_no_longer_holds(sender: SendGridSender, sendgrid: SendGridStandIn) -> None:
    """X2: not the next one of a batch, nor the same one again without those that were refused."""
    mails = [
        mail(number, f"p{number}@example.com", batch="", in_time=lambda: sendgrid.calls < 2) for number in (1, 2, 3)
    ]
    answers = sender.send_many(batch(*mails))
    assert [isinstance(answer, DecidedTooLongAgo) for answer in answers] == [False, False, True]
    assert sendgrid.calls == 2
    refused = [
        mail(number, to, in_time=lambda: sendgrid.calls < 3)
        for number, to in enumerate(("invalid@b.example", "c@b.example"))
    ]
    assert [type(answer) for answer in sender.send_many(batch(*refused))] == [SendFailed, DecidedTooLongAgo]
    assert [taken.to for taken in sendgrid.accepted] == ["p1@example.com", "p2@example.com"]


@pytest.mark.parametrize(
    "changed",
    [
        {"subject": "Hi\r\nBcc: all@example.com"},
        {"headers": {"X-A": "b\r\nBcc: all@example.com"}},
        {"headers": {"X-A\r\nBcc": "b"}},
        {"sender": ""},
        {"text": "", "html": ""},
        {"text": "a\0b"},
        {"html": "a\ud83d"},
    ],
)
def test_what_cannot_be_sent_as_it_is_stops_no_other(
    sender: SendGridSender, sendgrid: SendGridStandIn, changed: dict[str, Any]
) -> None:
    """No header is slipped in, wherever the mail was composed."""
    first, second = sender.send_many(batch(mail(1, **changed), mail(2)))
    assert type(first) is SendFailed
    assert second == sendgrid.accepted[0].message_id
    assert len(sendgrid.accepted) == 1


def test_nothing_personal_is_logged(sender: SendGridSender, caplog: pytest.LogCaptureFixture) -> None:
    """X8: the SDK logs whole mails where everything is logged, and our key."""
    caplog.set_level(logging.DEBUG)
    sender.send(cleared(), mail())
    assert "jane" not in caplog.text
    assert KEY not in caplog.text


def test_nothing_can_be_called_back(sender: SendGridSender) -> None:
    assert sender.most_at_once == 1000
    assert not sender.cancel("anything")


def test_a_mail_to_letters_beyond_ascii_can_be_shown() -> None:
    """Whether a provider takes such an address is its own matter; what it was given must be readable."""
    person = {"to": [{"email": "café@exämple.com"}], "subject": "Your order"}
    request = {"from": {"email": "a@acme.example"}, "content": [{"type": "text/plain", "value": "It left."}]}
    raw = built(request, person, "SG1", datetime(2026, 3, 2, tzinfo=UTC))
    shown = message_from_bytes(raw, policy=SMTP)
    assert "café@exämple.com" in str(shown["To"])
