"""A machine's one-clicks are told from people's, and undone as a batch by two; what a person confirmed stays (X10)."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import delete, select

from prefcenter.core.channels import Channel, Reason
from prefcenter.core.errors import BadInput
from prefcenter.services import clicks, list_audit, undoing
from prefcenter.services.backing import Wanted
from prefcenter.services.clicks import Clicks, Wished
from prefcenter.services.ports import Evidence
from prefcenter.services.undoing import Undone
from prefcenter.store.ledger import LedgerPersonal
from prefcenter.store.suppressions import Suppression
from tests.houses import House

ONE_CLICK = {"List-Unsubscribe": "One-Click"}
SCANNER, MAILBOX = "LinkScanner/7.1", "Mailbox Provider Unsubscribe"
NOTE = {"note": "400 in two minutes, from the filter of one company"}
ANN, BOB = Evidence("ann@acme.example", personal=NOTE), Evidence("bob@acme.example", personal=NOTE)


@pytest.fixture
def links(house: House) -> dict[str, str]:
    """The link of each person."""
    names = ("jane", "joe", "jim", "eve")
    return {name: house.path(house.know((Channel.EMAIL, f"{name}@example.com"))[0], "acme/offers") for name in names}


def click(client: FlaskClient, link: str, agent: str = SCANNER, address: str = "203.0.113.7", **form: str) -> None:
    answer = client.post(
        link, data=form or ONE_CLICK, headers={"User-Agent": agent}, environ_base={"REMOTE_ADDR": address}
    )
    assert answer.status_code == 200


def seen(house: House, **wished: Any) -> list[Clicks]:
    with house.wiring.database.read() as session:
        return clicks.seen(session, Wished(**wished), 10)


def undo(house: House, evidence: Evidence, cause: str, *reasons: Reason) -> Undone:
    with house.wiring.database.write() as session:
        return undoing.undo(session, Wanted((cause,), reasons), evidence, at=house.clock())


def listed(house: House) -> list[str]:
    """Who is on the list."""
    people = {house.wiring.points.email(f"{name}@example.com").digest: name for name in ("jane", "joe", "jim", "eve")}
    with house.wiring.database.read() as session:
        rows = session.scalars(select(Suppression).where(Suppression.ended_at.is_(None)))
        return sorted(people[row.digest] for row in rows)


def test_a_scanner_s_clicks_are_undone_and_nobody_else_s(
    client: FlaskClient, house: House, links: dict[str, str]
) -> None:
    """X10, E13: by network and name; who confirmed it on the page, or clicked elsewhere too, stays out."""
    for name in ("jane", "joe", "jim"):
        click(client, links[name], address=f"203.0.113.{len(name)}")
    click(client, links["eve"], MAILBOX, "198.51.100.9")
    click(client, links["jim"], MAILBOX, "198.51.100.9")
    click(client, links["joe"], MAILBOX, "192.0.2.1", confirm="yes")
    [found] = seen(house, network=ip_network("203.0.113.200"))
    assert (found.network, found.user_agent, found.entries) == ("203.0.113.0/24", SCANNER, 3)
    assert [each.user_agent for each in seen(house, user_agent="mailbox")] == [MAILBOX]
    first = undo(house, ANN, found.cause, Reason.OPT_OUT)
    assert first.judged.by_why == {"asked for by unsubscribe_page too": 1, "rests on another cause too": 1}
    assert listed(house) == ["eve", "jane", "jim", "joe"]
    assert len(undo(house, BOB, found.cause, Reason.OPT_OUT).ended) == 1
    assert listed(house) == ["eve", "jim", "joe"]
    with house.wiring.database.read() as session:
        assert list_audit.first_difference(session) is None


def test_clicks_are_people_s_own_acts_unless_all_is_said(
    client: FlaskClient, house: House, links: dict[str, str]
) -> None:
    """X10: cause, reason and note, each in full."""
    click(client, links["jane"])
    [found] = seen(house)
    with pytest.raises(BadInput, match="note"):
        undo(house, Evidence("ann@acme.example"), found.cause, Reason.OPT_OUT)
    with pytest.raises(BadInput, match="one by one"):
        undo(house, ANN, "clicks-*", Reason.OPT_OUT)
    assert undo(house, ANN, found.cause).outcome == "nothing"
    assert listed(house) == ["jane"]


def test_a_pattern_never_reaches_clicks(client: FlaskClient, house: House, links: dict[str, str]) -> None:
    """X10: `*` for all causes of a day is no word about people's clicks."""
    click(client, links["jane"])
    with house.wiring.database.write() as session:
        session.add(_imported(house))
        session.commit()
    assert undo(house, ANN, "*", Reason.OPT_OUT).judged.causes == ("import-1",)


def _imported(house: House) -> Suppression:
    at = house.clock()
    facts: dict[str, Any] = {"channel": "email", "digest": b"sixteen bytes...", "reason": "opt_out", "scope": "all"}
    return Suppression(**facts, level="", since=at, source="import", batch="import-1", recorded_at=at)


def test_each_day_is_a_cause_of_its_own_and_says_nothing_of_the_network(
    client: FlaskClient, house: House, links: dict[str, str]
) -> None:
    """X8: the cause stays on the list for good; what it stands for can be erased."""
    click(client, links["jane"])
    house.clock.move(days=1)
    click(client, links["joe"])
    causes = [each.cause for each in seen(house)]
    assert len(set(causes)) == 2
    assert not any("203" in cause.rpartition("-")[0] for cause in causes)
    with house.wiring.database.write() as session:
        session.execute(delete(LedgerPersonal))
        session.commit()
    assert [(each.network, each.user_agent) for each in seen(house)] == [("", "")] * 2
    assert seen(house, network=ip_network("203.0.113.0/24")) == []
