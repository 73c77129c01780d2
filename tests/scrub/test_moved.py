"""Files that came back from address hygiene: a row goes where either address is on the list (P8)."""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl
import pytest

from prefcenter.core.channels import Channel, MessageClass, Reason, Scope, Source
from prefcenter.core.postal.address import PostalAddress
from prefcenter.files.columns import Columns, recognise
from prefcenter.scrub.index import ListIndex, build_index
from prefcenter.scrub.matching import judge
from prefcenter.scrub.verdicts import Judged
from prefcenter.services import deciding
from prefcenter.services.mailing_orders import ask_of
from prefcenter.services.points import Points
from prefcenter.services.ports import Evidence, Keyring
from prefcenter.services.suppressing import OptOut, suppress
from prefcenter.store.engine import Database

AT = datetime(2026, 11, 23, 18, 0, tzinfo=UTC)
EVIDENCE = Evidence("system")
HEADER = ["name", "address1", "zip", "old_address1", "old_zip"]
OLD, NEW, ELSEWHERE = ("12 Main St", "62701"), ("400 Elm Ave", "97301"), ("7 Birch Ln", "05401")


@pytest.fixture
def index(sqlite_database: Database, points: Points, keyring: Keyring) -> ListIndex:
    """Jane opted out at her old address, and is said to be unknown at the new one; Bob opted out at the new."""
    listed = [
        ("Jane Doe", OLD, Reason.OPT_OUT),
        ("Jane Doe", NEW, Reason.UNDELIVERABLE),
        ("Bob Roe", NEW, Reason.OPT_OUT),
    ]
    with sqlite_database.write() as session:
        for name, (line, zip_code), reason in listed:
            point = points.post(PostalAddress(name=name, address1=line, zip=zip_code))
            opt_out = OptOut(reason, Scope.everything(), Source.OPERATOR)
            suppress(session, points, point, opt_out, EVIDENCE, at=AT)
        session.commit()
        question = deciding.question_about_class(session, MessageClass.MARKETING, brand=None)
        return build_index(session, keyring.peppers, ask_of(question, Channel.POST), at=AT)


def judged(index: ListIndex, *rows: tuple[str, ...], columns: Columns | None = None) -> Judged:
    columns = columns or recognise(HEADER)
    frame = pl.DataFrame(list(rows), schema=dict.fromkeys(columns.names, pl.String), orient="row")
    return judge(frame, columns.require(Channel.POST), index, "US")


def found(judged: Judged) -> list[tuple[int, str, str]]:
    return list(judged.found.select("row", "pc_suppression", "pc_address").iter_rows())


def test_either_address_takes_the_row_out_and_is_named(index: ListIndex) -> None:
    result = judged(
        index,
        ("Amy Ash", *NEW, *OLD),
        ("Jane Doe", *ELSEWHERE, *OLD),
        ("Bob Roe", *NEW, *OLD),
        ("Jane Doe", *NEW, *OLD),
        ("Bob Roe", *ELSEWHERE, *OLD),
    )
    assert found(result) == [(1, "1", "old"), (2, "3", "new"), (3, "2", "both")]
    assert result.kept(5).tolist() == [True, False, False, False, True]


def test_a_row_whose_address_stayed_is_judged_once(index: ListIndex) -> None:
    """Nothing is said to have spoken that is not there."""
    assert found(judged(index, ("Jane Doe", *OLD, *OLD), ("Bob Roe", *NEW, "", ""))) == [
        (0, "1", "new"),
        (1, "3", "new"),
    ]


def test_an_address_that_was_respelt_speaks_twice(index: ListIndex) -> None:
    assert found(judged(index, ("Jane Doe", *OLD, "12 MAIN STREET", "62701"))) == [(0, "1", "both")]


def test_an_old_address_that_was_broken_says_nothing(index: ListIndex) -> None:
    """Hygiene is there to mend it; the row is not unreadable for that."""
    result = judged(index, ("Amy Ash", *NEW, "somewhere", ""), ("Bob Roe", *NEW, "?", "x"))
    assert found(result) == [(1, "3", "new")]
    assert result.problems.is_empty()


def test_a_row_without_an_address_to_mail_is_unreadable_whatever_it_had(index: ListIndex) -> None:
    """P11: a row is counted once."""
    result = judged(index, ("Jane Doe", "", "", *OLD))
    assert result.found.is_empty()
    assert result.problems["row"].to_list() == [0]


def test_an_old_line_alone_lies_where_the_new_one_does(index: ListIndex) -> None:
    columns = recognise(["name", "address1", "zip", "orig_address1"])
    assert found(judged(index, ("Jane Doe", "9 Oak St", "62701", "12 Main St"), columns=columns)) == [(0, "1", "old")]


def test_of_two_that_speak_the_stricter_is_told(sqlite_database: Database, points: Points, keyring: Keyring) -> None:
    """A service letter is rerouted from an address that is undeliverable, and refused to somebody who was erased."""
    with sqlite_database.write() as session:
        for (line, zip_code), reason in ((NEW, Reason.UNDELIVERABLE), (OLD, Reason.ERASED)):
            point = points.post(PostalAddress(name="Zoe Poe", address1=line, zip=zip_code))
            suppress(session, points, point, OptOut(reason, Scope.everything(), Source.OPERATOR), EVIDENCE, at=AT)
        session.commit()
        question = deciding.question_about_class(session, MessageClass.SERVICE, brand=None)
        index = build_index(session, keyring.peppers, ask_of(question, Channel.POST), at=AT)
    result = judged(index, ("Zoe Poe", *NEW, *OLD), ("Zoe Poe", *OLD, *NEW), ("Zoe Poe", *NEW, *ELSEWHERE))
    assert result.found.select("pc_reason", "pc_address").rows() == [
        ("erased", "both"),
        ("erased", "both"),
        ("undeliverable", "new"),
    ]


def test_without_an_old_address_nothing_is_said_of_addresses(index: ListIndex) -> None:
    columns = recognise(["name", "address1", "zip"])
    assert "pc_address" not in judged(index, ("Jane Doe", *OLD), columns=columns).found.columns


def test_no_row_at_all_is_no_error(index: ListIndex) -> None:
    assert found(judged(index, *[("Amy Ash", *NEW, *NEW)][:0])) == []
