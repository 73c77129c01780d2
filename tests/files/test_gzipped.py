"""Gzipped tables: the same rows, the same bytes, and what is damaged is said to be."""

from __future__ import annotations

import gzip
import hashlib
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from prefcenter.core.errors import BadInput
from prefcenter.files.formats import open_table
from prefcenter.files.gzipped import GzipSource
from prefcenter.files.reading import CsvTable
from prefcenter.files.tables import FileFacts, Table

BODIES = st.text(st.sampled_from('ab"",\n\r é'), max_size=80)


def at_no_time(data: bytes) -> bytes:
    """Packed without the time, so that a test's name is the same in every process that collects it."""
    return gzip.compress(data, mtime=0)


def written(folder: Path, data: bytes, name: str = "list.csv.gz") -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def copied(table: Table, path: Path) -> FileFacts:
    path.unlink(missing_ok=True)
    with table.clean_output(path) as output:
        for block in table.blocks():
            output.keep(block, np.ones(block.frame.height, np.bool_))
    return output.close()


def rows_of(table: Table) -> list[tuple[str, ...]]:
    return [row for block in table.blocks() for row in block.frame.iter_rows()]


@given(BODIES, st.integers(2, 40), st.booleans())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_packed_table_is_the_table(tmp_path: Path, body: str, block_bytes: int, in_two_members: bool) -> None:
    """P11: rows, unreadable rows and the unpacked clean file are those of the plain one, whatever the block size."""
    data = ("name,address1\n" + body).encode()
    half = len(data) // 2 if in_two_members else len(data)
    packed = gzip.compress(data[:half]) + gzip.compress(data[half:])
    path = written(tmp_path, packed)
    table = CsvTable(path, block_bytes=block_bytes, source=GzipSource(path))
    plain = CsvTable(written(tmp_path, data, "list.csv"), block_bytes=1 << 20)
    assert rows_of(table) == rows_of(plain)
    copied(plain, tmp_path / "plain.csv")
    facts = copied(table, tmp_path / "out.csv.gz")
    out = (tmp_path / "out.csv.gz").read_bytes()
    assert gzip.decompress(out) == (tmp_path / "plain.csv").read_bytes()
    assert facts == FileFacts("out.csv.gz", hashlib.sha256(out).hexdigest(), plain.facts().rows - bad_rows(plain))
    assert table.facts() == FileFacts(path.name, hashlib.sha256(packed).hexdigest(), plain.facts().rows)


def bad_rows(table: Table) -> int:
    return sum(len(block.bad) for block in table.blocks())


def test_the_same_rows_make_the_same_bytes_at_any_time(tmp_path: Path) -> None:
    """P11: a repeated scrub gives the same digest; no clock and no name is in the file."""
    table = open_table(written(tmp_path, gzip.compress(b"name,zip\nA,1\n", mtime=77)))
    first = copied(table, tmp_path / "a.csv.gz")
    assert copied(table, tmp_path / "b.csv.gz").sha256 == first.sha256
    assert (tmp_path / "a.csv.gz").read_bytes()[4:8] == b"\0\0\0\0"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"name,zip\nA,1\n", "no gzip file, or it is damaged. Copy or download it again; if it is not compressed"),
        (at_no_time(b"name,zip\nA,1\n" * 50)[:-20], "ends in the middle"),
        (at_no_time(b"name,zip\nA,1\n" * 50)[:-8] + b"01234567", "damaged"),
        (at_no_time(b"name,zip\nA,1\n") + b"rubbish", "damaged"),
        (at_no_time(b""), "is empty"),
        (b"", "is empty"),
        (at_no_time(at_no_time(b"name,zip\nA,1\n")), "is a gzip archive"),
        (at_no_time(b"PAR1" * 9), "is a Parquet file"),
    ],
)
def test_what_cannot_be_unpacked_is_refused_with_the_reason(tmp_path: Path, data: bytes, said: str) -> None:
    """A damaged file stops the scrub; it never passes for a shorter one."""
    with pytest.raises(BadInput) as caught:
        rows_of(open_table(written(tmp_path, data)))
    assert said in str(caught.value)


def test_damage_far_behind_the_first_bytes_is_found_too(tmp_path: Path) -> None:
    """Half a download must not become half a mailing."""
    data = b"name,zip\n" + os.urandom(6 << 20).hex().encode() + b"\n"
    packed = gzip.compress(data, 1)
    with pytest.raises(BadInput, match="ends in the middle"):
        rows_of(open_table(written(tmp_path, packed[: len(packed) // 10 * 9])))


def test_a_packed_file_that_changes_while_it_is_read_is_refused(tmp_path: Path) -> None:
    """P11: the manifest speaks of one input."""
    path = written(tmp_path, gzip.compress(b"name,zip\nA,1\n"))
    table = open_table(path)
    blocks = table.blocks()
    next(blocks)
    path.write_bytes(gzip.compress(b"name,zip\nB,1\n") + b"\0")
    with pytest.raises(BadInput, match="was changed"):
        list(blocks)
