"""Canaries: records that must vanish, sent through the list as if they stood in the file (P13).

One that survives shows that something is wrong which no count would show: the wrong list, a broken index, a column that
is not what its name says. Their names and addresses are written nowhere: a canary is told by its row, an entry of the
list by its number.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import polars as pl
from sqlalchemy import select
from sqlalchemy.orm import Session

from prefcenter.core.channels import Channel
from prefcenter.core.errors import BadInput
from prefcenter.files.columns import Columns, recognise
from prefcenter.files.seeds import read_seeds
from prefcenter.scrub.index import ListIndex
from prefcenter.scrub.matching import Judged, judge
from prefcenter.scrub.postal_index import ADDRESS_FIELDS
from prefcenter.store.suppressions import Suppression, SuppressionAddress

OF_THE_LIST = 20
"""So many entries of the list are looked up again as canaries of their own."""
_LOOKED_AT = 500
_ROLE = {Channel.EMAIL: "email", Channel.SMS: "phone"}
_Item = TypeVar("_Item")


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

    Only entries that speak against this mailing and are readable are taken, spread over the list; of an erased one
    there is nothing left to look up.
    """
    entries = _spread(_readable(session, index), OF_THE_LIST)
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


def _readable(session: Session, index: ListIndex) -> list[tuple[int, dict[str, Any]]]:
    numbers = _spread(index.bindings["suppression"].unique().sort().to_list(), _LOOKED_AT)
    query = (
        select(SuppressionAddress.suppression_id, SuppressionAddress.given)
        .join(Suppression, Suppression.id == SuppressionAddress.suppression_id)
        .where(Suppression.channel == index.ask.channel.value, Suppression.id.in_(numbers))
        .order_by(Suppression.id)
    )
    return [(row[0], row[1]) for row in session.execute(query) if row[1]]


def _spread(items: list[_Item], count: int) -> list[_Item]:
    return [items[place * len(items) // count] for place in range(count)] if len(items) > count else items


def _schema(channel: Channel) -> dict[str, Any]:
    return dict.fromkeys(ADDRESS_FIELDS if channel is Channel.POST else (_ROLE[channel],), pl.String)


def _row(channel: Channel, given: dict[str, Any]) -> list[str]:
    names = ADDRESS_FIELDS if channel is Channel.POST else ("address",)
    return [str(given.get(name) or "") for name in names]
