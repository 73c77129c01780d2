"""The operators' ground: signing in, the console, the sandbox's mailbox, and what monitoring asks."""

from __future__ import annotations

from flask import Flask

from prefcenter.web.ops import console, health, sandbox, signing_in


def init_app(app: Flask) -> None:
    """Add everything under ``/ops``, ``/sandbox``, and the addresses for monitoring."""
    signing_in.init_app(app)
    app.register_blueprint(console.blueprint)
    app.register_blueprint(sandbox.blueprint)
    app.register_blueprint(health.blueprint)
