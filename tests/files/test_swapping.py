"""A run's files in the place of a former run's: all or none, wherever the process dies."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from prefcenter.core.errors import Unavailable
from prefcenter.files import swapping
from prefcenter.files.writing import whole_or_nothing

ROOT = Path(__file__).parents[2]
OLD = {"clean.csv": "old", "manifest.json": "old", "review.csv": "old", "notes.txt": "a person's"}
NEW = {
    "clean.csv": "new",
    "duplicates.csv": "new",
    "manifest.json": "new",
    "review.csv": "new",
    "notes.txt": "a person's",
}

KILLED = """
import os, sys
from pathlib import Path
from prefcenter.files import swapping

def dying(calls, work, *args):
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    left, rename = [calls], os.replace
    def replace(source, target):
        if not left[0]:
            os._exit(9)
        left[0] -= 1
        rename(source, target)
    os.replace = replace
    work(*args)
    os._exit(0)

base, old, new = Path(sys.argv[1]), eval(sys.argv[2]), eval(sys.argv[3])
first = second = 0
while True:
    folder = base / f"{first}-{second}"
    staging = folder / ".unfinished-x"
    staging.mkdir(parents=True)
    for name, text in old.items():
        (folder / name).write_text(text)
    for name in new:
        if name != "notes.txt":
            (staging / name).write_text("new")
    died = dying(first, swapping.swap, staging, folder) == 9
    died_again = dying(second, swapping.recover, folder) == 9
    if not died:
        break
    first, second = (first, second + 1) if died_again else (first + 1, 0)
"""


def files(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir()}


def test_wherever_a_run_dies_and_whoever_recovers_dies_the_folder_is_one_runs(tmp_path: Path) -> None:
    """P11: a process that really dies before each rename, and the one after it before each of its own."""
    words = [sys.executable, "-c", KILLED, str(tmp_path), repr(OLD), repr(NEW)]
    subprocess.run(words, cwd=ROOT, check=True)
    outcomes = {}
    for folder in tmp_path.iterdir():
        swapping.recover(folder)
        swapping.clear_dead(folder)  # As the next run there does; who dies before he swaps leaves nothing to recover.
        outcomes[folder.name] = files(folder)
    assert len(outcomes) > 20
    assert outcomes.pop("8-0") == NEW  # It died when all was done but for the tidying up.
    assert all(outcome == OLD for outcome in outcomes.values()), outcomes


def dead_half_way(folder: Path) -> Path:
    """A folder as a run leaves it that was killed between two of its files."""
    for name in ("clean.csv", "manifest.json"):
        (folder / name).write_text("old")
    staging = folder / ".unfinished-dead"
    staging.mkdir()
    for name in ("clean.csv", "manifest.json"):
        (staging / name).write_text("new")
    rename = os.replace

    def die(source: Path, target: Path) -> None:
        if source == staging / "manifest.json":
            raise InterruptedError
        rename(source, target)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "replace", die)
        patch.setattr(swapping, "settle", lambda *_, **__: None)
        with pytest.raises(InterruptedError):
            swapping.swap(staging, folder)
    assert (folder / "clean.csv").read_text() == "new"
    assert not (folder / "manifest.json").exists()
    return staging


def test_the_next_run_puts_back_before_it_begins(tmp_path: Path) -> None:
    dead_half_way(tmp_path)
    with pytest.raises(KeyboardInterrupt), whole_or_nothing(tmp_path):
        raise KeyboardInterrupt
    assert files(tmp_path) == {"clean.csv": "old", "manifest.json": "old"}


def test_a_run_that_was_at_work_when_another_died_replaces_whole_files(tmp_path: Path) -> None:
    """The dead one's old files must not come back over newer ones later."""
    with whole_or_nothing(tmp_path) as staging:
        (staging / "manifest.json").write_text("newest")
        dead_half_way(tmp_path)
    swapping.recover(tmp_path)
    assert files(tmp_path) == {"clean.csv": "old", "manifest.json": "newest"}


def test_who_is_at_work_is_left_alone(tmp_path: Path) -> None:
    with whole_or_nothing(tmp_path) as staging:
        (staging / "clean.csv").write_text("new")
        swapping.recover(tmp_path)
        assert staging.is_dir()
    assert files(tmp_path) == {"clean.csv": "new"}


def test_what_cannot_be_put_back_now_is_kept_for_the_next_try(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """P11, U3: the message says where it is; "unchanged" would be wrong."""
    (tmp_path / "clean.csv").write_text("old")
    rename = os.replace

    def full(source: Path, target: Path) -> None:
        if target.parent == tmp_path:
            raise OSError(errno.ENOSPC, "No space left on device")
        rename(source, target)

    def run() -> None:
        with whole_or_nothing(tmp_path) as staging:
            (staging / "clean.csv").write_text("new")

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", full)
        with pytest.raises(Unavailable) as told:
            run()
    assert "the next run puts it back" in str(told.value.remedy)
    swapping.recover(tmp_path)
    assert files(tmp_path) == {"clean.csv": "old"}


def test_only_what_was_being_swapped_is_recovered_where_others_work(tmp_path: Path) -> None:
    """Whoever verifies a file does not remove what an import or an audit is writing beside it."""
    dead_half_way(tmp_path)
    strange = tmp_path / ".unfinished-business"
    strange.mkdir()
    swapping.recover(tmp_path)
    assert strange.is_dir()
    assert (tmp_path / "clean.csv").read_text() == "old"


def test_what_somebody_else_makes_in_the_folder_of_a_scrub_is_left_alone(tmp_path: Path) -> None:
    """The rows of an audit or a rejected import are in the making there."""
    made, lock = swapping.new_staging(tmp_path)
    with whole_or_nothing(tmp_path) as staging:
        (staging / "clean.csv").write_text("new")
    assert made.is_dir()
    os.close(lock)
    with whole_or_nothing(tmp_path) as staging:
        (staging / "clean.csv").write_text("new")
    assert not made.exists()
