"""Why did she get this? (P3)"""

from __future__ import annotations

from datetime import datetime, timedelta

from prefcenter.core.channels import Channel
from prefcenter.services import mailing_ends
from prefcenter.services.mailed import Mailed, mailed_to
from tests.posting import ANN, BOB, EVERYBODY, HEADER, JANE, OPERATOR, PostRoom


def ask(room: PostRoom, address: str, *, channel: Channel = Channel.POST, at: datetime | None = None) -> Mailed:
    wiring = room.wiring
    point = wiring.points.parse(channel, address)
    with wiring.database.read() as session:
        return mailed_to(session, wiring.mailing_rows, wiring.keyring.peppers, point, at=at or room.clock())


def named(mailed: Mailed) -> list[tuple[str, list[str]]]:
    return [(each.mailing.name, [held.name for held in each.rows]) for each in mailed.found]


def test_it_is_told_which_mailing_named_an_address_however_it_was_spelt(sent_room: PostRoom) -> None:
    sent_room.opt_out(BOB)
    sent_room.pull()
    told = ask(sent_room, "Mr. Robert Roe; 9 OAK AVENUE; ; Springfield; Illinois; 62701-1234")
    assert named(told) == [("spring", ["0002"])]
    assert (told.found[0].rows[0].pull, told.found[0].rows[0].pulled_at) == (1, sent_room.clock())
    assert named(ask(sent_room, "Jane Doe; 12 N Main St; ; Springfield; IL; 62701")) == [("spring", ["0001"])]
    assert named(ask(sent_room, "Jane Doe; 14 N Main St; ; Springfield; IL; 62701")) == []


def test_whoever_the_scrub_took_out_was_sent_nothing(post_room: PostRoom) -> None:
    post_room.opt_out(JANE)
    post_room.scrub()
    assert named(ask(post_room, "Jane Doe; 12 N Main St; ; Springfield; IL; 62701")) == []


def test_an_address_after_hygiene_is_found_too(sent_room: PostRoom) -> None:
    """P8: the piece went to the new address."""
    sent_room.load(sent_room.write([("3", ANN[1], "77 New Way", "Reno", "NV", "89501")], "back.csv"))
    assert named(ask(sent_room, "Ann Lee; 77 New Way; ; Reno; NV; 89501")) == [("spring", ["0003"])]
    assert named(ask(sent_room, "Ann Lee; 44 Elm Dr; Apt 2; Portland; OR; 97201")) == [("spring", ["0003"])]


def test_of_rows_without_an_id_the_number_in_the_input_is_told(post_room: PostRoom) -> None:
    post_room.scrub(post_room.write([row[1:] for row in EVERYBODY], header=HEADER[1:]), row_id=None)
    told = ask(post_room, "Bob Roe; 9 Oak Ave; ; Springfield; IL; 62701")
    assert [(held.name, held.is_own) for held in told.found[0].rows] == [("2", False)]


def test_email_is_answered_likewise(post_room: PostRoom) -> None:
    file = post_room.write([("1", "jane@example.com"), ("2", "bob@example.com")], header=("finder", "email"))
    post_room.scrub(file, channel=Channel.EMAIL)
    assert named(ask(post_room, "Bob@Example.com", channel=Channel.EMAIL)) == [("spring", ["2"])]


def test_a_mailing_that_was_prepared_later_or_never_left_does_not_count(sent_room: PostRoom) -> None:
    address = "Bob Roe; 9 Oak Ave; ; Springfield; IL; 62701"
    assert named(ask(sent_room, address, at=sent_room.clock() - timedelta(days=1))) == []
    sent_room.set_state("held")
    assert named(ask(sent_room, address)) == []


def test_mailings_whose_rows_are_erased_are_named_as_unsearched(sent_room: PostRoom) -> None:
    """A page that says "nothing" must have looked."""
    wiring = sent_room.wiring
    mailing_ends.forget(wiring.database, wiring.mailing_rows, "spring", OPERATOR, at=sent_room.clock(), is_sure=True)
    told = ask(sent_room, "Bob Roe; 9 Oak Ave; ; Springfield; IL; 62701")
    assert [row.name for row in told.unsearched] == ["spring"]
    assert told.found == ()


def test_a_version_that_another_took_the_place_of_is_said_to_be_one(sent_room: PostRoom) -> None:
    sent_room.scrub(out="second")
    told = ask(sent_room, "Bob Roe; 9 Oak Ave; ; Springfield; IL; 62701")
    assert [(each.mailing.version, each.newer) for each in told.found] == [(2, None), (1, 2)]
