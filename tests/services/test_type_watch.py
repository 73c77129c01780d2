"""Service messages that suddenly reach people who opted out of marketing are noticed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert, select

from prefcenter import working
from prefcenter.core.channels import Channel, MessageClass, Reason, Scope, ServiceCategory, Source
from prefcenter.core.watching import FLOOR, FLOOR_WITHOUT_USUAL, Day, watch
from prefcenter.services import catalogue, message_types, suppressing
from prefcenter.services.catalogue import BrandFacts
from prefcenter.services.message_types import TypeFacts
from prefcenter.services.ports import Evidence
from prefcenter.services.suppressing import OptOut
from prefcenter.services.type_watch import WatchedType, watch_hourly, watch_types
from prefcenter.store.engine import Database
from prefcenter.store.ledger import LedgerEntry
from prefcenter.store.outbox import OutboxMessage
from prefcenter.wiring import Wiring
from tests.houses import START, StillClock, wiring_on

SYSTEM = Evidence("system")
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("last", "before", "alarms"),
    [
        (Day(100, 10), [Day(100, 10)] * 28, False),
        (Day(100, 30), [Day(100, 10)] * 28, True),
        (Day(1_000, 29), [Day(100, 10)] * 28, False),
        (Day(100, FLOOR - 1), [Day(100, 1)] * 28, False),
        (Day(100, FLOOR), [Day(100, 0)] * 28, True),
        (Day(40, 25), [Day(100, 10)] * 28, True),
        (Day(100, 19 + 5), [Day(100, 15)] * 28, False),
        (Day(100, 72), [Day(100, 60)] * 28, False),
        (Day(5_000, FLOOR_WITHOUT_USUAL - 1), [], False),
        (Day(5_000, FLOOR_WITHOUT_USUAL), [], True),
        (Day(5_000, 500), [Day(0, 0)] * 24 + [Day(5_000, 480)] * 4, False),
        (Day(0, 0), [Day(100, 10)] * 28, False),
    ],
)
def test_a_jump_is_told_from_the_usual(last: Day, before: list[Day], alarms: bool) -> None:
    """E14: by volume or share against the median of the days on which it sent, and never for a handful."""
    assert bool(watch(last, before).alarm) is alarms


@dataclass
class House:
    wiring: Wiring
    clock: StillClock

    def opt_out(
        self, email: str, scope: Scope, reason: Reason = Reason.OPT_OUT, at: datetime = START - 40 * DAY
    ) -> None:
        with self.wiring.database.write() as session:
            opt_out = OptOut(reason, scope, Source.ONE_CLICK, since=at)
            suppressing.suppress(session, self.wiring.points, self.wiring.points.email(email), opt_out, SYSTEM, at=at)
            session.commit()

    def send(self, email: str, times: int, at: datetime, slug: str = "receipt", **given: object) -> None:
        row = {
            "channel": "email", "message_class": "service", "message_type": slug, "brand": "acme",
            "digest": self.wiring.points.email(email).digest, "to": email, "created_at": at, "due_at": at,
            "state": "sent", "why": [], "sent_at": at,
        } | given  # fmt: skip
        with self.wiring.database.write() as session:
            session.execute(insert(OutboxMessage), [row] * times)
            session.commit()

    def seen(self) -> dict[str, WatchedType]:
        with self.wiring.database.read() as session:
            return {one.slug: one for one in watch_types(session, at=self.clock())}

    def reached(self, slug: str = "receipt") -> tuple[int, int]:
        last = self.seen()[slug].watched.last
        return last.sent, last.opted_out

    def alarms(self) -> list[dict[str, object]]:
        with self.wiring.database.read() as session:
            query = select(LedgerEntry.facts).where(LedgerEntry.kind == "watch_alarm").order_by(LedgerEntry.id)
            return list(session.scalars(query))


@pytest.fixture
def house(database: Database, tmp_path: Path) -> House:
    clock = StillClock()
    wiring = wiring_on(database, tmp_path, clock)
    wiring.adopt_keys()
    with database.write() as session:
        catalogue.add_brand(session, "acme", BrandFacts("Acme"), SYSTEM, at=START)
        catalogue.add_brand(session, "beta", BrandFacts("Beta"), SYSTEM, at=START)
        facts = TypeFacts("R", MessageClass.SERVICE, Channel.EMAIL, "acme", category=ServiceCategory.TRANSACTION)
        message_types.add_type(session, "receipt", facts, SYSTEM, at=START)
        legal = TypeFacts("L", MessageClass.LEGAL, Channel.EMAIL, "acme")
        message_types.add_type(session, "notice", legal, SYSTEM, at=START)
        message_types.add_type(
            session, "offers", TypeFacts("O", MessageClass.MARKETING, Channel.EMAIL, "acme"), SYSTEM, at=START
        )
    return House(wiring, clock)


def test_who_had_opted_out_when_it_left_is_counted(house: House) -> None:
    """E14: of everything, of the brand, of any topic of it; not of another brand, and not later."""
    house.opt_out("all@example.com", Scope.everything())
    house.opt_out("brand@example.com", Scope.brand("acme"))
    house.opt_out("topic@example.com", Scope.topic("acme", "offers"))
    house.opt_out("objects@example.com", Scope.everything(), Reason.OBJECTION)
    house.opt_out("other@example.com", Scope.brand("beta"))
    house.opt_out("bounced@example.com", Scope.everything(), Reason.HARD_BOUNCE)
    house.opt_out("later@example.com", Scope.everything(), at=START)
    for name in ("all", "brand", "topic", "objects", "other", "bounced", "later", "nobody"):
        house.send(f"{name}@example.com", 1, START - timedelta(hours=2))
    assert house.reached() == (8, 4)


def test_only_what_left_in_the_last_day_counts_as_the_last_day(house: House) -> None:
    house.opt_out("all@example.com", Scope.everything())
    house.send("all@example.com", 3, START - timedelta(hours=23))
    house.send("all@example.com", 5, START - timedelta(hours=25))
    house.send("all@example.com", 7, START - timedelta(hours=1), state="refused", sent_at=None)
    house.send("all@example.com", 9, START - timedelta(hours=1), "offers", message_class="marketing")
    assert house.reached() == (3, 3)
    assert house.reached("notice") == (0, 0)
    assert set(house.seen()) == {"receipt", "notice"}


def test_the_worker_tells_of_a_jump_once_a_day_and_looks_once_an_hour(house: House) -> None:
    """E14: in the ledger; nothing else is written."""
    house.opt_out("all@example.com", Scope.everything())
    for days in range(1, 11):
        house.send("all@example.com", 2, START - days * DAY - timedelta(hours=1))
        house.send("nobody@example.com", 98, START - days * DAY - timedelta(hours=1))
    assert watch_hourly(house.wiring.database, at=START) == 0
    house.send("all@example.com", 30, START - timedelta(minutes=1))
    working.step(house.wiring)
    assert house.alarms() == []  # It looked within this hour.
    house.clock.move(hours=1)
    working.step(house.wiring)
    (told,) = house.alarms()
    assert told == {
        "type": "receipt",
        "class": "service",
        "brand": "acme",
        "why": "30 messages reached people who opted out of marketing; 2 a day are usual.",
        "sent": 30,
        "opted_out": 30,
    }
    house.clock.move(hours=1)
    working.step(house.wiring)
    assert len(house.alarms()) == 1
    house.clock.now = START + timedelta(hours=12)  # The next day, and the 30 are still among the last 24 hours.
    working.step(house.wiring)
    assert len(house.alarms()) == 2


def test_of_two_workers_one_looks(house: House) -> None:
    house.opt_out("all@example.com", Scope.everything())
    house.send("all@example.com", FLOOR_WITHOUT_USUAL, START - timedelta(hours=1))
    assert [watch_hourly(house.wiring.database, at=START) for _ in range(2)] == [1, 0]
