"""Whose name a mail gives elsewhere than at the address: in a sentence, of the dead, under the mail."""

from __future__ import annotations

import re

from prefcenter.core.postal.request_address import Span, trimmed
from prefcenter.core.postal.request_names import name_confidence
from prefcenter.core.postal.request_tables import SIGN_OFF

_CLOSING = re.compile(
    r"(?:many thanks|thanks|thank you|regards|best regards|sincerely|gracias)[,.!\s–-]{1,4}", re.IGNORECASE
)
_NAME_WORD = r"[A-ZÀ-ÞĀ-Ž][\w'’.-]{0,40}"
_STATED = re.compile(
    r"\b(?i:my (?:full )?name is|names? (?:is|are)|i am|i'm|this is|mailing to|mailing|mail to|mail for|letters to"
    r"|catalogs? to"
    r"|remove|take|addressed to|in the name of|me llamo|mi nombre es|soy|somos|we are"
    r"|(?:coming|comes|arriving|arrives) for|ich bin|mein name ist|sent to|sending to"
    r"|stop writing to|on behalf of)[ \n]{1,2}"
    rf"({_NAME_WORD}(?:[ \n](?:(?:and|&|y|de|la|van|von|del|der) ){{0,2}}{_NAME_WORD}){{0,5}})"
)


_MOURNED = re.compile(
    rf"({_NAME_WORD}(?: {_NAME_WORD}){{1,4}}),?(?i: who)?(?i: has| had| is| recently| just| sadly){{0,3}}"
    r" (?i:passed|died|deceased)\b"
    r"|\b(?i:late (?:father|mother|husband|wife|brother|sister|son|daughter|uncle|aunt|partner|parent)),?"
    rf" ({_NAME_WORD}(?: {_NAME_WORD}){{1,4}})"
)
"""Who has died, rather than who writes of it (P10)."""


def stated_name(text: str) -> Span | None:
    """The name that a sentence states: "My name is Jane Doe", "please remove Jane Doe"."""
    for match in _STATED.finditer(text):
        words = list(re.finditer(r"\S+", match.group(1)))
        for count in range(len(words), 1, -1):
            value = match.group(1)[: words[count - 1].end()]
            if not value.endswith((" and", " &")) and name_confidence(value.rstrip(".,")) == 1.0:
                return match.start(1), match.start(1) + len(value.rstrip(".,"))
    return None


def mourned_name(text: str) -> Span | None:
    """Whose death the mail tells of: "My father, Walter Brandt, passed away"."""
    for match in _MOURNED.finditer(text):
        span = match.span(1 if match.group(1) else 2)
        if name_confidence(text[slice(*span)]) == 1.0:
            return span
    return None


def signature_name(text: str) -> Span | None:
    """The name that signs: on the line under "Thanks", behind it on its line, or alone on the last line."""
    lines = [(match.start(), match.end()) for match in re.finditer(r"[^\n]+", text) if match.group().strip()]
    for index in range(len(lines) - 1, max(-1, len(lines) - 8), -1):
        span = trimmed(text, *lines[index], " ,\t-–~")
        if index > 0 and name_confidence(text[slice(*span)]) == 1.0:
            before = text[slice(*lines[index - 1])]
            if index == len(lines) - 1 or SIGN_OFF.fullmatch(before):
                return span
        closing = _CLOSING.match(text[slice(*span)])
        if closing and name_confidence(text[span[0] + closing.end() : span[1]].rstrip(".")) == 1.0:
            return trimmed(text, span[0] + closing.end(), span[1], " .")
    return None
