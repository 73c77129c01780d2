"""SendGrid's events in our own words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prefcenter.providers import sendgrid_events
from prefcenter.services.batches import HELD_BACK
from prefcenter.services.event_facts import STATE_OF, EventKind, Told
from prefcenter.store.inbound import InboundMessage

EVENTS = Path(__file__).parents[1] / "payloads" / "sendgrid" / "events"
EVENT: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {
        "event": st.sampled_from(["processed", "delivered", "open", "bounce", "dropped", "spamreport", "unsubscribe"]),
        "email": st.sampled_from(["jane@example.com", "joe@example.com", ""]),
        "sg_event_id": st.text(max_size=8),
    },
    optional={
        "type": st.sampled_from(["bounce", "blocked", None, 7]),
        "status": st.sampled_from(["5.1.1", "4.2.2", "5.2.2", None, 5.1, {}]),
        "reason": st.sampled_from(["Invalid", "Bounced Address", "", None, []]),
        "timestamp": st.one_of(st.none(), st.integers(), st.floats(allow_nan=False), st.text(max_size=4)),
        "pc_message": st.one_of(st.integers(), st.text(max_size=25), st.none()),
        "sg_message_id": st.one_of(st.text(max_size=140), st.integers()),
    },
)


def read(raw: bytes, kinds: frozenset[EventKind]) -> tuple[list[Told], int, tuple[int, ...]]:
    batch = sendgrid_events.read(InboundMessage(raw=raw), kinds)
    assert not batch.problem
    return list(batch.told), batch.total, batch.malformed


@given(st.lists(EVENT, max_size=6))
def test_a_glance_finds_what_reading_all_of_it_finds(events: list[dict[str, Any]]) -> None:
    """X5: the quick way that the provider waits for must not miss what refuses."""
    raw = json.dumps(events).encode()
    told, total, malformed = read(raw, frozenset(STATE_OF) | HELD_BACK)
    assert read(raw, HELD_BACK) == ([each for each in told if each.kind in HELD_BACK], total, malformed)


@given(st.lists(st.one_of(EVENT, st.none(), st.integers(), st.dictionaries(st.text(), st.text())), max_size=6))
def test_nothing_in_a_list_stops_the_others(events: list[Any]) -> None:
    """X5."""
    raw = json.dumps(events).encode()
    whole = [event for event in events if isinstance(event, dict) and event.get("event")]
    told, total, malformed = read(raw, HELD_BACK)
    assert total == len(events)
    assert len(malformed) == len(events) - len(whole)
    assert [each.kind for each in told] == [
        kind for event in whole if (kind := sendgrid_events.kind_of(event)) in HELD_BACK
    ]


@pytest.mark.parametrize("name", ["every-kind", "some-malformed"])
def test_recorded_batches_are_read_alike_by_both_ways(name: str) -> None:
    raw = (EVENTS / f"{name}.json").read_bytes()
    told, _, malformed = read(raw, frozenset(STATE_OF))
    assert read(raw, HELD_BACK)[0] == [each for each in told if each.kind in HELD_BACK]
    assert read(raw, HELD_BACK)[2] == malformed


def test_what_tells_of_people_stays_out_of_the_detail() -> None:
    """X8: a status that is words may quote the address."""
    raw = json.dumps([{"event": "bounce", "email": "a@example.com", "status": "550 no a@example.com"}]).encode()
    [told] = read(raw, HELD_BACK)[0]
    assert told.detail == ""
