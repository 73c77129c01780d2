"""Records that must vanish: those of a file, and entries of the list that have to find themselves."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete

from prefcenter.core.channels import Channel, Level, MessageClass, Reason, Scope, Source
from prefcenter.core.postal.address import PostalAddress
from prefcenter.files.columns import recognise
from prefcenter.scrub.canaries import OF_THE_LIST, watch_file, watch_list
from prefcenter.scrub.index import ListIndex, build_index
from prefcenter.services import deciding
from prefcenter.services.mailing_orders import ask_of
from prefcenter.services.points import Point, Points
from prefcenter.services.ports import Evidence, Keyring
from prefcenter.services.suppressing import OptOut, suppress_many
from prefcenter.store.engine import Database
from prefcenter.store.suppressions import SuppressionAddress

AT = datetime(2026, 11, 23, 18, 0, tzinfo=UTC)


def listed(database: Database, points: Points, entries: list[Point], reason: Reason = Reason.OPT_OUT) -> None:
    opt_out = OptOut(reason, Scope.everything(), Source.OPERATOR)
    with database.write() as session:
        suppress_many(
            session, points, [(point, opt_out) for point in entries], Evidence("system"), at=AT - timedelta(hours=1)
        )
        session.commit()


def index_of(database: Database, keyring: Keyring, channel: Channel) -> ListIndex:
    with database.read() as session:
        question = deciding.question_about_class(session, MessageClass.MARKETING, brand=None)
        return build_index(session, keyring.peppers, ask_of(question, channel), at=AT)


ODD = [
    (PostalAddress(name="Jane Doe", address1="12 Main St", address2="Apt 4", zip="62701"), Level.INDIVIDUAL),
    (PostalAddress(name="J Doe", address1="9 N Oak", city="Salem", state="OR", zip=""), Level.INDIVIDUAL),
    (PostalAddress(name="Ann and Bob Roe Jr", address1="PO Box 17", zip="05401-0017"), Level.INDIVIDUAL),
    (PostalAddress(name="Sgt Lee Poe", address1="PSC 3 Box 12", city="APO", state="AE", zip="09021"), Level.INDIVIDUAL),
    (PostalAddress(name="Zoe Roy", address1="4 Rue Un", city="Laval", state="QC", zip="H7A 1A1", country="CA"),
     Level.INDIVIDUAL),
    (PostalAddress(name="The Hendersons", address1="77 Elm Ave Apt B", zip="97301"), Level.HOUSEHOLD),
    (PostalAddress(name="", address1="78 Elm Ave", zip="97301"), Level.HOUSEHOLD),
    (PostalAddress(name="", company="Acme Bolts Inc", address1="1 Mill Rd", zip="44101"), Level.COMPANY),
]  # fmt: skip


def test_every_kind_of_postal_entry_finds_itself(database: Database, points: Points, keyring: Keyring) -> None:
    """P13: as a row of a file, each is refused by the index that was built of it."""
    listed(database, points, [points.post(address, level) for address, level in ODD])
    with database.read() as session:
        watched = watch_list(session, index_of(database, keyring, Channel.POST), "US")
    assert (watched.count, watched.survivors) == (len(ODD), ())


@pytest.mark.parametrize("channel", [Channel.EMAIL, Channel.SMS])
def test_addresses_and_numbers_find_themselves(
    sqlite_database: Database, points: Points, keyring: Keyring, channel: Channel
) -> None:
    """P13: texts need a consent too, and for want of one all would be refused: that does not count."""
    made = (
        [points.email(f"P{number}@Example.com") for number in range(30)]
        if channel is Channel.EMAIL
        else [points.phone(f"+1802555{number:04}") for number in range(100, 130)]
    )
    listed(sqlite_database, points, made)
    index = index_of(sqlite_database, keyring, channel)
    broken = replace(index, keys=index.keys.clear())
    with sqlite_database.read() as session:
        whole = watch_list(session, index, "US")
        found = watch_list(session, broken, "US")
    assert (whole.count, whole.survivors) == (OF_THE_LIST, ())
    assert (found.count, len(found.survivors)) == (OF_THE_LIST, OF_THE_LIST)


def test_entries_that_are_erased_or_let_this_mailing_pass_are_not_looked_up(
    sqlite_database: Database, points: Points, keyring: Keyring
) -> None:
    """G3: of an erased entry there is nothing left to look up; sharing that is refused does not stop a mailing."""
    listed(sqlite_database, points, [points.email("erased@example.com")])
    with sqlite_database.write() as session:
        session.execute(delete(SuppressionAddress))
        session.commit()
    listed(sqlite_database, points, [points.email("shares-not@example.com")], Reason.NO_SHARING)
    with sqlite_database.read() as session:
        assert watch_list(session, index_of(sqlite_database, keyring, Channel.EMAIL), "US").count == 0


def test_the_newest_entries_are_among_those_looked_up(database: Database, points: Points, keyring: Keyring) -> None:
    """An index that was kept from an earlier mailing, and lacks what came since, does not go unnoticed."""
    listed(database, points, [points.email(f"p{number}@example.com") for number in range(100)])
    index = index_of(database, keyring, Channel.EMAIL)
    listed(database, points, [points.email("late@example.com")])
    with database.read() as session:
        watched = watch_list(session, index, "US")
    assert (watched.count, watched.survivors) == (OF_THE_LIST, (101,))


def test_what_is_recorded_this_minute_is_no_fault_of_the_index(
    sqlite_database: Database, points: Points, keyring: Keyring
) -> None:
    with sqlite_database.write() as session:
        opt_out = OptOut(Reason.OPT_OUT, Scope.everything(), Source.OPERATOR)
        suppress_many(session, points, [(points.email("now@example.com"), opt_out)], Evidence("system"), at=AT)
        session.commit()
    with sqlite_database.read() as session:
        assert watch_list(session, index_of(sqlite_database, keyring, Channel.EMAIL), "US").count == 0


def test_canaries_of_a_file_are_told_by_their_rows(
    sqlite_database: Database, points: Points, keyring: Keyring, tmp_path: Path
) -> None:
    listed(sqlite_database, points, [points.email("gone@example.com")])
    file = tmp_path / "canaries.csv"
    file.write_text("mail\nhere@example.com\nGONE@example.com\nthere@example.com\n")
    found = watch_file(file, recognise(["id", "E-Mail"]), index_of(sqlite_database, keyring, Channel.EMAIL), "US")
    assert (found.count, found.survivors) == (3, (1, 3))
