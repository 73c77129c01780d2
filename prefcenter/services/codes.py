"""Codes sent to a contact point: who reads one receives there, so more may be shown and done than by a link (E18).

A code has six digits, works for 15 minutes, once, on the page that asked for it, and may be guessed five times. A
contact point gets three an hour at most, from whichever links, so that a forwarded link floods nobody and that guessing
gets nowhere: 40 guesses a day at a million codes. Only a keyed hash of it is kept, and that no longer than it works;
what the message said is erased soon after.
"""

from __future__ import annotations

import hmac
import secrets
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy.orm import Session

from prefcenter.core.channels import Channel
from prefcenter.core.decision import Cleared
from prefcenter.core.tokens import SigningKeys
from prefcenter.services import gate, outgoing
from prefcenter.services.code_messages import VALID_FOR as VALID_FOR
from prefcenter.services.code_messages import Purpose as Purpose
from prefcenter.services.code_messages import Request as Request
from prefcenter.services.code_messages import draft, senders
from prefcenter.services.outgoing import Draft
from prefcenter.services.points import Point, Points
from prefcenter.services.ports import Evidence, Keyring
from prefcenter.store import codes as kept
from prefcenter.store import contacts, ledger
from prefcenter.store.codes import ContactCode
from prefcenter.store.engine import Database
from prefcenter.store.registry import Brand

DIGITS = 6
TRIES = 5
MOST_AN_HOUR = 3
"""So many codes go to one contact point within an hour."""

MOST_A_DAY = 8
"""So many go to one contact point within 24 hours."""

MOST_BY_LINK = 12
"""So many may be asked for from one link within 24 hours, whichever addresses they go to."""

CHANNELS = frozenset({Channel.EMAIL, Channel.SMS})
"""The channels that a code can be sent by: a letter would be too late."""

_KEPT_FOR = timedelta(days=1)
_UID_BYTES = 16


class Asked(StrEnum):
    """What became of asking for a code."""

    SENT = "sent"
    TOO_MANY = "too_many"
    """There were as many as there may be; a later one will do."""
    UNREACHABLE = "unreachable"
    """Nothing may or can be sent there: mail to it came back, or we have no sender for it."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of it, and what names the code on the page that asked; empty where none was sent."""

    asked: Asked
    uid: bytes = b""


class Read(StrEnum):
    """What became of a code that was typed."""

    RIGHT = "right"
    WRONG = "wrong"
    """It may be typed again."""
    OVER = "over"
    """Used, replaced, guessed too often, or too late; or it belongs to another page."""


def link_digest(signing: SigningKeys, text: str) -> bytes:
    """Name a link in the list of codes, so that its token cannot be read there."""
    return hmac.digest(signing.derive("code-links"), text.encode(), "sha256")[:_UID_BYTES]


def can_send(session: Session, point: Point, brand: Brand | None) -> bool:
    """Whether a code could go to a contact point as things are; only reads."""
    return point.channel in CHANNELS and point.given is not None and bool(next(senders(session, point, brand), ""))


def ask(
    session: Session,
    keyring: Keyring,
    points: Points,
    point: Point,
    request: Request,
    evidence: Evidence,
    *,
    at: datetime,
) -> Sent:
    """Send a code to a contact point, unless there were too many or nothing may be sent there; commits.

    The newest code of a link and a contact point is the only one that works.

    Raises:
        MissingKey: a key in use is missing.
    """
    if not can_send(session, point, request.brand):
        return Sent(Asked.UNREACHABLE)
    for _ in range(MOST_AN_HOUR + 1):
        # Looked for before they are counted: one that comes in between is counted, or else takes the next one's name.
        newest = kept.newest_message(session, point.own, gate.CODE)
        if _is_enough(session, point, request.link, at):
            return Sent(Asked.TOO_MANY)
        code = "".join(str(secrets.randbelow(10)) for _ in range(DIGITS))
        message = _cleared(session, keyring, points, point, request, code, newest, at)
        if message is None:
            return Sent(Asked.UNREACHABLE)
        queued = outgoing.queue_once(session, message, at=at)
        if queued.is_new:
            return _keep(session, keyring, point, request, code, queued.row.id, evidence, at)
    return Sent(Asked.TOO_MANY)  # Others were faster each time.


def _is_enough(session: Session, point: Point, link: bytes, at: datetime) -> bool:
    today = kept.sent_to(session, point.own, at - timedelta(days=1))
    lately = [when for when in today if when > at - timedelta(hours=1)]
    by_link = kept.asked_by(session, link, at - timedelta(days=1))
    return len(lately) >= MOST_AN_HOUR or len(today) >= MOST_A_DAY or by_link >= MOST_BY_LINK


def _cleared(
    session: Session,
    keyring: Keyring,
    points: Points,
    point: Point,
    request: Request,
    code: str,
    newest: int,
    at: datetime,
) -> Draft | None:
    """The message, from a sender that may write there; None where none may."""
    cause = f"{gate.CODE}:{point.digest.hex()}:{newest}"
    for sender in senders(session, point, request.brand):
        made = draft(point, request, code, sender, cause, at)
        decision = gate.clear(session, keyring, points, outgoing.row_of(made, at=at), at=at)
        if isinstance(decision, Cleared):
            return made
    return None


def _keep(
    session: Session,
    keyring: Keyring,
    point: Point,
    request: Request,
    code: str,
    message_id: int,
    evidence: Evidence,
    at: datetime,
) -> Sent:
    kept.close_open(session, request.link, point.own, request.purpose.value)
    uid = secrets.token_bytes(_UID_BYTES)
    row = ContactCode(
        uid=uid,
        channel=point.channel.value,
        digest=point.digest,
        pepper_id=point.pepper_id,
        link=request.link,
        purpose=request.purpose.value,
        code_hash=_hash(keyring.signing.derive("codes"), uid, point, code),
        created_at=at,
        expires_at=at + VALID_FOR,
        tries=TRIES,
        message_id=message_id,
    )
    session.add(row)
    session.flush()
    _tell(session, "code_sent", point, request.purpose, evidence, at)
    session.commit()
    return Sent(Asked.SENT, uid)


def verify(
    session: Session,
    keyring: Keyring,
    point: Point,
    uid: bytes,
    typed: str,
    link: bytes,
    purpose: Purpose,
    evidence: Evidence,
    *,
    at: datetime,
) -> Read:
    """Say whether what was typed is the code; each guess counts, a right one once; commits.

    Args:
        session: writes.
        keyring: the keys.
        point: the contact point that the code was sent to.
        uid: what names the code on the page.
        typed: what was typed; spaces and hyphens do not matter.
        link: the digest of the link.
        purpose: what it is to prove.
        evidence: who typed it.
        at: now.
    """
    code = digits_of(typed)
    if len(code) != DIGITS:
        return Read.WRONG  # A slip of the hand is no guess.
    found = kept.take_try(session, uid, link, purpose.value, point.own, at)
    if found is None:
        return Read.OVER
    kept_hash, left = found
    if not _is_right(keyring, uid, point, code, kept_hash):
        if not left:
            kept.close(session, uid)
        session.commit()
        return Read.WRONG if left else Read.OVER
    is_first = kept.use(session, uid, at)
    if is_first:
        _tell(session, "verified", point, purpose, evidence, at)
        if purpose is Purpose.PROOF:
            for row in contacts.points_by_digest(session, point.own):
                row.verified_at = at
    session.commit()
    return Read.RIGHT if is_first else Read.OVER


def digits_of(typed: str) -> str:
    """The digits of what was typed, in whichever script.

    >>> digits_of(" 123-456 "), digits_of("１２３４５６"), digits_of("12a4")
    ('123456', '123456', '')
    """
    bare = "".join(typed.split()).replace("-", "")
    plain = unicodedata.normalize("NFKC", bare[:40])
    return plain if plain.isascii() and plain.isdigit() else ""


def erase(database: Database, *, at: datetime) -> int:
    """Erase codes that ran out and what the messages said that carried them; says how many."""
    over, gone = at - timedelta(minutes=1), at - _KEPT_FOR
    with database.read() as session:
        if not kept.has_old(session, over, gone):
            return 0
    with database.write() as session:
        erased = kept.erase_old(session, over, gone)
        session.commit()
    return erased


def _is_right(keyring: Keyring, uid: bytes, point: Point, code: str, kept_hash: bytes) -> bool:
    """Compare in constant time, by every signing key: one may have been renewed since."""
    hashes = [_hash(key, uid, point, code) for key in keyring.signing.derive_all("codes").values()]
    return any(hmac.compare_digest(each, kept_hash) for each in hashes)


def _hash(key: bytes, uid: bytes, point: Point, code: str) -> bytes:
    return hmac.digest(key, uid + point.channel.value.encode() + b"\n" + code.encode(), "sha256")


def _tell(session: Session, kind: str, point: Point, purpose: Purpose, evidence: Evidence, at: datetime) -> None:
    ledger.append(
        session,
        kind,
        at=at,
        actor=evidence.actor,
        subject=point.digest,
        facts={"channel": point.channel.value, "purpose": purpose.value, **evidence.facts},
        personal=dict(evidence.personal) or None,
    )
