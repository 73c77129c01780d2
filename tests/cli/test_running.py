"""How commands start, fail and are told about."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import click
import pytest

from prefcenter.cli import main
from prefcenter.cli.running import open_wiring
from prefcenter.store.engine import Database
from tests.cli.conftest import Prefcenter

DOCS = Path(__file__).parents[2] / "docs" / "cli.md"


def commands(group: click.Group, above: tuple[str, ...] = ()) -> list[tuple[str, click.Command]]:
    """Every command and group below a group, by its full name."""
    found = []
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        path = (*above, name)
        found.append((" ".join(path), command))
        if isinstance(command, click.Group):
            found += commands(command, path)
    return found


ALL = commands(main)
LEAVES = [(name, command) for name, command in ALL if not isinstance(command, click.Group)]


@pytest.mark.parametrize(("name", "command"), ALL, ids=[name for name, _ in ALL])
def test_each_help_tells_what_the_command_does_and_its_exit_codes(name: str, command: click.Command) -> None:
    context = click.Context(command, info_name=f"prefcenter {name}")
    told = command.get_help(context)
    assert command.get_short_help_str()
    assert "Exit codes:" in told
    assert all(re.search(rf"^ +{code}  +\S", told, re.MULTILINE) for code in "012")


def test_the_list_of_commands_cuts_no_sentence() -> None:
    listing = main.get_help(click.Context(main, info_name="prefcenter")).partition("Commands:")[2]
    assert "worker" in listing
    assert "..." not in listing


@pytest.mark.parametrize(("name", "command"), LEAVES, ids=[name for name, _ in LEAVES])
def test_each_option_is_explained(name: str, command: click.Command) -> None:
    options = [each for each in command.params if isinstance(each, click.Option) and not each.hidden]
    assert [each.name for each in options if not each.help] == []


def test_the_documentation_lists_exactly_the_commands_that_there_are() -> None:
    documented = re.findall(r"^### `prefcenter ([a-z ]+)`$", DOCS.read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(documented) == sorted(name for name, _ in LEAVES)


def test_the_documentation_names_every_option() -> None:
    sections = re.split(r"^### `prefcenter ", DOCS.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    texts = {section.partition("`")[0]: section for section in sections}
    missing = [
        f"{name} {option}"
        for name, command in LEAVES
        for each in command.params
        if isinstance(each, click.Option) and not each.hidden
        for option in each.opts
        if option.startswith("--") and option not in ("--json", "--as", "--note") and option not in texts[name]
    ]
    assert missing == []


def test_starting_without_settings_names_all_that_are_missing(prefcenter: Prefcenter) -> None:
    for name in ("SECRET_KEYS", "PEPPERS", "BASE_URL"):
        prefcenter.environ[f"PREFCENTER_{name}"] = None
    told = prefcenter("brand", "list", exits=1).stderr
    assert "PREFCENTER_SECRET_KEYS, PREFCENTER_PEPPERS, PREFCENTER_BASE_URL" in told


def test_a_database_without_tables_asks_for_the_upgrade(prefcenter: Prefcenter) -> None:
    prefcenter.environ["PREFCENTER_DATABASE_URL"] = f"sqlite:///{prefcenter.folder}/new.db"
    assert "Run `prefcenter db upgrade`" in prefcenter("brand", "list", exits=1).stderr
    prefcenter("db", "upgrade")
    assert "already" in prefcenter("db", "upgrade").stdout
    prefcenter("brand", "list")


def test_a_lost_pepper_stops_every_command(acme: Prefcenter) -> None:
    """X12: a missing pepper stops everything at start."""
    acme.environ["PREFCENTER_PEPPERS"] = "quite another pepper of good length"
    told = acme("check", "email", "jane@example.com", exits=1).stderr
    assert "PREFCENTER_PEPPERS with fingerprint" in told


def test_a_question_does_not_wait_for_a_writer(acme: Prefcenter) -> None:
    with acme.database.write() as session:
        session.connection()
        acme("check", "email", "jane@example.com")


def test_what_nobody_expected_is_one_sentence(prefcenter: Prefcenter, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_self: Database) -> None:
        raise ZeroDivisionError("with jane@example.com in it")

    monkeypatch.setattr(Database, "read", broken)
    told = prefcenter("brand", "list", exits=1).stderr
    assert "PREFCENTER_DEBUG=1" in told
    assert "Traceback" not in told
    assert "jane" not in told
    prefcenter.environ["PREFCENTER_DEBUG"] = "1"
    assert isinstance(prefcenter("brand", "list", exits=1).exception, ZeroDivisionError)


def test_being_stopped_is_exit_130(prefcenter: Prefcenter, monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(_self: Database) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Database, "read", stopped)
    assert prefcenter("brand", "list", exits=130).stderr == "Stopped.\n"


def test_help_and_the_list_of_commands_open_nothing(prefcenter: Prefcenter) -> None:
    prefcenter.environ["PREFCENTER_DATABASE_URL"] = "sqlite:////nowhere/that/exists"
    assert "suppress" in prefcenter("--help").stdout
    assert prefcenter("--version").stdout.startswith("prefcenter")
    prefcenter("unheard-of", exits=2)


def test_loading_the_command_line_loads_no_engine() -> None:
    assert open_wiring.__module__ in sys.modules
    import subprocess

    code = "import sys, prefcenter.cli; print(sorted({'polars', 'duckdb', 'flask', 'sqlalchemy'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
