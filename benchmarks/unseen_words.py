"""A second vocabulary that has nothing in common with :mod:`.vocabulary`, nor with the tables of the matcher's makers.

Names come from Faker's tables of other countries, without those of the first vocabulary; streets are named after
American counties and towns (PyPI ``zipcodes``), numbered, or roads of a county or state; places are ZIP Codes that the
first vocabulary does not have.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from importlib import import_module

from benchmarks import vocabulary

_GIVEN = ("en_GB", "en_IE", "en_NZ", "es_MX", "en_IN", "it_IT", "nl_NL", "en_KE")
_LAST = ("en_IE", "en_NZ", "es_MX", "en_IN", "it_IT", "nl_NL", "sv_SE", "de_DE", "en_KE")
_PARTICLES = ("O'", "Mc", "Mac", "De ", "De La ", "Van ", "Van Der ", "St. ", "Di ")
KINDS = {
    "Street": ("St", "St.", "Str"), "Avenue": ("Ave", "Ave.", "Av"), "Road": ("Rd", "Rd."), "Drive": ("Dr", "Drv"),
    "Lane": ("Ln", "Ln."), "Court": ("Ct", "Crt"), "Boulevard": ("Blvd", "Blvd.", "Boul"), "Circle": ("Cir", "Circ"),
    "Place": ("Pl", "Pl."), "Terrace": ("Ter", "Terr"), "Trail": ("Trl",), "Parkway": ("Pkwy", "Pky"),
    "Highway": ("Hwy", "Hiway"), "Square": ("Sq", "Sqr"), "Crossing": ("Xing",), "Heights": ("Hts", "Ht"),
    "Ridge": ("Rdg",), "Point": ("Pt",), "Run": (), "Loop": (), "Pike": (), "Alley": ("Aly",), "Cove": ("Cv",),
}  # fmt: skip
"""The kinds of streets and how they are cut short."""
POINTS = {
    "North": ("N", "N.", "No."), "South": ("S", "S.", "So."), "East": ("E", "E."), "West": ("W", "W."),
    "Northeast": ("NE", "N.E."), "Northwest": ("NW", "N.W."), "Southeast": ("SE", "S.E."), "Southwest": ("SW", "S.W."),
}  # fmt: skip
UNITS = {"Apartment": ("Apt", "Apt.", "#", "# "), "Suite": ("Ste", "Ste.", "#"), "Unit": ("#", "Unit")}
CALLED = {
    "Gearoid": "Gerry", "Siobhan": "Shiv", "Giuseppe": "Beppe", "Francisco": "Paco Pancho", "Jose": "Pepe",
    "Guadalupe": "Lupe", "Antonio": "Tonio Tony", "Roberto": "Beto", "Alberto": "Beto", "Ignacio": "Nacho",
    "Rosario": "Chayo", "Concepcion": "Concha", "Harriet": "Hattie", "Winifred": "Winnie", "Florence": "Flo Flossie",
    "Leonard": "Len Lenny", "Reginald": "Reg Reggie", "Archibald": "Archie", "Alastair": "Al", "Desmond": "Des",
    "Josephine": "Jo Josie", "Eleanor": "Nell Ellie", "Georgina": "Georgie", "Imogen": "Immy", "Geoffrey": "Geoff",
    "Lawrence": "Laurie Larry", "Gwendolyn": "Gwen", "Rosalind": "Roz", "Wilfred": "Wilf", "Clifford": "Cliff",
    "Millicent": "Millie", "Augustus": "Gus", "Bartholomew": "Bart", "Cornelius": "Neil Con", "Dominic": "Dom",
    "Fredrick": "Fred", "Frederick": "Fred Freddie", "Gabriella": "Gabby", "Isabelle": "Izzy Belle",
    "Alexandria": "Alex Lexi", "Maximilian": "Max", "Nathaniel": "Nate Nat", "Rodrick": "Rod", "Salvatore": "Sal",
    "Valentina": "Val", "Vincenzo": "Vinny", "Philippa": "Pippa", "Matilda": "Tilly", "Humphrey": "Humph",
}  # fmt: skip
"""Short names, written down from memory for this purpose."""


@dataclass(frozen=True, slots=True)
class Words:
    """What the second generator draws from."""

    given: list[str]
    last: list[str]
    streets: list[str]
    places: list[vocabulary.Place]


def load() -> Words:
    """Gather the words; the same every time."""
    import zipcodes

    first = vocabulary.load()
    used = {*first.women[0], *first.men[0]}
    rows = [row for row in zipcodes.list_all() if row["zip_code_type"] == "STANDARD" and row["active"]]
    known = {place.zip for place in first.places}
    places = [vocabulary.Place(row["city"], row["state"], row["zip_code"]) for row in rows]
    named = {row["county"].removesuffix(" County") for row in rows} | {row["city"] for row in rows[::7]}
    return Words(
        sorted(_names("first_names", _GIVEN) - used | set(CALLED)),
        sorted(_names("last_names", _LAST) - {*first.last[0]}),
        sorted(name for name in named - set(first.streets) if name.replace(" ", "").isalpha() and name.count(" ") < 2),
        [place for place in places if place.zip not in known],
    )


def _names(kind: str, locales: tuple[str, ...]) -> set[str]:
    found: set[str] = set()
    for locale in locales:
        provider = import_module(f"faker.providers.person.{locale}").Provider
        for name in (kind, f"{kind}_male", f"{kind}_female"):
            found |= {word for word in getattr(provider, name, ()) if word.isascii() and word.isalpha()}
    return {name for name in found if len(name) > 2}


def surname(dice: random.Random, words: Words) -> str:
    """A surname, now and then with a particle or of two."""
    draw, name = dice.random(), dice.choice(words.last)
    if draw < 0.04:
        return dice.choice(_PARTICLES) + name
    return f"{name}-{dice.choice(words.last)}" if draw < 0.06 else name
