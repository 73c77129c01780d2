"""Finding whose mail shall stop: the name, company and care-of that stand with an address, or elsewhere in the mail."""

from __future__ import annotations

import re
from dataclasses import dataclass

from prefcenter.core.postal.request_address import Span, trimmed
from prefcenter.core.postal.request_tables import (
    COMPANY_WORDS,
    CONNECTORS,
    FOREIGN,
    HONORIFICS,
    NAME_PARTICLES,
    NAME_SUFFIXES,
    NOT_NAME,
    OCCUPANT_NAME,
    SIGN_OFF,
    SURNAMES_TOO,
    TITLES,
    UNIT,
    URBANIZATION,
)

_WORD = re.compile(r"[^\W\d_](?:[\w'’.-]{0,40})")
_JOIN = re.compile(r"\s+(?:and|&|\+|y|und|et)\s+", re.IGNORECASE)
_CARE_OF = re.compile(r"(?:c\s?/\s?o|care of|in care of|attn:?|attention:?)[:\s]{1,3}", re.IGNORECASE)
_IN_BRACKETS = re.compile(r"[ \t]{0,3}[,.–-]?\s{0,3}\(([^()\n]{3,60})\)")


@dataclass(frozen=True, slots=True)
class Addressee:
    """Who stands with an address: spans in the text, several names where several people share it.

    ``beside`` is a unit or an urbanization on a line over the street, which is a part of the address.
    """

    names: tuple[Span, ...] = ()
    company: Span | None = None
    care_of: Span | None = None
    confidence: float = 1.0
    beside: Span | None = None


def name_confidence(piece: str) -> float:
    """How surely a piece of text is one person's or one couple's name: 0 is not at all.

    >>> name_confidence("Jane Q. Doe"), name_confidence("Please remove me"), name_confidence("Jane")
    (1.0, 0.0, 0.5)
    """
    words = piece.replace("&", " & ").replace(",", " , ").split()
    if not 1 <= len(words) <= 9 or any(char.isdigit() or char in ":@/\x01?!" for char in piece):
        return 0.0
    if OCCUPANT_NAME.fullmatch(piece.strip()):
        return 1.0
    if FOREIGN.fullmatch(piece.strip()) or is_title(piece):
        return 0.0
    full = 0
    may_be_person = _may_be_either(piece)
    for word in words:
        bare = word.strip(".,'’").lower()
        if (
            bare in ("&", "+", "", "and", "und", "et", "family", "estate")
            or bare in HONORIFICS | NAME_SUFFIXES | NAME_PARTICLES
        ):
            continue
        if len(bare) == 1 and word[0].isupper() and len(words) > 1:
            continue
        if bare in NOT_NAME and not (bare == "the" and words[-1].lower() in ("family", "household")):
            return 0.0
        if (bare in COMPANY_WORDS and not may_be_person) or not _WORD.fullmatch(word):
            return 0.0
        full += 1
    counted = [word for word in words if word.lower() not in NAME_PARTICLES | {"and", "&", "family"}]
    lower = sum(word.islower() for word in counted)
    if full == 0:
        return 0.0
    if lower and not (lower == len(counted) and 2 <= len(words) <= 4):
        return 0.0
    if full == 1 and words[-1].lower() != "family":
        return 0.5
    return 1.0 if full <= 6 and not may_be_person else 0.6


def _may_be_either(piece: str) -> bool:
    """Two words of which the last is a firm's word and a surname."""
    words = piece.lower().split()
    return len(words) == 2 and words[1] in SURNAMES_TOO and words[0] not in COMPANY_WORDS | {"the"}


def is_title(piece: str) -> bool:
    """Whether a piece of text is a job title such as "VP Sales"."""
    words = piece.lower().split()
    return 0 < len(words) <= 5 and words[0] not in HONORIFICS and any(word.strip(".,") in TITLES for word in words)


def is_company(piece: str) -> bool:
    """Whether a piece of text is a firm's or an institution's name."""
    words = [word.strip(".,").lower() for word in piece.split()]
    if _may_be_either(piece):
        return False
    return (
        0 < len(words) <= 8
        and any(word in COMPANY_WORDS for word in words)
        and not any(
            word
            in NOT_NAME
            - {"the", "of", "and", "for", "in", "post", "mail", "home", "city", "state", "paper", "best", "secure"}
            for word in words
        )
    )


def split_couple(name: str) -> tuple[tuple[str, ...], float]:
    """The people in a name as written, one string each, and how sure that is.

    >>> split_couple("John and Jane Doe")
    (('John Doe', 'Jane Doe'), 1.0)
    """
    people = [part.strip(" ,") for part in _JOIN.split(name) if part.strip(" ,")]
    if len(people) < 2:
        return (name,), 1.0
    last = people[-1].split()
    if all(word.strip(".").lower() in HONORIFICS for word in people[0].split()):
        # "Mr. and Mrs. John Doe": the second given name is not in the mail.
        return (name,), 0.7
    if len(last) < 2:
        return tuple(people), 0.6
    surname = last[-2:] if last[-1].strip(".").lower() in NAME_SUFFIXES and len(last) > 2 else last[-1:]
    full = [f"{person} {surname[0]}" if _lacks_surname(person) else person for person in people[:-1]]
    return (*full, people[-1]), 1.0


def _lacks_surname(person: str) -> bool:
    words = [word for word in person.split() if word.strip(".").lower() not in HONORIFICS]
    return len([word for word in words if len(word.strip(".")) > 1]) < 2


def addressee(text: str, lower: int, start: int) -> Addressee:
    """Who is named right before an address that begins at ``start``: on its line, or on the lines above.

    Args:
        text: the mail's text.
        lower: where the address before it ends; nothing before is looked at.
        start: where the address begins.
    """
    line_start = max(lower, text.rfind("\n", lower, start) + 1)
    end = _without_connectors(text, line_start, start)
    if end > line_start and text[line_start:end].strip(" ,.-"):
        return _on_the_line(text, line_start, end)
    return _on_lines_above(text, lower, line_start)


def addressee_behind(text: str, end: int) -> Addressee:
    """Who is named in brackets right behind an address: perhaps its addressee, perhaps whoever lives there as well."""
    match = _IN_BRACKETS.match(text, end)
    if match is None or name_confidence(match.group(1)) < 1.0:
        return Addressee()
    return Addressee((match.span(1),), confidence=0.8)


def _without_connectors(text: str, start: int, end: int) -> int:
    """The end of the text before connecting words such as "at" or "and I live at"."""
    while True:
        _, end = trimmed(text, start, end, " ,;:–(-\t\n")
        word = re.search(r"[^\W\d_]+$", text[max(start, end - 20) : end])
        if word is None or word.group().lower() not in CONNECTORS:
            return end
        end -= len(word.group())


def _on_the_line(text: str, start: int, end: int) -> Addressee:
    """Names before the address on its own line, nearest first: whole pieces, else a name in prose."""
    names: list[Span] = []
    company = care_of = None
    sure = 1.0
    for piece in reversed(_line_pieces(text, start, end)[-5:]):
        value = text[slice(*piece)]
        mark = _CARE_OF.match(value)
        if mark and care_of is None:
            care_of = (piece[0] + mark.end(), piece[1])
        elif is_company(value) and company is None:
            company = piece
        elif is_title(value):
            continue
        elif confidence := name_confidence(value):
            if confidence < 1 and names:
                sure = 0.6 if not SIGN_OFF.fullmatch(value) else sure
                break
            names.append(piece)
            sure = min(sure, confidence)
        else:
            prose = _name_in_prose(text, piece) if not names else None
            if prose is not None:
                names.append(prose)
            break
    return Addressee(tuple(reversed(names)), company, care_of, sure if names else 1.0)


def _line_pieces(text: str, start: int, end: int) -> list[Span]:
    found: list[Span] = []
    position = start
    for match in re.finditer(r"[,;:\t|(]|\s[–-]\s|(?<=[a-z]{3})[.!?]\s", text[start:end]):
        found.append(trimmed(text, position, start + match.start()))
        position = start + match.end()
    found.append(trimmed(text, position, end))
    return [span for span in found if span[0] < span[1]]


def _name_in_prose(text: str, span: Span) -> Span | None:
    """The name that ends a stretch of prose: "Please stop mailing Jane Doe"."""
    words = [(span[0] + match.start(), span[0] + match.end()) for match in re.finditer(r"\S+", text[slice(*span)])][
        -12:
    ]
    index = len(words)
    while index > 0:
        word = text[slice(*words[index - 1])].strip(".,'’()")
        bare = word.lower()
        joins = bare in ("and", "&", "y", "und", "et") and 0 < index < len(words)
        if not (joins or (bare not in NOT_NAME and (word[:1].isupper() or bare in NAME_PARTICLES))):
            break
        index -= 1
    while index < len(words) and text[slice(*words[index])].lower() in NAME_PARTICLES | {"and", "&", "und", "et"}:
        index += 1
    if index >= len(words):
        return None
    found = (words[index][0], words[-1][1])
    if OCCUPANT_NAME.fullmatch(text[slice(*found)]):
        return None
    return found if name_confidence(text[slice(*found)]) == 1.0 else None


def _on_lines_above(text: str, lower: int, line_start: int) -> Addressee:
    """Name, company and care-of lines over an address; one empty line may stand between."""
    names: list[Span] = []
    company = care_of = beside = None
    sure = 1.0
    for count, span in enumerate(_lines_above(text, lower, line_start)):
        line = text[slice(*span)]
        if not line:
            if names or count > 0:
                break
            continue
        mark = _CARE_OF.match(line)
        if mark and care_of is None:
            care_of = (span[0] + mark.end(), span[1])
        elif count == 0 and (UNIT.fullmatch(line) or URBANIZATION.fullmatch(line)):
            beside = span
        elif is_company(line) and company is None:
            company = span
        elif is_title(line) and not names:
            continue
        elif (confidence := name_confidence(line)) and not (SIGN_OFF.fullmatch(line) and confidence < 1):
            names.append(span)
            sure = min(sure, confidence if len(names) == 1 else _second_name_confidence(text, names))
        else:
            break
    return Addressee(tuple(reversed(names)), company, care_of, sure, beside)


def _second_name_confidence(text: str, names: list[Span]) -> float:
    """Two name lines are two people of one surname, or else perhaps a person and a firm."""
    surnames = {text[slice(*span)].split()[-1].lower() for span in names}
    return 1.0 if len(surnames) == 1 else 0.7


def _lines_above(text: str, lower: int, line_start: int) -> list[Span]:
    found: list[Span] = []
    end = line_start - 1
    while len(found) < 6 and end > lower:
        start = max(lower, text.rfind("\n", lower, end) + 1)
        found.append(trimmed(text, start, end, " ,\t"))
        end = start - 1
    return found
