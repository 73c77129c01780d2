"""``prefcenter mailing load``: the file that came back from address hygiene."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from prefcenter.cli.mailing_pulls import quoted, rows_told, settle
from prefcenter.cli.options import FILE, acting, as_json, mapped, versioned
from prefcenter.cli.presenting import exits, print_json
from prefcenter.cli.running import open_wiring
from prefcenter.cli.scrub_progress import watching
from prefcenter.services.ports import Evidence

if TYPE_CHECKING:
    from prefcenter.services.joining import Ids
    from prefcenter.services.loading import Loaded


@click.command("load", epilog=exits())
@click.argument("name")
@click.argument("file", type=FILE)
@click.option(
    "--id", "row_id", metavar="COLUMN", help="Its column with the clean file's ids; by default the same name."
)
@mapped
@click.option("--layout", type=FILE, help="FILE is of fixed width, and this CSV says where its columns stand.")
@click.option("--of", metavar="INPUT", help="Which input it came of, where inputs of the mailing have ids in common.")
@versioned
@as_json
@acting
def mailing_load(
    name: str,
    file: Path,
    row_id: str | None,
    mapping: dict[str, str],
    layout: Path | None,
    of: str | None,
    version: int | None,
    wants_json: bool,
    evidence: Evidence,
) -> None:
    """Take the FILE that came back from address hygiene as the mailing's newer rows.

    Its rows may be in another order and spelt otherwise; they are known by the id of the clean file. From then on each
    row is judged on its old and its new address.
    """
    from prefcenter.services import loading

    with open_wiring() as wiring, watching("Loading") as watch:
        settle(wiring)
        loaded = loading.load(
            wiring.database,
            wiring.keyring,
            wiring.ledger_keys,
            wiring.mailing_rows,
            name,
            loading.Returned(file, row_id, mapping, layout, of),
            evidence,
            clock=wiring.clock,
            version=version,
            index_in=wiring.list_index,
            progress=watch.progress,
        )
    if wants_json:
        print_json(_load_json(loaded))
        return
    _report_load(loaded)


def _load_json(loaded: Loaded) -> dict[str, Any]:
    shown = {name: getattr(loaded, name).shown for name in ("unknown", "missing", "repeated")}
    row = loaded.mailing
    told = {"mailing": row.name, "version": row.version, "load": loaded.number}
    return told | loaded.counts | {"examples": shown, "remarks": list(loaded.remarks)}


def _report_load(loaded: Loaded) -> None:
    row = loaded.mailing
    for remark in loaded.remarks:
        click.echo(f"Note: {remark}", err=True)
    click.echo(f"Load {loaded.number} of {row.name}, version {row.version}:")
    lines: list[tuple[str, int, Ids | None]] = [
        ("rows", loaded.rows, None),
        ("matched", loaded.matched, None),
        ("did not come back", loaded.missing.count, loaded.missing),
        ("unknown", loaded.unknown.count, loaded.unknown),
        ("more than once", loaded.repeated.count, loaded.repeated),
        ("without an id", loaded.blank, None),
        ("unreadable", loaded.unreadable, None),
    ]
    for what, count, ids in lines:
        named = f"   {', '.join(ids.shown)}{' …' if ids.count > len(ids.shown) else ''}" if ids and ids.shown else ""
        click.echo(f"  {what:<20} {count:>12,}{named}")
    strangers = loaded.unknown.count + loaded.blank + loaded.unreadable - loaded.seeds
    if strangers > 0:
        beyond = f" beyond the {loaded.seeds:,} seeds" if loaded.seeds else ""
        click.echo(
            f"Note: {rows_told(strangers)}{beyond} without an id of the clean file. What never went through the list"
            " must not be posted: have the mail house take it out.",
            err=True,
        )
    if loaded.refused:
        click.echo(f"{rows_told(loaded.refused)} would now be refused on the new address. Tell the mail house:")
        click.echo(f"  prefcenter mailing pull {quoted(row.name)} --out FILE")
    else:
        click.echo("No row would now be refused on its new address.")
