"""What the preference page says, a whole sentence for each channel: other languages order words otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from flask_babel import gettext, lazy_gettext, ngettext

from prefcenter.core.channels import Channel, ScopeKind
from prefcenter.core.frequency import Limit
from prefcenter.services.frequency import Limited
from prefcenter.services.pausing import Paused
from prefcenter.services.preferences import Ended
from prefcenter.web.recipient import stopping, wording

_: Final = lazy_gettext


@dataclass(frozen=True, slots=True)
class ChannelWords:
    """How the page speaks of one channel.

    Args:
        title: the channel as a heading.
        everything: the box for all marketing in it.
        unknown: the contact point where nothing of it can be shown.
        nothing_here: what stands where the person has no contact point in the channel.
    """

    title: str
    everything: str
    unknown: str
    nothing_here: str


CHANNELS: Final[Mapping[Channel, ChannelWords]] = MappingProxyType(
    {
        Channel.EMAIL: ChannelWords(
            title=_("Email"),
            everything=_("All marketing email"),
            unknown=_("Your email address"),
            nothing_here=_("No email address is linked here."),
        ),
        Channel.SMS: ChannelWords(
            title=_("Texts"),
            everything=_("All marketing texts"),
            unknown=_("Your phone number"),
            nothing_here=_("No phone number is linked here."),
        ),
        Channel.POST: ChannelWords(
            title=_("Mail by post"),
            everything=_("All advertising mail by post"),
            unknown=_("Your postal address"),
            nothing_here=_("No postal address is linked here. The form below stops letters to any address."),
        ),
    }
)

_ENDED: Final[Mapping[tuple[Channel, ScopeKind], str]] = MappingProxyType(
    {
        (Channel.EMAIL, ScopeKind.TOPIC): _("No more %(name)s emails to %(address)s"),
        (Channel.EMAIL, ScopeKind.BRAND): _("No more marketing email from %(name)s to %(address)s"),
        (Channel.EMAIL, ScopeKind.ALL): _("No more marketing email to %(address)s"),
        (Channel.SMS, ScopeKind.TOPIC): _("No more %(name)s texts to %(address)s"),
        (Channel.SMS, ScopeKind.BRAND): _("No more marketing texts from %(name)s to %(address)s"),
        (Channel.SMS, ScopeKind.ALL): _("No more marketing texts to %(address)s"),
        (Channel.POST, ScopeKind.TOPIC): _("No more %(name)s mail by post to %(address)s"),
        (Channel.POST, ScopeKind.BRAND): _("No more advertising mail by post from %(name)s to %(address)s"),
        (Channel.POST, ScopeKind.ALL): _("No more advertising mail by post to %(address)s"),
    }
)

_PAUSED: Final[Mapping[Channel, str]] = MappingProxyType(
    {
        Channel.EMAIL: _("Marketing email to %(address)s is paused until %(day)s"),
        Channel.SMS: _("Marketing texts to %(address)s are paused until %(day)s"),
        Channel.POST: _("Advertising mail by post to %(address)s is paused until %(day)s"),
    }
)

_LIMITED: Final[Mapping[tuple[Channel, Limit], str]] = MappingProxyType(
    {
        (Channel.EMAIL, Limit.WEEKLY): _("At most one marketing email a week to %(address)s, from all brands together"),
        (Channel.EMAIL, Limit.MONTHLY): _(
            "At most one marketing email a month to %(address)s, from all brands together"
        ),
        (Channel.SMS, Limit.WEEKLY): _("At most one marketing text a week to %(address)s, from all brands together"),
        (Channel.SMS, Limit.MONTHLY): _("At most one marketing text a month to %(address)s, from all brands together"),
    }
)


def ended(made: Ended) -> str:
    """Say what ended, in one sentence."""
    kind, channel = made.kind, made.point.channel
    name = "" if kind.brand is None else kind.brand.name
    if kind.brand is not None and kind.topic is not None:
        name = wording.name_of_topic(kind.brand, kind.topic)
    place = stopping.address(channel, made.point.masked)
    return str(_ENDED[channel, kind.scope.kind]) % {"name": name, "address": place}


def paused(made: Paused) -> str:
    """Say what is paused, and until when."""
    channel = made.point.channel
    told = {"address": stopping.address(channel, made.point.masked), "day": wording.day(made.until)}
    return str(_PAUSED[channel]) % told


def limited(made: Limited) -> str:
    """Say how often at most something comes from now on."""
    channel = made.point.channel
    if made.limit is None:
        return str(gettext("No limit any more on how often marketing comes"))
    return str(_LIMITED[channel, made.limit]) % {"address": stopping.address(channel, made.point.masked)}


def pause_of(days: int) -> str:
    """Name a length of a pause."""
    return str(ngettext("For %(num)s day", "For %(num)s days", days))


LIMITS: Final[Mapping[Limit, str]] = MappingProxyType(
    {Limit.WEEKLY: _("At most once a week"), Limit.MONTHLY: _("At most once a month")}
)
"""How a limit is offered."""

POST_FIELDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "name": _("Name"),
        "address1": _("Street and number, or PO Box"),
        "address2": _("Apartment or unit (if any)"),
        "city": _("City"),
        "state": _("State"),
        "zip": _("ZIP Code"),
        "country": _("Country (if not the United States)"),
    }
)
"""The labels of the postal form."""

POST_MISSING: Final[Mapping[str, str]] = MappingProxyType(
    {
        "name": _("Write the name as it stands on the letters."),
        "address1": _("Write the street with its number, or the PO Box."),
        "city": _("Write the city."),
        "state": _("Write the state, such as IL."),
        "zip": _("Write the ZIP Code; its first five digits are enough."),
    }
)
"""What is said beside a field that is empty and must not be."""
