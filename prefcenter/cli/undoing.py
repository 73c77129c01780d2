"""``prefcenter batch``: what came onto the list together, and undoing it together."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from ipaddress import ip_network
from typing import Any

import click

from prefcenter.cli.options import MOMENT, REASON, acting, as_json
from prefcenter.cli.presenting import exits, print_json, print_table, reach
from prefcenter.cli.running import open_wiring
from prefcenter.core.channels import Channel, Reason, Scope
from prefcenter.core.errors import BadInput
from prefcenter.services import backing, clicks, undoing
from prefcenter.services.backing import Judged, Wanted
from prefcenter.services.clicks import Wished
from prefcenter.services.points import known_again
from prefcenter.services.ports import Evidence
from prefcenter.store import causes, suppressions

_SHOWN_AT_MOST = 20


@click.group("batch", epilog=exits())
def batch_command() -> None:
    """Batches: what came onto the list by one cause, such as a provider's call or an import."""


@batch_command.command("list", epilog=exits())
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True, help="How many at most.")
@as_json
def list_batches(limit: int, wants_json: bool) -> None:
    """List the causes, the newest first, with how many entries each made and how many of them stand."""
    with open_wiring() as wiring, wiring.database.read() as session:
        rows = causes.summary(session, limit)
        reasons = causes.reasons_of(session, [row.cause for row in rows])
    told = [
        {
            "cause": row.cause,
            "source": row.source,
            "first": row.first,
            "last": row.last,
            "entries": row.entries,
            "in_force": row.in_force,
            "reasons": reasons[row.cause],
        }
        for row in rows
    ]
    if wants_json:
        print_json(told)
        return
    print_table(
        ("cause", "source", "last", "entries", "in force", "reasons"),
        [
            (each["cause"], each["source"], each["last"], each["entries"], each["in_force"], _counts(each["reasons"]))
            for each in told
        ],
        empty="Nothing came onto the list as a batch yet.",
    )


@batch_command.command("clicks", epilog=exits())
@click.option("--network", metavar="ADDRESS[/BITS]", help="Only clicks from there.")
@click.option("--user-agent", metavar="TEXT", default="", help="Only of clients whose name for themselves holds this.")
@click.option("--from", "since", type=MOMENT, help="Only clicks from then on.")
@click.option("--until", type=MOMENT, help="Only clicks before then.")
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True, help="How many causes at most.")
@as_json
def list_clicks(
    network: str | None, user_agent: str, since: datetime | None, until: datetime | None, limit: int, wants_json: bool
) -> None:
    """List one-clicks by network, client and day, the newest first: a machine makes many within minutes.

    Mailbox providers click for many people from few networks as well. What shows that it was a machine goes into the
    --note of `batch undo CAUSE --reason opt_out`.
    """
    wished = Wished(since, until, _network(network), user_agent)
    with open_wiring() as wiring, wiring.database.read() as session:
        found = clicks.seen(session, wished, limit)
    if wants_json:
        print_json([asdict(each) for each in found])
        return
    print_table(
        ("cause", "network", "client", "entries", "in force", "first", "last"),
        [
            (one.cause, one.network, one.user_agent[:60], one.entries, one.in_force, one.first, one.last)
            for one in found
        ],
        empty="No such one-clicks.",
    )


def _network(text: str | None) -> clicks.Network | None:
    if text is None:
        return None
    try:
        return ip_network(text, strict=False)
    except ValueError as error:
        raise BadInput(f"“{text}” is no network.", remedy="Write it as 203.0.113.0/24 or 2001:db8::/48.") from error


@batch_command.command("show", epilog=exits())
@click.argument("named", metavar="CAUSE...", nargs=-1, required=True)
@click.option("--reason", "reasons", type=REASON, multiple=True, help="Entries of this reason; repeatable.")
@click.option("--from", "since", type=MOMENT, help="Only what was asked for from then on.")
@click.option("--until", type=MOMENT, help="Only what was asked for before then.")
@as_json
def show_batch(
    named: tuple[str, ...],
    reasons: tuple[Reason, ...],
    since: datetime | None,
    until: datetime | None,
    wants_json: bool,
) -> None:
    """Show what undoing CAUSE would end, and what would stay and why; changes nothing.

    In a CAUSE, * stands for anything but clicks: 'sendgrid-*' with --from and --until are a provider's calls of one
    afternoon. Without --reason only bounces, dead numbers and undeliverable addresses end: opt-outs and complaints are
    what people did, wherever they did it, and must be named.
    """
    wanted = Wanted(named, reasons, since, until)
    with open_wiring() as wiring, wiring.database.read() as session:
        judged = backing.judge(session, wanted)
        shown = _entries(session, judged)
    if wants_json:
        print_json(_told(judged) | {"shown": shown})
        return
    _print(judged, shown)


@batch_command.command("undo", epilog=exits())
@click.argument("named", metavar="CAUSE...", nargs=-1, required=True)
@click.option("--reason", "reasons", type=REASON, multiple=True, help="Entries of this reason; repeatable.")
@click.option("--from", "since", type=MOMENT, help="Only what was asked for from then on.")
@click.option("--until", type=MOMENT, help="Only what was asked for before then.")
@as_json
@acting
def undo_batch(
    named: tuple[str, ...],
    reasons: tuple[Reason, ...],
    since: datetime | None,
    until: datetime | None,
    wants_json: bool,
    evidence: Evidence,
) -> None:
    """Void what CAUSE put on the list by mistake: one operator proposes, another one confirms with the same command.

    The person's own acts stay, and so does what somebody else asked for as well; of one-clicks, those end that nobody
    confirmed in another way, and a --note must say what shows that a machine made them. Without --reason only bounces,
    dead numbers and undeliverable addresses end. The second operator ends just what the first one was shown, within
    seven days. Nothing changes at the provider, whose own list may go on refusing.
    """
    wanted = Wanted(named, reasons, since, until)
    with open_wiring() as wiring, wiring.database.write() as session:
        done = undoing.undo(session, wanted, evidence, at=wiring.clock())
        shown = _entries(session, done.judged) if done.outcome != "undone" else []
    if wants_json:
        print_json({"outcome": done.outcome, "proposal": done.proposal, "ended": len(done.ended)} | _told(done.judged))
        return
    if done.outcome == "undone":
        click.echo(f"Undone: {_number(len(done.ended))} ended; {done.proposed_by} proposed it.")
        return
    _print(done.judged, shown)
    if done.outcome == "proposed":
        click.echo("Proposed; all of it holds until a second operator confirms with the same command and --as USER.")


def _entries(session: Any, judged: Judged) -> list[dict[str, Any]]:
    """The first of the entries, masked (X8)."""
    some = [*((row, "") for row in judged.ends[:_SHOWN_AT_MOST]), *judged.stays[:_SHOWN_AT_MOST]]
    given = suppressions.addresses_of(session, [row.id for row, _ in some])
    return [
        {
            "id": row.id,
            "who": known_again(Channel(row.channel), given[row.id]) if row.id in given else "(erased)",
            "reason": row.reason,
            "scope": row.scope,
            "stays": why or None,
        }
        for row, why in some
    ]


def _told(judged: Judged) -> dict[str, Any]:
    return {
        "causes": list(judged.causes),
        "ends": len(judged.ends),
        "by_reason": judged.by_reason,
        "stays": len(judged.stays),
        "why": judged.by_why,
    }


def _print(judged: Judged, shown: list[dict[str, Any]]) -> None:
    click.echo(f"Would end: {_number(len(judged.ends))}{_in_brackets(judged.by_reason)}.")
    click.echo(f"Would stay: {_number(len(judged.stays))}{_in_brackets(judged.by_why)}.")
    if shown:
        print_table(
            ("id", "who", "reason", "reach", "stays because it is"),
            [
                (each["id"], each["who"], each["reason"], reach(Scope.parse(each["scope"])), each["stays"])
                for each in shown
            ],
            empty="",
        )


def _number(count: int) -> str:
    return "1 entry" if count == 1 else f"{count} entries"


def _in_brackets(counts: dict[str, int]) -> str:
    return f" ({_counts(counts)})" if counts else ""


def _counts(counts: Any) -> str:
    return ", ".join(f"{count} {name}" for name, count in counts.items())
