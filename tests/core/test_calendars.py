from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prefcenter.core.calendars import (
    CLOSES,
    LIMITS,
    OPENS,
    TEXTS_PER_DAY,
    Duty,
    add_months,
    cap_until,
    deadline,
    next_opening,
    quiet_until,
    zones_of_country,
    zones_of_phone,
)

NEW_YORK, LOS_ANGELES, HONOLULU = "America/New_York", "America/Los_Angeles", "Pacific/Honolulu"


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


AT = utc("2026-07-01 12:00")
MOMENTS = st.timedeltas(timedelta(0), timedelta(days=2000)).map(lambda later: utc("2024-01-01 00:00") + later)


@pytest.mark.parametrize(
    ("at", "zones", "opens"),
    [
        ("2026-07-01 12:00", [NEW_YORK], "2026-07-01 12:00"),
        ("2026-07-01 11:59:59", [NEW_YORK], "2026-07-01 12:00"),
        ("2026-07-01 23:59:59", [NEW_YORK], "2026-07-01 23:59:59"),
        ("2026-07-02 00:00", [NEW_YORK], "2026-07-02 12:00"),
        ("2026-07-02 03:00", [NEW_YORK], "2026-07-02 12:00"),
        ("2026-01-05 12:30", [NEW_YORK], "2026-01-05 13:00"),
        ("2026-07-01 12:00", [NEW_YORK, LOS_ANGELES], "2026-07-01 15:00"),
        ("2026-07-02 00:30", [NEW_YORK, LOS_ANGELES], "2026-07-02 15:00"),
        ("2026-07-01 12:00", [NEW_YORK, LOS_ANGELES, HONOLULU], "2026-07-01 18:00"),
        ("2026-03-08 06:30", [NEW_YORK], "2026-03-08 12:00"),
        ("2026-11-01 05:30", [NEW_YORK], "2026-11-01 13:00"),
        ("2026-07-01 23:30", ["Asia/Tokyo"], "2026-07-01 23:30"),
        ("2026-07-01 12:00", ["Asia/Tokyo"], "2026-07-01 23:00"),
    ],
)
def test_texts_wait_for_eight_in_the_morning(at: str, zones: list[str], opens: str) -> None:
    """S8: 08:00 to 20:00 at the recipient's place, in every zone that it may be, over changes of the clock too."""
    assert next_opening(utc(at), zones) == utc(opens)
    assert quiet_until(utc(at), zones) == (None if at == opens else utc(opens))


def test_where_no_hour_suits_all_it_stays_quiet() -> None:
    """S8, X1: doubt wakes nobody."""
    for zones in ([], ["Pacific/Honolulu", "Africa/Johannesburg"]):
        assert next_opening(AT, zones) is None
        assert quiet_until(AT, zones) == AT + timedelta(hours=24)


@pytest.mark.parametrize(
    ("phone", "country", "zones"),
    [
        ("+12125550100", "US", (NEW_YORK,)),
        ("+14155550100", "US", (LOS_ANGELES,)),
        ("+18085550100", "US", (HONOLULU,)),
        ("+18005550100", "US", zones_of_country("US")),
        ("+19995550100", "US", zones_of_country("US")),
        ("+447700900123", "GB", ("Europe/London",)),
        ("nonsense", "JP", ("Asia/Tokyo",)),
        ("nonsense", "ZZ", ()),
    ],
)
def test_a_number_without_a_place_may_be_anywhere_in_its_country(
    phone: str, country: str, zones: tuple[str, ...]
) -> None:
    """S8: unknown zone: hours that suit all zones of the country."""
    assert zones_of_phone(phone, country) == zones


def test_the_united_states_reach_from_new_york_to_hawaii() -> None:
    """S8: an unknown place in the US is texted from 14:00 to 20:00 Eastern."""
    zones = zones_of_country("US")
    assert {NEW_YORK, LOS_ANGELES, HONOLULU, "America/Anchorage"} <= set(zones)
    assert next_opening(AT, zones) == utc("2026-07-01 18:00")


@settings(max_examples=60)
@given(
    MOMENTS,
    st.lists(st.sampled_from(zones_of_country("US")), min_size=1, max_size=4),
)
def test_an_opening_is_open_everywhere_and_none_is_passed_over(at: datetime, zones: list[str]) -> None:
    """S8: at the returned moment all are open, and at no quarter of an hour before it were they."""

    def is_open(moment: datetime) -> bool:
        return all(OPENS <= moment.astimezone(ZoneInfo(zone)).time() < CLOSES for zone in zones)

    opening = next_opening(at, zones)
    assert opening is not None
    assert is_open(opening)
    quarters = int((opening - at) / timedelta(minutes=15))
    assert not any(is_open(at + timedelta(minutes=15) * i) for i in range(quarters))


def test_the_fourth_text_in_a_day_waits_for_the_first_to_age() -> None:
    """S8: at most 3 in 24 hours, the window sliding."""
    sent = [AT - timedelta(hours=hours) for hours in (1, 30, 20, 5)]
    assert cap_until(sent, AT) == AT + timedelta(hours=4)
    assert cap_until(sent[:3], AT) is None
    assert cap_until([*sent, AT - timedelta(hours=2)], AT) == AT + timedelta(hours=19)
    assert cap_until(sent, AT + timedelta(hours=4)) is None
    assert cap_until([AT - timedelta(hours=1)], AT, limit=1) == AT + timedelta(hours=23)


@given(st.lists(st.integers(0, 72).map(lambda hours: AT - timedelta(hours=hours)), max_size=12))
def test_after_the_cap_there_is_room(sent: list[datetime]) -> None:
    """S8: at the promised time at most two texts lie in the 24 hours before it."""
    until = cap_until(sent, AT)
    moment = until or AT
    assert sum(moment - timedelta(hours=24) < one <= moment for one in sent) < TEXTS_PER_DAY
    assert until is None or AT < until <= AT + timedelta(hours=24)


@pytest.mark.parametrize(
    ("duty", "received", "jurisdiction", "due"),
    [
        # 48 hours are always shorter than ten business days.
        (Duty.EMAIL_OPT_OUT, "2026-07-01 12:00", "US", "2026-07-03 12:00"),
        (Duty.SMS_OPT_OUT, "2026-07-01 12:00", "CA", "2026-07-03 12:00"),
        (Duty.EMAIL_OPT_OUT, "2026-07-01 12:00", "GB", "2026-07-03 12:00"),
        (Duty.POSTAL_OPT_OUT, "2026-07-01 12:00", "US", "2026-07-31 12:00"),
        # 3 July 2026 is the observed Independence Day.
        (Duty.SHARING_OPT_OUT, "2026-07-01 12:00", "US-CA", "2026-07-23 12:00"),
        (Duty.RIGHTS_ACKNOWLEDGEMENT, "2026-07-01 12:00", "US-CA", "2026-07-16 12:00"),
        # 31 March is a holiday of California, not of the United States.
        (Duty.RIGHTS_ACKNOWLEDGEMENT, "2026-03-25 18:00", "US-CA", "2026-04-09 18:00"),
        (Duty.RIGHTS_ACKNOWLEDGEMENT, "2026-03-25 18:00", "US", "2026-04-08 18:00"),
        # Received on a Saturday: Monday is the first day.
        (Duty.RIGHTS_ACKNOWLEDGEMENT, "2026-06-06 18:00", "US-CA", "2026-06-22 18:00"),
        # Late on Friday in UTC is still Friday in California.
        (Duty.RIGHTS_ACKNOWLEDGEMENT, "2026-06-06 02:00", "US-CA", "2026-06-23 02:00"),
        (Duty.RIGHTS_ACKNOWLEDGEMENT, "2026-07-01 12:00", "EU", "2026-07-15 12:00"),
        (Duty.RIGHTS_ANSWER, "2026-07-01 12:00", "US-CA", "2026-08-15 12:00"),
        (Duty.RIGHTS_ANSWER, "2026-01-31 12:00", "EU", "2026-02-28 12:00"),
        (Duty.RIGHTS_ANSWER, "2026-07-01 12:00", "GB", "2026-08-01 12:00"),
        (Duty.RIGHTS_ANSWER, "2026-07-01 12:00", "ZZ", "2026-08-01 12:00"),
        (Duty.BREACH_NOTICE, "2026-07-01 12:00", "EU", "2026-07-04 12:00"),
    ],
)
def test_the_shortest_deadline_that_applies_wins(duty: Duty, received: str, jurisdiction: str, due: str) -> None:
    """Deadlines (E11, P4, G10): in business days of the jurisdiction, calendar days, months or hours."""
    assert deadline(duty, utc(received), jurisdiction) == utc(due)


@given(
    st.sampled_from(Duty),
    MOMENTS,
    st.sampled_from(["US", "US-CA", "US-NY", "US-ZZ", "CA", "CA-QC", "GB", "EU", "JP", "ZZ", ""]),
)
def test_every_duty_has_a_deadline_everywhere(duty: Duty, received: datetime, jurisdiction: str) -> None:
    """P2: whatever is asked, wherever from, its clock runs, and it ends within 45 days."""
    assert set(LIMITS) == set(Duty)
    assert received < deadline(duty, received, jurisdiction) <= received + timedelta(days=45)


@given(st.dates(date(2000, 1, 1), date(2050, 1, 1)), st.integers(0, 48))
def test_months_later_is_in_the_month_it_says(day: date, months: int) -> None:
    """G7: never a month too far, whatever its length."""
    later = add_months(datetime(day.year, day.month, day.day, tzinfo=UTC), months)
    assert (later.year * 12 + later.month) - (day.year * 12 + day.month) == months
    assert later.day <= day.day
