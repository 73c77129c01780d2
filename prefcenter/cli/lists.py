"""``prefcenter suppress import`` and ``export``: whole lists in and out."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from prefcenter.cli.options import CHANNEL, HASH, REASON, acting, as_json, mapped
from prefcenter.cli.presenting import exits, print_json
from prefcenter.cli.running import FAILED, open_wiring
from prefcenter.core.channels import Channel, Reason
from prefcenter.core.hashed import HashAlgorithm
from prefcenter.services.list_rows import Defaults
from prefcenter.services.ports import Evidence


@click.command("import", epilog=exits("1  some rows were rejected, or it could not; the message says why"))
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--channel", type=CHANNEL, help="What the file is about. Default: told by its columns.")
@click.option("--reason", type=REASON, help="For rows without a reason that we know. Default: opt_out.")
@click.option("--source", default="", help="Where the list comes from. Default: the file's name.")
@click.option("--hashed", type=HASH, help="The list holds such digests of trimmed lower-case email addresses.")
@click.option(
    "--rejects",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="PATH",
    help="Where rows go that cannot be used, with a reason each. Default: beside FILE, .rejected.csv.",
)
@mapped
@acting
@as_json
def import_command(
    file: Path,
    channel: Channel | None,
    reason: Reason | None,
    source: str,
    hashed: HashAlgorithm | None,
    rejects: Path | None,
    mapping: dict[str, str],
    evidence: Evidence,
    wants_json: bool,
) -> None:
    """Put the rows of a table on the list. It only ever adds, and can be run again.

    \b
    Columns are recognised by their usual names:
      email; phone; or name (or first_name, last_name), company, address1,
      address2, urbanization (in Puerto Rico), city, state, zip, country; and,
      where there are, reason, since (ISO 8601), brand, topic, level (or
      scope), until, channel.

    A row without a name is meant for the company, else for the household at the address.
    """
    from prefcenter.services.lists import import_list

    with open_wiring() as wiring, _progress() as progress:
        done = import_list(
            wiring.database,
            wiring.keyring,
            wiring.points,
            file,
            Defaults(channel, reason, source.strip(), hashed),
            evidence,
            rejects=rejects or file.with_suffix(".rejected.csv"),
            clock=wiring.clock,
            progress=progress,
            mapping=mapping,
        )
    if wants_json:
        told = {"batch": done.batch, "read": done.read, "new": done.new, "already": done.already}
        print_json(told | {"rejected": done.rejected, "rejects": str(done.rejects) if done.rejects else None})
    else:
        click.echo(f"Read {done.read:,}: {done.new:,} new, {done.already:,} there already, {done.rejected:,} rejected.")
        click.echo(f"The batch is {done.batch}.")
    if done.rejects is not None:
        click.echo(f"The rejected rows are in {done.rejects}, with a reason each.", err=True)
        raise click.exceptions.Exit(FAILED)


@contextmanager
def _progress() -> Iterator[Callable[[int, int], None]]:
    """A bar on standard error where that is a terminal."""
    if not sys.stderr.isatty():
        yield lambda _done, _size: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("Importing", total=None)
        yield lambda done, size: bar.update(task, completed=done, total=size)


@click.command("export", epilog=exits())
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--channel", type=CHANNEL, help="Only this channel.")
@click.option("--reason", type=REASON, help="Only this reason.")
@click.option("--hashed", type=HASH, help="For partners: such digests of the email addresses, and nothing else.")
@acting
@as_json
def export_command(
    file: Path,
    channel: Channel | None,
    reason: Reason | None,
    hashed: HashAlgorithm | None,
    evidence: Evidence,
    wants_json: bool,
) -> None:
    """Write every entry in force to FILE as CSV, in the columns that an import takes; whole or not at all.

    It is exact, for systems and not for spreadsheets, and may leave the house only for suppression. An erased entry
    has a digest in place of its address. The export is on the ledger.
    """
    from prefcenter.services.list_export import export_list

    if hashed is not None:
        _export_hashed(file, channel, reason, hashed, evidence, wants_json=wants_json)
        return
    with open_wiring() as wiring:
        done = export_list(wiring.database, file, evidence, at=wiring.clock(), channel=channel, reason=reason)
    if wants_json:
        print_json({"rows": done.rows, "by_channel": done.by_channel, "sha256": done.sha256, "file": str(file)})
        return
    parts = ", ".join(f"{count:,} {name}" for name, count in sorted(done.by_channel.items()))
    click.echo(f"Wrote {done.rows:,} entries to {file}{f': {parts}' if parts else ''}.")


def _export_hashed(
    file: Path,
    channel: Channel | None,
    reason: Reason | None,
    hashed: HashAlgorithm,
    evidence: Evidence,
    *,
    wants_json: bool,
) -> None:
    from prefcenter.services.list_export_hashed import export_hashed

    with open_wiring() as wiring:
        done = export_hashed(wiring.database, file, hashed, evidence, at=wiring.clock(), channel=channel, reason=reason)
    if wants_json:
        told = {"rows": done.rows, "hashed": hashed, "sha256": done.sha256, "file": str(file)}
        print_json(told | {"erased": done.erased, "other_algorithm": done.other_algorithm})
        return
    click.echo(f"Wrote {done.rows:,} {hashed.label} digests to {file}.")
    if done.erased:
        click.echo(f"{done.erased:,} erased entries are not in it: only keyed digests are left of them.", err=True)
    if done.other_algorithm:
        click.echo(f"{done.other_algorithm:,} entries of lists that were hashed otherwise are not in it.", err=True)
