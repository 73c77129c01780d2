"""What the list said of the blocks of a mailing, kept while a scrub runs: one that was stopped goes on from there.

Only the judging is spared, which is what takes time: files are read and written anew, whatever their format, so that
nothing half-written is ever built upon. Kept are the places of rows and the reasons, no names and no addresses. Whoever
goes on must be sure that the list is what it was; see :mod:`prefcenter.services.resuming`.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from prefcenter.core.errors import BadInput
from prefcenter.scrub.verdicts import Judged

_BEGIN, _END = ".prefcenter-", ".partial"
_ORDER = "scrub.json"
DAMAGED = "damaged"
"""Stands for what was kept itself, among what is other than it was."""
_PARTS = tuple(part.name for part in fields(Judged))


class Checkpoints:
    """The kept verdicts of one mailing.

    Args:
        folder: where they lie, or are to lie; None keeps nothing.
        order: what is scrubbed, and by which list: verdicts of another order are of no use.
        at: the moment that this run began.
    """

    def __init__(self, folder: Path | None, order: Mapping[str, Any], at: datetime) -> None:
        self.at = at
        self.rows = 0
        self.changed: tuple[str, ...] = ()
        self._folder, self._order = folder, dict(order)
        self._lock: int | None = None

    def adopt(self, *, oldest: datetime) -> bool | None:
        """Take over what a run left that was stopped: True; None where there is nothing, False where it is of no use.

        ``at`` is then the moment when that run began, and ``rows`` how many rows need not be judged again; where it is
        of no use, ``changed`` names what is other in the order than it was, if that is the reason.

        Args:
            oldest: what was begun before is of no use.
        """
        if self._folder is None or not self._folder.is_dir():
            return None
        if not self._locked():
            self._folder = None  # Somebody else is at it.
            return None
        try:
            told = self._told()
            begun = datetime.fromisoformat(told["at"])
            marks = [json.loads(path.read_text()) for path in self._folder.glob("*.done")]
            rows = sum(int(mark["rows"]) for mark in marks)
        except (OSError, ValueError, KeyError, TypeError):
            self.changed = (DAMAGED,)
            self.clear()
            return False
        before = told.get("order") or {}
        self.changed = tuple(name for name, value in self._order.items() if before.get(name) != value)
        if self.changed or begun < oldest:
            self.clear()
            return False
        self.at, self.rows = begun, rows
        return True if marks else None

    def begun(self) -> datetime:
        """When the first of the runs began; ``at`` where that is not known."""
        try:
            return datetime.fromisoformat(self._told()["at"])
        except (OSError, ValueError, KeyError, TypeError):
            return self.at

    def is_free(self) -> bool:
        """Whether nobody else is at it; then nobody can be, until it is closed."""
        return self._locked()

    def load(self, file: int, block: int, rows: int) -> Judged | None:
        """What was said of a block, or None where that is not known.

        Args:
            file: the place of the file in the mailing.
            block: the place of the block in the file.
            rows: how many rows it has.
        """
        if self._folder is None:
            return None
        stem = f"{file:04}-{block:07}"
        try:
            if json.loads((self._folder / f"{stem}.done").read_text())["rows"] != rows:
                return None
            return Judged(**{part: pl.read_ipc(self._folder / f"{stem}-{part}.arrow") for part in _PARTS})
        except (OSError, ValueError, KeyError, TypeError, pl.exceptions.PolarsError):
            return None

    def save(self, file: int, block: int, rows: int, judged: Judged) -> None:
        """Keep what was said of a block; the mark that it is whole comes last."""
        if self._folder is None or not self._made():
            return
        stem = f"{file:04}-{block:07}"
        for part in _PARTS:
            getattr(judged, part).write_ipc(self._folder / f"{stem}-{part}.arrow")
        self._put(f"{stem}.done", {"rows": rows})

    def clear(self) -> None:
        """Remove everything."""
        if self._folder is not None and self._lock is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
        self.close()

    def close(self) -> None:
        """Let others at it."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _told(self) -> dict[str, Any]:
        told: dict[str, Any] = json.loads(((self._folder or Path()) / _ORDER).read_text(encoding="utf-8"))
        return told

    def _made(self) -> bool:
        if self._lock is not None:
            return True
        if self._folder is None:
            return False
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not self._locked():
            self._folder = None
            return False
        self._put(_ORDER, {"at": self.at.isoformat(), "order": self._order})
        return True

    def _locked(self) -> bool:
        if self._folder is None:
            return False
        handle = os.open(self._folder, os.O_RDONLY)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(handle)
            return False
        self._lock = handle
        return True

    def _put(self, name: str, value: Mapping[str, Any]) -> None:
        if self._folder is not None:
            part = self._folder / f"{name}.part"
            part.write_text(json.dumps(value), encoding="utf-8")
            part.replace(self._folder / name)


@contextmanager
def kept_until_done(points: Checkpoints) -> Iterator[Checkpoints]:
    """A context in which a mailing is scrubbed: what was kept goes when it is done, or its files cannot be used."""
    try:
        yield points
    except BadInput:
        points.clear()
        raise
    except BaseException:
        points.close()
        raise
    points.clear()


def sweep(out: Path, *, oldest: datetime) -> None:
    """Remove what stopped runs left in a folder that nobody took up again in time."""
    for folder in out.glob(f"{_BEGIN}*{_END}"):
        left = Checkpoints(folder, {}, oldest)
        if left.begun() < oldest and left.is_free():
            left.clear()


def are_there(out: Path, mailing: str) -> bool:
    """Whether verdicts of a mailing are kept, so that its scrub may go on where it was."""
    return any(folder_for(out, mailing).glob("*.done"))


def folder_for(out: Path, mailing: str) -> Path:
    """Where the verdicts of a mailing lie while it is scrubbed: beside its outputs, hidden."""
    plain = "".join(letter if letter.isalnum() or letter in "-_." else "_" for letter in mailing)
    return out / f"{_BEGIN}{plain[:80]}{_END}"
