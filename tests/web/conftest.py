"""The application on a real database, with brands and topics on file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from prefcenter.store.engine import Database
from prefcenter.web.app import build
from tests.houses import House, StillClock, wiring_on


@pytest.fixture
def clock() -> StillClock:
    return StillClock()


@pytest.fixture
def house(database: Database, tmp_path: Path, clock: StillClock) -> Iterator[House]:
    """Two brands with their topics, on each kind of database."""
    made = House(wiring_on(database, tmp_path, clock), clock)
    made.furnish()
    yield made
    made.wiring.database.dispose()


@pytest.fixture
def app(house: House) -> Flask:
    return build(house.wiring.config, house.wiring)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()
