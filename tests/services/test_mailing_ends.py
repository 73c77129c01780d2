"""How a mailing ends, and until when its rows are kept (P12, G13)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.orm import Session

from prefcenter import working
from prefcenter.core.errors import BadInput, PrefcenterError, Unavailable
from prefcenter.services import kept_folders, mailing_ends
from prefcenter.services.following import Followed, follow
from prefcenter.store import mailings
from prefcenter.store.engine import Database
from tests.conftest import room_of
from tests.posting import BOB, OPERATOR, PostRoom


def drop(post_room: PostRoom, at: datetime | None = None, version: int | None = None) -> None:
    with post_room.wiring.database.write() as session:
        mailing_ends.drop(session, "spring", OPERATOR, at=post_room.clock(), dropped_at=at, version=version)


def withdraw(post_room: PostRoom) -> None:
    wiring = post_room.wiring
    mailing_ends.withdraw(wiring.database, wiring.mailing_rows, "spring", OPERATOR, at=post_room.clock())


def in_flight(post_room: PostRoom) -> list[str]:
    with post_room.wiring.database.read() as session:
        return [row.name for row in mailings.in_flight(session, post_room.clock())]


def test_a_drop_closes_the_mailing_and_dates_its_last_piece(either_post_room: PostRoom) -> None:
    """P12, P3: from then on it is in flight until the last piece is expected."""
    post_room = either_post_room
    post_room.scrub(drop_at=post_room.clock() + timedelta(days=30))
    post_room.clock.move(days=2)
    drop(post_room)
    row = post_room.mailing()
    assert (row.state, row.dropped_at) == ("dropped", post_room.clock())
    assert in_flight(post_room) == ["spring"]
    assert post_room.ledger("mailing_dropped")[0]["was_stale"] is False
    post_room.clock.move(days=14)
    assert in_flight(post_room) == []


@pytest.mark.parametrize("option", ["drop", "cutoff"])
def test_a_date_that_is_over_is_refused(post_room: PostRoom, option: str) -> None:
    """G13: by a drop of last year the kept rows would be erased at once, and no late opt-out could be pulled."""

    def dated(when: datetime) -> dict[str, Any]:
        return {f"{option}_at": when}

    past = post_room.clock() - timedelta(days=2)
    with pytest.raises(BadInput, match=f"--{option} {past:%Y-%m-%d} lies in the past: it is 2026-11-23 today"):
        post_room.scrub(**dated(past))
    assert not (post_room.folder / "out").exists()
    today = datetime(2026, 11, 23, tzinfo=UTC)
    post_room.scrub(**dated(today))
    assert post_room.mailing().version == 1


@pytest.mark.parametrize(
    ("cutoff", "drop", "is_refused"),
    [
        ("2026-12-02", "2026-12-01", True),
        ("2026-12-01T12:30", "2026-12-01T12:00", True),
        ("2026-12-01T12:00", "2026-12-01", False),
        ("2026-12-01", "2026-12-01", False),
        ("2026-11-30", "2026-12-01T12:00", False),
    ],
)
def test_a_cut_off_after_the_drop_is_refused(post_room: PostRoom, cutoff: str, drop: str, is_refused: bool) -> None:
    """P12: what is posted cannot be taken out any more, so one of the two dates is wrong."""
    at = {"cutoff_at": _utc(cutoff), "drop_at": _utc(drop)}
    asked: dict[str, Any] = {**at, "is_dry_run": True}
    if is_refused:
        with pytest.raises(BadInput, match="is later than the drop, 2026-12-01"):
            post_room.scrub(**asked)
    else:
        assert post_room.scrub(**asked).tally.read == 4


def _utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_rows_are_kept_as_long_as_ever_where_the_planned_drop_was_before_the_scrub(sent_room: PostRoom) -> None:
    """P12: a wrong date on record erases nothing early."""
    sent_room.set_state("prepared", drop_at=sent_room.clock() - timedelta(days=365))
    row = sent_room.mailing()
    assert mailings.last_expected(row) == row.prepared_at + timedelta(days=14)
    assert mailing_ends.keep_until(row, timedelta(0)) == row.prepared_at + timedelta(days=14)


def test_a_drop_is_recorded_when_it_has_happened_and_once(sent_room: PostRoom) -> None:
    with pytest.raises(BadInput, match="yet to come"):
        drop(sent_room, sent_room.clock() + timedelta(hours=1))
    with pytest.raises(BadInput, match="was prepared on 2026-11-23, after that"):
        drop(sent_room, datetime(2026, 11, 22, tzinfo=UTC))
    drop(sent_room, datetime(2026, 11, 23, tzinfo=UTC))
    with pytest.raises(PrefcenterError, match="was posted on 2026-11-23 already"):
        drop(sent_room)
    assert len(sent_room.ledger("mailing_dropped")) == 1


def test_a_stale_file_that_was_posted_is_said_to_have_been_stale(sent_room: PostRoom) -> None:
    """P11: it should not have been; the ledger does not hide it."""
    sent_room.clock.move(days=8)
    drop(sent_room)
    assert sent_room.ledger("mailing_dropped")[0]["was_stale"] is True


def test_a_withdrawn_mailing_is_not_in_flight_and_keeps_no_rows(sent_room: PostRoom) -> None:
    withdraw(sent_room)
    assert in_flight(sent_room) == []
    assert sent_room.kept() == []
    assert sent_room.ledger("mailing_rows_erased") == [{"mailing": "spring", "version": 1, "why": "withdrawn"}]
    with pytest.raises(PrefcenterError, match="withdrawn already"):
        withdraw(sent_room)


def test_what_was_posted_cannot_be_withdrawn(sent_room: PostRoom) -> None:
    drop(sent_room)
    with pytest.raises(PrefcenterError, match="cannot be called back"):
        withdraw(sent_room)
    assert len(sent_room.kept()) == 1


def test_the_worker_erases_kept_rows_when_their_period_is_over(sent_room: PostRoom) -> None:
    """G13: what was pulled stays on record, without addresses."""
    sent_room.opt_out(BOB)
    sent_room.pull()
    drop(sent_room)
    sent_room.clock.move(days=14 + 89)
    working.tend_mailings(sent_room.wiring)
    assert len(sent_room.kept()) == 1
    sent_room.clock.move(days=1)
    assert working.tend_mailings(sent_room.wiring) == 1
    assert list(sent_room.wiring.mailing_rows.iterdir()) == []
    assert sent_room.ledger("mailing_rows_erased")[0]["why"] == "retention"
    with pytest.raises(PrefcenterError, match="were erased on 2027-03-07"):
        sent_room.pull()
    assert working.tend_mailings(sent_room.wiring) == 0


def test_rows_are_forgotten_before_their_time_only_by_who_is_sure(sent_room: PostRoom) -> None:
    wiring = sent_room.wiring

    def forget(*, is_sure: bool) -> int:
        at = sent_room.clock()
        return len(
            mailing_ends.forget(wiring.database, wiring.mailing_rows, "spring", OPERATOR, at=at, is_sure=is_sure)
        )

    with pytest.raises(PrefcenterError, match="no late opt-out can be told"):
        forget(is_sure=False)
    assert len(sent_room.kept()) == 1
    assert forget(is_sure=True) == 1
    assert sent_room.kept() == []
    assert forget(is_sure=False) == 0


def test_rows_on_another_machine_are_not_said_to_be_erased(sent_room: PostRoom) -> None:
    """G13, U3: nothing says "done" that is not."""
    here = sent_room.wiring.mailing_rows
    here.rename(here.with_name("elsewhere"))
    sent_room.clock.move(days=400)
    assert working.tend_mailings(sent_room.wiring) == 0
    with pytest.raises(Unavailable, match="were not erased"):
        withdraw(sent_room)
    assert sent_room.ledger("mailing_rows_erased") == []
    here.with_name("elsewhere").rename(here)
    assert working.tend_mailings(sent_room.wiring) == 1


def test_of_two_who_end_a_mailing_at_once_the_second_is_refused(
    postgresql_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P12: a posted mailing whose rows somebody has just erased could not be pulled from."""
    post_room = room_of(postgresql_database, tmp_path)
    post_room.scrub()

    def read_before_it_is_withdrawn(session: Session, name: str, version: int | None = None) -> Followed:
        followed = follow(session, name, version)
        post_room.set_state("withdrawn")
        return followed

    with monkeypatch.context() as patch:
        patch.setattr(mailing_ends, "follow", read_before_it_is_withdrawn)
        with pytest.raises(PrefcenterError, match="was withdrawn"):
            drop(post_room)
    assert post_room.mailing().state == "withdrawn"


def test_what_is_withdrawn_while_somebody_works_on_it_is_erased_afterwards(sent_room: PostRoom) -> None:
    """U3, G13: nothing is said to be erased that is not, and it does not stay for its whole period."""
    folder = sent_room.wiring.mailing_rows / str(sent_room.mailing().rows_folder)
    with kept_folders.locked(folder), pytest.raises(Unavailable, match="is withdrawn, but its kept rows are not"):
        withdraw(sent_room)
    assert len(sent_room.kept()) == 1
    assert working.tend_mailings(sent_room.wiring) == 1
    assert sent_room.kept() == []
