"""``/p/<token>/verified/correct``: another address or number, which counts once its own code was entered (G15)."""

from __future__ import annotations

import hashlib
import secrets
from typing import Final

from flask import Response, make_response, render_template
from flask_babel import get_locale
from itsdangerous import BadData, URLSafeSerializer
from werkzeug.exceptions import NotFound, TooManyRequests

from prefcenter.core.channels import Channel
from prefcenter.core.errors import BadAddress
from prefcenter.core.tokens import Purpose, SigningKeys, Token
from prefcenter.services import codes, correcting
from prefcenter.services.codes import Read, Request
from prefcenter.services.points import Point
from prefcenter.store import registry
from prefcenter.web.guards import guarded_by
from prefcenter.web.recipient import code_page, limiting, proofs, verified
from prefcenter.web.recipient.proofs import Proof
from prefcenter.web.recipient.routes import blueprint, evidence, submitted, token_of
from prefcenter.web.recipient.unsubscribe import preferences_path
from prefcenter.web.wired import current_wiring

_VIA: Final = "/p/correct"
AT_MOST: Final = "10 per 10 minute"
_LONGEST: Final = 254
_TICKET: Final = "correction"


@blueprint.post("/p/<text>/verified/correct")
@guarded_by("token")
def ask_new(text: str) -> Response:
    """Send a code to the new address or number; whatever we know of it, the answer is the same (X3)."""
    token = token_of(text, Purpose.PREFERENCES)
    own, proof = proofs.posted(text, token)
    if proof is None:
        return code_page.closed(text, own)
    typed = submitted().get("new", "").strip()
    new = _read(proof.point.channel, typed)
    if new is None or new.digest in proof.point.own:
        problem = "address" if new is None else "same"
        return make_response(verified.page(text, proof, problem=problem, typed=typed[:_LONGEST]), 422)
    if not limiting.is_within(AT_MOST, _VIA):
        raise TooManyRequests
    wiring = current_wiring()
    with wiring.database.write() as session:
        request = Request(
            link=codes.link_digest(wiring.keyring.signing, text),
            brand=registry.brand_by_code(session, token.brand_code) if token.brand_code else None,
            purpose=codes.Purpose.CORRECTION,
            language=str(get_locale() or "en"),
            base_url=wiring.config.base_url,
        )
        sent = codes.ask(session, wiring.keyring, wiring.points, new, request, evidence(_VIA), at=wiring.clock())
    uid = sent.uid or secrets.token_bytes(len(codes.link_digest(wiring.keyring.signing, text)))
    return _page(text, proof, new, uid)


@blueprint.post("/p/<text>/verified/corrected")
@guarded_by("token")
def take_new(text: str) -> Response:
    """Take the new one's code, and let it take the old one's place, durably, before saying so (U3)."""
    token = token_of(text, Purpose.PREFERENCES)
    own, proof = proofs.posted(text, token)
    if proof is None:
        return code_page.closed(text, own)
    wiring, fields = current_wiring(), submitted()
    new, uid = _ticket_read(wiring.keyring.signing, text, proof, fields.get("ticket", ""))
    link, at = codes.link_digest(wiring.keyring.signing, text), wiring.clock()
    with wiring.database.write() as session:
        read = codes.verify(
            session,
            wiring.keyring,
            new,
            uid,
            fields.get("code", ""),
            link,
            codes.Purpose.CORRECTION,
            evidence(_VIA),
            at=at,
        )
    if read is not Read.RIGHT:
        return _page(text, proof, new, uid, state=read.value, status=422)
    with wiring.database.write() as session:
        correcting.correct(session, wiring.points, proof.point, new, evidence(_VIA), at=at)
    path = preferences_path(Token(Purpose.PREFERENCES, new.channel, new.digest, token.brand_code))
    return make_response(render_template("recipient/corrected.html", address=_address(new), preferences=path))


def _read(channel: Channel, typed: str) -> Point | None:
    points = current_wiring().points
    if not typed or len(typed) > _LONGEST or not typed.isprintable():
        return None
    try:
        return points.email(typed) if channel is Channel.EMAIL else points.phone(typed)
    except BadAddress:
        return None


def _address(point: Point) -> str:
    return str((point.given or {}).get("address", ""))


def _page(text: str, proof: Proof, new: Point, uid: bytes, *, state: str = "sent", status: int = 200) -> Response:
    wiring = current_wiring()
    page = render_template(
        "recipient/correct.html",
        text=text,
        proof=proofs.field(text, proof),
        ticket=_ticket(wiring.keyring.signing, text, proof, new, uid),
        address=_address(new),
        state=state,
        minutes=int(codes.VALID_FOR.total_seconds() // 60),
    )
    return make_response(page, status)


def _ticket(signing: SigningKeys, text: str, proof: Proof, new: Point, uid: bytes) -> str:
    """The new one and what names its code, for this link and this old one alone; carried in a hidden field."""
    link = codes.link_digest(signing, text).hex()
    return str(_serializer(signing).dumps([link, proof.point.digest.hex(), _address(new), uid.hex()]))


def _ticket_read(signing: SigningKeys, text: str, proof: Proof, given: str) -> tuple[Point, bytes]:
    """Read a ticket.

    Raises:
        NotFound: it is forged, or of another link or contact point.
    """
    try:
        link, old, address, uid = _serializer(signing).loads(given)
    except (BadData, ValueError, TypeError):
        raise NotFound from None
    new = _read(proof.point.channel, address)
    if link != codes.link_digest(signing, text).hex() or old != proof.point.digest.hex() or new is None:
        raise NotFound
    return new, bytes.fromhex(uid)


def _serializer(signing: SigningKeys) -> URLSafeSerializer:
    oldest_first = list(reversed(signing.derive_all(_TICKET).values()))
    return URLSafeSerializer(oldest_first, salt=_TICKET, signer_kwargs={"digest_method": hashlib.sha256})
