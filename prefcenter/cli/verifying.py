"""``prefcenter verify``: whether a mailing file is the one that came out of a scrub, and may be used."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from prefcenter.cli.options import as_json
from prefcenter.cli.presenting import exits, moment, print_json
from prefcenter.cli.running import open_wiring

CHANGED, STALE, HELD = 3, 4, 5
_MOMENTS = ("cutoff", "drop")
_PLACED = click.Path(dir_okay=False, path_type=Path)
"""A file that may have to be put back before it can be read: a scrub was killed while it put others in its place."""


@click.command(
    "verify",
    epilog=exits(
        f"{CHANGED}  it is not the file that the manifest speaks of, or the manifest was altered",
        f"{STALE}  it is the file, and too old to be used: stale, superseded by a newer version, or withdrawn",
        f"{HELD}  it is the file, and a guard holds the mailing",
        done="it is the file, unchanged and fresh",
    ),
)
@click.argument("file", type=_PLACED)
@click.argument("manifest", type=_PLACED)
@as_json
@click.pass_context
def verify_command(ctx: click.Context, file: Path, manifest: Path, wants_json: bool) -> None:
    """Tell whether FILE is what MANIFEST speaks of, unchanged, still fresh, and still the one to be used."""
    from prefcenter.files.verification import Outcome
    from prefcenter.services import verifying

    with open_wiring() as wiring, wiring.database.read() as session:
        found = verifying.verify(session, wiring.ledger_keys, file, manifest, at=wiring.clock())
    if wants_json:
        print_json({"outcome": found.outcome.value, "message": found.message, "options": dict(found.options)})
    else:
        click.echo(found.message)
        for line in _options(found.options):
            click.echo(f"  {line}")
    too_old = dict.fromkeys((Outcome.STALE, Outcome.SUPERSEDED, Outcome.WITHDRAWN), STALE)
    codes = {Outcome.OK: 0, Outcome.HELD: HELD} | too_old
    ctx.exit(codes.get(found.outcome, CHANGED))


def _options(options: Mapping[str, Any]) -> Iterator[str]:
    """How the mailing was scrubbed, a line for each thing that was asked for."""
    for name, value in options.items():
        if name in _MOMENTS and value is not None:
            said = moment(datetime.fromisoformat(value))
        else:
            said = "" if name == "columns" else _told(value)  # They are many, and the manifest has them.
        if said:
            yield f"{name.replace('_', ' '):<16} {said}"


def _told(value: Any) -> str:
    match value:
        case {"name": str(name), "sha256": str(digest)}:
            return f"{name} (SHA-256 {digest[:12]}…)"
        case dict():
            return ", ".join(f"{name}={each}" for name, each in value.items())
        case bool():
            return "yes" if value else "no"
        case _:
            return "" if value is None else str(value)
