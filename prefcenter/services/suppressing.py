"""The building block under every opt-out: a suppression and its ledger entry, in the caller's transaction.

Use cases that record opt-outs (a click, a STOP, a mail, an import, an operator's note) all come through here, so that
idempotency, fan-out and the ledger are the same for each. Nothing here commits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, cast

from sqlalchemy import Table, bindparam, insert, select
from sqlalchemy.orm import Session

from prefcenter.core.channels import Reason, Scope, Source
from prefcenter.core.errors import Unavailable
from prefcenter.core.hashed import HashAlgorithm
from prefcenter.services.fanning_out import all_keys, carry_keys, key_rows
from prefcenter.services.keying import note_forms
from prefcenter.services.points import Point, Points
from prefcenter.services.ports import Evidence
from prefcenter.services.repeating import Again, carry_causes, note_causes, note_repeats
from prefcenter.store import fingerprints, ledger
from prefcenter.store.dialects import insert_in, name_of
from prefcenter.store.suppressions import (
    Suppression,
    SuppressionAddress,
    SuppressionKey,
    in_batches,
)

OWN_ACTS = frozenset(
    {
        Source.ONE_CLICK,
        Source.UNSUBSCRIBE_PAGE,
        Source.PREFERENCE_PAGE,
        Source.UNSUBSCRIBE_MAIL,
        Source.SMS_KEYWORD,
        Source.SNAIL_MAIL_REQUEST,
    }
)
"""Sources that are the person's own act: what they brought can be lifted by the person, and never voided (X10)."""


@dataclass(frozen=True, slots=True)
class OptOut:
    """A reason not to send, to be put on the list.

    Args:
        reason: why.
        scope: how far it reaches within the point's channel.
        source: how it reached us.
        since: from when, by default the moment of recording.
        until: for a pause or an external list, when it ends by itself.
        source_ref: the message, file or batch that it came in.
        batch: a name under which it can be undone together with others of the same cause.
        is_verified: False where it rests on hearsay (an unverified death).
    """

    reason: Reason
    scope: Scope
    source: Source
    since: datetime | None = None
    until: datetime | None = None
    source_ref: str = ""
    batch: str | None = None
    is_verified: bool = True


@dataclass(frozen=True, slots=True)
class Recorded:
    """What came of it.

    Args:
        suppression_id: the entry on the list.
        is_new: False where the same reason stood there already.
        since: since when it holds.
    """

    suppression_id: int
    is_new: bool
    since: datetime


_LISTED = cast("Table", Suppression.__table__)
_KEYS = cast("Table", SuppressionKey.__table__)
_ADDRESSES = cast("Table", SuppressionAddress.__table__)

_INSERT_KEYS, _INSERT_ADDRESSES = insert(_KEYS), insert(_ADDRESSES)

_HASHES = frozenset(each.value for each in HashAlgorithm)

_Identity = tuple[str, bytes, str, str, str, bool]
"""What the unique index compares: channel, digest, reason, scope, level, whether it is the person's own act."""


def suppress(
    session: Session, points: Points, point: Point, opt_out: OptOut, evidence: Evidence, *, at: datetime
) -> Recorded:
    """Put a reason on the list, once: the same one again changes nothing and says so."""
    return suppress_many(session, points, [(point, opt_out)], evidence, at=at)[0]


def suppress_many(
    session: Session, points: Points, asked: Sequence[tuple[Point, OptOut]], evidence: Evidence, *, at: datetime
) -> list[Recorded]:
    """Put reasons on the list, each once; returns what came of each, in the order given.

    The unique index decides who was first, not a look before: two requests at once leave one entry.
    """
    standing = _standing(session, asked)
    new: dict[_Identity, tuple[Point, OptOut]] = {}
    replaced: dict[_Identity, Suppression] = {}
    for point, opt_out in asked:
        there = _met(standing, point, opt_out)
        if there is None:
            new.setdefault(_identity(point, opt_out), (point, opt_out))
        elif _outdoes(opt_out, there, at):
            _end(session, there, "replaced", evidence, at=at)
            replaced[_identity(point, opt_out)] = there
            standing = {identity: row for identity, row in standing.items() if row is not there}
            new.setdefault(_identity(point, opt_out), (point, opt_out))
    made = _insert(session, points, new, evidence, at)
    for identity, before in replaced.items():
        if identity in made:
            carry_keys(session, before.id, made[identity])
            carry_causes(session, before, made[identity], at)
    if len(made) < len(new):
        # Somebody else was first in the meantime.
        standing = _standing(session, asked)
    told = []
    again: list[Again] = []
    for point, opt_out in asked:
        number = made.pop(_identity(point, opt_out), 0)
        if number:
            standing[_identity(point, opt_out)] = _Brief(number, opt_out.since or at)
            told.append(Recorded(number, is_new=True, since=opt_out.since or at))
        else:
            row = _met(standing, point, opt_out)
            if row is None:
                raise Unavailable("An entry of the list changed while it was written.", remedy="Try again.")
            told.append(Recorded(row.id, is_new=False, since=row.since))
            if isinstance(row, Suppression):
                again.append(Again(row, opt_out.source, opt_out.since or at, opt_out.source_ref, opt_out.batch))
    note_repeats(session, again, evidence, at)
    note_causes(session, [(each.row, each.source, each.batch) for each in again], at)
    return told


@dataclass(frozen=True, slots=True)
class _Brief:
    """What is needed of an entry that was just made."""

    id: int
    since: datetime


def _identity(point: Point, opt_out: OptOut, digest: bytes | None = None) -> _Identity:
    return (
        point.channel.value,
        digest or point.digest,
        opt_out.reason.value,
        str(opt_out.scope),
        point.level or "",
        opt_out.source in OWN_ACTS,
    )


# Written once: it is asked before every entry.
_STANDING = (
    select(Suppression)
    .where(
        Suppression.channel.in_(bindparam("channels", expanding=True)),
        Suppression.digest.in_(bindparam("digests", expanding=True)),
        Suppression.ended_at.is_(None),
    )
    .order_by(Suppression.id)
    .with_for_update(key_share=True)
    .execution_options(populate_existing=True)
)


def _standing(session: Session, asked: Sequence[tuple[Point, OptOut]]) -> dict[_Identity, Any]:
    """What stands on the list already for these very points, locked, so that nobody ends it before we have answered."""
    digests = {digest for point, _ in asked for digest in point.own}
    channels = sorted({point.channel.value for point, _ in asked})
    found: dict[_Identity, Any] = {}
    for batch in in_batches(digests):
        for row in session.scalars(_STANDING, {"channels": channels, "digests": batch}):
            what = (row.channel, row.digest, row.reason, row.scope, row.level, row.is_own_act)
            found.setdefault(what, row)
    return found


def _met(standing: Mapping[_Identity, Any], point: Point, opt_out: OptOut) -> Any:
    for digest in point.own:
        row = standing.get(_identity(point, opt_out, digest))
        if row is not None:
            return row
    return None


def _outdoes(opt_out: OptOut, row: Any, at: datetime) -> bool:
    """Whether a new entry says more than the one that stands: never less, so nothing is ever shortened (E13)."""
    if not isinstance(row, Suppression):
        return False
    lasts_longer = row.until is not None and (opt_out.until is None or opt_out.until > row.until)
    begins_earlier = row.since > at >= (opt_out.since or at)
    return lasts_longer or begins_earlier or (opt_out.is_verified and not row.is_verified)


def _insert(
    session: Session,
    points: Points,
    new: Mapping[_Identity, tuple[Point, OptOut]],
    evidence: Evidence,
    at: datetime,
) -> dict[_Identity, int]:
    """Insert entries with their digests, addresses and ledger entries; those that were taken meanwhile are left out."""
    if not new:
        return {}
    rows = [_row(point, opt_out, evidence, at) for point, opt_out in new.values()]
    made: dict[_Identity, int] = {}
    run = session.connection().execute  # These name tables and no models, so the session need not look at them.
    for row in run(_insert_new(name_of(session)), rows):
        made[row.channel, bytes(row.digest), row.reason, row.scope, row.level, bool(row.is_own_act)] = row.id
    keys: list[dict[str, Any]] = []
    addresses: list[dict[str, Any]] = []
    entries: list[ledger.NewEntry] = []
    for identity, number in made.items():
        point, opt_out = new[identity]
        keys += key_rows(number, all_keys(session, points, point, opt_out.reason))
        if point.given is not None:
            addresses.append({"suppression_id": number, "given": dict(point.given)})
        entries.append(_entry(number, point, opt_out, evidence, at))
    if keys:
        run(_INSERT_KEYS, keys)
        note_forms(session, [(number, new[identity][0]) for identity, number in made.items()], at)
        hashes = _HASHES & {key["kind"] for key in keys}
        if hashes:
            # Whoever looks an address up looks for partners' hashes of it only where this says that there are any.
            fingerprints.remember(session, fingerprints.HASH, hashes, at)
    if addresses:
        run(_INSERT_ADDRESSES, addresses)
    ledger.append_many(session, entries)
    return made


@cache
def _insert_new(dialect: str) -> Any:
    told = ("id", "channel", "digest", "reason", "scope", "level", "is_own_act")
    return insert_in(dialect, _LISTED).on_conflict_do_nothing().returning(*(_LISTED.c[name] for name in told))


def _row(point: Point, opt_out: OptOut, evidence: Evidence, at: datetime) -> dict[str, Any]:
    return {
        "channel": point.channel.value,
        "digest": point.digest,
        "pepper_id": point.pepper_id,
        "reason": opt_out.reason.value,
        "scope": str(opt_out.scope),
        "level": point.level or "",
        "since": opt_out.since or at,
        "until": opt_out.until,
        "source": opt_out.source.value,
        "source_ref": opt_out.source_ref,
        "batch": opt_out.batch,
        "actor": evidence.actor,
        "is_own_act": opt_out.source in OWN_ACTS,
        "is_verified": opt_out.is_verified,
        "recorded_at": at,
    }


def end(session: Session, row: Suppression, how: str, evidence: Evidence, *, at: datetime) -> None:
    """End a suppression (``lift`` or ``void``), and say so in the ledger."""
    _end(session, row, how, evidence, at=at)


def _end(session: Session, row: Suppression, how: str, evidence: Evidence, *, at: datetime) -> None:
    row.ended_at, row.ended_by = at, how
    session.flush()
    ledger.append(
        session,
        how,
        at=at,
        actor=evidence.actor,
        subject=row.digest,
        facts={"suppression": row.id, "channel": row.channel, "reason": row.reason, "scope": row.scope}
        | dict(evidence.facts),
        personal=evidence.personal,
    )


def _entry(number: int, point: Point, opt_out: OptOut, evidence: Evidence, at: datetime) -> ledger.NewEntry:
    facts = {
        "suppression": number,
        "channel": point.channel.value,
        "reason": opt_out.reason.value,
        "scope": str(opt_out.scope),
        "source": opt_out.source.value,
        "since": (opt_out.since or at).isoformat(),
    }
    if point.level:
        facts["level"] = point.level.value
    if opt_out.until is not None:
        facts["until"] = opt_out.until.isoformat()
    personal = dict(evidence.personal) | ({"address": dict(point.given)} if point.given is not None else {})
    return ledger.NewEntry(
        kind="suppress",
        at=at,
        actor=evidence.actor,
        subject=point.digest,
        facts=facts | dict(evidence.facts),
        personal=personal,
    )
