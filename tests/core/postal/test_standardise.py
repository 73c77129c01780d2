"""One form for every legitimate spelling of a postal address."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st

from prefcenter.core.postal.standardise import STANDARD_COLUMNS, standardise

LINE = ("s_number", "s_predir", "s_street", "s_suffix", "s_postdir", "s_unit_kind", "s_unit")


def one(address1: str, address2: str = "", **others: str) -> dict[str, Any]:
    """The standard form of one address in Springfield."""
    place = {"city": "Springfield", "state": "IL", "zip": "62701"} | others
    row = standardise(
        pl.DataFrame({"address1": [address1], "address2": [address2], **{k: [v] for k, v in place.items()}})
    )
    return row.row(0, named=True)


def line(address1: str, address2: str = "", **others: str) -> str:
    """The delivery line with its parts set apart by slashes, empty ones at the end left out."""
    form = one(address1, address2, **others)
    return "/".join(form[name] for name in LINE).rstrip("/")


@pytest.mark.parametrize(
    ("address1", "address2", "expected"),
    [
        ("100 North Main Street", "", "100/N/MAIN/ST"),
        ("100 N. MAIN ST.", "", "100/N/MAIN/ST"),
        ("0100 n main str", "", "100/N/MAIN/ST"),
        ("1426 C Street Southeast", "", "1426//C/ST/SE"),
        ("500 N W 5th St", "", "500/NW/5TH/ST"),
        ("500 Northwest Fifth Street", "", "500/NW/5TH/ST"),
        ("100 Main St South East", "", "100//MAIN/ST/SE"),
        ("100 NORTH ST", "", "100//N/ST"),
        ("12 N ST NW", "", "12//N/ST/NW"),
        ("100 W NORTH AVE", "", "100/W/N/AVE"),
        ("12 Avenue A", "", "12//AVE A"),
        ("12 Ave. E", "", "12//AVE E"),
        ("9912 S. Avenue H", "", "9912/S/AVE H"),
        ("1 Park Avenue West", "", "1//PARK/AVE/W"),
        ("100 Saint Paul Avenue", "", "100//ST PAUL/AVE"),
        ("100 St. Paul Av", "", "100//ST PAUL/AVE"),
        ("10 Oak Hill", "", "10//OAK/HL"),
        ("10 Oak Hill Road", "", "10//OAK HL/RD"),
        ("5 West 18 Street", "", "5/W/18TH/ST"),
        ("100 First Avenue", "", "100//1ST/AVE"),
        ("100 North 200 West", "", "100/N/200//W"),
        ("2615 1/2 Gary Avenue", "", "2615 1/2//GARY/AVE"),
        ("2615½ Gary Avenue", "", "2615 1/2//GARY/AVE"),
        ("94-210 Leokane St", "", "94-210//LEOKANE/ST"),
        ("N6W23001 Bluemound Rd", "", "N6W23001//BLUEMOUND/RD"),
        ("One Microsoft Way", "", "1//MICROSOFT/WAY"),
        ("754 39.2 Rd", "", "754//39-2/RD"),
        ("12 Peña Boulevard", "", "12//PENA/BLVD"),
        ("100 Broadway", "", "100//BROADWAY"),
        ("88175 U.S. Highway No. 278", "", "88175//HWY 278"),
        ("88175 US 278", "", "88175//HWY 278"),
        ("31595 SR 20", "", "31595//HWY 20"),
        ("1341 State Road 75 South", "", "1341//HWY 75//S"),
        ("8483 Al Highway 157", "", "8483//HWY 157"),
        ("12 CR 5", "", "12//COUNTY RD 5"),
        ("12 County Road 5", "", "12//COUNTY RD 5"),
        ("12 Farm to Market Road 1960", "", "12//FM 1960"),
    ],
)
def test_street_lines_take_the_form_of_publication_28(address1: str, address2: str, expected: str) -> None:
    """P5: directionals, suffixes, ordinals and numbered roads have one form each."""
    assert line(address1, address2) == expected


@pytest.mark.parametrize(
    ("address1", "address2", "expected"),
    [
        ("100 Main St Apartment 4-B", "", "APT/4B"),
        ("100 Main St, Apt. 4 B", "", "APT/4B"),
        ("100 Main St", "APT 4B", "APT/4B"),
        ("100 Main St", "#APT 00004B", "APT/4B"),
        ("100 Main St", "apt#4B", "APT/4B"),
        ("100 Main St apt4b", "", "APT/4B"),
        ("Apt 4B", "100 Main St", "APT/4B"),
        ("APT 4B 100 MAIN ST", "", "APT/4B"),
        ("", "100 Main St, Apt 4B", "APT/4B"),
        ("100 Main St #4B", "", "#/4B"),
        ("100 Main St", "4B", "#/4B"),
        ("100 Main St 4B", "", "#/4B"),
        ("100 Main St B", "", "#/B"),
        ("100 Main St Suite 200", "", "STE/200"),
        ("100 Main St", "2nd Floor", "FL/2"),
        ("100 Main St Second Floor", "", "FL/2"),
        ("100 Main St", "Basement", "BSMT/"),
        ("100 Main St", "Bldg 3 Apt 2", "APT/2 BLDG 3"),
        ("100 Main St Apt 2", "Building 3", "APT/2 BLDG 3"),
        ("100 Main St Apt 2", "Apartment 2", "APT/2"),
        ("100 Main St", "Apt Garden", "APT/GARDEN"),
        ("100 Main St Apt Garden", "", "APT/GARDEN"),
        ("100 Main St Apt Upper", "", "UPPR/"),
        ("100 Main St", "c/o Bob Jones", "/"),
        ("100 Main St", "Sunset Towers", "/"),
    ],
)
def test_units_are_found_on_either_line(address1: str, address2: str, expected: str) -> None:
    """P5, P6: the unit is the same wherever and however it is written; ``#`` is an unknown designator."""
    form = one(address1, address2)
    assert (form["s_number"], form["s_street"], form["s_suffix"]) == ("100", "MAIN", "ST")
    assert f"{form['s_unit_kind']}/{form['s_unit']}" == expected


@pytest.mark.parametrize("street", ["LOTUS", "FLAX", "STEEL", "PHIL"])
def test_a_street_that_begins_like_a_unit_is_a_street(street: str) -> None:
    """LOTUS is not lot US, and the unit behind it is found."""
    row = one(f"100 W {street} Cir Apartment 4B")
    assert [row[name] for name in ("s_street", "s_suffix", "s_unit_kind", "s_unit")] == [street, "CIR", "APT", "4B"]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("P.O. Box 12", "PO BOX 12"),
        ("PO BOX #0012", "PO BOX 12"),
        ("POBox12", "PO BOX 12"),
        ("Post Office Box 12", "PO BOX 12"),
        ("POB 12", "PO BOX 12"),
        ("Caller 12", "PO BOX 12"),
        ("Bin 12", "PO BOX 12"),
        ("Lockbox 12", "PO BOX 12"),
        ("Lock Box 12", "PO BOX 12"),
        ("Drawer 12", "PO BOX 12"),
        ("P O Drawer K", "PO BOX K"),
        ("Box 12", "PO BOX 12"),
        ("Rural Route 2 Box 15", "RR 2 BOX 15"),
        ("RR2 Box #15", "RR 2 BOX 15"),
        ("R.R. 2, Box 15", "RR 2 BOX 15"),
        ("RFD Route 2 Box 15", "RR 2 BOX 15"),
        ("Route 2 Box 15", "RR 2 BOX 15"),
        ("HC 72 Box 5", "HC 72 BOX 5"),
        ("Highway Contract Route 72 Box 5", "HC 72 BOX 5"),
        ("Star Route 72 Box 5", "HC 72 BOX 5"),
        ("PSC 123 Box 456", "PSC 123 BOX 456"),
        ("CMR 12 Bx 456", "CMR 12 BOX 456"),
        ("Unit 2050 Box 4190", "UNIT 2050 BOX 4190"),
        ("General Delivery", "GENERAL DELIVERY"),
    ],
)
@pytest.mark.parametrize("second", [False, True])
def test_boxes_routes_and_military_addresses_have_one_form(written: str, expected: str, second: bool) -> None:
    """P7: PO boxes, routes and military boxes have one form each, on either line."""
    assert line(*(("", written) if second else (written, ""))) == expected


def test_a_street_address_wins_over_a_box_beside_it() -> None:
    """Both given: mail goes to the street, and the box is no unit of it."""
    assert line("100 Main St", "PO Box 12") == "100//MAIN/ST"
    assert line("PO Box 12", "100 Main St") == "100//MAIN/ST"


@pytest.mark.parametrize(
    ("state", "written", "expected"),
    [
        ("IL", "62701-1234", "62701"),
        ("IL", "627011234", "62701"),
        ("IL", " 62701 ", "62701"),
        ("IL", "62701.0", "62701"),
        ("MA", "2138", "02138"),
        ("Massachusetts", "2138.0", "02138"),
        ("MA", "21381234", "02138"),
        ("PR", "601", "00601"),
        ("IL", "2138", ""),
        ("IL", "00000", ""),
        ("IL", "n/a", ""),
        ("IL", "6270", ""),
    ],
)
def test_zip_codes_get_their_lost_zeros_back(state: str, written: str, expected: str) -> None:
    """ZIP+4 is never needed; spreadsheets drop leading zeros."""
    assert one("1 Main St", state=state, zip=written)["s_zip5"] == expected


@pytest.mark.parametrize(
    ("field", "written", "expected"),
    [
        ("state", "Illinois", "IL"),
        ("state", "d.c.", "DC"),
        ("state", "North Carolina", "NC"),
        ("city", "St. Louis", "ST LOUIS"),
        ("city", "SAINT LOUIS", "ST LOUIS"),
        ("city", "Mt Vernon", "MT VERNON"),
        ("city", "Mount Vernon", "MT VERNON"),
        ("city", "APO AE", "APO"),
        ("country", "U.S.A.", "US"),
        ("country", "", "US"),
        ("country", "Canada", "CA"),
        ("country", "Deutschland", "DE"),
    ],
)
def test_places_have_one_form(field: str, written: str, expected: str) -> None:
    """P5: states by their two letters, cities without the usual abbreviations."""
    assert one("1 Main St", **{field: written})[f"s_{field}"] == expected


@pytest.mark.parametrize("country", ["N/A", "NULL", "none", "840", "US of A", "Estados Unidos", "Illinoiss", "-"])
def test_no_country_and_an_unknown_word_for_one_leave_a_zip_code_american(country: str) -> None:
    """P5: a filler in a column of countries must not turn 12 Main St into a foreign address that nothing meets."""
    assert one("12 Main St", country=country) | {"country": ""} == one("12 Main St", country="")
    assert one("Orchard Road 12", state="", zip="238841", country="Singapore")["s_country"] == "SINGAPORE"


def test_foreign_addresses_are_kept_as_normalised_text() -> None:
    """Addresses abroad are not refused: number, street and postal code compare as text."""
    canada = one("123 Main Street", "Unit 5", city="Toronto", state="Ontario", zip="m5v 2t6")
    assert (canada["s_country"], canada["s_zip5"], canada["s_street"], canada["s_unit"]) == (
        "CA",
        "M5V2T6",
        "MAIN",
        "5",
    )
    berlin = one("Königstraße 5", "", city="Berlin", state="", zip="10115", country="Germany")
    assert (berlin["s_number"], berlin["s_street"], berlin["s_zip5"]) == ("5", "KONIGSTRASSE", "10115")
    assert berlin["s_problem"] is None
    assert one("221B Baker St", zip="NW1 6XE", city="London", state="")["s_country"] == "GB"


@pytest.mark.parametrize(
    ("address", "problem"),
    [
        ({"address1": "Main St"}, "no house number, PO box or route"),
        ({"address1": "5th Avenue"}, "no house number, PO box or route"),
        ({"address1": ""}, "no house number, PO box or route"),
        ({"address1": "Rural Route 2"}, None),
        ({"address1": "1 Main St", "zip": "", "state": ""}, "no ZIP and no city and state"),
        ({"address1": "1 Main St", "zip": "", "city": ""}, "no ZIP and no city and state"),
        ({"address1": "1 Main St", "zip": ""}, None),
        ({"address1": "1 Main St", "city": "", "state": ""}, None),
    ],
)
def test_what_cannot_be_delivered_says_why(address: dict[str, str], problem: str | None) -> None:
    """A row without a usable address is unreadable, with a problem."""
    assert one(**address)["s_problem"] == problem


def test_rows_keep_their_order_and_columns_whatever_is_missing() -> None:
    """Rows come back in order with their own columns; missing columns and nulls are empty."""
    frame = pl.DataFrame({"id": [3, 1, 2], "address1": ["1 A St", None, "Königstr. 2"], "country": [None, "US", "DE"]})
    out = standardise(frame)
    assert out.columns == ["id", "address1", "country", *STANDARD_COLUMNS]
    assert out["id"].to_list() == [3, 1, 2]
    assert out["s_number"].to_list() == ["1", "", "2"]
    assert standardise(frame.clear()).height == 0
    assert standardise(pl.DataFrame({"id": [1]}))["s_problem"].item() is not None


def test_one_row_and_many_take_the_same_form() -> None:
    """One standardiser: a row alone equals the row among others of all kinds."""
    lines = [
        "100 N Main St",
        "PO Box 5",
        "RR 1 Box 2",
        "1 Ave A",
        "Apt 2, 5 Oak Ln",
        "Königstr. 5",
        "",
        "5 2 Ave N W # 3",
    ]
    frame = pl.DataFrame({"address1": lines, "country": ["US"] * 5 + ["DE"] + ["US"] * 2, "zip": ["62701"] * 8})
    together = standardise(frame).rows()
    assert together == [standardise(frame[row]).row(0) for row in range(len(lines))]


@settings(max_examples=60, deadline=None, phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(st.lists(st.text(max_size=60), min_size=6, max_size=6))
@example(["\0", "🙂", "\ud7ff", "ß½ŉǰ", "0", "#"])
@example(["1 " + "A" * 1_000_000, "#" * 500, "", "", "", ""])
@example(["APT", "UNIT #", "BOX", "1/2", "PO BOX", "- - -"])
def test_no_text_makes_the_standardiser_raise(cells: list[str]) -> None:
    """Any string is standardised or given a problem; a cell of a megabyte is cut."""
    names = ("address1", "address2", "city", "state", "zip", "country")
    out = standardise(pl.DataFrame({name: [cell] for name, cell in zip(names, cells, strict=True)}, orient=None))
    assert out.height == 1
    assert all(len(out[name].item() or "") < 500 for name in STANDARD_COLUMNS)


NUMBERS = st.one_of(st.integers(1, 99999).map(str), st.sampled_from(["12-34", "12A", "2 1/2", "N6W23001"]))
WORDS = st.sampled_from(
    ["Main", "Oak", "Saint", "North", "South", "East", "Park", "Hill", "Avenue", "Street", "Lake View", "1st", "First",
     "22", "A", "E", "St.", "Highway 22", "County Road 5", "of the", "Martin Luther King Junior", "O'Neil", "Peña",
     "US 50", "Loop"]
)  # fmt: skip
LINES = st.builds(
    lambda number, words, tail: " ".join([number, *words, tail]).strip(),
    NUMBERS,
    st.lists(WORDS, min_size=1, max_size=4),
    st.sampled_from(
        ["", "Street", "Ave", "Road NW", "Dr.", "Ln South", "Apt 4", "# 4-B", "Bldg 2 Apt 3", "B", "2nd Floor", "PMB 5"]
    ),
)


@settings(max_examples=12, deadline=None, phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(st.lists(LINES, min_size=20, max_size=60))
def test_the_standard_form_is_its_own_standard_form(lines: list[str]) -> None:
    """Law: standardising what was standardised changes nothing."""
    once = standardise(
        pl.DataFrame({"address1": lines, "city": ["St. Paul"] * len(lines), "state": ["MN"] * len(lines)})
    )
    again = standardise(as_written(once))
    assert again.select(STANDARD_COLUMNS).rows() == once.select(STANDARD_COLUMNS).rows()


def as_written(standard: pl.DataFrame) -> pl.DataFrame:
    """The standard form put back into the columns of a file."""
    words = [pl.col(name).replace("", None) for name in LINE[:5]]
    return standard.select(
        pl.concat_str(words, separator=" ", ignore_nulls=True).alias("address1"),
        pl.concat_str("s_unit_kind", "s_unit", separator=" ").alias("address2"),
        *(pl.col(f"s_{name}").alias(name) for name in ("city", "state", "country")),
        pl.col("s_zip5").alias("zip"),
    )
