"""When more of a service message reaches people who opted out of marketing than it usually does (E14, E15).

A type that is used for promotion shows in whom it reaches: suddenly more people who said no, or a larger part of them.
A day is compared with the type's own usual, the median of the days before it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

USUAL_DAYS: Final = 28
"""So many days before the last one make the usual: four whole weeks, so that every weekday counts as often."""

FLOOR: Final = 20
"""Fewer messages to people who opted out alarm nobody: by chance alone small numbers double."""

FEW_DAYS: Final = 3
"""A type that sent on fewer days than these has no usual yet."""

FLOOR_WITHOUT_USUAL: Final = 100
"""From here on a type without a usual alarms: somebody should look at it once."""

TIMES: Final = 3.0
"""The volume is a jump at so many times the usual."""

POINTS: Final = 0.10
SHARE_TIMES: Final = 1.5
"""The share is a jump where it grew by ten points, and to one and a half times the usual."""


@dataclass(frozen=True, slots=True)
class Day:
    """What one message type sent in 24 hours: all of it, and that to people who had opted out of marketing."""

    sent: int
    opted_out: int

    @property
    def share(self) -> float:
        """The part that went to people who had opted out, from 0 to 1."""
        return self.opted_out / self.sent if self.sent else 0.0


@dataclass(frozen=True, slots=True)
class Watched:
    """A message type's last day beside its usual.

    Args:
        last: the last 24 hours.
        usual_volume: the median of the messages a day to people who had opted out, None without a usual.
        usual_share: the median share, None without a usual.
        alarm: why somebody should look, as a sentence; empty where all is as ever.
    """

    last: Day
    usual_volume: float | None
    usual_share: float | None
    alarm: str = ""


def watch(last: Day, before: Sequence[Day]) -> Watched:
    """Compare a day with those before.

    Only days on which the type sent anything make its usual, so that a monthly statement is compared with statements
    and not with silence.

    >>> watch(Day(100, 60), [Day(100, 10)] * 28).alarm
    '60 messages reached people who opted out of marketing; 10 a day are usual.'
    """
    active = [day for day in before if day.sent]
    if len(active) < FEW_DAYS:
        return Watched(last, None, None, _without_usual(last))
    volume, share = float(median(day.opted_out for day in active)), median(day.share for day in active)
    return Watched(last, volume, share, _against(last, volume, share))


def _without_usual(last: Day) -> str:
    if last.opted_out < FLOOR_WITHOUT_USUAL:
        return ""
    return f"{last.opted_out:,} messages reached people who opted out of marketing; the type has no usual yet."


def _against(last: Day, volume: float, share: float) -> str:
    if last.opted_out < FLOOR:
        return ""
    if last.opted_out >= TIMES * volume:
        told = f"{last.opted_out:,} messages reached people who opted out of marketing"
        return f"{told}; {volume:,.4g} a day are usual."
    if last.share >= share + POINTS and last.share >= SHARE_TIMES * share:
        return f"{last.share:.0%} went to people who opted out of marketing; {share:.0%} are usual."
    return ""
