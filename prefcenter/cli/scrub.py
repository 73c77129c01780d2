"""``prefcenter scrub``: a mailing file through the list."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from prefcenter.cli.options import CHANNEL, FILE, MOMENT, Code, acting, as_json, mapped
from prefcenter.cli.presenting import exits, moment, print_json
from prefcenter.cli.running import STOPPED, open_wiring
from prefcenter.cli.scrub_progress import watching
from prefcenter.core.channels import Channel
from prefcenter.core.postal.tiers import Unsure
from prefcenter.core.repeats import Repeats
from prefcenter.services.ports import Evidence

if TYPE_CHECKING:
    from prefcenter.services.scrubbing import Prepared

HELD = 5
REPEATS = Code(Repeats, "repeats")


@click.command(
    "scrub",
    epilog=exits(
        "2  bad input; nothing was written",
        f"{HELD}  held by a guard; the files are there, and an approver must release them",
        f"{STOPPED}  stopped by you; nothing was written",
    ),
)
@click.argument("files", nargs=-1, required=True, type=FILE, metavar="FILE…")
@click.option("--channel", type=CHANNEL, required=True, help="What the file is used for: email, sms or post.")
@click.option("--mailing", required=True, metavar="NAME", help="The mailing's name; a used one makes its next version.")
@click.option(
    "--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="The folder for the results."
)
@click.option("--brand", metavar="SLUG", help="Who mails; needed only where there are several brands.")
@click.option("--type", "message_type", metavar="TYPE", help="A registered message type; without one, marketing.")
@mapped
@click.option("--id", "row_id", metavar="COLUMN", help="The column that names a row, such as the finder number.")
@click.option(
    "--layout",
    type=FILE,
    help="The FILEs are of fixed width, and this CSV says where their columns stand: name,start,length, from 1.",
)
@click.option("--seeds", type=FILE, help="Decoys, added after the purge.")
@click.option("--canaries", type=FILE, help="Records that must vanish; by default those of the settings.")
@click.option("--vendor", default="", metavar="NAME", help="Whose list it is; its files are measured by each other.")
@click.option(
    "--unsure",
    type=Code(Unsure, "RULE"),
    default=Unsure.BY_DEFAULT,
    help="Postal rows that may be somebody on the list: default (hold back those that differ in an initial or a missing"
    " unit only), remove, keep.",
)
@click.option(
    "--drop-duplicates",
    "repeats",
    type=REPEATS,
    default=Repeats.OFF,
    show_default=True,
    help="Keep only the first row of each person, or of each household: person, household or off.",
)
@click.option("--drop", type=MOMENT, help="When it is posted.")
@click.option("--cutoff", type=MOMENT, help="Until when the mail house takes late opt-outs.")
@click.option("--replace", "replaces", is_flag=True, help="Replace the results of another mailing in the folder.")
@click.option("--dry-run", is_flag=True, help="Report what would happen, and write nothing.")
@as_json
@acting
@click.pass_context
def scrub_command(
    ctx: click.Context,
    files: tuple[Path, ...],
    channel: Channel,
    mailing: str,
    out: Path,
    brand: str | None,
    message_type: str | None,
    mapping: dict[str, str],
    row_id: str | None,
    layout: Path | None,
    seeds: Path | None,
    canaries: Path | None,
    vendor: str,
    repeats: Repeats,
    unsure: Unsure,
    drop: datetime | None,
    cutoff: datetime | None,
    replaces: bool,
    dry_run: bool,
    wants_json: bool,
    evidence: Evidence,
) -> None:
    """Take everybody out of a mailing file who must not get it.

    Writes clean.* (the rows that may be sent to, unchanged and in the input's format), suppressed.csv, review.csv,
    unreadable.csv and a signed manifest.json into the folder, all of them or none. Where it was stopped, the same
    command goes on, as long as the list is the same.
    """
    from prefcenter.services import scrubbing

    with open_wiring() as wiring, _told_if_stopped(None if dry_run else out, _name(mailing)), watching() as watch:
        order = scrubbing.Order(
            files=files,
            channel=channel,
            mailing=_name(mailing),
            out=out,
            brand=brand,
            message_type=message_type,
            mapping=mapping,
            seeds=seeds,
            canaries=canaries,
            vendor=_vendor(vendor),
            repeats=repeats,
            unsure=unsure,
            drop_at=drop,
            cutoff_at=cutoff,
            replaces=replaces,
            is_dry_run=dry_run,
            default_country=wiring.config.default_country,
            row_id=row_id,
            layout=layout,
        )
        prepared = scrubbing.prepare(
            wiring.database,
            wiring.keyring,
            wiring.ledger_keys,
            order,
            evidence,
            keep_in=wiring.mailing_rows,
            index_in=wiring.list_index,
            canaries_in=wiring.config.canaries,
            clock=wiring.clock,
            progress=watch.progress,
            tell=watch.tell,
            ending=watch.end,
        )
    if wants_json:
        print_json(prepared.manifest or {"counts": _counts(prepared), "held": list(prepared.held)})
    else:
        _report(prepared, out, dry_run=dry_run)
    if prepared.held:
        ctx.exit(HELD)


@contextmanager
def _told_if_stopped(out: Path | None, mailing: str) -> Iterator[None]:
    """Say what is there and what to do, where a scrub was stopped; ``out`` is None for one that keeps nothing."""
    from prefcenter.scrub import checkpoints

    try:
        yield
    except KeyboardInterrupt:
        click.echo("Stopped: nothing was written, and the mailing is not on record.", err=True)
        if out is not None and checkpoints.are_there(out, mailing):
            click.echo(
                "The same command goes on where this one was, as long as the list and the files stay as they are; else"
                " it starts anew.",
                err=True,
            )
        elif out is not None:
            click.echo("It was stopped before its first part was done: the same command starts anew.", err=True)
        click.get_current_context().exit(STOPPED)


def _name(text: str) -> str:
    name = text.strip()
    if not name or len(name) > 120 or not name.isprintable():
        raise click.BadParameter("it must have 1 to 120 characters.", param_hint="--mailing")
    return name


def _vendor(text: str) -> str:
    name = " ".join(text.split())
    if len(name) > 120 or not name.isprintable():
        raise click.BadParameter("it must have at most 120 characters.", param_hint="--vendor")
    return name


def _counts(prepared: Prepared) -> dict[str, object]:
    tally = prepared.tally
    return {
        "read": tally.read,
        "kept": tally.kept,
        "suppressed": tally.suppressed,
        "duplicate": tally.duplicate,
        "review": tally.review,
        "unreadable": tally.unreadable,
        "seeds": tally.seeds,
        "canaries": tally.canaries,
        "by_reason": dict(sorted(tally.by_reason.items())),
        "by_tier": dict(sorted(tally.by_tier.items())),
    }


def _report(prepared: Prepared, out: Path, *, dry_run: bool) -> None:
    from prefcenter.services.guarding import is_blocked

    tally = prepared.tally
    for note in prepared.notes:
        click.echo(f"Note: {note}", err=True)
    lines = [("read", tally.read), ("kept", tally.kept), ("suppressed", tally.suppressed)]
    lines += [(f"  {reason}", count) for reason, count in tally.by_reason.most_common()]
    lines += [("duplicate", tally.duplicate), ("review", tally.review), ("unreadable", tally.unreadable)]
    lines += [("seeds added", tally.seeds)] if tally.seeds else []
    lines += [("canaries sent along", tally.canaries)] if tally.canaries else []
    for name, count in lines:
        click.echo(f"{name:<20} {count:>12,}")
    if dry_run:
        _report_held(prepared, "The mailing would be held:")
        click.echo("A dry run: nothing was written.")
        return
    manifest = prepared.manifest
    click.echo(f"\nMailing {manifest['mailing']}, version {manifest['version']}: the files are in {out}.")
    for output in manifest["outputs"]:
        click.echo(f"  {output['name']:<28} {output['rows']:>12,} row{'' if output['rows'] == 1 else 's'}")
    if prepared.held:
        _report_held(prepared, "\nThe mailing is held, do not use the files:")
        if any(map(is_blocked, prepared.held)):
            click.echo("Nobody may release it: put right why somebody survived who must vanish, and scrub it again.")
            return
        who = f"prefcenter mailing release {shlex.quote(manifest['mailing'])} --as USER"
        click.echo(f"`verify` refuses them until an approver, not who ran this, lets them go: `{who}`.")
        return
    until = moment(datetime.fromisoformat(manifest["stale_after"]))
    click.echo(f"Use the clean file until {until}; `prefcenter verify` tells whether it is still good.")


def _report_held(prepared: Prepared, heading: str) -> None:
    if prepared.held:
        click.echo(heading)
    for reason in prepared.held:
        click.echo(f"  - {reason}")
