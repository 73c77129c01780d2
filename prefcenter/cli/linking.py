"""``prefcenter link`` and ``links``: the links that mails to an address, or to all addresses of a file, carry."""

from __future__ import annotations

from pathlib import Path

import click

from prefcenter.cli.options import FILE, as_json, mapped
from prefcenter.cli.presenting import exits, print_json
from prefcenter.cli.running import open_wiring
from prefcenter.core.channels import Channel, MessageClass
from prefcenter.services.deciding import question_about_class
from prefcenter.services.links import links_for

REJECTED = 1


@click.command("link", epilog=exits())
@click.argument("address")
@click.option("--brand", metavar="SLUG", help="Of this brand; needed only where there are several.")
@click.option("--topic", metavar="SLUG", help="Ends this topic only; without one, all marketing email of the brand.")
@as_json
def link_command(address: str, brand: str | None, topic: str | None, wants_json: bool) -> None:
    """Print the unsubscribe link and the preference page of ADDRESS, one a line.

    ADDRESS is an email address (or a phone number); it is made known if it isn't.
    """
    channel = Channel.EMAIL if "@" in address or not any(map(str.isdigit, address)) else Channel.SMS
    with open_wiring() as wiring, wiring.database.write() as session:
        point = wiring.points.parse(channel, address)
        if brand is None and topic is not None:
            brand = question_about_class(session, MessageClass.MARKETING, topic=topic).brand
        made = links_for(session, wiring.keyring, wiring.links, point, at=wiring.clock(), brand=brand, topic=topic)
    if wants_json:
        print_json({"unsubscribe": made.unsubscribe, "preferences": made.preferences})
        return
    click.echo(made.unsubscribe)
    click.echo(made.preferences)


@click.command("links", epilog=exits(f"{REJECTED}  done, but some rows could not be used"))
@click.argument("file", type=FILE)
@click.option("--brand", metavar="SLUG", help="Whose mail it is; needed only where there are several brands.")
@click.option("--topic", metavar="SLUG", help="The links end this topic only; without one, all of the brand's.")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The new file, of the same format. Default: beside FILE, with .links before its suffix.",
)
@mapped
@as_json
def links_command(
    file: Path, brand: str | None, topic: str | None, out: Path | None, mapping: dict[str, str], wants_json: bool
) -> None:
    """Write FILE again with the links of each row, for mails that another tool sends.

    Each row with a usable email address gets its unsubscribe link, its preference page, and the value of its header
    List-Unsubscribe. The address is made known if it isn't. FILE may be a CSV, a workbook or Parquet.
    """
    from prefcenter.services.link_files import COLUMNS, LinkOrder, link_file

    order = LinkOrder(file, out, brand, topic, mapping)
    with open_wiring() as wiring:
        done = link_file(wiring.database, wiring.keyring, wiring.links, wiring.points, order, at=wiring.clock())
    if wants_json:
        problems = [{"row": row, "problem": problem} for row, problem in done.problems]
        told = {"file": file.name, "out": str(order.target), "columns": COLUMNS, "headers": done.headers}
        counts = {"rows": done.rows, "linked": done.linked, "rejected": done.unusable}
        rejects = str(order.rejects) if done.unusable else None
        print_json(told | counts | {"rejects": rejects, "problems": problems})
    else:
        for note in done.notes:
            click.echo(note, err=True)
        click.echo(f"{done.linked:,} of {done.rows:,} rows have their links now: {order.target}")
        click.echo("Let your tool send these headers with each mail:")
        click.echo(f"  List-Unsubscribe: (the column {COLUMNS[2]})")
        for name, value in done.headers.items():
            click.echo(f"  {name}: {value}")
    if done.unusable:
        rows = "row" if done.unusable == 1 else "rows"
        click.echo(f"{done.unusable:,} {rows} could not be used, and are in {order.rejects}; the first:", err=True)
        for row, problem in done.problems[:3]:
            click.echo(f"  row {row}: {problem}", err=True)
        raise click.exceptions.Exit(REJECTED)
