"""Registering what is mailed, and under which name: brands, topics, message types."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from prefcenter.core.channels import Channel, MessageClass, ServiceCategory
from prefcenter.core.errors import BadInput
from prefcenter.core.keys import canonicalise_email, canonicalise_phone
from prefcenter.services.errors import AlreadyThere, UnknownType
from prefcenter.services.links import the_brand
from prefcenter.services.ports import Evidence
from prefcenter.store import ledger, registry
from prefcenter.store.registry import Brand, MessageType, Topic

_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?", re.ASCII)
_MESSAGING_SERVICE = re.compile(r"MG[0-9a-f]{32}", re.ASCII)
_SHORT_CODE = re.compile(r"[0-9]{3,8}", re.ASCII)


@dataclass(frozen=True, slots=True)
class BrandFacts:
    """What a brand shows in its mails (E10).

    Args:
        name: what recipients know it as.
        country: ISO 3166; whose law counts where nothing else tells (G7).
        postal_address: the address that every marketing mail shows.
        sender_name: the name that its mails come from.
        marketing_from: the address that marketing comes from.
        service_from: the address that service mail comes from, another one (E10).
        contact: where people can ask: an address, a number or a page.
    """

    name: str
    country: str = "US"
    postal_address: str = ""
    sender_name: str = ""
    marketing_from: str = ""
    service_from: str = ""
    contact: str = ""

    def checked(self) -> BrandFacts:
        """Give the facts as they are stored.

        Raises:
            BadInput: one of them cannot be used.
        """
        country = self.country.strip().upper()
        if not re.fullmatch(r"[A-Z]{2}", country):
            raise BadInput(f"“{self.country}” is not a country.", remedy="Use an ISO 3166 code such as US or GB.")
        marketing = _mailbox(self.marketing_from)
        service = _mailbox(self.service_from)
        if marketing and marketing == service:
            raise BadInput(
                "Marketing and service mail come from the same address.",
                remedy="Give them different ones: who filters the one must still get the other (E10).",
            )
        return BrandFacts(
            name=_line(self.name, "name", 200),
            country=country,
            postal_address=_text(self.postal_address, "postal address"),
            sender_name=_line(self.sender_name, "sender name", 200, is_needed=False),
            marketing_from=marketing,
            service_from=service,
            contact=_line(self.contact, "contact", 254, is_needed=False),
        )


@dataclass(frozen=True, slots=True)
class TypeFacts:
    """What a message type declares.

    Args:
        name: what it is called.
        message_class: its class; sharing is none, since it is no message.
        channel: the channel that it goes by.
        brand: the brand's slug; None where there is only one.
        topic: the topic's slug, or None for marketing in general and for all that is no marketing.
        sender: whom it comes from: an address, a number, a short code or a Messaging Service.
        category: why a service message is exempt (E14).
        category_reason: in words.
        fallbacks: the channels that it may be rerouted to, in order (X11).
        is_urgent: whether a service text must not wait for the morning.
        use_since_policy: the version of the privacy policy that first named this use (G16).
    """

    name: str
    message_class: MessageClass
    channel: Channel
    brand: str | None = None
    topic: str | None = None
    sender: str = ""
    category: ServiceCategory | None = None
    category_reason: str = ""
    fallbacks: tuple[Channel, ...] = ()
    is_urgent: bool = False
    use_since_policy: int | None = None

    def check(self) -> None:
        """Refuse what contradicts itself.

        Raises:
            BadInput: says what.
        """
        promotes = self.message_class is MessageClass.MARKETING
        if self.message_class is MessageClass.SHARING:
            raise BadInput("Sharing is no message.", remedy="Use marketing, service, legal or requested.")
        if self.message_class is MessageClass.SERVICE and self.category is None:
            raise BadInput(
                "A service message needs the statutory category that exempts it (E14).",
                remedy=f"Give one of {', '.join(ServiceCategory)}; what fits none of them is marketing.",
            )
        if self.message_class is not MessageClass.SERVICE and self.category is not None:
            raise BadInput(f"A {self.message_class} message has no service category.", remedy="Leave it out.")
        if self.is_urgent and promotes:
            raise BadInput("Marketing is never urgent: it waits for the morning (S8).")
        if self.fallbacks and self.message_class is MessageClass.REQUESTED:
            raise BadInput("Codes, links and credentials are never rerouted (X11).", remedy="Leave the fallback out.")
        if self.channel in self.fallbacks:
            raise BadInput(f"{self.channel} cannot be the fallback of {self.channel}.")
        if self.topic is not None and not promotes:
            raise BadInput(f"Only marketing has a topic; this is {self.message_class}.", remedy="Leave the topic out.")
        if self.use_since_policy is not None and self.use_since_policy < 1:
            raise BadInput("Versions of the privacy policy count from 1.")


def add_brand(session: Session, slug: str, facts: BrandFacts, evidence: Evidence, *, at: datetime) -> Brand:
    """Register a brand; commits.

    Raises:
        BadInput: the slug or a fact cannot be used.
        AlreadyThere: the slug is taken, by an archived brand too.
    """
    _check_slug(slug)
    told = facts.checked()
    code = registry.new_brand_code(session.scalars(select(Brand.code)))
    row = Brand(slug=slug, code=code, created_at=at)
    _write(row, told)
    _insert(session, row, f"There is a brand “{slug}” already.", "`prefcenter brand set` changes it.")
    _log(session, "brand_added", {"brand": slug, "country": told.country}, evidence, at)
    session.commit()
    return row


def set_brand(session: Session, slug: str, changes: dict[str, str], evidence: Evidence, *, at: datetime) -> Brand:
    """Change facts of a brand, those that are named; commits.

    Raises:
        UnknownType: there is no such brand.
        BadInput: a fact cannot be used, or none is named.
    """
    row = the_brand(session, slug)
    if not changes:
        raise BadInput("Nothing was given that should change.", remedy="Name it, such as --postal-address.")
    told = {name: getattr(row, name) for name in BrandFacts.__dataclass_fields__}
    _write(row, BrandFacts(**(told | changes)).checked())
    _log(session, "brand_changed", {"brand": slug, "changed": sorted(changes)}, evidence, at)
    session.commit()
    return row


def add_topic(
    session: Session,
    slug: str,
    *,
    name: str,
    evidence: Evidence,
    at: datetime,
    brand: str | None = None,
    description: str = "",
    channels: Collection[Channel] = (),
) -> tuple[Topic, Brand]:
    """Register a topic of a brand, by default for every channel; commits.

    Raises:
        BadInput: the slug or the name cannot be used.
        UnknownType: there is no such brand.
        Ambiguous: there are several brands and none was named.
        AlreadyThere: the brand has a topic of that slug, perhaps an archived one.
    """
    _check_slug(slug)
    owner = the_brand(session, brand)
    row = Topic(
        brand_id=owner.id,
        slug=slug,
        code=registry.new_topic_code(session.scalars(select(Topic.code))),
        name=_line(name, "name", 200),
        description=_text(description, "description"),
        channels=[channel.value for channel in Channel if channel in channels or not channels],
        created_at=at,
    )
    _insert(session, row, f"The brand “{owner.slug}” has a topic “{slug}” already.")
    _log(session, "topic_added", {"brand": owner.slug, "topic": slug, "channels": row.channels}, evidence, at)
    session.commit()
    return row, owner


def add_type(
    session: Session, slug: str, facts: TypeFacts, evidence: Evidence, *, at: datetime
) -> tuple[MessageType, Brand, Topic | None]:
    """Register a message type and approve it at once; commits.

    The actor both proposes and approves: whoever registers types this way answers for their category (E14).

    Raises:
        BadInput: what was declared contradicts itself or cannot be used.
        UnknownType: there is no such brand or topic.
        Ambiguous: there are several brands and none was named.
        AlreadyThere: the slug is taken.
    """
    _check_slug(slug)
    facts.check()
    brand = the_brand(session, facts.brand)
    topic = _topic_for(session, brand, facts)
    row = MessageType(
        slug=slug,
        name=_line(facts.name, "name", 200),
        message_class=facts.message_class.value,
        channel=facts.channel.value,
        brand_id=brand.id,
        topic_id=None if topic is None else topic.id,
        sender=sender_of(facts.channel, facts.sender),
        category=None if facts.category is None else facts.category.value,
        category_reason=_text(facts.category_reason, "reason"),
        fallbacks=[channel.value for channel in facts.fallbacks],
        is_urgent=facts.is_urgent,
        use_since_policy=facts.use_since_policy,
        proposed_by=evidence.actor,
        approved_by=evidence.actor,
        created_at=at,
    )
    _insert(session, row, f"There is a message type “{slug}” already.")
    told = {"type": slug, "class": row.message_class, "channel": row.channel, "brand": brand.slug}
    told |= {"category": row.category} if row.category else {}
    _log(session, "type_added", told | ({"topic": topic.slug} if topic else {}), evidence, at)
    session.commit()
    return row, brand, topic


def name_from(slug: str) -> str:
    """Make a readable name where none was given.

    >>> name_from("spring-offers")
    'Spring offers'
    """
    return slug.replace("-", " ").capitalize()


def sender_of(channel: Channel, text: str) -> str:
    """Read whom a message type comes from, in the form that a STOP to it is found under (S5).

    Raises:
        BadInput: it is no sender of that channel.
    """
    bare = text.strip()
    if not bare:
        return ""
    if channel is Channel.EMAIL:
        return str(canonicalise_email(bare))
    if channel is Channel.POST:
        raise BadInput("Post has no sender but its brand.", remedy="Leave the sender out.")
    if _MESSAGING_SERVICE.fullmatch(bare) or _SHORT_CODE.fullmatch(bare):
        return bare
    return str(canonicalise_phone(bare))


def _topic_for(session: Session, brand: Brand, facts: TypeFacts) -> Topic | None:
    if facts.topic is None:
        return None
    topic = registry.topic_by_slug(session, brand.id, facts.topic)
    if topic is None:
        raise UnknownType(
            f"The brand “{brand.slug}” has no topic “{facts.topic}”.", remedy="`prefcenter topic list` shows them."
        )
    if facts.channel.value not in topic.channels:
        raise BadInput(f"The topic “{topic.slug}” goes by {' and '.join(topic.channels)}, not by {facts.channel}.")
    return topic


def _write(row: Brand, facts: BrandFacts) -> None:
    for name in BrandFacts.__dataclass_fields__:
        setattr(row, name, getattr(facts, name))


def _insert(session: Session, row: Brand | Topic | MessageType, taken: str, remedy: str = "") -> None:
    """Insert a row; the unique index says whether it was there."""
    try:
        with session.begin_nested():
            session.add(row)
            session.flush()
    except IntegrityError as error:
        raise AlreadyThere(taken, remedy=remedy) from error


def _log(session: Session, kind: str, facts: Mapping[str, object], evidence: Evidence, at: datetime) -> None:
    told = {**facts, **evidence.facts}
    ledger.append(session, kind, at=at, actor=evidence.actor, facts=told, personal=evidence.personal)


def _check_slug(slug: str) -> None:
    if not _SLUG.fullmatch(slug):
        raise BadInput(
            f"“{slug[:80]}” cannot be a slug.",
            remedy="Use up to 64 lower-case letters a-z, digits and hyphens, such as spring-offers.",
        )


def _mailbox(text: str) -> str:
    return str(canonicalise_email(text)) if text.strip() else ""


def _line(text: str, what: str, most: int, *, is_needed: bool = True) -> str:
    line = " ".join(text.split())
    if is_needed and not line:
        raise BadInput(f"The {what} is empty.")
    if len(line) > most or not line.isprintable():
        raise BadInput(f"The {what} is longer than {most} characters, or holds some that cannot be shown.")
    return line


def _text(text: str, what: str, most: int = 2_000) -> str:
    lines: Sequence[str] = [" ".join(line.split()) for line in text.strip().splitlines()]
    if len(text) > most or not all(line.isprintable() for line in lines):
        raise BadInput(f"The {what} is longer than {most} characters, or holds some that cannot be shown.")
    return "\n".join(lines)
