"""What the ledger says of entries of the list, for people and for programs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from prefcenter.cli.presenting import moment
from prefcenter.services.histories import Happening


def happening_lines(happenings: Iterable[tuple[int, Happening]]) -> Iterator[str]:
    """A line for each of them, the oldest first, each with the number of its entry."""
    for entry, each in sorted(happenings, key=lambda pair: (pair[1].at, pair[0])):
        place = f"ledger position {each.position}" if each.position is not None else "not sealed yet"
        yield f"{moment(each.at)}  {each.kind} of entry {entry} by {each.actor} ({place}){_proof(each)}"


def happening_json(each: Happening) -> dict[str, Any]:
    """One of them for a program."""
    return {
        "kind": each.kind,
        "at": each.at,
        "actor": each.actor,
        "position": each.position,
        "facts": each.facts,
        "evidence": each.evidence,
    }


def _proof(each: Happening) -> str:
    return "".join(
        f"; {name}: {_on_one_line(value) if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}"
        for name, value in (each.evidence or {}).items()
    )


def _on_one_line(text: str) -> str:
    """A mail's text keeps its line ends with --json; here they would break the page's order."""
    return " ".join(text.split())
