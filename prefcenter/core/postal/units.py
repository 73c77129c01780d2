"""Reading a secondary unit ("Apt. 4-B, 2nd floor") into a designator and an identifier."""

from __future__ import annotations

import re
from functools import lru_cache

from prefcenter.core.postal.tables import UNIT_FORMS, UNITS, UNITS_ALONE, UNITS_WIDE

NUMBERED = (
    "APT|APTS|APARTMENT|APPT|APMT|APTO|APP|BUREAU|SP|UNIT|UNITS|STE|SUITE|SUITES|RM|ROOM|BLDG|BLG|BUILDING|TRLR|TRAILER|PMB|PH|"
    "PENTHOUSE|FL|FLR|FLOOR|DEPT|DEPARTMENT|LOT|SPC|SPACE|BOX|BSMT|BASEMENT|REAR|SLIP|HNGR|HANGAR|STOP|LOWR|UPPR|FRNT"
)
ALONE = "BSMT|BASEMENT|PH|PENTHOUSE|REAR|FRNT|LOWR|UPPR|LBBY|OFC|LOWER LEVEL"

UNIT_HINT = rf" (?:#|(?:{NUMBERED}|{ALONE}|LEVEL)(?:[0-9 ]|$))"
"""What a street line holds if a unit may stand in it: a cheap test before the dear one."""

UNIT_TAIL = (
    rf"^(\S+ \S.*?) ((?:(?:(?:{NUMBERED})(?: (?:#|NO|NUMBER))* ?|# (?:(?:{NUMBERED})(?: #)* ?)?)"
    r"(?:[0-9][0-9A-Z-]*|[A-Z]{1,2}[0-9][0-9A-Z-]*|\b[A-Z]|\b[A-Z]{2})(?: .*)?)"
    r"|(?:APT|APARTMENT|UNIT|SUITE) [A-Z]{3,12}"
    r"|(?:(?:[0-9]+(?:ST|ND|RD|TH)|GROUND|FIRST|SECOND|THIRD|LOWER|UPPER|TOP) (?:FL|FLR|FLOOR|LEVEL)(?: .*)?)"
    rf"|(?:{ALONE})(?: (?:{NUMBERED}) .*)?)$"
)
"""A street line in two groups: the street, and the unit behind it."""

_NUMBER_SIGN = re.compile(rf"(^|(?:^|[ ;])(?:{NUMBERED}) )(?:NO|NUMBER) (?=#? ?[0-9A-Z-]*[0-9])")
_ORDINALS = {"FIRST": "1", "SECOND": "2", "THIRD": "3", "GROUND": "G", "TOP": "TOP", "LOWER": "LOWR", "UPPER": "UPPR"}
_BOX = re.compile(r"\b(?:P ?O ?BOX|POST OFFICE BOX|POB) ?#? ?\S+")
_GLUED = re.compile(r"([A-Z]+)([0-9].*)")
_ORDINAL = re.compile(r"([0-9]+)(?:ST|ND|RD|TH)")


@lru_cache(maxsize=20_000)
def parse_unit(text: str) -> tuple[str, str]:
    """The designator and the identifier of what stands behind a street or on the second line; empty if it is no unit.

    A bare number or letter is a unit whose designator is unknown (P6). Of several units the innermost leads and the
    others follow in a fixed order, so that each spelling has one form.

    >>> parse_unit("APARTMENT # 004 B")
    ('APT', '4B')
    >>> parse_unit("BLDG 3 APT 2")
    ('APT', '2 BLDG 3')
    >>> parse_unit("SUNSET TOWERS")
    ('', '')
    """
    pairs = _pairs(_tokens(_NUMBER_SIGN.sub(r"\1# ", text)))
    named = {(kind, unit) for kind, unit in pairs if kind != "#"}
    known = {unit for _, unit in named}
    units = sorted(named | {pair for pair in pairs if pair[0] == "#" and pair[1] not in known}, key=_rank)
    if not units:
        return "", ""
    (kind, unit), *others = units
    return kind, " ".join([unit, *(f"{other} {of}".rstrip() for other, of in others)]).strip()


def _rank(pair: tuple[str, str]) -> tuple[bool, bool, str, str]:
    return pair[0] in UNITS_WIDE, pair[0] == "#", *pair


def _tokens(text: str) -> list[str]:
    words = []
    # A box beside a street address is no unit of it.
    for word in re.findall(r"#|[^\s#;]+", _BOX.sub(" ", text)):
        glued = _GLUED.fullmatch(word)
        words += list(glued.groups()) if glued and _kind(glued[1]) else [word]
    return words


def _kind(word: str) -> str:
    return UNITS.get(word, word if word in UNIT_FORMS else "")


def _pairs(words: list[str]) -> list[tuple[str, str]]:
    pairs: list[tuple[str, str]] = []
    leading: list[str] = []
    at = 0
    while at < len(words):
        level = _level(words[at : at + 2])
        kind = _kind(words[at])
        if level:
            pairs.append((level, "") if level in UNITS_ALONE else ("FL", level))
            at += 2
        elif kind:
            unit, at = _identifier(words, at + 1)
            unit = _figure(unit) if kind == "FL" else unit
            if unit or kind in UNITS_ALONE:
                pairs.append((kind, unit))
        else:
            leading += [words[at]] if not pairs else []
            at += 1
    return _bare(leading) + pairs


def _level(words: list[str]) -> str:
    """The floor that two words name ("2ND FLOOR", "LOWER LEVEL"), or nothing."""
    if len(words) < 2 or words[1] not in ("FL", "FLR", "FLOOR", "LEVEL"):
        return ""
    ordinal = _ORDINAL.fullmatch(words[0])
    return ordinal[1] if ordinal else _ORDINALS.get(words[0], "")


def _figure(floor: str) -> str:
    """The floor of "FLOOR 40TH" and "FLOOR SECOND"."""
    ordinal = _ORDINAL.fullmatch(floor)
    return ordinal[1] if ordinal else _ORDINALS.get(floor, floor)


def _identifier(words: list[str], at: int) -> tuple[str, int]:
    """The identifier that begins at a word, its pieces joined, and where it ends."""
    pieces: list[str] = []
    while at < len(words) and (words[at] == "#" or not _kind(words[at])) and not _level(words[at : at + 2]):
        word = words[at]
        if word != "#":
            last_of_all = not pieces and at == len(words) - 1
            if not _is_identifier(word, 12 if last_of_all else 2 if pieces else 4):
                break
            pieces.append(word)
        elif at + 1 < len(words) and _kind(words[at + 1]):
            break
        at += 1
    return _joined(pieces), at


def _bare(words: list[str]) -> list[tuple[str, str]]:
    """A second line that is nothing but a number or letters, such as "1208" or "R A"."""
    fits = words and all(_is_identifier(word, 2) for word in words) and len("".join(words)) <= 8
    return [("#", _joined(words))] if fits and words not in (["NE"], ["NW"], ["SE"], ["SW"]) else []


def _is_identifier(word: str, letters: int) -> bool:
    return len(word) <= letters or (len(word) <= 8 and any(character.isdigit() for character in word))


def _joined(pieces: list[str]) -> str:
    text = ""
    for piece in pieces:
        text += "-" + piece if text[-1:].isdigit() and piece[0].isdigit() else piece
    return text.lstrip("0") or text[-1:]
