"""Answering other systems that ask before they send: many recipients, one question, one look-up."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy.orm import Session

from prefcenter.core.channels import Channel, Level, MessageClass
from prefcenter.core.decision import Decision
from prefcenter.core.errors import BadAddress, BadInput
from prefcenter.core.postal.address import PostalAddress
from prefcenter.services.deciding import Question, decide_all, question_about_class, question_about_type
from prefcenter.services.points import Point, Points
from prefcenter.services.ports import Keyring
from prefcenter.services.sealing import LedgerKeys, anchor, seal
from prefcenter.store import ledger
from prefcenter.store.engine import Database, StoreUnavailable
from prefcenter.store.ledger import LedgerSeal

log = logging.getLogger(__name__)

MOST_RECIPIENTS = 10_000
"""More than these are not taken in one call."""

QUICKLY_SEALED = 200
"""So many waiting ledger entries are sealed before an answer; more of them wait for the worker."""

_WORDS = {Channel.EMAIL: "email", Channel.SMS: "phone", Channel.POST: "post"}


@dataclass(frozen=True, slots=True)
class Recipient:
    """Whom it would go to, as the asker wrote it; exactly one of the three must be given.

    Args:
        email: an email address.
        phone: a phone number.
        post: the parts of a postal address by their names.
    """

    email: str | None = None
    phone: str | None = None
    post: Mapping[str, str] | None = None

    @property
    def channel(self) -> Channel:
        """The channel that it names.

        Raises:
            BadInput: it names none, or several.
        """
        given = {Channel.EMAIL: self.email, Channel.SMS: self.phone, Channel.POST: self.post}
        named = [channel for channel, value in given.items() if value is not None]
        if len(named) != 1:
            told = " and ".join(_WORDS[channel] for channel in named) or "none of them"
            raise BadInput(f"A recipient names exactly one of email, phone and post; this one names {told}.")
        return named[0]


@dataclass(frozen=True, slots=True)
class Invalid:
    """A recipient that nothing can be decided about, so nothing may be sent to it."""

    problem: str


Answer = Decision | Invalid


def question_of(
    session: Session, message_type: str | None, message_class: str | None, brand: str | None, topic: str | None
) -> Question:
    """Make the question out of either a message type or a class.

    Raises:
        UnknownType: the type, the brand or the topic is unknown.
        BadInput: neither or both are named, or a brand or topic stands beside a type.
    """
    if message_class is not None and message_type is None:
        return question_about_class(session, MessageClass(message_class), brand=brand, topic=topic)
    if message_type is not None and message_class is None:
        if brand is not None or topic is not None:
            raise BadInput("A message_type has its own brand and topic.", remedy="Leave out brand and topic.")
        return question_about_type(session, message_type)
    raise BadInput("Name either a message_type or a class, and not both.")


def position_of(session: Session, database: Database, keys: LedgerKeys, anchors: Path, *, at: datetime) -> int:
    """The ledger position that an answer takes into account at least; ask for it before the facts are read.

    What waits for its position is sealed first, where that is quick. During an import, whose thousands of entries wait
    for the worker, the position may be an older one, and no asker waits for them.

    Args:
        session: reads only; its transaction ends where something was sealed, so that it sees what came of it.
        database: where the sealing is written.
        keys: sign the seal.
        anchors: the file outside the database that the seal is noted in.
        at: the moment of the seal.
    """
    position, waiting = ledger.standing(session, most=QUICKLY_SEALED + 1)
    if not 0 < waiting <= QUICKLY_SEALED:
        return position
    session.rollback()
    try:
        with database.write() as writing:
            sealed = seal(writing, keys, at=at)
    except StoreUnavailable:
        return position  # Still true: "at least".
    if sealed.seal is not None:
        _anchor(anchors, sealed.seal)
    return sealed.position


def _anchor(path: Path, made: LedgerSeal) -> None:
    """Note the seal; where that fails, the next seal's anchor covers it, and no asker goes without an answer."""
    try:
        anchor(path, made)
    except OSError as error:
        log.warning("A seal was not anchored: %s", error.strerror)


def check(
    session: Session,
    keyring: Keyring,
    points: Points,
    question: Question,
    recipients: Iterable[Recipient | Invalid],
    *,
    at: datetime,
) -> list[Answer]:
    """Decide for each recipient, in their order; a bad one gets its problem, and the others their answers.

    Raises:
        MissingKey: a key in use is missing, so nobody can be cleared (X12).
    """
    understood = _understand(points, question, recipients)
    asked: Sequence[Point] = [point for point in understood if isinstance(point, Point)]
    decisions = iter(decide_all(session, keyring, question, asked, at=at))
    return [next(decisions) if isinstance(point, Point) else point for point in understood]


def _understand(points: Points, question: Question, recipients: Iterable[Recipient | Invalid]) -> list[Point | Invalid]:
    """Make the points, the postal ones all at once: one by one they would take 10 ms each."""
    read = [_read(points, question, recipient) for recipient in recipients]
    postal = iter(_postal(points, [address for address in read if isinstance(address, PostalAddress)]))
    return [next(postal) if isinstance(one, PostalAddress) else one for one in read]


def _read(points: Points, question: Question, recipient: Recipient | Invalid) -> Point | PostalAddress | Invalid:
    if isinstance(recipient, Invalid):
        return recipient
    try:
        channel = recipient.channel
        if question.channel not in (None, channel):
            raise _wrong_channel(question.channel, channel)
        if recipient.post is not None:
            return PostalAddress(**recipient.post)
        return points.email(recipient.email or "") if channel is Channel.EMAIL else points.phone(recipient.phone or "")
    except BadInput as error:
        return Invalid(str(error))


def _wrong_channel(wanted: Channel | None, named: Channel) -> BadInput:
    way = wanted or named
    return BadInput(
        f"Messages of this type go by {way}; this recipient names {_WORDS[named]}.", remedy=f"Give its {_WORDS[way]}."
    )


def _postal(points: Points, addresses: Sequence[PostalAddress]) -> list[Point | Invalid]:
    """Take each as a person there, or where nobody is named as whoever lives there (P9)."""
    found = points.post_many(addresses, [Level.INDIVIDUAL] * len(addresses))
    nameless = [n for n, one in enumerate(found) if isinstance(one, BadAddress) and one.field == "name"]
    again = points.post_many([addresses[n] for n in nameless], [Level.HOUSEHOLD] * len(nameless))
    for n, one in zip(nameless, again, strict=True):
        found[n] = one
    return [one if isinstance(one, Point) else Invalid(str(one)) for one in found]
