"""Parquet in and out: columns are read as text to be matched, and kept rows are written back with types and values."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from prefcenter.core.errors import BadInput
from prefcenter.files.columns import recognise
from prefcenter.files.sources import changed, file_named, opened
from prefcenter.files.tables import BadRows, Block, Mask, Places
from prefcenter.files.unstreamed import UnstreamedOutput, UnstreamedTable

BLOCK_ROWS = 131_072
_EXACT_IN_FLOAT = 2.0**53


@dataclass(frozen=True, slots=True)
class ParquetBlock(Block):
    """A block that still has its rows as the file's types."""

    batch: pa.RecordBatch

    def rows(self, places: Places) -> pl.DataFrame:
        """Some of the rows with all columns."""
        columns = [_of_view(column).take(pa.array(places)) for column in self.batch.columns]
        return as_text(dict(zip(self.names, columns, strict=True)))


class ParquetTable(UnstreamedTable[ParquetBlock]):
    """A Parquet file, read a batch at a time."""

    def __init__(self, path: Path, *, mapping: Mapping[str, str] | None = None, block_rows: int = BLOCK_ROWS) -> None:
        super().__init__(path)
        self._block_rows = block_rows
        with opened(path) as stream, _damage_named(path):
            file = pq.ParquetFile(stream)
            self.schema: pa.Schema = file.schema_arrow
            self.options = _options(file)
        with file_named(path):
            self.columns = recognise(self.schema.names, mapping)
        for field in self.schema:
            _require_flat(path, field)

    def _blocks(self, only: Collection[str] | None) -> Iterator[ParquetBlock]:
        names, rows = self.columns.names, 0
        with _damage_named(self.path), pq.ParquetFile(self.path) as file:
            if not file.schema_arrow.equals(self.schema):
                raise changed(self.path)
            total = max(file.metadata.num_rows, 1)
            for batch in file.iter_batches(self._block_rows):
                numbers = np.arange(rows + 1, rows + 1 + batch.num_rows)
                rows += batch.num_rows
                frame = as_text({name: batch.column(name) for name in names if only is None or name in only})
                yield ParquetBlock(frame, numbers, BadRows.of(names), self.size * rows // total, batch)

    def clean_output(self, path: Path) -> ParquetOutput:
        """A new file of the same schema."""
        return ParquetOutput(path, self)


class ParquetOutput(UnstreamedOutput):
    """The Parquet file for the mail house: the input's schema with its metadata, its compression, its values (X6)."""

    def __init__(self, path: Path, source: ParquetTable) -> None:
        super().__init__(path)
        self._source = source
        self._file = path.open("xb")
        self._writer = pq.ParquetWriter(self._file, source.schema, **source.options)

    def keep(self, block: Block, mask: Mask) -> None:
        """Write those rows of a block that the mask lets through, as they are; they become a row group.

        Raises:
            TypeError: the block is not one of a Parquet file.
        """
        if not isinstance(block, ParquetBlock):
            raise TypeError("Only rows that were read from Parquet can be kept as they are.")
        columns = [_filtered(column, pa.array(mask)) for column in block.batch.columns]
        self._put(block.batch if mask.all() else pa.RecordBatch.from_arrays(columns, schema=block.batch.schema))

    def append(self, rows: pl.DataFrame) -> None:
        """Add rows, each value as the type that its column has (P13).

        Raises:
            BadInput: a value is none of its column's type.
        """
        columns = [_typed(rows[field.name].to_list(), field) for field in self._source.schema]
        self._put(pa.RecordBatch.from_arrays(columns, schema=self._source.schema))

    def _finish(self) -> None:
        self._writer.close()
        self._file.close()

    def _abandon(self) -> None:
        with suppress(OSError, pa.ArrowException):
            self._finish()

    def _put(self, batch: pa.RecordBatch) -> None:
        if batch.num_rows:
            self._writer.write_batch(batch)
            self._rows += batch.num_rows


def open_parquet(
    path: Path, *, mapping: Mapping[str, str] | None = None, encoding: str | None = None, delimiter: str | None = None
) -> ParquetTable:
    """Open a Parquet file and read its schema; it says itself how its text is encoded.

    Raises:
        BadInput: there is no such file, it is no Parquet file, or a column is nested.
    """
    del encoding, delimiter
    return ParquetTable(path, mapping=mapping)


def as_text(columns: Mapping[str, pa.Array]) -> pl.DataFrame:
    """The columns as text without nulls: numbers without a decimal point where they are whole, as people write them."""
    return pl.DataFrame({name: _text(column).fill_null("") for name, column in columns.items()})


def _text(column: pa.Array) -> pl.Series:
    kind = column.type
    if isinstance(kind, pa.BaseExtensionType):
        return _text(column.storage)
    if pa.types.is_dictionary(kind):
        return _text(column.dictionary_decode())
    if _is_bytes(kind):
        return _decoded(column.cast(pa.large_binary()))
    if pa.types.is_floating(kind):
        return _numbers(_series(column.cast(pa.float64())))
    if pa.types.is_decimal(kind):
        return _series(column.cast(pa.large_string())).str.replace(r"\.0+$", "")
    return _series(column.cast(pa.large_string()))


def _is_bytes(kind: pa.DataType) -> bool:
    known = (pa.types.is_binary, pa.types.is_large_binary, pa.types.is_fixed_size_binary, pa.types.is_binary_view)
    return any(is_kind(kind) for is_kind in known)


def _decoded(column: pa.Array) -> pl.Series:
    """Bytes as text: old writers do not mark text as text. What is none becomes U+FFFD, which no address has."""
    try:
        return _series(column.cast(pa.large_string()))
    except pa.ArrowInvalid:
        values = (value and value.decode("utf-8", "replace") for value in column.to_pylist())
        return pl.Series(list(values), dtype=pl.String)


def _filtered(column: pa.Array, mask: pa.Array) -> pa.Array:
    """Some values of a column, in its type."""
    taken = _of_view(column).filter(mask)
    return taken if taken.type == column.type else taken.cast(column.type)


def _of_view(column: pa.Array) -> pa.Array:
    """A column that values can be taken out of: out of a view, Arrow cannot take any."""
    is_view = pa.types.is_string_view(column.type) or pa.types.is_binary_view(column.type)
    return column.cast(pa.large_binary()) if is_view else column


def _series(column: pa.Array) -> pl.Series:
    series = pl.from_arrow(column)
    if not isinstance(series, pl.Series):
        raise TypeError("One column was expected.")
    return series


def _numbers(values: pl.Series) -> pl.Series:
    """A ZIP that some tool has made a floating-point number, 2134.0, is written 2134."""
    is_whole = (values.floor() == values) & (values.abs() <= _EXACT_IN_FLOAT)
    whole = pl.when(pl.lit(is_whole)).then(pl.lit(values)).cast(pl.Int64).cast(pl.String)
    return pl.select(pl.coalesce(whole, pl.lit(values).cast(pl.String))).to_series()


def _require_flat(path: Path, field: pa.Field) -> None:
    kind = field.type.storage_type if isinstance(field.type, pa.BaseExtensionType) else field.type
    inner = kind.value_type if pa.types.is_dictionary(kind) else kind
    if pa.types.is_nested(inner):
        raise BadInput(
            f"{path.name}: the column {field.name!r} is nested ({str(field.type)[:60]}).",
            remedy="Give each of its parts a column of its own, or leave it out of the file.",
        )
    try:
        _text(pa.nulls(0, field.type))
    except pa.ArrowException:
        raise BadInput(
            f"{path.name}: the column {field.name!r} holds {str(field.type)[:60]}, which cannot be read as text.",
            remedy="Leave it out of the file, or store it as text.",
        ) from None


def _typed(values: list[str], field: pa.Field) -> pa.Array:
    """Text as a column's own type. What is blank is null, but for text in a column that cannot be null."""
    is_text = pa.types.is_string(field.type) or pa.types.is_large_string(field.type)
    cells = [value if value or (is_text and not field.nullable) else None for value in values]
    kind = field.type
    try:
        if pa.types.is_dictionary(kind):
            return pc.cast(pc.cast(pa.array(cells, pa.string()), kind.value_type), kind)
        return pc.cast(pa.array(cells, pa.string()), kind)
    except pa.ArrowException:
        raise BadInput(
            f"A seed's value does not fit the column {field.name!r}, which holds {kind}.",
            remedy="Write the seeds as the file writes its rows.",
        ) from None


def _options(file: pq.ParquetFile) -> dict[str, Any]:
    """How the input is packed; what stands in its first row group holds for the whole."""
    if not file.metadata.num_row_groups:
        return {}
    group = file.metadata.row_group(0)
    columns = [group.column(index) for index in range(group.num_columns)]
    packed = columns[0].compression.lower() if columns else "snappy"
    return {
        "compression": "none" if packed == "uncompressed" else packed,
        "use_deprecated_int96_timestamps": any(column.physical_type == "INT96" for column in columns),
    }


@contextmanager
def _damage_named(path: Path) -> Iterator[None]:
    try:
        yield
    except (pa.ArrowException, OSError) as error:
        reason = str(error).partition("\n")[0].strip()[:120].rstrip(".")
        raise BadInput(
            f"{path.name} is no Parquet file, or it is damaged ({reason}).", remedy="Copy or export it again."
        ) from None
