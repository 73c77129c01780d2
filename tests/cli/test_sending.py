"""Sending one message, or one to each of an audience."""

from __future__ import annotations

import csv

import pytest

from tests.cli.conftest import Prefcenter

AUDIENCE = "email,first_name\na@example.com,Ann\nb@example.com,\n,Cem\na@example.com,Ann again\nd@example.com,Dora\n"


@pytest.fixture
def ready(acme: Prefcenter) -> Prefcenter:
    acme("brand", "set", "acme", "--postal-address", "1 Main St", "--marketing-from", "offers@acme.example")
    acme("type", "add", "spring", "--class", "marketing", "--channel", "email", "--topic", "offers")
    acme(
        "template", "add", "spring", "--channel", "email", "--subject", "Deals", "--text", "Only now, {{ first_name }}."
    )
    return acme


def test_one_message_is_queued_or_refused(ready: Prefcenter) -> None:
    """X2: the exit code tells what was decided."""
    told = ready.json("send", "spring", "a@example.com", "--template", "spring", "--var", "first_name=Ann")
    assert (told["state"], told["verdict"]) == ("queued", "cleared")
    ready("suppress", "add", "email", "b@example.com", "--reason", "opt_out")
    refused = ready.json("send", "spring", "b@example.com", "--subject", "Deals", "--text", "Only now.", exits=3)
    assert (refused["state"], refused["reasons"][0]["code"]) == ("refused", "opt_out")


def test_an_audience_goes_on_without_the_rows_that_cannot_be_used(ready: Prefcenter) -> None:
    """A missing variable, a recipient without the channel and a repeated one stand apart with a reason each."""
    file = ready.folder / "people.csv"
    file.write_text(AUDIENCE)
    ready("suppress", "add", "email", "d@example.com", "--reason", "opt_out")
    command = ("send", "spring", "--audience", str(file), "--template", "spring")
    dry = ready.json(*command, "--dry-run", exits=1)
    assert (dry["rows"], dry["queued"], dry["refused"], dry["rejected"], dry["rejects"]) == (5, 1, 1, 3, None)
    told = ready.json(*command, exits=1)
    assert (told["rows"], told["queued"], told["refused"], told["rejected"]) == (5, 1, 1, 3)
    with (ready.folder / "people.rejected.csv").open(newline="") as rejected:
        problems = {row["pc_row"]: row["pc_problem"] for row in csv.DictReader(rejected)}
    assert "“first_name” for {{ first_name }}" in problems["2"]
    assert "“email” is empty" in problems["3"]
    assert "same recipient as row 1" in problems["4"]
    again = ready.json(*command, exits=1)
    assert (again["already"], again.get("queued", 0)) == (2, 0)


def test_a_variable_without_a_column_stops_all_before_anything_is_written(ready: Prefcenter) -> None:
    file = ready.folder / "people.csv"
    file.write_text("email\na@example.com\n")
    command = ("send", "spring", "--audience", str(file), "--template", "spring")
    told = ready(*command, exits=2)
    assert "no column for first_name" in told.stderr
    file.write_text("email,first_name\na@example.com,Ann\n")
    assert ready.json(*command)["queued"] == 1


def test_a_file_in_the_place_of_a_recipient_is_told_apart(ready: Prefcenter) -> None:
    file = ready.folder / "people.csv"
    file.write_text("email\na@example.com\n")
    told = ready("send", "spring", str(file), "--template", "spring", exits=2)
    assert f"--audience {file}" in told.stderr


def test_what_became_of_a_message_can_be_asked(ready: Prefcenter) -> None:
    """The address is masked (X8)."""
    told = ready.json("send", "spring", "a@example.com", "--template", "spring", "--var", "first_name=Ann")
    shown = ready.json("message", "show", str(told["id"]))
    assert (shown["state"], shown["to"], shown["message_type"]) == ("queued", "a•••@example.com", "spring")
    assert "queued" in ready("message", "show", str(told["id"])).stdout
    assert "There is no message 999" in ready("message", "show", "999", exits=2).stderr


@pytest.mark.parametrize(
    ("slip", "named"),
    [
        (("--var", "first_name=Ann", "--var", "frist_name=Ann"), "no variable “frist_name”"),
        (("--var", "first_name=Ann", "--send-at", "2020-01-01"), "is over"),
    ],
)
def test_a_slip_of_the_hand_sends_nothing(ready: Prefcenter, slip: tuple[str, ...], named: str) -> None:
    told = ready("send", "spring", "a@example.com", "--template", "spring", *slip, exits=2)
    assert named in told.stderr
    assert "There is no message 1" in ready("message", "show", "1", exits=2).stderr


def test_templates_are_listed_and_shown(ready: Prefcenter) -> None:
    [told] = ready.json("template", "list")
    assert told == {"slug": "spring", "channel": "email", "brand": "acme", "variables": ["first_name"]}
    assert ready.json("template", "show", "spring")["text"] == "Only now, {{ first_name }}."
    ready("template", "add", "bad", "--channel", "sms", "--text", "{% if x %}", exits=2)
