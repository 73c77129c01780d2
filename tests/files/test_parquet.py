"""Parquet tables: text for the matching, and the file's own types and values for the mail house."""

from __future__ import annotations

import datetime as dt
import hashlib
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from prefcenter.core.errors import BadInput
from prefcenter.files.formats import open_table
from prefcenter.files.parquet import ParquetTable
from prefcenter.files.seeds import read_seeds
from prefcenter.files.tables import FileFacts, Table

KINDS: list[tuple[pa.DataType, list[Any], list[str]]] = [
    (pa.string(), ["a", None, ""], ["a", "", ""]),
    (pa.large_string(), ["ä", None, "="], ["ä", "", "="]),
    (pa.string_view(), ["a", None, "b"], ["a", "", "b"]),
    (pa.binary_view(), [b"a", b"c", None], ["a", "c", ""]),
    (pa.binary(), [b"a", b"\xff", None], ["a", "\ufffd", ""]),
    (pa.binary(2), [b"NY", None, b"CA"], ["NY", "", "CA"]),
    (pa.int64(), [2134, None, -1], ["2134", "", "-1"]),
    (pa.uint32(), [62701, 0, None], ["62701", "0", ""]),
    (pa.float64(), [2134.0, None, 1.5], ["2134", "", "1.5"]),
    (pa.float32(), [14155550100.0, float("inf"), None], ["14155549696", "inf", ""]),
    (pa.decimal128(9, 2), [Decimal("2134.00"), Decimal("1.50"), None], ["2134", "1.50", ""]),
    (pa.bool_(), [True, None, False], ["true", "", "false"]),
    (pa.date32(), [dt.date(2026, 1, 2), None, None], ["2026-01-02", "", ""]),
    (
        pa.timestamp("us", "UTC"),
        [dt.datetime(2026, 1, 2, tzinfo=dt.UTC), None, None],
        ["2026-01-02 00:00:00.000000Z", "", ""],
    ),
    (pa.time64("us"), [dt.time(1, 2), None, None], ["01:02:00.000000", "", ""]),
    (pa.dictionary(pa.int32(), pa.string()), ["IL", "IL", None], ["IL", "IL", ""]),
    (pa.null(), [None, None, None], ["", "", ""]),
]


def written(folder: Path, table: pa.Table, name: str = "list.parquet", **options: Any) -> Path:
    pq.write_table(table, folder / name, **options)
    return folder / name


def copied(table: Table, path: Path, keep: list[bool] | None = None, seeds: pl.DataFrame | None = None) -> FileFacts:
    path.unlink(missing_ok=True)
    with table.clean_output(path) as output:
        for block in table.blocks():
            chosen = [(keep or [True] * 10**6)[number - 1] for number in block.row_numbers.tolist()]
            output.keep(block, np.array(chosen, np.bool_))
        if seeds is not None:
            output.append(seeds)
    return output.close()


@pytest.mark.parametrize(("kind", "values", "texts"), KINDS, ids=[str(kind) for kind, _, _ in KINDS])
def test_each_type_is_read_as_people_write_it_and_written_back_as_it_is(
    tmp_path: Path, kind: pa.DataType, values: list[Any], texts: list[str]
) -> None:
    """P7, P11: a ZIP kept as a number is text for the matching, and the same number in the clean file."""
    schema = pa.schema([pa.field("zip", kind, metadata={"a": "b"}), pa.field("name", pa.string(), nullable=False)])
    given = pa.table([pa.array(values, kind), pa.array(["A", "B", "C"])], schema=schema.with_metadata({"of": "us"}))
    table = open_table(written(tmp_path, given))
    (block,) = table.blocks()
    assert block.frame["zip"].to_list() == texts
    assert block.frame.schema == {"zip": pl.String, "name": pl.String}
    copied(table, tmp_path / "out.parquet", [True, False, True])
    out = pq.read_table(tmp_path / "out.parquet")
    assert out.schema.equals(pq.read_schema(table.path), check_metadata=True)
    assert out.to_pylist() == [row for at, row in enumerate(pq.read_table(table.path).to_pylist()) if at != 1]


NAMES = st.lists(st.tuples(st.text(max_size=5) | st.none(), st.integers(-9, 99999) | st.none()), max_size=30)


@given(NAMES, st.integers(1, 9), st.integers(1, 9), st.sampled_from(["none", "snappy", "zstd", "gzip"]))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_all_rows_kept_are_the_table_whatever_the_blocks(
    tmp_path: Path, rows: list[tuple[str | None, int | None]], group: int, block: int, compression: str
) -> None:
    """P11: values, schema, order and compression are the input's; the facts are true of both files."""
    given = pa.table({"name": pa.array([r[0] for r in rows], pa.string()), "zip": pa.array([r[1] for r in rows])})
    given = given.cast(pa.schema([("name", pa.string()), ("zip", pa.int32())]))
    path = written(tmp_path, given, row_group_size=group, compression=compression)
    table = ParquetTable(path, block_rows=block)
    facts = copied(table, tmp_path / "out.parquet")
    out = (tmp_path / "out.parquet").read_bytes()
    assert pq.read_table(tmp_path / "out.parquet").equals(given)
    assert facts == FileFacts("out.parquet", hashlib.sha256(out).hexdigest(), len(rows))
    assert table.facts() == FileFacts(path.name, hashlib.sha256(path.read_bytes()).hexdigest(), len(rows))
    assert [number for b in table.blocks() for number in b.row_numbers] == list(range(1, len(rows) + 1))
    if rows:
        assert pq.read_metadata(tmp_path / "out.parquet").row_group(0).column(0).compression == (
            "UNCOMPRESSED" if compression == "none" else compression.upper()
        )


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (pa.list_(pa.string()), "the column 'tags' is nested (list"),
        (pa.struct([("street", pa.string())]), "the column 'tags' is nested (struct"),
        (pa.map_(pa.string(), pa.string()), "the column 'tags' is nested (map"),
    ],
)
def test_a_column_that_is_no_column_of_text_is_refused_by_name(tmp_path: Path, kind: pa.DataType, said: str) -> None:
    """The message names the column and says what to do."""
    path = written(tmp_path, pa.table({"name": ["A"], "tags": pa.nulls(1, kind)}))
    with pytest.raises(BadInput) as caught:
        open_table(path)
    assert said in str(caught.value)
    assert "leave it out of the file" in str(caught.value).lower()


def test_seeds_take_the_types_of_the_file(tmp_path: Path) -> None:
    """P13: a seed does not stand out by its type."""
    kinds = {"name": pa.string(), "zip": pa.int32(), "since": pa.date32(), "state": KINDS[-2][0]}
    path = written(tmp_path, pa.table({name: pa.nulls(0, kind) for name, kind in kinds.items()}))
    (tmp_path / "seeds.csv").write_text("name,zip,since,state\nSeed,02134,2026-01-02,MA\nOther,,,\n")
    table = open_table(path)
    facts = copied(table, tmp_path / "out.parquet", seeds=read_seeds(tmp_path / "seeds.csv", table.columns))
    out = pq.read_table(tmp_path / "out.parquet")
    assert facts.rows == 2
    assert out.schema.equals(pq.read_schema(path))
    assert out.to_pylist()[0] == {"name": "Seed", "zip": 2134, "since": dt.date(2026, 1, 2), "state": "MA"}
    assert out.to_pylist()[1] == {"name": "Other", "zip": None, "since": None, "state": None}
    (tmp_path / "seeds.csv").write_text("name,zip\nSeed,K1A 0B1\n")
    (tmp_path / "again").mkdir()
    with pytest.raises(BadInput, match="column 'zip', which holds int32"):
        copied(table, tmp_path / "again" / "out", seeds=read_seeds(tmp_path / "seeds.csv", table.columns))


@pytest.mark.parametrize("data", [b"", b"PAR1", b"name,zip\n", b"PAR1" + b"x" * 100 + b"PAR1"])
def test_what_is_no_parquet_is_refused(tmp_path: Path, data: bytes) -> None:
    """A clear error, not a crash."""
    (tmp_path / "list.parquet").write_bytes(data)
    with pytest.raises(BadInput, match="no Parquet file, or it is damaged"):
        open_table(tmp_path / "list.parquet")


def test_a_damaged_page_is_found_when_it_is_read(tmp_path: Path) -> None:
    """P11: nothing that cannot be read whole is passed on."""
    path = written(tmp_path, pa.table({"name": [f"Name {n}" for n in range(5000)]}), compression="gzip")
    data = bytearray(path.read_bytes())
    data[2000:2400] = bytes(400)
    path.write_bytes(data)
    table = open_table(path)
    with pytest.raises(BadInput, match="damaged"):
        list(table.blocks())


def test_a_parquet_file_that_changes_while_it_is_read_is_refused(tmp_path: Path) -> None:
    """P11: the manifest speaks of one input."""
    path = written(tmp_path, pa.table({"name": ["A", "B"]}))
    blocks = ParquetTable(path, block_rows=1).blocks()
    next(blocks)
    written(tmp_path, pa.table({"name": ["A", "C"]}))
    with pytest.raises(BadInput, match="was changed"):
        list(blocks)
