"""One run of the scrub or of its baseline, in a process of its own: ``python -m benchmarks.scrub_runs exact|scrub …``.

The process prints as JSON how long the work itself took, after the imports; whoever starts it measures the rest.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_HELD = 5
"""A guard holds the mailing, since a made file removes more than a real one; its files are there all the same."""


@dataclass(frozen=True, slots=True)
class Run:
    """What a run took.

    Args:
        whole: seconds from start to end.
        work: seconds without starting Python and importing.
        processor: seconds of all processors together, which other work on the machine hardly changes.
        peak: memory in MB.
    """

    whole: float
    work: float
    processor: float
    peak: float


def exact(file: Path, listed: Path, out: Path) -> Run:
    """Read the file, drop the rows that stand letter for letter on the list, write the others: Polars, streaming."""
    out.unlink(missing_ok=True)
    return _run(["exact", str(file), str(listed), str(out)], {})


def scrub(file: Path, settings: Mapping[str, str], out: Path) -> Run:
    """Run ``prefcenter scrub`` on the file, with what stands in the settings for its environment."""
    shutil.rmtree(out, ignore_errors=True)
    return _run(["scrub", str(file), "--channel", "post", "--mailing", "bench", "--out", str(out)], settings)


def _run(arguments: list[str], settings: Mapping[str, str]) -> Run:
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.scrub_runs", *arguments],
        env=os.environ | dict(settings), stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    family = _Family(process.pid)
    assert process.stdout is not None
    told = process.stdout.read()
    _, status, used = os.wait4(process.pid, 0)
    whole = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    shared = family.stop()
    if process.returncode:
        raise SystemExit(f"{' '.join(arguments[:2])} ended with {process.returncode}")
    own = json.loads(told.splitlines()[-1])
    return Run(whole, own["seconds"], used.ru_utime + used.ru_stime, max(own["peak"], shared))


class _Family:
    """Watches the memory of a process and of all that it starts, since the kernel tells only the largest of them."""

    def __init__(self, pid: int) -> None:
        self._pid, self._peak, self._over = pid, 0.0, threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def stop(self) -> float:
        """The most memory that all of them held at once, in MB; 0 where there was only the one process."""
        self._over.set()
        self._thread.join()
        return self._peak

    def _watch(self) -> None:
        while not self._over.wait(0.1):
            family = _descendants(self._pid)
            if len(family) > 1:
                self._peak = max(self._peak, sum(_resident(pid) for pid in family))


def _descendants(pid: int) -> list[int]:
    found = [pid]
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children = task.read_text().split()
        except OSError:
            continue
        for child in children:
            found += _descendants(int(child))
    return found


def _resident(pid: int) -> float:
    """The memory of a process in MB, what it shares with others counted in parts."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("Pss:")), 0.0)


def main() -> None:
    """Do what the arguments say, and tell the time."""
    match sys.argv[1:]:
        case ["exact", file, listed, out]:
            seconds = _exact(file, listed, out)
        case ["scrub", *arguments]:
            seconds = _scrub(arguments)
        case _:
            raise SystemExit(__doc__)
    print(json.dumps({"seconds": seconds, "peak": _peak()}))


def _peak() -> float:
    """The most memory that this process held, in MB.

    Not the kernel's ``ru_maxrss``, which begins with what the process that started this one held.
    """
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:"))


def _exact(file: str, listed: str, out: str) -> float:
    import polars as pl

    from benchmarks.records import COLUMNS

    began = time.perf_counter()
    wanted = pl.scan_csv(listed, infer_schema=False).select(COLUMNS).unique()
    rows = pl.scan_csv(file, infer_schema=False)
    rows.join(wanted, on=list(COLUMNS), how="anti", nulls_equal=True).sink_csv(out)
    return time.perf_counter() - began


def _scrub(arguments: list[str]) -> float:
    from prefcenter.cli import main as command

    began = time.perf_counter()
    code = command(["scrub", *arguments], standalone_mode=False)
    if code not in (None, 0, _HELD):
        raise SystemExit(code)
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
