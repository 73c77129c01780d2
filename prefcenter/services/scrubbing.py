"""A mailing file through the gate, as a mailing on record with a signed manifest."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from prefcenter.core.channels import Channel, MessageClass
from prefcenter.core.decision import Ask
from prefcenter.core.errors import BadInput
from prefcenter.core.policy import POLICY_VERSION
from prefcenter.files.formats import open_table
from prefcenter.files.layouts import read_layout
from prefcenter.files.manifest import Counts, Manifest, key_id, read_manifest, sign_manifest, write_manifest
from prefcenter.files.tables import Table
from prefcenter.files.verification import Verification, verify_file
from prefcenter.files.writing import MANIFEST_NAME, whole_or_nothing
from prefcenter.scrub.index import ListIndex, build_index
from prefcenter.scrub.run import Progress, Scrubbed, Tally, names_for, scrub_table
from prefcenter.services import deciding, sealing
from prefcenter.services.keyring import require_all
from prefcenter.services.links import the_brand
from prefcenter.services.ports import Clock, Evidence, Keyring
from prefcenter.services.sealing import LedgerKeys
from prefcenter.store import ledger, mailings, registry
from prefcenter.store.engine import Database

FRESH_FOR = {Channel.POST: timedelta(days=7), Channel.EMAIL: timedelta(hours=24), Channel.SMS: timedelta(hours=24)}
"""How long a clean file may be used before opt-outs have outrun it (P11)."""


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be scrubbed, and how.

    Args:
        files: the mailing files; several become one mailing.
        channel: for which channel.
        mailing: the mailing's name; a used one makes its next version.
        out: the folder of the outputs.
        brand: the brand's slug; needed only where there are several.
        message_type: a registered type, or None for marketing of the brand in general.
        mapping: the column of a role, where its name does not tell it.
        seeds: a file of decoys, or None.
        cutoff_at: until when the mail house still takes pull files.
        drop_at: when it is posted.
        is_dry_run: report, and write nothing.
        default_country: the country that national phone numbers are read in.
        row_id: the column that names a row, by which late opt-outs can be told to the mail house.
        layout: where the columns of fixed-width files stand, or None for other formats.
    """

    files: Sequence[Path]
    channel: Channel
    mailing: str
    out: Path
    brand: str | None = None
    message_type: str | None = None
    mapping: Mapping[str, str] | None = None
    seeds: Path | None = None
    cutoff_at: datetime | None = None
    drop_at: datetime | None = None
    is_dry_run: bool = False
    default_country: str = "US"
    row_id: str | None = None
    layout: Path | None = None


@dataclass(frozen=True, slots=True)
class Prepared:
    """A mailing that went through the list.

    Args:
        manifest: what is said of it, signed; without a version and signature for a dry run.
        tally: what became of the rows.
        notes: what a person should know about the columns.
    """

    manifest: Mapping[str, Any]
    tally: Tally
    notes: tuple[str, ...]


def prepare(
    database: Database,
    keyring: Keyring,
    ledger_keys: LedgerKeys,
    order: Order,
    evidence: Evidence,
    *,
    clock: Clock,
    progress: Progress | None = None,
) -> Prepared:
    """Scrub the files of a mailing, write them whole or not at all, and put the mailing on record.

    The ledger is sealed first: everything up to that position is applied, perhaps more. An opt-out that comes while the
    files are written is found when they are scrubbed again, or by a pull file.

    Raises:
        BadInput: a file cannot be read; nothing is written.
        UnknownType: the message type or brand is unknown.
        Unavailable: the folder cannot be written to.
        MissingKey: a key in use is missing (X12).
    """
    at = clock()
    _keep_inputs(order)
    layout = read_layout(order.layout) if order.layout is not None else None
    tables = [open_table(path, mapping=order.mapping, layout=layout) for path in _distinct(order.files)]
    for table in tables:
        table.columns.require(order.channel)
        _require_row_id(table, order.row_id)
    with database.write() as session:
        require_all(session, keyring)
        position = sealing.seal(session, ledger_keys, at=at).position
    with database.read() as session:
        question = _question(session, order)
        index = build_index(session, keyring.peppers, _ask(question, order.channel), at=at)
    notes = tuple(note for table in tables for note in table.columns.notes)
    if order.is_dry_run:
        return _dry_run(tables, index, order, progress, notes)
    recorded: list[int] = []
    try:
        with whole_or_nothing(order.out) as folder:
            scrubbed = _scrub_all(tables, index, folder, order, progress)
            manifest = _manifest(order, question, scrubbed, position, at)
            with database.write() as session:
                row = _open_mailing(session, order, question, manifest)
                signed = sign_manifest(manifest.as_dict() | {"version": row.version}, ledger_keys.newest[1])
                write_manifest(folder / MANIFEST_NAME, signed)
                row.manifest = dict(signed)
                _log(session, row, scrubbed, evidence, at)
                session.commit()
                recorded.append(row.id)
    except BaseException:
        # The record was made, and then the files could not be moved into place: there is no such mailing.
        _withdraw(database, recorded, evidence, at=at)
        raise
    return Prepared(signed, _sum(scrubbed), notes)


def _withdraw(database: Database, recorded: Sequence[int], evidence: Evidence, *, at: datetime) -> None:
    for number in recorded:
        with database.write() as session:
            row = session.get_one(mailings.Mailing, number)
            row.state = "failed"
            facts = {"mailing": row.name, "version": row.version}
            ledger.append(session, "mailing_failed", at=at, actor=evidence.actor, facts=facts)
            session.commit()


def verify(ledger_keys: LedgerKeys, path: Path, manifest: Path, *, at: datetime) -> Verification:
    """Hold a file against its manifest: unchanged, not held, still fresh (P11).

    Raises:
        BadInput: one of the two cannot be read.
    """
    keys = {key_id(public): public for public in ledger_keys.public}
    return verify_file(path, read_manifest(manifest), at, keys)


def _distinct(files: Sequence[Path]) -> list[Path]:
    outputs = [name.casefold() for path in files for name in astuple(names_for(path, is_only=len(files) == 1))]
    if len(set(outputs)) != len(outputs):
        raise BadInput(
            "Two of the files have the same name.", remedy="Rename one: each output carries its input's name."
        )
    return list(files)


def _keep_inputs(order: Order) -> None:
    """Refuse a folder in which an output would replace what it is made from."""
    names = [names_for(path, is_only=len(order.files) == 1) for path in order.files]
    outputs = [order.out / name for each in names for name in (*astuple(each), MANIFEST_NAME)]
    sources = [*order.files, *([order.seeds] if order.seeds is not None else [])]
    for output in outputs:
        if any(output.exists() and output.samefile(source) for source in sources):
            raise BadInput(
                f"{output.name} would be replaced by what comes out of it: it lies in {order.out}, and has the name of"
                " an output.",
                remedy="Give another folder with --out.",
            )


def _require_row_id(table: Table, row_id: str | None) -> None:
    if row_id is not None and row_id not in table.columns.names:
        raise BadInput(
            f"{table.path.name} has no column “{row_id}”.",
            remedy=f"--id names one of: {', '.join(table.columns.names[:30])}.",
        )


def _question(session: Session, order: Order) -> deciding.Question:
    if order.message_type is not None:
        question = deciding.question_about_type(session, order.message_type)
        if question.channel is not order.channel:
            raise BadInput(
                f"The message type “{order.message_type}” goes by {question.channel}, not by {order.channel}.",
                remedy="`prefcenter type list` shows the channel of each.",
            )
        return question
    has_brands = bool(registry.brands(session))
    brand = the_brand(session, order.brand).slug if has_brands or order.brand else None
    return deciding.question_about_class(session, MessageClass.MARKETING, brand=brand)


def _ask(question: deciding.Question, channel: Channel) -> Ask:
    return Ask(
        channel=channel,
        message_class=question.message_class,
        brand=question.brand,
        topic=question.topic,
        topics=question.topics,
        sender=question.sender,
        country=question.brand_country,
        use_since_policy=question.use_since_policy,
    )


def _scrub_all(
    tables: Sequence[Table], index: ListIndex, folder: Path, order: Order, progress: Progress | None
) -> list[Scrubbed]:
    done: list[Scrubbed] = []
    for table in tables:
        names = names_for(table.path, is_only=len(tables) == 1)
        # Seeds stand once in a mailing, not once a file.
        seeds = order.seeds if not done else None
        done.append(
            scrub_table(
                table, index, folder, names, default_country=order.default_country, seeds=seeds, progress=progress
            )
        )
    return done


def _dry_run(
    tables: Sequence[Table], index: ListIndex, order: Order, progress: Progress | None, notes: tuple[str, ...]
) -> Prepared:
    """Do everything in a folder that is thrown away: what is reported is what a real run would do."""
    with tempfile.TemporaryDirectory(prefix="prefcenter-dry-run-") as folder:
        scrubbed = _scrub_all(tables, index, Path(folder), order, progress)
    return Prepared({}, _sum(scrubbed), notes)


def _manifest(
    order: Order, question: deciding.Question, scrubbed: Sequence[Scrubbed], position: int, at: datetime
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
            by_reason=dict(sorted(tally.by_reason.items())),
            by_tier=dict(sorted(tally.by_tier.items())),
        ),
    )


def _sum(scrubbed: Sequence[Scrubbed]) -> Tally:
    total = Tally()
    for one in scrubbed:
        total.add(one.tally)
    return total


def _open_mailing(session: Session, order: Order, question: deciding.Question, manifest: Manifest) -> mailings.Mailing:
    row = mailings.Mailing(
        name=order.mailing,
        version=mailings.next_version(session, order.mailing),
        brand=question.brand,
        message_type=order.message_type,
        channel=order.channel.value,
        state="prepared",
        prepared_at=manifest.prepared_at,
        stale_after=manifest.stale_after,
        cutoff_at=order.cutoff_at,
        drop_at=order.drop_at,
        ledger_position=manifest.ledger_position,
        manifest={},
        row_id=order.row_id,
    )
    session.add(row)
    session.flush()
    return row


def _log(
    session: Session, row: mailings.Mailing, scrubbed: Sequence[Scrubbed], evidence: Evidence, at: datetime
) -> None:
    """The export in the ledger: what was let through, and the digests of the files that prove it."""
    tally = _sum(scrubbed)
    facts = {
        "mailing": row.name,
        "version": row.version,
        "channel": row.channel,
        "brand": row.brand,
        "ledger_position": row.ledger_position,
        "kept": tally.kept,
        "suppressed": tally.suppressed,
        "unreadable": tally.unreadable,
        "inputs": [one.source.sha256 for one in scrubbed],
        "outputs": [output.sha256 for one in scrubbed for output in one.outputs],
    }
    ledger.append(
        session, "mailing", at=at, actor=evidence.actor, facts=facts | dict(evidence.facts), personal=evidence.personal
    )
