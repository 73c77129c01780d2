"""Send in batches from templates; tell what a message was rerouted from; keep answers that may be asked for again."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("outbox_messages", sa.Column("batch", sa.String(length=64), server_default="", nullable=False))
    op.add_column("outbox_messages", sa.Column("variables", sa.JSON(), nullable=True))
    op.add_column("outbox_messages", sa.Column("rerouted_from", sa.BigInteger(), nullable=True))
    op.create_index(op.f("ix_outbox_messages_rerouted_from"), "outbox_messages", ["rerouted_from"])
    op.create_table(
        "templates",
        sa.Column("id", _ID, nullable=False),
        sa.Column("slug", sa.String(length=64), nullable=False),
        sa.Column("brand_id", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("html", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["brand_id"], ["brands.id"], name=op.f("fk_templates_brand_id_brands")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_templates")),
        sa.UniqueConstraint("slug", name=op.f("uq_templates_slug")),
    )
    op.create_table(
        "kept_answers",
        sa.Column("id", _ID, nullable=False),
        sa.Column("caller", sa.String(length=120), nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("request", sa.LargeBinary(length=16), nullable=False),
        sa.Column("answer", sa.JSON(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_kept_answers")),
        sa.UniqueConstraint("caller", "key", name=op.f("uq_kept_answers_caller")),
    )


def downgrade() -> None:
    op.drop_table("kept_answers")
    op.drop_table("templates")
    op.drop_index(op.f("ix_outbox_messages_rerouted_from"), table_name="outbox_messages")
    op.drop_column("outbox_messages", "rerouted_from")
    op.drop_column("outbox_messages", "variables")
    op.drop_column("outbox_messages", "batch")
