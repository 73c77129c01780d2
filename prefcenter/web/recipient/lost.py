"""``/preferences``: whoever lost the mail stops all marketing to an address or number by typing it (E19, X3, X4)."""

from __future__ import annotations

from typing import Final

from flask import Response, make_response, render_template

from prefcenter.core.errors import BadAddress
from prefcenter.services import typed_stops
from prefcenter.web.guards import guarded_by
from prefcenter.web.recipient import limiting, stopping, wording
from prefcenter.web.recipient.routes import blueprint, evidence, submitted
from prefcenter.web.wired import current_wiring

_VIA: Final = "/preferences"
AT_ONCE: Final = "30 per 10 minute"
"""So many are recorded at once for one network; what is more waits for the worker, and nothing is lost (X4)."""


@blueprint.get("/preferences")
@guarded_by("open")
def ask_for_address() -> str:
    """Ask for the address or number; changes nothing (E4)."""
    return render_template("recipient/lost.html", typed="", problem="")


@blueprint.post("/preferences")
@guarded_by("address")
def stop_address() -> Response:
    """End all marketing to what was typed, durably, and only then say so (U3); the same answer for everybody (X3)."""
    wiring, typed = current_wiring(), submitted().get("address", "")
    try:
        point = typed_stops.read(wiring.points, typed)
    except BadAddress:
        page = render_template("recipient/lost.html", typed=typed[:320], problem=True)
        return make_response(page, 422)
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
