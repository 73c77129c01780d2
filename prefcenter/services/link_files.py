"""A file for another mailing tool, with the links of each row beside it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import numpy as np
import polars as pl

from prefcenter.core.channels import Channel, Source
from prefcenter.core.errors import BadAddress, BadInput
from prefcenter.files.formats import open_table, suffix_of
from prefcenter.files.swapping import new_staging
from prefcenter.files.tables import PROBLEM, ROW, Block, Table
from prefcenter.files.widening import WiderOutput, wider_output
from prefcenter.services.composing import list_id_of
from prefcenter.services.linking import MOST_ADDRESSES, Linked, link_all, list_named
from prefcenter.services.links import LinkMaker
from prefcenter.services.list_rejects import Rejects
from prefcenter.services.points import Points
from prefcenter.services.ports import Keyring
from prefcenter.store.engine import Database

UNSUBSCRIBE, PREFERENCES, HEADER = "pc_unsubscribe", "pc_preferences", "pc_list_unsubscribe"
COLUMNS = (UNSUBSCRIBE, PREFERENCES, HEADER)
"""The columns that a row is given: its two links, and the value of its header ``List-Unsubscribe``."""

_SHOWN_PROBLEMS = 10


@dataclass(frozen=True, slots=True)
class LinkOrder:
    """Which file is given links, for what mail, and where the result goes.

    Args:
        file: a row for each address.
        out: the new file; by default beside the first, with ``.links`` before its suffix.
        brand, topic: what is mailed; the brand only where there are several.
        mapping: the column of a role, where its name does not tell it.
    """

    file: Path
    out: Path | None = None
    brand: str | None = None
    topic: str | None = None
    mapping: Mapping[str, str] | None = None

    @property
    def target(self) -> Path:
        """Where the new file goes."""
        suffix = suffix_of(self.file)
        return self.out or self.file.with_name(f"{self.file.name.removesuffix(suffix)}.links{suffix}")

    @property
    def rejects(self) -> Path:
        """Where the rows go that cannot be used."""
        target = self.target
        return target.with_name(f"{target.name.removesuffix(suffix_of(target))}.rejected.csv")


@dataclass(slots=True)
class LinkedFile:
    """What came of it; ``rows = linked + unusable``.

    Args:
        headers: what each mail must carry beside the row's own ``List-Unsubscribe``.
        rows: rows of the file.
        linked: rows that were given links.
        problems: the first rows that could not be used: number and problem.
        notes: what a person should know of the columns.
    """

    headers: Mapping[str, str]
    rows: int = 0
    linked: int = 0
    problems: list[tuple[int, str]] = field(default_factory=list)
    notes: tuple[str, ...] = ()

    @property
    def unusable(self) -> int:
        """Rows that were given none, and stand in the file of the rejected ones."""
        return self.rows - self.linked


def link_file(
    database: Database, keyring: Keyring, maker: LinkMaker, points: Points, order: LinkOrder, *, at: datetime
) -> LinkedFile:
    """Write a file again with the links of each row beside it; commits after each few thousand rows.

    The new file has the format of the first, and the rows that can be used, in their order. The others go to a file of
    their own, with what is wrong. Both come into place when all is done.

    Raises:
        BadInput: the file cannot be read or has such columns already, not one row of it can be used, or the result
            would replace it.
        Ambiguous: there are several brands and none was named.
        UnknownType: the brand or topic is unknown.
    """
    table = open_table(order.file, mapping=order.mapping)
    email = table.columns.require(Channel.EMAIL)["email"]
    _check_target(order)
    with database.read() as session:
        brand, topic = list_named(session, order.brand, order.topic)
        names = {"brand": brand.slug, "topic": None if topic is None else topic.slug}
        list_id = list_id_of(brand, topic, maker.list_domain)
    done = LinkedFile({"List-Unsubscribe-Post": "List-Unsubscribe=One-Click", "List-Id": list_id})
    done.notes = table.columns.notes
    with Rejects(order.rejects, table) as rejects, _output(table, order.target) as output:
        for block in table.blocks():
            addresses = block.frame[email].to_list()
            made: list[Linked | BadAddress] = []
            for begin in range(0, len(addresses), MOST_ADDRESSES):
                with database.write() as session:
                    some = addresses[begin : begin + MOST_ADDRESSES]
                    made += link_all(session, keyring, maker, points, some, at=at, source=Source.IMPORT, **names)
            _write(block, made, output, rejects, done)
        if not done.linked:
            told = f": row {done.problems[0][0]}: {done.problems[0][1]}" if done.problems else "."
            raise BadInput(f"{order.file.name}: not one of {done.rows:,} rows can be given links{told}")
    return done


def _check_target(order: LinkOrder) -> None:
    target = order.target
    if not target.parent.is_dir():
        raise BadInput(f"There is no folder {target.parent}.", remedy="Make it, or name another file with --out.")
    if suffix_of(target).lower() != suffix_of(order.file).lower():
        raise BadInput(
            f"{target.name} has another format than {order.file.name}.", remedy="Give it the same suffix with --out."
        )
    if target.exists() and target.samefile(order.file):
        raise BadInput(f"{target.name} is the file itself.", remedy="Name another file with --out.")


@contextmanager
def _output(table: Table, target: Path) -> Iterator[WiderOutput]:
    """The new file, which takes its name when all is done."""
    folder, lock = new_staging(target.parent)
    try:
        with wider_output(table, folder / target.name, COLUMNS) as output:
            yield output
        (folder / target.name).replace(target)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def _write(
    block: Block, made: Sequence[Linked | BadAddress], output: WiderOutput, rejects: Rejects, done: LinkedFile
) -> None:
    good = [place for place, each in enumerate(made) if isinstance(each, Linked)]
    told = [
        (each.links.unsubscribe, each.links.preferences, each.headers["List-Unsubscribe"])
        for each in made
        if isinstance(each, Linked)
    ]
    if good:
        columns = pl.DataFrame(told, schema=dict.fromkeys(COLUMNS, pl.String), orient="row")
        output.add(block, np.array(good, np.int64), columns)
    bad = _unusable(block, made)
    if bad.height:
        rejects.add_rows(bad)
    done.rows += len(made) + len(block.bad)
    done.linked += len(good)
    done.problems += bad.select(ROW, PROBLEM).head(max(0, _SHOWN_PROBLEMS - len(done.problems))).rows()


def _unusable(block: Block, made: Sequence[Linked | BadAddress]) -> pl.DataFrame:
    """The rows that can be given none, in the order of the file, with what is wrong."""
    problems = {place: each.message for place, each in enumerate(made) if isinstance(each, BadAddress)}
    places = np.array(list(problems), np.int64)
    numbers = pl.Series(ROW, block.row_numbers[places] if len(places) else [], dtype=pl.Int64)
    said = pl.Series(PROBLEM, list(problems.values()), dtype=pl.String)
    rows = block.rows(places).drop((ROW, PROBLEM), strict=False).with_columns(numbers, said)
    return pl.concat([rows, block.bad_frame().select(rows.columns)]).sort(ROW)
