from __future__ import annotations

import ast
import dataclasses
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import prefcenter
from prefcenter.core.channels import Channel, MessageClass, Reason, Scope, ScopeKind, Source, Verdict
from prefcenter.core.consent import Basis, Consent, Party
from prefcenter.core.decision import Ask, Cleared, Fact, Guard, Refused, Reroute, Role, Wait, decide
from prefcenter.core.question import CLOCK_SKEW, covers

AT = datetime(2026, 7, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
EMAIL, SMS, POST = Channel
M, S, L, Q, X = MessageClass
OURS, ANOTHER = "+14155550100", "+14155550199"
STRICTNESS = {verdict: rank for rank, verdict in enumerate(Verdict)}

ALL_CONSENTS = [
    Consent(channel, Scope.everything(), Basis.EXPRESS_WRITTEN, AT - 90 * DAY, policy_version=9, purpose=purpose)
    for channel in Channel
    for purpose in (M, X)
]


def fact(reason: Reason, channel: Channel, scope: Scope | None = None, **more: Any) -> Fact:
    return Fact(reason, channel, scope or Scope.everything(), **{"since": AT - DAY, **more})


def verdict(ask: Ask, *facts: Fact) -> Verdict:
    return decide(ask, facts, ALL_CONSENTS, AT).verdict


# --- The table, transcribed by hand: reason, its channel, what is special, then M S L Q X. ---------------------------
# "!" means everywhere. The second column of facts and asks makes a conditional cell go one way; each has a row for
# either way. Where a cell is not everywhere, the same message in the other channels must be cleared.

STOP = {"scope": Scope.sender(OURS)}
FROM_OURS: dict[str, Any] = {"sender": OURS}
ROWS: list[tuple[Reason, Channel, dict[str, Any], dict[str, Any], str]] = [
    (Reason.OPT_OUT, EMAIL, {}, {}, "N Y Y Y N"),
    (Reason.OPT_OUT, POST, {}, {}, "N Y Y Y N"),
    (Reason.OPT_OUT, SMS, {}, {}, "N Y Y Y N"),
    (Reason.OPT_OUT, SMS, STOP, FROM_OURS, "N N N N N"),
    (Reason.OPT_OUT, SMS, STOP, {"sender": ANOTHER}, "N Y Y Y N"),
    (Reason.OPT_OUT, SMS, STOP, {}, "N N N N N"),
    (Reason.OPT_OUT, SMS, {"scope": Scope.every_sender("+1999")}, {"sender": ANOTHER}, "N N N N N"),
    (Reason.OPT_OUT, SMS, {**STOP, "since": AT}, {**FROM_OURS, "is_confirmation": True}, "N N N Y N"),
    (
        *(Reason.OPT_OUT, SMS, {**STOP, "since": AT - timedelta(minutes=5)}),
        *({**FROM_OURS, "is_confirmation": True}, "N N N Y N"),
    ),
    (
        *(Reason.OPT_OUT, SMS, {**STOP, "since": AT - timedelta(minutes=5, seconds=1)}),
        *({**FROM_OURS, "is_confirmation": True}, "N N N N N"),
    ),
    (Reason.OPT_OUT, SMS, STOP, {**FROM_OURS, "answers_help": True}, "N N N Y N"),
    (Reason.OBJECTION, EMAIL, {}, {}, "N! Y Y Y N!"),
    (Reason.COMPLAINT, EMAIL, {}, {}, "N R R Y N"),
    (Reason.COMPLAINT, EMAIL, {}, {"narrow_bypass": True}, "N R Y Y N"),
    (Reason.HARD_BOUNCE, EMAIL, {}, {}, "N R R N N"),
    (Reason.DEAD_NUMBER, SMS, {}, {}, "N R R N N"),
    (Reason.UNDELIVERABLE, POST, {}, {}, "N R R N N"),
    (Reason.PROHIBITORY_ORDER, POST, {"since": AT - timedelta(days=30) + timedelta(seconds=1)}, {}, "N! Y Y N N!"),
    (Reason.PROHIBITORY_ORDER, POST, {"since": AT - timedelta(days=30)}, {}, "N! R R N N!"),
    (Reason.DECEASED, POST, {}, {}, "N! N N N N!"),
    (Reason.DECEASED, POST, {}, {"recipient_role": Role.REPRESENTATIVE}, "N! Y Y N N!"),
    (Reason.DECEASED, POST, {}, {"recipient_role": Role.REPORTER}, "N! N N Y N!"),
    (Reason.DECEASED, POST, {"verified": False}, {}, "N! Y Y Y Y"),
    (Reason.MINOR, EMAIL, {}, {}, "N! N! N N N!"),
    (Reason.MINOR, EMAIL, {}, {"recipient_role": Role.PARENT}, "N! N! Y Y N!"),
    (Reason.ERASED, EMAIL, {}, {}, "N! N N N N!"),
    (Reason.ERASED, EMAIL, {}, {"relationship_since": AT - 2 * DAY}, "N! N N N N!"),
    (Reason.ERASED, EMAIL, {}, {"relationship_since": AT - DAY / 2}, "N! Y Y N N!"),
    (Reason.ERASED, EMAIL, {}, {"relationship_since": AT + DAY}, "N! N N N N!"),
    (Reason.ERASED, EMAIL, {}, {"at_deletion": True}, "N! N N Y N!"),
    (Reason.NO_SHARING, EMAIL, {}, {}, "Y Y Y Y N!"),
    (Reason.CONSENT_MISSING, EMAIL, {}, {}, "N Y Y Y N"),
    (Reason.POLICY_VERSION, EMAIL, {}, {}, "N Y Y Y N"),
    (Reason.CLIENT_DATA, EMAIL, {}, {}, "N N N Y N"),
    (Reason.CLIENT_DATA, EMAIL, {}, {"recipient_role": Role.CLIENT}, "N Y Y Y N"),
    (Reason.EXTERNAL_LIST, POST, {}, {}, "N Y Y Y N"),
    (Reason.PAUSED, EMAIL, {"until": AT + DAY}, {}, "N Y Y Y Y"),
    (Reason.QUIET_HOURS, SMS, {"until": AT + DAY}, {}, "W W Y Y Y"),
    (Reason.QUIET_HOURS, SMS, {"until": AT + DAY}, {"urgent": True}, "W Y Y Y Y"),
    (Reason.FREQUENCY_CAP, SMS, {"until": AT + DAY}, {}, "W Y Y Y Y"),
    (Reason.FREQUENCY_CAP, SMS, {"until": AT + DAY}, {"urgent": True}, "W Y Y Y Y"),
    (Reason.NO_CONTACT, EMAIL, {}, {}, "N! N! N N N!"),
    (Reason.NO_CONTACT, EMAIL, {}, {"recipient_role": Role.COUNSEL}, "N! N! Y N N!"),
]
LETTERS = {"Y": Verdict.CLEARED, "N": Verdict.REFUSED, "R": Verdict.REROUTE, "W": Verdict.WAIT}
CELLS = [
    pytest.param(reason, channel, of_fact, of_ask, kind, said, id=f"{number}-{reason}-{kind}-{said}")
    for number, (reason, channel, of_fact, of_ask, row) in enumerate(ROWS)
    for kind, said in zip(MessageClass, row.split(), strict=True)
]


@pytest.mark.parametrize(("reason", "channel", "of_fact", "of_ask", "kind", "said"), CELLS)
def test_every_cell_says_what_the_rules_say(
    reason: Reason, channel: Channel, of_fact: dict[str, Any], of_ask: dict[str, Any], kind: MessageClass, said: str
) -> None:
    """E11, S4, S5, P4, P14, G1, G3, G8, G9, G10: the table "who may be written to", cell by cell, in every channel."""
    on_file = fact(reason, channel, **of_fact)
    for asked in Channel:
        expected = LETTERS[said[0]] if asked == channel or said.endswith("!") else Verdict.CLEARED
        assert verdict(Ask(asked, kind, brand="acme", **of_ask), on_file) is expected


def test_every_reason_is_transcribed() -> None:
    """X1: no row of the table is left untested."""
    assert {row[0] for row in ROWS} == set(Reason)


# --- Scopes ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scope", "ask", "refused"),
    [
        (Scope.everything(), {"brand": "acme"}, True),
        (Scope.everything(), {}, True),
        (Scope.brand("acme"), {"brand": "acme"}, True),
        (Scope.brand("acme"), {"brand": "acme", "topic": "offers"}, True),
        (Scope.brand("acme"), {"brand": "zeta"}, False),
        (Scope.brand("acme"), {}, True),
        (Scope.topic("acme", "offers"), {"brand": "acme", "topic": "offers"}, True),
        (Scope.topic("acme", "offers"), {"brand": "acme", "topic": "news"}, False),
        (Scope.topic("acme", "offers"), {"brand": "zeta", "topic": "offers"}, False),
        (Scope.topic("acme", "offers"), {"brand": "acme"}, False),
        (Scope.topic("acme", "offers"), {}, False),
        (Scope.topic("acme", "offers"), {"topic": "offers"}, True),
        (
            Scope.topic("acme", "offers"),
            {"brand": "acme", "topic": "spring", "topics": frozenset({"acme/spring", "acme/offers"})},
            True,
        ),
    ],
)
def test_an_opt_out_reaches_as_far_as_its_scope(scope: Scope, ask: dict[str, Any], refused: bool) -> None:
    """E7, E13: all, brand, topic and what inherits from it; without a brand, all brands are meant."""
    expected = Verdict.REFUSED if refused else Verdict.CLEARED
    assert verdict(Ask(EMAIL, M, **ask), fact(Reason.OPT_OUT, EMAIL, scope)) is expected


def test_a_stop_ends_marketing_of_every_brand_from_every_sender() -> None:
    """S5: STOP to one sender ends all marketing texts, but service texts of that sender only."""
    stop = fact(Reason.OPT_OUT, SMS, Scope.sender(OURS))
    assert verdict(Ask(SMS, M, brand="zeta", sender=ANOTHER), stop) is Verdict.REFUSED
    assert verdict(Ask(SMS, S, brand="zeta", sender=ANOTHER), stop) is Verdict.CLEARED
    assert verdict(Ask(SMS, S, brand="acme", sender=OURS), stop) is Verdict.REFUSED


def test_stop_refuses_sms_but_not_post() -> None:
    """S5: a STOP says nothing about letters or mail."""
    stop = fact(Reason.OPT_OUT, SMS, Scope.every_sender(OURS))
    assert [verdict(Ask(channel, M), stop) for channel in Channel] == ["cleared", "refused", "cleared"]


def test_a_confirmation_counts_from_the_stop_that_asked_for_it() -> None:
    """S4: a second STOP, long after the first, is the one whose five minutes run; too late is never."""
    old_stop = fact(Reason.OPT_OUT, SMS, Scope.sender(OURS), since=AT - 90 * DAY)
    ask = Ask(SMS, Q, sender=OURS, is_confirmation=True)
    assert verdict(ask, old_stop) is Verdict.REFUSED
    assert verdict(dataclasses.replace(ask, requested_at=AT - timedelta(minutes=4)), old_stop) is Verdict.CLEARED
    assert verdict(dataclasses.replace(ask, requested_at=AT - timedelta(minutes=6)), old_stop) is Verdict.REFUSED


# --- Time ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("since", "until", "expected"),
    [
        (AT, None, Verdict.REFUSED),
        (AT + CLOCK_SKEW, None, Verdict.REFUSED),
        (AT + CLOCK_SKEW + timedelta(seconds=1), None, Verdict.CLEARED),
        (AT - DAY, AT, Verdict.CLEARED),
        (AT - DAY, AT + timedelta(seconds=1), Verdict.REFUSED),
    ],
)
def test_a_fact_binds_from_its_start_until_before_its_end(
    since: datetime, until: datetime | None, expected: Verdict
) -> None:
    """E11: an opt-out holds at once; a pause ends by itself; what came later did not bind then."""
    assert verdict(Ask(EMAIL, M), fact(Reason.PAUSED, EMAIL, since=since, until=until)) is expected


def test_waiting_has_an_end() -> None:
    """S8: a text waits for the hour, and is refused where its own end comes first."""
    quiet = fact(Reason.QUIET_HOURS, SMS, until=AT + timedelta(hours=8))
    capped = fact(Reason.FREQUENCY_CAP, SMS, until=AT + timedelta(hours=9))
    waiting = decide(Ask(SMS, M), [quiet, capped], ALL_CONSENTS, AT)
    assert isinstance(waiting, Wait)
    assert (waiting.until, waiting.ends) == (AT + timedelta(hours=9), AT + timedelta(hours=72))
    soon_over = decide(Ask(SMS, M, wait_ends=AT + timedelta(hours=8)), [quiet, capped], ALL_CONSENTS, AT)
    assert isinstance(soon_over, Refused)
    assert {reason.code for reason in soon_over.reasons} == {Reason.QUIET_HOURS, Reason.FREQUENCY_CAP}


def test_waiting_without_a_known_hour_lasts_to_its_end() -> None:
    """S8, X1: nothing is sent for want of knowing when."""
    waiting = decide(Ask(SMS, M), [fact(Reason.QUIET_HOURS, SMS)], ALL_CONSENTS, AT)
    assert isinstance(waiting, Wait)
    assert waiting.until == waiting.ends


@pytest.mark.parametrize(("minutes", "expected"), [(0, "cleared"), (15, "cleared"), (16, "refused")])
def test_a_requested_message_must_have_been_asked_for_just_now(minutes: int, expected: str) -> None:
    """Class Q: asked for within 15 minutes; later it is refused, with a reason of its own."""
    decision = decide(Ask(EMAIL, Q, requested_at=AT - timedelta(minutes=minutes)), [], [], AT)
    assert decision.verdict == expected
    assert [reason.code for reason in decision.reasons] == ([Guard.REQUEST_EXPIRED] if minutes > 15 else [])


# --- Reasons and verdicts --------------------------------------------------------------------------------------------


def test_the_strictest_wins_and_all_reasons_are_told_strictest_first() -> None:
    """G15: N > R > W > Y, and each reason carries its evidence."""
    facts = [
        fact(Reason.QUIET_HOURS, SMS, until=AT + DAY),
        fact(Reason.DEAD_NUMBER, SMS, source=Source.PROVIDER, suppression_id=7),
        fact(Reason.OPT_OUT, SMS, Scope.sender(OURS), suppression_id=8),
        fact(Reason.OPT_OUT, EMAIL),
    ]
    refused = decide(Ask(SMS, S, sender=OURS), facts, [], AT)
    assert isinstance(refused, Refused)
    assert [reason.code for reason in refused.reasons] == [Reason.OPT_OUT, Reason.DEAD_NUMBER, Reason.QUIET_HOURS]
    assert [reason.suppression_id for reason in refused.reasons] == [8, 7, None]
    assert refused.reasons[1].source is Source.PROVIDER
    rerouted = decide(Ask(SMS, S, sender=ANOTHER), facts, [], AT)
    assert isinstance(rerouted, Reroute)
    assert [reason.code for reason in rerouted.reasons] == [Reason.DEAD_NUMBER, Reason.QUIET_HOURS]


def test_a_clearance_lists_nothing_that_does_not_bind() -> None:
    """X2: a cleared message keeps its question and its moment, and no reasons."""
    ask = Ask(EMAIL, S, brand="acme")
    cleared = decide(ask, [fact(Reason.OPT_OUT, EMAIL)], [], AT)
    assert isinstance(cleared, Cleared)
    assert (cleared.ask, cleared.at, cleared.reasons) == (ask, AT, ())


def test_nobody_else_can_make_a_clearance() -> None:
    """X1: the type is the gate; it can be neither made nor altered outside the decision."""
    ask = Ask(EMAIL, S)
    with pytest.raises(TypeError):
        Cleared(ask, AT)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="only the decision"):
        Cleared(ask, AT, seal=object())
    cleared = decide(ask, [], [], AT)
    assert isinstance(cleared, Cleared)
    with pytest.raises(ValueError, match="seal"):
        dataclasses.replace(cleared, ask=Ask(EMAIL, M))
    with pytest.raises(dataclasses.FrozenInstanceError):
        cleared.ask = Ask(EMAIL, M)  # type: ignore[misc]


def test_no_other_module_constructs_a_clearance() -> None:
    """X1: a structure test over the whole package, for the day somebody imports the seal."""
    root = Path(prefcenter.__file__).parent
    makers = {
        path.relative_to(root).as_posix()
        for path in root.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if (isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) == "Cleared")
        or (isinstance(node, ast.Name | ast.alias) and getattr(node, "id", getattr(node, "name", "")) == "_SEAL")
    }
    assert makers == {"core/decision.py"}


# --- Consent in the decision -----------------------------------------------------------------------------------------


def test_no_consent_no_text() -> None:
    """S11: a marketing text without recorded written consent is refused, in the US too."""
    decision = decide(Ask(SMS, M, brand="acme"), [], [], AT)
    assert [(r.code, r.scope, r.since) for r in decision.reasons] == [
        (Reason.CONSENT_MISSING, Scope.brand("acme"), None)
    ]
    plain = Consent(SMS, Scope.brand("acme"), Basis.EXPRESS, AT - DAY)
    assert decide(Ask(SMS, M, brand="acme"), [], [plain], AT).verdict is Verdict.REFUSED
    written = dataclasses.replace(plain, basis=Basis.EXPRESS_WRITTEN)
    assert decide(Ask(SMS, M, brand="acme"), [], [written], AT).verdict is Verdict.CLEARED


@pytest.mark.parametrize(
    ("scope", "ask", "expected"),
    [
        (Scope.everything(), {}, "cleared"),
        (Scope.brand("acme"), {}, "refused"),
        (Scope.brand("acme"), {"brand": "acme", "topic": "offers"}, "cleared"),
        (Scope.brand("acme"), {"brand": "zeta"}, "refused"),
        (Scope.topic("acme", "offers"), {"brand": "acme"}, "refused"),
        (Scope.topic("acme", "offers"), {"brand": "acme", "topic": "offers"}, "cleared"),
        (Scope.topic("acme", "offers"), {"brand": "acme", "topic": "news"}, "refused"),
        (Scope.topic("acme", "offers"), {"topic": "offers"}, "refused"),
        (Scope.sender(OURS), {"brand": "acme", "sender": OURS}, "cleared"),
        (Scope.sender(OURS), {"brand": "acme", "sender": ANOTHER}, "refused"),
        (Scope.sender(OURS), {"brand": "acme"}, "refused"),
    ],
)
def test_a_consent_reaches_no_further_than_it_was_given(scope: Scope, ask: dict[str, Any], expected: str) -> None:
    """G6, S6: unlike a refusal, a yes to a part is no yes to the whole."""
    yes = Consent(SMS, scope, Basis.EXPRESS_WRITTEN, AT - DAY)
    assert decide(Ask(SMS, M, **ask), [], [yes], AT).verdict == expected


def test_consent_moves_neither_to_another_channel_nor_to_another_purpose() -> None:
    """G10, G15: a yes to texts is no yes to mail, and a yes to marketing is none to sharing."""
    yes = Consent(SMS, Scope.everything(), Basis.EXPRESS_WRITTEN, AT - DAY)
    assert decide(Ask(EMAIL, M, country="DE"), [], [yes], AT).verdict is Verdict.REFUSED
    assert decide(Ask(SMS, X), [], [yes], AT).verdict is Verdict.REFUSED
    sharing = dataclasses.replace(yes, purpose=X)
    assert decide(Ask(SMS, X), [], [sharing], AT).verdict is Verdict.CLEARED
    assert decide(Ask(SMS, M), [], [sharing], AT).verdict is Verdict.REFUSED


def test_a_consent_does_not_outweigh_an_opt_out() -> None:
    """E13: only lifting ends an opt-out; a consent on file beside it, even a newer one, does not."""
    yes = Consent(EMAIL, Scope.everything(), Basis.EXPRESS_WRITTEN, AT - DAY / 2)
    assert decide(Ask(EMAIL, M), [fact(Reason.OPT_OUT, EMAIL)], [yes], AT).verdict is Verdict.REFUSED


def test_a_lapsed_consent_is_told_from_one_that_never_was() -> None:
    """G7: Canada's implied consent lapses; the reason says when."""
    bought = Consent(EMAIL, Scope.everything(), Basis.IMPLIED_PURCHASE, datetime(2024, 6, 30, tzinfo=UTC))
    decision = decide(Ask(EMAIL, M, country="CA"), [], [bought], AT)
    assert [(r.code, r.since) for r in decision.reasons] == [
        (Reason.CONSENT_MISSING, datetime(2026, 6, 30, tzinfo=UTC))
    ]


@pytest.mark.parametrize(
    ("use_since", "collected", "agreed", "expected"),
    [
        (None, None, None, "cleared"),
        (1, None, None, "cleared"),
        (2, None, None, "refused"),
        (2, 1, None, "refused"),
        (2, 2, None, "cleared"),
        (2, 1, 2, "cleared"),
        (3, 1, 2, "refused"),
    ],
)
def test_a_new_use_needs_data_or_consent_as_new(
    use_since: int | None, collected: int | None, agreed: int | None, expected: str
) -> None:
    """G16: data collected under an earlier policy is not used for what a later one brought, until its consent."""
    ask = Ask(EMAIL, M, use_since_policy=use_since, collected_under=collected)
    yes = [Consent(EMAIL, Scope.everything(), Basis.EXPRESS, AT - DAY, policy_version=agreed)] if agreed else []
    decision = decide(ask, [], yes, AT)
    assert decision.verdict == expected
    assert {r.code for r in decision.reasons} <= {Reason.POLICY_VERSION}
    assert decide(dataclasses.replace(ask, message_class=S), [], yes, AT).verdict is Verdict.CLEARED


# --- Laws ------------------------------------------------------------------------------------------------------------

BRANDS, TOPICS, SENDERS = ["acme", "zeta"], ["offers", "news"], [OURS, ANOTHER]
moments = st.sampled_from([AT - 40 * DAY, AT - DAY, AT - timedelta(minutes=3), AT, AT + DAY])
scopes = st.one_of(
    st.just(Scope.everything()),
    st.sampled_from(BRANDS).map(Scope.brand),
    st.builds(Scope.topic, st.sampled_from(BRANDS), st.sampled_from(TOPICS)),
    st.sampled_from(SENDERS).map(Scope.sender),
    st.sampled_from(SENDERS).map(Scope.every_sender),
)
maybe_moment = st.none() | moments
spared = st.sets(st.sampled_from([f"{brand}/{topic}" for brand in BRANDS for topic in TOPICS]), min_size=1)
facts = st.builds(
    Fact,
    st.sampled_from(Reason),
    st.sampled_from(Channel),
    scopes | spared.map(Scope.everything().but) | st.sampled_from([Scope.parse("brand_but:acme/offers")]),
    moments,
    maybe_moment,
    st.sampled_from(Source),
    st.none() | st.integers(1, 9),
    st.booleans(),
)
consents = st.builds(
    Consent,
    st.sampled_from(Channel),
    scopes,
    st.sampled_from(Basis),
    moments,
    until=maybe_moment,
    withdrawn_at=maybe_moment,
    policy_version=st.none() | st.integers(1, 3),
    purpose=st.sampled_from([M, X]),
)
refs = st.frozensets(st.sampled_from([f"{brand}/{topic}" for brand in BRANDS for topic in TOPICS]))
asks = st.builds(
    Ask,
    st.sampled_from(Channel),
    st.sampled_from(MessageClass),
    brand=st.none() | st.sampled_from(BRANDS),
    topic=st.none() | st.sampled_from(TOPICS),
    topics=refs,
    sender=st.none() | st.sampled_from(SENDERS),
    urgent=st.booleans(),
    recipient_role=st.sampled_from(Role),
    narrow_bypass=st.booleans(),
    is_confirmation=st.booleans(),
    answers_help=st.booleans(),
    at_deletion=st.booleans(),
    relationship_since=maybe_moment,
    requested_at=maybe_moment,
    country=st.sampled_from(["US", "DE", "GB", "CA", "JP", "ZZ", ""]),
    party=st.sampled_from(Party),
    use_since_policy=st.none() | st.integers(1, 3),
    collected_under=st.none() | st.integers(1, 3),
    wait_ends=maybe_moment,
)


@given(asks, st.lists(facts, max_size=4), facts, st.lists(consents, max_size=3))
def test_adding_a_fact_never_makes_a_verdict_milder(
    ask: Ask, on_file: list[Fact], one_more: Fact, yes: list[Consent]
) -> None:
    """E13, X1: whatever is learnt besides, what was refused stays refused."""
    before, after = decide(ask, on_file, yes, AT), decide(ask, [*on_file, one_more], yes, AT)
    assert STRICTNESS[after.verdict] >= STRICTNESS[before.verdict]


@given(asks, st.lists(facts, max_size=4), st.lists(consents, max_size=3))
def test_deciding_never_raises_and_always_explains(ask: Ask, on_file: list[Fact], yes: list[Consent]) -> None:
    """X1: every combination has an answer; each but a clearance has reasons, sorted, the first as strict as it."""
    decision = decide(ask, on_file, yes, AT)
    ranks = [STRICTNESS[reason.verdict] for reason in decision.reasons]
    assert ranks == sorted(ranks, reverse=True)
    assert bool(decision.reasons) is not isinstance(decision, Cleared)
    if isinstance(decision, Wait):
        assert AT <= decision.until <= decision.ends


@given(asks, st.permutations([Reason.OPT_OUT, Reason.DEAD_NUMBER, Reason.QUIET_HOURS, Reason.MINOR]))
def test_the_order_of_facts_is_nothing(ask: Ask, reasons: list[Reason]) -> None:
    """P11: the same facts give the same answer, reason for reason, in whatever order the store returns them."""
    on_file = [fact(reason, ask.channel) for reason in reasons]
    assert decide(ask, on_file, [], AT) == decide(ask, sorted(on_file, key=lambda f: f.reason), [], AT)


@given(asks, st.sampled_from(Reason), st.sampled_from(BRANDS), st.sampled_from(TOPICS))
def test_a_wider_scope_refuses_at_least_as_much(ask: Ask, reason: Reason, brand: str, topic: str) -> None:
    """E7: all ≥ brand ≥ topic, for every reason and message; every sender ≥ one sender."""

    def strictness(scope: Scope) -> int:
        return STRICTNESS[decide(ask, [fact(reason, ask.channel, scope)], ALL_CONSENTS, AT).verdict]

    assert strictness(Scope.everything()) >= strictness(Scope.brand(brand)) >= strictness(Scope.topic(brand, topic))
    assert strictness(Scope.every_sender("+1999")) >= strictness(Scope.sender(OURS))
    for wide in (Scope.everything(), Scope.brand(brand)):
        assert strictness(wide) >= strictness(wide.but({f"{brand}/{topic}"}))


@given(asks, facts, st.lists(consents, max_size=3))
def test_what_is_over_or_yet_to_come_does_not_count(ask: Ask, one: Fact, yes: list[Consent]) -> None:
    """E11: as if it were not there."""
    over = dataclasses.replace(one, since=AT - 2 * DAY, until=AT)
    to_come = dataclasses.replace(one, since=AT + CLOCK_SKEW + timedelta(seconds=1))
    assert decide(ask, [over, to_come], yes, AT) == decide(ask, [], yes, AT)


@given(asks, st.lists(facts, max_size=3), st.lists(consents, max_size=2), consents)
def test_more_consent_never_refuses_more(ask: Ask, on_file: list[Fact], yes: list[Consent], more: Consent) -> None:
    """G7: a yes never counts against the person who gave it."""
    before, after = decide(ask, on_file, yes, AT), decide(ask, on_file, [*yes, more], AT)
    assert STRICTNESS[after.verdict] <= STRICTNESS[before.verdict]


def test_every_kind_of_scope_is_among_those_tried() -> None:
    """E7, S5: the laws above speak of all scopes."""
    told = {"all", "brand", "topic", "sender", "every_sender", "all_but", "brand_but"}
    assert {kind.value for kind in ScopeKind} == told


@pytest.mark.parametrize(
    ("ask", "refused"),
    [
        ({"brand": "acme", "topic": "offers"}, False),
        ({"brand": "acme", "topic": "news"}, True),
        ({"brand": "beta", "topic": "offers"}, True),
        ({"brand": "acme", "topic": "outlet", "topics": frozenset({"acme/outlet", "acme/offers"})}, True),
        ({"brand": "acme"}, True),
        ({"topic": "offers"}, True),
        ({}, True),
    ],
)
def test_an_opt_out_that_spares_a_topic_lets_nothing_else_through(ask: dict[str, Any], refused: bool) -> None:
    """E13: neither another brand's topic of that name, nor one that came from it, nor marketing in general."""
    scope = Scope.everything().but({"acme/offers"})
    assert covers(scope, Ask(Channel.EMAIL, MessageClass.MARKETING, **ask)) is refused
    of_brand = Scope.brand("acme").but({"acme/offers", "beta/news"})
    is_of_acme = ask.get("brand", "acme") == "acme"
    assert covers(of_brand, Ask(Channel.EMAIL, MessageClass.MARKETING, **ask)) is (refused and is_of_acme)
    assert Scope.parse(str(of_brand)) == of_brand
    assert (of_brand.brand_slug, scope.brand_slug) == ("acme", None)


def test_only_what_is_wider_than_a_topic_can_spare_one() -> None:
    with pytest.raises(ValueError, match="no topics to take out"):
        Scope.sender("+18005550100").but({"acme/offers"})
    assert Scope.brand("acme").but({"beta/news"}) == Scope.brand("acme")
