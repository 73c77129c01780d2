"""The links that a mail carries: made here, and nowhere else."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from sqlalchemy.orm import Session

from prefcenter.core.channels import Channel, Source
from prefcenter.core.tokens import Purpose, SigningKeys, Token
from prefcenter.services.errors import Ambiguous, UnknownType
from prefcenter.services.keyring import require_all
from prefcenter.services.points import Point
from prefcenter.services.ports import Keyring
from prefcenter.store import contacts, registry

_NUMERIC_HOST = re.compile(r"[0-9.]+|.*:.*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Links:
    """The links for one contact point.

    Args:
        unsubscribe: ends the topic, or all marketing of the brand.
        preferences: the preference page.
        mailbox: the address that unsubscribes whoever a mail to it is about, or empty without an inbound domain.
    """

    unsubscribe: str
    preferences: str
    mailbox: str


class LinkMaker:
    """Builds links on a base address.

    Args:
        signing: the keys of the tokens.
        base_url: the public address, without a slash at its end.
        inbound_domain: the domain whose mail comes to us, or empty.
    """

    def __init__(self, signing: SigningKeys, base_url: str, inbound_domain: str = "") -> None:
        self._signing = signing
        self._base_url = base_url
        self._inbound_domain = inbound_domain

    @property
    def is_safe(self) -> bool:
        """Whether the links are HTTPS, as one-click needs (E1), or never leave this machine."""
        return urlsplit(self._base_url).scheme == "https" or self.list_domain == "localhost"

    @property
    def list_domain(self) -> str:
        """The domain under which lists are named: that of the links; ``localhost`` where it is none of ours.

        Source: RFC 2919 §4 (who has no domain uses ``localhost``).
        """
        host = (urlsplit(self._base_url).hostname or "").lower()
        return host if "." in host and not _NUMERIC_HOST.fullmatch(host) else "localhost"

    def links(self, channel: Channel, digest: bytes, brand_code: int = 0, topic_code: int = 0) -> Links:
        """Make the links for a contact point and a scope."""
        leave = self._signing.make(Token(Purpose.UNSUBSCRIBE, channel, digest, brand_code, topic_code))
        choose = self._signing.make(Token(Purpose.PREFERENCES, channel, digest, brand_code, topic_code))
        mailbox = f"{MAILBOX_PREFIX}{leave}@{self._inbound_domain}" if self._inbound_domain else ""
        return Links(f"{self._base_url}/u/{leave}", f"{self._base_url}/p/{choose}", mailbox)

    def confirmation(self, channel: Channel, uid: bytes, brand_code: int) -> str:
        """Make the link that confirms what is kept under that name; ``uid`` is random, ``DIGEST_BYTES`` long."""
        return f"{self._base_url}/s/confirm/{self._signing.make(Token(Purpose.CONFIRMATION, channel, uid, brand_code))}"

    def sign_up(self, brand: str) -> str:
        """Make the link of a brand's sign-up form."""
        return f"{self._base_url}/s/{brand}"


MAILBOX_PREFIX = "u-"
"""What the local part of a tokened unsubscribe mailbox begins with; with the token it stays within 64 characters."""


def token_in_mailbox(address: str, inbound_domain: str) -> str | None:
    """Find the token in a tokened unsubscribe mailbox, or None where the address is another one.

    The domain is not asked for where none is configured: the token proves itself.

    >>> token_in_mailbox("u-abc@in.example", "in.example")
    'abc'
    """
    local, _, domain = address.strip().lower().rpartition("@")
    if not local.startswith(MAILBOX_PREFIX) or (inbound_domain and domain != inbound_domain):
        return None
    return local.removeprefix(MAILBOX_PREFIX)


def make_known(
    session: Session, point: Point, *, at: datetime, source: Source, note: str = ""
) -> contacts.ContactPoint:
    """Put a contact point on file, with a contact of its own, unless it is there; within the caller's transaction."""
    known = contacts.points_by_digest(session, point.own)
    if known:
        return known[0]
    contact = contacts.Contact(country=point.country, created_at=at)
    session.add(contact)
    session.flush()
    row = contacts.ContactPoint(
        contact_id=contact.id,
        channel=point.channel.value,
        digest=point.digest,
        pepper_id=point.pepper_id or "",
        value=dict(point.given) if point.given is not None else None,
        country=point.country,
        source=source.value,
        source_note=note,
        created_at=at,
    )
    session.add(row)
    session.flush()
    return row


def links_for(
    session: Session,
    keyring: Keyring,
    maker: LinkMaker,
    point: Point,
    *,
    at: datetime,
    brand: str | None = None,
    topic: str | None = None,
) -> Links:
    """Give the links for a contact point, which is made known if it isn't; commits.

    Raises:
        Ambiguous: there are several brands and none was named.
        UnknownType: the brand or topic is unknown.
        MissingKey: a key in use is missing.
    """
    require_all(session, keyring)
    found, row = brand_and_topic(session, brand, topic)
    known = make_known(session, point, at=at, source=Source.OPERATOR, note="link")
    session.commit()
    return maker.links(point.channel, known.digest, found.code, 0 if row is None else row.code)


def brand_and_topic(
    session: Session, brand: str | None, topic: str | None
) -> tuple[registry.Brand, registry.Topic | None]:
    """Find the brand that was named, or the only one there is, and its topic, if one was named.

    Raises:
        Ambiguous: there are several brands and none was named.
        UnknownType: the brand or topic is unknown.
    """
    found = the_brand(session, brand)
    if topic is None:
        return found, None
    row = registry.topic_by_slug(session, found.id, topic)
    if row is None:
        raise UnknownType(
            f"The brand “{found.slug}” has no topic “{topic}”.", remedy="`prefcenter topic list` shows the topics."
        )
    return found, row


def the_brand(session: Session, slug: str | None) -> registry.Brand:
    """Find the brand that was named, or the only one there is.

    Raises:
        UnknownType: it does not exist, or there is none yet.
        Ambiguous: there are several and none was named.
    """
    if slug is not None:
        found = registry.brand_by_slug(session, slug)
        if found is None:
            raise UnknownType(f"There is no brand “{slug}”.", remedy="`prefcenter brand list` shows the brands.")
        return found
    all_brands = registry.brands(session)
    if not all_brands:
        raise UnknownType("There is no brand yet.", remedy='Add one: `prefcenter brand add acme --name "Acme"`.')
    if len(all_brands) > 1:
        names = ", ".join(brand.slug for brand in all_brands)
        raise Ambiguous(f"There are several brands: {names}.", remedy="Name one with --brand.")
    return all_brands[0]
