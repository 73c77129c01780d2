"""What an incoming text asks for (S1, S2, S5 to S7).

Exact keywords are certain; longer texts that read as "stop" are guesses, which suppress at once and go to review.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from prefcenter.core.stop_phrases import is_stop_sign, reads_as_stop


class IntentKind(StrEnum):
    """What the sender of a text wants."""

    STOP = "stop"
    START = "start"
    HELP = "help"
    SCOPE_ACCOUNT = "scope_account"
    """Narrow the STOP before it: keep only account alerts (S5)."""
    STOP_GUESS = "stop_guess"
    """It reads as a stop: suppress at once, then review (S2)."""
    UNKNOWN = "unknown"
    """A person must read it."""
    EMPTY = "empty"


@dataclass(frozen=True, slots=True)
class Intent:
    """What a text asks for.

    Args:
        kind: what is wanted.
        keyword: the keyword that said it, folded; None where it was no keyword.
        certain: whether it was said in so many words; only a guess can be voided by one reviewer (S2).
    """

    kind: IntentKind
    keyword: str | None = None
    certain: bool = False


_APOSTROPHES = re.compile("['’‘`´ʼ＇]")
# Only Latin accents and emoji selectors go: the voicing marks of Japanese tell words apart.
_ACCENTS = re.compile("[\u0300-\u036f\ufe00-\ufe0f]")
_WORD_CATEGORIES: Final = frozenset({"Lu", "Ll", "Lt", "Lm", "Lo", "Nd", "Nl", "No", "Mn", "Mc"})
_SENTENCE_ENDS = re.compile(r"[.!?;:,。！？、，；…()\[\]]+|\s[-–—]\s")
_LINE_ENDS = re.compile(r"[\r\n]+")


def fold(text: str) -> str:
    """One form for all renderings of a text: case, width, accents, punctuation, emoji and invisible characters go.

    >>> fold("  «ＡＲＲÊＴ!» 🛑 "), fold("Don’t  opt-out")
    ('arret', 'dont opt out')
    """
    wide = unicodedata.normalize("NFKC", _APOSTROPHES.sub("", text)).casefold()
    visible = "".join(char for char in wide if unicodedata.category(char) != "Cf")
    plain = unicodedata.normalize("NFC", _ACCENTS.sub("", unicodedata.normalize("NFD", visible)))
    words = "".join(char if unicodedata.category(char) in _WORD_CATEGORIES else " " for char in plain)
    return " ".join(words.split())


def _folded(*words: str) -> frozenset[str]:
    return frozenset(fold(word) for word in words)


STOP_WORDS: Final = _folded(
    *("stop", "quit", "end", "revoke", "cancel", "unsubscribe", "stopall", "stop all", "optout", "opt out"),
    *("arret", "arrêt", "alto", "parar", "stopp", "停止", "配信停止"),
)
"""The words that opt out (S1). Source: 47 CFR 64.1200(a)(10); CTIA Messaging Principles 5.1.3."""

START_WORDS: Final = _folded("start", "unstop")
"""The words that lift a STOP of that sender. YES is not among them: it answers many questions (S6)."""

HELP_WORDS: Final = _folded("help", "info", "aide", "ayuda", "hilfe", "ヘルプ")
ACCOUNT_WORDS: Final = _folded("account", "account only", "account alerts", "only account alerts")

_KEYWORDS: Final[Mapping[str, IntentKind]] = MappingProxyType(
    dict.fromkeys(STOP_WORDS, IntentKind.STOP)
    | dict.fromkeys(START_WORDS, IntentKind.START)
    | dict.fromkeys(HELP_WORDS, IntentKind.HELP)
    | dict.fromkeys(ACCOUNT_WORDS, IntentKind.SCOPE_ACCOUNT)
)

_BARE_YES: Final = frozenset({"yes", "y", "yeah", "yep", "yes please", "ok", "okay", "si", "oui", "ja", "sure"})


def intent(body: str, opt_out_type: str | None = None) -> Intent:
    """What a text asks for.

    Args:
        body: the text as it came.
        opt_out_type: the provider's own reading (``STOP``, ``START``, ``HELP``), where it has one. It never makes a
            stop milder, and a bare YES stays no consent whatever it says (S6).

    >>> intent("STOP!").kind, intent("please stop texting me").kind
    (<IntentKind.STOP: 'stop'>, <IntentKind.STOP_GUESS: 'stop_guess'>)
    """
    own = _own_reading(body)
    read_as = (opt_out_type or "").strip().upper()
    if own.kind is IntentKind.STOP:
        return own
    if read_as == "STOP":
        return Intent(IntentKind.STOP, fold(body) or None, certain=True)
    if own.kind in (IntentKind.UNKNOWN, IntentKind.EMPTY) and fold(body) not in _BARE_YES:
        if read_as == "START":
            return Intent(IntentKind.START, fold(body) or None, certain=True)
        if read_as == "HELP":
            return Intent(IntentKind.HELP, fold(body) or None, certain=True)
    return own


def _own_reading(body: str) -> Intent:
    text = fold(body)
    keyword = _as_keyword(text)
    if keyword is not None:
        return Intent(_KEYWORDS[keyword], keyword, certain=True)
    if is_stop_sign(body) or any(_guesses_stop(clause) for clause in _clauses(body)):
        return Intent(IntentKind.STOP_GUESS)
    return Intent(IntentKind.UNKNOWN if _is_visible(body) else IntentKind.EMPTY)


def _as_keyword(text: str) -> str | None:
    """The keyword that a whole folded text is: as it stands, spelt out (``s t o p``), or a stop word repeated."""
    words = text.split()
    if text in _KEYWORDS:
        return text
    spelt = "".join(words)
    if spelt in _KEYWORDS and all(len(word) == 1 for word in words):
        return spelt
    return words[0] if words and STOP_WORDS.issuperset(words) else None


def _clauses(body: str) -> Iterator[str]:
    """The folded parts of a text: whole sentences, and their lines, since a line may break a phrase or end one."""
    for sentence in _SENTENCE_ENDS.split(body):
        yield fold(sentence)
        yield from (fold(line) for line in _LINE_ENDS.split(sentence))


def _guesses_stop(clause: str) -> bool:
    return clause in STOP_WORDS or (bool(clause) and reads_as_stop(clause))


def _is_visible(body: str) -> bool:
    return any(not char.isspace() and unicodedata.category(char) not in ("Cf", "Cc", "Mn") for char in body)


_TWILIO_STOP = frozenset({"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"})
_TWILIO_START = frozenset({"START", "YES", "UNSTOP"})
_TWILIO_HELP = frozenset({"HELP", "INFO"})
_TWILIO_WORDS = _TWILIO_STOP | _TWILIO_START | _TWILIO_HELP
_TOLL_FREE_WORDS = frozenset({"STOP", "START", "UNSTOP"}) | _TWILIO_HELP
_TOLL_FREE = re.compile(r"\+1(?:800|833|844|855|866|877|888)\d{7}")
_SHORT_CODE = re.compile(r"\d{3,8}")


def provider_answers(body: str, to: str, opt_out_type: str | None = None) -> bool:
    """Whether the provider has itself handled a keyword and replied, so that we must not reply again (S4).

    Only a whole body counts, in any case: ``STOP PLEASE`` and ``OPT OUT`` it has neither blocked nor answered. For
    toll-free numbers the network knows fewer words; for short codes nothing is handled without Advanced Opt-Out, whose
    sign is ``opt_out_type``.

    Args:
        body: the text as it came.
        to: what it was sent to: an E.164 number or a short code.
        opt_out_type: Twilio's ``OptOutType``.

    Source: Twilio, "Support for opt-out keywords (SMS STOP filtering)" and the same for toll-free SMS.
    """
    if (opt_out_type or "").strip().upper() in ("STOP", "START", "HELP"):
        return True
    number = re.sub(r"[\s().-]", "", to)
    if _SHORT_CODE.fullmatch(number):
        return False
    words = _TOLL_FREE_WORDS if _TOLL_FREE.fullmatch(number) else _TWILIO_WORDS
    return body.strip().upper() in words
