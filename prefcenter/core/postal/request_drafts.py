"""From a text to drafts of requests: labels first, then free text, then names and level for each address."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from prefcenter.core.channels import Level
from prefcenter.core.postal.request_address import Span, find_addresses, masked, trimmed
from prefcenter.core.postal.request_doubts import doubts_in
from prefcenter.core.postal.request_labels import Labelled, find_labelled, records
from prefcenter.core.postal.request_mentions import mourned_name, signature_name, stated_name
from prefcenter.core.postal.request_names import (
    Addressee,
    addressee,
    addressee_behind,
    name_confidence,
    split_couple,
)
from prefcenter.core.postal.request_tables import (
    HOUSEHOLD,
    OCCUPANT_NAME,
    SEVERAL_ADDRESSES,
    UNIT,
    WHOLE_COMPANY,
)
from prefcenter.core.postal.request_tidying import tidied
from prefcenter.core.postal.request_values import labelled_parts

MAX_READ = 32_000
"""Characters that are read; what follows is left over, with a doubt. A request is a few lines."""

_WORD = re.compile(r"\w+")
_STATED_ZIP = re.compile(
    r"\b(?:zip|postal)(?: ?code)?[ ]{1,3}(?:is|was|=)?[ ]{0,3}(\d{5}(?:-\d{4})?)(?![\d-])", re.IGNORECASE
)
_UNIT_LABEL = re.compile(r"(apt\.?|apartment|unit|suite|apartamento)[ ]{0,3}[:=\t]", re.IGNORECASE)
_SIGNATURE_MARK = re.compile(r"^(?:-- ?|_{3,20})$", re.MULTILINE)


@dataclass(slots=True)
class Draft:
    """A request in the making: the parts of one address and the people at it."""

    position: int
    fields: dict[str, str] = field(default_factory=dict)
    confidence: dict[str, float] = field(default_factory=dict)
    names: tuple[str, ...] = ()
    level: Level = Level.INDIVIDUAL

    @property
    def has_address(self) -> bool:
        """Whether there is more than a name."""
        return any(key in self.fields for key in ("address1", "zip", "city"))

    def put(self, key: str, value: str, sure: float) -> None:
        """Fill a field that is still empty."""
        value = " ".join(value.split())
        if value and key not in self.fields:
            self.fields[key], self.confidence[key] = value, sure

    def put_names(self, names: Iterable[str], sure: float) -> None:
        """Name the people; couples become one name each."""
        found: list[str] = []
        for name in names:
            people, couple_sure = split_couple(" ".join(name.split()))
            found.extend(people)
            sure = min(sure, couple_sure)
        self.names = tuple(dict.fromkeys(found))
        if found:
            self.confidence["name"] = sure


@dataclass(frozen=True, slots=True)
class Sketch:
    """What was read of one text: drafts, unused words, doubts."""

    drafts: tuple[Draft, ...]
    leftover: str
    doubts: tuple[str, ...]

    @property
    def has_address(self) -> bool:
        """Whether any draft has one."""
        return any(draft.has_address for draft in self.drafts)


def sketch(text: str, *, sender: str) -> Sketch:
    """Read one text. ``sender`` is the display name of who wrote it, the last resort for a name."""
    whole = tidied(text)
    text, beyond = whole[:MAX_READ], whole[MAX_READ:]
    used: list[Span] = []
    drafts = _from_labels(text, used)
    pool = [draft for draft in drafts if not draft.has_address]
    drafts = [draft for draft in drafts if draft.has_address]
    drafts = sorted([*drafts, *_from_free_text(text, used)], key=lambda draft: draft.position)
    _fill_zip(text, drafts, used)
    level, drafts = _level(text), drafts or [Draft(0, level=Level.INDIVIDUAL)]
    _fill_names(text, drafts, pool, used, sender=sender, level=level)
    for draft in drafts:
        _set_level(draft, level)
    drafts = [draft for draft in drafts if draft.fields or draft.names or draft.level is Level.HOUSEHOLD]
    used = _truly_used(text, used, drafts)
    doubts = doubts_in(masked(_blotted(text, used)), [name for draft in drafts for name in draft.names])
    mark = _SIGNATURE_MARK.search(text)
    if mark and sum(draft.has_address for draft in drafts) > 1 and drafts[-1].position > mark.start():
        doubts.append("An address stands in the signature.")
    if beyond:
        doubts.append("The mail is too long to be read by machine.")
    return Sketch(tuple(drafts), "\n".join(piece for piece in (_unused(text, used), beyond) if piece), tuple(doubts))


def _from_labels(text: str, used: list[Span]) -> list[Draft]:
    """A draft for each labelled record; an address without a name of its own takes the record's before it."""
    drafts: list[Draft] = []
    for record in records(find_labelled(masked(text))):
        first = next(iter(record.values()))
        draft = Draft(first.label[0])
        for item in record.values():
            _take_label(text, item, draft, used)
        name = _labelled_name(text, record)
        if name:
            # The label vouches for words that free text would not be believed for, such as the name "Street".
            name = _without_full_stop(name)
            plain = 2 <= len(name.split()) <= 6 and not re.search(r"[\d:@\n\x01]", name)
            draft.put_names([name], 1.0 if plain else 0.5)
        elif "address" in record:
            _take_addressee(text, addressee(masked(text), 0, first.label[0]), draft, used)
        previous = drafts[-1] if drafts else None
        if previous is not None and not previous.has_address:
            # "Name: …" and the address were parted by a repeated label: they are one record.
            draft.names = draft.names or previous.names
            draft.confidence = {**previous.confidence, **draft.confidence}
            draft.fields = {**previous.fields, **draft.fields}
            drafts.pop()
        elif previous is not None and not draft.names and "company" not in draft.fields:
            draft.names = previous.names
            draft.confidence["name"] = previous.confidence.get("name", 0.5)
        drafts.append(draft)
    return drafts


def _without_full_stop(name: str) -> str:
    """A sentence's full stop is no part of a name; that of an initial or of "Jr." is."""
    last = name.split()[-1].rstrip(".") if name.split() else ""
    return name.rstrip(".") if len(last) > 3 or last.islower() else name


def _labelled_name(text: str, record: dict[str, Labelled]) -> str:
    if "name" in record:
        return text[slice(*record["name"].value)]
    return " ".join(text[slice(*record[key].value)] for key in ("first_name", "last_name") if key in record)


def _take_label(text: str, item: Labelled, draft: Draft, used: list[Span]) -> None:
    """Put a labelled value into its fields, and mark what was used."""
    used.append(item.label)
    if item.key in ("name", "first_name", "last_name"):
        used.append(item.value)
        return
    parts, confidence = labelled_parts(text, item)
    unit = _UNIT_LABEL.fullmatch(text[slice(*item.label)]) if item.key == "address2" else None
    if unit and not UNIT.match(text, *item.value):
        # "Apt: 4": the label is part of what the person wrote.
        draft.put("address2", f"{unit.group(1)} {text[slice(*item.value)]}", confidence["address2"])
        used.append(item.value)
        return
    for key, span in parts.items():
        draft.put(key, text[slice(*span)], confidence[key])
        used.append(span)
    if item.key == "address" and "address1" in parts:
        _take_addressee(text, addressee(text, item.value[0], parts["address1"][0]), draft, used)


def _from_free_text(text: str, used: list[Span]) -> list[Draft]:
    """A draft for each address that stands outside the labelled values."""
    open_text = masked(_blotted(text, used))
    drafts: list[Draft] = []
    lower = 0
    for found in find_addresses(open_text):
        draft = Draft(found.start)
        for key, span in found.parts.items():
            key = {"province": "state", "code": "zip"}.get(key, key)
            draft.put(key, text[slice(*span)], found.confidence.get(key, 1.0))
            used.append(span)
        _take_addressee(text, addressee(open_text, lower, found.start), draft, used)
        _take_addressee(text, addressee_behind(open_text, found.end), draft, used)
        drafts.append(draft)
        lower = found.end
    return drafts


def _take_addressee(text: str, who: Addressee, draft: Draft, used: list[Span]) -> None:
    if who.names and not draft.names:
        draft.put_names([text[slice(*span)] for span in who.names], who.confidence)
        used.extend(who.names)
    for key, span in (("company", who.company), ("care_of", who.care_of), ("address2", who.beside)):
        if span is not None:
            draft.put(key, text[slice(*span)], 1.0)
            used.append(span)


def _fill_zip(text: str, drafts: list[Draft], used: list[Span]) -> None:
    """Take a stated ZIP ("My ZIP code is 62704") where just one address lacks it."""
    lacking = [draft for draft in drafts if "zip" not in draft.fields and "address1" in draft.fields]
    stated = [match.span(1) for match in _STATED_ZIP.finditer(_blotted(text, used))]
    if len(lacking) == 1 and len(stated) == 1:
        lacking[0].put("zip", text[slice(*stated[0])], 1.0)
        used.append(stated[0])


def _fill_names(
    text: str, drafts: list[Draft], pool: list[Draft], used: list[Span], *, sender: str, level: Level
) -> None:
    """Name the addresses that no name stands with: by a label, a sentence, the address before, signature or sender."""
    open_text = masked(_blotted(text, used))
    fallback = _named_by_label(pool) or _named_in_text(open_text, used, sender=sender)
    several = SEVERAL_ADDRESSES.search(text) is not None
    previous: Draft | None = None
    for draft in drafts:
        if not draft.names and "company" not in draft.fields:
            names, sure = fallback
            if previous is not None and (not names or sure < 1.0):
                names, sure = previous.names, min(previous.confidence.get("name", 0.5), 1.0 if several else 0.8)
            if names and (level is not Level.HOUSEHOLD or sure == 1.0):
                draft.put_names(names, sure)
        elif not draft.names and fallback[0]:
            # A firm's address, and a person who writes: whose mail shall stop is for a person to say (P15).
            draft.confidence["company"] = 0.8
        previous = draft if draft.names else previous


def _named_by_label(pool: list[Draft]) -> tuple[tuple[str, ...], float] | None:
    named = [draft for draft in pool if draft.names]
    return (named[0].names, named[0].confidence["name"]) if named else None


def _named_in_text(text: str, used: list[Span], *, sender: str) -> tuple[tuple[str, ...], float]:
    """The name that the mail itself gives elsewhere than at the address, and how surely."""
    sender = " ".join(sender.split()) if name_confidence(sender) == 1.0 else ""
    mourned = mourned_name(text)
    if mourned is not None:
        used.append(mourned)
        return (text[slice(*mourned)],), 0.8
    stated = stated_name(text)
    if stated is not None:
        used.append(stated)
        return (text[slice(*stated)],), 1.0
    signed = signature_name(text)
    if signed is not None:
        used.append(signed)
        name = text[slice(*signed)]
        # Two sources that agree leave no doubt; a signature alone may be a helper's, but for a family's.
        agreed = name.casefold() == sender.casefold() or name.casefold().endswith((" family", " household"))
        return (name,), 1.0 if agreed else 0.8
    for match in re.finditer(r"[^\n]+", text[:5_000]):
        span = trimmed(text, *match.span(), " ,.")
        if name_confidence(text[slice(*span)]) == 1.0:
            used.append(span)
            return (text[slice(*span)],), 0.7
    return ((sender,), 0.6) if sender else ((), 0.0)


def _level(text: str) -> Level:
    """P15: individual unless the mail says household, or the whole company."""
    if WHOLE_COMPANY.search(text):
        return Level.COMPANY
    return Level.HOUSEHOLD if HOUSEHOLD.search(text) else Level.INDIVIDUAL


def _set_level(draft: Draft, level: Level) -> None:
    if any(OCCUPANT_NAME.fullmatch(name) for name in draft.names):
        draft.level = Level.HOUSEHOLD
    elif "company" in draft.fields and (not draft.names or level is Level.COMPANY):
        draft.level = Level.COMPANY
    elif level is Level.HOUSEHOLD:
        draft.level = Level.HOUSEHOLD


def _truly_used(text: str, used: list[Span], drafts: list[Draft]) -> list[Span]:
    """The spans whose words stand in some field (labels too); others were candidates, and are left over."""
    said = {
        word for draft in drafts for value in (*draft.fields.values(), *draft.names) for word in _WORD.findall(value)
    }
    labels = {item.label for item in find_labelled(masked(text))}
    return [
        span
        for span in used
        if span in labels or said.issuperset(_WORD.findall(text[slice(*span)])) or _joins(text, span, said)
    ]


def _joins(text: str, span: Span, said: set[str]) -> bool:
    """A couple's "and" is the only word of a used span that no field repeats."""
    unsaid = {word.lower() for word in _WORD.findall(text[slice(*span)]) if word not in said}
    return unsaid <= {"and", "und", "et", "y"}


def _blotted(text: str, used: list[Span]) -> str:
    """The text with what was used blotted out, in the same length; line ends stay."""
    out = list(text)
    for start, end in used:
        out[start:end] = ["\n" if char == "\n" else "\x01" for char in text[start:end]]
    return "".join(out)


def _unused(text: str, used: list[Span]) -> str:
    """The words that no field used, line by line."""
    rest = re.sub("\x01+", " ", _blotted(text, used))
    rest = re.sub(r"(?:[ \t]*[,;|][ \t]*){2,}", ", ", rest)
    lines = (re.sub(r"\s{2,}", " ", line).strip() for line in rest.split("\n"))
    return "\n".join(line for line in lines if re.search(r"\w", line))
