"""A second generator, its words and errors written without a look at the matcher.

The frames are those of :mod:`.generator`: the list (``id, level``, address) and the rows (``id``, address, ``truth``,
``kind``). People err by the ear, the keyboard, the scanner and the width of a field.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import replace

from benchmarks.residents import Resident, line, somebody
from benchmarks.unseen_words import CALLED, KINDS, Words, surname

Errs = Callable[[random.Random, Words, Resident], Resident | None]
"""How a person is changed; None where it cannot be."""


def generate(
    words: Words, rows: int, suppressions: int, listed: float, seed: int
) -> tuple[list[list[str]], Iterator[list[str]]]:
    """The list, and the rows one by one; as many look-alikes as listed people."""
    dice = random.Random(f"unseen {seed}")
    people = [somebody(dice, words) for _ in range(suppressions)]
    table = [[str(number), "individual", *line(dice, person)] for number, person in enumerate(people)]
    return table, _rows(dice, words, people, rows, listed)


def _rows(dice: random.Random, words: Words, people: list[Resident], rows: int, listed: float) -> Iterator[list[str]]:
    for number in range(rows):
        draw, place = dice.random(), dice.randrange(len(people))
        if draw < 2 * listed:
            mix = ERRORS if draw < listed else OTHERS
            kind, person = _erring(dice, words, people[place], mix)
            yield [str(number), *line(dice, person), str(place) if mix is ERRORS else "", kind]
        else:
            yield [str(number), *line(dice, somebody(dice, words)), "", "stranger"]


def _erring(
    dice: random.Random, words: Words, person: Resident, mix: dict[str, tuple[float, Errs]]
) -> tuple[str, Resident]:
    while True:
        kind = dice.choices(list(mix), [weight for weight, _ in mix.values()])[0]
        if (changed := mix[kind][1](dice, words, person)) is not None:
            return kind, changed


def _key_beside(dice: random.Random, word: str) -> str:
    rows = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
    at = dice.randrange(1, len(word))
    row = next((row for row in rows if word[at].lower() in row), None)
    if row is None:
        return word
    place = row.index(word[at].lower())
    return word[:at] + row[place - 1 if place else 1] + word[at + 1 :]


def _exchanged(dice: random.Random, word: str) -> str:
    at = dice.randrange(1, len(word) - 1)
    return word[:at] + word[at + 1] + word[at] + word[at + 2 :]


def _lost(dice: random.Random, word: str) -> str:
    at = dice.randrange(1, len(word))
    return word[:at] + word[at + 1 :]


def _twice(dice: random.Random, word: str) -> str:
    at = dice.randrange(1, len(word))
    return word[:at] + word[at] + word[at:]


def _by_ear(dice: random.Random, word: str) -> str:
    pairs = (("ph", "f"), ("f", "ph"), ("ck", "k"), ("c", "k"), ("k", "c"), ("ie", "ei"), ("ei", "ie"), ("y", "ie"),
             ("ie", "y"), ("z", "s"), ("s", "z"), ("ll", "l"), ("tt", "t"), ("nn", "n"), ("ss", "s"), ("ee", "ea"),
             ("ai", "ay"), ("oo", "u"), ("gh", "g"), ("dt", "t"), ("mb", "m"), ("sch", "sh"), ("qu", "kw"))  # fmt: skip
    able = [(one, other) for one, other in pairs if one in word[1:].lower()]
    if not able:
        return word
    one, other = dice.choice(able)
    at = word.lower().index(one, 1)
    return word[:at] + other + word[at + len(one) :]


def _scanned(dice: random.Random, word: str) -> str:
    pairs = (("m", "rn"), ("rn", "m"), ("l", "1"), ("o", "0"), ("cl", "d"), ("d", "cl"), ("w", "vv"), ("h", "b"),
             ("e", "c"), ("i", "l"), ("u", "v"))  # fmt: skip
    able = [(one, other) for one, other in pairs if one in word[1:].lower()]
    if not able:
        return word
    one, other = dice.choice(able)
    at = word.lower().index(one, 1)
    return word[:at] + other + word[at + len(one) :]


_TYPING = (_key_beside, _exchanged, _lost, _twice)


def _misspelt(part: str, *ways: Callable[[random.Random, str], str]) -> Errs:
    def err(dice: random.Random, _words: Words, person: Resident) -> Resident | None:
        word = getattr(person, part)
        if len(word) < 4 or any(map(str.isdigit, word)) or (part == "street" and person.box):
            return None
        changed = dice.choice(ways)(dice, word)
        return None if changed.lower() == word.lower() else replace(person, **{part: changed})

    return err


def _cleared(part: str, empty: object = "") -> Errs:
    def err(_dice: random.Random, _words: Words, person: Resident) -> Resident | None:
        has = getattr(person, part) not in ("", ("", "")) and not person.box
        return replace(person, **{part: empty}) if has else None

    return err


def _as(part: str, change: Callable[[random.Random, Resident], str | None]) -> Errs:
    """Other words in place of a part."""

    def err(dice: random.Random, _words: Words, person: Resident) -> Resident | None:
        written = change(dice, person)
        return None if written is None else person.but(**{part: written})

    return err


def _by(change: Callable[[random.Random, Resident], Resident | None]) -> Errs:
    """What no words are needed for."""
    return lambda dice, _words, person: change(dice, person)


def _short(dice: random.Random, _words: Words, person: Resident) -> Resident | None:
    return replace(person, given=dice.choice(CALLED[person.given].split())) if person.given in CALLED else None


def _zip_beside(dice: random.Random, person: Resident) -> str:
    code = person.place.zip
    at = dice.randrange(1, 5)
    return code[:at] + dice.choice("0123456789".replace(code[at], "")) + code[at + 1 :]


def _zip_turned(dice: random.Random, person: Resident) -> str | None:
    code, at = person.place.zip, dice.randrange(1, 4)
    return None if code[at] == code[at + 1] else code[:at] + code[at + 1] + code[at] + code[at + 2 :]


def _no_nought(_dice: random.Random, person: Resident) -> str | None:
    return person.place.zip.lstrip("0") if person.place.zip.startswith("0") else None


def _city_beside(dice: random.Random, words: Words, person: Resident) -> Resident:
    return person.but(city=dice.choice(words.places).city)


def _city_typed(dice: random.Random, person: Resident) -> str | None:
    return dice.choice(_TYPING)(dice, person.place.city) if len(person.place.city) > 4 else None


def _two(names: tuple[Errs, ...], places: tuple[Errs, ...]) -> Errs:
    def err(dice: random.Random, words: Words, person: Resident) -> Resident | None:
        once = dice.choice(names)(dice, words, person)
        return dice.choice(places)(dice, words, once) if once is not None else None

    return err


def _hyphen(dice: random.Random, words: Words, person: Resident) -> Resident:
    if "-" in person.last:
        return replace(person, last=dice.choice((*person.last.split("-"), person.last.replace("-", " "))))
    return replace(person, last=f"{person.last}-{dice.choice(words.last)}")


def _joined(_dice: random.Random, person: Resident) -> Resident | None:
    return replace(person, last=person.last.replace(" ", "").replace("'", "")) if set(" '") & set(person.last) else None


def _spouse(dice: random.Random, words: Words, person: Resident) -> Resident:
    title = dice.choice(("Mr. & Mrs. {0} {2}", "{0} & {1} {2}", "{1} and {0} {2}", "{0} {2} & {1} {2}"))
    return person.but(name=title.format(person.given, dice.choice(words.given), person.last))


def _surname_first(_dice: random.Random, person: Resident) -> str:
    return f"{person.last}, {person.given} {person.initial}".strip()


def _titled(dice: random.Random, person: Resident) -> str:
    return f"{dice.choice(('Mrs.', 'Mr', 'Dr.', 'Rev', 'Prof.'))} {person.given} {person.last}"


def _or_resident(dice: random.Random, person: Resident) -> str:
    ending = dice.choice(("or Current Resident", "or Resident", "or Current Occupant"))
    return f"{person.given} {person.last} {ending}"


def _initial(_dice: random.Random, person: Resident) -> Resident:
    return replace(person, given=person.given[0], initial="")


def _cut(_dice: random.Random, person: Resident) -> Resident | None:
    return replace(person, last=person.last[:8]) if len(person.last) > 9 else None


def _other_kind(dice: random.Random, person: Resident) -> Resident | None:
    others = [kind for kind in KINDS if kind != person.kind]
    return replace(person, kind=dice.choice(others)) if person.kind and not person.box else None


def _lines_swapped(_dice: random.Random, person: Resident) -> Resident | None:
    return person.but(lines="swapped") if person.unit[1] and not person.box else None


_NAME = (
    _misspelt("given", *_TYPING), _misspelt("last", *_TYPING), _misspelt("last", _by_ear),
    _as("name", _surname_first), _short,
)  # fmt: skip
_PLACE = (
    _misspelt("street", *_TYPING), _cleared("kind"), _cleared("point"), _as("zip", _zip_beside),
    _as("zip", _zip_turned),
)  # fmt: skip

ERRORS: dict[str, tuple[float, Errs]] = {
    "style only": (12, _by(lambda _dice, person: person)),
    "last, first": (5, _as("name", _surname_first)),
    "title": (3, _as("name", _titled)),
    "typed wrong: given": (7, _misspelt("given", *_TYPING)),
    "typed wrong: last": (7, _misspelt("last", *_TYPING)),
    "typed wrong: street": (7, _misspelt("street", *_TYPING)),
    "by ear: given": (3, _misspelt("given", _by_ear)),
    "by ear: last": (4, _misspelt("last", _by_ear)),
    "by ear: street": (3, _misspelt("street", _by_ear)),
    "scanned: last": (3, _misspelt("last", _scanned)),
    "scanned: street": (2, _misspelt("street", _scanned)),
    "short name": (5, _short),
    "initial only": (4, _by(_initial)),
    "names swapped": (3, _as("name", lambda _dice, person: f"{person.last} {person.given}")),
    "hyphen": (3, _hyphen),
    "particle joined": (2, _by(_joined)),
    "couple": (4, _spouse),
    "or resident": (2, _as("name", _or_resident)),
    "last cut at 8": (1, _by(_cut)),
    "no kind": (4, _cleared("kind")),
    "other kind": (3, _by(_other_kind)),
    "no point": (3, _cleared("point")),
    "no unit": (3, _cleared("unit", ("", ""))),
    "lines swapped": (2, _by(_lines_swapped)),
    "ZIP wrong digit": (3, _as("zip", _zip_beside)),
    "ZIP turned": (2, _as("zip", _zip_turned)),
    "ZIP without nought": (1, _as("zip", _no_nought)),
    "no ZIP": (2, _as("zip", lambda _dice, _person: "")),
    "other city, same ZIP": (3, _city_beside),
    "city typed wrong": (2, _as("city", _city_typed)),
    "two errors": (10, _two(_NAME, _PLACE)),
}
"""What happens to a listed person: the class, its weight, the error."""


def _relative(dice: random.Random, words: Words, person: Resident) -> Resident:
    return replace(person, given=_another(dice, words, person), initial="", rank="")


def _another(dice: random.Random, words: Words, person: Resident) -> str:
    """Another given name, of another first letter."""
    return dice.choice([name for name in dice.sample(words.given, 8) if name[0] != person.given[0]] or ["Zelda"])


def _tenant(dice: random.Random, words: Words, person: Resident) -> Resident:
    return replace(_relative(dice, words, person), last=surname(dice, words))


def _father_or_son(_dice: random.Random, person: Resident) -> Resident | None:
    others = {"Jr": "Sr", "Sr": "Jr", "II": "III", "III": "II"}
    return replace(person, rank=others[person.rank]) if person.rank else None


def _another_unit(dice: random.Random, person: Resident) -> Resident | None:
    has = person.unit[1] and not person.box
    return replace(person, unit=(person.unit[0], f"{dice.randint(421, 999)}")) if has else None


def _turned_number(_dice: random.Random, person: Resident) -> Resident | None:
    turned = person.number[::-1]
    return None if turned == person.number or turned[0] == "0" or person.box else replace(person, number=turned)


def _next_door(dice: random.Random, words: Words, person: Resident) -> Resident | None:
    number = str(int(person.number) + dice.choice((2, 4, 10)))
    return None if person.box else replace(_tenant(dice, words, person), number=number)


def _across(dice: random.Random, words: Words, person: Resident) -> Resident | None:
    street = _other_kind(dice, person)
    return None if street is None else replace(_tenant(dice, words, street), unit=("", ""))


def _next_box(_dice: random.Random, person: Resident) -> Resident | None:
    return replace(person, box=str(int(person.box) + 1)) if person.box else None


def _namesake(dice: random.Random, words: Words, person: Resident) -> Resident:
    return replace(somebody(dice, words), given=person.given, last=person.last, initial=person.initial)


OTHERS: dict[str, tuple[float, Errs]] = {
    "relative": (25, _relative),
    "tenant": (20, _tenant),
    "father and son": (5, _by(_father_or_son)),
    "another unit": (12, _by(_another_unit)),
    "number turned": (8, _by(_turned_number)),
    "next door": (10, _next_door),
    "other kind, other person": (10, _across),
    "other box": (3, _by(_next_box)),
    "namesake": (7, _namesake),
}
"""Who only looks like a listed person: the kind, its weight, what differs."""
