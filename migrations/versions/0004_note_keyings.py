"""Note in which form each postal entry was last keyed, and which forms the list has keys of.

Entries that stand on the list already get no note: `prefcenter suppress rekey` keys them once more.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "suppression_keyings",
        sa.Column(
            "suppression_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("form", sa.String(length=16), nullable=False),
        sa.Column("pepper_id", sa.String(length=16), nullable=False),
        sa.ForeignKeyConstraint(
            ["suppression_id"], ["suppressions.id"], name=op.f("fk_suppression_keyings_suppression_id_suppressions")
        ),
        sa.PrimaryKeyConstraint("suppression_id", name=op.f("pk_suppression_keyings")),
    )
    # Until now there was one form. A release without it must not clear those whom it cannot find.
    op.execute(
        "INSERT INTO key_fingerprints (purpose, fingerprint, since) "
        "SELECT 'postal_form', '1', MIN(recorded_at) FROM suppressions WHERE channel = 'post' HAVING COUNT(*) > 0"
    )


def downgrade() -> None:
    # Only what going up again notes anew: without the others a product would clear whom it cannot find.
    op.execute("DELETE FROM key_fingerprints WHERE purpose = 'postal_form' AND fingerprint = '1'")
    op.drop_table("suppression_keyings")
