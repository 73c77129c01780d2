"""``prefcenter suppress rekey``: the postal entries in the newest canonical form."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click

from prefcenter.cli.options import acting, as_json
from prefcenter.cli.presenting import exits, print_json
from prefcenter.cli.running import FAILED, open_wiring
from prefcenter.services.ports import Evidence


@click.command("rekey", epilog=exits("1  some entries could not be keyed anew, or it could not; the message says why"))
@click.option("--all", "every", is_flag=True, help="Those too that have all keys already, as far as is noted.")
@acting
@as_json
def rekey_command(every: bool, evidence: Evidence, wants_json: bool) -> None:
    """Key the postal entries anew, after an update that reads addresses otherwise, or with a new pepper.

    It adds keys and takes none away, in short commits, so that a click never waits; stopped, it goes on where it was.
    Until it has run, entries are found as they were before the update.
    """
    from prefcenter.services.rekeying import rekey

    with open_wiring() as wiring, _progress() as progress:
        done = rekey(
            wiring.database,
            wiring.keyring,
            wiring.points,
            evidence,
            clock=wiring.clock,
            every=every,
            progress=progress,
        )
    failed = [{"id": each.suppression_id, "problem": each.problem} for each in done.failed]
    if wants_json:
        print_json({"form": done.form, "rekeyed": done.rekeyed, "failed": failed, "erased": done.erased})
    else:
        click.echo(f"Keyed {done.rekeyed:,} postal entries anew, in form {done.form}.")
        if done.erased:
            click.echo(f"{done.erased:,} erased entries keep the keys that they have.")
    for each in done.failed:
        click.echo(f"Entry {each.suppression_id} keeps its old keys: {each.problem}", err=True)
    if done.failed:
        raise click.exceptions.Exit(FAILED)


@contextmanager
def _progress() -> Iterator[Callable[[int], None]]:
    """A counter on standard error where that is a terminal."""
    if not sys.stderr.isatty():
        yield lambda _seen: None
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn

    columns = (SpinnerColumn(), TextColumn("{task.description} {task.completed:,} entries"))
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("Keying", total=None)
        yield lambda seen: bar.update(task, completed=seen)
