"""Columns that have shifted against each other: told by ZIPs that do not lie in the state beside them.

Somebody sorts one column of a spreadsheet and not the others, or a blank cell moves a part of each row by one. Every
cell still looks right, and nobody on the list is found any more.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import polars as pl

from prefcenter.core.postal.tables import COUNTRIES, NO_COUNTRY, STATES
from prefcenter.core.postal.zip_states import states_by_prefix, zip_state_pairs
from prefcenter.files.columns import Columns

_LETTERS = {code: code for code in zip_state_pairs()["state"].unique().to_list()}
_AMERICAN = {name: code for name, code in STATES.items() if code in _LETTERS} | _LETTERS
_LOOKED_AT, _LOOKED_AT_THEN = 20_000, 2_000
"""About so many rows of a block are looked at, and of each later one: enough to tell 2 % from 3 %, at no cost."""
_HERE = frozenset(name for name, code in COUNTRIES.items() if code == "US") | frozenset(NO_COUNTRY)


@dataclass(slots=True)
class PlaceCheck:
    """How many American rows have a ZIP and a state, of those looked at, and in how many of them the two disagree.

    Args:
        both: rows that have both.
        disagree: those whose ZIP lies in another state, or where one of the two is none at all.
    """

    both: int = 0
    disagree: int = 0

    def look(self, frame: pl.DataFrame, columns: Columns, default_country: str) -> None:
        """Count the rows of a block in, of a large one every few; a file without a column for either says nothing.

        Args:
            frame: the rows, all columns as text without nulls.
            columns: what the columns stand for.
            default_country: the country of a row that names none.
        """
        zip_column, state_column = columns.get("zip"), columns.get("state")
        if zip_column is None or state_column is None:
            return
        country = pl.col(columns["country"]) if columns.get("country") is not None else pl.lit("")
        pairs = (
            frame.gather_every(max(1, frame.height // (_LOOKED_AT if self.both < _LOOKED_AT else _LOOKED_AT_THEN)))
            .lazy()
            .select(
                pl.col(zip_column).str.strip_chars().alias("zip"),
                _plain(pl.col(state_column)).alias("state"),
                _plain(country).alias("country"),
            )
        )
        here = pl.col("country").is_in(_HERE if default_country == "US" else _HERE - {""})
        written = pairs.filter(here, pl.col("zip") != "", pl.col("state") != "")
        # Files name few pairs many times: each is judged once.
        kinds = written.select(_prefix().alias("zip3"), "state").group_by("zip3", "state").len().collect()
        for prefix, state, count in kinds.iter_rows():
            known = _AMERICAN.get(state) or _AMERICAN.get(state.replace(" ", ""))  # “N. Y.”
            if known is None and not prefix:
                continue  # Neither looks American: a foreign address whose country is not named.
            self.both += count
            if known is None or known not in states_by_prefix().get(prefix or "", ()):
                self.disagree += count

    def add(self, other: PlaceCheck) -> None:
        """Count another file in."""
        self.both += other.both
        self.disagree += other.disagree


def _plain(text: pl.Expr) -> pl.Expr:
    return text.str.to_uppercase().str.replace_all(r"[^A-Z0-9]+", " ").str.strip_chars(" ")


@cache
def _prefix() -> pl.Expr:
    """The first three figures of a ZIP, with the leading zeros that a spreadsheet lost put back; null for no ZIP."""
    figures = pl.col("zip").str.replace(r"\.0$", "").str.replace_all(r"[\s-]", "")
    length = figures.str.len_bytes()
    whole = pl.when(length <= 5).then(figures.str.zfill(5)).otherwise(figures.str.zfill(9))
    return pl.when(figures.str.contains(r"^[0-9]{3,9}$")).then(whole.str.head(3))
