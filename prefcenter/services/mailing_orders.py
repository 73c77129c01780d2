"""What a scrub is asked to do, and whether that makes sense: its files, its columns, its question to the list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from datetime import datetime, time, timedelta
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy.orm import Session

from prefcenter.core.channels import Channel, MessageClass
from prefcenter.core.decision import Ask
from prefcenter.core.errors import BadInput
from prefcenter.core.moments import told
from prefcenter.core.postal.tiers import Unsure
from prefcenter.core.repeats import Repeats
from prefcenter.files.formats import open_table
from prefcenter.files.layouts import read_layout
from prefcenter.files.tables import Table
from prefcenter.files.writing import MANIFEST_NAME
from prefcenter.scrub.duplicates import Duplicates
from prefcenter.scrub.outputs import names_for
from prefcenter.services import deciding
from prefcenter.services.guarding import DEFAULT_GUARDS, Guards
from prefcenter.services.links import the_brand
from prefcenter.services.out_folders import Target
from prefcenter.store import registry


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
        vendor: whose list it is; its mailings are measured by each other.
        canaries: a file of records that must vanish, or None (P13).
        guards: from where on the mailing is held.
        unsure: what becomes of postal rows that may be somebody on the list.
        repeats: which rows are dropped because they repeat an earlier one of the mailing.
        replaces: whether the results of another mailing may be replaced, where the folder holds them.
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
    vendor: str = ""
    canaries: Path | None = None
    guards: Guards = DEFAULT_GUARDS
    unsure: Unsure = Unsure.BY_DEFAULT
    repeats: Repeats = Repeats.OFF
    replaces: bool = False


_DAY_BEHIND = timedelta(hours=12)
"""So far behind UTC a day may still be today somewhere."""


def require_dates(order: Order, *, at: datetime) -> None:
    """Refuse dates that lie before today, since kept rows are erased by them, and a cut-off after the drop.

    Raises:
        BadInput: the drop or the cut-off is over, or nothing is left to be cut off.
    """
    if order.drop_at is not None and order.cutoff_at is not None and _is_behind(order.cutoff_at, order.drop_at):
        raise BadInput(
            f"The cut-off, {told(order.cutoff_at)}, is later than the drop, {told(order.drop_at)}: what is posted can"
            " not be taken out any more (P12).",
            remedy="Give a --cutoff before --drop.",
        )
    for option, when in (("--drop", order.drop_at), ("--cutoff", order.cutoff_at)):
        if when is not None and when.date() < (at - _DAY_BEHIND).date():
            raise BadInput(
                f"{option} {when:%Y-%m-%d} lies in the past: it is {at:%Y-%m-%d} today.",
                remedy="Give the day to come, or leave it out; `prefcenter mailing drop` records a drop that was.",
            )


def _is_behind(cutoff: datetime, drop: datetime) -> bool:
    """Whether a cut-off is later; a drop that is a day and no hour may be at any hour of it."""
    return cutoff >= drop + timedelta(days=1) if drop.time() == time.min else cutoff > drop


def open_tables(order: Order) -> list[Table]:
    """The mailing files, their headers read.

    Raises:
        BadInput: one cannot be read, lacks a column that is needed, or lies where an output will be written.
    """
    _keep_inputs(order)
    layout = read_layout(order.layout) if order.layout is not None else None
    tables = [open_table(path, mapping=order.mapping, layout=layout) for path in _distinct(order.files)]
    for table in tables:
        table.columns.require(order.channel)
        _require_row_id(table, order.row_id)
    return tables


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
    for output in outputs:
        if any(output.exists() and output.samefile(source) for source in _sources(order)):
            raise BadInput(
                f"{output.name} would be replaced by what comes out of it: it lies in {order.out}, and has the name of"
                " an output.",
                remedy="Give another folder with --out.",
            )


def target_of(order: Order, public_keys: Mapping[str, Ed25519PublicKey]) -> Target:
    """Where the results go, and what will be written there."""
    names = [names_for(path, is_only=len(order.files) == 1) for path in order.files]
    kinds = (
        "clean",
        "suppressed",
        "review",
        "unreadable",
        *(["duplicates"] if order.repeats is not Repeats.OFF else []),
    )
    written = {getattr(each, kind) for each in names for kind in kinds}
    return Target(order.out, order.mailing, written, order.replaces, public_keys, _sources(order))


def _sources(order: Order) -> list[Path]:
    beside = (order.seeds, order.canaries, order.layout)
    return [*order.files, *(path for path in beside if path is not None)]


def _require_row_id(table: Table, row_id: str | None) -> None:
    if row_id is not None and row_id not in table.columns.names:
        raise BadInput(
            f"{table.path.name} has no column “{row_id}”.",
            remedy=f"--id names one of: {', '.join(table.columns.names[:30])}.",
        )


def duplicates_of(order: Order) -> Duplicates | None:
    """What finds rows that repeat an earlier one, if that is wanted."""
    if order.repeats is Repeats.OFF:
        return None
    return Duplicates(order.channel, order.repeats, order.default_country, [path.name for path in order.files])


def question_of(session: Session, order: Order) -> deciding.Question:
    """What the list is asked.

    Raises:
        UnknownType: the message type or brand is unknown.
        BadInput: the type goes by another channel.
    """
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


def ask_of(question: deciding.Question, channel: Channel) -> Ask:
    """The same as the core takes it."""
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
