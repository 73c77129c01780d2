"""What the mail house acknowledges of a pull (P12)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from prefcenter.core.errors import BadInput, PrefcenterError
from prefcenter.services.receipts import Acknowledged, Recorded, read_receipt, record_receipt, unacknowledged
from tests.posting import BOB, JANE, OPERATOR, TOM, PostRoom

HOUSE = "Presto Print"


@pytest.fixture
def pulled(sent_room: PostRoom) -> PostRoom:
    """A mailing from which one pull told two rows."""
    sent_room.opt_out(JANE)
    sent_room.opt_out(BOB)
    sent_room.pull()
    return sent_room


def receive(room: PostRoom, acknowledged: Acknowledged | int, **which: Any) -> Recorded:
    said = Acknowledged(acknowledged, HOUSE) if isinstance(acknowledged, int) else acknowledged
    with room.wiring.database.write() as session:
        return record_receipt(session, room.wiring.mailing_rows, "spring", said, OPERATOR, at=room.clock(), **which)


def waiting(room: PostRoom) -> list[int]:
    with room.wiring.database.read() as session:
        return [pull.number for pull in unacknowledged(session, room.mailing())]


def returned(room: PostRoom, *ids: str) -> Path:
    return room.write([(one, "taken out") for one in ids], "receipt.csv", header=("finder", "status"))


def test_a_receipt_of_all_rows_settles_the_pull(pulled: PostRoom) -> None:
    assert waiting(pulled) == [1]
    assert receive(pulled, 2).agrees
    assert waiting(pulled) == []
    facts = pulled.ledger("mailing_receipt")[0]
    assert (facts["told"], facts["received"], facts["missing"]) == (2, 2, 0)
    with pytest.raises(PrefcenterError, match="Every pull of “spring”, version 1, is acknowledged"):
        receive(pulled, 2)


def test_a_receipt_that_falls_short_is_recorded_and_the_pull_goes_on_waiting(pulled: PostRoom) -> None:
    recorded = receive(pulled, 1)
    assert (recorded.agrees, recorded.receipt.missing) == (False, 1)
    assert waiting(pulled) == [1]
    assert not receive(pulled, 3).agrees
    assert receive(pulled, 2).agrees


def test_a_file_of_the_mail_houses_is_compared_id_by_id(pulled: PostRoom) -> None:
    """As many rows, but other ones, are no receipt."""
    wrong = receive(pulled, read_receipt(returned(pulled, "0001", "0004"), HOUSE, "finder"))
    assert (wrong.receipt.received, wrong.receipt.missing, wrong.agrees) == (2, 1, False)
    assert receive(pulled, read_receipt(returned(pulled, "0002", "0001 "), HOUSE, "finder")).agrees


def test_where_several_pulls_wait_it_must_be_said_which(pulled: PostRoom) -> None:
    pulled.opt_out(TOM)
    pulled.pull()
    with pytest.raises(BadInput, match="The pulls 1, 2"):
        receive(pulled, 1)
    with pytest.raises(BadInput, match="has no pull 7"):
        receive(pulled, 1, pull=7)
    receive(pulled, 1, pull=2)
    assert waiting(pulled) == [1]


def test_who_has_all_that_was_told_again_has_the_pulls_before_it(pulled: PostRoom) -> None:
    pulled.opt_out(TOM)
    pulled.pull(again=True)
    assert receive(pulled, read_receipt(returned(pulled, "0001", "0002", "0004"), HOUSE, "finder"), pull=2).agrees
    assert waiting(pulled) == []


def test_a_pull_that_told_nothing_waits_for_nothing(pulled: PostRoom) -> None:
    pulled.pull()
    assert waiting(pulled) == [1]


def test_without_a_pull_there_is_nothing_to_acknowledge(sent_room: PostRoom) -> None:
    with pytest.raises(BadInput, match="Nothing was pulled"):
        receive(sent_room, 0)


def test_an_id_of_several_rows_that_was_told_before_is_not_missed(post_room: PostRoom) -> None:
    """It was told once, so the mail house has it from the first pull."""
    post_room.scrub(post_room.write([JANE, ("0001", *BOB[1:]), TOM]))
    post_room.opt_out(JANE)
    post_room.pull()
    post_room.opt_out(BOB)
    post_room.opt_out(TOM)
    assert post_room.ids() == ["0004"]
    assert receive(post_room, read_receipt(returned(post_room, "0004"), HOUSE, "finder"), pull=2).agrees
    assert not receive(post_room, read_receipt(returned(post_room, "0001"), HOUSE, "finder"), pull=2).agrees
