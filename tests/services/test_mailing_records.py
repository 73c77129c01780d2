"""A mailing is on record when its files are there, and only then, whatever dies in between (P11)."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from prefcenter.core.errors import PrefcenterError, Unavailable
from prefcenter.files import writing
from prefcenter.files.verification import Outcome
from prefcenter.services import kept_folders, mailing_records
from prefcenter.services.mailing_records import finish_abandoned
from prefcenter.services.verifying import verify
from prefcenter.store import mailings
from prefcenter.store.engine import StoreUnavailable
from tests.posting import BOB, PostRoom

KILLED = """
import os, sys
from pathlib import Path
from prefcenter.files import writing
from prefcenter.store.engine import Database
from tests.houses import StillClock, wiring_on
from tests.posting import PostRoom

folder = Path(sys.argv[1])
clock = StillClock()
writing._publish = lambda *_: os._exit(9)
PostRoom(wiring_on(Database(f"sqlite:///{folder / 'prefcenter.db'}"), folder, clock), clock, folder).scrub()
"""


def settle(post_room: PostRoom) -> int:
    wiring = post_room.wiring
    return finish_abandoned(wiring.database, wiring.mailing_rows, at=post_room.clock())


def states(post_room: PostRoom) -> list[tuple[int, str]]:
    with post_room.wiring.database.read() as session:
        return [(row.version, row.state) for row in mailings.all_versions(session, "spring")]


def test_a_scrub_that_is_killed_before_its_files_are_in_place_has_failed(post_room: PostRoom, tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    killed = subprocess.run([sys.executable, "-c", KILLED, tmp_path], cwd=root, check=False)
    assert killed.returncode == 9
    assert states(post_room) == [(1, "preparing")]
    assert len(post_room.kept()) == 1
    with pytest.raises(PrefcenterError, match="being prepared"):
        post_room.pull()
    assert settle(post_room) == 1
    assert states(post_room) == [(1, "failed")]
    assert post_room.kept() == []
    assert (post_room.ledger("mailing"), len(post_room.ledger("mailing_failed"))) == ([], 1)
    post_room.scrub()
    assert states(post_room) == [(2, "prepared"), (1, "failed")]


HALF_WAY = KILLED.replace(
    "writing._publish = lambda *_: os._exit(9)",
    """
rename = os.replace

def replace(source, target):
    if Path(target).name == "manifest.json" and Path(target).parent.name == "out":
        os._exit(9)
    rename(source, target)

os.replace = replace
""",
)


def test_what_a_scrub_replaced_that_was_killed_half_way_is_put_back(sent_room: PostRoom, tmp_path: Path) -> None:
    """P11: the version before is whole again, and not lost with the dead one's folder."""
    out = tmp_path / "out"
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    sent_room.opt_out(BOB)
    root = Path(__file__).parents[2]
    assert subprocess.run([sys.executable, "-c", HALF_WAY, tmp_path], cwd=root, check=False).returncode == 9
    assert states(sent_room) == [(2, "preparing"), (1, "prepared")]
    assert not (out / "manifest.json").exists()
    with sent_room.wiring.database.read() as session:
        keys = sent_room.wiring.ledger_keys
        found = verify(session, keys, out / "clean.csv", out / "manifest.json", at=sent_room.clock())
    assert found.outcome is Outcome.OK
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before
    assert settle(sent_room) == 1
    assert states(sent_room) == [(2, "failed"), (1, "prepared")]
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before


def test_one_whose_replaced_files_cannot_be_put_back_now_is_not_given_up(
    sent_room: PostRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent_room.set_state("preparing")

    def read_only(_folder: Path) -> None:
        raise OSError(30, "Read-only file system")

    with monkeypatch.context() as patch:
        patch.setattr(mailing_records, "recover", read_only)
        assert settle(sent_room) == 0
    assert states(sent_room) == [(1, "preparing")]
    assert settle(sent_room) == 1


def test_one_that_is_killed_when_its_files_are_in_place_is_confirmed(sent_room: PostRoom) -> None:
    """P12: its file may be at the mail house, so its late opt-outs must be found."""
    sent_room.set_state("preparing")
    assert settle(sent_room) == 1
    assert states(sent_room) == [(1, "prepared")]
    assert len(sent_room.ledger("mailing")) == 2
    sent_room.opt_out(BOB)
    assert sent_room.ids() == ["0002"]


def test_one_that_a_guard_held_is_held_when_it_is_confirmed(sent_room: PostRoom) -> None:
    sent_room.set_state("preparing", held_because="Nothing was removed.")
    settle(sent_room)
    assert states(sent_room) == [(1, "held")]


def test_one_that_is_at_work_is_left_alone(sent_room: PostRoom) -> None:
    (sent_room.folder / "out" / "manifest.json").unlink()
    sent_room.set_state("preparing")
    folder = sent_room.wiring.mailing_rows / str(sent_room.mailing().rows_folder)
    with kept_folders.locked(folder):
        assert settle(sent_room) == 0
    assert states(sent_room) == [(1, "preparing")]
    assert settle(sent_room) == 1
    assert states(sent_room) == [(1, "failed")]


def test_files_that_cannot_be_moved_leave_a_failed_mailing_and_no_rows(
    post_room: PostRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(writing, "_publish", full)
    with pytest.raises(PrefcenterError, match="the disk is full"):
        post_room.scrub()
    assert states(post_room) == [(1, "failed")]
    assert post_room.kept() == []


def test_what_a_dead_scrub_left_in_the_making_is_swept_up(post_room: PostRoom) -> None:
    left = post_room.wiring.mailing_rows / ".unfinished-0123"
    left.mkdir(parents=True)
    (left / "scrubbed-1.parquet").write_bytes(b"half")
    other = post_room.wiring.mailing_rows / "somebody-elses"
    other.mkdir()
    post_room.scrub()
    assert not left.exists()
    assert other.exists()


def test_files_that_are_in_place_are_said_to_be_when_the_record_cannot_be_written(
    post_room: PostRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    """U3: "nothing was written" would be wrong then."""

    def locked(*_: object, **__: object) -> None:
        raise StoreUnavailable("The database cannot be used now: it is locked.", remedy="Nothing was written.")

    with monkeypatch.context() as patch:
        patch.setattr(mailing_records, "confirm", locked)
        with pytest.raises(Unavailable, match="but the record of that could not be written") as told:
            post_room.scrub()
    assert "Nothing was written" not in str(told.value)
    assert settle(post_room) == 1
    assert states(post_room) == [(1, "prepared")]
