"""From a draft to the recipient's mail program and back: composed, cleared, sent by SendGrid's SDK, left by a click."""

from __future__ import annotations

import email
import random
import re
from collections.abc import Iterator, Mapping
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from prefcenter.core.channels import Channel, MessageClass
from prefcenter.providers.stand_ins.loopback import LoopbackServer
from prefcenter.providers.stand_ins.sendgrid_server import SendGridStandIn
from prefcenter.services import catalogue, outgoing
from prefcenter.services.composing import Content, compose
from prefcenter.services.dispatching import dispatch_due
from prefcenter.services.outgoing import Draft
from prefcenter.services.ports import Evidence
from prefcenter.store import registry
from prefcenter.store.engine import Database
from prefcenter.store.outbox import OutboxMessage
from prefcenter.web.app import build
from tests.houses import START, House, StillClock, wiring_on
from tests.web.test_api_check import register_type

BRAND = {
    "postal_address": "Acme Inc.\n1 Main St\nSpringfield, IL 62701",
    "marketing_from": "news@acme.example",
    "service_from": "service@acme.example",
}


@pytest.fixture
def clock() -> StillClock:
    return StillClock()


@pytest.fixture
def sendgrid(clock: StillClock) -> SendGridStandIn:
    return SendGridStandIn(clock)


@pytest.fixture
def house(sqlite_database: Database, tmp_path: Path, clock: StillClock, sendgrid: SendGridStandIn) -> Iterator[House]:
    """A house whose mail leaves through SendGrid."""
    with LoopbackServer(sendgrid.respond) as server:
        given = {"sendgrid_api_key": "SG.stand-in", "sendgrid_host": server.url, "inbound_domain": "in.example.com"}
        key = {"sendgrid_event_public_key": sendgrid.public_key}
        made = House(wiring_on(sqlite_database, tmp_path, clock, is_demo=False, **given, **key), clock)
        made.furnish()
        with made.wiring.database.write() as session:
            catalogue.set_brand(session, "acme", BRAND, Evidence("tester"), at=START)
        register_type(made)
        yield made
        sendgrid.close()


@pytest.fixture
def client(house: House) -> FlaskClient:
    return build(house.wiring.config, house.wiring).test_client()


def queue(house: House, *addresses: str) -> None:
    wiring = house.wiring
    with wiring.database.write() as session:
        registered = registry.type_by_slug(session, "spring-offers")
        assert registered is not None
        for address in addresses:
            point = wiring.points.email(address)
            name = address.partition("@")[0].capitalize()
            written = Content(subject=f"{name}, all is half price", text=f"Hello {name},\n\nall is half price.\n")
            made = compose(session, wiring.keyring, wiring.links, point, registered, written)
            told = {"subject": made.subject, "html": made.html, "headers": made.headers, "sender": made.sender}
            draft = Draft(
                Channel.EMAIL,
                MessageClass.MARKETING,
                "spring-offers",
                point,
                made.text,
                brand="acme",
                topic="offers",
                batch="spring",
                **told,  # type: ignore[arg-type]
            )
            outgoing.queue(session, draft, at=house.clock())
        session.commit()


def dispatch(house: House) -> dict[str, int]:
    wiring = house.wiring
    return dict(dispatch_due(wiring.database, wiring.keyring, wiring.points, wiring.senders, wiring.clock))


def states(house: House) -> list[tuple[str, str]]:
    with house.wiring.database.read() as session:
        rows = session.query(OutboxMessage).order_by(OutboxMessage.id)
        return [(str(row.to).partition("@")[0], row.state) for row in rows]


def received(sendgrid: SendGridStandIn) -> dict[str, EmailMessage]:
    mails = {}
    for taken in sendgrid.accepted:
        mail = email.message_from_bytes(taken.raw, policy=default)
        assert isinstance(mail, EmailMessage)
        mails[taken.to.partition("@")[0]] = mail
    return mails


def test_a_mail_leaves_and_its_one_click_ends_it(house: House, client: FlaskClient, sendgrid: SendGridStandIn) -> None:
    """E1, E2, E7, E10, E11, X2: what the mail program is offered works, and the next mail does not leave."""
    queue(house, "jane@example.com", "bob@example.com")
    assert dispatch(house) == {"sent": 2}
    assert len(sendgrid.requests) == 1
    mail = received(sendgrid)["jane"]
    assert mail["Subject"] == "Jane, all is half price"
    assert str(mail["From"]) == "Acme <news@acme.example>"
    body = mail.get_body(("plain",))
    assert body is not None
    text = str(body.get_content())
    assert "Hello Jane," in text
    assert "Springfield, IL 62701" in text
    link = re.match(r"<http://127\.0\.0\.1:8000(/u/[a-z2-7]+)>, <mailto:u-", mail["List-Unsubscribe"])
    assert link is not None
    assert link[1] in text
    answer = client.post(link[1], data={"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 200
    queue(house, "jane@example.com", "bob@example.com")
    assert dispatch(house) == {"refused": 1, "sent": 1}
    assert [taken.to for taken in sendgrid.accepted] == ["jane@example.com", "bob@example.com", "bob@example.com"]


def test_what_came_of_the_mails_comes_back_signed_twice_and_out_of_order(
    house: House, client: FlaskClient, sendgrid: SendGridStandIn
) -> None:
    """X5, X8: matched by our own opaque number; a complaint ends all marketing of the brand and more."""

    def post(raw: bytes, headers: Mapping[str, str]) -> int:
        return client.post("/webhooks/sendgrid/events", data=raw, headers=dict(headers)).status_code

    queue(house, "complain@example.com", "bounce@example.com", "jane@example.com")
    assert dispatch(house) == {"sent": 3}
    statuses = sendgrid.tell(post, times=2, shuffled=random.Random(7))
    assert set(statuses) == {200}
    found = {(reason, source) for _, reason, _, source in house.suppressions()}
    assert found == {("complaint", "provider"), ("hard_bounce", "provider")}
    assert len(house.suppressions()) == 2
    queue(house, "complain@example.com", "bounce@example.com", "jane@example.com")
    assert dispatch(house) == {"refused": 2, "sent": 1}


def test_a_call_without_an_answer_is_sent_once(house: House, sendgrid: SendGridStandIn) -> None:
    """X2: SendGrid took the mails and broke off; whatever is tried again, nobody gets a second one."""
    sendgrid.close()
    queue(house, "timeout@example.com", "jane@example.com")
    assert dispatch(house) == {"unknown": 2}
    house.clock.move(hours=2)
    assert dispatch(house) == {}
    assert states(house) == [("timeout", "unknown"), ("jane", "unknown")]
    assert len(sendgrid.accepted) == 2


def test_while_sendgrid_takes_nothing_the_mail_waits_and_leaves_later_once(
    house: House, sendgrid: SendGridStandIn
) -> None:
    """X2: 429 says that nothing was taken."""
    sendgrid.limit(0)
    queue(house, "jane@example.com", "bob@example.com")
    dispatch(house)
    assert sendgrid.accepted == []
    assert {state for _, state in states(house)} == {"queued"}
    sendgrid.limit(None)
    house.clock.move(hours=2)
    assert dispatch(house) == {"sent": 2}
    assert len(sendgrid.accepted) == 2
