"""Postal entries that share no key with an address and are the same person's all the same, by the rules for pairs.

A file's rows are judged by these rules in bulk (:mod:`prefcenter.scrub`); here the same rules judge a few addresses, so
that a check, the gate and an explanation decide as the scrub does. Entries are found by where they lie.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl
from sqlalchemy import select
from sqlalchemy.orm import Session

from prefcenter.core.channels import Channel, Level
from prefcenter.core.postal.names import standardise_names
from prefcenter.core.postal.standardise import standardise, with_boxes
from prefcenter.core.postal.tiers import Unsure
from prefcenter.scrub.judging_post import hits_of
from prefcenter.scrub.postal_index import PostalEntry, PostalIndex, with_roles
from prefcenter.services.points import Point
from prefcenter.store.contacts import ContactPoint
from prefcenter.store.suppressions import (
    Suppression,
    SuppressionAddress,
    SuppressionKey,
    in_batches,
    lying_at,
)


@dataclass(frozen=True, slots=True)
class Met:
    """An entry that an address meets, or may meet.

    Args:
        suppression: the entry, ended or not.
        tier: the difference that weighs most.
        score: how alike they are, 0 … 1.
        is_sure: False where a person should look.
        refuses: whether a row with this address is held back for it by default.
    """

    suppression: Suppression
    tier: str
    score: float
    is_sure: bool
    refuses: bool


def met_nearby(session: Session, points: Sequence[Point]) -> list[list[Met]]:
    """The entries that each point meets by the rules for pairs, ended ones too; none where its address is not readable.

    Args:
        session: reads only.
        points: of any channels; only postal ones can meet an entry this way.
    """
    asked = {place: point for place, point in enumerate(points) if point.nearby and point.given is not None}
    found: list[list[Met]] = [[] for _ in points]
    numbers = {number for _, number in lying_at(session, {one for point in asked.values() for one in point.nearby})}
    entries = _entries(session, numbers)
    if not entries:
        return found
    rows = pl.DataFrame([_texts(point) for point in asked.values()])
    named = standardise_names(standardise(with_roles(rows)))
    named = named.with_columns(pl.Series("row", list(asked), dtype=pl.UInt32)).filter(pl.col("s_problem").is_null())
    named = with_boxes(named)
    best = hits_of(named, PostalIndex.of(entries)).sort("rank", "score", descending=[False, True])
    held = Unsure.BY_DEFAULT.tiers_held
    known = _suppressions(session, set(best["suppression"]))
    for row, number, tier, score, sure in best.unique(["row", "suppression"], keep="first", maintain_order=True).select(
        "row", "suppression", "tier", "score", "sure"
    ).iter_rows():  # fmt: skip
        found[row].append(Met(known[number], tier, score, sure, refuses=sure or tier in held))
    return found


def _texts(point: Point) -> dict[str, str]:
    names = ("name", "company", "address1", "address2", "city", "state", "zip", "country")
    return {name: str((point.given or {}).get(name) or "") for name in names}


def _entries(session: Session, numbers: Collection[int]) -> list[PostalEntry]:
    """The readable addresses of some entries, and of the points that they fanned out to (G15)."""
    entries: list[PostalEntry] = []
    for batch in in_batches(numbers):
        own = (
            select(Suppression.id, SuppressionAddress.given, Suppression.level)
            .join(SuppressionAddress, SuppressionAddress.suppression_id == Suppression.id)
            .where(Suppression.id.in_(batch), Suppression.channel == Channel.POST.value)
        )
        fanned_out = (
            select(SuppressionKey.suppression_id, ContactPoint.value)
            .join(ContactPoint, ContactPoint.digest == SuppressionKey.digest)
            .where(
                SuppressionKey.suppression_id.in_(batch),
                SuppressionKey.is_own.is_(False),
                ContactPoint.channel == Channel.POST.value,
            )
        )
        entries += [(number, given, level) for number, given, level in session.execute(own)]
        entries += [
            (number, value, Level.INDIVIDUAL.value)
            for number, value in session.execute(fanned_out)
            if value is not None
        ]
    return entries


def _suppressions(session: Session, numbers: Collection[int]) -> dict[int, Any]:
    found: dict[int, Any] = defaultdict()
    for batch in in_batches(numbers):
        found |= {row.id: row for row in session.scalars(select(Suppression).where(Suppression.id.in_(batch)))}
    return found
