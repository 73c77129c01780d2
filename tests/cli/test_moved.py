"""The second scrub, of a file that came back from address hygiene."""

from __future__ import annotations

import csv
from pathlib import Path

from tests.cli.conftest import JANE_AT_HOME, Prefcenter

ROWS = (
    "Jane Doe,400 Elm Ave,Salem,OR,97301,12 Main St Apt 4,Springfield,IL,62701\n"
    "Bob Roe,9 Oak Ave,Salem,OR,97301,9 Oak Avenue,Salem,OR,97301\n"
)


def test_whoever_opted_out_before_moving_is_found(acme: Prefcenter, tmp_path: Path) -> None:
    """P8: her letter would go to the new address, and her opt-out stands at the old one."""
    acme("suppress", "add", "post", JANE_AT_HOME, "--reason", "opt_out")
    header = "name,address1,city,state,zip,orig_address1,orig_city,orig_state,orig_zip\n"
    (tmp_path / "back.csv").write_text(header + ROWS)
    acme("scrub", "back.csv", "--channel", "post", "--mailing", "spring", "--out", "out")
    assert Path("out/clean.csv").read_text() == header + ROWS.splitlines(keepends=True)[1]
    with Path("out/suppressed.csv").open() as file:
        found = [(row["name"], row["pc_reason"], row["pc_address"]) for row in csv.DictReader(file)]
    assert found == [("Jane Doe", "opt_out", "old")]


def test_a_file_that_leaves_open_which_address_is_mailed_is_refused_with_what_to_say(
    acme: Prefcenter, tmp_path: Path
) -> None:
    """P8: what the message says to add is enough."""
    acme("suppress", "add", "post", JANE_AT_HOME, "--reason", "opt_out")
    header = "name,ncoa_address1,ncoa_city,ncoa_state,ncoa_zip,address1,city,state,zip\n"
    (tmp_path / "back.csv").write_text(header + ROWS)
    words = ("scrub", "back.csv", "--channel", "post", "--mailing", "spring", "--out", "out")
    told = acme(*words, exits=2).output
    assert "it is unclear which is mailed" in told
    assert "--map 'address1=ncoa_address1' --map 'old_address1=address1'" in told
    acme(*words, "--map", "address1=ncoa_address1", "--map", "old_address1=address1")
    assert Path("out/clean.csv").read_text() == header + ROWS.splitlines(keepends=True)[1]
