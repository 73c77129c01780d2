"""When a message may go out, and by when a request must be honoured.

Quiet hours (S8) and the frequency cap (S8) give the moment from which a message may be tried again; deadlines are
reckoned in the business days of the jurisdiction. Zones come from ``zoneinfo`` and ``phonenumbers``, holidays from
``holidays``; all times are aware.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from holidays import HolidayBase

OPENS: Final = time(8)
CLOSES: Final = time(20)
"""Marketing texts go out from 08:00 until before 20:00 at the recipient's place (S8).

Source: 47 CFR 64.1200(c)(1) says 21:00; the stricter state laws say 20:00.
"""

TEXTS_PER_DAY: Final = 3
"""At most so many marketing texts in 24 hours (S8). Source: Florida, Oklahoma and Washington statutes."""

CAP_WINDOW: Final = timedelta(hours=24)
_SEARCH_LIMIT: Final = timedelta(days=8)


@cache
def zones_of_country(country: str) -> tuple[str, ...]:
    """The time zones of a country (ISO 3166, two letters), from the IANA database; empty for an unknown one.

    >>> zones_of_country("GB")
    ('Europe/London',)
    """
    table = (resources.files("tzdata") / "zoneinfo" / "zone.tab").read_text(encoding="utf-8")
    rows = (line.split("\t") for line in table.splitlines() if line and not line.startswith("#"))
    return tuple(row[2] for row in rows if row[0] == country)


def zones_of_phone(phone: str, country: str) -> tuple[str, ...]:
    """The zones in which a phone may be: those of its prefix, else all of its country.

    A prefix tells where a number was issued, and a number without a place (toll-free, most mobile ranges) tells
    nothing: then the hours must suit the whole country (S8).

    Args:
        phone: an E.164 number.
        country: the country to fall back to (see :func:`prefcenter.core.consent.country_of`).
    """
    # Imported late: the prefix tables are large, and only texts need them.
    import phonenumbers
    from phonenumbers import timezone

    try:
        zones = tuple(timezone.time_zones_for_number(phonenumbers.parse(phone)))
    except phonenumbers.NumberParseException:
        zones = (timezone.UNKNOWN_TIMEZONE,)
    whole_country = zones_of_country(country)
    # A number without a place gets every zone of its calling code: for +1 that is all of North America and more.
    if timezone.UNKNOWN_TIMEZONE in zones or len(zones) > len(whole_country) > 0:
        return whole_country
    return zones


def next_opening(at: datetime, zones: Sequence[str]) -> datetime | None:
    """The first moment from ``at`` on that lies in the open hours of all these zones, in UTC (S8).

    Returns:
        ``at`` itself where it is open now; None where no moment suits all zones, or where there are none.
    """
    if not zones:
        return None
    places = [ZoneInfo(zone) for zone in zones]
    moment = at.astimezone(UTC)
    # Each step goes to a moment before which some place is closed, so that no earlier opening is jumped over.
    while moment <= at + _SEARCH_LIMIT:
        opening = max(_opening_in(moment, place) for place in places)
        if opening == moment:
            return moment
        moment = opening
    return None


def _opening_in(moment: datetime, place: ZoneInfo) -> datetime:
    local = moment.astimezone(place)
    if OPENS <= local.time() < CLOSES:
        return moment
    day = local.date() if local.time() < OPENS else local.date() + timedelta(days=1)
    return datetime.combine(day, OPENS, place).astimezone(UTC)


def quiet_until(at: datetime, zones: Sequence[str]) -> datetime | None:
    """When the quiet hours end, or None where it is open now (S8).

    Without a zone, or without an hour that suits them all, it is quiet for another day: nobody is woken by doubt.
    """
    opening = next_opening(at, zones)
    if opening is None:
        return at + CAP_WINDOW
    return opening if opening > at else None


def cap_until(sent_at: Iterable[datetime], at: datetime, *, limit: int = TEXTS_PER_DAY) -> datetime | None:
    """When the frequency cap next lets a text through, or None where it does now (S8).

    Args:
        sent_at: when marketing texts went to this number, in any order.
        at: the moment of the decision.
        limit: how many may go in any 24 hours.
    """
    recent = sorted(moment for moment in sent_at if at - CAP_WINDOW < moment <= at)
    return recent[-limit] + CAP_WINDOW if len(recent) >= limit else None


def add_months(moment: datetime, months: int) -> datetime:
    """The same day and time some months later, or the month's last day where it is shorter.

    >>> add_months(datetime(2024, 2, 29), 24).date().isoformat()
    '2026-02-28'
    """
    years, month = divmod(moment.month - 1 + months, 12)
    first = moment.replace(year=moment.year + years, month=month + 1, day=1)
    following = (first.replace(day=28) + timedelta(days=4)).replace(day=1)
    return first.replace(day=min(moment.day, (following - timedelta(days=1)).day))


class Duty(StrEnum):
    """What must be done in time."""

    EMAIL_OPT_OUT = "email_opt_out"
    SMS_OPT_OUT = "sms_opt_out"
    POSTAL_OPT_OUT = "postal_opt_out"
    SHARING_OPT_OUT = "sharing_opt_out"
    RIGHTS_ACKNOWLEDGEMENT = "rights_acknowledgement"
    RIGHTS_ANSWER = "rights_answer"
    BREACH_NOTICE = "breach_notice"


class Unit(StrEnum):
    """What a limit counts in."""

    HOURS = "hours"
    DAYS = "days"
    BUSINESS_DAYS = "business_days"
    MONTHS = "months"


@dataclass(frozen=True, slots=True)
class Limit:
    """One legal or contractual limit.

    Args:
        amount: how many of the unit.
        unit: what is counted.
        jurisdictions: where it applies (``US``, ``US-CA``, ``CA``, ``GB``, ``EU``); empty for everywhere.
    """

    amount: int
    unit: Unit
    jurisdictions: frozenset[str] = frozenset()


_TEN_BUSINESS_DAYS = Limit(10, Unit.BUSINESS_DAYS, frozenset({"US", "CA"}))
_MAILBOX_PROVIDERS = Limit(48, Unit.HOURS)

LIMITS: Final[dict[Duty, tuple[Limit, ...]]] = {
    Duty.EMAIL_OPT_OUT: (_TEN_BUSINESS_DAYS, _MAILBOX_PROVIDERS),
    Duty.SMS_OPT_OUT: (_TEN_BUSINESS_DAYS, _MAILBOX_PROVIDERS),
    Duty.POSTAL_OPT_OUT: (Limit(30, Unit.DAYS),),
    Duty.SHARING_OPT_OUT: (Limit(15, Unit.BUSINESS_DAYS, frozenset({"US-CA"})),),
    Duty.RIGHTS_ACKNOWLEDGEMENT: (Limit(10, Unit.BUSINESS_DAYS, frozenset({"US-CA"})),),
    Duty.RIGHTS_ANSWER: (
        Limit(45, Unit.DAYS, frozenset({"US-CA"})),
        Limit(1, Unit.MONTHS, frozenset({"EU", "GB"})),
    ),
    Duty.BREACH_NOTICE: (Limit(72, Unit.HOURS),),
}
"""The limits of each duty.

Source: 15 USC 7704(a)(4), 47 CFR 64.1200(a)(10), CASL 11(3); Gmail and Yahoo sender rules; ANA guidelines; 11 CCR 7021
and 7026; GDPR 12(3) and 33.
"""

_RECKONED_IN: Final = {"US": "America/New_York", "US-CA": "America/Los_Angeles", "CA": "America/Toronto"}


def deadline(duty: Duty, received_at: datetime, jurisdiction: str) -> datetime:
    """By when a duty must be done, in UTC: the shortest limit that applies.

    Where no limit names the jurisdiction, the shortest of all does: stricter than the law, never later.

    Args:
        duty: what must be done.
        received_at: when the request arrived; the clock never starts later (P2).
        jurisdiction: ``US``, a state as ``US-CA``, or a country or union such as ``CA``, ``GB``, ``EU``.
    """
    limits = [limit for limit in LIMITS[duty] if _applies(limit, jurisdiction)] or LIMITS[duty]
    return min(_due(limit, received_at, jurisdiction) for limit in limits)


def _applies(limit: Limit, jurisdiction: str) -> bool:
    country = jurisdiction.partition("-")[0]
    return not limit.jurisdictions or bool(limit.jurisdictions & {jurisdiction, country})


def _due(limit: Limit, received_at: datetime, jurisdiction: str) -> datetime:
    moment = received_at.astimezone(UTC)
    match limit.unit:
        case Unit.HOURS:
            return moment + timedelta(hours=limit.amount)
        case Unit.DAYS:
            return moment + timedelta(days=limit.amount)
        case Unit.MONTHS:
            return add_months(moment, limit.amount)
        case Unit.BUSINESS_DAYS:
            return _business_days_later(moment, limit.amount, jurisdiction)


def _business_days_later(moment: datetime, days: int, jurisdiction: str) -> datetime:
    """The same time of day so many business days later; the day of receipt does not count."""
    zone = _RECKONED_IN.get(jurisdiction) or _RECKONED_IN.get(jurisdiction.partition("-")[0], "UTC")
    local = moment.astimezone(ZoneInfo(zone))
    day: date = _holidays_of(jurisdiction).get_nth_working_day(local.date(), days)
    return datetime.combine(day, local.time(), local.tzinfo).astimezone(UTC)


@cache
def _holidays_of(jurisdiction: str) -> HolidayBase:
    # Imported late: the package is large, and few commands reckon deadlines.
    import holidays

    country, _, subdivision = jurisdiction.partition("-")
    if country not in holidays.list_supported_countries():
        # A union such as the EU has no holidays of its own: weekends alone, so the date is never later.
        return holidays.HolidayBase()
    known = subdivision in holidays.list_supported_countries()[country]
    return holidays.country_holidays(country, subdiv=subdivision if known else None)
