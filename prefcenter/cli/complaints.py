"""``prefcenter complaints``: who complains of each brand's marketing mail, and releasing a brand that is stopped."""

from __future__ import annotations

import click

from prefcenter.cli.options import acting, as_json
from prefcenter.cli.presenting import exits, print_json, print_table
from prefcenter.cli.running import open_wiring
from prefcenter.services import complaints
from prefcenter.services.ports import Evidence


@click.group("complaints", epilog=exits("3 a brand is stopped"), invoke_without_command=True)
@as_json
@click.pass_context
def complaints_command(context: click.Context, wants_json: bool) -> None:
    """Show how many complained of each brand's marketing mail within seven days.

    At 0.10 % of what was delivered it is a warning. Before 0.30 % the brand's marketing mail is stopped: it waits, 72
    hours at most, until `prefcenter complaints release`. At least 1,000 mails are reckoned with.
    """
    if context.invoked_subcommand is not None:
        return
    with open_wiring() as wiring, wiring.database.read() as session:
        rates = complaints.rates(session, at=wiring.clock())
    if wants_json:
        print_json(
            [
                {
                    "brand": rate.brand,
                    "state": rate.state,
                    "complaints": rate.complaints,
                    "delivered": rate.delivered,
                    "percent": rate.percent,
                    "since": rate.since,
                    "stopped_since": rate.stopped_since,
                }
                for rate in rates
            ]
        )
    else:
        print_table(
            ("brand", "state", "complaints", "delivered", "rate", "counted since", "stopped since"),
            [
                (r.brand, r.state, r.complaints, r.delivered, f"{r.percent:.2f} %", r.since, r.stopped_since)
                for r in rates
            ],
            empty="Nothing was delivered and nobody complained within seven days.",
        )
    if any(rate.stopped_since is not None for rate in rates):
        context.exit(3)


@complaints_command.command("release", epilog=exits())
@click.argument("brand", metavar="BRAND")
@acting
def release_brand(brand: str, evidence: Evidence) -> None:
    """Let the marketing mail of BRAND go out again. Takes a --note: what was found, and what is different now.

    What waits is decided again at once, and complaints are counted anew from now on.
    """
    with open_wiring() as wiring, wiring.database.write() as session:
        waiting = complaints.release(session, brand, evidence, at=wiring.clock())
    click.echo(f"Released the marketing mail of {brand}; {waiting} waiting, decided again now.")
