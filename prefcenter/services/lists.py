"""Whole lists in: rows of a file become suppressions, in short commits, and what cannot be used is kept beside it.

An import only ever adds (E13). It can be run again, after an interruption or by mistake: what is on the list already
stays as it is.
"""

from __future__ import annotations

import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Self

import polars as pl
from sqlalchemy import select
from sqlalchemy.orm import Session

from prefcenter.core.channels import Channel, MessageClass, Scope, Source
from prefcenter.core.errors import BadAddress, BadInput
from prefcenter.core.postal.address import PostalAddress
from prefcenter.files.formats import open_table
from prefcenter.files.tables import PROBLEM, ROW, Block, FileFacts, Table
from prefcenter.files.writing import GuardedCsvWriter
from prefcenter.services import optouts
from prefcenter.services.deciding import question_about_class
from prefcenter.services.keyring import require_all
from prefcenter.services.list_rows import Defaults, Row, RowReader
from prefcenter.services.points import Point, Points
from prefcenter.services.ports import Clock, Evidence, Keyring
from prefcenter.services.suppressing import OptOut
from prefcenter.store import ledger
from prefcenter.store.engine import Database
from prefcenter.store.suppressions import Suppression, in_batches

CHUNK = 200
"""Rows to a commit: a click that comes meanwhile waits for one chunk at most, well under a second."""

PIECE = 2_000
"""Rows whose keys are made at once; those of a whole block would not fit into memory."""

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

    Raises:
        BadInput: the file is no table, or its columns cannot be recognised; nothing was recorded.
        MissingKey: a key in use is missing.
    """
    at = clock()
    if rejects.absolute() == path.absolute():
        raise BadInput("The rejected rows cannot go into the file itself.", remedy="Name another file.")
    with database.read() as session:
        require_all(session, keyring)
    table = open_table(path)
    named = replace(defaults, source=defaults.source or path.name)
    reader = RowReader(table.columns, named, _Scopes(database).of, at)
    batch = f"import-{at:%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"
    act = Evidence(evidence.actor, facts={**evidence.facts, "batch": batch})
    new = already = 0
    with _Rejects(rejects, table) as rejected:
        for block in table.blocks():
            for piece in _pieces(block):
                read = _read(reader, points, piece, batch)
                known, unknown = _digests_on_file(database, read.digests)
                added = _record(database, points, read.ready, act, clock)
                new += added
                already += len(known) + len(read.ready) - added
                rejected.add(piece, read.problems | dict.fromkeys(unknown, _LONE_DIGEST))
            rejected.add_unreadable(block)
            progress(block.bytes_done, table.size)
    facts = table.facts()
    done = Imported(batch, facts.rows, new, already, rejected.count, rejects if rejected.count else None)
    _log(database, done, facts, evidence, at=clock())
    return done


_LONE_DIGEST = "has a digest in place of an erased address, and this list does not know it"


@dataclass(frozen=True, slots=True)
class _Ready:
    """A row that can be put on the list."""

    point: Point
    opt_out: OptOut


@dataclass(frozen=True, slots=True)
class _Read:
    """What some rows say, by their place in the piece.

    Args:
        ready: those that can be put on the list.
        digests: those whose address was erased, with what they are known by.
        problems: those that cannot be used, with the reason.
    """

    ready: list[_Ready]
    digests: dict[int, bytes]
    problems: dict[int, str]


@dataclass(frozen=True, slots=True)
class _Piece:
    """Some rows of a block, few enough to keep all their keys in memory."""

    frame: pl.DataFrame
    row_numbers: Sequence[int]


def _pieces(block: Block) -> Iterator[_Piece]:
    for start in range(0, block.frame.height, PIECE):
        yield _Piece(block.frame.slice(start, PIECE), block.row_numbers[start : start + PIECE].tolist())


def _read(reader: RowReader, points: Points, piece: _Piece, batch: str) -> _Read:
    rows: dict[int, Row] = {}
    problems: dict[int, str] = {}
    for place, cells in enumerate(piece.frame.iter_rows(named=True)):
        try:
            rows[place] = reader.read(cells)
        except BadInput as error:
            problems[place] = str(error)
    digests = {place: row.digest for place, row in rows.items() if row.digest is not None and _is_empty(row)}
    ready = []
    readable = {place: row for place, row in rows.items() if place not in digests}
    for place, found in _points_of(points, readable).items():
        if isinstance(found, BadAddress):
            problems[place] = str(found)
        else:
            ready.append(_Ready(found, _opt_out(rows[place], batch)))
    return _Read(ready, digests, problems)


def _is_empty(row: Row) -> bool:
    return not row.address if isinstance(row.address, str) else not any(value for _, value in row.address.items())


def _points_of(points: Points, rows: Mapping[int, Row]) -> dict[int, Point | BadAddress]:
    """The contact points of some rows, in the order of the rows."""
    postal = {place: row for place, row in rows.items() if isinstance(row.address, PostalAddress)}
    made = points.post_many([_postal(row) for row in postal.values()], [row.level for row in postal.values()])
    found: dict[int, Point | BadAddress] = dict(zip(postal, made, strict=True))
    for place, row in rows.items():
        if isinstance(row.address, str):
            try:
                found[place] = points.parse(row.channel, row.address)
            except BadAddress as error:
                found[place] = error
    return dict(sorted(found.items()))


def _postal(row: Row) -> PostalAddress:
    if not isinstance(row.address, PostalAddress):
        raise TypeError("Only rows about post have a postal address.")
    return row.address


def _opt_out(row: Row, batch: str) -> OptOut:
    return OptOut(
        row.reason,
        row.scope,
        Source.IMPORT,
        since=row.since,
        until=row.until,
        source_ref=row.source_ref,
        batch=batch,
    )


def _digests_on_file(database: Database, digests: Mapping[int, bytes]) -> tuple[set[int], set[int]]:
    """Which rows whose address was erased are on this list, and which are not."""
    if not digests:
        return set(), set()
    on_file: set[bytes] = set()
    with database.read() as session:
        for asked in in_batches(set(digests.values())):
            on_file |= set(session.scalars(select(Suppression.digest).where(Suppression.digest.in_(asked))))
    known = {place for place, digest in digests.items() if digest in on_file}
    return known, set(digests) - known


def _record(database: Database, points: Points, ready: Sequence[_Ready], evidence: Evidence, clock: Clock) -> int:
    """Put rows on the list in short commits, and count those that were not there before."""
    new = 0
    for start in range(0, len(ready), CHUNK):
        chunk = ready[start : start + CHUNK]
        with database.write() as session:
            on_list = _on_list(session, chunk)
            for each in chunk:
                if not on_list.isdisjoint(_identities(each)):
                    continue
                done = optouts.take(session, points, each.point, each.opt_out, evidence, at=clock())
                new += done.is_new
                on_list |= _identities(each)
            session.commit()
    return new


_Identity = tuple[str, bytes, str, str, str, datetime | None]


def _identities(each: _Ready) -> set[_Identity]:
    """What an entry is the same by: whose record it is does not matter, the person's own act says as much."""
    point, told = each.point, each.opt_out
    digests = {point.digest, *(point.lookup if point.channel is not Channel.POST else ())}
    level = point.level.value if point.level else ""
    return {(point.channel.value, digest, told.reason.value, str(told.scope), level, told.until) for digest in digests}


def _on_list(session: Session, chunk: Sequence[_Ready]) -> set[_Identity]:
    digests = {digest for each in chunk for _, digest, *_ in _identities(each)}
    found: set[_Identity] = set()
    for asked in in_batches(digests):
        query = select(
            Suppression.channel,
            Suppression.digest,
            Suppression.reason,
            Suppression.scope,
            Suppression.level,
            Suppression.until,
        ).where(Suppression.digest.in_(asked), Suppression.ended_at.is_(None))
        found |= {(row[0], row[1], row[2], row[3], row[4], row[5]) for row in session.execute(query)}
    return found


class _Rejects:
    """The file of the rows that cannot be used; it comes into being with the first of them."""

    def __init__(self, path: Path, table: Table) -> None:
        self.count = 0
        self._path = path
        self._names = table.columns.names
        self._staging: Path | None = None
        self._writer: GuardedCsvWriter | None = None

    def add(self, piece: _Piece, problems: Mapping[int, str]) -> None:
        """Write the rows that have a problem, with it."""
        if problems:
            places = sorted(problems)
            told = [pl.Series(ROW, [piece.row_numbers[place] for place in places], dtype=pl.Int64)]
            told.append(pl.Series(PROBLEM, [problems[place] for place in places], dtype=pl.String))
            self._write(piece.frame[places].with_columns(told))

    def add_unreadable(self, block: Block) -> None:
        """Write the rows that could not even be read."""
        if block.bad:
            self._write(block.bad_frame())

    def _write(self, rows: pl.DataFrame) -> None:
        if self._writer is None:
            folder = Path(tempfile.mkdtemp(prefix=".unfinished-", dir=self._path.parent))
            self._staging = folder / self._path.name
            self._writer = GuardedCsvWriter(self._staging, self._names, (ROW, PROBLEM))
        self._writer.write(rows)
        self.count += rows.height

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        if self._writer is None or self._staging is None:
            return
        self._writer.__exit__(*raised)
        if raised[0] is None:
            self._staging.replace(self._path)
        shutil.rmtree(self._staging.parent, ignore_errors=True)


def _log(database: Database, done: Imported, facts: FileFacts, evidence: Evidence, *, at: datetime) -> None:
    counts = {"read": done.read, "new": done.new, "already": done.already, "rejected": done.rejected}
    told = {"batch": done.batch, "file": facts.name, "sha256": facts.sha256, **counts}
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
