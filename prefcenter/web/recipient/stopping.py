"""What the unsubscribe pages say, a whole sentence for each channel and scope: other languages order words otherwise.

Names of brands and topics stay as their owners wrote them; an address is shown as far as it may be (E18).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from flask_babel import gettext, lazy_gettext, pgettext

from prefcenter.core.channels import Channel, Scope, ScopeKind
from prefcenter.services.optouts import Target
from prefcenter.web.recipient import wording


@dataclass(frozen=True, slots=True)
class Sentences:
    """What is said of one scope of one channel; each may name ``%(name)s`` and ``%(address)s``.

    Args:
        question: the heading of the page that asks.
        button: the button that stops it.
        done: the heading once it is done.
        off: the heading where it was off before.
    """

    question: str
    button: str
    done: str
    off: str


_: Final = lazy_gettext
_SENTENCES: Final[Mapping[tuple[Channel, ScopeKind], Sentences]] = MappingProxyType(
    {
        (Channel.EMAIL, ScopeKind.TOPIC): Sentences(
            question=_("Stop %(name)s emails to %(address)s?"),
            button=_("Stop these emails"),
            done=_("Done. No more %(name)s emails."),
            off=_("Already off: %(name)s emails to %(address)s"),
        ),
        (Channel.EMAIL, ScopeKind.BRAND): Sentences(
            question=_("Stop all marketing email from %(name)s to %(address)s?"),
            button=_("Stop all marketing email from %(name)s"),
            done=_("Done. No more marketing email from %(name)s."),
            off=_("Already off: all marketing email from %(name)s to %(address)s"),
        ),
        (Channel.EMAIL, ScopeKind.ALL): Sentences(
            question=_("Stop all marketing email to %(address)s?"),
            button=_("Stop all marketing email"),
            done=_("Done. No more marketing email."),
            off=_("Already off: all marketing email to %(address)s"),
        ),
        (Channel.SMS, ScopeKind.TOPIC): Sentences(
            question=_("Stop %(name)s texts to %(address)s?"),
            button=_("Stop these texts"),
            done=_("Done. No more %(name)s texts."),
            off=_("Already off: %(name)s texts to %(address)s"),
        ),
        (Channel.SMS, ScopeKind.BRAND): Sentences(
            question=_("Stop all marketing texts from %(name)s to %(address)s?"),
            button=_("Stop all marketing texts from %(name)s"),
            done=_("Done. No more marketing texts from %(name)s."),
            off=_("Already off: all marketing texts from %(name)s to %(address)s"),
        ),
        (Channel.SMS, ScopeKind.ALL): Sentences(
            question=_("Stop all marketing texts to %(address)s?"),
            button=_("Stop all marketing texts"),
            done=_("Done. No more marketing texts."),
            off=_("Already off: all marketing texts to %(address)s"),
        ),
        (Channel.POST, ScopeKind.TOPIC): Sentences(
            question=_("Stop %(name)s mail by post to %(address)s?"),
            button=_("Stop this mail by post"),
            done=_("Done. No more %(name)s mail by post."),
            off=_("Already off: %(name)s mail by post to %(address)s"),
        ),
        (Channel.POST, ScopeKind.BRAND): Sentences(
            question=_("Stop all advertising mail by post from %(name)s to %(address)s?"),
            button=_("Stop all advertising mail by post from %(name)s"),
            done=_("Done. No more advertising mail by post from %(name)s."),
            off=_("Already off: all advertising mail by post from %(name)s to %(address)s"),
        ),
        (Channel.POST, ScopeKind.ALL): Sentences(
            question=_("Stop all advertising mail by post to %(address)s?"),
            button=_("Stop all advertising mail by post"),
            done=_("Done. No more advertising mail by post."),
            off=_("Already off: all advertising mail by post to %(address)s"),
        ),
    }
)


def sentences(target: Target, scope: Scope | None = None) -> Sentences:
    """Say what a link ends, or another scope of the same link, with its names in place."""
    wanted = scope or target.scope
    said = _SENTENCES[target.point.channel, wanted.kind]
    names = {"name": _name(target, wanted), "address": address(target.point.channel, target.point.masked)}
    return Sentences(*(str(getattr(said, part)) % names for part in ("question", "button", "done", "off")))


def _name(target: Target, scope: Scope) -> str:
    if target.brand is None:
        return ""
    if scope.kind is ScopeKind.TOPIC and target.topic is not None:
        return wording.name_of_topic(target.brand, target.topic)
    return target.brand.name


def address(channel: Channel, masked: str | None) -> str:
    """Name a contact point as far as it may be shown: “j•••@example.com”, “the number ending in 0100”."""
    if masked is None:
        return _unknown(channel)
    if channel is not Channel.SMS:
        return masked
    return str(pgettext("what is sent to", "the number ending in %(digits)s", digits=masked.removeprefix("•••")))


def _unknown(channel: Channel) -> str:
    phrases = {
        Channel.EMAIL: pgettext("what is sent to", "your email address"),
        Channel.SMS: pgettext("what is sent to", "your phone number"),
        Channel.POST: pgettext("what is sent to", "your postal address"),
    }
    return str(phrases[channel])


def since(target: Target, moment: str, *, is_new: bool) -> str:
    """Say from when on it holds."""
    if not is_new:
        return str(gettext("This was stopped already, on %(moment)s, and stays stopped.", moment=moment))
    place = address(target.point.channel, target.point.masked)
    return str(gettext("This holds for %(address)s from now on (%(moment)s).", address=place, moment=moment))
