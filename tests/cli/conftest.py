"""Running commands as a user would, on a real database file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from prefcenter.cli import main
from prefcenter.core.keys import Peppers
from prefcenter.core.tokens import SigningKeys
from prefcenter.services.sealing import LedgerKeys
from prefcenter.store.engine import Database

PEPPER = "a pepper for the command line in tests"
SECRET = "a signing key for the command line in tests"
JANE_AT_HOME = "Jane Doe; 12 Main St; Apt 4; Springfield; IL; 62701"


class Prefcenter:
    """The command line on one database."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.database = database
        self.folder = folder
        self.ledger_keys = LedgerKeys(SigningKeys([SECRET]))
        self.peppers = Peppers([PEPPER])
        self.environ: dict[str, str | None] = {
            "PREFCENTER_DATABASE_URL": database.engine.url.render_as_string(hide_password=False),
            "PREFCENTER_SECRET_KEYS": SECRET,
            "PREFCENTER_PEPPERS": PEPPER,
            "PREFCENTER_BASE_URL": "https://prefs.example.com",
            "PREFCENTER_DATA_DIR": str(folder / "data"),
            "PREFCENTER_DEBUG": None,
        }

    def __call__(self, *words: str, exits: int | None = 0, text: str | bytes | None = None) -> Result:
        """Run a command and check its exit code."""
        result = CliRunner().invoke(main, words, env=self.environ, input=text, prog_name="prefcenter")
        if exits is not None:
            assert result.exit_code == exits, result.output
        return result

    def json(self, *words: str, exits: int | None = 0, text: str | bytes | None = None) -> Any:
        """Run a command with ``--json`` and read its answer."""
        return json.loads(self(*words, "--json", exits=exits, text=text).stdout)


@pytest.fixture
def prefcenter(sqlite_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Prefcenter:
    """The command line on a migrated, empty database, in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    return Prefcenter(sqlite_database, tmp_path)


@pytest.fixture
def acme(prefcenter: Prefcenter) -> Prefcenter:
    """The same with one brand, a topic and a message type."""
    prefcenter("brand", "add", "acme", "--name", "Acme")
    prefcenter("topic", "add", "offers")
    prefcenter("type", "add", "spring-offers", "--class", "marketing", "--channel", "email", "--topic", "offers")
    return prefcenter
