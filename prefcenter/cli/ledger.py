"""``prefcenter ledger``: proving that nothing was altered, and reading what happened."""

from __future__ import annotations

import json
from pathlib import Path

import click

from prefcenter.cli.options import as_json
from prefcenter.cli.presenting import exits, print_json, print_table
from prefcenter.cli.running import open_wiring
from prefcenter.files.whole import written_whole
from prefcenter.services import ledger_reading, sealing

TAMPERED = 3


@click.group("ledger", epilog=exits())
def ledger_command() -> None:
    """The ledger: what happened, in order, and nothing altered."""


@ledger_command.command(epilog=exits("3  tampered; the first bad entry is named", done="nothing was altered"))
@as_json
def verify(wants_json: bool) -> None:
    """Check every entry, every position and every seal. Changes nothing."""
    with open_wiring() as wiring, wiring.database.read() as session:
        proof = sealing.verify(session, wiring.ledger_keys, wiring.anchors)
    fault = proof.fault
    if wants_json:
        told = {"ok": fault is None, "position": proof.position, "seals": proof.seals, "pending": proof.pending}
        where = None if fault is None else {"position": fault.position, "entry": fault.entry, "what": fault.what}
        print_json(told | {"fault": where})
    elif fault is None:
        click.echo(f"The ledger is whole: {proof.entries} entries under {proof.seals} seals.{_waiting(proof.pending)}")
    else:
        click.echo(f"The ledger was tampered with: {fault.what}")
    if fault is not None:
        raise click.exceptions.Exit(TAMPERED)


def _waiting(pending: int) -> str:
    if not pending:
        return ""
    return f" {pending} {'entry waits' if pending == 1 else 'entries wait'} to be sealed, which the worker does."


@ledger_command.command(epilog=exits())
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True, help="At most so many entries.")
@click.option("--after", type=click.IntRange(min=0), metavar="POSITION", help="Those after a position.")
@click.option("--kind", metavar="KIND", help="Only what happened so, such as suppress, lift or export.")
@as_json
def show(limit: int, after: int | None, kind: str | None, wants_json: bool) -> None:
    """Show the newest entries, or those after a position. Entries that wait for their seal have no position yet.

    Personal data is not among them; `prefcenter explain` shows it for one address.
    """
    with open_wiring() as wiring, wiring.database.read() as session:
        if after is None:
            told = ledger_reading.newest(session, limit, kind=kind)
        else:
            told = ledger_reading.following(session, after, limit, kind=kind)
    if wants_json:
        names = ("position", "at", "kind", "actor", "facts")
        print_json([{name: getattr(each, name) for name in names} for each in told])
        return
    rows = [(each.position or "unsealed", each.at, each.kind, each.actor, _facts(each.facts)) for each in told]
    print_table(("position", "at", "kind", "by", "facts"), rows, empty="There is no such entry.")


def _facts(facts: dict[str, object]) -> str:
    return ", ".join(f"{name}={value}" for name, value in facts.items() if name != "subject")


@ledger_command.command(epilog=exits())
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def export(file: Path) -> None:
    """Write the sealed ledger to FILE as JSON lines, so that it can be checked elsewhere.

    It holds the public keys, every entry with its hash and chain, and every seal with its signature, but no personal
    data. FILE is written whole or not at all.
    """
    count = 0
    with open_wiring() as wiring, wiring.database.read() as session, written_whole(file) as out:
        for line in ledger_reading.lines(session, wiring.ledger_keys):
            out.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")
            count += line["record"] == "entry"
    click.echo(f"Wrote {count} entries to {file}.")
