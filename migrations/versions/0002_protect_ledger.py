"""Protect the ledger: triggers refuse UPDATE, DELETE and TRUNCATE (X7)."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

APPEND_ONLY = ("ledger_entries", "ledger_positions", "ledger_seals")
# The personal side of an entry may be erased, and never rewritten.
ERASABLE = ("ledger_personal",)


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for table in APPEND_ONLY:
            _refuse_on_sqlite(table, "UPDATE")
            _refuse_on_sqlite(table, "DELETE")
        for table in ERASABLE:
            _refuse_on_sqlite(table, "UPDATE")
        return
    op.execute(
        "CREATE FUNCTION prefcenter_refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$"
    )
    for table in APPEND_ONLY:
        _refuse_on_postgresql(table, "UPDATE OR DELETE", "ROW")
        _refuse_on_postgresql(table, "TRUNCATE", "STATEMENT")
    for table in ERASABLE:
        _refuse_on_postgresql(table, "UPDATE", "ROW")
        _refuse_on_postgresql(table, "TRUNCATE", "STATEMENT")


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for table in APPEND_ONLY:
            op.execute(f"DROP TRIGGER {table}_refuse_update")
            op.execute(f"DROP TRIGGER {table}_refuse_delete")
        for table in ERASABLE:
            op.execute(f"DROP TRIGGER {table}_refuse_update")
        return
    for table in (*APPEND_ONLY, *ERASABLE):
        op.execute(f"DROP TRIGGER {table}_refuse_row ON {table}")
        op.execute(f"DROP TRIGGER {table}_refuse_statement ON {table}")
    op.execute("DROP FUNCTION prefcenter_refuse_change()")


def _refuse_on_sqlite(table: str, act: str) -> None:
    op.execute(
        f"CREATE TRIGGER {table}_refuse_{act.lower()} BEFORE {act} ON {table} "
        f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
    )


def _refuse_on_postgresql(table: str, acts: str, level: str) -> None:
    op.execute(
        f"CREATE TRIGGER {table}_refuse_{level.lower()} BEFORE {acts} ON {table} "
        f"FOR EACH {level} EXECUTE FUNCTION prefcenter_refuse_change()"
    )
