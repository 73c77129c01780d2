"""One form for every legitimate spelling of a name in an address block."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st

from prefcenter.core.postal.names import NAME_COLUMNS, standardise_names


def one(**columns: str) -> dict[str, object]:
    """The standard form of one name."""
    return standardise_names(pl.DataFrame({name: [value] for name, value in columns.items()})).row(0, named=True)


def person(form: dict[str, object], which: str = "") -> str:
    """First, middle, last and generation of a person, set apart by slashes."""
    return "/".join(str(form[f"s_{part}{which}"]) for part in ("first", "middle", "last", "generation"))


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("John Smith", "JOHN//SMITH/"),
        ("Mr. John Q. Smith", "JOHN/Q/SMITH/"),
        ("SMITH, JOHN Q", "JOHN/Q/SMITH/"),
        ("Dr Jane Doe, MD", "JANE//DOE/"),
        ("Rev. Jane Doe, Esq.", "JANE//DOE/"),
        ("John Smith Jr.", "JOHN//SMITH/JR"),
        ("John Smith, Jr", "JOHN//SMITH/JR"),
        ("Smith Jr., John", "JOHN//SMITH/JR"),
        ("Smith, John, Junior", "JOHN//SMITH/JR"),
        ("John Smith Sr", "JOHN//SMITH/SR"),
        ("John Smith III", "JOHN//SMITH/III"),
        ("JR Smith", "J/R/SMITH/"),
        ("Mary Smith-Jones", "MARY//SMITHJONES/"),
        ("Smith Jones, Mary", "MARY//SMITHJONES/"),
        ("Smith Jones, Mary Ann", "MARY/ANN/SMITHJONES/"),
        ("Maria de la Cruz", "MARIA//DELACRUZ/"),
        ("de la Cruz, María", "MARIA//DELACRUZ/"),
        ("Jan van der Berg", "JAN//VANDERBERG/"),
        ("Van Morrison", "VAN//MORRISON/"),
        ("Conan O'Brien", "CONAN//OBRIEN/"),
        ("Pat Mc Donald", "PAT//MCDONALD/"),
        ("Mary O. Smith", "MARY/O/SMITH/"),
        ("José Peña", "JOSE//PENA/"),
        ("J. Smith", "J//SMITH/"),
        ("Cher", "//CHER/"),
        ("The Smith Family", "//SMITH/"),
        ("Jane Doe C/O Bob Jones", "JANE//DOE/"),
        ("c/o Jane Doe", "JANE//DOE/"),
        ("ATTN: Jane Doe", "JANE//DOE/"),
        ("", "///"),
        ("Mr.", "///"),
    ],
)
def test_names_take_one_form(written: str, expected: str) -> None:
    """P9: titles go, generations stay, particles belong to the surname."""
    form = one(name=written)
    assert person(form) == expected
    assert person(form, "2") == "///"
    assert form["s_occupant"] is False


@pytest.mark.parametrize(
    ("written", "first", "second"),
    [
        ("John & Mary Smith", "JOHN//SMITH/", "MARY//SMITH/"),
        ("John and Mary Smith", "JOHN//SMITH/", "MARY//SMITH/"),
        ("John H. & Mary K. Smith", "JOHN/H/SMITH/", "MARY/K/SMITH/"),
        ("Smith, John & Mary", "JOHN//SMITH/", "MARY//SMITH/"),
        ("John Smith, Mary Smith", "JOHN//SMITH/", "MARY//SMITH/"),
        ("SMITH JOHN, MARY SMITH", "JOHN//SMITH/", "MARY//SMITH/"),
        ("Smith John, Smith Mary", "JOHN//SMITH/", "MARY//SMITH/"),
        ("Mr. John Q Smith, Mrs. Mary Smith", "JOHN/Q/SMITH/", "MARY//SMITH/"),
        ("John Smith Jr, Mary Smith", "JOHN//SMITH/JR", "MARY//SMITH/"),
        ("John Smith and Mary Jones", "JOHN//SMITH/", "MARY//JONES/"),
        ("Mr. and Mrs. John Smith", "JOHN//SMITH/", "///"),
        ("Mr & Mrs Smith", "//SMITH/", "///"),
        ("Dr. John and Mrs. Mary Smith", "JOHN//SMITH/", "MARY//SMITH/"),
        ("John Smith and Family", "JOHN//SMITH/", "///"),
        ("John & Maria de la Cruz", "JOHN//DELACRUZ/", "MARIA//DELACRUZ/"),
    ],
)
def test_couples_are_two_persons(written: str, first: str, second: str) -> None:
    """P9: each of a couple is found by an opt-out of their own."""
    form = one(name=written)
    assert (person(form), person(form, "2")) == (first, second)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("Current Resident", "///"),
        ("Occupant", "///"),
        ("To the Resident", "///"),
        ("POSTAL CUSTOMER", "///"),
        ("Resident or Current Occupant", "///"),
        ("Jane Doe or Current Resident", "JANE//DOE/"),
        ("Jane Doe, or Current Resident", "JANE//DOE/"),
        ("Jane Doe Or Occupant", "JANE//DOE/"),
    ],
)
def test_occupant_rows_are_marked_and_keep_their_person(written: str, expected: str) -> None:
    """P9: "or current resident" is no part of a name."""
    form = one(name=written)
    assert form["s_occupant"] is True
    assert person(form) == expected


def test_columns_of_their_own_are_preferred_to_the_whole_name() -> None:
    """first_name and last_name say what is what; a surname of two words stays whole."""
    assert person(one(name="x y", first_name="Mary Ann", last_name="Smith Jones")) == "MARY/ANN/SMITHJONES/"
    assert person(one(name="", first_name="José", last_name="de la Cruz, Jr.")) == "JOSE//DELACRUZ/JR"
    assert person(one(name="Jane Doe", first_name="", last_name="")) == "JANE//DOE/"
    couple = one(first_name="Bob & Sue", last_name="Smith")
    assert (person(couple), person(couple, "2")) == ("BOB//SMITH/", "SUE//SMITH/")


@pytest.mark.parametrize("written", ["Acme, Inc.", "ACME", "The Acme Co", "Acme LLC", "acme corp."])
def test_firms_lose_their_legal_form(written: str) -> None:
    """P15: a firm is the same with and without its legal form."""
    assert one(company=written)["s_company"] == "ACME"


SAME = {
    "JOHN//SMITH/JR": ["John Smith Jr", "John Smith, Jr.", "Smith Jr, John", "Smith, John, Jr.", "Smith, Jr., John",
                       "John Smith Junior", "JOHN SMITH JNR", "Mr John Smith Jr MD", "John Smith, M.D., Jr."],
    "JOHN//SMITH/V": ["John Smith V", "John Smith, V"], "JOHN/V/SMITH/": ["John V Smith", "John V. Smith"],
    "MARY//OBRIEN/": ["Mary O'Brien", "Mary O Brien", "Mary OBrien", "O Brien, Mary", "Mary O’Brien"],
    "MARY/O/SMITH/": ["Mary O Smith", "Mary O. Smith"],
    "MARY//SMITHJONES/": ["Mary Smith-Jones", "Mary Smith - Jones", "Smith-Jones, Mary", "Smith Jones, Mary"],
    "CHRISTOPHER//LE/SR": ["Le, Christopher Sr", "LE, CHRISTOPHER SR", "Christopher Le Sr"],
    "JOHN//VAN/JR": ["Van, John Jr", "Van Jr, John"], "MARY//STJOHN/": ["Mary St. John", "St John, Mary"],
    "J/R/SMITH/": ["J.R. Smith", "J. R. Smith", "J R Smith", "JR Smith", "Smith, J.R.", "Smith, J R"],
    "WEI//NG/": ["Ng, Wei", "Wei Ng"], "KIM//DO/": ["Kim Do", "Do, Kim"],
    "//HENDERSON/": ["The Hendersons", "The Henderson Family", "Henderson Household", "The Henderson's"],
    "//JONES/": ["The Joneses", "The Jones Family"], "//WILLIAMS/": ["The Williams", "The Williams Family"],
    "//HARRIS/": ["The Harrises"], "//BUSH/": ["The Bushes"],
    "JANE//DOE/": ["Jane Doe, MD", "Jane Doe, DO", "Jane Doe, RN, BSN", "Doe, Jane, MD", "Rev. Dr. Jane Doe",
                   "Capt. Jane Doe USN Ret", "Lt. Col. Jane Doe", "JANE DOE #12345", "Jane (Smith) Doe",
                   "Jane Doe et al", "The Estate of Jane Doe", "Jane Doe Trustee", "JANE_DOE", "Jane Doe % Bob Jones",
                   "Jane Doe care of Bob Jones", "% Jane Doe", "In care of Jane Doe", "Jane Doe c/o: Bob Jones"],
}  # fmt: skip


@pytest.mark.parametrize(("form", "written"), SAME.items())
def test_every_spelling_of_a_name_has_one_form(form: str, written: list[str]) -> None:
    """P9: titles, generations, particles, initials, plurals and credentials."""
    found = standardise_names(pl.DataFrame({"name": written})).rows(named=True)
    assert {name: person(row) for name, row in zip(written, found, strict=True)} == dict.fromkeys(written, form)


def test_a_title_tells_two_people_of_one_surname_apart() -> None:
    """P9: Mr Smith is not Mrs Smith; with a first name a title says nothing."""
    found = [person(one(name=name)) for name in ("Mr Smith", "Mrs. Smith", "Smith, Ms", "Dr Smith", "Mr John Smith")]
    assert found == ["//SMITH/M", "//SMITH/F", "//SMITH/F", "//SMITH/", "JOHN//SMITH/"]


@pytest.mark.parametrize(
    "written",
    [
        "John & Mary Smith", "John + Mary Smith", "John/Mary Smith", "John or Mary Smith", "Smith, John & Mary",
        "Mr John and Mrs Mary Smith", "John Smith & Mary Smith", "Smith, John & Smith, Mary", "John&Mary Smith",
    ],
)  # fmt: skip
def test_every_way_to_write_a_couple_names_both(written: str) -> None:
    """P9: each of a couple is found by an opt-out of their own."""
    form = one(name=written)
    assert (person(form), person(form, "2")) == ("JOHN//SMITH/", "MARY//SMITH/")


@pytest.mark.parametrize(
    "written",
    [
        "Current Resident or Jane Doe", "Current Resident/Jane Doe", "Resident Jane Doe", "Jane Doe or our neighbor",
        "Jane Doe Or Current Resident At",
    ],
)  # fmt: skip
def test_the_person_beside_an_occupant_is_found_on_either_side(written: str) -> None:
    """P9: "current resident or" must not hide whom it is addressed to."""
    form = one(name=written)
    assert (form["s_occupant"], person(form)) == (True, "JANE//DOE/")


def test_a_firm_in_the_column_of_names_is_a_company_too() -> None:
    """P15: a list that puts firms among the names must meet an opt-out of the firm, and of who reads its mail."""
    firm, reader = one(name="Acme, Inc."), one(name="Acme Inc Attn: Jane Doe")
    assert (firm["s_company"], reader["s_company"], person(reader)) == ("ACME", "ACME", "JANE//DOE/")
    assert one(name="Jane Doe", company="Acme Inc")["s_company"] == "ACME"
    assert one(name="Jane Inch")["s_company"] == ""


def test_one_row_and_many_take_the_same_form() -> None:
    """One standardiser: rows keep their order, and each equals itself alone."""
    names = ["John & Mary Smith", None, "Occupant", "Smith, J. Jr", "Jan van der Berg", "", "Peña"]
    frame = pl.DataFrame({"id": list(range(7)), "name": names})
    together = standardise_names(frame)
    assert together.columns == ["id", "name", *NAME_COLUMNS]
    assert together.rows() == [standardise_names(frame[row]).row(0) for row in range(7)]


@settings(max_examples=60, deadline=None, phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(st.lists(st.text(max_size=50), min_size=4, max_size=4))
@example(["\0", "🙂", "JR", ","])
@example(["AND", "& , &", "MR", "INC"])
@example(["A" * 1_000_000, "", "", ""])
def test_no_text_makes_the_standardiser_raise(cells: list[str]) -> None:
    """Any string has some standard form."""
    out = one(**dict(zip(("name", "first_name", "last_name", "company"), cells, strict=True)))
    assert all(len(str(out[name])) < 500 for name in NAME_COLUMNS)
