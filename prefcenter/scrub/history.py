"""The list as it was over time: every suppression that was ever in force, with from when until when it spoke.

For what was sent already (``prefcenter audit``): a row is judged by what stood on the list at its own moment, by the
same keys and pair rules as a mailing file. What was voided never counted: it was a wrong record.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import polars as pl
from sqlalchemy import Row, or_, select
from sqlalchemy.orm import Session

from prefcenter.core.channels import EVERYWHERE_REASONS, Channel, Reason, Scope, Source, Verdict
from prefcenter.core.decision import Ask, verdict_of
from prefcenter.core.keys import Peppers
from prefcenter.core.policy import PROHIBITORY_ORDER_GRACE
from prefcenter.core.question import Fact
from prefcenter.scrub.index import ListIndex, index_of
from prefcenter.scrub.listed import BINDING_SCHEMA, STRICTNESS
from prefcenter.store.suppressions import Suppression, SuppressionAddress

_MOMENT = pl.Datetime("us", "UTC")
_SCHEMA = BINDING_SCHEMA | {"begun": _MOMENT, "over": _MOMENT, "recorded": _MOMENT}
_FOR_EVER = datetime(9999, 1, 1, tzinfo=UTC)
_VOIDED = "void"


@dataclass(frozen=True, slots=True)
class History:
    """The list over time.

    Args:
        counted: what spoke against a message while it was in force.
        voided: the same of what was voided later; None where nothing was.
    """

    counted: ListIndex
    voided: ListIndex | None


def build_history(session: Session, peppers: Peppers, ask: Ask, *, at: datetime) -> History:
    """Read all suppressions that ever spoke against such a message, in one reading transaction.

    Args:
        session: reads only.
        peppers: the keys of the digests.
        ask: what was sent.
        at: now.
    """
    found: dict[bool, list[tuple[Any, ...]]] = {False: [], True: []}
    given: dict[bool, dict[int, tuple[dict[str, Any], str]]] = {False: {}, True: {}}
    verdicts: dict[tuple[Any, ...], tuple[Verdict, bool]] = {}
    for row in session.execute(_ever(ask.channel).execution_options(yield_per=10_000)):
        what = (row.channel, row.reason, row.scope, row.is_verified)
        if what not in verdicts:
            verdicts[what] = _verdict(ask, row)
        verdict, after_grace = verdicts[what]
        if verdict is Verdict.CLEARED:
            continue
        is_voided = row.ended_by == _VOIDED
        found[is_voided].append(_binding(row, verdict, after_grace=after_grace))
        if row.channel == ask.channel.value and row.given is not None:
            given[is_voided][row.id] = (row.given, row.level)
    counted, voided = (_index(session, peppers, ask, found[which], given[which], at) for which in (False, True))
    return History(counted, voided if found[True] else None)


def _ever(channel: Channel) -> Any:
    everywhere = [reason.value for reason in EVERYWHERE_REASONS]
    columns = ("id", "channel", "reason", "scope", "since", "until", "is_verified", "level", "recorded_at")
    return (
        select(
            *(getattr(Suppression, name) for name in columns),
            Suppression.ended_at,
            Suppression.ended_by,
            SuppressionAddress.given,
        )
        .outerjoin(SuppressionAddress, SuppressionAddress.suppression_id == Suppression.id)
        .where(or_(Suppression.channel == channel.value, Suppression.reason.in_(everywhere)))
    )


def _verdict(ask: Ask, row: Row[Any]) -> tuple[Verdict, bool]:
    """What a suppression says while it is in force, and whether it says so only after its days of grace (P14)."""
    fact = Fact(
        reason=Reason(row.reason),
        channel=Channel(row.channel),
        scope=Scope.parse(row.scope),
        since=row.since,
        source=Source.SYSTEM,
        verified=row.is_verified,
    )
    at_once = verdict_of(ask, fact, row.since)
    if at_once is not Verdict.CLEARED:
        return at_once, False
    return verdict_of(ask, fact, row.since + PROHIBITORY_ORDER_GRACE), True


def _binding(row: Row[Any], verdict: Verdict, *, after_grace: bool) -> tuple[Any, ...]:
    begun = row.since + PROHIBITORY_ORDER_GRACE if after_grace else row.since
    over = min(moment for moment in (row.until, row.ended_at, _FOR_EVER) if moment is not None)
    scope, since = Scope.parse(row.scope).label, row.since.isoformat()
    said = (row.id, verdict.value, row.reason, scope, since, STRICTNESS[verdict])
    return (*said, begun, over, row.recorded_at)


def _index(
    session: Session,
    peppers: Peppers,
    ask: Ask,
    rows: list[tuple[Any, ...]],
    given: Mapping[int, tuple[dict[str, Any], str]],
    at: datetime,
) -> ListIndex:
    return index_of(session, peppers, ask, pl.DataFrame(rows, schema=_SCHEMA, orient="row"), given, at=at)
