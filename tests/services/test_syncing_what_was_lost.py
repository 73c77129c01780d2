"""X10, E13: what somebody said at a provider is taken, whatever else of theirs was ended here in the meantime."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from prefcenter.core.channels import MessageClass, Reason, Scope, Source
from prefcenter.services import backing, optouts, undoing
from prefcenter.services.deciding import decide_all, question_about_class
from prefcenter.services.ports import Evidence
from prefcenter.services.suppressing import OptOut
from prefcenter.store.engine import Database
from tests.accounts import SYSTEM, Accounts, opened

JANE = "jane@example.com"
TWO = ("ann@acme.example", "bob@acme.example")


@pytest.fixture
def accounts(database: Database, tmp_path: Path) -> Iterator[Accounts]:
    with opened(database, tmp_path) as made:
        yield made


def verdict(accounts: Accounts, brand: str) -> str:
    wiring = accounts.house.wiring
    with accounts.database.read() as session:
        question = question_about_class(session, MessageClass.MARKETING, brand=brand)
        return decide_all(session, wiring.keyring, question, [wiring.points.email(JANE)], at=accounts.clock())[
            0
        ].verdict.value


def later(accounts: Accounts, kind: str) -> None:
    """An hour later she says so at the provider, whose event gets lost; and another hour passes."""
    accounts.clock.move(hours=1)
    accounts.sendgrid.lists.add(kind, JANE)
    accounts.clock.move(hours=1)


def test_who_takes_back_one_topic_still_left_everything_at_the_provider(accounts: Accounts) -> None:
    accounts.sync()
    accounts.stop(JANE, Scope.topic("beta", "x"))
    later(accounts, "unsubscribes")
    accounts.come_back(JANE)
    accounts.sync(whole=True)
    assert verdict(accounts, "acme") == "refused"


def test_undoing_a_scanners_click_is_no_word_on_what_she_did_at_the_provider(accounts: Accounts) -> None:
    accounts.sync()
    wiring, cause = accounts.house.wiring, "clicks-abc-20260302"
    with accounts.database.write() as session:
        clicked = OptOut(Reason.OPT_OUT, Scope.brand("beta"), Source.ONE_CLICK, batch=cause)
        optouts.take(session, wiring.points, wiring.points.email(JANE), clicked, SYSTEM, at=accounts.clock())
        session.commit()
    later(accounts, "unsubscribes")
    for who in TWO:
        with accounts.database.write() as session:
            wanted = backing.Wanted((cause,), (Reason.OPT_OUT,))
            undoing.undo(session, wanted, Evidence(who, personal={"note": "scanner"}), at=accounts.clock())
    accounts.sync(whole=True)
    assert verdict(accounts, "acme") == "refused"


def test_voiding_an_operators_record_is_no_word_on_a_complaint_at_the_provider(accounts: Accounts) -> None:
    accounts.sync()
    number = accounts.stop(JANE, Scope.everything(), reason=Reason.COMPLAINT, source=Source.OPERATOR)
    later(accounts, "spam_reports")
    for who in TWO:
        with accounts.database.write() as session:
            optouts.void(session, number, Evidence(who), at=accounts.clock())
    accounts.sync(whole=True)
    assert accounts.in_force()


@pytest.mark.parametrize("how", ["an event", "a list"])
def test_leaving_one_group_is_no_word_on_another(accounts: Accounts, how: str) -> None:
    """Who left a group that stands for nothing here has left all marketing mail, whatever stood before."""
    if how == "a list":
        accounts.group(14, JANE, brand="beta")
        accounts.sync()
    else:
        accounts.stop(JANE, Scope.brand("beta"), source=Source.PROVIDER, ref="sendgrid:ev1#group:14")
    accounts.clock.move(hours=1)
    accounts.group(15, JANE)
    accounts.sync(whole=True)
    assert verdict(accounts, "acme") == "refused"
