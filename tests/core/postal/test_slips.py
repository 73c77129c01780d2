"""Directions and suffixes misspelt, and words out of their place: one form with what was meant (P5, P6)."""

from __future__ import annotations

import polars as pl
import pytest

from prefcenter.core.postal.standardise import standardise
from prefcenter.core.postal.streets import TOKENS
from prefcenter.core.postal.tables import DIRECTIONS
from prefcenter.core.postal.tables_given import GIVEN_NAMES
from prefcenter.core.postal.tables_slips import SLIPS
from prefcenter.core.postal.tables_suffixes import SUFFIX_FORMS, SUFFIXES

LINE = ("s_number", "s_predir", "s_street", "s_suffix", "s_postdir", "s_unit_kind", "s_unit")


def forms(written: list[str]) -> list[str]:
    frame = pl.DataFrame({"address1": written, "city": "Springfield", "state": "IL", "zip": "62701"})
    return ["/".join(row).rstrip("/") for row in standardise(frame).select(LINE).iter_rows()]


@pytest.mark.parametrize(
    ("form", "written"),
    [
        ("100//N/AVE", ["100 North Ave", "100 Novth Ave", "100 Nroth Avenue", "100 N0rth Ave"]),
        ("100/N/MAIN/ST", ["100 Notrh Main St", "100 Nort Main Street", "100 Northh Main Stret", "100 N Main Steret"]),
        ("100/S/OAK/DR", ["100 South Oak Drive", "100 Sotuh Oak Dirve", "100 Souht Oak Dr"]),
        ("100/W/OAK/BLVD", ["100 Wset Oak Blvd", "100 West Oak Boulevrad", "100 Westt Oak Boulevad"]),
        ("100//AVE K", ["100 Avneue K", "100 Avenue K", "100 Ave. K"]),
        ("100//WASHINGTON/PL/NE", ["100 Washington NE Pl", "100 Washington Pl NE", "100 Washington Place, N.E."]),
        ("150//I/ST/SE", ["150 I St SE The Garrett", "150 I Street SE"]),
        ("100//PIATT/HWY//#/218B", ["100 Piatt Hwy #218B", "100 Piatt Highway # 218B"]),
        ("100//HWY 218", ["100 US Hwy #218", "100 Hwy No 218", "100 State Road #218", "100 Illinois Route #218"]),
        ("100//MAIN/ST//LOWR", ["100 Main St Lower Level", "100 Main St Lowr", "100 Main St Lower"]),
        # Parts out of their order.
        ("5436//DORBRANDT/ST//APT/2", ["#APT 000002 5436 Dorbrandt Street", "5436 Dorbrandt St #APT 2"]),
        ("225//ALMOND/ST//#/3E", ["#3E 225 Almond Street", "225 Almond St #3E"]),
        ("530//OAK/DR//BLDG/3", ["Bldg 3 530 Oak Drive", "530 Oak Dr Building 3"]),
        ("55/E/MONROE/ST//FL/40", ["Floor 40th 55 E Monroe St", "55 E Monroe St 40th Floor", "55 E Monroe St Flr 40"]),
        ("2515//60TH/AVE", ["No. 2515 60th Avenue", "2515, 60th Avenue", "2515 60 Ave"]),
        ("1520/N/WLS", ["No. 1520 N Wells", "1520 North Wells"]),
        ("74//SPRINGFIELD/ST", ["74, Springfield Street", "74 Springfield St Unit", "74 Springfield St Apt"]),
        ("2422//51ST/ST/N", ["2422 51St St No", "2422 51st St N"]),
        ("2422//51ST/ST/N/APT/5", ["2422 51St St No Apt.#5", "2422 51st St N Apt 5"]),
        ("212/W/WASHINGTON///#/1506", ["212 W. Washington 1506", "212 W Washington # 1506"]),
        ("41//WINN/RD//#/106D", ["41 Winn Road 106 D", "41 Winn Rd # 106D"]),
        ("33//BEVERLY/RD//#/B6-347B", ["33 Beverly Rd B6-347B", "33 Beverly Rd #B6-347B"]),
        ("951//HWY 528//SE", ["951 NM Highway 528 South-East", "951 State Hwy 528 SE"]),
        ("100//5TH/AVE", ["100, Fifth Avenue", "5th Ave 100"]),
        # What is another street stays another street.
        ("100//NORTHER/ST", ["100 Norther St"]), ("100//SPG/ST", ["100 Spring St"]),
        ("100//NORAH/ST", ["100 Norah St"]), ("100//TRIAL/LN", ["100 Trial Ln"]),
        ("100//SOUTER/ST", ["100 Souter St"]), ("100//SQUIRE/RD", ["100 Squire Rd"]),
        ("100//OVER THE HL/RD", ["100 Over the Hill Rd"]), ("100//THE/BLVD", ["100 The Blvd"]),
    ],
)  # fmt: skip
def test_a_slip_has_the_form_of_what_was_meant(form: str, written: list[str]) -> None:
    """P5, P6: a slip of the finger hides nobody, and no street is taken for a slip of another."""
    assert forms(written) == [form] * len(written)


def test_no_slip_is_a_word_that_means_something_else() -> None:
    """P6: a given name, a direction, a suffix is itself."""
    assert not set(SLIPS) & {*GIVEN_NAMES, *DIRECTIONS, *SUFFIXES, *SUFFIX_FORMS}
    assert all(TOKENS[slip] == form for slip, form in SLIPS.items())


@pytest.mark.parametrize(
    ("city", "state", "expected"),
    [
        ("New York", "NY", ("NEW YORK", "NY")), ("New York", "New York", ("NEW YORK", "NY")),
        ("New York NY", "", ("NEW YORK", "NY")), ("Washington", "DC", ("WASHINGTON", "DC")),
        ("Kansas City, Kansas", "KS", ("KANSAS CITY", "KS")), ("Springfield IL", "IL", ("SPRINGFIELD", "IL")),
    ],
)  # fmt: skip
@pytest.mark.parametrize("code", ["", "12345"])
def test_a_town_that_is_called_like_its_state_is_a_town(
    city: str, state: str, expected: tuple[str, str], code: str
) -> None:
    """P5: with its ZIP Code and without one."""
    row = pl.DataFrame([{"address1": "100 Main St", "city": city, "state": state, "zip": code}])
    assert standardise(row).select("s_city", "s_state").row(0) == expected
