"""Blocks judged together come out as if each had been judged alone."""

from __future__ import annotations

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from prefcenter.scrub.verdicts import FOUND_COLUMNS, FOUND_SCHEMA, Judged
from prefcenter.scrub.windows import parted


def _said(rows: list[int]) -> pl.DataFrame:
    told = {name: [f"{name} {row}" for row in rows] for name in FOUND_COLUMNS}
    return pl.DataFrame({"row": rows, **told}, schema=FOUND_SCHEMA)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 9), min_size=1, max_size=6), st.data())
def test_each_row_keeps_what_is_said_of_it(heights: list[int], data: st.DataObject) -> None:
    """P11: no reason is given to a row of another block, and none is lost."""
    total = sum(heights)
    gone = sorted(data.draw(st.sets(st.integers(0, total - 1)))) if total else []
    unsure = _said(gone[::2]).with_columns(held=pl.lit(value=True))
    problems = pl.DataFrame(
        {"row": gone[1::3], "problem": ["x"] * len(gone[1::3])}, schema={"row": pl.UInt32, "problem": pl.String}
    )
    pieces = parted(Judged(_said(gone), unsure, problems), np.cumsum(heights))
    starts = [0, *np.cumsum(heights)[:-1].tolist()]
    for part, whole in (("found", gone), ("unsure", gone[::2]), ("problems", gone[1::3])):
        told = [row + start for piece, start in zip(pieces, starts, strict=True) for row in getattr(piece, part)["row"]]
        assert told == whole
    said = [reason for piece in pieces for reason in piece.found["pc_reason"]]
    assert said == [f"pc_reason {row}" for row in gone]
    assert all(piece.found.schema == FOUND_SCHEMA for piece in pieces)
