"""A mail's text as it is read: one kind of blank, one kind of separator, no lines that only a mail program broke."""

from __future__ import annotations

import re

_PARTED = re.compile(r"(?<=\S) (?:(?<=\D )/(?= )|/(?= \D)|[·•](?= ))(?= )")
"""What people write between the lines of an address on one line, other than a comma; "4 1 / 2" is a number."""
_ITEM = re.compile(r"^[ \t]*\(?\d{1,2}[.)][ \t]+(?=[^\W\d][^\n:]{1,30}:)", re.MULTILINE)
"""The number of a line in a list: "2. Address: …"."""


def tidied(text: str) -> str:
    """One kind of blank, no bold marks, no indentation; lines that were wrapped as prose are joined again."""
    text = re.sub("[\u00a0\u2000-\u200a\u202f\u205f\u3000]", " ", text).replace("*", " ").replace("\u2011", "-")
    text = _ITEM.sub("", _PARTED.sub(",", text))
    lines = [re.sub(r" {2,}", " ", line).strip(" •·") for line in text.split("\n")]
    out: list[str] = []
    wraps = False
    for line in lines:
        if wraps and line:
            out[-1] = f"{out[-1]} {line}"
        else:
            out.append(line)
        # A line this long is prose that a mail program broke; lines of an address are shorter.
        wraps = 55 <= len(line) <= 100 and line.count(" ") >= 6 and line[-1] not in ".:!?;"
    return re.sub(r"\n{4,}", "\n\n\n", "\n".join(out)).strip()
