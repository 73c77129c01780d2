"""Keep providers' events, complaints by brand, stops of campaigns, and what a batch can be undone by.

Calls that were only stored until now become facts: the worker takes them as it takes what a crash left over.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _create_events()
    _create_complaints()
    _create_causes()
    op.execute(
        "UPDATE inbound_messages SET state = 'received' "
        "WHERE state = 'stored' AND provider IN ('sendgrid-events', 'twilio-status')"
    )


def _create_events() -> None:
    op.create_table(
        "provider_events",
        sa.Column("id", _BIG, nullable=False),
        sa.Column("provider", sa.String(length=32), nullable=False),
        sa.Column("event_id", sa.String(length=120), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("inbound_id", _BIG, nullable=True),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=16), nullable=True),
        sa.Column("message_id", sa.BigInteger(), nullable=True),
        sa.Column("provider_message", sa.String(length=120), nullable=False),
        sa.Column("brand", sa.String(length=64), nullable=True),
        sa.Column("message_class", sa.String(length=32), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["inbound_id"], ["inbound_messages.id"], name=op.f("fk_provider_events_inbound_id_inbound_messages")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_provider_events")),
    )
    op.create_index("uq_provider_events_event_id", "provider_events", ["provider", "event_id"], unique=True)
    op.create_index("ix_provider_events_brand", "provider_events", ["brand", "kind", "received_at"])
    op.create_index("ix_provider_events_digest", "provider_events", ["digest"])
    op.create_index(op.f("ix_provider_events_inbound_id"), "provider_events", ["inbound_id"])
    _create_open_index("provider_events")
    op.create_table(
        "event_batches",
        sa.Column("inbound_id", _BIG, autoincrement=False, nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("events", sa.Integer(), nullable=False),
        sa.Column("facts", sa.Integer(), nullable=False),
        sa.Column("malformed", sa.Integer(), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["inbound_id"], ["inbound_messages.id"], name=op.f("fk_event_batches_inbound_id_inbound_messages")
        ),
        sa.PrimaryKeyConstraint("inbound_id", name=op.f("pk_event_batches")),
    )
    _create_open_index("event_batches")


def _create_open_index(table: str) -> None:
    """Of what is not settled yet: the rest is never looked for."""
    is_open = sa.text("settled_at IS NULL")
    op.create_index(f"ix_{table}_open", table, ["received_at"], sqlite_where=is_open, postgresql_where=is_open)


def _create_complaints() -> None:
    op.create_table(
        "delivery_tallies",
        sa.Column("brand", sa.String(length=64), nullable=False),
        sa.Column("hour", sa.DateTime(timezone=True), nullable=False),
        sa.Column("delivered", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("brand", "hour", name=op.f("pk_delivery_tallies")),
    )
    op.create_table(
        "campaign_stops",
        sa.Column("id", _BIG, nullable=False),
        sa.Column("brand", sa.String(length=64), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("complaints", sa.Integer(), nullable=False),
        sa.Column("delivered", sa.Integer(), nullable=False),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("released_by", sa.String(length=254), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaign_stops")),
    )
    stands = sa.text("released_at IS NULL")
    op.create_index(
        "uq_campaign_stops_current",
        "campaign_stops",
        ["brand"],
        unique=True,
        sqlite_where=stands,
        postgresql_where=stands,
    )


def _create_causes() -> None:
    op.create_table(
        "suppression_causes",
        sa.Column("suppression_id", _BIG, autoincrement=False, nullable=False),
        sa.Column("cause", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["suppression_id"], ["suppressions.id"], name=op.f("fk_suppression_causes_suppression_id_suppressions")
        ),
        sa.PrimaryKeyConstraint("suppression_id", "cause", name=op.f("pk_suppression_causes")),
    )
    op.create_index(op.f("ix_suppression_causes_cause"), "suppression_causes", ["cause"])
    op.create_table(
        "undo_proposals",
        sa.Column("id", _BIG, nullable=False),
        sa.Column("asked", sa.String(length=500), nullable=False),
        sa.Column("causes", sa.JSON(), nullable=False),
        sa.Column("entries", sa.JSON(), nullable=False),
        sa.Column("proposed_by", sa.String(length=254), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_by", sa.String(length=254), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("is_whole", sa.Boolean(), nullable=False),
        sa.Column("ended", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_undo_proposals")),
    )
    op.create_index(op.f("ix_undo_proposals_asked"), "undo_proposals", ["asked"])


def downgrade() -> None:
    op.execute(
        "UPDATE inbound_messages SET state = 'stored' "
        "WHERE state = 'received' AND provider IN ('sendgrid-events', 'twilio-status')"
    )
    for table in (
        "undo_proposals",
        "suppression_causes",
        "campaign_stops",
        "delivery_tallies",
        "event_batches",
        "provider_events",
    ):
        op.drop_table(table)
