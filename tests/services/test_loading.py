"""The file that comes back from address hygiene, as a mailing's newer rows (P8)."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from prefcenter.core.errors import BadInput, PrefcenterError
from prefcenter.services import joining
from tests.posting import ANN, BOB, HEADER, JANE, TOM, PostRoom

MOVED = ("0003", "ANN LEE", "77 NEW WAY", "RENO", "NV", "89501")
AT_THE_NEW_ADDRESS = ("", "Ann Lee", "77 New Way", "Reno", "NV", "89501")


def shouted(row: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(cell.upper().replace(" ST", " STREET") for cell in row)


def came_back(post_room: PostRoom, *rows: tuple[str, ...], name: str = "back.csv") -> Path:
    return post_room.write(rows, name, header=("NO", "NAME", "DELIVERY ADDRESS", "CITY", "ST", "ZIP"))


def test_a_row_is_judged_on_its_old_and_its_new_address(either_post_room: PostRoom) -> None:
    """P8: whoever opted out at either must not get it."""
    post_room = either_post_room
    post_room.scrub()
    post_room.opt_out(AT_THE_NEW_ADDRESS)
    loaded = post_room.load(came_back(post_room, TOM, MOVED, shouted(BOB), shouted(JANE)), row_id="NO")
    assert (loaded.matched, loaded.refused) == (4, 1)
    told = post_room.pull().rows
    assert told["finder"].to_list() == ["0003"]
    assert post_room.ids() == []
    post_room.opt_out(BOB)
    assert post_room.ids() == ["0002"]


def test_an_opt_out_at_the_old_address_still_counts(sent_room: PostRoom) -> None:
    """P8: a suppression is never moved; the old one still speaks of this row."""
    loaded = sent_room.load(came_back(sent_room, MOVED), row_id="NO")
    assert (loaded.matched, loaded.refused, loaded.missing.count) == (1, 0, 3)
    sent_room.opt_out(ANN)
    assert sent_room.ids() == ["0003"]


def test_what_does_not_fit_is_counted_and_named(sent_room: PostRoom) -> None:
    strange, nameless = ("0099", *JANE[1:]), ("", *JANE[1:])
    loaded = sent_room.load(came_back(sent_room, JANE, JANE, MOVED, strange, nameless), row_id="NO")
    assert loaded.counts == {
        "rows": 5,
        "matched": 2,
        "unknown": 1,
        "missing": 2,
        "repeated": 1,
        "blank": 1,
        "unreadable": 0,
        "refused": 0,
    }
    assert (loaded.unknown.shown, loaded.missing.shown, loaded.repeated.shown) == (["0099"], ["0002", "0004"], ["0001"])
    assert sent_room.ledger("mailing_load")[0].items() >= loaded.counts.items()


def test_zeros_that_a_spreadsheet_dropped_are_looked_past_where_ids_stay_apart(sent_room: PostRoom) -> None:
    assert sent_room.load(came_back(sent_room, ("3", *MOVED[1:])), row_id="NO").matched == 1
    sent_room.scrub(sent_room.write([JANE, ("1", *BOB[1:])]), name="apart", out="apart")
    assert sent_room.load(came_back(sent_room, ("1", *BOB[1:])), "apart", row_id="NO").missing.shown == ["0001"]


def test_a_file_of_another_mailing_is_refused_and_leaves_nothing(sent_room: PostRoom) -> None:
    before = sent_room.kept()
    with pytest.raises(BadInput, match="none of 2 rows has an id of “spring”"):
        sent_room.load(came_back(sent_room, ("97", *JANE[1:]), ("98", *BOB[1:])), row_id="NO")
    with pytest.raises(BadInput, match="has no column 'finder'"):
        sent_room.load(came_back(sent_room, MOVED))
    assert sent_room.kept() == before
    assert [path.name for path in before[0].parent.iterdir()] == ["scrubbed-1.parquet"]
    assert sent_room.ledger("mailing_load") == []


def test_without_ids_nothing_tells_which_row_is_which(post_room: PostRoom) -> None:
    post_room.scrub(post_room.write([JANE[1:]], header=HEADER[1:]), row_id=None)
    with pytest.raises(BadInput, match="scrubbed without --id"):
        post_room.load(came_back(post_room, MOVED), row_id="NO")


def test_where_inputs_have_ids_in_common_it_must_be_said_which_came_back(post_room: PostRoom) -> None:
    first, second = post_room.write([JANE], "a.csv"), post_room.write([("0001", *ANN[1:])], "b.csv")
    post_room.scrub(first, second)
    back = came_back(post_room, ("0001", *MOVED[1:]))
    with pytest.raises(BadInput, match="ids in common"):
        post_room.load(back, row_id="NO")
    post_room.load(back, row_id="NO", of="b.csv")
    post_room.opt_out(AT_THE_NEW_ADDRESS)
    assert post_room.pull().rows.select("pc_file", "finder").rows() == [("b.csv", "0001")]


def test_one_file_may_come_back_of_several_inputs(post_room: PostRoom) -> None:
    """Each row finds its own place among the kept ones, of which some were suppressed."""
    post_room.opt_out(BOB)
    post_room.scrub(post_room.write([BOB, JANE], "a.csv"), post_room.write([TOM, ANN], "b.csv"))
    loaded = post_room.load(came_back(post_room, MOVED, shouted(JANE), shouted(BOB)), row_id="NO")
    assert (loaded.matched, loaded.unknown.shown, loaded.missing.shown) == (2, ["0002"], ["0004"])
    post_room.opt_out(AT_THE_NEW_ADDRESS)
    assert post_room.pull().rows.select("pc_file", "finder").rows() == [("b.csv", "0003")]


def test_a_second_file_does_not_replace_the_first(sent_room: PostRoom) -> None:
    sent_room.load(came_back(sent_room, MOVED), row_id="NO")
    again = sent_room.load(came_back(sent_room, ANN, name="again.csv"), row_id="NO")
    assert again.number == 2
    sent_room.opt_out(AT_THE_NEW_ADDRESS)
    assert sent_room.ids() == ["0003"]


def test_nothing_is_loaded_into_what_is_held(sent_room: PostRoom) -> None:
    sent_room.set_state("held")
    with pytest.raises(PrefcenterError, match="is held"):
        sent_room.load(came_back(sent_room, MOVED), row_id="NO")


def test_an_id_of_several_rows_takes_the_new_address_to_all_of_them(post_room: PostRoom) -> None:
    post_room.scrub(post_room.write([JANE, ("0001", *BOB[1:]), TOM]))
    loaded = post_room.load(came_back(post_room, ("0001", *MOVED[1:])), row_id="NO")
    assert (loaded.matched, loaded.missing.shown, loaded.repeated.count) == (2, ["0004"], 0)
    post_room.opt_out(AT_THE_NEW_ADDRESS)
    assert post_room.ids() == ["0001"]


def test_ids_whose_hashes_are_equal_are_still_told_apart(sent_room: PostRoom, monkeypatch: pytest.MonkeyPatch) -> None:
    """No row is refused for an address of somebody else."""
    monkeypatch.setattr(joining, "_hashes", lambda ids: (ids.str.len_chars() * 0).cast(pl.UInt64).to_numpy())
    loaded = sent_room.load(came_back(sent_room, MOVED, ("0099", *JANE[1:]), BOB), row_id="NO")
    assert (loaded.matched, loaded.unknown.shown) == (2, ["0099"])
    sent_room.opt_out(AT_THE_NEW_ADDRESS)
    assert sent_room.ids() == ["0003"]


def test_it_tells_how_far_it_is_and_what_stops_it_leaves_nothing(sent_room: PostRoom) -> None:
    told: list[tuple[int, int, int]] = []

    def stop(done: int, size: int, rows: int) -> None:
        told.append((done, size, rows))
        raise KeyboardInterrupt

    before, file = sent_room.kept(), came_back(sent_room, MOVED, BOB)
    with pytest.raises(KeyboardInterrupt):
        sent_room.load(file, row_id="NO", progress=stop)
    assert told == [(file.stat().st_size, file.stat().st_size, 2)]
    assert [path.name for path in before[0].parent.iterdir()] == ["scrubbed-1.parquet"]
    assert sent_room.ledger("mailing_load") == []
