"""Dropping duplicates, as a user asks for it."""

from __future__ import annotations

import csv
import json
from pathlib import Path

from tests.cli.conftest import JANE_AT_HOME, Prefcenter

HEADER = "id,name,address1,address2,city,state,zip\n"
ROWS = [
    "1,Jane Doe,12 Main St,Apt 4,Springfield,IL,62701\n",
    "2,Bob Roe,9 Oak Ave,,Springfield,IL,62701\n",
    "3,Zoe Doe,12 Main St,Apt 4,Springfield,IL,62701\n",
    "4,ROE BOB,9 Oak Avenue,,,,62701\n",
]


def test_repeated_rows_are_dropped_over_all_files_and_told(acme: Prefcenter, tmp_path: Path) -> None:
    """P11: read = kept + suppressed + duplicate + …; each dropped row names the one that was kept."""
    acme("suppress", "add", "post", JANE_AT_HOME, "--reason", "opt_out")
    (tmp_path / "a.csv").write_text(HEADER + "".join(ROWS).replace("ROE BOB", '"Roe, Bob"'))
    (tmp_path / "b.csv").write_text(HEADER + "8,=Amy Poe,1 Elm St,,Salem,OR,97301\n" + ROWS[1] + ROWS[2])
    words = ("scrub", "a.csv", "b.csv", "--channel", "post", "--mailing", "spring", "--out", "out")
    told = acme(*words, "--drop-duplicates", "household").output
    assert "duplicate                       3" in told
    manifest = json.loads(Path("out/manifest.json").read_text())
    counts = manifest["counts"]
    assert (counts["read"], counts["kept"], counts["suppressed"], counts["duplicate"]) == (7, 3, 1, 3)
    rows = {output["name"]: output["rows"] for output in manifest["outputs"]}
    assert (rows["clean-a.csv"], rows["clean-b.csv"]) == (2, 1)
    assert (rows["duplicates-a.csv"], rows["duplicates-b.csv"]) == (1, 2)
    assert Path("out/clean-a.csv").read_text() == HEADER + ROWS[1] + ROWS[2]
    with Path("out/duplicates-b.csv").open() as file:
        found = [(row["id"], row["pc_row"], row["pc_kept_row"], row["pc_kept_file"]) for row in csv.DictReader(file)]
    assert found == [("2", "2", "2", "a.csv"), ("3", "3", "3", "a.csv")]
    acme("verify", "out/duplicates-b.csv", "out/manifest.json")


def test_without_being_asked_nothing_is_dropped(acme: Prefcenter, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(HEADER + ROWS[1] + ROWS[1])
    acme("scrub", "a.csv", "--channel", "post", "--mailing", "spring", "--out", "out")
    assert Path("out/clean.csv").read_text() == HEADER + ROWS[1] + ROWS[1]
    assert not Path("out/duplicates.csv").exists()


def test_no_list_of_duplicates_replaces_an_input(acme: Prefcenter, tmp_path: Path) -> None:
    (tmp_path / "duplicates.csv").write_text(HEADER + ROWS[1] + ROWS[1])
    words = ("scrub", "duplicates.csv", "--channel", "post", "--mailing", "spring", "--out", str(tmp_path))
    assert "would be replaced" in acme(*words, "--drop-duplicates", "person", exits=2).output
