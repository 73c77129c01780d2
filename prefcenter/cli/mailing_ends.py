"""``prefcenter mailing drop``, ``withdraw`` and ``forget``: how a mailing ends, and what is left of it."""

from __future__ import annotations

from datetime import datetime

import click

from prefcenter.cli.options import MOMENT, acting, versioned
from prefcenter.cli.presenting import exits, moment
from prefcenter.cli.running import open_wiring
from prefcenter.services.ports import Evidence


@click.command("drop", epilog=exits())
@click.argument("name")
@click.option("--at", "dropped_at", type=MOMENT, help="When it was posted; by default now.")
@versioned
@acting
def mailing_drop(name: str, dropped_at: datetime | None, version: int | None, evidence: Evidence) -> None:
    """Record that a mailing was posted. What is pulled from then on counts as in flight."""
    from prefcenter.services import mailing_ends
    from prefcenter.store.mailings import last_expected

    with open_wiring() as wiring, wiring.database.write() as session:
        followed = mailing_ends.drop(session, name, evidence, at=wiring.clock(), dropped_at=dropped_at, version=version)
    row = followed.row
    if row.dropped_at is not None and row.dropped_at > row.stale_after:
        click.echo(
            f"Note: it had gone stale on {moment(row.stale_after)}; later opt-outs were only in its pulls.", err=True
        )
    if followed.newer is not None:
        click.echo(f"Note: version {followed.newer.version} is newer than what was posted.", err=True)
    click.echo(
        f"Mailing {row.name}, version {row.version}, was posted {moment(row.dropped_at)}. It may arrive until"
        f" {last_expected(row):%Y-%m-%d}; until then acknowledgements and `prefcenter explain` name it."
    )


@click.command("withdraw", epilog=exits())
@click.argument("name")
@versioned
@acting
def mailing_withdraw(name: str, version: int | None, evidence: Evidence) -> None:
    """Record that a mailing will not be posted. It is not in flight any more, and its kept rows are erased."""
    from prefcenter.services import mailing_ends

    with open_wiring() as wiring:
        row = mailing_ends.withdraw(
            wiring.database, wiring.mailing_rows, name, evidence, at=wiring.clock(), version=version
        )
    click.echo(f"Mailing {row.name}, version {row.version}, is withdrawn, and its kept rows are erased.")


@click.command("forget", epilog=exits())
@click.argument("name", required=False)
@click.option("--unrecorded", is_flag=True, help="In place of NAME: what is kept of mailings that are not on record.")
@click.option("--yes", "is_sure", is_flag=True, help="Even if it may still arrive, or be on record again.")
@acting
def mailing_forget(name: str | None, unrecorded: bool, is_sure: bool, evidence: Evidence) -> None:
    """Erase the rows that are kept of a mailing, all its versions, before their time.

    Nothing can be pulled from it any more. What was pulled, and when, stays on record without addresses.
    """
    from prefcenter.services import mailing_ends, stray_rows

    if (name is None) != unrecorded:
        raise click.UsageError("Say either NAME or --unrecorded.")
    with open_wiring() as wiring:
        database, base, at = wiring.database, wiring.mailing_rows, wiring.clock()
        if name is None:
            strays = stray_rows.forget_strays(database, base, evidence, at=at, is_sure=is_sure)
            click.echo(_told_strays(len(strays)))
            return
        rows = mailing_ends.forget(database, base, name, evidence, at=at, is_sure=is_sure)
    if not rows:
        click.echo(f"Nothing is kept of {name}.")
        return
    click.echo(f"Erased the kept rows of {name}: {', '.join(f'version {row.version}' for row in rows)}.")


def _told_strays(count: int) -> str:
    if not count:
        return "Nothing older than a day is kept of a mailing that is not on record."
    return f"Erased the kept rows of {count:,} mailing{'' if count == 1 else 's'} not on record."
