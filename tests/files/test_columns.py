"""Columns are known by their usual names."""

from __future__ import annotations

from collections import Counter

import pytest

from prefcenter.core.channels import Channel
from prefcenter.core.errors import BadInput
from prefcenter.files.columns import ROLES, recognise
from prefcenter.files.spellings import SPELLINGS


@pytest.mark.parametrize(
    ("header", "role"),
    [
        ("E-Mail Address", "email"),
        ("EMAIL", "email"),
        ("ZIP Code", "zip"),
        ("postal_code", "zip"),
        ("PLZ", "zip"),
        ("Addr1", "address1"),
        ("Street", "address1"),
        ("Address", "address1"),
        ("Mailing Address 1", "address1"),
        ("Address Line 2", "address2"),
        ("Apt.", "address2"),
        ("Mobile", "phone"),
        ("Cell Phone", "phone"),
        ("FName", "first_name"),
        ("Vorname", "first_name"),
        ("Prénom", "first_name"),
        ("Last", "last_name"),
        ("Surname", "last_name"),
        ("Full Name", "name"),
        ("Organization", "company"),
        ("Firm", "company"),
        ("ST", "state"),
        ("City", "city"),
        ("Customer City", "city"),
        ("MI", "middle_name"),
        ("Suffix", "suffix"),
        ("Job Title", "title"),
        ("scope", "level"),
        ("Reason Code", "reason"),
        ("opt_out_date", "since"),
        ("Finder Number", "id"),
    ],
)
def test_usual_names_are_recognised(header: str, role: str) -> None:
    """Case, accents and punctuation do not matter."""
    assert recognise([header]).roles == {role: header}


@pytest.mark.parametrize("role", ROLES)
def test_a_role_is_its_own_usual_name(role: str) -> None:
    """What the documentation calls a column is a name for it."""
    assert role in recognise([role]).roles


def test_every_spelling_stands_for_one_role_and_is_normal() -> None:
    """No name is ambiguous."""
    spellings = [spelling for listed in SPELLINGS.values() for spelling in listed.split()]
    assert [spelling for spelling, times in Counter(spellings).items() if times > 1] == []
    assert all(spelling.isascii() and spelling.isalnum() and spelling.islower() for spelling in spellings)


def test_the_most_specific_column_wins_and_the_others_are_told() -> None:
    """A mailing address goes before a billing address."""
    columns = recognise(["Billing City", "Phone", "Mailing City", "Mobile Phone"])
    assert columns["city"] == "Mailing City"
    assert columns["phone"] == "Mobile Phone"
    assert columns.others == {"city": ("Billing City",), "phone": ("Phone",)}
    assert columns.notes[0] == "city is read from 'Mailing City'; not from 'Billing City'."


def test_a_mapping_overrides_what_was_recognised() -> None:
    """The caller knows better, and is told when the column does not exist."""
    columns = recognise(["Address", "Straße 7", "zip"], {"address1": "strasse 7"})
    assert columns["address1"] == "Straße 7"
    assert columns.others == {"address1": ("Address",)}
    with pytest.raises(BadInput, match=r"There is no column 'Ort' for city\. The columns are: 'Address', 'zip'"):
        recognise(["Address", "zip"], {"city": "Ort"})
    with pytest.raises(BadInput, match="'stree' is nothing that a column can stand for"):
        recognise(["Address"], {"stree": "Address"})


def test_a_mapped_column_has_no_second_role() -> None:
    """A column stands for one thing."""
    assert recognise(["email", "name"], {"id": "email"}).roles == {"id": "email", "name": "name"}


@pytest.mark.parametrize(
    ("channel", "names", "missing"),
    [
        (Channel.EMAIL, ["name"], "email"),
        (Channel.SMS, ["email"], "phone"),
        (Channel.POST, ["name", "zip"], "address1"),
        (Channel.POST, ["address", "zip"], "name"),
        (Channel.POST, ["company", "address", "city"], "zip"),
    ],
)
def test_what_a_channel_needs_is_required(channel: Channel, names: list[str], missing: str) -> None:
    """The refusal says what was found and how to map it."""
    with pytest.raises(BadInput) as caught:
        recognise(names).require(channel)
    assert f"No column for {missing}" in caught.value.message
    assert repr(names[0]) in caught.value.message
    assert f"--map {missing}=COLUMN" in caught.value.remedy


@pytest.mark.parametrize(
    ("channel", "names"),
    [
        (Channel.EMAIL, ["E-Mail"]),
        (Channel.SMS, ["Tel"]),
        (Channel.POST, ["Last", "Street", "ZIP"]),
        (Channel.POST, ["Company", "Street", "City", "State"]),
    ],
)
def test_what_suffices_for_a_channel(channel: Channel, names: list[str]) -> None:
    """Nothing more is asked for than is needed."""
    assert recognise(names).require(channel).names == tuple(names)


def test_a_file_of_addresses_without_names_says_so() -> None:
    """P9: its rows are those of current residents."""
    columns = recognise(["Street", "ZIP"], {"name": ""}).require(Channel.POST)
    assert columns.get("name") is None


def test_data_that_is_taken_for_a_header_is_not_spilt() -> None:
    """X8: a file without a header shows no address in the error."""
    with pytest.raises(BadInput) as caught:
        recognise(["bob@example.com", "12345", "12 Main St"]).require(Channel.SMS)
    assert "bob@example.com" not in str(caught.value)
    assert "The first line seems to be data" in str(caught.value)


def test_identical_names_are_refused() -> None:
    """Nobody can say which of them is meant."""
    with pytest.raises(BadInput, match="The columns 1, 3 are all named 'zip'"):
        recognise(["zip", "name", "zip"])
    with pytest.raises(BadInput, match="The columns 2, 3 have no name"):
        recognise(["zip", "", ""])


BOTH = ["name", "address1", "city", "state", "zip", "old_address1", "old_city", "old_state", "old_zip"]


@pytest.mark.parametrize(
    ("header", "role"),
    [
        ("Old Address 1", "old_address1"),
        ("ORIG_ADDR1", "old_address1"),
        ("Previous Street", "old_address1"),
        ("input zip", "old_zip"),
        ("City (old)", "old_city"),
        ("ncoa_address1", "address1"),
        ("NEW ZIP", "zip"),
        ("std_state", "state"),
    ],
)
def test_columns_before_and_after_hygiene_are_recognised(header: str, role: str) -> None:
    """P8: a file that came back from address hygiene has both."""
    assert recognise([header]).roles == {role: header}


def test_a_file_with_an_old_address_can_be_read_by_it() -> None:
    """P8: the same rows with the address as it was; the name and the rest are those of the row."""
    columns = recognise([*BOTH, "country"]).require(Channel.POST)
    before = columns.before
    assert before is not None
    assert {role: before[role] for role in ("name", "address1", "zip", "country")} == {
        "name": "name",
        "address1": "old_address1",
        "zip": "old_zip",
        "country": "country",
    }
    assert before.before is None
    assert recognise(["name", "address1", "zip", "old_zip"]).before is None


def test_an_old_line_without_a_place_lies_where_the_new_one_does() -> None:
    """Spelling changed, the town did not; a unit of the new address says nothing of the old one."""
    before = recognise(["name", "address1", "address2", "zip", "orig_address1"]).before
    assert before is not None
    assert before.roles == {"name": "name", "address1": "orig_address1", "zip": "zip"}


UNCLEAR = ["name", "address1", "city", "st", "zip", "ncoa_address1", "ncoa_city", "ncoa_st", "ncoa_zip"]


def test_which_of_two_addresses_is_mailed_is_never_guessed() -> None:
    """P8: the plain columns may be what went in or what came back."""
    with pytest.raises(BadInput) as raised:
        recognise(UNCLEAR).require(Channel.POST)
    assert "'address1' and in 'ncoa_address1'; it is unclear which is mailed" in str(raised.value)
    assert "--map 'address1=ncoa_address1' --map 'old_address1=address1'" in str(raised.value)
    assert recognise([*UNCLEAR, "email"]).require(Channel.EMAIL)
    assert recognise(UNCLEAR, {"address1": "address1"}).require(Channel.POST).before is None


def test_the_columns_beside_follow_the_two_that_were_named() -> None:
    """P8: two words settle nine columns."""
    columns = recognise(UNCLEAR, {"address1": "ncoa_address1", "old_address1": "address1"}).require(Channel.POST)
    assert (columns["zip"], columns["city"], columns["state"]) == ("ncoa_zip", "ncoa_city", "ncoa_st")
    assert columns.before is not None
    assert [columns.before[role] for role in ("address1", "zip", "state")] == ["address1", "zip", "st"]
    swapped = recognise(UNCLEAR, {"address1": "address1", "old_address1": "ncoa_address1", "old_zip": ""})
    assert swapped.before is not None
    assert (swapped["zip"], swapped.before["city"], swapped.before.get("zip")) == ("zip", "ncoa_city", None)
