"""``/preferences``: for whoever lost the mail (E19, X3, X4).

What comes to an address or number is stopped by typing it, a link to its choices is sent there, and letters are stopped
by a form.
"""

from __future__ import annotations

from typing import Final

from flask import Response, make_response, render_template
from flask_babel import get_locale

from prefcenter.core.channels import Channel
from prefcenter.core.errors import BadAddress
from prefcenter.services import forwarded_mail, lost_links, typed_stops
from prefcenter.services.points import Point
from prefcenter.web.guards import guarded_by
from prefcenter.web.recipient import limiting, postal_form, stopping, wording
from prefcenter.web.recipient.postal_form import Kept, Shown
from prefcenter.web.recipient.routes import blueprint, evidence, submitted
from prefcenter.web.wired import current_wiring

_VIA: Final = "/preferences"
_POST_VIA: Final = "/preferences/post"
AT_ONCE: Final = "30 per 10 minute"
"""So many are recorded at once for one network; what is more waits for the worker, and nothing is lost (X4)."""

LINKS: Final = "10 per 10 minute"
"""So many links are sent for one network; nobody's opt-out hangs on one."""

_LONGEST: Final = 320


@blueprint.get("/preferences")
@guarded_by("open")
def ask_for_address() -> str:
    """Ask for the address or number; changes nothing (E4)."""
    return _form()


@blueprint.post("/preferences")
@guarded_by("address")
def stop_address() -> Response:
    """End all marketing to what was typed, durably, and only then say so (U3); the same answer for everybody (X3)."""
    wiring, typed = current_wiring(), submitted().get("address", "")
    try:
        point = typed_stops.read(wiring.points, typed)
    except BadAddress:
        return make_response(_form(typed, "unreadable"), 422)
    if submitted().get("do") == "link":
        return _send_link(point, typed)
    shown, at = evidence(_VIA), wiring.clock()
    is_kept = not limiting.is_within(AT_ONCE, _VIA)
    with wiring.database.write() as session:
        if is_kept:
            typed_stops.keep(session, point, shown, at=at)
        else:
            typed_stops.stop(session, wiring.points, point, shown, at=at)
    place = stopping.address(point.channel, point.masked)
    words = wording.WORDS[point.channel]
    return make_response(
        render_template("recipient/lost_done.html", place=place, words=words, is_kept=is_kept, since=at)
    )


def _form(typed: str = "", problem: str = "", postal: Shown | None = None) -> str:
    return render_template(
        "recipient/lost.html",
        typed=typed[:_LONGEST],
        problem=problem,
        postal=postal or postal_form.shown(),
        postal_action=_POST_VIA,
        forward_to=forwarded_mail.mailbox(current_wiring().config.inbound_domain),
    )


def _send_link(point: Point, typed: str) -> Response:
    """Send a link to the choices; known or not, the answer and the work are the same (X3)."""
    if not limiting.is_within(LINKS, f"{_VIA}?link"):
        return make_response(_form(typed, "too_many"), 429)
    wiring = current_wiring()
    with wiring.database.write() as session:
        can_send = lost_links.send(session, wiring.links, point, language=str(get_locale() or "en"), at=wiring.clock())
    if not can_send:
        return make_response(_form(typed, "unsendable"), 422)
    return make_response(
        render_template("recipient/lost_sent.html", place=stopping.address(point.channel, point.masked))
    )


@blueprint.post("/preferences/post")
@guarded_by("address")
def stop_letters() -> Response:
    """Take the form against letters (P1, P4): recorded or kept durably, or shown again with its slips named."""
    taken = postal_form.take_or_keep(submitted(), _POST_VIA, at_once=limiting.is_within(AT_ONCE, _POST_VIA))
    if isinstance(taken, Shown):
        return make_response(_form(postal=taken), 422)
    if isinstance(taken, Kept):
        words = wording.WORDS[Channel.POST]
        return make_response(
            render_template("recipient/lost_done.html", place=taken.place, words=words, is_kept=True, since=None)
        )
    page = render_template(
        "recipient/saved.html",
        text="",
        changes=taken.changes,
        no_sharing=False,
        last_expected=taken.last_expected,
        is_post=True,
        ticket=None,
    )
    return make_response(page)
