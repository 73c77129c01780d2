"""Opening the database, and the two kinds of transaction.

On SQLite a writer must take the lock when it begins (``BEGIN IMMEDIATE``): a transaction that starts by reading and
then writes can lose what another one wrote in between. Readers begin deferred and never wait. So a session says from
the start which of the two it is.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm import Session

from prefcenter.core.errors import BadInput, Unavailable
from prefcenter.store.json_columns import read_json, write_json

BUSY_SECONDS = 20
"""How long a writer waits for another one: longer than any of our own transactions, shorter than a webhook's limit."""


class StoreUnavailable(Unavailable):
    """The database cannot be reached, is locked, or its disk is full; nothing was written."""


class Database:
    """One database, and sessions on it.

    Args:
        url: an SQLAlchemy URL; SQLite and PostgreSQL (psycopg 3) are supported.
        busy_seconds: how long to wait for a lock on SQLite.

    Raises:
        BadInput: the URL cannot be read, or its database is of another kind.
    """

    def __init__(self, url: str, *, busy_seconds: float = BUSY_SECONDS) -> None:
        self.engine = _open_engine(url, busy_seconds)
        self._writing = self.engine.execution_options(prefcenter_writes=True)

    @property
    def dialect(self) -> str:
        """``sqlite`` or ``postgresql``."""
        return self.engine.dialect.name

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Open a session that only reads; it never waits for a writer.

        Raises:
            StoreUnavailable: the database cannot be used now.
        """
        with _plain_errors(), Session(self.engine, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """Open a session that writes; what its use case did not commit is rolled back.

        Raises:
            StoreUnavailable: the database cannot be used now.
        """
        with _plain_errors(), Session(self._writing, expire_on_commit=False) as session:
            yield session

    def dispose(self) -> None:
        """Close all connections."""
        self.engine.dispose()


@contextmanager
def _plain_errors() -> Iterator[None]:
    try:
        yield
    except OperationalError as error:
        raise StoreUnavailable(
            f"The database cannot be used now: {_first_line(error)}.", remedy=_remedy(error)
        ) from error


def _first_line(error: DBAPIError) -> str:
    return str(error.orig).strip().splitlines()[0].rstrip(".") if str(error.orig).strip() else "no reason given"


def _remedy(error: DBAPIError) -> str:
    text = str(error.orig)
    if "full" in text:
        return "Nothing was written. Free space on its disk and try again."
    if "locked" in text:
        return "Nothing was written. Another process holds it; try again in a moment."
    if "no such table" in text:
        return "Run `prefcenter db upgrade` first."
    return "Nothing was written. Check that it is running and reachable, then try again."


_JSON: Final[dict[str, Any]] = {"json_serializer": write_json, "json_deserializer": read_json}


def _open_engine(url: str, busy_seconds: float) -> Engine:
    try:
        parsed = make_url(url)
    except Exception as error:
        raise BadInput("PREFCENTER_DATABASE_URL is not a database address.", remedy="See docs/settings.md.") from error
    backend = parsed.get_backend_name()
    if backend == "sqlite":
        if parsed.database and parsed.database != ":memory:":
            Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(parsed, connect_args={"timeout": busy_seconds}, **_JSON)
        _prepare_sqlite(engine)
        return engine
    if backend == "postgresql":
        return create_engine(parsed.set(drivername="postgresql+psycopg"), pool_pre_ping=True, **_JSON)
    raise BadInput(f"The database {backend} is not supported.", remedy="Use sqlite:/// or postgresql+psycopg://.")


def _prepare_sqlite(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def configure(connection: sqlite3.Connection, _record: Any) -> None:
        connection.isolation_level = None  # The driver's own BEGIN would always be deferred.
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")  # "Done" must mean durable (U3).
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("PRAGMA recursive_triggers=ON")  # Else INSERT OR REPLACE slips by the ledger's triggers.

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("prefcenter_writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
