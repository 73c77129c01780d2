"""How the pages speak of each channel: plain nouns, no double negatives, no guilt (U1); and how they write dates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final

from babel import Locale
from babel.dates import format_date
from flask_babel import get_locale, gettext, lazy_gettext

from prefcenter.core.channels import Channel
from prefcenter.store import registry

_: Final = lazy_gettext


@dataclass(frozen=True, slots=True)
class Words:
    """What is said after an opt-out in one channel, a whole sentence each.

    Args:
        continuing: what goes on after an opt-out.
        on_its_way: what may still come although the opt-out holds already.
        others: the other channels.
    """

    continuing: str
    on_its_way: str
    others: str


WORDS: Final[Mapping[Channel, Words]] = MappingProxyType(
    {
        Channel.EMAIL: Words(
            continuing=_("Receipts and account messages continue."),
            on_its_way=_("An email that was already on its way may still arrive today."),
            others=_("Texts and mail by post are separate and stay as they were."),
        ),
        Channel.SMS: Words(
            continuing=_("Codes and account messages continue."),
            on_its_way=_("A text that was already on its way may still arrive today."),
            others=_("Email and mail by post are separate and stay as they were."),
        ),
        Channel.POST: Words(
            continuing=_("Bills and letters about your account continue."),
            on_its_way=_("Mail that is already printed may still arrive over the next few weeks."),
            others=_("Email and texts are separate and stay as they were."),
        ),
    }
)


def name_of_topic(brand: registry.Brand, topic: registry.Topic) -> str:
    """The topic under its brand's name, which is not said twice."""
    if topic.name.casefold().startswith(brand.name.casefold()):
        return topic.name
    return f"{brand.name} {topic.name}"


def day(moment: datetime) -> str:
    """Write a day as people do in the language of the page.

    >>> day(datetime(2026, 11, 3, tzinfo=UTC))
    'November 3, 2026'
    """
    return str(format_date(moment, "long", locale=get_locale() or Locale("en")))


def minute(moment: datetime) -> str:
    """Write a moment as people do, with its time zone said.

    >>> minute(datetime(2026, 11, 3, 9, 5, tzinfo=UTC))
    'November 3, 2026, 09:05 UTC'
    """
    at = moment.astimezone(UTC)
    return str(gettext("%(day)s, %(time)s UTC", day=day(at), time=f"{at:%H:%M}"))
