"""Note when and how often each cause asked for an entry, and which of them no longer hold it.

A proposal that is still open says neither, so it has to be made anew. What was undone before is not held against a
cause any more: whether it asked again since then is not known, and an entry that stays too long harms nobody.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("suppression_causes", sa.Column("first_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("suppression_causes", sa.Column("last_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("suppression_causes", sa.Column("times", sa.Integer(), server_default="1", nullable=False))
    op.add_column("suppression_causes", sa.Column("undone_in", sa.BigInteger(), nullable=True))
    op.execute("DELETE FROM undo_proposals WHERE confirmed_at IS NULL")
    op.drop_column("undo_proposals", "is_whole")


def downgrade() -> None:
    op.execute("DELETE FROM undo_proposals WHERE confirmed_at IS NULL")
    # None of them may hold on to a name that has come again since.
    op.add_column("undo_proposals", sa.Column("is_whole", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.execute("DELETE FROM suppression_causes WHERE undone_in IS NOT NULL AND times = 0")
    for column in ("undone_in", "times", "last_at", "first_at"):
        op.drop_column("suppression_causes", column)
