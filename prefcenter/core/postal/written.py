"""The columns of an address as somebody wrote them, cleaned, with what is known of their few distinct values.

A city, a state, a country and most units come again and again: what takes long is done once for each.
"""

from __future__ import annotations

from functools import cache, partial

import polars as pl

from prefcenter.core.postal.tables import CITY_WORDS, COUNTRIES, NO_COUNTRY, STATES
from prefcenter.core.postal.text import by_value, clean_line, clean_words, cleaned, with_text_columns

ADDRESS_COLUMNS = ("address1", "address2", "city", "state", "zip", "country")

STATE_CODES = tuple(sorted(set(STATES.values())))
_STATE_ENDS = sorted({name.rpartition(" ")[2] for name in STATES})

_OURS = (*(name for name, code in COUNTRIES.items() if code in ("US", "CA")), *NO_COUNTRY, "NA")


def written(frame: pl.DataFrame) -> pl.DataFrame:
    """The address columns cleaned, and what is known of them.

    Added are ``city_form`` and ``code``, the standard city and state; ``city_end``, the city's last word;
    ``good_state`` and ``good_zip``, whether state and ZIP are what they should be;
    ``odd_city``, whether the city holds more than a name;
    ``domestic``, whether the country may be the United States or Canada.
    """
    texts = with_text_columns(frame, ADDRESS_COLUMNS)
    line, words = partial(cleaned, form=clean_line), partial(cleaned, form=clean_words)
    good = texts.select(good_zip="zip").select(pl.col("good_zip").str.contains("^[0-9]{5}$")).to_series()
    rough = texts["zip"].filter(~good)
    code = texts["zip"].clone().scatter((~good).arg_true(), line(rough)) if len(rough) else texts["zip"]
    return pl.DataFrame(
        [
            line(texts["address1"]),
            *by_value(texts["address2"], lambda values: line(values).to_frame()),
            *by_value(texts["city"], lambda values: of_cities(words(values))),
            *by_value(texts["state"], lambda values: of_states(words(values))),
            code,
            good,
            *by_value(texts["country"], lambda values: words(values).to_frame("country").with_columns(_domestic())),
        ]
    )


def of_cities(cities: pl.Series) -> pl.DataFrame:
    """The columns of cleaned cities."""
    return cities.to_frame("city").with_columns(*_of_cities())


@cache
def _of_cities() -> list[pl.Expr]:
    city = pl.col("city")
    short = city.str.split(" ").list.eval(pl.element().replace(CITY_WORDS)).list.join(" ")
    last = city.str.extract("([^ ]+)$").fill_null("")
    return [
        short.str.replace("^([AFD]PO) A[AEP]$", "$1").alias("city_form"),
        last.alias("city_end"),
        (city.str.contains("[0-9]") | last.is_in(STATE_CODES) | _ends_in_state(city, last)).alias("odd_city"),
    ]


def _ends_in_state(city: pl.Expr, last: pl.Expr) -> pl.Expr:
    """Whether a state may stand behind the city, spelt out; New York alone is a town."""
    return last.is_in(_STATE_ENDS) & ~city.is_in(list(STATES))


def of_states(states: pl.Series) -> pl.DataFrame:
    """The columns of cleaned states."""
    return states.to_frame("state").with_columns(_code()).with_columns(_good_state())


@cache
def _code() -> pl.Expr:
    return pl.col("state").replace(STATES).str.replace_all(" ", "", literal=True).alias("code")


@cache
def _good_state() -> pl.Expr:
    return pl.col("code").is_in(STATE_CODES).alias("good_state")


@cache
def _domestic() -> pl.Expr:
    return pl.col("country").is_in(_OURS).alias("domestic")
