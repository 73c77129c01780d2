"""Labelled requests: "Name: …", "Zip code: …", in any order, on lines of their own or in one line."""

from __future__ import annotations

import re
from dataclasses import dataclass

from prefcenter.core.postal.request_address import Span, trimmed
from prefcenter.core.postal.request_tables import LABELS


@dataclass(frozen=True, slots=True)
class Labelled:
    """One labelled value: which field it is, where the label stands, where its value."""

    key: str
    label: Span
    value: Span


_PATTERN = re.compile(
    r"(?<![\w/])(?:(?:my|your|our|the|full|complete|old|new|previous|current|home)[ ]){0,2}(?:"
    + "|".join(f"(?P<{key}>{labels})" for key, labels in reversed(LABELS.items()))
    + r")(?:[ ]?\([^()\n]{0,40}\))?[ ]{0,3}(?:[:=]|\t|(?<=\w)[ ][–-](?=[ ]))",
    re.IGNORECASE,
)


def find_labelled(text: str) -> tuple[Labelled, ...]:
    """The labelled values in order. A label with nothing behind it takes the lines below, up to an empty one."""
    matches = [match for match in _PATTERN.finditer(text) if _stands_first(text, match)]
    found: list[Labelled] = []
    for index, match in enumerate(matches[:200]):
        limit = matches[index + 1].start() if index + 1 < len(matches) else len(text)
        key = match.lastgroup or ""
        value = _value(text, match.end(), limit, takes_lines=key == "address")
        found.append(Labelled(key, (match.start(), match.end()), value))
    return tuple(found)


def _stands_first(text: str, match: re.Match[str]) -> bool:
    """A label begins a line or follows a separator; a dash or tab makes a label only at a line's beginning."""
    before = text[max(0, match.start() - 4) : match.start()].rstrip(" *•-")
    at_line_start = not before or before[-1] == "\n"
    if match.group()[-1] in ":=":
        return True
    return at_line_start


def _value(text: str, start: int, limit: int, *, takes_lines: bool) -> Span:
    line_end = text.find("\n", start, limit)
    first = trimmed(text, start, limit if line_end < 0 else line_end, " \t,;|")
    if line_end < 0 or (first[0] < first[1] and not takes_lines):
        return first
    end = line_end
    while end < limit:
        next_end = text.find("\n", end + 1, limit)
        next_end = limit if next_end < 0 else next_end
        if not text[end + 1 : next_end].strip() and text[start:end].strip():
            break
        end = next_end
        if text[start:end].strip() and not takes_lines:
            break
    return trimmed(text, start, end, " \n\t,;|")


def records(labelled: tuple[Labelled, ...]) -> list[dict[str, Labelled]]:
    """The labelled values by record: a key that comes again opens the next record."""
    found: list[dict[str, Labelled]] = []
    for item in labelled:
        if item.value[0] >= item.value[1]:
            continue
        if not found or item.key in found[-1]:
            found.append({})
        found[-1][item.key] = item
    return found
