"""People on a list, the rows of a mailing file, and the truth: who is listed, respelt how, and who only looks like it.

A row is ``id``, the columns of :data:`.records.COLUMNS`, ``truth``: the suppression that must take the row out, or
empty, and ``kind``: the error class, or the kind of person who must be kept. The mix of errors is :data:`ERRORS`, that
of look-alikes :data:`OTHERS`. :mod:`.mailing_files` writes whole files.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from benchmarks.records import Person, slip, somebody, written
from benchmarks.vocabulary import DIRECTIONS, SUFFIXES, Vocabulary

Change = Callable[[random.Random, Vocabulary, Person], Person | None]
"""How a record is changed; None where it cannot be (no middle name to drop, no unit to lose)."""


@dataclass(frozen=True, slots=True)
class Size:
    """How much to make: the shares are those of the file's rows."""

    rows: int
    suppressions: int
    listed: float = 0.05
    lookalikes: float = 0.10
    blockmates: float = 0.0
    """The share of strangers who live in the ZIP Code of somebody listed, at the same number of another street."""
    households: float = 0.10
    """The share of the suppressions that cover a household."""


Made = tuple[list[list[str]], Iterator[list[str]]]
"""A list, and the rows of a mailing file one by one."""


def generate(words: Vocabulary, size: Size, seed: int) -> Made:
    """The list, and the rows of the mailing file one by one; the same for the same seed."""
    dice = random.Random(seed)
    listed = Listed.drawn(dice, words, size)
    return listed.rows(dice), mailing_rows(dice, words, listed, size)


@dataclass(frozen=True, slots=True)
class Listed:
    """The people who opted out, and at which level each."""

    people: list[Person]
    levels: list[str]

    @classmethod
    def drawn(cls, dice: random.Random, words: Vocabulary, size: Size) -> Listed:
        """So many people of anywhere."""
        people = [somebody(dice, words) for _ in range(size.suppressions)]
        return cls(people, ["household" if dice.random() < size.households else "individual" for _ in people])

    def rows(self, dice: random.Random) -> list[list[str]]:
        """The list as a table: ``id``, ``level`` and the columns of an address."""
        pairs = enumerate(zip(self.people, self.levels, strict=True))
        return [[str(number), level, *written(dice, person)] for number, (person, level) in pairs]


def mailing_rows(
    dice: random.Random, words: Vocabulary, listed: Listed, size: Size, first: int = 0
) -> Iterator[list[str]]:
    """The rows of a mailing file, numbered from ``first``."""
    for number in range(first, first + size.rows):
        draw = dice.random()
        place = dice.randrange(len(listed.people))
        person, is_household = listed.people[place], listed.levels[place] == "household"
        if draw < size.listed:
            kind, row = _changed(dice, words, person, HOUSEHOLD if is_household else ERRORS)
            yield [str(number), *row, str(place), kind]
        elif draw < size.listed + size.lookalikes:
            kind, row = _changed(dice, words, person, OUTSIDE if is_household else OTHERS)
            yield [str(number), *row, "", kind]
        elif draw < size.listed + size.lookalikes + size.blockmates:
            stranger = replace(somebody(dice, words), number=person.number, place=person.place)
            yield [str(number), *written(dice, stranger), "", "same number and ZIP"]
        else:
            yield [str(number), *written(dice, somebody(dice, words)), "", "stranger"]


def _changed(
    dice: random.Random, words: Vocabulary, person: Person, mix: dict[str, tuple[float, Change]]
) -> tuple[str, list[str]]:
    """A kind drawn from the mix, and the person changed that way and written down."""
    kinds, weights = list(mix), [weight for weight, _ in mix.values()]
    while True:
        kind = dice.choices(kinds, weights)[0]
        changed = mix[kind][1](dice, words, person)
        if changed is not None:
            return kind, written(dice, changed)


def _same(_dice: random.Random, _words: Vocabulary, person: Person) -> Person:
    return person


def _without(part: str) -> Change:
    def change(_dice: random.Random, _words: Vocabulary, person: Person) -> Person | None:
        return replace(person, **{part: ""}) if getattr(person, part) else None

    return change


def _slipped(part: str) -> Change:
    def change(dice: random.Random, _words: Vocabulary, person: Person) -> Person | None:
        word = slip(dice, getattr(person, part))
        return replace(person, **{part: word}) if word != getattr(person, part) else None

    return change


def _slip_in_street(dice: random.Random, words: Vocabulary, person: Person) -> Person | None:
    """A numbered street with another figure is another street."""
    return None if any(map(str.isdigit, person.street)) else _slipped("street")(dice, words, person)


def _other_suffix(dice: random.Random, _words: Vocabulary, person: Person) -> Person:
    return replace(person, suffix=dice.choice([name for name in SUFFIXES if name != person.suffix]))


def _other_direction(dice: random.Random, _words: Vocabulary, person: Person) -> Person | None:
    others = [name for name in DIRECTIONS if name != person.direction]
    return replace(person, direction=dice.choice(others)) if person.direction else None


def _nickname(dice: random.Random, words: Vocabulary, person: Person) -> Person | None:
    short = words.nicknames.get(person.first)
    return replace(person, first=dice.choice(short)) if short else None


def _initial(_dice: random.Random, _words: Vocabulary, person: Person) -> Person:
    return replace(person, first=person.first[0], middle="")


def _swapped(_dice: random.Random, _words: Vocabulary, person: Person) -> Person:
    return replace(person, first=person.last, last=person.first, middle="")


def _surname_first(dice: random.Random, _words: Vocabulary, person: Person) -> Person:
    return replace(person, surname_first=", ", line="") if dice.random() < 0.8 else replace(person, surname_first=",")


def _more_middle(dice: random.Random, _words: Vocabulary, person: Person) -> Person | None:
    return None if person.middle else replace(person, middle=dice.choice("ABCDEFGHJKLMR"))


def _zip(change: Callable[[random.Random, str], str]) -> Change:
    def changed(dice: random.Random, _words: Vocabulary, person: Person) -> Person | None:
        code = change(dice, person.place.zip)
        return None if code == person.place.zip else replace(person, place=replace(person.place, zip=code))

    return changed


def _transposed(dice: random.Random, code: str) -> str:
    at = dice.randrange(4)
    return code[:at] + code[at + 1] + code[at] + code[at + 2 :]


def _digit(dice: random.Random, code: str) -> str:
    at = dice.randrange(5)
    return code[:at] + dice.choice("0123456789") + code[at + 1 :]


def _city(dice: random.Random, _words: Vocabulary, person: Person) -> Person:
    return replace(person, place=replace(person.place, city=slip(dice, person.place.city)))


def _half_hyphen(dice: random.Random, _words: Vocabulary, person: Person) -> Person | None:
    return replace(person, last=dice.choice(person.last.split("-"))) if "-" in person.last else None


def _doubled(dice: random.Random, words: Vocabulary, person: Person) -> Person | None:
    return None if "-" in person.last else replace(person, last=f"{person.last}-{words.surname(dice)}")


def _couple(dice: random.Random, words: Vocabulary, person: Person) -> Person:
    other = words.first(dice)
    one, two = (person.first, other) if dice.random() < 0.5 else (other, person.first)
    return replace(person, line=f"{one} {dice.choice(('&', 'and'))} {two} {person.last}")


def _titled(dice: random.Random, _words: Vocabulary, person: Person) -> Person:
    return replace(person, first=f"{dice.choice(('Mr.', 'Ms', 'Dr.'))} {person.first}")


def _or_resident(_dice: random.Random, _words: Vocabulary, person: Person) -> Person:
    return replace(person, line=f"{person.first} {person.last} or Current Resident")


def _occupant(_dice: random.Random, _words: Vocabulary, person: Person) -> Person:
    return replace(person, line="Current Resident")


def _several(dice: random.Random, words: Vocabulary, person: Person) -> Person | None:
    """Two slips at once, one in the name and one in the address."""
    name = dice.choice((_slipped("first"), _slipped("last"), _nickname, _surname_first, _more_middle))
    place = dice.choice((_without("suffix"), _without("direction"), _slip_in_street, _zip(_transposed), _zip(_digit)))
    changed = name(dice, words, person)
    return place(dice, words, changed) if changed is not None else None


ERRORS: dict[str, tuple[float, Change]] = {
    "style only": (14, _same),
    "title": (3, _titled),
    "surname first": (6, _surname_first),
    "middle dropped": (4, _without("middle")),
    "middle added": (5, _more_middle),
    "nickname": (8, _nickname),
    "initial": (5, _initial),
    "swapped": (4, _swapped),
    "slip in first": (8, _slipped("first")),
    "slip in last": (8, _slipped("last")),
    "hyphen halved": (1.5, _half_hyphen),
    "hyphen added": (1.5, _doubled),
    "couple": (4, _couple),
    "or resident": (2, _or_resident),
    "generation lost": (1, _without("generation")),
    "slip in street": (7, _slip_in_street),
    "no suffix": (5, _without("suffix")),
    "no direction": (4, _without("direction")),
    "other suffix": (3, _other_suffix),
    "other direction": (2, _other_direction),
    "no unit": (4, _without("unit")),
    "ZIP transposed": (3, _zip(_transposed)),
    "ZIP digit": (3, _zip(_digit)),
    "no ZIP": (2, _zip(lambda _dice, _code: "")),
    "slip in city": (2, _city),
    "two slips": (10, _several),
}
"""What happens to a listed person on the way into a file: the class, its weight, the change."""


def _relative(dice: random.Random, words: Vocabulary, person: Person) -> Person:
    return replace(person, first=_another(dice, words, person), middle="", generation="")


def _another(dice: random.Random, words: Vocabulary, person: Person) -> str:
    """Another given name, of another letter, which no nickname joins to the person's."""
    while True:
        name = words.first(dice)
        related = name in words.nicknames.get(person.first, ()) or person.first in words.nicknames.get(name, ())
        if name[0] != person.first[0] and not related:
            return name


def _sibling(dice: random.Random, words: Vocabulary, person: Person) -> Person | None:
    names = words.siblings.get(person.first)
    return replace(person, first=dice.choice(names), middle="", generation="") if names else None


def _son(_dice: random.Random, _words: Vocabulary, person: Person) -> Person | None:
    other = {"Jr": "Sr", "Sr": "Jr", "III": "Jr"}.get(person.generation)
    return replace(person, generation=other) if other else None


def _next_unit(dice: random.Random, _words: Vocabulary, person: Person) -> Person | None:
    other = str(int(person.unit) + dice.randint(1, 9)) if person.unit else ""
    return replace(person, unit=other) if other else None


def _other_at(dice: random.Random, words: Vocabulary, person: Person) -> Person:
    """A tenant before or after."""
    other = somebody(dice, words)
    return replace(person, first=_another(dice, words, person), middle=other.middle, last=other.last, generation="")


def _next_door(dice: random.Random, _words: Vocabulary, person: Person) -> Person:
    return replace(person, number=str(int(person.number) + dice.choice((1, 2, 10, 100))))


def _across(dice: random.Random, words: Vocabulary, person: Person) -> Person:
    """Another person at the same number of a look-alike street."""
    other = _other_suffix(dice, words, _other_at(dice, words, person))
    return replace(other, unit="")


def _cousin(dice: random.Random, words: Vocabulary, person: Person) -> Person:
    """Somebody of the same surname at the same number of a look-alike street."""
    return replace(_across(dice, words, person), last=person.last)


def _namesake(dice: random.Random, words: Vocabulary, person: Person) -> Person:
    """The same name in another town."""
    far = somebody(dice, words)
    return replace(far, first=person.first, last=person.last)


OTHERS: dict[str, tuple[float, Change]] = {
    "relative": (22, _relative),
    "sibling": (14, _sibling),
    "Jr and Sr": (4, _son),
    "another unit": (10, _next_unit),
    "other tenant": (16, _other_at),
    "next door": (12, _next_door),
    "look-alike street": (10, _across),
    "cousin there": (6, _cousin),
    "namesake": (6, _namesake),
}
"""Who only looks like a listed person: the kind, its weight, the change."""


def _member(dice: random.Random, words: Vocabulary, person: Person) -> Person:
    return _relative(dice, words, person) if dice.random() < 0.5 else _other_at(dice, words, person)


HOUSEHOLD: dict[str, tuple[float, Change]] = {
    "household member": (6, _member),
    "household itself": (3, _same),
    "household occupant": (1, _occupant),
}
"""Who falls to a household's opt-out."""

OUTSIDE: dict[str, tuple[float, Change]] = {
    "household's neighbour": (3, lambda dice, words, person: _next_door(dice, words, _other_at(dice, words, person))),
    "household's next unit": (2, lambda dice, words, person: _next_unit(dice, words, _other_at(dice, words, person))),
    "household across": (
        2,
        lambda dice, words, person: replace(_across(dice, words, person), direction=person.direction),
    ),
}
"""Who lives near a household that opted out, and is not of it."""
