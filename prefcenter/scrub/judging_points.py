"""Email addresses and phone numbers through the list: one key a row."""

from __future__ import annotations

import polars as pl

from prefcenter.core.channels import Channel
from prefcenter.core.hashed import TIER
from prefcenter.core.keys import PostalKey
from prefcenter.files.columns import Columns
from prefcenter.scrub.addresses import KEY, PROBLEM, email_keys, hashed_email_keys, phone_keys
from prefcenter.scrub.bases import countries, without_basis
from prefcenter.scrub.index import ListIndex
from prefcenter.scrub.verdicts import HIT_SCHEMA, Judged, no_unsure, strictest


def judge_points(frame: pl.DataFrame, columns: Columns, index: ListIndex, default_country: str) -> Judged:
    """Decide for each row of a block by its email address or phone number."""
    if index.ask.channel is Channel.EMAIL:
        keys = email_keys(frame[columns["email"]])
    else:
        keys = phone_keys(frame[columns["phone"]], default_country)
    rows = keys.with_row_index("row").with_columns(countries(frame, columns))
    usable = rows.filter(pl.col(KEY).is_not_null())
    hits = _hits(usable.select("row", KEY), index, index.ask.channel.value, rank=1)
    if index.ask.channel is Channel.EMAIL and index.hashed:
        hits = pl.concat([hits, _hits(hashed_email_keys(usable, index.hashed), index, TIER, rank=2)])
    on_list = strictest(hits, index)
    by_consent = without_basis(usable.join(on_list.select("row"), on="row", how="anti"), index)
    problems = rows.filter(pl.col(PROBLEM).is_not_null()).select("row", PROBLEM)
    return Judged(pl.concat([on_list, by_consent]).sort("row"), no_unsure(), problems)


def _hits(probes: pl.DataFrame, index: ListIndex, tier: str, *, rank: int) -> pl.DataFrame:
    """Rows that meet an entry by one of these keys; the lower rank names the match where several meet."""
    readable = probes.join(index.keys, on=KEY).select(
        "row",
        "suppression",
        pl.lit(rank, pl.Int64).alias("rank"),
        pl.lit(tier).alias("tier"),
        pl.lit(1.0).alias("score"),
        pl.lit(value=True).alias("sure"),
    )
    return pl.concat([readable, digest_hits(probes, index, tier)])


def digest_hits(probes: pl.DataFrame, index: ListIndex, tier: str) -> pl.DataFrame:
    """Rows that meet an entry of which only digests are left: their keys are digested one by one (G3).

    Args:
        probes: ``row`` and ``key``.
        index: the list.
        tier: what such a match is called.
    """
    if not index.digests:
        return pl.DataFrame(schema=HIT_SCHEMA)
    met = [
        (row, suppression, 1, tier, 1.0, True)
        for row, key in probes.iter_rows()
        for digest in index.peppers.candidates(PostalKey(key))
        for suppression in index.digests.get(digest, ())
    ]
    return pl.DataFrame(met, schema=HIT_SCHEMA, orient="row")
