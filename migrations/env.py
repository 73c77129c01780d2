"""Runs the migrations on the connection that the product hands over."""

from __future__ import annotations

from alembic import context

from prefcenter.store.models import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, render_as_batch=False, transactional_ddl=True)
with context.begin_transaction():
    context.run_migrations()
