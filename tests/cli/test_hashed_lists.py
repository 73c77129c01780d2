"""A partner's hashed list from end to end, as an operator sees it."""

from __future__ import annotations

import csv
import hashlib
import json
from pathlib import Path

import pytest

from tests.cli.conftest import Prefcenter


@pytest.fixture
def partner(acme: Prefcenter, tmp_path: Path) -> Prefcenter:
    """The house after a partner's list with Jane on it."""
    digest = hashlib.md5(b"jane@example.com").hexdigest().upper()
    (tmp_path / "partner.csv").write_text(f"{digest}\n")
    told = acme.json("suppress", "import", "partner.csv", "--hashed", "md5", "--source", "Partner Inc")
    assert (told["read"], told["new"], told["rejected"]) == (1, 1, 0)
    return acme


def test_a_hashed_entry_refuses_is_explained_and_listed(partner: Prefcenter) -> None:
    partner("check", "email", "Jane@Example.com", exits=3)
    partner("check", "email", "bob@example.com")
    told = partner.json("explain", "email", "jane@example.com")
    assert "Partner Inc" in json.dumps(told)
    assert [entry["match"]["tier"] for entry in told["standing"]] == ["hashed"]
    assert "known by the md5 hash of the address only" in partner("explain", "email", "jane@example.com").stdout
    (entry,) = partner.json("suppress", "list")
    assert (entry["address"], entry["code"], entry["source"]) == ("md5:9e26471d•••", "opt_out", "import")
    (whole,) = partner.json("suppress", "list", "--show-addresses")
    assert whole["address"] == f"md5:{hashlib.md5(b'jane@example.com').hexdigest()}"


def test_a_hashed_entry_catches_a_row_of_a_mailing_file(partner: Prefcenter, tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text("id,email\n1,JANE@example.com\n2,bob@example.com\n")
    partner("scrub", "list.csv", "--channel", "email", "--mailing", "spring", "--out", "out")
    assert (tmp_path / "out" / "clean.csv").read_text() == "id,email\n2,bob@example.com\n"
    with (tmp_path / "out" / "suppressed.csv").open(newline="", encoding="utf-8") as file:
        (row,) = csv.DictReader(file)
    assert (row["pc_reason"], row["pc_scope"], row["pc_tier"]) == ("opt_out", "all", "hashed")


def test_it_is_voided_by_its_id_or_lifted_by_what_the_list_shows(partner: Prefcenter) -> None:
    """X10."""
    (entry,) = partner.json("suppress", "list", "--show-addresses")
    partner("suppress", "void", str(entry["id"]), "--as", "ann")
    partner("check", "email", "jane@example.com", exits=3)
    partner("suppress", "void", str(entry["id"]), "--as", "bob")
    partner("check", "email", "jane@example.com")
    partner("suppress", "import", "partner.csv", "--hashed", "md5")
    partner("check", "email", "jane@example.com", exits=3)
    words = ("--reason", "opt_out", "--evidence", "signed up at the fair")
    partner("suppress", "lift", "email", entry["address"], *words)
    partner("check", "email", "jane@example.com")


def test_nobody_is_asked_about_by_a_hash(partner: Prefcenter) -> None:
    """Of a hash alone nobody can say whether the address behind it is on the list."""
    (entry,) = partner.json("suppress", "list", "--show-addresses")
    partner("check", "email", entry["address"], exits=2)
    partner("explain", "email", entry["address"], exits=2)


def test_what_one_house_exports_another_imports(partner: Prefcenter, tmp_path: Path) -> None:
    """E16."""
    partner("suppress", "add", "email", "eve@example.com", "--reason", "opt_out", "--brand", "acme")
    told = partner.json("suppress", "export", "out.csv", "--hashed", "md5")
    assert (told["rows"], told["hashed"], told["erased"], told["other_algorithm"]) == (2, "md5", 0, 0)
    again = partner.json("suppress", "import", "out.csv", "--hashed", "md5")
    assert (again["new"], again["already"], again["rejected"]) == (1, 1, 0)
    assert partner.json("suppress", "list")[-1]["scope"] == "brand:acme"
    assert "Wrote 0 SHA-256" not in partner("suppress", "export", "other.csv", "--hashed", "sha256").output
    partner("suppress", "export", "plain.csv")
    assert "md5:" in (tmp_path / "plain.csv").read_text()


def test_a_plain_list_and_other_channels_are_refused(partner: Prefcenter, tmp_path: Path) -> None:
    (tmp_path / "plain.csv").write_text("email\njane@example.com\n")
    assert "without --hashed" in partner("suppress", "import", "plain.csv", "--hashed", "md5", exits=2).stderr
    words = ("suppress", "import", "partner.csv", "--hashed", "md5", "--channel")
    assert "hides nothing" in partner(*words, "sms", exits=2).stderr
    assert "hides nothing" in partner(*words, "post", exits=2).stderr


def test_of_several_columns_of_digests_the_one_that_is_named_counts(acme: Prefcenter, tmp_path: Path) -> None:
    """One with digests of numbers and of addresses, in columns that do not say so, is refused until it is told."""
    columns = [hashlib.md5(text).hexdigest() for text in (b"4155550100", b"jane@example.com")]
    (tmp_path / "partner.csv").write_text("a,b\n" + ",".join(columns) + "\n")
    words = ("suppress", "import", "partner.csv", "--hashed", "md5")
    assert "--map email=COLUMN" in acme(*words, exits=2).stderr
    acme(*words, "--map", "email=b")
    acme("check", "email", "jane@example.com", exits=3)
