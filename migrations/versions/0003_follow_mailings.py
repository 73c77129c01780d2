"""Follow mailings after the export: kept rows, returned files, pulls and their receipts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("mailings", sa.Column("rows_folder", sa.String(length=64), nullable=True))
    op.add_column("mailings", sa.Column("rows_erased_at", _TIME, nullable=True))
    op.add_column("mailings", sa.Column("out_folder", sa.Text(), nullable=True))
    op.create_table(
        "mailing_loads",
        sa.Column("id", _ID, nullable=False),
        sa.Column("mailing_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("actor", sa.String(length=254), nullable=False),
        sa.Column("file_name", sa.String(length=255), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["mailing_id"], ["mailings.id"], name=op.f("fk_mailing_loads_mailing_id_mailings")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mailing_loads")),
    )
    op.create_index("uq_mailing_loads_number", "mailing_loads", ["mailing_id", "number"], unique=True)
    op.create_table(
        "mailing_pulls",
        sa.Column("id", _ID, nullable=False),
        sa.Column("mailing_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("actor", sa.String(length=254), nullable=False),
        sa.Column("ledger_position", sa.BigInteger(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("told", sa.Integer(), nullable=False),
        sa.Column("file_name", sa.String(length=255), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["mailing_id"], ["mailings.id"], name=op.f("fk_mailing_pulls_mailing_id_mailings")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mailing_pulls")),
    )
    op.create_index("uq_mailing_pulls_number", "mailing_pulls", ["mailing_id", "number"], unique=True)
    op.create_table(
        "mailing_pulled_rows",
        sa.Column("mailing_id", sa.BigInteger(), nullable=False),
        sa.Column("place", sa.BigInteger(), nullable=False),
        sa.Column("pull_id", sa.BigInteger(), nullable=False),
        sa.Column("found", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["mailing_id"], ["mailings.id"], name=op.f("fk_mailing_pulled_rows_mailing_id_mailings")
        ),
        sa.ForeignKeyConstraint(
            ["pull_id"], ["mailing_pulls.id"], name=op.f("fk_mailing_pulled_rows_pull_id_mailing_pulls")
        ),
        sa.PrimaryKeyConstraint("mailing_id", "place", name=op.f("pk_mailing_pulled_rows")),
    )
    op.create_table(
        "mailing_receipts",
        sa.Column("id", _ID, nullable=False),
        sa.Column("pull_id", sa.BigInteger(), nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("actor", sa.String(length=254), nullable=False),
        sa.Column("received_from", sa.String(length=254), nullable=False),
        sa.Column("received", sa.Integer(), nullable=False),
        sa.Column("missing", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(
            ["pull_id"], ["mailing_pulls.id"], name=op.f("fk_mailing_receipts_pull_id_mailing_pulls")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mailing_receipts")),
    )
    op.create_index(op.f("ix_mailing_receipts_pull_id"), "mailing_receipts", ["pull_id"])


def downgrade() -> None:
    op.drop_table("mailing_receipts")
    op.drop_table("mailing_pulled_rows")
    op.drop_table("mailing_pulls")
    op.drop_table("mailing_loads")
    for name in ("out_folder", "rows_erased_at", "rows_folder"):
        op.drop_column("mailings", name)
