"""The list holds what the ledger says: nobody is taken off it by hand unseen (X7, E13)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import text

from prefcenter.core.channels import Channel, Reason, Scope, Source
from prefcenter.core.tokens import SigningKeys
from prefcenter.services import optouts, sealing
from prefcenter.services.points import Points
from prefcenter.services.ports import Evidence
from prefcenter.services.sealing import Fault, LedgerKeys
from prefcenter.services.suppressing import OptOut
from prefcenter.store.engine import Database

AT = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
KEYS = LedgerKeys(SigningKeys(["the signing key of this ledger"]))


@pytest.fixture
def listed(database: Database, points: Points) -> Database:
    """Three opt-outs, of which the first was lifted; the third is on the list by a token only."""
    for number in range(3):
        point = points.email(f"p{number}@example.com")
        with database.write() as session:
            opt_out = OptOut(Reason.OPT_OUT, Scope.brand("acme"), Source.ONE_CLICK)
            optouts.record(session, points, point, opt_out, Evidence("recipient"), at=AT)
    with database.write() as session:
        optouts.lift(session, points.email("p0@example.com"), Reason.OPT_OUT, Evidence("recipient"), at=AT)
    with database.write() as session:
        sealing.seal(session, KEYS, at=AT)
    return database


def fault(database: Database, *statements: str, **values: Any) -> Fault | None:
    with database.write() as session:
        for statement in statements:
            session.execute(text(statement), values)
        session.commit()
    with database.read() as session:
        return sealing.verify(session, KEYS).fault


def test_a_list_that_only_its_own_use_cases_wrote_agrees(listed: Database) -> None:
    assert fault(listed) is None


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("UPDATE suppressions SET ended_at = recorded_at WHERE id = 2", "Suppression 2 was taken off the list"),
        ("UPDATE suppressions SET scope = 'brand:other' WHERE id = 3", "Suppression 3 has another scope"),
        ("UPDATE suppressions SET reason = 'paused' WHERE id = 2", "Suppression 2 has another reason"),
        ("DELETE FROM suppression_keys WHERE suppression_id = 3", "Suppression 3 has lost its keys"),
        ("UPDATE suppressions SET ended_at = NULL WHERE id = 1", "Suppression 1 is on the list"),
    ],
)
def test_an_opt_out_changed_by_hand_is_found_and_named(listed: Database, statement: str, told: str) -> None:
    found = fault(listed, statement)
    assert found is not None
    assert found.what.startswith(told)


def test_an_opt_out_moved_to_somebody_else_is_found(listed: Database, points: Points) -> None:
    digest = points.email("somebody@example.com").digest
    found = fault(listed, "UPDATE suppressions SET digest = :digest WHERE id = 2", digest=digest)
    assert found is not None
    assert "another contact point" in found.what
    assert points.email("somebody@example.com").channel is Channel.EMAIL


def test_a_deleted_opt_out_is_found(listed: Database) -> None:
    found = fault(
        listed,
        "DELETE FROM suppression_addresses WHERE suppression_id = 2",
        "DELETE FROM suppression_keys WHERE suppression_id = 2",
        "DELETE FROM suppressions WHERE id = 2",
    )
    assert found is not None
    assert found.what.startswith("Suppression 2 was taken off the list")


def test_opt_outs_that_come_during_the_check_raise_no_alarm(
    listed: Database, points: Points, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The ledger is read first and the list after it: both as of the same moment."""
    from prefcenter.services import list_audit

    audit = list_audit.first_difference

    def meanwhile(session: Any) -> Any:
        with listed.write() as other:
            late = points.email("late@example.com")
            opt_out = OptOut(Reason.OPT_OUT, Scope.everything(), Source.ONE_CLICK)
            optouts.record(other, points, late, opt_out, Evidence("recipient"), at=AT)
        return audit(session)

    monkeypatch.setattr(list_audit, "first_difference", meanwhile)
    with listed.read() as session:
        assert sealing.verify(session, KEYS).is_whole
