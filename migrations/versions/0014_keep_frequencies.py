"""Keep how often at most somebody wants marketing, with since when and until when it held."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "frequency_limits",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True, nullable=False),
        sa.Column("channel", sa.String(32), nullable=False),
        sa.Column("digest", sa.LargeBinary(16), nullable=False),
        sa.Column("pepper_id", sa.String(16), nullable=True),
        sa.Column("most", sa.String(32), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("source", sa.String(32), nullable=False),
        sa.Column("actor", sa.String(254), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.String(32), nullable=True),
    )
    op.create_index("ix_frequency_limits_digest", "frequency_limits", ["digest"])
    op.create_index(
        "uq_frequency_limits_current",
        "frequency_limits",
        ["digest"],
        unique=True,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )


def downgrade() -> None:
    op.drop_table("frequency_limits")
