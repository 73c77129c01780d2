"""A product furnished for tests: brands, topics and contact points on file, and a clock that stands still."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select

from prefcenter.config import Config
from prefcenter.core.channels import Channel
from prefcenter.core.tokens import Purpose, Token
from prefcenter.services.points import Point
from prefcenter.store.contacts import Contact, ContactPoint
from prefcenter.store.engine import Database
from prefcenter.store.ledger import LedgerEntry
from prefcenter.store.registry import Brand, Topic
from prefcenter.store.suppressions import Suppression
from prefcenter.wiring import Wiring, wire
from tests.conftest import PEPPER, SECRET

START = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
EMAIL = "jane@example.com"
PHONE = "+14155550100"
POST = "Jane Doe; 12 N Main St; ; Springfield; IL; 62701"


@dataclass
class StillClock:
    """A clock that stands still until it is moved."""

    now: datetime = START

    def __call__(self) -> datetime:
        return self.now

    def move(self, **delta: float) -> None:
        self.now += timedelta(**delta)


def settings(folder: Path, database_url: str = "sqlite://", **changed: Any) -> Config:
    given: dict[str, Any] = {
        "database_url": database_url,
        "secret_keys": (SECRET,),
        "peppers": (PEPPER,),
        "base_url": "http://127.0.0.1:8000",
        "data_dir": folder,
        "is_demo": True,
    }
    return Config(**given | changed)


def wiring_on(database: Database, folder: Path, clock: StillClock, **changed: Any) -> Wiring:
    """The product on a database that the test made."""
    url = database.engine.url.render_as_string(hide_password=False)
    return wire(settings(folder, url, **changed), clock=clock, database=database)


@dataclass
class House:
    """What is on file, and the ways to look at what came of a request."""

    wiring: Wiring
    clock: StillClock
    brands: dict[str, Brand] = field(default_factory=dict)
    topics: dict[str, Topic] = field(default_factory=dict)

    def furnish(self) -> None:
        with self.wiring.database.write() as session:
            for number, (slug, name) in enumerate((("acme", "Acme"), ("beta", "Beta")), start=101):
                self.brands[slug] = Brand(
                    slug=slug, code=number, name=name, country="US", contact=f"help@{slug}.example", created_at=START
                )
            session.add_all(self.brands.values())
            session.flush()
            self._topic("acme", "offers", "Offers", 201, "Deals, about once a week.")
            self._topic("acme", "news", "Newsletter", 202, "What is new, once a month.")
            self._topic("beta", "offers", "Offers", 203, "Deals from Beta.")
            session.add_all(self.topics.values())
            session.commit()

    def _topic(self, brand: str, slug: str, name: str, code: int, about: str) -> None:
        self.topics[f"{brand}/{slug}"] = Topic(
            brand_id=self.brands[brand].id,
            slug=slug,
            code=code,
            name=name,
            description=about,
            channels=["email", "sms", "post"],
            created_at=START,
        )

    def know(self, *addresses: tuple[Channel, str]) -> list[Point]:
        """Put one person with these contact points on file."""
        points = [self.wiring.points.parse(channel, text) for channel, text in addresses]
        with self.wiring.database.write() as session:
            contact = Contact(country="US", created_at=START)
            session.add(contact)
            session.flush()
            session.add_all(row_of_point(contact.id, point) for point in points)
            session.commit()
        return points

    def path(self, point: Point, what: str = "", purpose: Purpose = Purpose.UNSUBSCRIBE) -> str:
        """The link for a point and for ``brand``, ``brand/topic`` or nothing."""
        brand = self.brands[what.partition("/")[0]].code if what else 0
        topic = self.topics[what].code if "/" in what else 0
        token = self.wiring.keyring.signing.make(Token(purpose, point.channel, point.digest, brand, topic))
        return f"/{'u' if purpose is Purpose.UNSUBSCRIBE else 'p'}/{token}"

    def choose(self, point: Point) -> str:
        """The preference link of a point."""
        return self.path(point, "acme", Purpose.PREFERENCES)

    def suppressions(self) -> list[tuple[str, str, str, str]]:
        """The entries in force: channel, reason, scope, source."""
        with self.wiring.database.read() as session:
            rows = session.scalars(select(Suppression).where(Suppression.ended_at.is_(None)).order_by(Suppression.id))
            return [(row.channel, row.reason, row.scope, row.source) for row in rows]

    def scopes(self) -> list[str]:
        return [scope for _, _, scope, _ in self.suppressions()]

    def ledger(self) -> list[str]:
        """The kinds of all entries in the ledger, in order."""
        with self.wiring.database.read() as session:
            return list(session.scalars(select(LedgerEntry.kind).order_by(LedgerEntry.id)))

    def delete_topic(self, what: str) -> None:
        with self.wiring.database.write() as session:
            session.delete(session.get_one(Topic, self.topics[what].id))
            session.commit()


def row_of_point(contact_id: int, point: Point) -> ContactPoint:
    return ContactPoint(
        contact_id=contact_id,
        channel=point.channel.value,
        digest=point.digest,
        pepper_id=point.pepper_id or "",
        value=dict(point.given or {}),
        country="US",
        source="import",
        created_at=START,
    )


def ticked(page: str) -> list[str]:
    """The boxes that a preference page shows as on, as a browser would send them."""
    return re.findall(r'name="was" value="([^"]+)"', page)


def sent(page: str, *, without: Sequence[str] = ()) -> Mapping[str, Any]:
    """What a browser sends when the boxes of these scopes are unticked and Save is pressed."""
    fields = ticked(page)
    kept = [one for one in fields if one.partition(" ")[2] not in without]
    return {"do": "save", "on": kept, "was": fields}
