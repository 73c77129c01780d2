"""What stands on the list, and what of it speaks against one message: half a million entries in a second.

Entries are read as plain columns. Those that differ only in whom they are about are decided once: the core is asked
about one of them.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import polars as pl
from sqlalchemy import ColumnElement, Integer, Result, Select, cast, or_, select
from sqlalchemy.orm import Session

from prefcenter.core.channels import EVERYWHERE_REASONS, Channel, Reason, Scope, Verdict
from prefcenter.core.decision import Ask, verdict_of
from prefcenter.core.question import CLOCK_SKEW
from prefcenter.store.dialects import as_moment, moment_text, name_of
from prefcenter.store.suppressions import OF_A_FACT, Suppression, SuppressionAddress, fact_of, in_batches

LISTED_SCHEMA = {
    "suppression": pl.Int64,
    "channel": pl.String,
    "reason": pl.String,
    "scope": pl.String,
    "since": pl.String,
    "until": pl.String,
    "is_verified": pl.Int8,
    "digest": pl.Binary,
    "level": pl.String,
    "readable": pl.Int64,
}
"""An entry in force; its moments as :func:`.moment_text` writes them, ``readable`` is null where no address is left."""

BINDING_SCHEMA = {
    "suppression": pl.Int64,
    "verdict": pl.String,
    "reason": pl.String,
    "scope": pl.String,
    "since": pl.String,
    "strictness": pl.Int8,
}
"""An entry that speaks against a message; ``since`` in ISO 8601."""

STRICTNESS = {verdict: rank for rank, verdict in enumerate(Verdict)}
_AT_ONCE = 50_000
"""Rows taken from the database at once: as Python values they take ten times the memory."""


def listed(session: Session, channel: Channel) -> pl.DataFrame:
    """Every entry in force of a channel, or that may speak everywhere, in the columns of :data:`LISTED_SCHEMA`.

    By ascending number: both in the order that the table lies in, and the list's own.

    Args:
        session: reads only.
        channel: the channel of the message.
    """
    result: Any = session.execute(_in_force(channel, name_of(session)))
    # The driver's own rows: wrapped one by one, half a million of them take another second.
    cursor = result.cursor
    pieces = [pl.DataFrame(schema=LISTED_SCHEMA)]
    while rows := cursor.fetchmany(_AT_ONCE):
        pieces.append(pl.DataFrame(rows, schema=LISTED_SCHEMA, orient="row"))
    result.close()
    return pl.concat(pieces)


def _in_force(channel: Channel, dialect: str) -> Select[Any]:
    row, address = Suppression.__table__.c, SuppressionAddress.__table__
    columns: tuple[ColumnElement[Any], ...] = (
        row.id,
        row.channel,
        row.reason,
        row.scope,
        moment_text(dialect, row.since),
        moment_text(dialect, row.until),
        cast(row.is_verified, Integer),
        row.digest,
        row.level,
        address.c.suppression_id,
    )
    return (
        select(*columns)
        .select_from(Suppression.__table__.outerjoin(address))
        .where(
            row.ended_at.is_(None),
            or_(row.channel == channel.value, row.reason.in_([reason.value for reason in EVERYWHERE_REASONS])),
        )
        # Else SQLite goes by an index, and looks each row up where it lies.
        .order_by(row.id)
    )


_RECKONED = (Reason.PROHIBITORY_ORDER.value, Reason.ERASED.value)
"""These reckon from their first day; for all others only whether it has begun matters."""
_ALIKE = ["channel", "reason", "scope", "until", "is_verified", "begun", "day"]


def bindings_of(session: Session, ask: Ask, entries: pl.DataFrame, *, at: datetime) -> pl.DataFrame:
    """Those entries that speak against a message, in the columns of :data:`BINDING_SCHEMA`.

    Args:
        session: reads only.
        ask: what would be sent.
        entries: what is on the list, see :func:`listed`.
        at: the moment of the decision.
    """
    begun = pl.col("since") <= as_moment(at + CLOCK_SKEW)
    day = pl.when(pl.col("reason").is_in(_RECKONED)).then("since")
    told = entries.select(
        "suppression", *_ALIKE[:5], begun.alias("begun"), day.alias("day"), _iso(pl.col("since")).alias("since")
    )
    kinds = told.unique(_ALIKE, keep="first", maintain_order=True)
    spoken = kinds.select(_ALIKE).hstack(_verdicts(session, ask, kinds["suppression"].to_list(), at))
    said = told.join(
        spoken.filter(pl.col("verdict") != Verdict.CLEARED.value), on=_ALIKE, nulls_equal=True, maintain_order="left"
    )
    return said.with_columns(scope="label").select(list(BINDING_SCHEMA))


def _iso(moment: pl.Expr) -> pl.Expr:
    """A moment as ``datetime.isoformat`` writes it: without a fraction where there is none."""
    return moment.str.replace(" ", "T", literal=True).str.strip_suffix(".000000") + "+00:00"


def _verdicts(session: Session, ask: Ask, numbers: list[int], at: datetime) -> pl.DataFrame:
    """What each of some entries says alone, in their order."""
    found: dict[int, tuple[str, str, int]] = {}
    for batch in in_batches(numbers):
        rows: Result[Any] = session.execute(select(*OF_A_FACT).where(Suppression.id.in_(batch)))
        for row in rows:
            verdict = verdict_of(ask, fact_of(row), at)
            found[row.id] = (verdict.value, Scope.parse(row.scope).label, STRICTNESS[verdict])
    schema = {"verdict": pl.String, "label": pl.String, "strictness": pl.Int8}
    # None is ever deleted: one that is not found must stop everything, and not be left out.
    return pl.DataFrame([found[number] for number in numbers], schema=schema, orient="row")
