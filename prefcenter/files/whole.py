"""Writing one file whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from prefcenter.core.errors import BadInput, Unavailable


@contextmanager
def written_whole(path: Path) -> Iterator[IO[bytes]]:
    """A file that takes its name only when all is written and durable; until then, what was there stays.

    Nobody but its owner may read it: whatever leaves this way is about people.

    Raises:
        BadInput: the folder does not exist.
        Unavailable: the folder cannot be written to, or its disk is full; nothing was changed.
    """
    if not path.parent.is_dir():
        raise BadInput(f"There is no folder {path.parent}.")
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}-", suffix=".unfinished", dir=path.parent)
    except OSError as error:
        raise _unavailable(path, error) from error
    staging = Path(name)
    try:
        with os.fdopen(handle, "wb") as out:
            yield out
            out.flush()
            os.fsync(out.fileno())
        staging.replace(path)
        _sync(path.parent)
    except OSError as error:
        raise _unavailable(path, error) from error
    finally:
        staging.unlink(missing_ok=True)


def _sync(folder: Path) -> None:
    """Make the new name durable: whoever notes that the file was written must not be ahead of the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _unavailable(path: Path, error: OSError) -> Unavailable:
    return Unavailable(f"{path} could not be written: {error.strerror}.", remedy="What was there before is unchanged.")
