"""At most weekly, at most monthly: chosen by the person, kept by the gate as a cap."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from prefcenter.core.channels import Channel, MessageClass, Reason, Source, Verdict
from prefcenter.core.decision import Decision
from prefcenter.core.errors import BadInput
from prefcenter.core.frequency import Limit
from prefcenter.core.keys import Peppers
from prefcenter.services import frequency
from prefcenter.services import keyring as keys_in_use
from prefcenter.services.deciding import decide_all, question_about_class
from prefcenter.services.errors import NotAllowed
from prefcenter.services.explaining import explain
from prefcenter.services.points import Point, Points
from prefcenter.services.ports import Evidence, Keyring
from prefcenter.store.ledger import LedgerEntry
from prefcenter.store.outbox import OutboxMessage
from tests.conftest import PEPPER
from tests.services.test_dispatching import Bulk, dispatch
from tests.services.test_outgoing import Post
from tests.services.test_outgoing import post as post

SHOWN = Evidence("recipient", {"via": "/p"})


@pytest.fixture
def jane(post: Post) -> Point:
    return post.points.email("jane@example.com")


def choose(post: Post, point: Point, limit: Limit | None) -> frequency.Limited | None:
    with post.database.write() as session:
        return frequency.set_frequency(session, point, limit, SHOWN, at=post.at)


def tighten(post: Post, point: Point, limit: Limit) -> list[frequency.Limited]:
    with post.database.write() as session:
        made = frequency.take_stricter(session, [point], limit, SHOWN, at=post.at, source=Source.PREFERENCE_PAGE)
        session.commit()
        return made


def ask(post: Post, point: Point, message_class: MessageClass = MessageClass.MARKETING) -> Decision:
    with post.database.read() as session:
        question = question_about_class(session, message_class, brand="acme")
        return decide_all(session, post.keyring, question, [point], at=post.at)[0]


def entries(post: Post) -> list[tuple[str, str]]:
    with post.database.read() as session:
        rows = session.scalars(select(LedgerEntry).where(LedgerEntry.kind == "frequency").order_by(LedgerEntry.id))
        return [(row.facts["before"], row.facts["most"]) for row in rows]


def test_one_a_week_leaves_and_the_next_is_not_sent(post: Post, jane: Point) -> None:
    """X2: decided at dispatch; the second names when it could leave, which is beyond the longest wait."""
    choose(post, jane, Limit.WEEKLY)
    post.queue()
    assert dispatch(post, Bulk(most_at_once=1)) == {"sent": 1}
    told = ask(post, jane)
    assert told.verdict is Verdict.REFUSED
    assert [(reason.code, reason.until) for reason in told.reasons] == [
        (Reason.FREQUENCY_CAP, post.at + timedelta(days=7))
    ]


def test_within_three_days_of_its_turn_a_message_waits_and_then_leaves(post: Post, jane: Point) -> None:
    """A wait that ends within 72 hours is one, and is decided again when its hour has come (X2)."""
    choose(post, jane, Limit.WEEKLY)
    post.queue()
    sender = Bulk(most_at_once=1)
    dispatch(post, sender)
    began = post.at
    post.at += timedelta(days=5)
    waiting = post.queue()
    assert dispatch(post, sender) == {"waiting": 1}
    with post.database.read() as session:
        assert session.get_one(OutboxMessage, waiting).due_at == began + timedelta(days=7)
    post.at = began + timedelta(days=7)
    assert dispatch(post, sender) == {"sent": 1}
    assert ask(post, jane).reasons[0].until == post.at + timedelta(days=7)


@pytest.mark.parametrize("together", [1, 10])
def test_two_at_once_do_not_both_leave(post: Post, jane: Point, together: int) -> None:
    """Each counts for the other, in one call of many too."""
    choose(post, jane, Limit.MONTHLY)
    for _ in range(2):
        post.queue(batch="spring")
    sender = Bulk(most_at_once=together)
    states = dispatch(post, sender)
    assert states.pop("sent") == 1
    assert sum(len(call) for call in sender.calls) == 1
    post.at += timedelta(minutes=6)
    assert "sent" not in dispatch(post, sender)


@pytest.mark.parametrize("state", ["sending", "scheduled", "unknown"])
def test_what_is_leaving_or_may_have_left_counts(post: Post, jane: Point, state: str) -> None:
    first = post.queue()
    choose(post, jane, Limit.WEEKLY)
    with post.database.write() as session:
        row = session.get_one(OutboxMessage, first)
        row.state, row.sent_at = state, post.at if state == "unknown" else None
        session.commit()
    assert ask(post, jane).reasons[0].code is Reason.FREQUENCY_CAP


def test_a_limit_speaks_of_marketing_to_that_address_alone(post: Post, jane: Point) -> None:
    """A receipt and another person's offers leave as before."""
    choose(post, jane, Limit.WEEKLY)
    post.queue()
    dispatch(post, Bulk(most_at_once=1))
    assert ask(post, jane, MessageClass.SERVICE).verdict is Verdict.CLEARED
    assert ask(post, post.points.email("john@example.com")).verdict is Verdict.CLEARED


def test_a_limit_alone_keeps_nothing(post: Post, jane: Point) -> None:
    choose(post, jane, Limit.MONTHLY)
    assert ask(post, jane).verdict is Verdict.CLEARED


def test_explain_tells_it_as_it_was_then(post: Post, jane: Point) -> None:
    """A limit that was set later did not speak then."""
    post.queue()
    dispatch(post, Bulk(most_at_once=1))
    before = post.at + timedelta(hours=1)
    post.at += timedelta(hours=2)
    choose(post, jane, Limit.WEEKLY)
    with post.database.read() as session:
        now, then = (
            explain(session, post.keyring, jane, at=at).verdicts[MessageClass.MARKETING] for at in (post.at, before)
        )
    assert [reason.code for reason in now.reasons] == [Reason.FREQUENCY_CAP]
    assert then.reasons == ()


def test_a_real_change_is_one_line_and_no_change_none(post: Post, jane: Point) -> None:
    """X7: set, set again, made stricter, ended."""
    assert choose(post, jane, Limit.WEEKLY) is not None
    assert choose(post, jane, Limit.WEEKLY) is None
    choose(post, jane, Limit.MONTHLY)
    choose(post, jane, None)
    assert choose(post, jane, None) is None
    assert entries(post) == [("any", "weekly"), ("weekly", "monthly"), ("monthly", "any")]


def test_a_link_makes_it_only_stricter(post: Post, jane: Point) -> None:
    """E18: looser takes a code."""
    tighten(post, jane, Limit.MONTHLY)
    assert tighten(post, jane, Limit.WEEKLY) == []
    with post.database.read() as session:
        assert frequency.limit_of(session, jane) is Limit.MONTHLY


def test_undoing_lets_hold_what_held_before(post: Post, jane: Point) -> None:
    """E18: within 30 minutes, and exactly that change."""
    choose(post, jane, Limit.WEEKLY)
    made = tighten(post, jane, Limit.MONTHLY)[0].row_id
    assert made is not None
    with post.database.write() as session:
        frequency.take_back(session, [made], SHOWN, at=post.at + timedelta(minutes=29))
        session.commit()
    with post.database.read() as session:
        assert frequency.limit_of(session, jane) is Limit.WEEKLY
    assert entries(post)[-1] == ("monthly", "weekly")


def test_undoing_after_half_an_hour_takes_a_code(post: Post, jane: Point) -> None:
    """E18."""
    made = tighten(post, jane, Limit.MONTHLY)[0].row_id
    assert made is not None
    with post.database.write() as session, pytest.raises(NotAllowed):
        frequency.take_back(session, [made], SHOWN, at=post.at + timedelta(minutes=31))


def test_letters_have_no_limit(post: Post) -> None:
    jane = post.points.parse(Channel.POST, "Jane Doe; 12 N Main St; ; Springfield; IL; 62701")
    with pytest.raises(BadInput):
        choose(post, jane, Limit.WEEKLY)


def test_a_limit_holds_on_when_the_pepper_was_renewed(post: Post, jane: Point) -> None:
    """X12: it stands under the older digest, and what left since under the newer one."""
    choose(post, jane, Limit.WEEKLY)
    post.keyring = Keyring(Peppers(["a newer pepper, of good length", PEPPER]), post.keyring.signing)
    post.points = Points(post.keyring.peppers)
    renewed = post.points.email("jane@example.com")
    assert renewed.digest != jane.digest
    with post.database.write() as session:
        keys_in_use.adopt(session, post.keyring, at=post.at)
        session.commit()
    post.queue(point=renewed)
    assert dispatch(post, Bulk(most_at_once=1)) == {"sent": 1}
    assert [reason.code for reason in ask(post, renewed).reasons] == [Reason.FREQUENCY_CAP]
