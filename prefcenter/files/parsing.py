"""From the records of a block to a frame of strings, without losing their bytes or letting a bad one through."""

from __future__ import annotations

import csv
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import polars as pl

from prefcenter.files.bits import Mask, Offsets
from prefcenter.files.dialect import parse_record
from prefcenter.files.encoding import Encoding, invalid_positions
from prefcenter.files.records import Records, split
from prefcenter.files.tables import BadRow, Block, Places

_RUNS_COPIED_SINGLY = 2000
_CR, _LF = 13, 10
_MASK = b"\x01"
"""Stands for a quote that is a character while a block is parsed; hardly any text holds this byte itself."""
_NOTHING = b" \t\r\n\x1a"
"""What a line may hold and still be blank; old DOS programs end a file with 0x1A."""


class Layout(NamedTuple):
    """What the bytes of a file mean."""

    names: tuple[str, ...]
    delimiter: str
    encoding: Encoding


@dataclass(frozen=True, slots=True)
class TextBlock(Block):
    """A block that still has the bytes of its readable rows.

    Args:
        data: the block's bytes; those of a wide encoding as UTF-8.
        starts: the offset of each readable row.
        ends: the offset behind its line end.
        encoding: the file's encoding.
    """

    data: bytes
    starts: Offsets
    ends: Offsets
    encoding: Encoding

    def kept_bytes(self, mask: Mask) -> bytes:
        """The input's exact bytes of the rows that the mask lets through, with their line ends."""
        return self.encoding.from_utf8(gather(self.data, self.starts[mask], self.ends[mask]))


@dataclass(frozen=True, slots=True)
class CsvBlock(TextBlock):
    """A block of a CSV file; of the columns that were not asked for, only the cells that are wanted are parsed."""

    delimiter: str

    def rows(self, places: Places) -> pl.DataFrame:
        """Some of the readable rows with all columns."""
        if len(self.names) == self.frame.width:
            return self.frame[places]
        order, back = np.unique(places, return_inverse=True)
        found = _parse_again(self, order)
        return found if np.array_equal(order, places) else found[back]


def parse_block(
    data: bytes,
    records: Records,
    layout: Layout,
    *,
    rows_before: int,
    bytes_done: int,
    only: Collection[str] | None = None,
) -> CsvBlock:
    """Parse the records of a block.

    Args:
        data: the block's bytes.
        records: where its records are.
        layout: the file's columns, delimiter and encoding.
        rows_before: how many rows came in earlier blocks.
        bytes_done: how much of the file has been read.
        only: the columns that are parsed; None parses all.
    """
    records = _without_blank(data, records, len(layout.names))
    problems = _problems(data, records, layout)
    records = _masked_or_irregular(data, records)
    rewritten = _rewritten(data, records, layout, problems)
    good = np.ones(len(records), np.bool_)
    good[list(problems)] = False
    numbers = np.arange(rows_before + 1, rows_before + 1 + len(records))
    starts, ends = records.starts[good], records.ends[good]
    place = np.cumsum(good) - 1
    lines = {int(place[index]): line for index, line in rewritten.items()}
    feed = _feed(_strict(data, ends, records.literals), starts, ends, layout.encoding, lines)
    wanted = _wanted(layout.names, only)
    frame = _frame(feed, layout, len(starts), wanted, masked=bool(len(records.literals)))
    if frame is None:
        frame = _frame_record_by_record(data, starts, ends, layout).select(wanted)
    bad = tuple(
        _bad_row(data[records.starts[index] : records.ends[index]], int(numbers[index]), problems[index], layout)
        for index in sorted(problems)
    )
    return CsvBlock(
        layout.names, frame, numbers[good], bad, bytes_done, data, starts, ends, layout.encoding, layout.delimiter
    )


def _parse_again(block: CsvBlock, places: Places) -> pl.DataFrame:
    """Some rows of a block, ascending, with all columns."""
    layout = Layout(block.names, block.delimiter, block.encoding)
    starts, ends = block.starts[places], block.ends[places]
    data = gather(block.data, starts, ends)
    again = parse_block(data, split(data, ord(layout.delimiter), at_end=True), layout, rows_before=0, bytes_done=0)
    # Each record alone means what it meant among the others; should one not, it is read by itself.
    if again.frame.height == len(places):
        return again.frame
    return _frame_record_by_record(block.data, starts, ends, layout)


def _wanted(names: tuple[str, ...], only: Collection[str] | None) -> list[str]:
    """The columns to parse, in the order of the file; one at least, so that the rows are counted."""
    wanted = [name for name in names if only is None or name in only]
    return wanted or [names[0]]


def gather(data: bytes, starts: Offsets, ends: Offsets) -> bytes:
    """The bytes of some records, in their order, without a Python step for each."""
    if not len(starts):
        return b""
    breaks = np.flatnonzero(starts[1:] != ends[:-1])
    run_starts = starts[np.concatenate(([0], breaks + 1))]
    run_ends = ends[np.concatenate((breaks, [len(ends) - 1]))]
    if len(run_starts) <= _RUNS_COPIED_SINGLY:
        return b"".join(data[start:end] for start, end in zip(run_starts.tolist(), run_ends.tolist(), strict=True))
    # Runs and the gaps between them alternate: taken, left, taken, left … each repeated for its length.
    borders = np.stack((run_starts, run_ends), axis=1).ravel()
    lengths = np.diff(borders)
    taken = np.repeat((np.arange(len(lengths)) & 1) == 0, lengths)
    kept: bytes = np.frombuffer(data, np.uint8)[borders[0] : borders[-1]][taken].tobytes()
    return kept


def _without_blank(data: bytes, records: Records, width: int) -> Records:
    """The records without those that hold nothing but blanks, which no header's width fits."""
    blank = [at for at, _ in _ragged(records, width) if not data[records.starts[at] : records.ends[at]].strip(_NOTHING)]
    if not blank:
        return records
    filled = np.ones(len(records), np.bool_)
    filled[blank] = False
    place = np.cumsum(filled) - 1
    return replace(
        records,
        starts=records.starts[filled],
        ends=records.ends[filled],
        fields=records.fields[filled],
        irregular=records.irregular[filled],
        problems={int(place[at]): problem for at, problem in records.problems.items() if filled[at]},
    )


def _ragged(records: Records, width: int) -> list[tuple[int, int]]:
    """The index and the number of fields of each record that does not have as many as the header."""
    where = np.flatnonzero(records.fields != width)
    return list(zip(where.tolist(), records.fields[where].tolist(), strict=True))


def _problems(data: bytes, records: Records, layout: Layout) -> dict[int, str]:
    """Why a record cannot be read, by its index; what stands later here weighs more."""
    width = len(layout.names)
    problems = {
        at: f"has {fields:,} field{'' if fields == 1 else 's'}, the header has {width:,}"
        for at, fields in _ragged(records, width)
    }
    if layout.encoding.is_utf8 or layout.encoding.is_wide:
        name = "UTF-16" if layout.encoding.is_wide else "UTF-8"
        problems |= _located(records, invalid_positions(data), f"holds bytes that are not valid {name}")
    if b"\0" in data:
        nuls = np.flatnonzero(np.frombuffer(data, np.uint8) == 0)
        problems |= _located(records, nuls.tolist(), "holds a NUL byte")
    return problems | records.problems


def _located(records: Records, positions: list[int], problem: str) -> dict[int, str]:
    """The problem for each record that one of the positions lies in; some lie in the unfinished last record."""
    if not positions or not len(records):
        return {}
    where = np.asarray(positions)
    index = np.searchsorted(records.starts, where, "right") - 1
    inside = (index >= 0) & (where < records.ends[index])
    return dict.fromkeys(np.unique(index[inside]).tolist(), problem)


def _rewritten(data: bytes, records: Records, layout: Layout, problems: dict[int, str]) -> dict[int, bytes]:
    """Strictly quoted UTF-8 lines for the irregular records; adds to the problems where one can't be told apart."""
    lines: dict[int, bytes] = {}
    for index in np.flatnonzero(records.irregular).tolist():
        if index in problems:
            continue
        text = layout.encoding.readable(data[records.starts[index] : records.ends[index]])
        fields = _fields(text, layout.delimiter)
        if fields is None or len(fields) != len(layout.names):
            problems[index] = "has quotes that leave unclear where its fields end"
            continue
        cells = ('"' + field.replace('"', '""') + '"' for field in fields)
        lines[index] = (layout.delimiter.join(cells) + "\n").encode()
    return lines


def _fields(text: str, delimiter: str) -> list[str] | None:
    try:
        return parse_record(text, delimiter)
    except csv.Error:
        return None


def _masked_or_irregular(data: bytes, records: Records) -> Records:
    """The records, where quotes that are characters can be masked; else theirs are irregular, to be rewritten."""
    if not len(records.literals) or _MASK not in data:
        return records
    irregular = records.irregular.copy()
    irregular[list(_located(records, records.literals.tolist(), ""))] = True
    return replace(records, irregular=irregular, literals=records.literals[:0])


def _strict(data: bytes, ends: Offsets, literals: Offsets) -> bytes:
    """The block as a strict parser takes it: no lone carriage return as a line end, no quote that is a character."""
    lone = ends[np.frombuffer(data, np.uint8)[ends - 1] == _CR] - 1
    if not len(lone) and not len(literals):
        return data
    buffer = np.frombuffer(data, np.uint8).copy()
    buffer[lone] = _LF
    buffer[literals] = _MASK[0]
    strict: bytes = buffer.tobytes()
    return strict


def _feed(data: bytes, starts: Offsets, ends: Offsets, encoding: Encoding, rewritten: Mapping[int, bytes]) -> bytes:
    """The readable records as UTF-8 for the parser."""
    if not rewritten:
        return encoding.to_utf8(gather(data, starts, ends))
    regular = np.ones(len(starts), np.bool_)
    regular[list(rewritten)] = False
    gathered = gather(data, starts[regular], ends[regular])
    # How many bytes of regular records stand before each rewritten one.
    before = np.cumsum(np.where(regular, ends - starts, 0))[list(rewritten)].tolist()
    pieces, at = [], 0
    for border, line in zip(before, rewritten.values(), strict=True):
        pieces += [encoding.to_utf8(gathered[at:border]), line]
        at = border
    return b"".join([*pieces, encoding.to_utf8(gathered[at:])])


def _frame(feed: bytes, layout: Layout, rows: int, wanted: Sequence[str], *, masked: bool) -> pl.DataFrame | None:
    """The records as strings, or None where the fast parser doesn't agree on how many there are."""
    if not rows:
        return pl.DataFrame(schema=dict.fromkeys(wanted, pl.String))
    all_wanted = len(wanted) == len(layout.names)
    try:
        frame = pl.read_csv(
            feed,
            has_header=False,
            separator=layout.delimiter,
            schema=dict.fromkeys(layout.names, pl.String),
            columns=None if all_wanted else [layout.names.index(name) for name in wanted],
            empty_string_is_null=False,
        )
    except pl.exceptions.PolarsError:
        return None
    if frame.height != rows:
        return None
    return frame.with_columns(pl.all().str.replace_all(_MASK.decode(), '"', literal=True)) if masked else frame


def _frame_record_by_record(data: bytes, starts: Offsets, ends: Offsets, layout: Layout) -> pl.DataFrame:
    """The same, slowly. Every record has been found to have as many fields as the header."""
    lines = (layout.encoding.readable(data[a:b]) for a, b in zip(starts.tolist(), ends.tolist(), strict=True))
    rows = [parse_record(line, layout.delimiter) for line in lines]
    return pl.DataFrame(rows, schema=dict.fromkeys(layout.names, pl.String), orient="row")


def _bad_row(record: bytes, row_number: int, problem: str, layout: Layout) -> BadRow:
    raw_text = layout.encoding.readable(record).rstrip("\r\n")
    fields = _fields(raw_text, layout.delimiter) or [raw_text]
    width = len(layout.names)
    # What is too much goes into the last column, so that nothing of the row is lost to who mends it.
    cells = fields if len(fields) <= width else [*fields[: width - 1], layout.delimiter.join(fields[width - 1 :])]
    return BadRow(row_number, problem, raw_text, tuple(cells) + ("",) * (width - len(cells)))
