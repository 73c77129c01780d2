"""From the records of a block to a frame of strings, without losing their bytes or letting a bad one through."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from prefcenter.files.bits import Mask, Offsets
from prefcenter.files.dialect import Layout, fields_of, parse_record
from prefcenter.files.encoding import Encoding
from prefcenter.files.records import Records, gather, split
from prefcenter.files.tables import Block, Places
from prefcenter.files.unreadable import bad_rows, find_problems

_CR, _LF, _QUOTE = 13, 10, 34
_MASK = b"\x01"
"""Stands for a quote that is a character while a block is parsed; hardly any text holds this byte itself."""
_NOTHING = b" \t\r\n\x1a"
"""What a line may hold and still be blank; old DOS programs end a file with 0x1A."""


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
    can_mask = not (len(records.literals) or len(records.closings)) or _MASK not in data
    rewritten = {} if can_mask else _rewritten(data, records, layout)
    problems = find_problems(data, records, layout, [index for index, line in rewritten.items() if line is None])
    good = problems.kinds < 0
    numbers = np.arange(rows_before + 1, rows_before + 1 + len(records))
    readable = records if good.all() else records.only(good)
    place = np.cumsum(good) - 1
    lines = {int(place[index]): line for index, line in rewritten.items() if line is not None and good[index]}
    strict = _strict(data, readable, ord(layout.delimiter), quotes=can_mask)
    feed = _feed(strict, readable.starts, readable.ends, layout.encoding, lines)
    wanted = _wanted(layout.names, only)
    frame = _frame(feed, layout, len(readable), wanted, masked=can_mask and len(records.literals) > 0)
    if frame is None:
        frame = _frame_record_by_record(data, readable, layout).select(wanted)
    bad = bad_rows(data, records.only(~good), problems.told(~good), numbers[~good], layout)
    where = readable.starts, readable.ends
    return CsvBlock(frame, numbers[good], bad, bytes_done, data, *where, layout.encoding, layout.delimiter)


def _parse_again(block: CsvBlock, places: Places) -> pl.DataFrame:
    """Some rows of a block, ascending, with all columns."""
    layout = Layout(block.names, block.delimiter, block.encoding)
    starts, ends = block.starts[places], block.ends[places]
    data = gather(block.data, starts, ends)
    records = split(data, ord(layout.delimiter), at_end=True)
    # Each record means by itself what it means among the others.
    if len(records) != len(places):
        raise ValueError("Rows of a block cannot be told apart again.")
    return parse_block(data, records, layout, rows_before=0, bytes_done=0).frame


def _wanted(names: tuple[str, ...], only: Collection[str] | None) -> list[str]:
    """The columns to parse, in the order of the file; one at least, so that the rows are counted."""
    wanted = [name for name in names if only is None or name in only]
    return wanted or [names[0]]


def _without_blank(data: bytes, records: Records, width: int) -> Records:
    """The records without those that hold nothing but blanks, which no header's width fits."""
    ragged = np.flatnonzero(records.fields != width)
    may_be = np.isin(np.frombuffer(data, np.uint8)[records.starts[ragged]], np.frombuffer(_NOTHING, np.uint8))
    suspects = ragged[may_be].tolist()
    blank = [at for at in suspects if not data[records.starts[at] : records.ends[at]].strip(_NOTHING)]
    if not blank:
        return records
    filled = np.ones(len(records), np.bool_)
    filled[blank] = False
    return records.only(filled)


def _rewritten(data: bytes, records: Records, layout: Layout) -> dict[int, bytes | None]:
    """Strictly quoted UTF-8 lines for the records that a strict parser stumbles over; None where one is unclear."""
    odd = records.holding(np.sort(np.concatenate((records.literals, records.closings))))
    lines: dict[int, bytes | None] = {}
    for index in odd.tolist():
        fields = fields_of(
            layout.encoding.readable(data[records.starts[index] : records.ends[index]]), layout.delimiter
        )
        cells = ('"' + field.replace('"', '""') + '"' for field in fields or ())
        is_clear = fields is not None and len(fields) == len(layout.names)
        lines[index] = (layout.delimiter.join(cells) + "\n").encode() if is_clear else None
    return lines


def _strict(data: bytes, records: Records, delimiter: int, *, quotes: bool) -> bytes:
    """The block as a strict parser takes it, each byte still in the record that it was in.

    No lone carriage return ends a line; with ``quotes``, no quote is a character, and none closes within its field.
    """
    buffer = np.frombuffer(data, np.uint8)
    lone = records.ends[buffer[records.ends - 1] == _CR] - 1
    if not (len(lone) or (quotes and (len(records.literals) or len(records.closings)))):
        return data
    strict = bytearray(data)
    changed = np.frombuffer(strict, np.uint8)
    changed[lone] = _LF
    if quotes:
        changed[records.literals] = _MASK[0]
        _close_later(strict, records, delimiter)
    return bytes(strict)


def _close_later(strict: bytearray, records: Records, delimiter: int) -> None:
    """Move each quote that closes before the field does to the field's end: ``"Skip" J,`` becomes ``"Skip J",``."""
    closings, index = records.located(records.closings)
    for closing, end in zip(closings.tolist(), records.ends[index].tolist(), strict=True):
        stop = strict.find(delimiter, closing, end)
        if stop < 0:
            stop = end - len(strict[closing:end]) + len(strict[closing:end].rstrip(b"\r\n"))
        strict[closing:stop] = strict[closing + 1 : stop] + b'"'


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
            quote_char='"' if b'"' in feed else None,
            schema=dict.fromkeys(layout.names, pl.String),
            columns=None if all_wanted else [layout.names.index(name) for name in wanted],
            empty_string_is_null=False,
        )
    except pl.exceptions.PolarsError:
        return None
    if frame.height != rows:
        return None
    return frame.with_columns(pl.all().str.replace_all(_MASK.decode(), '"', literal=True)) if masked else frame


def _frame_record_by_record(data: bytes, records: Records, layout: Layout) -> pl.DataFrame:
    """The same, slowly. Every record has been found to have as many fields as the header."""
    pairs = zip(records.starts.tolist(), records.ends.tolist(), strict=True)
    rows = [parse_record(layout.encoding.readable(data[start:end]), layout.delimiter) for start, end in pairs]
    return pl.DataFrame(rows, schema=dict.fromkeys(layout.names, pl.String), orient="row")
