"""Fixed-width files: a record a line, its columns where a layout file says, kept records byte for byte."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl

from prefcenter.core.errors import BadInput
from prefcenter.files import encoding as encodings
from prefcenter.files.bits import Offsets, line_ends
from prefcenter.files.columns import recognise
from prefcenter.files.encoding import Encoding
from prefcenter.files.layouts import FileLayout, FixedLines, as_units, from_units
from prefcenter.files.parsing import TextBlock
from prefcenter.files.reading import BLOCK_BYTES, TextTable, as_utf8, first_bytes
from prefcenter.files.sources import Source, file_named
from prefcenter.files.tables import BadRows, Places

_BLANKS = " \t\x1a"
_NEARLY_ALL = 0.9


@dataclass(frozen=True, slots=True)
class FixedWidthBlock(TextBlock):
    """A block of fixed-width records; all its columns are cut at once."""

    def rows(self, places: Places) -> pl.DataFrame:
        """Some of the readable rows."""
        return self.frame[places]


class _Lines(NamedTuple):
    """Where the lines of some bytes are, and their texts without line ends: null where one cannot be decoded."""

    starts: Offsets
    ends: Offsets
    texts: pl.Series


class FixedWidthTable(TextTable):
    """A fixed-width file without a header (see :class:`prefcenter.files.tables.Table`).

    Places count characters, or, where only the bytes of a UTF-8 file's records make them equally long, bytes. Where
    nearly all records are equally long, one of another length is unreadable: its columns may have moved.
    """

    def __init__(
        self,
        path: Path,
        layout: FileLayout,
        *,
        mapping: Mapping[str, str] | None = None,
        encoding: str | None = None,
        block_bytes: int = BLOCK_BYTES,
        source: Source | None = None,
    ) -> None:
        super().__init__(source or Source(path), block_bytes)
        self.layout = layout
        self._in_bytes = False
        sample, whole = first_bytes(self._source)
        with file_named(path):
            self.encoding = encodings.decide(sample, encoding, whole=whole)
            self._look_at(as_utf8(sample[len(self.encoding.bom) :], self.encoding, whole=whole), whole=whole)
            self.columns = recognise(layout.names, mapping)

    @property
    def dialect(self) -> FixedLines:
        """How it writes its rows."""
        return FixedLines(self.layout, self._width or self.layout.end, self._in_bytes, self._line_end)

    @property
    def header_bytes(self) -> bytes:
        """The byte order mark; there is no header."""
        return self.encoding.bom

    def _look_at(self, sample: bytes, *, whole: bool) -> None:
        """Tell line ends and the records' length from the first bytes."""
        lines = self._lines(sample, at_end=whole)
        first = sample[: int(lines.ends[0])] if len(lines.ends) else sample
        self._line_end = next((end for end in ("\r\n", "\n", "\r") if first.endswith(end.encode())), "")
        longest = int(lines.texts.str.len_chars().max() or 0)  # type: ignore[arg-type]
        if not self._line_end and len(first) > 2 * self.layout.end:
            raise BadInput("The file has no line ends.", remedy="Ask for it with each record on a line of its own.")
        if longest < self.layout.last_start:
            raise BadInput(
                f"The layout does not fit: it has a column that begins at {self.layout.last_start}, and the longest of"
                f" the first records has {longest} characters.",
                remedy="Check the layout file; places count from 1.",
            )
        self._line_end = self._line_end or "\n"
        by_characters, by_bytes = (_usual(lengths) for lengths in _lengths(lines.texts))
        self._in_bytes = self.encoding.is_utf8 and by_bytes[1] > by_characters[1]
        width, share = by_bytes if self._in_bytes else by_characters
        self._width = width if share >= _NEARLY_ALL else None

    def _block(
        self, data: bytes, done: int, only: Collection[str] | None, *, at_end: bool
    ) -> tuple[TextBlock | None, bytes]:
        del only
        lines = self._lines(data, at_end=at_end)
        rest = data[int(lines.ends[-1]) if len(lines.ends) else 0 :]
        self._require_short(rest)
        if self.encoding.name == "ascii":
            lines = self._settled(data, lines)
        filled = (lines.texts.str.strip_chars(_BLANKS) != "").fill_null(value=True)
        if not filled.any():
            return None, rest
        at = filled.to_numpy()
        lines = _Lines(lines.starts[at], lines.ends[at], lines.texts.filter(filled))
        return self._parsed(data, lines, done), rest

    def _settled(self, data: bytes, lines: _Lines) -> _Lines:
        """The lines, once the first bytes that are not ASCII have told the encoding, and what places count."""
        whole = data[: int(lines.ends[-1])] if len(lines.ends) else b""
        if whole.isascii():
            return lines
        self._settle_encoding(whole)
        lines = self._lines(whole, at_end=True)
        fits = [(lengths == self._width).sum() for lengths in _lengths(lines.texts)]
        self._in_bytes = self.encoding.is_utf8 and fits[1] > fits[0]
        return lines

    def _lines(self, data: bytes, *, at_end: bool) -> _Lines:
        ends = line_ends(data, at_end=at_end)
        starts = np.concatenate((np.zeros(min(1, len(ends)), np.int64), ends[:-1]))
        texts = _texts(data, zip(starts.tolist(), ends.tolist(), strict=True), self.encoding)
        return _Lines(starts, ends, texts.str.strip_chars_end("\r\n"))

    def _parsed(self, data: bytes, lines: _Lines, done: int) -> TextBlock:
        numbers = np.arange(self._rows + 1, self._rows + 1 + len(lines.texts))
        self._rows += len(numbers)
        problems = self._problems(lines.texts)
        good = problems.is_null()
        kept = good.to_numpy()
        pairs = zip(lines.starts[~kept].tolist(), lines.ends[~kept].tolist(), strict=True)
        raw = [self.encoding.readable(data[start:end]).rstrip("\r\n") for start, end in pairs]
        raw_texts = pl.Series(raw, dtype=pl.String)
        bad = BadRows(numbers[~kept], problems.filter(~good), raw_texts, self._cut(raw_texts))
        frame = self._cut(lines.texts.filter(good))
        where = lines.starts[kept], lines.ends[kept]
        return FixedWidthBlock(frame, numbers[kept], bad, done, data, *where, self.encoding)

    def _problems(self, texts: pl.Series) -> pl.Series:
        """Why a record cannot be read, or null."""
        lengths = _lengths(texts)[self._in_bytes]
        said = pl.concat_str(
            pl.lit("has "), pl.lit(lengths), pl.lit(f" characters, the others have {self._width}"), ignore_nulls=True
        )
        name = "UTF-16" if self.encoding.is_wide else "UTF-8"
        problem = (
            pl.when(pl.lit(texts.is_null()))
            .then(pl.lit(f"holds bytes that are not valid {name}"))
            .when(pl.lit(texts.str.contains("\0", literal=True)))
            .then(pl.lit("holds a NUL byte"))
            .when(pl.lit(lengths != (self._width or 0)) & pl.lit(self._width is not None))
            .then(said)
        )
        return pl.select(problem.alias("problem")).to_series()

    def _cut(self, texts: pl.Series) -> pl.DataFrame:
        """The columns of some records, without the blanks that pad them."""
        by_byte = self._in_bytes and bool((texts.str.len_bytes() != texts.str.len_chars()).any())
        units = pl.Series(map(as_units, texts), dtype=pl.String) if by_byte else texts
        frame = pl.DataFrame(
            {field.name: units.str.slice(field.start - 1, field.length) for field in self.layout.fields}
        )
        if by_byte:
            frame = frame.select(pl.Series(name, map(from_units, frame[name]), pl.String) for name in frame.columns)
        return frame.select(pl.all().str.strip_chars(" "))


def _texts(data: bytes, pairs: Iterable[tuple[int, int]], encoding: Encoding) -> pl.Series:
    if data.isascii():
        text = data.decode("ascii")
        return pl.Series([text[start:end] for start, end in pairs], dtype=pl.String)
    return pl.Series([_text(data[start:end], encoding) for start, end in pairs], dtype=pl.String)


def _text(record: bytes, encoding: Encoding) -> str | None:
    try:
        return encoding.to_utf8(record).decode()
    except UnicodeDecodeError:
        return None


def _lengths(texts: pl.Series) -> tuple[pl.Series, pl.Series]:
    """How long records are, in characters and in bytes of UTF-8."""
    return texts.str.len_chars(), texts.str.len_bytes()


def _usual(lengths: pl.Series) -> tuple[int, float]:
    """The most frequent length of the records that are not empty, and their share."""
    counts = lengths.filter(lengths > 0).value_counts(sort=True)
    return (int(counts.row(0)[0]), counts.row(0)[1] / counts[:, 1].sum()) if counts.height else (0, 0.0)
