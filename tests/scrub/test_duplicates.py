"""Rows that repeat an earlier one of the mailing."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from prefcenter.core.channels import Channel
from prefcenter.core.repeats import Repeats
from prefcenter.files.columns import recognise
from prefcenter.files.formats import open_table
from prefcenter.files.tables import Block
from prefcenter.scrub.duplicates import Duplicates

NAMES = ("name", "company", "address1", "address2", "city", "state", "zip")


def blocks(folder: Path, rows: list[tuple[str, ...]], names: tuple[str, ...]) -> list[Block]:
    path = folder / "in.csv"
    pl.DataFrame(rows, schema=list(names), orient="row").write_csv(path)
    return list(open_table(path).blocks())


def dropped(
    folder: Path,
    rows: list[tuple[str, ...]],
    level: Repeats = Repeats.PERSON,
    channel: Channel = Channel.POST,
    names: tuple[str, ...] = NAMES,
) -> list[tuple[int, int]]:
    """The numbers of the rows that are dropped, each with that of the row that is kept."""
    duplicates = Duplicates(channel, level, "US", ["in.csv"])
    met = []
    for block in blocks(folder, rows, names):
        found = duplicates.look(block, np.ones(block.frame.height, np.bool_), recognise(names), "in.csv")
        met += list(zip(block.row_numbers[found.places].tolist(), found.rows.tolist(), strict=True))
    return met


JANE = ("Jane Doe", "", "12 Main St", "Apt 4", "Springfield", "IL", "62701")


def like_jane(**changed: str) -> tuple[str, ...]:
    return tuple((dict(zip(NAMES, JANE, strict=True)) | changed).values())


@pytest.mark.parametrize(
    "again",
    [
        JANE,
        like_jane(name="DOE, JANE"),
        like_jane(name="Ms. Jane Doe"),
        like_jane(address1="12 MAIN STREET"),
        like_jane(address1="12 Main St, Apartment 4", address2=""),
        like_jane(zip="62701-1234", city="", state=""),
    ],
)
def test_the_same_person_at_the_same_address_is_dropped(tmp_path: Path, again: tuple[str, ...]) -> None:
    """P5: however the address is written, its standard form is one; the first row stays."""
    assert dropped(tmp_path, [JANE, again]) == [(2, 1)]


@pytest.mark.parametrize(
    "other",
    [
        like_jane(name="Jane Doe Jr"),
        like_jane(name="John Doe"),
        like_jane(name="J Doe"),
        like_jane(name="Jane Doe and Bob Doe"),
        like_jane(name="Jane A Doe"),
        like_jane(company="Acme Bolts"),
        like_jane(address2="Apt 5"),
        like_jane(address2=""),
        like_jane(address1="112 Main St"),
        like_jane(address1="12 N Main St"),
        like_jane(address1="12 Main Ave"),
        like_jane(zip="62702"),
    ],
)
def test_whoever_differs_keeps_the_letter(tmp_path: Path, other: tuple[str, ...]) -> None:
    """P6: other numbers and units never meet; a false duplicate is a letter that somebody never gets."""
    assert dropped(tmp_path, [JANE, other]) == []


def test_people_of_one_name_are_told_apart_by_initial_and_company(tmp_path: Path) -> None:
    """P6: two of one name in one building; a middle name written out is its initial."""
    names = ("Jane A Doe", "Jane B Doe", "Jane Ann Doe", "Jane B. Doe")
    rows = [like_jane(name=name) for name in names]
    assert dropped(tmp_path, rows) == [(3, 1), (4, 2)]
    firms = [like_jane(company=firm) for firm in ("Acme Bolts Inc", "Zenith Law", "ACME BOLTS")]
    assert dropped(tmp_path, firms) == [(3, 1)]


@pytest.mark.parametrize("level", [Repeats.PERSON, Repeats.HOUSEHOLD])
def test_streets_of_one_name_in_two_urbanizations_are_two(tmp_path: Path, level: Repeats) -> None:
    """P6: in Puerto Rico one ZIP Code has several streets of a name (Pub 28 §29)."""
    there = like_jane(address1="150 Calle A", city="San Juan", state="PR", zip="00926")
    rows = [(*there[:3], beside, *there[4:]) for beside in ("Urb Las Gladiolas", "Urb Villa Capri", "Urb. Gladiolas")]
    assert dropped(tmp_path, rows, level) == [(3, 1)]


def test_a_household_is_everybody_at_the_address(tmp_path: Path) -> None:
    """P9"""
    rows = [JANE, like_jane(name="Bob Roe"), like_jane(name="Current Resident"), like_jane(address2="Apt 5")]
    assert dropped(tmp_path, rows, Repeats.HOUSEHOLD) == [(2, 1), (3, 1)]


def test_firms_and_occupants_are_compared_as_such(tmp_path: Path) -> None:
    firm = like_jane(name="", company="Acme Bolts Inc")
    occupant = like_jane(name="Current Resident")
    rows = [firm, occupant, like_jane(name="", company="ACME BOLTS, INC."), like_jane(name="Occupant")]
    assert dropped(tmp_path, rows) == [(3, 1), (4, 2)]


def test_rows_that_name_nobody_known_and_rows_without_an_address_are_never_the_same(tmp_path: Path) -> None:
    """What cannot be compared is kept."""
    nobody, nowhere = like_jane(name=""), like_jane(address1="", address2="")
    assert dropped(tmp_path, [nobody, nobody, nowhere, nowhere]) == []


@pytest.mark.parametrize(
    ("channel", "name", "texts"),
    [
        (Channel.EMAIL, "email", ["a@example.com", "b@example.com", " A@Example.com", "no address", "no address"]),
        (Channel.SMS, "phone", ["802 555 0100", "8025550101", "+1 (802) 555-0100", "12", "12"]),
    ],
)
@pytest.mark.parametrize("level", [Repeats.PERSON, Repeats.HOUSEHOLD])
def test_addresses_and_numbers_are_compared_in_their_canonical_form(
    tmp_path: Path, channel: Channel, name: str, texts: list[str], level: Repeats
) -> None:
    rows: list[tuple[str, ...]] = [(text,) for text in texts]
    assert dropped(tmp_path, rows, level, channel, (name,)) == [(3, 1)]


def test_rows_that_are_gone_neither_repeat_nor_are_repeated(tmp_path: Path) -> None:
    """A row that the list refuses is no first one, or the second would go for nothing."""
    duplicates = Duplicates(Channel.EMAIL, Repeats.PERSON, "US", ["in.csv"])
    block = blocks(tmp_path, [("a@example.com",)] * 4, ("email",))[0]
    found = duplicates.look(block, np.array([False, True, False, True]), recognise(["email"]), "in.csv")
    assert (found.places.tolist(), found.rows.tolist()) == ([3], [2])


def test_what_was_met_in_one_file_is_known_in_the_next(tmp_path: Path) -> None:
    """Many blocks, several files, against a dictionary that remembers everything."""
    dice = random.Random(7)
    duplicates = Duplicates(Channel.EMAIL, Repeats.PERSON, "US", ["a.csv", "in.csv"])
    seen: dict[str, tuple[int, int]] = {}
    for _ in range(20):
        texts = [f"p{dice.randrange(3_000)}@example.com" for _ in range(500)]
        file = dice.randrange(2)
        block = blocks(tmp_path, [(text,) for text in texts], ("email",))[0]
        name = ["a.csv", "in.csv"][file]
        found = duplicates.look(block, np.ones(500, np.bool_), recognise(["email"]), name)
        met = dict(zip(found.places.tolist(), zip(found.files.tolist(), found.rows.tolist(), strict=True), strict=True))
        expected = {}
        for place, text in enumerate(texts):
            if text in seen:
                expected[place] = seen[text]
            else:
                seen[text] = (file, place + 1)
        assert met == expected
