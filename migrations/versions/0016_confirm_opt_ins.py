"""Keep yeses until the address confirms them, and let a brand ask for that on its preference page as well."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("brands", sa.Column("double_opt_in", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.create_table(
        "pending_consents",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True, nullable=False),
        sa.Column("uid", sa.LargeBinary(16), nullable=False),
        sa.Column("channel", sa.String(32), nullable=False),
        sa.Column("digest", sa.LargeBinary(16), nullable=False),
        sa.Column("pepper_id", sa.String(16), nullable=False),
        sa.Column("given", sa.JSON(), nullable=True),
        sa.Column("brand", sa.String(64), nullable=False),
        sa.Column("topics", sa.JSON(), nullable=False),
        sa.Column("source", sa.String(32), nullable=False),
        sa.Column("wording", sa.Text(), nullable=False),
        sa.Column("wording_version", sa.String(64), nullable=False),
        sa.Column("language", sa.String(16), nullable=False),
        sa.Column("evidence", sa.JSON(), nullable=True),
        sa.Column("policy_version", sa.Integer(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.UniqueConstraint("uid", name="uq_pending_consents_uid"),
    )
    op.create_index("ix_pending_consents_digest", "pending_consents", ["digest"])
    op.create_index("ix_pending_consents_expires_at", "pending_consents", ["expires_at"])


def downgrade() -> None:
    op.drop_table("pending_consents")
    op.drop_column("brands", "double_opt_in")
