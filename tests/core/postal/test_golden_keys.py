"""The keys of a version never change: what the list was keyed in is what it is looked up in (G3, E13)."""

from __future__ import annotations

from pathlib import Path

import pytest

from prefcenter.core.channels import Level
from prefcenter.core.postal import standardise, versions
from tests.core.postal import golden_keys
from tests.core.postal.golden_keys import digest, made_today, path_of, recorded

VERSION = standardise.STANDARD_VERSION

WHAT_TO_DO = """
The keys of {changed} of {all} recorded addresses are not what version {version} made of them, first this one's:
    {first}
An opt-out that was stored under the former keys would be found by nobody. If any list was keyed in version {version}:
  1. raise STANDARD_VERSION in prefcenter/core/postal/standardise.py;
  2. keep the rules before this change beside today's, and put them into FORMER in prefcenter/core/postal/versions.py;
  3. record the new keys: python -m tests.core.postal.golden_keys; the file of version {version} stays as it is;
  4. say in CHANGELOG.md that `prefcenter suppress rekey` is due.
If none was, since version {version} was never released: python -m tests.core.postal.golden_keys --unreleased
"""


def test_keys_are_what_this_version_made_of_them_before() -> None:
    """G3: whoever changes a key raises the version, and keeps the form before it."""
    before = recorded(VERSION)
    pairs = list(zip(before, made_today(before), strict=True))
    changed = [then for then, now in pairs if then != now]
    told = WHAT_TO_DO.format(
        changed=len(changed),
        all=len(before),
        version=VERSION,
        first="; ".join(filter(None, (value for _, value in changed[0].address.items()))) if changed else "",
    )
    assert not changed, told


def test_every_former_version_is_kept_and_makes_the_keys_that_it_made() -> None:
    """G3: of an erased entry nothing is left but its keys, so a form that the list was keyed in is kept for ever."""
    assert set(versions.FORMER) == set(range(1, VERSION))
    for version in versions.FORMER:
        golden = [each for each in recorded(version) if each.primary]
        made = versions.former_keys([each.address for each in golden], [each.level for each in golden])
        mine = f"p{version}:"
        for then, now in zip(golden, made, strict=True):
            assert digest(key for key in now.names if key.startswith(mine)) == then.primary, then
            assert digest(key for key in now.probes if key.startswith(mine)) == then.probes, then


def test_the_recorded_addresses_are_of_all_kinds() -> None:
    """A few of a kind would let the others change unseen."""
    golden = recorded(VERSION)
    assert len(golden) > 300
    assert {each.level for each in golden} == set(Level)
    assert len({each.stored for each in golden if each.primary}) > 200
    assert {"", "US", "Canada"} < {each.address.country for each in golden}
    assert any(not each.primary for each in golden)


def test_a_changed_key_is_seen_and_a_recorded_version_is_not_written_over(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The guard itself: one key more is another digest, and the command keeps what was recorded."""
    golden = recorded(VERSION)[:5]
    assert digest(["a", "b"]) == digest(["b", "a"]) != digest(["a", "b", "c"])
    monkeypatch.setattr(golden_keys, "FOLDER", tmp_path)
    golden_keys.record(golden, VERSION)
    before = path_of(VERSION).read_bytes()
    assert "is recorded" in golden_keys.main([])
    assert path_of(VERSION).read_bytes() == before
    monkeypatch.setattr(standardise, "STANDARD_VERSION", VERSION + 1)
    assert "is written" in golden_keys.main([])
    assert [each.address for each in recorded(VERSION + 1)] == [each.address for each in golden]
