"""``/p/<token>/code``: having a code sent to a contact point, and entering it, for more than a link may do (E18).

All of it is posted: fetching an address sends nothing and tells nothing (E4).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from flask import Response, make_response
from flask_babel import get_locale
from sqlalchemy.orm import Session
from werkzeug.exceptions import NotFound, TooManyRequests

from prefcenter.core.tokens import Purpose, Token
from prefcenter.services import codes, optouts
from prefcenter.services import preferences as showing
from prefcenter.services.codes import Asked, Read, Request
from prefcenter.services.points import Point
from prefcenter.store import registry
from prefcenter.web.guards import guarded_by
from prefcenter.web.recipient import code_page, limiting, stopping, verified
from prefcenter.web.recipient.proofs import Proof
from prefcenter.web.recipient.routes import blueprint, evidence, submitted, token_of
from prefcenter.web.wired import current_wiring

_VIA: Final = "/p/code"
AT_MOST: Final = "20 per 10 minute"
"""So many codes one network may ask for, whichever links it has."""

_STATUS: Final = {Asked.SENT: 200, Asked.TOO_MANY: 429, Asked.UNREACHABLE: 409}


@dataclass(frozen=True, slots=True)
class Sendable:
    """A contact point that a code can be sent to: its name in a form, and as much of it as may be shown."""

    ref: str
    place: str
    is_own: bool


def sendable(session: Session, token: Token, own: Point) -> list[Sendable]:
    """Where codes can be sent for whoever has this link, the link's own contact point first; only reads."""
    brand = registry.brand_by_code(session, token.brand_code) if token.brand_code else None
    mine = showing.points_of_person(session, current_wiring().points, own)
    found = [
        Sendable(showing.reference(each), stopping.address(each.channel, each.masked), each.digest == own.digest)
        for each in mine
        if codes.can_send(session, each, brand)
    ]
    return sorted(found, key=lambda each: not each.is_own)


@blueprint.post("/p/<text>/code")
@guarded_by("token")
def send_code(text: str) -> Response:
    """Send a code to one of the contact points that the link may know of, and ask for it."""
    token = token_of(text, Purpose.PREFERENCES)
    if not limiting.is_within(AT_MOST, _VIA):
        raise TooManyRequests
    wiring, at = current_wiring(), current_wiring().clock()
    with wiring.database.write() as session:
        point = _point(session, token, submitted().get("point", ""))
        sent = codes.ask(
            session,
            wiring.keyring,
            wiring.points,
            point,
            Request(
                link=codes.link_digest(wiring.keyring.signing, text),
                brand=registry.brand_by_code(session, token.brand_code) if token.brand_code else None,
                purpose=codes.Purpose.PROOF,
                language=str(get_locale() or "en"),
                base_url=wiring.config.base_url,
            ),
            evidence(_VIA),
            at=at,
        )
    return code_page.show(text, point, sent.asked.value, uid=sent.uid.hex(), status=_STATUS[sent.asked])


@blueprint.post("/p/<text>/verify")
@guarded_by("token")
def verify_code(text: str) -> Response:
    """Take the code, and where it is right, open what it opens."""
    token = token_of(text, Purpose.PREFERENCES)
    wiring, at, fields = current_wiring(), current_wiring().clock(), submitted()
    uid = uid_of(fields.get("uid", ""))
    with wiring.database.write() as session:
        point = _point(session, token, fields.get("point", ""))
        link = codes.link_digest(wiring.keyring.signing, text)
        read = codes.verify(
            session,
            wiring.keyring,
            point,
            uid,
            fields.get("code", ""),
            link,
            codes.Purpose.PROOF,
            evidence(_VIA),
            at=at,
        )
    if read is Read.RIGHT:
        return make_response(verified.page(text, Proof(point, at, at)))
    return code_page.show(text, point, read.value, uid=uid.hex(), status=422)


def uid_of(text: str) -> bytes:
    """What names a code on its page; whatever else was posted names none."""
    try:
        return bytes.fromhex(text[:64])
    except ValueError:
        return b""


def _point(session: Session, token: Token, ref: str) -> Point:
    """The contact point that a form names, by default the link's own.

    Raises:
        NotFound: it is none of those that the link may know of.
    """
    wiring = current_wiring()
    own = optouts.target_of(session, wiring.points, token).point
    mine = showing.points_of_person(session, wiring.points, own)
    wanted = ref or showing.reference(own)
    for each in mine:
        if wanted in {digest.hex()[:12] for digest in each.own}:
            return each
    raise NotFound
