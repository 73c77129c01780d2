"""A mailing as a page on a terminal: what it is, what went to and fro, what is to be done next."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from prefcenter.cli.presenting import moment
from prefcenter.services.receipts import agrees

if TYPE_CHECKING:
    from prefcenter.services.mailing_page import VersionPage


def told_page(pages: Sequence[VersionPage]) -> Iterator[str]:
    """Every version of a mailing, the newest first; what is to be done stands under the version that is out."""
    for number, page in enumerate(pages):
        if number:
            yield ""
        yield from _version(page)


def _version(page: VersionPage) -> Iterator[str]:
    row = page.row
    brand = f", {row.brand}" if row.brand else ""
    yield f"{row.name}, version {row.version}: {row.state} ({row.channel}{brand})"
    if row.held_because and row.state == "held":
        yield f"  held because   {row.held_because}"
    yield from (f"  {name:<14} {value}" for name, value in _facts(page) if value)
    for load in page.loads:
        counts = load.counts
        yield (
            f"  came back      {moment(load.at)}  {load.file_name}: {counts['rows']:,} rows, {counts['matched']:,}"
            f" matched, {counts['unknown']:,} unknown, {counts['missing']:,} missing"
        )
    for pull, receipts in page.pulls:
        again = f" ({pull.told:,} with those told before)" if pull.told > pull.rows else ""
        yield f"  pull {pull.number:<9} {moment(pull.at)}  {pull.rows:,} new{again}, by {pull.actor}"
        for receipt in receipts:
            verdict = "agrees" if agrees(pull, receipt) else f"does not agree with the {pull.told:,} told"
            yield f"    receipt      {moment(receipt.at)}  {receipt.received:,} by {receipt.received_from}; {verdict}"
    if page.asked_in_vain is not None:
        yield f"  last asked     {moment(page.asked_in_vain)}  nothing more to pull"
    if page.next_steps:
        yield "  Next"
        yield from (f"    - {step}" for step in page.next_steps)


def _facts(page: VersionPage) -> Iterator[tuple[str, str]]:
    row, counts = page.row, page.counts
    yield "prepared", f"{moment(row.prepared_at)}, up to ledger position {row.ledger_position:,}"
    if counts:
        parts = {"kept": "kept", "suppressed": "suppressed", "duplicate": "duplicate"}
        parts |= {"review": "held back for review", "unreadable": "unreadable"}
        told = ", ".join(f"{counts[name]:,} {words}" for name, words in parts.items())
        yield "rows", f"{counts['read']:,} read: {told}"
    yield "canaries", _canaries(page)
    yield "fresh until", moment(row.stale_after)
    yield "cut-off", moment(row.cutoff_at)
    yield "drop", "" if row.dropped_at else moment(row.drop_at)
    yield "posted", moment(row.dropped_at)
    yield "last expected", "" if page.last_expected is None else f"{page.last_expected:%Y-%m-%d}"
    yield "files", row.out_folder or ""
    yield "rows named by", row.row_id or "their number in the input (no --id)"
    if row.rows_erased_at is not None:
        yield "kept rows", f"erased {moment(row.rows_erased_at)}"
    elif page.rows_until is not None:
        yield "kept rows", f"until {page.rows_until:%Y-%m-%d}"
    if page.pulls:
        yield "pulled", f"{page.pulled:,} so far"


def _canaries(page: VersionPage) -> str:
    """Which records that must vanish went through the list with it, and whether they did (P13)."""
    count = page.counts.get("canaries", 0)
    if not count:
        return ""
    options = page.row.manifest.get("options") or {}
    source = f" of {options['canaries']['name']}" if options.get("canaries") else ""
    how = "some survived" if page.has_survivors else "none survived"
    return f"{count:,}{source} went through the list, {how}"
