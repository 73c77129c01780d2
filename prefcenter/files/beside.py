"""Work that goes on beside the caller's: reading ahead of it, and writing behind it.

Hashing, packing and parsing let other threads run, so that on two cores a file is read, judged and written at once.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar, cast

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")
_END = object()


def ahead(items: Iterator[_Item]) -> Generator[_Item]:
    """The same items; each is made while the one before it is used. What making one raises, is raised in its place."""
    with ThreadPoolExecutor(1, "ahead") as pool:
        coming = pool.submit(next, items, _END)
        while (item := coming.result()) is not _END:
            coming = pool.submit(next, items, _END)
            yield cast("_Item", item)


def side_by_side(work: Callable[[_Item], _Result], items: Iterable[_Item], most: int) -> Generator[_Result]:
    """What comes of each item, in their order, while as many others as fit are worked at.

    What working at one raises, is raised in its place; those that were begun come to their end before.

    Args:
        work: done in other threads.
        items: taken in the caller's, each as soon as there is room for it.
        most: so many are worked at, or wait to be taken by the caller.
    """
    with ThreadPoolExecutor(most, "side_by_side") as pool:
        running: deque[Future[_Result]] = deque()
        for item in items:
            running.append(pool.submit(work, item))
            if len(running) == most:
                yield running.popleft().result()
        while running:
            yield running.popleft().result()


class Behind:
    """Runs one step after the other beside the caller, who waits for each before it gives the next.

    So no more than two are ever held in memory, and what a step raises is raised to the caller, a step late.
    """

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1, "behind")
        self._running: Future[None] | None = None

    def run(self, step: Callable[[], None]) -> None:
        """Begin a step as soon as the one before has ended."""
        self.wait()
        self._running = self._pool.submit(step)

    def wait(self) -> None:
        """Let the last step come to its end."""
        running, self._running = self._running, None
        if running is not None:
            running.result()

    def close(self) -> None:
        """Let the last step end, however it does, and take no more."""
        self._pool.shutdown()
