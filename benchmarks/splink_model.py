"""The same pairs judged by Splink: a model as its users would make it, trained on the records themselves.

Jaro-Winkler on given name, surname, street and suburb, an exact postcode, frequencies of terms, expectation
maximisation; nothing is learnt from the truth.
"""

from __future__ import annotations

import logging

import duckdb
import pandas as pd
import polars as pl
import splink.comparison_library as cl
from splink import Linker, SettingsCreator, block_on
from splink.backends.duckdb import DuckDBAPI
from splink.internals.comparison_creator import ComparisonCreator

COLUMNS = ("given_name", "surname", "street", "suburb", "postcode", "state")
ONE_NUMBER = "l.number = r.number and l.number is not null"
ONE_NUMBER_AND_ZIP = f"{ONE_NUMBER} and l.postcode = r.postcode"


def probabilities(records: pl.DataFrame, pairs: str = ONE_NUMBER) -> pl.DataFrame:
    """Each pair of records, of those with one house number: their ``l``, ``r`` (rows, l < r) and ``probability``.

    Args:
        records: ``number`` and :data:`COLUMNS`; empty where unknown.
        pairs: which pairs are judged, in SQL.
    """
    table = records.select(
        pl.int_range(pl.len()).alias("unique_id"),
        *(pl.when(pl.col(name) != "").then(pl.col(name)).alias(name) for name in ("number", *COLUMNS)),
    )
    api = DuckDBAPI(duckdb.connect())
    linker = Linker(api.register(_as_pandas(table)), _settings(pairs), log_level=logging.ERROR)
    _train(linker)
    found = linker.inference.predict().as_duckdbpyrelation().fetchnumpy()
    judged = pl.DataFrame(
        {"one": found["unique_id_l"], "other": found["unique_id_r"], "probability": found["match_probability"]}
    )
    return judged.select(
        pl.min_horizontal("one", "other").cast(pl.UInt32).alias("l"),
        pl.max_horizontal("one", "other").cast(pl.UInt32).alias("r"),
        "probability",
    )


def _as_pandas(table: pl.DataFrame) -> pd.DataFrame:
    return pd.DataFrame({name: table[name].to_list() for name in table.columns})


def _settings(pairs: str) -> SettingsCreator:
    def alike(name: str) -> ComparisonCreator:
        return cl.JaroWinklerAtThresholds(name, [0.92, 0.8]).configure(term_frequency_adjustments=True)

    return SettingsCreator(
        link_type="dedupe_only",
        comparisons=[
            alike("given_name"), alike("surname"), alike("street"), alike("suburb"),
            cl.ExactMatch("postcode").configure(term_frequency_adjustments=True), cl.ExactMatch("state"),
        ],
        blocking_rules_to_generate_predictions=[pairs],
    )  # fmt: skip


def _train(linker: Linker) -> None:
    sure = [block_on("given_name", "surname", "street"), block_on("surname", "number", "postcode")]
    linker.training.estimate_probability_two_random_records_match(sure, recall=0.7)
    linker.training.estimate_u_using_random_sampling(max_pairs=2e6, seed=1)
    for rule in (block_on("surname", "postcode"), block_on("given_name", "suburb"), block_on("number", "street")):
        linker.training.estimate_parameters_using_expectation_maximisation(rule, record_sample_proportion=1.0)
