"""Give brands a look of their own: colours, a logo, the domain that people know, and the address of the privacy notice.

Until they are set, pages look plain and name neither.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("brands", sa.Column("domain", sa.String(253), server_default="", nullable=False))
    op.add_column("brands", sa.Column("privacy_url", sa.String(500), server_default="", nullable=False))
    op.create_table(
        "brand_looks",
        sa.Column("brand_id", sa.Integer(), sa.ForeignKey("brands.id"), primary_key=True, autoincrement=False),
        sa.Column("accent", sa.String(7), nullable=False),
        sa.Column("accent_dark", sa.String(7), nullable=False),
        sa.Column("logo", sa.LargeBinary(), nullable=True),
        sa.Column("logo_type", sa.String(32), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("brand_looks")
    op.drop_column("brands", "privacy_url")
    op.drop_column("brands", "domain")
