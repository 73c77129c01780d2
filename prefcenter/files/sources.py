"""Where the bytes of a text table come from: hashed on their way, and watched for changes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader
from os import SEEK_END
from pathlib import Path
from typing import BinaryIO, NamedTuple, Protocol

from prefcenter.core.errors import BadInput
from prefcenter.files.encoding import SAMPLE_BYTES


class Stamp(NamedTuple):
    """What changes when a file is written to or replaced."""

    size: int
    changed_ns: int
    number: int

    @classmethod
    def of(cls, path: Path) -> Stamp | None:
        """The stamp of a file as it is now, or None where there is none any more."""
        try:
            facts = path.stat()
        except OSError:
            return None
        return cls(facts.st_size, facts.st_mtime_ns, facts.st_ino)


class Sample(NamedTuple):
    """The first bytes of a table's text, and whether they are all of it."""

    text: bytes
    is_whole: bool


class Reading(Protocol):
    """One pass over a file."""

    @property
    def done(self) -> int:
        """How many of the file's own bytes have been read."""

    @property
    def at_end(self) -> bool:
        """Whether it is known that no text follows; a file that is not known to end may yet have ended."""

    def read(self, size: int, /) -> bytes:
        """The next bytes of text, at most ``size`` of them; none at the end."""

    def digest(self) -> str:
        """The SHA-256 of the file's own bytes, in hex, once all of them have been read."""


class Packer(Protocol):
    """Compresses what is written to a file."""

    def compress(self, data: bytes, /) -> bytes:
        """What can be written of it by now."""

    def flush(self) -> bytes:
        """The rest, and the format's end."""


class Hashed:
    """A stream that hashes and counts what is read from it."""

    def __init__(self, stream: BinaryIO, size: int) -> None:
        self._stream, self._size = stream, size
        self._digest = hashlib.sha256()
        self.done = 0

    @property
    def at_end(self) -> bool:
        """Whether as many bytes have been read as the file had."""
        return self.done == self._size

    def read(self, size: int = -1, /) -> bytes:
        """The next bytes, at most ``size`` of them."""
        block = self._stream.read(size)
        self._digest.update(block)
        self.done += len(block)
        return block

    def digest(self) -> str:
        """The SHA-256 of all that was read, in hex."""
        return self._digest.hexdigest()


class Source:
    """A file that a text table is read from; its bytes are the text."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with opened(path) as stream:
            self.size = stream.seek(0, SEEK_END)
        self._stamp = Stamp.of(path)

    def sample(self) -> Sample:
        """The first bytes of its text, and whether they are all.

        Raises:
            BadInput: there is no such file, or it cannot be read.
        """
        with opened(self.path) as stream:
            text = stream.read(SAMPLE_BYTES)
        return Sample(text, len(text) == self.size)

    def changed(self) -> BadInput:
        """What is raised where the file is not what it was."""
        return changed(self.path)

    @contextmanager
    def reading(self) -> Iterator[Reading]:
        """A context in which the file is read once.

        Raises:
            BadInput: at its end, if not all of it was read, or it was changed meanwhile.
        """
        with opened(self.path) as stream:
            hashed = Hashed(stream, self.size)
            try:
                yield self._reading(hashed)
            except BadInput:
                # What is half the old file and half the new seems damaged; that it changed is the reason.
                if Stamp.of(self.path) != self._stamp:
                    raise self.changed() from None
                raise
            if hashed.done != self.size or Stamp.of(self.path) != self._stamp:
                raise self.changed()

    def packer(self) -> Packer | None:
        """What a file of the same kind is compressed by, if it is."""
        return None

    def _reading(self, hashed: Hashed) -> Reading:
        return hashed


@contextmanager
def file_named(path: Path) -> Iterator[None]:
    """A context in which whatever is wrong with what a file says is told with its name."""
    try:
        yield
    except BadInput as error:
        raise BadInput(f"{path.name}: {error.message}", remedy=error.remedy) from None


def changed(path: Path) -> BadInput:
    """What is raised where a file is not what it was when it was opened."""
    return BadInput(f"{path.name} was changed while it was read.", remedy="Run it again.")


def digest_of(path: Path) -> str:
    """The SHA-256 of a file's bytes, in hex.

    Raises:
        BadInput: it cannot be opened.
    """
    with opened(path) as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


@contextmanager
def opened(path: Path) -> Iterator[BufferedReader]:
    """The file, opened for reading.

    Raises:
        BadInput: there is no such file, it is a folder, or it may not be read.
    """
    try:
        stream = path.open("rb")
    except FileNotFoundError:
        raise BadInput(f"There is no file {path}.") from None
    except IsADirectoryError:
        raise BadInput(f"{path} is a folder, not a file.") from None
    except OSError as error:
        raise BadInput(f"{path} cannot be opened: {error.strerror}.") from error
    with stream:
        yield stream
