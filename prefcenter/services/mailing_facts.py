"""What is said of a scrubbed mailing: its manifest (P11), and its line in the record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from prefcenter.core.channels import Channel
from prefcenter.core.policy import POLICY_VERSION
from prefcenter.files.manifest import Counts, Manifest, instant, sha256_of
from prefcenter.files.tables import Table
from prefcenter.scrub.run import Scrubbed
from prefcenter.services import deciding
from prefcenter.services.mailing_files import total
from prefcenter.services.mailing_orders import Order
from prefcenter.store import mailings
from prefcenter.store.mailings import MailingState

FRESH_FOR = {Channel.POST: timedelta(days=7), Channel.EMAIL: timedelta(hours=24), Channel.SMS: timedelta(hours=24)}
"""How long a clean file may be used before opt-outs have outrun it (P11)."""


def options_of(order: Order, tables: Sequence[Table]) -> dict[str, Any]:
    """How a mailing was asked for, as its manifest says it.

    Args:
        order: what was asked.
        tables: its files, their headers read: the columns that were told by their names stand beside those mapped.
    """
    return {
        "message_type": order.message_type,
        "map": dict(order.mapping or {}),
        "columns": {table.path.name: dict(table.columns.roles) for table in tables},
        "two_addresses": order.channel is Channel.POST and any(table.columns.before for table in tables),
        "id": order.row_id,
        "layout": _beside(order.layout),
        "unsure": order.unsure.value,
        "drop_duplicates": order.repeats.value,
        "seeds": _beside(order.seeds),
        "canaries": _beside(order.canaries),
        "default_country": order.default_country,
        "cutoff": None if order.cutoff_at is None else instant(order.cutoff_at),
        "drop": None if order.drop_at is None else instant(order.drop_at),
    }


def _beside(path: Path | None) -> dict[str, str] | None:
    return None if path is None else {"name": path.name, "sha256": sha256_of(path)}


def manifest_of(
    order: Order,
    question: deciding.Question,
    scrubbed: Sequence[Scrubbed],
    position: int,
    at: datetime,
    entries: int,
    held: tuple[str, ...],
    options: Mapping[str, Any],
) -> Manifest:
    """The manifest of a mailing that went through the list; its version is not known yet.

    Args:
        order: what was asked.
        question: what the list was asked.
        scrubbed: what came of each file.
        position: up to which entry of the ledger the list was applied.
        at: when the mailing counts as prepared.
        entries: how many entries of the channel were in force.
        held: why a guard holds it.
        options: how it was asked for.
    """
    tally = total(scrubbed)
    return Manifest(
        mailing=order.mailing,
        version=1,
        brand=question.brand or "",
        channel=order.channel,
        prepared_at=at,
        stale_after=at + FRESH_FOR[order.channel],
        ledger_position=position,
        policy_version=str(POLICY_VERSION),
        inputs=[one.source for one in scrubbed],
        outputs=[output for one in scrubbed for output in one.outputs],
        counts=Counts(
            read=tally.read,
            kept=tally.kept,
            suppressed=tally.suppressed,
            duplicate=tally.duplicate,
            review=tally.review,
            unreadable=tally.unreadable,
            seeds=tally.seeds,
            canaries=tally.canaries,
            by_reason=dict(sorted(tally.by_reason.items())),
            by_tier=dict(sorted(tally.by_tier.items())),
        ),
        vendor=order.vendor,
        list_entries=entries,
        options=options,
        held=held,
    )


def open_mailing(
    session: Session, order: Order, question: deciding.Question, manifest: Manifest, rows_folder: str, actor: str
) -> mailings.Mailing:
    """Announce a mailing as its name's next version, in the caller's transaction."""
    row = mailings.Mailing(
        name=order.mailing,
        version=mailings.next_version(session, order.mailing),
        brand=question.brand,
        message_type=order.message_type,
        channel=order.channel.value,
        state=MailingState.PREPARING,
        held_because=" ".join(manifest.held),
        prepared_at=manifest.prepared_at,
        prepared_by=actor,
        stale_after=manifest.stale_after,
        cutoff_at=order.cutoff_at,
        drop_at=order.drop_at,
        ledger_position=manifest.ledger_position,
        manifest={},
        row_id=order.row_id,
        rows_folder=rows_folder,
        out_folder=str(order.out.absolute()),
    )
    session.add(row)
    session.flush()
    return row
