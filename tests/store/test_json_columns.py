"""JSON columns: whatever is written comes back, and what an older version wrote is read."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prefcenter.store.json_columns import read_json, write_json

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)


@given(VALUES)
def test_what_is_written_comes_back_and_the_standard_library_reads_it(value: Any) -> None:
    assert read_json(write_json(value)) == value
    assert json.loads(write_json(value)) == value
    assert read_json(json.dumps(value)) == value


@pytest.mark.parametrize("value", ["half \ud800", 2**70, {"deep": ["\udfff"]}])
def test_what_the_quick_writer_does_not_take_is_written_all_the_same(value: Any) -> None:
    assert read_json(write_json(value)) == value


def test_what_only_the_standard_library_wrote_is_read() -> None:
    assert math.isnan(read_json('{"a": NaN}')["a"])
