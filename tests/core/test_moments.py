"""Moments as logs write them."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prefcenter.core.moments import read_logged

NOON = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)
NEW_YORK = ZoneInfo("America/New_York")


@pytest.mark.parametrize(
    "text",
    [
        "2026-05-01T12:00:00Z",
        "2026-05-01 12:00:00+00:00",
        " 2026-05-01T08:00:00-04:00 ",
        "2026-05-01 12:00:00 UTC",
        "1777636800",
        "1777636800.0",
        "1777636800000",
        "Fri, 01 May 2026 08:00:00 -0400",
        "Fri, 1 May 2026 08:00:00 -0400 (EDT)",
        "1 May 2026 12:00 GMT",
        "Fri, 01 May 2026 12:00:00 UTC",
        "Fri, 01 May 2026 12:00:00 -0000",
    ],
)
def test_a_moment_with_a_zone_is_read_as_it_is(text: str) -> None:
    assert read_logged(text, NEW_YORK) == (NOON, False)


@pytest.mark.parametrize(
    "text",
    [
        "2026-05-01T08:00",
        "2026-05-01 08:00:00.000",
        "5/1/2026 8:00",
        "05/01/2026 08:00:00 AM",
        "5/1/26 8:00 a.m.",
        "05/01/2026, 8:00 am",
        "2026-05-01 8:00 AM",
        "2026-05-01 08:00:00.250 a.m.",
        "2026/05/01 08:00",
        "Fri, 01 May 2026 08:00:00",
        "46143.3333333333",
    ],
)
def test_a_moment_without_a_zone_takes_that_of_the_log(text: str) -> None:
    assert read_logged(text, NEW_YORK) == (NOON, True)


@pytest.mark.parametrize(
    ("text", "hour"),
    [
        ("5/1/2026 12:00 AM", 0),
        ("5/1/2026 12:00 PM", 12),
        ("5/1/2026", 0),
        ("46143", 0),
        ("2026-05-01 12:00:00 PM", 12),
        ("2026-5-1", 0),
    ],
)
def test_midnight_and_noon_and_a_date_alone(text: str, hour: int) -> None:
    assert read_logged(text)[0] == NOON.replace(hour=hour)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "soon",
        "31/12/2026",
        "2026-05-01 13:00 PM",
        "2026-05/01",
        "19999",
        "99999",
        "Fri, 31 Feb 2026 08:00:00 -0400",
        "1 Foo 2026 08:00",
        "2/30/2026",
        "5/1/2026 13:00 PM",
        "5/1/2026 0:00 AM",
        "5/1/2026 25:00",
        "2026-13-01",
        "12",
    ],
)
def test_what_is_no_moment_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        read_logged(text)


@pytest.mark.parametrize(
    ("text", "year"), [("12/31/99", 1999), ("12/31/27", 1927), ("11/23/26", 2026), ("1/1/00", 2000)]
)
def test_a_year_of_two_digits_is_never_one_to_come(text: str, year: int) -> None:
    """A log tells what was."""
    assert read_logged(text, by=datetime(2026, 11, 23, tzinfo=UTC))[0].year == year


@given(st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_what_is_written_as_iso_is_read_back(moment: datetime) -> None:
    assert read_logged(moment.isoformat()) == (moment, False)
