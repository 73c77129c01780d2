"""What a provider answers of a recipient: a fact on the list, none lost by another one, and what it cancels."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import select, update

from prefcenter.core.channels import Channel, Reason
from prefcenter.services import delivering, outgoing, recalling, receiving
from prefcenter.services.dispatching import Dispatcher
from prefcenter.services.errors import RecipientRefused
from prefcenter.services.points import Point
from prefcenter.services.ports import Outgoing
from prefcenter.store.inbound import InboundMessage
from prefcenter.store.outbox import OutboxMessage
from prefcenter.store.reviews import Review
from prefcenter.store.suppressions import Suppression
from tests.services.test_dispatching import Bulk, dispatch, queue_batch
from tests.services.test_outgoing import Post
from tests.services.test_outgoing import post as post

SENDER = "+14155550199"


def refusing(*addresses: str, reason: Reason = Reason.HARD_BOUNCE) -> Bulk:
    """A sender that will not deliver to some."""

    def answer(message: Outgoing) -> Any:
        refused = RecipientRefused("refused", reason=reason)
        return refused if message.to in addresses else f"bulk-{message.id}"

    return Bulk(answer=answer)


def listed(post: Post) -> list[tuple[str, str | None, int]]:
    """The entries in force: reason, cause, and whose."""
    with post.database.read() as session:
        rows = session.scalars(select(Suppression).order_by(Suppression.id)).all()
    people = {post.points.email(f"p{n}@example.com").digest: n for n in range(7)}
    return [(row.reason, row.batch, people.get(row.digest, -1)) for row in rows]


def test_what_one_answer_tells_has_a_cause_to_be_undone_by(post: Post) -> None:
    """X10: a provider that calls hundreds dead by mistake is undone as a batch."""
    queue_batch(post, 3)
    assert dispatch(post, refusing("p0@example.com", "p2@example.com")) == {"sent": 1, "failed": 2}
    cause = "answer-email-hard_bounce-20260302"
    assert listed(post) == [("hard_bounce", cause, 0), ("hard_bounce", cause, 2)]


def test_a_stop_that_a_send_meets_calls_back_what_waits_for_this_sender(post: Post) -> None:
    """X2: whatever the way in, an opt-out cancels what is queued, and what the provider holds until later."""
    text = {"channel": Channel.SMS, "message_type": "balance", "point": post.points.phone("+14155550100")}
    first = post.queue(**text, sender=SENDER)
    later = post.queue(**text, sender=SENDER, send_at=post.at + timedelta(days=3))
    held = post.queue(**text, sender=SENDER, send_at=post.at + timedelta(days=4))
    with post.database.write() as session:
        session.execute(
            update(OutboxMessage).where(OutboxMessage.id == held).values(state="scheduled", provider_id="SM9")
        )
        session.commit()
    sender = refusing("+14155550100", reason=Reason.OPT_OUT)
    assert dispatch(post, sender) == {"failed": 1}
    assert [post.row(each).state for each in (first, later, held)] == ["failed", "queued", "recalled"]
    assert dispatch(post, sender) == {"refused": 1}
    use = Dispatcher(post.database, post.keyring, post.points, {Channel.SMS: sender}, lambda: post.at)
    assert recalling.recall_due(use) == {"canceled": 1}
    assert sender.called_back == ["SM9"]


def test_a_fact_that_cannot_be_taken_loses_no_other_and_is_taken_later(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S10, X5: the others are on the list, all messages have their ends, and the worker takes the rest again."""
    queue_batch(post, 4)
    bad, cancel = post.points.email("p1@example.com").digest, outgoing.cancel_refused

    def break_off(session: Any, points: list[Point], **more: Any) -> int:
        if points[0].digest == bad:
            raise RuntimeError("It broke off.")
        return cancel(session, points, **more)

    with monkeypatch.context() as patch:
        patch.setattr(outgoing, "cancel_refused", break_off)
        sender = refusing("p0@example.com", "p1@example.com", "p3@example.com")
        assert dispatch(post, sender) == {"sent": 1, "failed": 3}
        assert [who for _, _, who in listed(post)] == [0, 3]
        assert _take_leftovers(post, timedelta(minutes=2)) == 0
    with post.database.read() as session:
        [kept] = session.scalars(select(InboundMessage))
    assert (kept.provider, kept.state) == (delivering.ANSWERS, "received")
    assert _take_leftovers(post, timedelta(minutes=5)) == 1
    assert [who for _, _, who in listed(post)] == [0, 3, 1]


def test_a_fact_that_can_never_be_taken_is_shown_to_a_person(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    """S10: nothing is ever dropped."""
    queue_batch(post, 1)

    def break_off(*_: Any, **__: Any) -> int:
        raise RuntimeError("It broke off.")

    monkeypatch.setattr(outgoing, "cancel_refused", break_off)
    dispatch(post, refusing("p0@example.com"))
    _take_leftovers(post, timedelta(hours=2))
    with post.database.read() as session:
        [review] = session.scalars(select(Review))
    assert review.kind == "unreadable"


def test_a_message_whose_address_was_erased_is_still_believed(post: Post) -> None:
    """G3: its digest is enough."""
    [number] = queue_batch(post, 1)
    with post.database.write() as session:
        row = session.get_one(OutboxMessage, number)
        row.to = None
        assert delivering.believe(session, post.points, [(row, Reason.HARD_BOUNCE)], at=post.at) == 0
        session.commit()
    assert [who for _, _, who in listed(post)] == [0]


def _take_leftovers(post: Post, after: timedelta) -> int:
    handlers = {delivering.ANSWERS: partial(delivering.handle_kept, post.points)}
    return receiving.handle_leftovers(post.database, handlers, at=post.at + after)
