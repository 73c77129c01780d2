"""How a text is encoded and into how many segments it is cut: what it costs, and whether it can be sent at all.

A text whose every character is in the GSM 7-bit alphabet holds 160 of them in one segment; a single other character
makes the whole text UCS-2, with 70. Longer texts are cut into segments that lose some room to the header that joins
them again.

Source: 3GPP TS 23.038 §6.2.1 (alphabet and extension table); 3GPP TS 23.040 §9.2.3.24.1 (the header of six octets).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from prefcenter.core.errors import BadInput

MOST_CHARACTERS: Final = 1600
"""Longer bodies the provider refuses. Source: Twilio, Message resource, ``Body``."""

_BASIC: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENSION: Final = frozenset("\f^{}\\[~]|€")
"""Each takes two places: the escape, and the character."""

_ESCAPED_LENGTH: Final = 2


class Encoding(StrEnum):
    """How the characters of a text travel."""

    GSM_7 = "GSM-7"
    UCS_2 = "UCS-2"


_ROOM: Final = {Encoding.GSM_7: (160, 153), Encoding.UCS_2: (70, 67)}
"""Places in a lone segment, and in one of several."""


@dataclass(frozen=True, slots=True)
class Segmentation:
    """How a text would be sent.

    Args:
        encoding: of the whole text.
        units: the places that it takes: septets, or UTF-16 code units.
        segments: how many messages it is billed as; 0 only for an empty text.
        room: the places left in the last segment.
    """

    encoding: Encoding
    units: int
    segments: int
    room: int


def segmentation(text: str) -> Segmentation:
    """Count a text before it is sent; a character that takes two places is never cut in two.

    >>> segmentation("a" * 161).segments, segmentation("a" * 71 + "’").segments
    (2, 2)
    >>> segmentation("€" * 80).segments, segmentation("€" * 81).segments
    (1, 2)
    """
    encoding = Encoding.GSM_7 if is_gsm(text) else Encoding.UCS_2
    widths = [_width(character, encoding) for character in text]
    units = sum(widths)
    alone, joined = _ROOM[encoding]
    if units <= alone:
        return Segmentation(encoding, units, 1 if text else 0, alone - units)
    segments, filled = _cut(widths, joined)
    return Segmentation(encoding, units, segments, joined - filled)


def is_gsm(text: str) -> bool:
    """Whether every character is in the GSM 7-bit alphabet or its extension table."""
    return all(character in _BASIC or character in _EXTENSION for character in text)


def foreign_characters(text: str) -> tuple[str, ...]:
    """The characters that turn a text into UCS-2, each once, in order: often one typographic quote.

    >>> foreign_characters("Don’t – ’")
    ('’', '–')
    """
    return tuple(dict.fromkeys(one for one in text if one not in _BASIC and one not in _EXTENSION))


def require_sendable(text: str) -> Segmentation:
    """Count a text that is about to leave.

    Raises:
        BadInput: it is empty, or longer than the provider takes.
    """
    if not text.strip():
        raise BadInput("The text is empty.", remedy="Write what it is to say.")
    length = len(text.encode("utf-16-le", "surrogatepass")) // 2
    if length > MOST_CHARACTERS:
        raise BadInput(
            f"The text has {length:,} characters; at most {MOST_CHARACTERS:,} can be sent.", remedy="Shorten it."
        )
    return segmentation(text)


def _width(character: str, encoding: Encoding) -> int:
    if encoding is Encoding.GSM_7:
        return _ESCAPED_LENGTH if character in _EXTENSION else 1
    return 2 if ord(character) > 0xFFFF else 1  # A surrogate pair.


def _cut(widths: list[int], joined: int) -> tuple[int, int]:
    segments, filled = 1, 0
    for width in widths:
        if filled + width > joined:
            segments, filled = segments + 1, 0
        filled += width
    return segments, filled
