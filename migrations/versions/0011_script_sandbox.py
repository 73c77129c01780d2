"""Script what the sandbox does with messages, and keep the call that each of them came by."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "sandbox_scripts",
        sa.Column("id", _BIG, nullable=False),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("to", sa.String(length=254), nullable=False),
        sa.Column("fate", sa.String(length=32), nullable=False),
        sa.Column("is_repeated", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sandbox_scripts")),
    )
    op.add_column("sandbox_messages", sa.Column("outbox_id", sa.BigInteger(), nullable=True))
    op.add_column("sandbox_messages", sa.Column("name", sa.String(length=120), server_default="", nullable=False))
    op.add_column("sandbox_messages", sa.Column("fate", sa.String(length=32), server_default="", nullable=False))
    op.add_column("sandbox_messages", sa.Column("call", sa.JSON(), nullable=True))
    op.create_index(op.f("ix_sandbox_messages_outbox_id"), "sandbox_messages", ["outbox_id"])


def downgrade() -> None:
    op.drop_index(op.f("ix_sandbox_messages_outbox_id"), table_name="sandbox_messages")
    for name in ("call", "fate", "name", "outbox_id"):
        op.drop_column("sandbox_messages", name)
    op.drop_table("sandbox_scripts")
