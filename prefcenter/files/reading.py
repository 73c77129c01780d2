"""Text tables, CSV first of all, read in blocks of bounded size, each record keeping its exact bytes."""

from __future__ import annotations

import csv
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

import numpy as np

from prefcenter.core.errors import BadInput
from prefcenter.files import encoding as encodings
from prefcenter.files.beside import ahead
from prefcenter.files.columns import Columns, recognise
from prefcenter.files.dialect import Dialect, Layout, detect, hint, parse_record
from prefcenter.files.encoding import Encoding
from prefcenter.files.headers import ROWS_LOOKED_AT, refuse_second_header
from prefcenter.files.parsing import TextBlock, parse_block
from prefcenter.files.records import split
from prefcenter.files.signatures import refuse_other_formats
from prefcenter.files.sources import Packer, Reading, Sample, Source, file_named
from prefcenter.files.tables import FileFacts
from prefcenter.files.text_writing import CsvOutput, Lines

BLOCK_BYTES = 8 << 20
_LINE_LIMIT = 64 << 20


class TextTable(ABC):
    """A table of records that end with their lines, read in one pass (see :class:`prefcenter.files.tables.Table`)."""

    columns: Columns
    encoding: Encoding

    def __init__(self, source: Source, block_bytes: int) -> None:
        self.path = source.path
        self.size = source.size
        self._source = source
        self._block_bytes = block_bytes
        self._rows = 0
        self._sha256: str | None = None

    @property
    @abstractmethod
    def dialect(self) -> Lines:
        """How it writes its rows."""

    @property
    @abstractmethod
    def header_bytes(self) -> bytes:
        """What stands before the rows, exactly."""

    def blocks(self, only: Collection[str] | None = None) -> Iterator[TextBlock]:
        """The rows from the first to the last.

        Args:
            only: the columns that are looked at in every row; None looks at all.

        Raises:
            BadInput: a line is so long that this can be no table, or the file was changed meanwhile.
        """
        self._rows = 0
        with self._source.reading() as stream:
            if stream.read(len(self.header_bytes)) != self.header_bytes:
                raise self._source.changed()
            yield from ahead(self._parsed_blocks(stream, only))
        self._sha256 = stream.digest()

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
        return CsvOutput(path, self, self.packer())

    def packer(self) -> Packer | None:
        """What packs a new file as this one is packed; None where it is not."""
        return self._source.packer()

    def _parsed_blocks(self, stream: Reading, only: Collection[str] | None) -> Iterator[TextBlock]:
        rest = b""
        for piece, at_end in self._pieces(stream):
            block, rest = self._block(rest + piece if rest else piece, stream.done, only, at_end=at_end)
            if block:
                yield block

    def _pieces(self, stream: Reading) -> Iterator[tuple[bytes, bool]]:
        """The file's bytes, cut behind a line end where there is one; and whether nothing follows."""
        tail = b""
        for chunk, _ in encodings.transcoded(stream, self.encoding, max(self._block_bytes, 2)):
            # A wide encoding may still hold back half a character when all its bytes have been read.
            at_end = stream.at_end and not self.encoding.is_wide
            cut = 0 if at_end else chunk.rfind(b"\n") + 1
            yield (b"".join((tail, memoryview(chunk)[:cut])) if cut else tail + chunk), at_end
            tail = chunk[cut:] if cut else b""
        yield tail, True

    @abstractmethod
    def _block(
        self, data: bytes, done: int, only: Collection[str] | None, *, at_end: bool
    ) -> tuple[TextBlock | None, bytes]:
        """The whole records of some bytes as a block, if there are any, and the bytes of the unfinished last one."""

    def _require_short(self, rest: bytes) -> None:
        if len(rest) > _LINE_LIMIT:
            raise BadInput(f"{self.path.name}: a line is longer than {_LINE_LIMIT:,} bytes: this is no table.")

    def _settle_encoding(self, data: bytes) -> None:
        """The first bytes that are not ASCII decide."""
        if self.encoding.name == "ascii":
            self.encoding = Encoding(encodings.decide_later(data).name, self.encoding.bom)


class CsvTable(TextTable):
    """A CSV file: a header line and rows."""

    def __init__(
        self,
        path: Path,
        *,
        mapping: Mapping[str, str] | None = None,
        encoding: str | None = None,
        delimiter: str | None = None,
        block_bytes: int = BLOCK_BYTES,
        source: Source | None = None,
    ) -> None:
        super().__init__(source or Source(path), block_bytes)
        sample, whole = first_bytes(self._source)
        with file_named(path):
            self.encoding = encodings.decide(sample, encoding, whole=whole)
            text = as_utf8(sample[len(self.encoding.bom) :], self.encoding, whole=whole)
            told, hinted = hint(text)
            self._dialect, header = detect(text[len(told) :], whole=whole, delimiter=delimiter, hinted=hinted)
            self.columns = recognise(_header_names(header, (self.encoding, self._dialect.delimiter)), mapping)
        self._before_rows = told + header

    @property
    def dialect(self) -> Dialect:
        """How it separates, quotes and ends."""
        return self._dialect

    @property
    def header_bytes(self) -> bytes:
        """The byte order mark and the header line, exactly, with the line that names the delimiter, if there is one."""
        return self.encoding.bom + self.encoding.from_utf8(self._before_rows)

    def _block(
        self, data: bytes, done: int, only: Collection[str] | None, *, at_end: bool
    ) -> tuple[TextBlock | None, bytes]:
        records = split(data, ord(self.dialect.delimiter), at_end=at_end)
        rest = data[records.rest :]
        self._require_short(rest)
        self._settle_encoding(data[: records.rest])
        if not len(records):
            return None, rest
        layout = Layout(self.columns.names, self.dialect.delimiter, self.encoding)
        block = parse_block(data, records, layout, rows_before=self._rows, bytes_done=done, only=only)
        if not self._rows:
            refuse_second_header(
                self.path.name, block.rows(np.arange(min(block.frame.height, ROWS_LOOKED_AT))).iter_rows()
            )
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


def first_bytes(source: Source) -> Sample:
    """The first bytes of a text table.

    Raises:
        BadInput: it is empty, or it is of another format than its name says.
    """
    sample = source.sample()
    if not sample.text:
        raise BadInput(f"{source.path.name} is empty.", remedy="The first line must name the columns.")
    refuse_other_formats(source.path.name, sample.text)
    return sample


def as_utf8(sample: bytes, encoding: Encoding, *, whole: bool) -> bytes:
    """A sample behind its byte order mark, where it is wide as UTF-8; ``whole`` says that nothing follows it."""
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
