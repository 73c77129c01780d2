"""The one migration path that SQLite and PostgreSQL share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from alembic import command
from alembic.config import Config as AlembicConfig
from sqlalchemy import Connection, Engine, text

from prefcenter.resources import migrations_dir
from prefcenter.store.models import current_of

_MIGRATION_LOCK = 7_733_632_468


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Bring the database to a revision, by default the newest; one that is there already stays as it is."""
    with _alone(engine) as connection:
        command.upgrade(_config(connection), revision)


def downgrade(engine: Engine, revision: str) -> None:
    """Take the database back to a revision, ``base`` for an empty one."""
    with _alone(engine) as connection:
        command.downgrade(_config(connection), revision)


def current(engine: Engine) -> str | None:
    """The revision that the database has, or None where it has none."""
    with engine.connect() as connection:
        return current_of(connection)


@contextmanager
def _alone(engine: Engine) -> Iterator[Connection]:
    """Open a transaction that no other migration runs beside: two servers may start at once."""
    with engine.execution_options(prefcenter_writes=True).begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
        yield connection


def _config(connection: object) -> AlembicConfig:
    config = AlembicConfig()
    config.set_main_option("script_location", str(migrations_dir()).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config
