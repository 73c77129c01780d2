"""Registering what is mailed."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from prefcenter.core.channels import Channel, MessageClass
from prefcenter.core.errors import BadInput
from prefcenter.services import catalogue, message_types
from prefcenter.services.catalogue import BrandFacts
from prefcenter.services.deciding import question_about_type
from prefcenter.services.errors import AlreadyThere
from prefcenter.services.message_types import TypeFacts
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
        message_types.add_type(session, "spring", facts, ANN, at=AT)
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


def test_service_mail_comes_from_another_address_than_marketing(sqlite_database: Database) -> None:
    """E10."""
    _brand(sqlite_database)
    with sqlite_database.write() as session:
        catalogue.set_brand(session, "acme", {"marketing_from": "news@acme.example"}, ANN, at=AT)
        with pytest.raises(BadInput, match="same address"):
            catalogue.set_brand(session, "acme", {"service_from": "News@acme.example"}, ANN, at=AT)
    with sqlite_database.read() as session:
        assert registry.brands(session)[0].service_from == ""
