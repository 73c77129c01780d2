"""``prefcenter mailing pull`` and ``receipt``: what goes between us and the mail house after the export."""

from __future__ import annotations

import hashlib
import io
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from prefcenter.cli.options import FILE, acting, as_json, versioned
from prefcenter.cli.presenting import exits, moment, print_json
from prefcenter.cli.running import open_wiring
from prefcenter.cli.scrub_progress import watching
from prefcenter.core.errors import BadInput
from prefcenter.services.ports import Evidence

if TYPE_CHECKING:
    from prefcenter.files.tables import FileFacts
    from prefcenter.services.pulling import Deliver, Pulled
    from prefcenter.services.receipts import Recorded

STANDARD_OUTPUT = "-"


@click.command("pull", epilog=exits())
@click.argument("name")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="A new file; by default standard output.")
@click.option("--again", is_flag=True, help="Tell what was pulled before, too.")
@versioned
@as_json
@acting
def mailing_pull(
    name: str, out: Path | None, again: bool, version: int | None, wants_json: bool, evidence: Evidence
) -> None:
    """Write the rows of the clean file that would now be refused, and were not pulled before.

    A CSV file for the mail house: the file's own id (--id of the scrub), once each, and why, without other personal
    data. Values are exact, not guarded against formulas. Where the scrub had no --id: the row's number in the input
    (pc_row) and in the clean file (pc_clean_row), and its address as written. Where there is nobody to be taken out, no
    file is written and no pull counted; that it was asked is on record.
    """
    from prefcenter.services import pulling

    if out is not None and out.exists():
        raise BadInput(
            f"{out} is there already: it may hold a pull that nobody has sent yet.", remedy="Give the file a new name."
        )
    with open_wiring() as wiring, watching("Looking for late opt-outs") as watch:
        settle(wiring)
        pulled = pulling.pull(
            wiring.database,
            wiring.keyring,
            wiring.ledger_keys,
            wiring.mailing_rows,
            pulling.Wanted(name, version, again),
            evidence,
            deliver=_deliver(out, watch.end, wants_json=wants_json),
            clock=wiring.clock,
            index_in=wiring.list_index,
            progress=watch.progress,
        )
    _report_pull(pulled, out, wants_json=wants_json)


def _deliver(out: Path | None, ending: Callable[[], None], *, wants_json: bool) -> Deliver:
    """Write a pull to a file whole, or to standard output; it is noted when that is done, and not stopped before."""

    def deliver(pulled: Pulled) -> FileFacts:
        from prefcenter.files.tables import FileFacts
        from prefcenter.files.whole import written_whole

        ending()
        text = io.BytesIO()
        pulled.rows.write_csv(text)
        data = text.getvalue()
        if out is not None:
            with written_whole(out) as file:
                file.write(data)
        elif wants_json:
            print_json(_pull_json(pulled, None))
            sys.stdout.flush()
        else:
            click.echo(data.decode(), nl=False)
            sys.stdout.flush()
        name = out.name if out is not None else STANDARD_OUTPUT
        return FileFacts(name, hashlib.sha256(data).hexdigest(), pulled.rows.height)

    return deliver


def _pull_json(pulled: Pulled, out: Path | None) -> dict[str, Any]:
    row = pulled.mailing
    return {
        "mailing": row.name,
        "version": row.version,
        "pull": pulled.number,
        "ledger_position": pulled.position,
        "new": pulled.new,
        "row_id": row.row_id,
        "rows": pulled.rows.to_dicts(),
        "file": None if out is None else str(out),
        "remarks": list(pulled.remarks),
    }


def _report_pull(pulled: Pulled, out: Path | None, *, wants_json: bool) -> None:
    """Say what was pulled; beside the rows themselves if those went to standard output."""
    if wants_json:
        if out is not None or pulled.number is None:
            print_json(_pull_json(pulled, None if pulled.number is None else out))
        return
    row, is_beside = pulled.mailing, out is None
    for remark in pulled.remarks:
        click.echo(f"Note: {remark}", err=True)
    if pulled.number is None:
        _report_nothing(pulled, out)
        return
    before = pulled.rows.height - pulled.new
    also = f", and {rows_told(before)} told before" if before else ""
    click.echo(
        f"Pull {pulled.number} of {row.name}, version {row.version}: {rows_told(pulled.new)} to be taken out{also}.",
        err=is_beside,
    )
    if out is not None:
        click.echo(f"Send {out} to the mail house. When it acknowledges it:")
        click.echo(f"  prefcenter mailing receipt {quoted(row.name)} --pull {pulled.number} --received N --by WHO")


def _report_nothing(pulled: Pulled, out: Path | None) -> None:
    """Say that nobody is to be taken out; a program that reads the rows still finds their header."""
    row = pulled.mailing
    if out is None:
        click.echo(pulled.rows.write_csv(), nl=False)
    written = "" if out is None else f" {out} was not written."
    click.echo(
        f"Nothing to pull from {row.name}, version {row.version}, up to ledger position {pulled.position:,}.{written}",
        err=out is None,
    )


@click.command("receipt", epilog=exits("1  could not, or the mail house has not what it was told; it says which"))
@click.argument("name")
@click.option("--received", type=click.IntRange(min=0), metavar="N", help="How many rows the mail house says it has.")
@click.option("--file", "file", type=FILE, help="Or a file that it sent: its rows are counted, its ids compared.")
@click.option("--by", "received_from", default="the mail house", metavar="WHO", help="Who acknowledged it there.")
@click.option("--pull", type=click.IntRange(min=1), metavar="N", help="Which pull; needed where several wait.")
@versioned
@as_json
@acting
@click.pass_context
def mailing_receipt(
    ctx: click.Context,
    name: str,
    received: int | None,
    file: Path | None,
    received_from: str,
    pull: int | None,
    version: int | None,
    wants_json: bool,
    evidence: Evidence,
) -> None:
    """Record what the mail house acknowledges of a pull; a number that differs is recorded, and told."""
    from prefcenter.services import receipts
    from prefcenter.services.following import follow

    if (received is None) == (file is None):
        raise click.UsageError("Say either --received N or --file FILE.")
    who = _who(received_from)
    with open_wiring() as wiring:
        if file is not None:
            with wiring.database.read() as session:
                row_id = follow(session, name, version).row.row_id
            acknowledged = receipts.read_receipt(file, who, row_id)
        else:
            acknowledged = receipts.Acknowledged(received or 0, who)
        with wiring.database.write() as session:
            recorded = receipts.record_receipt(
                session,
                wiring.mailing_rows,
                name,
                acknowledged,
                evidence,
                at=wiring.clock(),
                pull=pull,
                version=version,
            )
    _report_receipt(recorded, wants_json=wants_json)
    ctx.exit(0 if recorded.agrees else 1)


def _who(text: str) -> str:
    name = text.strip()
    if not name or len(name) > 254 or not name.isprintable():
        raise click.BadParameter("it must have 1 to 254 characters.", param_hint="--by")
    return name


def _report_receipt(recorded: Recorded, *, wants_json: bool) -> None:
    row, pull, receipt = recorded.mailing, recorded.pull, recorded.receipt
    if wants_json:
        facts = {"mailing": row.name, "version": row.version, "pull": pull.number, "told": pull.told}
        said = {"received": receipt.received, "missing": receipt.missing, "by": receipt.received_from}
        print_json(facts | said | {"at": receipt.at, "agrees": recorded.agrees})
        return
    what = f"pull {pull.number} of {row.name}, version {row.version}"
    if recorded.agrees:
        click.echo(f"{receipt.received_from} has {what}: {rows_told(pull.told)}. Recorded {moment(receipt.at)}.")
        return
    short = f"; {receipt.missing:,} of those told {_is(receipt.missing)} missing" if receipt.missing else ""
    click.echo(
        f"Recorded, but it does not agree: {what} told {rows_told(pull.told)}, and {receipt.received_from} has"
        f" {rows_told(receipt.received)}{short}.",
        err=True,
    )
    click.echo(
        f"Send all that was told once more: prefcenter mailing pull {quoted(row.name)} --again --out FILE", err=True
    )


def settle(wiring: Any) -> None:
    """Settle mailings whose scrub died, so that nobody follows one that is not there."""
    from prefcenter.services import mailing_records

    mailing_records.finish_abandoned(wiring.database, wiring.mailing_rows, at=wiring.clock())


def _is(count: int) -> str:
    return "is" if count == 1 else "are"


def rows_told(count: int) -> str:
    """So many rows, as people say it."""
    return f"{count:,} row{'' if count == 1 else 's'}"


def quoted(name: str) -> str:
    """A mailing's name as a shell takes it."""
    return shlex.quote(name)
