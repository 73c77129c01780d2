"""Finding postal addresses in free text, each part with its place in the text.

An address is found from its ends: the state with ZIP ("tail") and the house number or box ("head"); what lies between
is split at the person's own commas and line ends, or else behind the street's suffix. Every pattern is bounded, and
the text is capped by the caller, so that hostile text costs no more than honest text.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass, field

from prefcenter.core.postal.request_streets import Head, find_heads, read_street
from prefcenter.core.postal.request_tables import (
    COUNTRY,
    DIRECTIONS,
    NOT_AN_ADDRESS,
    NOT_IN_STREET,
    PROVINCES,
    STATE,
    SUFFIXES,
    UNIT,
)

Span = tuple[int, int]
MAX_ADDRESSES = 20
_REACH = 220
"""Characters from a house number to its state; an address is shorter."""

_ZIP = r"\d{5}(?:\s?[-–]\s?\d{4}|\d{4})?(?![\d-])"
_POSTAL_CODE = r"[A-Za-z]\d[A-Za-z][ -]?\d[A-Za-z]\d(?!\w)"
_TAIL = re.compile(
    rf"(?<![\w'])(?:(?P<state>{STATE})(?!\w)\.?[\s,.–-]{{0,6}}(?:zip(?: code)?:?\s{{0,2}})?(?P<zip>{_ZIP})"
    rf"|(?P<province>{PROVINCES})(?!\w)\.?[\s,.]{{0,6}}(?P<code>{_POSTAL_CODE}))",
    re.IGNORECASE,
)
_BREAK = re.compile(r"[,\n;\t|]")
_SECOND_STREET = re.compile(r"\b(?:or|and)\b|&|(?<![\w#-])\d{1,6}[A-Za-z]?[ ]+[^\W\d]", re.IGNORECASE)
"""What makes a line two streets rather than one: "12 Oak St or 14 Oak St"."""
_STATE_ONLY = re.compile(rf"(?P<city>(?:[^\W\d][\w.'’-]*[ ]+){{0,4}}?)(?P<state>{STATE})\.?", re.IGNORECASE)
_SENTENCE_END = re.compile(r"(?<=[^\W\d]{2})[.!?] (?=[A-ZÀ-Þ])")
_ZIP_ONLY = re.compile(rf"(?P<city>(?:[^\W\d][\w.'’-]*[ ]+){{0,4}}?)(?P<zip>{_ZIP})")


@dataclass(frozen=True, slots=True)
class FoundAddress:
    """An address with the place of each part, and how sure its reading is (0…1)."""

    start: int
    end: int
    parts: dict[str, Span]
    confidence: dict[str, float] = field(default_factory=dict)


def masked(text: str) -> str:
    """The text with telephone numbers, dates, customer numbers, mail and web addresses blotted out, same length."""
    return NOT_AN_ADDRESS.sub(lambda match: "\x01" * len(match.group()), text)


def find_addresses(text: str) -> tuple[FoundAddress, ...]:
    """All addresses in the text (masked), in order. Complete ones first, then what lacks a state or a ZIP."""
    heads = find_heads(text)
    found: list[FoundAddress] = []
    lower = 0
    starts = [head.start for head in heads]
    for tail in _TAIL.finditer(text):
        if len(found) >= MAX_ADDRESSES or tail.start() < lower:
            continue
        first = bisect_left(starts, max(lower, tail.start() - _REACH))
        head = _head_for(text, heads[first : bisect_left(starts, tail.start())], tail.start())
        if head is not None:
            found.append(_between(text, head, tail))
            lower = found[-1].end
    for head in heads:
        if head.suffix_end is None or len(found) >= MAX_ADDRESSES:
            continue
        if not any(other.start <= head.start < other.end for other in found):
            found.append(
                _without_tail(text, head, min((o.start for o in found if o.start > head.start), default=len(text)))
            )
    return tuple(sorted(found, key=lambda address: address.start))


def _head_for(text: str, heads: list[Head], tail: int) -> Head | None:
    """The head that belongs to a tail: the last sure one before it, and in one piece the first."""
    strong = [head for head in heads if head.suffix_end is not None and head.suffix_end <= tail + 1]
    if not strong:
        weak = [
            head for head in heads if _is_piece_start(text, head.start) and _pieces_between(text, head.start, tail) <= 3
        ]
        return weak[-1] if weak else None
    chosen = strong[-1]
    for head in reversed(strong[:-1]):
        breaks = _BREAK.findall(text, head.start, chosen.start)
        joined_box = chosen.is_box and not head.is_box and len(breaks) == 1
        if breaks and not joined_box:
            break
        chosen = head
    if _pieces_between(text, chosen.start, tail) > 5:
        return None
    return chosen


def _is_piece_start(text: str, position: int) -> bool:
    before = text[max(0, position - 12) : position].rstrip(" ")
    return not before or before[-1] in ",\n;\t|:" or before.lower().endswith((" at", " is"))


def _pieces_between(text: str, start: int, end: int) -> int:
    return len([piece for piece in _BREAK.split(text[start:end]) if piece.strip(" .")])


def pieces(text: str, start: int, end: int) -> list[Span]:
    """The non-empty stretches between commas and line ends, without surrounding blanks."""
    found: list[Span] = []
    position = start
    for match in _BREAK.finditer(text, start, end):
        found.append(trimmed(text, position, match.start()))
        position = match.end()
    found.append(trimmed(text, position, end))
    return [span for span in found if span[0] < span[1]]


def trimmed(text: str, start: int, end: int, drop: str = " \n\t") -> Span:
    """The span without the dropped characters at its ends."""
    while start < end and text[start] in drop:
        start += 1
    while end > start and text[end - 1] in drop:
        end -= 1
    return start, end


def _between(text: str, head: Head, tail: re.Match[str]) -> FoundAddress:
    """The address from its head to its tail."""
    state, code = ("state", "zip") if tail["zip"] else ("province", "code")
    parts: dict[str, Span] = {"state": tail.span(state), "zip": tail.span(code)}
    confidence = {"state": 1.0, "zip": 1.0}
    spans = pieces(text, head.start, tail.start())
    if len(spans) == 1:
        _split_joined(text, head, spans[0], parts, confidence)
    elif spans:
        _split_pieces(text, head, spans, parts, confidence)
    end = tail.end()
    country = COUNTRY.match(text, end)
    if country and not (country.group(1).islower() and country.group(1) == "us"):
        parts["country"], confidence["country"] = country.span(1), 1.0
        end = country.end()
    return FoundAddress(head.start, end, parts, confidence)


def _split_joined(text: str, head: Head, span: Span, parts: dict[str, Span], confidence: dict[str, float]) -> None:
    """Street and city without a separator: the street ends behind its suffix and unit."""
    if not head.is_box:
        # Read once more without the state, whose code may look like a suffix ("CT").
        head = read_street(text[: span[1]], head.start, head.number_end) or head
    if head.suffix_end is None or head.suffix_end > span[1]:
        parts["address1"] = span
        confidence["address1"] = 0.5
        return
    end = head.suffix_end
    unit = UNIT.match(text, end + len(text[end : span[1]]) - len(text[end : span[1]].lstrip(" .")), span[1])
    if unit:
        end = unit.end()
    sure = 0.8 if head.is_ambiguous else 1.0
    parts["address1"] = trimmed(text, head.start, end)
    confidence["address1"] = sure
    city = trimmed(text, end, span[1], " .-")
    if city[0] < city[1]:
        parts["city"], confidence["city"] = city, min(sure, _city_confidence(text, city))


def _split_pieces(
    text: str, head: Head, spans: list[Span], parts: dict[str, Span], confidence: dict[str, float]
) -> None:
    """Street, perhaps lines between, city: as the person's commas and line ends have it."""
    street, *between, city = spans
    parts["address1"] = street
    confidence["address1"] = _street_confidence(text, head, street)
    unit = UNIT.match(text, *city)
    if (
        unit
        and (unit.end() < city[1] and text[unit.end()] in " .,")
        and any(c.isdigit() or c == "#" for c in unit.group())
    ):
        between.append((city[0], unit.end()))
        city = trimmed(text, unit.end(), city[1], " .-")
    elif unit and unit.end() == city[1]:
        between.append(city)
        city = (city[1], city[1])
    if between:
        parts["address2"] = (between[0][0], between[-1][1])
        confidence["address2"] = 1.0 if all(_is_unit(text, span) for span in between) else 0.7
    city = trimmed(text, *city, " .-")
    if city[0] < city[1]:
        parts["city"], confidence["city"] = city, _city_confidence(text, city)


def _street_confidence(text: str, head: Head, street: Span) -> float:
    """Sure unless words follow the suffix that are no unit: they may be the city's beginning.

    A street without any suffix ("3072 The Alameda") is sure where it stands alone between separators and is short.
    """
    if head.suffix_end is None:
        return 1.0 if len(text[slice(*street)].split()) <= 4 else 0.9
    rest = trimmed(text, min(head.suffix_end, street[1]), street[1], " .")
    last = text[slice(*street)].rstrip(".").split()[-1].lower()
    ends_well = (last in SUFFIXES or last in DIRECTIONS) and not _SECOND_STREET.search(text, *rest)
    return 1.0 if rest[0] == rest[1] or ends_well or _is_unit(text, rest) else 0.9


def _is_unit(text: str, span: Span) -> bool:
    position = span[0]
    while position < span[1]:
        match = UNIT.match(text, position, span[1])
        if match is None or match.end() == position:
            return False
        position = trimmed(text, match.end(), span[1], " ,.")[0]
    return True


def _city_confidence(text: str, span: Span) -> float:
    words = text[span[0] : span[1]].split()
    plain = len(words) <= 4 and all(
        re.fullmatch(r"[^\W\d_][^\W\d_.'’-]*(?:[.'’-][^\W\d_]*)*\.?", word) for word in words
    )
    return 1.0 if plain and not any(word.lower() in NOT_IN_STREET for word in words) else 0.5


def _without_tail(text: str, head: Head, limit: int) -> FoundAddress:
    """An address that has no state with ZIP behind it: the street, and what of the rest stands right after it."""
    stop = text.find("\n\n", head.start)
    limit = min(limit, head.start + _REACH, stop if stop >= 0 else len(text))
    street, *rest = pieces(text, head.start, limit) or [(head.start, head.suffix_end or head.start)]
    end = head.suffix_end or street[1]
    unit = UNIT.match(text, trimmed(text, end, street[1], " .")[0], street[1])
    end = unit.end() if unit else end
    parts: dict[str, Span] = {"address1": trimmed(text, head.start, end)}
    confidence = {"address1": 0.9 if head.is_ambiguous else 1.0}
    behind = trimmed(text, end, street[1], " .")
    if behind[0] < behind[1]:
        rest = [behind, *rest]
    for span in rest[:3]:
        if _is_unit(text, span) and "address2" not in parts and "city" not in parts:
            parts["address2"], confidence["address2"] = span, 1.0
        elif not _city_line(text, span, parts, confidence, follows_break=span != behind):
            break
    return FoundAddress(head.start, max(span[1] for span in parts.values()), parts, confidence)


def _city_line(
    text: str, span: Span, parts: dict[str, Span], confidence: dict[str, float], *, follows_break: bool
) -> bool:
    """Read "Springfield 62704", "Springfield IL", "Springfield" or "IL"; whether it was one of them."""
    piece = _SENTENCE_END.split(text[span[0] : span[1]], maxsplit=1)[0].rstrip(". ")
    match = _ZIP_ONLY.fullmatch(piece) or _STATE_ONLY.fullmatch(piece)
    if match is not None:
        code = match.groupdict().get("state", "")
        if code and len(code) == 2 and not code.isupper():
            match = None
    if match is None:
        plain = (
            piece[:1].isupper()
            and len(piece.split()) <= 3
            and _city_confidence(text, (span[0], span[0] + len(piece))) == 1.0
        )
        if not plain or "city" in parts:
            return False
        parts["city"], confidence["city"] = (span[0], span[0] + len(piece)), 0.8
        return True
    for name in match.groupdict():
        start, end = match.span(name)
        start, end = trimmed(text, span[0] + start, span[0] + end, " .,")
        if start < end and name not in parts:
            parts[name], confidence[name] = (start, end), 1.0 if follows_break else 0.8
            if name != "city" and "city" in parts:
                confidence["city"] = 1.0
    return True
