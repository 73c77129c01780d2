"""CSV files read in blocks of bounded size, each record keeping its exact bytes."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from os import SEEK_END
from pathlib import Path
from typing import BinaryIO

from prefcenter.core.errors import BadInput
from prefcenter.files import encoding as encodings
from prefcenter.files.columns import Columns, recognise
from prefcenter.files.dialect import detect, parse_record
from prefcenter.files.encoding import Encoding
from prefcenter.files.parsing import CsvBlock, Layout, parse_block
from prefcenter.files.records import split
from prefcenter.files.signatures import refuse_other_formats
from prefcenter.files.tables import FileFacts
from prefcenter.files.writing import CsvOutput

BLOCK_BYTES = 32 << 20
_LINE_LIMIT = 64 << 20


class CsvTable:
    """A CSV file: a header line and rows, read in one pass (see :class:`prefcenter.files.tables.Table`)."""

    def __init__(
        self,
        path: Path,
        *,
        mapping: Mapping[str, str] | None = None,
        encoding: str | None = None,
        delimiter: str | None = None,
        block_bytes: int = BLOCK_BYTES,
    ) -> None:
        self.path = path
        self._block_bytes = block_bytes
        self._rows = 0
        self._sha256: str | None = None
        sample, self.size = _sample(path)
        whole = len(sample) == self.size
        refuse_other_formats(path.name, sample)
        try:
            self.encoding = encodings.decide(sample, encoding, whole=whole)
            text = _as_utf8(sample[len(self.encoding.bom) :], self.encoding, whole=whole)
            self.dialect, header = detect(text, whole=whole, delimiter=delimiter)
            self.columns: Columns = recognise(_header_names(header, (self.encoding, self.dialect.delimiter)), mapping)
        except BadInput as error:
            raise BadInput(f"{path.name}: {error.message}", remedy=error.remedy) from None
        self._header = header

    @property
    def header_bytes(self) -> bytes:
        """The byte order mark and the header line, exactly."""
        return self.encoding.bom + self.encoding.from_utf8(self._header)

    def blocks(self) -> Iterator[CsvBlock]:
        """The rows from the first to the last.

        Raises:
            BadInput: a line is so long that this can be no table, or the file was changed meanwhile.
        """
        digest, self._rows = hashlib.sha256(), 0
        with _opened(self.path) as stream:
            hashed = _Hashed(stream, digest)
            if hashed.read(len(self.header_bytes)) != self.header_bytes:
                raise self._changed()
            done, rest = len(self.header_bytes), b""
            for chunk, read in encodings.transcoded(hashed, self.encoding, max(self._block_bytes, 2)):
                done += read
                # A wide encoding may still hold back half a character when all its bytes have been read.
                block, rest = self._block(rest + chunk, done, at_end=done == self.size and not self.encoding.is_wide)
                if block:
                    yield block
            block, _ = self._block(rest, done, at_end=True)
            if block:
                yield block
        if done != self.size:
            raise self._changed()
        self._sha256 = digest.hexdigest()

    def facts(self) -> FileFacts:
        """Name, SHA-256 and rows, once all blocks have been read.

        Raises:
            RuntimeError: they have not.
        """
        if self._sha256 is None:
            raise RuntimeError("The facts of a table are known only when all its blocks have been read.")
        return FileFacts(self.path.name, self._sha256, self._rows)

    def clean_output(self, path: Path) -> CsvOutput:
        """A new file with this one's header."""
        return CsvOutput(path, self)

    def _changed(self) -> BadInput:
        return BadInput(f"{self.path.name} was changed while it was read.", remedy="Run it again.")

    def _block(self, data: bytes, done: int, *, at_end: bool) -> tuple[CsvBlock | None, bytes]:
        records = split(data, ord(self.dialect.delimiter), at_end=at_end)
        rest = data[records.rest :]
        if len(rest) > _LINE_LIMIT:
            raise BadInput(f"{self.path.name}: a line is longer than {_LINE_LIMIT:,} bytes: this is no table.")
        if self.encoding.name == "ascii":
            settled = encodings.decide_later(data[: records.rest])
            self.encoding = Encoding(settled.name, self.encoding.bom)
        if not len(records):
            return None, rest
        layout = Layout(self.columns.names, self.dialect.delimiter, self.encoding)
        block = parse_block(data, records, layout, rows_before=self._rows, bytes_done=done)
        rows = block.frame.height + len(block.bad)
        self._rows += rows
        return (block if rows else None), rest


def open_csv(
    path: Path, *, mapping: Mapping[str, str] | None = None, encoding: str | None = None, delimiter: str | None = None
) -> CsvTable:
    """Open a CSV file and read its header.

    Raises:
        BadInput: there is no such file, or it is no table with a header line.
    """
    return CsvTable(path, mapping=mapping, encoding=encoding, delimiter=delimiter)


class _Hashed:
    """A stream that hashes what is read from it."""

    def __init__(self, stream: BinaryIO, digest: hashlib._Hash) -> None:
        self._stream, self._digest = stream, digest

    def read(self, size: int) -> bytes:
        """The next bytes, at most ``size`` of them."""
        block = self._stream.read(size)
        self._digest.update(block)
        return block


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
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


def _sample(path: Path) -> tuple[bytes, int]:
    with _opened(path) as stream:
        sample = stream.read(encodings.SAMPLE_BYTES)
        size = stream.seek(0, SEEK_END)
    if not sample:
        raise BadInput(f"{path.name} is empty.", remedy="The first line must name the columns.")
    return sample, size


def _as_utf8(sample: bytes, encoding: Encoding, *, whole: bool) -> bytes:
    if not encoding.is_wide:
        return sample
    even = sample if whole else sample[: len(sample) // 2 * 2]
    return even.decode(encoding.name, "replace").encode("utf-8", "replace")


def _header_names(header: bytes, layout: tuple[Encoding, str]) -> list[str]:
    encoding, delimiter = layout
    try:
        names = parse_record(encoding.readable(header), delimiter)
    except csv.Error as error:
        raise BadInput(f"The header line cannot be read: {error}.") from None
    if not any(name.strip() for name in names):
        raise BadInput("The header line names no column.", remedy="The first line must name the columns.")
    return names
