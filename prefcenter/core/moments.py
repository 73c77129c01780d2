"""Moments as logs write them: ISO 8601, seconds since 1970, or the American way; and as people are told them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, tzinfo
from email.utils import parsedate_to_datetime

_EPOCH = re.compile(r"[0-9]{9,10}(?:\.[0-9]+)?|[0-9]{13}")
_AMERICAN = re.compile(
    r"(?P<month>[0-9]{1,2})/(?P<day>[0-9]{1,2})/(?P<year>[0-9]{4}|[0-9]{2})"
    r"(?:[ T,]+(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})(?:\.[0-9]+)?)?"
    r"(?: ?(?P<half>[AaPp])\.?[Mm]\.?)?)?"
)
_YEAR_FIRST = re.compile(
    r"(?P<year>[0-9]{4})([-/])(?P<month>[0-9]{1,2})\2(?P<day>[0-9]{1,2})"
    r"(?:[ T,]+(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})(?:\.[0-9]+)?)?"
    r"(?: ?(?P<half>[AaPp])\.?[Mm]\.?)?)?"
)
# Source: RFC 5322, section 3.3.
_MAIL = re.compile(r"(?:[A-Za-z]{3}, *)?[0-9]{1,2} +[A-Za-z]{3} +[0-9]{4} +[0-9]{1,2}:[0-9]{2}.*")
_NO_PLACE = re.compile(r".* -0000(?: *\(.*\))?")
"""In RFC 5322, UTC told by someone who says nothing of where it was."""
_MILLISECONDS = 13
_DAYS = re.compile(r"[2-7][0-9]{4}(?:\.[0-9]+)?")
_FIRST_DAY = datetime(1899, 12, 30)  # noqa: DTZ001 - the caller gives the zone
_SINCE, _UNTIL = 25_569, 73_051
"""Days of a spreadsheet from 1970 to 2099. Source: ECMA-376, part 1, section 18.17.4.1, the date base of 1900."""


def told(at: datetime) -> str:
    """Write a moment for people, in UTC.

    >>> told(datetime(2026, 5, 1, 14, 30, tzinfo=UTC))
    '2026-05-01 14:30 UTC'
    """
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def read_logged(text: str, zone: tzinfo = UTC, *, by: datetime | None = None) -> tuple[datetime, bool]:
    """Read a moment as aware UTC, and tell whether its zone had to be assumed.

    A date alone is its beginning. What stands before a year is month and day, in this order; 31/12/2026 is no moment.

    Args:
        text: ISO 8601, also with AM and PM; seconds or milliseconds since 1970; ``Fri, 1 May 2026 14:30:00 -0400``; a
            spreadsheet's days since 1900; or ``12/31/2026 11:59 PM``.
        zone: where a moment without a zone is told.
        by: a log tells what was: a year of two digits that would lie after that is of the century before.

    Raises:
        ValueError: it is none of these, or there is no such moment.

    >>> read_logged("2026-05-01 14:30:00-04:00")[0].isoformat()
    '2026-05-01T18:30:00+00:00'
    >>> read_logged("5/1/2026 2:30 PM")
    (datetime.datetime(2026, 5, 1, 14, 30, tzinfo=datetime.timezone.utc), True)
    >>> read_logged("Fri, 1 May 2026 14:30:00 -0400")[0].isoformat()
    '2026-05-01T18:30:00+00:00'
    >>> read_logged("1777646400")[0].isoformat()
    '2026-05-01T14:40:00+00:00'
    """
    bare = text.strip()
    if _EPOCH.fullmatch(bare):
        seconds = int(bare) / 1000 if len(bare) == _MILLISECONDS and "." not in bare else float(bare)
        return datetime.fromtimestamp(seconds, UTC), False
    moment = _read(bare, by)
    if moment.tzinfo is None:
        return moment.replace(tzinfo=zone).astimezone(UTC), True
    return moment.astimezone(UTC), False


def _read(bare: str, by: datetime | None) -> datetime:
    if found := _AMERICAN.fullmatch(bare):
        return _by_parts(found, by)
    if _DAYS.fullmatch(bare) and _SINCE <= float(bare) < _UNTIL:
        return _FIRST_DAY + timedelta(milliseconds=round(float(bare) * 86_400_000))
    moment = parsedate_to_datetime(bare) if _MAIL.fullmatch(bare) else _iso(bare.removesuffix(" UTC"))
    says_utc = bare.endswith(" UTC") or _NO_PLACE.fullmatch(bare)
    return moment.replace(tzinfo=UTC) if says_utc and moment.tzinfo is None else moment


def _iso(bare: str) -> datetime:
    try:
        return datetime.fromisoformat(bare)
    except ValueError:
        if found := _YEAR_FIRST.fullmatch(bare):
            return _by_parts(found, None)
        raise


def _by_parts(found: re.Match[str], by: datetime | None) -> datetime:
    year = int(found["year"])
    if len(found["year"]) == 2:
        # Somewhere the new year has begun while it is the old one in UTC.
        year += 1900 if by is not None and 2000 + year > (by + timedelta(days=1)).year else 2000
    hour, half = int(found["hour"] or 0), (found["half"] or "").lower()
    if half and not 1 <= hour <= 12:
        raise ValueError("no such hour")
    hour = hour % 12 + (12 if half == "p" else 0) if half else hour
    return datetime(  # noqa: DTZ001 - the caller gives the zone
        year,
        int(found["month"]),
        int(found["day"]),
        hour,
        int(found["minute"] or 0),
        int(found["second"] or 0),
    )
