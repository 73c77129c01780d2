"""One migration path for both databases: up, down, and equal to the models."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text
from sqlalchemy.exc import DBAPIError

from prefcenter.resources import migrations_dir
from prefcenter.store import models, schema
from prefcenter.store.engine import Database
from prefcenter.store.ledger import APPEND_ONLY

REVISIONS = sorted(path.name.split("_")[0] for path in (migrations_dir() / "versions").glob("[0-9]*.py"))


def test_migrations_are_numbered_without_gaps() -> None:
    assert [f"{number:04}" for number in range(1, len(REVISIONS) + 1)] == REVISIONS
    assert ScriptDirectory(str(migrations_dir())).get_current_head() == models.newest() == REVISIONS[-1]


def test_the_migrated_schema_is_the_one_of_the_models(database: Database) -> None:
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, models.metadata) == []


def test_each_migration_goes_down_and_up_again(database: Database) -> None:
    for revision in ["base", *REVISIONS]:
        step_down = "base" if revision == "base" else revision
        schema.downgrade(database.engine, "base") if step_down == "base" else schema.upgrade(database.engine, revision)
    for revision in [*reversed(REVISIONS[:-1]), "base"]:
        schema.downgrade(database.engine, revision)
        assert schema.current(database.engine) == (None if revision == "base" else revision)
        with database.engine.connect() as connection:
            assert MigrationContext.configure(connection).get_current_revision() == models.current_of(connection)
    with database.engine.connect() as connection:
        assert inspect(connection).get_table_names() == ["alembic_version"]
    schema.upgrade(database.engine)
    assert schema.current(database.engine) == REVISIONS[-1]


def test_upgrading_twice_changes_nothing(database: Database) -> None:
    schema.upgrade(database.engine)
    assert schema.current(database.engine) == REVISIONS[-1]


@pytest.mark.parametrize("table", APPEND_ONLY)
@pytest.mark.parametrize("act", ["UPDATE {0} SET {1} = {1}", "DELETE FROM {0}", "TRUNCATE {0} CASCADE"])
def test_the_ledger_refuses_to_be_changed(database: Database, table: str, act: str) -> None:
    """X7: triggers refuse UPDATE, DELETE and TRUNCATE; a migration that re-creates a table would lose them."""
    if act.startswith("TRUNCATE") and database.dialect == "sqlite":
        act = "DELETE FROM {0}"  # SQLite has no TRUNCATE; a bare DELETE is its own, and fires triggers.
    _fill(database)
    column = {"ledger_entries": "kind", "ledger_positions": "entry_id", "ledger_seals": "key_id"}[table]
    with pytest.raises(DBAPIError, match="append-only"), database.write() as session:
        session.execute(text(act.format(table, column)))
        session.commit()


def test_insert_or_replace_does_not_slip_by_the_triggers(sqlite_database: Database) -> None:
    """X7: without recursive_triggers SQLite would replace a row unseen."""
    _fill(sqlite_database)
    with pytest.raises(DBAPIError, match="append-only"), sqlite_database.write() as session:
        session.execute(text("INSERT OR REPLACE INTO ledger_seals SELECT * FROM ledger_seals"))
        session.commit()


def _fill(database: Database) -> None:
    from datetime import UTC, datetime

    from prefcenter.core.tokens import SigningKeys
    from prefcenter.services import sealing
    from prefcenter.store import ledger

    at = datetime(2026, 11, 23, tzinfo=UTC)
    with database.write() as session:
        ledger.append(session, "test", at=at, actor="system", facts={})
        sealing.seal(session, sealing.LedgerKeys(SigningKeys(["a signing key for tests, long"])), at=at)


def test_a_database_of_another_kind_is_refused() -> None:
    from prefcenter.core.errors import BadInput

    with pytest.raises(BadInput, match="mysql"):
        Database("mysql://localhost/x")
    with pytest.raises(BadInput, match="PREFCENTER_DATABASE_URL"):
        Database("not a url")


def test_a_locked_database_is_told_plainly_and_nothing_is_written(tmp_path: Path, sqlite_database: Database) -> None:
    from prefcenter.store.engine import StoreUnavailable

    impatient = Database(str(sqlite_database.engine.url), busy_seconds=0.05)
    with sqlite_database.write() as holder:
        holder.execute(text("SELECT 1"))
        with pytest.raises(StoreUnavailable, match="try again"), impatient.write() as session:
            session.execute(text("SELECT 1"))
    impatient.dispose()


def test_a_full_disk_is_told_plainly_and_nothing_is_half_written(sqlite_database: Database) -> None:
    """A real SQLITE_FULL: the database may not grow beyond the pages that it has."""
    from sqlalchemy import event

    from prefcenter.store.engine import StoreUnavailable

    limited = Database(str(sqlite_database.engine.url))

    @event.listens_for(limited.engine, "connect")
    def limit(connection: object, _record: object) -> None:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]  # type: ignore[attr-defined]
        connection.execute(f"PRAGMA max_page_count={pages}")  # type: ignore[attr-defined]

    from datetime import UTC, datetime

    from prefcenter.store.inbound import InboundMessage

    big = InboundMessage(
        provider="test",
        provider_id="1",
        content_type="",
        raw=bytes(5_000_000),
        envelope={},
        state="received",
        received_at=datetime(2026, 11, 23, tzinfo=UTC),
    )
    with pytest.raises(StoreUnavailable, match="Free space"), limited.write() as session:
        session.add(big)
        session.commit()
    limited.dispose()
    with sqlite_database.read() as session:
        assert session.execute(text("SELECT count(*) FROM inbound_messages")).scalar() == 0
