"""Where street lines and boxes begin in free text, and where the street itself ends."""

from __future__ import annotations

import re
from dataclasses import dataclass

from prefcenter.core.postal.request_tables import (
    BOX,
    CITY_OPENERS,
    COMMON_SUFFIXES,
    DIRECTIONS,
    LEADING_STREET_WORDS,
    NOT_IN_STREET,
    STRONG_SUFFIXES,
    SUFFIXES,
)

_HOUSE = re.compile(
    r"(?<![\w#./$@-])(?:\d{1,6}(?:[A-Za-z](?![\w])|-\d{1,5}[A-Za-z]?(?!\w))?(?: \d/\d)?"
    r"|(?i:one|two|three|four|five|six|seven|eight|nine|ten)|[NSEW]\d{1,5}[NSEW]\d{1,5})(?=[ ]{1,3}\w)"
)
_TOKEN = re.compile(r"[ ]{0,3}([\w'’/&-]{1,30}\.?)")
_SUFFIX_WORD = rf"(?:{'|'.join(sorted(COMMON_SUFFIXES, key=len, reverse=True))})(?![\w'’])"
_NAMED_LIKE_PROSE = re.compile(
    rf"[ ]{{1,3}}(?:\w+[ ]{{1,3}}(?i:{_SUFFIX_WORD})"
    rf"|[A-Z][\w'’-]*(?:[ ]{{1,3}}[A-Z][\w'’-]*){{1,2}}[ ]{{1,3}}(?=[A-Z])(?i:{_SUFFIX_WORD}))"
)
"""A street whose name is a word of prose: "1129 I Street", "12 Business Center Dr"."""
_NUMBERED = frozenset({"route", "rte", "hwy", "highway", "road", "rd"})


@dataclass(frozen=True, slots=True)
class Head:
    """Where a street line or box begins.

    Args:
        start: of the house number or box.
        suffix_end: behind the street's suffix and direction, or behind the box; None where no suffix was found.
        number_end: behind the house number; where a box begins, its start.
        is_box: a PO box, a rural route or a military box.
    """

    start: int
    suffix_end: int | None
    number_end: int = 0
    is_box: bool = False
    is_ambiguous: bool = False


def find_heads(text: str) -> list[Head]:
    """House numbers and boxes in order; a number that is followed by prose ("3 letters from …") is none."""
    boxes = [Head(match.start(), match.end(), is_box=True) for match in BOX.finditer(text)]
    heads = list(boxes)
    for match in _HOUSE.finditer(text):
        if any(box.start <= match.start() < (box.suffix_end or 0) for box in boxes[:50]):
            continue
        head = read_street(text, match.start(), match.end())
        is_spelt = match.group().isalpha()
        if head is not None and not (is_spelt and head.suffix_end is None):
            heads.append(head)
    return sorted(heads, key=lambda head: head.start)


def read_street(text: str, start: int, end: int) -> Head | None:
    """The street that a house number opens, or None where prose follows the number."""
    tokens: list[tuple[str, int]] = []
    position = end
    while len(tokens) < 8 and (match := _TOKEN.match(text, position)):
        word = match.group(1).rstrip(".").lower()
        word = "u.s" if match.group(1) == "US" else word
        if word in NOT_IN_STREET and tokens:
            break
        if word in NOT_IN_STREET and word not in ("the", "of") and not _NAMED_LIKE_PROSE.match(text, position):
            return None
        tokens.append((word, match.end()))
        position = match.end()
        if match.group(1).endswith(".") and word not in SUFFIXES and word not in DIRECTIONS and len(word) > 2:
            break
    if not tokens:
        return None
    index = _suffix_index(tokens)
    if index is None:
        return Head(start, None, end)
    if (
        tokens[index][0] in _NUMBERED
        and index + 1 < len(tokens)
        and tokens[index + 1][0].isdigit()
        and len(tokens[index + 1][0]) < 5
    ):
        index += 1
    follows = [word for word, _ in tokens[index + 1 :]]
    ambiguous = any(word in STRONG_SUFFIXES for word in follows) or bool(follows and not _is_sure_end(tokens[index][0]))
    if index + 1 < len(tokens) and tokens[index + 1][0] in DIRECTIONS:
        index += 1
        # "Main Street West Sacramento": the direction may be the city's.
        ambiguous = ambiguous or (index + 1 < len(tokens) and len(tokens[index][0]) > 2)
    return Head(start, tokens[index][1], end, is_ambiguous=ambiguous)


def _is_sure_end(word: str) -> bool:
    return word in STRONG_SUFFIXES or word.isdigit()


def _suffix_index(tokens: list[tuple[str, int]]) -> int | None:
    """Where the street ends: its first suffix behind its name, or the last of a run ("Court St", "Park Ave")."""
    words = [word for word, _ in tokens]
    first = 1 if words[0] in DIRECTIONS and len(words) > 2 else 0
    if words[first] in LEADING_STREET_WORDS:
        if words[first] in ("broadway", "bowery"):
            return first
        return min(first + 1, len(words) - 1)
    for index in range(first + 1, len(words)):
        if words[index] not in SUFFIXES:
            continue
        while (
            index + 1 < len(words)
            and words[index + 1] in COMMON_SUFFIXES
            and not (words[index + 1] in CITY_OPENERS and index + 2 < len(words) and words[index] in STRONG_SUFFIXES)
        ):
            index += 1
        weak_then_strong = next((i for i in range(index + 1, len(words)) if words[i] in STRONG_SUFFIXES), None)
        if (
            words[index] not in STRONG_SUFFIXES
            and weak_then_strong is not None
            and words[weak_then_strong] not in CITY_OPENERS
        ):
            return weak_then_strong
        return index
    return None
