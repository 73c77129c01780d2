"""Sharing of a person's data with third parties for their own marketing: off until allowed, and refused for good (G10).

A browser's Global Privacy Control is such a refusal (G11). It touches no consent to email, and nothing asks again for
12 months (G12).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from prefcenter.core.calendars import add_months
from prefcenter.core.channels import MessageClass, Reason, Scope, Source
from prefcenter.services.deciding import decide_all, question_about_class
from prefcenter.services.optouts import take
from prefcenter.services.points import Point, Points
from prefcenter.services.ports import Evidence, Keyring
from prefcenter.services.preferences import UNASKED
from prefcenter.services.suppressing import OptOut, Recorded
from prefcenter.store import suppressions

NOT_ASKED_FOR_MONTHS = 12
"""For so long after a refusal nothing asks for sharing (G12). Source: Cal. Civ. Code 1798.135(c)(4)."""


@dataclass(frozen=True, slots=True)
class Sharing:
    """Whether a person's data may be shared.

    Args:
        is_allowed: a recorded choice allows it, and the person took nothing of it back.
        is_refused: the person, or something as strict, speaks against it.
        refused_since: since when sharing itself has been refused; None where it is only not allowed.
    """

    is_allowed: bool
    is_refused: bool
    refused_since: datetime | None

    @property
    def may_ask_from(self) -> datetime | None:
        """From when on the person may be asked to allow it again, by a code; None where nothing was refused."""
        return None if self.refused_since is None else add_months(self.refused_since, NOT_ASKED_FOR_MONTHS)


def sharing_of(session: Session, keyring: Keyring, point: Point, *, at: datetime) -> Sharing:
    """Say whether the data of whoever has this contact point may be shared, as the gate would decide it now.

    Raises:
        MissingKey: a key in use is missing.
    """
    question = question_about_class(session, MessageClass.SHARING)
    decision = decide_all(session, keyring, question, [point], at=at)[0]
    against = [reason for reason in decision.reasons if reason.suppression_id is not None]
    since = [r.since for r in against if r.code is Reason.NO_SHARING and r.since is not None]
    is_refused = any(reason.code is not Reason.OPT_OUT for reason in against)
    is_missing = any(reason.code in UNASKED for reason in decision.reasons)
    return Sharing(not is_refused and not is_missing, is_refused, min(since, default=None))


def take_refusal(
    session: Session, points: Points, point: Point, source: Source, evidence: Evidence, *, at: datetime
) -> Recorded | None:
    """Record that a person's data must not be shared, for all contact points of theirs (G15).

    Within the caller's transaction. Once: where it stands already, nothing is done.

    Returns:
        What was recorded, or None where it stood already.
    """
    if is_refused(session, point):
        return None
    opt_out = OptOut(Reason.NO_SHARING, Scope.everything(), source)
    recorded = take(session, points, point, opt_out, evidence, at=at)
    return recorded if recorded.is_new else None


def is_refused(session: Session, point: Point) -> bool:
    """Whether the list holds a refusal of sharing for whoever has this contact point."""
    return any(row.reason == Reason.NO_SHARING.value for row, _ in suppressions.by_digests(session, point.own))
