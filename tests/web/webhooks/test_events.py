"""What providers tell of our messages becomes facts on the list and states of messages, and never the other way."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from prefcenter import working
from prefcenter.core.channels import Channel, MessageClass, Reason, Scope, Source
from prefcenter.services import batches, complaints, optouts
from prefcenter.services.batches import SETTLED_AT_ONCE
from prefcenter.services.deciding import decide_all, question_about_class
from prefcenter.services.ports import Evidence
from prefcenter.services.suppressing import OptOut
from prefcenter.store.consents import ConsentRecord
from prefcenter.store.events import EventBatch, ProviderEvent
from prefcenter.store.inbound import InboundMessage
from prefcenter.store.ledger import LedgerEntry
from prefcenter.store.outbox import OutboxMessage
from prefcenter.store.provider_lists import ProviderList
from prefcenter.store.reviews import Review
from prefcenter.store.suppressions import Suppression
from tests.sent_messages import message_to, put_out, states

EVENTS, STATUS = "/webhooks/sendgrid/events", "/webhooks/twilio/status"
SERVICE_NUMBER = "+14155550199"
on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def post(house: Any, events: Sequence[Any] | bytes) -> int:
    """Post a batch as SendGrid does; returns the status."""
    raw = events if isinstance(events, bytes) else json.dumps(events).encode()
    headers = house.signed("sendgrid", EVENTS, raw)
    return int(house.client.post(EVENTS, data=raw, content_type="application/json", headers=headers).status_code)


def post_status(house: Any, name: str = "SM1", status: str = "undelivered", code: str = "", **more: str) -> int:
    """Post a status as Twilio does."""
    from urllib.parse import urlencode

    values = {"MessageSid": name, "MessageStatus": status, "To": "+14155550100", "From": SERVICE_NUMBER, **more}
    raw = urlencode(values | ({"ErrorCode": code} if code else {})).encode()
    headers = house.signed("twilio", STATUS, raw)
    kind = "application/x-www-form-urlencoded"
    return int(house.client.post(STATUS, data=raw, content_type=kind, headers=headers).status_code)


def event(kind: str, address: str = "jane@example.com", **more: Any) -> dict[str, Any]:
    """One of SendGrid's events."""
    told = {"email": address, "timestamp": 1772463600, "event": kind, "sg_event_id": f"{kind}-{address}"}
    return {**told, **({"type": "bounce", "status": "5.1.1"} if kind == "bounce" else {}), **more}


def listed(house: Any) -> list[tuple[str, str, str]]:
    """The entries in force: address, reason, scope."""
    from prefcenter.store.suppressions import addresses_of

    rows = [row for row in house.rows(Suppression) if row.ended_at is None]
    with house.wiring.database.read() as session:
        given = addresses_of(session, [row.id for row in rows])
    return sorted((given[row.id]["address"].partition("@")[0], row.reason, row.scope) for row in rows)


def test_each_kind_of_event_says_what_it_says(house: Any) -> None:
    """X5, X10: a bounce is no opt-out, a soft failure is nothing, and a resubscription lifts nothing."""
    assert post(house, house.payload("sendgrid/events/every-kind.json")) == 200
    assert listed(house) == [
        ("bounce", "hard_bounce", "all"),
        ("dropped-bounced", "hard_bounce", "all"),
        ("dropped-complained", "complaint", "all"),
        ("dropped-invalid", "hard_bounce", "all"),
        ("dropped-unsubscribed", "opt_out", "all"),
        ("group-unsubscribe", "opt_out", "all"),
        ("spamreport", "complaint", "all"),
        ("unsubscribe", "opt_out", "all"),
    ]
    [batch] = house.rows(EventBatch)
    assert (batch.events, batch.facts, batch.malformed) == (18, 8, 0)
    assert {row.batch for row in house.rows(Suppression)} == {f"sendgrid-{batch.inbound_id}"}


def test_malformed_events_lose_no_others_and_are_shown_to_a_person(house: Any) -> None:
    """X5."""
    assert post(house, house.payload("sendgrid/events/some-malformed.json")) == 200
    assert listed(house) == [
        ("jane", "complaint", "all"),
        ("jim", "hard_bounce", "all"),
        ("joe", "opt_out", "all"),
    ]
    [batch], [review] = house.rows(EventBatch), house.rows(Review)
    assert (batch.events, batch.malformed) == (8, 5)
    assert review.kind == "events"
    assert review.inbound_id == batch.inbound_id
    assert review.understood["places"] == [1, 4, 5]


@on_sqlite
@pytest.mark.parametrize("raw", [b"", b"{", b"17", b'"x"', b"\xff\xfe", b"null", b"[" * 5000])
def test_a_signed_call_that_cannot_be_read_is_kept_for_a_person(house: Any, raw: bytes) -> None:
    """X5: trying again would not help, so it is acknowledged."""
    assert post(house, raw) == 200
    [row], [review] = house.rows(InboundMessage), house.rows(Review)
    assert (row.raw, row.outcome, review.kind) == (raw, "review", "unreadable")


@on_sqlite
def test_an_empty_batch_is_nothing(house: Any) -> None:
    assert post(house, []) == 200
    assert [batch.events for batch in house.rows(EventBatch)] == [0]


def test_an_event_holds_from_the_next_decision_on(house: Any) -> None:
    """E11: without any worker in between; what is queued is brought back to its decision."""
    points = house.wiring.points
    later = house.clock() + timedelta(days=2)
    put_out(house.wiring.database, message_to(points, "jane@example.com", state="queued", sent_at=None, due_at=later))
    assert post(house, [event("spamreport")]) == 200
    with house.wiring.database.read() as session:
        question = question_about_class(session, MessageClass.MARKETING, brand="acme")
        [said] = decide_all(
            session, house.wiring.keyring, question, [points.email("Jane@Example.com")], at=house.clock()
        )
    assert [reason.code for reason in said.reasons] == [Reason.COMPLAINT]
    [row] = house.rows(OutboxMessage)
    assert row.due_at == house.clock()


def test_a_late_repetition_does_not_undo_what_the_person_did_since(house: Any) -> None:
    """X5, E13: the provider tells an event again for a day; it is one event, and the person's yes came after it."""
    assert post(house, [event("unsubscribe")]) == 200
    with house.wiring.database.write() as session:
        point = house.wiring.points.email("jane@example.com")
        optouts.lift(session, point, Reason.OPT_OUT, Evidence("recipient", personal={"by": "mail"}), at=house.clock())
    assert post(house, [event("open"), event("unsubscribe")]) == 200
    assert listed(house) == []
    assert post(house, [event("unsubscribe", sg_event_id="another")]) == 200
    assert listed(house) == [("jane", "opt_out", "all")]


def test_leaving_a_group_ends_the_brand_of_the_message(house: Any) -> None:
    points = house.wiring.points
    [number] = put_out(house.wiring.database, message_to(points, "jane@example.com"))
    assert post(house, [event("group_unsubscribe", asm_group_id=7, pc_message=str(number))]) == 200
    assert listed(house) == [("jane", "opt_out", "brand:acme")]
    assert states(house.wiring.database) == ["delivered"]


def test_events_resolve_what_may_have_left_and_say_so_in_the_ledger(house: Any) -> None:
    """X2: unknown is resolved by events, never by sending twice."""
    points, database = house.wiring.points, house.wiring.database
    unknown = {"state": "unknown", "sent_at": None}
    numbers = put_out(database, *(message_to(points, f"p{n}@example.com", **unknown) for n in range(4)))
    kinds = ("processed", "delivered", "bounce", "deferred")
    told = [event(kind, f"p{n}@example.com", pc_message=str(numbers[n])) for n, kind in enumerate(kinds)]
    assert post(house, told) == 200
    assert states(database) == ["sent", "delivered", "failed", "unknown"]
    entries = [row for row in house.rows(LedgerEntry) if row.kind == "delivery"]
    assert [(row.facts["message"], row.facts["was"], row.facts["state"]) for row in entries] == [
        (numbers[0], "unknown", "sent"),
        (numbers[1], "unknown", "delivered"),
        (numbers[2], "unknown", "failed"),
    ]


@on_sqlite
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_order_and_duplicates_make_no_difference(open_house: Any, data: st.DataObject) -> None:
    """X5: in whatever order, as often and in whatever batches the same events come, they leave the same behind."""
    house = open_house()
    points, database = house.wiring.points, house.wiring.database
    [number] = put_out(database, message_to(points, "jane@example.com", state="unknown"))
    kinds = ("processed", "delivered", "bounce", "spamreport", "unsubscribe")
    # Each example has ids of its own: the database is the same for all of them.
    told = [event(kind, pc_message=number, sg_event_id=f"{kind}-{number}") for kind in kinds]
    shuffled = data.draw(st.permutations([*told, *told]))
    cut = data.draw(st.integers(0, len(shuffled)))
    assert post(house, shuffled[:cut]) == post(house, shuffled[cut:]) == 200
    assert states(database)[-1] == "failed"
    assert [reason for _, reason, _ in listed(house)] == ["complaint", "hard_bounce", "opt_out"]
    assert len([row for row in house.rows(ProviderEvent) if row.message_id == number]) == len(kinds)


def test_an_event_about_an_unknown_message_makes_its_fact_and_is_noted(house: Any) -> None:
    assert post(house, [event("bounce", pc_message="4711"), event("delivered", "joe@example.com")]) == 200
    assert listed(house) == [("jane", "hard_bounce", "all")]
    noted = [(row.kind, row.message_id, row.settled_at) for row in house.rows(ProviderEvent)]
    assert sorted(noted, key=str) == [("bounced", 4711, None), ("delivered", None, None)]


def test_an_event_that_names_somebody_elses_message_moves_nothing(house: Any) -> None:
    """The address counts: a number that another tool on the same account made up says nothing of ours."""
    [number] = put_out(house.wiring.database, message_to(house.wiring.points, "jane@example.com"))
    assert post(house, [event("bounce", "eve@example.com", pc_message=number)]) == 200
    house.clock.at += timedelta(minutes=1)
    working.match_events(house.wiring)
    assert states(house.wiring.database) == ["sent"]
    assert listed(house) == [("eve", "hard_bounce", "all")]


def test_an_event_that_comes_while_its_message_is_being_sent_waits_for_it(house: Any) -> None:
    """X2: the dispatcher's own word comes first."""
    database = house.wiring.database
    [number] = put_out(database, message_to(house.wiring.points, "jane@example.com", state="sending"))
    assert post(house, [event("delivered", pc_message=number)]) == 200
    working.match_events(house.wiring)
    assert states(database) == ["sending"]
    with database.write() as session:
        session.get_one(OutboxMessage, number).state = "sent"
        session.commit()
    assert working.match_events(house.wiring) == 1
    assert states(database) == ["delivered"]
    assert working.match_events(house.wiring) == 0


@on_sqlite
def test_leaving_a_group_ends_what_the_group_was_said_to_mean(house: Any) -> None:
    """E7: only that; of a group that nobody spoke of, more."""
    meant = ProviderList(provider="sendgrid", list="group:14", scope="topic:acme/offers", created_at=house.clock())
    with house.wiring.database.write() as session:
        session.add(meant)
        session.commit()
    told = [event("group_unsubscribe", asm_group_id=14), event("group_unsubscribe", "joe@example.com", asm_group_id=15)]
    assert post(house, told) == 200
    assert listed(house) == [("jane", "opt_out", "topic:acme/offers"), ("joe", "opt_out", "all")]


@pytest.mark.parametrize(
    "changes",
    [
        {"created_at": timedelta(minutes=1)},
        {"to": "eve@example.com"},
        {"channel": "sms", "to": "+14155550100"},
        {"to": None, "digest": b"somebody else's."},
    ],
)
@pytest.mark.parametrize("is_late", [True, False])
def test_an_event_of_another_installation_settles_no_message_of_ours(
    house: Any, changes: dict[str, Any], is_late: bool
) -> None:
    """X2: one behind the same account counts from 1 as well; a later message, channel or recipient is not meant."""
    database, points = house.wiring.database, house.wiring.points
    if "created_at" in changes:
        changes = {"created_at": house.clock() + changes["created_at"]}
    if changes.get("to"):
        changes = {**changes, "digest": points.parse(Channel(changes.get("channel", "email")), changes["to"]).digest}

    def put() -> None:
        put_out(database, message_to(points, "jane@example.com", state="unknown", id=17, **changes))

    if not is_late:
        put()
    assert post(house, [event("delivered", pc_message="17")]) == 200
    if is_late:
        put()
    house.clock.at += timedelta(minutes=2)
    working.match_events(house.wiring)
    assert states(database) == ["unknown"]


def test_an_event_finds_its_message_although_the_address_was_erased(house: Any) -> None:
    """G3: the digest tells whom it was to."""
    database = house.wiring.database
    [number] = put_out(database, message_to(house.wiring.points, "jane@example.com", to=None))
    assert post(house, [event("delivered", pc_message=number)]) == 200
    assert states(database) == ["delivered"]


def test_a_long_batch_has_its_facts_at_once_and_its_states_from_the_worker(house: Any) -> None:
    """E11, X5: what refuses is there before the 2xx; the states follow."""
    database, points = house.wiring.database, house.wiring.points
    count = SETTLED_AT_ONCE + 20
    numbers = put_out(database, *(message_to(points, f"p{n}@example.com") for n in range(count)))
    told = [event("delivered", f"p{n}@example.com", pc_message=str(number)) for n, number in enumerate(numbers)]
    assert post(house, [*told, event("spamreport", "p7@example.com", pc_message=numbers[7])]) == 200
    assert listed(house) == [("p7", "complaint", "all")]
    assert set(states(database)) == {"sent"}
    assert working.settle_events(house.wiring) == 1
    assert set(states(database)) == {"delivered"}
    assert working.settle_events(house.wiring) == 0
    with database.read() as session:
        assert complaints.rate_of(session, "acme", at=house.clock()).delivered == count


def test_a_long_batch_that_cannot_be_worked_off_holds_up_no_other(house: Any) -> None:
    """X5: the oldest is tried first, and again later."""
    for name in ("first", "second"):
        told = [
            event("delivered", f"{name}{n}@example.com", sg_event_id=f"{name}{n}") for n in range(SETTLED_AT_ONCE + 1)
        ]
        assert post(house, told) == 200
    wiring = house.wiring
    [oldest, _] = sorted(row.inbound_id for row in house.rows(EventBatch))

    def failing(row: InboundMessage, states: Any) -> Any:
        if row.id == oldest:
            raise ValueError("It cannot be read.")
        return wiring.event_readers[row.provider][1](row, states)

    readers = {name: (whose, failing) for name, (whose, _) in wiring.event_readers.items()}
    at = house.clock() + timedelta(minutes=1)
    assert batches.settle_open(wiring.database, wiring.points, readers, at=at) == 1
    assert batches.settle_open(wiring.database, wiring.points, wiring.event_readers, at=at) == 1
    assert working.settle_events(wiring) == 0


def test_what_was_only_stored_before_becomes_facts(house: Any) -> None:
    """A call that was kept and not worked off, as by the version before this one, is taken by the worker."""
    raw = house.payload("sendgrid/events.json")
    with house.wiring.database.write() as session:
        session.add(
            InboundMessage(
                provider="sendgrid-events",
                provider_id="old",
                content_type="application/json",
                raw=raw,
                envelope={},
                received_at=house.clock() - timedelta(days=20),
                state="received",
                problem="",
            )
        )
        session.commit()
    assert working.finish_leftovers(house.wiring) == 1
    assert listed(house) == [("joe", "hard_bounce", "all")]


def test_a_provider_s_event_never_ends_nor_changes_the_person_s_own_act(house: Any) -> None:
    """E13, X10: two reasons stand beside each other."""
    with house.wiring.database.write() as session:
        point = house.wiring.points.email("jane@example.com")
        click = OptOut(Reason.OPT_OUT, Scope.brand("acme"), Source.ONE_CLICK)
        optouts.record(session, house.wiring.points, point, click, Evidence("recipient"), at=house.clock())
    assert post(house, [event("bounce"), event("group_resubscribe"), event("delivered")]) == 200
    assert listed(house) == [("jane", "hard_bounce", "all"), ("jane", "opt_out", "brand:acme")]


@pytest.mark.parametrize(
    ("status", "code", "left"),
    [
        ("undelivered", "30005", [("dead_number", "all")]),
        ("undelivered", "30006", [("dead_number", "all")]),
        ("failed", "21211", [("dead_number", "all")]),
        ("failed", "21614", [("dead_number", "all")]),
        ("failed", "21610", [("opt_out", f"sender:{SERVICE_NUMBER}")]),
        ("undelivered", "63014", [("opt_out", f"sender:{SERVICE_NUMBER}")]),
        ("undelivered", "30003", []),
        ("undelivered", "30008", []),
        ("undelivered", "30007", []),
        ("undelivered", "", []),
        ("undelivered", "no code", []),
        ("delivered", "", []),
        ("a status of tomorrow", "30005", []),
    ],
)
@on_sqlite
def test_a_status_says_of_the_number_what_its_code_says(
    house: Any, status: str, code: str, left: list[tuple[str, str]]
) -> None:
    """S10: unsubscribed and dead numbers become facts, soft failures don't."""
    assert post_status(house, status=status, code=code) == 200
    assert [(reason, scope) for _, reason, scope in listed(house)] == left


def test_recorded_statuses_are_read(house: Any) -> None:
    """S10: on both databases."""
    for name in ("status-unreachable", "status-stopped", "status-delivered"):
        raw = house.payload(f"twilio/{name}.form")
        headers = house.signed("twilio", STATUS, raw)
        kind = "application/x-www-form-urlencoded"
        assert house.client.post(STATUS, data=raw, content_type=kind, headers=headers).status_code == 200
    reasons = [(row.reason, row.batch) for row in house.rows(Suppression)]
    assert reasons == [("dead_number", "twilio-30005-20260302"), ("opt_out", "twilio-21610-20260302")]


def test_a_dead_number_takes_its_consents_with_it(house: Any) -> None:
    """S10: whoever has the number next has consented to nothing."""
    point = house.wiring.points.phone("+14155550100")
    with house.wiring.database.write() as session:
        session.add(
            ConsentRecord(
                channel=Channel.SMS.value,
                digest=point.digest,
                pepper_id=point.pepper_id or "",
                purpose="marketing",
                scope="all",
                basis="express_written",
                since=house.clock() - timedelta(days=9),
                source="preference_page",
                wording="Yes",
                wording_version="",
                language="",
                evidence={},
                policy_version=1,
                confirmed_at=house.clock() - timedelta(days=9),
            )
        )
        session.commit()
    assert post_status(house, code="30005") == 200
    assert [row.withdrawn_at for row in house.rows(ConsentRecord)] == [house.clock()]


def test_statuses_out_of_order_leave_the_furthest_state(house: Any) -> None:
    """X5."""
    database = house.wiring.database
    put_out(database, message_to(house.wiring.points, "+14155550100", state="sent", provider_id="SM1"))
    for status in ("delivered", "sent", "queued", "delivered", "sending"):
        assert post_status(house, status=status) == 200
    assert states(database) == ["delivered"]


def test_a_status_that_comes_before_its_sid_is_on_file_is_matched_later(house: Any) -> None:
    database = house.wiring.database
    [number] = put_out(database, message_to(house.wiring.points, "+14155550100", state="sending"))
    assert post_status(house, status="delivered") == 200
    with database.write() as session:
        row = session.get_one(OutboxMessage, number)
        row.state, row.provider_id = "sent", "SM1"
        session.commit()
    assert working.match_events(house.wiring) == 1
    assert states(database) == ["delivered"]


def test_a_text_whose_fate_is_unknown_is_resolved_by_the_number_in_the_address(house: Any) -> None:
    """X2: after a time-out its SID was never told to us."""
    from urllib.parse import urlencode

    database = house.wiring.database
    [number] = put_out(database, message_to(house.wiring.points, "+14155550100", state="unknown"))
    path = f"{STATUS}?pc_message={number}"
    raw = urlencode({"MessageSid": "SM9", "MessageStatus": "sent", "To": "+14155550100"}).encode()
    kind = "application/x-www-form-urlencoded"
    headers = house.signed("twilio", path, raw)
    assert house.client.post(path, data=raw, content_type=kind, headers=headers).status_code == 200
    [row] = house.rows(OutboxMessage)
    assert (row.state, row.provider_id) == ("sent", "SM9")


@on_sqlite
def test_texts_that_are_blocked_again_and_again_are_shown_to_a_person(house: Any) -> None:
    for number in range(5):
        assert post_status(house, name=f"SM{number}", code="30004") == 200
    [review] = house.rows(Review)
    assert review.kind == "blocked_number"
    assert listed(house) == []


@on_sqlite
def test_a_stop_of_a_sender_that_we_do_not_know_counts_for_every_sender(house: Any) -> None:
    """S5."""
    assert post_status(house, code="21610", From="+19995550000") == 200
    assert [scope for _, _, scope in listed(house)] == ["every_sender:+19995550000"]
