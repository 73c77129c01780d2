"""Rows/s of the scrub beside a bare exact anti-join of the same file: ``python -m benchmarks.scrub [--rows N]``.

The baseline is what one would write in a minute: Polars reads the CSV, drops the rows whose address stands literally on
the list, and writes the rest. It finds only what is spelt the same, decides nothing, and proves nothing.
"""

from __future__ import annotations

import argparse
import csv
import random
import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from prefcenter import working
from prefcenter.config import Config
from prefcenter.core.channels import Channel
from prefcenter.services import catalogue, lists, scrubbing
from prefcenter.services.list_rows import Defaults
from prefcenter.services.ports import Evidence
from prefcenter.store import schema
from prefcenter.wiring import Wiring, wire

HEADER = ("id", "name", "address1", "address2", "city", "state", "zip", "email")
FIRST = "James Mary John Patricia Robert Jennifer Michael Linda David Elizabeth William Barbara Susan Jessica".split()
LAST = "Smith Johnson Williams Brown Jones Garcia Miller Davis Lopez Wilson Anderson Thomas Taylor Moore Lee".split()
STREETS = (
    "Oak Main Elm Maple Cedar Pine Washington Lake Hill Park Walnut Spring North Ridge Church Willow Meadow".split()
)
SUFFIXES = (("Street", "St"), ("Avenue", "Ave"), ("Road", "Rd"), ("Drive", "Dr"), ("Lane", "Ln"), ("Court", "Ct"))
PLACES = (("Springfield", "IL", 62700), ("Portland", "OR", 97200), ("Austin", "TX", 78700), ("Burlington", "VT", 5400))


def main() -> None:
    """Generate, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=500_000)
    parser.add_argument("--suppressions", type=int, default=20_000)
    parser.add_argument("--share", type=float, default=0.02, help="the share of the rows that are on the list")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="prefcenter-bench-") as name:
        folder = Path(name)
        file, listed = _write(folder, given.rows, given.suppressions, given.share)
        print(f"{given.rows:,} rows, {given.suppressions:,} suppressions, {given.share:.0%} of the rows on the list")
        wiring = open_product(folder)
        for channel in (Channel.EMAIL, Channel.POST):
            _fill(wiring, folder, listed, channel)
            exact = _timed(lambda channel=channel: _anti_join(file, listed, channel, folder / "exact.csv"))
            ours = _timed(lambda channel=channel: _scrub(wiring, file, channel, folder / f"out-{channel}"))
            _print(channel, given.rows, exact, ours)
        wiring.database.dispose()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"peak memory of the whole run, baselines included: {peak:,.0f} MB")


def _print(channel: Channel, rows: int, exact: tuple[float, int], ours: tuple[float, int]) -> None:
    for name, (seconds, removed) in (("exact anti-join", exact), ("scrub", ours)):
        print(f"{channel:<6} {name:<16} {seconds:7.2f} s {rows / seconds:12,.0f} rows/s {removed:9,} removed")
    print(f"{channel:<6} ratio            {exact[0] / ours[0]:7.3f}")


def _timed(work: Callable[[], int]) -> tuple[float, int]:
    began = time.perf_counter()
    removed = work()
    return time.perf_counter() - began, removed


def _write(folder: Path, rows: int, suppressions: int, share: float) -> tuple[Path, Path]:
    """A mailing file, and the people on the list, some of whom are in the file, respelt."""
    dice = random.Random(1)
    people = [_person(dice, number) for number in range(suppressions)]
    listed, file = folder / "listed.csv", folder / "mailing.csv"
    with listed.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(HEADER)
        writer.writerows(people)
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(HEADER)
        writer.writerows(_rows(dice, people, rows, share))
    return file, listed


def _rows(dice: random.Random, people: list[list[str]], rows: int, share: float) -> Iterator[list[str]]:
    for number in range(rows):
        if dice.random() < share:
            yield [str(number), *_respelt(dice, dice.choice(people))[1:]]
        else:
            yield _person(dice, 10_000_000 + number)


def _person(dice: random.Random, number: int) -> list[str]:
    city, state, zips = dice.choice(PLACES)
    street = f"{dice.randint(1, 9999)} {dice.choice(('', '', 'North ', 'South '))}{dice.choice(STREETS)}"
    unit = f"Apt {dice.randint(1, 99)}" if dice.random() < 0.25 else ""
    name = f"{dice.choice(FIRST)} {dice.choice(LAST)}"
    code = f"{zips + dice.randint(0, 99):05}"
    street = f"{street} {dice.choice(SUFFIXES)[0]}"
    return [str(number), name, street, unit, city, state, code, f"person{number}@example.com"]


def _respelt(dice: random.Random, person: list[str]) -> list[str]:
    row = list(person)
    for whole, short in SUFFIXES:
        if dice.random() < 0.5:
            row[2] = row[2].replace(f" {whole}", f" {short}")
    if dice.random() < 0.3:
        row = [cell.upper() for cell in row]
    if dice.random() < 0.3:
        row[3] = row[3].replace("Apt ", "#")
    return row


def open_product(folder: Path) -> Wiring:
    config = Config.from_env(
        {
            "PREFCENTER_SECRET_KEYS": "a signing key for benchmarks",
            "PREFCENTER_PEPPERS": "a pepper for benchmarks",
            "PREFCENTER_BASE_URL": "http://127.0.0.1:8000",
            "PREFCENTER_DATA_DIR": str(folder / "data"),
        }
    )
    wiring = wire(config)
    schema.upgrade(wiring.database.engine)
    wiring.adopt_keys()
    with wiring.database.write() as session:
        evidence = Evidence("system")
        catalogue.add_brand(session, "acme", catalogue.BrandFacts("Acme"), evidence, at=datetime.now(UTC))
    return wiring


def _fill(wiring: Wiring, folder: Path, listed: Path, channel: Channel) -> None:
    began = time.perf_counter()
    lists.import_list(
        wiring.database,
        wiring.keyring,
        wiring.points,
        listed,
        Defaults(channel=channel),
        Evidence("system"),
        rejects=folder / "rejects.csv",
        clock=wiring.clock,
    )
    working.seal_pending(wiring)
    print(f"{channel:<6} list imported in {time.perf_counter() - began:.1f} s")


def _anti_join(file: Path, listed: Path, channel: Channel, out: Path) -> int:
    columns = ["email"] if channel is Channel.EMAIL else ["name", "address1", "address2", "zip"]
    rows, wanted = pl.read_csv(file, infer_schema=False), pl.read_csv(listed, infer_schema=False)
    kept = rows.join(wanted.select(columns).unique(), on=columns, how="anti", nulls_equal=True)
    kept.write_csv(out)
    return rows.height - kept.height


def _scrub(wiring: Wiring, file: Path, channel: Channel, out: Path) -> int:
    order = scrubbing.Order([file], channel, f"bench-{channel}", out, brand="acme")
    prepared = scrubbing.prepare(
        wiring.database,
        wiring.keyring,
        wiring.ledger_keys,
        order,
        Evidence("system"),
        keep_in=wiring.mailing_rows,
        clock=wiring.clock,
    )
    return prepared.tally.suppressed


if __name__ == "__main__":
    main()
