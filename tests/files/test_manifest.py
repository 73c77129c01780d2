"""The manifest: complete, signed, and held against the file."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from prefcenter.core.channels import Channel
from prefcenter.core.errors import BadInput
from prefcenter.files.manifest import (
    Counts,
    Forged,
    Manifest,
    check_manifest,
    key_id,
    read_manifest,
    released,
    sha256_of,
    sign_manifest,
    write_manifest,
)
from prefcenter.files.tables import FileFacts
from prefcenter.files.verification import Outcome, verify_file

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
KEYS = {key_id(KEY.public_key()): KEY.public_key()}
AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


def manifest_of(folder: Path) -> Manifest:
    (folder / "in.csv").write_text("name,zip\nA,1\nB,2\n")
    (folder / "clean.csv").write_text("name,zip\nA,1\n")
    files = [FileFacts(name, sha256_of(folder / name), rows) for name, rows in (("in.csv", 2), ("clean.csv", 1))]
    return Manifest(
        mailing="spring",
        version=1,
        brand="acme",
        channel=Channel.POST,
        prepared_at=AT,
        stale_after=AT + timedelta(days=7),
        ledger_position=42,
        policy_version="1",
        inputs=files[:1],
        outputs=files[1:],
        counts=Counts(read=2, kept=1, suppressed=1, by_reason={"opt_out": 1}, by_tier={"exact": 1}),
    )


def signed(folder: Path) -> dict[str, Any]:
    return sign_manifest(manifest_of(folder).as_dict(), KEY)


def test_the_members_are_those_of_the_contract_in_its_order(tmp_path: Path) -> None:
    """P11: scripts read these names."""
    manifest = signed(tmp_path)
    assert list(manifest) == [
        *("mailing", "version", "brand", "channel", "prepared_at", "stale_after", "ledger_position"),
        *("policy_version", "inputs", "outputs", "counts", "vendor", "list_entries", "options", "state", "signature"),
    ]
    assert list(manifest["counts"]) == [
        *("read", "kept", "suppressed", "duplicate", "review", "unreadable", "seeds", "canaries"),
        *("by_reason", "by_tier"),
    ]
    assert list(manifest["inputs"][0]) == ["name", "sha256", "rows"]
    assert manifest["stale_after"] == "2026-03-08T12:00:00Z"
    assert list(manifest["signature"]) == ["algorithm", "key_id", "value"]


def test_counts_that_do_not_add_up_cannot_be_written() -> None:
    """P11: read = kept + suppressed + duplicate + review + unreadable; seeds are left out (P13)."""
    Counts(read=10, kept=4, suppressed=3, duplicate=1, review=1, unreadable=1, seeds=5)
    with pytest.raises(ValueError, match="10 rows were read, but 9"):
        Counts(read=10, kept=4, suppressed=3, duplicate=1, review=1)


def test_a_signed_manifest_survives_its_file(tmp_path: Path) -> None:
    """P11: reading and writing it again changes nothing that is signed."""
    write_manifest(tmp_path / "manifest.json", signed(tmp_path))
    check_manifest(read_manifest(tmp_path / "manifest.json"), KEYS)


@pytest.mark.parametrize(
    "alter",
    [
        lambda m: m | {"version": 2},
        lambda m: m | {"more": 1},
        lambda m: {name: value for name, value in m.items() if name != "stale_after"},
        lambda m: m | {"outputs": [m["outputs"][0] | {"rows": 7}]},
        lambda m: {name: value for name, value in m.items() if name != "signature"},
        lambda m: m | {"signature": m["signature"] | {"key_id": "0" * 16}},
        lambda m: m | {"signature": m["signature"] | {"value": "AAAA"}},
        lambda m: m | {"signature": m["signature"] | {"value": "no base64"}},
        lambda m: m | {"signature": m["signature"] | {"algorithm": "none"}},
        lambda m: sign_manifest(m, Ed25519PrivateKey.from_private_bytes(bytes(32))),
    ],
)
def test_an_altered_manifest_is_forged(tmp_path: Path, alter: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """P11: nothing in it can be changed without the key."""
    manifest = alter(signed(tmp_path))
    with pytest.raises(Forged):
        check_manifest(manifest, KEYS)
    assert verify_file(tmp_path / "clean.csv", manifest, AT, KEYS).outcome is Outcome.FORGED


def test_the_unchanged_file_is_ok_under_any_name(tmp_path: Path) -> None:
    """P11: mail houses rename files."""
    manifest = signed(tmp_path)
    renamed = (tmp_path / "clean.csv").rename(tmp_path / "job-4711.csv")
    found = verify_file(renamed, manifest, AT, KEYS)
    assert found.outcome is Outcome.OK
    assert "is clean.csv of spring, version 1, unchanged: 1 row," in found.message


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name,zip\nA,1\nB,2\nC,3\n", "has 3 rows; the manifest says 1"),
        ("name,zip\nA,9\n", "SHA-256 is not the one"),
        ("name,zip\nA,1\nB,2\n", "is in.csv, which went into the scrub, not what came out of it"),
        ("", "SHA-256 is not the one"),
    ],
)
def test_a_changed_file_is_told_what_changed(tmp_path: Path, text: str, said: str) -> None:
    """P11: also where somebody takes the unscrubbed file."""
    manifest = signed(tmp_path)
    (tmp_path / "clean.csv").write_text(text)
    found = verify_file(tmp_path / "clean.csv", manifest, AT, KEYS)
    assert found.outcome is Outcome.CHANGED
    assert said in found.message


def test_a_file_goes_stale(tmp_path: Path) -> None:
    """P11: then it is refused."""
    manifest = signed(tmp_path)
    clean = tmp_path / "clean.csv"
    assert verify_file(clean, manifest, AT + timedelta(days=7), KEYS).outcome is Outcome.OK
    assert verify_file(clean, manifest, AT + timedelta(days=7, seconds=1), KEYS).outcome is Outcome.STALE


def test_a_held_mailing_is_refused_until_it_is_released(tmp_path: Path) -> None:
    """P13: the reason is told; the released manifest is signed anew."""
    manifest = manifest_of(tmp_path)
    held = sign_manifest(replace(manifest, held=("A canary survived.",)).as_dict(), KEY)
    found = verify_file(tmp_path / "clean.csv", held, AT, KEYS)
    assert found.outcome is Outcome.HELD
    assert "A canary survived." in found.message
    assert "prefcenter mailing release spring" in found.message
    let_go = sign_manifest(released(held, by="ann@example.com", at=AT), KEY)
    assert verify_file(tmp_path / "clean.csv", let_go, AT, KEYS).outcome is Outcome.OK
    assert (held["state"], let_go["state"], signed(tmp_path)["state"]) == ("held", "released", "prepared")
    assert let_go["released"] == {
        "by": "ann@example.com",
        "at": "2026-03-01T12:00:00Z",
        "was_held_because": ["A canary survived."],
    }


def test_a_release_that_nobody_signed_is_refused(tmp_path: Path) -> None:
    """P13: taking the hold out of the file by hand is not a release."""
    held = sign_manifest(replace(manifest_of(tmp_path), held=("A canary survived.",)).as_dict(), KEY)
    by_hand = released(held, by="ann@example.com", at=AT) | {"signature": held["signature"]}
    assert verify_file(tmp_path / "clean.csv", by_hand, AT, KEYS).outcome is Outcome.FORGED


@pytest.mark.parametrize("text", ["", "[]", "no", '{"a": 1, "a": 2}', "[" * 100_000])
def test_what_is_no_manifest_is_refused(tmp_path: Path, text: str) -> None:
    """P11: a member that occurs twice would mean one thing to one reader and another to the next."""
    (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(BadInput):
        read_manifest(tmp_path / "manifest.json")


def test_a_signed_json_that_is_no_manifest_is_refused(tmp_path: Path) -> None:
    """P11: a signature alone makes no manifest."""
    manifest_of(tmp_path)
    with pytest.raises(BadInput, match="none of a mailing"):
        verify_file(tmp_path / "clean.csv", sign_manifest(json.loads("{}"), KEY), AT, KEYS)


def test_a_missing_file_is_bad_input(tmp_path: Path) -> None:
    """The message names it."""
    with pytest.raises(BadInput, match="cannot be read"):
        verify_file(tmp_path / "none.csv", signed(tmp_path), AT, KEYS)
