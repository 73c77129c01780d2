"""How far a message has come, in whatever order its events come."""

from __future__ import annotations

from functools import reduce
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prefcenter.core.progress import advanced

TOLD = ("scheduled", "sent", "canceled", "delivered", "failed")


@pytest.mark.parametrize("began", ["queued", "waiting", "unknown", "sent"])
def test_a_delivery_told_after_a_bounce_changes_nothing(began: str) -> None:
    """X5: events come out of order."""
    assert {reduce(advanced, order, began) for order in permutations(("sent", "delivered", "failed"))} == {"failed"}


@given(st.sampled_from(["queued", "unknown", "sent"]), st.lists(st.sampled_from(TOLD), max_size=6), st.randoms())
def test_order_and_duplicates_make_no_difference(began: str, told: list[str], random: object) -> None:
    """X5."""
    shuffled = [*told, *told]
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert reduce(advanced, shuffled, began) == reduce(advanced, told, began)


@pytest.mark.parametrize("state", ["refused", "sending", "rerouted", "a state of tomorrow"])
@pytest.mark.parametrize("told", [*TOLD, "nonsense"])
def test_what_was_decided_or_is_being_sent_is_left_alone(state: str, told: str) -> None:
    assert advanced(state, told) == state
