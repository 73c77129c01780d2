"""When each row of a log was sent: which column tells it, and what its cells say."""

from __future__ import annotations

from datetime import datetime, tzinfo
from typing import Any

import polars as pl

from prefcenter.core.errors import BadInput
from prefcenter.core.moments import read_logged
from prefcenter.files.columns import Columns, listing, normalised

MOMENT = "moment"

_NAMES = (
    "sentat senton sentdate sentdatetime senttime sent datesent timesent sendtime senddate sendat sentutc dateutc "
    "deliveredat delivered deliverytime deliverydate processedat eventtime eventat timestamp datetime dropdate "
    "droppedat dropped maildate mailedon mailed inducted inductiondate posteddate createdat date time at when"
).split()
"""What the column is usually called, the most telling first."""

_UTC = pl.Datetime("us", "UTC")
_SCHEMA: dict[str, Any] = {MOMENT: _UTC, "assumed": pl.Boolean, "problem": pl.String}


def at_column(columns: Columns, named: str | None) -> str:
    """The column that tells when a row was sent.

    Raises:
        BadInput: there is none of that name, or none that is usually called so.
    """
    by_name = {normalised(name): name for name in reversed(columns.names)}
    if named is not None:
        if named in columns.names or normalised(named) in by_name:
            return named if named in columns.names else by_name[normalised(named)]
        raise BadInput(f"There is no column “{named}”.", remedy=_remedy(columns))
    for name in _NAMES:
        if name in by_name:
            return by_name[name]
    raise BadInput("No column tells when a row was sent.", remedy=_remedy(columns))


def _remedy(columns: Columns) -> str:
    return f"Name it with --at-column, one of: {listing(columns.names)}; or give one moment for all with --at TIME."


def sent_at(
    frame: pl.DataFrame, column: str | None, at: datetime | None, zone: tzinfo, *, by: datetime
) -> pl.DataFrame:
    """The moment of each row.

    Args:
        frame: the rows.
        column: where the moments stand; None where ``at`` is that of all.
        at: one moment for all.
        zone: where a moment without a zone is told.
        by: now; no year of two digits lies after it.

    Returns:
        ``moment`` or null, ``assumed`` (whether it had no zone), and ``problem``: why there is none, else null.
    """
    if column is None:
        every = pl.Series(MOMENT, [at], dtype=_UTC).new_from_index(0, frame.height)
        rest = {"assumed": pl.lit(value=False), "problem": pl.lit(None, pl.String)}
        return pl.DataFrame({MOMENT: every}).with_columns(**rest)
    texts = frame[column]
    distinct = texts.unique()
    read = [_read(text, column, zone, by) for text in distinct.to_list()]
    known = pl.DataFrame(read, schema=_SCHEMA, orient="row").with_columns(distinct.alias("text"))
    return pl.DataFrame({"text": texts}).join(known, on="text", how="left", maintain_order="left").select(*_SCHEMA)


def _read(text: str, column: str, zone: tzinfo, by: datetime) -> tuple[datetime | None, bool, str | None]:
    if not text.strip():
        return None, False, f"has no time in the column “{column}”"
    try:
        moment, assumed = read_logged(text, zone, by=by)
    except (ValueError, OverflowError, OSError):
        return None, False, f"has no time that can be read in the column “{column}”"
    return moment, assumed, None
