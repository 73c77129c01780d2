"""Layout files: where the columns of a fixed-width file stand."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from prefcenter.core.errors import BadInput
from prefcenter.files.columns import normalised
from prefcenter.files.reading import open_csv

MEMBERS = ("name", "start", "length")
_LONGEST = 1 << 20


@dataclass(frozen=True, slots=True)
class Field:
    """A column of a fixed-width file: ``start`` counts from 1."""

    name: str
    start: int
    length: int

    @property
    def end(self) -> int:
        """The place of its last character."""
        return self.start + self.length - 1


@dataclass(frozen=True, slots=True)
class FileLayout:
    """The columns of a fixed-width file, in the layout file's order; they may leave gaps and overlap."""

    fields: tuple[Field, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """What the columns are called."""
        return tuple(field.name for field in self.fields)

    @property
    def end(self) -> int:
        """The last place that any column takes."""
        return max(field.end for field in self.fields)

    @property
    def last_start(self) -> int:
        """The last place where a column begins."""
        return max(field.start for field in self.fields)


@dataclass(frozen=True, slots=True)
class FixedLines:
    """Writes rows as a fixed-width file does, so that a row that is added does not stand out (P13).

    Args:
        layout: where the columns stand.
        width: the length of a record.
        in_bytes: whether places count the bytes of UTF-8 rather than characters.
        line_end: what ends a record.
    """

    layout: FileLayout
    width: int
    in_bytes: bool
    line_end: str

    def line(self, values: Sequence[str]) -> str:
        """One record of these values, padded with blanks, with its line end.

        Raises:
            BadInput: a value is longer than its column.
        """
        cells = [" "] * self.width
        for value, field in zip(values, self.layout.fields, strict=True):
            units = as_units(value) if self.in_bytes else value
            if len(units) > field.length:
                raise BadInput(f"A seed's value is too long for the column {field.name!r}, which has {field.length}.")
            cells[field.start - 1 : field.start - 1 + len(units)] = units
        record = "".join(cells)
        return (from_units(record) if self.in_bytes else record) + self.line_end


def as_units(text: str) -> str:
    """A text with a character for each byte of its UTF-8, so that places can be counted in bytes."""
    return text.encode().decode("latin-1")


def from_units(units: str) -> str:
    """The text again; a character that a column's border cuts becomes U+FFFD."""
    return units.encode("latin-1").decode("utf-8", "replace")


def read_layout(path: Path) -> FileLayout:
    """Read a layout file: CSV with the columns ``name``, ``start`` (from 1) and ``length``; others are left alone.

    Raises:
        BadInput: a column is missing, there is no row, or a row makes no sense; the message names it.
    """
    table = open_csv(path)
    places = {normalised(name): name for name in table.columns.names}
    missing = [member for member in MEMBERS if member not in places]
    if missing:
        raise BadInput(
            f"The layout {path.name} has no column {' and '.join(missing)}.",
            remedy="It is CSV with the columns name, start (from 1) and length, a row for each column of the file.",
        )
    fields: list[Field] = []
    for block in table.blocks():
        if block.bad:
            raise BadInput(f"The layout {path.name}: row {block.bad[0].row_number} {block.bad[0].problem}.")
        rows = block.frame.select(pl.col(places[member]).str.strip_chars() for member in MEMBERS).iter_rows()
        for number, (name, start, length) in zip(block.row_numbers.tolist(), rows, strict=True):
            fields.append(_field(f"The layout {path.name}: row {number}", name, (start, length)))
    if not fields:
        raise BadInput(f"The layout {path.name} names no column.")
    return FileLayout(tuple(fields))


def _field(where: str, name: str, numbers: tuple[str, str]) -> Field:
    if not name:
        raise BadInput(f"{where} has no name.")
    for member, number in zip(MEMBERS[1:], numbers, strict=True):
        if not re.fullmatch(r"[0-9]{1,7}", number) or not 0 < int(number) <= _LONGEST:
            raise BadInput(f"{where} has the {member} {number[:20]!r}.", remedy="Places and lengths are 1 or more.")
    return Field(name, *map(int, numbers))
