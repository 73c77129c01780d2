"""Whole lists in and out."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from prefcenter.core.channels import Channel, Level, MessageClass, Reason, Scope, Source
from prefcenter.core.errors import BadAddress, BadInput
from prefcenter.core.postal.address import PostalAddress
from prefcenter.services import optouts
from prefcenter.services.catalogue import BrandFacts, add_brand, add_topic
from prefcenter.services.deciding import decide_all, question_about_class
from prefcenter.services.list_export import COLUMNS, export_list
from prefcenter.services.list_rows import Defaults
from prefcenter.services.lists import Imported, import_list
from prefcenter.services.outgoing import Draft, queue
from prefcenter.services.points import Points
from prefcenter.services.ports import Evidence, Keyring
from prefcenter.services.suppressing import OptOut
from prefcenter.store import suppressions
from prefcenter.store.engine import Database
from prefcenter.store.ledger import LedgerEntry
from prefcenter.store.outbox import OutboxMessage
from prefcenter.store.suppressions import Suppression, SuppressionAddress

AT = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
ANN = Evidence("ann")

Import = Callable[..., Imported]


def _furnish(database: Database) -> None:
    with database.write() as session:
        add_brand(session, "acme", BrandFacts("Acme"), ANN, at=AT)
        add_topic(session, "offers", name="Offers", evidence=ANN, at=AT)


def _taken(
    database: Database, keyring: Keyring, points: Points, path: Path, defaults: Defaults | None = None, **more: Any
) -> Imported:
    rejects, given = path.with_name("rejected.csv"), defaults or Defaults()
    return import_list(database, keyring, points, path, given, ANN, rejects=rejects, clock=lambda: AT, **more)


@pytest.fixture
def take(database: Database, keyring: Keyring, points: Points, tmp_path: Path) -> Import:
    """Import a text as a file."""
    _furnish(database)

    def run(text: str, defaults: Defaults | None = None, name: str = "list.csv") -> Imported:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return _taken(database, keyring, points, path, defaults)

    return run


def _rows(database: Database) -> list[Suppression]:
    with database.read() as session:
        return [row for row, _ in suppressions.page(session)]


def _problems(tmp_path: Path) -> list[tuple[str, str]]:
    with (tmp_path / "rejected.csv").open(newline="", encoding="utf-8") as file:
        return [(row["pc_row"], row["pc_problem"]) for row in csv.DictReader(file)]


def test_a_list_is_taken_in_and_a_second_time_changes_nothing(database: Database, take: Import) -> None:
    text = "E-Mail;Opted out at;Reason\na@example.com;2024-05-01;unsubscribed\nB@example.com;;Hard Bounce\n"
    first, second = take(text), take(text)
    assert (first.read, first.new, first.already, first.rejected, first.rejects) == (2, 2, 0, 0, None)
    assert (second.read, second.new, second.already, second.rejected) == (2, 0, 2, 0)
    one, two = _rows(database)
    assert (one.reason, one.since, one.batch) == ("opt_out", datetime(2024, 5, 1, tzinfo=UTC), first.batch)
    assert (two.reason, two.since, two.source, two.source_ref) == ("hard_bounce", AT, "import", "list.csv")


def test_the_same_row_twice_in_a_file_is_one_entry(database: Database, take: Import) -> None:
    done = take("email\n" + "a@example.com\n" * 3)
    assert (done.new, done.already) == (1, 2)


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("nobody,,,", "not an email address"),
        (",,,", "no email address"),
        ("a@example.com,2026-11-24,,", "lies in the future"),
        ("a@example.com,2023-02-29,,", "no date"),
        ("a@example.com,0001-01-01,,", "impossible"),
        ("a@example.com,05/01/2024,,", "no date"),
        ("a@example.com,,because,", "none that can stand on the list"),
        ("a@example.com,,quiet_hours,", "none that can stand on the list"),
        ("a@example.com,,,zzz", "no brand"),
        ("a@example.com,,,,,", "fields"),
    ],
)
def test_a_row_that_cannot_be_used_is_kept_beside_with_its_reason(
    sqlite_database: Database, keyring: Keyring, points: Points, tmp_path: Path, row: str, told: str
) -> None:
    path = tmp_path / "list.csv"
    path.write_text(f"email,since,reason,brand\ngood@example.com,,,\n{row}\n", encoding="utf-8")
    done = _taken(sqlite_database, keyring, points, path)
    assert (done.read, done.new, done.rejected) == (2, 1, 1)
    ((number, problem),) = _problems(tmp_path)
    assert number == "2"
    assert told in problem
    assert "a@example.com" not in problem


def test_a_reason_that_we_do_not_know_takes_that_of_the_import(database: Database, take: Import) -> None:
    done = take("email,reason\na@example.com,rang us\nb@example.com,deceased\n", Defaults(reason=Reason.OBJECTION))
    assert (done.new, done.rejected) == (2, 0)
    assert [row.reason for row in _rows(database)] == ["objection", "deceased"]


def test_brand_and_topic_are_the_scope(database: Database, take: Import) -> None:
    take("email,brand,topic\na@example.com,acme,\nb@example.com,acme,offers\nc@example.com,,offers\nd@example.com,,\n")
    assert [row.scope for row in _rows(database)] == ["brand:acme", "topic:acme/offers", "topic:acme/offers", "all"]


def test_post_takes_a_level_and_without_a_name_means_who_is_there(database: Database, take: Import) -> None:
    """P9, P15."""
    done = take(
        "First Name,Last Name,Company,Address,City,ST,ZIP,Scope\n"
        "Jane,Doe,,12 Main St,Springfield,IL,62701,\n"
        "Jane,Doe,,14 Main St,Springfield,IL,62701,Household\n"
        ",,,16 Main St,Springfield,IL,62701,\n"
        ",,Acme Inc,18 Main St,Springfield,IL,62701,\n"
        "Jane,Doe,,20 Main St,Springfield,IL,62701,everybody\n"
    )
    assert (done.new, done.rejected) == (4, 1)
    assert [row.level for row in _rows(database)] == ["individual", "household", "household", "company"]


def test_a_first_row_that_was_taken_for_a_header_is_not_repeated(take: Import) -> None:
    """X8."""
    with pytest.raises(BadInput, match="The columns are") as raised:
        take("jane@example.com\nbob@example.com\n")
    assert "jane" not in str(raised.value)


def test_a_list_with_other_columns_is_taken_when_it_is_said_which_is_what(
    database: Database, keyring: Keyring, points: Points, tmp_path: Path
) -> None:
    """The errors of an import say so, and it holds for every role that a mailing file has, too."""
    _furnish(database)
    path = tmp_path / "list.csv"
    path.write_text("kontakt,seit,warum\njane@example.com,2026-01-02,objection\n", encoding="utf-8")
    with pytest.raises(BadInput, match="--map email=COLUMN"):
        _taken(database, keyring, points, path)
    mapping = {"email": "Kontakt", "since": "seit", "reason": "warum"}
    done = _taken(database, keyring, points, path, mapping=mapping)
    assert (done.read, done.new, done.rejected) == (1, 1, 0)
    (entry,) = _rows(database)
    assert (entry.channel, entry.reason, entry.since) == ("email", "objection", datetime(2026, 1, 2, tzinfo=UTC))
    with pytest.raises(BadInput, match="no column 'e'"):
        _taken(database, keyring, points, path, mapping={"email": "e"})


def test_a_file_whose_channel_cannot_be_told_is_refused_whole(database: Database, take: Import) -> None:
    with pytest.raises(BadInput, match="email or sms"):
        take("email,phone\na@example.com,+14155550100\n")
    with pytest.raises(BadInput, match="No column for email, phone or a postal address"):
        take("colour\nred\n")
    assert _rows(database) == []
    take("email,phone\na@example.com,+14155550100\n", Defaults(channel=Channel.SMS))
    assert [row.channel for row in _rows(database)] == ["sms"]


def test_an_import_lifts_nothing_and_adds_nothing_to_a_persons_own_act(
    database: Database, points: Points, take: Import
) -> None:
    """E13: an import never lifts an opt-out."""
    click = OptOut(Reason.OPT_OUT, Scope.everything(), Source.ONE_CLICK)
    with database.write() as session:
        optouts.record(session, points, points.email("a@example.com"), click, Evidence("recipient"), at=AT)
    done = take("email\na@example.com\n")
    assert (done.new, done.already) == (0, 1)
    assert [(row.source, row.ended_at) for row in _rows(database)] == [("one_click", None)]


def test_an_imported_opt_out_never_ends_by_itself(database: Database, take: Import) -> None:
    """E13: whatever the other tool says; a pause does end."""
    take("email,reason,until\na@example.com,opt_out,2030-01-01\nb@example.com,paused,2030-01-01\n")
    assert [(row.reason, row.until is None) for row in _rows(database)] == [("opt_out", True), ("paused", False)]


def test_what_went_out_can_come_in_elsewhere_and_says_the_same(
    sqlite_database: Database, postgresql_database: Database, keyring: Keyring, points: Points, tmp_path: Path
) -> None:
    """E13, E16: lists move whole; the export is on the ledger."""
    emails, people, exported = tmp_path / "emails.csv", tmp_path / "people.csv", tmp_path / "all.csv"
    emails.write_text("email,reason,topic,since\na@example.com,complaint,,2024-01-01\nb@example.com,,offers,\n")
    people.write_text("name,address1,city,state,zip,level\nJane Doe,12 Main St,Springfield,IL,62701,household\n")
    for each in (sqlite_database, postgresql_database):
        _furnish(each)
    for path in (emails, people):
        _taken(sqlite_database, keyring, points, path)
    told = export_list(sqlite_database, exported, ANN, at=AT)
    assert (told.rows, told.by_channel) == (3, {"email": 2, "post": 1})
    with sqlite_database.read() as session:
        assert session.query(LedgerEntry).filter_by(kind="export").one().facts["rows"] == 3
    here = _taken(sqlite_database, keyring, points, exported)
    there = _taken(postgresql_database, keyring, points, exported)
    assert (here.new, here.already, here.rejected) == (0, 3, 0)
    assert (there.new, there.already, there.rejected) == (3, 0, 0)
    export_list(postgresql_database, tmp_path / "there.csv", ANN, at=AT)
    assert (tmp_path / "there.csv").read_text() == exported.read_text()


def test_an_erased_entry_goes_out_as_a_digest_that_only_this_list_knows(
    database: Database, tmp_path: Path, take: Import
) -> None:
    """G3: what is left of an erased address still suppresses, and tells nothing."""
    take("email\na@example.com\n")
    with database.write() as session:
        session.query(SuppressionAddress).delete()
        session.commit()
    export_list(database, tmp_path / "all.csv", ANN, at=AT)
    text = (tmp_path / "all.csv").read_text()
    assert "a@example.com" not in text
    again = take(text, name="again.csv")
    assert (again.new, again.already, again.rejected) == (0, 1, 0)
    (row,) = list(csv.DictReader(text.splitlines()))
    changed = take(text.replace(row["digest"], "00" * 16), name="other.csv")
    assert (changed.already, changed.rejected) == (0, 1)


def test_an_export_is_written_whole_or_not_at_all(
    sqlite_database: Database, keyring: Keyring, points: Points, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "all.csv"
    path.write_text("what was there")

    def broken(*_args: object, **_named: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(suppressions, "page", broken)
    with pytest.raises(Exception, match="No space left"):
        export_list(sqlite_database, path, ANN, at=AT)
    assert path.read_text() == "what was there"
    assert [each.name for each in tmp_path.iterdir() if "all" in each.name] == ["all.csv"]
    with sqlite_database.read() as session:
        assert session.query(LedgerEntry).filter_by(kind="export").count() == 0


def test_a_file_made_for_people_comes_in_without_its_guards(database: Database, take: Import) -> None:
    """X6: the apostrophe before a formula is a guard and no part of the number."""
    take("phone\n'+1-415-555-0100\n")
    with database.read() as session:
        assert [given for _, given in suppressions.page(session)] == [{"address": "+14155550100"}]


def test_an_imported_person_is_refused_from_the_next_question_on(
    database: Database, keyring: Keyring, points: Points, take: Import
) -> None:
    """E11."""
    take("email\na@example.com\n")
    with database.read() as session:
        question = question_about_class(session, MessageClass.MARKETING)
        (decision,) = decide_all(session, keyring, question, [points.email("a@example.com")], at=AT)
    assert decision.verdict == "refused"


def test_a_queued_message_is_decided_again_at_once(database: Database, points: Points, take: Import) -> None:
    """X2: queued and scheduled sends are cancelled by an opt-out that comes first."""
    later = AT + timedelta(days=3)
    with database.write() as session:
        for name in ("a", "b"):
            draft = Draft(
                Channel.EMAIL,
                MessageClass.MARKETING,
                "spring",
                points.email(f"{name}@example.com"),
                "Hello",
                send_at=later,
            )
            queue(session, draft, at=AT)
        session.commit()
    take("email\na@example.com\n")
    with database.read() as session:
        assert [row.due_at for row in session.query(OutboxMessage).order_by(OutboxMessage.id)] == [AT, later]


def test_the_exported_columns_are_all_recognised() -> None:
    assert len(set(COLUMNS)) == len(COLUMNS)


ADDRESSES = [
    "Jane Doe; 12 Main St; Apt 4; Springfield; IL; 62701",
    "John & Mary Smith; 5 N Oak Ave; ; Austin; TX; 73301",
    "; 5 N Oak Ave; ; Austin; TX; 73301",
    "Jane; ; ; X; IL; 62701",
    "Bob Roe Jr; PO Box 5; Reno; NV; 89501",
    "Ann Roe; 1 High St; ; London; ; SW1A 1AA; GB",
]


def test_many_postal_points_are_the_same_as_one_by_one(points: Points) -> None:
    """One record and a million go by the same rule."""
    asked = [(PostalAddress.parse(text), level) for text in ADDRESSES for level in Level]
    many = points.post_many([address for address, _ in asked], [level for _, level in asked])
    for (address, level), found in zip(asked, many, strict=True):
        if isinstance(found, BadAddress):
            with pytest.raises(BadAddress, match=re.escape(str(found))):
                points.post(address, level)
        else:
            assert found == points.post(address, level)
