"""The keys of many postal addresses at once: the same keys as one by one, a hundred times faster."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from prefcenter.core.channels import Level
from prefcenter.core.errors import BadAddress
from prefcenter.core.keys import PostalKey
from prefcenter.core.postal import keys
from prefcenter.core.postal.address import PostalAddress
from prefcenter.core.postal.blocks import block_texts
from prefcenter.core.postal.keys import KeyKind, StoredKey
from prefcenter.core.postal.standardise import STANDARD_VERSION, with_boxes

_COLUMNS = ("name", "company", "address1", "address2", "city", "state", "zip", "country")


@dataclass(frozen=True, slots=True)
class AddressKeys:
    """The keys of one address.

    Args:
        stored: those that a suppression of it is stored under, the primary one first.
        probes: those that it is looked up by.
        blocks: where it lies, so that the pair rules can be asked about what lies there too.
    """

    stored: tuple[StoredKey, ...]
    probes: tuple[PostalKey, ...]
    blocks: tuple[PostalKey, ...]


def keys_of_many(addresses: Sequence[PostalAddress], levels: Sequence[Level]) -> list[AddressKeys | BadAddress]:
    """Give the keys of each address at its level, in their order; a ``BadAddress`` where there can be none.

    They are what ``stored_keys`` and ``probe_keys_one`` give for each address alone.
    """
    if not addresses:
        return []
    columns = {name: [getattr(address, name) for address in addresses] for name in _COLUMNS}
    standard = keys.standardised(pl.DataFrame(columns | {"level": [level.value for level in levels]}))
    fields = keys.standard_fields(standard)
    problems = [keys.problem_of(row, level) for row, level in zip(fields.rows(named=True), levels, strict=True)]
    primary = {row: found[0] for row, found in _by_row(keys.primary_keys_frame(fields)).items()}
    # Who has a box beside the street is found at either; the street says who it is.
    both = fields if (standard["s_box"] == "").all() else keys.standard_fields(with_boxes(standard))
    owners = [*range(len(addresses)), *(standard["s_box"] != "").arg_true()]
    stored = _by_row(keys.stored_keys_frame(both), owners)
    probes = _by_row(keys.probe_keys(both), owners)
    blocks: defaultdict[int, list[PostalKey]] = defaultdict(list)
    for row, text in block_texts(both).iter_rows():
        blocks[owners[row]].append(PostalKey(f"p{STANDARD_VERSION}:block:{text}"))
    told: list[AddressKeys | BadAddress] = []
    for row, problem in enumerate(problems):
        if problem is not None:
            told.append(problem)
            continue
        first = primary.get(row, stored[row][0])
        rest = (key for key in stored[row] if key != first)
        told.append(AddressKeys((first, *rest), tuple(key.key for key in probes[row]), tuple(blocks[row])))
    return told


def _by_row(table: pl.DataFrame, owners: Sequence[int] | None = None) -> defaultdict[int, list[StoredKey]]:
    """The keys of each row, or of the one that owns it, the most exact first, each once."""
    found: defaultdict[int, dict[StoredKey, None]] = defaultdict(dict)
    for row, kind, key in table.sort("tier", maintain_order=True).select("row", "kind", "key").iter_rows():
        found[row if owners is None else owners[row]][StoredKey(KeyKind(kind), PostalKey(key))] = None
    return defaultdict(list, {row: list(each) for row, each in found.items()})
