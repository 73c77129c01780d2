"""Whom a provider's list gets: nobody whom our own decision would let anything through to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from prefcenter.core.agreement import ALL_CLASSES, TOLD_REASONS, Target, concerns, is_due, marketing, wanted_by
from prefcenter.core.channels import Channel, MessageClass, Reason, Scope, Source
from prefcenter.core.decision import Ask, Fact, Refused, decide

AT = datetime(2026, 5, 1, 12, tzinfo=UTC)
SCOPES = (
    Scope.everything(),
    Scope.brand("acme"),
    Scope.topic("acme", "offers"),
    Scope.sender("+18005550101"),
    Scope.every_sender("+18005559999"),
    Scope.everything().but({"acme/offers"}),
    Scope.brand("acme").but({"acme/offers"}),
)
EVERY_BRAND = Target("global", Reason.OPT_OUT, Scope.everything(), tuple(Ask(Channel.EMAIL, c) for c in ALL_CLASSES))
BRAND = Target("group:1", Reason.OPT_OUT, Scope.brand("acme"), (marketing(Scope.brand("acme")),))
TOPIC = Target("group:2", Reason.OPT_OUT, Scope.topic("acme", "offers"), (marketing(Scope.topic("acme", "offers")),))


def sender(name: str, *classes: MessageClass) -> Target:
    asks = tuple(Ask(Channel.SMS, each, brand="acme", sender=name) for each in classes)
    return Target(f"sender:{name}", Reason.OPT_OUT, Scope.sender(name), asks)


TARGETS = (
    EVERY_BRAND,
    BRAND,
    TOPIC,
    sender("+18005550101", MessageClass.MARKETING),
    sender("+18005550102", MessageClass.MARKETING, MessageClass.SERVICE),
    sender("MG1", MessageClass.SERVICE, MessageClass.REQUESTED),
)
FACTS = tuple(
    Fact(reason, channel, scope, AT - timedelta(days=1), source=Source.OPERATOR)
    for reason, channel, scope in product(Reason, Channel, SCOPES)
)


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.list)
def test_a_list_never_stops_what_the_gate_lets_through(target: Target) -> None:
    """X9, S5: for every reason, channel and scope of the table, one at a time and two together."""
    some = [*((fact,) for fact in FACTS), *zip(FACTS, FACTS[7:], strict=False)]
    told = [facts for facts in some if wanted_by(target, facts, AT) is not None]
    assert told
    for facts in told:
        assert all(isinstance(decide(ask, facts, [], AT), Refused) for ask in target.asks)


def test_only_what_speaks_of_the_person_or_is_a_no_is_told() -> None:
    """A bounce is not an opt-out, and a provider's list knows no end."""
    for fact in FACTS:
        if fact.reason not in TOLD_REASONS:
            assert all(wanted_by(target, [fact], AT) is None for target in TARGETS)
    paused = Fact(Reason.OPT_OUT, Channel.EMAIL, Scope.everything(), AT, until=AT + timedelta(days=1))
    assert wanted_by(BRAND, [paused], AT) is None


@pytest.mark.parametrize(
    ("reason", "is_verified", "told"),
    [
        (Reason.OPT_OUT, True, False),
        (Reason.OBJECTION, True, False),
        (Reason.COMPLAINT, True, False),
        (Reason.NO_CONTACT, True, True),
        (Reason.MINOR, True, True),
        (Reason.DECEASED, True, True),
        (Reason.DECEASED, False, False),
    ],
)
def test_the_global_list_gets_those_to_whom_nothing_at_all_is_sent(
    reason: Reason, is_verified: bool, told: bool
) -> None:
    """X9: it stops service, legal and requested mail too."""
    fact = Fact(reason, Channel.EMAIL, Scope.everything(), AT, verified=is_verified)
    assert (wanted_by(EVERY_BRAND, [fact], AT) is not None) is told


def test_a_stop_concerns_its_own_sender_alone() -> None:
    """S5: told to no other, so a START to it has no other to unblock."""
    stop = Fact(Reason.OPT_OUT, Channel.SMS, Scope.sender("+18005550101"), AT, source=Source.SMS_KEYWORD)
    assert [target.list for target in TARGETS if concerns(target, stop, AT)] == ["sender:+18005550101"]


def test_the_confirmation_of_a_stop_goes_first() -> None:
    """S4: five minutes; what was not sent by text has none."""
    stop = Fact(Reason.OPT_OUT, Channel.SMS, Scope.sender("MG1"), AT, source=Source.SMS_TEXT)
    assert [is_due(stop, AT + timedelta(minutes=minutes)) for minutes in (0, 4, 5)] == [False, False, True]
    by_web = Fact(Reason.OPT_OUT, Channel.SMS, Scope.everything(), AT, source=Source.PREFERENCE_PAGE)
    assert is_due(by_web, AT)


def test_what_spares_a_topic_is_told_to_no_list_that_would_stop_that_topic() -> None:
    """X9: the list of a whole brand stops all of it; the list of another topic may hold it."""
    news = Target("group:3", Reason.OPT_OUT, Scope.topic("acme", "news"), (marketing(Scope.topic("acme", "news")),))
    for scope in (Scope.everything().but({"acme/offers"}), Scope.brand("acme").but({"acme/offers"})):
        fact = Fact(Reason.OPT_OUT, Channel.EMAIL, scope, AT - timedelta(days=1))
        assert [wanted_by(target, [fact], AT) for target in (EVERY_BRAND, BRAND, TOPIC)] == [None, None, None]
        assert wanted_by(news, [fact], AT) == fact
