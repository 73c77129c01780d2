"""``prefcenter audit``: who should not have been written to, by a log of what was sent."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields
from datetime import datetime, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click

from prefcenter.cli.options import CHANNEL, FILE, MOMENT, as_json, branded, mapped
from prefcenter.cli.presenting import exits, print_json, print_table
from prefcenter.cli.running import open_wiring
from prefcenter.core.channels import Channel
from prefcenter.core.errors import BadInput

if TYPE_CHECKING:
    from prefcenter.services.auditing import Audited

UNCHECKED, FOUND = 1, 3
_SHOWN, _SHOWN_TO_PROGRAMS = 50, 1_000


@click.command(
    "audit",
    epilog=exits(
        "1  none was found, and some rows could not be checked; or it could not",
        f"{FOUND}  found some",
        done="none was found",
    ),
)
@click.argument("file", type=FILE)
@click.option("--channel", type=CHANNEL, help="How they were written to. Default: told by the columns.")
@click.option("--at-column", metavar="COLUMN", help="When each was sent. Default: told by the columns' names.")
@click.option("--at", "moment", type=MOMENT, help="When all were sent, such as the drop date; in place of a column.")
@click.option("--zone", default="UTC", show_default=True, metavar="NAME", help="Where times without a zone were told.")
@branded
@click.option("--type", "message_type", metavar="SLUG", help="The registered message type that was sent.")
@mapped
@click.option("--layout", type=FILE, help="FILE is of fixed width, and this CSV says where its columns stand.")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="A CSV file for the rows that were found, all of them.",
)
@click.option("--limit", type=click.IntRange(min=0), help="At most so many are shown. Default: 50, with --json 1,000.")
@as_json
def audit_command(
    file: Path,
    channel: Channel | None,
    at_column: str | None,
    moment: datetime | None,
    zone: str,
    brand: str | None,
    topic: str | None,
    message_type: str | None,
    mapping: dict[str, str],
    layout: Path | None,
    out: Path | None,
    limit: int | None,
    wants_json: bool,
) -> None:
    """Hold a log of what some tool or mail house did send against the list as it stood at each moment.

    FILE has a row for each address that was written to, and a column for when. Found is who was on the list then: since
    before that moment, and neither lifted nor ended by it. What was voided since never counted.
    """
    from prefcenter.services.auditing import Log, audit

    if at_column is not None and moment is not None:
        raise BadInput("--at-column and --at contradict each other.", remedy="Give one of them.")
    if message_type is not None and (brand or topic):
        raise BadInput("A message type has its own brand and topic.", remedy="Leave out --brand and --topic.")
    with open_wiring() as wiring, _progress() as progress:
        log = Log(
            file=file,
            channel=channel,
            at_column=at_column,
            at=moment,
            zone=_zone(zone),
            brand=brand,
            topic=topic,
            message_type=message_type,
            mapping=mapping,
            layout=layout,
            default_country=wiring.config.default_country,
            out=out,
            shown=limit if limit is not None else (_SHOWN_TO_PROGRAMS if wants_json else _SHOWN),
        )
        done = audit(wiring.database, wiring.keyring, log, at=wiring.clock(), progress=progress)
    if wants_json:
        print_json(_json(file, done, out))
    else:
        _tell(file, done, out, zone)
    if done.found or done.unreadable:
        raise click.exceptions.Exit(FOUND if done.found else UNCHECKED)


def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise BadInput(f"There is no time zone “{name}”.", remedy="Name it as America/New_York.") from None


def _json(file: Path, done: Audited, out: Path | None) -> dict[str, Any]:
    told = {each.name: getattr(done, each.name) for each in fields(done)}
    findings = [_finding_json(row) for row in done.findings]
    problems = [{"row": row, "problem": problem} for row, problem in done.problems]
    return {"file": file.name} | told | {"findings": findings, "problems": problems, "out": str(out) if out else None}


def _finding_json(row: Mapping[str, object]) -> dict[str, object]:
    told = {name.removeprefix("pc_"): value for name, value in row.items()}
    numbers = {name: kind(str(told[name])) for name, kind in (("hours", float), ("score", float), ("suppression", int))}
    return told | numbers | {"sure": told["sure"] == "yes"}


def _finding_cells(row: Mapping[str, object]) -> list[object]:
    moments = [datetime.fromisoformat(str(row[name])) for name in ("pc_sent", "pc_since")]
    return [
        row["pc_row"],
        moments[0],
        row["pc_reason"],
        row["pc_scope"],
        moments[1],
        row["pc_hours"],
        row["pc_tier"],
        row["pc_suppression"],
    ]


def _tell(file: Path, done: Audited, out: Path | None, zone: str) -> None:
    for note in done.notes:
        click.echo(note, err=True)
    when = f"by the column {done.at_column}" if done.at_column is not None else "at the moment given"
    click.echo(f"{file.name}: {done.rows:,} rows sent by {done.channel}, {when}; {done.checked:,} could be checked.")
    if done.zone_assumed:
        click.echo(f"{done.zone_assumed:,} times have no zone and were taken as {zone}.")
    if done.in_future:
        times = "1 time is" if done.in_future == 1 else f"{done.in_future:,} times are"
        click.echo(f"Note: {times} yet to come: look whether --zone and --at-column are right.", err=True)
    if done.found:
        rows = "row" if done.found == 1 else "rows"
        by_reason = ", ".join(f"{count:,} {reason}" for reason, count in done.by_reason.most_common())
        click.echo(f"{done.found:,} {rows} went to somebody who was on the list at that moment: {by_reason}.")
        if done.found - done.known:
            click.echo(f"{done.found - done.known:,} of them before we had put the entry on record.")
        headings = ("row", "sent", "reason", "reach", "since", "hours after", "tier", "entry")
        print_table(headings, [_finding_cells(row) for row in done.findings], empty="")
    else:
        click.echo(f"None of {_all(done)} went to anybody who was on the list at that moment.")
    _tell_doubts(done, out)


def _all(done: Audited) -> str:
    """Who is spoken of where nobody was found."""
    return f"the {done.checked:,} that could be checked" if done.unreadable else "them"


def _tell_doubts(done: Audited, out: Path | None) -> None:
    if done.found > len(done.findings):
        click.echo(f"{done.found - len(done.findings):,} more are not shown; --out writes all.", err=True)
    if done.unsure:
        click.echo(f"{done.unsure:,} more may have been: the names or addresses differ a little.")
    if done.voided:
        click.echo(f"{done.voided:,} met an entry that was voided since as a wrong record, which never counted.")
    if done.unreadable:
        rows = "row" if done.unreadable == 1 else "rows"
        click.echo(f"{done.unreadable:,} {rows} could not be checked; the first:", err=True)
        for row, problem in done.problems[:3]:
            click.echo(f"  row {row} {problem}", err=True)
    if out is not None:
        click.echo(f"The rows are in {out}, and those that could not be checked beside it.")


@contextmanager
def _progress() -> Iterator[Callable[[int, int, int], None]]:
    """A bar on standard error where that is a terminal."""
    if not sys.stderr.isatty():
        yield lambda _done, _size, _rows: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("Auditing", total=None)
        yield lambda done, size, _rows: bar.update(task, completed=done, total=size)
