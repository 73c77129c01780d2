"""Undoing by cause: what one bad batch did, and nothing else with it."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, text

from prefcenter.core.channels import Reason, Scope, Source
from prefcenter.core.errors import BadInput, NotFound
from prefcenter.services import backing, list_audit, optouts, undoing
from prefcenter.services.backing import MUST_BE_NAMED, Wanted
from prefcenter.services.errors import NotAllowed
from prefcenter.services.points import Points
from prefcenter.services.ports import Evidence
from prefcenter.services.suppressing import OptOut
from prefcenter.services.undoing import Undone
from prefcenter.store.causes import SuppressionCause
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
    **more: Any,
) -> None:
    asked = OptOut(reason, Scope.everything(), source, batch=batch, **more)
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
    undo(database, ANN, reasons=(Reason.OPT_OUT,))
    assert len(undo(database, BOB, reasons=(Reason.OPT_OUT,)).ended) == 1
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


CODE, DEAD = "twilio-21610-20260302", "twilio-30005-20260302"
STOPPED: dict[str, Any] = {"reasons": (Reason.OPT_OUT,)}


@pytest.mark.parametrize("is_again", [True, False])
def test_a_name_that_comes_again_holds_what_it_tells_anew(database: Database, points: Points, is_again: bool) -> None:
    """E13, X10: the morning's reports were false, the afternoon's is true; undoing an import must not take it."""
    take(database, points, "jane", "import-1", reason=Reason.DEAD_NUMBER, source=Source.IMPORT)
    if is_again:
        take(database, points, "jane", DEAD, reason=Reason.DEAD_NUMBER)
    take(database, points, "joe", DEAD, reason=Reason.DEAD_NUMBER)
    undo(database, ANN, DEAD)
    assert len(undo(database, BOB, DEAD).ended) == 1
    take(database, points, "jane", DEAD, reason=Reason.DEAD_NUMBER, at=AT + timedelta(hours=3))
    undo(database, ANN, "import-1", at=AT + timedelta(hours=4))
    undo(database, BOB, "import-1", at=AT + timedelta(hours=4))
    assert standing(database, points) == {"jane": ["dead_number"]}


def test_what_a_recurring_name_makes_anew_rests_on_the_import_too(database: Database, points: Points) -> None:
    """E13: the name was undone in the morning; what it made since is not gone with it."""
    take(database, points, "joe", DEAD, reason=Reason.DEAD_NUMBER)
    undo(database, ANN, DEAD)
    undo(database, BOB, DEAD)
    take(database, points, "jane", DEAD, reason=Reason.DEAD_NUMBER, at=AT + timedelta(hours=3))
    take(
        database,
        points,
        "jane",
        "import-1",
        reason=Reason.DEAD_NUMBER,
        source=Source.IMPORT,
        at=AT + timedelta(hours=3),
    )
    undo(database, ANN, "import-1", at=AT + timedelta(hours=4))
    assert not undo(database, BOB, "import-1", at=AT + timedelta(hours=4)).ended
    assert standing(database, points) == {"jane": ["dead_number"]}


def test_what_the_same_cause_tells_after_the_proposal_was_shown_to_nobody(database: Database, points: Points) -> None:
    """X10, E13: between proposal and confirmation a real STOP arrives under the same name; it stays."""
    take(database, points, "jane", CODE, reason=Reason.OPT_OUT)
    take(database, points, "joe", CODE, reason=Reason.OPT_OUT)
    undo(database, ANN, CODE, **STOPPED)
    take(database, points, "jane", CODE, reason=Reason.OPT_OUT, at=AT + timedelta(hours=1))
    assert len(undo(database, BOB, CODE, at=AT + timedelta(hours=2), **STOPPED).ended) == 1
    assert standing(database, points) == {"jane": ["opt_out"]}
    undo(database, ANN, CODE, at=AT + timedelta(hours=3), **STOPPED)
    assert len(undo(database, BOB, CODE, at=AT + timedelta(hours=4), **STOPPED).ended) == 1


@on_sqlite
def test_a_cause_that_asks_again_after_the_time_asked_for_holds(database: Database, points: Points) -> None:
    """X10: the bad hour is undone, and what the same code said in the evening stays."""
    for who in ("jane", "joe"):
        take(database, points, who, "twilio-30005-20260302", reason=Reason.DEAD_NUMBER)
    take(database, points, "jane", "twilio-30005-20260302", reason=Reason.DEAD_NUMBER, at=AT + timedelta(hours=5))
    narrow: dict[str, Any] = {"since": AT, "until": AT + timedelta(hours=1), "at": AT + timedelta(hours=6)}
    undo(database, ANN, "twilio-*", **narrow)
    assert len(undo(database, BOB, "twilio-*", **narrow).ended) == 1
    assert standing(database, points) == {"jane": ["dead_number"]}


def test_a_call_that_repeats_many_notes_each(database: Database, points: Points) -> None:
    """X10: a thousand entries that stand are asked for again by one statement."""
    people = ["jane", "joe", "jim"]
    for batch in (BATCH, "sendgrid-18", BATCH):
        asked = [
            (
                points.email(f"{who}@example.com"),
                OptOut(Reason.HARD_BOUNCE, Scope.everything(), Source.PROVIDER, batch=batch),
            )
            for who in people
        ]
        with database.write() as session:
            optouts.take_many(session, points, asked, Evidence("system"), at=AT)
            session.commit()
    with database.read() as session:
        noted = session.scalars(select(SuppressionCause)).all()
    assert sorted((row.cause, row.times) for row in noted) == [(BATCH, 1)] * 3 + [("sendgrid-18", 1)] * 3


@on_sqlite
def test_a_partial_undoing_says_nothing_of_the_rest(database: Database, points: Points) -> None:
    """X10: only what lay in the time no longer rests on the cause."""
    take(database, points, "jane", "import-1", source=Source.IMPORT)
    take(database, points, "jane", BATCH, at=AT + timedelta(hours=5))
    take(database, points, "joe", BATCH)
    undo(database, ANN, until=AT + timedelta(hours=1), at=AT + timedelta(hours=6))
    undo(database, BOB, until=AT + timedelta(hours=1), at=AT + timedelta(hours=6))
    undo(database, ANN, "import-1", at=AT + timedelta(hours=7))
    undo(database, BOB, "import-1", at=AT + timedelta(hours=7))
    assert standing(database, points) == {"jane": ["hard_bounce"]}


def test_what_people_did_at_the_provider_stays_unless_it_is_named(database: Database, points: Points) -> None:
    """E13, X10: false bounces are undone; opt-outs and complaints of the same call are what people did."""
    take(database, points, "jane")
    take(database, points, "joe", reason=Reason.OPT_OUT)
    take(database, points, "jim", reason=Reason.COMPLAINT)
    first = undo(database, ANN)
    assert first.judged.by_reason == {"hard_bounce": 1}
    assert first.judged.by_why == {MUST_BE_NAMED: 2}
    assert len(undo(database, BOB).ended) == 1
    assert standing(database, points) == {"joe": ["opt_out"], "jim": ["complaint"]}
    undo(database, ANN, reasons=(Reason.COMPLAINT,))
    undo(database, BOB, reasons=(Reason.COMPLAINT,))
    assert standing(database, points) == {"joe": ["opt_out"]}


@on_sqlite
def test_an_entry_that_was_replaced_leaves_its_causes_to_the_new_one(database: Database, points: Points) -> None:
    """E13: a call that says more replaces what an import said; undoing the call must not end the import's part."""
    pause: dict[str, Any] = {"reason": Reason.PAUSED}
    take(database, points, "jane", "import-1", source=Source.IMPORT, until=AT + timedelta(days=30), **pause)
    take(database, points, "jane", "import-2", source=Source.IMPORT, until=AT + timedelta(days=60), **pause)
    undo(database, ANN, "import-2", reasons=(Reason.PAUSED,))
    undo(database, BOB, "import-2", reasons=(Reason.PAUSED,))
    assert standing(database, points) == {"jane": ["paused"]}


@pytest.mark.parametrize("comes_first", [True, False])
def test_a_fact_that_comes_during_the_confirmation_is_not_lost(
    postgresql_database: Database, points: Points, comes_first: bool
) -> None:
    """E13: on two connections; whichever is first, the other one waits for it and sees what it did."""
    database = postgresql_database
    take(database, points, "jane")
    undo(database, ANN)
    begun, told = threading.Event(), threading.Event()

    def tell() -> None:
        """Another call says the same of her, and takes its time to commit."""
        asked = OptOut(Reason.HARD_BOUNCE, Scope.everything(), Source.PROVIDER, batch="sendgrid-18")
        with database.write() as session:
            if not comes_first:
                begun.wait(10)
            optouts.take(session, points, points.email("jane@example.com"), asked, Evidence("system"), at=AT)
            told.set()
            if comes_first:
                _until_somebody_waits(database)
            session.commit()

    def confirm() -> None:
        if comes_first:
            told.wait(10)
        with database.write() as session:
            judge = backing.judge

            def judge_slowly(*args: Any, **more: Any) -> Any:
                judged = judge(*args, **more)
                begun.set()
                if not comes_first:
                    _until_somebody_waits(database)
                return judged

            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(undoing, "judge", judge_slowly)
                undoing.undo(session, Wanted((BATCH,)), BOB, at=AT)

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(tell), pool.submit(confirm)]:
            done.result(30)
    assert standing(database, points) == {"jane": ["hard_bounce"]}


def _until_somebody_waits(database: Database) -> None:
    """Come back once another connection waits for a lock that this one holds."""
    with database.engine.connect() as connection:
        for _ in range(2_000):
            waiting = (
                "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
            )
            if connection.execute(text(waiting)).scalar():
                return
            connection.rollback()
            connection.execute(text("SELECT pg_sleep(0.005)"))
    raise AssertionError("Nobody waits: they did not meet.")
