"""Postal addresses through the list: a cheap look at every row, a close one at the few that it leaves (P5, P6, P9)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import polars as pl

from prefcenter.core.postal.keys import KeyKind, probe_keys
from prefcenter.core.postal.names import standardise_names
from prefcenter.core.postal.standardise import standardise, with_boxes
from prefcenter.core.postal.tables_names import GENERATIONS
from prefcenter.core.postal.tiers import PairTier, PairVerdict
from prefcenter.core.postal.urbanizations import beside_the_street
from prefcenter.core.postal.versions import former_probes
from prefcenter.files.columns import Columns
from prefcenter.scrub.addresses import KEY, PROBLEM
from prefcenter.scrub.bases import without_basis
from prefcenter.scrub.glance import STATE_CODES, glance, standard_glance
from prefcenter.scrub.index import ListIndex
from prefcenter.scrub.judging_points import digest_hits
from prefcenter.scrub.letters import Mask, packed
from prefcenter.scrub.postal_index import ADDRESS_FIELDS, ROLES, PostalIndex
from prefcenter.scrub.showing import Shown, shown
from prefcenter.scrub.swift import swift
from prefcenter.scrub.verdicts import HIT_SCHEMA, Judged, strictest

_WITHOUT_ZIP = tuple(kind.value for kind in (KeyKind.NOZIP, KeyKind.COMPANY_NOZIP, KeyKind.HOUSEHOLD_NOZIP))
_SLICE = 100_000
"""Rows looked at closely at once: their parts take about 2 kB a row while they are compared."""
_PIECE = 1 << 16
"""Rows looked at cheaply in one go: what is reckoned with stays in the processor's cache."""
_RANKS = {tier.value: rank for rank, tier in enumerate(PairTier, start=1)}


@dataclass(frozen=True, slots=True)
class _Glimpse:
    """What the cheap look leaves of some rows: which lie near an entry, and all that are to be looked at closely."""

    near: Mask
    wanted: Mask


def _glimpses(written: pl.DataFrame, index: ListIndex) -> _Glimpse:
    """Look at every row cheaply: straight at the bytes of nearly all, by way of text at the others."""
    starts = range(0, max(written.height, 1), _PIECE)
    near, wanted, plain = map(
        np.concatenate, zip(*(_looked_at(swift(written.slice(start, _PIECE)), index) for start in starts), strict=True)
    )
    rest = np.flatnonzero(~plain)
    if len(rest):
        near[rest], wanted[rest], _ = _looked_at(shown(glance(written[rest])), index)
    return _Glimpse(near, wanted)


def _looked_at(seen: Shown, index: ListIndex) -> tuple[Mask, Mask, Mask]:
    """Which rows lie near an entry, which are to be looked at closely, and which show all that there is to know."""
    near = seen.plain & index.post.sieve.may_meet(seen)
    return near, near | ~seen.plain | _near_erased(seen, index), seen.plain


def judge_post(frame: pl.DataFrame, columns: Columns, index: ListIndex) -> Judged:
    """Decide for each row of a block by its postal address."""
    written = as_written(frame, columns)
    seen = _glimpses(written, index)
    wanted = np.flatnonzero(seen.wanted)
    slices = [wanted[start : start + _SLICE] for start in range(0, len(wanted), _SLICE)] or [wanted]
    looks = [_look(written[places], seen.near[places], places, index) for places in slices]
    problems = pl.concat([look.problems for look in looks])
    hits = pl.concat([look.hits for look in looks])
    found = strictest(hits.filter("sure"), index)
    by_consent = _by_consent(frame.height, [look.countries for look in looks], found, problems, index)
    doubts = hits.filter(~pl.col("sure")).join(found.select("row"), on="row", how="anti")
    doubts = doubts.join(by_consent.select("row"), on="row", how="anti")
    # A doubt that holds a row back is not outspoken by another one that would let it through.
    holding = doubts.filter(pl.col("tier").is_in(list(index.unsure.tiers_held)))
    others = doubts.join(holding.select("row"), on="row", how="anti")
    unsure = pl.concat([_doubtful(holding, index, held=True), _doubtful(others, index, held=False)])
    return Judged(pl.concat([found, by_consent]).sort("row"), unsure.sort("row"), problems.sort("row"))


def _doubtful(doubts: pl.DataFrame, index: ListIndex, *, held: bool) -> pl.DataFrame:
    return strictest(doubts, index).with_columns(pl.lit(held).alias("held"))


@dataclass(frozen=True, slots=True)
class _Look:
    """What a close look at some rows told: entries met, rows without a usable address, and where each row lies."""

    hits: pl.DataFrame
    problems: pl.DataFrame
    countries: pl.DataFrame


def as_written(frame: pl.DataFrame, columns: Columns) -> pl.DataFrame:
    """The columns of the roles; what tells father from son is put back to the name, if it has a column of its own."""
    written = frame.select(
        (pl.col(columns.roles[role]) if role in columns.roles else pl.lit("")).alias(role) for role in ROLES
    )
    if "urbanization" in columns.roles:
        written = _with_urbanizations(written, frame[columns.roles["urbanization"]])
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


def _with_urbanizations(written: pl.DataFrame, names: pl.Series) -> pl.DataFrame:
    """The rows with the urbanization of a column of its own beside the street, where it is read."""
    told = np.flatnonzero((names != "").to_numpy())
    rows = written.select("address2", "state", "zip")[told].iter_rows()
    lines = [
        beside_the_street(line2, name, state, zip_code)
        for (line2, state, zip_code), name in zip(rows, names.gather(told), strict=True)
    ]
    return written.with_columns(written["address2"].clone().scatter(told, pl.Series(lines, dtype=pl.String)))


def _near_erased(seen: Shown, index: ListIndex) -> Mask:
    """Rows in the ZIP areas of entries of which only digests are left; everywhere, where one had no ZIP."""
    if not index.digests:
        return np.zeros(len(seen), dtype=np.bool_)
    if index.buckets is None:
        return np.ones(len(seen), dtype=np.bool_)
    return np.isin(seen.zip3, packed(pl.Series([bucket[:3] for bucket in index.buckets], dtype=pl.String)))


def _look(written: pl.DataFrame, near: Mask, places: np.ndarray, index: ListIndex) -> _Look:
    """Standardise rows, and compare those that lie near an entry.

    Args:
        written: the rows.
        near: which of them lie near an entry, as the cheap look has told.
        places: where they stand in the block.
        index: the list.
    """
    every = standardise(written).with_columns(pl.Series("near", near), pl.Series("row", places, dtype=pl.UInt32))
    unusable = every.filter(pl.col("s_problem").is_not_null())
    problems = unusable.select("row", pl.concat_str(pl.lit("has "), "s_problem").alias(PROBLEM))
    usable = every.filter(pl.col("s_problem").is_null())
    standard = with_boxes(standardise_names(usable))
    closer = (standard["near"] | ~standard["s_state"].is_in(STATE_CODES)).to_numpy().copy()
    # The standard form of a row that was not plain tells whether it lies near an entry.
    apart = np.flatnonzero(~closer)
    closer[apart] = index.post.sieve.may_meet(shown(standard_glance(standard[apart])))
    hits = pl.concat([_hits(standard.filter(pl.Series(closer)), index), _erased_hits(standard, index)])
    return _Look(hits, problems, usable.select("row", pl.col("s_country").alias("country")))


def _hits(named: pl.DataFrame, index: ListIndex) -> pl.DataFrame:
    """The readable entries that rows meet or may meet; where many do, only those that decide.

    Thousands of entries may lie where thousands of rows do, as in a house of many flats.
    """
    if index.moments is not None:
        return hits_of(named, index.post)
    binding = index.bindings.select("suppression", "strictness")
    held = list(index.unsure.tiers_held)

    def deciding(met: pl.DataFrame) -> pl.DataFrame:
        ranked = met.join(binding, on="suppression").with_columns(_rank(), pl.col("tier").is_in(held).alias("holds"))
        by = ["place", "strictness", "rank", "score", "suppression"]
        ordered = ranked.sort(by, descending=[False, True, False, True, False])
        return ordered.unique(["place", "verdict", "holds"], keep="first", maintain_order=True).select(met.columns)

    return hits_of(named, index.post, deciding)


def _rank() -> pl.Expr:
    return pl.col("tier").replace_strict(_RANKS, return_dtype=pl.Int64).alias("rank")


def hits_of(
    named: pl.DataFrame, post: PostalIndex, few: Callable[[pl.DataFrame], pl.DataFrame] = lambda met: met
) -> pl.DataFrame:
    """The readable entries that rows meet or may meet, in the columns of :data:`.HIT_SCHEMA`.

    Args:
        named: rows that can be delivered to, standardised, names and all, by ``row``.
        post: the entries.
        few: which of those that one row meets are wanted.
    """
    met = post.meet(named, few)
    return met.select(
        named["row"].gather(met["place"]).alias("row"),
        "suppression",
        _rank(),
        "tier",
        "score",
        (pl.col("verdict") == PairVerdict.MATCH.value).alias("sure"),
    )


def _erased_hits(standard: pl.DataFrame, index: ListIndex) -> pl.DataFrame:
    """Rows that meet an entry of which only digests are left; its ZIP, where it had one, says where to look.

    In another ZIP of the same area only those keys can meet that do without it.
    """
    if not index.digests:
        return pl.DataFrame(schema=HIT_SCHEMA)
    return digest_hits(
        pl.concat([_erased_probes(standard, index), _former_probes(standard)]), index, KeyKind.FULL.value
    )


def _erased_probes(standard: pl.DataFrame, index: ListIndex) -> pl.DataFrame:
    if index.buckets is None:
        return _probes(standard).drop("probe")
    there = pl.col("s_zip5").is_in([*index.buckets, ""])
    area = pl.col("s_zip5").str.head(3).is_in([bucket[:3] for bucket in index.buckets])
    beside = _probes(standard.filter(~there & area)).filter(pl.col("probe").is_in(_WITHOUT_ZIP))
    return pl.concat([_probes(standard.filter(there)), beside]).drop("probe")


def _former_probes(standard: pl.DataFrame) -> pl.DataFrame:
    """The keys of some rows in the forms that were in use before: an erased entry is found by no others."""
    probes = former_probes(standard.select(ADDRESS_FIELDS))
    return probes.select(standard["row"].gather(probes["row"]).alias("row"), KEY)


def _probes(standard: pl.DataFrame) -> pl.DataFrame:
    """The keys of some rows, and what each compares."""
    rows = standard["row"]
    probes = probe_keys(standard.drop("row"))
    return probes.select(rows.gather(probes["row"]).alias("row"), KEY, pl.col("kind").alias("probe"))


def _by_consent(
    height: int, looks: list[pl.DataFrame], found: pl.DataFrame, problems: pl.DataFrame, index: ListIndex
) -> pl.DataFrame:
    """Rows whose country wants a yes that is not there; one not looked at closely lies in the United States."""
    elsewhere = pl.concat(looks).with_columns(pl.lit("").alias(KEY))
    american = pl.DataFrame({"row": [0], "country": ["US"], KEY: [""]}, schema_overrides={"row": pl.UInt32})
    every = elsewhere
    if without_basis(american, index).height:
        rows = pl.DataFrame({"row": pl.arange(height, dtype=pl.UInt32, eager=True)})
        every = rows.join(elsewhere, on="row", how="left", maintain_order="left").with_columns(
            pl.col("country").fill_null("US"), pl.col(KEY).fill_null("")
        )
    rest = every.join(found.select("row"), on="row", how="anti").join(problems.select("row"), on="row", how="anti")
    return without_basis(rest, index)
