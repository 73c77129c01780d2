"""Letting a held mailing go."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from prefcenter.core.errors import NotFound, PrefcenterError
from prefcenter.files.manifest import check_manifest, key_id, read_manifest, sign_manifest, write_manifest
from prefcenter.services.errors import NotAllowed
from prefcenter.services.mailing_records import finish_abandoned
from prefcenter.services.operators import RoleName, disable_operator
from prefcenter.services.ports import Evidence, Keyring
from prefcenter.services.releasing import release
from prefcenter.services.sealing import LedgerKeys
from prefcenter.store import ledger
from prefcenter.store.engine import Database
from prefcenter.store.ledger import LedgerEntry, LedgerPersonal
from prefcenter.store.mailings import Mailing
from prefcenter.store.operators import Operator, Role
from tests.posting import PostRoom

AT = datetime(2026, 11, 23, 18, 0, tzinfo=UTC)
ANN, BEA, OLE = "ann@acme.example", "bea@acme.example", "ole@acme.example"
"""An approver who ran the scrub, one who did not, and an operator."""


@pytest.fixture
def keys(keyring: Keyring) -> LedgerKeys:
    return LedgerKeys(keyring.signing)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "spring"
    made.mkdir()
    return made


def engage(database: Database) -> None:
    """Put the three operators on record."""
    roles = {ANN: RoleName.APPROVER, BEA: RoleName.ADMIN, OLE: RoleName.OPERATOR}
    with database.write() as session:
        # Without a password, which takes long to hash: nobody signs in here.
        session.add_all(
            Operator(email=email, active=True, fs_uniquifier=email, created_at=AT, roles=[Role(name=role.value)])
            for email, role in roles.items()
        )
        session.commit()


def recorded(database: Database, keys: LedgerKeys, folder: Path) -> Mailing:
    """A held mailing on record, its manifest where it belongs."""
    engage(database)
    with database.write() as session:
        row = mailing(keys, folder, 1)
        session.add(row)
        ledger.append(session, "mailing", at=AT, actor=ANN, facts={"mailing": "spring", "version": 1})
        session.commit()
    write_manifest(folder / "manifest.json", row.manifest)
    return row


@pytest.fixture
def held(sqlite_database: Database, keys: LedgerKeys, folder: Path) -> Mailing:
    return recorded(sqlite_database, keys, folder)


def mailing(keys: LedgerKeys, folder: Path, version: int, **changed: Any) -> Mailing:
    manifest = {"mailing": "spring", "version": version, "state": "held", "held": ["Nobody was removed."]}
    facts = {
        "name": "spring",
        "version": version,
        "channel": "post",
        "state": "held",
        "held_because": "Nobody was removed.",
        "prepared_at": AT,
        "stale_after": AT + timedelta(days=7),
        "ledger_position": 0,
        "manifest": sign_manifest(manifest, keys.newest[1]),
        "out_folder": str(folder),
    }
    return Mailing(**facts | changed)


def test_an_approver_lets_it_go_and_the_manifest_is_signed_anew(
    database: Database, keys: LedgerKeys, folder: Path
) -> None:
    """P13: who, when and why it was held stays on record, in the manifest and in the ledger."""
    held = recorded(database, keys, folder)
    evidence = Evidence(BEA, personal={"note": "the vendor has a new list"})
    (folder / "manifest.json").chmod(0o644)
    found = release(database, keys, "spring", evidence, at=AT)
    assert found.written_to == folder / "manifest.json"
    assert (folder / "manifest.json").stat().st_mode & 0o777 == 0o644
    written = read_manifest(folder / "manifest.json")
    assert written == found.manifest
    check_manifest(written, {key_id(public): public for public in keys.public})
    assert written["state"] == "released"
    assert "held" not in written
    assert written["released"] == {
        "by": BEA,
        "at": "2026-11-23T18:00:00Z",
        "was_held_because": ["Nobody was removed."],
    }
    with database.read() as session:
        row = session.get_one(Mailing, held.id)
        assert (row.state, row.manifest) == ("prepared", written)
        entry = session.scalars(select(LedgerEntry).order_by(LedgerEntry.id.desc())).first()
        assert entry is not None
        assert (entry.kind, entry.actor) == ("mailing_released", BEA)
        assert entry.facts == {"mailing": "spring", "version": 1, "held_because": "Nobody was removed."}
        assert session.get_one(LedgerPersonal, entry.id).data == {"note": "the vendor has a new list"}


@pytest.mark.parametrize("actor", ["system", OLE, "stranger@acme.example"])
def test_nobody_else_lets_it_go(
    sqlite_database: Database, keys: LedgerKeys, folder: Path, held: Mailing, actor: str
) -> None:
    with pytest.raises(NotAllowed, match="approver or admin"):
        release(sqlite_database, keys, "spring", Evidence(actor), at=AT)
    assert read_manifest(folder / "manifest.json")["state"] == "held"


def test_not_even_an_approver_who_was_disabled(sqlite_database: Database, keys: LedgerKeys, held: Mailing) -> None:
    with sqlite_database.write() as session:
        disable_operator(session, BEA, Evidence("system"), at=AT)
    with pytest.raises(NotAllowed, match="approver or admin"):
        release(sqlite_database, keys, "spring", Evidence(BEA), at=AT)


def test_not_whoever_ran_the_scrub(sqlite_database: Database, keys: LedgerKeys, held: Mailing) -> None:
    """Two people look at what a guard holds."""
    with pytest.raises(NotAllowed, match="ran the scrub"):
        release(sqlite_database, keys, "spring", Evidence(ANN), at=AT)


def test_not_whoever_ran_a_scrub_that_died_before_it_could_be_confirmed(sent_room: PostRoom) -> None:
    """P13: the system confirms it then, which does not make it the one who scrubbed."""
    database = sent_room.wiring.database
    engage(database)
    sent_room.set_state("preparing", held_because="Nobody was removed.")
    assert finish_abandoned(database, sent_room.wiring.mailing_rows, at=sent_room.clock()) == 1
    assert sent_room.mailing().state == "held"
    with pytest.raises(NotAllowed, match="ran the scrub"):
        release(database, sent_room.wiring.ledger_keys, "spring", Evidence(ANN), at=sent_room.clock())
    release(database, sent_room.wiring.ledger_keys, "spring", Evidence(BEA), at=sent_room.clock())


def test_a_stale_one_is_not_let_go(sqlite_database: Database, keys: LedgerKeys, held: Mailing) -> None:
    """P11: opt-outs have come since; releasing it would not make it fit to be used."""
    with pytest.raises(PrefcenterError, match="gone stale"):
        release(sqlite_database, keys, "spring", Evidence(BEA), at=AT + timedelta(days=8))


def test_what_is_not_there_or_not_held_is_told(
    sqlite_database: Database, keys: LedgerKeys, folder: Path, held: Mailing
) -> None:
    with pytest.raises(NotFound):
        release(sqlite_database, keys, "autumn", Evidence(BEA), at=AT)
    with sqlite_database.write() as session:
        session.add(mailing(keys, folder, 2, state="prepared", manifest={"state": "prepared"}))
        session.commit()
    with pytest.raises(PrefcenterError, match="version 2, is not held: it is prepared"):
        release(sqlite_database, keys, "spring", Evidence(BEA), at=AT)


def test_doing_it_again_only_writes_the_manifest_again(
    sqlite_database: Database, keys: LedgerKeys, folder: Path, held: Mailing, tmp_path: Path
) -> None:
    """The files may have been moved: the release is on record, and its manifest can be had elsewhere."""
    (folder / "manifest.json").unlink()
    first = release(sqlite_database, keys, "spring", Evidence(BEA), at=AT)
    assert first.written_to is None
    assert "manifest.json" in first.problem
    again = release(
        sqlite_database,
        keys,
        "spring",
        Evidence(OLE),
        at=AT + timedelta(days=30),
        manifest_file=tmp_path / "released.json",
    )
    assert again.manifest == first.manifest == read_manifest(tmp_path / "released.json")
    with sqlite_database.read() as session:
        kinds = list(session.scalars(select(LedgerEntry.kind)))
    assert kinds.count("mailing_released") == 1


@pytest.mark.parametrize("text", ["finder,name\n1,Jane\n", '{"mailing": "summer", "version": 1}', "{}", "[]"])
def test_a_file_that_is_not_its_manifest_is_never_replaced(
    sqlite_database: Database, keys: LedgerKeys, held: Mailing, tmp_path: Path, text: str
) -> None:
    """A slip in --manifest must not cost a mailing file."""
    named = tmp_path / "clean.csv"
    named.write_text(text)
    found = release(sqlite_database, keys, "spring", Evidence(BEA), at=AT, manifest_file=named)
    assert found.written_to is None
    assert "clean.csv" in found.problem
    assert named.read_text() == text
    write_manifest(named, held.manifest)
    again = release(sqlite_database, keys, "spring", Evidence(BEA), at=AT, manifest_file=named)
    assert again.written_to == named


def test_the_manifest_of_another_mailing_is_left_alone(
    sqlite_database: Database, keys: LedgerKeys, folder: Path, held: Mailing
) -> None:
    write_manifest(folder / "manifest.json", {"mailing": "summer", "version": 1})
    found = release(sqlite_database, keys, "spring", Evidence(BEA), at=AT)
    assert found.written_to is None
    assert read_manifest(folder / "manifest.json")["mailing"] == "summer"


def test_one_whose_kept_rows_were_erased_is_not_let_go(
    sqlite_database: Database, keys: LedgerKeys, held: Mailing
) -> None:
    """P12: no late opt-out could be told to the mail house."""
    with sqlite_database.write() as session:
        session.get_one(Mailing, held.id).rows_erased_at = AT
        session.commit()
    with pytest.raises(PrefcenterError, match="kept rows of “spring”, version 1, were erased on 2026-11-23"):
        release(sqlite_database, keys, "spring", Evidence(BEA), at=AT)
