"""The records of a block that cannot be read: which they are, what is wrong, and what a person gets to see of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import polars as pl

from prefcenter.files.bits import Mask, Offsets
from prefcenter.files.dialect import Layout, fields_of
from prefcenter.files.encoding import Encoding, invalid_positions
from prefcenter.files.records import Records, gather
from prefcenter.files.tables import BadRows


class Problems(NamedTuple):
    """What is wrong with the records of a block: for each the index of a sentence, or -1."""

    sentences: list[str]
    kinds: Offsets

    def told(self, mask: Mask) -> pl.Series:
        """The sentences of some records that something is wrong with."""
        return pl.Series(self.sentences, dtype=pl.String).gather(self.kinds[mask])


def find_problems(data: bytes, records: Records, layout: Layout, unclear: Sequence[int]) -> Problems:
    """Why a record cannot be read; what stands later here weighs more."""
    found = [("has quotes that leave unclear where its fields end", np.array(unclear, np.int64))]
    found += _ragged(records, len(layout.names))
    if layout.encoding.is_utf8 or layout.encoding.is_wide:
        name = "UTF-16" if layout.encoding.is_wide else "UTF-8"
        faults = np.array(invalid_positions(data), np.int64)
        found.append((f"holds bytes that are not valid {name}", records.holding(faults)))
    if b"\0" in data:
        found.append(("holds a NUL byte", records.holding(np.flatnonzero(np.frombuffer(data, np.uint8) == 0))))
    found += records.problems()
    kinds = np.full(len(records), -1)
    for kind, (_, where) in enumerate(found):
        kinds[where] = kind
    return Problems([sentence for sentence, _ in found], kinds)


def _ragged(records: Records, width: int) -> list[tuple[str, Offsets]]:
    """The records that do not have as many fields as the header."""
    where = np.flatnonzero(records.fields != width)
    fields = records.fields[where]
    return [
        (f"has {count:,} field{'' if count == 1 else 's'}, the header has {width:,}", where[fields == count])
        for count in np.unique(fields).tolist()
    ]


def bad_rows(data: bytes, records: Records, problems: pl.Series, numbers: Offsets, layout: Layout) -> BadRows:
    """The records that cannot be read, for a person to read."""
    if not len(records):
        return BadRows.of(layout.names)
    raw = pl.Series(_texts(data, records, layout.encoding), dtype=pl.String).str.strip_chars_end("\r\n")
    quoted = raw.str.contains('"', literal=True)
    parts = [_cut(raw.filter(~quoted), layout), _cut_singly(raw.filter(quoted), layout)]
    order = np.argsort(np.concatenate((np.flatnonzero(~quoted), np.flatnonzero(quoted))))
    return BadRows(numbers, problems, raw, pl.concat(parts)[order])


def _texts(data: bytes, records: Records, encoding: Encoding) -> list[str]:
    gathered = gather(data, records.starts, records.ends)
    ends = np.cumsum(records.ends - records.starts).tolist()
    pairs = zip([0, *ends], ends, strict=False)
    if gathered.isascii():
        text = gathered.decode("ascii")
        return [text[start:end] for start, end in pairs]
    return [encoding.readable(gathered[start:end]) for start, end in pairs]


def _cut(raw: pl.Series, layout: Layout) -> pl.DataFrame:
    """The cells of records without quotes: what is too much stays in the last one, what is missing is empty."""
    cut = pl.col("raw").str.splitn(layout.delimiter, len(layout.names)).struct.rename_fields(layout.names)
    return pl.DataFrame({"raw": raw}).select(cut).unnest("raw").fill_null("")


def _cut_singly(raw: pl.Series, layout: Layout) -> pl.DataFrame:
    """The same, where quotes have to be looked at."""
    width = len(layout.names)
    rows = []
    for text in raw:
        fields = _with_one_quote(text, layout.delimiter) or fields_of(text, layout.delimiter) or [text]
        # What is too much goes into the last column, so that nothing of the row is lost to who mends it.
        cells = fields if len(fields) <= width else [*fields[: width - 1], layout.delimiter.join(fields[width - 1 :])]
        rows.append(cells + [""] * (width - len(cells)))
    return pl.DataFrame(rows, schema=dict.fromkeys(layout.names, pl.String), orient="row")


def _with_one_quote(text: str, delimiter: str) -> list[str] | None:
    """The fields of a record with one quote, which is how most unreadable ones have any; None for another."""
    before, _, behind = text.partition('"')
    if '"' in behind:
        return None
    if before and not before.endswith(delimiter):
        return text.split(delimiter)
    return [*before.split(delimiter)[:-1], behind]
