"""``prefcenter template``: what messages say before it is known to whom."""

from __future__ import annotations

from pathlib import Path

import click

from prefcenter.cli.options import CHANNEL, FILE, acting, as_json
from prefcenter.cli.presenting import exits, print_json, print_table
from prefcenter.cli.running import open_wiring
from prefcenter.core.channels import Channel
from prefcenter.services import templates
from prefcenter.services.ports import Evidence
from prefcenter.services.templates import Written


@click.group("template", epilog=exits())
def template_command() -> None:
    """Templates: texts with variables, written {{ name }}."""


@template_command.command("add", epilog=exits())
@click.argument("slug")
@click.option("--channel", type=CHANNEL, required=True, help="How it goes.")
@click.option("--brand", metavar="SLUG", help="Its brand; needed only where there are several.")
@click.option("--subject", default="", help="Of a mail.")
@click.option("--text", default="", help="The plain body.")
@click.option("--text-file", type=FILE, help="The plain body, in a file.")
@click.option("--html-file", type=FILE, help="The rich body, in a file.")
@acting
def add_template(
    slug: str,
    channel: Channel,
    brand: str | None,
    subject: str,
    text: str,
    text_file: Path | None,
    html_file: Path | None,
    evidence: Evidence,
) -> None:
    """Register a template. A variable is written {{ name }}; in HTML its value is escaped. There is no logic.

    \b
    prefcenter template add spring --channel email --subject "Spring, {{ first_name }}" --text-file spring.txt
    """
    body = text_file.read_text(encoding="utf-8") if text_file is not None else text
    html = html_file.read_text(encoding="utf-8") if html_file is not None else ""
    written = Written(subject, body, html)
    with open_wiring() as wiring, wiring.database.write() as session:
        templates.add_template(session, slug, channel, brand, written, evidence, at=wiring.clock())
    names = ", ".join(written.variables)
    click.echo(f"Added the template {slug} for {channel}{f', with the variables {names}' if names else ''}.")


@template_command.command("list", epilog=exits())
@as_json
def list_templates(wants_json: bool) -> None:
    """List the templates with their variables."""
    with open_wiring() as wiring, wiring.database.read() as session:
        found = templates.templates(session)
    told = [
        {
            "slug": row.slug,
            "channel": row.channel,
            "brand": brand.slug,
            "variables": list(templates.written_of(row).variables),
        }
        for row, brand in found
    ]
    if wants_json:
        print_json(told)
        return
    shown = [
        (row.slug, row.channel, brand.slug, ", ".join(templates.written_of(row).variables)) for row, brand in found
    ]
    print_table(("slug", "channel", "brand", "variables"), shown, empty="There is no template yet.")


@template_command.command("show", epilog=exits())
@click.argument("slug")
@as_json
def show_template(slug: str, wants_json: bool) -> None:
    """Show what a template says."""
    with open_wiring() as wiring, wiring.database.read() as session:
        row, brand = templates.template_named(session, slug)
    told = {"slug": row.slug, "channel": row.channel, "brand": brand.slug}
    told |= {"subject": row.subject, "text": row.text, "html": row.html}
    if wants_json:
        print_json(told)
        return
    print_table(("", ""), [(name, value) for name, value in told.items() if value], empty="")
