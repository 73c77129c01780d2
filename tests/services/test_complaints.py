"""Complaints by brand, and the stop that they bring."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prefcenter.core.channels import Channel, MessageClass, Verdict
from prefcenter.core.errors import BadInput, NotFound
from prefcenter.services import complaints, gate
from prefcenter.services.complaints import FLOOR, Rate
from prefcenter.services.deciding import decide_all, question_about_class
from prefcenter.services.points import Points
from prefcenter.services.ports import Evidence, Keyring
from prefcenter.store import complaints as counted
from prefcenter.store import registry
from prefcenter.store.engine import Database
from prefcenter.store.events import ProviderEvent
from prefcenter.store.ledger import LedgerEntry
from prefcenter.store.outbox import OutboxMessage
from tests.sent_messages import message_to, put_out

AT = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
ANN = Evidence("ann@acme.example", personal={"note": "the bought list is out"})
on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
def acme(database: Database) -> Database:
    """A brand with a marketing and a service type of mail."""
    with database.write() as session:
        brand = registry.Brand(slug="acme", code=7, name="Acme", country="US", created_at=AT)
        session.add_all([brand, registry.Brand(slug="beta", code=8, name="Beta", country="US", created_at=AT)])
        session.flush()
        for slug, kind in (("offers", "marketing"), ("receipts", "service")):
            made = registry.MessageType(
                slug=slug,
                name=slug,
                message_class=kind,
                channel="email",
                brand_id=brand.id,
                fallbacks=[],
                approved_by="ann@acme.example",
                created_at=AT,
            )
            session.add(made)
        session.commit()
    return database


def complain(
    database: Database, count: int, *, at: datetime = AT, brand: str = "acme", kind: str = "marketing"
) -> Rate:
    """Note complaints as the webhook does, and weigh them."""
    with database.write() as session:
        for number in range(count):
            session.add(
                ProviderEvent(
                    provider="sendgrid",
                    event_id=f"{brand}-{kind}-{at.isoformat()}-{number}",
                    kind="complained",
                    occurred_at=at,
                    received_at=at,
                    brand=brand,
                    message_class=kind,
                )
            )
        session.flush()
        complaints.weigh(session, brand, at=at)
        rate = complaints.rate_of(session, brand, at=at)
        session.commit()
    return rate


def deliver(database: Database, count: int, *, at: datetime = AT) -> None:
    with database.write() as session:
        counted.tally(session, {"acme": count}, at.replace(minute=0))
        session.commit()


def is_stopped(database: Database, brand: str = "acme") -> bool:
    with database.read() as session:
        return counted.standing_stop(session, brand) is not None


@pytest.mark.parametrize(
    ("delivered", "count", "state"),
    [
        (10_000, 9, "fine"),
        (10_000, 10, "warning"),
        (10_000, 28, "warning"),
        (10_000, 29, "stopped"),
        (0, 1, "warning"),
        (0, 2, "stopped"),
        (100_000, 99, "fine"),
    ],
)
@on_sqlite
def test_it_warns_at_a_tenth_and_stops_before_three_tenths_of_a_percent(
    acme: Database, delivered: int, count: int, state: str
) -> None:
    """E17."""
    deliver(acme, delivered)
    complain(acme, count)
    with acme.read() as session:
        [rate] = complaints.rates(session, at=AT)
    assert rate.state == state


@given(st.integers(0, 10**6), st.integers(0, 10**4))
def test_no_rate_reaches_three_tenths_unstopped(delivered: int, count: int) -> None:
    """E17: whatever the volume; and fewer complaints never stop what more would not."""
    rate = Rate("acme", count, delivered, AT)
    if count > 1 and count / max(delivered, FLOOR) >= 0.003:
        assert rate.stops
    assert not rate.stops or Rate("acme", count + 1, delivered, AT).stops


def test_a_stopped_brand_waits_and_its_service_mail_goes_on(acme: Database, keyring: Keyring, points: Points) -> None:
    """E17, X2: at the gate and for whoever asks; other brands and other classes are not touched."""
    complain(acme, 2)
    point = points.email("jane@example.com")
    with acme.read() as session:
        for brand, kind, verdict in (
            ("acme", MessageClass.MARKETING, Verdict.WAIT),
            ("acme", MessageClass.SERVICE, Verdict.CLEARED),
            ("beta", MessageClass.MARKETING, Verdict.CLEARED),
        ):
            [said] = decide_all(session, keyring, question_about_class(session, kind, brand=brand), [point], at=AT)
            assert said.verdict is verdict
        for name, verdict in (("offers", Verdict.WAIT), ("receipts", Verdict.CLEARED)):
            row = message_to(points, "jane@example.com", message_type=name, sender="", created_at=AT, not_before=AT)
            row.message_class = "marketing" if name == "offers" else "service"
            said = gate.clear(session, keyring, points, row, at=AT)
            assert said.verdict is verdict
            assert [(str(why.code), str(why.scope)) for why in said.reasons] == (
                [("complaint_rate", "brand:acme")] if verdict is Verdict.WAIT else []
            )
        late = gate.clear(
            session, keyring, points, message_to(points, "jane@example.com", not_before=AT), at=AT + timedelta(hours=73)
        )
    assert late.verdict is Verdict.REFUSED


def test_an_operator_releases_it_with_a_note_and_counting_begins_anew(acme: Database, points: Points) -> None:
    """E17."""
    complain(acme, 2)
    later = AT + timedelta(days=3)
    put_out(acme, message_to(points, "jane@example.com", state="waiting", due_at=later, sent_at=None))
    release_at = AT + timedelta(hours=2)
    with acme.write() as session, pytest.raises(BadInput):
        complaints.release(session, "acme", Evidence("ann@acme.example"), at=release_at)
    with acme.write() as session:
        assert complaints.release(session, "acme", ANN, at=release_at) == 1
    assert not is_stopped(acme)
    with acme.read() as session:
        assert [row.due_at for row in session.query(OutboxMessage)] == [release_at]
        entries = [(row.kind, row.actor) for row in session.query(LedgerEntry).order_by(LedgerEntry.id)]
    assert entries == [("campaign_stopped", "system"), ("campaign_released", "ann@acme.example")]
    assert complain(acme, 1, at=release_at + timedelta(minutes=5)).complaints == 1
    assert not is_stopped(acme)
    complain(acme, 2, at=release_at + timedelta(hours=2))
    assert is_stopped(acme)


@on_sqlite
def test_what_is_not_stopped_cannot_be_released(acme: Database) -> None:
    for brand in ("acme", "nobody"):
        with acme.write() as session, pytest.raises(NotFound):
            complaints.release(session, brand, ANN, at=AT)


@on_sqlite
def test_old_complaints_and_those_about_service_mail_do_not_count(acme: Database) -> None:
    """E17: a rolling window, of marketing mail."""
    complain(acme, 1, at=AT - timedelta(days=8))
    complain(acme, 5, kind="service")
    assert complain(acme, 1).complaints == 1
    assert not is_stopped(acme)


@on_sqlite
def test_a_second_complaint_stops_only_once(acme: Database) -> None:
    complain(acme, 3)
    complain(acme, 3, at=AT + timedelta(minutes=1))
    with acme.read() as session:
        assert [row.facts["brand"] for row in session.query(LedgerEntry)] == ["acme"]


@on_sqlite
def test_texts_are_not_stopped_by_complaints_about_mail(acme: Database, keyring: Keyring, points: Points) -> None:
    """E17 speaks of email."""
    complain(acme, 2)
    with acme.read() as session:
        question = question_about_class(session, MessageClass.MARKETING, brand="acme")
        [said] = decide_all(session, keyring, question, [points.phone("+14155550100")], at=AT)
    assert "complaint_rate" not in [str(why.code) for why in said.reasons]
    assert said.ask.channel is Channel.SMS
