"""Whole mailing files on disk with the truth beside them, made in several processes, a chunk of rows at a time.

    python -m benchmarks.mailing_files FOLDER --rows 10m --suppressions 500k --density high --seed 1

writes ``suppressions.csv`` (``id, level``, address), ``mailing.csv`` (``id``, address: what a vendor would deliver) and
``truth.csv`` (``id, truth, kind``, see :mod:`.generator`). The same for the same seed, however many processes.
"""

from __future__ import annotations

import argparse
import csv
import multiprocessing
import os
import random
import shutil
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks import vocabulary
from benchmarks.generator import Listed, Size, mailing_rows
from benchmarks.records import COLUMNS
from benchmarks.vocabulary import Vocabulary

CHUNK = 100_000

DENSITIES = {
    "high": {"listed": 0.05, "lookalikes": 0.10, "blockmates": 0.05},
    "low": {"listed": 0.004, "lookalikes": 0.008, "blockmates": 0.004},
}
"""About one row in five has something in common with an entry of the list; about one in sixty. Strangers who live at
the number and ZIP Code of an entry by chance come on top: 0.3 % of the rows with 40,000 entries, 4 % with 500,000."""


def size_of(rows: int, suppressions: int, density: str) -> Size:
    """A file of so many rows, as dense as :data:`DENSITIES` says."""
    return Size(rows, suppressions, **DENSITIES[density])


def counted(text: str) -> int:
    """The number that a person writes as ``40k`` or ``10m``."""
    factor = {"k": 1_000, "m": 1_000_000}.get(text[-1:].lower(), 1)
    return round(float(text[:-1] if factor > 1 else text) * factor)


def main() -> None:
    """Write the three files."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rows", type=counted, default=1_000_000)
    parser.add_argument("--suppressions", type=counted, default=40_000)
    parser.add_argument("--density", choices=DENSITIES, default="high")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--addresses", type=Path, help="JSON or JSONL of more real addresses")
    given = parser.parse_args()
    began = time.perf_counter()
    given.folder.mkdir(parents=True, exist_ok=True)
    size = size_of(given.rows, given.suppressions, given.density)
    write_list(given.folder, vocabulary.nationwide(given.addresses), size, given.seed)
    write_mailing(given.folder, Recipe(size, given.seed, given.addresses), given.processes)
    print(f"{given.rows:,} rows in {time.perf_counter() - began:.1f} s")


@dataclass(frozen=True, slots=True)
class Recipe:
    """All that a process needs to make its chunks."""

    size: Size
    seed: int
    addresses: Path | None


def write_list(folder: Path, words: Vocabulary, size: Size, seed: int) -> Path:
    """Write ``suppressions.csv``."""
    dice = random.Random(seed)
    path = folder / "suppressions.csv"
    _write(path, ("id", "level", *COLUMNS), Listed.drawn(dice, words, size).rows(dice))
    return path


def write_mailing(folder: Path, recipe: Recipe, processes: int) -> Path:
    """Write ``mailing.csv`` and ``truth.csv``."""
    starts = range(0, recipe.size.rows, CHUNK)
    folders = [folder / f"part-{start}" for start in starts]
    spawning = multiprocessing.get_context("spawn")
    with (
        spawning.Pool(processes, _prepare, (recipe,)) as pool,
        (folder / "mailing.csv").open("wb") as mailing,
        (folder / "truth.csv").open("wb") as truth,
    ):
        mailing.write(",".join(("id", *COLUMNS)).encode() + b"\n")
        truth.write(b"id,truth,kind\n")
        for part in pool.imap(_write_part, zip(starts, folders, strict=True)):
            for name, whole in (("mailing.csv", mailing), ("truth.csv", truth)):
                with (part / name).open("rb") as piece:
                    shutil.copyfileobj(piece, whole, 1 << 20)
            shutil.rmtree(part)
    return folder / "mailing.csv"


class _Ready:
    """What a process holds from its start."""

    recipe: Recipe
    words: Vocabulary
    listed: Listed


def _prepare(recipe: Recipe) -> None:
    _Ready.recipe, _Ready.words = recipe, vocabulary.nationwide(recipe.addresses)
    _Ready.listed = Listed.drawn(random.Random(recipe.seed), _Ready.words, recipe.size)


def _write_part(at: tuple[int, Path]) -> Path:
    start, folder = at
    folder.mkdir()
    whole = _Ready.recipe.size
    size = replace(whole, rows=min(CHUNK, whole.rows - start))
    rows = list(mailing_rows(random.Random(f"{_Ready.recipe.seed}/{start}"), _Ready.words, _Ready.listed, size, start))
    _write(folder / "mailing.csv", None, (row[:-2] for row in rows))
    _write(folder / "truth.csv", None, ((row[0], *row[-2:]) for row in rows))
    return folder


def _write(path: Path, header: Sequence[str] | None, rows: Iterable[Sequence[str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        if header is not None:
            writer.writerow(header)
        writer.writerows(rows)


if __name__ == "__main__":
    main()
