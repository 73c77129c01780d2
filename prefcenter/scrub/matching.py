"""A block of rows through the list: which rows may be sent to, and what speaks against the others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import polars as pl

from prefcenter.core.channels import Channel, Verdict
from prefcenter.core.consent import country_of
from prefcenter.core.countries import country_code
from prefcenter.core.decision import decide
from prefcenter.core.keys import Peppers, PostalKey
from prefcenter.core.postal.keys import KeyKind, probe_keys
from prefcenter.core.postal.names import standardise_names
from prefcenter.core.postal.standardise import standardise
from prefcenter.core.postal.tables_names import GENERATIONS
from prefcenter.files.columns import Columns
from prefcenter.scrub.addresses import KEY, PROBLEM, email_keys, phone_keys
from prefcenter.scrub.index import NEARNESS, ListIndex

Mask = npt.NDArray[np.bool_]

FOUND_SCHEMA = {
    "row": pl.UInt32,
    "pc_reason": pl.String,
    "pc_scope": pl.String,
    "pc_tier": pl.String,
    "pc_score": pl.String,
    "pc_since": pl.String,
    "pc_suppression": pl.String,
}
FOUND_COLUMNS = tuple(name for name in FOUND_SCHEMA if name != "row")

_ROLES = ("name", "first_name", "last_name", "company", "address1", "address2", "city", "state", "zip", "country")
_WITHOUT_ZIP = tuple(kind.value for kind in (KeyKind.NOZIP, KeyKind.COMPANY_NOZIP, KeyKind.HOUSEHOLD_NOZIP))
_SLICE = 100_000
"""Postal rows standardised at once: their parts take about 2 kB a row while they are compared."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What became of the rows of a block.

    Args:
        found: a row for each that is refused: its place in the block, and why (``pc_`` columns).
        problems: place and sentence of each row without a usable address.
    """

    found: pl.DataFrame
    problems: pl.DataFrame

    def kept(self, rows: int) -> Mask:
        """Which of the block's rows may be sent to."""
        mask = np.ones(rows, dtype=np.bool_)
        mask[self.found["row"].to_numpy()] = False
        mask[self.problems["row"].to_numpy()] = False
        return mask


def judge(frame: pl.DataFrame, columns: Columns, index: ListIndex, default_country: str) -> Judged:
    """Decide for each row of a block.

    Args:
        frame: the rows, all columns as text without nulls.
        columns: what the columns stand for.
        index: the list as the mailing sees it.
        default_country: the country that national phone numbers are read in.
    """
    if index.ask.channel is Channel.POST:
        parts = [_judge_post(part, columns, index, start) for start, part in _slices(frame)]
    else:
        parts = [_judge_points(frame, columns, index, default_country)]
    return Judged(
        pl.concat([part.found for part in parts]).sort("row"), pl.concat([part.problems for part in parts]).sort("row")
    )


def _slices(frame: pl.DataFrame) -> list[tuple[int, pl.DataFrame]]:
    return [(start, frame.slice(start, _SLICE)) for start in range(0, frame.height, _SLICE)] or [(0, frame)]


def _judge_points(frame: pl.DataFrame, columns: Columns, index: ListIndex, default_country: str) -> Judged:
    """Email addresses and phone numbers: one key a row."""
    if index.ask.channel is Channel.EMAIL:
        keys = email_keys(frame[columns["email"]])
    else:
        keys = phone_keys(frame[columns["phone"]], default_country)
    rows = keys.with_row_index("row").with_columns(_countries(frame, columns))
    usable = rows.filter(pl.col(KEY).is_not_null())
    hits = usable.join(index.keys, on=KEY).select("row", "suppression", "tier", "kind")
    hits = pl.concat([hits, _digest_hits(usable.select("row", KEY), index, index.ask.channel.value)])
    on_list = _strictest(hits, index)
    by_consent = _without_basis(usable.join(on_list.select("row"), on="row", how="anti"), index)
    return Judged(pl.concat([on_list, by_consent]), _problems(rows))


def _judge_post(frame: pl.DataFrame, columns: Columns, index: ListIndex, start: int) -> Judged:
    """Postal addresses: several keys a row, the most exact that meets names the match."""
    standard = standardise(_written(frame, columns)).with_row_index("at")
    problems = standard.filter(pl.col("s_problem").is_not_null()).select(
        pl.col("at").alias("row"), pl.concat_str(pl.lit("has "), pl.col("s_problem")).alias(PROBLEM)
    )
    hits = pl.concat([_key_hits(_nearby(standard, index), index), _erased_hits(standard, index)])
    found = _strictest(hits.join(problems.select("row"), on="row", how="anti"), index)
    countries = standard.select(pl.col("s_country").alias("country")).with_row_index("row")
    rest = countries.join(found.select("row"), on="row", how="anti").join(problems.select("row"), on="row", how="anti")
    by_consent = _without_basis(rest.with_columns(pl.lit("").alias(KEY)), index)
    offset = pl.col("row") + pl.lit(start, pl.UInt32)
    return Judged(pl.concat([found, by_consent]).with_columns(offset), problems.with_columns(offset))


def _written(frame: pl.DataFrame, columns: Columns) -> pl.DataFrame:
    """The columns of the roles; what tells father from son is put back to the name, if it has a column of its own."""
    written = frame.select(
        (pl.col(columns.roles[role]) if role in columns.roles else pl.lit("")).alias(role) for role in _ROLES
    )
    if "suffix" not in columns.roles:
        return written
    suffix = frame[columns.roles["suffix"]].str.strip_chars(" .,").str.to_uppercase()
    generation = pl.Series("suffix", suffix.replace_strict(GENERATIONS, default="", return_dtype=pl.String))
    return written.with_columns(
        pl.when((pl.col(role) != "") & (generation != ""))
        .then(pl.concat_str([pl.col(role), pl.lit(generation)], separator=" "))
        .otherwise(role)
        .alias(role)
        for role in ("name", "last_name")
    )


def _nearby(standard: pl.DataFrame, index: ListIndex) -> pl.DataFrame:
    """Rows that lie where a readable entry lies; no other row can meet one, so no other needs its keys made.

    What is missing on either side says nothing; there the house number alone decides.
    """
    rows = standard.select("at", *NEARNESS)
    vague = (pl.col("zip3") == "") | (pl.col("word") == "")
    numbers = index.near.select("s_number").unique()
    near = pl.concat(
        [
            rows.join(index.near, on=["s_number", "zip3", "word"], how="semi"),
            rows.filter(vague).join(numbers, on="s_number", how="semi"),
            rows.join(index.near.filter(vague).select("s_number").unique(), on="s_number", how="semi"),
        ]
    )
    return standard.join(near.select("at").unique(), on="at", how="semi", maintain_order="left")


def _probes(standard: pl.DataFrame) -> pl.DataFrame:
    """The keys of some rows, by their place in the block, and what each compares."""
    probes = probe_keys(standardise_names(standard))
    return probes.select(standard["at"].gather(probes["row"]).alias("row"), KEY, pl.col("kind").alias("probe"))


def _key_hits(standard: pl.DataFrame, index: ListIndex) -> pl.DataFrame:
    return _probes(standard).join(index.keys, on=KEY).select("row", "suppression", "tier", "kind")


def _erased_hits(standard: pl.DataFrame, index: ListIndex) -> pl.DataFrame:
    """Rows that meet an entry of which only digests are left; its ZIP, where it had one, says where to look.

    In another ZIP of the same area only those keys can meet that do without it.
    """
    if not index.digests:
        return _digest_hits(pl.DataFrame(schema={"row": pl.UInt32, KEY: pl.String}), index, "")
    if index.buckets is None:
        return _digest_hits(_probes(standard).drop("probe"), index, KeyKind.FULL.value)
    there = pl.col("s_zip5").is_in([*index.buckets, ""])
    area = pl.col("s_zip5").str.head(3).is_in([bucket[:3] for bucket in index.buckets])
    beside = _probes(standard.filter(~there & area)).filter(pl.col("probe").is_in(_WITHOUT_ZIP))
    probes = pl.concat([_probes(standard.filter(there)), beside])
    return _digest_hits(probes.drop("probe"), index, KeyKind.FULL.value)


def _digest_hits(probes: pl.DataFrame, index: ListIndex, kind: str) -> pl.DataFrame:
    """Rows that meet an entry of which only digests are left: their keys are digested one by one."""
    schema = {"row": pl.UInt32, "suppression": pl.Int64, "tier": pl.Int64, "kind": pl.String}
    if not index.digests:
        return pl.DataFrame(schema=schema)
    met = [
        (row, suppression, 1, kind)
        for row, key in probes.iter_rows()
        for digest in index.peppers.candidates(PostalKey(key))
        for suppression in index.digests.get(digest, ())
    ]
    return pl.DataFrame(met, schema=schema, orient="row")


def _strictest(hits: pl.DataFrame, index: ListIndex) -> pl.DataFrame:
    """For each row the one suppression that speaks loudest: the strictest, then the most exact, then the oldest."""
    best = (
        hits.join(index.bindings, on="suppression")
        .sort(["row", "strictness", "tier", "suppression"], descending=[False, True, False, False])
        .unique("row", keep="first", maintain_order=True)
    )
    return best.select(
        "row",
        pl.col("reason").alias("pc_reason"),
        pl.col("scope").alias("pc_scope"),
        pl.col("kind").alias("pc_tier"),
        pl.lit("1.000").alias("pc_score"),
        pl.col("since").alias("pc_since"),
        pl.col("suppression").cast(pl.String).alias("pc_suppression"),
    )


def _countries(frame: pl.DataFrame, columns: Columns) -> pl.Expr | pl.Series:
    """The country that each row names, empty where it names none."""
    column = columns.get("country")
    if column is None:
        return pl.lit("").alias("country")
    codes = {text: country_code(text) or "" for text in frame[column].unique().to_list()}
    return frame[column].replace_strict(codes, return_dtype=pl.String).alias("country")


def _without_basis(rows: pl.DataFrame, index: ListIndex) -> pl.DataFrame:
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


def _problems(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.filter(pl.col(PROBLEM).is_not_null()).select("row", PROBLEM)
