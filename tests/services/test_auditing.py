"""What was sent, held against the list as it stood at each moment."""

from __future__ import annotations

import csv
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete

from prefcenter.core.channels import Channel, Level, MessageClass, Reason, Scope, Source, Verdict
from prefcenter.core.errors import BadInput
from prefcenter.core.hashed import HashAlgorithm, canonicalise_hash
from prefcenter.services.auditing import Audited, Log, audit
from prefcenter.services.catalogue import BrandFacts, add_brand
from prefcenter.services.deciding import decide_all, question_about_class
from prefcenter.services.points import Point, Points
from prefcenter.services.ports import Evidence, Keyring
from prefcenter.services.suppressing import OptOut, end, suppress
from prefcenter.store.engine import Database
from prefcenter.store.suppressions import Suppression, SuppressionAddress

AT = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
SINCE = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)
ANN = Evidence("ann")
HOUR = timedelta(hours=1)
JANE, BOB = "jane@example.com", "bob@example.com"
AT_HOME = "Jane Doe; 12 Main St; Apt 4; Springfield; IL; 62701"

Run = Callable[..., Audited]
Put = Callable[..., int]


BOTH = pytest.mark.parametrize("store", ["sqlite_database", "postgresql_database"], indirect=True)


@pytest.fixture
def store(request: pytest.FixtureRequest) -> Database:
    """A database; on both kinds only where that can make a difference."""
    made: Database = request.getfixturevalue(getattr(request, "param", "sqlite_database"))
    return made


@pytest.fixture
def run(store: Database, keyring: Keyring, tmp_path: Path) -> Run:
    """Audit a text as a log."""

    def audited(text: str, **given: Any) -> Audited:
        path = tmp_path / "log.csv"
        path.write_text(text, encoding="utf-8")
        return audit(store, keyring, Log(path, **given), at=AT)

    return audited


@pytest.fixture
def put(store: Database, points: Points) -> Put:
    """Put an entry on the list, and end it."""

    def suppressed(
        point: Point | str,
        *,
        since: datetime = SINCE,
        recorded: datetime = SINCE,
        ended: datetime | None = None,
        how: str = "lift",
        reason: Reason = Reason.OPT_OUT,
        scope: Scope | None = None,
        until: datetime | None = None,
    ) -> int:
        target = points.email(point) if isinstance(point, str) else point
        opt_out = OptOut(reason, scope or Scope.everything(), Source.OPERATOR, since=since, until=until)
        with store.write() as session:
            number = suppress(session, points, target, opt_out, ANN, at=recorded).suppression_id
            if ended is not None:
                end(session, session.get_one(Suppression, number), how, ANN, at=ended)
            session.commit()
        return number

    return suppressed


def _log(*rows: tuple[str, datetime | str]) -> str:
    lines = [f"{address},{when.isoformat() if isinstance(when, datetime) else when}\n" for address, when in rows]
    return "email,sent_at\n" + "".join(lines)


def _rows(done: Audited) -> list[object]:
    return [finding["pc_row"] for finding in done.findings]


@BOTH
def test_only_what_was_sent_while_an_entry_was_in_force_is_found(run: Run, put: Put) -> None:
    """E11: before it began and after it was lifted, nobody was to be spared."""
    number = put(JANE, ended=SINCE + 48 * HOUR)
    moments = [SINCE - HOUR, SINCE, SINCE + 36 * HOUR, SINCE + 48 * HOUR, SINCE + 72 * HOUR]
    done = run(_log(*((JANE, moment) for moment in moments), (BOB, SINCE + HOUR)))
    assert _rows(done) == [2, 3]
    assert (done.rows, done.checked, done.found, done.known, done.unreadable) == (6, 6, 2, 2, 0)
    assert dict(done.findings[1]) == {
        "pc_row": 3,
        "pc_sent": "2026-05-03T00:00:00Z",
        "pc_hours": "36.0",
        "pc_reason": "opt_out",
        "pc_scope": "all",
        "pc_tier": "email",
        "pc_score": "1.000",
        "pc_since": "2026-05-01T12:00:00+00:00",
        "pc_suppression": str(number),
        "pc_recorded": "2026-05-01T12:00:00Z",
        "pc_sure": "yes",
    }


def test_each_row_is_judged_by_the_entry_of_its_own_time(run: Run, put: Put) -> None:
    """One that ended does not hide another one that was in force."""
    first = put(JANE, ended=SINCE + 2 * HOUR)
    second = put(JANE, since=SINCE + 4 * HOUR, recorded=SINCE + 4 * HOUR)
    done = run(_log(*((JANE, SINCE + n * HOUR) for n in (1, 3, 5))))
    assert [(row["pc_row"], row["pc_suppression"]) for row in done.findings] == [(1, str(first)), (3, str(second))]


def test_what_was_voided_never_counted_and_is_told(run: Run, put: Put) -> None:
    """X10."""
    put(JANE, ended=SINCE + 48 * HOUR, how="void")
    done = run(_log((JANE, SINCE + HOUR), (JANE, SINCE + 72 * HOUR)))
    assert (done.found, done.voided) == (0, 1)


def test_what_ends_by_itself_is_over_then(run: Run, put: Put) -> None:
    put(JANE, reason=Reason.PAUSED, until=SINCE + 2 * HOUR)
    assert _rows(run(_log((JANE, SINCE + HOUR), (JANE, SINCE + 3 * HOUR)))) == [1]


def test_an_entry_that_was_put_on_record_later_for_before_is_told_apart(run: Run, put: Put) -> None:
    put(JANE, recorded=SINCE + 5 * HOUR)
    done = run(_log((JANE, SINCE + HOUR), (JANE, SINCE + 6 * HOUR)))
    assert (done.found, done.known) == (2, 1)


@BOTH
def test_an_erased_entry_and_a_partners_hash_are_found(run: Run, put: Put, points: Points, store: Database) -> None:
    """G3."""
    number = put(JANE)
    put(points.hashed(canonicalise_hash(HashAlgorithm.MD5.hex_of(BOB), HashAlgorithm.MD5)))
    with store.write() as session:
        session.execute(delete(SuppressionAddress).where(SuppressionAddress.suppression_id == number))
        session.commit()
    done = run(_log((JANE, SINCE + HOUR), (BOB, SINCE + HOUR)))
    assert [row["pc_tier"] for row in done.findings] == ["email", "hashed"]


def test_the_scope_is_what_was_sent(run: Run, put: Put, store: Database) -> None:
    with store.write() as session:
        for slug in ("acme", "bolt"):
            add_brand(session, slug, BrandFacts(slug.title()), ANN, at=AT)
    put(JANE, scope=Scope.brand("acme"))
    text = _log((JANE, SINCE + HOUR))
    assert (run(text, brand="acme").found, run(text, brand="bolt").found) == (1, 0)
    with pytest.raises(BadInput, match="brand"):
        run(text)


def test_texts_are_held_against_the_list_and_not_against_consent(run: Run, put: Put, points: Points) -> None:
    put(points.phone("+14155550100"))
    done = run("phone,sent\n(415) 555-0100,2026-05-01T13:00Z\n4155550101,2026-05-01T13:00Z\n")
    assert (done.channel, _rows(done)) == (Channel.SMS, [1])


def test_post_is_judged_by_its_drop_date_and_by_the_same_rules_as_a_mailing(run: Run, put: Put, points: Points) -> None:
    """P6, P9."""
    put(points.parse(Channel.POST, AT_HOME, Level.INDIVIDUAL), ended=SINCE + 240 * HOUR)
    text = (
        "name,address1,address2,city,state,zip,drop_date\n"
        "JANE DOE,12 Main Street,#4,Springfield,IL,62701,5/4/2026\n"
        "Jane Doe,12 Main St,Apt 5,Springfield,IL,62701,5/4/2026\n"
        "Jane Doe,12 Main St,Apt 4,Springfield,IL,62701,6/4/2026\n"
    )
    assert _rows(run(text)) == [1]
    at_once = run(text.replace("drop_date", "note"), at=SINCE + 24 * HOUR)
    assert (_rows(at_once), at_once.at_column) == ([1, 3], None)


def test_a_row_that_may_be_somebody_on_the_list_is_counted_apart_and_written(
    run: Run, put: Put, points: Points, tmp_path: Path
) -> None:
    """P9: an initial alone accuses nobody."""
    put(points.parse(Channel.POST, AT_HOME, Level.INDIVIDUAL))
    text = "name,address1,address2,city,state,zip\nJ Doe,12 Main St,Apt 4,Springfield,IL,62701\n"
    done = run(text, at=SINCE + HOUR, out=tmp_path / "found.csv")
    assert (done.found, done.unsure) == (0, 1)
    with (tmp_path / "found.csv").open(newline="", encoding="utf-8") as file:
        assert [(row["name"], row["pc_sure"]) for row in csv.DictReader(file)] == [("J Doe", "no")]
    assert run(text, at=SINCE - HOUR).unsure == 0


def test_a_row_whose_time_or_address_cannot_be_read_is_named(run: Run, put: Put, tmp_path: Path) -> None:
    put(JANE)
    text = _log((JANE, "soon"), ("nobody", SINCE + HOUR), (JANE, ""), (JANE, SINCE + HOUR)) + "one,two,three\n"
    done = run(text, out=tmp_path / "found.csv")
    assert (done.rows, done.checked, done.found, done.unreadable) == (5, 1, 1, 4)
    assert [row for row, _ in done.problems] == [1, 2, 3, 5]
    assert "the column “sent_at”" in done.problems[0][1]
    with (tmp_path / "found.unreadable.csv").open(newline="", encoding="utf-8") as file:
        assert [row["pc_row"] for row in csv.DictReader(file)] == ["1", "2", "3", "5"]
    with (tmp_path / "found.csv").open(newline="", encoding="utf-8") as file:
        (row,) = csv.DictReader(file)
    assert (row["email"], row["pc_row"], row["pc_hours"], row["pc_sure"]) == (JANE, "4", "1.0", "yes")


def test_times_without_a_zone_are_counted(run: Run, put: Put) -> None:
    put(JANE)
    done = run(_log((JANE, "2026-05-01 12:30"), (JANE, "2026-05-01T12:30Z"), (JANE, "1777640000")))
    assert (done.found, done.zone_assumed) == (3, 1)


@pytest.mark.parametrize(
    ("text", "given", "told"),
    [
        ("email,colour\na@example.com,red\n", {}, "No column tells when"),
        ("email,sent\na@example.com,1777640000\n", {"at_column": "when"}, "no column “when”"),
        ("colour,sent\nred,1777640000\n", {}, "No column for email, phone"),
        ("email,sent\na@example.com,red\n", {}, "not one of 1 rows could be checked: row 1 has no time"),
        ("email,phone,sent\na@example.com,4155550100,1777640000\n", {}, "email or sms"),
    ],
)
def test_a_log_that_cannot_be_checked_is_refused(run: Run, text: str, given: dict[str, Any], told: str) -> None:
    with pytest.raises(BadInput, match=told):
        run(text, **given)


def test_the_findings_are_what_the_gate_would_have_refused_at_each_moment(
    sqlite_database: Database, keyring: Keyring, points: Points, tmp_path: Path
) -> None:
    """What is decided in bulk over time is what :func:`decide_all` decides as of then, one by one."""
    chance = random.Random(7)
    reasons = (Reason.OPT_OUT, Reason.COMPLAINT, Reason.NO_SHARING, Reason.DECEASED, Reason.HARD_BOUNCE)
    with sqlite_database.write() as session:
        for _ in range(60):
            begun = SINCE + chance.randrange(100) * HOUR
            point = points.email(f"p{chance.randrange(12)}@example.com")
            opt_out = OptOut(chance.choice(reasons), Scope.everything(), Source.OPERATOR, since=begun)
            number = suppress(session, points, point, opt_out, ANN, at=begun).suppression_id
            row = session.get_one(Suppression, number)
            if row.ended_at is None and chance.random() < 0.5:
                end(session, row, "lift", ANN, at=row.since + chance.randrange(1, 60) * HOUR)
        session.commit()
    sent = [(f"p{chance.randrange(12)}@example.com", SINCE + chance.randrange(-5, 180) * HOUR) for _ in range(120)]
    (tmp_path / "log.csv").write_text(_log(*sent), encoding="utf-8")
    found = set(_rows(audit(sqlite_database, keyring, Log(tmp_path / "log.csv", shown=120), at=AT)))
    refused = set()
    with sqlite_database.read() as session:
        question = question_about_class(session, MessageClass.MARKETING)
        for number, (address, moment) in enumerate(sent, start=1):
            asked = [points.email(address)]
            (made,) = decide_all(session, keyring, question, asked, at=moment, known_at=moment)
            refused |= {number} if made.verdict is not Verdict.CLEARED else set()
    assert found == refused
    assert 20 < len(found) < 100


def test_the_log_itself_is_never_replaced(run: Run, tmp_path: Path) -> None:
    text = _log((JANE, SINCE))
    with pytest.raises(BadInput, match="is the log itself"):
        run(text, out=tmp_path / "log.csv")
    assert (tmp_path / "log.csv").read_text() == text


def test_a_row_with_two_addresses_is_judged_by_both_at_its_own_moment(run: Run, put: Put, points: Points) -> None:
    """P8: hygiene respelt or moved the address; whoever opted out at the old one was still written to."""
    put(points.parse(Channel.POST, AT_HOME, Level.INDIVIDUAL))
    header = "name,address1,city,state,zip,old_address1,old_city,old_state,old_zip,drop_date\n"
    moved = "Jane Doe,9 Oak Ave,Burlington,VT,05401,12 Main St Apt 4,Springfield,IL,62701,"
    same = "Bob Roe,7 Elm St,Burlington,VT,05401,7 Elm St,Burlington,VT,05401,"
    done = run(f"{header}{same}5/4/2026\n{moved}4/4/2026\n{same}5/4/2026\n{moved}5/4/2026\n")
    assert _rows(done) == [4]
