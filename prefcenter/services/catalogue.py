"""Registering what is mailed, and under which name: brands and topics. Message types have a module of their own."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from prefcenter.core.channels import Channel
from prefcenter.core.errors import BadInput
from prefcenter.core.keys import canonicalise_email
from prefcenter.services.links import the_brand
from prefcenter.services.ports import Evidence
from prefcenter.services.registering import check_slug, few_lines, insert_once, one_line, tell
from prefcenter.store import registry
from prefcenter.store.registry import Brand, Topic

_DOMAIN: Final = re.compile(r"(?=.{4,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}", re.ASCII)
_PAGE: Final = re.compile(r"https://[!-~]{1,492}", re.ASCII)


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
        domain: where people know it from, such as ``acme.example``; shown beside its name.
        privacy_url: the page of its privacy notice.
        policy_version: the version of that notice that is in force; it only grows (G16).
        double_opt_in: whether an opt-in on the preference page is asked about by mail before it counts, as a sign-up
            always is.
    """

    name: str
    country: str = "US"
    postal_address: str = ""
    sender_name: str = ""
    marketing_from: str = ""
    service_from: str = ""
    contact: str = ""
    domain: str = ""
    privacy_url: str = ""
    policy_version: int = 1
    double_opt_in: bool = False

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
            name=one_line(self.name, "name", 200),
            country=country,
            postal_address=few_lines(self.postal_address, "postal address"),
            sender_name=one_line(self.sender_name, "sender name", 200, is_needed=False),
            marketing_from=marketing,
            service_from=service,
            contact=one_line(self.contact, "contact", 254, is_needed=False),
            domain=_domain(self.domain),
            privacy_url=_page(self.privacy_url),
            policy_version=_version(self.policy_version),
            double_opt_in=self.double_opt_in,
        )


def add_brand(session: Session, slug: str, facts: BrandFacts, evidence: Evidence, *, at: datetime) -> Brand:
    """Register a brand; commits.

    Raises:
        BadInput: the slug or a fact cannot be used.
        AlreadyThere: the slug is taken, by an archived brand too.
    """
    check_slug(slug)
    told = facts.checked()
    code = registry.new_brand_code(session.scalars(select(Brand.code)))
    row = Brand(slug=slug, code=code, created_at=at)
    _write(row, told)
    insert_once(session, row, f"There is a brand “{slug}” already.", "`prefcenter brand set` changes it.")
    tell(session, "brand_added", {"brand": slug, "country": told.country}, evidence, at)
    session.commit()
    return row


def set_brand(
    session: Session, slug: str, changes: Mapping[str, str | int], evidence: Evidence, *, at: datetime
) -> Brand:
    """Change facts of a brand, those that are named; commits.

    Raises:
        UnknownType: there is no such brand.
        BadInput: a fact cannot be used, or none is named.
    """
    row = the_brand(session, slug)
    if not changes:
        raise BadInput("Nothing was given that should change.", remedy="Name it, such as --postal-address.")
    told: dict[str, Any] = {name: getattr(row, name) for name in BrandFacts.__dataclass_fields__}
    facts = BrandFacts(**(told | dict(changes))).checked()
    if facts.policy_version < row.policy_version:
        raise BadInput(
            f"Version {row.policy_version} of the privacy notice was in force already.",
            remedy="Versions only grow: a new text has the next number (G16).",
        )
    _write(row, facts)
    tell(session, "brand_changed", {"brand": slug, "changed": sorted(changes)}, evidence, at)
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
    check_slug(slug)
    owner = the_brand(session, brand)
    row = Topic(
        brand_id=owner.id,
        slug=slug,
        code=registry.new_topic_code(session.scalars(select(Topic.code))),
        name=one_line(name, "name", 200),
        description=few_lines(description, "description"),
        channels=[channel.value for channel in Channel if channel in channels or not channels],
        created_at=at,
    )
    insert_once(session, row, f"The brand “{owner.slug}” has a topic “{slug}” already.")
    tell(session, "topic_added", {"brand": owner.slug, "topic": slug, "channels": row.channels}, evidence, at)
    session.commit()
    return row, owner


def _write(row: Brand, facts: BrandFacts) -> None:
    for name in BrandFacts.__dataclass_fields__:
        setattr(row, name, getattr(facts, name))


def _domain(text: str) -> str:
    domain = text.strip().lower().removesuffix(".")
    if domain and not _DOMAIN.fullmatch(domain):
        raise BadInput(f"“{text[:80]}” is not a domain.", remedy="Write it as acme.example, without https://.")
    return domain


def _page(text: str) -> str:
    address = text.strip()
    if address and not _PAGE.fullmatch(address):
        raise BadInput("The privacy notice must be a page at an https:// address of at most 500 characters.")
    return address


def _version(number: int) -> int:
    if not 1 <= number <= 1_000_000:
        raise BadInput("A version of the privacy notice is a number from 1 on.")
    return number


def _mailbox(text: str) -> str:
    return str(canonicalise_email(text)) if text.strip() else ""
