"""Global Privacy Control: a browser that sends ``Sec-GPC: 1`` has said “do not sell or share” for its person (G11)."""

from __future__ import annotations

from dataclasses import replace

from flask import request

from prefcenter.core.tokens import Token
from prefcenter.services import choosing, optouts, sharing
from prefcenter.web.recipient.routes import evidence
from prefcenter.web.wired import current_wiring


def is_sent() -> bool:
    """Whether the request bears the signal; one that only looks ahead bears nobody's will."""
    looks_ahead = "prefetch" in request.headers.get("Sec-Purpose", "") + request.headers.get("Purpose", "")
    return request.headers.get("Sec-GPC") == "1" and request.method in ("GET", "POST") and not looks_ahead


def honour(token: Token, via: str) -> bool:
    """Record do-not-share, once, for whoever's link came with the signal; says whether the page must say so.

    A GET changes nothing by itself (E4): here the signal is the act, which the person set in the browser. Scanners do
    not send it, and all that it can do is to keep off what is off unless somebody allowed it.
    """
    if not is_sent():
        return False
    wiring = current_wiring()
    with wiring.database.read() as session:
        own = optouts.target_of(session, wiring.points, token).point
        stands = sharing.is_refused(session, own)
    if not stands:
        shown = evidence(via)
        signal = replace(shown, facts={**shown.facts, "signal": "Sec-GPC"})
        with wiring.database.write() as session:
            choosing.honour_signal(session, wiring.points, own, signal, at=wiring.clock())
    return True
