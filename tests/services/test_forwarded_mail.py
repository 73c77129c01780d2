"""A mail of ours that is forwarded to us ends what it is about; what merely quotes one does not."""

from __future__ import annotations

from email.message import EmailMessage
from pathlib import Path

import pytest

from prefcenter.core.channels import Channel
from prefcenter.core.tokens import Purpose
from prefcenter.providers import mta
from prefcenter.services import receiving
from prefcenter.store.engine import Database
from tests.houses import EMAIL, House, StillClock, wiring_on

MAILBOX = "forward@in.example"
OTHER = "jim@example.com"


@pytest.fixture
def house(database: Database, tmp_path: Path) -> House:
    clock = StillClock()
    made = House(wiring_on(database, tmp_path, clock, inbound_domain="in.example"), clock)
    made.furnish()
    made.know((Channel.EMAIL, EMAIL))
    made.know((Channel.EMAIL, OTHER))
    return made


def link(house: House, address: str = EMAIL, purpose: Purpose = Purpose.UNSUBSCRIBE) -> str:
    path = house.path(house.wiring.points.parse(Channel.EMAIL, address), "acme/offers", purpose)
    return f"https://prefs.example.com{path}"


def mail(text: str, html: str = "", **headers: str) -> EmailMessage:
    made = EmailMessage()
    told = {
        "From": "someone@elsewhere.example",
        "To": MAILBOX,
        "Subject": "Fwd: Only now",
        "Message-ID": "<1@e.example>",
    }
    for name, value in (told | {name.replace("_", "-"): value for name, value in headers.items()}).items():
        made[name] = value
    made.set_content(text)
    if html:
        made.add_alternative(html, subtype="html")
    return made


def arrives(house: House, made: EmailMessage, recipient: str = MAILBOX) -> str:
    incoming = mta.incoming_mail(made.as_bytes(), [recipient])
    number, _ = receiving.take_in(house.wiring.database, incoming, house.wiring.handlers["mail"], at=house.clock())
    with house.wiring.database.read() as session:
        query = "SELECT outcome FROM inbound_messages WHERE id = " + str(number)
        return str(session.connection().exec_driver_sql(query).scalar_one())


def test_the_link_in_its_text_tells_what_ends(house: House) -> None:
    """E19: the topic, at the address that it came to, and nothing of the forwarder's."""
    assert arrives(house, mail(f"> Hello Jane,\n> Unsubscribe: {link(house)}\n")) == "unsubscribed"
    assert house.suppressions() == [("email", "opt_out", "topic:acme/offers", "unsubscribe_mail")]


def test_a_link_that_stands_in_html_alone_is_found(house: House) -> None:
    html = f'<p>Hello</p><a class="x" href="{link(house)}?a=1&amp;b=2">Unsubscribe</a>'
    assert arrives(house, mail("Hello, see the HTML.", html)) == "unsubscribed"
    assert house.scopes() == ["topic:acme/offers"]


def test_a_mail_that_is_attached_is_read_with_its_header(house: House) -> None:
    inner = EmailMessage()
    inner["From"], inner["To"] = "offers@acme.example", EMAIL
    inner["List-Unsubscribe"] = f"<{link(house)}>"
    inner.set_content("Hello Jane")
    outer = mail("See below.")
    outer.add_attachment(inner)
    assert arrives(house, outer) == "unsubscribed"
    assert house.scopes() == ["topic:acme/offers"]


def test_a_preference_link_alone_will_do_and_beside_another_says_nothing_more(house: House) -> None:
    choose = link(house, purpose=Purpose.PREFERENCES)
    assert arrives(house, mail(f"{choose}\n")) == "unsubscribed"
    assert arrives(house, mail(f"{link(house)} {choose}\n", Message_ID="<2@e.example>")) == "unsubscribed"
    assert house.scopes() == ["topic:acme/offers"]


@pytest.mark.parametrize(
    "headers",
    [{"Auto_Submitted": "auto-replied"}, {"From": "MAILER-DAEMON@mx.example", "Auto_Submitted": "auto-generated"}],
)
def test_what_a_machine_sends_back_ends_nothing(house: House, headers: dict[str, str]) -> None:
    """E8: a bounce or an out-of-office note quotes the mail with its link."""
    assert arrives(house, mail(f"> {link(house)}", **headers)) == "ignored"
    assert house.suppressions() == []


def test_an_answer_that_quotes_the_mail_goes_to_a_person(house: House) -> None:
    """Only the dedicated mailbox counts: whoever asks about an order must not lose the offers by it."""
    asked = mail(f"Where is my order?\n> {link(house)}", To="hello@in.example", Subject="Re: Only now")
    assert arrives(house, asked, "hello@in.example") == "review"
    assert house.suppressions() == []


@pytest.mark.parametrize("kind", ["none", "forged", "several"])
def test_what_is_not_clear_goes_to_a_person(house: House, kind: str) -> None:
    """P2: nothing is lost, and nobody is unsubscribed by a guess."""
    good = link(house)
    forged = good[:-1] + ("a" if good[-1] != "a" else "b")
    text = {"none": "stop it!", "forged": forged, "several": f"{good} {link(house, OTHER)}"}[kind]
    assert arrives(house, mail(text)) == "review"
    assert house.suppressions() == []
