"""An unsubscribe mail that comes again after a later yes is another one, and is not lost as a duplicate."""

from __future__ import annotations

from pathlib import Path

import pytest

from prefcenter.core.channels import Channel, Reason
from prefcenter.providers import mta, sendgrid_mail
from prefcenter.services import optouts, receiving
from prefcenter.services.ports import Evidence
from prefcenter.services.receiving import Incoming
from prefcenter.store.engine import Database
from tests.houses import EMAIL, House, StillClock, wiring_on

BOUNDARY = "xYzZY"


def by_mta(raw: bytes, mailbox: str) -> Incoming:
    return mta.incoming_mail(raw, [mailbox])


def by_sendgrid(raw: bytes, _mailbox: str) -> Incoming:
    field = b'Content-Disposition: form-data; name="email"'
    body = b"\r\n".join((f"--{BOUNDARY}".encode(), field, b"", raw, f"--{BOUNDARY}--".encode(), b""))
    return sendgrid_mail.incoming_mail(f"multipart/form-data; boundary={BOUNDARY}", body)


@pytest.mark.parametrize("carrier", [by_mta, by_sendgrid])
@pytest.mark.parametrize("told", ["Message-ID: <same@example.com>\r\nDate: {}", "Date: {}", "Received: by a; {}"])
def test_the_same_words_again_after_a_later_yes_unsubscribe_again(
    database: Database, tmp_path: Path, carrier: object, told: str
) -> None:
    """E8, X5: some programs give their mails no Message-ID, or always the same; a second delivery is a duplicate."""
    assert callable(carrier)
    clock = StillClock()
    house = House(wiring_on(database, tmp_path, clock), clock)
    house.furnish()
    [jane] = house.know((Channel.EMAIL, EMAIL))
    mailbox = f"u-{house.path(jane).rpartition('/')[2]}@in.example"
    wiring = house.wiring

    def arrives(date: str) -> int:
        head = f"From: {EMAIL}\r\nTo: {mailbox}\r\nSubject: unsubscribe\r\n{told.format(date)}\r\n\r\n"
        incoming = carrier(head.encode(), mailbox)
        return receiving.take_in(wiring.database, incoming, wiring.handlers["mail"], at=clock())[0]

    first = arrives("Mon, 23 Nov 2026 15:00:00 +0000")
    assert arrives("Mon, 23 Nov 2026 15:00:00 +0000") == first
    with database.write() as session:
        optouts.lift(session, jane, Reason.OPT_OUT, Evidence("ann"), at=clock())
    clock.move(days=30)
    arrives("Wed, 23 Dec 2026 15:00:00 +0000")
    assert house.scopes() == ["all"]
