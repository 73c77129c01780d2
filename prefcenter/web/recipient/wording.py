"""How the pages speak of each channel: plain nouns, no double negatives, no guilt (U1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final

from prefcenter.core.channels import Channel, Scope, ScopeKind
from prefcenter.services.optouts import Target
from prefcenter.store import registry


@dataclass(frozen=True, slots=True)
class Words:
    """The words for one channel.

    Args:
        title: the channel as a heading.
        items: its messages, in the plural or as a mass noun.
        these: those messages, pointed at.
        all_marketing: all advertising in it.
        unknown: the contact point where nothing of it can be shown.
        to: what stands before a contact point that can be shown.
        continuing: what goes on after an opt-out.
        on_its_way: what may still come although the opt-out holds already.
        others: the other channels.
        nothing_here: what stands where the person has no contact point in the channel.
    """

    title: str
    items: str
    these: str
    all_marketing: str
    unknown: str
    to: str
    continuing: str
    on_its_way: str
    others: str
    nothing_here: str


WORDS: Final[Mapping[Channel, Words]] = MappingProxyType(
    {
        Channel.EMAIL: Words(
            title="Email",
            items="emails",
            these="these emails",
            all_marketing="marketing email",
            unknown="your email address",
            to="to ",
            continuing="Receipts and account messages continue.",
            on_its_way="An email that was already on its way may still arrive today.",
            others="Texts and mail by post are separate and stay as they were.",
            nothing_here="No email address is linked here.",
        ),
        Channel.SMS: Words(
            title="Texts",
            items="texts",
            these="these texts",
            all_marketing="marketing texts",
            unknown="your phone number",
            to="to the number ending in ",
            continuing="Codes and account messages continue.",
            on_its_way="A text that was already on its way may still arrive today.",
            others="Email and mail by post are separate and stay as they were.",
            nothing_here="No phone number is linked here.",
        ),
        Channel.POST: Words(
            title="Mail by post",
            items="mail by post",
            these="this mail by post",
            all_marketing="advertising mail by post",
            unknown="your postal address",
            to="to ",
            continuing="Bills and letters about your account continue.",
            on_its_way="Mail that is already printed may still arrive over the next few weeks.",
            others="Email and texts are separate and stay as they were.",
            nothing_here="No postal address is linked here.",
        ),
    }
)


def name_of_topic(brand: registry.Brand, topic: registry.Topic) -> str:
    """The topic under its brand's name, which is not said twice."""
    if topic.name.casefold().startswith(brand.name.casefold()):
        return topic.name
    return f"{brand.name} {topic.name}"


def kind(channel: Channel, scope: Scope, brand: registry.Brand | None, topic: registry.Topic | None) -> str:
    """Name what a scope covers: “Acme Offers emails”, “all marketing email from Acme”, “all marketing email”."""
    words = WORDS[channel]
    if scope.kind is ScopeKind.TOPIC and brand is not None and topic is not None:
        return f"{name_of_topic(brand, topic)} {words.items}"
    if scope.kind is ScopeKind.BRAND and brand is not None:
        return f"all {words.all_marketing} from {brand.name}"
    return f"all {words.all_marketing}"


def kind_of_target(target: Target, scope: Scope | None = None) -> str:
    """Name what a link ends, or another scope of the same link."""
    return kind(target.point.channel, scope or target.scope, target.brand, target.topic)


def place(channel: Channel, masked: str | None) -> str:
    """Name a contact point as far as it may be shown (E18): “to j•••@example.com”, “to your email address”."""
    words = WORDS[channel]
    if masked is None:
        return f"to {words.unknown}"
    return f"{words.to}{masked.removeprefix('•••') if channel is Channel.SMS else masked}"


def day(moment: datetime) -> str:
    """Write a day as people do.

    >>> day(datetime(2026, 11, 3, tzinfo=UTC))
    'November 3, 2026'
    """
    return f"{moment:%B} {moment.day}, {moment.year}"


def minute(moment: datetime) -> str:
    """Write a moment as people do, with its time zone said.

    >>> minute(datetime(2026, 11, 3, 9, 5, tzinfo=UTC))
    'November 3, 2026, 09:05 UTC'
    """
    return f"{day(moment)}, {moment.astimezone(UTC):%H:%M} UTC"


def upper_first(text: str) -> str:
    """Begin a sentence or a button."""
    return text[:1].upper() + text[1:]
