"""The proof that somebody entered a code: half an hour, for one link and one contact point (E18).

It is carried in hidden fields of forms that are posted, never in an address and never in a cookie. It also says when
the page was shown, so that what was ended since then stays ended.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from itsdangerous import BadData, URLSafeSerializer

from prefcenter.core.tokens import SigningKeys, Token
from prefcenter.services import optouts
from prefcenter.services import preferences as showing
from prefcenter.services.codes import link_digest
from prefcenter.services.points import Point
from prefcenter.web.recipient.routes import submitted
from prefcenter.web.wired import current_wiring

VALID_FOR: Final = timedelta(minutes=30)
_PURPOSE: Final = "code-proof"


@dataclass(frozen=True, slots=True)
class Proof:
    """Somebody entered a code.

    Args:
        point: the contact point that it was sent to.
        issued_at: when it was entered.
        seen_at: when the page was shown that holds this proof.
    """

    point: Point
    issued_at: datetime
    seen_at: datetime

    @property
    def ends_at(self) -> datetime:
        """Until when it counts."""
        return self.issued_at + VALID_FOR


def write(signing: SigningKeys, text: str, proof: Proof) -> str:
    """Sign a proof for the link with this token."""
    link = link_digest(signing, text).hex()
    times = [proof.issued_at.isoformat(), proof.seen_at.isoformat()]
    return str(_serializer(signing).dumps([link, proof.point.channel.value, proof.point.digest.hex(), *times]))


def read(signing: SigningKeys, text: str, mine: Sequence[Point], given: str, *, at: datetime) -> Proof | None:
    """Read a proof; None where it is forged, too old, or of another link or contact point.

    Args:
        signing: the keys.
        text: the token of the link.
        mine: the contact points that the link may know of.
        given: what was posted.
        at: now.
    """
    try:
        link, channel, digest, issued, seen = _serializer(signing).loads(given)
        issued_at, seen_at = datetime.fromisoformat(issued), datetime.fromisoformat(seen)
    except (BadData, ValueError, TypeError):
        return None
    readable = [each for each in mine if each.given is not None]
    found = [each for each in readable if each.channel.value == channel and digest in {own.hex() for own in each.own}]
    if link != link_digest(signing, text).hex() or not found or not issued_at <= at < issued_at + VALID_FOR:
        return None
    return Proof(found[0], issued_at.astimezone(UTC), seen_at.astimezone(UTC))


def posted(text: str, token: Token) -> tuple[Point, Proof | None]:
    """The contact point of a link, and the proof that this request holds, if it holds a good one; only reads."""
    wiring = current_wiring()
    with wiring.database.read() as session:
        own = optouts.target_of(session, wiring.points, token).point
        mine = showing.points_of_person(session, wiring.points, own)
    return own, read(wiring.keyring.signing, text, mine, submitted().get("proof", ""), at=wiring.clock())


def field(text: str, proof: Proof) -> str:
    """The proof for the forms of a page that is shown now."""
    wiring = current_wiring()
    return write(wiring.keyring.signing, text, replace(proof, seen_at=wiring.clock()))


def _serializer(signing: SigningKeys) -> URLSafeSerializer:
    oldest_first = list(reversed(signing.derive_all(_PURPOSE).values()))
    return URLSafeSerializer(oldest_first, salt=_PURPOSE, signer_kwargs={"digest_method": hashlib.sha256})
