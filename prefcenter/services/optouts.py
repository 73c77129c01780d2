"""Opting out, and undoing it: the use cases behind a click, a command, an import, an API call."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from prefcenter.core.channels import Reason, Scope, ScopeKind, Source
from prefcenter.core.errors import NotFound
from prefcenter.core.tokens import Token
from prefcenter.services import outgoing
from prefcenter.services.errors import NotAllowed
from prefcenter.services.points import Point, Points, of_digest
from prefcenter.services.ports import Evidence
from prefcenter.services.repeating import RETRY_WINDOW, repeats
from prefcenter.services.suppressing import OptOut, Recorded, end, suppress_many
from prefcenter.store import contacts, fingerprints, ledger, registry
from prefcenter.store.fingerprints import hash_algorithms
from prefcenter.store.suppressions import Suppression

UNDO_WINDOW = timedelta(minutes=30)
"""For so long the page that took an opt-out may take it back without a fresh code (E18)."""

SECOND_CLICK_WINDOW = timedelta(days=30)
"""A second one-click for a brand within this time ends all its marketing email (E7)."""

_CLICKS = frozenset({Source.ONE_CLICK, Source.UNSUBSCRIBE_MAIL})
"""The acts of which a second one counts (E7)."""


@dataclass(frozen=True, slots=True)
class Target:
    """Whom and what a link is about, as far as we still know.

    Args:
        point: the contact point; readable where it is on file.
        scope: what ends. It widens where the topic or the brand is gone (E6), never narrows.
        brand: the brand, or None where it is gone.
        topic: the topic, or None for all marketing of the brand, or where it is gone.
    """

    point: Point
    scope: Scope
    brand: registry.Brand | None
    topic: registry.Topic | None

    @property
    def brand_scope(self) -> Scope:
        """All marketing of the brand in the channel."""
        return Scope.everything() if self.brand is None else Scope.brand(self.brand.slug)


def target_of(session: Session, points: Points, token: Token) -> Target:
    """Say whom and what a link is about; it works without a row of its own (E6)."""
    point = of_digest(token.channel, token.digest)
    known = contacts.points_by_digest(session, [token.digest])
    if known:
        # The link's own digest stays among the keys: it may be one under an older pepper.
        point = points.on_file(token.channel, token.digest, known[0].value)
    brand = registry.brand_by_code(session, token.brand_code) if token.brand_code else None
    topic = registry.topic_by_code(session, token.topic_code) if token.topic_code else None
    if topic is not None and brand is not None and topic.brand_id != brand.id:
        topic = None
    if brand is None:
        return Target(point, Scope.everything(), None, None)
    if topic is None:
        return Target(point, Scope.brand(brand.slug), brand, None)
    return Target(point, Scope.topic(brand.slug, topic.slug), brand, topic)


def record(
    session: Session, points: Points, point: Point, opt_out: OptOut, evidence: Evidence, *, at: datetime
) -> Recorded:
    """Put a reason on the list, cancel what is queued against it, and commit.

    Once this returns, the opt-out is durable and holds for the next attempt to send (E11, U3).
    """
    recorded = take(session, points, point, opt_out, evidence, at=at)
    session.commit()
    return recorded


def take(
    session: Session, points: Points, point: Point, opt_out: OptOut, evidence: Evidence, *, at: datetime
) -> Recorded:
    """Put a reason on the list and cancel what is queued against it, within the caller's transaction."""
    return take_many(session, points, [(point, opt_out)], evidence, at=at)[0]


def take_many(
    session: Session, points: Points, asked: Sequence[tuple[Point, OptOut]], evidence: Evidence, *, at: datetime
) -> list[Recorded]:
    """Put reasons on the list and cancel what is queued against them, within the caller's transaction."""
    told = suppress_many(session, points, asked, evidence, at=at)
    new = [point for (point, _), recorded in zip(asked, told, strict=True) if recorded.is_new]
    if new:
        outgoing.cancel_refused(session, new, at=at)
    return told


def one_click(
    session: Session,
    points: Points,
    target: Target,
    source: Source,
    evidence: Evidence,
    *,
    at: datetime,
    cause: str | None = None,
) -> tuple[Recorded, Scope]:
    """End what a mail's list header names, at once (E2, E7); commits.

    A second act for the same brand within 30 days ends all its marketing email. The same request again within an hour
    is a mailbox provider's retry, and stays what it was (E3). ``cause`` is the name under which it can be undone
    together with others, should a machine have made them.

    Returns:
        What was recorded, and the scope that ended.
    """
    recorded, scope = take_one_click(session, points, target, source, evidence, at=at, cause=cause)
    session.commit()
    return recorded, scope


def take_one_click(
    session: Session,
    points: Points,
    target: Target,
    source: Source,
    evidence: Evidence,
    *,
    at: datetime,
    cause: str | None = None,
) -> tuple[Recorded, Scope]:
    """Do what :func:`one_click` does, within the caller's transaction."""
    scope = target.scope
    if scope.kind is ScopeKind.TOPIC and _is_second(session, target, at):
        scope = target.brand_scope
    opt_out = OptOut(Reason.OPT_OUT, scope, source, batch=cause)
    recorded = take(session, points, target.point, opt_out, evidence, at=at)
    return recorded, scope


def _is_second(session: Session, target: Target, at: datetime) -> bool:
    query = select(Suppression).where(
        Suppression.channel == target.point.channel.value,
        Suppression.digest.in_(target.point.own),
        Suppression.is_own_act.is_(True),
        Suppression.ended_at.is_(None),
    )
    of_brand = [row for row in session.scalars(query) if Scope.parse(row.scope).brand_slug == target.scope.brand_slug]
    scopes = {row.id: row.scope for row in of_brand}
    # A click that met what stood there already, such as what the page had ended before, is a click all the same.
    clicks = [(row.scope, row.since) for row in of_brand if row.source in _CLICKS]
    clicks += [
        (scopes[each.suppression_id], each.since) for each in repeats(session, of_brand) if each.source in _CLICKS
    ]
    return any(
        when > at - SECOND_CLICK_WINDOW and (scope != str(target.scope) or when <= at - RETRY_WINDOW)
        for scope, when in clicks
    )


def undo(session: Session, suppression_ids: Sequence[int], evidence: Evidence, *, at: datetime) -> None:
    """Take back what one page took by mistake, all of it or nothing; commits (E18).

    Raises:
        NotAllowed: 30 minutes have passed, so that it takes a fresh code; or somebody asked for the same again since,
            which this page cannot take back.
        NotFound: there is no such entry.
    """
    take_back(session, suppression_ids, evidence, at=at)
    session.commit()


def take_back(session: Session, suppression_ids: Sequence[int], evidence: Evidence, *, at: datetime) -> None:
    """Do what :func:`undo` does, within the caller's transaction."""
    rows = [_entry(session, suppression_id) for suppression_id in suppression_ids]
    rows += [left for row in rows for left in _left_of(session, row)]
    if any(at - row.recorded_at > UNDO_WINDOW for row in rows):
        raise NotAllowed("This can no longer be undone from here: more than 30 minutes have passed.")
    if repeats(session, rows):
        raise NotAllowed("This can no longer be undone from here: the same was asked for once more since then.")
    for row in rows:
        if row.ended_at is None:
            end(session, row, "lift", replace(evidence, facts={**evidence.facts, "by": "undo"}), at=at)


def _left_of(session: Session, row: Suppression) -> list[Suppression]:
    """What stands of an entry from which the person took a topic out since, locked (E13)."""
    if row.ended_by != "lift":
        return []
    query = select(Suppression).where(
        Suppression.channel == row.channel,
        Suppression.digest == row.digest,
        Suppression.reason == row.reason,
        Suppression.since == row.since,
        Suppression.source == row.source,
        Suppression.ended_at.is_(None),
    )
    brand = Scope.parse(row.scope).brand_slug
    found = session.scalars(query.with_for_update(key_share=True)).all()
    return [each for each in found if (scope := Scope.parse(each.scope)).spared and scope.brand_slug == brand]


def lift(
    session: Session,
    point: Point,
    reason: Reason,
    evidence: Evidence,
    *,
    at: datetime,
    scope: Scope | None = None,
    points: Points | None = None,
) -> list[int]:
    """Lift a reason by the person's own act, which the evidence must show (E13, X10); commits.

    Args:
        session: writes.
        point: whose.
        reason: which reason.
        evidence: the act, in ``personal``.
        at: when.
        scope: which scope, or None for every scope of the reason.
        points: makes contact points; with it, what partners' hashed lists brought about this one ends as well.

    Returns:
        The entries that were lifted.

    Raises:
        NotFound: the reason is not on the list for this contact point.
    """
    hashed: tuple[bytes, ...] = ()
    if points is not None:
        hashed = points.hashed_digests(point, hash_algorithms(fingerprints.known(session)))
    rows = [row for row in _standing(session, point, {*point.own, *hashed}) if row.reason == reason.value]
    if scope is not None:
        rows = [row for row in rows if row.scope == str(scope)]
    if not rows:
        raise NotFound(
            f"There is no {reason} on the list for this address.", remedy="`prefcenter explain` shows what there is."
        )
    for row in rows:
        end(session, row, "lift", evidence, at=at)
    session.commit()
    return [row.id for row in rows]


def standing(session: Session, point: Point) -> Sequence[Suppression]:
    """The entries that were made for this very contact point, not those that reach it from elsewhere."""
    return _standing(session, point, point.own)


def _standing(session: Session, point: Point, digests: Collection[bytes]) -> Sequence[Suppression]:
    query = select(Suppression).where(
        Suppression.channel == point.channel.value, Suppression.digest.in_(digests), Suppression.ended_at.is_(None)
    )
    return session.scalars(query.order_by(Suppression.id)).all()


def void(session: Session, suppression_id: int, evidence: Evidence, *, at: datetime) -> str:
    """Void a wrong record: one operator proposes, another one confirms (X10); commits.

    Returns:
        ``proposed`` or ``voided``.

    Raises:
        NotFound: there is no such entry in force.
        NotAllowed: it is the person's own act, which only the person can lift; or it was asked for in another way as
            well; or the same operator confirms.
    """
    row = _entry(session, suppression_id)
    if row.ended_at is not None:
        raise NotFound(f"Entry {suppression_id} is no longer in force.")
    if row.is_own_act:
        raise NotAllowed(
            f"Entry {suppression_id} is the person's own act ({row.source}), not a wrong record.",
            remedy="Only the person's own act lifts it: `prefcenter suppress lift` with its evidence.",
        )
    also = sorted({each.source for each in repeats(session, [row]) if each.source != row.source})
    if also:
        raise NotAllowed(
            f"Entry {suppression_id} rests not only on {row.source}: it was asked for by {', '.join(also)} too.",
            remedy="Only the person's own act lifts it: `prefcenter suppress lift` with its evidence.",
        )
    if row.void_proposed_by is None:
        row.void_proposed_by = evidence.actor
        facts = {"suppression": row.id, "channel": row.channel, "reason": row.reason, **evidence.facts}
        ledger.append(
            session,
            "void_proposed",
            at=at,
            actor=evidence.actor,
            subject=row.digest,
            facts=facts,
            personal=evidence.personal,
        )
        session.commit()
        return "proposed"
    if row.void_proposed_by == evidence.actor:
        raise NotAllowed(
            f"You proposed to void entry {suppression_id}; it takes a second operator to confirm.",
            remedy="Ask a colleague to run the same command with `--as`.",
        )
    end(session, row, "void", replace(evidence, facts={**evidence.facts, "proposed_by": row.void_proposed_by}), at=at)
    session.commit()
    return "voided"


def _entry(session: Session, suppression_id: int) -> Suppression:
    """The entry, locked, so that what is asked for meanwhile is not overlooked."""
    row = session.get(Suppression, suppression_id, with_for_update={"key_share": True}, populate_existing=True)
    if row is None:
        raise NotFound(f"There is no entry {suppression_id} on the list.")
    return row
