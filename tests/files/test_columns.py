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
