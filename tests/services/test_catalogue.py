"""Registering what is mailed."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from prefcenter.core.channels import Channel, MessageClass, ServiceCategory
from prefcenter.core.errors import BadInput
from prefcenter.services import catalogue
from prefcenter.services.catalogue import BrandFacts, TypeFacts
from prefcenter.services.deciding import question_about_type
from prefcenter.services.errors import AlreadyThere, UnknownType
from prefcenter.services.ports import Evidence
from prefcenter.store import registry
from prefcenter.store.engine import Database
from prefcenter.store.ledger import LedgerEntry

AT = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
ANN = Evidence("ann@example.com")


def _brand(database: Database, slug: str = "acme") -> None:
    with database.write() as session:
        catalogue.add_brand(session, slug, BrandFacts("Acme"), ANN, at=AT)


def test_brands_topics_and_types_are_registered_and_told_to_the_ledger(database: Database) -> None:
    _brand(database)
    with database.write() as session:
        catalogue.add_topic(session, "offers", name="Offers", evidence=ANN, at=AT)
        facts = TypeFacts("Spring", MessageClass.MARKETING, Channel.EMAIL, topic="offers")
        catalogue.add_type(session, "spring", facts, ANN, at=AT)
    with database.read() as session:
        question = question_about_type(session, "spring")
        assert (question.brand, question.topic) == ("acme", "offers")
        kinds = [entry.kind for entry in session.query(LedgerEntry).order_by(LedgerEntry.id)]
    assert kinds == ["brand_added", "topic_added", "type_added"]


def test_the_same_slug_again_is_told_and_changes_nothing(database: Database) -> None:
    _brand(database)
    with database.write() as session, pytest.raises(AlreadyThere):
        catalogue.add_brand(session, "acme", BrandFacts("Other"), ANN, at=AT)
    with database.read() as session:
        assert [brand.name for brand in registry.brands(session)] == ["Acme"]


def test_two_brands_may_have_a_topic_of_the_same_name(database: Database) -> None:
    _brand(database)
    _brand(database, "bolt")
    with database.write() as session:
        for brand in ("acme", "bolt"):
            catalogue.add_topic(session, "offers", brand=brand, name="Offers", evidence=ANN, at=AT)
        with pytest.raises(AlreadyThere):
            catalogue.add_topic(session, "offers", brand="bolt", name="Offers", evidence=ANN, at=AT)


MARKETING = TypeFacts("T", MessageClass.MARKETING, Channel.EMAIL)


@pytest.mark.parametrize(
    ("facts", "told"),
    [
        (TypeFacts("T", MessageClass.SERVICE, Channel.EMAIL), "statutory category"),
        (TypeFacts("T", MessageClass.SHARING, Channel.EMAIL), "no message"),
        (TypeFacts("T", MessageClass.LEGAL, Channel.EMAIL, category=ServiceCategory.SAFETY), "no service category"),
        (TypeFacts("T", MessageClass.MARKETING, Channel.SMS, is_urgent=True), "never urgent"),
        (TypeFacts("T", MessageClass.REQUESTED, Channel.EMAIL, fallbacks=(Channel.SMS,)), "never rerouted"),
        (TypeFacts("T", MessageClass.LEGAL, Channel.EMAIL, fallbacks=(Channel.EMAIL,)), "cannot be the fallback"),
        (TypeFacts("T", MessageClass.LEGAL, Channel.EMAIL, topic="offers"), "Only marketing has a topic"),
        (TypeFacts("T", MessageClass.MARKETING, Channel.POST, sender="+14155550100"), "no sender"),
        (TypeFacts("T", MessageClass.MARKETING, Channel.SMS, sender="news@example.com"), "not a phone number"),
        (TypeFacts(" ", MessageClass.MARKETING, Channel.EMAIL), "name is empty"),
        (TypeFacts("a\x00b", MessageClass.MARKETING, Channel.EMAIL), "cannot be shown"),
        (TypeFacts("T", MessageClass.MARKETING, Channel.EMAIL, use_since_policy=0), "count from 1"),
    ],
)
def test_a_type_that_contradicts_itself_is_refused(sqlite_database: Database, facts: TypeFacts, told: str) -> None:
    """E14, S8, X11."""
    _brand(sqlite_database)
    with sqlite_database.write() as session, pytest.raises(BadInput, match=told):
        catalogue.add_type(session, "t", facts, ANN, at=AT)


def test_a_type_names_a_topic_that_goes_by_its_channel(sqlite_database: Database) -> None:
    _brand(sqlite_database)
    with sqlite_database.write() as session:
        catalogue.add_topic(session, "letters", name="Letters", channels=[Channel.POST], evidence=ANN, at=AT)
        facts = TypeFacts("T", MessageClass.MARKETING, Channel.EMAIL, topic="letters")
        with pytest.raises(BadInput, match="goes by post"):
            catalogue.add_type(session, "t", facts, ANN, at=AT)
        with pytest.raises(UnknownType):
            catalogue.add_type(
                session, "t", TypeFacts("T", MARKETING.message_class, Channel.EMAIL, topic="x"), ANN, at=AT
            )


@pytest.mark.parametrize(
    ("channel", "text", "sender"),
    [
        (Channel.SMS, "(415) 555-0100", "+14155550100"),
        (Channel.SMS, "72345", "72345"),
        (Channel.SMS, "MG" + "0" * 32, "MG" + "0" * 32),
        (Channel.EMAIL, "News@Example.com", "news@example.com"),
        (Channel.POST, " ", ""),
    ],
)
def test_a_sender_takes_the_form_that_a_stop_is_found_under(channel: Channel, text: str, sender: str) -> None:
    """S5: a STOP ends everything from that sender."""
    assert catalogue.sender_of(channel, text) == sender


def test_service_mail_comes_from_another_address_than_marketing(sqlite_database: Database) -> None:
    """E10."""
    _brand(sqlite_database)
    with sqlite_database.write() as session:
        catalogue.set_brand(session, "acme", {"marketing_from": "news@acme.example"}, ANN, at=AT)
        with pytest.raises(BadInput, match="same address"):
            catalogue.set_brand(session, "acme", {"service_from": "News@acme.example"}, ANN, at=AT)
    with sqlite_database.read() as session:
        assert registry.brands(session)[0].service_from == ""
