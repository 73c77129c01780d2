"""The postal scrub beside Polars' bare exact anti-join of the same files: ``make bench-scrub``.

    python -m benchmarks.scrub_post --rows 1m,5m,10m --suppressions 40k,500k --density high,low --folder SCRATCH

For each file: the ratio of the two speeds, peak memory of each (the resident memory of the whole process), what the
scrub found and what it took out wrongly, by class; at last how the memory grew with the file. Both are run as a
process of its own: ``whole`` is the time from start to end, ``work`` leaves out starting Python and importing. The
list is put into the product by its own import, once for each size, and kept in the folder with the files made.

The baseline finds what is spelt letter for letter as on the list, decides nothing and proves nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from benchmarks import scrub_runs, vocabulary
from benchmarks.mailing_files import DENSITIES, Recipe, counted, size_of, write_list, write_mailing
from benchmarks.scrub_runs import Run
from benchmarks.scrub_truth import Quality, judge


@dataclass(frozen=True, slots=True)
class Bench:
    """What is measured, and where its files lie."""

    folder: Path
    seed: int
    repeats: int
    processes: int
    addresses: Path | None


@dataclass(frozen=True, slots=True)
class Measured:
    """One file through both, the quickest run of each."""

    rows: int
    suppressions: int
    density: str
    exact: Run
    first: Run
    scrub: Run
    found_by_exact: float
    quality: Quality = field(repr=False)

    @property
    def ratio(self) -> float:
        """How fast the scrub is beside the bare join, process against process."""
        return self.exact.whole / self.scrub.whole

    @property
    def ratio_of_work(self) -> float:
        """The same without starting Python and importing."""
        return self.exact.work / self.scrub.work

    @property
    def ratio_of_processor(self) -> float:
        """The same by the processors' time."""
        return self.exact.processor / self.scrub.processor


def main() -> None:
    """Make the files, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", default="1m,5m,10m")
    parser.add_argument("--suppressions", default="40k,500k")
    parser.add_argument("--density", default="high,low", help=f"of {', '.join(DENSITIES)}")
    parser.add_argument("--repeats", type=int, default=2, help="runs of each; the quickest counts")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, help="keep files and lists here for the next run")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1, help="that make the files")
    parser.add_argument("--addresses", type=Path, help="JSON or JSONL of more real addresses")
    parser.add_argument("--json", action="store_true", help="print one JSON document instead of tables")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="prefcenter-bench-") as scratch:
        bench = Bench(given.folder or Path(scratch), given.seed, given.repeats, given.processes, given.addresses)
        done = [
            _measure(bench, rows, suppressions, density)
            for suppressions in map(counted, given.suppressions.split(","))
            for density in given.density.split(",")
            for rows in map(counted, given.rows.split(","))
        ]
    if given.json:
        print(json.dumps([_told(one) for one in done], indent=1))
    else:
        _print(done)


def _measure(bench: Bench, rows: int, suppressions: int, density: str) -> Measured:
    settings, listed = _loaded_list(bench, suppressions)
    folder = _made_file(bench, rows, suppressions, density)
    mailing, truth, out = folder / "mailing.csv", folder / "truth.csv", folder / "out"
    _say(f"measuring {rows:,} rows, {suppressions:,} suppressions, density {density}")
    exact, ours = [], []
    for _ in range(bench.repeats):
        _warm(mailing)
        exact.append(scrub_runs.exact(mailing, listed, folder / "exact.csv"))
        _warm(mailing)
        ours.append(scrub_runs.scrub(mailing, settings, out))
    found = judge(truth, folder / "exact.csv").recall
    quality = judge(truth, out / "clean.csv", out / "unreadable.csv")
    shutil.rmtree(out)
    (folder / "exact.csv").unlink()
    told = Measured(rows, suppressions, density, _best(exact), ours[0], _best(ours), found, quality)
    _say(f"  {told.ratio:.3f}, {told.scrub.peak:,.0f} MB, recall {quality.recall:.4f}, right {quality.precision:.4f}")
    return told


def _best(runs: Sequence[Run]) -> Run:
    """The quickest run, with the most memory that any of them took."""
    quick = min(runs, key=lambda run: run.whole)
    processor = min(run.processor for run in runs)
    return Run(quick.whole, quick.work, processor, max(run.peak for run in runs))


def _warm(path: Path) -> None:
    """Read the file once, so that neither of the two pays for the disk."""
    with path.open("rb") as file:
        while file.read(1 << 22):
            pass


def _loaded_list(bench: Bench, suppressions: int) -> tuple[dict[str, str], Path]:
    """The list as a file and in a database, made once; and the settings under which the product opens it."""
    folder = bench.folder / f"list-{suppressions}-{bench.seed}"
    settings = {
        "PREFCENTER_SECRET_KEYS": "a signing key for benchmarks",
        "PREFCENTER_PEPPERS": "a pepper for benchmarks",
        "PREFCENTER_BASE_URL": "http://127.0.0.1:8000",
        "PREFCENTER_DATA_DIR": str(folder / "data"),
    }
    if (folder / "ready").exists():
        _upgrade(settings)
    else:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        words = vocabulary.nationwide(bench.addresses)
        listed = write_list(folder, words, size_of(0, suppressions, "high"), bench.seed)
        _import(settings, listed, folder / "rejects.csv")
        (folder / "ready").touch()
    return settings, folder / "suppressions.csv"


def _upgrade(settings: dict[str, str]) -> None:
    """A list kept from an earlier run may have been made under an earlier schema."""
    from prefcenter.config import Config
    from prefcenter.store import schema
    from prefcenter.wiring import wire

    wiring = wire(Config.from_env(settings))
    schema.upgrade(wiring.database.engine)
    wiring.database.dispose()


def _import(settings: dict[str, str], listed: Path, rejects: Path) -> None:
    """Put the list into the product by its own import."""
    from prefcenter import working
    from prefcenter.config import Config
    from prefcenter.core.channels import Channel
    from prefcenter.services import catalogue, lists
    from prefcenter.services.list_rows import Defaults
    from prefcenter.services.ports import Evidence
    from prefcenter.store import schema
    from prefcenter.wiring import wire

    began = time.perf_counter()
    wiring = wire(Config.from_env(settings))
    schema.upgrade(wiring.database.engine)
    wiring.adopt_keys()
    evidence = Evidence("system")
    with wiring.database.write() as session:
        catalogue.add_brand(session, "acme", catalogue.BrandFacts("Acme"), evidence, at=wiring.clock())
    done = lists.import_list(
        wiring.database, wiring.keyring, wiring.points, listed, Defaults(channel=Channel.POST), evidence,
        rejects=rejects, clock=wiring.clock,
    )  # fmt: skip
    working.seal_pending(wiring)
    wiring.database.dispose()
    if done.rejected:
        raise SystemExit(f"{done.rejected} rows of {listed} could not be put on the list; see {rejects}")
    _say(f"imported {done.new:,} suppressions in {time.perf_counter() - began:.1f} s")


def _made_file(bench: Bench, rows: int, suppressions: int, density: str) -> Path:
    folder = bench.folder / f"mailing-{rows}-{suppressions}-{density}-{bench.seed}"
    if not (folder / "ready").exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        began = time.perf_counter()
        size = size_of(rows, suppressions, density)
        write_mailing(folder, Recipe(size, bench.seed, bench.addresses), bench.processes)
        (folder / "ready").touch()
        _say(f"made {rows:,} rows in {time.perf_counter() - began:.1f} s")
    return folder


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _print(done: Sequence[Measured]) -> None:
    print(
        f"\n{'rows':>10} {'listed':>8} {'density':>7} {'exact join':>20} {'scrub':>20} {'first':>9} {'rows/s':>9}"
        f" {'ratio':>6} {'of work':>7} {'processor':>16} {'ratio':>6} {'memory':>15}"
    )
    print(
        f"{'':>27} {'whole / work':>20} {'whole / work':>20} {'whole':>9} {'':>24} {'exact / scrub':>16} {'':>6}"
        f" {'exact / scrub':>15}"
    )
    for one in done:
        times = "".join(f" {f'{run.whole:.2f} / {run.work:.2f} s':>20}" for run in (one.exact, one.scrub))
        print(
            f"{one.rows:>10,} {one.suppressions:>8,} {one.density:>7}{times} {one.first.whole:>7.2f} s"
            f" {one.rows / one.scrub.whole:>9,.0f} {one.ratio:>6.3f} {one.ratio_of_work:>7.3f}"
            f" {f'{one.exact.processor:.1f} / {one.scrub.processor:.1f} s':>16} {one.ratio_of_processor:>6.3f}"
            f" {f'{one.exact.peak:,.0f} / {one.scrub.peak:,.0f} MB':>15}"
        )
    _print_growth(done)
    _print_quality(done)


def _print_growth(done: Sequence[Measured]) -> None:
    for (suppressions, density), (small, large) in _spans(done).items():
        growth = large.scrub.peak / small.scrub.peak - 1
        print(
            f"memory of the scrub from {small.rows:,} to {large.rows:,} rows, {suppressions:,} suppressions, {density}:"
            f" {growth:+.1%}"
        )


def _spans(done: Sequence[Measured]) -> dict[tuple[int, str], tuple[Measured, Measured]]:
    """The smallest and the largest file of each list and density, where there are two."""
    groups: dict[tuple[int, str], list[Measured]] = {}
    for one in done:
        groups.setdefault((one.suppressions, one.density), []).append(one)
    return {
        key: (min(group, key=lambda one: one.rows), max(group, key=lambda one: one.rows))
        for key, group in groups.items()
        if len(group) > 1
    }


def _print_quality(done: Sequence[Measured]) -> None:
    print(
        f"\n{'rows':>10} {'listed':>8} {'density':>7} {'recall':>8} {'precision':>9} {'false per million':>18}", end=""
    )
    print(f" {'unreadable':>10} {'recall of exact':>16}")
    for one in done:
        good = one.quality
        print(
            f"{one.rows:>10,} {one.suppressions:>8,} {one.density:>7} {good.recall:>8.4f} {good.precision:>9.4f}"
            f" {good.wrong_per_million:>18,.1f} {good.unreadable:>10,} {one.found_by_exact:>16.4f}"
        )
    largest = max(done, key=lambda one: one.quality.listed)
    print(f"\nby class, in {largest.rows:,} rows, {largest.suppressions:,} suppressions, {largest.density}:")
    for listed, title in ((True, "recall of the listed, by error"), (False, "wrongly removed, by kind")):
        print(f"  {title:<40}{'rows':>10}{'removed':>10}")
        for kind, rows, removed in (
            largest.quality.classes.filter(listed=listed).select("kind", "rows", "removed").iter_rows()
        ):
            print(f"    {kind:<38}{rows:>10,}{removed:>10.5f}")


def _told(one: Measured) -> dict[str, Any]:
    good = one.quality
    return {
        "rows": one.rows, "suppressions": one.suppressions, "density": one.density,
        "exact": asdict(one.exact), "scrub": asdict(one.scrub), "scrub_first": asdict(one.first),
        "ratio": one.ratio, "ratio_of_work": one.ratio_of_work,
        "ratio_of_processor": one.ratio_of_processor,
        "recall": good.recall, "precision": good.precision, "false_per_million": good.wrong_per_million,
        "unreadable": good.unreadable, "recall_of_exact": one.found_by_exact, "classes": good.classes.to_dicts(),
    }  # fmt: skip


if __name__ == "__main__":
    main()
