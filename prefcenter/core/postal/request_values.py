"""What a labelled value holds: "Address: 12 Oak St, Apt 4" or "City/State/Zip: Springfield, IL 62704"."""

from __future__ import annotations

import re

from prefcenter.core.postal.request_address import Span, find_addresses, masked, pieces, trimmed
from prefcenter.core.postal.request_labels import Labelled
from prefcenter.core.postal.request_tables import PROVINCES, STATE, UNIT

Parts = tuple[dict[str, Span], dict[str, float]]

_ZIP = re.compile(r"\d{5}(?:\s?[-–]\s?\d{4}|\d{4})?|[A-Za-z]\d[A-Za-z][ -]?\d[A-Za-z]\d")
_STATE = re.compile(rf"(?:{STATE}|{PROVINCES})\.?", re.IGNORECASE)
_CITY_STATE_ZIP = re.compile(
    rf"(?P<city>[^\d\n]{{0,60}}?)[\s,]{{0,4}}(?<![^\W\d_])(?P<state>(?:{STATE}|{PROVINCES})(?!\w))?\.?[\s,.–-]{{0,4}}"
    rf"(?P<zip>{_ZIP.pattern})?",
    re.IGNORECASE,
)


def labelled_parts(text: str, item: Labelled) -> Parts:
    """The address fields that one labelled value fills, with their places and how sure they are."""
    start, end = trimmed(text, *item.value, " \n\t,;")
    value = text[start:end]
    if item.key == "address":
        return _address(text, (start, end))
    if item.key == "city_state_zip":
        return _city_state_zip(text, (start, end))
    if item.key == "zip":
        match = _ZIP.match(value)
        whole = match is not None and not value[match.end() : match.end() + 1].isalnum()
        span = (start, start + match.end()) if match and whole else (start, end)
        return {"zip": span}, {"zip": 1.0 if whole else 0.4}
    if item.key == "state":
        start, end = trimmed(text, start, end, " .") if len(value) > 4 else (start, end)
        return {"state": (start, end)}, {"state": 1.0 if _STATE.fullmatch(text[start:end]) else 0.6}
    if item.key == "city" and re.search(r"\d", value):
        return _city_state_zip(text, (start, end))
    if item.key == "address2":
        return _unit(text, item, (start, end))
    return {item.key: (start, end)}, {item.key: 1.0 if len(value) <= 80 else 0.5}


def _unit(text: str, item: Labelled, span: Span) -> Parts:
    """Read a unit: "Apt: 4" is the unit "4"; its label says the rest, so it is kept with the value."""
    label = text[slice(*item.label)].rstrip(" :=\t–-").lower()
    if re.search(r"address|street", label) or UNIT.match(text, *span):
        return {"address2": span}, {"address2": 1.0}
    is_one_word = re.fullmatch(r"[a-z.]+", label) is not None
    return {"address2": span}, {"address2": 1.0 if is_one_word and len(text[slice(*span)]) <= 12 else 0.6}


def _city_state_zip(text: str, span: Span) -> Parts:
    match = _CITY_STATE_ZIP.fullmatch(text, *span)
    if match is None:
        return {"city": span}, {"city": 0.4}
    parts: dict[str, Span] = {}
    for key in ("city", "state", "zip"):
        found = trimmed(text, *match.span(key), " ,.") if key == "city" else match.span(key)
        if found[0] < found[1]:
            parts[key] = found
    return parts, dict.fromkeys(parts, 1.0)


def _address(text: str, span: Span) -> Parts:
    """The fields of an address value: read as free text, or else the label's word is taken for it."""
    found = find_addresses(masked(text[slice(*span)]))
    if found:
        keys = {"province": "state", "code": "zip"}
        shifted = {keys.get(key, key): (a + span[0], b + span[0]) for key, (a, b) in found[0].parts.items()}
        confidence = {key: found[0].confidence.get(key, 1.0) for key in shifted}
        behind = masked(text[max(end for _, end in shifted.values()) : span[1]])
        if re.search(r"\d", behind) or len(found) > 1:
            confidence["address1"] = min(confidence.get("address1", 1.0), 0.7)
        return shifted, confidence
    first, *rest = pieces(text, *span) or [span]
    numbered = re.match(r"\d{1,6}\w?[ ]", text[slice(*first)]) is not None
    parts = {"address1": first}
    confidence = {"address1": 1.0 if numbered and len(text[slice(*first)]) <= 60 else 0.6}
    if rest:
        parts["address2"] = (rest[0][0], rest[-1][1])
        confidence["address2"] = 1.0 if len(rest) == 1 and UNIT.fullmatch(text, *rest[0]) else 0.5
    return parts, confidence
