"""Parts of an address in a column that is not theirs are moved, where they can be nothing else."""

from __future__ import annotations

import polars as pl
import pytest

from prefcenter.core.postal.standardise import standardise

FORM = ("s_number", "s_street", "s_suffix", "s_unit", "s_city", "s_state", "s_zip5")
COLUMNS = ("address1", "address2", "city", "state", "zip")
HOME = "12/MAIN/ST//SPRINGFIELD/IL/62701"


def forms(rows: list[tuple[str, ...]]) -> list[str]:
    """The standard form of each row, its parts set apart by slashes."""
    found = standardise(pl.DataFrame(rows, schema=COLUMNS, orient="row"))
    return ["/".join(row[name] for name in FORM) for row in found.rows(named=True)]


@pytest.mark.parametrize(
    "row",
    [
        ("12 MAIN ST SPRINGFIELD", "", "Springfield", "IL", "62701"),
        ("12 Main St Springfield IL", "", "Springfield", "IL", "62701"),
        ("12 Main St Springfield IL 62701-1234", "", "Springfield", "IL", "62701"),
        ("12 Main St, Springfield, IL, USA", "", "Springfield", "IL", "62701"),
        ("12 Main St 62701", "", "Springfield", "IL", "62701"),
        ("12 Main St IL 62701", "", "Springfield", "IL", "62701"),
        ("12 Main St", "Springfield", "Springfield", "IL", "62701"),
        ("12 Main St", "Springfield IL 62701", "Springfield", "IL", "62701"),
        ("12 Main St Springfield IL 62701", "", "", "", ""),
        ("12 Main St, Springfield, Illinois 62701-1234", "", "", "", ""),
        ("12 Main St", "Springfield, IL 62701", "", "", ""),
        ("12 Main St", "", "Springfield, IL 62701", "", ""),
        ("12 Main St", "", "Springfield IL", "", "62701"),
        ("12 Main St", "", "Springfield", "IL 62701", ""),
        ("12 Main St", "", "Springfield", "IL", "IL 62701"),
        ("12 Main St", "", "62701", "IL", "Springfield"),
        ("12 Main St", "", "IL", "Springfield", "62701"),
        ("12 Main St", "", "Springfield", "62701", "IL"),
        ("Springfield", "", "12 Main St", "IL", "62701"),
        ("", "12 Main St", "Springfield", "IL", "62701"),
    ],
)
def test_each_part_is_found_in_whatever_column(row: tuple[str, ...]) -> None:
    """P5: a row that holds the whole address somewhere is read as one that has it in order."""
    assert forms([row]) == [HOME]


@pytest.mark.parametrize(
    ("row", "form"),
    [
        (("12 Main St Apt 4 Springfield", "", "Springfield", "IL", "62701"), "12/MAIN/ST/4/SPRINGFIELD/IL/62701"),
        (("PO Box 12 Springfield IL 62701", "", "", "", ""), "PO BOX 12////SPRINGFIELD/IL/62701"),
        (("12 Main St Saint Louis", "", "St. Louis", "MO", "63101"), "12/MAIN/ST//ST LOUIS/MO/63101"),
        (("12 Broadway New York NY", "", "New York", "NY", "10004"), "12/BROADWAY///NEW YORK/NY/10004"),
        (("3138 P St NW Washington DC 20007", "", "Washington", "DC", "20007"), "3138/P/ST//WASHINGTON/DC/20007"),
        (("3138 P St NW", "", "DC", "Washington", "20007"), "3138/P/ST//WASHINGTON/DC/20007"),
        (("32 Dean St, Englewood, NJ 7631", "", "", "", ""), "32/DEAN/ST//ENGLEWOOD/NJ/07631"),
        (("PSC 802 Box 74", "APO AE 09499", "", "", ""), "PSC 802 BOX 74////APO/AE/09499"),
        (("9 Elm Ct, Ste B Alpharetta, GA 30004", "", "", "", ""), "9/ELM/CT/B/ALPHARETTA/GA/30004"),
    ],
)
def test_the_place_is_taken_off_the_street_line(row: tuple[str, ...], form: str) -> None:
    """P5: behind streets, units and boxes, with the abbreviations of cities, and with zeros that a spreadsheet lost."""
    assert forms([row]) == [form]


@pytest.mark.parametrize(
    ("row", "form"),
    [
        (("12 Springfield", "", "Springfield", "IL", "62701"), "12/SPRINGFIELD///SPRINGFIELD/IL/62701"),
        (("12 Springfield Ave", "", "Springfield", "IL", "62701"), "12/SPRINGFIELD/AVE//SPRINGFIELD/IL/62701"),
        (("12 E Houston", "", "Houston", "TX", "77001"), "12/HOUSTON///HOUSTON/TX/77001"),
        (("3291 E Manchester Ct", "", "Manchester", "CT", "06042"), "3291/MANCHESTER/CT//MANCHESTER/CT/06042"),
        (("346 La Plaza Ct", "", "Manchester", "CT", "06042"), "346/LA PLZ/CT//MANCHESTER/CT/06042"),
        (("12 Main St NE", "", "Omaha", "NE", "68101"), "12/MAIN/ST//OMAHA/NE/68101"),
        (("12 Main St", "", "New York", "NY", "10004"), "12/MAIN/ST//NEW YORK/NY/10004"),
        (("12 Main St", "", "New York", "", "10004"), "12/MAIN/ST//NEW YORK//10004"),
        (("12 Main St", "", "Washington", "", "20007"), "12/MAIN/ST//WASHINGTON//20007"),
    ],
)
def test_streets_and_cities_that_look_like_a_place_stay_what_they_are(row: tuple[str, ...], form: str) -> None:
    """P6: nothing is taken off a street unless a whole street is left."""
    assert forms([row]) == [form]


@pytest.mark.parametrize(
    ("line", "form"),
    [
        ("123 Broadway Apt 4 Springfield IL 62701", "123/BROADWAY//4/SPRINGFIELD/IL/62701"),
        ("123 Broadway Springfield IL 62701-0123", "123/BROADWAY///SPRINGFIELD/IL/62701"),
        ("100 E 7th Springfield Illinois 62701", "100/7TH///SPRINGFIELD/IL/62701"),
        ("123 Broadway New York NY 10006", "123/BROADWAY///NEW YORK/NY/10006"),
        ("500 5th Manhattan NY 10110", "500/5TH///MANHATTAN/NY/10110"),
        ("9 Park Saint Paul MN 55101", "9/PARK///ST PAUL/MN/55101"),
        ("12 Grand Forks Grand Forks ND 58201", "12/GRAND/FRKS//GRAND FORKS/ND/58201"),
        # The street, without a town behind it.
        ("12 Springfield IL 62701", "12/SPRINGFIELD////IL/62701"),
        ("100 E Springfield IL 62701", "100/SPRINGFIELD////IL/62701"),
        # No town of this ZIP Code: what is no street either stays with it.
        ("123 Broadway Chicago IL 62701", "123/BROADWAY CHICAGO////IL/62701"),
    ],
)
def test_a_town_is_known_by_its_zip_where_nothing_tells_where_the_street_ends(line: str, form: str) -> None:
    """P5: the whole address in one cell, without a comma or a suffix."""
    assert forms([(line, "", "", "", "")]) == [form]


def test_a_postal_code_of_canada_is_found_in_the_citys_column() -> None:
    """P5: the column of the city may hold all of the last line abroad too."""
    row = {"address1": ["123 Main St"], "city": ["Toronto ON M5V 2T6"], "country": ["Canada"]}
    found = standardise(pl.DataFrame(row)).row(0, named=True)
    assert (found["s_city"], found["s_state"], found["s_zip5"]) == ("TORONTO", "ON", "M5V2T6")
