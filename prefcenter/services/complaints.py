"""Watching how many complain of each brand's marketing mail, and stopping it before mailbox providers do (E17).

The rate is complaints by delivered mails over the last seven days. A small number of mails makes any rate, so at least
:data:`FLOOR` of them are reckoned with. A brand is stopped when one more complaint would bring it to 0.30 %. It stays
stopped until an operator releases it with a note; what came before then no longer counts.

Source: Gmail, "Email sender guidelines"; Yahoo, "Sender Best Practices".
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.orm import Session

from prefcenter.core.errors import BadInput, NotFound
from prefcenter.services.event_facts import EventKind
from prefcenter.services.ports import Evidence
from prefcenter.store import complaints as counted
from prefcenter.store import ledger, registry

_log = logging.getLogger(__name__)

WINDOW: Final = timedelta(days=7)
WARN_PER_10_000: Final = 10
STOP_PER_10_000: Final = 30
FLOOR: Final = 1_000
"""At least so many delivered mails are reckoned with, whatever was delivered."""


@dataclass(frozen=True, slots=True)
class Rate:
    """How a brand's marketing mail stands.

    Args:
        brand: its slug.
        complaints, delivered: how many since ``since``.
        since: from when they are counted: seven days ago, or the last release.
        stopped_since: since when its marketing mail is stopped, or None.
    """

    brand: str
    complaints: int
    delivered: int
    since: datetime
    stopped_since: datetime | None = None

    @property
    def percent(self) -> float:
        """Complaints by mails, at least :data:`FLOOR` of them, in percent."""
        return round(100 * self.complaints / max(self.delivered, FLOOR), 3)

    @property
    def warns(self) -> bool:
        """Whether it is at 0.10 % or above."""
        return self.complaints * 10_000 >= WARN_PER_10_000 * max(self.delivered, FLOOR)

    @property
    def stops(self) -> bool:
        """Whether one more complaint would bring it to 0.30 %; one complaint alone never does."""
        return self.complaints > 1 and (self.complaints + 1) * 10_000 >= STOP_PER_10_000 * max(self.delivered, FLOOR)

    @property
    def state(self) -> str:
        """``stopped``, ``warning`` or ``fine``."""
        if self.stopped_since is not None:
            return "stopped"
        return "warning" if self.warns else "fine"


def rate_of(session: Session, brand: str, *, at: datetime) -> Rate:
    """Count for one brand; reads only."""
    return _count(session, brand, *counted.standing(session, brand), at)


def _count(
    session: Session, brand: str, released: datetime | None, stopped_since: datetime | None, at: datetime
) -> Rate:
    since = max(at - WINDOW, released) if released is not None else at - WINDOW
    complaints, delivered = counted.since(session, brand, EventKind.COMPLAINED, since)
    return Rate(brand, complaints, delivered, since, stopped_since)


def rates(session: Session, *, at: datetime) -> list[Rate]:
    """Count for each brand that mailed, or is stopped; by slug."""
    return [rate_of(session, brand, at=at) for brand in counted.brands_seen(session, at - WINDOW)]


def weigh(session: Session, brand: str, *, at: datetime) -> None:
    """Count anew after a complaint, and stop the brand's marketing mail where it must be; in the caller's transaction.

    A stop binds from the next attempt to send on: every mail is decided again at dispatch. A brand that is stopped
    already needs no counting.
    """
    released, stopped_since = counted.standing(session, brand)
    if stopped_since is not None:
        return
    rate = _count(session, brand, released, None, at)
    if rate.stops and counted.stop(session, brand, rate.complaints, rate.delivered, at):
        facts = {"brand": brand, "complaints": rate.complaints, "delivered": rate.delivered}
        ledger.append(session, "campaign_stopped", at=at, actor="system", facts=facts)
        _log.error("marketing mail of %s is stopped: %d complaints of %d", brand, rate.complaints, rate.delivered)
    elif rate.warns:
        _log.warning("complaints about %s: %d of %d", brand, rate.complaints, rate.delivered)


def release(session: Session, brand: str, evidence: Evidence, *, at: datetime) -> int:
    """Let a brand's marketing mail go out again, with a note that says why; commits.

    What waits for it is decided again at once, and counting begins anew.

    Returns:
        How many messages waited.

    Raises:
        NotFound: there is no such brand, or it is not stopped.
        BadInput: there is no note.
    """
    if not str(evidence.personal.get("note", "")).strip():
        raise BadInput(
            "A release needs a note.", remedy="Say with --note what was found, and what is different from now on."
        )
    if registry.brand_by_slug(session, brand) is None:
        raise NotFound(f"There is no brand “{brand}”.", remedy="`prefcenter brand list` shows the brands.")
    row = counted.standing_stop(session, brand)
    if row is None:
        raise NotFound(
            f"The marketing mail of {brand} is not stopped.", remedy="`prefcenter complaints` shows which is."
        )
    row.released_at, row.released_by, row.note = at, evidence.actor, str(evidence.personal["note"]).strip()
    session.flush()
    waiting = counted.bring_forward(session, brand, at)
    facts = {"brand": brand, "stopped_since": row.since.isoformat(), **evidence.facts}
    ledger.append(
        session, "campaign_released", at=at, actor=evidence.actor, facts=facts, personal=dict(evidence.personal)
    )
    session.commit()
    return waiting
