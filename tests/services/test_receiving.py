"""Taking messages in: kept first, handled once, never lost (X5)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from threading import Barrier, Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from prefcenter.services import receiving
from prefcenter.services.receiving import Handled, Incoming, named, storable, storable_json
from prefcenter.store.engine import Database
from prefcenter.store.inbound import InboundMessage
from prefcenter.store.reviews import Review

AT = datetime(2026, 3, 2, 19, 0, tzinfo=UTC)
LETTER = Incoming("mail", "id-1", "text/plain", b"\x00 raw \xff", {"to": ["a@b.example"], "bad": "\x00\ud800"})


def answers(_session: Session, row: InboundMessage, _at: datetime, replies: bool) -> Handled:
    return Handled("recorded", {"n": row.id, "replies": replies})


def fails(*_: object) -> Handled:
    raise ValueError


def rows(database: Database) -> list[InboundMessage]:
    with database.read() as session:
        return list(session.scalars(select(InboundMessage).order_by(InboundMessage.id)))


def test_a_duplicate_gets_the_stored_answer(database: Database) -> None:
    """X5: it is not handled again."""
    first = receiving.take_in(database, LETTER, answers, at=AT)
    assert receiving.take_in(database, LETTER, fails, at=AT) == first
    assert len(rows(database)) == 1


def test_what_was_kept_and_not_handled_is_handled_by_the_next_try(database: Database) -> None:
    """X5: a crash between the two transactions."""
    with pytest.raises(ValueError):
        receiving.take_in(database, LETTER, fails, at=AT)
    assert [(row.state, row.raw) for row in rows(database)] == [("received", LETTER.raw)]
    _, handled = receiving.take_in(database, LETTER, answers, at=AT)
    assert handled.outcome == "recorded"


def test_a_worker_handles_what_a_crash_left_over(database: Database) -> None:
    """X5: after a minute, and without a reply, since nobody waits for it."""
    with pytest.raises(ValueError):
        receiving.take_in(database, LETTER, fails, at=AT)
    assert receiving.handle_leftovers(database, {"mail": answers}, at=AT + timedelta(seconds=59)) == 0
    assert receiving.handle_leftovers(database, {"mail": answers}, at=AT + timedelta(seconds=61)) == 1
    [row] = rows(database)
    assert (row.state, row.answer) == ("handled", {"n": row.id, "replies": False})
    assert receiving.handle_leftovers(database, {"mail": fails}, at=AT + timedelta(days=1)) == 0


def test_one_that_cannot_be_handled_holds_up_no_other_and_ends_with_a_person(database: Database) -> None:
    """P2: tried for an hour, then reviewed; never dropped."""
    for name in ("bad", "mail"):
        with pytest.raises(ValueError):
            receiving.take_in(database, Incoming(name, "1", "text/plain", b""), fails, at=AT)
    handlers = {"bad": fails, "mail": answers}
    assert receiving.handle_leftovers(database, handlers, at=AT + timedelta(minutes=2)) == 1
    assert [row.state for row in rows(database)] == ["received", "handled"]
    receiving.handle_leftovers(database, handlers, at=AT + timedelta(hours=1))
    assert [row.outcome for row in rows(database)] == ["review", "recorded"]
    with database.read() as session:
        assert [review.why for review in session.scalars(select(Review))] == ["It could not be handled: ValueError."]


def test_duplicates_at_the_same_time_are_handled_once(database: Database) -> None:
    """X5: the unique index and the row's lock, not a look before."""
    start = Barrier(4)
    found = []
    calls = []

    def counts(session: Session, row: InboundMessage, at: datetime, replies: bool) -> Handled:
        calls.append(row.id)
        return answers(session, row, at, replies)

    def take() -> None:
        start.wait()
        found.append(receiving.take_in(database, LETTER, counts, at=AT))

    threads = [Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(calls) == 1
    assert len(found) == 4
    assert all(each == found[0] for each in found)


@pytest.mark.parametrize("name", ["", "x" * 65, "ü", "a\x00b", "tab\t"])
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_any_name_fits(database: Database, name: str) -> None:
    """X5: one that the column cannot hold is kept by its hash, and still tells duplicates."""
    incoming = Incoming("mail", name, "text/plain", b"")
    with database.write() as session:
        first = receiving.keep(session, incoming, at=AT)
        assert receiving.keep(session, incoming, at=AT) == (first[0], False)


@given(st.lists(st.text(), max_size=4), st.lists(st.text(), max_size=4))
def test_different_parts_have_different_names(one: list[str], other: list[str]) -> None:
    """X5: joining them otherwise would make ("ab", "c") the duplicate of ("a", "bc")."""
    assert (named(*one) == named(*other)) == (one == other)


@given(st.text())
def test_what_is_storable_stays_and_is_storable_once_for_all(text: str) -> None:
    """X5: no NUL, no lone surrogate, nothing else changed."""
    stored = storable(text)
    assert storable(stored) == stored
    assert "\x00" not in stored
    stored.encode("utf-8")
    assert storable_json({text: [text, 1, None]}) == {stored: [stored, 1, None]}
