"""``prefcenter db``: the schema."""

from __future__ import annotations

import click

from prefcenter.cli.presenting import exits


@click.group("db", epilog=exits())
def db_command() -> None:
    """Look after the database."""


@db_command.command(epilog=exits())
def upgrade() -> None:
    """Bring the database to the schema of this version; one that has it stays as it is.

    Run it before the first start and after each update; several servers may run it at once.
    """
    from prefcenter.config import Config
    from prefcenter.store import schema
    from prefcenter.wiring import wire

    wiring = wire(Config.from_env())
    try:
        before = schema.current(wiring.database.engine)
        schema.upgrade(wiring.database.engine)
        after = schema.current(wiring.database.engine)
        wiring.adopt_keys()
    finally:
        wiring.database.dispose()
    if before == after:
        click.echo(f"The database is at revision {after} already.")
    else:
        click.echo(f"The database is now at revision {after}{f', before at {before}' if before else ''}.")
