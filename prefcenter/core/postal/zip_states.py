"""Which state a ZIP Code lies in, told by its first three figures.

A prefix is a mail processing area, and nearly every one lies in one state; a few serve a neighbour's places too, and
for those all of them are named. Here and there a ZIP of a border town is served from beyond the border, so that this
tells a file whose columns have shifted, not a single wrong address.

Source: USPS Domestic Mail Manual, labelling list L002 (3-digit ZIP Code prefix matrix).
"""

from __future__ import annotations

from functools import cache

import polars as pl

_RANGES: dict[str, str] = {
    "AA": "340",
    "AE": "090-099",
    "AK": "995-999",
    "AL": "350-352 354-369",
    "AP": "962-966",
    "AR": "716-729",
    "AS": "967",
    "AZ": "850-853 855-857 859-860 863-865",
    "CA": "900-908 910-928 930-961",
    "CO": "800-816",
    "CT": "060-069",
    "DC": "200 202-205 569",
    "DE": "197-199",
    "FL": "320-339 341-342 344 346-347 349",
    "FM": "969",
    "GA": "300-319 398-399",
    "GU": "969",
    "HI": "967-968",
    "IA": "500-516 520-528",
    "ID": "832-838",
    "IL": "600-620 622-629",
    "IN": "460-479",
    "KS": "660-662 664-679",
    "KY": "400-418 420-427",
    "LA": "700-701 703-708 710-714",
    "MA": "010-027 055",
    "MD": "206-212 214-219",
    "ME": "039-049",
    "MH": "969",
    "MI": "480-499",
    "MN": "550-551 553-567",
    "MO": "630-631 633-641 644-658",
    "MP": "969",
    "MS": "386-397",
    "MT": "590-599",
    "NC": "270-289",
    "ND": "580-588",
    "NE": "680-681 683-693",
    "NH": "030-038",
    "NJ": "070-089",
    "NM": "870-871 873-875 877-884",
    "NV": "889-891 893-895 897-898",
    "NY": "005 063 100-149",
    "OH": "430-459",
    "OK": "730-731 734-741 743-749",
    "OR": "970-979",
    "PA": "150-196",
    "PR": "006-007 009",
    "PW": "969",
    "RI": "028-029",
    "SC": "290-299",
    "SD": "570-577",
    "TN": "370-385",
    "TX": "733 750-770 772-799 885",
    "UT": "840-847",
    "VA": "201 220-246",
    "VI": "008",
    "VT": "050-054 056-059",
    "WA": "980-986 988-994",
    "WI": "530-532 534-535 537-549",
    "WV": "247-268",
    "WY": "820-831 834",
}
"""For each state the prefixes of its ZIPs; Idaho's 834 also serves a few places in Wyoming, Connecticut's 063 one in
New York, and 967 and 969 the territories of the Pacific."""


@cache
def states_by_prefix() -> dict[str, frozenset[str]]:
    """For each prefix in use, the states that its ZIPs lie in.

    >>> sorted(states_by_prefix()["627"]), sorted(states_by_prefix()["834"]), "213" in states_by_prefix()
    (['IL'], ['ID', 'WY'], False)
    """
    found: dict[str, set[str]] = {}
    for state, ranges in _RANGES.items():
        for one in ranges.split():
            first, _, last = one.partition("-")
            for number in range(int(first), int(last or first) + 1):
                found.setdefault(f"{number:03}", set()).add(state)
    return {prefix: frozenset(states) for prefix, states in found.items()}


@cache
def zip_state_pairs() -> pl.DataFrame:
    """Every prefix with each state that it serves: ``zip3``, ``state``."""
    pairs = [(prefix, state) for prefix, states in sorted(states_by_prefix().items()) for state in sorted(states)]
    return pl.DataFrame(pairs, schema={"zip3": pl.String, "state": pl.String}, orient="row")
