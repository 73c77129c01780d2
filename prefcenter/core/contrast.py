"""Whether a colour can be read on the grounds of our pages, and the nearest one that can (U2)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from prefcenter.core.errors import BadInput

LEAST: Final = 4.5
"""The least contrast of text. Source: WCAG 2.2, success criterion 1.4.3."""

GOOD: Final = 7.0
"""The contrast that we take where the choice is ours. Source: WCAG 2.2, success criterion 1.4.6."""

LIGHT_GROUNDS: Final = ("#ffffff", "#f3f4f7")
"""What stands behind text on a light page; white is also the text on a button."""

DARK_GROUNDS: Final = ("#1a1f28", "#10141b")
"""What stands behind text on a dark page; the darker one is also the text on a button."""

_COLOUR: Final = re.compile(r"#?([0-9a-fA-F]{6}|[0-9a-fA-F]{3})")
_STEPS: Final = 256


def colour(text: str) -> str:
    """Read a colour as style sheets write it.

    >>> colour("#0A7"), colour("1D4ED8")
    ('#00aa77', '#1d4ed8')

    Raises:
        BadInput: it is none.
    """
    found = _COLOUR.fullmatch(text.strip())
    if found is None:
        raise BadInput(f"“{text[:40]}” is not a colour.", remedy="Write it as #rrggbb, such as #1d4ed8.")
    digits = found[1].lower()
    return "#" + (digits if len(digits) == 6 else "".join(2 * digit for digit in digits))


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours, from 1 to 21. Source: WCAG 2.2, “contrast ratio”.

    >>> contrast("#000000", "#ffffff")
    21.0
    """
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def is_readable(text: str, grounds: Iterable[str], least: float = LEAST) -> bool:
    """Whether text of a colour can be read on each of the grounds."""
    return all(contrast(text, ground) >= least for ground in grounds)


def nearest_readable(wanted: str, grounds: tuple[str, ...], least: float = LEAST) -> str:
    """The first readable shade from a colour towards black on light grounds, towards white on dark ones.

    >>> nearest_readable("#1d4ed8", LIGHT_GROUNDS), nearest_readable("#ffcc00", LIGHT_GROUNDS)
    ('#1d4ed8', '#886d00')
    """
    end = 0 if _luminance(grounds[0]) > 0.5 else 255
    shades = (_mixed(wanted, end, step / _STEPS) for step in range(_STEPS + 1))
    return next(shade for shade in shades if is_readable(shade, grounds, least))


def _parts(hexadecimal: str) -> tuple[int, int, int]:
    return int(hexadecimal[1:3], 16), int(hexadecimal[3:5], 16), int(hexadecimal[5:7], 16)


def _mixed(hexadecimal: str, end: int, share: float) -> str:
    return "#" + "".join(f"{round(part + (end - part) * share):02x}" for part in _parts(hexadecimal))


def _luminance(hexadecimal: str) -> float:
    red, green, blue = (_linear(part / 255) for part in _parts(hexadecimal))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4)
