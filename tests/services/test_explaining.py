"""Explaining what is on file, as of now or then."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from prefcenter.core.channels import Channel, MessageClass, Reason, Scope, Source, Verdict
from prefcenter.services import optouts
from prefcenter.services.explaining import explain
from prefcenter.services.links import make_known
from prefcenter.services.points import Points
from prefcenter.services.ports import Evidence, Keyring
from prefcenter.services.sealing import LedgerKeys, seal
from prefcenter.services.suppressing import OptOut
from prefcenter.store.contacts import ContactPoint
from prefcenter.store.engine import Database
from prefcenter.store.ledger import LedgerPersonal

AT = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
CLICK = OptOut(Reason.OPT_OUT, Scope.everything(), Source.ONE_CLICK)


def test_each_moment_has_its_own_truth(database: Database, keyring: Keyring, points: Points) -> None:
    jane = points.email("jane@example.com")
    with database.write() as session:
        optouts.record(session, points, jane, CLICK, Evidence("recipient", personal={"ip": "192.0.2.1"}), at=AT)
        optouts.lift(session, jane, Reason.OPT_OUT, Evidence("ann", personal={"evidence": "asked"}), at=AT + 2 * HOUR)
    with database.read() as session:
        before, during, after = (explain(session, keyring, jane, at=at) for at in (AT - HOUR, AT + HOUR, AT + 3 * HOUR))
    assert (before.standing, before.ended) == ((), ())
    assert [each.reason for each in during.standing] == [Reason.OPT_OUT]
    assert [each.kind for each in during.standing[0].history] == ["suppress"]
    assert during.verdicts[MessageClass.MARKETING].verdict is Verdict.REFUSED
    assert (after.standing, after.ended[0].ended_by) == ((), "lift")
    assert after.verdicts[MessageClass.MARKETING].verdict is Verdict.CLEARED


def test_evidence_is_shown_while_it_exists_and_never_the_address(
    database: Database, keyring: Keyring, points: Points
) -> None:
    """G3: erasing the personal data leaves the reason."""
    jane = points.email("jane@example.com")
    with database.write() as session:
        optouts.record(session, points, jane, CLICK, Evidence("recipient", personal={"ip": "192.0.2.1"}), at=AT)
        seal(session, LedgerKeys(keyring.signing), at=AT)
    with database.read() as session:
        (entry,) = explain(session, keyring, jane, at=AT).standing
    assert entry.history[0].evidence == {"ip": "192.0.2.1"}
    assert entry.history[0].position == 1
    assert entry.is_own_act
    with database.write() as session:
        session.query(LedgerPersonal).delete()
        session.commit()
    with database.read() as session:
        (entry,) = explain(session, keyring, jane, at=AT).standing
    assert entry.history[0].evidence is None


def test_what_binds_the_person_is_told_to_come_from_another_address(
    database: Database, keyring: Keyring, points: Points
) -> None:
    """G15: refusals that bind a person fan out to every contact point of that person."""
    jane, phone = points.email("jane@example.com"), points.phone("+14155550100")
    with database.write() as session:
        known = make_known(session, jane, at=AT, source=Source.IMPORT)
        session.add(
            ContactPoint(
                contact_id=known.contact_id,
                channel=Channel.SMS.value,
                digest=phone.digest,
                pepper_id=phone.pepper_id or "",
                value={"address": "+14155550100"},
                source=Source.IMPORT.value,
                created_at=AT,
            )
        )
        session.flush()
        objection = OptOut(Reason.OBJECTION, Scope.everything(), Source.OPERATOR)
        optouts.record(session, points, jane, objection, Evidence("ann"), at=AT)
    with database.read() as session:
        (here,) = explain(session, keyring, jane, at=AT).standing
        (there,) = explain(session, keyring, phone, at=AT).standing
    assert (here.is_own, there.is_own) == (True, False)
    assert there.suppression_id == here.suppression_id


def test_a_void_that_was_only_proposed_still_stands(database: Database, keyring: Keyring, points: Points) -> None:
    """X10: two different operators may void a wrong record."""
    jane = points.email("jane@example.com")
    bounce = OptOut(Reason.HARD_BOUNCE, Scope.everything(), Source.PROVIDER)
    with database.write() as session:
        done = optouts.record(session, points, jane, bounce, Evidence("system"), at=AT)
        optouts.void(session, done.suppression_id, Evidence("ann"), at=AT)
    with database.read() as session:
        (entry,) = explain(session, keyring, jane, at=AT).standing
    assert [each.kind for each in entry.history] == ["suppress", "void_proposed"]
