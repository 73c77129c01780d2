"""Running a command: finding it, opening the product for it, and turning what went wrong into one sentence."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any, NoReturn

import click

from prefcenter.core.errors import BadInput, NotFound, PrefcenterError

if TYPE_CHECKING:
    from prefcenter.wiring import Wiring

FAILED, BAD_INPUT, STOPPED = 1, 2, 130
"""Exit codes that every command has; 130 is what a shell says of a command that was stopped by Ctrl-C."""

DEBUG = "PREFCENTER_DEBUG"


class CommandLine(click.Group):
    """The group of all commands. It loads a command when it is called for, and maps errors to exit codes once.

    Args:
        commands_in: each command's name and the module that holds it as ``<name>_command``.
    """

    def __init__(self, *args: Any, commands_in: Mapping[str, str], **settings: Any) -> None:
        super().__init__(*args, **settings)
        self._commands_in = commands_in

    def list_commands(self, _ctx: click.Context) -> list[str]:
        """Name all commands."""
        return sorted(self._commands_in)

    def get_command(self, _ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load a command."""
        module = self._commands_in.get(cmd_name)
        if module is None:
            return None
        command: click.Command = getattr(import_module(module), f"{cmd_name}_command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands with their whole first sentence, folded where click would cut it."""
        rows = []
        for name in self.list_commands(ctx):
            command = self.get_command(ctx, name)
            if command is not None and not command.hidden:
                rows.append((name, command.get_short_help_str(limit=200)))
        with formatter.section("Commands"):
            formatter.write_dl(rows)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; whatever goes wrong becomes a sentence on standard error and an exit code."""
        try:
            return super().invoke(ctx)
        except (click.exceptions.Exit, click.ClickException):
            raise
        except (KeyboardInterrupt, click.Abort):
            click.echo("Stopped.", err=True)
            ctx.exit(STOPPED)
        except Exception as error:
            if _is_closed_pipe(error) or os.environ.get(DEBUG):
                raise
            _explain(ctx, error)


def _explain(ctx: click.Context, error: Exception) -> NoReturn:
    click.echo(sentence(error), err=True)
    ctx.exit(BAD_INPUT if isinstance(error, BadInput | NotFound) else FAILED)


def sentence(error: Exception) -> str:
    """Tell an error in words that its reader can do something with; no stack trace, no address (X8)."""
    if isinstance(error, PrefcenterError):
        return str(error)
    if isinstance(error, OSError) and error.strerror:
        where = f": {error.filename}" if error.filename else ""
        return f"{error.strerror}{where}."
    return (
        f"Something went wrong that should not have ({type(error).__name__}); what was not committed is undone. "
        f"Run it again with {DEBUG}=1 for the details."
    )


def _is_closed_pipe(error: Exception) -> bool:
    """Whether the reader went away, as in ``prefcenter suppress list | head``: click ends quietly then."""
    return isinstance(error, OSError) and error.errno == errno.EPIPE


@contextmanager
def open_wiring() -> Iterator[Wiring]:
    """Open the product with the settings of the environment, with its schema and its keys checked.

    Every command but ``demo`` is production: nothing is made up for it.

    Raises:
        MissingSettings: names every missing setting at once.
        PrefcenterError: the database has another schema than this version wants.
        MissingKey: a key in use is missing (X12).
    """
    from prefcenter.config import Config
    from prefcenter.wiring import wire

    wiring = wire(Config.from_env())
    try:
        _require_schema(wiring)
        _adopt_keys(wiring)
        yield wiring
    finally:
        wiring.database.dispose()


def _require_schema(wiring: Wiring) -> None:
    from prefcenter.store import models

    with wiring.database.read() as session:
        current = models.current_of(session.connection())
    newest = models.newest()
    if current == newest:
        return
    found = "has no tables yet" if current is None else f"is at revision {current}, not {newest}"
    raise PrefcenterError(f"The database {found}.", remedy="Run `prefcenter db upgrade`.")


def _adopt_keys(wiring: Wiring) -> None:
    """Check the keys by reading, and write only where one is new: a question must not wait for a writer."""
    from prefcenter.services.keyring import is_adopted

    with wiring.database.read() as session:
        adopted = is_adopted(session, wiring.keyring)
    if not adopted:
        wiring.adopt_keys()
