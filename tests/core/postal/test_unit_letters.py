"""A single letter behind the street: a door, or a direction (P6)."""

from __future__ import annotations

import pytest

from prefcenter.core.channels import Level
from tests.core.postal.test_matching import judged, table
from tests.core.postal.test_spellings import lines

PLACE = "; New York; NY; 10025"


@pytest.mark.parametrize(
    ("written", "form"),
    [
        # West 106th Street runs west, so what stands behind it is a door, as D is.
        ("12 W 106 St E", "12/W/106TH/ST//#/E"),
        ("12 W 106 St D", "12/W/106TH/ST//#/D"),
        ("12 West 106th Street E", "12/W/106TH/ST//#/E"),
        ("12 E 106 St E", "12/E/106TH/ST//#/E"),
        ("12 N State St S", "12/N/STATE/ST//#/S"),
        ("12 W 106 St Apt E", "12/W/106TH/ST//APT/E"),
        ("12 W 106 St E Apt 4", "12/W/106TH/ST//APT/4"),
        # A direction, as it is where nothing else says where the street lies, or in a grid of both.
        ("12 106 St E", "12//106TH/ST/E"),
        ("12 106th Street East", "12//106TH/ST/E"),
        ("12 W 4th St N", "12/W/4TH/ST/N"),
        ("12 West 106th Street East", "12/W/106TH/ST"),
        ("12 N Ave E", "12//N/AVE/E"),
        ("12 W St E", "12//W/ST/E"),
        ("842 E 1700 S", "842/E/1700//S"),
    ],
)
def test_a_letter_behind_the_suffix_is_a_door_where_the_direction_is_told_already(written: str, form: str) -> None:
    assert lines([written]) == [form]


DIFFERENT = """
    12 W 106 St D | 12 W 106 St E
    12 W 106 St E | 12 W 106 St D
    12 W 106 St W | 12 W 106 St E
    12 W 106 St Apt D | 12 W 106 St E
    12 N Main St Apt 4 | 12 N Main St S
    12 E 106 St E | 12 E 106 St W
"""
SAME = """
    12 W 106 St E | 12 W 106 St Apt E
    12 W 106 St E | 12 W 106 St # E
    12 W 106 St E | 12 W 106 St
    12 W 106 St D | 12 W 106 St # D
    12 106 St E | 12 E 106 St
    12 E 106 St | 12 106 St E
    12 E 106th St | 12 106th Street East
    12 W 4th St N | 12 W 4th Street North
    12 E Main St Apt 4 | 12 East Main Street East
    12 W 4th St N | 12 4th St N
"""


@pytest.mark.parametrize("level", [Level.INDIVIDUAL, Level.HOUSEHOLD])
def test_other_doors_never_match(level: Level) -> None:
    """P6: neither the person of the same name nor, for a household's wish, the neighbours behind the next door."""
    pairs = [(f"Jane Doe; {one};{PLACE}", f"Jane Doe; {other};{PLACE}") for one, other in table(DIFFERENT)]
    assert [verdict for verdict, _, _ in judged(pairs, level)] == ["different"] * len(pairs)


def test_the_same_street_is_found_wherever_its_direction_stands() -> None:
    """P5, P6: a door that one side leaves out, or names otherwise, and a direction before or behind, part nobody."""
    pairs = [(f"Jane Doe; {one};{PLACE}", f"Jane Doe; {other};{PLACE}") for one, other in table(SAME)]
    assert [verdict for verdict, _, _ in judged(pairs)] == ["match"] * len(pairs)
