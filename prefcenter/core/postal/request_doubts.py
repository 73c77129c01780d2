"""What in the words that no field used speaks against taking a request as read (P2).

Recorded alone is only what is certain, so whatever may be another place, another person or another wish is for a person
to read. Numbers and words of everyday complaint ("3 letters a week") are none of these.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from prefcenter.core.postal.request_names import name_confidence
from prefcenter.core.postal.request_streets import find_heads
from prefcenter.core.postal.request_tables import DOUBTFUL, FOREIGN, HONORIFICS, NOT_NAME, UNIT

_BARE_ZIP = re.compile(r"(?<![\w-])\d{5}(?:-\d{4})?(?![\w-])|\b[A-Z]\d[A-Z] \d[A-Z]\d\b")
_ROUTE = re.compile(r"\b(?:route|rte|rt|rr|rfd|hwy|highway|county road|box)\.?\s{0,2}#?\s{0,2}\d", re.IGNORECASE)
_LETTERED_UNIT = re.compile(r"\b(?i:apt|apartment|unit|suite|ste)\b\.?[ ]{1,2}(?:#[ ]?)?[A-HJ-Z](?![\w'’])")
_NUMBER_ALONE = re.compile(r"\b(?:number|no\.|nr\.?|house)[ ]{1,2}#?\d{1,5}\b", re.IGNORECASE)

_ASKED = r"(?<!not )(?<!n't )(?<!n’t )(?<!longer )(?<!never )"
_OTHER_WISHES = (
    (
        re.compile(
            r"\b(?:aunt|auntie|uncle|cousin|niece|nephew|grandma|grandpa|grandparents?|granddaughter|grandson"
            r"|neighbou?rs?|friends?|fianc[ée]e?|boyfriend|girlfriend|housemates?|flatmates?|landlord|landlady|client"
            r"|ward|in-laws?|stepson|stepdaughter|caretaker|guardian|power of attorney|vecin[oa]s?|abuel[oa]s?|tí[oa]s?"
            r"|herman[oa]s?)\b"
            r"|\bnot for me\b|\bfor someone else\b",
            re.IGNORECASE,
        ),
        "The mail speaks of another person.",
    ),
    (
        re.compile(
            r"\b(?:maiden|née|aka|a\.k\.a\.|also known as|go by|goes by|nickname|legal name|married name|misspel\w+"
            r"|other names?|different names?|variations?)\b",
            re.IGNORECASE,
        ),
        "The mail speaks of another name.",
    ),
    (
        re.compile(
            r"\b(?:cabin|cottage|farm|ranch house|summer (?:home|house)|winter (?:home|house)|vacation (?:home|house)"
            r"|holiday home|second home|beach house|lake house|condo|both (?:homes|houses|addresses|places)"
            r"|(?:other|second|new|old|previous|former|prior) (?:address|home|house|place|apartment|residence))\b",
            re.IGNORECASE,
        ),
        "The mail speaks of another place.",
    ),
    (
        re.compile(
            r"\b(?:(?:dis|please )regard\w*|ignore|kidding|joking|just a test|changed my mind|resume|re-?subscribe"
            rf"|sign me up|(?<!i )keep receiving (?:everything|it|them|all)|{_ASKED}want to keep (?:getting|receiving)"
            rf"|{_ASKED}want more|{_ASKED}send me more"
            rf"|{_ASKED}want to (?:receive|get) (?:it|them|everything|more|all))\b",
            re.IGNORECASE,
        ),
        "The mail may take its request back.",
    ),
)

_OF_US = re.compile(r"\bboth of us\b|\bwe both\b|\bthe (?:two|three|four|five) of us\b", re.IGNORECASE)
_COUNTS = {"both": 2, "two": 2, "three": 3, "four": 4, "five": 5}
_NAME_WORD = r"[A-ZÀ-ÞĀ-Ž][\w'’-]{1,40}"
_NAMES = re.compile(rf"(?<![\w'’@]){_NAME_WORD}(?: (?:[A-Z]\.? |(?:de|la|del|van|von|der) ){{0,2}}{_NAME_WORD}){{1,4}}")
_ALSO = re.compile(
    rf"\b(?i:also|plus|including|and|same for|as well as)(?: (?i:for|to|from|at))? ({_NAME_WORD})"
    rf"|\b({_NAME_WORD}) (?:and|&) (?:I|me|myself)\b|\b({_NAME_WORD})(?:'s)? (?i:too|as well|wants?)\b"
)
_NO_PERSON_BEFORE = re.compile(r"\b(?:dear|hello|hi|hey|attn|from|with|by|the|your|at)[ ,:]{1,3}$", re.IGNORECASE)
_NO_PERSON_BEHIND = re.compile(
    r"(?:'s|’s)?,? (?:catalog|mail|list|letter|magazine|newsletter|flyer|offer|brochure|card|team|customer|marketing"
    r"|inc|llc|company|corp|store|circular)",
    re.IGNORECASE,
)
_ORDINARY = NOT_NAME | frozenset(
    "monday tuesday wednesday thursday friday saturday sunday january february march april may june july august"
    " september october november december good merry happy christmas year united states america god bless amen wish"
    " wishes again once so too as well but or if when because since after what why how who where it's it its he she"
    " not never nothing more enough much very really just only every each some both other another same today tomorrow"
    " yesterday usps gdpr ccpa ok okay yes sir madam ma'am forgot get got make made sure tel fax mobile cell i've i'd"
    " i'll dejen favor por tel hallo spring summer autumn fall winter sale recycling paper trees tree save environment"
    " waste".split()
)

_COUNTED = frozenset(
    "of separate duplicate identical consecutive straight whole full new unwanted unsolicited additional extra"
    " further magazine magazines newsletter newsletters flyer flyers brochure brochures postcard postcards envelopes"
    " packages pounds bags boxes requests complaints calls emails mails attempts copies trees cards offers coupons"
    " companies states stop each every a an the per or cents bucks dollar x st nd rd th usc cfr".split()
)


def doubts_in(rest: str, names: Collection[str]) -> list[str]:
    """Why a person should look at words that no field used, a sentence each.

    Args:
        rest: the words, with telephone numbers and the like masked.
        names: those of the requests; to say them again is no other person.
    """
    doubts = [sentence for pattern, sentence in (*DOUBTFUL, *_OTHER_WISHES) if pattern.search(rest)]
    if any(_counted(match.group()) != len(names) for match in _OF_US.finditer(rest)):
        doubts.append("The mail speaks of another person.")
    if _holds_place(rest):
        doubts.append("Something that looks like an address was not read.")
    if FOREIGN.search(rest):
        doubts.append("The address may be abroad.")
    if _names_somebody(rest, {word.casefold() for name in names for word in re.findall(r"\w+", name)}):
        doubts.append("The mail names somebody else.")
    return list(dict.fromkeys(doubts))


def _counted(words: str) -> int:
    return next(_COUNTS[word] for word in words.casefold().split() if word in _COUNTS)


def _holds_place(rest: str) -> bool:
    """A street or what may be one ("99 Elm"), a route, a unit, a ZIP, a house number alone."""
    has_unit = any(re.search(r"\d", match.group()) for match in UNIT.finditer(rest) if _is_bounded(rest, match))
    patterns = (_BARE_ZIP, _ROUTE, _LETTERED_UNIT, _NUMBER_ALONE)
    has_street = any(head.suffix_end is not None or _may_be_street(rest, head.number_end) for head in find_heads(rest))
    return has_unit or has_street or any(pattern.search(rest) for pattern in patterns)


def _may_be_street(rest: str, number_end: int) -> bool:
    """A number and a word that nobody counts ("99 Elm"), other than "3 separate catalogs" and "555 0100"."""
    word = re.match(r" {0,3}([\w'’-]+)", rest[number_end:])
    return word is not None and not word[1].isdigit() and word[1].casefold() not in _COUNTED


def _is_bounded(text: str, match: re.Match[str]) -> bool:
    return match.start() == 0 or not text[match.start() - 1].isalnum()


def _names_somebody(rest: str, own: set[str]) -> bool:
    """A full name that is not the requests', or a given name behind "also"."""
    for match in _NAMES.finditer(rest):
        if _NO_PERSON_BEFORE.search(rest[max(0, match.start() - 12) : match.start()]):
            continue
        if _NO_PERSON_BEHIND.match(rest, match.end()):
            continue
        if any(_is_name(run, own) for run in _runs(match.group())):
            return True
    for match in _ALSO.finditer(rest):
        word = next(group for group in match.groups() if group)
        if word.casefold() not in _ORDINARY | HONORIFICS | own and not word.isupper():
            return True
    return False


def _runs(words: str) -> list[list[str]]:
    """The stretches of words that are no ordinary ones."""
    runs: list[list[str]] = [[]]
    for word in words.split():
        if word.casefold().strip(".'’-") in _ORDINARY:
            runs.append([])
        else:
            runs[-1].append(word)
    return [run for run in runs if len(run) > 1]


def _is_name(run: list[str], own: set[str]) -> bool:
    strange = [word for word in run if word.casefold().strip(".") not in own and len(word.strip(".")) > 1]
    return bool(strange) and name_confidence(" ".join(run)) > 0.0
