"""Several families at one address: each household's opt-out is an entry of its own, with its own name (P9, P15)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import polars as pl
import pytest
from sqlalchemy import select

from prefcenter.core.channels import Channel, Level, MessageClass, Reason, Scope, Source, Verdict
from prefcenter.core.decision import Ask
from prefcenter.core.postal.address import PostalAddress
from prefcenter.files.columns import recognise
from prefcenter.scrub.index import build_index
from prefcenter.scrub.matching import judge
from prefcenter.services import deciding, optouts
from prefcenter.services.deciding import Question
from prefcenter.services.points import Points
from prefcenter.services.ports import Evidence, Keyring
from prefcenter.services.suppressing import OptOut, Recorded
from prefcenter.store.engine import Database
from prefcenter.store.suppressions import Suppression

AT = datetime(2026, 11, 23, 23, 0, tzinfo=UTC)
SYSTEM = Evidence("system")
ASKED = OptOut(Reason.OPT_OUT, Scope.everything(), Source.SNAIL_MAIL_REQUEST)
GARCIAS = PostalAddress("Maria Garcia", "", "12 Willowbrook Street", "", "Springfield", "IL", "62704")
HENDERSONS = replace(GARCIAS, name="The Hendersons")
MISSPELT = {"address1": "12 Wilowbrook Street", "city": "Springfield", "state": "IL", "zip": "62704"}
"""Where the address itself is in doubt, only people of a household's surname are its members."""


def put(database: Database, points: Points, address: PostalAddress, level: Level = Level.HOUSEHOLD) -> Recorded:
    with database.write() as session:
        return optouts.record(session, points, points.post(address, level), ASKED, SYSTEM, at=AT)


def gone(database: Database, keyring: Keyring, *names: str, line: dict[str, str] = MISSPELT) -> list[bool]:
    """Of rows with these names at the misspelt address, whether a scrub takes them out."""
    columns = recognise(["name", "address1", "address2", "city", "state", "zip"])
    rows = pl.DataFrame([{"name": name, "address2": ""} | line for name in names])
    with database.read() as session:
        index = build_index(session, keyring.peppers, Ask(Channel.POST, MessageClass.MARKETING), at=AT)
    return [not kept for kept in judge(rows, columns, index, "US").kept(rows.height).tolist()]


def test_both_families_of_a_house_vanish_however_their_rows_are_spelt(
    database: Database, points: Points, keyring: Keyring
) -> None:
    """P9: the second family's opt-out is not answered as if the first had asked for it."""
    first, second = put(database, points, GARCIAS), put(database, points, HENDERSONS)
    assert second.is_new
    assert first.suppression_id != second.suppression_id
    rows = ("Luis Garcia", "The Hendersons", "Henderson Family", "Tom Henderson", "Tom Baker")
    assert gone(database, keyring, *rows) == [True, True, True, True, False]
    with database.read() as session:
        asked = [points.post(PostalAddress(name, **MISSPELT)) for name in rows]
        told = deciding.decide_all(session, keyring, Question(MessageClass.MARKETING), asked, at=AT)
    assert [one.verdict is Verdict.REFUSED for one in told] == [True, True, True, True, False]


@pytest.mark.parametrize("name", ["Luis Garcia", "The Garcias", "Maria and Luis Garcia", "GARCIA FAMILY"])
def test_the_same_family_again_is_on_the_list_already(database: Database, points: Points, name: str) -> None:
    put(database, points, GARCIAS)
    assert not put(database, points, replace(GARCIAS, name=name)).is_new


def test_a_nameless_household_a_family_and_two_surnames_are_entries_of_their_own(
    database: Database, points: Points
) -> None:
    """Never an opt-out less: what one of them is lifted for, the others still hold."""
    for name in ("", "Maria Garcia", "Maria Garcia and Tom Henderson", "The Hendersons"):
        assert put(database, points, replace(GARCIAS, name=name)).is_new
    with database.write() as session:
        whose = points.post(HENDERSONS, Level.HOUSEHOLD)
        assert len(optouts.lift(session, whose, Reason.OPT_OUT, Evidence("recipient"), at=AT)) == 1
    with database.read() as session:
        rows = session.scalars(select(Suppression).where(Suppression.ended_at.is_(None)))
        assert len(rows.all()) == 3


def test_a_person_and_then_the_household_and_the_firm_are_three_entries(database: Database, points: Points) -> None:
    """P15: each level is a wish of its own."""
    at_work = replace(GARCIAS, company="Acme Paving")
    levels = (Level.INDIVIDUAL, Level.HOUSEHOLD, Level.COMPANY)
    assert [put(database, points, at_work, level).is_new for level in levels] == [True] * 3
    assert [put(database, points, at_work, level).is_new for level in levels] == [False] * 3


@pytest.mark.parametrize("level", [Level.INDIVIDUAL, Level.HOUSEHOLD, Level.COMPANY])
def test_a_box_told_later_is_not_lost(database: Database, points: Points, keyring: Keyring, level: Level) -> None:
    """P7, P9: who opted out at the street and then at street and box is found at the box as well."""
    at_street = replace(GARCIAS, company="Acme Paving")
    put(database, points, at_street, level)
    assert put(database, points, replace(at_street, address2="PO Box 77"), level).is_new
    at_box = {"address1": "PO Box 77", "city": "Springfield", "state": "IL", "zip": "62704"}
    if level is not Level.COMPANY:
        assert gone(database, keyring, "Maria Garcia", line=at_box) == [True]
