"""``prefcenter mailing``: following what was prepared for a mail house, until the last piece has arrived."""

from __future__ import annotations

import click

from prefcenter.cli.options import as_json
from prefcenter.cli.presenting import exits, print_json, print_table
from prefcenter.cli.releasing import mailing_release
from prefcenter.cli.running import open_wiring


@click.group("mailing", epilog=exits())
def mailing_command() -> None:
    """Follow what was prepared for a mail house."""


mailing_command.add_command(mailing_release)


@mailing_command.command("list", epilog=exits())
@as_json
def mailing_list(wants_json: bool) -> None:
    """List the mailings, the newest first."""
    from prefcenter.store import mailings

    with open_wiring() as wiring, wiring.database.read() as session:
        rows = mailings.all_versions(session)
    if wants_json:
        print_json([mailings.as_dict(row) for row in rows])
        return
    print_table(
        ("mailing", "version", "channel", "brand", "state", "prepared", "drop", "kept", "suppressed"),
        [
            (
                row.name,
                row.version,
                row.channel,
                row.brand,
                row.state,
                row.prepared_at,
                row.drop_at,
                row.manifest.get("counts", {}).get("kept"),
                row.manifest.get("counts", {}).get("suppressed"),
            )
            for row in rows
        ],
        empty="There is no mailing yet; `prefcenter scrub` makes one.",
    )


@mailing_command.command("show", epilog=exits())
@click.argument("name")
def mailing_show(name: str) -> None:
    """Print the manifest of each version of a mailing, the newest first."""
    from prefcenter.core.errors import NotFound
    from prefcenter.store import mailings

    with open_wiring() as wiring, wiring.database.read() as session:
        rows = mailings.all_versions(session, name)
    if not rows:
        raise NotFound(f"There is no mailing “{name}”.", remedy="`prefcenter mailing list` shows them.")
    print_json([mailings.as_dict(row) for row in rows])
