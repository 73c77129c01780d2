"""``prefcenter suppress list``: the list as it stands, and one entry with its history."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from prefcenter.cli.happenings import happening_json, happening_lines
from prefcenter.cli.options import CHANNEL, REASON, as_json
from prefcenter.cli.presenting import exits, moment, print_json, print_json_list, print_table, reach
from prefcenter.cli.running import open_wiring
from prefcenter.core.channels import Channel, Reason, Scope
from prefcenter.core.errors import NotFound
from prefcenter.services.histories import histories
from prefcenter.services.points import known_again, readable
from prefcenter.store import suppressions
from prefcenter.store.suppressions import Suppression

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

PAGE = 1_000


@click.command("list", epilog=exits())
@click.option("--id", "number", type=click.IntRange(min=1), metavar="ID", help="This entry alone, with its history.")
@click.option("--channel", type=CHANNEL, help="Only this channel.")
@click.option("--reason", type=REASON, help="Only this reason.")
@click.option("--ended", is_flag=True, help="Those too that were lifted, voided or replaced.")
@click.option("--show-addresses", is_flag=True, help="Whole addresses instead of masked ones.")
@click.option("--limit", type=click.IntRange(min=1), help="At most so many. Default: 100, with --json all.")
@as_json
def list_entries(
    number: int | None,
    channel: Channel | None,
    reason: Reason | None,
    ended: bool,
    show_addresses: bool,
    limit: int | None,
    wants_json: bool,
) -> None:
    """Show the list, the newest entries last."""
    with open_wiring() as wiring, wiring.database.read() as session:
        if number is not None:
            _show_one(session, number, wiring.clock(), whole=show_addresses, wants_json=wants_json)
            return
        rows = _entries(session, channel, reason, with_ended=ended)
        if wants_json:
            told = (_entry_json(row, given, whole=show_addresses) for row, given in rows)
            print_json_list(each for count, each in enumerate(told) if limit is None or count < limit)
            return
        shown = [pair for _, pair in zip(range((limit or 100) + 1), rows, strict=False)]
    more = len(shown) > (limit or 100)
    print_table(
        ("id", "channel", "address", "reason", "reach", "since", "source", "state"),
        [_entry_cells(row, given, whole=show_addresses) for row, given in shown[: limit or 100]],
        empty="Nothing is on the list.",
    )
    if more:
        click.echo(f"There are more; --limit shows more than {limit or 100}.", err=True)


def _show_one(session: Session, number: int, at: datetime, *, whole: bool, wants_json: bool) -> None:
    found = suppressions.page(session, after=number - 1, limit=1, with_ended=True)
    if not found or found[0][0].id != number:
        raise NotFound(f"There is no entry {number} on the list.", remedy="`prefcenter suppress list` shows the IDs.")
    row, given = found[0]
    told = histories(session, [row], at).get(number, ())
    entry = _entry_json(row, given, whole=whole)
    if wants_json:
        print_json(entry | {"history": [happening_json(each) for each in told]})
        return
    for name, value in entry.items():
        if value not in (None, ""):
            shown = moment(value) if isinstance(value, datetime) else "yes" if value is True else value
            click.echo(f"{name.replace('_', ' '):<17} {'no' if shown is False else shown}")
    for line in happening_lines((number, each) for each in told):
        click.echo(line)


def _entries(
    session: Session, channel: Channel | None, reason: Reason | None, *, with_ended: bool
) -> Iterator[tuple[Suppression, dict[str, Any] | None]]:
    after = 0
    while rows := suppressions.page(
        session, after=after, limit=PAGE, channel=channel, reason=reason, with_ended=with_ended
    ):
        yield from rows
        after = rows[-1][0].id
        session.expunge_all()


def _address(row: Suppression, given: dict[str, Any] | None, *, whole: bool) -> str | None:
    if given is None:
        return None
    return readable(Channel(row.channel), given) if whole else known_again(Channel(row.channel), given)


def _entry_json(row: Suppression, given: dict[str, Any] | None, *, whole: bool) -> dict[str, Any]:
    return {
        "id": row.id,
        "channel": row.channel,
        "address": _address(row, given, whole=whole),
        "code": row.reason,
        "scope": Scope.parse(row.scope).label,
        "level": row.level or None,
        "since": row.since,
        "until": row.until,
        "source": row.source,
        "own_act": row.is_own_act,
        "recorded_by": row.actor,
        "batch": row.batch,
        "void_proposed_by": row.void_proposed_by,
        "ended_at": row.ended_at,
        "ended_by": row.ended_by,
    }


def _entry_cells(row: Suppression, given: dict[str, Any] | None, *, whole: bool) -> tuple[object, ...]:
    if row.ended_at is not None:
        state = f"{row.ended_by} {moment(row.ended_at)}"
    else:
        state = f"void proposed by {row.void_proposed_by}" if row.void_proposed_by else "in force"
    address = _address(row, given, whole=whole) or "(erased)"
    where = f"{reach(Scope.parse(row.scope))}{f', {row.level}' if row.level else ''}"
    return row.id, row.channel, address, row.reason, where, row.since, row.source, state
