"""``prefcenter mailing`` as a user runs it, from the export to the last piece (P12)."""

from __future__ import annotations

import csv
import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.cli.conftest import Prefcenter

HEADER = "finder,name,address1,city,state,zip\n"
JANE = "0001,Jane Doe,12 Main St,Springfield,IL,62701\n"
BOB = "0002,Bob Roe,9 Oak Ave,Springfield,IL,62701\n"
JANE_AT_HOME = "Jane Doe; 12 Main Street; ; Springfield; IL; 62701"
BOB_AT_HOME = "Bob Roe; 9 Oak Ave; ; Springfield; IL; 62701"
BOB_MOVED = "Bob Roe; 77 New Way; ; Reno; NV; 89501"


@pytest.fixture
def sent(acme: Prefcenter, tmp_path: Path) -> Prefcenter:
    """A mailing that has left the house."""
    (tmp_path / "in.csv").write_text(HEADER + JANE + BOB)
    scrub(acme)
    return acme


def scrub(acme: Prefcenter, out: str = "out") -> None:
    cutoff = (datetime.now(UTC) + timedelta(days=5)).date().isoformat()
    words = ("--channel", "post", "--mailing", "spring", "--out", out, "--id", "finder", "--cutoff", cutoff)
    acme("scrub", "in.csv", *words)


def opt_out(acme: Prefcenter, address: str) -> None:
    acme("suppress", "add", "post", address, "--reason", "opt_out")


def test_the_list_marks_a_version_that_a_newer_one_took_the_place_of(sent: Prefcenter) -> None:
    """P11: its files must not be used any more; one that was posted stays what it is."""
    assert [each["superseded_by"] for each in sent.json("mailing", "list")] == [None]
    scrub(sent)
    assert [each["superseded_by"] for each in sent.json("mailing", "list")] == [None, 2]
    newest, former = sent("mailing", "list").stdout.splitlines()[1:]
    assert ("prepared\t" in newest, "superseded" in newest) == (True, False)
    assert "prepared, superseded by 2\t" in former
    sent("mailing", "drop", "spring", "--version", "1")
    assert "superseded" not in sent("mailing", "list").stdout


def test_a_mailing_is_followed_from_the_export_to_the_last_piece(sent: Prefcenter, tmp_path: Path) -> None:
    """P12, P8, P3: every step as the page before it says."""
    opt_out(sent, JANE_AT_HOME)
    told = sent("mailing", "pull", "spring", "--out", "pull.csv").output
    assert "Pull 1 of spring, version 1: 1 row to be taken out." in told
    assert "prefcenter mailing receipt spring --pull 1" in told
    rows = list(csv.DictReader((tmp_path / "pull.csv").read_text().splitlines()))
    assert [(row["finder"], row["pc_reason"], row["pc_tier"]) for row in rows] == [("0001", "opt_out", "exact")]
    assert "Jane" not in (tmp_path / "pull.csv").read_text()

    (tmp_path / "back.csv").write_text("NO,NAME,STREET,CITY,ST,ZIP\n2,BOB ROE,77 NEW WAY,RENO,NV,89501\n")
    opt_out(sent, BOB_MOVED)
    loaded = sent("mailing", "load", "spring", "back.csv", "--id", "NO").output
    assert "1 row would now be refused on the new address" in loaded
    assert "did not come back               1   0001" in loaded
    assert sent.json("mailing", "pull", "spring")["rows"][0]["finder"] == "0002"

    page = sent("mailing", "show", "spring").output
    assert "pulled         2 so far" in page
    assert "Pull 1: the mail house has not acknowledged it" in page
    assert "Pull 2: the mail house has not acknowledged it" in page
    sent("mailing", "receipt", "spring", "--pull", "1", "--received", "1", "--by", "Presto Print")
    short = sent("mailing", "receipt", "spring", "--received", "0", "--by", "Presto Print", exits=1).output
    assert "1 of those told is missing" in short
    sent("mailing", "receipt", "spring", "--file", "pull.csv", exits=1)
    assert "Pull 2: the mail house's receipt does not agree" in sent("mailing", "show", "spring").output
    sent("mailing", "receipt", "spring", "--received", "1")

    sent("mailing", "drop", "spring")
    assert "Note: It was posted on" in sent("mailing", "pull", "spring").output
    versions = sent.json("mailing", "show", "spring")
    assert (versions[0]["state"], versions[0]["pulled"], len(versions[0]["pulls"])) == ("dropped", 2, 2)
    assert versions[0]["manifest"]["mailing"] == "spring"
    assert "It is in flight until" in versions[0]["next_steps"][-1]
    assert sent.json("mailing", "list")[0]["state"] == "dropped"
    sent("ledger", "verify")


def test_without_a_file_the_rows_go_to_standard_output_and_the_rest_beside_it(sent: Prefcenter) -> None:
    opt_out(sent, BOB_AT_HOME)
    result = sent("mailing", "pull", "spring")
    assert result.stdout.splitlines()[0].startswith("finder,pc_reason")
    assert result.stdout.splitlines()[1].startswith("0002,opt_out")
    assert len(result.stdout.splitlines()) == 2
    assert "1 row to be taken out" in result.stderr


def test_a_pull_that_may_not_have_been_sent_is_not_replaced(sent: Prefcenter, tmp_path: Path) -> None:
    (tmp_path / "pull.csv").write_text("an earlier one")
    opt_out(sent, BOB_AT_HOME)
    told = sent("mailing", "pull", "spring", "--out", "pull.csv", exits=2).output
    assert "may hold a pull that nobody has sent yet" in told
    assert sent.json("mailing", "pull", "spring")["pull"] == 1


def test_a_pull_into_a_folder_that_is_not_there_is_not_on_record(sent: Prefcenter) -> None:
    """P12: what was not written whole was not told."""
    opt_out(sent, BOB_AT_HOME)
    sent("mailing", "pull", "spring", "--out", "nowhere/pull.csv", exits=2)
    assert [row["finder"] for row in sent.json("mailing", "pull", "spring")["rows"]] == ["0002"]


def test_explain_tells_why_somebody_got_it(sent: Prefcenter) -> None:
    """P3: which mailing, its row, and whether the opt-out came after it."""
    opt_out(sent, BOB_AT_HOME)
    sent("mailing", "pull", "spring")
    told = sent("explain", "post", "Bob Roe; 9 OAK AVENUE; ; Springfield; IL; 62701").output
    assert "Mailings of the company in flight\n  spring, last expected" in told
    assert "Mailings whose clean file named this address\n  spring, version 1" in told
    assert "row 0002 (exact" in told
    assert "told to the mail house in pull 1" in told
    assert "entry 1 (opt_out) came after it" in told
    answer = sent.json("explain", "post", BOB_AT_HOME)["mailed"][0]
    assert (answer["mailing"], answer["rows"][0]["id"], answer["entries"]) == (
        "spring",
        "0002",
        [{"id": 1, "came": "after"}],
    )


def test_verify_knows_what_became_of_the_mailing(sent: Prefcenter) -> None:
    """P11, P12: a file alone cannot tell that a newer one took its place."""
    clean, manifest = "out/clean.csv", "out/manifest.json"
    sent("verify", clean, manifest)
    opt_out(sent, BOB_AT_HOME)
    sent("mailing", "pull", "spring")
    assert "1 row of it was pulled since and must be taken out" in sent("verify", clean, manifest).output
    scrub(sent, "second")
    assert "version 2 took its place" in sent("verify", clean, manifest, exits=4).output
    sent("verify", "second/clean.csv", "second/manifest.json")
    sent("mailing", "withdraw", "spring")
    found = sent.json("verify", "second/clean.csv", "second/manifest.json", exits=4)
    assert found["outcome"] == "withdrawn"
    sent("verify", clean, manifest)


def test_where_nothing_is_to_be_pulled_it_says_so_and_writes_no_file(sent: Prefcenter, tmp_path: Path) -> None:
    told = sent("mailing", "pull", "spring")
    assert told.stdout.splitlines() == ["finder,pc_reason,pc_since,pc_suppression,pc_tier,pc_score"]
    assert "Nothing to pull from spring, version 1, up to ledger position" in told.stderr
    assert "pull.csv was not written" in sent("mailing", "pull", "spring", "--out", "pull.csv").stdout
    assert not (tmp_path / "pull.csv").exists()
    assert sent.json("mailing", "pull", "spring").items() >= {"pull": None, "rows": [], "file": None}.items()
    page = sent("mailing", "show", "spring").output
    assert "nothing more to pull" in page
    assert "has not acknowledged" not in page
    assert sent.json("mailing", "show", "spring")[0]["asked_at"] is not None
    opt_out(sent, JANE_AT_HOME)
    assert sent.json("mailing", "pull", "spring")["pull"] == 1
    assert "nothing more to pull" not in sent("mailing", "show", "spring").output


def test_a_withdrawn_or_forgotten_mailing_says_so(sent: Prefcenter, tmp_path: Path) -> None:
    sent("mailing", "forget", "spring", exits=1)
    assert "Erased the kept rows of spring: version 1" in sent("mailing", "forget", "spring", "--yes").output
    assert "Nothing is kept of spring" in sent("mailing", "forget", "spring").output
    assert "were erased on" in sent("mailing", "pull", "spring", exits=1).output
    assert "kept rows      erased" in sent("mailing", "show", "spring").output
    assert list((tmp_path / "data" / "mailings").iterdir()) == []
    unsearched = sent.json("explain", "post", BOB_AT_HOME)["mailed_unsearched"]
    assert unsearched == [{"mailing": "spring", "version": 1}]


def test_what_is_kept_of_no_mailing_on_record_can_be_forgotten(sent: Prefcenter, tmp_path: Path) -> None:
    (folder,) = (tmp_path / "data" / "mailings").iterdir()
    stray = folder.rename(folder.with_name("0" * 32))
    for path in (*stray.iterdir(), stray):
        os.utime(path, (0, 0))
    sent("mailing", "forget", exits=2)
    told = sent("mailing", "forget", "--unrecorded", exits=1).output
    assert "kept rows of 1 mailing not on record" in told
    assert "the newest of 1970-01-01" in told
    assert "Erased the kept rows of 1 mailing" in sent("mailing", "forget", "--unrecorded", "--yes").output
    assert "Nothing older than a day" in sent("mailing", "forget", "--unrecorded").output


def test_a_mailing_that_is_not_there_is_bad_input(acme: Prefcenter) -> None:
    for words in (("pull",), ("show",), ("drop",), ("withdraw",), ("forget",), ("receipt", "--received", "1")):
        assert "There is no mailing “autumn”" in acme("mailing", words[0], "autumn", *words[1:], exits=2).output
    acme("mailing", "receipt", "autumn", exits=2)


def test_a_late_answer_names_the_ids_as_they_are_and_guards_nothing(acme: Prefcenter, tmp_path: Path) -> None:
    """X6: the mail house compares ids byte by byte."""
    (tmp_path / "in.csv").write_text(HEADER + JANE.replace("0001", "=A-1"))
    scrub(acme)
    opt_out(acme, JANE_AT_HOME)
    assert json.loads(acme("mailing", "pull", "spring", "--json").stdout)["rows"][0]["finder"] == "=A-1"
    assert acme("mailing", "pull", "spring", "--again").stdout.splitlines()[1].startswith("=A-1,")
