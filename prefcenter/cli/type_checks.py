"""``prefcenter type lint`` and ``type watch``: whether what goes out as service is service."""

from __future__ import annotations

from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import click

from prefcenter.cli.options import FILE, as_json
from prefcenter.cli.presenting import exits, print_json, print_table
from prefcenter.cli.running import open_wiring
from prefcenter.core.errors import BadInput
from prefcenter.core.watching import Watched
from prefcenter.services import linting_gate, type_watch


@click.command("lint", epilog=exits("3  it counts as marketing, and is refused as what it is registered as"))
@click.argument("slug")
@click.argument("file", type=FILE)
@click.option("--subject", default="", help="The subject of a FILE that is only a body.")
@as_json
@click.pass_context
def lint_type(ctx: click.Context, slug: str, file: Path, subject: str, wants_json: bool) -> None:
    """Read a draft as a message of a type: does it read as marketing (E15)?

    FILE is a whole mail (.eml), or only its body: HTML where its name ends so, otherwise plain text.

    The same is read of every service, legal or requested message when it is queued.
    """
    title, text, html = _read(file, subject)
    with open_wiring() as wiring, wiring.database.read() as session:
        linted = linting_gate.lint_draft(session, slug, subject=title, text=text, html=html)
    if wants_json:
        found = [
            {"code": one.code.value, "severity": one.severity.value, "place": one.place, "why": one.why}
            for one in linted.findings
        ]
        print_json(
            {
                "type": slug,
                "class": linted.message_class.value,
                "refused": linted.is_refused,
                "reasons": linted.reasons,
                "findings": found,
            }
        )
    else:
        for one in linted.findings:
            click.echo(f"{one.severity.value}: {one.place}: {one.why}")
        word = "is refused" if linted.is_refused else "may be sent"
        click.echo(f"As a {linted.message_class} message of {slug}, it {word}.")
    ctx.exit(3 if linted.is_refused else 0)


@click.command("watch", epilog=exits("3  a type reaches more people who opted out of marketing than it usually does"))
@as_json
@click.pass_context
def watch_types(ctx: click.Context, wants_json: bool) -> None:
    """Show how much of each service and legal type reached people who had opted out of marketing.

    The last 24 hours are held against the median of the 28 days before. The worker looks once an hour, and tells the
    ledger of an alarm once a day for each type (`watch_alarm`).
    """
    with open_wiring() as wiring, wiring.database.read() as session:
        seen = type_watch.watch_types(session, at=wiring.clock())
    if wants_json:
        print_json(
            [
                {"type": one.slug, "class": one.message_class, "brand": one.brand, "category": one.category}
                | _figures(one.watched)
                for one in seen
            ]
        )
    else:
        print_table(
            ("type", "class", "brand", "sent", "opted out", "share", "usual a day", "usual share", "alarm"),
            [(one.slug, one.message_class, one.brand, *_shown(one.watched)) for one in seen],
            empty="There is no service or legal type yet.",
        )
    ctx.exit(3 if any(one.watched.alarm for one in seen) else 0)


def _read(file: Path, subject: str) -> tuple[str, str, str]:
    """Subject, plain body and rich body of a draft."""
    raw = file.read_bytes()
    mail = message_from_bytes(raw, policy=default)
    if isinstance(mail, EmailMessage) and (mail["Subject"] is not None or mail["Content-Type"] is not None):
        return subject or str(mail["Subject"] or ""), _body(mail, "plain"), _body(mail, "html")
    try:
        body = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput(f"{file} is neither a mail nor text in UTF-8.", remedy="Save it as UTF-8.") from error
    is_html = file.suffix.lower() in (".html", ".htm")
    return subject, "" if is_html else body, body if is_html else ""


def _body(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body(preferencelist=(kind,))
    try:
        return "" if part is None else str(part.get_content())
    except LookupError as error:
        raise BadInput("The draft is in a character set that nobody knows.", remedy="Save it as UTF-8.") from error


def _figures(watched: Watched) -> dict[str, object]:
    return {
        "sent": watched.last.sent,
        "opted_out": watched.last.opted_out,
        "share": round(watched.last.share, 4),
        "usual_opted_out": watched.usual_volume,
        "usual_share": None if watched.usual_share is None else round(watched.usual_share, 4),
        "alarm": watched.alarm or None,
    }


def _shown(watched: Watched) -> tuple[str, ...]:
    volume, share = watched.usual_volume, watched.usual_share
    usual = ("", "") if volume is None or share is None else (f"{volume:,.4g}", f"{share:.0%}")
    last = watched.last
    return (f"{last.sent:,}", f"{last.opted_out:,}", f"{last.share:.0%}" if last.sent else "", *usual, watched.alarm)
