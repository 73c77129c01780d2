from __future__ import annotations

import pytest

from prefcenter.core.channels import EVERYWHERE_REASONS, Channel, MessageClass, Reason, Verdict
from prefcenter.core.policy import MARKETING_ONLY, OPT_OUT, POLICY_VERSION, TABLE, Cell, Condition, cell

EVERY_ROW = [*TABLE.values(), *OPT_OUT.values()]


def test_the_table_has_a_cell_for_every_reason_channel_and_class() -> None:
    """X1: nothing is left to chance; ``opt_out`` has a row for each channel, every other reason has one."""
    assert set(TABLE) | {Reason.OPT_OUT} == set(Reason)
    assert Reason.OPT_OUT not in TABLE
    assert set(OPT_OUT) == set(Channel)
    assert all(set(row) == set(MessageClass) for row in EVERY_ROW)


def test_every_condition_is_used() -> None:
    """X1: a condition that no cell names would be a rule that nobody keeps."""
    assert {spoken.condition for row in EVERY_ROW for spoken in row.values()} == {None, *Condition}


def test_the_rows_that_say_everywhere_are_those_that_the_vocabulary_names() -> None:
    """G15: the store fetches these reasons from all channels, so the two lists must agree."""
    everywhere = {reason for reason, row in TABLE.items() if any(spoken.everywhere for spoken in row.values())}
    assert everywhere == EVERYWHERE_REASONS


def test_no_row_lets_marketing_through_but_the_one_about_sharing() -> None:
    """G1: every reason on file speaks against marketing, except a refusal of sharing alone."""
    mild = {reason for reason, row in TABLE.items() if row[MessageClass.MARKETING].verdict is Verdict.CLEARED}
    assert mild == {Reason.NO_SHARING}


def test_an_unknown_reason_or_channel_refuses_marketing_and_sharing() -> None:
    """X1: fails closed; what a later version wrote into the store is not understood, and so no marketing goes."""
    for reason, channel in [("new_reason", Channel.EMAIL), (Reason.OPT_OUT, "voice")]:
        verdicts = {kind: cell(reason, channel, kind).verdict for kind in MessageClass}  # type: ignore[arg-type]
        assert verdicts == {kind: spoken.verdict for kind, spoken in MARKETING_ONLY.items()}
    assert cell(Reason.PAUSED, Channel.SMS, "new_class").verdict is Verdict.REFUSED  # type: ignore[arg-type]


def test_a_condition_without_its_other_verdict_is_no_cell() -> None:
    """X1: half a condition would be decided by accident."""
    with pytest.raises(ValueError, match="come together"):
        Cell(Verdict.CLEARED, condition=Condition.TO_PARENT)


def test_the_policy_has_a_version() -> None:
    """P11: manifests name the version that they were made under."""
    assert POLICY_VERSION >= 1
