"""Every model, and the revision that their tables have: what is asked at each start, without what migrates them."""

from __future__ import annotations

from sqlalchemy import Connection, inspect, text

from prefcenter.resources import migrations_dir
from prefcenter.store import (
    brand_looks,
    causes,
    chores,
    codes,
    complaints,
    consents,
    contacts,
    events,
    fingerprints,
    frequencies,
    inbound,
    keyings,
    ledger,
    mailing_pulls,
    mailings,
    operators,
    outbox,
    pending_consents,
    provider_lists,
    registry,
    reviews,
    sandbox,
    suppressions,
    watching,
)
from prefcenter.store.base import Base

MODEL_MODULES = (
    registry,
    brand_looks,
    contacts,
    consents,
    pending_consents,
    suppressions,
    frequencies,
    ledger,
    inbound,
    reviews,
    mailings,
    mailing_pulls,
    operators,
    outbox,
    fingerprints,
    keyings,
    chores,
    codes,
    watching,
    events,
    complaints,
    causes,
    provider_lists,
    sandbox,
)
"""Importing them fills ``Base.metadata``, which the migrations are compared with."""

metadata = Base.metadata


def current_of(connection: Connection) -> str | None:
    """The revision that the database of an open connection has, or None where it has none."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()
    return revision


def newest() -> str | None:
    """The revision that this version of the product wants: that of the migration with the highest number."""
    return max((path.name[:4] for path in (migrations_dir() / "versions").glob("[0-9]*.py")), default=None)
