"""Putting a run's files in the place of a former run's: all of them or none, even if the process dies half-way.

A journal says what comes. It is written before anything moves and goes when all is done, so whoever finds one whose run
is dead knows what to do. Old files are set aside first, then the new ones come, the manifest last. So if anything has
not come yet, what came goes back and the old files return; if everything has, the new files stay. Each step may be
repeated: one who dies while putting things back is followed by another who goes on.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import tempfile
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

MANIFEST_NAME = "manifest.json"
UNFINISHED = ".unfinished-"
"""How the folders begin in which files are made."""
_JOURNAL, _ASIDE = ".swap.json", ".replaced"


def swap(staging: Path, folder: Path, outdated: Collection[str] = ()) -> None:
    """Move all files of ``staging`` into ``folder``; if one cannot be moved, everything there is as it was.

    An old manifest goes first and the new one comes last, so that a manifest always speaks of files that are whole.
    What is outdated goes with the old one.
    """
    names = sorted((path.name for path in staging.iterdir()), key=_manifest_last)
    aside = staging / _ASIDE
    aside.mkdir()
    try:
        _note(staging, names)
        for name in dict.fromkeys((MANIFEST_NAME, *names, *outdated)):
            if (folder / name).exists():
                os.replace(folder / name, aside / name)  # noqa: PTH105  (atomic, and says so)
        sync(folder)
        for name in names:
            os.replace(staging / name, folder / name)  # noqa: PTH105
        sync(folder)
    except BaseException:
        settle(staging, folder, is_wanted=False)
        raise


def recover(folder: Path) -> None:
    """Finish what dead runs began to swap in a folder, or undo it; living ones, and what else is there, are let be.

    Raises:
        OSError: it cannot be done, such as in a folder that may not be written to.
    """
    if any(folder.glob(f"{UNFINISHED}*/{_JOURNAL}")):
        with locked(folder):
            _clear(path.parent for path in sorted(folder.glob(f"{UNFINISHED}*/{_JOURNAL}")))


def new_staging(folder: Path) -> tuple[Path, int]:
    """A new folder for files in the making, and the lock that tells others that somebody works there.

    Closing the lock gives it up: whoever makes one himself may then remove it.
    """
    with locked(folder):
        staging = Path(tempfile.mkdtemp(prefix=UNFINISHED, dir=folder))
        lock = os.open(staging, os.O_RDONLY)
        fcntl.flock(lock, fcntl.LOCK_EX)
    return staging, lock


def clear_dead(folder: Path) -> None:
    """Undo or finish what dead runs began, and remove what they left; for who has the folder's lock."""
    _clear(sorted(folder.glob(f"{UNFINISHED}*")))


def _clear(folders: Iterable[Path]) -> None:
    for left in folders:
        try:
            handle = os.open(left, os.O_RDONLY | os.O_DIRECTORY)
        except OSError:
            continue
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)  # A lock ends with its process.
        except OSError:
            os.close(handle)
            continue
        try:
            settle(left, left.parent)
            discard(left)
        finally:
            os.close(handle)


def settle(staging: Path, folder: Path, *, is_wanted: bool = True) -> None:
    """Bring a folder to what was before a swap, unless all came into place and is wanted.

    Raises:
        OSError: something cannot be moved; what is aside stays there, for the next try.
    """
    names = _noted(staging)
    if names is None:
        return
    if not is_wanted or any((staging / name).exists() for name in names):
        _put_back(staging, folder, names)
    # From here on nothing of the staging folder is needed, and it may be removed in any order.
    (staging / _JOURNAL).unlink()
    sync(staging)


def discard(staging: Path) -> None:
    """Remove a folder in which files were made; one that still holds what belongs elsewhere stays for later."""
    if not (staging / _JOURNAL).exists():
        shutil.rmtree(staging, ignore_errors=True)


def _put_back(staging: Path, folder: Path, names: Sequence[str]) -> None:
    """Take back what came, the manifest first, and only then return what was there, the manifest last.

    What came is not removed but moved: so a name that is missing in ``staging`` has always come.
    """
    for name in reversed(names):
        if not (staging / name).exists() and (folder / name).exists():
            os.replace(folder / name, staging / name)  # noqa: PTH105
    for name in sorted((path.name for path in (staging / _ASIDE).iterdir()), key=_manifest_last):
        os.replace(staging / _ASIDE / name, folder / name)  # noqa: PTH105
    sync(folder)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Wait until nobody else moves files in a folder, and keep others out."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def sync(folder: Path) -> None:
    """Make the renames in a folder durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _note(staging: Path, names: Sequence[str]) -> None:
    part = staging / f"{_JOURNAL}.part"
    with part.open("w", encoding="utf-8") as file:
        json.dump(names, file)
        file.flush()
        os.fsync(file.fileno())
    part.replace(staging / _JOURNAL)
    sync(staging)


def _noted(staging: Path) -> list[str] | None:
    """What was to come into place; None where nothing has been moved, or all is done."""
    try:
        names: list[str] = json.loads((staging / _JOURNAL).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return names


def _manifest_last(name: str) -> tuple[bool, str]:
    return name == MANIFEST_NAME, name
