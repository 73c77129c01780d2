"""How a CSV file separates, quotes and ends: told from its header and its first rows."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from prefcenter.core.errors import BadInput
from prefcenter.files.encoding import Encoding
from prefcenter.files.records import Records, split

DELIMITERS = {",": "comma", "\t": "tab", ";": "semicolon", "|": "pipe"}
HEADER_LIMIT = 16 << 20
"""No header line is longer than this (bytes)."""
_ROWS_LOOKED_AT = 200
_LOOKED_AT = 1 << 16
_HINT = re.compile(rb'(?i)("?)sep=(?P<delimiter>[\t!#-/:-@\[-`{-~])\1(?:\r\n|\n|\r)')


@dataclass(frozen=True, slots=True)
class Dialect:
    """What a row that is added to a file must look like, so that it does not stand out.

    Args:
        delimiter: between fields, one character.
        line_end: the header's line end; that of the first row where the header has none.
        quoted: for each column, whether the file puts its values in quotes even where it need not.
    """

    delimiter: str
    line_end: str
    quoted: tuple[bool, ...]

    def line(self, values: Sequence[str]) -> str:
        """One record of these values, with its line end."""
        cells = (self._cell(value, always=always) for value, always in zip(values, self.quoted, strict=True))
        return self.delimiter.join(cells) + self.line_end

    def _cell(self, value: str, *, always: bool) -> str:
        needs_quotes = always or any(mark in value for mark in (self.delimiter, '"', "\n", "\r"))
        return '"' + value.replace('"', '""') + '"' if needs_quotes else value


class Layout(NamedTuple):
    """What the bytes of a file mean."""

    names: tuple[str, ...]
    delimiter: str
    encoding: Encoding


def parse_record(text: str, delimiter: str) -> list[str]:
    """The fields of one record, with its line end or without. Lenient: quotes inside a field are characters.

    Raises:
        csv.Error: it is no record.
    """
    if csv.field_size_limit() < HEADER_LIMIT:
        csv.field_size_limit(HEADER_LIMIT)
    return next(csv.reader([text], delimiter=delimiter), [])


def fields_of(text: str, delimiter: str) -> list[str] | None:
    """The fields of one record, leniently read; None where even that cannot be done."""
    try:
        return parse_record(text, delimiter)
    except csv.Error:
        return None


def hint(sample: bytes) -> tuple[bytes, str | None]:
    r"""The line that tells a spreadsheet the delimiter, if a file begins with one, and the delimiter.

    >>> hint(b"sep=;\r\nname;zip\r\n"), hint(b"name;zip\r\n")
    ((b'sep=;\r\n', ';'), (b'', None))

    Source: Excel reads ``sep=`` and one character as such, in any case, and shows no row for it.
    """
    found = _HINT.match(sample)
    return (found[0], found["delimiter"].decode()) if found else (b"", None)


def detect(
    sample: bytes, *, whole: bool, delimiter: str | None = None, hinted: str | None = None
) -> tuple[Dialect, bytes]:
    """The dialect of a file, and its header record as it stands there.

    The delimiter that the header has most often, and the rows as often as the header, wins. A header without any is one
    column, and its delimiter is taken to be the comma.

    Args:
        sample: the file's first bytes behind the byte order mark, ASCII-compatible.
        whole: whether the sample is the whole file.
        delimiter: use this one; None tells it from the sample.
        hinted: what the file itself says it is; any character.

    Raises:
        BadInput: there is no header line.
    """
    if delimiter is not None and delimiter not in DELIMITERS:
        raise BadInput(f"{delimiter!r} is no delimiter.", remedy=f"Use {', '.join(DELIMITERS.values())}.")
    known = delimiter or hinted
    candidates = [known] if known else list(DELIMITERS)
    best = max(candidates, key=lambda candidate: _fit(sample, candidate, whole=whole))
    records, data = _first_records(sample, best, whole=whole)
    if not len(records) or any(0 in where for _, where in records.problems()):
        raise BadInput(
            "The file has no header line." if whole else "The first line does not end: this is no table.",
            remedy="The first line must name the columns.",
        )
    header = data[: int(records.ends[0])]
    line_end = _line_end(header) or (_line_end(data[: int(records.ends[1])]) if len(records) > 1 else "") or "\n"
    return Dialect(best, line_end, _quoted(data, records, best)), header


def _first_records(sample: bytes, delimiter: str, *, whole: bool) -> tuple[Records, bytes]:
    for size in (_LOOKED_AT, HEADER_LIMIT):
        data = sample[:size]
        at_end = whole and len(data) == len(sample)
        records = split(data, ord(delimiter), at_end=at_end, limit=HEADER_LIMIT)
        if len(records) or at_end:
            break
    return records, data


def _fit(sample: bytes, delimiter: str, *, whole: bool) -> float:
    """How well a delimiter explains the first rows: the header's delimiters × the share of rows with as many."""
    if delimiter.encode() not in sample[:_LOOKED_AT]:
        return 0.0
    records, _ = _first_records(sample, delimiter, whole=whole)
    if not len(records) or records.fields[0] == 1:
        return 0.0
    rows = records.fields[1 : _ROWS_LOOKED_AT + 1]
    alike = float(np.mean(rows == records.fields[0])) if len(rows) else 1.0
    return float(records.fields[0] - 1) * (alike + 0.01)


def _line_end(record: bytes) -> str:
    return next((end for end in ("\r\n", "\n", "\r") if record.endswith(end.encode())), "")


def _quoted(data: bytes, records: Records, delimiter: str) -> tuple[bool, ...]:
    """Which columns are quoted wherever they hold a value; the header speaks for a file without rows."""
    width = int(records.fields[0])
    rows = [index for index in range(1, min(len(records), _ROWS_LOOKED_AT)) if records.fields[index] == width]
    bare, filled = np.zeros(width, np.bool_), np.zeros(width, np.bool_)
    for index in rows or [0]:
        text = data[int(records.starts[index]) : int(records.ends[index])].decode("latin-1")
        for column, cell in enumerate(_cells(text.rstrip("\r\n"), delimiter)[:width]):
            filled[column] |= bool(cell)
            bare[column] |= bool(cell) and not cell.startswith('"')
    return tuple((filled & ~bare).tolist())


def _cells(text: str, delimiter: str) -> list[str]:
    """A record cut at its delimiters, quotes left on: what stands between an even number of quotes is one cell."""
    cells: list[str] = []
    part = ""
    for piece in text.split(delimiter):
        part = f"{part}{delimiter}{piece}" if part else piece
        if part.count('"') % 2 == 0:
            cells.append(part)
            part = ""
    return cells
