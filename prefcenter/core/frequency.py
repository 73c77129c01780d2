"""How often somebody wants marketing at most: a limit a person chose, and when it lets the next message through."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Limit(StrEnum):
    """At most one marketing message in so long, of all brands together, to one contact point."""

    WEEKLY = "weekly"
    MONTHLY = "monthly"


WINDOWS: Final[Mapping[Limit, timedelta]] = MappingProxyType(
    {Limit.WEEKLY: timedelta(days=7), Limit.MONTHLY: timedelta(days=30)}
)
"""So long a message keeps the next one waiting."""

LONGEST: Final = max(WINDOWS.values())
"""What left longer ago keeps nothing waiting."""


def is_stricter(limit: Limit, than: Limit | None) -> bool:
    """Whether a limit lets less through than another; any limit does than none.

    >>> is_stricter(Limit.MONTHLY, Limit.WEEKLY), is_stricter(Limit.WEEKLY, Limit.WEEKLY)
    (True, False)
    """
    return than is None or WINDOWS[limit] > WINDOWS[than]


def next_at(limit: Limit, left_at: Iterable[datetime], at: datetime) -> datetime | None:
    """When the limit lets the next message through, or None where it does now.

    Args:
        limit: what the person chose.
        left_at: when marketing messages left for this contact point, in any order.
        at: the moment of the decision.
    """
    last = max((moment for moment in left_at if moment <= at), default=None)
    if last is None or at >= last + WINDOWS[limit]:
        return None
    return last + WINDOWS[limit]
