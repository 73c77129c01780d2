"""A topic that its owner asked for again comes through at the provider too, and nothing else does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from prefcenter.core.channels import Reason, Scope, Source
from prefcenter.services import opting_in
from prefcenter.services.opting_in import OptIn, Wording
from prefcenter.services.ports import Evidence
from prefcenter.store.engine import Database
from prefcenter.store.registry import Brand, Topic
from tests.accounts import Accounts, opened

JANE, JOHN = "jane@example.com", "john@example.com"
BRAND = Scope.brand("acme")


@pytest.fixture
def accounts(database: Database, tmp_path: Path) -> Iterator[Accounts]:
    with opened(database, tmp_path) as made:
        yield made


def asks_for_offers(accounts: Accounts, address: str) -> None:
    accounts.clock.move(minutes=10)
    at, house = accounts.clock(), accounts.house
    with accounts.database.write() as session:
        brand = session.get_one(Brand, house.brands["acme"].id)
        topic = session.get_one(Topic, house.topics["acme/offers"].id)
        yes = OptIn(brand, [topic], Source.SIGN_UP, Wording("Yes.", "1", "en"), at, 1)
        points = house.wiring.points
        opting_in.turn_on(session, points, points.email(address), yes, Evidence("recipient"), at=at)
        session.commit()


def test_who_asks_for_a_topic_again_leaves_the_lists_that_would_stop_it(accounts: Accounts) -> None:
    """X9, X10: off the group of the whole brand and of the topic, and still on that of another topic."""
    whole = accounts.group(14, JOHN, brand="acme")
    offers = accounts.group(15, brand="acme", topic="offers")
    news = accounts.group(16, brand="acme", topic="news")
    accounts.stop(JANE, BRAND)
    accounts.sync()
    assert (set(whole.members), set(offers.members), set(news.members)) == ({JANE, JOHN}, {JANE, JOHN}, {JANE, JOHN})
    asks_for_offers(accounts, JANE)
    asks_for_offers(accounts, JOHN)
    accounts.sync()
    assert (set(whole.members), set(offers.members), set(news.members)) == (set(), set(), {JANE, JOHN})
    accounts.clock.move(days=2)
    assert accounts.sync(whole=True).counts["taken"] == 0
    assert [entry[:2] for entry in accounts.in_force()] == [("opt_out", "brand_but:acme/offers")] * 2
    assert not accounts.drift().is_drift


def test_who_leaves_again_is_told_again(accounts: Accounts) -> None:
    """E11: a new opt-out spares nothing, there as here."""
    whole = accounts.group(14, brand="acme")
    accounts.stop(JANE, BRAND)
    asks_for_offers(accounts, JANE)
    accounts.sync()
    assert whole.members == {}
    accounts.clock.move(hours=1)
    accounts.stop(JANE, BRAND, reason=Reason.OPT_OUT)
    accounts.sync()
    assert set(whole.members) == {JANE}
