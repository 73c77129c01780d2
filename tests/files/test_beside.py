"""Reading ahead and writing behind change nothing but the time it takes."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from prefcenter.core.errors import BadInput
from prefcenter.files.beside import Behind, ahead
from prefcenter.files.reading import CsvTable
from prefcenter.files.text_writing import CsvOutput


def fail() -> None:
    raise BadInput("no more")


def failing_at(number: int) -> Iterator[int]:
    yield from range(number)
    fail()


def test_what_is_read_ahead_comes_in_its_order() -> None:
    """P11: every item once, none lost at the end."""
    assert list(ahead(iter(range(100)))) == list(range(100))
    assert list(ahead(iter([]))) == []


def test_an_error_is_raised_where_the_item_would_have_come() -> None:
    """P11: what was read before it is used first."""
    taken = ahead(failing_at(3))
    assert [next(taken) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(BadInput, match="no more"):
        next(taken)


def test_a_reader_that_is_left_leaves_no_thread_behind(tmp_path: Path) -> None:
    """A scrub that ends early, on a full disk say, leaves nothing running."""
    path = tmp_path / "list.csv"
    path.write_bytes(b"name,address1\n" + b"A,1 Elm\n" * 1000)
    before = threading.active_count()
    blocks = CsvTable(path, block_bytes=100).blocks()
    next(blocks)
    blocks.close()  # type: ignore[attr-defined]
    assert threading.active_count() == before


def test_steps_run_in_their_order_and_tell_of_their_failure() -> None:
    """P11: a step that failed is known before the next one is given, or at the end."""
    done: list[int] = []
    behind = Behind()
    for number in range(20):
        behind.run(lambda number=number: done.append(number))  # type: ignore[misc]
    behind.wait()
    assert done == list(range(20))
    behind.run(fail)
    with pytest.raises(BadInput, match="no more"):
        behind.run(lambda: done.append(99))
    behind.close()
    assert done == list(range(20))


def test_what_cannot_be_written_at_the_end_is_told_at_the_end(tmp_path: Path) -> None:
    """P11: the last block is on disk, or the scrub has failed."""
    path = tmp_path / "list.csv"
    path.write_bytes(b"name,address1\nA,1 Elm\n")
    table = CsvTable(path)
    output = table.clean_output(tmp_path / "out.csv")
    assert isinstance(output, CsvOutput)
    output._file.close()
    (block,) = table.blocks()
    output.keep(block, np.ones(1, np.bool_))
    with pytest.raises(ValueError, match="closed file"):
        output.close()
