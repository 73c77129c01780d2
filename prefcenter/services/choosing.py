"""Saving the choices of the preference page: all of them in one transaction, each real change with its own entry.

A link may be forwarded, so it only reduces (E18): what the person did not change is not touched, and nothing is lifted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.orm import Session

from prefcenter.core.channels import Scope, Source
from prefcenter.core.frequency import Limit
from prefcenter.services import frequency, optouts, pausing, sharing
from prefcenter.services.frequency import Limited
from prefcenter.services.pausing import Paused
from prefcenter.services.points import Point, Points
from prefcenter.services.ports import Evidence
from prefcenter.services.preferences import Ended, end_unticked, points_of_person
from prefcenter.services.suppressing import Recorded


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a person changed on the page.

    Args:
        unticked: kinds of marketing to end, each a contact point's reference and a scope as text.
        pause_days: for how many days to pause all of it, or None.
        limit: how often at most it may come, or None for no change.
        no_sharing: True where the data must not be shared.
    """

    unticked: Sequence[tuple[str, str]] = ()
    pause_days: int | None = None
    limit: Limit | None = None
    no_sharing: bool = False


@dataclass(frozen=True, slots=True)
class Saved:
    """What came of it: only what is new."""

    ended: Sequence[Ended] = ()
    paused: Sequence[Paused] = ()
    limited: Sequence[Limited] = ()
    sharing: Recorded | None = None

    @property
    def recorded(self) -> list[Recorded]:
        """The new entries of the list."""
        own = [*(each.recorded for each in self.ended), *(each.recorded for each in self.paused)]
        return own if self.sharing is None else [*own, self.sharing]

    @property
    def limit_ids(self) -> list[int]:
        """The new limits."""
        return [each.row_id for each in self.limited if each.row_id is not None]


@dataclass(frozen=True, slots=True)
class Undoing:
    """What a page made, to be taken back."""

    entries: Sequence[int] = field(default_factory=tuple)
    limits: Sequence[int] = field(default_factory=tuple)


def save(
    session: Session,
    points: Points,
    own: Point,
    wishes: Wishes,
    source: Source,
    evidence: Evidence,
    *,
    at: datetime,
) -> Saved:
    """Do all that a person chose on the page, or nothing of it; commits.

    What is ended wholly by the same press is neither paused nor limited: it would say nothing.

    Args:
        session: writes.
        points: makes contact points.
        own: the contact point of the link; it and those of the same person are what can be chosen about.
        wishes: what the person changed.
        source: the page.
        evidence: the act.
        at: when.
    """
    ended = end_unticked(session, points, own, wishes.unticked, source, evidence, at=at)
    gone = {each.point.digest for each in ended if each.kind.scope == Scope.everything()}
    mine = [point for point in points_of_person(session, points, own) if point.digest not in gone]
    paused: list[Paused] = []
    if wishes.pause_days in pausing.DAYS:
        paused = pausing.take_pause(session, points, mine, wishes.pause_days, source, evidence, at=at)
    limited: list[Limited] = []
    if wishes.limit is not None:
        limited = frequency.take_stricter(session, mine, wishes.limit, evidence, at=at, source=source)
    refused = sharing.take_refusal(session, points, own, source, evidence, at=at) if wishes.no_sharing else None
    session.commit()
    return Saved([each for each in ended if each.recorded.is_new], paused, limited, refused)


def undo(session: Session, points: Points, own: Point, undoing: Undoing, evidence: Evidence, *, at: datetime) -> None:
    """Take back what one page took by mistake, all of it or nothing, so that what held before holds again; commits.

    Raises:
        NotAllowed: 30 minutes have passed, so that it takes a fresh code (E18); or the same was asked for once more.
        NotFound: there is no such entry.
    """
    mine = points_of_person(session, points, own)
    optouts.take_back(session, undoing.entries, evidence, at=at)
    pausing.resume_shorter(session, points, mine, undoing.entries, evidence, at=at)
    frequency.take_back(session, undoing.limits, evidence, at=at)
    session.commit()


def honour_signal(session: Session, points: Points, own: Point, evidence: Evidence, *, at: datetime) -> bool:
    """Record do-not-share for whoever sent a privacy signal with their link, once (G11); commits.

    Returns:
        Whether it is new.
    """
    made = sharing.take_refusal(session, points, own, Source.PREFERENCE_PAGE, evidence, at=at)
    session.commit()
    return made is not None
