"""The recorded keys of a few hundred addresses of all kinds, one file for each version of the canonical form (G3).

Keys that change without a new version are the one mistake that nobody would notice: every entry on the list would be
found by nobody, and everybody cleared. So what a release makes of these addresses is recorded, and never changes.

    python -m tests.core.postal.golden_keys                records today's version, once
    python -m tests.core.postal.golden_keys --unreleased   records it anew, before any list was keyed in it
"""

from __future__ import annotations

import csv
import hashlib
import hmac
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

from prefcenter.core.channels import Level
from prefcenter.core.errors import BadAddress
from prefcenter.core.postal import standardise
from prefcenter.core.postal.address import PostalAddress
from prefcenter.core.postal.many import AddressKeys, keys_of_many

FOLDER = Path(__file__).parents[2] / "payloads" / "postal"
PEPPER = b"golden keys, and nobody's secret"
PARTS = tuple(field.name for field in fields(PostalAddress))


@dataclass(frozen=True, slots=True)
class Golden:
    """What an address was made into: its primary key, and all its keys of each sort, as one digest each.

    A level that an address cannot be stored at has an empty ``primary``.
    """

    level: Level
    address: PostalAddress
    primary: str
    stored: str
    probes: str
    blocks: str


def path_of(version: int) -> Path:
    """Where the keys of a version are recorded."""
    return FOLDER / f"golden_keys_{version}.csv"


def recorded(version: int) -> list[Golden]:
    """The addresses and what they were made into."""
    with path_of(version).open(newline="", encoding="utf-8") as lines:
        return [
            Golden(
                Level(row["level"]),
                PostalAddress(**{part: row[part] for part in PARTS}),
                *(row[name] for name in ("primary", "stored", "probes", "blocks")),
            )
            for row in csv.DictReader(lines)
        ]


def digest(keys: Iterable[str]) -> str:
    """One digest of some keys, whatever their order."""
    return hmac.new(PEPPER, "\n".join(sorted(keys)).encode(), hashlib.sha256).hexdigest()[:16]


def made_today(golden: Sequence[Golden]) -> list[Golden]:
    """The same addresses and what today's form makes of them."""
    levels = [each.level for each in golden]
    addresses = [each.address for each in golden]
    return [
        _refused(level, address) if isinstance(keys, BadAddress) else _golden(level, address, keys)
        for level, address, keys in zip(levels, addresses, keys_of_many(addresses, levels), strict=True)
    ]


def _golden(level: Level, address: PostalAddress, keys: AddressKeys) -> Golden:
    stored = [key.key for key in keys.stored]
    return Golden(level, address, digest(stored[:1]), digest(stored), digest(keys.probes), digest(keys.blocks))


def _refused(level: Level, address: PostalAddress) -> Golden:
    return Golden(level, address, "", "", "", "")


def record(golden: Sequence[Golden], version: int) -> None:
    """Write what addresses were made into as the keys of a version."""
    with path_of(version).open("w", newline="", encoding="utf-8") as out:
        table = csv.writer(out, lineterminator="\n")
        table.writerow(("level", *PARTS, "primary", "stored", "probes", "blocks"))
        for each in golden:
            parts = dict(each.address.items())
            row = (each.level.value, *parts.values(), each.primary, each.stored, each.probes, each.blocks)
            table.writerow(row)


def main(arguments: Sequence[str]) -> str:
    """Record the keys of today's version, of the addresses of the newest that was recorded; tells what was done."""
    version = standardise.STANDARD_VERSION
    path = path_of(version)
    if path.exists() and "--unreleased" not in arguments:
        return f"{path.name} is recorded. Raise STANDARD_VERSION, unless no list was ever keyed in this form."
    newest = max(number for number in range(1, version + 1) if path_of(number).exists())
    record(made_today(recorded(newest)), version)
    return f"{path.name} is written."


if __name__ == "__main__":
    sys.stdout.write(main(sys.argv[1:]) + "\n")
