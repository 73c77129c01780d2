"""Files out: the exact one for the mail house, guarded ones for people, and all of them or none."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import IO, Self

import polars as pl

from prefcenter.core.errors import BadInput, Unavailable
from prefcenter.files.sources import Packer
from prefcenter.files.swapping import MANIFEST_NAME as MANIFEST_NAME
from prefcenter.files.swapping import clear_dead, discard, locked, new_staging, swap
from prefcenter.files.tables import FileFacts

_OUR_FAULTS = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EACCES: "it may not be written to",
    errno.EPERM: "it may not be written to",
    errno.EROFS: "it is read-only",
    errno.EFBIG: "a file grew too large for it",
    errno.EIO: "the disk failed",
}


class HashedFile:
    """A new file whose SHA-256 and rows are known when it is closed."""

    def __init__(self, path: Path, packer: Packer | None = None) -> None:
        self._path = path
        self._packer = packer
        self._file: IO[bytes] = path.open("xb")
        self._digest = hashlib.sha256()
        self._rows = 0

    def _write(self, data: bytes, rows: int = 0) -> None:
        self._emit(self._packer.compress(data) if self._packer else data)
        self._rows += rows

    def _emit(self, data: bytes) -> None:
        self._file.write(data)
        self._digest.update(data)

    def close(self) -> FileFacts:
        """Finish the file, durably, and tell what it holds."""
        if not self._file.closed:
            if self._packer:
                self._emit(self._packer.flush())
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
        return FileFacts(self._path.name, self._digest.hexdigest(), self._rows)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        if raised[0] is None:
            self.close()
        else:
            self._abandon()

    def _abandon(self) -> None:
        # Closing writes what is buffered, which a full disk refuses again: the first error is the one to tell.
        try:
            self._file.close()
        except OSError:
            self._file = open(os.devnull, "wb")  # noqa: PTH123, SIM115  (drops the buffer, so that no finaliser retries)


class GuardedCsvWriter(HashedFile):
    """A CSV file for people: UTF-8, commas, every text in quotes, and no cell that a spreadsheet would run (X6).

    A cell that begins with ``= + - @``, a tab or a carriage return gets an apostrophe before it. A plain signed number
    stays as it is (``-12.5``, ``+14155550100``): there is nothing in it that could be run, it reaches no other cell and
    no program, and whoever loads the file to look a number up must find it as it was given. ``+1-415-555-0100`` is no
    plain number but a subtraction, and is guarded. Quotes keep a semicolon from opening a new cell in countries where
    spreadsheets separate by it.

    Args:
        path: the new file.
        columns: the input's columns.
        extras: further columns; one of the same name in the input gives way to it.
    """

    def __init__(self, path: Path, columns: Sequence[str], extras: Sequence[str] = ()) -> None:
        super().__init__(path)
        self._columns = [name for name in columns if name not in extras] + list(extras)
        header = pl.DataFrame([self._columns], schema=list(map(str, range(len(self._columns)))), orient="row")
        self._write(_csv_bytes(header))

    def write(self, rows: pl.DataFrame) -> None:
        """Add rows; they must have all columns of the file, and may have others."""
        if rows.height:
            self._write(_csv_bytes(rows.select(self._columns)), rows.height)


def guarded(column: str) -> pl.Expr:
    """A text column with an apostrophe before whatever a spreadsheet would take for a formula (X6)."""
    text = pl.col(column)
    # Source: OWASP, CSV Injection; ASVS 1.2.10.
    risky = text.str.contains(r"\A[=+\-@\t\r]") & ~text.str.contains(r"\A[+-][0-9]+([.,][0-9]+)?\z")
    return pl.when(risky).then(pl.concat_str(pl.lit("'"), text)).otherwise(text).alias(column)


def _csv_bytes(rows: pl.DataFrame) -> bytes:
    texts = [name for name, kind in rows.schema.items() if kind == pl.String]
    written = BytesIO()
    guarded_rows = rows.with_columns([guarded(name) for name in texts])
    guarded_rows.write_csv(written, include_header=False, quote_style="non_numeric")
    return written.getvalue()


@contextmanager
def whole_or_nothing(folder: Path, outdated: Callable[[], Collection[str]] = tuple) -> Iterator[Path]:
    """A new, empty folder whose files come into ``folder`` together, when all is done, or not at all.

    It lies in ``folder``, thus on the same file system. What a run left there that was killed is undone, or finished.
    At the end an old manifest is removed first and the new one comes last, so that a manifest always speaks of files
    that are whole. On any exception, and on an interrupt, what was in ``folder`` before is there again.

    Args:
        folder: where the files go.
        outdated: asked, once nobody else can move files there, which others are taken away when the new ones come; it
            may refuse.

    Raises:
        Unavailable: the folder cannot be written to, or its disk is full.
    """
    made = _missing_parents(folder)
    staging: Path | None = None
    try:
        folder.mkdir(parents=True, exist_ok=True)
        staging, lock = _staging(folder)
        try:
            yield staging
            _publish(staging, folder, outdated)
        finally:
            os.close(lock)
    except BaseException as error:
        _clean_up(staging, made)
        if isinstance(error, OSError) and error.errno in _OUR_FAULTS:
            raise Unavailable(
                f"The files could not be written to {folder}: {_OUR_FAULTS[error.errno]}.",
                remedy="What was there before is unchanged."
                if staging is None or not staging.exists()
                else f"What was there before is in {staging}, and the next run puts it back.",
            ) from error
        if isinstance(error, FileExistsError | NotADirectoryError):
            raise BadInput(f"{folder} is not a folder.") from error
        raise
    shutil.rmtree(staging, ignore_errors=True)


def _staging(folder: Path) -> tuple[Path, int]:
    """A new folder for the files in the making, once what dead runs left is away, and its lock."""
    with locked(folder):
        clear_dead(folder)
    return new_staging(folder)


def _missing_parents(folder: Path) -> list[Path]:
    """The folders that have to be made, the innermost first."""
    return [part for part in (folder, *folder.parents) if not part.exists()]


def _clean_up(staging: Path | None, made: Sequence[Path]) -> None:
    if staging:
        discard(staging)
    for part in made:
        try:
            part.rmdir()
        except OSError:
            return


def _publish(staging: Path, folder: Path, outdated: Callable[[], Collection[str]]) -> None:
    """Move the files into place.

    Of two runs into the same folder the one waits for the other, so that no manifest lies beside another's files.
    """
    with locked(folder):
        clear_dead(folder)  # Its files belong below ours, whatever it had replaced.
        swap(staging, folder, outdated())
