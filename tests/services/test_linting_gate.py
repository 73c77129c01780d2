"""A draft is read as what its type is registered as."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from prefcenter.core.channels import Channel, MessageClass, ServiceCategory
from prefcenter.core.linting import Code
from prefcenter.services import catalogue, message_types
from prefcenter.services.catalogue import BrandFacts
from prefcenter.services.errors import UnknownType
from prefcenter.services.linting_gate import lint_draft
from prefcenter.services.message_types import TypeFacts
from prefcenter.services.ports import Evidence
from prefcenter.store.engine import Database

AT = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
ANN = Evidence("ann@example.com")


@pytest.fixture
def types(database: Database) -> Database:
    with database.write() as session:
        catalogue.add_brand(session, "acme", BrandFacts("Acme"), ANN, at=AT)
        for slug, message_class in (("offers", MessageClass.MARKETING), ("receipt", MessageClass.SERVICE)):
            category = ServiceCategory.TRANSACTION if message_class is MessageClass.SERVICE else None
            facts = TypeFacts(slug, message_class, Channel.EMAIL, category=category, category_reason="An order.")
            message_types.add_type(session, slug, facts, ANN, at=AT)
    return database


def test_a_promotional_draft_is_refused_as_service_and_goes_as_marketing(types: Database) -> None:
    """E15: it counts as marketing, so only a marketing type may carry it."""
    with types.read() as session:
        refused = lint_draft(session, "receipt", subject="20% off", text="Your order has shipped.")
        marketing = lint_draft(session, "offers", subject="20% off", text="Your order has shipped.")
    assert refused.is_refused
    assert refused.reasons == ["mixed_content promotional_subject"]
    assert (marketing.is_refused, marketing.findings) == (False, ())


def test_a_warning_refuses_nothing(types: Database) -> None:
    with types.read() as session:
        linted = lint_draft(session, "receipt", subject="Your order", text="Your order has shipped.\n\nUnsubscribe")
    assert [finding.code for finding in linted.findings] == [Code.MARKETING_FOOTER]
    assert (linted.is_refused, linted.reasons) == (False, [])


def test_a_draft_of_an_unknown_type_is_refused(types: Database) -> None:
    """X1."""
    with types.read() as session, pytest.raises(UnknownType):
        lint_draft(session, "nobody-knows", subject="Hello", text="Hello")
