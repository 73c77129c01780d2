"""The cheap look spares work and loses nobody: what it says of a row is what the standardiser says of it."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prefcenter.core.postal.names import standardise_names
from prefcenter.core.postal.standardise import standardise
from prefcenter.scrub.postal_index import PostalIndex, with_roles
from prefcenter.scrub.sieve import glance, standard_glance

PIECES = """12 1 143-25 1/2 007 N North St Street Main MAIN 5th Fl 2 Apt # B RR HC Box Highway First Saint PSC c/o , ;
A Floor Jr Unit Terrace Rd. N. W Circle"""
pieces = st.sampled_from([*PIECES.split(), "PO Box", "P.O. BOX", "General Delivery"])
lines = st.lists(pieces, max_size=6).map(" ".join)
written = st.fixed_dictionaries(
    {
        "name": st.sampled_from(["Jane Doe", "DOE, JANE", "Jane Doe Jr", "Peña", "", "J. O'Brien", "A & B Doe"]),
        "address1": lines,
        "address2": st.one_of(
            st.just(""), lines, st.sampled_from(["Apt 2", "# 3", "Suite B", "2nd Floor", "PO Box 9"])
        ),
        "city": st.sampled_from(["Springfield", "", " springfield", "St. Louis"]),
        "state": st.sampled_from(["IL", "il", "Illinois", "", "ZZ", "PR"]),
        "zip": st.sampled_from(["62701", "62701-1234", "2139", "", "627011234", "K1A 0B1", " 62701 ", "00000"]),
        "country": st.sampled_from(["", "US", "Canada", "DE", "usa"]),
    }
)


@settings(max_examples=40, deadline=None)
@given(st.lists(written, min_size=20, max_size=60))
def test_of_a_plain_row_it_says_what_the_standardiser_says(rows: list[dict[str, str]]) -> None:
    """P5–P7: only so may a row be left alone without being standardised."""
    frame = with_roles(pl.DataFrame(rows))
    seen, standard = glance(frame), standardise(frame)
    for row, look, told in zip(rows, seen.rows(named=True), standard.rows(named=True), strict=True):
        if look["plain"]:
            assert (look["number"], look["zip5"]) == (told["s_number"], told["s_zip5"]), row
            assert look["state"] == told["s_state"], row
            assert (told["s_country"], told["s_problem"]) == ("US", None), row


PLACE = {"city": "Springfield", "state": "IL", "zip": "62701"}
HOME = {"name": "Jane Doe", "address1": "12 N Main St", "address2": ""} | PLACE


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"address1": "12 North Main Street"},
        {"address1": "12 Mian St"},
        {"address1": "  12   N. MAIN ST.,  Apt 4"},
        {"address1": "Apt 4", "address2": "12 N Main St"},
        {"address1": "Twelve North Main Street"},
        {"zip": "62710"},
        {"zip": "62701-0001", "name": "DOE, JANE"},
        {"zip": "", "city": "SPRINGFIELD"},
        {"zip": "67201", "city": "Sprngfield"},
        {"zip": "67201", "city": "Sprngfield", "name": "Doe, Jane Jr"},
        {"zip": "61701", "address1": "12 Mane St"},
        {"zip": "62701", "state": "Illinois"},
        {"address1": "12 N Main St Springfield IL 62701", "zip": "", "city": "", "state": ""},
    ],
)
def test_no_spelling_of_a_listed_address_slips_through(change: dict[str, str]) -> None:
    """P9: whoever is on the list is looked at closely, however a vendor spelt her."""
    listed = PostalIndex.of([(1, HOME, "individual")])
    rows = with_roles(pl.DataFrame([HOME | change]))
    seen, standard = glance(rows), standardise_names(standardise(rows))
    if seen["plain"][0]:
        assert listed.sieve.may_meet(seen).tolist() == [True]
    else:
        assert listed.sieve.may_meet(standard_glance(standard)).tolist() == [True]


def test_nobody_elsewhere_is_looked_at_closely() -> None:
    """The look spares all the rest for nearly every row of a file."""
    listed = PostalIndex.of([(1, HOME, "individual")])
    rows = [HOME | {"address1": f"{number} N Main St"} for number in range(13, 4013)]
    assert listed.sieve.may_meet(glance(with_roles(pl.DataFrame(rows)))).sum() < 20
    assert not PostalIndex.of([]).sieve.may_meet(glance(with_roles(pl.DataFrame(rows)))).any()
