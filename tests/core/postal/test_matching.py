"""The fuzzy tier: who is the same person though no key says so, and who never is."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prefcenter.core.channels import Level
from prefcenter.core.postal.address import PostalAddress
from prefcenter.core.postal.blocks import block_keys, candidate_pairs
from prefcenter.core.postal.keys import probe_keys, stored_keys_frame
from prefcenter.core.postal.matching import judge_pairs
from prefcenter.core.postal.names import standardise_names
from prefcenter.core.postal.nicknames import GivenRelation, given_relations
from prefcenter.core.postal.pair_fields import pair_fields, pairs_of
from prefcenter.core.postal.similarity import edits
from prefcenter.core.postal.standardise import standardise
from prefcenter.core.postal.tiers import REMOVED_WHEN_UNSURE, PairTier, PairVerdict

PLACE = "; Springfield; IL; 62701"
HOME = "100 N Main St; Apt 2" + PLACE
HOUSE = "100 N Main St;" + PLACE


def standard(addresses: list[str], level: Level = Level.INDIVIDUAL) -> pl.DataFrame:
    """Standardised addresses as on the command line, of suppressions of a level."""
    rows = [dict(PostalAddress.parse(address).items()) | {"level": level.value} for address in addresses]
    return standardise_names(standardise(pl.DataFrame(rows)))


def judged(pairs: list[tuple[str, str]], level: Level = Level.INDIVIDUAL) -> list[tuple[str, str, float]]:
    """Verdict, tier and score of each pair."""
    left = pair_fields(standard([one for one, _ in pairs], level))
    right = pair_fields(standard([other for _, other in pairs]))
    places = pl.DataFrame({"l": range(len(pairs)), "r": range(len(pairs))}, schema={"l": pl.UInt32, "r": pl.UInt32})
    return judge_pairs(pairs_of(left, right, places)).rows()


def table(pairs: str) -> list[tuple[str, str]]:
    """The pairs of a text: one a line, the two sides parted by a bar."""
    found = [line.split("|") for line in pairs.strip().splitlines()]
    return [(one.strip(), other.strip()) for one, other in found]


def names(pairs: str, home: str = HOME) -> list[tuple[str, str]]:
    """Pairs of names at one address."""
    return [(f"{one}; {home}", f"{other}; {home}") for one, other in table(pairs)]


def lines(pairs: str, name: str = "Jane Doe") -> list[tuple[str, str]]:
    """Pairs of addresses of one name."""
    return [(f"{name}; {one}", f"{name}; {other}") for one, other in table(pairs)]


SAME_PERSON = names("""
    Jane Doe | JANE DOE
    Jane Doe | Ms. Jane Q. Doe
    Jane Doe | Doe, Jane
    Jane Q Doe | Doe, Jane Q.
    Jane Doe | Jane & John Doe
    Jane Doe | John and Jane Doe
    Jane Doe | Jane Doe or Current Resident
    John Doe Jr | John Doe, Jr.
    John Doe Jr | John Doe
    Robert Doe | Bob Doe
    Bob Doe | Robert Doe
    Robert Doe | Rob Doe
    Robert Doe | Bobby Doe
    William Doe | Bill Doe
    William Doe | Billy Doe
    James Doe | Jim Doe
    James Doe | Jimmy Doe
    Jim Doe | Jimmy Doe
    Michael Doe | Mike Doe
    Margaret Doe | Peggy Doe
    Margaret Doe | Maggie Doe
    Elizabeth Doe | Liz Doe
    Elizabeth Doe | Betty Doe
    Katherine Doe | Kate Doe
    Katherine Doe | Katie Doe
    Catherine Doe | Katherine Doe
    Jon Doe | John Doe
    Sara Doe | Sarah Doe
    Stephen Doe | Steven Doe
    Anthony Doe | Tony Doe
    Richard Doe | Dick Doe
    Charles Doe | Chuck Doe
    Deborah Doe | Debbie Doe
    Susan Doe | Sue Doe
    Patricia Doe | Patty Doe
    Edward Doe | Ted Doe
    Bob Doe | Robert & Mary Doe
    Mary Ann Doe | Maryann Doe
    Mary Ann Doe | Mary-Ann Doe
    J Robert Doe | Robert Doe
    Doe Jane | Jane Doe
    Jane Doe | Doe Jane Q
    Garcia Maria | Maria Garcia
    Michael Anderson | Micheal Anderson
    Michael Anderson | Michal Anderson
    Jennifer Anderson | Jenifer Anderson
    Jennifer Anderson | Jennnifer Anderson
    Joseph Anderson | Joesph Anderson
    Patricia Anderson | Patrcia Anderson
    Christopher Anderson | Christophr Anderson
    Michael Anderson | Michael Andersen
    Michael Anderson | Michael Andreson
    Michael Anderson | Michael Andersn
    Michael Anderson | Michael Andersonn
    Jane Smith | Jane Smyth
    Jane Schwartz | Jane Schwarz
    Jane Schwartz | Jane Shwarts
    Jane O'Brien | Jane OBrien
    Jane O'Brien | Jane O Brien
    Jane McDonald | Jane Mc Donald
    Jane Smith-Jones | Jane Smith Jones
    Jane Smith-Jones | Jane Jones
    Jane Smith-Jones | Jane Smith
    Jane Jones Smith | Jane Jones
    Maria Garcia Lopez | Maria Garcia-Lopez
    Robert Anderson | Bob Andersen
    Christopher Johnson | Christoper Jonson
    Jane Coyne | Jane Coiene
    Jane Storm | Jane Storrn
    Jane Lewa | Jane Levva
    Jane Hadden | Jane Haclden
    Robbie Angeli | Robby Angeli
    Brody Billings | Brodie Billings
    Kelsey Doe | Kelsie Doe
    Warda Van Horn | Van Horn Warda
    De La Cruz Maria | Maria De La Cruz
""")

SAME_HOME = lines("""
    100 N Main St;; Springfield; IL; 62701 | 100 North Main Street;; Springfield; IL; 62701
    100 N Main St;; Springfield; IL; 62701 | 100 Main St;; Springfield; IL; 62701
    100 N Main St;; Springfield; IL; 62701 | 100 N Main;; Springfield; IL; 62701
    100 N Main St;; Springfield; IL; 62701 | 100 N Main Ave;; Springfield; IL; 62701
    100 N Main St;; Springfield; IL; 62701 | 100 S Main St;; Springfield; IL; 62701
    100 N Main St; Apt 2; Springfield; IL; 62701 | 100 N Main St; # 2; Springfield; IL; 62701
    100 N Main St; Apt 2; Springfield; IL; 62701 | 100 N Main St; Unit 2; Springfield; IL; 62701
    100 N Main St; Apt 2; Springfield; IL; 62701 | 100 N Main St;; Springfield; IL; 62701
    100 N Main St;; Springfield; IL; 62701 | 100 N Mian St;; Springfield; IL; 62701
    12 Washington Ave;; Springfield; IL; 62701 | 12 Washingon Ave;; Springfield; IL; 62701
    12 Washington Ave;; Springfield; IL; 62701 | 12 Wasington Avenue;; Springfield; IL; 62701
    12 Washington Ave;; Springfield; IL; 62701 | 12 Wahsingtn Ave;; Springfield; IL; 62701
    12 Sunset Blvd;; Springfield; IL; 62701 | 12 Sunset Bvld;; Springfield; IL; 62701
    12 Sunset Boulevard;; Springfield; IL; 62701 | 12 Sunset Bouelvard;; Springfield; IL; 62701
    12 Oak Hill;; Springfield; IL; 62701 | 12 Oak Hill Rd;; Springfield; IL; 62701
    12 Oak Hill Rd;; Springfield; IL; 62701 | 12 Oakhill Rd;; Springfield; IL; 62701
    12 Sea Cove;; Springfield; IL; 62701 | 12 Sea Cove Dr;; Springfield; IL; 62701
    12 Saint George Way;; Springfield; IL; 62701 | 12 Saiot George Way;; Springfield; IL; 62701
    12 Todd Valley Dr;; Springfield; IL; 62701 | 12 Todd Vallley Dr;; Springfield; IL; 62701
    12 Martin Luther King Blvd;; Springfield; IL; 62701 | 12 Martin Luther Blvd;; Springfield; IL; 62701
    100 N Main St;; Springfield; IL; 62701 | 100 N Main St;; Springfield; IL; 67201
    100 N Main St;; Springfield; IL; 62701 | 100 N Main St;; Springfield; IL; 26701
    100 N Main St;; Springfield; IL; 62701 | 100 N Main St;; Springfield; IL; 62708
    100 N Main St;; Springfield; IL; 62701 | 100 N Main St;; Springfield; IL; 52701
    100 N Main St;; Springfield; IL; 62701 | 100 N Main St;; Springfield; IL;
    100 N Main St;; Springfield; IL; 62701 | 100 N Main St;; Springfeild; IL;
    100 N Main St;; Springfield; IL; 62701 | 100 N Main St;; Springfeild; IL; 62701
    100 N Main St;; Springfield; IL; 62701 | 100 N Main St;; ; ; 62701
    100 N Main St;; Springfield; IL; 62701 | 100 N Main St;; Somewhere; IL; 62701
    100 N Main St;; Springfield; IL; 62701 | 100 N Main St;; Springfield; OL; 62710
    PO Box 12;; Springfield; IL; 62701 | P.O. Box 12;; Springfield; IL; 62710
    12 Stanley Pkwy;; Springfield; IL; 62701 | 12 Stan1ey Pkwy;; Springfield; IL; 62701
    12 Fargo Blvd;; Springfield; IL; 62701 | 12 FARG0 BLVD;; Springfield; IL; 62701
    12 Belfield Crescent;; Springfield; IL; 62701 | 12 Belfield C Rescent;; Springfield; IL; 62701
    12 Goyder Street;; Springfield; IL; 62701 | 12 Goyderst Reet;; Springfield; IL; 62701
    12 Washington Ave;; Springfield; IL; 62701 | 12 Wahsingtn Ave;; Springfield; IL; 67201
    12 5th Ave;; Springfield; IL; 62701 | 12 Fifth Ave;; Springfield; IL; 62701
    12 5th Ave;; Springfield; IL; 62701 | 12 W 5th Ave;; Springfield; IL; 62701
""")

UNSURE = names("""
    Jane Smith | J Smith
    J Smith | Jane Smith
    Jane Q Smith | J Q Smith
    Jane Smith | J. Smith
    Smith, J. | Jane Smith
    Jane Smith | J Smyth
    Jane Smith | Smith
    Smith | Jane Smith
    Lisa Smith | Betty Smith
    Robert James Smith | James Smith
""") + table("""
    Robert Doe; 100 N Main St; Apt 2; Springfield; IL; 62701 | Bob Doe; 100 N Main St;; Springfield; IL; 62701
    Michael Doe; 100 N Main St;; Springfield; IL; 62701 | Micheal Doe; 100 N Main St; # 4; Springfield; IL; 62701
    Jane Smith; 100 N Main St;; Springfield; IL; 62701 | J Smith; 100 N Mian St;; Springfield; IL; 62701
    Robert Doe; 100 Oak St;; Springfield; IL; 62701 | Bob Doe; 100 Oak Ave;; Springfield; IL; 62701
    Bettina Smith; 100 Maple Court;; Springfield; IL; 62701 | Smith; 100 Maple Court;; Springfield; IL; 62701
    Jane Smith; 100 N Main St; Apt 2; Springfield; IL; 62701 | J Smith; 100 N Main St;; Springfield; IL; 62701
""")

OTHER_PERSON = names("""
    Jane Doe | John Doe
    Marie Doe | Mary Doe
    Giuliana Doe | Liliana Doe
    Michael Doe | Michelle Doe
    Michelle Doe | Michael Doe
    Eric Doe | Erica Doe
    John Doe | Joan Doe
    Joan Doe | Jean Doe
    Daniel Doe | Danielle Doe
    Paul Doe | Paula Doe
    Paul A Doe | Paula Doe
    Benjamin Doe | Jamie Doe
    Carl Doe | Carla Doe
    Mark Doe | Mary Doe
    Maria Doe | Mario Doe
    Robert Doe | Roberta Doe
    Julia Doe | Julie Doe
    Anna Doe | Anne Doe
    Andrew Doe | Andrea Doe
    Christian Doe | Christina Doe
    Patrick Doe | Patricia Doe
    Jesse Doe | Jessica Doe
    Tim Doe | Tom Doe
    Don Doe | Ron Doe
    Jimmy Doe | Benjamin Doe
    Aaron Doe | Erin Doe
    Robert Doe | Bill Doe
    Mary Doe | Marie Doe
    Frank Doe | Fred Doe
    John Doe Jr | John Doe Sr
    John Doe II | John Doe III
    John Doe Jr | Jon Doe Sr
    Robert Doe Sr | Bob Doe Jr
    Jane Smith | K Smith
    John Smith | Mary Miller
    Jane Doe | Bob Jones
    Jane Doe | Bob & Mary Jones
    Jane Doe | Bob Jones or Current Resident
    Maria Garcia | Mario Lopez
    Ann Lee | Dan Lee
    Jane Peters | Mary Peterson
""")

OTHER_HOME = lines("""
    100 N Main St;; Springfield; IL; 62701 | 101 N Main St;; Springfield; IL; 62701
    1 N Main St;; Springfield; IL; 62701 | 100 N Main St;; Springfield; IL; 62701
    100 N Main St;; Springfield; IL; 62701 | 1000 N Main St;; Springfield; IL; 62701
    100 N Main St;; Springfield; IL; 62701 | 100A N Main St;; Springfield; IL; 62701
    143-25 41st Ave;; Flushing; NY; 11355 | 143-26 41st Ave;; Flushing; NY; 11355
    100 N Main St; Apt 2; Springfield; IL; 62701 | 100 N Main St; Apt 3; Springfield; IL; 62701
    100 N Main St; Apt 2; Springfield; IL; 62701 | 100 N Main St; # 3; Springfield; IL; 62701
    100 N Main St; Apt 2; Springfield; IL; 62701 | 100 N Main St; Apt 22; Springfield; IL; 62701
    100 N Main St; Apt 2; Springfield; IL; 62701 | 100 N Main St; Ste 2; Springfield; IL; 62701
    100 N Main St; Apt 2A; Springfield; IL; 62701 | 100 N Main St; Apt 2B; Springfield; IL; 62701
    PO Box 12;; Springfield; IL; 62701 | PO Box 21;; Springfield; IL; 62701
    PO Box 12;; Springfield; IL; 62701 | 12 Main St;; Springfield; IL; 62701
    RR 2 Box 12;; Springfield; IL; 62701 | RR 3 Box 12;; Springfield; IL; 62701
    12 5th Ave;; Springfield; IL; 62701 | 12 6th Ave;; Springfield; IL; 62701
    12 22nd St;; Springfield; IL; 62701 | 12 222nd St;; Springfield; IL; 62701
    12 Highway A1A;; Springfield; IL; 62701 | 12 Highway A1B;; Springfield; IL; 62701
    12 FM 533;; Springfield; IL; 62701 | 12 FM 532;; Springfield; IL; 62701
    12 I95 Frontage Rd;; Springfield; IL; 62701 | 12 I94 Frontage Rd;; Springfield; IL; 62701
    12 Highway 7;; Springfield; IL; 62701 | 12 Highway 71;; Springfield; IL; 62701
    100 N Main St;; Springfield; IL; 62701 | 100 N Main St;; Chicago; IL; 60601
    100 N Main St;; Springfield; IL; 62701 | 100 N Main St;; Springfield; MA; 01103
    100 N Main St;; Springfield; IL; | 100 N Main St;; Springfield; MA;
    100 N Main St;; Springfield; IL; 62701 | 100 N Main St;; ; ;
""") + table("""
    Jane Doe; 100 Oak St;; Springfield; IL; 62701 | Bob Jones; 100 Oak Ave;; Springfield; IL; 62701
    Jane Doe; 100 Oak St;; Springfield; IL; 62701 | Mary Doe; 100 Oak Ave;; Springfield; IL; 62701
    Jane Doe; 100 Oak St;; Springfield; IL; 62701 | J Doe; 100 Oak Ave;; Springfield; IL; 62701
    Jane Doe; 100 N Oak St;; Springfield; IL; 62701 | Mary Doe; 100 S Oak St;; Springfield; IL; 62701
    Jennifer Doe; 100 Oak St;; Springfield; IL; 62701 | Jennifur Doe; 100 Oak Ct;; Springfield; IL; 62701
    Jane Doe; 100 Oak St; Apt 2; Springfield; IL; 62701 | J Doe; 100 Oak St; Apt 3; Springfield; IL; 62701
    Jane Doe; 100 Oak St; Apt 1; Springfield; IL; 62701 | Current Resident; 100 Oak St; Apt 2; Springfield; IL; 62701
    Jane Doe; 100 Oak St;; Springfield; IL; 62701 | Current Resident; 100 Oak Ave;; Springfield; IL; 62701
    Jane Doe; 100 Oak St;; Springfield; IL; 62701 | Current Resident; 100 Oka St;; Springfield; IL; 62701
""")


RENAMED = names("""
    Jane Smith | Jane Lopez
    Jane Smith | Jane Q Miller
    Jane Smith | John and Jane Miller
""")
ELSEWHERE = lines("""
    100 N Main St;; Springfield; IL; 62701 | 100 N Elm St;; Springfield; IL; 62701
    100 Oak St;; Springfield; IL; 62701 | 100 Maple St;; Springfield; IL; 62701
    100 Maple Court;; Springfield; IL; 62701 | 100 Apple Court;; Springfield; IL; 62701
""")


def test_the_tables_are_long_enough_to_mean_something() -> None:
    """At least 150 pairs are judged by hand."""
    assert len(SAME_PERSON + SAME_HOME + UNSURE + OTHER_PERSON + OTHER_HOME) >= 150


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        pytest.param(SAME_PERSON, PairVerdict.MATCH, id="one person in two spellings"),
        pytest.param(SAME_HOME, PairVerdict.MATCH, id="one full name at one address in two spellings"),
        pytest.param(UNSURE, PairVerdict.UNSURE, id="perhaps the same person"),
        pytest.param(OTHER_PERSON, PairVerdict.DIFFERENT, id="relatives, siblings, other tenants"),
        pytest.param(OTHER_HOME, PairVerdict.DIFFERENT, id="other houses, units, towns"),
    ],
)
def test_each_pair_is_judged_as_a_person_would(pairs: list[tuple[str, str]], expected: PairVerdict) -> None:
    """P6, P9: the verdict of each pair of the table."""
    found = judged(pairs)
    assert [(pair, *outcome) for pair, outcome in zip(pairs, found, strict=True) if outcome[0] != expected] == []


@pytest.mark.parametrize(("pairs", "tier"), [(RENAMED[:2], PairTier.SURNAME), (ELSEWHERE, PairTier.ELSEWHERE)])
def test_another_surname_or_street_and_all_else_the_same_is_for_a_person_to_see(
    pairs: list[tuple[str, str]], tier: PairTier
) -> None:
    """P9: a marriage or a move may be behind it, or two people; such a row is let through and listed."""
    assert {(verdict, name) for verdict, name, _ in judged(pairs)} == {(PairVerdict.UNSURE, tier)}
    assert tier not in REMOVED_WHEN_UNSURE


@pytest.mark.parametrize(
    "pair",
    [
        RENAMED[2],
        *names("""
            Jane Smith | Joan Lopez
            J Smith | J Lopez
            John Smith Jr | John Lopez Sr
        """),
        *lines("""
            100 Oak St; Apt 2; Springfield; IL; 62701 | 100 Maple St;; Springfield; IL; 62701
            100 Oak St; Apt 2; Springfield; IL; 62701 | 100 Maple St; Apt 3; Springfield; IL; 62701
            100 Oak St;; Springfield; IL; 62701 | 100 Maple St;; Springfield; IL; 62704
            100 Oak St;; Springfield; IL; 62701 | 101 Maple St;; Springfield; IL; 62701
            12 5th St;; Springfield; IL; 62701 | 12 6th St;; Springfield; IL; 62701
            12 Avenue A;; Springfield; IL; 62701 | 12 Avenue B;; Springfield; IL; 62701
        """),
        ("Jane Smith; 100 Oak St; Apt 2" + PLACE, "Jane Lopez; 100 Oak St;" + PLACE),
        ("Jane Smith; 100 Oak St;" + PLACE, "Bob Smith; 100 Maple St;" + PLACE),
        ("J Smith; 100 Oak St;" + PLACE, "J Smith; 100 Maple St;" + PLACE),
    ],
)
def test_nobody_is_doubted_who_has_another_surname_or_street_and_anything_else_besides(pair: tuple[str, str]) -> None:
    """P6, P9: relatives, neighbours and other tenants would fill the list of doubts."""
    assert judged([pair])[0] == (PairVerdict.DIFFERENT, "", 0.0)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("12 Oka St", "12 Oak St"),
        ("12 Brewste R Pl", "12 Brewster Pl"),
        ("47 Avenve A", "47 Avenue A"),
        ("295 Lornax Ln", "295 Lomax Ln"),
    ],
)
def test_a_slip_in_a_short_street_or_a_space_gone_astray_is_a_slip(one: str, other: str) -> None:
    """P5: too short for the general rule, and yet nothing else could be meant."""
    assert judged([(f"Jane Doe; {one};{PLACE}", f"Jane Doe; {other};{PLACE}")])[0][0] == PairVerdict.MATCH


def test_a_name_that_stands_alone_may_be_the_given_name() -> None:
    """P9: a doubt, since it may as well be a surname."""
    assert judged([(f"Jane Doe; {HOME}", f"Jane; {HOME}")])[0][:2] == (PairVerdict.UNSURE, PairTier.WEAK)


@pytest.mark.parametrize("pairs", [SAME_PERSON, SAME_HOME, UNSURE, OTHER_PERSON, OTHER_HOME, RENAMED, ELSEWHERE])
def test_between_two_persons_the_sides_may_be_exchanged(pairs: list[tuple[str, str]]) -> None:
    """An individual's rules have no direction, save that a nameless row is no suppression."""
    both = [(one, other) for one, other in pairs if "Current Resident; 1" not in other]
    assert judged(both) == judged([(other, one) for one, other in both])


@pytest.mark.parametrize(
    ("one", "other", "tier"),
    [
        ("Jane Doe", "Jane Doe", PairTier.EXACT),
        ("Robert Doe", "Bob Doe", PairTier.NICKNAME),
        ("Mary Ann Doe", "Maryann Doe", PairTier.JOINED),
        ("Jane Doe", "Doe Jane", PairTier.SWAPPED),
        ("Jane Anderson", "Jane Andersen", PairTier.MISSPELT),
        ("Jane Smith-Jones", "Jane Jones", PairTier.SURNAME_PART),
        ("Jane Doe", "J Doe", PairTier.INITIAL),
        ("Jane Doe", "Doe", PairTier.WEAK),
    ],
)
def test_the_tier_names_the_difference_in_the_name_that_weighs_most(one: str, other: str, tier: PairTier) -> None:
    """A person can follow what spoke."""
    assert judged([(f"{one}; {HOME}", f"{other}; {HOME}")])[0][1] == tier


@pytest.mark.parametrize(
    ("line", "tier"),
    [
        ("100 N Mian St;" + PLACE, PairTier.STREET),
        ("100 S Main St;" + PLACE, PairTier.LINE),
        ("100 N Main Ct;" + PLACE, PairTier.LINE),
        ("100 N Main St;; Springfield; IL; 67201", PairTier.PLACE),
        ("100 N Main St; Apt 9" + PLACE, PairTier.EXACT),
    ],
)
def test_the_tier_names_the_difference_in_the_address_that_weighs_most(line: str, tier: PairTier) -> None:
    """The same full name at the same number on a differing suffix or direction is a scored tier of its own."""
    verdict, found, score = judged([(f"Jane Doe; {HOUSE}", f"Jane Doe; {line}")])[0]
    assert (verdict, found) == (PairVerdict.MATCH, tier)
    assert 0.5 <= score <= 1


def test_only_an_initial_or_a_missing_unit_is_removed_when_unsure() -> None:
    """The default: removed for what differs only in an initial or a missing unit, kept otherwise."""
    pairs = [
        (f"Jane Doe; {HOME}", f"J Doe; {HOME}"),
        (f"Robert Doe; {HOME}", f"Bob Doe; {HOUSE}"),
        (f"Jane Doe; {HOME}", f"Doe; {HOME}"),
    ]
    assert [PairTier(tier) in REMOVED_WHEN_UNSURE for _, tier, _ in judged(pairs)] == [True, True, False]


def test_more_differences_never_raise_the_score() -> None:
    """Scores can be compared: each further slip costs."""
    rows = ["Robert Anderson", "Bob Anderson", "Bob Andersen"]
    scores = [score for _, _, score in judged([(f"Robert Anderson; {HOME}", f"{row}; {HOME}") for row in rows])]
    assert scores == sorted(scores, reverse=True)
    assert scores[0] == 1.0


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (f"Bob Jones; {HOME}", PairVerdict.MATCH),
        (f"Current Resident; {HOME}", PairVerdict.MATCH),
        (f"Bob Jones; {HOUSE}", PairVerdict.MATCH),
        ("Mary Doe; 100 N Mian St; Apt 2" + PLACE, PairVerdict.MATCH),
        ("Bob Jones; 100 N Mian St; Apt 2" + PLACE, PairVerdict.UNSURE),
        ("Bob Jones; 100 N Main St; Apt 3" + PLACE, PairVerdict.DIFFERENT),
        ("Bob Jones; 100 N Main Ave; Apt 2" + PLACE, PairVerdict.DIFFERENT),
        ("Jane Doe; 100 S Main St; Apt 2" + PLACE, PairVerdict.DIFFERENT),
        ("Jane Doe; 102 N Main St; Apt 2" + PLACE, PairVerdict.DIFFERENT),
    ],
)
def test_a_household_covers_everybody_at_the_address_and_nobody_beside_it(row: str, expected: PairVerdict) -> None:
    """P9: on a misspelt street only the family; ST is not AVE."""
    assert judged([(f"Jane Doe; {HOME}", row)], Level.HOUSEHOLD)[0][0] == expected


def test_a_company_is_known_by_its_name_misspelt_at_its_address() -> None:
    """P15: the company is a level of its own."""
    firms = ["Acme, Inc.", "Acme", "Acme Widgets LLC", "Acmee Widgets", "Zenith"]
    rows = [{"company": firm, "address1": "1 Main St", "zip": "62701", "level": "company"} for firm in firms]
    fields = pair_fields(standardise_names(standardise(pl.DataFrame(rows))))
    places = pl.DataFrame({"l": [0, 2, 0, 0], "r": [1, 3, 2, 4]})
    found = judge_pairs(pairs_of(fields, fields, places))["verdict"].to_list()
    assert found == [PairVerdict.MATCH, PairVerdict.MATCH, PairVerdict.UNSURE, PairVerdict.DIFFERENT]


SOME_NAMES = ["Jane Doe", "J Doe", "Doe Jane", "Mary Ann Doe", "Bob Doe", "Robert Doe", "Robert Doe Jr", "Doe", ""]
SOME_LINES = ["Main St", "N Main St", "Mian St", "Main Ave", "Oak Hill", "Oak Hill Rd", "5th Ave"]
SOME_PLACES = [
    "Springfield; IL; 62701",
    "Springfield; IL; 62702",
    "Springfield; IL; 67201",
    "Springfield; IL;",
    "; ; 62701",
]
PEOPLE = st.builds(
    lambda name, number, line, unit, place: f"{name}; {number} {line}; {unit}; {place}",
    st.sampled_from([*SOME_NAMES, "Current Resident"]), st.sampled_from(["1", "10", "100", "1-0"]),
    st.sampled_from(SOME_LINES), st.sampled_from(["", "Apt 2", "# 2", "Ste 2", "Apt 3"]), st.sampled_from(SOME_PLACES),
)  # fmt: skip
BOXES = st.builds(
    lambda name, box, place: f"{name}; {box}; ; {place}",
    st.sampled_from(SOME_NAMES), st.sampled_from(["PO Box 7", "RR 2 Box 7", "HC 2 Box 7"]),
    st.sampled_from(SOME_PLACES),
)  # fmt: skip


@given(
    st.lists(st.one_of(st.tuples(PEOPLE, PEOPLE), st.tuples(BOXES, BOXES)), min_size=30, max_size=60),
    st.sampled_from([*Level][:2]),
)
@settings(max_examples=15, deadline=None)
def test_never_across_numbers_or_units_and_never_less_than_the_keys(pairs: list[tuple[str, str]], level: Level) -> None:
    """P6: no pair of other numbers or units is anything but different. Whoever shares a key is a match."""
    left, right = standard([one for one, _ in pairs], level), standard([other for _, other in pairs])
    verdicts = [verdict for verdict, _, _ in judged(pairs, level)]
    stored = stored_keys_frame(left).select("row", "key")
    by_key = set(stored.join(probe_keys(right).select("row", "key"), on=["row", "key"])["row"].to_list())
    looked_at = set(candidate_pairs(block_keys(pair_fields(left)), block_keys(pair_fields(right))).iter_rows())
    assert {(place, place) for place in by_key} <= looked_at
    for place, verdict in enumerate(verdicts):
        one, other = left.row(place, named=True), right.row(place, named=True)
        units = one["s_unit"] and other["s_unit"] and one["s_unit"] != other["s_unit"]
        if one["s_number"] != other["s_number"] or units:
            assert verdict == PairVerdict.DIFFERENT
        if place in by_key:
            assert verdict == PairVerdict.MATCH, (pairs[place], level)


def test_each_pair_that_is_the_same_person_shares_a_block() -> None:
    """No rule can find what is never looked at."""
    pairs = SAME_PERSON + SAME_HOME
    left, right = (pair_fields(standard([pair[side] for pair in pairs])) for side in (0, 1))
    met = set(candidate_pairs(block_keys(left), block_keys(right)).iter_rows())
    assert [pair for place, pair in enumerate(pairs) if (place, place) not in met] == []


def test_no_pairs_are_no_trouble() -> None:
    """A file without candidates is judged all the same."""
    fields = pair_fields(standard([f"Jane Doe; {HOME}"]))
    nobody = pl.DataFrame(schema={"l": pl.UInt32, "r": pl.UInt32})
    assert judge_pairs(pairs_of(fields, fields, nobody)).shape == (0, 3)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("BOB", "ROBERT", GivenRelation.NICKNAME),
        ("JIM", "JIMMY", GivenRelation.NICKNAME),
        ("JON", "JOHN", GivenRelation.SPELLING),
        ("LISA", "BETTY", GivenRelation.SHARED),
        ("JIMMY", "BENJAMIN", None),
        ("PATRICK", "PATRICIA", None),
        ("ROBERT", "BILL", GivenRelation.APART),
    ],
)
def test_nicknames_are_sets_and_not_roots(one: str, other: str, expected: GivenRelation | None) -> None:
    """JIMMY is not BENJAMIN, though both may be JAMIE; PATRICK is not PATRICIA, though both may be PAT."""
    table = given_relations()
    for first, second in ((one, other), (other, one)):
        found = table.filter((pl.col("first_l") == first) & (pl.col("first_r") == second))["given_relation"].to_list()
        assert found == ([] if expected is None else [expected.value])


def test_edits_count_neighbours_exchanged_as_one_and_skip_what_does_not_matter() -> None:
    """More than asked for, and what was not asked, is one more than the limit."""
    one, other = pl.Series(["SMITH", "SMITH", "A"]), pl.Series(["SMIHT", "JONES", "A"])
    assert edits(one, other, np.array([True, True, False]), at_most=2).tolist() == [1, 3, 3]
