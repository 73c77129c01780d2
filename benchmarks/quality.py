"""How well people are found and told apart: ``make quality``.

    python -m benchmarks.quality [--only own,unseen,febrl,addresses,labelled,mails] [--data FOLDER]

prints recall, precision and F1 on two generators (one whose words and errors have nothing in common with those that the
rules were made with), FEBRL 1 to 3 beside Splink, real addresses written in two ways, labelled addresses, and mails.
docs/quality.md tells what each figure says and what it does not. Labelled and further real addresses are read from a
folder (``--data``, or ``PREFCENTER_BENCH_DATA``) and left out where there is none.
"""

from __future__ import annotations

import argparse
import os
import resource
from collections.abc import Callable
from pathlib import Path

import polars as pl

from benchmarks import generated, generator, labelled, mails, renderings, unseen, unseen_words, vocabulary


def main() -> None:
    """Run the parts asked for, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default=",".join(PARTS), help="parts, with commas between")
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--suppressions", type=int, default=40_000)
    parser.add_argument("--listed", type=float, default=0.1)
    parser.add_argument("--seeds", default="101,102,103", help="1 to 99 were used while the rules were made")
    parser.add_argument("--data", type=Path, default=os.environ.get("PREFCENTER_BENCH_DATA"), help="a folder")
    parser.add_argument("--addresses", type=Path, help="JSON or JSONL of more real addresses for the generator")
    parser.add_argument("--show", type=int, default=0, help="print so many missed and wrongly removed rows of a class")
    given = parser.parse_args()
    for part in given.only.split(","):
        print(f"\n== {part}: {TITLES[part]}")
        PARTS[part](given)
    print(f"\npeak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MB")


def _own(given: argparse.Namespace) -> None:
    words = vocabulary.load(given.addresses)
    size = generator.Size(given.rows, given.suppressions, given.listed)
    _generated(given, lambda seed: generator.generate(words, size, seed))


def _unseen(given: argparse.Namespace) -> None:
    words = unseen_words.load()
    _generated(given, lambda seed: unseen.generate(words, given.rows, given.suppressions, given.listed, seed))


def _generated(given: argparse.Namespace, generate: Callable[[int], generator.Made]) -> None:
    seeds = [int(seed) for seed in given.seeds.split(",")]
    truth = pl.concat([generated.judged(f"seed {seed}", *generate(seed), given.show) for seed in seeds])
    generated.print_classes(truth)
    for way in ("keys", "fuzzy"):
        generated.print_total(way, truth)


def _febrl(_given: argparse.Namespace) -> None:
    # Only here, since the sets lie in a package of their own.
    from benchmarks import febrl

    febrl.main()


def _relatives(given: argparse.Namespace) -> None:
    try:
        from benchmarks import splink_relatives
    except ImportError:
        print("left out: Splink is not installed (pip install splink)")
        return
    size = generator.Size(given.rows // 5, given.suppressions // 2, 2 * given.listed)
    words = vocabulary.load(given.addresses)
    splink_relatives.compare(*generator.generate(words, size, int(given.seeds.split(",")[0])))


def _addresses(given: argparse.Namespace) -> None:
    addresses = renderings.real_addresses(given.data)
    for title, most in (("ordinals up to the twentieth in words", 20), ("all ordinals in words", 99)):
        told = renderings.invariance(addresses, seed=int(given.seeds.split(",")[0]), ordinals=most)
        print(f"{told.pairs:,} addresses, {title}: one form {told.form:.4f}, keys meet {told.meet:.4f}")
        for missed in told.missed[: given.show]:
            print("   ", " | ".join(missed))


def _labelled(given: argparse.Namespace) -> None:
    if given.data is None:
        print("left out: no folder with labelled addresses (--data, PREFCENTER_BENCH_DATA)")
        return
    print(f"{'agree':<44}" + "".join(f"{part:>16}" for part in labelled.PARTS))
    for name in labelled.SETS:
        if not (given.data / name).exists():
            continue
        told = labelled.agreement(labelled.read(given.data / name))
        cells = [f"{1 - len(wrong) / count:.4f} of {count:,}" if count else "-" for count, wrong in told.values()]
        print(f"{name:<44}" + "".join(f"{cell:>16}" for cell in cells))
        for part, (_, wrong) in told.items():
            for line, label, found in wrong[: given.show]:
                print(f"    {part}: {line} | {label} | {found}")


def _mails(_given: argparse.Namespace) -> None:
    told = mails.read_all()
    print(
        f"{told.mails} mails, {told.right} read wholly right; certain {told.certain}, should be {told.expected_certain}"
    )
    print("certain and yet wrong:", ", ".join(told.certain_and_wrong) or "none")
    for name, count in told.fields.items():
        print(f"  {name:<10}{told.fields_right[name]:>5} of {count}")


PARTS: dict[str, Callable[[argparse.Namespace], None]] = {
    "own": _own, "unseen": _unseen, "febrl": _febrl, "relatives": _relatives, "addresses": _addresses,
    "labelled": _labelled, "mails": _mails,
}  # fmt: skip
TITLES = {
    "own": "the generator that the rules were made with, seeds not used then",
    "unseen": "a second generator, words and errors written without a look at the matcher",
    "febrl": "FEBRL 1 to 3, pairs of one house number, beside Splink",
    "relatives": "the same Splink where people have relatives: the first generator's pairs of one number and ZIP Code",
    "addresses": "real addresses written in two legitimate ways",
    "labelled": "labelled addresses (usaddress), read alike",
    "mails": "the mails of the tests",
}


if __name__ == "__main__":
    main()
