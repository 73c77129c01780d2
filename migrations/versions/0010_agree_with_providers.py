"""Agree with providers: which of their lists means what, what stands on them, and how far an agreement is."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "provider_lists",
        sa.Column("provider", sa.String(length=32), nullable=False),
        sa.Column("list", sa.String(length=100), nullable=False),
        sa.Column("scope", sa.String(length=160), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("provider", "list", name=op.f("pk_provider_lists")),
    )
    op.create_table(
        "provider_entries",
        sa.Column("provider", sa.String(length=32), nullable=False),
        sa.Column("list", sa.String(length=100), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=16), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("there_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("problem", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("provider", "list", "digest", name=op.f("pk_provider_entries")),
    )
    op.create_index("ix_provider_entries_state", "provider_entries", ["provider", "state", "digest"])
    op.create_table(
        "provider_syncs",
        sa.Column("provider", sa.String(length=32), nullable=False),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("pulled", sa.JSON(), nullable=False),
        sa.Column("run", sa.JSON(), nullable=True),
        sa.Column("whole_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("problem", sa.String(length=300), nullable=False),
        sa.PrimaryKeyConstraint("provider", name=op.f("pk_provider_syncs")),
    )


def downgrade() -> None:
    op.drop_table("provider_syncs")
    op.drop_table("provider_entries")
    op.drop_table("provider_lists")
