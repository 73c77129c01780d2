"""``prefcenter link``: the links that a mail to an address carries."""

from __future__ import annotations

import click

from prefcenter.cli.options import as_json
from prefcenter.cli.presenting import exits, print_json
from prefcenter.cli.running import open_wiring
from prefcenter.core.channels import Channel, MessageClass
from prefcenter.services.deciding import question_about_class
from prefcenter.services.links import links_for


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
