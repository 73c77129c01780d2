"""Keeping that somebody asked for what stood on the list already.

The list holds each reason once, so a second request for the same changes nothing there. It is an act of its own all the
same: what later ends the entry by one act (the page's undo, a START, a void) must not take the other one with it, and
a second click counts although it met what was there (E7).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from prefcenter.core.channels import Source
from prefcenter.services.ports import Evidence
from prefcenter.store import causes, ledger
from prefcenter.store.suppressions import Suppression, in_batches

REPEAT = "repeat"
"""The kind of the ledger entries that keep repetitions."""

RETRY_WINDOW = timedelta(hours=1)
"""The same click again within this time is a mailbox provider trying again, not a second act (E3)."""

_NOBODY_ASKED = frozenset({Source.IMPORT, Source.PROVIDER, Source.SYSTEM})
"""Sources behind which there need be no act: a list that is imported every week says nothing new."""

_BY_LINK = frozenset({Source.ONE_CLICK, Source.UNSUBSCRIBE_PAGE, Source.PREFERENCE_PAGE, Source.UNSUBSCRIBE_MAIL})
"""Sources that anybody with a link can repeat without end, so that not every repetition is kept."""

_TRIED_AGAIN = frozenset({Source.ONE_CLICK, Source.UNSUBSCRIBE_MAIL})
"""Sources whose very first repetition may be a machine's."""


@dataclass(frozen=True, slots=True)
class Repeat:
    """Somebody asked for what stood on the list already.

    What ends the entry later must look at these: undoing, voiding or answering START to one request must not take
    another one with it.

    Args:
        suppression_id: the entry that stood there.
        source: how the request reached us.
        since: when it was made.
        source_ref: the message that it came in.
        noted_at: when it was put down.
    """

    suppression_id: int
    source: Source
    since: datetime
    source_ref: str
    noted_at: datetime


def repeats(session: Session, rows: Sequence[Suppression]) -> list[Repeat]:
    """What was asked for again while these entries stood, the oldest first."""
    wanted = {row.id for row in rows}
    found = []
    for digests in in_batches({row.digest for row in rows}):
        for entry in ledger.of_kind(session, REPEAT, digests):
            if entry.facts["suppression"] in wanted:
                since = datetime.fromisoformat(entry.facts["since"])
                source = Source(entry.facts["source"])
                found.append(Repeat(entry.facts["suppression"], source, since, entry.facts["ref"], entry.at))
    return found


@dataclass(frozen=True, slots=True)
class Again:
    """A request that met an entry.

    Args:
        row: the entry.
        source: how the request reached us.
        since: when it was made.
        source_ref: the message that it came in.
        batch: the cause that it can be undone by, or None.
    """

    row: Suppression
    source: Source
    since: datetime
    source_ref: str
    batch: str | None = None


def note_repeats(session: Session, again: Sequence[Again], evidence: Evidence, at: datetime) -> None:
    """Keep that somebody asked again; a machine that merely tries again leaves no trace (E3)."""
    asked = [each for each in again if each.source not in _NOBODY_ASKED]
    if not asked:
        return
    known = repeats(session, [each.row for each in asked])
    ledger.append_many(session, [_entry(each, evidence, at) for each in asked if not _is_retry(each, known, at)])


def note_causes(session: Session, again: Sequence[tuple[Suppression, Source, str | None]], at: datetime) -> None:
    """Keep which causes an entry rests on, so that undoing the one that made it leaves what others asked for.

    The one that made it is noted too when it asks again: it may have been undone, or proposed to be, in between. Of an
    entry that was made without a cause nothing is kept: it can't be undone by cause. Of imports, none of which ever
    asks again, only two are told apart, and a third one makes the entry stay for good: a list that comes each week must
    not grow without end.
    """
    further = [
        (row, source, batch or causes.UNNAMED)
        for row, source, batch in again
        if row.batch is not None
        and (batch is not None or source in _NOBODY_ASKED)
        and (row.batch != batch or source is not Source.IMPORT)
    ]
    if not further:
        return
    known = causes.noted(session, [row.id for row, _, _ in further])
    rows = []
    for row, source, cause in further:
        others = {name for name, each in known.get(row.id, {}).items() if each.undone_in is None} - {row.batch, cause}
        is_one_of_many = source is Source.IMPORT and cause not in known.get(row.id, {}) and bool(others)
        rows.append((row.id, causes.SEVERAL if is_one_of_many else cause))
    causes.note(session, rows, at)


def carry_causes(session: Session, before: Suppression, number: int, at: datetime) -> None:
    """Let an entry rest on all that the one rested on which it replaces: undoing its own cause must not take them."""
    noted = causes.noted(session, [before.id]).get(before.id, {})
    maker = before.batch or causes.UNNAMED
    live = {cause for cause, each in noted.items() if each.undone_in is None}
    live |= set() if maker in noted else {maker}
    if any(each.source not in _NOBODY_ASKED for each in repeats(session, [before])):
        live.add(causes.UNNAMED)
    causes.note(session, [(number, cause) for cause in live], at)


def _is_retry(again: Again, known: Iterable[Repeat], at: datetime) -> bool:
    row, source, recently = again.row, again.source, at - RETRY_WINDOW
    if source not in _BY_LINK:
        return False
    if source in _TRIED_AGAIN and row.source == source.value and row.recorded_at > recently:
        return True
    return any(each.suppression_id == row.id and each.source is source and each.noted_at > recently for each in known)


def _entry(again: Again, evidence: Evidence, at: datetime) -> ledger.NewEntry:
    facts = {
        "suppression": again.row.id,
        "channel": again.row.channel,
        "reason": again.row.reason,
        "scope": again.row.scope,
        "source": again.source.value,
        "since": again.since.isoformat(),
        "ref": again.source_ref,
    }
    return ledger.NewEntry(
        kind=REPEAT,
        at=at,
        actor=evidence.actor,
        subject=again.row.digest,
        facts=facts | dict(evidence.facts),
        personal=dict(evidence.personal),
    )
