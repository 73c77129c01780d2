"""``prefcenter scrub`` and ``verify`` as a user runs them: what they refuse, and what they leave alone."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import polars as pl
import pytest

from tests.cli.conftest import JANE_AT_HOME, Prefcenter

HEADER = "id,name,address1,address2,city,state,zip\n"
JANE = "1,Jane Doe,12 Main St,Apt 4,Springfield,IL,62701\n"
BOB = "2,Bob Roe,9 Oak Ave,,Springfield,IL,62701\n"


def scrub(prefcenter: Prefcenter, *files: Path, out: Path, exits: int = 0, more: tuple[str, ...] = ()) -> str:
    words = ("scrub", *map(str, files), "--channel", "post", "--mailing", "spring", "--out", str(out), *more)
    return prefcenter(*words, exits=exits).output


@pytest.fixture
def house(acme: Prefcenter) -> Prefcenter:
    acme("suppress", "add", "post", JANE_AT_HOME, "--reason", "opt_out")
    return acme


@pytest.mark.parametrize("name", ["clean.csv", "suppressed.csv", "review.csv", "unreadable.csv"])
def test_no_output_replaces_its_input(house: Prefcenter, tmp_path: Path, name: str) -> None:
    """P11: whoever scrubs a clean file once more, into the same folder, must still have it afterwards."""
    source = tmp_path / name
    source.write_text(HEADER + JANE + BOB)
    told = scrub(house, source, out=tmp_path, exits=2)
    assert f"{name} would be replaced by what comes out of it" in told
    assert source.read_text() == HEADER + JANE + BOB
    assert [path.name for path in tmp_path.glob("*.csv")] == [name]
    scrub(house, source, out=tmp_path / "again")


def test_no_output_replaces_the_seeds_or_what_a_link_leads_to(house: Prefcenter, tmp_path: Path) -> None:
    source, seeds, out = tmp_path / "in.csv", tmp_path / "out" / "review.csv", tmp_path / "out"
    out.mkdir()
    source.write_text(HEADER + JANE + BOB)
    seeds.write_text(HEADER + BOB)
    scrub(house, source, out=out, exits=2, more=("--seeds", str(seeds)))
    assert seeds.read_text() == HEADER + BOB
    seeds.unlink()
    os.link(source, out / "clean.csv")
    scrub(house, source, out=out, exits=2)
    assert source.read_text() == HEADER + JANE + BOB


def test_files_that_would_share_an_output_are_refused_by_what_is_wrong(house: Prefcenter, tmp_path: Path) -> None:
    """Both would write suppressed-a.csv."""
    (tmp_path / "other").mkdir()
    for name in ("a.csv", "other/A.csv"):
        (tmp_path / name).write_text(HEADER + JANE + BOB)
    told = scrub(house, tmp_path / "a.csv", tmp_path / "other" / "A.csv", out=tmp_path / "out", exits=2)
    assert "Two of the files have the same name" in told
    assert not (tmp_path / "out").exists()


def test_the_refused_rows_do_not_pass_for_the_clean_file(house: Prefcenter, tmp_path: Path) -> None:
    """P11: a mix-up of the files is exactly what verifying is for."""
    source, out = tmp_path / "in.csv", tmp_path / "out"
    source.write_text(HEADER + JANE + BOB)
    scrub(house, source, out=out)
    manifest = str(out / "manifest.json")
    for name in ("clean.csv", "suppressed.csv", "review.csv", "unreadable.csv"):
        house("verify", str(out / name), manifest)
    taken = tmp_path / "clean.csv"
    taken.write_bytes((out / "suppressed.csv").read_bytes())
    told = house("verify", str(taken), manifest, exits=3).output
    assert "clean.csv is a copy of suppressed.csv under another name" in told
    taken.rename(tmp_path / "job.csv")
    house("verify", str(tmp_path / "job.csv"), manifest, exits=3)
    (out / "clean.csv").rename(tmp_path / "job.csv")
    house("verify", str(tmp_path / "job.csv"), manifest)


def test_a_country_that_is_not_known_is_not_taken_for_the_default(acme: Prefcenter, tmp_path: Path) -> None:
    """G7, X1: marketing email to Greece needs a consent, whether or not we know the word."""
    source, out = tmp_path / "in.csv", tmp_path / "out"
    kept = [
        "a@example.com,US",
        "b@example.com,U.S.A.",
        "c@example.com,",
        "d@example.com,N/A",
        "e@example.com,États-Unis",
    ]
    gone = ["f@example.com,Germany", "g@example.com,Greece", "h@example.com,GRC", "i@example.com,Polska"]
    source.write_text("\n".join(["email,country", *kept, *gone]) + "\n", encoding="utf-8")
    acme("scrub", str(source), "--channel", "email", "--mailing", "spring", "--out", str(out))
    assert (out / "clean.csv").read_text(encoding="utf-8").splitlines()[1:] == kept
    assert (out / "suppressed.csv").read_text(encoding="utf-8").count("consent_missing") == len(gone)


@pytest.mark.parametrize(
    ("rule", "held", "kept"),
    [("default", ["2"], ["3"]), ("remove", ["2", "3"], []), ("keep", [], ["2", "3"])],
)
def test_unsure_rows_are_told_with_what_became_of_them(
    house: Prefcenter, tmp_path: Path, rule: str, held: list[str], kept: list[str]
) -> None:
    """P9, P11: an initial is held back and several differences are let through, unless one says otherwise."""
    source, out = tmp_path / "in.csv", tmp_path / "out"
    initial = "2,J Doe,12 Main St,Apt 4,Springfield,IL,62701\n"
    several = "3,Robert Smyth,12 N Mian St,,Springfield,IL,62701\n"
    house("suppress", "add", "post", "Robert Smith; 12 N Main St; Apt 4; Springfield; IL; 62701", "--reason", "opt_out")
    source.write_text(HEADER + JANE + initial + several + "4,Zoe Ray,9 Oak Ave,,Springfield,IL,62701\n")
    scrub(house, source, out=out, more=("--unsure", rule))
    review = pl.read_csv(out / "review.csv", infer_schema=False)
    by_fate = {fate: review.filter(pl.col("pc_kept") == fate)["id"].to_list() for fate in ("no", "yes")}
    assert by_fate == {"no": held, "yes": kept}
    clean = pl.read_csv(out / "clean.csv", infer_schema=False)
    assert clean["id"].to_list() == [*kept, "4"]
    counts = json.loads((out / "manifest.json").read_text())["counts"]
    assert (counts["review"], counts["kept"], counts["suppressed"]) == (len(held), len(kept) + 1, 1)


def test_the_manifest_says_how_the_mailing_was_asked_for_and_verify_tells_it(house: Prefcenter, tmp_path: Path) -> None:
    """P11, P13: the counts rest on it, so it is signed with them."""
    source, seeds, out = tmp_path / "in.csv", tmp_path / "seeds.csv", tmp_path / "out"
    source.write_text("id,name,address1,city,state,PLZ old,PLZ\n2,Bob Roe,9 Oak Ave,Springfield,IL,,62701\n")
    seeds.write_text("id,name,address1,city,state,PLZ old,PLZ\n9,Zoe Ray,7 Elm St,Springfield,IL,,62701\n")
    asked = ("--map", "zip=PLZ", "--id", "id", "--unsure", "remove", "--drop-duplicates", "person")
    scrub(house, source, out=out, more=(*asked, "--seeds", str(seeds), "--drop", "2126-12-01"))
    options = json.loads((out / "manifest.json").read_text())["options"]
    columns = options.pop("columns")
    assert columns["in.csv"]["zip"] == "PLZ"
    digest = hashlib.sha256(seeds.read_bytes()).hexdigest()
    assert options == {
        "message_type": None,
        "map": {"zip": "PLZ"},
        "two_addresses": False,
        "id": "id",
        "layout": None,
        "unsure": "remove",
        "drop_duplicates": "person",
        "seeds": {"name": "seeds.csv", "sha256": digest},
        "canaries": None,
        "default_country": "US",
        "cutoff": None,
        "drop": "2126-12-01T00:00:00Z",
    }
    words = ("verify", str(out / "clean.csv"), str(out / "manifest.json"))
    assert house.json(*words)["options"] == options | {"columns": columns}
    told = house(*words).stdout
    for line in ("map              zip=PLZ", "unsure           remove", "drop             2126-12-01 00:00 UTC"):
        assert f"\n  {line}\n" in told
    assert f"seeds.csv (SHA-256 {digest[:12]}…)" in told
    forged = json.loads((out / "manifest.json").read_text()) | {"options": {"unsure": "default"}}
    (out / "manifest.json").write_text(json.dumps(forged))
    assert house.json(*words, exits=3)["options"] == {}


@pytest.mark.parametrize("names", [("in.csv",), ("in.csv", "more.csv")])
def test_every_row_that_was_taken_out_says_where_it_stands_in_its_source(
    house: Prefcenter, tmp_path: Path, names: tuple[str, ...]
) -> None:
    """P11: without an id of its own, a row is found again by its number; a column of that name gives way."""
    out, header = tmp_path / "out", "pc_row," + HEADER
    rows = ["x,5,Zoe Ray,9 Elm St,,Springfield,IL,62701\n", "x,2,J Doe,12 Main St,Apt 4,Springfield,IL,62701\n"]
    rows += ["x," + JANE, "\n", "x,6,Max Moe,,,,,\n", rows[0], "x," + JANE]
    for name in names:
        (tmp_path / name).write_text(header + "".join(rows))
    scrub(house, *(tmp_path / name for name in names), out=out, more=("--drop-duplicates", "person"))
    suffix = "-in" if len(names) > 1 else ""
    found = {
        kind: pl.read_csv(out / f"{kind}{suffix}.csv", infer_schema=False)
        for kind in ("suppressed", "review", "unreadable", "duplicates")
    }
    assert {kind: frame["pc_row"].to_list() for kind, frame in found.items()} == {
        "suppressed": ["3", "6"],
        "review": ["2"],
        "unreadable": ["4"],
        "duplicates": ["5"],
    }
    contract = ["pc_reason", "pc_scope", "pc_tier", "pc_score", "pc_since", "pc_suppression"]
    assert found["suppressed"].columns == [*HEADER.strip().split(","), *contract, "pc_row"]
    assert found["review"].columns == [*HEADER.strip().split(","), *contract, "pc_row", "pc_kept"]
