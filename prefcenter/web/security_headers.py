"""Headers that every answer bears, whatever made it.

A view that needs more, such as the console's scripts, sets its own ``Content-Security-Policy``; what a view set is
left alone.
"""

from __future__ import annotations

from typing import Final

from flask import Flask, Response, g

_POLICY: Final = (
    "default-src 'none'; style-src {styles}; img-src {pictures}; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'"
)
CONTENT_SECURITY_POLICY: Final = _POLICY.format(styles="'self'", pictures="'self' data:")
"""No script at all: what a page of ours says needs none (E4, U2)."""

_ALWAYS: Final = {
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


def allow_only_style(digest: str) -> None:
    """Let the page of this request be styled by what stands in it with this digest, and load nothing at all.

    Args:
        digest: of the text of its one ``style`` element: SHA-256, in Base64. Source: CSP Level 3, §2.3.1.
    """
    g.style_digest = digest


def _policy() -> str:
    digest = g.get("style_digest")
    if digest is None:
        return CONTENT_SECURITY_POLICY
    return _POLICY.format(styles=f"'sha256-{digest}'", pictures="data:")


def init_app(app: Flask, *, is_https: bool) -> None:
    """Put the headers on every answer of the application.

    Args:
        app: the application.
        is_https: whether its public address is https, so that browsers must never come by http again.
    """
    wanted = _ALWAYS | ({"Strict-Transport-Security": _HSTS} if is_https else {})

    @app.after_request
    def add(response: Response) -> Response:
        response.headers.setdefault("Content-Security-Policy", _policy())
        for name, value in wanted.items():
            response.headers.setdefault(name, value)
        return response
