"""A scrub that was stopped: nothing is left lying about, and the next one goes on where that is safe."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from sqlalchemy import select

from prefcenter.core.channels import Channel, MessageClass, Reason, Scope, Source
from prefcenter.core.decision import Ask
from prefcenter.core.errors import BadInput
from prefcenter.files.columns import Columns
from prefcenter.files.reading import CsvTable
from prefcenter.scrub import matching, run
from prefcenter.scrub.index import ListIndex, build_index
from prefcenter.scrub.verdicts import Judged
from prefcenter.services import resuming, scrubbing
from prefcenter.services.ports import Evidence
from prefcenter.services.scrubbing import Order, Prepared
from prefcenter.services.signing_in import record_act
from prefcenter.services.suppressing import OptOut, suppress_many
from prefcenter.store.engine import Database
from prefcenter.store.mailings import Mailing
from prefcenter.wiring import Wiring
from tests.houses import StillClock, wiring_on

ROWS = 300
PARTIAL = ".prefcenter-spring.partial"
SYSTEM = Evidence("system")


@dataclass
class Desk:
    """One who scrubs a file of several blocks, and may be stopped."""

    wiring: Wiring
    clock: StillClock
    folder: Path
    judged: list[int] = field(default_factory=list)
    told: list[str] = field(default_factory=list)

    @property
    def out(self) -> Path:
        return self.folder / "out"

    @property
    def file(self) -> Path:
        return self.folder / "in.csv"

    def scrub(self, *, stop_at: int | None = None, **changed: Any) -> Prepared:
        """Scrub, and be stopped once so many rows are done."""

        def progress(_done: int, _size: int, rows: int) -> None:
            if stop_at is not None and rows >= stop_at:
                raise KeyboardInterrupt

        self.judged.clear()
        self.told.clear()
        order = replace(Order([self.file], Channel.EMAIL, "spring", self.out), **changed)
        return scrubbing.prepare(
            self.wiring.database,
            self.wiring.keyring,
            self.wiring.ledger_keys,
            order,
            SYSTEM,
            keep_in=self.wiring.mailing_rows,
            clock=self.clock,
            progress=progress,
            tell=self.told.append,
        )

    def stop(self, at: int = 150, **changed: Any) -> None:
        with pytest.raises(KeyboardInterrupt):
            self.scrub(stop_at=at, **changed)

    def opt_out(self, *addresses: str) -> None:
        points, opt_out = self.wiring.points, OptOut(Reason.OPT_OUT, Scope.everything(), Source.OPERATOR)
        with self.wiring.database.write() as session:
            asked = [(points.email(address), opt_out) for address in addresses]
            suppress_many(session, points, asked, SYSTEM, at=self.clock.now)
            session.commit()

    def mailings(self) -> list[str]:
        with self.wiring.database.read() as session:
            return list(session.scalars(select(Mailing.state)))

    def removed(self) -> int:
        return pl.read_csv(self.out / "suppressed.csv").height


def furnished(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A file of ten blocks or so, of which every tenth row is on the list; and a count of the rows judged."""
    monkeypatch.setitem(CsvTable.__init__.__kwdefaults__ or {}, "block_bytes", 800)
    clock = StillClock()
    desk = Desk(wiring_on(database, tmp_path / "data", clock), clock, tmp_path)
    desk.file.write_text("email\n" + "".join(f"person{number:03}@example.com\n" for number in range(ROWS)))
    desk.opt_out(*(f"person{number:03}@example.com" for number in range(0, ROWS, 10)))

    def counted(frame: pl.DataFrame, columns: Columns, index: ListIndex, country: str) -> Judged:
        desk.judged.append(frame.height)
        return matching.judge(frame, columns, index, country)

    monkeypatch.setattr(run, "judge", counted)
    return desk


@pytest.fixture
def desk(sqlite_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return furnished(sqlite_database, tmp_path, monkeypatch)


@pytest.fixture
def either(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """The same on each kind of database."""
    return furnished(database, tmp_path, monkeypatch)


def test_a_scrub_that_is_stopped_leaves_no_file_and_no_mailing(desk: Desk) -> None:
    """P11: nothing half-written can be taken for something whole."""
    desk.stop()
    assert [path.name for path in desk.out.iterdir()] == [PARTIAL]
    assert (desk.out / PARTIAL).stat().st_mode & 0o077 == 0
    assert desk.mailings() == []
    assert not any(path.name.startswith(".unfinished") for path in desk.wiring.mailing_rows.iterdir())


def test_what_is_kept_of_it_names_nobody(desk: Desk) -> None:
    """X8: the places of rows, and why they are refused."""
    desk.stop()
    kept = b"".join(path.read_bytes() for path in (desk.out / PARTIAL).iterdir())
    assert b"opt_out" in kept
    assert b"person" not in kept


def test_the_next_run_goes_on_and_comes_to_the_same(either: Desk) -> None:
    whole = either.scrub(out=either.folder / "whole", mailing="other")
    assert sum(either.judged) == ROWS
    either.stop()
    done = sum(either.judged)
    either.clock.move(hours=2)
    prepared = either.scrub()
    # What was still being judged when it was stopped is judged again.
    kept = int(re.findall(r"at row (\d+)", either.told[0])[0]) - 1
    assert either.told == [f"Going on at row {kept + 1}: the rows before were judged by a run that was stopped."]
    assert 0 < kept <= done
    assert 0 < sum(either.judged) == ROWS - kept
    for name in ("clean.csv", "suppressed.csv", "review.csv", "unreadable.csv"):
        assert (either.out / name).read_bytes() == (either.folder / "whole" / name).read_bytes()
    assert prepared.manifest["counts"] == whole.manifest["counts"]
    assert prepared.manifest["prepared_at"] == whole.manifest["prepared_at"]
    assert not (either.out / PARTIAL).exists()
    assert either.mailings() == ["prepared", "prepared"]


def test_it_may_be_stopped_again_and_again(desk: Desk) -> None:
    desk.stop(at=60)
    first = sum(desk.judged)
    desk.stop(at=200)
    assert first + sum(desk.judged) >= 200
    desk.scrub()
    assert sum(desk.judged) < ROWS - 150
    assert desk.removed() == ROWS // 10


def test_an_opt_out_that_came_meanwhile_is_never_missed(either: Desk) -> None:
    """X2: the list is another one, so every row is judged anew."""
    either.stop()
    either.opt_out("person001@example.com")
    either.scrub()
    assert sum(either.judged) == ROWS
    assert either.told == ["Starting anew: the list has changed since an earlier run was stopped."]
    assert either.removed() == ROWS // 10 + 1


def test_a_backup_that_came_back_is_another_list(desk: Desk) -> None:
    """X2: an opt-out that takes the number of one that was lost with the backup is not taken for it."""
    store = Path(str(desk.wiring.database.engine.url.database))
    backup = desk.folder / "backup.db"
    copied(store, backup)
    desk.opt_out("max@nowhere.example")
    desk.stop()
    copied(backup, store)
    desk.opt_out("person005@example.com")
    desk.scrub()
    assert desk.told == ["Starting anew: the list has changed since an earlier run was stopped."]
    assert (sum(desk.judged), desk.removed()) == (ROWS, ROWS // 10 + 1)


@pytest.mark.parametrize("channel", [Channel.EMAIL, Channel.POST])
def test_what_is_known_of_the_list_is_more_than_its_numbers(desk: Desk, channel: Channel) -> None:
    """X2: the address of an entry counts, and since when it holds, also where the ledger told nothing."""
    points, seen, numbers = desk.wiring.points, set(), set()
    with desk.wiring.database.write() as session:
        marks = ("a", "b") if channel is Channel.EMAIL else ("12 Oak St", "14 Oak St")
        for mark in marks:
            for at in (desk.clock.now, desk.clock.now - timedelta(days=3)):
                text = f"{mark}@example.com" if channel is Channel.EMAIL else f"Jane Doe; {mark}; ; Austin; TX; 73301"
                opt_out = OptOut(Reason.OPT_OUT, Scope.everything(), Source.OPERATOR)
                with session.begin_nested() as attempt:
                    suppress_many(session, points, [(points.parse(channel, text), opt_out)], SYSTEM, at=at)
                    ask = Ask(channel=channel, message_class=MessageClass.MARKETING)
                    index = build_index(session, desk.wiring.keyring.peppers, ask, at=desk.clock.now)
                    seen.add(resuming._fingerprint(index))
                    numbers.add(tuple(sorted(index.bindings["suppression"])))
                    attempt.rollback()
    assert (len(numbers), len(seen)) == (1, 4)


def copied(source: Path, target: Path) -> None:
    """Copy a database wholly, as a backup does."""
    with closing(sqlite3.connect(source)) as one, closing(sqlite3.connect(target)) as other:
        one.backup(other)


def test_what_does_not_touch_the_list_does_not_matter(either: Desk) -> None:
    either.stop()
    with either.wiring.database.write() as session:
        record_act(session, "signed_in", 1, SYSTEM, at=either.clock.now)
    either.scrub(drop_at=either.clock.now)
    assert sum(either.judged) < ROWS


@pytest.mark.parametrize("changed", [{"default_country": "CA"}, {"mapping": {"email": "email"}}, {"row_id": "email"}])
def test_another_order_starts_anew(desk: Desk, changed: dict[str, Any]) -> None:
    desk.stop()
    desk.scrub(**changed)
    assert sum(desk.judged) == ROWS


def test_a_file_that_was_written_to_starts_anew(desk: Desk) -> None:
    desk.stop()
    desk.file.write_text(desk.file.read_text().replace("person299", "person999"))
    desk.scrub()
    assert sum(desk.judged) == ROWS
    assert desk.told == ["Starting anew: a file has changed since an earlier run was stopped."]


def test_after_a_day_everything_is_judged_anew(desk: Desk) -> None:
    """What depends on the day, such as a consent that lapses, is not carried over."""
    desk.stop()
    desk.clock.move(hours=25)
    prepared = desk.scrub()
    assert sum(desk.judged) == ROWS
    assert desk.told == ["Starting anew: too much time has passed since an earlier run was stopped."]
    assert prepared.manifest["prepared_at"] == "2026-11-24T16:00:00Z"


@pytest.mark.parametrize("name", ["0000-0000000.done", "0000-0000001-found.arrow", "scrub.json"])
def test_what_is_damaged_is_judged_anew(desk: Desk, name: str) -> None:
    """A disk may fail in the middle: what cannot be read is not known."""
    desk.stop()
    damaged = desk.out / PARTIAL / name
    damaged.write_bytes(damaged.read_bytes()[:20])
    desk.scrub()
    assert desk.removed() == ROWS // 10


def test_a_file_that_cannot_be_used_leaves_nothing(desk: Desk) -> None:
    desk.file.write_text("email\n" + "nonsense\n" * ROWS)
    with pytest.raises(BadInput):
        desk.scrub()
    assert not desk.out.exists()


def test_a_dry_run_keeps_nothing(desk: Desk) -> None:
    desk.stop(is_dry_run=True)
    assert not desk.out.exists()


def test_what_nobody_took_up_is_gone_after_a_day(desk: Desk) -> None:
    """Of another mailing in the same folder, too; what is younger stays."""
    desk.stop(mailing="old")
    desk.clock.move(hours=20)
    desk.stop(mailing="young")
    desk.clock.move(hours=5)
    desk.scrub()
    assert sorted(path.name for path in desk.out.glob(".*")) == [".prefcenter-young.partial"]
