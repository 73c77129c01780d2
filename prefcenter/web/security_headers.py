"""Headers that every answer bears, whatever made it.

A view that needs more, such as the console's scripts, sets its own ``Content-Security-Policy``; what a view set is
left alone.
"""

from __future__ import annotations

from typing import Final

from flask import Flask, Response

CONTENT_SECURITY_POLICY: Final = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'"
)
"""No script at all: what a page of ours says needs none (E4, U2)."""

_ALWAYS: Final = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Referrer-Policy": "no-referrer",  # A link's token must not leak to whoever is visited next (E5).
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex, nofollow, noarchive",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
    "Cache-Control": "no-store",
}

_HSTS: Final = "max-age=63072000"


def init_app(app: Flask, *, is_https: bool) -> None:
    """Put the headers on every answer of the application.

    Args:
        app: the application.
        is_https: whether its public address is https, so that browsers must never come by http again.
    """
    wanted = _ALWAYS | ({"Strict-Transport-Security": _HSTS} if is_https else {})

    @app.after_request
    def add(response: Response) -> Response:
        for name, value in wanted.items():
            response.headers.setdefault(name, value)
        return response
