"""People of the second generator (:mod:`.unseen`), and the many ways in which a vendor may write them down."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace

from benchmarks.unseen_words import KINDS, POINTS, UNITS, Words, surname
from benchmarks.vocabulary import Place


@dataclass(frozen=True, slots=True)
class Resident:
    """Somebody at an address.

    ``written`` is what stands instead of a part: ``name``, ``zip``, ``city``; and ``lines``, if they are swapped.
    """

    given: str
    last: str
    number: str
    street: str
    kind: str
    place: Place
    initial: str = ""
    rank: str = ""
    point: str = ""
    unit: tuple[str, str] = ("", "")
    box: str = ""
    written: dict[str, str] = field(default_factory=dict)

    def but(self, **written: str) -> Resident:
        """The same person with other words in place of a part."""
        return replace(self, written=self.written | written)


def somebody(dice: random.Random, words: Words) -> Resident:
    """Anybody anywhere."""
    draw = dice.random()
    kind, street = dice.choice(list(KINDS)), dice.choice(words.streets)
    if draw < 0.12:
        street = _ordinal(dice.randint(1, 130))
    elif draw < 0.18:
        kind, street = "", dice.choice(("County Road", "State Route", "US Highway", "State Highway", "FM"))
        street += f" {dice.randint(2, 990)}"
    elif draw < 0.20:
        kind, street = "", f"Avenue {dice.choice('ABCDEFGHJKLMNP')}"
    return Resident(
        given=dice.choice(words.given),
        last=surname(dice, words),
        number=str(dice.choice((dice.randint(1, 99), dice.randint(100, 999), dice.randint(1000, 22000)))),
        street=street,
        kind=kind,
        place=dice.choice(words.places),
        initial=dice.choice("ABCDEFGHIJKLMNOPRSTVW") if dice.random() < 0.25 else "",
        rank=dice.choice(("Jr", "Sr", "II", "III")) if dice.random() < 0.02 else "",
        point=dice.choice(list(POINTS)) if kind and dice.random() < 0.3 else "",
        unit=_unit(dice) if dice.random() < 0.22 else ("", ""),
        box=str(dice.randint(1, 9999)) if dice.random() < 0.06 else "",
    )


def _ordinal(number: int) -> str:
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def _unit(dice: random.Random) -> tuple[str, str]:
    figure = str(dice.randint(1, 420))
    return dice.choice(list(UNITS)), dice.choice((figure, f"{figure}{dice.choice('ABCD')}", dice.choice("ABCDEFGH")))


def line(dice: random.Random, person: Resident) -> list[str]:
    """How some vendor writes the person: six cells, nothing misspelt that is not so already."""
    short = dice.random() < 0.65
    street, unit = _street_line(dice, person, short), "" if person.box else _unit_line(dice, person, short)
    if unit and dice.random() < 0.55:
        street, unit = f"{street}{dice.choice((' ', ', '))}{unit}", ""
    code = person.written.get("zip", person.place.zip)
    if len(code) == 5 and dice.random() < 0.15:
        code = f"{code}{dice.choice(('-', ''))}{dice.randint(1, 9999):04}"
    city = person.written.get("city", person.place.city)
    row = [_name(dice, person), street, unit, city, person.place.state, code]
    if person.written.get("lines") == "swapped" and unit:
        row[1], row[2] = unit, street
    draw = dice.random()
    return [cell.upper() for cell in row] if draw < 0.35 else [cell.lower() for cell in row] if draw < 0.4 else row


def _street_line(dice: random.Random, person: Resident, short: bool) -> str:
    if person.box:
        return f"{dice.choice(('PO Box', 'P.O. Box', 'P O Box', 'POB', 'Post Office Box'))} {person.box}"
    kind = dice.choice(KINDS[person.kind] or (person.kind,)) if short and person.kind else person.kind
    point = dice.choice(POINTS[person.point]) if short and person.point else person.point
    return " ".join(part for part in (person.number, point, _street(dice, person.street), kind) if part)


def _street(dice: random.Random, name: str) -> str:
    """Numbered streets as figures or words, numbered roads in full or short."""
    if name[0].isdigit() and int(name[:-2]) in _ORDINALS and dice.random() < 0.4:
        return _ORDINALS[int(name[:-2])]
    for whole, short in _ROADS.items():
        if name.startswith(whole) and dice.random() < 0.5:
            return name.replace(whole, short)
    return name


_ROADS = {"County Road": "CR", "State Route": "SR", "US Highway": "US Hwy", "State Highway": "State Hwy"}
_ORDINALS = dict(
    enumerate("First Second Third Fourth Fifth Sixth Seventh Eighth Ninth Tenth Eleventh Twelfth".split(), 1)
)


def _unit_line(dice: random.Random, person: Resident, short: bool) -> str:
    kind, figure = person.unit
    if not figure:
        return ""
    written = dice.choice(UNITS[kind]) if short else kind
    return f"{written}{'' if written.endswith(('#', ' ')) else ' '}{figure}"


def _name(dice: random.Random, person: Resident) -> str:
    if "name" in person.written:
        return person.written["name"]
    middle = f"{person.initial}{dice.choice(('', '.'))}" if person.initial else ""
    stop = dice.choice(("", ".")) if person.rank in {"Jr", "Sr"} else ""
    rank = f"{dice.choice((' ', ', '))}{person.rank}{stop}" if person.rank else ""
    return " ".join(part for part in (person.given, middle, person.last) if part) + rank
