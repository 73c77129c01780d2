"""Canonical keys of whole columns: the core's own canonicalisers, with a fast lane for what is plain already.

Nearly every address in a file is in its canonical form once it is trimmed and lowered. Those pass as Polars
expressions; the rest goes through the core's functions, each spelling once. Both lanes give the same key.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

import polars as pl

from prefcenter.core.errors import BadAddress
from prefcenter.core.hashed import HashAlgorithm, hashed_keys
from prefcenter.core.keys import PLAIN_EMAIL, PLAIN_EMAIL_LENGTH, EmailKey, canonicalise_email, canonicalise_phone

KEY, PROBLEM = "key", "problem"

_NORTH_AMERICA = frozenset({"US", "CA", "PR"})


def email_keys(texts: pl.Series) -> pl.DataFrame:
    """The key of each email address in ``key``, or null and a sentence in ``problem``.

    Args:
        texts: addresses as written, without nulls.
    """
    bare = texts.str.strip_chars(" \t").str.to_lowercase()
    # The longest form that the plain pattern speaks of is short, so no length rule of RFC 5321 is left to check.
    plain = (
        (bare.str.len_bytes() <= PLAIN_EMAIL_LENGTH)
        & ~bare.str.contains("xn--", literal=True)
        & bare.str.contains(rf"\A(?:{PLAIN_EMAIL})\z")
    )
    return _two_lanes(texts, bare, plain, lambda text: canonicalise_email(text), "no email address")


def hashed_email_keys(rows: pl.DataFrame, algorithms: Collection[HashAlgorithm]) -> pl.DataFrame:
    """The keys under which partners' hashed lists may hold each address (see :mod:`prefcenter.core.hashed`).

    Args:
        rows: ``row`` and the canonical ``key`` of each address.
        algorithms: how the lists on file were hashed.

    Returns:
        ``row`` and ``key``, one for each address and algorithm, and two more for an international domain.
    """
    rare = rows.filter(pl.col(KEY).str.contains("xn--", literal=True))
    plain = rows.join(rare, on="row", how="anti") if rare.height else rows
    texts = plain[KEY].to_list()
    tables = [
        plain.select("row", pl.Series(KEY, [f"{each}:{each.hex_of(text)}" for text in texts], dtype=pl.String))
        for each in algorithms
    ]
    met = [
        (row, key)
        for row, text in rare.select("row", KEY).iter_rows()
        for key in hashed_keys(EmailKey(text), algorithms)
    ]
    return pl.concat([*tables, pl.DataFrame(met, schema=rows.select("row", KEY).schema, orient="row")])


def phone_keys(texts: pl.Series, country: str) -> pl.DataFrame:
    """The key of each phone number in ``key``, or null and a sentence in ``problem``.

    Args:
        texts: numbers as written, without nulls.
        country: the country that national numbers are read in (ISO 3166).
    """
    digits = texts.str.replace_all(r"[ ().\-]", "")
    pattern = r"\A(?:\+?1)?[2-9][0-9]{9}\z" if country in _NORTH_AMERICA else r"\A\+1[2-9][0-9]{9}\z"
    plain = digits.str.contains(pattern)
    national = pl.select(pl.concat_str(pl.lit("+1"), pl.lit(digits).str.tail(10))).to_series()
    return _two_lanes(texts, national, plain, lambda text: canonicalise_phone(text, country), "no phone number")


def _two_lanes(
    texts: pl.Series, keys: pl.Series, plain: pl.Series, canonicalise: Callable[[str], str], blank: str
) -> pl.DataFrame:
    frame = pl.DataFrame({"text": texts, KEY: keys, "plain": plain})
    odd = frame.filter(~pl.col("plain"))["text"].unique()
    if odd.is_empty():
        return frame.select(KEY, pl.lit(None, pl.String).alias(PROBLEM))
    rows = [(text, *_slow(text, canonicalise, blank)) for text in odd.to_list()]
    looked_up = pl.DataFrame(rows, schema={"text": pl.String, "slow": pl.String, PROBLEM: pl.String}, orient="row")
    joined = frame.join(looked_up, on="text", how="left", maintain_order="left")
    own = pl.when("plain").then(pl.col(KEY)).otherwise(pl.col("slow")).alias(KEY)
    problem = pl.when("plain").then(pl.lit(None, pl.String)).otherwise(pl.col(PROBLEM)).alias(PROBLEM)
    return joined.select(own, problem)


def _slow(text: str, canonicalise: Callable[[str], str], blank: str) -> tuple[str | None, str | None]:
    if not text.strip():
        return None, f"has {blank}"
    try:
        return canonicalise(text), None
    except BadAddress as error:
        return None, f"has {blank} that can be used ({error.message.rpartition(': ')[2].rstrip('.')})"
