"""Whole lists in: rows of a file become suppressions, in short commits, and what cannot be used is kept beside it.

An import only ever adds (E13). It can be run again, after an interruption or by mistake: what is on the list already
stays as it is.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from prefcenter.core.channels import MessageClass, Scope, Source
from prefcenter.core.errors import BadInput
from prefcenter.core.hashed import HashAlgorithm
from prefcenter.files.formats import open_table
from prefcenter.files.tables import FileFacts
from prefcenter.services import optouts
from prefcenter.services.binding_hashed import bind_people, bring_forward
from prefcenter.services.deciding import question_about_class
from prefcenter.services.keyring import require_all
from prefcenter.services.list_files import Rows
from prefcenter.services.list_hashed import HashedRows
from prefcenter.services.list_reading import Ready, pieces, read
from prefcenter.services.list_rejects import Rejects
from prefcenter.services.list_rows import Defaults, RowReader
from prefcenter.services.points import Points
from prefcenter.services.ports import Clock, Evidence, Keyring
from prefcenter.store import ledger
from prefcenter.store.engine import Database
from prefcenter.store.suppressions import Suppression, in_batches

CHUNK = 200
"""Rows to a commit: a click that comes meanwhile waits for one chunk at most, well under a second."""

Progress = Callable[[int, int], None]
"""Told how much of the file is done, and how much there is, in bytes."""


@dataclass(frozen=True, slots=True)
class Imported:
    """What came of an import; ``read = new + already + rejected``.

    Args:
        batch: the name under which what was new can be found again.
        read: rows in the file.
        new: put on the list.
        already: on the list before.
        rejected: not usable.
        rejects: the file that they are in, with a reason each, or None where there are none.
    """

    batch: str
    read: int
    new: int
    already: int
    rejected: int
    rejects: Path | None


def import_list(
    database: Database,
    keyring: Keyring,
    points: Points,
    path: Path,
    defaults: Defaults,
    evidence: Evidence,
    *,
    rejects: Path,
    clock: Clock,
    progress: Progress = lambda _done, _size: None,
    mapping: Mapping[str, str] | None = None,
) -> Imported:
    """Put the rows of a file on the list; commits in chunks, so that a click never waits.

    Args:
        database: where.
        keyring: the keys, checked first (X12).
        points: makes the contact points.
        path: the file.
        defaults: what holds for rows that do not say it themselves.
        evidence: who imports.
        rejects: where the rows go that cannot be used; it is written whole or not at all.
        clock: each chunk is recorded at its own moment.
        progress: told how far it is.
        mapping: the column of a role, where its name does not tell it; as for a scrub.

    Raises:
        BadInput: the file is no table, or its columns cannot be recognised; nothing was recorded.
        MissingKey: a key in use is missing.
    """
    at = clock()
    if rejects.absolute() == path.absolute():
        raise BadInput("The rejected rows cannot go into the file itself.", remedy="Name another file.")
    with database.read() as session:
        require_all(session, keyring)
    named = replace(defaults, source=defaults.source or path.name)
    table, reader = _open(database, path, mapping, named, at)
    batch = f"import-{at:%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"
    act = Evidence(evidence.actor, facts={**evidence.facts, "batch": batch})
    new = already = 0
    behind = 0.0
    with Rejects(rejects, table) as rejected:
        for block in table.blocks():
            for piece in pieces(block):
                found = read(reader, points, piece, batch)
                known, unknown = _digests_on_file(database, found.digests)
                added = _record(database, points, found.ready, act, clock)
                new += added
                already += len(known) + len(found.ready) - added
                rejected.add(piece, found.problems | dict.fromkeys(unknown, _LONE_DIGEST))
                behind += (block.bytes_done - behind) * piece.share
                progress(int(behind), table.size)
            rejected.add_unreadable(block)
    if defaults.hashed is not None:
        bind_people(database, points, defaults.hashed)
        bring_forward(database, points, defaults.hashed, at=clock())
    facts = table.facts()
    done = Imported(batch, facts.rows, new, already, rejected.count, rejects if rejected.count else None)
    _log(database, done, facts, evidence, at=clock(), hashed=defaults.hashed)
    return done


def _open(
    database: Database, path: Path, mapping: Mapping[str, str] | None, defaults: Defaults, at: datetime
) -> tuple[Rows, RowReader]:
    table = open_table(path, mapping=mapping)
    scope_of = _Scopes(database).of
    if defaults.hashed is None:
        return table, RowReader(table.columns, defaults, scope_of, at)
    rows = HashedRows(table, defaults.hashed, defaults.channel)
    return rows, RowReader(rows.columns, defaults, scope_of, at, rows.hashed)


_LONE_DIGEST = "has a digest in place of an erased address, and this list does not know it"


def _digests_on_file(database: Database, digests: Mapping[int, bytes]) -> tuple[set[int], set[int]]:
    """Which rows whose address was erased are on this list, and which are not."""
    if not digests:
        return set(), set()
    on_file: set[bytes] = set()
    with database.read() as session:
        for asked in in_batches(set(digests.values())):
            query = select(Suppression.digest).where(Suppression.digest.in_(asked), Suppression.ended_at.is_(None))
            on_file |= set(session.scalars(query))
    known = {place for place, digest in digests.items() if digest in on_file}
    return known, set(digests) - known


def _record(database: Database, points: Points, ready: Sequence[Ready], evidence: Evidence, clock: Clock) -> int:
    """Put rows on the list in short commits, and count those that were not there before."""
    new = 0
    for start in range(0, len(ready), CHUNK):
        chunk = ready[start : start + CHUNK]
        with database.write() as session:
            at = clock()
            own = _own_acts(session, chunk, at)
            asked = [(each.point, each.opt_out) for each in chunk if own.isdisjoint(_identities(each))]
            told = optouts.take_many(session, points, asked, evidence, at=at)
            session.commit()
        new += sum(done.is_new for done in told)
    return new


_Identity = tuple[str, bytes, str, str, str]
_BY_PAGE = frozenset({Source.UNSUBSCRIBE_PAGE, Source.PREFERENCE_PAGE})


def _identities(each: Ready) -> set[_Identity]:
    """What an entry is the same by, under each pepper."""
    point, told = each.point, each.opt_out
    level = point.level.value if point.level else ""
    return {(point.channel.value, digest, told.reason.value, str(told.scope), level) for digest in point.own}


def _own_acts(session: Session, chunk: Sequence[Ready], at: datetime) -> set[_Identity]:
    """What people did themselves and a list cannot add to: their own act says as much, and cannot be voided.

    An act that its page can still take back says less than the list, which must not go with it.
    """
    digests = {digest for each in chunk for _, digest, *_ in _identities(each)}
    found: set[_Identity] = set()
    for asked in in_batches(digests):
        query = select(
            Suppression.channel, Suppression.digest, Suppression.reason, Suppression.scope, Suppression.level
        ).where(Suppression.digest.in_(asked), Suppression.ended_at.is_(None), Suppression.is_own_act.is_(True))
        can_be_undone = Suppression.source.in_(_BY_PAGE) & (Suppression.recorded_at > at - optouts.UNDO_WINDOW)
        query = query.where(~can_be_undone)
        found |= {(row[0], row[1], row[2], row[3], row[4]) for row in session.execute(query)}
    return found


def _log(
    database: Database,
    done: Imported,
    facts: FileFacts,
    evidence: Evidence,
    *,
    at: datetime,
    hashed: HashAlgorithm | None,
) -> None:
    counts = {"read": done.read, "new": done.new, "already": done.already, "rejected": done.rejected}
    told = {"batch": done.batch, "file": facts.name, "sha256": facts.sha256, **counts}
    if hashed is not None:
        told["hashed"] = hashed.value
    with database.write() as session:
        ledger.append(session, "import", at=at, actor=evidence.actor, facts=told, personal=evidence.personal)
        session.commit()


class _Scopes:
    """The scopes of the brands and topics that a file names, each looked up once."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: dict[tuple[str | None, str | None], Scope | BadInput] = {(None, None): Scope.everything()}

    def of(self, brand: str | None, topic: str | None) -> Scope:
        """Make the scope.

        Raises:
            BadInput: the brand or the topic is unknown.
        """
        if (brand, topic) not in self._known:
            self._known[brand, topic] = self._looked_up(brand, topic)
        found = self._known[brand, topic]
        if isinstance(found, BadInput):
            raise found
        return found

    def _looked_up(self, brand: str | None, topic: str | None) -> Scope | BadInput:
        try:
            with self._database.read() as session:
                question = question_about_class(session, MessageClass.MARKETING, brand=brand, topic=topic)
        except BadInput as error:
            return error
        named = str(question.brand)
        return Scope.brand(named) if question.topic is None else Scope.topic(named, question.topic)
