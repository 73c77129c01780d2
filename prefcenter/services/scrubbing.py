"""A mailing file through the gate, as a mailing on record with a signed manifest."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from prefcenter.core.channels import Channel
from prefcenter.core.policy import POLICY_VERSION
from prefcenter.files.manifest import Counts, Manifest, sign_manifest, write_manifest
from prefcenter.files.tables import Table
from prefcenter.files.writing import MANIFEST_NAME, whole_or_nothing
from prefcenter.scrub.canaries import Watched, watch_list
from prefcenter.scrub.checkpoints import Checkpoints, kept_until_done
from prefcenter.scrub.index import ListIndex, build_index
from prefcenter.scrub.outputs import names_for
from prefcenter.scrub.run import Progress, Scrubbed, Tally, scrub_table
from prefcenter.scrub.shifted import PlaceCheck
from prefcenter.services import deciding, mailing_records, sealing
from prefcenter.services.guarding import Seen, reasons_to_hold, survivors_told
from prefcenter.services.kept_folders import new_folder
from prefcenter.services.keying import outdated_warning
from prefcenter.services.keyring import require_all
from prefcenter.services.mailing_orders import Order as Order
from prefcenter.services.mailing_orders import ask_of, duplicates_of, open_tables, question_of, require_dates
from prefcenter.services.mailing_rows import RowsToKeep
from prefcenter.services.ports import Clock, Evidence, Keyring
from prefcenter.services.resuming import Tell, checkpoints_of, tell_nobody
from prefcenter.services.sealing import LedgerKeys
from prefcenter.store import mailings
from prefcenter.store.engine import Database
from prefcenter.store.mailings import MailingState
from prefcenter.store.suppressions import count_in_force

FRESH_FOR = {Channel.POST: timedelta(days=7), Channel.EMAIL: timedelta(hours=24), Channel.SMS: timedelta(hours=24)}
"""How long a clean file may be used before opt-outs have outrun it (P11)."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A mailing that went through the list.

    Args:
        manifest: what is said of it, signed; without a version and signature for a dry run.
        tally: what became of the rows.
        notes: what a person should know about the columns.
        held: why a guard held it, or in a dry run would have.
    """

    manifest: Mapping[str, Any]
    tally: Tally
    notes: tuple[str, ...]
    held: tuple[str, ...] = ()


def prepare(
    database: Database,
    keyring: Keyring,
    ledger_keys: LedgerKeys,
    order: Order,
    evidence: Evidence,
    *,
    keep_in: Path,
    clock: Clock,
    index_in: Path | None = None,
    progress: Progress | None = None,
    tell: Tell = tell_nobody,
    ending: Callable[[], None] = lambda: None,
) -> Prepared:
    """Scrub the files of a mailing, write them whole or not at all, and put the mailing on record.

    The ledger is sealed first: everything up to that position is applied, perhaps more. What is let through is kept, so
    that an opt-out that comes while the files are written, or later, is found by a pull (P12). A dry run keeps nothing.

    Args:
        database: the list, and the record.
        keyring: the keys, checked first (X12).
        ledger_keys: they seal the ledger and sign the manifest.
        order: what is to be scrubbed.
        evidence: who asks.
        keep_in: where the kept rows of all mailings lie.
        clock: tells the time.
        index_in: where the list is kept as it was read, for the next mailing.
        progress: told after each block.
        tell: told sentences for people meanwhile.
        ending: called before the mailing is announced and its files come into place.

    Raises:
        BadInput: a file cannot be read, or a date is over; nothing is written.
        UnknownType: the message type or brand is unknown.
        Unavailable: the folder cannot be written to.
        MissingKey: a key in use is missing (X12).
    """
    at = clock()
    require_dates(order, at=at)
    mailing_records.finish_abandoned(database, keep_in, at=at)
    tables = open_tables(order)
    with database.write() as session:
        require_all(session, keyring)
        position = sealing.seal(session, ledger_keys, at=at).position
    with database.read() as session:
        question = question_of(session, order)
        ask = ask_of(question, order.channel)
        index = build_index(session, keyring.peppers, ask, at=at, unsure=order.unsure, keep_in=index_in)
        entries = count_in_force(session, order.channel.value)
        watched = watch_list(session, index, order.default_country)
        warning = outdated_warning(session) if order.channel is Channel.POST else None
        points = checkpoints_of(session, order, tables, index, tell, at=at)
    notes = tuple(note for table in tables for note in table.columns.notes) + ((warning,) if warning else ())
    if order.is_dry_run:
        scrubbed, remarks = _in_vain(tables, index, order, progress)
        held = _held(database, order, question, scrubbed, index, entries, watched)
        return Prepared({}, _sum(scrubbed), notes + remarks, held)
    announced: list[int] = []
    with new_folder(keep_in) as kept:
        rows = _rows_to_keep(kept.path, order)
        try:
            with whole_or_nothing(order.out) as folder, kept_until_done(points):
                scrubbed = _scrub_all(tables, index, folder, order, rows, points, progress)
                held = _held(database, order, question, scrubbed, index, entries, watched)
                manifest = _manifest(order, question, scrubbed, position, points.at, entries, held)
                ending()
                with database.write() as session:
                    row = _open_mailing(session, order, question, manifest, kept.name, evidence.actor)
                    signed = sign_manifest(manifest.as_dict() | {"version": row.version}, ledger_keys.newest[1])
                    write_manifest(folder / MANIFEST_NAME, signed)
                    row.manifest = dict(signed)
                    session.commit()
                    announced.append(row.id)
                kept.publish()
        except BaseException:
            # It was announced, and then the files could not be moved into place: there is no such mailing.
            for number in announced:
                mailing_records.fail(database, keep_in, number, evidence, at=at, is_ours=True)
            raise
        mailing_records.confirm_in_place(database, row, evidence, at=at)
    return Prepared(signed, _sum(scrubbed), notes + rows.notes, held)


def _scrub_all(
    tables: Sequence[Table],
    index: ListIndex,
    folder: Path,
    order: Order,
    rows: RowsToKeep,
    points: Checkpoints | None,
    progress: Progress | None,
) -> list[Scrubbed]:
    done: list[Scrubbed] = []
    duplicates = duplicates_of(order)
    size = sum(table.size for table in tables)
    for number, table in enumerate(tables):
        names = names_for(table.path, is_only=len(tables) == 1)
        # Seeds stand once in a mailing, not once a file.
        seeds = order.seeds if not done else None
        with rows.of(table) as kept:
            one = scrub_table(
                table,
                index,
                folder,
                names,
                default_country=order.default_country,
                seeds=seeds,
                canaries=order.canaries,
                duplicates=duplicates,
                kept=kept,
                points=points,
                number=number,
                progress=_overall(progress, tables[:number], size, done),
            )
        done.append(one)
    return done


def _overall(
    progress: Progress | None, before: Sequence[Table], size: int, done: Sequence[Scrubbed]
) -> Progress | None:
    """The progress of one file as that of the mailing."""
    if progress is None:
        return None
    tell = progress
    bytes_before, rows_before = sum(table.size for table in before), sum(one.tally.read for one in done)
    return lambda bytes_done, _size, rows: tell(bytes_before + bytes_done, size, rows_before + rows)


def _rows_to_keep(folder: Path, order: Order) -> RowsToKeep:
    return RowsToKeep(folder, order.channel, order.row_id, order.default_country, order.unsure)


def _in_vain(
    tables: Sequence[Table], index: ListIndex, order: Order, progress: Progress | None
) -> tuple[list[Scrubbed], tuple[str, ...]]:
    """Do everything in a folder that is thrown away: what a dry run reports is what a real run would do."""
    with tempfile.TemporaryDirectory(prefix="prefcenter-dry-run-") as name:
        folder = Path(name) / "rows"
        folder.mkdir()
        rows = _rows_to_keep(folder, order)
        return _scrub_all(tables, index, Path(name), order, rows, None, progress), rows.notes


def _held(
    database: Database,
    order: Order,
    question: deciding.Question,
    scrubbed: Sequence[Scrubbed],
    index: ListIndex,
    entries: int,
    watched: Watched,
) -> tuple[str, ...]:
    """Why the guards hold the mailing; nothing where they let it pass."""
    places = PlaceCheck()
    for one in scrubbed:
        places.add(one.places)
    seen = Seen(
        mailing=order.mailing,
        brand=question.brand,
        channel=order.channel,
        vendor=order.vendor,
        tally=_sum(scrubbed),
        places=places,
        list_entries=entries,
        speaking=index.bindings.height,
        survivors=survivors_told([one.canaries for one in scrubbed], watched),
    )
    with database.read() as session:
        return reasons_to_hold(session, seen, order.guards)


def _manifest(
    order: Order,
    question: deciding.Question,
    scrubbed: Sequence[Scrubbed],
    position: int,
    at: datetime,
    entries: int,
    held: tuple[str, ...],
) -> Manifest:
    tally = _sum(scrubbed)
    return Manifest(
        mailing=order.mailing,
        version=1,
        brand=question.brand or "",
        channel=order.channel,
        prepared_at=at,
        stale_after=at + FRESH_FOR[order.channel],
        ledger_position=position,
        policy_version=str(POLICY_VERSION),
        inputs=[one.source for one in scrubbed],
        outputs=[output for one in scrubbed for output in one.outputs],
        counts=Counts(
            read=tally.read,
            kept=tally.kept,
            suppressed=tally.suppressed,
            duplicate=tally.duplicate,
            review=tally.review,
            unreadable=tally.unreadable,
            seeds=tally.seeds,
            canaries=tally.canaries,
            by_reason=dict(sorted(tally.by_reason.items())),
            by_tier=dict(sorted(tally.by_tier.items())),
        ),
        vendor=order.vendor,
        list_entries=entries,
        held=held,
    )


def _sum(scrubbed: Sequence[Scrubbed]) -> Tally:
    total = Tally()
    for one in scrubbed:
        total.add(one.tally)
    return total


def _open_mailing(
    session: Session, order: Order, question: deciding.Question, manifest: Manifest, rows_folder: str, actor: str
) -> mailings.Mailing:
    row = mailings.Mailing(
        name=order.mailing,
        version=mailings.next_version(session, order.mailing),
        brand=question.brand,
        message_type=order.message_type,
        channel=order.channel.value,
        state=MailingState.PREPARING,
        held_because=" ".join(manifest.held),
        prepared_at=manifest.prepared_at,
        prepared_by=actor,
        stale_after=manifest.stale_after,
        cutoff_at=order.cutoff_at,
        drop_at=order.drop_at,
        ledger_position=manifest.ledger_position,
        manifest={},
        row_id=order.row_id,
        rows_folder=rows_folder,
        out_folder=str(order.out.absolute()),
    )
    session.add(row)
    session.flush()
    return row
