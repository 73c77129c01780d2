"""Canaries: records that must vanish, sent through the list as if they stood in the file (P13).

One that survives shows that something is wrong which no count would show: the wrong list, a broken index, a column that
is not what its name says. Their names and addresses are written nowhere: a canary is told by its row, an entry of the
list by its number.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import polars as pl
from sqlalchemy import Result, Row, func, select
from sqlalchemy.orm import Session

from prefcenter.core.channels import Channel, Verdict
from prefcenter.core.decision import verdict_of
from prefcenter.core.errors import BadInput
from prefcenter.files.columns import Columns, recognise
from prefcenter.files.seeds import read_seeds
from prefcenter.scrub.index import ListIndex
from prefcenter.scrub.matching import Judged, judge
from prefcenter.scrub.postal_index import ADDRESS_FIELDS
from prefcenter.store.suppressions import OF_A_FACT, Suppression, SuppressionAddress, fact_of

OF_THE_LIST = 20
"""So many entries of the list are looked up again as canaries of their own."""
_NEIGHBOURS = 100
"""So many numbers are asked for at a place of the list; not each of them is an entry of this channel."""
_PARTS = (*range(0, 40, 4), *range(2, 40, 4), *range(1, 40, 2))
"""Forty places all over the list, in an order of which any beginning is spread."""
_SETTLED = timedelta(minutes=10)
_ROLE = {Channel.EMAIL: "email", Channel.SMS: "phone"}
_Entry = tuple[int, dict[str, Any]]
"""A suppression's number, and its readable address."""


@dataclass(frozen=True, slots=True)
class Watched:
    """What became of some canaries.

    Args:
        count: how many there were.
        survivors: which would have been written to: rows of the canaries' file from 1, or numbers of suppressions.
    """

    count: int
    survivors: tuple[int, ...]


NO_CANARIES = Watched(0, ())


def watch_file(path: Path, columns: Columns, index: ListIndex, default_country: str) -> Watched:
    """Send the records of a file through the list, in the mailing file's columns.

    Args:
        path: a table of canaries, in any format; its columns are matched as those of seeds are.
        columns: those of the mailing file.
        index: the list as the mailing sees it.
        default_country: the country that national phone numbers are read in.

    Raises:
        BadInput: the file cannot be read, or a canary has no usable address: such a one proves nothing.
    """
    frame = read_seeds(path, columns)
    judged = judge(frame, columns, index, default_country)
    for row, problem in judged.problems.select("row", "problem").iter_rows():
        raise BadInput(f"{path.name}: row {row + 1} {problem}, so it would prove nothing.", remedy="Mend it.")
    return Watched(frame.height, tuple(place + 1 for place in _kept(judged, frame)))


def watch_list(session: Session, index: ListIndex, default_country: str) -> Watched:
    """Look entries of the list up in the index that was just built: each must be refused, or the index is broken.

    They are read from the database anew, not from the index. Only entries that speak against this mailing and are
    readable are taken; of an erased one there is nothing left to look up.
    """
    entries = _sample(session, index)
    if not entries:
        return Watched(0, ())
    channel = index.ask.channel
    frame = pl.DataFrame([_row(channel, given) for _, given in entries], schema=_schema(channel), orient="row")
    judged = judge(frame, recognise(frame.columns), index, default_country)
    # A want of consent would refuse it too, and would hide that the list did not.
    by_consent = judged.found.filter(pl.col("pc_suppression") == "")["row"].to_list()
    places = sorted({*_kept(judged, frame), *by_consent})
    return Watched(frame.height, tuple(entries[place][0] for place in places))


def _kept(judged: Judged, frame: pl.DataFrame) -> list[int]:
    return [int(place) for place in judged.kept(frame.height).nonzero()[0]]


def _sample(session: Session, index: ListIndex) -> list[_Entry]:
    """Half of them the newest entries, the others from all over the list; in the order of the list."""
    last = session.scalar(select(func.max(Suppression.id))) or 0
    newest = range(max(last - _NEIGHBOURS + 1, 1), last + 1)
    found = _binding(session, newest, index)[::-1][: OF_THE_LIST // 2]
    known = {number for number, _ in found}
    for part in _PARTS:
        if len(found) == OF_THE_LIST:
            break
        after = last * part // len(_PARTS) + 1
        near = _binding(session, range(after, after + _NEIGHBOURS), index)
        new = [entry for entry in near if entry[0] not in known]
        if new:
            found.append(new[0])
            known.add(new[0][0])
    return sorted(found, key=lambda entry: entry[0])


def _binding(session: Session, numbers: range, index: ListIndex) -> list[_Entry]:
    """Those of some numbers that speak against the mailing, in the order of the list.

    They are asked for by number alone: by channel, or in the order of a whole list of half a million, each question
    would take a second.
    """
    query = (
        select(*OF_A_FACT, Suppression.ended_at, Suppression.recorded_at, SuppressionAddress.given)
        .join(SuppressionAddress, SuppressionAddress.suppression_id == Suppression.id)
        .where(Suppression.id.between(numbers.start, numbers.stop - 1))
        .order_by(Suppression.id)
    )
    rows: Result[Any] = session.execute(query)
    return [(row.id, row.given) for row in rows if row.given and _speaks(row, index)]


def _speaks(row: Row[Any], index: ListIndex) -> bool:
    """Whether an entry is this channel's own, is in force, and was before the list was read."""
    # What is being recorded now may become visible between two reads, and is no fault of the index.
    settled = row.recorded_at < index.at - _SETTLED
    is_own = row.channel == index.ask.channel.value and row.ended_at is None
    return is_own and settled and verdict_of(index.ask, fact_of(row), index.at) is not Verdict.CLEARED


def _schema(channel: Channel) -> dict[str, Any]:
    return dict.fromkeys(ADDRESS_FIELDS if channel is Channel.POST else (_ROLE[channel],), pl.String)


def _row(channel: Channel, given: dict[str, Any]) -> list[str]:
    names = ADDRESS_FIELDS if channel is Channel.POST else ("address",)
    return [str(given.get(name) or "") for name in names]
