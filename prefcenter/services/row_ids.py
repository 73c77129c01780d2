"""Whether a column names the rows of a file: only then can a late opt-out be told to the mail house by it (P12)."""

from __future__ import annotations

from prefcenter.core.errors import BadInput
from prefcenter.scrub.kept import KeptRows, Repeated

USELESS_FROM = 10
"""More than one row in so many without an id of its own, and more than so many rows: the column names no rows."""

_REMEDY = (
    "Name the column that has another value in each row, such as the finder number; or leave --id out, and late"
    " opt-outs are told by the row's number and address."
)


def refuse_useless(kept: KeptRows, repeated: Repeated | None) -> None:
    """Do nothing if nearly every row has an id of its own.

    Args:
        kept: the rows of a file, all of them kept.
        repeated: what is said of ids that name several of them.

    Raises:
        BadInput: more than a tenth of the rows have no id, or share theirs; says how many, and names an example.
    """
    if _are_many(kept.nameless, kept.rows_seen):
        raise BadInput(
            f"{kept.facts.source}: {kept.nameless:,} of {kept.rows_seen:,} rows have nothing in"
            f" {kept.facts.row_id!r}, such as row {kept.first_nameless:,}. Late opt-outs of them could not be told.",
            remedy=_REMEDY,
        )
    if repeated is not None and _are_many(repeated.sharing, kept.rows):
        first, second = repeated.rows
        raise BadInput(
            f"{kept.facts.source}: {kept.facts.row_id!r} does not name the rows. {repeated.sharing:,} of {kept.rows:,}"
            f" that are let through share theirs with others, such as the rows {first:,} and {second:,}; a late opt-out"
            " of one would pull them all.",
            remedy=_REMEDY,
        )


def note_of(repeated: Repeated, row_id: str) -> str:
    """What a person should know of ids that name several rows."""
    first, second = repeated.rows
    return (
        f"{repeated.source}: {repeated.sharing:,} rows share their id in {row_id!r} with another one, such as the rows"
        f" {first:,} and {second:,}. A late opt-out of one pulls all that share it."
    )


def _are_many(rows: int, among: int) -> bool:
    return rows > USELESS_FROM and rows * USELESS_FROM > among
