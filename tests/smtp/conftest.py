"""The real listener on a free port of this machine, in a house whose mail leaves through SendGrid's stand-in."""

from __future__ import annotations

import asyncio
import email
import smtplib
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP, default
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from prefcenter.providers.stand_ins.loopback import LoopbackServer
from prefcenter.providers.stand_ins.sendgrid_server import SendGridStandIn
from prefcenter.services import catalogue
from prefcenter.services.dispatching import dispatch_due
from prefcenter.services.operators import KeyScope
from prefcenter.services.ports import Evidence
from prefcenter.smtp.listener import Listener, door_of
from prefcenter.smtp.taking import Intake
from prefcenter.store.engine import Database
from prefcenter.store.ledger import LedgerEntry
from prefcenter.store.outbox import KeptAnswer, OutboxMessage
from tests.houses import START, House, StillClock, wiring_on
from tests.web.test_api_check import make_key, register_type

BRAND = {
    "postal_address": "Acme Inc.\n1 Main St\nSpringfield, IL 62701",
    "marketing_from": "news@acme.example",
    "service_from": "service@acme.example",
}
JANE, BOB = "jane@example.com", "bob@example.com"


@dataclass
class PostOffice:
    """The listener, its house, and both sides of it: who hands mail in, and what leaves."""

    house: House
    sendgrid: SendGridStandIn
    key: str
    port: int = 0

    @contextmanager
    def open(self, **settings: Any) -> Iterator[PostOffice]:
        """Listen until the block ends."""
        cert, host = settings.pop("cert", None), settings.pop("host", "127.0.0.1")
        intake = Intake(self.house.wiring, **settings)
        door = door_of(host, "prefs.example.com", needs_key=intake.needs_key, cert=cert, key=None)
        intake.check()
        with running(Listener(intake, door)) as (self.port, _):
            yield self

    @contextmanager
    def client(self, key: str | None = None) -> Iterator[smtplib.SMTP]:
        """Somebody who has signed in."""
        with smtplib.SMTP("127.0.0.1", self.port, timeout=30) as client:
            client.login("anybody", self.key if key is None else key)
            yield client

    def send(self, mail: EmailMessage | bytes, *to: str, key: str | None = None) -> tuple[int, str]:
        """Hand a mail over as a program would, and give the answer to it, or to the first command that was refused."""
        raw = mail if isinstance(mail, bytes) else mail.as_bytes(policy=SMTP)
        with self.client(key) as client:
            for code, text in (client.mail("app@legacy.example"), *(client.rcpt(each) for each in to or (JANE,))):
                if code != 250:
                    return code, text.decode()
            code, text = client.data(raw)
        return code, text.decode()

    def dispatch(self) -> dict[str, int]:
        wiring = self.house.wiring
        return dict(dispatch_due(wiring.database, wiring.keyring, wiring.points, wiring.senders, wiring.clock))

    def received(self) -> dict[str, EmailMessage]:
        """What SendGrid took, by the recipient's name."""
        return {taken.to.partition("@")[0]: _parsed(taken.raw) for taken in self.sendgrid.accepted}

    def outbox(self) -> list[tuple[str, str]]:
        """The messages in the outbox: to whom, and their states; sorted."""
        with self.house.wiring.database.read() as session:
            return sorted((str(row.to).partition("@")[0], row.state) for row in session.scalars(select(OutboxMessage)))

    def rows(self) -> int:
        """All that a mail could have written."""
        with self.house.wiring.database.read() as session:
            kinds = (OutboxMessage, KeptAnswer, LedgerEntry)
            return sum(session.scalar(select(func.count()).select_from(kind)) or 0 for kind in kinds)


def _parsed(raw: bytes) -> EmailMessage:
    mail = email.message_from_bytes(raw, policy=default)
    assert isinstance(mail, EmailMessage)
    return mail


@contextmanager
def running(listener: Listener) -> Iterator[tuple[int, Callable[[], None]]]:
    """Run a listener in a thread of its own; gives its port and what stops it."""
    taken = socket.create_server(("127.0.0.1", 0))
    loop, started = asyncio.new_event_loop(), threading.Event()
    stop = asyncio.Event()

    def serve() -> None:
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            runner.run(listener.run(taken, stop, started.set))

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        assert started.wait(10)
        yield taken.getsockname()[1], lambda: _end(loop, stop)
    finally:
        _end(loop, stop)
        thread.join(60)
        taken.close()


def _end(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    with suppress(RuntimeError):  # It has ended already.
        loop.call_soon_threadsafe(stop.set)


def a_mail(message_type: str | None = "spring-offers", name: str | None = "<1@legacy.example>") -> EmailMessage:
    """A mail as a program writes it."""
    mail = EmailMessage()
    mail["From"], mail["To"] = "App <app@legacy.example>", "Jane <jane@example.com>, Secret <secret@example.com>"
    mail["Cc"], mail["Bcc"] = "copy@example.com", "blind@example.com"
    mail["Subject"] = "All is half price"
    if message_type is not None:
        mail["X-Message-Type"] = message_type
    if name is not None:
        mail["Message-ID"] = name
    mail.set_content("Hello,\n\nall is half price.\n")
    return mail


def words_of(mail: EmailMessage, kind: str = "plain") -> str:
    body = mail.get_body((kind,))
    assert body is not None
    return str(body.get_content())


def _furnished(database: Database, folder: Path, sendgrid: SendGridStandIn, url: str) -> PostOffice:
    given = {"sendgrid_api_key": "SG.stand-in", "sendgrid_host": url, "base_url": "https://prefs.example.com"}
    clock = StillClock()
    house = House(wiring_on(database, folder, clock, is_demo=False, **given), clock)
    house.furnish()
    house.wiring.adopt_keys()
    with house.wiring.database.write() as session:
        catalogue.set_brand(session, "acme", BRAND, Evidence("tester"), at=START)
    register_type(house)
    own: dict[str, Any] = {"message_class": "service", "topic_id": None, "category": "transaction"}
    register_type(house, "receipt", **own)
    register_type(house, "alert", "sms", **own | {"sender": "+14155550199"})
    return PostOffice(house, sendgrid, make_key(house, KeyScope.SEND))


@pytest.fixture
def furnished(sqlite_database: Database, tmp_path: Path) -> Iterator[PostOffice]:
    """A post office that is closed yet."""
    sendgrid = SendGridStandIn(lambda: START)
    with LoopbackServer(sendgrid.respond) as server:
        yield _furnished(sqlite_database, tmp_path, sendgrid, server.url)
    sendgrid.close()


@pytest.fixture
def office(furnished: PostOffice) -> Iterator[PostOffice]:
    """A post office that is open."""
    with furnished.open():
        yield furnished


@pytest.fixture
def either_office(database: Database, tmp_path: Path) -> Iterator[PostOffice]:
    """The same; the test runs once on each kind of database."""
    sendgrid = SendGridStandIn(lambda: START)
    with LoopbackServer(sendgrid.respond) as server:
        office = _furnished(database, tmp_path, sendgrid, server.url)
        with office.open():
            yield office
    sendgrid.close()
