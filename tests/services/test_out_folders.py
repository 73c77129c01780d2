"""The folder of a mailing's results is what its manifest says, and never a mixture of two (P11)."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path
from typing import Any

import pytest

from prefcenter.core.errors import BadInput, Unavailable
from prefcenter.core.repeats import Repeats
from prefcenter.files import writing
from prefcenter.files.manifest import sign_manifest
from tests.posting import EVERYBODY, PostRoom

PERSONS: dict[str, Any] = {"repeats": Repeats.PERSON}
PLAIN = ["clean.csv", "manifest.json", "review.csv", "suppressed.csv", "unreadable.csv"]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def claimed(folder: Path) -> list[str]:
    """What the manifest says that the folder holds."""
    manifest = json.loads((folder / "manifest.json").read_text())
    return sorted(["manifest.json", *(output["name"] for output in manifest["outputs"])])


def test_the_results_of_another_mailing_are_left_alone(sent_room: PostRoom) -> None:
    """P11: whoever opens the folder of the spring mailing finds that of spring."""
    out = sent_room.folder / "out"
    before = contents(out)
    with pytest.raises(BadInput, match=r"another mailing, “spring”, version 1.+--out.+--replace"):
        sent_room.scrub(name="summer")
    with pytest.raises(BadInput, match="another mailing"):
        sent_room.scrub(name="summer", is_dry_run=True)
    assert contents(out) == before
    sent_room.scrub(name="summer", replaces=True)
    assert claimed(out) == names(out)
    assert json.loads((out / "manifest.json").read_text())["mailing"] == "summer"


def test_a_mailing_scrubbed_again_leaves_nothing_of_its_former_version(post_room: PostRoom) -> None:
    """P11: an old list of duplicates beside new files would be taken for theirs; a person's own file stays."""
    out = post_room.folder / "out"
    post_room.scrub(**PERSONS)
    (out / "notes.txt").write_text("a person's")
    assert "duplicates.csv" in claimed(out)
    post_room.scrub()
    assert claimed(out) == PLAIN
    assert names(out) == sorted([*PLAIN, "notes.txt"])
    post_room.write(name="other.txt")
    post_room.scrub(post_room.folder / "other.txt")
    assert "clean.csv" not in names(out)
    assert names(out) == sorted([*claimed(out), "notes.txt"])


def test_what_was_changed_since_is_not_taken_away_unless_it_may_go(post_room: PostRoom) -> None:
    out = post_room.folder / "out"
    post_room.scrub(**PERSONS)
    (out / "duplicates.csv").write_text("looked through by ann")
    with pytest.raises(BadInput, match=r"duplicates.csv.+was changed since"):
        post_room.scrub()
    post_room.scrub(replaces=True)
    assert names(out) == PLAIN


def test_files_that_no_manifest_names_are_not_replaced(post_room: PostRoom) -> None:
    out = post_room.folder / "out"
    out.mkdir()
    (out / "clean.csv").write_text("a person's")
    with pytest.raises(BadInput, match=r"clean.csv in .+ would be replaced, and no manifest"):
        post_room.scrub()
    (out / "clean.csv").rename(out / "duplicates.csv")
    post_room.scrub()
    assert (out / "duplicates.csv").read_text() == "a person's"
    with pytest.raises(BadInput, match=r"duplicates.csv in"):
        post_room.scrub(**PERSONS)


@pytest.mark.parametrize("said", ["{}", "no JSON", '{"mailing": "spring", "outputs": [{"name": "notes.txt"}]}'])
def test_a_manifest_that_is_not_ours_is_neither_believed_nor_replaced(post_room: PostRoom, said: str) -> None:
    out = post_room.folder / "out"
    out.mkdir()
    (out / "manifest.json").write_text(said)
    (out / "notes.txt").write_text("a person's")
    with pytest.raises(BadInput, match="none that was signed here"):
        post_room.scrub()
    post_room.scrub(replaces=True)
    assert names(out) == sorted([*PLAIN, "notes.txt"])


def test_no_manifest_leads_out_of_its_folder(sent_room: PostRoom) -> None:
    """Whoever has the key may sign such a one; it still takes nothing away elsewhere."""
    path, precious = sent_room.folder / "out" / "manifest.json", sent_room.folder / "precious.csv"
    precious.write_text("a person's")
    manifest = json.loads(path.read_text())
    manifest["outputs"] += [
        {"name": name, "sha256": "", "rows": 0} for name in ("../precious.csv", str(precious), "..", "manifest.json")
    ]
    path.write_text(json.dumps(sign_manifest(manifest, sent_room.wiring.ledger_keys.newest[1])))
    sent_room.scrub(replaces=True)
    assert precious.read_text() == "a person's"
    assert claimed(path.parent) == PLAIN


def test_what_is_read_is_not_taken_away(post_room: PostRoom) -> None:
    out = post_room.folder / "out"
    post_room.scrub()
    before = contents(out)
    with pytest.raises(BadInput, match=r"clean.csv in .+ would be taken away"):
        post_room.scrub(out / "clean.csv", post_room.write(EVERYBODY[:1], name="more.csv"))
    assert contents(out) == before


def test_who_comes_into_the_folder_meanwhile_is_not_overrun(
    post_room: PostRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two scrubs into one empty folder: the second to be ready is refused, and its mailing is not on record."""
    staging, other = writing._staging, post_room.write(name="other.csv")

    def slow(folder: Path) -> tuple[Path, int]:
        monkeypatch.setattr(writing, "_staging", staging)
        made = staging(folder)
        post_room.scrub(other, name="summer")
        return made

    monkeypatch.setattr(writing, "_staging", slow)
    with pytest.raises(BadInput, match="another mailing, “summer”"):
        post_room.scrub()
    assert json.loads((post_room.folder / "out" / "manifest.json").read_text())["mailing"] == "summer"
    assert post_room.ledger("mailing_failed") == [{"mailing": "spring", "version": 1}]
    post_room.scrub(out="elsewhere")


def test_files_taken_away_come_back_where_the_new_ones_cannot_come(
    post_room: PostRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = post_room.folder / "out"
    post_room.scrub(**PERSONS)
    before, rename = contents(out), os.replace

    def failing(source: Path, target: Path) -> None:
        if target == out / "unreadable.csv" and source.parent.name != ".replaced":
            raise OSError(errno.EIO, "the disk failed")
        rename(source, target)

    monkeypatch.setattr(os, "replace", failing)
    with pytest.raises(Unavailable, match="the disk failed"):
        post_room.scrub()
    assert contents(out) == before
