"""What some tool or mail house did send, held against the list as it stood at each of those moments."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, tzinfo
from pathlib import Path

import numpy as np
import polars as pl
from sqlalchemy.orm import Session

from prefcenter.core.channels import Channel, MessageClass
from prefcenter.core.errors import BadInput
from prefcenter.files.columns import Columns
from prefcenter.files.formats import open_table
from prefcenter.files.layouts import read_layout
from prefcenter.files.tables import PROBLEM, ROW, Block
from prefcenter.scrub.history import History, build_history
from prefcenter.scrub.index import ListIndex
from prefcenter.scrub.matching import FOUND_COLUMNS, judge
from prefcenter.services import deciding
from prefcenter.services.audit_files import EXTRAS, HOURS, RECORDED, SENT, SURE, AuditFiles, keep_input
from prefcenter.services.audit_times import MOMENT, at_column, sent_at
from prefcenter.services.keyring import require_all
from prefcenter.services.links import the_brand
from prefcenter.services.list_rows import channel_of_columns
from prefcenter.services.mailing_orders import ask_of
from prefcenter.services.ports import Keyring
from prefcenter.store import registry
from prefcenter.store.engine import Database

_SHOWN_PROBLEMS = 10

Progress = Callable[[int, int, int], None]
"""Told how many bytes of how many have been read, and how many rows."""


@dataclass(frozen=True, slots=True)
class Log:
    """What was sent, and how its file is read.

    Args:
        file: a row for each address that was written to.
        channel: by which channel; None where the columns tell it.
        at_column: the column of the moment; None where its name tells it.
        at: the moment of all rows, in place of a column.
        zone: where a moment without a zone is told.
        brand, topic, message_type: what was sent; without them marketing of the only brand, or of any.
        mapping: the column of a role, where its name does not tell it.
        layout: where the columns of a fixed-width file stand.
        default_country: the country that national phone numbers are read in.
        out: a file for the rows that should not have been sent; what could not be read goes beside it.
        shown: so many findings are told besides.
    """

    file: Path
    channel: Channel | None = None
    at_column: str | None = None
    at: datetime | None = None
    zone: tzinfo = UTC
    brand: str | None = None
    topic: str | None = None
    message_type: str | None = None
    mapping: Mapping[str, str] | None = None
    layout: Path | None = None
    default_country: str = "US"
    out: Path | None = None
    shown: int = 50


@dataclass(slots=True)
class Audited:
    """What came of it; ``rows = checked + unreadable``.

    Args:
        channel: the channel.
        at_column: where the moments stand, or None where one was given for all.
        rows: rows of the file.
        checked: those whose address and moment could be read.
        found: those that went to somebody who was on the list at that moment.
        known: those of them whose entry was on record by then; the others were put on the list later, for before.
        unsure: rows that may have; they are not among those found.
        voided: rows that would have been found, had the entry not been voided since as a wrong record.
        unreadable: rows that could not be checked.
        zone_assumed: rows whose moment had no zone.
        in_future: rows whose moment is yet to come: the zone or the column may be wrong.
        by_reason: those found by reason.
        findings: the first of those found, in the columns of :data:`EXTRAS`.
        problems: the first that could not be read: row and problem.
        notes: what a person should know of the columns.
    """

    channel: Channel
    at_column: str | None
    rows: int = 0
    checked: int = 0
    found: int = 0
    known: int = 0
    unsure: int = 0
    voided: int = 0
    unreadable: int = 0
    zone_assumed: int = 0
    in_future: int = 0
    by_reason: Counter[str] = field(default_factory=Counter)
    findings: list[Mapping[str, object]] = field(default_factory=list)
    problems: list[tuple[int, str]] = field(default_factory=list)
    notes: tuple[str, ...] = ()


def audit(
    database: Database,
    keyring: Keyring,
    log: Log,
    *,
    at: datetime,
    progress: Progress = lambda _done, _size, _rows: None,
) -> Audited:
    """Find the rows that went to somebody who was on the list at that moment; only reads the list.

    An entry counts from its ``since`` until it was lifted or ended by itself; what was voided never counted. No grace
    that some law allows is taken off: each finding says how many hours after the opt-out it was sent.

    Raises:
        BadInput: the file cannot be read, or not one row of it; or it does not tell the channel or the moments.
        UnknownType: the message type, brand or topic is unknown.
        Unavailable: the output cannot be written.
        MissingKey: a key in use is missing.
    """
    layout = read_layout(log.layout) if log.layout is not None else None
    table = open_table(log.file, mapping=log.mapping, layout=layout)
    channel = log.channel or channel_of_columns(table.columns)
    columns = table.columns.require(channel)
    done = Audited(channel, at_column(table.columns, log.at_column) if log.at is None else None)
    done.notes = columns.notes
    if log.out is not None:
        keep_input(log.file, log.out)
    with database.read() as session:
        require_all(session, keyring)
        ask = ask_of(_question(session, log, channel), channel)
        history = build_history(session, keyring.peppers, ask, at=at)
    with AuditFiles(log.out, table.columns.names) as outputs:
        for block in table.blocks():
            _look(block, columns, history, log, done, outputs)
            progress(block.bytes_done, table.size, done.rows)
    if not done.checked:
        told = f": row {done.problems[0][0]} {done.problems[0][1]}" if done.problems else ""
        raise BadInput(f"{log.file.name}: not one of {done.rows:,} rows could be checked{told}.")
    return done


def _question(session: Session, log: Log, channel: Channel) -> deciding.Question:
    if log.message_type is None:
        brand = log.brand
        if brand is None and log.topic is None and registry.brands(session):
            brand = the_brand(session, None).slug
        return deciding.question_about_class(session, MessageClass.MARKETING, brand=brand, topic=log.topic)
    question = deciding.question_about_type(session, log.message_type)
    if question.channel is not channel:
        raise BadInput(f"The message type “{log.message_type}” goes by {question.channel}, not by {channel}.")
    return question


def _look(block: Block, columns: Columns, history: History, log: Log, done: Audited, outputs: AuditFiles) -> None:
    moments = sent_at(block.frame, done.at_column, log.at, log.zone, by=history.counted.at)
    places = np.flatnonzero(moments[MOMENT].is_not_null().to_numpy())
    rows, sent = block.frame[places], moments[MOMENT].gather(places)
    judged = judge(rows, columns, replace(history.counted, moments=sent), log.default_country)
    # A row that lacks a consent has no entry: whether it was there then is not looked at.
    met = judged.found.filter(pl.col("pc_suppression") != "")
    unsure = judged.unsure.filter(pl.col("pc_suppression") != "")
    findings = _findings(met, sent, block.row_numbers[places], history.counted, sure=True)
    doubts = _findings(unsure, sent, block.row_numbers[places], history.counted, sure=False)
    bad = _unreadable(block, places, moments["problem"], judged.problems)
    _count(done, findings, doubts.height, bad, len(places) - judged.problems.height, log.shown)
    done.zone_assumed += int(moments["assumed"].sum())
    done.in_future += int((sent > history.counted.at).sum())
    if history.voided is not None:
        wrong = judge(rows, columns, replace(history.voided, moments=sent), log.default_country).found
        done.voided += wrong.filter(pl.col("pc_suppression") != "").join(met, on="row", how="anti").height
    both = pl.concat([findings, doubts]).sort(ROW)
    outputs.write(rows[both["row"].to_numpy()].drop(EXTRAS, strict=False).hstack(both.drop("row")), bad)


def _findings(met: pl.DataFrame, sent: pl.Series, numbers: np.ndarray, index: ListIndex, *, sure: bool) -> pl.DataFrame:
    """Some met rows in the columns of :data:`EXTRAS`, and ``row``, their place among those that were judged."""
    told = index.bindings.select(pl.col("suppression").cast(pl.String).alias("pc_suppression"), "since", "recorded")
    rows = met.join(told, on="pc_suppression", how="left", maintain_order="left")
    moment = sent.gather(rows["row"])
    since = rows["since"].str.to_datetime(time_unit="us", time_zone="UTC")
    hours = ((moment - since).dt.total_seconds() / 3600).round(1)
    return rows.select(
        "row",
        pl.Series(ROW, numbers[rows["row"].to_numpy()], dtype=pl.Int64),
        _iso(moment).alias(SENT),
        hours.cast(pl.String).alias(HOURS),
        *FOUND_COLUMNS,
        _iso(rows["recorded"]).alias(RECORDED),
        pl.lit("yes" if sure else "no").alias(SURE),
    )


def _iso(moments: pl.Series) -> pl.Series:
    return moments.dt.strftime("%Y-%m-%dT%H:%M:%SZ")


def _unreadable(block: Block, places: np.ndarray, times: pl.Series, addresses: pl.DataFrame) -> pl.DataFrame:
    """The rows that could not be checked, in the order of the file, with what is wrong."""
    late = np.flatnonzero(times.is_not_null().to_numpy())
    homeless = places[addresses["row"].to_numpy()]
    where = np.concatenate((late, homeless))
    problem = pl.concat([times.gather(late), addresses["problem"]])
    named = block.frame[where].drop((ROW, PROBLEM), strict=False)
    rows = named.with_columns(pl.Series(ROW, block.row_numbers[where], dtype=pl.Int64), problem.alias(PROBLEM))
    return pl.concat([rows, block.bad_frame().select(rows.columns)]).sort(ROW)


def _count(done: Audited, findings: pl.DataFrame, unsure: int, bad: pl.DataFrame, judged: int, shown: int) -> None:
    done.rows += judged + bad.height
    done.checked += judged
    done.unreadable += bad.height
    done.unsure += unsure
    done.found += findings.height
    done.known += findings.filter(pl.col(RECORDED) <= pl.col(SENT)).height
    done.by_reason.update(findings["pc_reason"].to_list())
    done.findings += findings.select(EXTRAS).head(max(0, shown - len(done.findings))).to_dicts()
    room = max(0, _SHOWN_PROBLEMS - len(done.problems))
    done.problems += bad.select(ROW, PROBLEM).head(room).rows()
