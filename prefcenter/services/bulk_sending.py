"""Sending a template to an audience: each row of a file becomes a message of its own, or stands apart with a reason."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from prefcenter.core.channels import Channel, MessageClass
from prefcenter.core.decision import Decision, Refused
from prefcenter.core.errors import BadInput
from prefcenter.core.mail_headers import checked_line
from prefcenter.files.columns import normalised
from prefcenter.files.formats import open_table, suffix_of
from prefcenter.services import messages
from prefcenter.services.composing import Content, Registered, compose, require_ready
from prefcenter.services.deciding import Question
from prefcenter.services.linting_gate import lint_draft
from prefcenter.services.list_reading import Piece, pieces
from prefcenter.services.list_rejects import Rejects
from prefcenter.services.points import Point
from prefcenter.services.queueing import Desk, queue_decided
from prefcenter.services.templates import Written
from prefcenter.store.engine import Database
from prefcenter.store.outbox import OutboxMessage

_AT_ONCE = 500
"""So many rows are written in one transaction: short enough that a click never waits."""

_SHOWN_PROBLEMS = 20


@dataclass(frozen=True, slots=True)
class Audience:
    """An audience to be written to.

    Args:
        file: its rows; any table that we read.
        message_type: the registered type.
        template: the template's slug.
        mapping: what columns are, where their names do not tell.
        send_at: when it is to leave; None for now.
        is_dry: decide, and write nothing.
    """

    file: Path
    message_type: str
    template: str
    mapping: Mapping[str, str] = field(default_factory=dict)
    send_at: datetime | None = None
    is_dry: bool = False

    @property
    def rejects(self) -> Path:
        """Where the rows go that cannot be used."""
        return self.file.with_name(f"{self.file.name.removesuffix(suffix_of(self.file))}.rejected.csv")


@dataclass(slots=True)
class Queued:
    """What came of it; ``rows`` is the sum of ``states`` and ``rejected``.

    Args:
        rows: rows of the file.
        states: messages by what became of them: ``queued``, ``waiting``, ``refused``, and ``already`` for those that
            an earlier run of the same file had queued.
        rejected: rows that cannot be used.
        problems: the first of them: number and problem.
        batch: what the messages have in common.
    """

    rows: int = 0
    states: Counter[str] = field(default_factory=Counter)
    rejected: int = 0
    problems: list[tuple[int, str]] = field(default_factory=list)
    batch: str = ""


@dataclass(frozen=True, slots=True)
class _Run:
    desk: Desk
    audience: Audience
    question: Question
    registered: Registered
    written: Written
    address: str
    columns: Mapping[str, str]
    batch: str
    at: datetime
    seen: dict[bytes, int]


@dataclass(frozen=True, slots=True)
class _Row:
    place: int
    number: int
    point: Point
    values: Mapping[str, str]
    content: Content


def send_audience(database: Database, desk: Desk, audience: Audience, *, clock: Callable[[], datetime]) -> Queued:
    """Put a message into the outbox for each row; commits after each few hundred rows.

    A run that was broken off can be repeated: what it queued is not queued again. Rows that cannot be used go to a file
    of their own, with a reason each, and the others go on.

    Raises:
        UnknownType: nobody registered the type, or nobody approved it.
        BadInput: the file cannot be read, or has no column for the channel or for a variable of the template; the type
            is of what a person asked for; or the brand lacks what its messages must show. Nothing was written.
    """
    table = open_table(audience.file, mapping=audience.mapping)
    with database.read() as session:
        run = _run(session, desk, audience, table.columns.names, table.columns.roles, clock())
    table.columns.require(run.question.channel or Channel.EMAIL)
    done = Queued(batch=run.batch)
    with Rejects(audience.rejects, table) as rejects:
        for block in table.blocks():
            done.rows += len(block.bad)
            done.rejected += len(block.bad)
            if not audience.is_dry:
                rejects.add_unreadable(block)
            for piece in pieces(block):
                problems = _take(database, run, piece, done)
                done.rows += piece.frame.height
                done.rejected += len(problems)
                found = [(piece.row_numbers[place], problem) for place, problem in sorted(problems.items())]
                done.problems += found[: _SHOWN_PROBLEMS - len(done.problems)]
                if not audience.is_dry:
                    rejects.add(piece, problems)
    return done


def _run(
    session: Session,
    desk: Desk,
    audience: Audience,
    names: tuple[str, ...],
    roles: Mapping[str, str],
    at: datetime,
) -> _Run:
    question, registered = messages.registered_type(session, audience.message_type)
    if question.message_class is MessageClass.REQUESTED:
        raise BadInput(
            f"“{registered[0].slug}” answers what a person has just asked for: one for one request, never an audience.",
            remedy="Send it to the one who asked. What goes to many is marketing, service or a legal notice.",
        )
    require_ready(session, registered, desk.maker)
    written = messages.written_of(session, registered, None, audience.template)
    role = "email" if registered[0].channel == Channel.EMAIL.value else "phone"
    if role not in roles:
        raise BadInput(
            f"{audience.file.name} has no column for the {'email address' if role == 'email' else 'phone number'}: "
            f"“{registered[0].slug}” goes by {registered[0].channel}. It has {', '.join(names)}.",
            remedy=f"Name the column with --map {role}=COLUMN.",
        )
    by_name = {normalised(name): name for name in names} | {normalised(role): name for role, name in roles.items()}
    missing = [name for name in written.variables if normalised(name) not in by_name]
    if missing:
        raise BadInput(
            f"{audience.file.name} has no column for {', '.join(missing)}, which the template “{audience.template}” "
            "puts in.",
            remedy="Add the column, or name it as the variable is named.",
        )
    columns = {name: by_name[normalised(name)] for name in written.variables}
    batch = _batch_of(audience, written)
    return _Run(desk, audience, question, registered, written, roles[role], columns, batch, at, {})


def _batch_of(audience: Audience, written: Written) -> str:
    """What names this sending: the same file, type, template and time are the same sending."""
    told = hashlib.sha256()
    with audience.file.open("rb") as file:
        while chunk := file.read(1 << 20):
            told.update(chunk)
    about = (audience.message_type, audience.template, written.subject, written.text, written.html)
    told.update("\0".join((*about, str(audience.send_at))).encode())
    return told.hexdigest()[:32]


def _take(database: Database, run: _Run, piece: Piece, done: Queued) -> dict[int, str]:
    """Queue the rows of a piece, and tell by place what is wrong with the others."""
    problems: dict[int, str] = {}
    rows = _rows(run, piece, problems)
    while some := list(islice(rows, _AT_ONCE)):
        with database.read() if run.audience.is_dry else database.write() as session:
            _queue(session, run, some, problems, done)
            if not run.audience.is_dry:
                session.commit()
    return problems


def _rows(run: _Run, piece: Piece, problems: dict[int, str]) -> Iterator[_Row]:
    channel = Channel(run.registered[0].channel)
    for place, cells in enumerate(piece.frame.iter_rows(named=True)):
        number = int(piece.row_numbers[place])
        values = {name: str(cells[column]).strip() for name, column in run.columns.items()}
        try:
            point = _point(run, channel, str(cells[run.address]).strip())
            _require(run, values)
            _require_one_line(run, values)
        except BadInput as error:
            problems[place] = error.message
            continue
        first = run.seen.setdefault(point.digest, number)
        if first != number:
            problems[place] = f"It is the same recipient as row {first}."
            continue
        yield _Row(place, number, point, values, run.written.fill(values))


def _point(run: _Run, channel: Channel, text: str) -> Point:
    if not text:
        raise BadInput(f"The column “{run.address}” is empty: the recipient cannot be written to by {channel}.")
    return run.desk.points.parse(channel, text)


def _require(run: _Run, values: Mapping[str, str]) -> None:
    missing = run.written.missing(values)
    if missing:
        told = ", ".join(f"“{run.columns[name]}” for {{{{ {name} }}}}" for name in missing)
        raise BadInput(f"A variable of the template has no value; empty is {told}.")


def _require_one_line(run: _Run, values: Mapping[str, str]) -> None:
    for name in Written(run.written.subject).variables:
        checked_line(values[name], f"column “{run.columns[name]}”, which stands in the subject,")


def _queue(session: Session, run: _Run, rows: Sequence[_Row], problems: dict[int, str], done: Queued) -> None:
    """Decide for each recipient with one look-up, and queue or refuse each; within the caller's transaction."""
    causes = {row.place: f"audience:{run.batch}:{row.point.digest.hex()}" for row in rows}
    query = select(OutboxMessage.cause).where(OutboxMessage.cause.in_(causes.values()))
    there = set(session.scalars(query))
    new = [row for row in rows if causes[row.place] not in there]
    done.states["already"] += len(rows) - len(new)
    points, send_at = [row.point for row in new], run.audience.send_at
    decisions = messages.decide(session, run.desk, run.question, points, send_at, at=run.at) if new else []
    for row, decision in zip(new, decisions, strict=True):
        problem = None if isinstance(decision, Refused) else _mixed(session, run, row)
        if problem:
            problems[row.place] = problem
            continue
        try:
            done.states[_one(session, run, row, decision, causes[row.place])] += 1
        except BadInput as error:
            problems[row.place] = f"{error.message} {_where(run)}"


def _one(session: Session, run: _Run, row: _Row, decision: Decision, cause: str) -> str:
    """Queue one message, or on a dry run only compose it, and tell the state that it gets into.

    Raises:
        BadInput: it cannot be sent like this; nothing of it was written.
    """
    desk, registered = run.desk, run.registered
    if run.audience.is_dry:
        if not isinstance(decision, Refused):
            compose(session, desk.keyring, desk.maker, row.point, registered, row.content)
        return _STATES[decision.verdict.value]
    made = queue_decided(
        session,
        desk,
        registered,
        row.point,
        row.content,
        decision,
        at=run.at,
        send_at=run.audience.send_at,
        batch=run.batch,
        variables=row.values,
        cause=cause,
    )
    return made.row.state if made.is_new else "already"


def _where(run: _Run) -> str:
    """From which columns the message was made, for whoever has to mend the row."""
    columns = ", ".join(f"“{column}”" for column in dict.fromkeys(run.columns.values()))
    return f"It is made of the columns {columns}." if columns else "It is the template itself."


_STATES = {"cleared": "queued", "reroute": "queued", "wait": "waiting", "refused": "refused"}


def _mixed(session: Session, run: _Run, row: _Row) -> str | None:
    """What makes a message count as marketing that is registered as something else (E15), or None."""
    content = row.content
    found = lint_draft(session, run.registered[0].slug, subject=content.subject, text=content.text, html=content.html)
    return f"It reads as marketing: {', '.join(found.reasons)}." if found.is_refused else None
