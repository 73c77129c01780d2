"""A real server on a loopback port, and a real Chromium that talks to nobody else."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright
from werkzeug.serving import WSGIRequestHandler, make_server

from prefcenter.store.engine import Database
from prefcenter.web.app import build
from tests.houses import House, StillClock, wiring_on

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


class SilentHandler(WSGIRequestHandler):
    """Writes no access log: a path is a token (X8)."""

    def log(self, type: str, message: str, *args: object) -> None:  # noqa: A002 (werkzeug's name)
        """Say nothing."""


@pytest.fixture(scope="session")
def chromium() -> str:
    """The browser's path; without one these tests fail rather than pass unseen."""
    named = os.environ.get("CHROMIUM")
    found = named or next((path for name in _NAMES if (path := shutil.which(name))), None)
    if found is None:
        pytest.fail("Chromium is missing: install it (`apt-get install chromium`) or name it in CHROMIUM.")
    return found


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator[Browser]:
    arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-dev-shm-usage"]
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium, args=arguments)
        yield opened
        opened.close()


@pytest.fixture
def house(sqlite_database: Database, tmp_path: Path) -> House:
    clock = StillClock()
    made = House(wiring_on(sqlite_database, tmp_path, clock, twilio_auth_token="a token for tests"), clock)
    made.furnish()
    return made


@pytest.fixture
def site(house: House) -> Iterator[str]:
    """The address of the running application."""
    server = make_server(
        "127.0.0.1", 0, build(house.wiring.config, house.wiring), threaded=True, request_handler=SilentHandler
    )
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()
