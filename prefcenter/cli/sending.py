"""``prefcenter send``: one message, or one to each of an audience, through the gate."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import click

from prefcenter.cli.options import FILE, MOMENT, as_json, mapped
from prefcenter.cli.presenting import exits, print_json
from prefcenter.cli.running import open_wiring
from prefcenter.core.channels import Channel
from prefcenter.wiring import Wiring

REFUSED, REJECTED = 3, 1

A_SLIP = timedelta(hours=1)
"""So long ago the time of leaving may be: a script that takes a while means now; another year is a slip."""


def _variables(_ctx: click.Context, _param: click.Parameter, values: tuple[str, ...]) -> dict[str, str]:
    told = {}
    for each in values:
        name, sign, value = each.partition("=")
        if not sign or not name.strip():
            raise click.BadParameter(f"{each!r} is not NAME=VALUE.")
        told[name.strip()] = value
    return told


@click.command("send", epilog=exits("1  some rows rejected, or it could not be done", "3  refused"))
@click.argument("message_type", metavar="TYPE")
@click.argument("to", required=False)
@click.option("--subject", default="", help="Of a mail.")
@click.option("--text", default="", help="The plain body.")
@click.option("--text-file", type=FILE, help="The plain body, in a file.")
@click.option("--html-file", type=FILE, help="The rich body, in a file.")
@click.option("--template", metavar="SLUG", help="What it says, instead of the four above.")
@click.option("--var", "variables", multiple=True, callback=_variables, metavar="NAME=VALUE", help="For the template.")
@click.option("--audience", type=FILE, help="A table of recipients; its columns are the variables.")
@click.option("--send-at", type=MOMENT, help="When it is to leave; now by default.")
@click.option("--dry-run", is_flag=True, help="With an audience: decide, and write nothing.")
@mapped
@as_json
def send_command(
    message_type: str,
    to: str | None,
    subject: str,
    text: str,
    text_file: Path | None,
    html_file: Path | None,
    template: str | None,
    variables: dict[str, str],
    audience: Path | None,
    send_at: datetime | None,
    dry_run: bool,
    mapping: dict[str, str],
    wants_json: bool,
) -> None:
    """Send a message of the registered TYPE to an address or number, or to each row of an audience.

    It is decided now, and again when the worker dispatches it. What cannot be used of an audience goes to a file
    `.rejected.csv` beside it, with a reason each; the rest goes on. Repeating a run of the same file queues nobody
    twice.

    \b
    prefcenter send receipt ann@example.com --subject "Your order" --text "It is on its way."
    prefcenter send spring-offers --audience spring.csv --template spring --dry-run
    """
    if (to is None) == (audience is None):
        raise click.UsageError("Give either a recipient or --audience FILE.")
    if to is not None and "@" not in to and Path(to).is_file():
        raise click.UsageError(f"{to} is a file. For one message to each of its rows, use --audience {to}.")
    with open_wiring() as wiring:
        if send_at is not None and send_at < wiring.clock() - A_SLIP:
            raise click.UsageError(f"--send-at {send_at:%Y-%m-%d %H:%M} is over. Leave it out to send now.")
        if audience is not None:
            if template is None or variables or subject or text or text_file or html_file:
                raise click.UsageError("An audience needs --template, whose variables are the columns of the file.")
            _send_audience(wiring, audience, message_type, template, mapping, send_at, dry_run, wants_json)
            return
        if dry_run:
            raise click.UsageError("For one recipient, ask `prefcenter check`.")
        body = text_file.read_text(encoding="utf-8") if text_file is not None else text
        html = html_file.read_text(encoding="utf-8") if html_file is not None else ""
        _send_one(wiring, message_type, to or "", (subject, body, html), template, variables, send_at, wants_json)


def _send_one(
    wiring: Wiring,
    message_type: str,
    to: str,
    content: tuple[str, str, str],
    template: str | None,
    variables: dict[str, str],
    send_at: datetime | None,
    wants_json: bool,
) -> None:
    from prefcenter.services import messages, templates
    from prefcenter.services.templates import Written

    channel = Channel.EMAIL if "@" in to or not any(map(str.isdigit, to)) else Channel.SMS
    written = Written(*content) if any(content) else None
    order = messages.Order(message_type, to, channel, written, template, variables, send_at)
    desk = messages.Desk(wiring.keyring, wiring.points, wiring.links)
    with wiring.database.write() as session:
        if template is not None:
            templates.require_known(session, template, variables)
        taken = messages.take(session, desk, order, at=wiring.clock())
    if wants_json:
        print_json(
            {
                "id": taken.id,
                "state": taken.state,
                "verdict": taken.verdict,
                "reasons": [dict(r) for r in taken.reasons],
            }
        )
    else:
        why = "; ".join(f"{reason['code']} {reason['scope']}" for reason in taken.reasons)
        until = f" until {taken.until}" if taken.until and taken.state == "waiting" else ""
        click.echo(f"Message {taken.id} is {taken.state}{until}{f': {why}' if why else ''}.")
    if taken.state == "refused":
        raise click.exceptions.Exit(REFUSED)


def _send_audience(
    wiring: Wiring,
    file: Path,
    message_type: str,
    template: str,
    mapping: dict[str, str],
    send_at: datetime | None,
    dry_run: bool,
    wants_json: bool,
) -> None:
    from prefcenter.services.bulk_sending import Audience, send_audience
    from prefcenter.services.messages import Desk

    audience = Audience(file, message_type, template, mapping, send_at, dry_run)
    desk = Desk(wiring.keyring, wiring.points, wiring.links)
    done = send_audience(wiring.database, desk, audience, clock=wiring.clock)
    has_file = bool(done.rejected) and not dry_run
    if wants_json:
        problems = [{"row": row, "problem": problem} for row, problem in done.problems]
        rejects = str(audience.rejects) if has_file else None
        counts = {"rows": done.rows, **done.states, "rejected": done.rejected, "dry_run": dry_run}
        print_json(counts | {"batch": done.batch, "rejects": rejects, "problems": problems})
    else:
        told = ", ".join(f"{count:,} {state}" for state, count in sorted(done.states.items()) if count)
        would = "would be " if dry_run else ""
        click.echo(f"Of {done.rows:,} rows: {would}{told or '0 queued'}; {done.rejected:,} rejected.")
    if done.rejected:
        where = f" See {audience.rejects}." if has_file else ""
        what = "1 row" if done.rejected == 1 else f"{done.rejected:,} rows"
        click.echo(f"{what} could not be used.{where} The first:", err=True)
        for row, problem in done.problems[:3]:
            click.echo(f"  row {row}: {problem}", err=True)
        raise click.exceptions.Exit(REJECTED)
