"""The ledger: sealed, chained, and any change to it found and named (X7)."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, text

from prefcenter.core.tokens import SigningKeys
from prefcenter.services import sealing
from prefcenter.services.sealing import LedgerKeys, Proof
from prefcenter.store import ledger
from prefcenter.store.engine import Database
from prefcenter.store.ledger import LedgerPersonal

AT = datetime(2026, 11, 23, 12, 0, 0, 123456, tzinfo=UTC)
KEYS = LedgerKeys(SigningKeys(["the signing key of this ledger"]))


def write(database: Database, count: int, *, seals: int = 1) -> None:
    """Write entries with personal data, in so many seals."""
    for part in range(seals):
        with database.write() as session:
            for number in range(count):
                ledger.append(
                    session,
                    "suppress",
                    at=AT + timedelta(seconds=number),
                    actor="recipient",
                    subject=bytes([part, number]) + bytes(14),
                    facts={"reason": "opt_out", "number": number},
                    personal={"ip": "192.0.2.7", "word": "STOP"},
                )
            session.commit()
        seal(database)


def seal(database: Database) -> sealing.Sealed:
    with database.write() as session:
        return sealing.seal(session, KEYS, at=AT)


def verify(database: Database, anchors: Path | None = None) -> Proof:
    with database.read() as session:
        return sealing.verify(session, KEYS, anchors)


def tamper(database: Database, *statements: str) -> None:
    """Change the tables as somebody would who owns the database: past the triggers."""
    with database.write() as session:
        if database.dialect == "sqlite":
            for name in session.scalars(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).all():
                session.execute(text(f"DROP TRIGGER {name}"))
        else:
            session.execute(text("SET session_replication_role = replica"))
        for statement in statements:
            session.execute(text(statement))
        if database.dialect == "postgresql":
            session.execute(text("SET session_replication_role = DEFAULT"))
        session.commit()


def test_an_untouched_ledger_is_whole(database: Database) -> None:
    write(database, 3, seals=4)
    proof = verify(database)
    assert proof.is_whole
    assert (proof.entries, proof.seals, proof.pending, proof.position) == (12, 4, 0, 12)


def test_an_empty_ledger_is_whole_and_sealing_it_makes_no_seal(database: Database) -> None:
    assert seal(database).seal is None
    assert verify(database).is_whole


def test_positions_follow_each_other_without_a_gap_whatever_commits_late(database: Database) -> None:
    """An id watermark would skip the entry that took its id early and committed late."""
    if database.dialect == "sqlite":
        pytest.skip("SQLite has one writer at a time, so nothing commits late.")
    with database.write() as late:
        ledger.append(late, "late", at=AT, actor="system", facts={})
        write(database, 2)
        assert verify(database).position == 2
        late.commit()
    assert seal(database).entries == 1
    assert verify(database).is_whole
    assert verify(database).position == 3


def test_two_sealers_at_once_give_each_entry_one_position(database: Database) -> None:
    with database.write() as session:
        for number in range(50):
            ledger.append(session, "test", at=AT, actor="system", facts={"number": number})
        session.commit()
    threads = [threading.Thread(target=seal, args=(database,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    proof = verify(database)
    assert proof.is_whole
    assert proof.position == 50


@pytest.mark.parametrize(
    ("statement", "position"),
    [
        ("UPDATE ledger_entries SET actor = 'somebody' WHERE id = 5", 5),
        ("UPDATE ledger_entries SET kind = 'lift' WHERE id = 2", 2),
        ("UPDATE ledger_entries SET subject = (SELECT subject FROM ledger_entries WHERE id = 1) WHERE id = 5", 5),
        ("UPDATE ledger_entries SET uid = 'another' WHERE id = 6", 6),
        (
            (
                "UPDATE ledger_personal SET salt = (SELECT salt FROM ledger_personal WHERE entry_id = 1)"
                " WHERE entry_id = 4"
            ),
            4,
        ),
        ("DELETE FROM ledger_positions WHERE position = 4", 4),
        (
            (
                "UPDATE ledger_positions SET chain = (SELECT chain FROM ledger_positions WHERE position = 1)"
                " WHERE position = 5"
            ),
            5,
        ),
        ("DELETE FROM ledger_seals WHERE number = 2", 4),
        (
            (
                "UPDATE ledger_seals SET signature = (SELECT signature FROM ledger_seals WHERE number = 1)"
                " WHERE number = 2"
            ),
            4,
        ),
    ],
)
def test_a_change_is_found_and_named(database: Database, statement: str, position: int) -> None:
    write(database, 3, seals=3)
    tamper(database, statement)
    fault = verify(database).fault
    assert fault is not None
    assert fault.position == position


def test_a_deleted_entry_is_named(database: Database) -> None:
    write(database, 3)
    tamper(database, "DELETE FROM ledger_personal WHERE entry_id = 2", "DELETE FROM ledger_entries WHERE id = 2")
    fault = verify(database).fault
    assert fault is not None
    assert (fault.position, fault.entry) == (2, 2)


def test_two_entries_that_changed_places_are_found(database: Database) -> None:
    write(database, 4)
    tamper(
        database,
        "UPDATE ledger_positions SET entry_id = -1 WHERE position = 2",
        "UPDATE ledger_positions SET entry_id = 2, entry_hash = (SELECT hash FROM ledger_entries WHERE id = 2)"
        " WHERE position = 3",
        "UPDATE ledger_positions SET entry_id = 3, entry_hash = (SELECT hash FROM ledger_entries WHERE id = 3)"
        " WHERE position = 2",
    )
    fault = verify(database).fault
    assert fault is not None
    assert fault.position == 2


def test_an_entry_slipped_in_past_the_sealer_is_found(database: Database) -> None:
    write(database, 2)
    with database.write() as session:
        number = ledger.append(session, "lift", at=AT, actor="somebody", facts={})
        session.flush()
        session.execute(text("DELETE FROM ledger_pending"))
        session.commit()
    fault = verify(database).fault
    assert fault is not None
    assert fault.entry == number


def test_a_chain_written_anew_without_the_signing_key_is_found(database: Database) -> None:
    """The whole tail is consistent again, and only the signature tells."""
    write(database, 2, seals=2)
    forged = LedgerKeys(SigningKeys(["the key of somebody else, long"]))
    tamper(
        database,
        "DELETE FROM ledger_seals WHERE number = 2",
        "DELETE FROM ledger_positions WHERE position > 2",
        "DELETE FROM ledger_personal WHERE entry_id = 4",
        "DELETE FROM ledger_entries WHERE id = 4",
        "INSERT INTO ledger_pending (entry_id) VALUES (3)",
    )
    with database.write() as session:
        sealing.seal(session, forged, at=AT)
    fault = verify(database).fault
    assert fault is not None
    assert fault.position == 3
    assert "not signed" in fault.what


def test_a_cut_tail_is_found_by_its_anchor(database: Database, tmp_path: Path) -> None:
    """A bare chain cannot show that its newest part is gone; the anchor outside can."""
    anchors = tmp_path / "anchors.jsonl"
    write(database, 2)
    with database.write() as session:
        ledger.append(session, "test", at=AT, actor="system", facts={})
        session.commit()
    made = seal(database).seal
    assert made is not None
    sealing.anchor(anchors, made)
    assert verify(database, anchors).is_whole
    tamper(
        database,
        "DELETE FROM ledger_seals WHERE number = 2",
        "DELETE FROM ledger_positions WHERE position = 3",
        "DELETE FROM ledger_entries WHERE id = 3",
    )
    assert verify(database).is_whole
    fault = verify(database, anchors).fault
    assert fault is not None
    assert fault.position == 3


def test_erasing_personal_data_leaves_the_chain_whole(database: Database) -> None:
    """G3: the entry holds only a salted commitment."""
    write(database, 3)
    with database.write() as session:
        session.execute(delete(LedgerPersonal).where(LedgerPersonal.entry_id == 2))
        session.commit()
    assert verify(database).is_whole
    with database.read() as session:
        assert set(ledger.personal_of(session, [1, 2, 3])) == {1, 3}


def test_the_entry_itself_holds_no_personal_data(database: Database) -> None:
    """X8, G3."""
    write(database, 1)
    with database.read() as session:
        row = session.execute(text("SELECT * FROM ledger_entries")).mappings().one()
    assert "192.0.2.7" not in json.dumps({name: str(value) for name, value in row.items()})


def test_a_ledger_sealed_under_an_old_key_is_proven_after_rotation(database: Database) -> None:
    write(database, 2)
    rotated = LedgerKeys(SigningKeys(["a newer signing key, long enough", "the signing key of this ledger"]))
    with database.read() as session:
        assert sealing.verify(session, rotated).is_whole
