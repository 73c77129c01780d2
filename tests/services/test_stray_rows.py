"""Kept rows that no mailing on record needs do not stay for ever (G13)."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import pytest

from prefcenter import working
from prefcenter.core.errors import PrefcenterError
from prefcenter.services import kept_folders
from prefcenter.services.stray_rows import Stray, forget_strays
from tests.posting import OPERATOR, PostRoom

NAME = "0123456789abcdef0123456789abcdef"


def left(post_room: PostRoom, *, days: float, name: str = NAME) -> Path:
    """What a database knew that is no more."""
    folder = post_room.wiring.mailing_rows / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "scrubbed-1.parquet").write_bytes(b"Jane Doe")
    written = (post_room.clock() - timedelta(days=days)).timestamp()
    for path in (folder / "scrubbed-1.parquet", folder):
        os.utime(path, (written, written))
    return folder


def forget(post_room: PostRoom, *, is_sure: bool = True) -> list[Stray]:
    wiring = post_room.wiring
    return forget_strays(wiring.database, wiring.mailing_rows, OPERATOR, at=post_room.clock(), is_sure=is_sure)


def test_the_worker_erases_what_no_mailing_on_record_needs_after_its_period(sent_room: PostRoom) -> None:
    folder = left(sent_room, days=119)
    kept = sent_room.kept()
    assert working.tend_mailings(sent_room.wiring) == 0
    assert sent_room.kept() == kept
    sent_room.clock.move(days=2)
    assert working.tend_mailings(sent_room.wiring) == 1
    assert not folder.exists()
    assert len(sent_room.kept()) == 1
    assert sent_room.ledger("mailing_rows_erased") == [{"why": "not on record", "folders": 1, "bytes": 8}]


def test_an_operator_may_erase_it_before_but_not_what_is_new(sent_room: PostRoom) -> None:
    old, young = left(sent_room, days=2), left(sent_room, days=0.5, name=NAME[::-1])
    with pytest.raises(PrefcenterError, match="kept rows of 1 mailing not on record"):
        forget(sent_room, is_sure=False)
    assert old.exists()
    assert [stray.name for stray in forget(sent_room)] == [NAME]
    assert (old.exists(), young.exists(), len(sent_room.kept())) == (False, True, 2)
    assert forget(sent_room, is_sure=False) == []


def test_where_somebody_is_at_work_nothing_is_erased(sent_room: PostRoom) -> None:
    folder = left(sent_room, days=2)
    with kept_folders.locked(folder):
        assert forget(sent_room) == []
    assert folder.exists()


def test_what_is_recorded_as_erased_and_still_there_goes_at_once(sent_room: PostRoom) -> None:
    """A process that died between the record of a failure and the erasing left it."""
    sent_room.set_state("failed", rows_erased_at=sent_room.clock())
    assert len(sent_room.kept()) == 1
    assert working.tend_mailings(sent_room.wiring) == 1
    assert sent_room.kept() == []


def test_what_somebody_else_put_there_stays(sent_room: PostRoom) -> None:
    folder = left(sent_room, days=999, name="a-person's-backup")
    assert working.tend_mailings(sent_room.wiring) == 0
    assert folder.exists()
