"""``prefcenter audit`` as an operator runs it."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from tests.cli.conftest import JANE_AT_HOME, Prefcenter

LOG = "email,sent_at\njane@example.com,2026-04-30T12:00Z\njane@example.com,2026-05-03T00:00Z\nbob@example.com,soon\n"


@pytest.fixture
def house(acme: Prefcenter, tmp_path: Path) -> Prefcenter:
    """Jane opted out on the first of May."""
    words = ("--reason", "opt_out", "--since", "2026-05-01T12:00Z")
    acme("suppress", "add", "email", "jane@example.com", *words)
    acme("suppress", "add", "post", JANE_AT_HOME, *words)
    (tmp_path / "log.csv").write_text(LOG)
    return acme


def test_people_are_told_who_and_how_many_hours_after(house: Prefcenter) -> None:
    told = house("audit", "log.csv", exits=3)
    assert "3 rows sent by email, by the column sent_at; 2 could be checked" in told.stdout
    assert "1 row went to somebody who was on the list at that moment: 1 opt_out" in told.stdout
    assert "2\t2026-05-03 00:00 UTC\topt_out\tall\t2026-05-01 12:00 UTC\t36.0\temail\t1" in told.stdout
    assert "row 3 has no time that can be read in the column “sent_at”" in told.stderr
    assert "jane" not in told.output


def test_programs_are_told_the_same(house: Prefcenter, tmp_path: Path) -> None:
    told = house.json("audit", "log.csv", "--out", "found.csv", exits=3)
    assert (told["rows"], told["checked"], told["found"], told["unreadable"]) == (3, 2, 1, 1)
    assert (told["by_reason"], told["findings"][0]["row"], told["findings"][0]["hours"]) == ({"opt_out": 1}, 2, 36.0)
    assert told["problems"][0]["row"] == 3
    with (tmp_path / "found.csv").open(newline="", encoding="utf-8") as file:
        assert [row["email"] for row in csv.DictReader(file)] == ["jane@example.com"]
    assert sorted(path.name for path in tmp_path.glob("*found*")) == ["found.csv", "found.unreadable.csv"]


def test_nobody_found_is_zero_and_said(house: Prefcenter, tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text("email,sent_at\nbob@example.com,2026-05-03\n")
    told = house("audit", "log.csv")
    assert "None of them went to anybody who was on the list" in told.stdout
    assert "1 times have no zone and were taken as UTC" in told.stdout


def test_times_that_are_yet_to_come_are_remarked(house: Prefcenter, tmp_path: Path) -> None:
    """A log tells what was: the zone or the column is wrong."""
    (tmp_path / "log.csv").write_text("email,sent_at\nbob@example.com,2099-05-03\nbob@example.com,2026-05-03\n")
    assert "Note: 1 time is yet to come: look whether --zone" in house("audit", "log.csv").stderr
    assert house.json("audit", "log.csv")["in_future"] == 1


def test_a_spreadsheets_days_and_the_dates_of_mails_are_times_too(house: Prefcenter, tmp_path: Path) -> None:
    rows = ("46145.5", "Sun, 3 May 2026 08:00:00 -0400", "2026-05-03 12:00 PM")
    (tmp_path / "log.csv").write_text("email,sent_at\n" + "".join(f'jane@example.com,"{row}"\n' for row in rows))
    told = house.json("audit", "log.csv", exits=3)
    assert [row["hours"] for row in told["findings"]] == [48.0, 48.0, 48.0]


def test_nobody_found_among_few_that_could_be_checked_is_not_nobody(house: Prefcenter, tmp_path: Path) -> None:
    """U3: of rows that could not be read nothing is known, and a script must not take that for a clean log."""
    (tmp_path / "log.csv").write_text("email,sent_at\nbob@example.com,2026-05-03\n" + "jane@example.com,soon\n" * 50)
    told = house("audit", "log.csv", exits=1)
    assert "None of the 1 that could be checked went to anybody who was on the list" in told.stdout
    assert "50 rows could not be checked" in told.stderr


def test_a_mail_drop_has_one_date_for_all_rows(house: Prefcenter, tmp_path: Path) -> None:
    (tmp_path / "drop.csv").write_text("name,address1,address2,city,state,zip\nJane Doe,12 Main St,Apt 4,,,62701\n")
    house("audit", "drop.csv", "--at", "2026-05-02", exits=3)
    house("audit", "drop.csv", "--at", "2026-05-01")
    house("audit", "drop.csv", exits=2)


def test_a_zone_moves_the_times_that_have_none(house: Prefcenter, tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text("email,sent_at\njane@example.com,5/1/2026 8:30 AM\n")
    house("audit", "log.csv")
    house("audit", "log.csv", "--zone", "America/New_York", exits=3)
    assert "no time zone" in house("audit", "log.csv", "--zone", "Mars", exits=2).stderr


def test_contradictions_are_refused(house: Prefcenter) -> None:
    house("audit", "log.csv", "--at", "2026-05-01", "--at-column", "sent_at", exits=2)
    house("audit", "log.csv", "--type", "spring-offers", "--brand", "acme", exits=2)
    house("audit", "log.csv", "--limit", "0", "--type", "spring-offers", exits=3)
