"""Undoing by cause: what one bad batch did, and nothing else with it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from prefcenter.core.channels import Reason, Scope, Source
from prefcenter.core.errors import BadInput, NotFound
from prefcenter.services import list_audit, optouts, undoing
from prefcenter.services.errors import NotAllowed
from prefcenter.services.points import Points
from prefcenter.services.ports import Evidence
from prefcenter.services.suppressing import OptOut
from prefcenter.services.undoing import Undone, Wanted
from prefcenter.store.engine import Database
from prefcenter.store.ledger import LedgerEntry
from prefcenter.store.suppressions import Suppression

AT = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
ANN, BOB = Evidence("ann@acme.example", personal={"note": "false bounces"}), Evidence("bob@acme.example")
BATCH = "sendgrid-17"
on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def take(
    database: Database,
    points: Points,
    who: str,
    batch: str | None = BATCH,
    *,
    reason: Reason = Reason.HARD_BOUNCE,
    source: Source = Source.PROVIDER,
    at: datetime = AT,
) -> None:
    asked = OptOut(reason, Scope.everything(), source, batch=batch)
    with database.write() as session:
        optouts.record(session, points, points.email(f"{who}@example.com"), asked, Evidence("system"), at=at)


def undo(database: Database, evidence: Evidence, *causes: str, at: datetime = AT, **more: Any) -> Undone:
    with database.write() as session:
        return undoing.undo(session, Wanted(causes or (BATCH,), **more), evidence, at=at)


def standing(database: Database, points: Points) -> dict[str, list[str]]:
    """Who is on the list, and why."""
    names = {points.email(f"{who}@example.com").digest: who for who in ("jane", "joe", "jim", "eve")}
    found: dict[str, list[str]] = {}
    with database.read() as session:
        rows = session.scalars(select(Suppression).where(Suppression.ended_at.is_(None)).order_by(Suppression.id))
        for row in rows:
            found.setdefault(names[row.digest], []).append(row.reason)
    return found


def test_one_proposes_and_another_one_confirms_just_what_was_shown(database: Database, points: Points) -> None:
    """X10: what came under the cause afterwards was shown to nobody, and stays."""
    take(database, points, "jane")
    take(database, points, "joe")
    first = undo(database, ANN)
    assert (first.outcome, first.judged.by_reason) == ("proposed", {"hard_bounce": 2})
    assert standing(database, points) == {"jane": ["hard_bounce"], "joe": ["hard_bounce"]}
    take(database, points, "jim")
    second = undo(database, BOB, at=AT + timedelta(hours=1))
    assert (second.outcome, second.proposed_by, len(second.ended)) == ("undone", ANN.actor, 2)
    assert standing(database, points) == {"jim": ["hard_bounce"]}


def test_each_entry_has_its_line_and_the_list_agrees_with_the_ledger(database: Database, points: Points) -> None:
    """X7, X10."""
    take(database, points, "jane")
    take(database, points, "joe")
    undo(database, ANN)
    undo(database, BOB)
    with database.read() as session:
        entries = session.scalars(select(LedgerEntry).order_by(LedgerEntry.id)).all()
        assert list_audit.first_difference(session) is None
    assert [row.kind for row in entries] == ["suppress", "suppress", "undo_proposed", "void", "void", "undo_confirmed"]
    voids = [row for row in entries if row.kind == "void"]
    assert [(row.actor, row.facts["batch"], row.facts["proposed_by"]) for row in voids] == [
        (BOB.actor, BATCH, ANN.actor)
    ] * 2


@on_sqlite
def test_nobody_confirms_his_own_proposal(database: Database, points: Points) -> None:
    """X10."""
    take(database, points, "jane")
    undo(database, ANN)
    with pytest.raises(NotAllowed):
        undo(database, ANN)
    with pytest.raises(BadInput):
        undo(database, Evidence("system"))
    assert standing(database, points) == {"jane": ["hard_bounce"]}


@on_sqlite
def test_an_old_proposal_is_proposed_anew(database: Database, points: Points) -> None:
    """X10."""
    take(database, points, "jane")
    undo(database, ANN)
    assert undo(database, BOB, at=AT + timedelta(days=8)).outcome == "proposed"


def test_the_person_s_own_act_stays_beside(database: Database, points: Points) -> None:
    """X10, E13: a scanner's unsubscribe is undone; the genuine click of the same person is not."""
    take(database, points, "jane", reason=Reason.OPT_OUT)
    take(database, points, "jane", None, reason=Reason.OPT_OUT, source=Source.ONE_CLICK)
    undo(database, ANN)
    assert undo(database, BOB).outcome == "undone"
    assert standing(database, points) == {"jane": ["opt_out"]}


@pytest.mark.parametrize(
    ("source", "batch"),
    [
        (Source.PROVIDER, "sendgrid-18"),
        (Source.PROVIDER, None),
        (Source.IMPORT, "import-1"),
        (Source.OPERATOR, None),
        (Source.API, None),
        (Source.SMS_TEXT, None),
    ],
)
@pytest.mark.parametrize("is_first", [True, False])
def test_what_another_act_asked_for_too_stays(
    database: Database, points: Points, source: Source, batch: str | None, is_first: bool
) -> None:
    """X10: whichever of the two came first."""
    if is_first:
        take(database, points, "jane", batch, source=source)
    take(database, points, "jane")
    if not is_first:
        take(database, points, "jane", batch, source=source)
    take(database, points, "joe")
    undo(database, ANN)
    told = undo(database, BOB)
    assert len(told.ended) == 1
    assert standing(database, points) == {"jane": ["hard_bounce"]}


@on_sqlite
def test_what_rests_on_two_bad_batches_ends_when_both_are_undone(database: Database, points: Points) -> None:
    """X10: at once, or one after the other."""
    for who in ("jane", "joe"):
        take(database, points, who, "sendgrid-1")
        take(database, points, who, "sendgrid-2")
    undo(database, ANN, "sendgrid-1")
    undo(database, BOB, "sendgrid-1")
    assert len(standing(database, points)) == 2
    undo(database, ANN, "sendgrid-2")
    undo(database, BOB, "sendgrid-2")
    assert standing(database, points) == {}


@on_sqlite
def test_a_list_that_comes_each_week_stays_whatever_is_undone(database: Database, points: Points) -> None:
    """E13: of many imports not each is kept, so none of them is forgotten."""
    for number in range(5):
        take(database, points, "jane", f"import-{number}", source=Source.IMPORT)
    undo(database, ANN, "import-0", "import-1")
    assert not undo(database, BOB, "import-0", "import-1").ended
    assert standing(database, points) == {"jane": ["hard_bounce"]}


@on_sqlite
def test_patterns_reasons_and_times_narrow_what_is_undone(database: Database, points: Points) -> None:
    """X10: an incident is many calls of one afternoon."""
    take(database, points, "jane", "sendgrid-1")
    take(database, points, "joe", "sendgrid-2", reason=Reason.COMPLAINT)
    take(database, points, "jim", "sendgrid-3", at=AT + timedelta(hours=3))
    take(database, points, "eve", "twilio-1")
    narrow: dict[str, Any] = {"reasons": (Reason.HARD_BOUNCE,), "since": AT, "until": AT + timedelta(hours=1)}
    undo(database, ANN, "sendgrid-*", **narrow)
    assert len(undo(database, BOB, "sendgrid-*", at=AT + timedelta(hours=4), **narrow).ended) == 1
    assert sorted(standing(database, points)) == ["eve", "jim", "joe"]


@on_sqlite
@pytest.mark.parametrize("cause", ["nothing", "sendgrid_17", "%", "", "unnamed", "several"])
def test_a_name_that_is_no_cause_is_said_to_be_none(database: Database, points: Points, cause: str) -> None:
    take(database, points, "jane")
    take(database, points, "jane", None)
    with pytest.raises(NotFound):
        undo(database, ANN, cause)


@on_sqlite
def test_what_was_undone_can_come_back(database: Database, points: Points) -> None:
    """A genuine bounce after the false one is a fact of its own."""
    take(database, points, "jane")
    undo(database, ANN)
    undo(database, BOB)
    take(database, points, "jane", "sendgrid-18")
    assert standing(database, points) == {"jane": ["hard_bounce"]}
    assert undo(database, ANN).outcome == "nothing"
