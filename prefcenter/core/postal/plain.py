"""The short way: nine lines of ten are a number and the words of a street, with nothing to look into."""

from __future__ import annotations

from functools import cache

import polars as pl

from prefcenter.core.postal.units import ALONE, NUMBERED

_PLAIN = "^[1-9][0-9]*(?: (?:[A-Z]+|[0-9]+(?:ST|ND|RD|TH)))+$"
_UNITS = f"{NUMBERED}|{ALONE}|LEVEL|LOWER|UPPER|LWR|UPR|UPSTAIRS|DOWNSTAIRS|FRONT|SUIT"
_BOXES = "P|PO|POB|BOX|BOXES|BX|CALLER|BIN|DRAWER|RR|R|RFD|RURAL|HC|PSC|CMR|STAR|GENERAL|KM|APARTADO|APDO|POSTALE?|CP|C"
_ROADS = "COUNTY|CO|CNTY|CTY"
_SPLIT = "(?:N|S|SO|NORTH|SOUTH) (?:E|W|EAST|WEST)"
_NAMES = "THE|MLK|M|ML|MARTIN|JFK|J|JF|FDR|F|FD|NO|NTH|O|MC|MAC|USA|STATES|A|B|D"
_PUERTO_RICO = (
    "URB|URBANIZACION|URBANIZATION|COND|CONDOMINIO|RES|RESIDENCIAL|BO|BARRIO|SECT|SECTOR|REPTO|REPARTO|PARC|PARCELAS"
)
_TENS = "TWENTY|TWENTIETH|THIRTY|THIRTIETH|FORT|FIFT|SIXT|SEVENT|EIGHT|NINET|HUNDRED"
_TURNED = "(?:NE|NW|SE|SW) [A-Z]+$"
_NOT_PLAIN = rf" (?:(?:{_UNITS}|{_BOXES}|{_ROADS}|{_SPLIT}|{_NAMES}|{_PUERTO_RICO})(?: |$)|{_TENS}|{_TURNED})"


@cache
def is_plain() -> pl.Expr:
    """Whether ``address1`` and ``address2``, cleaned, are a street line that has just its one reading.

    No rule of :mod:`.rewriting`, :mod:`.lines` or of what is held together in :mod:`.streets` says anything of such a
    line; to send it their way would change nothing and take four times as long.
    """
    line = pl.col("address1")
    return (pl.col("address2") == "") & ~pl.col("canadian") & line.str.contains(_PLAIN) & ~line.str.contains(_NOT_PLAIN)
