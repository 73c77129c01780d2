"""Links for mails that another tool sends: many addresses at once, each with its links and the headers beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, cast

from sqlalchemy import insert
from sqlalchemy.orm import Session

from prefcenter.core.channels import MessageClass, Source
from prefcenter.core.errors import BadAddress
from prefcenter.services.composing import headers_of, list_id_of
from prefcenter.services.deciding import question_about_class
from prefcenter.services.keyring import require_all
from prefcenter.services.links import LinkMaker, Links, brand_and_topic
from prefcenter.services.points import Point, Points
from prefcenter.services.ports import Keyring
from prefcenter.store import contacts
from prefcenter.store.contacts import Contact, ContactPoint
from prefcenter.store.registry import Brand, Topic
from prefcenter.store.suppressions import in_batches

if TYPE_CHECKING:
    from sqlalchemy import Table

MOST_ADDRESSES = 10_000
"""More than these are not taken at once."""


@dataclass(frozen=True, slots=True)
class Linked:
    """What a mail to one address carries.

    Args:
        links: its links.
        headers: the headers by which mail programs offer to unsubscribe (E1, E9).
    """

    links: Links
    headers: Mapping[str, str]


def list_named(session: Session, brand: str | None, topic: str | None) -> tuple[Brand, Topic | None]:
    """Find what is mailed: the brand that was named, or the only one there is, or the only one with such a topic.

    Raises:
        Ambiguous: there are several and none was named.
        UnknownType: the brand or topic is unknown.
    """
    if brand is None and topic is not None:
        brand = question_about_class(session, MessageClass.MARKETING, topic=topic).brand
    return brand_and_topic(session, brand, topic)


def link_all(
    session: Session,
    keyring: Keyring,
    maker: LinkMaker,
    points: Points,
    addresses: Sequence[str],
    *,
    at: datetime,
    source: Source,
    brand: str | None = None,
    topic: str | None = None,
) -> list[Linked | BadAddress]:
    """Give the links of email addresses, in their order, a ``BadAddress`` for what is none; commits.

    Addresses are made known that aren't: whoever leaves by a link must be known by name to the providers' lists too.
    Asking again gives the same links.

    Raises:
        Ambiguous: there are several brands and none was named.
        UnknownType: the brand or topic is unknown.
        MissingKey: a key in use is missing.
    """
    require_all(session, keyring)
    found, row = list_named(session, brand, topic)
    read = [_point(points, address) for address in addresses]
    digests = _make_known(session, [point for point in read if isinstance(point, Point)], at, source)
    codes, list_name = (found.code, 0 if row is None else row.code), list_id_of(found, row, maker.list_domain)
    session.commit()

    def linked(point: Point) -> Linked:
        links = maker.links(point.channel, digests[point.digest], *codes)
        return Linked(links, headers_of(links, list_name))

    return [point if isinstance(point, BadAddress) else linked(point) for point in read]


def _point(points: Points, address: str) -> Point | BadAddress:
    try:
        return points.email(address)
    except BadAddress as error:
        return error


def _make_known(session: Session, points: Sequence[Point], at: datetime, source: Source) -> dict[bytes, bytes]:
    """Put points on file that are not, each with a contact of its own; within the caller's transaction.

    Returns:
        For the digest of each point, the digest that it is on file under.
    """
    known: set[bytes] = set()
    for batch in in_batches({digest for point in points for digest in point.own}):
        known |= contacts.known_digests(session, batch)
    digests, new = {}, {}
    for point in points:
        digests[point.digest] = next((digest for digest in point.own if digest in known), point.digest)
        if digests[point.digest] not in known:
            new[point.digest] = point
    if new:
        _insert(session, list(new.values()), at, source)
    return digests


def _insert(session: Session, points: Sequence[Point], at: datetime, source: Source) -> None:
    people, addresses = cast("Table", Contact.__table__), cast("Table", ContactPoint.__table__)
    added = insert(people).returning(people.c.id, sort_by_parameter_order=True)
    ids = session.scalars(added, [{"country": point.country, "created_at": at} for point in points]).all()
    rows = [
        {
            "contact_id": contact_id,
            "channel": point.channel.value,
            "digest": point.digest,
            "pepper_id": point.pepper_id or "",
            "value": dict(point.given or {}),
            "country": point.country,
            "source": source.value,
            "source_note": "link",
            "created_at": at,
        }
        for contact_id, point in zip(ids, points, strict=True)
    ]
    session.execute(insert(addresses), rows)
