"""A mailing file through the gate, as a mailing on record with a signed manifest."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from prefcenter.core.channels import Channel, MessageClass
from prefcenter.files.manifest import by_id, sign_manifest, write_manifest
from prefcenter.files.writing import MANIFEST_NAME, whole_or_nothing
from prefcenter.scrub.canaries import Watched, watch_list
from prefcenter.scrub.checkpoints import kept_until_done
from prefcenter.scrub.index import ListIndex, build_index
from prefcenter.scrub.run import Progress, Scrubbed, Tally
from prefcenter.scrub.shifted import PlaceCheck
from prefcenter.services import deciding, mailing_records, sealing
from prefcenter.services.default_canaries import with_canaries
from prefcenter.services.guarding import Seen, reasons_to_hold, survivors_told
from prefcenter.services.kept_folders import new_folder
from prefcenter.services.keying import outdated_warning
from prefcenter.services.keyring import require_all
from prefcenter.services.mailing_facts import manifest_of, open_mailing, options_of
from prefcenter.services.mailing_files import rows_to_keep, scrub_all, scrub_in_vain, total
from prefcenter.services.mailing_orders import Order as Order
from prefcenter.services.mailing_orders import ask_of, open_tables, question_of, require_dates, target_of
from prefcenter.services.out_folders import outdated
from prefcenter.services.ports import Clock, Evidence, Keyring
from prefcenter.services.resuming import Tell, checkpoints_of, tell_nobody
from prefcenter.services.sealing import LedgerKeys
from prefcenter.store.engine import Database
from prefcenter.store.suppressions import count_in_force


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
    canaries_in: Path | None = None,
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
        canaries_in: where the canaries lie of brands and channels, for an order that names none.
        progress: told after each block.
        tell: told sentences for people meanwhile.
        ending: called before the mailing is announced and its files come into place.

    Raises:
        BadInput: a file cannot be read, a date is over, or the folder holds another mailing; nothing is written.
        UnknownType: the message type or brand is unknown.
        Unavailable: the folder cannot be written to.
        MissingKey: a key in use is missing (X12).
    """
    at = clock()
    require_dates(order, at=at)
    mailing_records.finish_abandoned(database, keep_in, at=at)
    with database.read() as session:
        order = with_canaries(session, order, canaries_in)
    tables = open_tables(order)
    target = target_of(order, by_id(ledger_keys.public))
    outdated(target)
    options = options_of(order, tables)
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
        scrubbed, remarks = scrub_in_vain(tables, index, order, progress)
        held = _held(database, order, question, scrubbed, index, entries, watched)
        return Prepared({}, total(scrubbed), notes + remarks, held)
    announced: list[int] = []
    with new_folder(keep_in) as kept:
        rows = rows_to_keep(kept.path, order)
        try:
            with whole_or_nothing(order.out, partial(outdated, target)) as folder, kept_until_done(points):
                scrubbed = scrub_all(tables, index, folder, order, rows, points, progress)
                held = _held(database, order, question, scrubbed, index, entries, watched)
                manifest = manifest_of(order, question, scrubbed, position, points.at, entries, held, options)
                ending()
                with database.write() as session:
                    row = open_mailing(session, order, question, manifest, kept.name, evidence.actor)
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
    return Prepared(signed, total(scrubbed), notes + rows.notes, held)


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
        tally=total(scrubbed),
        places=places,
        list_entries=entries,
        speaking=index.bindings.height,
        survivors=survivors_told([one.canaries for one in scrubbed], watched),
        stopped_since=question.stopped_since if question.message_class is MessageClass.MARKETING else None,
    )
    with database.read() as session:
        return reasons_to_hold(session, seen, order.guards)
