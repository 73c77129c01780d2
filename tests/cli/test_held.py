"""Mailings that a guard holds, as a user meets them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from prefcenter.store import complaints
from tests.cli.conftest import JANE_AT_HOME, Prefcenter

HEADER = "id,name,address1,address2,city,state,zip\n"
JANE = "1,Jane Doe,12 Main St,Apt 4,Springfield,IL,62701\n"
BOB = "2,Bob Roe,9 Oak Ave,,Springfield,IL,62701\n"


def scrub(prefcenter: Prefcenter, file: Path, *more: str, exits: int = 0) -> str:
    out = ("--channel", "post", "--mailing", "spring", "--out", "out")
    return prefcenter("scrub", str(file), *out, *more, exits=exits).output


@pytest.fixture
def house(acme: Prefcenter) -> Prefcenter:
    acme("suppress", "add", "post", JANE_AT_HOME, "--reason", "opt_out")
    for email, role in (("ann@acme.example", "approver"), ("bea@acme.example", "admin")):
        acme("user", "add", email, "--role", role)
    return acme


@pytest.fixture
def shifted(tmp_path: Path) -> Path:
    """A thousand rows, and their states sorted alone."""
    source = tmp_path / "in.csv"
    places = [("IL", "62701"), ("NY", "10001"), ("TX", "75201"), ("CA", "90001")] * 250
    states = sorted(state for state, _ in places)
    rows = [
        f"{number},Pat Q{number},{number} Elm St,,Town,{state},{place[1]}\n"
        for number, (state, place) in enumerate(zip(states, places, strict=True), start=2)
    ]
    source.write_text(HEADER + JANE + "".join(rows[:-1]))
    return source


def test_a_held_mailing_is_written_and_refused_until_an_approver_lets_it_go(house: Prefcenter, shifted: Path) -> None:
    """P11, P13: the files are there, and nobody can take them for good."""
    told = scrub(house, shifted, "--as", "ann@acme.example", exits=5)
    assert "The mailing is held, do not use the files:" in told
    assert "columns may have shifted" in told
    assert "Use the clean file until" not in told
    manifest = json.loads(Path("out/manifest.json").read_text())
    assert manifest["state"] == "held"
    assert "ZIP and state disagree in 74.9% of the rows that have both (749 of 1,000" in manifest["held"][0]
    refused = house("verify", "out/clean.csv", "out/manifest.json", exits=5).output
    assert "prefcenter mailing release spring --as USER" in refused
    assert "ran the scrub" in house("mailing", "release", "spring", "--as", "ann@acme.example", exits=1).output
    assert "approver or admin" in house("mailing", "release", "spring", exits=1).output
    house("verify", "out/clean.csv", "out/manifest.json", exits=5)
    done = house("mailing", "release", "spring", "--as", "bea@acme.example", "--note", "looked at it").output
    assert "is released by bea@acme.example" in done
    assert "It was held: ZIP and state disagree" in done
    house("verify", "out/clean.csv", "out/manifest.json")
    assert house.json("mailing", "list")[0]["state"] == "prepared"


def test_a_dry_run_says_that_it_would_be_held(house: Prefcenter, shifted: Path) -> None:
    told = scrub(house, shifted, "--dry-run", exits=5)
    assert "The mailing would be held:\n  - ZIP and state disagree" in told
    assert not Path("out").exists()
    words = ("scrub", str(shifted), "--channel", "post", "--mailing", "spring", "--out", "out", "--dry-run")
    assert "ZIP and state disagree" in house.json(*words, exits=5)["held"][0]


def test_a_canary_on_the_list_vanishes_and_is_nowhere_counted(house: Prefcenter, tmp_path: Path) -> None:
    """P13: canaries go through the same matching, and are left out of outputs and counts."""
    source, canaries = tmp_path / "in.csv", tmp_path / "canaries.csv"
    source.write_text(HEADER + JANE + BOB)
    canaries.write_text("full name;zip code;street;city;st\nMs. Jane Doe;62701;12 Main Street # 4;Springfield;IL\n")
    told = scrub(house, source, "--canaries", str(canaries))
    assert "canaries sent along" in told
    counts = json.loads(Path("out/manifest.json").read_text())["counts"]
    assert (counts["read"], counts["kept"], counts["suppressed"], counts["canaries"]) == (2, 1, 1, 1)
    assert Path("out/clean.csv").read_text() == HEADER + BOB
    assert Path("out/suppressed.csv").read_text().count("Jane") == 1


def test_a_canary_that_survives_holds_even_a_small_mailing_and_is_not_named(house: Prefcenter, tmp_path: Path) -> None:
    """P13, X8: the release is blocked; the manifest tells the row, and no name or address."""
    source, canaries = tmp_path / "in.csv", tmp_path / "canaries.csv"
    source.write_text(HEADER + BOB)
    canaries.write_text(HEADER + JANE + "7,Zoe Quist,4 Birch Ln,,Salem,OR,97301\n")
    told = scrub(house, source, "--canaries", str(canaries), exits=5)
    assert "1 canary survived, and would have been sent to: row 2." in told
    assert "Nobody may release it" in told
    text = Path("out/manifest.json").read_text()
    assert json.loads(text)["held"] == ["1 canary survived, and would have been sent to: row 2."]
    assert "Quist" not in text
    assert Path("out/clean.csv").read_text() == HEADER + BOB
    blocked = house("mailing", "release", "spring", "--as", "bea@acme.example", exits=1).output
    assert "cannot be released by anybody: 1 canary survived" in blocked
    page = house("mailing", "show", "spring").output
    assert "canaries       2 of canaries.csv went through the list, some survived" in page
    assert "nobody may release it" in page


def test_the_canaries_of_a_brand_and_channel_go_with_every_mailing(house: Prefcenter, tmp_path: Path) -> None:
    """P13: nobody has to think of them; those of the order come before them."""
    source, folder = tmp_path / "in.csv", tmp_path / "canaries"
    source.write_text(HEADER + BOB)
    house.environ["PREFCENTER_CANARIES"] = str(folder)
    assert f"There is no folder {folder}" in scrub(house, source, exits=2)
    folder.mkdir()
    assert "canaries" not in scrub(house, source)
    (folder / "email.csv").write_text("email\nno@example.com\n")
    (folder / "post.csv").write_text(HEADER + "7,Zoe Quist,4 Birch Ln,,Salem,OR,97301\n")
    assert "1 canary survived" in scrub(house, source, exits=5)
    (folder / "acme-post.csv").write_text(HEADER + JANE)
    scrub(house, source)
    page = house("mailing", "show", "spring").output
    assert "canaries       1 of acme-post.csv went through the list, none survived" in page
    (folder / "acme-post.tsv").write_text("x")
    assert "several files of canaries for acme-post" in scrub(house, source, exits=2)
    scrub(house, source, "--canaries", str(folder / "acme-post.csv"))


def test_a_canary_without_an_address_is_bad_input(house: Prefcenter, tmp_path: Path) -> None:
    source, canaries = tmp_path / "in.csv", tmp_path / "canaries.csv"
    source.write_text(HEADER + BOB)
    canaries.write_text(HEADER + "1,Jane Doe,,,Springfield,IL,62701\n")
    told = scrub(house, source, "--canaries", str(canaries), exits=2)
    assert "canaries.csv: row 1 has no" in told
    assert "prove nothing" in told
    assert not Path("out").exists()


def test_a_vendor_is_measured_by_its_own_files(house: Prefcenter, tmp_path: Path) -> None:
    """The fourth file of the vendor loses five times as many as those before."""
    listed = tmp_path / "listed.csv"
    listed.write_text(HEADER + "".join(f"{row},Gone Q{row},{row + 1} Ash Ct,,Salem,OR,97301\n" for row in range(60)))
    house("suppress", "import", str(listed), "--channel", "post", "--reason", "opt_out")
    for number, removed in enumerate((10, 10, 10, 50)):
        gone = [f"{row},Gone Q{row},{row + 1} Ash Ct,,Salem,OR,97301\n" for row in range(removed)]
        kept = [f"{row},Pat Q{row},{row} Elm St,,Salem,OR,97301\n" for row in range(removed, 1_000)]
        source = tmp_path / f"{number}.csv"
        source.write_text(HEADER + "".join(gone + kept))
        out = ("--channel", "post", "--mailing", f"m{number}", "--out", f"out{number}", "--vendor", "Lists Inc")
        found = house("scrub", str(source), *out, exits=5 if removed == 50 else 0)
    assert "5.00% of the rows were removed (50); 1.00% are usual in the 3 mailings before of Lists Inc." in found.output


def test_an_email_file_of_a_brand_that_too_many_complain_of_is_held(house: Prefcenter, tmp_path: Path) -> None:
    """E17: an operator's release of the brand lets the next one go."""
    (tmp_path / "in.csv").write_text("id,email\n1,jane@example.com\n")
    with house.database.write() as session:
        complaints.stop(session, "acme", 3, 900, datetime.now(UTC))
        session.commit()

    def scrub_email(*more: str, exits: int) -> str:
        return house(
            "scrub", "in.csv", "--channel", "email", "--mailing", "may", "--out", "out", *more, exits=exits
        ).output

    assert "The marketing mail of acme is stopped since" in scrub_email(exits=5)
    scrub_email("--type", "spring-offers", exits=5)
    house("complaints", "release", "acme", "--as", "ann@acme.example", "--note", "the bought list is out")
    scrub_email(exits=0)
