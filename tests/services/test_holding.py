"""X2: what a provider holds for later is called back, whenever the opt-out came and whoever died meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from threading import Thread
from typing import Any

import pytest
from sqlalchemy import select

from prefcenter.core.channels import Channel, MessageClass, Reason, Scope, Source
from prefcenter.core.decision import Cleared
from prefcenter.services import dispatching, gate, optouts, recalling, rerouting
from prefcenter.services.dispatching import Dispatcher
from prefcenter.services.errors import RecipientRefused, SendUnknown
from prefcenter.services.message_progress import Step, advance
from prefcenter.services.ports import Evidence, Held, Outgoing
from prefcenter.services.suppressing import OptOut
from prefcenter.store.suppressions import Suppression
from tests.services.test_outgoing import Post, Recording
from tests.services.test_outgoing import post as post


@dataclass
class Holding(Recording):
    """A provider that holds every message until the morning, and gives it back when asked."""

    back: list[str] = field(default_factory=list)
    on_cancel: Callable[[str], None] = lambda _: None

    def send(self, cleared: Cleared, message: Outgoing) -> str:
        super().send(cleared, message)
        return Held(f"SM{message.id}")

    def cancel(self, provider_id: str) -> bool:
        self.back.append(provider_id)
        self.on_cancel(provider_id)
        return True


def holding(post: Post) -> Holding:
    sender = Holding()
    post.sender = sender
    return sender


def recall(post: Post) -> dict[str, int]:
    senders = {Channel.EMAIL: post.sender, Channel.SMS: post.sender}
    return dict(recalling.recall_due(Dispatcher(post.database, post.keyring, post.points, senders, lambda: post.at)))


def bounce(post: Post) -> None:
    with post.database.write() as session:
        told = OptOut(Reason.HARD_BOUNCE, Scope.everything(), Source.PROVIDER)
        jane = post.points.email("jane@example.com")
        optouts.record(session, post.points, jane, told, Evidence("system"), at=post.at)


def test_an_opt_out_while_it_is_handed_over_calls_it_back(post: Post) -> None:
    """It was being sent when the opt-out looked for what waits."""
    sender = holding(post)
    sender.act = lambda: post.opt_out(Scope.brand("acme"))
    message_id = post.queue()
    assert post.dispatch() == {"scheduled": 1}
    assert recall(post) == {"canceled": 1}
    assert (sender.back, post.row(message_id).state) == ([f"SM{message_id}"], "canceled")


def test_what_may_leave_stays_with_its_provider_and_is_asked_about_once(post: Post) -> None:
    sender = holding(post)
    message_id = post.queue()
    post.dispatch()
    assert recall(post) == {"scheduled": 1}
    assert recall(post) == {}
    assert (sender.back, post.row(message_id).state) == ([], "scheduled")


def test_an_opt_out_before_its_provider_says_that_it_holds_it_calls_it_back(post: Post) -> None:
    """The call was not answered; its event comes after the opt-out."""

    def break_off() -> None:
        raise SendUnknown("?")

    sender = holding(post)
    sender.act = break_off
    message_id = post.queue()
    assert post.dispatch() == {"unknown": 1}
    post.opt_out(Scope.brand("acme"))
    with post.database.write() as session:
        advance(session, {message_id: [Step("scheduled", "", "SM9")]}, at=post.at)
        session.commit()
    assert recall(post) == {"canceled": 1}
    assert sender.back == ["SM9"]


def test_an_opt_out_while_the_worker_decides_is_asked_about_too(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    """On PostgreSQL it commits between the worker's question and its answer; on SQLite it waits."""
    holding(post)
    message_id = post.queue()
    post.dispatch()
    recall(post)
    post.opt_out(Scope.brand("other"))
    assert post.row(message_id).state == "recalled"
    decide, threads = gate.clear_all, list[Thread]()

    def interrupted(*told: Any, **asked: Any) -> Any:
        decided = decide(*told, **asked)
        if not threads:
            threads.append(Thread(target=lambda: post.opt_out(Scope.brand("acme"))))
            threads[0].start()
            threads[0].join(0.2)  # Long enough to commit where nothing makes it wait; it must wait for us.
        return decided

    monkeypatch.setattr(gate, "clear_all", interrupted)
    assert recall(post) == {"scheduled": 1}
    threads[0].join()
    assert recall(post) == {"canceled": 1}
    assert post.row(message_id).state == "canceled"


def test_its_own_word_that_it_was_canceled_does_not_lose_a_service_message(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    """X11: the event may be here before the answer; what is owed goes on by its fallback all the same."""
    sender = holding(post)
    message_id = post.queue(message_type="receipt", message_class=MessageClass.SERVICE)
    post.dispatch()

    def tell(provider_id: str) -> None:
        with post.database.write() as session:
            advance(session, {message_id: [Step("canceled", "", provider_id)]}, at=post.at)
            session.commit()

    sender.on_cancel = tell
    bounce(post)
    asked, reroute = [], rerouting.reroute
    monkeypatch.setattr(rerouting, "reroute", lambda *told, **more: (asked.append(1), reroute(*told, **more))[1])
    assert recall(post) == {"refused": 1}  # It has no fallback, and says so.
    assert asked == [1]


@pytest.mark.parametrize("kind", ["offers", "receipt"])
def test_a_worker_that_dies_after_calling_back_leaves_it_to_the_next(post: Post, kind: str) -> None:
    """A provider says of one that was canceled that it is; never does it read as sent."""
    sender = holding(post)
    message_class = MessageClass.SERVICE if kind == "receipt" else MessageClass.MARKETING
    message_id = post.queue(message_type=kind, message_class=message_class)
    post.dispatch()
    bounce(post)

    class Killed(BaseException):
        pass

    def die(_provider_id: str) -> None:
        if len(sender.back) == 1:
            raise Killed

    sender.on_cancel = die
    with pytest.raises(Killed):
        recall(post)
    post.at += dispatching.LEASE + timedelta(seconds=1)
    recall(post)
    assert len(sender.back) == 2
    assert post.row(message_id).state == ("refused" if kind == "receipt" else "canceled")


def test_what_a_provider_told_a_worker_that_was_given_up_is_taken(post: Post) -> None:
    """S10: it is about the recipient, whoever holds the message by now; no event follows it."""

    def sleep_and_be_refused() -> None:
        post.at += dispatching.LEASE + timedelta(minutes=1)
        others = {Channel.EMAIL: Recording()}
        dispatching.dispatch_due(post.database, post.keyring, post.points, others, lambda: post.at)
        raise RecipientRefused("21610", reason=Reason.OPT_OUT)

    post.sender.act = sleep_and_be_refused
    message_id = post.queue()
    assert post.dispatch()["unknown"] == 1
    assert post.row(message_id).state == "unknown"
    with post.database.read() as session:
        assert [row.reason for row in session.scalars(select(Suppression))] == ["opt_out"]
