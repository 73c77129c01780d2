"""Keeping to a provider's limit of calls: wait as it says, and give up where that would take too long."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from datetime import datetime
from typing import Final

from prefcenter.core.errors import Unavailable
from prefcenter.services.ports import Clock

Wait = Callable[[float], None]
"""Waits so many seconds."""

LONGEST_WAIT: Final = 90.0
"""A provider that wants a longer wait is left alone until the next run. Shorter than the lease of a run."""

MOST_TRIES: Final = 5
"""So often a call is made that is answered with “too many calls”."""


class CallRate:
    """Lets calls to one provider go when they may.

    Args:
        provider: how messages name it.
        clock: tells the time.
        wait: waits; tests move their clock instead.
        most, within: so many calls in so many seconds, where the provider names such a limit; 0 where its answers tell.
    """

    def __init__(self, provider: str, clock: Clock, wait: Wait, *, most: int = 0, within: float = 60.0) -> None:
        self._provider, self._clock, self._wait = provider, clock, wait
        self._most, self._within = most, within
        self._calls: deque[float] = deque()
        self._free_at = 0.0

    def before_call(self) -> None:
        """Wait until a further call may be made.

        Raises:
            Unavailable: that would take too long.
        """
        self._rest(self._free_at)
        self._free_at = 0.0
        if self._most and len(self._calls) >= self._most:
            self._rest(self._calls.popleft() + self._within)
        self._calls.append(self._now())
        while self._calls[0] <= self._now() - self._within:
            self._calls.popleft()

    def answered(self, remaining: str | None, reset: str | None) -> None:
        """Note how many calls an answer leaves us, and until when.

        Source: SendGrid, "Rate limits": ``X-RateLimit-Remaining``, ``X-RateLimit-Reset`` (seconds since 1970).
        """
        if (remaining or "").strip() == "0":
            self._free_at = _number(reset) or self._now() + 1

    def refused(self, reset: str | None, retry_after: str | None = None) -> None:
        """Note that there were too many calls, and when there may be one again; without a word of it, in a minute."""
        later = _number(retry_after)
        self._free_at = self._now() + later if later is not None else _number(reset) or self._now() + 60

    def _rest(self, until: float) -> None:
        seconds = until - self._now()
        if seconds <= 0:
            return
        if seconds > LONGEST_WAIT:
            when = datetime.fromtimestamp(until, tz=self._clock().tzinfo)
            raise Unavailable(
                f"{self._provider} takes no more calls until {when:%H:%M:%S} UTC.",
                remedy="What was done so far is kept; the next run goes on from there.",
            )
        self._wait(seconds)

    def _now(self) -> float:
        return self._clock().timestamp()


def _number(text: str | None) -> float | None:
    try:
        return float((text or "").strip())
    except ValueError:
        return None
