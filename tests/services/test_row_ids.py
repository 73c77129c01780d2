"""A column that names no rows is refused: late opt-outs are told by it (P12)."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from prefcenter.core.errors import BadInput
from tests.posting import JANE, PostRoom


def scrub(room: PostRoom, ids: Sequence[str]) -> tuple[str, ...]:
    """Scrub a file with these ids, and tell the notes."""
    rows = [(name, f"Ann Lee{number}", f"{number} Elm St", *JANE[3:]) for number, name in enumerate(ids, 1)]
    return room.scrub(room.write(rows)).notes


def test_ids_that_many_rows_share_are_refused_by_their_number_and_an_example(post_room: PostRoom) -> None:
    """P12: a late opt-out by such an id would pull other people's rows too."""
    ids = [f"a{number}" for number in range(20)] + ["OH", "TX"] * 10
    with pytest.raises(BadInput) as caught:
        scrub(post_room, ids)
    assert "'finder' does not name the rows. 20 of 40" in caught.value.message
    assert "the rows 21 and 23" in caught.value.message
    assert "leave --id out" in str(caught.value)
    assert not (post_room.folder / "out").exists()
    assert post_room.kept() == []


def test_few_that_are_shared_are_told(post_room: PostRoom) -> None:
    (note,) = scrub(post_room, [f"a{number}" for number in range(120)] + ["x"] * 11)
    assert note.startswith("in.csv: 11 rows share their id in 'finder' with another one, such as the rows 121 and 122.")


@pytest.mark.parametrize(("named", "said"), [(30, "11 of 41 rows"), (0, "11 of 11 rows")])
def test_a_column_that_is_often_empty_is_refused(post_room: PostRoom, named: int, said: str) -> None:
    ids = [f"a{number}" for number in range(named)] + [""] * 11
    with pytest.raises(BadInput, match=rf"{said} have nothing in 'finder', such as row {named + 1}\.") as caught:
        scrub(post_room, ids)
    assert "leave --id out" in str(caught.value)
    assert post_room.kept() == []


def test_a_few_rows_without_an_id_stop_nothing(post_room: PostRoom) -> None:
    assert scrub(post_room, ["a", "b", "", "c"]) == ()
    assert [path.name for path in post_room.kept()] == ["scrubbed-1.parquet"]
