"""``prefcenter type``: the registered kinds of message. What is not registered is not sent."""

from __future__ import annotations

from typing import Any

import click

from prefcenter.cli.options import CHANNEL, Code, acting, as_json
from prefcenter.cli.presenting import exits, print_json, print_table
from prefcenter.cli.running import open_wiring
from prefcenter.cli.type_checks import lint_type, watch_types
from prefcenter.core.channels import Channel, MessageClass, ServiceCategory
from prefcenter.services import message_types
from prefcenter.services.errors import UnknownType
from prefcenter.services.message_types import TypeState, state_of
from prefcenter.services.ports import Evidence
from prefcenter.services.registering import name_from
from prefcenter.store import registry
from prefcenter.store.registry import Brand, MessageType, Topic

_SENDABLE = Code([each for each in MessageClass if each is not MessageClass.SHARING], "class")
_CATEGORY = Code(ServiceCategory, "category")


@click.group("type", epilog=exits())
def type_command() -> None:
    """Message types: each kind of message with its class, brand and topic."""


type_command.add_command(lint_type)
type_command.add_command(watch_types)


@type_command.command("add", epilog=exits())
@click.argument("slug")
@click.option("--class", "message_class", type=_SENDABLE, required=True, help="What it is.")
@click.option("--channel", type=CHANNEL, required=True, help="How it goes.")
@click.option("--brand", metavar="SLUG", help="Its brand; needed only where there are several.")
@click.option("--topic", metavar="SLUG", help="What one subscribes to; marketing only.")
@click.option("--name", help="What it is called. Default: made from SLUG.")
@click.option("--sender", default="", help="An address, a number (+1…), a short code or a Messaging Service (MG…).")
@click.option("--category", type=_CATEGORY, help="Why a service message is exempt (E14); required for service.")
@click.option("--category-reason", default="", help="The same in words, for whoever approves it; required for service.")
@click.option("--urgent", "is_urgent", is_flag=True, help="A service text that must not wait for the morning.")
@click.option("--fallback", "fallbacks", type=CHANNEL, multiple=True, help="Where a reroute may go; repeatable (X11).")
@click.option("--use-since-policy", type=int, metavar="VERSION", help="The privacy policy that first named this use.")
@acting
def add_type(slug: str, evidence: Evidence, name: str | None, fallbacks: tuple[Channel, ...], **facts: Any) -> None:
    """Register a message type. SLUG is its short name for commands, files and the API.

    A service or legal type reaches people who opted out of marketing. So it is only proposed, and not sent, until
    another operator runs `prefcenter type approve SLUG`. All others can be sent from then on.

    Until the first operator is registered (`prefcenter user add`), what is added without --as belongs to the set-up and
    is approved at once.

    \b
    prefcenter type add spring-offers --class marketing --channel email --topic offers
    prefcenter type add receipt --class service --channel email --category transaction \\
      --category-reason "Confirms an order, right after it" --as ann@example.com
    """
    told = message_types.TypeFacts(name=name or name_from(slug), fallbacks=fallbacks, **facts)
    with open_wiring() as wiring, wiring.database.write() as session:
        row, brand, topic = message_types.add_type(session, slug, told, evidence, at=wiring.clock())
    about = f", topic {topic.slug}" if topic is not None else ""
    done = "Proposed" if state_of(row) is TypeState.PROPOSED else "Added"
    click.echo(f"{done} the message type {row.slug}: {row.message_class} by {row.channel} of {brand.slug}{about}.")
    if state_of(row) is TypeState.PROPOSED:
        click.echo(f"It is not sent until another operator approves it: prefcenter type approve {row.slug} --as …")


@type_command.command("approve", epilog=exits("1  could not: it takes another operator, who may approve"))
@click.argument("slug")
@acting
def approve_type(slug: str, evidence: Evidence) -> None:
    """Approve a proposed message type, so that it can be sent.

    It takes another operator than the one who proposed it, named by --as; where there are operators with the role
    approver or admin, one of them. Read `prefcenter type show SLUG` first: you answer for its category.
    """
    with open_wiring() as wiring, wiring.database.write() as session:
        is_new = message_types.approve_type(session, slug, evidence, at=wiring.clock())
    click.echo(f"The message type {slug} is approved{'' if is_new else ' already'}: it can be sent.")


@type_command.command("archive", epilog=exits())
@click.argument("slug")
@acting
def archive_type(slug: str, evidence: Evidence) -> None:
    """Take a message type out of use.

    What of it is still queued is refused when it is due. Its slug is never used again.
    """
    with open_wiring() as wiring, wiring.database.write() as session:
        message_types.archive_type(session, slug, evidence, at=wiring.clock())
    click.echo(f"Archived the message type {slug}: nothing of it is sent any more.")


@type_command.command("show", epilog=exits())
@click.argument("slug")
@as_json
def show_type(slug: str, wants_json: bool) -> None:
    """Show what a message type declares, and who proposed and approved it."""
    with open_wiring() as wiring, wiring.database.read() as session:
        found = registry.type_named(session, slug)
    if found is None:
        raise UnknownType(f"There is no message type “{slug}”.", remedy="`prefcenter type list` shows them.")
    told = _brief(*found) | _declared(found[0])
    if wants_json:
        print_json(told)
        return
    shown = [(name.replace("_", " "), value) for name, value in told.items() if value not in (None, "", [])]
    print_table(("what", "declared"), shown, empty="")


@type_command.command("list", epilog=exits())
@click.option("--all", "with_archived", is_flag=True, help="Those that were archived too.")
@as_json
def list_types(with_archived: bool, wants_json: bool) -> None:
    """List the message types."""
    with open_wiring() as wiring, wiring.database.read() as session:
        rows = registry.types(session, with_archived=with_archived)
    told = [_brief(*found) for found in rows]
    if wants_json:
        print_json(told)
        return
    print_table(
        ("slug", "class", "channel", "brand", "topic", "state", "sender", "category"),
        [(*each.values(), row.sender, row.category) for each, (row, _, _) in zip(told, rows, strict=True)],
        empty="There is no message type yet. `prefcenter type add --help` shows how to add one.",
    )


def _brief(row: MessageType, brand: Brand, topic: Topic | None) -> dict[str, Any]:
    return {
        "slug": row.slug,
        "class": row.message_class,
        "channel": row.channel,
        "brand": brand.slug,
        "topic": None if topic is None else topic.slug,
        "state": state_of(row).value,
    }


def _declared(row: MessageType) -> dict[str, Any]:
    names = ("name", "sender", "category", "category_reason", "fallbacks", "is_urgent", "use_since_policy")
    history = ("proposed_by", "created_at", "approved_by", "approved_at", "archived_at")
    return {name: getattr(row, name) for name in names + history}
