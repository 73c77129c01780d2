"""Note who scrubbed each mailing, who may not release it.

Of mailings that stand on record already the ledger tells it.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("mailings", sa.Column("prepared_by", sa.String(length=254), nullable=True))


def downgrade() -> None:
    op.drop_column("mailings", "prepared_by")
