"""``prefcenter mailing``: following what was prepared for a mail house, until the last piece has arrived."""

from __future__ import annotations

from datetime import timedelta

import click

from prefcenter.cli.mailing_ends import mailing_drop, mailing_forget, mailing_withdraw
from prefcenter.cli.mailing_loads import mailing_load
from prefcenter.cli.mailing_page import told_page
from prefcenter.cli.mailing_pulls import mailing_pull, mailing_receipt
from prefcenter.cli.options import as_json
from prefcenter.cli.presenting import exits, print_json, print_table
from prefcenter.cli.releasing import mailing_release
from prefcenter.cli.running import open_wiring


@click.group("mailing", epilog=exits())
def mailing_command() -> None:
    """Follow what was prepared for a mail house."""


for command in (
    mailing_release,
    mailing_pull,
    mailing_load,
    mailing_receipt,
    mailing_drop,
    mailing_withdraw,
    mailing_forget,
):
    mailing_command.add_command(command)


@mailing_command.command("list", epilog=exits())
@as_json
def mailing_list(wants_json: bool) -> None:
    """List the mailings, the newest first."""
    from prefcenter.services.following import superseded
    from prefcenter.store import mailings

    with open_wiring() as wiring, wiring.database.read() as session:
        rows = mailings.all_versions(session)
        replaced = superseded(rows)
    if wants_json:
        print_json([mailings.as_dict(row) | {"superseded_by": replaced.get(row.id)} for row in rows])
        return
    print_table(
        ("mailing", "version", "channel", "brand", "state", "prepared", "drop", "kept", "suppressed"),
        [
            (
                row.name,
                row.version,
                row.channel,
                row.brand,
                f"{row.state}, superseded by {replaced[row.id]}" if row.id in replaced else row.state,
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
@as_json
def mailing_show(name: str, wants_json: bool) -> None:
    """Show a mailing: its versions, dates and counts, what was pulled and acknowledged, and what to do next."""
    from prefcenter.services.mailing_page import mailing_page
    from prefcenter.services.mailing_records import finish_abandoned

    with open_wiring() as wiring:
        at = wiring.clock()
        finish_abandoned(wiring.database, wiring.mailing_rows, at=at)
        with wiring.database.read() as session:
            period = timedelta(days=wiring.config.keep_rows_days)
            pages = mailing_page(session, name, period, at=at)
    if wants_json:
        print_json([page.as_dict() for page in pages])
        return
    for line in told_page(pages):
        click.echo(line)
