"""A table out with further columns: the input's format and rows, and beside them what each row is given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, Self

import numpy as np
import polars as pl

from prefcenter.core.errors import BadInput
from prefcenter.files.columns import Columns, normalised
from prefcenter.files.dialect import Dialect
from prefcenter.files.encoding import Encoding
from prefcenter.files.reading import CsvTable
from prefcenter.files.tables import Block, FileFacts, Places, Table
from prefcenter.files.text_writing import CsvOutput

if TYPE_CHECKING:
    from prefcenter.files.parquet import ParquetBlock, ParquetTable
    from prefcenter.files.workbook import SheetBlock, WorkbookTable


class WiderOutput(Protocol):
    """A new file of the input's format with further columns at its right."""

    def add(self, block: Block, places: Places, columns: pl.DataFrame) -> None:
        """Write some rows of a block with what is beside them.

        Args:
            block: a block of the table.
            places: which of its rows, in their order.
            columns: the further columns as text, a row for each place.
        """

    def close(self) -> FileFacts:
        """Finish the file and tell what it holds."""

    def __enter__(self) -> Self: ...
    def __exit__(self, *raised: object) -> None: ...


def wider_output(table: Table, path: Path, names: Sequence[str]) -> WiderOutput:
    """Make a new file of a table's format with further columns.

    Raises:
        BadInput: the table has a column of such a name already, or its format cannot be widened.
    """
    has = {normalised(name) for name in table.columns.names}
    taken = [name for name in names if normalised(name) in has]
    if taken:
        raise BadInput(
            f"{table.path.name} has a column {taken[0]} already.", remedy="Take it out, or rename it, and try again."
        )
    if isinstance(table, CsvTable):
        return _WiderCsv(table, path, names)
    suffix = table.path.suffix.lower()
    if suffix == ".xlsx":
        return _wider_workbook(table, path, names)  # type: ignore[arg-type]  # its suffix tells what it is
    if suffix in (".parquet", ".pq"):
        return _wider_parquet(table, path, names)  # type: ignore[arg-type]
    raise BadInput(f"{table.path.name}: columns cannot be added to that format.", remedy="Save it as CSV.")


@dataclass(frozen=True, slots=True)
class _WideSource:
    """What a wider CSV file takes over from the one that was read."""

    table: CsvTable
    names: tuple[str, ...]

    @property
    def encoding(self) -> Encoding:
        """Its encoding, which may be settled only by a later block."""
        return self.table.encoding

    @property
    def columns(self) -> Columns:
        """Its columns and the new ones."""
        return replace(self.table.columns, names=(*self.table.columns.names, *self.names))

    @property
    def dialect(self) -> Dialect:
        """How it writes a row."""
        own = self.table.dialect
        return replace(own, quoted=(*own.quoted, *(all(own.quoted) for _ in self.names)))

    @property
    def header_bytes(self) -> bytes:
        """Its header, exactly, and the new names."""
        own, told = self.table.dialect, self.table.header_bytes
        end = self.encoding.encode(own.line_end)
        names = "".join(own.delimiter + name for name in self.names)
        return told.removesuffix(end) + self.encoding.encode(names) + end


class _WiderCsv(CsvOutput):
    def __init__(self, table: CsvTable, path: Path, names: Sequence[str]) -> None:
        super().__init__(path, _WideSource(table, tuple(names)), table.packer())  # type: ignore[arg-type]  # read only

    def add(self, block: Block, places: Places, columns: pl.DataFrame) -> None:
        """Write some rows of a block with what is beside them."""
        self.append(block.rows(places).hstack(columns))


def _wider_parquet(table: ParquetTable, path: Path, names: Sequence[str]) -> WiderOutput:
    import copy

    import pyarrow as pa

    from prefcenter.files.parquet import ParquetOutput

    source = copy.copy(table)
    for name in names:
        source.schema = source.schema.append(pa.field(name, pa.string()))

    class WiderParquet(ParquetOutput):
        def add(self, block: ParquetBlock, places: Places, columns: pl.DataFrame) -> None:
            own = block.batch.take(pa.array(places))
            new = [pa.array(columns[name].to_list(), pa.string()) for name in names]
            batch = pa.RecordBatch.from_arrays([*own.columns, *new], schema=source.schema)
            self.keep(replace(block, batch=batch), np.ones(len(places), np.bool_))

    return WiderParquet(path, source)  # type: ignore[return-value]  # it is given the blocks of its own table


def _wider_workbook(table: WorkbookTable, path: Path, names: Sequence[str]) -> WiderOutput:
    import copy

    from prefcenter.files.workbook_writing import WorkbookOutput

    source = copy.copy(table)
    source.columns = replace(table.columns, names=(*table.columns.names, *names))

    class WiderWorkbook(WorkbookOutput):
        def add(self, block: SheetBlock, places: Places, columns: pl.DataFrame) -> None:
            rows = zip(places.tolist(), columns.iter_rows(), strict=True)
            cells = tuple([*_padded(block.cells[place], table), *new] for place, new in rows)
            self.keep(replace(block, cells=cells), np.ones(len(places), np.bool_))

    return WiderWorkbook(path, source)  # type: ignore[return-value]


def _padded(row: Sequence[object], table: WorkbookTable) -> list[object]:
    return [*row, *[""] * (len(table.columns.names) - len(row))]
