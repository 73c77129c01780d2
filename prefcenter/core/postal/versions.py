"""The canonical forms of postal addresses, by version: today's, and those that the list was ever keyed in.

A key of one version never meets a key of another. So whoever looks an address up asks under every version that there
was, and a former one is kept here for ever: of an erased entry nothing is left but its keys (G3). Whoever raises
``STANDARD_VERSION`` puts the form before it into :data:`FORMER`; a product without a form that the list has keys of
refuses to start and to decide. The keys of each version are recorded among the tests, and held to what they were.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from prefcenter.core.channels import Level
from prefcenter.core.keys import PostalKey
from prefcenter.core.postal import standardise
from prefcenter.core.postal.address import PostalAddress


@dataclass(frozen=True, slots=True)
class FormerForm:
    """How addresses were keyed in an earlier version.

    Args:
        probes: gives ``row`` (u32) and ``key`` of the keys by which rows are looked up; takes the written columns.
        names: gives ``row`` and ``key`` of the primary key of each row; takes the written columns and ``level``.
    """

    probes: Callable[[pl.DataFrame], pl.DataFrame]
    names: Callable[[pl.DataFrame], pl.DataFrame]


FORMER: Mapping[int, FormerForm] = {}
"""The forms before today's, by version. There is none yet."""

_COLUMNS = ("name", "company", "address1", "address2", "city", "state", "zip", "country")


def current() -> str:
    """Today's version, as the store notes it."""
    return str(standardise.STANDARD_VERSION)


def known() -> frozenset[str]:
    """Every version that this product can look up."""
    return frozenset({current(), *map(str, FORMER)})


@dataclass(frozen=True, slots=True)
class FormerKeys:
    """The keys of one address in the former versions.

    Args:
        names: its primary key in each.
        probes: the keys by which it is looked up in each.
    """

    names: tuple[PostalKey, ...]
    probes: tuple[PostalKey, ...]


def former_keys(addresses: Sequence[PostalAddress], levels: Sequence[Level]) -> list[FormerKeys]:
    """The keys of addresses in all former versions, in their order; none where a version cannot read one."""
    if not FORMER or not addresses:
        return [FormerKeys((), ()) for _ in addresses]
    columns = {name: [getattr(address, name) for address in addresses] for name in _COLUMNS}
    written = pl.DataFrame(columns, schema=dict.fromkeys(_COLUMNS, pl.String))
    levelled = written.with_columns(pl.Series("level", [level.value for level in levels], dtype=pl.String))
    names = _by_row([form.names(levelled) for form in FORMER.values()])
    probes = _by_row([form.probes(written) for form in FORMER.values()])
    return [FormerKeys(tuple(names[row]), tuple(probes[row])) for row in range(len(addresses))]


def former_probes(written: pl.DataFrame) -> pl.DataFrame:
    """The keys by which rows are looked up in all former versions: ``row`` (u32) and ``key``."""
    empty = pl.DataFrame(schema={"row": pl.UInt32, "key": pl.String})
    return pl.concat([empty, *(form.probes(written).select("row", "key") for form in FORMER.values())]).unique()


def _by_row(tables: Sequence[pl.DataFrame]) -> defaultdict[int, list[PostalKey]]:
    found: defaultdict[int, list[PostalKey]] = defaultdict(list)
    for table in tables:
        for row, key in table.select("row", "key").iter_rows():
            found[row].append(PostalKey(key))
    return found
