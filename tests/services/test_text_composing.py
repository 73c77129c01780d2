"""Texts before they are queued: counted, and from a sender that fits their class."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from prefcenter.core.errors import BadInput
from prefcenter.core.segments import MOST_CHARACTERS, Encoding
from prefcenter.services.text_composing import ComposedText, compose_text
from prefcenter.store import registry
from prefcenter.store.engine import Database
from tests.houses import House, StillClock, wiring_on
from tests.web.test_api_check import register_type

MARKETING, SERVICE, NUMBER = "MG01", "MG02", "+14155550199"


@pytest.fixture
def session(sqlite_database: Database, tmp_path: Path) -> Iterator[Session]:
    clock = StillClock()
    house = House(wiring_on(sqlite_database, tmp_path, clock), clock)
    house.furnish()
    register_type(house, "offers", "sms", sender=MARKETING)
    register_type(house, "deals", "sms", sender=NUMBER)
    for slug, sender in (("apart", SERVICE), ("mixed", MARKETING), ("numbered", NUMBER), ("nameless", "")):
        register_type(house, slug, "sms", message_class="service", topic_id=None, sender=sender)
    with house.wiring.database.read() as reading:
        yield reading


def composed(session: Session, slug: str, text: str = " Your order – today ") -> ComposedText:
    found = registry.type_by_slug(session, slug)
    assert found is not None
    return compose_text(session, found[0], text)


@pytest.mark.parametrize(
    ("slug", "sender"), [("offers", MARKETING), ("apart", SERVICE), ("numbered", NUMBER)], ids=lambda one: str(one)
)
def test_a_text_is_counted_and_has_its_sender(session: Session, slug: str, sender: str) -> None:
    made = composed(session, slug)
    assert (made.text, made.sender) == ("Your order – today", sender)
    assert (made.segmentation.encoding, made.segmentation.segments) == (Encoding.UCS_2, 1)


@pytest.mark.parametrize(("slug", "why"), [("mixed", "Messaging Service of marketing"), ("nameless", "no sender")])
def test_a_service_text_needs_a_sender_apart_from_marketing(session: Session, slug: str, why: str) -> None:
    """S5: a STOP to marketing blocks its whole Messaging Service at the provider."""
    with pytest.raises(BadInput, match=why) as told:
        composed(session, slug)
    assert told.value.remedy


@pytest.mark.parametrize("text", ["", " \n", "a" * (MOST_CHARACTERS + 1)])
def test_what_cannot_be_sent_is_said_before_it_is_queued(session: Session, text: str) -> None:
    with pytest.raises(BadInput):
        composed(session, "offers", text)
