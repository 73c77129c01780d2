"""Batches, reroutes, calling back, and what an opt-out meets at each step of a dispatch (X1, X2, X11)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import count
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import select

from prefcenter.core.channels import Channel, MessageClass, Reason, Scope, Source
from prefcenter.core.decision import Cleared
from prefcenter.providers.twilio_api import TIMEOUT_SECONDS
from prefcenter.services import dispatching, optouts, recalling
from prefcenter.services.dispatch_calls import TOGETHER, calls_of
from prefcenter.services.dispatching import Dispatcher
from prefcenter.services.errors import DecidedTooLongAgo, NotHandedOver, SendFailed, SendLater, SendUnknown
from prefcenter.services.message_progress import Step, advance
from prefcenter.services.points import Points
from prefcenter.services.ports import Answer, Batch, Evidence, Held, Outgoing
from prefcenter.services.suppressing import OptOut
from prefcenter.store import dispatches
from prefcenter.store.contacts import Contact, ContactPoint
from prefcenter.store.ledger import LedgerEntry
from prefcenter.store.outbox import OutboxMessage
from prefcenter.store.registry import MessageType
from tests.services.test_outgoing import NOON, Post
from tests.services.test_outgoing import post as post


@dataclass
class Bulk:
    """A sender that takes several at once, and answers as a test tells it to."""

    most_at_once: int = 10
    calls: list[list[str]] = field(default_factory=list)
    answer: Callable[[Outgoing], Answer] = lambda message: f"bulk-{message.id}"
    called_back: list[str] = field(default_factory=list)
    gives_back: bool = True

    def send(self, cleared: Cleared, message: Outgoing) -> str:
        answer = self.send_many([(cleared, message)])[0]
        if not isinstance(answer, str):
            raise answer
        return answer

    def send_many(self, batch: Batch) -> list[Answer]:
        self.calls.append([message.to for _, message in batch])
        return [self.answer(message) for _, message in batch]

    def cancel(self, provider_id: str) -> bool:
        self.called_back.append(provider_id)
        return self.gives_back


def dispatch(post: Post, sender: Bulk, clock: Callable[[], datetime] | None = None) -> dict[str, int]:
    senders = {Channel.EMAIL: sender, Channel.SMS: sender}
    return dict(
        dispatching.dispatch_due(post.database, post.keyring, post.points, senders, clock or (lambda: post.at), limit=4)
    )


def queue_batch(post: Post, count: int = 7) -> list[int]:
    return [post.queue(point=post.points.email(f"p{n}@example.com"), batch="spring") for n in range(count)]


def opt_out(post: Post, address: str) -> None:
    with post.database.write() as session:
        told = OptOut(Reason.OPT_OUT, Scope.brand("acme"), Source.ONE_CLICK)
        optouts.record(session, post.points, post.points.email(address), told, Evidence("recipient"), at=post.at)


def test_a_batch_leaves_in_one_call_and_each_recipient_is_decided(post: Post) -> None:
    """X2: 1000 a call where the provider allows it, and the check still per recipient."""
    queue_batch(post)
    opt_out(post, "p3@example.com")
    sender = Bulk()
    assert dispatch(post, sender) == {"sent": 6, "refused": 1}
    assert sender.calls == [[f"p{n}@example.com" for n in range(7) if n != 3]]


def test_messages_of_different_batches_never_share_a_call(post: Post) -> None:
    queue_batch(post, 2)
    post.queue(point=post.points.email("other@example.com"), batch="summer")
    post.queue(point=post.points.email("alone@example.com"))
    sender = Bulk()
    assert dispatch(post, sender) == {"sent": 4}
    assert sorted(map(len, sender.calls)) == [1, 1, 2]


def test_each_message_of_a_call_has_an_end_of_its_own(post: Post) -> None:
    """X2: what is unknown is never sent again, what never left is tried later."""
    first, second, third = queue_batch(post, 3)
    answers: dict[int, Answer] = {first: "one", second: SendUnknown("?"), third: SendLater("Busy.")}
    sender = Bulk(answer=lambda message: answers[message.id])
    assert dispatch(post, sender) == {"sent": 1, "unknown": 1, "queued": 1}
    assert dispatch(post, sender) == {}
    post.at += dispatching.RETRY_AFTER
    answers[third] = "three"
    assert dispatch(post, sender) == {"sent": 1}
    assert len(sender.calls) == 2
    assert post.row(second).state == "unknown"


def test_what_its_provider_never_takes_ends_as_failed(post: Post) -> None:
    [message_id] = queue_batch(post, 1)
    sender = Bulk(answer=lambda _: SendLater("Busy."))
    post.at += timedelta(hours=73)
    dispatch(post, sender)
    assert post.row(message_id).state == "failed"


@dataclass
class Interrupted(Bulk):
    """A sender that lets something happen between the claim and the decision, where its size is asked for."""

    meanwhile: Callable[[], None] = lambda: None
    asked: int = 0

    def __getattribute__(self, name: str) -> Any:
        if name == "most_at_once":
            self.asked += 1
            if self.asked == 3:  # Once for each channel before anything is claimed.
                self.meanwhile()
        return super().__getattribute__(name)


def ledger(post: Post) -> list[str]:
    with post.database.read() as session:
        return list(session.scalars(select(LedgerEntry.kind).order_by(LedgerEntry.id)))


def test_an_opt_out_between_claim_and_decision_wins(post: Post) -> None:
    """X2: the claim decides nothing."""
    [message_id] = queue_batch(post, 1)
    sender = Interrupted(meanwhile=lambda: opt_out(post, "p0@example.com"))
    assert dispatch(post, sender) == {"refused": 1}
    assert sender.calls == []
    assert post.row(message_id).why == ["opt_out brand:acme"]


def test_the_ledger_shows_the_last_message_before_and_the_first_block_after(post: Post) -> None:
    """X2: an opt-out that comes while a message is handed over stops the next one."""
    queue_batch(post, 1)

    def meanwhile(message: Outgoing) -> str:
        opt_out(post, "p0@example.com")
        return f"bulk-{message.id}"

    assert dispatch(post, Bulk(answer=meanwhile)) == {"sent": 1}
    queue_batch(post, 1)
    sender = Bulk()
    assert dispatch(post, sender) == {"refused": 1}
    assert sender.calls == []
    told = ledger(post)
    assert told.index("send") < told.index("refuse")
    assert len(told) == 3


@pytest.mark.parametrize("step", ["claim", "claimed", "decide", "put down", "send", "sent", "settle"])
def test_a_worker_that_dies_at_any_step_never_lets_a_message_leave_twice(post: Post, step: str) -> None:
    """X2: whatever it was at; what was not put down as being sent leaves later, all other may have left."""
    message_ids = queue_batch(post, 2)
    looks = 0

    def die() -> None:
        raise KeyboardInterrupt

    def clock() -> datetime:
        nonlocal looks
        looks += 1
        if looks == {"claim": 1, "decide": 2, "put down": 3, "settle": 4}.get(step):
            die()
        return post.at

    sender = Interrupted(meanwhile=die if step == "claimed" else lambda: None)
    if step in ("send", "sent"):
        sender.answer = lambda _: die() or ""  # type: ignore[func-returns-value]
    with pytest.raises(KeyboardInterrupt):
        dispatch(post, sender, clock)
    left = [address for call in sender.calls for address in call]
    post.at += dispatching.LEASE + timedelta(seconds=1)
    after = Bulk()
    told = dispatch(post, after)
    addresses = left + [address for call in after.calls for address in call]
    assert sorted(addresses) == ([] if step == "put down" else ["p0@example.com", "p1@example.com"])
    assert told == ({"unknown": 2} if left or step == "put down" else {"sent": 2})
    assert {post.row(one).state for one in message_ids} == set(told)


@dataclass
class Slow(Bulk):
    """A sender that makes a call for every two of a batch, and lets time go by in each."""

    takes: timedelta = timedelta(seconds=3)
    pass_time: Callable[[timedelta], None] = lambda _: None

    def send_many(self, batch: Batch) -> list[Answer]:
        answers: list[Answer] = []
        for start in range(0, len(batch), 2):
            pair = batch[start : start + 2]
            if pair[0][1].in_time():
                answers += super().send_many(pair)
                self.pass_time(self.takes)
            else:
                answers += [DecidedTooLongAgo("Late.")] * len(pair)
        return answers


def passing(post: Post) -> Callable[[timedelta], None]:
    def go_by(time: timedelta) -> None:
        post.at += time

    return go_by


def test_what_was_not_handed_over_within_the_time_of_its_decision_is_decided_again(post: Post) -> None:
    """X2: an opt-out that comes while a long batch is handed over stops those that are still to come."""
    message_ids = queue_batch(post, 8)
    sender = Slow(pass_time=passing(post))

    def answer(message: Outgoing) -> str:
        if message.to == "p1@example.com":
            opt_out(post, "p7@example.com")
        return f"bulk-{message.id}"

    sender.answer = answer
    assert dispatch(post, sender) == {"sent": 7, "refused": 1}
    assert sender.calls == [[f"p{n}@example.com" for n in pair] for pair in ((0, 1), (2, 3), (4, 5), (6,))]
    assert {post.row(one).attempts for one in message_ids} == {1}
    assert ledger(post).count("send") == 7


@dataclass
class Laborious:
    """A decision that takes its time for each message."""

    post: Post
    takes: timedelta

    def given(self, *told: Any) -> Any:
        self.post.at += self.takes
        return Points(self.post.keyring.peppers).given(*told)


def test_a_batch_that_is_late_before_its_first_call_is_decided_again_by_halves(post: Post) -> None:
    """X2: a store that is too slow for many at once lets them leave all the same, some at a time."""
    message_ids = queue_batch(post, 4)
    slow = replace(post, points=Laborious(post, timedelta(seconds=2)))  # type: ignore[arg-type]
    sender = Bulk()
    states = dispatching.dispatch_due(
        post.database, post.keyring, slow.points, {Channel.EMAIL: sender}, lambda: post.at
    )
    assert states == {"sent": 4}
    assert sender.calls == [["p0@example.com", "p1@example.com"], ["p2@example.com", "p3@example.com"]]
    assert {post.row(one).attempts for one in message_ids} == {1}


def test_what_is_always_late_is_given_back_and_that_is_no_attempt(post: Post) -> None:
    """X2: it never leaves on a decision that is too old, and no other is held up by it."""
    [message_id] = queue_batch(post, 1)
    slow = replace(post, points=Laborious(post, timedelta(seconds=6)))  # type: ignore[arg-type]
    sender = Bulk()
    senders = {Channel.EMAIL: sender}
    states = dispatching.dispatch_due(post.database, post.keyring, slow.points, senders, lambda: post.at)
    assert (states, sender.calls) == ({"queued": 1}, [])
    row = post.row(message_id)
    assert (row.state, row.attempts, row.leased_until, row.due_at > post.at) == ("queued", 0, None, True)
    post.at = row.due_at
    assert dispatch(post, sender) == {"sent": 1}


def test_what_was_never_offered_is_tried_later_and_that_is_no_attempt(post: Post) -> None:
    """X2: a provider that takes nothing more does not wear out the patience for those behind."""
    first, second = queue_batch(post, 2)
    answers: dict[int, Answer] = {first: SendLater("Busy."), second: NotHandedOver("Busy.")}
    dispatch(post, Bulk(answer=lambda message: answers[message.id]))
    assert [(post.row(one).state, post.row(one).attempts) for one in (first, second)] == [("queued", 1), ("queued", 0)]


def test_a_lease_that_ran_out_hands_nothing_over(post: Post) -> None:
    """X2: another worker may have taken what this one was about to decide."""
    queue_batch(post, 2)
    other = Bulk()

    def sleep_and_be_overtaken() -> None:
        post.at += dispatching.LEASE + timedelta(seconds=1)
        assert dispatch(post, other) == {"sent": 2}

    sender = Interrupted(meanwhile=sleep_and_be_overtaken)
    assert dispatch(post, sender) == {"queued": 2}
    assert (len(other.calls), sender.calls) == (1, [])
    assert dispatching.HAND_OVER_WITHIN + timedelta(seconds=TIMEOUT_SECONDS) < dispatching.LEASE / 2


def test_texts_are_decided_some_at_a_time_and_never_two_to_one_recipient(post: Post) -> None:
    """S8: the second to a number is decided when the first is on record."""
    same, other = post.points.phone("+14155550100"), post.points.phone("+14155550101")
    text = {"channel": Channel.SMS, "message_type": "balance", "message_class": MessageClass.SERVICE}
    for point in (same, other, same):
        post.queue(point=point, **text)
    with post.database.write() as session:
        claimed = dispatches.claim_due(session, post.at, post.at + dispatching.LEASE)
    sender = Bulk(most_at_once=1)
    calls = list(calls_of(claimed, {Channel.SMS: sender}))
    assert [len(call.fences) for call in calls] == [2, 1]
    assert dispatch(post, sender) == {"sent": 3}


@dataclass
class Meeting(Bulk):
    """A sender whose first two calls each wait until the other one has begun."""

    both: Barrier = field(default_factory=lambda: Barrier(2))
    begun: count[int] = field(default_factory=count)

    def send_many(self, batch: Batch) -> list[Answer]:
        if next(self.begun) < 2:
            self.both.wait(timeout=60)
        return super().send_many(batch)


def test_the_next_call_of_many_is_decided_and_handed_over_while_one_is_under_way(post: Post) -> None:
    """X2: every recipient of either is decided, and each ends as its own."""
    queue_batch(post, 25)
    opt_out(post, "p13@example.com")
    sender = Meeting()
    assert dispatch(post, sender) == {"sent": 24, "refused": 1}
    assert sorted(map(len, sender.calls)) == [5, 9, 10]
    assert post.kinds().count(("send", "sent")) == 24


def test_an_opt_out_while_one_call_is_under_way_keeps_the_person_out_of_the_next(post: Post) -> None:
    """X2: the check is made when a call can be handed over, not when its messages were claimed."""
    queue_batch(post, 35)
    sender = Bulk()
    done: list[int] = []

    def answer(message: Outgoing) -> Answer:
        if not done:  # Two calls are opened by now at most, and this person stands in the fourth.
            done.append(message.id)
            opt_out(post, "p34@example.com")
        return f"bulk-{message.id}"

    sender.answer = answer
    assert dispatch(post, sender) == {"sent": 34, "refused": 1}
    assert "p34@example.com" not in [address for call in sender.calls for address in call]


def test_a_worker_that_dies_with_two_calls_under_way_sends_neither_twice(post: Post) -> None:
    """X2: what may have left is unknown; what was not begun leaves once its lease is over."""
    ids = queue_batch(post, 25)

    class Died(BaseException):
        pass

    def die(message: Outgoing) -> Answer:
        raise Died

    sender = Meeting(answer=die)
    with pytest.raises(Died):
        dispatch(post, sender)
    begun = {post.row(one).id for one in ids if post.row(one).state == "sending"}
    assert len(begun) == 20
    post.at += dispatching.LEASE + timedelta(seconds=1)
    after = Bulk()
    assert dispatch(post, after) == {"unknown": 20, "sent": 5}
    assert {post.row(one).state for one in begun} == {"unknown"}
    assert sorted(address for call in after.calls for address in call) == sorted(
        f"p{n}@example.com" for n in range(20, 25)
    )


def test_texts_are_not_decided_while_others_are_under_way(post: Post) -> None:
    """S8: whether one may leave can depend on what became of another."""
    for number in range(dispatching.CLAIMED):
        point = post.points.phone(f"+1415555{number:04}")
        post.queue(point=point, channel=Channel.SMS, message_type="balance", message_class=MessageClass.SERVICE)
    seen: list[set[str]] = []

    def look(message: Outgoing) -> Answer:
        with post.database.read() as session:
            earlier = select(OutboxMessage.state).where(OutboxMessage.id <= TOGETHER)
            seen.append(set(session.scalars(earlier)) if message.id > TOGETHER else {"sent"})
        return f"text-{message.id}"

    senders = {Channel.SMS: Bulk(most_at_once=1, answer=look)}
    states = dispatching.dispatch_due(post.database, post.keyring, post.points, senders, lambda: post.at)
    assert states == {"sent": dispatching.CLAIMED}
    assert seen == [{"sent"}] * dispatching.CLAIMED


def test_each_of_several_in_flight_has_its_own_end(post: Post) -> None:
    """X2: one that breaks off stops no other."""
    ids = [post.queue(point=post.points.email(f"p{n}@example.com"), message_type="receipt") for n in range(9)]
    answers: dict[int, Answer] = {ids[2]: SendUnknown("?"), ids[5]: SendFailed("No.")}
    sender = Bulk(most_at_once=1, answer=lambda message: answers.get(message.id, f"bulk-{message.id}"))
    senders = {Channel.EMAIL: sender}
    states = dispatching.dispatch_due(post.database, post.keyring, post.points, senders, lambda: post.at)
    assert states == {"sent": 7, "unknown": 1, "failed": 1}
    assert len(sender.calls) == 9
    assert [post.row(one).provider_id for one in ids[:3]] == [f"bulk-{ids[0]}", f"bulk-{ids[1]}", None]


def test_a_scheduled_message_is_called_back_where_its_provider_holds_it(post: Post) -> None:
    """X2: providers do not cancel what is scheduled when somebody opts out."""
    refused, kept = (post.queue(point=post.points.email(f"{name}@example.com")) for name in ("jane", "joe"))
    dispatch(post, Bulk(answer=lambda _: SendUnknown("?")))
    with post.database.write() as session:
        steps = {refused: [Step("scheduled", provider_id="MG1")], kept: [Step("scheduled", provider_id="MG2")]}
        assert advance(session, steps, at=post.at) == 2
        session.commit()
    opt_out(post, "jane@example.com")
    sender = Bulk()
    use = Dispatcher(post.database, post.keyring, post.points, {Channel.EMAIL: sender}, lambda: post.at)
    assert recalling.recall_due(use) == {"canceled": 1, "scheduled": 1}
    assert sender.called_back == ["MG1"]
    assert (post.row(refused).state, post.row(kept).state) == ("canceled", "scheduled")
    assert recalling.recall_due(use) == {}


def test_what_is_known_of_an_end_is_not_changed_by_what_comes_later(post: Post) -> None:
    [message_id] = queue_batch(post, 1)
    dispatch(post, Bulk(answer=lambda _: SendUnknown("?")))
    with post.database.write() as session:
        assert advance(session, {message_id: [Step("sent", provider_id="SG1")]}, at=post.at) == 1
        assert advance(session, {message_id: [Step("scheduled")]}, at=post.at) == 0
        session.commit()
    assert (post.row(message_id).state, post.row(message_id).provider_id) == ("sent", "SG1")


def recall(post: Post, sender: Bulk) -> dict[str, int]:
    senders = {Channel.EMAIL: sender, Channel.SMS: sender}
    return dict(recalling.recall_due(Dispatcher(post.database, post.keyring, post.points, senders, lambda: post.at)))


def test_what_its_provider_holds_is_scheduled_and_called_back_by_an_opt_out(post: Post) -> None:
    """X2: the provider said so itself when it took the message."""
    message_id = post.queue(point=post.points.email("jane@example.com"))
    sender = Bulk(answer=lambda message: Held(f"held-{message.id}"))
    assert dispatch(post, sender) == {"scheduled": 1}
    assert (post.row(message_id).provider_id, post.row(message_id).sent_at) == (f"held-{message_id}", None)
    opt_out(post, "jane@example.com")
    assert recall(post, sender) == {"canceled": 1}
    assert sender.called_back == [f"held-{message_id}"]


@dataclass
class Mute(Bulk):
    """A provider of whom nobody can tell whether it called a message back."""

    tells: bool = False

    def cancel(self, provider_id: str) -> bool:
        if not self.tells:
            raise SendUnknown("No answer came.")
        return super().cancel(provider_id)


def test_a_call_back_that_nobody_can_tell_of_is_tried_again_and_told(post: Post) -> None:
    """X2: neither taken for done nor for too late; the ledger has it once."""
    message_id = post.queue(point=post.points.email("jane@example.com"))
    sender = Mute(answer=lambda message: Held(f"held-{message.id}"))
    dispatch(post, sender)
    opt_out(post, "jane@example.com")
    for _ in range(3):
        assert recall(post, sender) == {"recalled": 1}
        assert recall(post, sender) == {}
        post.at += dispatching.RETRY_AFTER
    assert ledger(post).count("recall") == 1
    sender.tells = True
    assert recall(post, sender) == {"canceled": 1}
    assert ledger(post)[-1] == "refuse"
    assert post.row(message_id).state == "canceled"


def test_a_call_back_that_nobody_ever_can_tell_of_ends_as_unknown(post: Post) -> None:
    """X2: until its events tell; a worker does not ask for ever."""
    message_id = post.queue(point=post.points.email("jane@example.com"))
    sender = Mute(answer=lambda message: Held(f"held-{message.id}"))
    dispatch(post, sender)
    opt_out(post, "jane@example.com")
    post.at += recalling.TRIED_FOR
    assert recall(post, sender) == {"unknown": 1}
    assert recall(post, sender) == {}
    with post.database.write() as session:
        assert advance(session, {message_id: [Step("canceled")]}, at=post.at) == 1
        session.commit()


def reroutable(post: Post, *, is_verified: bool = True, queues: bool = True) -> int:
    """A service mail to an address that bounced, of somebody whose number we know."""
    with post.database.write() as session:
        kind = session.scalars(select(MessageType).where(MessageType.slug == "receipt")).one()
        kind.fallbacks = ["sms"]
        contact = Contact(country="US", created_at=NOON)
        session.add(contact)
        session.flush()
        for point in (post.points.email("jane@example.com"), post.points.phone("+14155550100")):
            session.add(
                ContactPoint(
                    contact_id=contact.id,
                    channel=point.channel.value,
                    digest=point.digest,
                    pepper_id=point.pepper_id,
                    value=dict(point.given or {}),
                    country="US",
                    source="api",
                    verified_at=NOON if is_verified else None,
                    created_at=NOON,
                )
            )
        session.commit()
        told = OptOut(Reason.HARD_BOUNCE, Scope.everything(), Source.PROVIDER)
        optouts.record(session, post.points, post.points.email("jane@example.com"), told, Evidence("system"), at=NOON)
    return post.queue(message_type="receipt", message_class=MessageClass.SERVICE) if queues else 0


def test_a_reroute_goes_to_the_verified_point_of_the_same_person(post: Post) -> None:
    """X11: another message, linked to the first, decided again there."""
    message_id = reroutable(post)
    sender = Bulk()
    assert dispatch(post, sender) == {"rerouted": 1}
    assert sender.calls == []
    assert dispatch(post, sender) == {"sent": 1}
    assert sender.calls == [["+14155550100"]]
    with post.database.read() as session:
        [other] = session.scalars(select(OutboxMessage).where(OutboxMessage.rerouted_from == message_id))
    assert (other.channel, other.sender) == ("sms", "+14155550199")


def test_a_mail_without_a_plain_body_is_rerouted_as_what_it_says(post: Post) -> None:
    """X11: a text is made of its HTML."""
    reroutable(post, queues=False)
    html = "<p>Your order <b>A-1</b> has left.</p>"
    post.queue(message_type="receipt", message_class=MessageClass.SERVICE, text="", html=html)
    sender = Bulk()
    assert dispatch(post, sender) == {"rerouted": 1}
    assert dispatch(post, sender) == {"sent": 1}
    with post.database.read() as session:
        [other] = session.scalars(select(OutboxMessage).where(OutboxMessage.channel == "sms"))
    assert "Your order A-1 has left." in (other.content or {})["text"]


def test_a_reroute_without_a_verified_point_is_refused(post: Post) -> None:
    """X11: and says so."""
    message_id = reroutable(post, is_verified=False)
    assert dispatch(post, Bulk()) == {"refused": 1}
    assert post.row(message_id).why == ["hard_bounce all", "no_fallback"]


def test_a_rerouted_message_is_decided_again(post: Post) -> None:
    """X11: a STOP to that sender refuses it there."""
    reroutable(post)
    with post.database.write() as session:
        told = OptOut(Reason.OPT_OUT, Scope.sender("+14155550199"), Source.SMS_KEYWORD)
        optouts.record(session, post.points, post.points.phone("+14155550100"), told, Evidence("recipient"), at=NOON)
    sender = Bulk()
    assert dispatch(post, sender) == {"rerouted": 1}
    assert dispatch(post, sender) == {"refused": 1}
    assert sender.calls == []


@pytest.mark.parametrize(("is_verified", "state"), [(True, "rerouted"), (False, "refused")])
def test_a_held_service_message_is_not_lost_by_a_reroute(post: Post, is_verified: bool, state: str) -> None:
    """X11: called back, it goes on by its fallback; where there is none it is refused, as it is at dispatch."""
    message_id = post.queue(message_type="receipt", message_class=MessageClass.SERVICE)
    sender = Bulk(answer=lambda message: Held(f"held-{message.id}"))
    dispatch(post, sender)
    reroutable(post, is_verified=is_verified, queues=False)
    assert recall(post, sender) == {state: 1}
    assert sender.called_back == [f"held-{message_id}"]
    sender.answer = lambda message: f"bulk-{message.id}"
    assert dispatch(post, sender) == ({"sent": 1} if is_verified else {})
    assert sender.calls[1:] == ([["+14155550100"]] if is_verified else [])


def test_a_held_service_message_stays_where_marketing_was_refused(post: Post) -> None:
    """An opt-out of marketing is none of service messages."""
    message_id = post.queue(message_type="receipt", message_class=MessageClass.SERVICE)
    sender = Bulk(answer=lambda message: Held(f"held-{message.id}"))
    dispatch(post, sender)
    opt_out(post, "jane@example.com")
    assert recall(post, sender) == {"scheduled": 1}
    assert (sender.called_back, post.row(message_id).state) == ([], "scheduled")
