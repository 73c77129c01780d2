"""Keep keyed hashes of the codes that are sent to contact points, and how often each was guessed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "contact_codes",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True, nullable=False),
        sa.Column("uid", sa.LargeBinary(16), nullable=False),
        sa.Column("channel", sa.String(32), nullable=False),
        sa.Column("digest", sa.LargeBinary(16), nullable=False),
        sa.Column("pepper_id", sa.String(16), nullable=True),
        sa.Column("link", sa.LargeBinary(16), nullable=False),
        sa.Column("purpose", sa.String(32), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(32), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=True),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.UniqueConstraint("uid", name="uq_contact_codes_uid"),
    )
    op.create_index("ix_contact_codes_digest", "contact_codes", ["digest"])
    op.create_index("ix_contact_codes_link", "contact_codes", ["link"])
    op.create_index("ix_contact_codes_created_at", "contact_codes", ["created_at"])


def downgrade() -> None:
    op.drop_table("contact_codes")
