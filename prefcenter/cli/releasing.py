"""``prefcenter mailing release``: an approver lets a mailing go that a guard holds."""

from __future__ import annotations

from pathlib import Path

import click

from prefcenter.cli.options import acting, as_json
from prefcenter.cli.presenting import exits, print_json
from prefcenter.cli.running import open_wiring
from prefcenter.services.ports import Evidence


@click.command(
    "release", epilog=exits("1  could not: it is not held, it has gone stale, or you may not; it says which")
)
@click.argument("name")
@click.option(
    "--manifest",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the released manifest there; by default beside the mailing's files.",
)
@as_json
@acting
@click.pass_context
def mailing_release(ctx: click.Context, name: str, manifest: Path | None, wants_json: bool, evidence: Evidence) -> None:
    """Let the newest version of a mailing go that a guard holds, and sign its manifest anew.

    It takes an operator with the role approver or admin, named by --as, who did not run the scrub.
    """
    from prefcenter.services import releasing

    with open_wiring() as wiring:
        found = releasing.release(
            wiring.database, wiring.ledger_keys, name, evidence, at=wiring.clock(), manifest_file=manifest
        )
    told = found.manifest
    if wants_json:
        print_json(told)
    else:
        click.echo(f"Mailing {told['mailing']}, version {told['version']}, is released by {told['released']['by']}.")
        for reason in told["released"]["was_held_because"]:
            click.echo(f"  - It was held: {reason}")
    if found.written_to is None:
        click.echo(f"The release is on record; its manifest could not be written: {found.problem}", err=True)
        click.echo("Do the same again with --manifest FILE, and give FILE to the mail house.", err=True)
        ctx.exit(1)
    if not wants_json:
        click.echo(f"The manifest is signed anew: {found.written_to}")
