"""Sample data: two brands, their topics and message types, 200 contacts, and a mailing file to try things on.

All people are made up; numbers are from the range that is kept for fiction (555-01xx), and mail goes to example
domains.
"""

from __future__ import annotations

import csv
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime, formataddr
from pathlib import Path

from sqlalchemy.orm import Session

from prefcenter.core.channels import Channel, Level, MessageClass, Reason, Scope, ServiceCategory, Source
from prefcenter.core.consent import Basis
from prefcenter.core.errors import BadAddress
from prefcenter.core.postal.address import PostalAddress
from prefcenter.services import catalogue, message_types
from prefcenter.services.brand_looks import set_look
from prefcenter.services.catalogue import BrandFacts
from prefcenter.services.message_types import TypeFacts
from prefcenter.services.points import Point, Points
from prefcenter.services.ports import Evidence
from prefcenter.services.sampling_looks import LOOKS
from prefcenter.services.suppressing import OptOut, suppress
from prefcenter.store import registry
from prefcenter.store.consents import ConsentRecord, Subscription
from prefcenter.store.contacts import Contact, ContactPoint
from prefcenter.store.engine import Database

CONTACTS = 200
SYSTEM = Evidence("system", facts={"why": "sample data"})

_FIRST = (
    "Ada Ben Carla David Elena Frank Grace Henry Ines James Karen Luis Maria Nathan Olivia Peter Quinn "
    "Rosa Samuel Tara Ulrich Vera Walter Ximena Yusuf Zoe"
).split()
_LAST = (
    "Abbott Baker Castillo Dawson Ellis Foster Garcia Hughes Ibrahim Jensen Keller Lopez Murphy Nguyen "
    "Okafor Patel Quigley Rivera Schmidt Turner Underwood Vasquez Weber Young"
).split()
_STREETS = ("Oak Maple Cedar Birch Walnut Chestnut Lakeview Hillside Prospect Franklin Jefferson Madison").split()
_SUFFIXES = (("Street", "St"), ("Avenue", "Ave"), ("Road", "Rd"), ("Drive", "Dr"), ("Lane", "Ln"))
_PLACES = (
    ("Springfield", "IL", "62704", "217"),
    ("Portland", "OR", "97205", "503"),
    ("Austin", "TX", "78701", "512"),
    ("Burlington", "VT", "05401", "802"),
    ("Sacramento", "CA", "95814", "916"),
)

_BRANDS = (
    ("acme", "Acme Outfitters", "1 Trailhead Way, Burlington, VT 05401"),
    ("bluebird", "Bluebird Books", "77 Page Street, Portland, OR 97205"),
)
_TOPICS = (
    ("acme", "offers", "Offers", "Sales and members' prices, about once a week.", (Channel.EMAIL, Channel.SMS)),
    ("acme", "newsletter", "Trail letter", "Stories and tips from the trail, monthly.", (Channel.EMAIL,)),
    ("acme", "catalog", "Catalog", "The printed catalog, in spring and fall.", (Channel.POST,)),
    ("bluebird", "new-books", "New books", "What has come out, twice a month.", (Channel.EMAIL,)),
    ("bluebird", "events", "Readings", "Authors who read near you.", (Channel.EMAIL, Channel.POST)),
)
_M, _S = MessageClass.MARKETING, MessageClass.SERVICE
_TYPES: tuple[tuple[str, TypeFacts], ...] = (
    ("acme-offers", TypeFacts("Offers by email", _M, Channel.EMAIL, "acme", "offers")),
    ("acme-newsletter", TypeFacts("Trail letter", _M, Channel.EMAIL, "acme", "newsletter")),
    ("acme-text-offers", TypeFacts("Offers by text", _M, Channel.SMS, "acme", "offers", "+18025550190")),
    ("acme-catalog", TypeFacts("Printed catalog", _M, Channel.POST, "acme", "catalog")),
    (
        "acme-receipts",
        TypeFacts(
            "Receipts",
            _S,
            Channel.EMAIL,
            "acme",
            category=ServiceCategory.TRANSACTION,
            category_reason="Confirms an order, right after it was placed.",
        ),
    ),
    (
        "acme-delivery",
        TypeFacts(
            "Delivery texts",
            _S,
            Channel.SMS,
            "acme",
            sender="+18025550191",
            category=ServiceCategory.DELIVERY,
            category_reason="Says when an order arrives.",
        ),
    ),
    ("bluebird-new-books", TypeFacts("New books", _M, Channel.EMAIL, "bluebird", "new-books")),
    ("bluebird-events", TypeFacts("Readings by post", _M, Channel.POST, "bluebird", "events")),
    (
        "bluebird-account",
        TypeFacts(
            "Account notices",
            _S,
            Channel.EMAIL,
            "bluebird",
            category=ServiceCategory.ACCOUNT,
            category_reason="Tells of changes to the reader's own account.",
        ),
    ),
)


@dataclass(frozen=True, slots=True)
class Person:
    """One made-up person."""

    number: int
    name: str
    email: str
    phone: str
    address: PostalAddress


def people(count: int = CONTACTS) -> Iterator[Person]:
    """Make people up, always the same ones."""
    dice = random.Random(2026)
    for number in range(1, count + 1):
        first, last = dice.choice(_FIRST), dice.choice(_LAST)
        city, state, code, area = _PLACES[number % len(_PLACES)]
        street = f"{dice.randint(10, 4999)} {dice.choice(_STREETS)} {dice.choice(_SUFFIXES)[0]}"
        unit = f"Apt {dice.randint(1, 40)}" if dice.random() < 0.25 else ""
        yield Person(
            number=number,
            name=f"{first} {last}",
            email=f"{first}.{last}{number}@example.com".lower(),
            phone=f"+1{area}55501{number // len(_PLACES) % 100:02}",
            address=PostalAddress(
                name=f"{first} {last}", address1=street, address2=unit, city=city, state=state, zip=code, country="US"
            ),
        )


def fill(database: Database, points: Points, *, at: datetime) -> bool:
    """Fill an empty product with sample data; one that has brands stays as it is.

    Returns:
        Whether anything was added.
    """
    with database.read() as session:
        if registry.brands(session):
            return False
    with database.write() as session:
        _register(session, at)
        everybody = list(people())
        addresses = points.post_many([person.address for person in everybody], [Level.INDIVIDUAL] * CONTACTS)
        for person, address in zip(everybody, addresses, strict=True):
            if isinstance(address, BadAddress):
                raise address
            _add_person(session, points, person, address, at)
        _some_opt_outs(session, points, everybody, at)
        session.commit()
    return True


def _register(session: Session, at: datetime) -> None:
    for slug, name, address in _BRANDS:
        facts = BrandFacts(
            name=name,
            postal_address=address,
            sender_name=name,
            marketing_from=f"news@{slug}.example.com",
            service_from=f"service@{slug}.example.com",
            contact=f"help@{slug}.example.com",
            domain=f"{slug}.example.com",
            privacy_url=f"https://{slug}.example.com/privacy",
        )
        catalogue.add_brand(session, slug, facts, SYSTEM, at=at)
        set_look(session, slug, LOOKS[slug], SYSTEM, at=at)
    for brand, slug, name, description, channels in _TOPICS:
        catalogue.add_topic(
            session, slug, name=name, evidence=SYSTEM, at=at, brand=brand, description=description, channels=channels
        )
    for slug, facts_of_type in _TYPES:
        message_types.add_type(session, slug, facts_of_type, SYSTEM, at=at)


def _add_person(session: Session, points: Points, person: Person, address: Point, at: datetime) -> None:
    since = at - timedelta(days=30 + person.number)
    contact = Contact(name=person.name, country="US", language="en", created_at=since)
    session.add(contact)
    session.flush()
    made = [points.email(person.email), points.phone(person.phone), address]
    rows = [_point_row(point, contact.id, since) for point in made]
    session.add_all(rows)
    session.flush()
    _agree(session, made[1], person, since)
    for topic, brand in registry.topics(session):
        takes_part = (person.number + topic.id) % 3 and (brand.slug == "acme" or person.number % 2)
        if takes_part and Channel.EMAIL.value in topic.channels:
            session.add(
                Subscription(contact_point_id=rows[0].id, topic_id=topic.id, source=Source.IMPORT.value, since=since)
            )


def _point_row(point: Point, contact_id: int, since: datetime) -> ContactPoint:
    return ContactPoint(
        contact_id=contact_id,
        channel=point.channel.value,
        digest=point.digest,
        pepper_id=point.pepper_id or "",
        value=dict(point.given or {}),
        country="US",
        source=Source.IMPORT.value,
        source_note="sample data",
        verified_at=since,
        created_at=since,
    )


def _agree(session: Session, phone: Point, person: Person, since: datetime) -> None:
    """Two people in three have agreed to texts of Acme, in words that are kept (S9, S11)."""
    if person.number % 3 == 0:
        return
    session.add(
        ConsentRecord(
            channel=Channel.SMS.value,
            digest=phone.digest,
            pepper_id=phone.pepper_id or "",
            scope=str(Scope.brand("acme")),
            basis=Basis.EXPRESS_WRITTEN.value,
            since=since,
            source=Source.API.value,
            wording="Yes, text me offers from Acme Outfitters, up to 4 a month. Not needed to buy. Reply STOP to end.",
            wording_version="2026-01",
            language="en",
            evidence={"where": "https://acme.example.com/join", "ip": "192.0.2.10"},
        )
    )


def _some_opt_outs(session: Session, points: Points, everybody: Sequence[Person], at: datetime) -> None:
    """A few opt-outs of each kind, so that lists and files have something to show."""
    for person in everybody[4::20]:
        opt_out = OptOut(Reason.OPT_OUT, Scope.brand("acme"), Source.IMPORT, since=at - timedelta(days=9))
        suppress(session, points, points.email(person.email), opt_out, SYSTEM, at=at)
    for person in everybody[7::20]:
        opt_out = OptOut(Reason.OPT_OUT, Scope.everything(), Source.IMPORT, since=at - timedelta(days=5))
        suppress(session, points, points.post(person.address), opt_out, SYSTEM, at=at)
    for person in everybody[11::40]:
        opt_out = OptOut(Reason.OBJECTION, Scope.everything(), Source.OPERATOR, since=at - timedelta(days=2))
        suppress(session, points, points.email(person.email), opt_out, SYSTEM, at=at)


def write_mailing_file(path: Path) -> int:
    """Write a mailing file of the sample contacts as a list vendor would spell them, and of strangers.

    Returns:
        Its rows.
    """
    dice = random.Random(7)
    path.parent.mkdir(parents=True, exist_ok=True)
    strangers = [person for person in people(1200) if person.number > CONTACTS]
    rows = [*people(), *strangers]
    dice.shuffle(rows)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(
            ["Finder No", "Full Name", "Address 1", "Address 2", "City", "ST", "ZIP Code", "E-Mail", "Mobile"]
        )
        for number, person in enumerate(rows, start=1):
            writer.writerow([f"F{number:06}", *_as_a_vendor_spells(person, dice)])
    return len(rows)


def _as_a_vendor_spells(person: Person, dice: random.Random) -> list[str]:
    street = person.address.address1
    if dice.random() < 0.6:
        for whole, short in _SUFFIXES:
            street = street.replace(whole, short)
    name, unit, city = person.name, person.address.address2, person.address.city
    if dice.random() < 0.3:
        name, street, city = name.upper(), street.upper(), city.upper()
    if dice.random() < 0.3:
        unit = unit.replace("Apt ", "#")
    digits = person.phone[2:]
    phone = f"({digits[:3]}) {digits[3:6]}-{digits[6:]}"
    return [name, street, unit, city, person.address.state, person.address.zip, person.email, phone]


def write_request_mail(path: Path, at: datetime) -> None:
    """Write a mail in which one of the sample contacts asks for no more post, as a mail server would hand it over."""
    person = next(person for person in people() if person.number == 3)
    address = person.address
    mail = EmailMessage()
    mail["Authentication-Results"] = "mx.example.net; dkim=pass header.d=example.com"
    mail["From"] = formataddr((person.name, person.email))
    mail["To"] = "privacy@in.prefcenter.example"
    mail["Subject"] = "No Snail Mail"
    mail["Date"] = format_datetime(at)
    mail["Message-ID"] = "<please-stop@example.com>"
    street = " ".join(filter(None, (address.address1, address.address2)))
    mail.set_content(f"{person.name}\n{street}\n{address.city}, {address.state} {address.zip}\n")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(mail.as_bytes())
