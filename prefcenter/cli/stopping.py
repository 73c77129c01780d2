"""Stopping long work by Ctrl-C or SIGTERM, between two steps and never in the middle of the last one."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Stop:
    """Whether somebody wants the work stopped.

    Before the first step there is nothing to be kept, and it is stopped at once; from then on at the next step. What
    comes after the last step is not interrupted, so that what is told of the work is true. Whoever asks twice does not
    want to wait, and is heard until results come into place.

    Args:
        tell: told that the wish was heard.
    """

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._has_begun = self._is_wanted = self._is_ending = False

    def step(self) -> None:
        """Between two steps.

        Raises:
            KeyboardInterrupt: the work is to stop here.
        """
        self._has_begun = True
        if self._is_wanted:
            raise KeyboardInterrupt

    def end(self) -> None:
        """From here on nothing is stopped any more, however often it is asked for."""
        self._is_ending = True

    def ask(self, _signal: int = 0, _frame: FrameType | None = None) -> None:
        """Ask for the work to be stopped.

        Raises:
            KeyboardInterrupt: it can be stopped at once, or was asked for before.
        """
        if self._is_ending:
            return
        if self._is_wanted or not self._has_begun:
            raise KeyboardInterrupt
        self._is_wanted = True
        self._tell("Stopping when this part is done; press Ctrl-C again to stop at once.")


@contextmanager
def stoppable(tell: Callable[[str], None]) -> Iterator[Stop]:
    """A context in which Ctrl-C and SIGTERM ask for a stop; outside the main thread nothing changes."""
    stop = Stop(tell)
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    before = {number: signal.signal(number, stop.ask) for number in _SIGNALS}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
