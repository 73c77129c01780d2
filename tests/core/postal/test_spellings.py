"""One form for every spelling of a delivery line: each clause of what the standardiser must know, by its cases."""

from __future__ import annotations

import polars as pl
import pytest

from prefcenter.core.postal.standardise import standardise, with_boxes

LINE = ("s_number", "s_predir", "s_street", "s_suffix", "s_postdir", "s_unit_kind", "s_unit")
SPRINGFIELD = {"city": "Springfield", "state": "IL", "zip": "62701"}


def lines(written: list[str], **others: str) -> list[str]:
    """The delivery line of each, the parts set apart by slashes; ``|`` parts address1 from address2."""
    rows = [
        dict(zip(("address1", "address2"), (*text.split("|"), ""), strict=False)) | SPRINGFIELD | others
        for text in written
    ]
    return [
        "/".join(row[name] for name in LINE).rstrip("/") for row in standardise(pl.DataFrame(rows)).rows(named=True)
    ]


SAME = {
    # Directionals.
    "100/NW/5TH/ST": ["100 N.W. 5th St", "100 N W 5th St", "100 North-West 5th St", "100 NorthWest 5th Street",
                      "100 No. West 5th St", "100 nw fifth st", "100 North West Fifth Str."],
    "100/N/MAIN/ST": ["100 No. Main St", "100 No Main St", "100 Nth Main St", "100 N Main St", "100 N. Main St."],
    "100/S/MAIN/ST": ["100 So. Main St", "100 Sth Main St", "100 SOUTH MAIN STREET"],
    "100//MAIN/ST/NE": ["100 Main St. N.E.", "100 Main Street North East", "100 Main Street, NE", "100 Main St|NE",
                        "100 Main St|Northeast"],
    "12/W/END/AVE": ["12 West End Ave"], "12//NORTHLAKE/DR": ["12 Northlake Dr"], "12//S": ["12 South"],
    # Suffixes.
    "9//ELM/BLVD": ["9 Elm Blvd", "9 Elm Boulevard", "9 Elm Boul", "9 Elm BLV", "9 Elm Bvld"],
    "9//ELM/PKWY": ["9 Elm Pkwy", "9 Elm Parkway", "9 Elm Pky", "9 Elm Pwy"],
    "9//ELM/LN": ["9 Elm Lane", "9 Elm Ln", "9 Elm La"], "9//ELM/TRL": ["9 Elm Trail", "9 Elm Trl", "9 Elm Tr"],
    "12//LA CIENEGA/BLVD": ["12 La Cienega Blvd"], "12//THE/BLVD": ["12 The Boulevard"],
    "12//AVE OF THE AMERICAS": ["12 Avenue of the Americas", "12 Ave. of the Americas"],
    "12//MT VERNON/AVE": ["12 Mount Vernon Ave", "12 Mt. Vernon Avenue"], "12//CT/ST": ["12 Court St", "12 Ct St"],
    "12//AVE DE LAS FLORES": ["12 Avenida de las Flores", "12 Ave de las Flores"],
    # Ordinals, in figures and in words.
    "12/W/21ST/ST": ["12 W 21st St", "12 W 21 St", "12 W Twenty-First St", "12 W TwentyFirst St", "12 W 21 st St"],
    "12/W/125TH/ST": ["12 W 125th St", "12 W One Hundred Twenty Fifth St", "12 W 125 th St",
                      "12 W One Hundred and Twenty-Fifth St"],
    "12//30TH/AVE": ["12 Thirtieth Ave", "12 30 Ave"], "12//99TH/AVE": ["12 Ninety-Ninth Ave", "12 99 Avenue"],
    "12//2ND ST/PIKE": ["12 Second Street Pike"], "12//112TH/ST": ["12 112 St"],
    # House numbers: fractions, hyphens, grids, words, letters.
    "123 1/2//MAIN/ST": ["123 1/2 Main St", "123½ Main St", "123-1/2 Main St", "123 1 / 2 Main St"],
    "143-25//41ST/AVE": ["143-25 41st Ave", "143 - 25 41st Ave", "143–25 41 Avenue"],
    "143-05//41ST/AVE": ["143-05 41st Ave"],
    "N6W23001//BLUEMOUND/RD": ["N6W23001 Bluemound Rd", "N6 W23001 Bluemound Rd", "N6-W23001 Bluemound Rd",
                               "N6W-23001 Bluemound Rd", "N 6 W 23001 Bluemound Rd"],
    "2N345//SMITH/RD": ["2N345 Smith Rd"],
    "842/E/1700//S": ["842 East 1700 South", "842 E 1700 S", "842 E. 1700 So.", "842 E 1700S"],
    "1//PARK/PLZ": ["One Park Plaza", "1 Park Plz"], "32//OAK/LN": ["Thirty-Two Oak Ln", "Thirty Two Oak Lane"],
    "100//MAIN/ST": ["One Hundred Main St", "100Main St", "0100 Main St", "No. 100 Main St", "# 100 Main St",
                     "100, Main St", "100|Main St", "Main St 100", "100 Main St USA", "'100 Main St", "100_Main_St",
                     "c/o Bob Jones 100 Main St", "The Oaks 100 Main St", "3M Company|100 Main St",
                     "7 Eleven|100 Main St", "Acme Inc|100 Main St", "100 Main St|Jane Doe"],
    "100A//MAIN/ST": ["100A Main St", "100-A Main St", "100 A Main St"], "100//A/ST": ["100 A St"],
    "100/E/HOUSTON": ["100 E Houston"],
    # Units.
    "100//MAIN/ST//APT/4": [f"100 Main St{gap}{unit}" for gap in (" ", "|", ", ") for unit in
                            ("Apt 4", "APT#4", "Apt # 4", "Apartment 4", "Apt. No. 4", "Apt-4", "Apt: 4", "Appt 4")],
    "100//MAIN/ST//#/4": [f"100 Main St{gap}{unit}" for gap in (" ", "|") for unit in
                          ("# 4", "#4", "No. 4", "Number 4", "# 04", "Nr 4")],
    "100//MAIN/ST//STE/200": ["100 Main St Ste 200", "100 Main St|SUITE200", "100 Main St Suit 200"],
    "100//MAIN/ST//FL/2": [f"100 Main St{gap}{unit}" for gap in (" ", "|") for unit in
                           ("2nd Floor", "2nd Fl", "Floor 2", "Second Floor", "2 Floor", "2/F", "2Fl")],
    "100//MAIN/ST//FL/12": ["100 Main St|Twelfth Floor", "100 Main St 12th Floor"],
    "100//MAIN/ST//APT/4 BLDG A": ["100 Main St|Bldg A Apt 4", "100 Main St Apt 4 Bldg A",
                                   "100 Main St, Building A, Apartment 4"],
    "100//MAIN/ST//LOWR": ["100 Main St Lower", "100 Main St|Lwr", "100 Main St Downstairs"],
    "100//MAIN/ST//UPPR": ["100 Main St Upper", "100 Main St|Upr", "100 Main St|Upstairs"],
    "100//MAIN/ST//FRNT": ["100 Main St Front", "100 Main St|Frnt"],
    "100//MAIN/ST//SPC/12": ["100 Main St Space 12", "100 Main St|Sp 12", "100 Main St Spc #12"],
    "100//MAIN/ST//UNIT/4": ["Unit 4 100 Main St", "Unit 4 - 100 Main St", "Unit 4, 100 Main St", "Unit 4|100 Main St"],
    "100//MAIN/ST/NW/APT/4": ["100 Main St NW Apt 4", "100 Main St Apt 4 NW"],
    "100//BROADWAY///#/4B": ["100 Broadway 4B", "100 Broadway #4B", "100 Broadway|4B"],
    "203/N/WABASH///#/608": ["203 N Wabash 608", "203 N. Wabash # 608"],
    "100//OXFORD/ST//#/RC": ["100 Oxford St R C", "100 Oxford St|R C"],
    # Highways and county roads.
    "12//COUNTY RD 5": [f"12 {road}" for road in (
        "County Road 5", "Co Rd 5", "CR 5", "C.R. 5", "Cty Rd 5", "CR-5", "County Road No. 5", "County Road #5",
        "Co Hwy 5", "CTH 5", "County Rte 5", "County 5", "CO RD 005")],
    "12//HWY 20": [f"12 {road}" for road in (
        "US Highway 20", "U.S. Hwy 20", "US 20", "U S 20", "Highway 20", "US-20", "U.S. Route 20", "State Highway 20",
        "SH 20", "SR 20", "State Rd 20", "St Rd 20", "St. Hwy 20", "IL Route 20", "Illinois Route 20", "IL-20",
        "Ill. Rt. 20", "Rt 20", "Hwy # 20", "Texas Highway 20", "Kentucky 20")],
    "12//HWY A1A": ["12 Highway A1A", "12 SR A1A"], "12//HWY 20 BUS": ["12 US Hwy 20 Business", "12 Hwy 20 Bus"],
    "12//FM 1960": ["12 FM 1960", "12 F.M. 1960", "12 Farm Road 1960", "12 Farm to Market Rd 1960"],
    "12//RM 620": ["12 RM 620", "12 Ranch Road 620", "12 Ranch to Market Road 620"],
    "12//I 35//N": ["12 IH 35 N", "12 Interstate 35 North", "12 I-35 N"], "12//PRIVATE RD 5": ["12 Private Road 5"],
    "12//HWY 20///APT/5": ["12 Hwy 20 Apt 5"], "12//RNCH/RD//#/59": ["12 Ranch Road # 59"],
    # Streets that are named in many ways.
    "12//MARTIN LUTHER KING/BLVD": [f"12 {street}" for street in (
        "MLK Blvd", "M.L.K. Blvd", "Martin Luther King Jr. Blvd", "Martin Luther King, Jr. Blvd", "M L King Blvd",
        "Dr. M.L. King Jr Blvd", "Rev Dr Martin Luther King Jr Blvd", "Martin L King Boulevard")],
    "12//JOHN F KENNEDY/BLVD": ["12 JFK Blvd", "12 J.F. Kennedy Blvd", "12 John F Kennedy Blvd"],
    "12//OBRIEN/ST": ["12 O'Brien St", "12 O Brien St", "12 OBrien Street"], "12//O/ST": ["12 O St", "12 O Street"],
    "12//MACARTHUR/BLVD": ["12 MacArthur Blvd", "12 Mac Arthur Blvd"],
    # Boxes and routes.
    "PO BOX 12": [f"{first}{box}" for first in ("", "|") for box in (
        "P.0. Box 12", "P0 Box 12", "P O BX 12", "Postal Box 12", "Post Box 12", "P/O Box 12", "Apartado 12",
        "PO Boz 12", "PO Box 12 Station A", "PO-Box 12", "PO 12")],
    "PO BOX 1234": ["PO Box 1,234", "P.O. Box 1234"], "PO BOX 12A": ["PO Box 12-A", "PO Box 12 A"],
    "RR 2 BOX 15": ["Box 15, RR 2", "Box 15|RR 2", "R 2 Box 15", "RR 2 # 15", "Rural Rd 2 Box 15", "RR 02 BOX 015",
                    "Rural Delivery 2 Box 15", "RT 2 BX 15"],
    "HC 68 BOX 23A": ["H.C. 68, Box 23 A", "HC RT 68 BOX 23A", "HC 68|Box 23-A", "Highway Contract 68 Box 23A"],
}  # fmt: skip


@pytest.mark.parametrize(("form", "written"), SAME.items())
def test_every_spelling_of_a_line_has_one_form(form: str, written: list[str]) -> None:
    """P5, P6, P7: what is one address is one form, wherever and however its parts are written."""
    assert dict(zip(written, lines(written), strict=True)) == dict.fromkeys(written, form)


DIFFERENT = [
    ("1 Main St", "100 Main St"), ("100 Main St Apt 2", "100 Main St Apt 3"), ("100A Main St", "100 Main St"),
    ("123 1/2 Main St", "123 Main St"), ("143-25 41st Ave", "143 25 41st Ave"), ("12 21st St", "12 22nd St"),
    ("12 Hwy 20", "12 Hwy 21"), ("PO Box 12", "PO Box 12A"), ("RR 2 Box 15", "RR 3 Box 15"),
    ("100 Broadway 4B", "100 Broadway 4C"), ("12 County Road 5", "12 Hwy 5"),
    ("100 Main St Upper", "100 Main St Lower"), ("12 O Brien St", "12 Brien St"),
]  # fmt: skip


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_what_differs_stays_apart(one: str, other: str) -> None:
    """P6: house numbers, units, boxes and streets that differ never share a form."""
    assert lines([one]) != lines([other])


def test_a_box_beside_a_street_is_kept_with_it() -> None:
    """P7: mail may go to either, so the form tells both."""
    rows = [
        {"address1": "12 Main St", "address2": "PO Box 45"}, {"address1": "P.O. Box 45", "address2": "12 Main St"},
        {"address1": "12 Main St PO Box 45", "address2": ""}, {"address1": "PO Box 45, 12 Main St", "address2": ""},
    ]  # fmt: skip
    found = standardise(pl.DataFrame(rows))
    assert found.select("s_number", "s_street", "s_unit", "s_box").unique().rows() == [("12", "MAIN", "", "PO BOX 45")]
    assert standardise(pl.DataFrame({"address1": ["PO Box 45", "12 Main St"]}))["s_box"].to_list() == ["", ""]


def test_a_row_with_a_box_beside_its_street_is_also_one_at_the_box() -> None:
    """P7: an opt-out at the box meets a row that has both, and one with both meets a row at either."""
    frame = {"id": [1, 2], "address1": ["12 Main St Apt 3", "9 Elm St"], "address2": ["PO Box 45", ""], "zip": "62701"}
    both = with_boxes(standardise(pl.DataFrame(frame)))
    assert both.select("id", "s_number", "s_street", "s_unit", "s_zip5").rows() == [
        (1, "12", "MAIN", "3", "62701"),
        (2, "9", "ELM", "", "62701"),
        (1, "PO BOX 45", "", "", "62701"),
    ]
    box = standardise(pl.DataFrame({"id": 1, "address1": ["P.O. Box 45"], "address2": "", "zip": "62701"}))
    assert both[2].drop("address1", "address2").equals(box.drop("address1", "address2"), null_equal=True)
    assert with_boxes(box).equals(box)


@pytest.mark.parametrize(
    ("form", "written"),
    [
        ("PSC 802 BOX 74", ["PSC 802 Box 74", "P.S.C. 802, Box 74", "psc #802 box #74", "PSC 802|Box 74"]),
        ("UNIT 2050 BOX 4190", ["Unit 2050 Box 4190", "Unit #2050, Box #4190", "Unit 2050|Box 4190"]),
        ("UNIT 2050", ["Unit 2050"]),
        ("USS ENTERPRISE", ["USS Enterprise (CVN-65)", "USS ENTERPRISE", "U.S.S. Enterprise"]),
    ],
)
def test_military_addresses_have_one_form(form: str, written: list[str]) -> None:
    """P7: PSC, CMR, units and ships."""
    assert lines(written, city="APO", state="AE", zip="09499") == [form] * len(written)


@pytest.mark.parametrize(
    ("form", "written"),
    [
        ("150//CALLE A", ["150 Calle A", "Urb Las Gladiolas|150 Calle A", "150 Calle A|Urb Las Gladiolas",
                          "Urb Las Gladiolas 150 Calle A", "Urbanizacion Las Gladiolas, 150 Calle A", "Calle A 150",
                          "150 Calle A Urb Las Gladiolas"]),
        ("A17//CALLE AMAPOLA", ["A17 Calle Amapola", "A-17 Calle Amapola", "Calle Amapola A17"]),
        ("17//CALLE AMAPOLA", ["Calle Amapola #17", "17 Calle Amapola"]),
        ("C18//CALLE 5", ["Urb Royal Oak C18 Calle 5", "C18 Calle 5 Urb Royal Oak"]),
        ("1642//AVE PONCE DE LEON///APT/103", ["Cond Asturias Apt 103|1642 Ave Ponce de Leon",
                                              "1642 Avenida Ponce de Leon|Apto 103"]),
        ("22550//BO GUAVATE", ["Bo Guavate 22550"]), ("CARR 2 KM 5-3", ["Carr 2 Km 5.3", "Carretera 2 Km 5.3"]),
    ],
)  # fmt: skip
def test_addresses_of_puerto_rico_have_one_form(form: str, written: list[str]) -> None:
    """P5: the urbanization stands before or behind, the number before or behind the street (Pub 28 §29)."""
    assert lines(written, city="San Juan", state="PR", zip="00926") == [form] * len(written)


@pytest.mark.parametrize(
    ("form", "written"),
    [
        ("123//MAIN/ST//#/5", ["5-123 Main Street", "#5-123 Main St", "5 - 123 Main St", "123 Main St #5"]),
        ("123//MAIN/ST//UNIT/5", ["Unit 5 - 123 Main Street", "Unit 5-123 Main St", "123 Main St|Unit 5"]),
        ("123 1/2//MAIN/ST/NW/#/10", ["10-123 1/2 MAIN ST NW"]),
        ("PO BOX 123", ["PO Box 123 Stn A", "CP 123", "Case postale 123", "C.P. 123 Succ. A"]),
        ("RR 2", ["RR 2 Stn Main", "R.R. #2"]), ("RR 8 SITE 6 COMP 10", ["Site 6 Comp 10 RR 8 Stn Main"]),
        ("123//RUE PRINCIPALE//W/APT/4", ["123 rue Principale Ouest app. 4", "123, rue Principale O, app 4"]),
        ("123//CHEMIN DU LAC", ["123 ch. du Lac", "123 chemin du Lac"]),
    ],
)  # fmt: skip
def test_canadian_addresses_have_one_form(form: str, written: list[str]) -> None:
    """P5: Canada writes the unit before the number, and French."""
    assert lines(written, city="Toronto", state="ON", zip="M5V 2T6", country="Canada") == [form] * len(written)


@pytest.mark.parametrize(
    ("country", "form", "written"),
    [
        ("UK", "12//HIGH ST///#/5", ["Flat 5, 12 High Street", "12 High St|Flat 5", "Flat 5|12 High Street"]),
        ("UK", "12A//HIGH ST", ["12a High Street", "12 A High St"]),
        ("Germany", "5//KONIGSTRASSE", ["Königstr. 5", "Königstraße 5", "Koenigstrasse 5", "Königstr.5"]),
        ("Germany", "5A//KONIGSTRASSE", ["Königstraße 5a", "Königstraße 5 a"]),
        ("Germany", "135//STRASSE DES 17 JUNI", ["Straße des 17. Juni 135"]),
        ("France", "12//RUE DE RIVOLI", ["12, rue de Rivoli", "12 Rue de Rivoli"]),
        ("Mexico", "12//CALLE 5", ["Calle 5 No. 12", "Calle 5 #12"]),
    ],
)
def test_addresses_abroad_have_one_form(country: str, form: str, written: list[str]) -> None:
    """P5: a generic form: the number, the unit, and the words in order."""
    assert lines(written, city="Ort", state="", zip="12345", country=country) == [form] * len(written)
