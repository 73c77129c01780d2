"""Note when a mailing was last asked for late opt-outs, and up to which position of the ledger."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("mailings", sa.Column("asked_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("mailings", sa.Column("asked_position", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    op.drop_column("mailings", "asked_position")
    op.drop_column("mailings", "asked_at")
