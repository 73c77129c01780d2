"""How often at most: what a limit lets through, and when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from prefcenter.core.frequency import Limit, is_stricter, next_at

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(("limit", "days"), [(Limit.WEEKLY, 7), (Limit.MONTHLY, 30)])
def test_the_next_may_leave_when_the_window_of_the_last_is_over(limit: Limit, days: int) -> None:
    left = [NOON - timedelta(days=40), NOON - timedelta(hours=1)]
    end = left[1] + timedelta(days=days)
    assert next_at(limit, left, NOON) == end
    assert next_at(limit, left, end - timedelta(seconds=1)) == end
    assert next_at(limit, left, end) is None


def test_nothing_that_left_lets_the_first_through() -> None:
    assert next_at(Limit.MONTHLY, [], NOON) is None


def test_only_a_longer_window_is_stricter() -> None:
    """E18: what a link may do, and what takes a code."""
    assert [is_stricter(one, than) for one in Limit for than in (None, *Limit)] == [
        True,
        False,
        False,
        True,
        True,
        False,
    ]
