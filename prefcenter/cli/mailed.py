"""The part of ``prefcenter explain`` that answers "why did she get this?": mailings that named the address."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from prefcenter.cli.presenting import moment
from prefcenter.services.explaining import Explanation, OnFile
from prefcenter.services.mailed import Held, Mailed, MailedIn
from prefcenter.store.mailings import Mailing, last_expected


def mailed_lines(mailed: Mailed, told: Explanation) -> list[str]:
    """The mailings whose clean file named the address, with its refusals before and after each."""
    lines: list[str] = []
    for each in mailed.found:
        lines += _mailing_lines(each, told)
    if mailed.unsearched:
        names = ", ".join(f"{row.name} (version {row.version})" for row in mailed.unsearched)
        lines.append(f"Rows are not kept any more, so nobody can tell: {names}")
    return lines


def _mailing_lines(each: MailedIn, told: Explanation) -> Iterator[str]:
    row = each.mailing
    posted = f", posted {moment(row.dropped_at)}" if row.dropped_at else ""
    posted += f"; version {each.newer} took its place" if each.newer else ""
    yield (
        f"{row.name}, version {row.version} · prepared {moment(row.prepared_at)}, up to ledger position"
        f" {row.ledger_position}{posted}"
    )
    yield from (f"  {_row_line(held)}" for held in each.rows)
    entries = [*told.standing, *told.ended]
    yield from (f"  {_entry_line(entry, row)}" for entry in entries)
    if not entries:
        yield "  no refusal was on file"


def _row_line(held: Held) -> str:
    kind = "row" if held.is_own else "row number"
    pulled = f"; told to the mail house in pull {held.pull}, {moment(held.pulled_at)}" if held.pull else ""
    return f"{kind} {held.name} ({held.tier}, score {held.score}){pulled}"


def _entry_line(entry: OnFile, row: Mailing) -> str:
    position = _position(entry)
    what = f"entry {entry.suppression_id} ({entry.reason})"
    if position is not None and position <= row.ledger_position:
        return f"{what} was on file already (ledger position {position}), and did not hold the row back"
    where = f"ledger position {position}" if position is not None else "not sealed yet"
    return f"{what} came after it: {moment(entry.recorded_at)}, {where}"


def _position(entry: OnFile) -> int | None:
    return entry.history[0].position if entry.history else None


def mailed_json(mailed: Mailed, told: Explanation) -> list[dict[str, Any]]:
    """The same for a program."""
    entries = [*told.standing, *told.ended]
    return [_mailing_json(each, entries) for each in mailed.found]


def _mailing_json(each: MailedIn, entries: list[OnFile]) -> dict[str, Any]:
    row = each.mailing
    return {
        "mailing": row.name,
        "version": row.version,
        "state": row.state,
        "prepared_at": row.prepared_at,
        "ledger_position": row.ledger_position,
        "dropped_at": row.dropped_at,
        "last_expected": last_expected(row),
        "superseded_by": each.newer,
        "rows": [
            {
                ("id" if held.is_own else "row_number"): held.name,
                "tier": held.tier,
                "score": held.score,
                "pull": held.pull,
                "pulled_at": held.pulled_at,
            }
            for held in each.rows
        ],
        "entries": [{"id": entry.suppression_id, "came": _came(entry, row)} for entry in entries],
    }


def _came(entry: OnFile, row: Mailing) -> str:
    position = _position(entry)
    return "before" if position is not None and position <= row.ledger_position else "after"


def unsearched_json(mailed: Mailed) -> list[dict[str, Any]]:
    """Mailings that cannot be searched any more."""
    return [{"mailing": row.name, "version": row.version} for row in mailed.unsearched]
