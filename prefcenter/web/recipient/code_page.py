"""The page that asks for a code, and says what became of it."""

from __future__ import annotations

from flask import Response, make_response, render_template

from prefcenter.services import codes
from prefcenter.services import preferences as showing
from prefcenter.services.points import Point
from prefcenter.web.recipient import stopping


def show(text: str, point: Point, state: str, *, uid: str = "", status: int = 200) -> Response:
    """Show it.

    Args:
        text: the token of the link.
        point: where the code goes to; shown as far as a link may show it.
        state: ``sent``, ``too_many``, ``unreachable``, ``wrong``, ``over``, or ``closed`` where the half hour is over.
        uid: what names the code that is to be entered.
        status: of the answer.
    """
    page = render_template(
        "recipient/code.html",
        text=text,
        state=state,
        uid=uid,
        point=showing.reference(point),
        channel=point.channel.value,
        place=stopping.address(point.channel, point.masked),
        minutes=int(codes.VALID_FOR.total_seconds() // 60),
    )
    return make_response(page, status)


def closed(text: str, point: Point) -> Response:
    """Say that what a code opened has closed, or was never open, and offer a new one; nothing was changed."""
    return show(text, point, "closed", status=403)
