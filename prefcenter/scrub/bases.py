"""The yes that some rows need: by their country and what is on file of them (G7, S11, G16)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import polars as pl

from prefcenter.core.channels import Verdict
from prefcenter.core.consent import country_of
from prefcenter.core.countries import country_code
from prefcenter.core.decision import decide
from prefcenter.core.keys import Peppers, PostalKey
from prefcenter.files.columns import Columns
from prefcenter.scrub.addresses import KEY
from prefcenter.scrub.index import ListIndex
from prefcenter.scrub.verdicts import FOUND_SCHEMA


def countries(frame: pl.DataFrame, columns: Columns) -> pl.Expr | pl.Series:
    """The country that each row names, empty where it names none."""
    column = columns.get("country")
    if column is None:
        return pl.lit("").alias("country")
    codes = {text: country_code(text) or "" for text in frame[column].unique().to_list()}
    return frame[column].replace_strict(codes, return_dtype=pl.String).alias("country")


def without_basis(rows: pl.DataFrame, index: ListIndex) -> pl.DataFrame:
    """Rows whose country wants a consent that is not on file (G7, S11), or whose consent is older than the use (G16).

    Rows that say the same are decided once: there are few countries and few kinds of consent.
    """
    wanted = (
        rows.join(index.profiles, on=KEY, how="left")
        if index.profiles.height
        else rows.with_columns(pl.lit(None, pl.Int64).alias("profile"))
    )
    wanted = _with_profiles_by_digest(wanted.with_columns(pl.col("profile").fill_null(0)), index)
    kinds = wanted.select("country", "profile").unique()
    verdicts = [(country, profile, *_verdict(country, profile, index)) for country, profile in kinds.iter_rows()]
    schema = {"country": pl.String, "profile": pl.Int64, "cleared": pl.Boolean, "reason": pl.String}
    refused = pl.DataFrame(verdicts, schema=schema, orient="row").filter(~pl.col("cleared"))
    met = wanted.join(refused, on=["country", "profile"], how="inner")
    blank = [pl.lit("").alias(name) for name in ("pc_tier", "pc_score", "pc_since", "pc_suppression")]
    scope = pl.lit(index.ask.scope.label).alias("pc_scope")
    return met.with_columns(pl.col("reason").alias("pc_reason"), scope, *blank).select(list(FOUND_SCHEMA))


def _with_profiles_by_digest(rows: pl.DataFrame, index: ListIndex) -> pl.DataFrame:
    if not index.profile_digests:
        return rows
    numbers = [
        number or _profile_of(key, index.peppers, index.profile_digests)
        for key, number in rows.select(KEY, "profile").iter_rows()
    ]
    return rows.with_columns(pl.Series("profile", numbers, dtype=pl.Int64))


def _profile_of(key: str, peppers: Peppers, known: Mapping[bytes, int]) -> int:
    return next((known[digest] for digest in peppers.candidates(PostalKey(key)) if digest in known), 0)


def _verdict(country: str, number: int, index: ListIndex) -> tuple[bool, str]:
    """Whether a row of this country and profile may be sent to, as far as consent goes; else the reason.

    A phone's own country is not looked at: texts need the same basis in every country (S11).
    """
    profile = index.profile_values[number]
    ask = replace(
        index.ask,
        country=country_of(profile.country, country or None, index.ask.country),
        party=profile.party,
        collected_under=profile.collected_under,
    )
    decision = decide(ask, (), profile.consents, index.at)
    return decision.verdict is Verdict.CLEARED, str(decision.reasons[0].code) if decision.reasons else ""
