"""ZIPs held against the states beside them."""

from __future__ import annotations

import polars as pl
import pytest

from prefcenter.core.postal.zip_states import states_by_prefix
from prefcenter.files.columns import recognise
from prefcenter.scrub.shifted import PlaceCheck


def looked_at(*rows: tuple[str, ...], default_country: str = "US") -> tuple[int, int]:
    names = ("zip", "state", "country")[: len(rows[0])]
    frame = pl.DataFrame([list(row) for row in rows], schema=dict.fromkeys(names, pl.String), orient="row")
    check = PlaceCheck()
    check.look(frame, recognise(names), default_country)
    return check.both, check.disagree


@pytest.mark.parametrize(
    ("zip_code", "state"),
    [
        ("62701", "IL"),
        ("62701-1234", "Illinois"),
        ("2134", "Massachusetts"),
        ("2134.0", "ma"),
        ("021340001", "M.A."),
        ("00601", "Puerto Rico"),
        ("9012", "AE"),
        ("06390", "NY"),
        ("83414", "WY"),
        ("20500", "D.C."),
        ("96799", "AS"),
    ],
)
def test_a_zip_lies_in_its_state_however_both_are_written(zip_code: str, state: str) -> None:
    assert looked_at((zip_code, state)) == (1, 0)


@pytest.mark.parametrize(
    ("zip_code", "state"), [("62701", "MO"), ("99999", "AL"), ("00401", "NY"), ("Springfield", "IL"), ("62701", "USA")]
)
def test_what_lies_elsewhere_or_is_none_disagrees(zip_code: str, state: str) -> None:
    """A state that is no state beside a ZIP is what a shifted column looks like."""
    assert looked_at((zip_code, state)) == (1, 1)


@pytest.mark.parametrize(
    "row", [("", "IL"), ("62701", " "), ("K1A 0B1", "ON"), ("10115", "Berlin", "Germany"), ("75001", "", "FR")]
)
def test_rows_without_both_and_rows_abroad_say_nothing(row: tuple[str, ...]) -> None:
    assert looked_at(row) == (0, 0)


def test_a_row_without_a_country_is_where_the_mailing_is() -> None:
    assert looked_at(("10115", "Berlin", "")) == (1, 1)
    assert looked_at(("10115", "Berlin", ""), default_country="DE") == (0, 0)
    assert looked_at(("10115", "Berlin", "USA"), default_country="DE") == (1, 1)


def test_a_column_that_was_sorted_alone_shows_at_once() -> None:
    states = ["IL", "NY", "TX", "CA", "WA"] * 200
    zips = ["62701", "10001", "75201", "90001", "98101"] * 200
    assert looked_at(*zip(zips, states, strict=True)) == (1_000, 0)
    both, disagree = looked_at(*zip(sorted(zips), states, strict=True))
    assert (both, disagree) == (1_000, 800)


def test_a_large_block_is_sampled_evenly() -> None:
    rows = [("62701", "IL")] * 30_000 + [("62701", "MO")] * 30_000
    both, disagree = looked_at(*rows)
    assert (both, disagree) == (20_000, 10_000)


def test_a_file_without_states_is_left_alone() -> None:
    check = PlaceCheck()
    check.look(pl.DataFrame({"zip": ["62701"]}), recognise(["zip"]), "US")
    assert check.both == 0


def test_the_table_knows_every_state_and_no_prefix_that_is_not_in_use() -> None:
    """Source: USPS labelling list L002."""
    known = states_by_prefix()
    assert len({state for states in known.values() for state in states}) == 50 + 1 + 8 + 3
    assert "000" not in known
    assert "213" not in known
    assert sum(len(states) > 1 for states in known.values()) == 4
