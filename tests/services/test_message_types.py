"""Message types are registered, not claimed; a service or legal one takes two operators."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from prefcenter import working
from prefcenter.core.channels import Channel, MessageClass, ServiceCategory
from prefcenter.core.errors import BadInput
from prefcenter.services import catalogue, gate, message_types, operators
from prefcenter.services.catalogue import BrandFacts
from prefcenter.services.deciding import question_about_type
from prefcenter.services.errors import AlreadyThere, NotAllowed, NotApproved, UnknownType
from prefcenter.services.message_types import TypeFacts, TypeState, state_of
from prefcenter.services.operators import RoleName
from prefcenter.services.outgoing import Draft, queue
from prefcenter.services.ports import Evidence
from prefcenter.store import outbox, registry
from prefcenter.store.engine import Database
from prefcenter.store.ledger import LedgerEntry
from prefcenter.store.outbox import OutboxMessage
from tests.houses import StillClock, wiring_on

AT = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
LATER = AT + timedelta(hours=1)
ANN = Evidence("ann@example.com")
BOB = Evidence("bob@example.com", personal={"note": "read the template"})
SYSTEM = Evidence("system")


def _brand(database: Database, **facts: Any) -> None:
    with database.write() as session:
        catalogue.add_brand(session, "acme", BrandFacts("Acme", **facts), SYSTEM, at=AT)


MARKETING = TypeFacts("T", MessageClass.MARKETING, Channel.EMAIL)


@pytest.mark.parametrize(
    ("facts", "told"),
    [
        (TypeFacts("T", MessageClass.SERVICE, Channel.EMAIL), "statutory category"),
        (TypeFacts("T", MessageClass.SHARING, Channel.EMAIL), "no message"),
        (TypeFacts("T", MessageClass.LEGAL, Channel.EMAIL, category=ServiceCategory.SAFETY), "no service category"),
        (TypeFacts("T", MessageClass.MARKETING, Channel.SMS, is_urgent=True), "never urgent"),
        (TypeFacts("T", MessageClass.REQUESTED, Channel.EMAIL, fallbacks=(Channel.SMS,)), "never rerouted"),
        (TypeFacts("T", MessageClass.LEGAL, Channel.EMAIL, fallbacks=(Channel.EMAIL,)), "cannot be the fallback"),
        (TypeFacts("T", MessageClass.LEGAL, Channel.EMAIL, topic="offers"), "Only marketing has a topic"),
        (TypeFacts("T", MessageClass.MARKETING, Channel.POST, sender="+14155550100"), "no sender"),
        (TypeFacts("T", MessageClass.MARKETING, Channel.SMS, sender="news@example.com"), "not a phone number"),
        (TypeFacts(" ", MessageClass.MARKETING, Channel.EMAIL), "name is empty"),
        (TypeFacts("a\x00b", MessageClass.MARKETING, Channel.EMAIL), "cannot be shown"),
        (TypeFacts("T", MessageClass.MARKETING, Channel.EMAIL, use_since_policy=0), "count from 1"),
    ],
)
def test_a_type_that_contradicts_itself_is_refused(sqlite_database: Database, facts: TypeFacts, told: str) -> None:
    """E14, S8, X11."""
    _brand(sqlite_database)
    with sqlite_database.write() as session, pytest.raises(BadInput, match=told):
        message_types.add_type(session, "t", facts, ANN, at=AT)


def test_a_type_names_a_topic_that_goes_by_its_channel(sqlite_database: Database) -> None:
    _brand(sqlite_database)
    with sqlite_database.write() as session:
        catalogue.add_topic(session, "letters", name="Letters", channels=[Channel.POST], evidence=ANN, at=AT)
        facts = TypeFacts("T", MessageClass.MARKETING, Channel.EMAIL, topic="letters")
        with pytest.raises(BadInput, match="goes by post"):
            message_types.add_type(session, "t", facts, ANN, at=AT)
        with pytest.raises(UnknownType):
            message_types.add_type(
                session, "t", TypeFacts("T", MARKETING.message_class, Channel.EMAIL, topic="x"), ANN, at=AT
            )


@pytest.mark.parametrize(
    ("channel", "text", "sender"),
    [
        (Channel.SMS, "(415) 555-0100", "+14155550100"),
        (Channel.SMS, "72345", "72345"),
        (Channel.SMS, "MG" + "0" * 32, "MG" + "0" * 32),
        (Channel.EMAIL, "News@Example.com", "news@example.com"),
        (Channel.POST, " ", ""),
    ],
)
def test_a_sender_takes_the_form_that_a_stop_is_found_under(channel: Channel, text: str, sender: str) -> None:
    """S5: a STOP ends everything from that sender."""
    assert message_types.sender_of(channel, text) == sender


RECEIPT = TypeFacts(
    "Receipt",
    MessageClass.SERVICE,
    Channel.EMAIL,
    category=ServiceCategory.TRANSACTION,
    category_reason="Confirms an order, right after it was placed.",
)
RECALL = TypeFacts("Recall", MessageClass.LEGAL, Channel.EMAIL)


def _propose(database: Database, facts: TypeFacts = RECEIPT, evidence: Evidence = ANN) -> None:
    _brand(database)
    with database.write() as session:
        message_types.add_type(session, "it", facts, evidence, at=AT)


def _approve(database: Database, evidence: Evidence) -> bool:
    with database.write() as session:
        return message_types.approve_type(session, "it", evidence, at=LATER)


def _operator(database: Database, email: str, role: RoleName) -> None:
    with database.write() as session:
        operators.add_operator(session, email, [role], "correct horse battery", SYSTEM, at=AT)


def _state(database: Database) -> TypeState:
    with database.read() as session:
        found = registry.type_named(session, "it")
        assert found is not None
        return state_of(found[0])


@pytest.mark.parametrize("facts", [RECEIPT, RECALL])
def test_what_one_operator_proposes_is_sent_only_once_another_approves_it(database: Database, facts: TypeFacts) -> None:
    """E14, X1: proposed, refused with the reason; approved by somebody else, and only then a question to be asked."""
    _propose(database, facts)
    assert _state(database) is TypeState.PROPOSED
    with database.read() as session, pytest.raises(NotApproved, match=r"only proposed.*type approve it"):
        question_about_type(session, "it")
    with pytest.raises(NotAllowed, match="another operator"):
        _approve(database, Evidence("Ann@example.com"))
    assert _state(database) is TypeState.PROPOSED
    assert _approve(database, BOB)
    with database.read() as session:
        assert question_about_type(session, "it").message_class is facts.message_class


def test_the_ledger_tells_who_proposed_and_approved_and_archived(database: Database) -> None:
    """E14, X7: with the category, its reason in words, and who answers for it."""
    _propose(database)
    _approve(database, BOB)
    with database.write() as session:
        message_types.archive_type(session, "it", ANN, at=LATER)
    with database.read() as session:
        entries = list(session.scalars(select(LedgerEntry).order_by(LedgerEntry.id)))[1:]
        told = [(entry.kind, entry.actor, entry.facts) for entry in entries]
    declared = {
        "type": "it",
        "class": "service",
        "channel": "email",
        "category": "transaction",
        "category_reason": "Confirms an order, right after it was placed.",
    }
    assert told == [
        ("type_added", "ann@example.com", declared | {"brand": "acme", "state": "proposed"}),
        ("type_approved", "bob@example.com", declared | {"proposed_by": "ann@example.com"}),
        ("type_archived", "ann@example.com", declared | {"state": "approved"}),
    ]


def test_approving_again_changes_nothing(database: Database) -> None:
    _propose(database)
    assert [_approve(database, BOB), _approve(database, Evidence("eve@example.com"))] == [True, False]
    with database.read() as session:
        found = registry.type_named(session, "it")
        assert found is not None
        assert (found[0].approved_by, found[0].approved_at) == ("bob@example.com", LATER)


def test_the_system_is_nobody_who_could_approve(sqlite_database: Database) -> None:
    """E14: the default actor of a command answers for nothing."""
    _propose(sqlite_database)
    with pytest.raises(NotAllowed, match="by a person"):
        _approve(sqlite_database, SYSTEM)


def test_where_there_are_approvers_one_of_them_must_approve(sqlite_database: Database) -> None:
    """E14: neither an operator without the role, nor a name that nobody knows, nor one who was disabled."""
    _propose(sqlite_database)
    _operator(sqlite_database, "carl@example.com", RoleName.OPERATOR)
    with pytest.raises(NotAllowed, match="role approver"):
        _approve(sqlite_database, Evidence("carl@example.com"))
    for email in ("dora@example.com", "bob@example.com"):
        _operator(sqlite_database, email, RoleName.APPROVER)
    with sqlite_database.write() as session:
        operators.disable_operator(session, "dora@example.com", SYSTEM, at=AT)
    for email in ("dora@example.com", "stranger@example.com"):
        with pytest.raises(NotAllowed, match="role approver"):
            _approve(sqlite_database, Evidence(email))
    assert _approve(sqlite_database, BOB)


def test_the_set_up_needs_no_second_operator_as_long_as_there_is_none(sqlite_database: Database) -> None:
    """E14: and the ledger says that it was the set-up; its reason is then the statute's own words."""
    _propose(
        sqlite_database, TypeFacts("T", MessageClass.SERVICE, Channel.EMAIL, category=ServiceCategory.SAFETY), SYSTEM
    )
    assert _state(sqlite_database) is TypeState.APPROVED
    with sqlite_database.read() as session:
        facts = list(session.scalars(select(LedgerEntry).order_by(LedgerEntry.id)))[-1].facts
    assert facts["set_up"] is True
    assert "recall" in facts["category_reason"]


def test_once_there_are_operators_the_system_only_proposes_too(sqlite_database: Database) -> None:
    """E14: leaving out --as is no way round the second operator."""
    _operator(sqlite_database, "bob@example.com", RoleName.ADMIN)
    _propose(sqlite_database, evidence=SYSTEM)
    assert _state(sqlite_database) is TypeState.PROPOSED
    assert _approve(sqlite_database, BOB)


def test_a_category_is_given_a_reason_in_words(sqlite_database: Database) -> None:
    """E14: whoever approves the type reads why it should be exempt."""
    with pytest.raises(BadInput, match="in words"):
        _propose(sqlite_database, TypeFacts("T", MessageClass.SERVICE, Channel.EMAIL, category=ServiceCategory.ACCOUNT))


def test_marketing_needs_no_approval(sqlite_database: Database) -> None:
    """It reaches nobody who opted out of it."""
    _propose(sqlite_database, TypeFacts("T", MessageClass.MARKETING, Channel.EMAIL))
    assert _state(sqlite_database) is TypeState.APPROVED


@pytest.mark.parametrize("message_class", [MessageClass.LEGAL, MessageClass.REQUESTED])
def test_whatever_reaches_those_who_opted_out_needs_another_operator(
    sqlite_database: Database, message_class: MessageClass
) -> None:
    """E14: a second one looks at it, whatever it is called."""
    _propose(sqlite_database, TypeFacts("T", message_class, Channel.EMAIL))
    assert _state(sqlite_database) is TypeState.PROPOSED


@pytest.mark.parametrize("message_class", [MessageClass.MARKETING, MessageClass.REQUESTED])
def test_an_archived_type_is_unknown_and_its_slug_stays_taken(database: Database, message_class: MessageClass) -> None:
    """X1: what is archived is not sent, and its name never means something else."""
    _propose(database, TypeFacts("T", message_class, Channel.EMAIL))
    with database.write() as session:
        message_types.archive_type(session, "it", ANN, at=LATER)
    with database.write() as session:
        with pytest.raises(UnknownType):
            question_about_type(session, "it")
        with pytest.raises(UnknownType):
            message_types.archive_type(session, "it", ANN, at=LATER)
        with pytest.raises(AlreadyThere):
            message_types.add_type(session, "it", TypeFacts("T", message_class, Channel.EMAIL), ANN, at=LATER)
        assert registry.types(session) == []
        assert [row.slug for row, _, _ in registry.types(session, with_archived=True)] == ["it"]


@pytest.mark.parametrize("own", sorted(gate.OWN_TYPES))
def test_the_names_of_our_own_messages_are_taken(sqlite_database: Database, own: str) -> None:
    """S4: nobody else's message may pass as the one confirmation of a STOP."""
    _brand(sqlite_database)
    with sqlite_database.write() as session, pytest.raises(BadInput, match="the product's own"):
        message_types.add_type(session, own, TypeFacts("T", MessageClass.REQUESTED, Channel.SMS), ANN, at=AT)


def test_service_and_marketing_types_do_not_share_an_address(sqlite_database: Database) -> None:
    """E10."""
    _brand(sqlite_database, marketing_from="news@acme.example", service_from="care@acme.example")
    with sqlite_database.write() as session:
        for facts in (
            TypeFacts("T", MessageClass.LEGAL, Channel.EMAIL, sender="News@acme.example"),
            TypeFacts("T", MessageClass.MARKETING, Channel.EMAIL, sender="care@acme.example"),
        ):
            with pytest.raises(BadInput, match="who filters the one"):
                message_types.add_type(session, "t", facts, ANN, at=AT)


@pytest.mark.parametrize(
    ("message_class", "state", "why"),
    [
        (MessageClass.SERVICE, TypeState.PROPOSED, "type_not_approved"),
        (MessageClass.REQUESTED, TypeState.ARCHIVED, "unknown_type"),
        (MessageClass.MARKETING, TypeState.ARCHIVED, "unknown_type"),
    ],
)
def test_the_gate_refuses_what_is_only_proposed_or_was_archived(
    database: Database, tmp_path: Path, message_class: MessageClass, state: TypeState, why: str
) -> None:
    """X1, E14: whatever got into the outbox before, or past the other doors; and nothing reaches a sender."""
    wiring = wiring_on(database, tmp_path, StillClock(AT))
    wiring.adopt_keys()
    _propose(
        database, RECEIPT if message_class is MessageClass.SERVICE else TypeFacts("T", message_class, Channel.EMAIL)
    )
    draft = Draft(Channel.EMAIL, message_class, "it", wiring.points.email("jane@example.com"), "Hello", "Hello")
    with database.write() as session:
        number = queue(session, draft, at=AT).id
        session.commit()
        if state is TypeState.ARCHIVED:
            message_types.archive_type(session, "it", ANN, at=AT)
    working.send_due(wiring)
    with database.read() as session:
        row = session.get_one(OutboxMessage, number)
        assert (row.state, row.why) == ("refused", [why])
        assert outbox.sandbox_messages(session) == []
