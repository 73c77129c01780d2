"""What we hold and why, in plain words: a sentence for each thing that the ledger tells (G1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from flask_babel import gettext, lazy_gettext
from sqlalchemy.orm import Session

from prefcenter.core.channels import Reason, Scope, ScopeKind, Source
from prefcenter.core.frequency import Limit
from prefcenter.services.own_data import Agreed, Event, Origin, Reasoned
from prefcenter.store import registry
from prefcenter.web.recipient import choice_words, wording

_: Final = lazy_gettext

SOURCES: Final[Mapping[Source, str]] = MappingProxyType(
    {
        Source.ONE_CLICK: _("by the unsubscribe button of a mail program"),
        Source.UNSUBSCRIBE_PAGE: _("on the unsubscribe page"),
        Source.PREFERENCE_PAGE: _("on the preference page"),
        Source.UNSUBSCRIBE_MAIL: _("by a mail to us"),
        Source.SMS_KEYWORD: _("by a text to us"),
        Source.SMS_TEXT: _("by a text to us"),
        Source.SNAIL_MAIL_REQUEST: _("by a request to end letters"),
        Source.SIGN_UP: _("on a sign-up form"),
        Source.OPERATOR: _("entered by our staff"),
        Source.IMPORT: _("from a list that was loaded"),
        Source.PROVIDER: _("told by the service that delivers our messages"),
        Source.API: _("told by another system of ours"),
        Source.SYSTEM: _("by our system"),
    }
)

_REASONS: Final[Mapping[Reason, str]] = MappingProxyType(
    {
        Reason.OBJECTION: _("All marketing stopped, by email, text and post"),
        Reason.COMPLAINT: _("A mail was reported as spam, so marketing stopped"),
        Reason.HARD_BOUNCE: _("Mail came back: there is no such mailbox"),
        Reason.DEAD_NUMBER: _("The number is no longer in use"),
        Reason.UNDELIVERABLE: _("Nothing can be delivered there"),
        Reason.PROHIBITORY_ORDER: _("An order of the postal service forbids it"),
        Reason.DECEASED: _("Somebody told us of a death"),
        Reason.MINOR: _("Somebody told us of a person under 13"),
        Reason.ERASED: _("The data were deleted on request"),
        Reason.NO_SHARING: _("Your data must not be sold or shared"),
        Reason.CLIENT_DATA: _("Held for another company only"),
        Reason.EXTERNAL_LIST: _("On a public list of people who want no marketing"),
        Reason.PAUSED: _("All marketing paused"),
        Reason.NO_CONTACT: _("We do not write there at all"),
    }
)

_OPT_OUTS: Final[Mapping[ScopeKind, str]] = MappingProxyType(
    {
        ScopeKind.TOPIC: _("%(name)s stopped"),
        ScopeKind.BRAND: _("All marketing from %(name)s stopped"),
        ScopeKind.ALL: _("All marketing stopped"),
        ScopeKind.SENDER: _("Texts from %(name)s stopped"),
        ScopeKind.EVERY_SENDER: _("All texts stopped"),
        ScopeKind.ALL_BUT: _("All marketing stopped but what was asked for since"),
        ScopeKind.BRAND_BUT: _("All marketing from %(name)s stopped but what was asked for since"),
    }
)

_ABOUT_ENTRIES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "lift": _("Taken back: %(what)s"),
        "void": _("Found to be a wrong record: %(what)s"),
        "void_proposed": _("Thought to be a wrong record: %(what)s"),
        "replaced": _("Replaced by a later entry: %(what)s"),
        "repeat": _("Asked for once more: %(what)s"),
    }
)

_KINDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "code_sent": _("A code was sent"),
        "verified": _("A code was entered"),
        "deletion_requested": _("Deletion was asked for"),
        "corrected": _("The address or number was corrected"),
        "send": _("A message was sent (%(type)s)"),
        "refuse": _("A message was not sent, because something stands against it (%(type)s)"),
    }
)

_BY: Final[Mapping[str, str]] = MappingProxyType(
    {"recipient": _("by you, or whoever had your link"), "staff": _("by our staff"), "system": _("by our system")}
)

Names = Mapping[str, str]
"""What brands and topics are called: ``brand`` and ``brand/topic`` by name."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the history: when, what, and by whom or how."""

    at: datetime
    what: str
    how: str


def names_of(session: Session) -> Names:
    """The names of all brands and topics in use; only reads."""
    names = {brand.slug: brand.name for brand in registry.brands(session)}
    topics = {f"{b.slug}/{t.slug}": wording.name_of_topic(b, t) for t, b in registry.topics(session)}
    return names | topics


def line(event: Event, names: Names) -> Line:
    """Say what happened."""
    source = event.facts.get("source")
    how = str(SOURCES[Source(source)]) if source in set(Source) else str(_BY[event.by])
    return Line(event.at, _what(event, names), how)


def _what(event: Event, names: Names) -> str:
    facts = event.facts
    if "reason" in facts and (event.kind == "suppress" or event.kind in _ABOUT_ENTRIES):
        what = _reason(str(facts["reason"]), str(facts.get("scope", ScopeKind.ALL)), names)
        return str(_ABOUT_ENTRIES[event.kind]) % {"what": what} if event.kind in _ABOUT_ENTRIES else what
    if event.kind == "consent":
        return str(gettext("Agreed to: %(name)s", name=_named(Scope.parse(str(facts.get("scope", "all"))), names)))
    if event.kind == "frequency":
        return _frequency(facts)
    if event.kind in _KINDS:
        return str(_KINDS[event.kind]) % {"type": facts.get("type", "")}
    return str(gettext("Another entry (%(kind)s)", kind=event.kind))


def _frequency(facts: Mapping[str, Any]) -> str:
    most = facts.get("most")
    said = choice_words.LIMITS[Limit(most)] if most in set(Limit) else gettext("As often as there is something")
    return str(gettext("How often at most: %(limit)s", limit=said))


def _reason(reason: str, scope: str, names: Names) -> str:
    parsed = Scope.parse(scope)
    if reason == Reason.OPT_OUT:
        return str(_OPT_OUTS[parsed.kind]) % {"name": _named(parsed, names)}
    return str(_REASONS.get(Reason(reason), reason))


def _named(scope: Scope, names: Names) -> str:
    if scope.kind is ScopeKind.ALL:
        return str(gettext("all marketing"))
    if scope.kind is ScopeKind.TOPIC:
        return names.get(scope.ref, scope.ref.partition("/")[2])
    return names.get(scope.brand_slug or "", scope.brand_slug or scope.ref)


def origin(known: Origin) -> str:
    """Say since when we have it, and where from."""
    return str(gettext("Since %(day)s, %(source)s", day=wording.day(known.since), source=SOURCES[known.source]))


def standing(reason: Reasoned, names: Names) -> str:
    """Say what stands against writing there."""
    what = _reason(reason.reason.value, str(reason.scope), names)
    day, how = wording.day(reason.since), SOURCES[reason.source]
    if reason.until is not None:
        until = wording.day(reason.until)
        return str(gettext("%(what)s, from %(day)s until %(until)s, %(how)s", what=what, day=day, until=until, how=how))
    return str(gettext("%(what)s, since %(day)s, %(how)s", what=what, day=day, how=how))


@dataclass(frozen=True, slots=True)
class Consented:
    """A recorded yes: one line, and the words that were shown."""

    what: str
    words: str


def agreed(consent: Agreed, names: Names) -> Consented:
    """Say what was agreed to, when and how."""
    named = {
        "name": _named(consent.scope, names),
        "day": wording.day(consent.since),
        "how": SOURCES[consent.source],
    }
    if consent.withdrawn_at is not None:
        over = wording.day(consent.withdrawn_at)
        what = gettext("%(name)s, on %(day)s, %(how)s; withdrawn on %(over)s", over=over, **named)
    else:
        what = gettext("%(name)s, on %(day)s, %(how)s", **named)
    return Consented(str(what), consent.wording)
