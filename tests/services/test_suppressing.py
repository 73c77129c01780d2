"""The building block under every opt-out: once, never shortened, never folded into another's record."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete, func, null, select, update

from prefcenter.core.channels import Channel, Level, MessageClass, Reason, Scope, Source, Verdict
from prefcenter.core.keys import Peppers
from prefcenter.core.postal.address import PostalAddress
from prefcenter.services import deciding, optouts
from prefcenter.services.deciding import Question
from prefcenter.services.errors import NotAllowed
from prefcenter.services.links import make_known
from prefcenter.services.points import Point, Points
from prefcenter.services.ports import Evidence, Keyring
from prefcenter.services.suppressing import OptOut, Recorded, suppress, suppress_many
from prefcenter.store.contacts import Contact, ContactPoint
from prefcenter.store.engine import Database
from prefcenter.store.ledger import LedgerEntry
from prefcenter.store.suppressions import Suppression, addresses_of
from tests.conftest import PEPPER

AT = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
SYSTEM = Evidence("system")
CLICK = OptOut(Reason.OPT_OUT, Scope.everything(), Source.ONE_CLICK)
JANE = PostalAddress(name="Jane Doe", address1="12 Oak Street", city="Springfield", state="IL", zip="62704")


def put(database: Database, points: Points, point: Point, opt_out: OptOut, at: datetime = AT) -> Recorded:
    with database.write() as session:
        return optouts.record(session, points, point, opt_out, SYSTEM, at=at)


def verdict(
    database: Database, keyring: Keyring, point: Point, message_class: MessageClass = MessageClass.MARKETING
) -> Verdict:
    with database.read() as session:
        return deciding.decide_all(session, keyring, Question(message_class), [point], at=AT)[0].verdict


def entries(database: Database) -> list[tuple[str, str, datetime | None, datetime | None]]:
    with database.read() as session:
        rows = session.scalars(select(Suppression).order_by(Suppression.id))
        return [(row.source, row.scope, row.until, row.ended_at) for row in rows]


def test_the_same_reason_twice_stands_once_and_both_requests_are_told(database: Database, points: Points) -> None:
    point = points.email("jane@example.com")
    first, again = put(database, points, point, CLICK), put(database, points, point, CLICK, AT + timedelta(days=1))
    assert (first.is_new, again.is_new) == (True, False)
    assert again.suppression_id == first.suppression_id
    with database.read() as session:
        assert list(session.scalars(select(LedgerEntry.kind).order_by(LedgerEntry.id))) == ["suppress", "repeat"]


def test_two_at_once_leave_one_entry(database: Database, points: Points) -> None:
    """The unique index decides who was first, not a look before."""
    point = points.email("jane@example.com")
    told: list[Recorded] = []
    threads = [threading.Thread(target=lambda: told.append(put(database, points, point, CLICK))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(told) == 8
    assert sum(one.is_new for one in told) == 1
    assert len({one.suppression_id for one in told}) == 1


def test_many_at_once_are_told_one_by_one(database: Database, points: Points) -> None:
    asked = [(points.email(f"p{number % 30}@example.com"), CLICK) for number in range(60)]
    with database.write() as session:
        told = suppress_many(session, points, asked, SYSTEM, at=AT)
        session.commit()
    assert [one.is_new for one in told] == [True] * 30 + [False] * 30
    assert [one.suppression_id for one in told[:30]] == [one.suppression_id for one in told[30:]]


@pytest.mark.parametrize(
    ("before", "after", "stands"),
    [
        (None, AT + timedelta(days=5), None),
        (AT + timedelta(days=9), AT + timedelta(days=5), AT + timedelta(days=9)),
        (AT + timedelta(days=5), AT + timedelta(days=9), AT + timedelta(days=9)),
        (AT + timedelta(days=5), None, None),
    ],
)
def test_an_entry_is_never_shortened(
    database: Database, points: Points, before: datetime | None, after: datetime | None, stands: datetime | None
) -> None:
    """E13: an import with an end must not put an end to what had none."""
    point = points.email("jane@example.com")
    paused = OptOut(Reason.PAUSED, Scope.everything(), Source.OPERATOR)
    put(database, points, point, replace(paused, until=before))
    put(database, points, point, replace(paused, until=after))
    assert [until for _, _, until, ended in entries(database) if ended is None] == [stands]


def test_voiding_a_wrong_import_leaves_the_persons_own_click(
    database: Database, points: Points, keyring: Keyring
) -> None:
    """X10: two operators may void a wrong record, never an act."""
    point = points.email("jane@example.com")
    imported = put(database, points, point, replace(CLICK, source=Source.IMPORT))
    clicked = put(database, points, point, CLICK)
    assert clicked.is_new
    for actor in ("ann@example.com", "bob@example.com"):
        with database.write() as session:
            optouts.void(session, imported.suppression_id, Evidence(actor), at=AT)
    assert verdict(database, keyring, point) is Verdict.REFUSED
    with database.write() as session, pytest.raises(NotAllowed):
        optouts.void(session, clicked.suppression_id, Evidence("ann@example.com"), at=AT)


def test_an_entry_under_an_old_pepper_is_found_not_repeated_and_lifted(database: Database, points: Points) -> None:
    """X12, E13: a new pepper in front changes nothing for those who opted out before."""
    put(database, points, points.email("jane@example.com"), CLICK)
    rotated = Peppers(["a newer pepper, of good length", PEPPER])
    newer = Points(rotated)
    point = newer.email("jane@example.com")
    assert not put(database, newer, point, CLICK).is_new
    with database.write() as session:
        assert len(optouts.lift(session, point, Reason.OPT_OUT, Evidence("recipient"), at=AT)) == 1


def test_a_record_is_kept_as_it_was_given(database: Database, points: Points) -> None:
    """P8: neither moved with its person nor rewritten into the standard form."""
    recorded = put(database, points, points.post(JANE), CLICK)
    with database.read() as session:
        given = addresses_of(session, [recorded.suppression_id])[recorded.suppression_id]
    assert given["address1"] == "12 Oak Street"
    assert given["name"] == "Jane Doe"


def test_a_deceased_person_is_suppressed_and_the_household_is_not(
    database: Database, points: Points, keyring: Keyring
) -> None:
    """P10: the others at the address still get their mail."""
    put(database, points, points.post(JANE), OptOut(Reason.DECEASED, Scope.everything(), Source.OPERATOR))
    assert verdict(database, keyring, points.post(JANE)) is Verdict.REFUSED
    assert verdict(database, keyring, points.post(replace(JANE, name="John Doe"))) is Verdict.CLEARED


def test_a_household_and_a_person_are_entries_of_their_own(database: Database, points: Points) -> None:
    """P15."""
    put(database, points, points.post(JANE, Level.INDIVIDUAL), CLICK)
    assert put(database, points, points.post(JANE, Level.HOUSEHOLD), CLICK).is_new


def test_what_one_entry_bound_its_successor_binds_too(database: Database, points: Points, keyring: Keyring) -> None:
    """G15: a death that is verified replaces the report, also where the person's other points are gone by then."""
    email, phone = points.email("jane@example.com"), points.phone("+14155550100")
    of_one_person(database, email, phone)
    death = OptOut(Reason.DECEASED, Scope.everything(), Source.OPERATOR, is_verified=False)
    put(database, points, phone, death)
    with database.write() as session:
        session.execute(delete(ContactPoint))
        session.commit()
    put(database, points, phone, replace(death, is_verified=True))
    assert verdict(database, keyring, email) is Verdict.REFUSED


def of_one_person(database: Database, *points: Point) -> None:
    with database.write() as session:
        for point in points:
            make_known(session, point, at=AT, source=Source.OPERATOR)
        session.execute(update(ContactPoint).values(contact_id=select(func.min(Contact.id)).scalar_subquery()))
        session.commit()


def test_a_prohibitory_order_ends_marketing_to_its_addressee_everywhere(
    database: Database, points: Points, keyring: Keyring
) -> None:
    """P14: and leaves service messages in the other channels alone."""
    email, home = points.email("jane@example.com"), points.post(JANE)
    of_one_person(database, email, home)
    put(database, points, home, replace(CLICK, reason=Reason.PROHIBITORY_ORDER, source=Source.OPERATOR))
    assert verdict(database, keyring, email) is Verdict.REFUSED
    assert verdict(database, keyring, email, MessageClass.SERVICE) is Verdict.CLEARED


def test_what_binds_a_person_binds_points_whose_address_was_erased_or_names_nobody(
    database: Database, points: Points, keyring: Keyring
) -> None:
    """G15, G3: a digest is enough, and no address on file can stand in an objection's way."""
    email, phone = points.email("jane@example.com"), points.phone("+14155550100")
    home = points.post(replace(JANE, name=""), Level.HOUSEHOLD)
    of_one_person(database, email, phone, home)
    with database.write() as session:
        session.execute(update(ContactPoint).where(ContactPoint.channel == "email").values(value=null()))
        session.commit()
    put(database, points, phone, replace(CLICK, reason=Reason.OBJECTION))
    assert verdict(database, keyring, email) is Verdict.REFUSED
    assert verdict(database, keyring, home) is Verdict.REFUSED


def test_a_refusal_binds_at_once_by_whichever_clock(database: Database, points: Points, keyring: Keyring) -> None:
    """X2, E11: it was taken on a machine whose clock is a few seconds ahead of ours."""
    point = points.email("jane@example.com")
    put(database, points, point, CLICK, AT + timedelta(seconds=5))
    assert verdict(database, keyring, point) is Verdict.REFUSED


@pytest.mark.parametrize("text", ["email", "post"])
def test_an_entry_under_an_old_pepper_stands_once_in_each_channel(
    database: Database, points: Points, text: str
) -> None:
    """X12: after the pepper was renewed it is still the same entry, and its own act lifts it."""
    renewed = Points(Peppers(["a newer pepper, of good length", PEPPER]))
    old, now = (made.email("jane@example.com") if text == "email" else made.post(JANE) for made in (points, renewed))
    first = put(database, points, old, CLICK)
    assert put(database, renewed, now, CLICK, AT + timedelta(days=1)).suppression_id == first.suppression_id
    with database.write() as session:
        assert optouts.lift(session, now, Reason.OPT_OUT, SYSTEM, at=AT) == [first.suppression_id]


def test_channels_are_apart(database: Database, points: Points, keyring: Keyring) -> None:
    """A STOP refuses texts, and neither email nor post."""
    stop = OptOut(Reason.OPT_OUT, Scope.sender("+18025550190"), Source.SMS_KEYWORD)
    put(database, points, points.phone("+14155550100"), stop)
    assert verdict(database, keyring, points.phone("+14155550100")) is Verdict.REFUSED
    assert verdict(database, keyring, points.email("jane@example.com")) is Verdict.CLEARED
    assert verdict(database, keyring, points.post(JANE)) is Verdict.CLEARED
    assert points.phone("+14155550100").channel is Channel.SMS


def test_nothing_is_kept_of_a_use_case_that_breaks_off(database: Database, points: Points) -> None:
    """U3: either the entry, its keys and its ledger entry, or none of them."""
    with database.write() as session:
        suppress(session, points, points.email("jane@example.com"), CLICK, SYSTEM, at=AT)
    assert entries(database) == []
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(LedgerEntry)) == 0
