"""Note when a message type was approved, when hourly work was last done, and which alarms of the watch were told.

What was registered until now was approved by whoever registered it, and keeps that approval.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("message_types", sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True))
    op.execute("UPDATE message_types SET approved_at = created_at WHERE approved_by IS NOT NULL")
    op.create_table(
        "chores",
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_chores")),
    )
    op.create_table(
        "watch_alarms",
        sa.Column("message_type", sa.String(length=64), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("message_type", "day", name=op.f("pk_watch_alarms")),
    )
    # Only of what reaches people who opted out of marketing: marketing itself pays nothing for being watched.
    is_watched = sa.text("message_class IN ('service', 'legal')")
    op.create_index(
        "ix_outbox_messages_watched",
        "outbox_messages",
        ["message_type", "sent_at"],
        sqlite_where=is_watched,
        postgresql_where=is_watched,
    )


def downgrade() -> None:
    op.drop_index("ix_outbox_messages_watched", table_name="outbox_messages")
    op.drop_table("watch_alarms")
    op.drop_table("chores")
    op.drop_column("message_types", "approved_at")
