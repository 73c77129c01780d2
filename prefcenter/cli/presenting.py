"""Writing answers: JSON for programs, tables and sentences for people, and the exit codes in each help."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import click

from prefcenter.core.channels import Scope, ScopeKind
from prefcenter.core.decision import Decision, until_of
from prefcenter.core.moments import told


def exits(*further: str, done: str = "done") -> str:
    """Write the exit codes below a command's help.

    Args:
        further: those beyond 0, 1 and 2, each as ``"3  refused"``; one may take the place of those.
        done: what 0 means.
    """
    codes = {"0": done, "1": "could not; the message says why", "2": "bad input"}
    for line in further:
        code, _, meaning = line.partition(" ")
        codes[code] = meaning.strip()
    width = max(map(len, codes))
    lines = [f"  {code:<{width}}  {meaning}" for code, meaning in codes.items()]
    return "\b\nExit codes:\n" + "\n".join(lines)


def print_json(value: Any) -> None:
    """Print one JSON value; times as ISO 8601."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2, default=_plain))


def print_json_list(values: Iterable[Any]) -> None:
    """Print a JSON list item by item, so that a long one needs no memory."""
    first = True
    for value in values:
        click.echo(("[\n" if first else ",\n") + json.dumps(value, ensure_ascii=False, default=_plain), nl=False)
        first = False
    click.echo("[]" if first else "\n]")


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]], *, empty: str) -> None:
    """Print a table: with lines on a terminal, as tab-separated values into a pipe.

    Args:
        columns: the headings.
        rows: the cells.
        empty: the sentence that stands in for a table without rows.
    """
    cells = [[_cell(value) for value in row] for row in rows]
    if not cells:
        click.echo(empty, err=True)
        return
    if not sys.stdout.isatty():
        for row in [list(columns), *cells]:
            click.echo("\t".join(row))
        return
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in columns:
        table.add_column(name, overflow="fold")
    for row in cells:
        table.add_row(*row)
    Console(markup=False, highlight=False).print(table)


def decision_json(decision: Decision) -> dict[str, Any]:
    """Write one decision as the API does."""
    return {
        "verdict": decision.verdict.value,
        "reasons": [
            {
                "code": reason.code.value,
                "scope": reason.scope.label,
                "since": None if reason.since is None else _plain(reason.since),
                "source": reason.source.value,
            }
            for reason in decision.reasons
        ],
        "until": None if (until := until_of(decision)) is None else _plain(until),
    }


def moment(at: datetime | None) -> str:
    """Write a moment for people, in UTC; one that is not known as nothing."""
    return "" if at is None else told(at)


def reach(scope: Scope) -> str:
    """Say how far a scope reaches.

    >>> reach(Scope.topic("acme", "offers"))
    'topic offers of acme'
    """
    match scope.kind:
        case ScopeKind.ALL:
            return "all brands"
        case ScopeKind.BRAND:
            return f"all of {scope.ref}"
        case ScopeKind.TOPIC:
            brand, _, topic = scope.ref.partition("/")
            return f"topic {topic} of {brand}"
        case ScopeKind.SENDER:
            return f"sender {scope.ref}"
        case ScopeKind.ALL_BUT:
            return f"all brands but {', '.join(sorted(scope.spared))}"
        case ScopeKind.BRAND_BUT:
            return f"all of {scope.brand_slug} but {', '.join(sorted(scope.spared))}"
        case _:
            return "every sender"


def _cell(value: object) -> str:
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return "" if value is None else " ".join(str(value).split())


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")  # As the API and the manifests write it.
    raise TypeError(f"{type(value).__name__} has no place in JSON.")
