"""The outbox and the gate: what is decided at dispatch, and what can never be sent twice (X1, X2)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
from sqlalchemy import select

from prefcenter.core.channels import Channel, MessageClass, Reason, Scope, Source
from prefcenter.core.decision import Cleared
from prefcenter.core.keys import Peppers
from prefcenter.core.tokens import SigningKeys
from prefcenter.services import dispatching, optouts, outgoing
from prefcenter.services import keyring as keys_in_use
from prefcenter.services.errors import RecipientRefused, SendFailed, SendUnknown
from prefcenter.services.outgoing import Draft
from prefcenter.services.points import Points
from prefcenter.services.ports import Answer, Batch, Evidence, Keyring, Outgoing, send_each
from prefcenter.services.suppressing import OptOut
from prefcenter.store import dispatches, registry
from prefcenter.store.consents import ConsentRecord
from prefcenter.store.engine import Database
from prefcenter.store.ledger import LedgerEntry
from prefcenter.store.outbox import OutboxMessage
from prefcenter.store.suppressions import Suppression

NOON = datetime(2026, 3, 2, 19, 0, tzinfo=UTC)
NIGHT = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


@dataclass
class Recording:
    """A sender that only remembers, or does what a test tells it to."""

    sent: list[Outgoing] = field(default_factory=list)
    act: Callable[[], None] = lambda: None
    most_at_once: int = 1

    def send(self, cleared: Cleared, message: Outgoing) -> str:
        assert isinstance(cleared, Cleared)
        self.sent.append(message)
        self.act()
        return f"provider-{message.id}"

    def send_many(self, batch: Batch) -> list[Answer]:
        return send_each(self.send, batch)

    def cancel(self, provider_id: str) -> bool:
        raise AssertionError(provider_id)


@dataclass
class Post:
    """An outbox with its senders and a clock."""

    database: Database
    keyring: Keyring
    points: Points
    sender: Recording = field(default_factory=Recording)
    at: datetime = NOON

    def queue(self, **changes: Any) -> int:
        values: dict[str, Any] = {
            "channel": Channel.EMAIL,
            "message_class": MessageClass.MARKETING,
            "message_type": "offers",
            "point": self.points.email("jane@example.com"),
            "subject": "Offers",
            "text": "Hello",
        }
        with self.database.write() as session:
            row = outgoing.queue(session, Draft(**(values | changes)), at=self.at)
            session.commit()
            return row.id

    def dispatch(self, **changes: Any) -> dict[str, int]:
        senders = {Channel.EMAIL: self.sender, Channel.SMS: self.sender}
        values: dict[str, Any] = {"senders": senders, "keyring": self.keyring} | changes
        return dict(dispatching.dispatch_due(self.database, points=self.points, clock=lambda: self.at, **values))

    def opt_out(self, scope: Scope) -> None:
        with self.database.write() as session:
            opt_out = OptOut(Reason.OPT_OUT, scope, Source.ONE_CLICK)
            point = self.points.email("jane@example.com")
            optouts.record(session, self.points, point, opt_out, Evidence("recipient"), at=self.at)

    def row(self, message_id: int) -> OutboxMessage:
        with self.database.read() as session:
            return session.scalars(select(OutboxMessage).where(OutboxMessage.id == message_id)).one()

    def kinds(self) -> list[tuple[str, Any]]:
        with self.database.read() as session:
            entries = session.scalars(select(LedgerEntry).order_by(LedgerEntry.id))
            return [(entry.kind, entry.facts.get("state") or entry.facts.get("reasons")) for entry in entries]


@pytest.fixture
def post(database: Database, keyring: Keyring, points: Points) -> Post:
    with database.write() as session:
        brand = registry.Brand(slug="acme", code=7, name="Acme", country="US", created_at=NOON)
        session.add(brand)
        session.flush()
        topic = registry.Topic(
            brand_id=brand.id, slug="offers", code=9, name="Offers", channels=["email"], created_at=NOON
        )
        session.add(topic)
        session.flush()
        for slug, kind, channel in (("offers", "marketing", "email"), ("receipt", "service", "email")):
            session.add(
                registry.MessageType(
                    slug=slug,
                    name=slug,
                    message_class=kind,
                    channel=channel,
                    brand_id=brand.id,
                    topic_id=topic.id if kind == "marketing" else None,
                    category="transaction" if kind == "service" else None,
                    fallbacks=[],
                    approved_by="ann@acme.example",
                    created_at=NOON,
                )
            )
        session.add(
            registry.MessageType(
                slug="balance",
                name="balance",
                message_class="service",
                channel="sms",
                brand_id=brand.id,
                category="account",
                sender="+14155550199",
                fallbacks=[],
                approved_by="ann@acme.example",
                created_at=NOON,
            )
        )
        session.commit()
        keys_in_use.adopt(session, keyring, at=NOON)
    return Post(database, keyring, points)


def test_a_cleared_message_is_sent_once_and_logged(post: Post) -> None:
    """X1, X2: the ledger says so in the commit of the state."""
    message_id = post.queue()
    assert post.dispatch() == {"sent": 1}
    assert post.dispatch() == {}
    row = post.row(message_id)
    assert (row.state, row.provider_id, row.sent_at) == ("sent", f"provider-{message_id}", NOON)
    assert [message.to for message in post.sender.sent] == ["jane@example.com"]
    assert post.kinds() == [("send", "sent")]


def test_an_opt_out_after_queueing_wins_and_nothing_is_sent(post: Post) -> None:
    """X2: decided at dispatch; the refusal is recorded with its reasons and ends there."""
    message_id = post.queue()
    post.opt_out(Scope.topic("acme", "offers"))
    assert post.dispatch() == {"refused": 1}
    assert post.sender.sent == []
    assert post.row(message_id).why == ["opt_out topic:acme/offers"]
    assert post.kinds()[-1] == ("refuse", ["opt_out topic:acme/offers"])
    assert post.dispatch() == {}


def test_a_scheduled_message_that_is_still_allowed_leaves_on_its_own_day(post: Post) -> None:
    """X2: an opt-out brings all forward to be decided, and hastens none."""
    friday = NOON + timedelta(days=4)
    refused, kept = post.queue(send_at=friday), post.queue(message_type="receipt", send_at=friday)
    assert post.dispatch() == {}
    post.opt_out(Scope.brand("acme"))
    assert post.dispatch() == {"refused": 1, "queued": 1}
    assert post.row(refused).state == "refused"
    assert (post.row(kept).state, post.row(kept).due_at) == ("queued", friday)
    assert post.sender.sent == []
    post.at = friday
    assert post.dispatch() == {"sent": 1}


def test_a_text_waits_for_the_morning_and_is_decided_again(post: Post) -> None:
    """S8, X2: waiting has a time, and an end after which it is refused."""
    post.at = NIGHT
    point = post.points.phone("+14155550100")
    message_id = post.queue(channel=Channel.SMS, message_type="balance", point=point)
    assert post.dispatch() == {"waiting": 1}
    row = post.row(message_id)
    assert row.due_at == datetime(2026, 3, 2, 16, 0, tzinfo=UTC)
    assert post.dispatch() == {}
    post.at = row.due_at
    assert post.dispatch() == {"sent": 1}


def test_waiting_ends_in_a_refusal(post: Post) -> None:
    """X2: three days after it was to leave, however often it was looked at."""
    post.at = NIGHT
    message_id = post.queue(channel=Channel.SMS, message_type="balance", point=post.points.phone("+14155550100"))
    post.dispatch()
    post.at = NIGHT + timedelta(days=3)
    assert post.dispatch() == {"refused": 1}
    assert post.row(message_id).state == "refused"


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"message_type": "nobody-knows"}, "unknown_type"),
        ({"message_type": "nobody-knows", "message_class": MessageClass.SERVICE}, "unknown_type"),
    ],
)
def test_an_unknown_type_is_refused(post: Post, changes: dict[str, Any], why: str) -> None:
    """X1."""
    message_id = post.queue(**changes)
    assert post.dispatch() == {"refused": 1}
    assert post.row(message_id).why == [why]
    assert post.sender.sent == []


def test_what_lost_its_address_is_refused(post: Post) -> None:
    """G3: erased between queueing and dispatch."""
    message_id = post.queue()
    with post.database.write() as session:
        session.scalars(select(OutboxMessage)).one().to = None
        session.commit()
    assert post.dispatch() == {"refused": 1}
    assert post.row(message_id).why == ["no_address"]


def test_a_missing_key_sends_nothing_and_loses_nothing(post: Post) -> None:
    """X1, X12: fails closed, and the message waits for the key."""
    message_id = post.queue()
    stranger = Keyring(Peppers(["another pepper, of good length"]), SigningKeys(["another key, of good length"]))
    assert post.dispatch(keyring=stranger) == {"queued": 1}
    assert post.sender.sent == []
    row = post.row(message_id)
    assert (row.state, row.problem, row.leased_until) == ("queued", "MissingKey", None)
    post.at += dispatching.RETRY_AFTER
    assert post.dispatch() == {"sent": 1}


def test_a_failing_decision_sends_nothing(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    """X1: whatever goes wrong while deciding."""
    from prefcenter.services import gate

    message_id = post.queue()
    with monkeypatch.context() as faulty:
        faulty.setattr(gate, "decide_all", lambda *_, **__: 1 / 0)
        assert post.dispatch() == {"queued": 1}
    assert post.sender.sent == []
    assert post.row(message_id).state == "queued"


def test_a_channel_without_a_sender_stays_queued(post: Post) -> None:
    """X1: nothing is put down as sent that nobody could send."""
    message_id = post.queue()
    assert post.dispatch(senders={}) == {"queued": 1}
    assert post.row(message_id).state == "queued"


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (SendFailed("The provider refused it."), "failed"),
        (SendUnknown("No answer came."), "unknown"),
        (ValueError("who knows"), "unknown"),
        (TimeoutError(), "unknown"),
    ],
)
def test_what_may_have_left_is_never_sent_again(post: Post, error: Exception, state: str) -> None:
    """X2: an unknown end is an end."""

    def fail() -> None:
        raise error

    post.sender.act = fail
    message_id = post.queue()
    assert post.dispatch() == {state: 1}
    post.at += timedelta(days=1)
    assert post.dispatch() == {}
    assert post.row(message_id).state == state
    assert len(post.sender.sent) == 1
    assert post.kinds() == [("send", state)]


def test_a_worker_that_died_while_sending_leaves_it_unknown(post: Post) -> None:
    """X2: put down as sending first, so the lease's end does not send it twice."""

    def die() -> None:
        raise KeyboardInterrupt

    post.sender.act = die
    message_id = post.queue()
    with pytest.raises(KeyboardInterrupt):
        post.dispatch()
    assert post.row(message_id).state == "sending"
    post.sender.act = lambda: None
    assert post.dispatch() == {}
    post.at += dispatching.LEASE + timedelta(seconds=1)
    assert post.dispatch() == {"unknown": 1}
    assert len(post.sender.sent) == 1
    assert post.kinds() == [("send", "unknown")]


def test_a_worker_that_died_before_sending_leaves_it_to_the_next(post: Post) -> None:
    """X2: its lease runs out."""
    message_id = post.queue()
    with post.database.write() as session:
        dispatches.claim_due(session, NOON, NOON + dispatching.LEASE)
        session.commit()
    assert post.dispatch() == {}
    post.at += dispatching.LEASE + timedelta(seconds=1)
    assert post.dispatch() == {"sent": 1}
    assert post.row(message_id).attempts == 2


def test_a_late_worker_cannot_change_what_another_took_over(post: Post) -> None:
    """X2: the fencing token."""
    message_id = post.queue()

    def meanwhile() -> None:
        with post.database.write() as session:
            row = session.scalars(select(OutboxMessage)).one()
            row.fence += 1
            row.state, row.leased_until = "unknown", None
            session.commit()

    post.sender.act = meanwhile
    assert post.dispatch() == {"unknown": 1}
    row = post.row(message_id)
    assert (row.state, row.sent_at, row.leased_until) == ("unknown", None, None)
    assert row.provider_id == f"provider-{message_id}"  # By that name its events will tell what became of it.


def test_two_workers_send_each_message_once(post: Post) -> None:
    """X2: at the same time, on the same messages."""
    for number in range(6):
        post.queue(point=post.points.email(f"p{number}@example.com"), message_type="receipt")
    start = Barrier(2)

    def work() -> None:
        start.wait()
        post.dispatch()

    threads = [Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(message.to for message in post.sender.sent) == [f"p{number}@example.com" for number in range(6)]


def test_one_cause_makes_one_message(post: Post) -> None:
    """P3: one for one request."""
    first = post.queue(message_type="receipt", cause="order:1")
    assert post.queue(message_type="receipt", cause="order:1") == first
    assert post.dispatch() == {"sent": 1}


def test_a_requested_message_expires(post: Post) -> None:
    """Requested means within 15 minutes: an acknowledgement that would come later is not sent."""
    requested = {"message_class": MessageClass.REQUESTED, "message_type": "acknowledgement", "requested_at": NOON}
    in_time, late = post.queue(**requested), post.queue(**requested, send_at=NOON + timedelta(minutes=16))
    assert post.dispatch() == {"sent": 1}
    post.at += timedelta(minutes=16)
    assert post.dispatch() == {"refused": 1}
    assert (post.row(in_time).state, post.row(late).state) == ("sent", "refused")


@pytest.mark.parametrize(("reason", "scope"), [(Reason.OPT_OUT, "sender:+14155550199"), (Reason.DEAD_NUMBER, "all")])
def test_what_the_provider_tells_of_a_recipient_goes_on_the_list(post: Post, reason: Reason, scope: str) -> None:
    """S10: its "unsubscribed recipient" is an opt-out, a dead number voids the consent."""

    def refuse() -> None:
        raise RecipientRefused("21610", reason=reason)

    point = post.points.phone("+14155550100")
    with post.database.write() as session:
        session.add(
            ConsentRecord(
                channel="sms",
                digest=point.digest,
                pepper_id=point.pepper_id,
                scope="all",
                basis="express_written",
                since=NOON,
                source="api",
            )
        )
        session.commit()
    post.sender.act = refuse
    text = {"channel": Channel.SMS, "message_type": "balance", "point": point, "sender": "+14155550199"}
    post.queue(**text)
    assert post.dispatch() == {"failed": 1}
    with post.database.read() as session:
        [entry] = session.scalars(select(Suppression))
        [consent] = session.scalars(select(ConsentRecord))
    assert (entry.reason, entry.scope, entry.source, entry.is_own_act) == (reason.value, scope, "provider", False)
    assert (consent.withdrawn_at is not None) is (reason is Reason.DEAD_NUMBER)
    post.queue(**text)
    assert post.dispatch() == {"refused": 1}
