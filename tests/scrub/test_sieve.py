"""The cheap look spares work and loses nobody: what it says of a row is what the standardiser says of it."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prefcenter.core.postal.names import standardise_names
from prefcenter.core.postal.standardise import standardise
from prefcenter.scrub.glance import glance, standard_glance
from prefcenter.scrub.postal_index import PostalIndex, with_roles
from prefcenter.scrub.showing import Shown, shown
from prefcenter.scrub.swift import swift


def look(rows: pl.DataFrame) -> Shown:
    """The cheap look as a scrub has it: by bytes, and by text where those do not tell."""
    seen = swift(rows)
    rest = np.flatnonzero(~seen.plain)
    if len(rest):
        seen.scatter(rest, shown(glance(rows[rest])))
    return seen


PIECES = """12 1 143-25 1/2 007 N North St Street Main MAIN 5th Fl 2 Apt # B RR HC Box Highway First Saint PSC c/o , ;
A Floor Jr Unit Terrace Rd. N. W Circle Second Forty Twenty-First MLK Martin Luther King Fort Ft Mount Charles County
CR US SR State Road Texas No Nth Noth Nroth So Lake Hill Spring Court Park Avenue Boulevard Old Mill Oak Broadway"""
NAMES = [
    *(
        "Jane Doe",
        "DOE, JANE",
        "Jane Doe Jr",
        "Peña",
        "",
        "J. O'Brien",
        "A & B Doe",
        "Jane Doe & John Smith",
        "Jane O Brien",
    ),
    *(
        "Jane Doe Ph.D.",
        "Jane Doe MD PhD",
        "Jane Doe Jr., MD",
        "Doe, Jane, RN",
        "Jane Doe (Deceased)",
        "Jane Doe Trustee",
    ),
    *(
        "Doe Family Trust",
        "Jane Doe 2nd",
        "Jane Doe c/o Bob",
        "Jane de la Cruz",
        "Smith-Doe",
        "Jane Smith-Doe",
        "Jane Mac Arthur",
    ),
    *(
        "Jane Doe DMD",
        "Jane Doe RPh",
        "Jane Doe LCSW",
        "Jane Doe TTEE",
        "Mr. John Doe",
        "Doe, Jane and John",
        "BO JOHNSON III ESQ.",
    ),
    *(
        "Doe Jane",
        "Jane Doe Sr.",
        "Jane A. Doe",
        "Jane Q Doe",
        "The Does",
        "Jane van Dyke",
        "Jane St. John",
        "Jane D'Angelo",
    ),
]
pieces = st.sampled_from([*PIECES.split(), "PO Box", "P.O. BOX", "General Delivery"])
lines = st.lists(pieces, max_size=6).map(" ".join)
written = st.fixed_dictionaries(
    {
        "name": st.sampled_from(NAMES),
        "address1": lines,
        "address2": st.one_of(
            st.just(""), lines, st.sampled_from(["Apt 2", "# 3", "Suite B", "2nd Floor", "PO Box 9"])
        ),
        "city": st.sampled_from(["Springfield", "", " springfield", "St. Louis", "\tReno", "Élan", "N Las Vegas"]),
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
    seen, standard = glance(frame), standardise_names(standardise(frame))
    close = standard_glance(standard)
    told_at_last = zip(standard.rows(named=True), close.rows(named=True), strict=True)
    for row, told_first, (told, shows) in zip(rows, seen.rows(named=True), told_at_last, strict=True):
        if told_first["plain"]:
            assert (told_first["number"], told_first["zip5"]) == (told["s_number"], told["s_zip5"]), row
            assert told_first["state"] == told["s_state"], row
            assert (told["s_country"], told["s_problem"]) == ("US", None), row
            assert shows["word"] in {told_first[word] for word in ("word", "word2", "word3")}, row
            assert (told_first["letter"], told_first["last"]) == (shows["letter"], shows["last"]), row
            assert not shows["last2"], row


streets = st.lists(
    st.sampled_from(
        """12 1 007 143-25 1234567 N s NW N. north EAST Southwest Northern Easy St St. Oak O'Hare 5th 42ND 1st. 3RD,
        Floral FL A Ñu Élan O""".split()
    ),
    max_size=5,
)
swift_rows = st.fixed_dictionaries(
    {
        "name": st.sampled_from(
            [
                "Jane Doe",
                "Doe",
                "DOE, JANE",
                "Jane Doe Jr",
                "Jane O'Featherstone",
                "Al Smith-Ray",
                "Bo Wolfeschlegel",
                "",
                "Ann ",
            ]
        ),
        "last_name": st.sampled_from(["", "", "Doe", "Resident", "Van Dyke"]),
        "address1": st.tuples(st.sampled_from([" ", " ", "  "]), streets).map(lambda given: given[0].join(given[1])),
        "address2": st.sampled_from(["", "Apt 2"]),
        "city": st.sampled_from(["Springfield", "", " springfield", "École", "29 Palms"]),
        "state": st.sampled_from(["IL", "il", "Il", "Illinois", "", "ZZ", "PR "]),
        "zip": st.sampled_from(
            ["62701", "62701-1234", "627011234", "62701-12", "62701 1234", "6270", "", "00000", " 62701"]
        ),
    }
)


@settings(max_examples=60, deadline=None)
@given(st.lists(swift_rows, min_size=20, max_size=80))
def test_bytes_and_text_say_the_same(rows: list[dict[str, str]]) -> None:
    """P5: the quick way to look at a row gives what the careful one gives, and leaves it what it cannot tell."""
    frame = with_roles(pl.DataFrame(rows))
    quick, careful = look(frame), shown(glance(frame))
    assert quick.plain.tolist() == careful.plain.tolist()
    for part in fields(careful):
        one, other = getattr(quick, part.name), getattr(careful, part.name)
        assert (one == other)[careful.plain].all(), part.name


def test_the_commonest_rows_need_no_text() -> None:
    """The quick way is there for nearly every row of a file."""
    rows = pl.DataFrame(
        {
            "name": ["Jane Doe", "JOHN Q PUBLIC", "Ann O'Wolfeschlegel"],
            "address1": ["12 Main St", "1400 N OAK AVE", "7 West 42nd Street"],
            "address2": ["", "APT 4", "# 3"],
            "city": ["Springfield", "CHICAGO", "Reno"],
            "state": ["IL", "IL", "nv"],
            "zip": ["62701", "60601-1234", "895011234"],
        }
    )
    assert swift(with_roles(rows)).plain.tolist() == [True, True, True]


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
        {"zip": "97201", "state": "OR"},
        {"address1": "12 N Main St Springfield IL 62701", "zip": "", "city": "", "state": ""},
    ],
)
def test_no_spelling_of_a_listed_address_slips_through(change: dict[str, str]) -> None:
    """P9: whoever is on the list is looked at closely, however a vendor spelt her."""
    listed = PostalIndex.of([(1, HOME, "individual")])
    rows = with_roles(pl.DataFrame([HOME | change]))
    seen, standard = look(rows), standardise_names(standardise(rows))
    if seen.plain[0]:
        assert listed.sieve.may_meet(seen).tolist() == [True]
    else:
        assert listed.sieve.may_meet(shown(standard_glance(standard))).tolist() == [True]


@pytest.mark.parametrize(
    ("listed", "row"),
    [
        ("Jane Doe; 100 2nd Ave; New York; NY; 10009", "Bob Miller; 100 Second Ave; New York; NY; 10002"),
        ("Jane O'Brien; 100 1st St; Springfield; IL; 62701", "Jane O Brien; 100 First St; Springfield; IL; 62710"),
        ("Jane Doe; 100 42nd St; Springfield; IL; 62701", "Bob Roe; 100 Forty Second St; Springfield; IL; 62710"),
        ("Jane Doe; 100 Ft Hill Rd; Springfield; IL; 62701", "Bob Roe; 100 Fort Hill Rd; Springfield; IL; 62710"),
        (
            "Jane Doe; 100 St Charles Ave; Springfield; IL; 62701",
            "Bob Roe; 100 Saint Charles Ave; Springfield; IL; 62710",
        ),
        ("Jane Doe; 100 Martin Luther King Dr; Reno; NV; 89501", "Bob Roe; 100 MLK Dr; Reno; NV; 89510"),
        ("Jane Doe; 100 County Road 5; Reno; NV; 89501", "Bob Roe; 100 CR 5; Reno; NV; 89510"),
        ("Jane Doe; 100 N Main St; Reno; NV; 89501", "Bob Roe; 100 No. Main St; Reno; NV; 89510"),
        ("Jane Doe; 100 N Main St; Reno; NV; 89501", "Bob Roe; 100 Noth Main St; Reno; NV; 89510"),
        ("Jane Doe; 100 NW Main St; Reno; NV; 89501", "Bob Roe; 100 North West Main St; Reno; NV; 89510"),
        ("Jane Doe; 263 N Mountain Way; Reno; NV; 89501", "Bob Roe; 263 North Mountain Way Apt 4; Reno; NV; 89510"),
        ("Jane Doe; 100 Oak St; Reno; NV; 89501", "Jane Doe & John Smith; 100 Oka St; Reno; NV; 89510"),
        ("Jane Doe; 100 Oak St; Reno; NV; 89501", "John Smith & Jane Doe; 100 Oka St; Reno; NV; 89510"),
        ("Jane Doe; 100 1st St; Reno; NV; 89501", "Jane Doe Jr., MD; 100 Oka St; Reno; NV; 89510"),
        ("Jane Doe; 100 1st St; Reno; NV; 89501", "Jane Doe Ph.D.; 100 Fisrt St; Reno; NV; 89510"),
        ("Jane Doe; 100 1st St; Reno; NV; 89501", "Jane Doe (Deceased); 100 Fisrt St; Reno; NV; 89510"),
    ],
)
def test_words_that_have_another_form_are_met_by_it(listed: str, row: str) -> None:
    """P5, P9: what the rules for pairs may call the same is looked at closely, two errors at once included."""
    names = ("name", "address1", "city", "state", "zip")
    entry, other = (dict(zip(names, text.split("; "), strict=True)) for text in (listed, row))
    rows = with_roles(pl.DataFrame([other]))
    seen = look(rows)
    if not seen.plain[0]:
        seen = shown(standard_glance(standardise_names(standardise(rows))))
    assert PostalIndex.of([(1, entry, "household")]).sieve.may_meet(seen).tolist() == [True]


def test_nobody_elsewhere_is_looked_at_closely() -> None:
    """The look spares all the rest for nearly every row of a file."""
    listed = PostalIndex.of([(1, HOME, "individual")])
    rows = [HOME | {"address1": f"{number} N Main St"} for number in range(13, 4013)]
    assert listed.sieve.may_meet(look(with_roles(pl.DataFrame(rows)))).sum() < 20
    assert not PostalIndex.of([]).sieve.may_meet(look(with_roles(pl.DataFrame(rows)))).any()


def _by_name_alone(change: dict[str, str], listed: dict[str, str] | None = None) -> bool:
    """Whether a row that shares no more than number, state and surname with an entry is looked at closely."""
    entry = HOME | (listed or {})
    row = with_roles(pl.DataFrame([entry | {"address1": "12 N Zain St", "name": "Jan Doe"} | change]))
    return bool(PostalIndex.of([(1, entry, "individual")]).sieve.may_meet(look(row))[0])


@settings(deadline=None)
@given(st.integers(0, 4), st.integers(0, 9), st.booleans())
def test_one_slip_in_a_zip_code_loses_nobody(place: int, figure: int, turned: bool) -> None:
    """P9: another figure, or two that changed places, and another town besides."""
    figures = list(PLACE["zip"])
    if turned and place < 4:
        figures[place : place + 2] = reversed(figures[place : place + 2])
    else:
        figures[place] = str(figure)
    assert _by_name_alone({"zip": "".join(figures), "city": "Xpringfield"})


@pytest.mark.parametrize(
    ("change", "listed", "looked_at"),
    [
        ({"zip": "60999"}, {}, True),  # the same town
        ({"zip": "62799", "city": "Xpringfield"}, {}, True),  # the same area
        ({"city": "Xpringfield"}, {"zip": ""}, True),
        ({"zip": "60999", "city": "Xpringfield"}, {"zip": ""}, True),
        ({"zip": "60999", "city": "Chicago"}, {}, False),
        ({"zip": "61234", "city": ""}, {}, False),
    ],
)
def test_a_namesake_in_another_town_is_no_neighbour(
    change: dict[str, str], listed: dict[str, str], looked_at: bool
) -> None:
    """P9: what no rule for pairs can call the same is not standardised for nothing."""
    assert _by_name_alone({"zip": PLACE["zip"]} | change, listed) is looked_at


@pytest.mark.parametrize(
    ("line", "plain"),
    [
        ("12 Florida Ave", True),
        ("12 Flower St", True),
        ("12 Floor 3", False),
        ("12 Level Rd", False),
        ("12 Generals Highway", True),
        ("12 General Delivery", False),
        ("12 N Spring Gate Trl", True),
        ("12 N Spring", False),
        ("12 N Spring Apt 4", False),
        ("12 N Spring NW", False),
    ],
)
def test_words_that_only_look_like_others_need_no_close_look(line: str, plain: bool) -> None:
    """P5: FLORIDA is no floor, and N SPRING GATE lies north."""
    rows = with_roles(pl.DataFrame([HOME | {"address1": line}]))
    assert glance(rows)["plain"].to_list() == [plain]
