"""What the page says beside what can be turned on again: the words that a consent keeps (S9, G6), and what opened."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from flask_babel import gettext, lazy_gettext

from prefcenter.core.channels import Channel, Reason, ScopeKind
from prefcenter.services.opening import Opened, Stopped
from prefcenter.services.opting_in import Wording
from prefcenter.services.preferences import BrandChoices
from prefcenter.store import registry
from prefcenter.web.recipient import choice_words, wording

_: Final = lazy_gettext
_VERSION: Final = "opt-in-1"

_TITLES: Final[Mapping[Channel, str]] = MappingProxyType(
    {Channel.EMAIL: _("Marketing email from %(name)s"), Channel.SMS: _("Marketing texts from %(name)s")}
)
_STATEMENTS: Final[Mapping[Channel, str]] = MappingProxyType(
    {
        Channel.EMAIL: _(
            "What I tick, %(name)s may send by email to %(address)s. A link in each of these emails stops them again."
        ),
        Channel.SMS: _(
            "What I tick, %(name)s may text to %(address)s, also by automatic systems. I need not agree to this to buy "
            "anything. Message and data rates may apply. Reply STOP to end them, or HELP for help."
        ),
    }
)


@dataclass(frozen=True, slots=True)
class BrandWords:
    """All that stands beside the boxes of one brand, in one language.

    Args:
        brand: the brand.
        title: the heading.
        statement: what whoever ticks agrees to.
        boxes: each topic as it stands beside its box: ``brand/topic``, name, description.
        language: the language of all this.
    """

    brand: registry.Brand
    title: str
    statement: str
    boxes: Sequence[tuple[str, str, str]]
    language: str

    @property
    def version(self) -> str:
        """The name of exactly these words."""
        whole = "\n".join([self.language, *self._lines(())])
        return f"{_VERSION}-{hashlib.sha256(whole.encode()).hexdigest()[:12]}"

    def wording(self, ticked: Collection[str]) -> Wording:
        """What a consent keeps: the words as they stood there, and which boxes were ticked."""
        return Wording("\n".join(self._lines(ticked)), self.version, self.language)

    def _lines(self, ticked: Collection[str]) -> list[str]:
        boxes = [
            f"[{'x' if ref in ticked else ' '}] {name}{f': {about}' if about else ''}"
            for ref, name, about in self.boxes
        ]
        return [self.title, *boxes, self.statement]


def of_brand(choices: BrandChoices, channel: Channel, address: str, language: str) -> BrandWords:
    """Say what can be turned on again of a brand."""
    brand = choices.brand
    named = {"name": brand.name, "address": address}
    boxes = [(f"{brand.slug}/{topic.slug}", topic.name, topic.description) for topic, _choice in choices.topics]
    return BrandWords(brand, str(_TITLES[channel]) % named, str(_STATEMENTS[channel]) % named, boxes, language)


_STOPPED: Final[Mapping[tuple[Channel, ScopeKind], str]] = MappingProxyType(
    {
        (Channel.EMAIL, ScopeKind.TOPIC): _("%(name)s emails, stopped on %(day)s"),
        (Channel.EMAIL, ScopeKind.BRAND): _("All marketing email from %(name)s, stopped on %(day)s"),
        (Channel.EMAIL, ScopeKind.ALL): _("All marketing email, stopped on %(day)s"),
        (Channel.EMAIL, ScopeKind.BRAND_BUT): _("All other marketing email from %(name)s, stopped on %(day)s"),
        (Channel.EMAIL, ScopeKind.ALL_BUT): _("All other marketing email, stopped on %(day)s"),
        (Channel.SMS, ScopeKind.TOPIC): _("%(name)s texts, stopped on %(day)s"),
        (Channel.SMS, ScopeKind.BRAND): _("All marketing texts from %(name)s, stopped on %(day)s"),
        (Channel.SMS, ScopeKind.ALL): _("All marketing texts, stopped on %(day)s"),
        (Channel.SMS, ScopeKind.BRAND_BUT): _("All other marketing texts from %(name)s, stopped on %(day)s"),
        (Channel.SMS, ScopeKind.ALL_BUT): _("All other marketing texts, stopped on %(day)s"),
    }
)


def stopped(channel: Channel, each: Stopped) -> str:
    """Say what was stopped, in one sentence."""
    day = wording.day(each.since)
    if each.reason is Reason.OBJECTION:
        return str(
            gettext(
                "All marketing by email, text and post, stopped on %(day)s. It is taken back for this one alone; "
                "your other addresses and numbers stay as they are.",
                day=day,
            )
        )
    if each.reason is Reason.COMPLAINT:
        return str(gettext("All marketing email, stopped on %(day)s because a mail was reported as spam", day=day))
    name = each.scope.brand_slug or ""
    if each.brand is not None:
        name = each.brand.name if each.topic is None else wording.name_of_topic(each.brand, each.topic)
    return str(_STOPPED[channel, each.scope.kind]) % {"name": name, "day": day}


@dataclass(frozen=True, slots=True)
class Told:
    """What the page says that answers: what is on, what waits, what did not open and why."""

    done: Sequence[str]
    waiting: Sequence[str]
    not_on: Sequence[str]


def opened(channel: Channel, address: str, made: Opened) -> Told:
    """Say what came of it, in whole sentences."""
    done = [_on(channel, address, *pair) for pair in made.on]
    done += [str(gettext("Taken back: %(what)s", what=stopped(channel, each))) for each in made.taken_back]
    if made.pause_ended:
        done.append(str(gettext("The break has ended")))
    if made.limited is not None:
        done.append(choice_words.limited(made.limited))
    waiting = [
        str(
            gettext(
                "%(name)s: open the mail that we sent to %(address)s, and confirm it there", name=name, address=address
            )
        )
        for name in (wording.name_of_topic(*pair) for pair in made.to_confirm)
    ]
    late = [
        str(gettext("%(name)s stays off: it was stopped after this page was opened", name=wording.name_of_topic(*pair)))
        for pair in made.ended_since
    ]
    held = [
        str(
            gettext(
                "%(name)s: your yes is on record, but something else still stands against it",
                name=wording.name_of_topic(*pair),
            )
        )
        for pair in made.held_back
    ]
    return Told(done, waiting, [*late, *held])


def _on(channel: Channel, address: str, brand: registry.Brand, topic: registry.Topic) -> str:
    named = {"name": wording.name_of_topic(brand, topic), "address": address}
    if channel is Channel.SMS:
        return str(gettext("%(name)s texts come to %(address)s again", **named))
    return str(gettext("%(name)s emails come to %(address)s again", **named))
