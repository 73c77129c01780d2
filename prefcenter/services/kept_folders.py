"""Where the kept rows of mailings lie: a folder for each, whole or not at all, and nobody else's to read.

While a scrub or a pull is at work in a folder it holds a lock there, which ends with its process. So whoever finds a
folder in the making without a lock knows that its maker is dead, whatever the clocks say.
"""

from __future__ import annotations

import errno
import fcntl
import os
import re
import shutil
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path

from prefcenter.core.errors import Unavailable

_UNFINISHED = ".unfinished-"
_NAME = re.compile("[0-9a-f]{32}")


class NewFolder:
    """A folder in the making.

    Args:
        base: where the folders of all mailings lie.
        name: the name that it will have.
    """

    def __init__(self, base: Path, name: str) -> None:
        self.name = name
        self.path = base / f"{_UNFINISHED}{name}"
        self._base = base

    def publish(self) -> None:
        """Give it its name, durably: from now on it is the mailing's."""
        self.path = self.path.rename(self._base / self.name)
        _sync(self._base)


@contextmanager
def new_folder(base: Path) -> Iterator[NewFolder]:
    """A new, locked folder; one that was not published is gone at the end.

    Raises:
        Unavailable: there can be none.
    """
    try:
        base.mkdir(mode=0o700, parents=True, exist_ok=True)
        made = NewFolder(base, uuid.uuid4().hex)
        made.path.mkdir(mode=0o700)
    except OSError as error:
        raise Unavailable(
            f"The mailing's rows cannot be kept in {base}: {error.strerror}.",
            remedy="Nothing was written. PREFCENTER_DATA_DIR says where they are kept.",
        ) from error
    lock = _lock(made.path)
    try:
        yield made
    finally:
        if made.path.name.startswith(_UNFINISHED):
            shutil.rmtree(made.path, ignore_errors=True)
        os.close(lock)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep others out of a mailing's folder, as far as they ask.

    Raises:
        Unavailable: somebody is at work there, or the folder is not there.
    """
    try:
        lock = _lock(folder)
    except OSError as error:
        if error.errno in (errno.EWOULDBLOCK, errno.EAGAIN):
            raise Unavailable(
                "Somebody else is at work on this mailing.", remedy="Try again when it is done."
            ) from None
        raise Unavailable(
            f"The mailing's kept rows are not in {folder.parent}.",
            remedy="Look whether PREFCENTER_DATA_DIR is the folder that the mailing was scrubbed with.",
        ) from error
    try:
        yield
    finally:
        os.close(lock)


def is_here(base: Path, name: str) -> bool:
    """Whether a mailing's folder lies on this machine, published or not."""
    return (base / name).exists() or (base / f"{_UNFINISHED}{name}").exists()


def is_free(base: Path, name: str | None) -> bool:
    """Whether nobody is at work at a mailing's folder here; there may be none."""
    return name is None or not is_here(base, name) or is_abandoned(base, name)


def is_abandoned(base: Path, name: str) -> bool:
    """Whether nobody works at a folder any more. One that does not lie here may be another machine's: then it isn't."""
    for path in (base / name, base / f"{_UNFINISHED}{name}"):
        try:
            os.close(_lock(path))
        except FileNotFoundError:
            continue
        except OSError:
            return False
        return True
    return False


def erase(base: Path, name: str, *, is_ours: bool = False) -> None:
    """Remove a mailing's folder, published or not.

    Args:
        base: where the folders of all mailings lie.
        name: the folder's name.
        is_ours: the caller is who works there.

    Raises:
        Unavailable: somebody is at work there, or it cannot be removed; some of it may be gone.
    """
    for path in (base / name, base / f"{_UNFINISHED}{name}"):
        if not path.exists():
            continue
        with nullcontext() if is_ours else locked(path):
            try:
                shutil.rmtree(path)
            except OSError as error:
                raise Unavailable(f"{path} cannot be removed: {error.strerror}.") from error


def sweep(base: Path, needed: Sequence[str | None]) -> None:
    """Remove what dead scrubs left in the making, but for what a mailing on record speaks of."""
    for path in base.glob(f"{_UNFINISHED}*"):
        name = path.name.removeprefix(_UNFINISHED)
        if name not in needed and is_abandoned(base, name):
            shutil.rmtree(path, ignore_errors=True)


def published(base: Path) -> Iterator[Path]:
    """The folders of all mailings that lie here; what else somebody put there is none."""
    yield from (path for path in base.glob("*") if _NAME.fullmatch(path.name) and path.is_dir())


def kept_files(folder: Path) -> list[Path]:
    """The kept rows of a mailing: those of its inputs, then those that came back, each in their order."""
    return scrubbed_files(folder) + _in_order(folder, "loaded-")


def scrubbed_files(folder: Path) -> list[Path]:
    """The kept rows of a mailing's inputs, in their order.

    Raises:
        Unavailable: there are none.
    """
    files = _in_order(folder, "scrubbed-")
    if not files:
        raise Unavailable(f"There are no kept rows in {folder}.", remedy="Restore them from a backup.")
    return files


def put_in_place(unfinished: Path, path: Path) -> None:
    """Give a file of kept rows its name, durably."""
    unfinished.replace(path)
    _sync(path.parent)


def _in_order(folder: Path, kind: str) -> list[Path]:
    return sorted(folder.glob(f"{kind}*.parquet"), key=lambda path: (len(path.name), path.name))


def _lock(path: Path) -> int:
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        raise
    return handle


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
