"""How far a scrub, a pull or a load is, on standard error: a bar where that is a terminal, else sentences."""

from __future__ import annotations

import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from prefcenter.cli.stopping import stoppable

if TYPE_CHECKING:
    from prefcenter.scrub.run import Progress

_MARKS = 20


@dataclass(frozen=True, slots=True)
class Watch:
    """What a scrub is to be told with.

    Args:
        progress: called after each part; it is also where the scrub is stopped when somebody asked for it.
        tell: told sentences for people.
        end: called before the results come into place: from then on the scrub cannot be stopped.
    """

    progress: Progress
    tell: Callable[[str], None]
    end: Callable[[], None]


@contextmanager
def watching(doing: str = "Scrubbing") -> Iterator[Watch]:
    """A context in which a scrub, or whatever else goes through a mailing's rows, is watched and can be stopped."""
    with _shown(doing) as (show, tell), stoppable(tell) as stop:

        def progress(done: int, size: int, rows: int) -> None:
            show(done, size, rows)
            stop.step()

        yield Watch(progress, tell, stop.end)


@contextmanager
def _shown(doing: str) -> Iterator[tuple[Progress, Callable[[str], None]]]:
    if not sys.stderr.isatty():
        yield (lambda _done, _size, _rows: None), lambda sentence: click.echo(sentence, err=True)
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TextColumn("{task.fields[rows]:,} rows"),
        TextColumn("{task.fields[rate]:,.0f} rows/s"),
        TimeRemainingColumn(),
    )
    console = Console(stderr=True, markup=False, highlight=False)
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("Reading the list", total=None, rows=0, rate=0.0)
        pace = Pace()

        def show(done: int, size: int, rows: int) -> None:
            rate = pace.mark(time.monotonic(), rows)
            bar.update(task, description=doing, total=size, completed=done, rows=rows, rate=rate)

        yield show, lambda sentence: console.print(sentence, soft_wrap=True)


class Pace:
    """Rows a second over the last parts: what was faster or slower long ago says nothing of now."""

    def __init__(self) -> None:
        self._marks: deque[tuple[float, int]] = deque(maxlen=_MARKS)

    def mark(self, seconds: float, rows: int) -> float:
        """Note how many rows are done at a moment, and tell the pace; 0 as long as it is not known.

        >>> pace = Pace()
        >>> [pace.mark(0.0, 100), pace.mark(2.0, 300)]
        [0.0, 100.0]
        """
        self._marks.append((seconds, rows))
        begun, before = self._marks[0]
        elapsed = seconds - begun
        return (rows - before) / elapsed if elapsed > 0 else 0.0
