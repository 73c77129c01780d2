"""Reading and writing alone, nothing judged, beside a bare exact anti-join: ``python -m benchmarks.copying``.

Each file is read for one column, and all rows but some are written back byte for byte, hashed, durably: what a scrub
costs before it has judged a row. Every run is a process of its own; of three, the quickest counts.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from prefcenter.files.formats import open_table

KINDS = ("plain", "quoted", "windows", "breaks", "wide")
_WHERE, _KEY = "email", "person{}@example.com"
_AT_ONCE = 500_000
_STYLES: dict[str, Any] = {"quoted": {"quote_style": "always"}, "windows": {"line_terminator": "\r\n"}}


def main() -> None:
    """Make the files, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--share", type=float, default=0.02, help="the share of the rows that are not written back")
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=KINDS)
    parser.add_argument("--run", nargs=4, metavar=("WHAT", "FILE", "LIST", "OUT"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.run:
        what, file, listed, out = given.run
        _run(what, file, listed, out, given.share)
        return
    print(f"{given.rows:,} rows, {given.share:.0%} not written back; rows/s, seconds of processor, MB at most")
    with tempfile.TemporaryDirectory(prefix="prefcenter-bench-") as name:
        for kind in given.kinds:
            file, listed = _made(Path(name), kind, given.rows)
            done = {what: _best(what, file, listed, Path(name) / "out.csv", given.share) for what in ("exact", "copy")}
            for what, (wall, used, peak) in done.items():
                print(f"{kind:<8} {what:<6} {given.rows / wall:12,.0f} rows/s {used:7.2f} s {peak:7,.0f} MB")
            print(f"{kind:<8} ratio {done['exact'][0] / done['copy'][0]:9.2f}")
            file.unlink()


def _best(what: str, file: Path, listed: Path, out: Path, share: float) -> tuple[float, float, float]:
    command = [sys.executable, "-m", "benchmarks.copying", "--share", str(share), "--run", what, str(file), str(listed)]
    runs: list[tuple[float, float, float]] = []
    for _ in range(3):
        out.unlink(missing_ok=True)
        told = subprocess.run([*command, str(out)], check=True, capture_output=True, text=True).stdout
        runs.append(tuple(json.loads(told)))
    return min(runs)


def _run(what: str, file: str, listed: str, out: str, share: float) -> None:
    began, used = time.perf_counter(), time.process_time()
    if what == "exact":
        _exact(file, listed, out)
    else:
        _copy(file, out, share)
    wall, used = time.perf_counter() - began, time.process_time() - used
    print(json.dumps([wall, used, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]))


def _exact(file: str, listed: str, out: str) -> None:
    wanted = pl.scan_csv(listed, infer_schema=False)
    pl.scan_csv(file, infer_schema=False).join(wanted, on=_WHERE, how="anti", nulls_equal=True).sink_csv(out)


def _copy(file: str, out: str, share: float) -> None:
    table, dice = open_table(file), np.random.default_rng(1)
    with table.clean_output(Path(out)) as clean:
        for block in table.blocks({_WHERE}):
            clean.keep(block, dice.random(block.frame.height) >= share)
    clean.close()


def _made(folder: Path, kind: str, rows: int) -> tuple[Path, Path]:
    """A file of a kind, and a list of addresses of which some stand in it."""
    file, listed = folder / f"{kind}.csv", folder / "listed.csv"
    pl.DataFrame({_WHERE: [_KEY.format(number * 50) for number in range(max(rows // 50, 1))]}).write_csv(listed)
    with file.open("wb") as out:
        for start in range(0, rows, _AT_ONCE):
            frame = _people(start, min(start + _AT_ONCE, rows), kind)
            frame.write_csv(out, include_header=not start, **_STYLES.get(kind, {}))
    return file, listed


def _people(start: int, stop: int, kind: str) -> pl.DataFrame:
    numbers = pl.select(number=pl.int_range(start, stop))
    text = pl.format("{}", pl.col("number"))
    street = pl.format("{} North Ridge Road", pl.col("number") % 9999)
    frame = numbers.select(
        id=text,
        name=pl.lit("Patricia Hernandez"),
        address1=pl.format("{}\nBuilding B", street) if kind == "breaks" else street,
        address2=pl.when(pl.col("number") % 4 == 0)
        .then(pl.format("Apt {}", pl.col("number") % 99))
        .otherwise(pl.lit("")),
        city=pl.lit("Springfield"),
        state=pl.lit("IL"),
        zip=pl.format("6270{}", pl.col("number") % 10),
        email=pl.format(_KEY, pl.col("number")),
    )
    more = [pl.format("value {}", pl.col("id")).alias(f"more{at}") for at in range(30)] if kind == "wide" else []
    return frame.with_columns(more)


if __name__ == "__main__":
    main()
