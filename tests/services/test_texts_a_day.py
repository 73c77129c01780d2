"""S8: three marketing texts a day to one number, however many workers send them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import make_url, select

from prefcenter.core.channels import Channel
from prefcenter.services import dispatching
from prefcenter.services.points import Point
from prefcenter.store import dispatches
from prefcenter.store.consents import ConsentRecord
from prefcenter.store.engine import Database
from prefcenter.store.outbox import OutboxMessage
from prefcenter.store.registry import Brand, MessageType
from tests.services.test_dispatching import Bulk, dispatch
from tests.services.test_outgoing import NOON, Post
from tests.services.test_outgoing import post as post


@pytest.fixture
def jane(post: Post) -> Point:
    """Somebody who asked for texts, and the type of them."""
    point = post.points.phone("+14155550100")
    given = {"channel": "sms", "scope": "all", "basis": "express_written", "since": NOON, "source": "api"}
    with post.database.write() as session:
        brand = session.scalars(select(Brand)).one()
        kind = {"slug": "texts", "name": "Texts", "message_class": "marketing", "channel": "sms"}
        approved = {"sender": "+14155550198", "fallbacks": [], "approved_by": "ann@acme.example", "created_at": NOON}
        session.add(MessageType(brand_id=brand.id, **kind, **approved))
        session.add(ConsentRecord(digest=point.digest, pepper_id=point.pepper_id, **given))
        session.commit()
    return point


def queue(post: Post, jane: Point, count: int) -> list[int]:
    text: dict[str, Any] = {"channel": Channel.SMS, "message_type": "texts", "sender": "+14155550198", "subject": ""}
    return [post.queue(point=jane, **text) for _ in range(count)]


def put(post: Post, message_id: int, **values: Any) -> None:
    with post.database.write() as session:
        row = session.get_one(OutboxMessage, message_id)
        for name, value in values.items():
            setattr(row, name, value)
        session.commit()


def test_the_fourth_text_of_a_day_waits(post: Post, jane: Point) -> None:
    queue(post, jane, 4)
    assert dispatch(post, Bulk(most_at_once=1)) == {"sent": 3, "waiting": 1}


@pytest.mark.parametrize("state", ["sending", "scheduled", "unknown"])
def test_a_text_that_is_leaving_or_may_have_left_counts(post: Post, jane: Point, state: str) -> None:
    """One in another worker's hands, and one that its provider holds for later, will arrive like any other."""
    first, *_ = queue(post, jane, 4)
    at = {"sent_at": NOON} if state == "unknown" else {"leased_until": NOON + timedelta(minutes=5)}
    put(post, first, state=state, **at)
    assert dispatch(post, Bulk(most_at_once=1)) == {"sent": 2, "waiting": 1}


def test_two_workers_never_decide_texts_to_one_number_at_the_same_time(post: Post, jane: Point) -> None:
    """The one waits until what the other decided can be seen; on SQLite only one writes at a time anyway."""
    if post.database.dialect == "sqlite":
        pytest.skip("SQLite has one writer at a time.")
    queue(post, jane, 1)
    impatient = make_url(post.database.engine.url).update_query_dict({"options": "-c lock_timeout=50"})
    other = Database(impatient.render_as_string(hide_password=False))
    sender = Bulk(most_at_once=1)
    with post.database.write() as session:
        dispatches.one_at_a_time(session, {jane.digest})
        states = dispatching.dispatch_due(other, post.keyring, post.points, {Channel.SMS: sender}, lambda: post.at)
        assert (dict(states), sender.calls) == ({"queued": 1}, [])
    post.at += dispatching.RETRY_AFTER
    states = dispatching.dispatch_due(other, post.keyring, post.points, {Channel.SMS: sender}, lambda: post.at)
    other.dispose()
    assert (dict(states), len(sender.calls)) == ({"sent": 1}, 1)
