"""``prefcenter brand`` and ``prefcenter topic``: what is mailed, under which name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, BinaryIO

import click

from prefcenter.cli.options import CHANNEL, acting, as_json
from prefcenter.cli.presenting import exits, print_json, print_table
from prefcenter.cli.running import open_wiring
from prefcenter.core.channels import Channel
from prefcenter.services import catalogue, signing_up
from prefcenter.services.brand_looks import MOST_LOGO_BYTES, LookChange, set_look
from prefcenter.services.links import the_brand
from prefcenter.services.ports import Evidence
from prefcenter.services.registering import name_from
from prefcenter.store import registry

_SHOWN = (
    *("slug", "name", "country", "postal_address", "sender_name", "marketing_from", "service_from", "contact"),
    *("domain", "privacy_url", "policy_version", "double_opt_in"),
)


def _brand_facts(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in (
        click.option(
            "--double-opt-in/--no-double-opt-in",
            default=None,
            help="Whether opt-ins on the preference page are confirmed by mail too. Default: no.",
        ),
        click.option("--privacy-version", "policy_version", type=int, help="Its version; it only grows (G16)."),
        click.option("--privacy-url", metavar="URL", help="The page of its privacy notice, at https://."),
        click.option("--domain", help="Where people know it from, such as acme.example."),
        click.option("--contact", help="Where people can ask: an address, a number or a page."),
        click.option("--service-from", metavar="EMAIL", help="Whom service mail comes from; not the same (E10)."),
        click.option("--marketing-from", metavar="EMAIL", help="Whom marketing mail comes from."),
        click.option("--sender-name", help="The name that its mails come from."),
        click.option("--postal-address", help="The address that every marketing mail must show (E10)."),
        click.option("--country", metavar="CC", help="ISO 3166; whose law counts in doubt. Default: US."),
    ):
        command = option(command)
    return command


@click.group("brand", epilog=exits())
def brand_command() -> None:
    """Brands: the names that mail goes out under."""


@brand_command.command("add", epilog=exits())
@click.argument("slug")
@click.option("--name", help="What recipients know it as. Default: made from SLUG.")
@_brand_facts
@acting
def add_brand(slug: str, name: str | None, evidence: Evidence, **facts: Any) -> None:
    """Register a brand. SLUG is its short name for commands and files.

    \b
    prefcenter brand add acme --name "Acme"
    is enough to begin; its postal address and senders are needed before the first send.
    """
    given = {key: value for key, value in facts.items() if value is not None}
    told = catalogue.BrandFacts(name=name or name_from(slug), **given)
    with open_wiring() as wiring, wiring.database.write() as session:
        row = catalogue.add_brand(session, slug, told, evidence, at=wiring.clock())
    click.echo(f"Added the brand {row.slug} ({row.name}).")


@brand_command.command("set", epilog=exits())
@click.argument("slug")
@click.option("--name", help="What recipients know it as.")
@_brand_facts
@acting
def set_brand(slug: str, evidence: Evidence, **facts: Any) -> None:
    """Change what is known of a brand; what is not named stays."""
    changes = {key: value for key, value in facts.items() if value is not None}
    with open_wiring() as wiring, wiring.database.write() as session:
        row = catalogue.set_brand(session, slug, changes, evidence, at=wiring.clock())
    click.echo(f"Changed the brand {row.slug}: {', '.join(sorted(changes)).replace('_', ' ')}.")


@brand_command.command("look", epilog=exits())
@click.argument("slug")
@click.option("--accent", metavar="COLOUR", help="Buttons and links on a light page: #rrggbb, readable on white.")
@click.option("--accent-dark", metavar="COLOUR", help="The same on a dark page. Default: a shade of --accent.")
@click.option("--logo", type=click.File("rb"), help="A PNG, JPEG or WebP of at most 12 KiB; shown 40 pixels high.")
@click.option("--no-logo", is_flag=True, help="Show no logo any more.")
@acting
def look_of_brand(
    slug: str,
    accent: str | None,
    accent_dark: str | None,
    logo: BinaryIO | None,
    no_logo: bool,
    evidence: Evidence,
) -> None:
    """Say how a brand's pages look. An empty colour takes it away.

    A colour that cannot be read on the page (contrast below 4.5) is refused, with the nearest shade that passes.
    """
    picture = b"" if no_logo else None if logo is None else logo.read(MOST_LOGO_BYTES + 1)
    change = LookChange(accent, accent_dark, picture)
    with open_wiring() as wiring, wiring.database.write() as session:
        row = set_look(session, slug, change, evidence, at=wiring.clock())
    click.echo(f"Changed the look of {row.slug}.")


@brand_command.command("signup", epilog=exits())
@click.argument("slug", metavar="BRAND")
@as_json
def sign_up_form(slug: str, wants_json: bool) -> None:
    """Print the link of a brand's sign-up form, and the form as HTML for a page of its own.

    The HTML needs no script; it sends what is filled in to us, and the page that answers is ours. Print it again when
    topics change: a form with other words than today's is not taken, but shown anew.
    """
    with open_wiring() as wiring, wiring.database.read() as session:
        form = signing_up.require_form(session, the_brand(session, slug))
        words = signing_up.words_of(form, signing_up.in_english, "en")
        link, html = wiring.links.sign_up(slug), signing_up.snippet(form, wiring.links, words)
    if wants_json:
        print_json({"link": link, "html": html})
        return
    click.echo(f"{link}\n\n{html}", nl=False)


@brand_command.command("list", epilog=exits())
@as_json
def list_brands(wants_json: bool) -> None:
    """List the brands."""
    with open_wiring() as wiring, wiring.database.read() as session:
        rows = registry.brands(session)
    if wants_json:
        print_json([{name: getattr(row, name) for name in _SHOWN} for row in rows])
        return
    print_table(
        ("slug", "name", "country", "marketing from", "service from", "postal address"),
        [(r.slug, r.name, r.country, r.marketing_from, r.service_from, r.postal_address) for r in rows],
        empty='There is no brand yet. Add one: prefcenter brand add acme --name "Acme"',
    )


@click.group("topic", epilog=exits())
def topic_command() -> None:
    """Topics: what one can subscribe to, per brand and channel."""


@topic_command.command("add", epilog=exits())
@click.argument("slug")
@click.option("--brand", metavar="SLUG", help="Its brand; needed only where there are several.")
@click.option("--name", help="What recipients read. Default: made from SLUG.")
@click.option("--description", default="", help="A sentence for the preference page.")
@click.option("--channel", "channels", type=CHANNEL, multiple=True, help="Repeatable. Default: every channel.")
@acting
def add_topic(
    slug: str,
    brand: str | None,
    name: str | None,
    description: str,
    channels: tuple[Channel, ...],
    evidence: Evidence,
) -> None:
    """Register a topic of a brand. SLUG is its short name for commands and files."""
    with open_wiring() as wiring, wiring.database.write() as session:
        row, owner = catalogue.add_topic(
            session,
            slug,
            brand=brand,
            name=name or name_from(slug),
            description=description,
            channels=channels,
            evidence=evidence,
            at=wiring.clock(),
        )
    click.echo(f"Added the topic {row.slug} ({row.name}) of {owner.slug}, by {', '.join(row.channels)}.")


@topic_command.command("list", epilog=exits())
@click.option("--brand", metavar="SLUG", help="Only those of this brand.")
@as_json
def list_topics(brand: str | None, wants_json: bool) -> None:
    """List the topics."""
    with open_wiring() as wiring, wiring.database.read() as session:
        brand_id = None if brand is None else the_brand(session, brand).id
        rows = registry.topics(session, brand_id)
    if wants_json:
        print_json(
            [{"slug": row.slug, "brand": owner.slug, "name": row.name, "channels": row.channels} for row, owner in rows]
        )
        return
    print_table(
        ("slug", "brand", "name", "channels"),
        [(row.slug, owner.slug, row.name, row.channels) for row, owner in rows],
        empty="There is no topic yet. Add one: prefcenter topic add newsletter",
    )
