"""Mails that people send us, through the whole application (E8, P1 to P4)."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from prefcenter.core.channels import Channel
from prefcenter.core.tokens import Purpose, SigningKeys, Token
from prefcenter.services import dispatching
from prefcenter.store.inbound import InboundMessage
from prefcenter.store.ledger import LedgerEntry, LedgerPersonal
from prefcenter.store.mailings import Mailing
from prefcenter.store.outbox import OutboxMessage, SandboxMessage
from prefcenter.store.reviews import Review
from prefcenter.store.suppressions import Suppression, SuppressionAddress

BOUNDARY = "xYzZY"
PAYLOADS = Path(__file__).parents[2] / "payloads" / "sendgrid"


def form(**fields: str | bytes) -> bytes:
    """A post of SendGrid's with these fields."""
    parts = []
    for name, value in fields.items():
        data = value.encode() if isinstance(value, str) else value
        head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'.encode()
        parts.append(head + data + b"\r\n")
    return b"".join([*parts, f"--{BOUNDARY}--\r\n".encode()])


def a_mail(
    subject: str, text: str, *, to: str = "privacy@in.example.com", headers: str = "", sender: str = "jane@example.com"
) -> bytes:
    """A parsed mail whose sender SPF vouches for."""
    block = f"Message-ID: <x@example.com>\nFrom: {sender}\nTo: {to}\nSubject: {subject}\n{headers}"
    envelope = json.dumps({"to": [to], "from": sender})
    fields = {"headers": block, "from": sender, "to": to, "subject": subject, "text": text}
    return form(**fields, SPF="pass", envelope=envelope)


def dispatch(house: Any) -> dict[str, int]:
    wiring = house.wiring
    return dict(dispatching.dispatch_due(wiring.database, wiring.keyring, wiring.points, wiring.senders, house.clock))


def mailbox_of(house: Any, address: str, brand_code: int = 7) -> str:
    digest = house.wiring.points.email(address).digest
    return str(house.wiring.links.links(Channel.EMAIL, digest, brand_code).mailbox)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "name",
    ["no-snail-mail.form", "no-snail-mail-raw.form", "no-snail-mail-html-only.form", "no-snail-mail-attached.form"],
)
def test_a_clear_request_is_recorded_at_once(house: Any, name: str) -> None:
    """P1, P4: parsed and raw, plain and HTML, direct and forwarded; for all brands, since receipt."""
    assert house.mail(name).get_json()["outcome"] == "recorded"
    [entry] = house.rows(Suppression)
    assert (entry.channel, entry.reason, entry.scope, entry.source, entry.level, entry.until) == (
        "post",
        "opt_out",
        "all",
        "snail_mail_request",
        "individual",
        None,
    )
    assert entry.since == house.clock()
    assert house.rows(Review) == []


def test_the_raw_post_is_kept_as_it_came(house: Any) -> None:
    """X5: to the byte, before anything is decided."""
    house.mail("question.form")
    [row] = house.rows(InboundMessage)
    assert row.raw == (PAYLOADS / "question.form").read_bytes()


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_other_charsets_are_decoded_from_the_raw_bytes(house: Any) -> None:
    """P2: the charset that SendGrid names for the field counts."""
    house.mail("no-snail-mail-latin1.form")
    [address] = house.rows(SuppressionAddress)
    assert address.given["name"] == "José Muñoz"


def test_the_acknowledgement_names_what_was_recorded_and_all_mailings_in_flight(house: Any) -> None:
    """P3: one requested message to the sender, no marketing, no invitation back (G5)."""
    at = house.clock()
    with house.wiring.database.write() as session:
        for name, drop in (("spring catalog", at + timedelta(days=4)), ("last year", at - timedelta(days=300))):
            session.add(
                Mailing(
                    name=name,
                    version=1,
                    channel="post",
                    state="prepared",
                    prepared_at=drop - timedelta(days=9),
                    stale_after=drop,
                    drop_at=drop,
                    ledger_position=0,
                    manifest={},
                )
            )
        session.commit()
    house.mail("no-snail-mail.form")
    assert dispatch(house) == {"sent": 1}
    [message] = house.rows(SandboxMessage)
    assert (message.to, message.message_class, message.message_type) == (
        "jane@example.com",
        "requested",
        "acknowledgement",
    )
    for body in (message.text, message.html):
        for words in (
            "Jane Doe",
            "12 Oak St",
            "Apt 4",
            "Springfield IL 62704",
            "spring catalog: March 20, 2026",
            "Acme",
        ):
            assert words in body
        assert "last year" not in body
    assert message.headers == {
        "From": "Acme <privacy@in.example.com>",
        "Auto-Submitted": "auto-replied",
        "In-Reply-To": "<1@example.com>",
        "References": "<1@example.com>",
    }
    [row] = house.rows(OutboxMessage)
    assert row.requested_at == at


def test_a_duplicate_is_acknowledged_once(house: Any) -> None:
    """P3, X5: the provider's second try, and a copy to a second mailbox of ours, change nothing."""
    first = house.mail("no-snail-mail.form")
    again = house.mail("no-snail-mail.form")
    assert first.get_json() == again.get_json()
    house.mail((PAYLOADS / "no-snail-mail.form").read_bytes().replace(b'{"to":["privacy@', b'{"to":["hello@'))
    assert len(house.rows(InboundMessage)) == 2
    assert len(house.rows(Suppression)) == len(house.rows(OutboxMessage)) == 1


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("name", "headers", "sender"),
    [
        ("a sender that nobody vouches for", "", ""),
        ("an auto-reply", "Auto-Submitted: auto-replied\n", "jane@example.com"),
        ("a robot", "", "no-reply@example.com"),
        ("a bounce", "", "MAILER-DAEMON@example.com"),
        ("ourselves", "", "privacy@in.example.com"),
        ("a list", "List-Id: <all.example.com>\n", "jane@example.com"),
    ],
)
def test_nobody_is_answered_who_should_not_be(house: Any, name: str, headers: str, sender: str) -> None:
    """P3: the request is taken up all the same."""
    if sender:
        house.mail(
            a_mail("NO SNAIL MAIL", "Jane Doe\n12 Oak St\nSpringfield, IL 62704", headers=headers, sender=sender)
        )
    else:
        house.mail("no-snail-mail-forged-from.form")
    assert len(house.rows(Suppression)) == 1, name
    assert house.rows(OutboxMessage) == []


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_request_without_a_zip_waits_for_a_person(house: Any) -> None:
    """P2: acknowledged, its clock running since receipt."""
    assert house.mail("no-snail-mail-without-zip.form").get_json()["outcome"] == "review"
    [review] = house.rows(Review)
    assert review.due_at == house.clock() + timedelta(days=30)
    assert review.understood["requests"][0]["address1"] == "12 Oak St"
    dispatch(house)
    [message] = house.rows(SandboxMessage)
    assert "a person will look at it" in message.text
    assert "by April 1, 2026" in message.text


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_an_impossible_address_goes_to_a_person_with_the_reason(house: Any) -> None:
    """P2: nothing is recorded that could match nobody."""
    assert house.mail("no-snail-mail-impossible.form").get_json()["outcome"] == "review"
    assert house.rows(Suppression) == []
    assert house.rows(Review)[0].why


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_an_unclear_request_with_a_whole_address_is_recorded_and_reviewed(house: Any) -> None:
    """P2: acting on it harms nobody, and a person looks at the rest."""
    head = (
        "From: jane@example.com\r\nSubject: NO SNAIL MAIL\r\nContent-Type: multipart/mixed; boundary=q\r\n\r\n--q\r\n"
    )
    body = "\r\nJane Doe\r\n12 Oak St\r\nSpringfield, IL 62704\r\n--q\r\nContent-Type: application/zip\r\n\r\nPK\r\n--q"
    assert house.mail(form(email=head + body)).get_json()["outcome"] == "recorded_and_review"
    assert [entry.level for entry in house.rows(Suppression)] == ["individual"]
    assert len(house.rows(Review)) == 1


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_the_one_zip_of_a_town_is_found_and_told_and_not_put_on_the_list(house: Any) -> None:
    """P2, P8: it acts at once in the whole town; a person sees the ZIP that was not written."""
    answer = house.mail(a_mail("NO SNAIL MAIL", "Jane Doe\n12 Oak St\nBarre, VT")).get_json()
    assert answer["outcome"] == "recorded_and_review"
    house.mail(a_mail("NO SNAIL MAIL", "Jane Doe\n12 Oak St\nBurlington, VT"))
    found = [review.understood["requests"][0] for review in house.rows(Review)]
    assert [(each["zip"], each["confidence"].get("zip")) for each in found] == [("05641", 0.9), ("", None)]
    assert all("zip" not in address.given for address in house.rows(SuppressionAddress))


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_couple_is_two_entries(house: Any) -> None:
    """P15: one request a person."""
    house.mail(a_mail("NO SNAIL MAIL", "John and Jane Doe\n12 Oak St\nSpringfield, IL 62704"))
    names = [address.given["name"] for address in house.rows(SuppressionAddress)]
    assert names == ["John Doe", "Jane Doe"]
    assert len(house.rows(OutboxMessage)) == 1


def test_a_mail_to_a_tokened_mailbox_unsubscribes_by_its_token(house: Any) -> None:
    """E8: whatever the From says."""
    mailbox = mailbox_of(house, "joe@example.com")
    answer = house.mail(a_mail("unsubscribe", "", to=mailbox, sender="somebody.else@example.net"))
    assert answer.get_json()["outcome"] == "unsubscribed"
    [entry] = house.rows(Suppression)
    assert (entry.channel, entry.scope, entry.source) == ("email", "brand:acme", "unsubscribe_mail")
    assert entry.digest == house.wiring.points.email("joe@example.com").digest
    assert house.rows(OutboxMessage) == []


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize("place", ["envelope", "Delivered-To", "Cc"])
def test_the_tokened_mailbox_is_found_wherever_it_stands(house: Any, place: str) -> None:
    """E8: providers and forwarders put it into different places."""
    mailbox = mailbox_of(house, "joe@example.com")
    headers = "" if place == "envelope" else f"{place}: {mailbox}\n"
    to = mailbox.upper() if place == "envelope" else "privacy@in.example.com"
    assert house.mail(a_mail("unsubscribe", "", to=to, headers=headers)).get_json()["outcome"] == "unsubscribed"


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("headers", "outcome"),
    [
        ("Auto-Submitted: auto-replied\n", "ignored"),
        ("Auto-Submitted: auto-replied\nX-Apple-Unsubscribe: true\n", "unsubscribed"),
        ("Auto-Submitted: no\n", "unsubscribed"),
    ],
)
def test_an_auto_reply_is_no_opt_out_but_apples_is(house: Any, headers: str, outcome: str) -> None:
    """E8."""
    mail = a_mail("Automatic reply", "away", to=mailbox_of(house, "joe@example.com"), headers=headers)
    assert house.mail(mail).get_json()["outcome"] == outcome
    assert len(house.rows(Suppression)) == (outcome == "unsubscribed")


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize("kind", ["forged", "cut", "preferences"])
def test_a_forged_token_changes_nothing_and_goes_to_a_person(house: Any, kind: str) -> None:
    """E5: forged, cut, or made for another purpose."""
    mailbox = mailbox_of(house, "joe@example.com")
    digest = house.wiring.points.email("joe@example.com").digest
    stranger = SigningKeys(["another signing key, of good length"])
    token = Token(Purpose.UNSUBSCRIBE, Channel.EMAIL, digest, 7)
    choices = house.wiring.keyring.signing.make(Token(Purpose.PREFERENCES, Channel.EMAIL, digest, 7))
    to = {
        "forged": f"u-{stranger.make(token)}@in.example.com",
        "cut": mailbox.replace("u-", "u-x", 1),
        "preferences": f"u-{choices}@in.example.com",
    }[kind]
    assert house.mail(a_mail("unsubscribe", "", to=to)).get_json()["outcome"] == "review"
    assert house.rows(Suppression) == []
    assert [review.kind for review in house.rows(Review)] == ["forged_token"]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_request_to_a_tokened_mailbox_does_both(house: Any) -> None:
    """P1, E8: nothing of what a mail asks for is lost."""
    text = "Jane Doe\n12 Oak St\nSpringfield, IL 62704"
    mail = a_mail("No snail mail", text, to=mailbox_of(house, "joe@example.com"))
    assert house.mail(mail).get_json()["outcome"] == "recorded"
    assert sorted(entry.channel for entry in house.rows(Suppression)) == ["email", "post"]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("name", "outcome", "reviews"), [("question.form", "review", 1), ("out-of-office.form", "ignored", 0)]
)
def test_everything_else_goes_to_a_person(house: Any, name: str, outcome: str, reviews: int) -> None:
    """P2: an auto-reply without a token is kept."""
    assert house.mail(name).get_json()["outcome"] == outcome
    assert len(house.rows(Review)) == reviews
    assert len(house.rows(InboundMessage)) == 1


HOSTILE = {
    "no multipart at all": (b"\x00\xff garbage", "multipart/form-data; boundary=xYzZY"),
    "no boundary": (b"x", "multipart/form-data"),
    "another content type": (b"from=jane", "application/x-www-form-urlencoded"),
    "empty": (b"", "text/plain"),
    "cut off": (form(subject="NO SNAIL MAIL", text="Jane Doe\n12 Oak St")[:70], "multipart/form-data; boundary=xYzZY"),
    "NUL bytes": (
        form(subject="NO SNAIL MAIL\x00", text="Jane\x00 Doe\n12 Oak\x00 St"),
        "multipart/form-data; boundary=xYzZY",
    ),
    "unknown charset": (
        form(subject="NO SNAIL MAIL", text=b"Jos\xe9", charsets='{"text":"klingon"}', headers="From: a@b.example"),
        "multipart/form-data; boundary=xYzZY",
    ),
    "broken JSON": (
        form(subject="hello", text="x", charsets="{", envelope="[[[", dkim="{", headers="\x00:"),
        "multipart/form-data; boundary=xYzZY",
    ),
    "envelope of another shape": (
        form(subject="hello", text="x", envelope='{"to": {"a": 1}, "from": 7}', charsets="[]"),
        "multipart/form-data; boundary=xYzZY",
    ),
    "broken MIME": (
        form(email=b"From: a@b.example\r\nContent-Type: multipart/mixed; boundary=q\r\n\r\n--q\r\n\xff\xfe\x00"),
        "multipart/form-data; boundary=xYzZY",
    ),
    "surrogates": (
        form(subject="\\ud800", text="x", envelope='{"to":["\\ud800@x"]}'),
        "multipart/form-data; boundary=xYzZY",
    ),
}


@pytest.mark.parametrize(
    ("database", "name"),
    [("sqlite", name) for name in HOSTILE]
    + [("postgresql", name) for name in ("no multipart at all", "NUL bytes", "unknown charset", "surrogates")],
    indirect=["database"],
)
def test_what_can_never_be_read_is_kept_for_a_person(house: Any, name: str) -> None:
    """P2, X5: 200, raw kept, a review; a second try changes nothing."""
    raw, content_type = HOSTILE[name]
    first, second = house.mail(raw, content_type), house.mail(raw, content_type)
    assert (first.status_code, second.status_code) == (200, 200)
    assert first.get_json() == second.get_json()
    [row] = house.rows(InboundMessage)
    assert row.raw == raw
    assert len(house.rows(Review)) == 1


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_mail_of_thirty_megabytes_is_taken(house: Any) -> None:
    """X5: SendGrid passes on mails of up to 30 MB."""
    text = "Jane Doe\r\n12 Oak St\r\nSpringfield, IL 62704\r\n"
    head = (
        "From: jane@example.com\r\nSubject: NO SNAIL MAIL\r\nMIME-Version: 1.0\r\n"
        "Content-Type: multipart/mixed; boundary=q\r\n\r\n--q\r\nContent-Type: text/plain\r\n\r\n"
        f"{text}\r\n--q\r\nContent-Type: image/png\r\n\r\n"
    ).encode()
    raw = form(
        email=head + b"A" * (29 * 1024 * 1024) + b"\r\n--q--\r\n", SPF="pass", envelope='{"from":"jane@example.com"}'
    )
    assert house.mail(raw).get_json()["outcome"] == "recorded"


def test_no_address_of_the_sender_stands_in_the_ledgers_lasting_part(house: Any) -> None:
    """X8: the words are kept beside the entry, erasable."""
    house.mail("no-snail-mail.form")
    assert all("jane" not in json.dumps(entry.facts).lower() for entry in house.rows(LedgerEntry))
    assert any("jane" in json.dumps(row.data).lower() for row in house.rows(LedgerPersonal))
