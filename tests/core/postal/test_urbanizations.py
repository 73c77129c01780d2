"""Puerto Rico's urbanizations: streets of one name in one ZIP Code are several streets (P5, P6; Pub 28 §29)."""

from __future__ import annotations

from itertools import product

import polars as pl
import pytest

from prefcenter.core.channels import Level
from prefcenter.core.postal.address import PostalAddress
from prefcenter.core.postal.keys import KeyKind, primary_key, probe_keys_one, stored_keys
from prefcenter.core.postal.many import AddressKeys, keys_of_many
from prefcenter.core.postal.matching import judge_pairs
from prefcenter.core.postal.names import standardise_names
from prefcenter.core.postal.pair_fields import pair_fields, pairs_of
from prefcenter.core.postal.standardise import standardise, with_boxes
from prefcenter.core.postal.tiers import PairVerdict
from prefcenter.core.postal.urbanizations import beside_the_street

SAN_JUAN = "San Juan; PR; 00926"
ONE, OTHER, NONE = "150 Calle A; Urb Las Gladiolas", "150 Calle A; Urb Villa Capri", "150 Calle A;"


def at(lines: str, place: str = SAN_JUAN, name: str = "Ana Rivera") -> PostalAddress:
    return PostalAddress.parse(f"{name}; {lines}; {place}")


def urbanizations(written: list[str], **place: str) -> list[tuple[str, str]]:
    """Number and urbanization of lines, ``|`` parting address1 from address2."""
    rows = [dict(zip(("address1", "address2"), (*text.split("|"), ""), strict=False)) | place for text in written]
    return standardise(pl.DataFrame(rows)).select("s_number", "s_urb").rows()


@pytest.mark.parametrize(
    ("number", "form", "written"),
    [
        ("150", "GLADIOLA", ["Urb Las Gladiolas|150 Calle A", "150 Calle A|Urb Las Gladiolas",
                             "Urb. Las Gladiolas 150 Calle A", "150 Calle A, Urbanización Las Gladiolas",
                             "150 Calle A Apt 3, Urb Las Gladiolas", "Calle A 150 Urb Las Gladiolas",
                             "Calle A #150|Urb. Gladiolas"]),
        ("A12", "JARD CAPARRA", ["Jardines de Caparra|A12 Calle 3", "A-12 Calle 3|Jard de Caparra",
                                 "JARD DE CAPARRA A12 CALLE 3", "A12 Calle 3 Jardines de Caparra",
                                 "Urb Jardines de Caparra|Blq A #12 Calle 3"]),
        ("14-10", "VILLA CAROLINA", ["Villa Carolina|14-10 Calle 20", "Urb Villa Carolina|Blq 14 #10 Calle 20"]),
        ("1000", "REPTO METROPOLITANO", ["Reparto Metropolitano|1000 Calle 5 SE",
                                         "1000 Calle 5 SE|Urb Repto Metropolitano"]),
        ("F23", "EXT VILLA CAPRI", ["Ext Villa Capri|F23 Calle Verona", "Urb Extension Villa Capri|F23 Calle Verona"]),
        ("1642", "", ["1642 Ave Ponce de Leon|Apt 5", "Cond Asturias|1642 Ave Ponce de Leon", "1642 Calle del Parque"]),
        ("PO BOX 12", "", ["PO Box 12|Urb Las Gladiolas"]),
    ],
)  # fmt: skip
def test_an_urbanization_has_one_form_wherever_it_stands(number: str, form: str, written: list[str]) -> None:
    """P5: before or behind the street, in its line or beside it, with its kind spelt out or not."""
    found = urbanizations(written, city="San Juan", state="PR", zip="00926")
    assert found == [(number, form)] * len(written)


@pytest.mark.parametrize(
    ("place", "told"),
    [
        ({"state": "PR"}, True), ({"state": "Puerto Rico", "zip": ""}, True), ({"zip": "00926"}, True),
        ({"zip": "926", "state": "PR"}, True), ({"state": "FL", "zip": "33101"}, False),
        ({"state": "VI", "zip": "00802"}, False),
    ],
)  # fmt: skip
def test_only_puerto_rico_has_urbanizations(place: dict[str, str], told: bool) -> None:
    """P6: told by the state or by the ZIP Code; elsewhere the words are no part of an address."""
    assert urbanizations(["150 Calle A|Urb Las Gladiolas"], city="Town", **place) == [
        ("150", "GLADIOLA" if told else "")
    ]


def met(stored: PostalAddress, row: PostalAddress, level: Level) -> bool:
    held = {key.key for key in stored_keys(stored, level)}
    return not held.isdisjoint(key.key for key in probe_keys_one(row))


PLACES = (SAN_JUAN, "San Juan; PR; ", "; ; 00926", "San Juan; PR; 00927")


@pytest.mark.parametrize("level", list(Level))
def test_keys_of_two_urbanizations_never_meet_and_a_missing_one_meets_both(level: Level) -> None:
    """P6, P9: what is missing on one side meets, what differs does not, at each level and by each kind of key."""
    lines = (ONE, OTHER, NONE)
    ends = [(each, place) for each in lines for place in PLACES]
    addresses = [PostalAddress(**(dict(at(*end).items()) | {"company": "Acme"})) for end in ends]
    made = dict(zip(ends, keys_of_many(addresses, [level] * len(ends)), strict=True))

    def meets(one: tuple[str, str], two: tuple[str, str]) -> bool:
        stored, row = made[one], made[two]
        assert isinstance(stored, AddressKeys)
        assert isinstance(row, AddressKeys)
        return not {key.key for key in stored.stored}.isdisjoint(row.probes)

    for here, there in product(PLACES, PLACES):
        same = meets((NONE, here), (NONE, there))
        assert meets((ONE, here), (ONE, there)) is same
        assert (meets((ONE, here), (NONE, there)), meets((NONE, here), (ONE, there))) == (same, same)
        assert not meets((ONE, here), (OTHER, there))


def test_a_row_for_nobody_by_name_falls_to_an_opt_out_in_its_own_urbanization_only() -> None:
    """P9: the occupant of the same number and street next door is somebody else."""
    assert not met(at(ONE), at(OTHER, name="Current Resident"), Level.INDIVIDUAL)
    assert met(at(ONE), at(ONE, name="Current Resident"), Level.INDIVIDUAL)
    assert met(at(ONE), at(NONE, name="Current Resident"), Level.INDIVIDUAL)


def test_two_people_of_one_name_in_two_urbanizations_are_two_entries() -> None:
    """P6: the key that names an entry tells them apart, or the second opt-out would be taken for the first."""
    assert (
        len(
            {
                primary_key(at(lines), level)
                for lines in (ONE, OTHER, NONE)
                for level in (Level.INDIVIDUAL, Level.HOUSEHOLD)
            }
        )
        == 6
    )


def test_keys_elsewhere_say_nothing_of_urbanizations() -> None:
    """P6: no key of an address outside of Puerto Rico is another, or one more, because there are urbanizations."""
    springfield = stored_keys(PostalAddress.parse("Jane Doe; 100 Main St; Springfield; IL; 62701"), Level.INDIVIDUAL)
    assert next(key.key for key in springfield if key.kind is KeyKind.CORE).count("|") == 5
    assert len(springfield) < len(stored_keys(at(ONE), Level.INDIVIDUAL))


@pytest.mark.parametrize("level", [Level.INDIVIDUAL, Level.HOUSEHOLD])
@pytest.mark.parametrize(
    ("one", "two", "same"), [(ONE, ONE, True), (ONE, OTHER, False), (ONE, NONE, True), (NONE, OTHER, True)]
)
def test_the_rules_for_pairs_keep_two_urbanizations_apart(one: str, two: str, same: bool, level: Level) -> None:
    """P6: it is a gate, as house numbers and units are."""
    left, right = (
        pair_fields(
            standardise_names(standardise(pl.DataFrame([dict(at(lines).items())]))).with_columns(
                level=pl.lit(level.value)
            )
        )
        for lines in (one, two)
    )
    places = pl.DataFrame({"l": [0], "r": [0]}, schema={"l": pl.UInt32, "r": pl.UInt32})
    verdict = judge_pairs(pairs_of(left, right, places))["verdict"].item()
    assert verdict == (PairVerdict.MATCH if same else PairVerdict.DIFFERENT).value


def test_a_box_beside_a_street_lies_in_no_urbanization() -> None:
    """P7: the box is at the post office."""
    row = pl.DataFrame([dict(at("150 Calle A; Urb Las Gladiolas PO Box 5").items())])
    both = with_boxes(standardise(row)).select("s_number", "s_urb").rows()
    assert both == [("150", "GLADIOLA"), ("PO BOX 5", "")]


def test_the_standard_form_is_its_own_standard_form() -> None:
    """P5: an urbanization written in its form has that form."""
    written = ["Urb Las Gladiolas", "Jardines de Caparra", "Ext Villas del Norte", "Reparto Santa Teresita"]
    once = [urb for _, urb in urbanizations([f"1 Calle A|{each}" for each in written], state="PR")]
    assert [urb for _, urb in urbanizations([f"1 Calle A|Urb {each}" for each in once], state="PR")] == once


@pytest.mark.parametrize(
    ("name", "state", "zip_code", "line2"),
    [
        ("Las Gladiolas", "PR", "00926", "Apt 3, URB Las Gladiolas"),
        ("URB. LAS GLADIOLAS", "Puerto Rico", "", "Apt 3, URB. LAS GLADIOLAS"),
        ("Urbanización Las Gladiolas", "", "00926-1234", "Apt 3, Urbanización Las Gladiolas"),
        ("Urbanization Las Gladiolas", "P.R.", "926", "Apt 3, Urbanization Las Gladiolas"),
        ("Cond. Asturias", "PR", "00926", "Apt 3, Cond. Asturias"),
        ("n/a", "PR", "00926", "Apt 3"),
        ("  ", "PR", "00926", "Apt 3"),
        ("Urban", "VT", "05401", "Apt 3"),
        ("Las Gladiolas", "", "92620", "Apt 3"),
    ],
)
def test_an_urbanization_from_its_own_column_stands_beside_the_street(
    name: str, state: str, zip_code: str, line2: str
) -> None:
    """P5: in Puerto Rico; elsewhere a column of that name says something else."""
    assert beside_the_street("Apt 3", name, state, zip_code) == line2


def test_an_urbanization_is_one_whether_a_column_holds_it_or_the_line() -> None:
    """P5, P6."""
    names = ("Las Gladiolas", "URB LAS GLADIOLAS", "Urbanization Las Gladiolas", "Urbanización Las Gladiolas")
    lines = [f"150 Calle A|{beside_the_street(unit, name, 'PR', '')}" for name in names for unit in ("", "Apt 3")]
    assert urbanizations(lines, state="PR") == [("150", "GLADIOLA")] * len(lines)
