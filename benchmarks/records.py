"""People at addresses, and how one of them gets written down."""

from __future__ import annotations

import random
from dataclasses import dataclass

from benchmarks.vocabulary import DIRECTIONS, SUFFIXES, Place, Vocabulary

COLUMNS = ("name", "address1", "address2", "city", "state", "zip")


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody at an address, by what is true."""

    first: str
    last: str
    number: str
    street: str
    suffix: str
    place: Place
    middle: str = ""
    generation: str = ""
    direction: str = ""
    unit: str = ""
    line: str = ""
    """A name or a whole second person that is written instead of the name."""
    surname_first: str = ""
    """What parts the surname from the first name where it comes first."""


def somebody(dice: random.Random, words: Vocabulary) -> Person:
    """Anybody anywhere."""
    return Person(
        first=words.first(dice),
        last=_surname(dice, words),
        number=str(int(10 ** dice.uniform(0.5, 4.2))),
        street=dice.choice(words.streets),
        suffix=dice.choice(_SUFFIXES),
        place=words.place(dice),
        middle=dice.choice("ABCDEFGHJKLMNPRSTW") if dice.random() < 0.2 else "",
        generation=dice.choice(("Jr", "Sr", "III")) if dice.random() < 0.02 else "",
        direction=dice.choice(_DIRECTIONS) if dice.random() < 0.3 else "",
        unit=str(dice.randint(1, 60)) if dice.random() < 0.25 else "",
    )


def _surname(dice: random.Random, words: Vocabulary) -> str:
    name = words.surname(dice)
    return f"{name}-{words.surname(dice)}" if dice.random() < 0.02 else name


_SUFFIXES = list(SUFFIXES)
_DIRECTIONS = list(DIRECTIONS)


def written(dice: random.Random, person: Person) -> list[str]:
    """The person as a list vendor might write her: the values of :data:`COLUMNS`, styles mixed, nothing misspelt."""
    short = dice.random() < 0.6
    suffix = SUFFIXES.get(person.suffix, person.suffix) if short else person.suffix
    direction = DIRECTIONS.get(person.direction, person.direction) if short else person.direction
    street = " ".join(part for part in (person.number, direction, person.street, suffix) if part)
    unit = f"{dice.choice(('Apt', 'Apartment', '#', 'Unit', 'Apt.'))} {person.unit}" if person.unit else ""
    if unit and dice.random() < 0.5:
        street, unit = f"{street} {unit}", ""
    row = [_name(person), street, unit, person.place.city, person.place.state, person.place.zip]
    return [cell.upper() for cell in row] if dice.random() < 0.3 else row


def _name(person: Person) -> str:
    if person.line:
        return person.line
    given = " ".join(part for part in (person.first, person.middle) if part)
    if person.surname_first:
        return f"{person.last}{person.surname_first}{given}" + (f" {person.generation}" if person.generation else "")
    return " ".join(part for part in (given, person.last, person.generation) if part)


def slip(dice: random.Random, word: str) -> str:
    """The word with one slip of the finger: a letter swapped, dropped, doubled or replaced, never the first one."""
    if len(word) < 4:
        return word
    place = dice.randrange(1, len(word) - 1)
    kind = dice.randrange(4)
    if kind == 0 and word[place] != word[place + 1]:
        return word[:place] + word[place + 1] + word[place] + word[place + 2 :]
    if kind == 1:
        return word[:place] + word[place + 1 :]
    if kind == 2:
        return word[:place] + word[place] + word[place:]
    return word[:place] + dice.choice("aeiourstln".replace(word[place].lower(), "")) + word[place + 1 :]
