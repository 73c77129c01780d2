"""``prefcenter type``: the registered kinds of message. What is not registered is not sent."""

from __future__ import annotations

from typing import Any

import click

from prefcenter.cli.options import CHANNEL, Code, acting, as_json
from prefcenter.cli.presenting import exits, print_json, print_table
from prefcenter.cli.running import open_wiring
from prefcenter.core.channels import Channel, MessageClass, ServiceCategory
from prefcenter.services import catalogue
from prefcenter.services.ports import Evidence
from prefcenter.store import registry

_SENDABLE = Code([each for each in MessageClass if each is not MessageClass.SHARING], "class")
_CATEGORY = Code(ServiceCategory, "category")


@click.group("type", epilog=exits())
def type_command() -> None:
    """Message types: each kind of message with its class, brand and topic."""


@type_command.command("add", epilog=exits())
@click.argument("slug")
@click.option("--class", "message_class", type=_SENDABLE, required=True, help="What it is.")
@click.option("--channel", type=CHANNEL, required=True, help="How it goes.")
@click.option("--brand", metavar="SLUG", help="Its brand; needed only where there are several.")
@click.option("--topic", metavar="SLUG", help="What one subscribes to; marketing only.")
@click.option("--name", help="What it is called. Default: made from SLUG.")
@click.option("--sender", default="", help="An address, a number (+1…), a short code or a Messaging Service (MG…).")
@click.option("--category", type=_CATEGORY, help="Why a service message is exempt (E14); required for service.")
@click.option("--category-reason", default="", help="The same in words.")
@click.option("--urgent", "is_urgent", is_flag=True, help="A service text that must not wait for the morning.")
@click.option("--fallback", "fallbacks", type=CHANNEL, multiple=True, help="Where a reroute may go; repeatable (X11).")
@click.option("--use-since-policy", type=int, metavar="VERSION", help="The privacy policy that first named this use.")
@acting
def add_type(slug: str, evidence: Evidence, name: str | None, fallbacks: tuple[Channel, ...], **facts: Any) -> None:
    """Register a message type. SLUG is its short name for commands, files and the API.

    It can be sent from then on: USER both proposes and approves it.

    \b
    prefcenter type add spring-offers --class marketing --channel email --topic offers
    prefcenter type add receipt --class service --channel email --category transaction
    """
    told = catalogue.TypeFacts(name=name or catalogue.name_from(slug), fallbacks=fallbacks, **facts)
    with open_wiring() as wiring, wiring.database.write() as session:
        row, brand, topic = catalogue.add_type(session, slug, told, evidence, at=wiring.clock())
    about = f", topic {topic.slug}" if topic is not None else ""
    click.echo(f"Added the message type {row.slug}: {row.message_class} by {row.channel} of {brand.slug}{about}.")


@type_command.command("list", epilog=exits())
@as_json
def list_types(wants_json: bool) -> None:
    """List the message types."""
    with open_wiring() as wiring, wiring.database.read() as session:
        rows = registry.types(session)
    told = [
        {
            "slug": row.slug,
            "class": row.message_class,
            "channel": row.channel,
            "brand": brand.slug,
            "topic": None if topic is None else topic.slug,
        }
        for row, brand, topic in rows
    ]
    if wants_json:
        print_json(told)
        return
    print_table(
        ("slug", "class", "channel", "brand", "topic", "sender", "category"),
        [(*each.values(), row.sender, row.category) for each, (row, _, _) in zip(told, rows, strict=True)],
        empty="There is no message type yet. `prefcenter type add --help` shows how to add one.",
    )
