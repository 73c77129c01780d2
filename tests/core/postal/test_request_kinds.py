"""Odd kinds of mails that ask for no more post: who is meant, and where (P2, P10, P15)."""

from __future__ import annotations

import pytest

from prefcenter.core.channels import Level
from prefcenter.core.mail import Mail
from prefcenter.core.postal.request import Reading, read_request

HOLLOW = "27 Birch Hollow Rd"
FIVE = ("address1", "city", "state", "zip")


def read(text: str) -> Reading:
    return read_request(Mail(subject="NO SNAIL MAIL", text=text, from_name="", from_address="x@example.com"))


def told(reading: Reading) -> list[tuple[str, ...]]:
    return [(one.name, *(getattr(one, field) for field in FIVE)) for one in reading.requests]


@pytest.mark.parametrize(
    ("text", "name", "line"),
    [
        # A name that begins as a month does, before a house number, is no date.
        ("Denise Marchetti 27 Birch Hollow Rd Unit 4 Shelton CT 06484", "Denise Marchetti", f"{HOLLOW} Unit 4"),
        ("Lou Mayfield 27 Birch Hollow Rd Shelton CT 06484", "Lou Mayfield", HOLLOW),
        ("Carol May 27 Birch Hollow Rd Shelton CT 06484", "Carol May", HOLLOW),
        ("On May 27 I wrote already. Carol May, 27 Birch Hollow Rd, Shelton, CT 06484", "Carol May", HOLLOW),
        # What parts the lines of an address.
        ("REMOVE: PAT O'DOWD / 27 Birch Hollow Rd / Shelton CT 06484", "PAT O'DOWD", HOLLOW),
        ("Pat Odowd · 27 Birch Hollow Rd · Shelton CT 06484", "Pat Odowd", HOLLOW),
        ("1. Name: Ned Foster\n2. Address: 27 Birch Hollow Rd\n3. City: Shelton\n4. State: CT\n5. Zip: 06484",
         "Ned Foster", HOLLOW),
        ("Nombre: Ana Prado\nDomicilio: 27 Birch Hollow Rd\nCiudad y estado: Shelton, CT\nCódigo: 06484",
         "Ana Prado", HOLLOW),
    ],
)  # fmt: skip
def test_a_request_is_certain_however_its_lines_are_parted(text: str, name: str, line: str) -> None:
    """P2."""
    reading = read(text)
    assert told(reading) == [(name, line, "Shelton", "CT", "06484")]
    assert reading.certain, reading.doubts


@pytest.mark.parametrize("words", ["Take both of us off", "We both want out", "Remove the two of us"])
def test_two_of_us_are_the_two_that_are_named(words: str) -> None:
    """P2: nobody else is meant; where one name is missing, a person looks."""
    reading = read(f"{words}:\n\nHana Okonkwo\nDes Okonkwo\n4 Larkspur Ct\nBoise, ID 83704")
    assert [name for name, *_ in told(reading)] == ["Hana Okonkwo", "Des Okonkwo"]
    assert reading.certain, reading.doubts
    assert not read(f"{words}:\n\nHana Okonkwo\n4 Larkspur Ct\nBoise, ID 83704").certain


@pytest.mark.parametrize(
    "text",
    [
        "My father, Walter Brandt, passed away in March. He lived at {}. Karin Brandt",
        "Walter Brandt has recently died. His mail still comes to {}. Thank you,\nKarin Brandt",
        "Please remove my late husband Walter Brandt, {}.\nThanks, Karin Brandt",
        "My brother Walter Brandt, who died last year, had his mail sent to {}.\n\nKarin Brandt",
    ],
)
def test_a_death_is_told_of_the_dead(text: str) -> None:
    """P10: not of whoever writes; and a person looks at it."""
    reading = read(text.format("64 Harbor St, Gloucester, MA 01930"))
    assert told(reading) == [("Walter Brandt", "64 Harbor St", "Gloucester", "MA", "01930")]
    assert not reading.certain


def test_a_family_signs_for_its_household() -> None:
    """P15, P9: its surname tells who is a member where the address is misspelt."""
    reading = read(
        "Nobody in our household wants any. We live at 7 Juniper St, Bend, OR 97701.\n\nThe Castellanos Family"
    )
    assert told(reading) == [("The Castellanos Family", "7 Juniper St", "Bend", "OR", "97701")]
    assert reading.requests[0].level is Level.HOUSEHOLD
    assert reading.certain, reading.doubts


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("31 Tamarack Trl, Bismarck, ND 58503 (Inga Vossler)", ["Inga Vossler"]),
        ("Mail keeps coming for Felix Braun at our house. It is 31 Tamarack Trl, Bismarck, ND 58503.", ["Felix Braun"]),
        ("Somos José y Ana Villa, vivimos en 31 Tamarack Trl, Bismarck, ND 58503.", ["José Villa", "Ana Villa"]),
    ],
)
def test_a_name_is_found_behind_the_address_and_in_a_sentence(text: str, names: list[str]) -> None:
    """P2."""
    assert told(read(text)) == [(name, "31 Tamarack Trl", "Bismarck", "ND", "58503") for name in names]


def test_a_sentence_behind_the_place_is_not_a_part_of_it() -> None:
    """P2: without a ZIP the town has to be read, so that it can be found."""
    reading = read("Gus Palmer, 9 Ferry Landing, Rye NY. No more mail!")
    assert told(reading) == [("Gus Palmer", "9 Ferry Landing", "Rye", "NY", "")]
