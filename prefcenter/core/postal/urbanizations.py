"""Puerto Rico's urbanizations: the part of a town within which its streets and numbers are alone of their kind (P6).

One ZIP Code has several streets of a name, each in an urbanization of its own, so "150 CALLE A" is several houses.
A house abroad or on the mainland has none.

Source: USPS Publication 28, §29.
"""

from __future__ import annotations

import re
from functools import cache

import polars as pl

from prefcenter.core.postal.text import amend, expressed

_SHORT: dict[str, str] = {
    "ALTURAS": "ALT", "ALTURA": "ALT", "BRISA": "BRISAS", "ESTANCIA": "EST", "ESTANCIAS": "EST", "ESTS": "EST",
    "EXTENSION": "EXT", "HACIENDA": "HAC", "HACIENDAS": "HAC", "JARDIN": "JARD", "JARDINES": "JARD", "JDNS": "JARD",
    "JDS": "JARD", "MANSION": "MANS", "MANSIONES": "MANS", "PARCELA": "PARC", "PARCELAS": "PARC", "PRADERA": "PRADERAS",
    "QUINTA": "QTAS", "QUINTAS": "QTAS", "REPARTO": "REPTO", "REPARTOS": "REPTO", "RPTO": "REPTO", "SANTA": "STA",
    "SECCION": "SECC", "VILLAS": "VILLA", "COLINA": "COLINAS", "LOMA": "LOMAS", "VISTAS": "VISTA", "VALLES": "VALLE",
}  # fmt: skip
"""Words of an urbanization's name with one short form."""

_NAMED = r"(?:URBANI[ZS]A(?:CION|TION)|URB)"
_KINDS = re.compile(
    r"(?:urbani[zs]a(?:ci[oó]n|tion)|urb|cond(?:ominio)?|res(?:idencial)?|bo|barrio|sect(?:or)?)\b", re.IGNORECASE
)
_THERE = re.compile(r"\s*P\.? ?R\.?\s*|\s*PUERTO RICO\s*", re.IGNORECASE)
_ZIP_THERE = re.compile(r"\s*(?:00)?[679][0-9]{2}(?:-[0-9]{4}|\.0)?\s*")
_NO_NAME = re.compile(r"[^A-Za-z]*|n/?a|n[io]ne?|null|-+", re.IGNORECASE)
_ARTICLES = ("DE", "DEL", "EL", "LA", "LAS", "LOS", "")
# What stands before barrios, sectors and condominiums names something larger or smaller, which the same house may have
# besides its urbanization; so these do not tell houses apart.
_BEGINS = "|".join(
    sorted({*_SHORT, *_SHORT.values(), "CIUDAD", "BOSQUE", "PORTALES", "TERRAZAS", "PARQUE", "LEVITTOWN"} - {"SECC"})
)
_EXPLICIT = rf"(?:^|; ){_NAMED} ([^;]+)"
_BARE = rf"(?:^|; )((?:{_BEGINS}) [^;0-9#]+)(?: ;|$)"
_BEHIND = (
    r" (?:#|(?:APT|APTO|APARTAMENTO|APARTMENT|EDIF|EDIFICIO|UNIT|PISO|STE|SUITE|P ?O|BOX|APARTADO|COND|CONDOMINIO|BO|"
    r"BARRIO)\b).*$"
)
"""A unit, a box or something else that may stand behind its name."""


def in_puerto_rico(zip_code: str, state: str) -> pl.Expr:
    """Whether a row lies in Puerto Rico, by its columns of ZIP and state."""
    return (pl.col(state) == "PR") | pl.col(zip_code).str.contains("^00[679]")


def beside_the_street(line2: str, urbanization: str, state: str, zip_code: str) -> str:
    """The second line of an address with the urbanization that stood in a column of its own; only in Puerto Rico.

    What a column of this name holds elsewhere is something else.

    >>> beside_the_street("Apt 3", "Las Gladiolas", "PR", "00926")
    'Apt 3, URB Las Gladiolas'
    >>> beside_the_street("Apt 3", "urban", "VT", "05401")
    'Apt 3'
    """
    name = urbanization.strip()
    there = _THERE.fullmatch(state) or (not state.strip() and _ZIP_THERE.fullmatch(zip_code))
    if not there or _NO_NAME.fullmatch(name):
        return line2
    told = name if _KINDS.match(name) else f"URB {name}"
    return f"{line2}, {told}" if line2.strip() else told


def urbanizations(beside: pl.Series) -> pl.Series:
    """The one form of the urbanization among what stands beside the street in Puerto Rico; empty where there is none.

    Articles and plurals are left out, which people mix up.

    >>> urbanizations(pl.Series(["URB LAS GLADIOLAS", "APT 3 ; JARDINES DE CAPARRA", "APT 3"])).to_list()
    ['GLADIOLA', 'JARD CAPARRA', '']
    """
    found = expressed(beside, _written())
    return amend(found, found != "", lambda names: expressed(names, _form()))


@cache
def _written() -> pl.Expr:
    return pl.coalesce(pl.col("text").str.extract(_EXPLICIT), pl.col("text").str.extract(_BARE), pl.lit(""))


@cache
def _form() -> pl.Expr:
    name = pl.col("text").str.replace(_BEHIND, "").str.strip_chars(" #-")
    words = name.str.split(" ").list.eval(pl.element().filter(~pl.element().is_in(_ARTICLES)).replace(_SHORT))
    return words.list.eval(pl.element().str.replace("^(.{3,})S$", "$1")).list.join(" ")


STREET_FIRST: tuple[tuple[str, str], ...] = (
    (rf"^((?:CALLE|CLL|AVE|AVENIDA) [^;]*?) (?:; )?(?:# ?)?([A-Z]?[0-9]+[A-Z]?) (?:; )?({_NAMED} )", "$2 $1 ; $3"),
    (r"^((?:CALLE|CLL|AVE|AVENIDA) [^;#]*?) # ?([A-Z]?[0-9]+[A-Z]?)$", "$2 $1"),
    (rf"^((?:{_BEGINS}) [^;0-9]*?) ([A-Z]{{0,2}}[0-9]+[A-Z]?(?:-[0-9]+)? (?:CALLE|CLL|AVE|AVENIDA|PASEO|CAMINO) )",
     "$1 ; $2"),
    (rf"^([A-Z]{{0,2}}[0-9]+[A-Z]?(?:-[0-9]+)? (?:CALLE|CLL) (?:[0-9]+[A-Z]?|[A-Z]) )((?:{_BEGINS}) \S)",
     "$1; $2"),
    (r"(^|; )(?:BLQ|BLOQUE|BLK) ?([0-9]+) (?:; )?(?:# |NUM |NO )?([0-9]+[A-Z]?) (CALLE|CLL) ", "$1$2-$3 $4 "),
    (r"(^|; )(?:BLQ|BLOQUE|BLK) ?([A-Z]{1,2}) (?:; )?(?:# |NUM |NO )?([0-9]+[A-Z]?) (CALLE|CLL) ", "$1$2$3 $4 "),
)  # fmt: skip
"""Lines of Puerto Rico with the urbanization or the block in another order, and the order in which they are read."""
