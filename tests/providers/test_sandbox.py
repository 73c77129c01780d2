"""The sandbox: the providers' own libraries, their stand-ins, and what comes back to our webhooks."""

from __future__ import annotations

import email
import socket
from collections.abc import Iterator, Mapping
from email.policy import default
from pathlib import Path

import pytest
from sqlalchemy import select

from prefcenter import working
from prefcenter.core.channels import Channel, MessageClass
from prefcenter.providers import sandbox_scripts
from prefcenter.providers.sandbox import NOBODY_ANSWERS, TRIED_FOR, Post, Sandbox
from prefcenter.providers.sandbox_mime import raw_mail
from prefcenter.providers.sandbox_posting import is_on_this_machine, poster
from prefcenter.services import outgoing
from prefcenter.services.outgoing import Draft
from prefcenter.store import outbox
from prefcenter.store.engine import Database
from prefcenter.store.inbound import InboundMessage
from prefcenter.store.outbox import OutboxMessage, SandboxMessage
from prefcenter.store.sandbox import SandboxScript
from prefcenter.web.app import build
from tests.houses import PHONE, House, StillClock, wiring_on
from tests.web.test_api_check import register_type

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])

NUMBER = "+14155550199"
SENDERS = {Channel.EMAIL: "service@acme.example", Channel.SMS: NUMBER}
TYPES = {Channel.EMAIL: "receipts", Channel.SMS: "alerts"}


@pytest.fixture
def house(sqlite_database: Database, tmp_path: Path) -> Iterator[House]:
    yield from furnished(sqlite_database, tmp_path)


@pytest.fixture
def either_house(database: Database, tmp_path: Path) -> Iterator[House]:
    """The same; the test runs once on each kind of database."""
    yield from furnished(database, tmp_path)


def furnished(database: Database, folder: Path) -> Iterator[House]:
    """A house without any provider, whose sandbox reports straight into its application."""
    clock = StillClock()
    clock.move(hours=4)  # Noon wherever the number may be (S8).
    made = House(wiring_on(database, folder, clock), clock)
    made.furnish()
    for channel, slug in TYPES.items():
        register_type(made, slug, channel.value, message_class="service", topic_id=None, sender=SENDERS[channel])
    sandbox = sandbox_of(made)
    sandbox.post = into(made)
    sandbox.timeout = 2.0
    yield made
    sandbox.stop()


def sandbox_of(house: House) -> Sandbox:
    assert house.wiring.sandbox is not None
    return house.wiring.sandbox


def into(house: House) -> Post:
    """Reports into the application of a process that never sent anything."""
    other = wiring_on(house.wiring.database, house.wiring.config.data_dir, house.clock)
    client = build(other.config, other).test_client()

    def post(path: str, body: bytes, headers: Mapping[str, str]) -> int:
        return client.post(path, data=body, headers=dict(headers)).status_code

    return post


def queue(house: House, *addresses: str, batch: str = "") -> None:
    with house.wiring.database.write() as session:
        for address in addresses:
            channel = Channel.EMAIL if "@" in address else Channel.SMS
            is_mail = channel is Channel.EMAIL
            draft = Draft(
                channel=channel,
                message_class=MessageClass.SERVICE,
                message_type=TYPES[channel],
                point=house.wiring.points.parse(channel, address),
                text=f"Hello {address}, it is on its way.",
                subject=f"For {address}: größer" if is_mail else "",
                html=f"<p>Hello <b>{address}</b></p>" if is_mail else "",
                headers={"From": '"Acme" <service@acme.example>', "X-Order": "7"} if is_mail else {},
                brand="acme",
                sender=SENDERS[channel],
                batch=batch,
            )
            outgoing.queue(session, draft, at=house.clock())
        session.commit()


def script(
    house: House, fate: str, to: str = "", channel: Channel = Channel.EMAIL, *, is_repeated: bool = False
) -> None:
    with house.wiring.database.write() as session:
        sandbox_scripts.script(
            session, house.wiring.points, channel, to, fate, is_repeated=is_repeated, at=house.clock()
        )


def work(house: House, *addresses: str) -> list[str]:
    """Send to these, let their reports come, and tell the states of all messages so far."""
    queue(house, *addresses)
    working.step(house.wiring)
    return states(house)


def states(house: House) -> list[str]:
    with house.wiring.database.read() as session:
        return [row.state for row in session.scalars(select(OutboxMessage).order_by(OutboxMessage.id))]


def taken(house: House) -> list[SandboxMessage]:
    with house.wiring.database.read() as session:
        return list(reversed(outbox.sandbox_messages(session)))


def listed(house: House) -> list[tuple[str, str, str]]:
    return [(channel, reason, scope) for channel, reason, scope, _ in house.suppressions()]


def test_a_mail_and_a_text_go_through_the_providers_libraries_and_their_reports_come_back(either_house: House) -> None:
    """X5, X8: signed for whichever process they reach; no provider is told a class or a type."""
    assert work(either_house, "jane@example.com", PHONE) == ["delivered", "delivered"]
    by_channel = {row.channel: row for row in taken(either_house)}
    mail, text = by_channel["email"], by_channel["sms"]
    assert (mail.to, mail.subject, mail.message_class, mail.message_type) == (
        "jane@example.com",
        "For jane@example.com: größer",
        "service",
        "receipts",
    )
    assert mail.html == "<p>Hello <b>jane@example.com</b></p>"
    assert mail.headers == {"From": "Acme <service@acme.example>", "X-Order": "7"}
    assert (text.to, text.text, text.message_type) == (PHONE, f"Hello {PHONE}, it is on its way.", "alerts")
    assert text.call is not None
    assert text.call["From"] == NUMBER
    assert "receipts" not in str(mail.call)
    assert either_house.suppressions() == []


def test_the_raw_mail_is_what_the_call_made_of_it(house: House) -> None:
    work(house, "jane@example.com")
    [row] = taken(house)
    mail = email.message_from_bytes(raw_mail(row), policy=default)
    assert (mail["To"], mail["Subject"], mail["X-Order"]) == ("jane@example.com", row.subject, "7")
    assert [part.get_content_type() for part in mail.walk()] == ["multipart/alternative", "text/plain", "text/html"]
    assert mail["Message-ID"] == f"<{row.name}@stand-in.sendgrid.example>"


def test_mails_of_one_call_are_one_each_with_their_own_words(either_house: House) -> None:
    """X2: what one of them meets touches no other."""
    everybody = ["ann@example.com", "bounce@example.com", "cy@example.com"]
    queue(either_house, *everybody, batch="spring")
    working.step(either_house.wiring)
    rows = taken(either_house)
    assert [row.to for row in rows] == everybody
    assert [row.text for row in rows] == [f"Hello {address}, it is on its way." for address in everybody]
    assert len({row.name for row in rows}) == 1
    assert states(either_house) == ["delivered", "failed", "delivered"]


@pytest.mark.parametrize(
    ("fate", "state", "fact"),
    [
        ("bounce", "failed", ("email", "hard_bounce", "all")),
        ("block", "failed", None),
        ("complain", "delivered", ("email", "complaint", "brand:acme")),
        ("unsubscribe", "delivered", ("email", "opt_out", "all")),
        ("refuse", "failed", None),
    ],
)
def test_a_scripted_mail_ends_as_told_and_the_list_says_so(
    house: House, fate: str, state: str, fact: tuple[str, str, str] | None
) -> None:
    """A bounce is no opt-out, and a block says nothing of the recipient."""
    script(house, fate, "Jane@Example.com")
    assert work(house, "jane@example.com", "bob@example.com") == [state, "delivered"]
    assert [entry[:2] for entry in listed(house)] == ([] if fact is None else [fact[:2]])


@pytest.mark.parametrize(
    ("fate", "state", "fact"),
    [
        ("stopped", "failed", ("sms", "opt_out", f"sender:{NUMBER}")),
        ("dead", "failed", ("sms", "dead_number", "all")),
        ("unreachable", "failed", None),
        ("refuse", "failed", None),
    ],
)
def test_a_scripted_text_ends_as_told_and_the_list_says_so(
    house: House, fate: str, state: str, fact: tuple[str, str, str] | None
) -> None:
    """S10: 21610 and a dead number are facts; a phone that is off is none."""
    script(house, fate, PHONE, Channel.SMS)
    assert work(house, PHONE) == [state]
    assert listed(house) == ([] if fact is None else [fact])


@pytest.mark.parametrize("to", ["bounce@example.com", PHONE])
def test_reports_that_come_twice_and_in_the_wrong_order_make_no_difference(house: House, to: str) -> None:
    """X5."""
    is_mail = "@" in to
    script(house, "bounce" if is_mail else "dead", to, Channel.EMAIL if is_mail else Channel.SMS, is_repeated=True)
    posted: list[tuple[str, bytes]] = []
    carry = into(house)

    def post(path: str, body: bytes, headers: Mapping[str, str]) -> int:
        posted.append((path, body))
        return carry(path, body, headers)

    sandbox_of(house).post = post
    assert work(house, to) == ["failed"]
    assert len(house.suppressions()) == 1
    if is_mail:
        assert posted[0] == posted[1]
        assert posted[0][1].index(b'"bounce"') < posted[0][1].index(b'"processed"')
    else:
        found = [body.split(b"MessageStatus=")[1].split(b"&")[0] for _, body in posted]
        assert found == [b"undelivered", b"sent", b"queued"] * 2


@pytest.mark.parametrize("to", ["jane@example.com", PHONE])
def test_what_is_late_is_told_late(house: House, to: str) -> None:
    script(house, "delay", to, Channel.EMAIL if "@" in to else Channel.SMS)
    assert work(house, to) == ["sent"]
    house.clock.move(seconds=20)
    working.step(house.wiring)
    assert states(house) == ["delivered"]


@pytest.mark.parametrize("to", ["jane@example.com", PHONE])
def test_a_call_that_is_never_answered_leaves_the_message_unknown_until_its_report_comes(house: House, to: str) -> None:
    """X2: it is never sent again."""
    sandbox_of(house).timeout = 0.3
    sandbox_of(house).post = None
    script(house, "timeout", to, Channel.EMAIL if "@" in to else Channel.SMS)
    assert work(house, to) == ["unknown"]
    sandbox_of(house).post = into(house)
    house.clock.move(seconds=20)
    working.step(house.wiring)
    assert states(house) == ["delivered"]
    assert len(taken(house)) == 1


def test_a_script_for_the_next_message_is_played_once_and_one_for_an_address_stays(either_house: House) -> None:
    script(either_house, "block")
    script(either_house, "delay", "ann@example.com")
    script(either_house, "refuse", channel=Channel.SMS)
    assert work(either_house, "ann@example.com") == ["sent"]
    assert work(either_house, "jane@example.com")[1:] == ["failed"]
    assert work(either_house, "jane@example.com", "ann@example.com")[2:] == ["delivered", "sent"]
    script(either_house, "deliver", "ann@example.com")
    assert work(either_house, "ann@example.com")[4:] == ["delivered"]
    with either_house.wiring.database.write() as session:
        rows = session.scalars(select(SandboxScript).order_by(SandboxScript.channel)).all()
        assert [(row.to, row.fate) for row in rows] == [("ann@example.com", "deliver"), ("", "refuse")]
        sandbox_scripts.unscript(session, rows[0].id)
    assert work(either_house, "ann@example.com")[5:] == ["delivered"]


def test_a_report_that_our_server_does_not_take_comes_again_until_it_is_too_old(house: House) -> None:
    """X5: the providers try for a day; this one for minutes."""
    carry = into(house)
    sandbox_of(house).post = lambda _path, _body, _headers: 503
    assert work(house, "jane@example.com", PHONE) == ["sent", "sent"]
    sandbox_of(house).post = carry
    working.step(house.wiring)
    assert states(house) == ["sent", "sent"], "it rests a moment first"
    house.clock.move(seconds=5)
    working.step(house.wiring)
    assert states(house) == ["delivered", "delivered"]
    sandbox_of(house).post = lambda _path, _body, _headers: 0
    work(house, "bob@example.com")
    house.clock.move(seconds=TRIED_FOR.total_seconds() + 1)
    sandbox_of(house).post = carry
    working.step(house.wiring)
    assert states(house)[2] == "sent"


def test_where_nobody_listens_the_worker_does_not_ask_for_each_report(house: House) -> None:
    """The worker has other work, and a server that hangs would hold it up for each of them."""
    asked: list[str] = []

    def nobody(path: str, _body: bytes, _headers: Mapping[str, str]) -> int:
        asked.append(path)
        return 0

    sandbox_of(house).post = nobody
    work(house, PHONE, "+14155550101", "+14155550102")
    assert len(asked) == 1
    sandbox_of(house).post = into(house)
    house.clock.move(seconds=5)
    working.step(house.wiring)
    assert states(house) == ["delivered"] * 3


def test_reports_are_taken_only_where_the_sandbox_is(house: House, tmp_path: Path) -> None:
    """X5: with a real provider nothing is taken that our own keys signed."""
    given = {"sendgrid_api_key": "SG.x", "twilio_account_sid": "AC1", "twilio_auth_token": "hush"}
    real = wiring_on(house.wiring.database, tmp_path, house.clock, **given)
    client = build(real.config, real).test_client()
    told: list[int] = []

    def post(path: str, body: bytes, headers: Mapping[str, str]) -> int:
        told.append(client.post(path, data=body, headers=dict(headers)).status_code)
        return 200

    sandbox_of(house).post = post
    assert work(house, "complain@example.com", PHONE) == ["sent", "sent"]
    assert set(told) == {403}
    assert house.suppressions() == []


def test_nothing_listens_before_the_first_message_and_after_the_last(house: House) -> None:
    before = sandbox_of(house).ports
    work(house, "jane@example.com", PHONE)
    assert before == []
    assert len(set(sandbox_of(house).ports)) == 2
    sandbox_of(house).stop()
    assert sandbox_of(house).ports == []


def test_a_sandbox_begins_again_after_it_was_stopped(either_house: House) -> None:
    """A restart loses nothing that was taken, and no name comes twice."""
    work(either_house, PHONE)
    sandbox_of(either_house).stop()
    assert work(either_house, PHONE, PHONE) == ["delivered"] * 3
    assert len({row.name for row in taken(either_house)}) == 3
    with either_house.wiring.database.read() as session:
        assert len(session.scalars(select(InboundMessage)).all()) == 9


def test_reports_go_to_this_machine_without_tls_and_to_no_other() -> None:
    """X5: a server that is not there is asked again later, and nothing breaks off."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        assert poster(f"http://127.0.0.1:{closed.getsockname()[1]}")("/webhooks/x", b"", {}) == NOBODY_ANSWERS
    assert is_on_this_machine("http://127.0.0.1:8000")
    assert not is_on_this_machine("https://prefs.example.com")
    assert not is_on_this_machine("http://prefs.example.com")
