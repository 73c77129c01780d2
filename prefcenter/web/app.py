"""Building the web application: settings, headers, errors, and the parts that answer."""

from __future__ import annotations

from typing import Any, Final

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from prefcenter.config import Config
from prefcenter.resources import templates_dir
from prefcenter.web import api, assets, compression, errors, ops, recipient, security_headers, webhooks
from prefcenter.web.recipient import brand_look, languages, page_style
from prefcenter.web.wired import EXTENSION
from prefcenter.wiring import Wiring, wire

_MEBIBYTE: Final = 1024 * 1024
MOST_BYTES: Final = 35 * _MEBIBYTE
"""A provider posts a whole mail with its attachments, as one form field. Source: SendGrid Inbound Parse, 30 MB."""


def build(config: Config, wiring: Wiring | None = None) -> Flask:
    """Make the web application.

    Args:
        config: the settings.
        wiring: what the views hand to use cases; by default it is made from the settings, and the keys are checked.

    Raises:
        MissingKey: a key that the stored data was made with is missing (X12).
        StoreUnavailable: the database cannot be used, or has no tables yet.
    """
    if wiring is None:
        wiring = wire(config)
        wiring.adopt_keys()
    app = Flask("prefcenter", template_folder=str(templates_dir()), static_folder=None)
    app.extensions[EXTENSION] = wiring
    app.config.update(_settings(config, wiring))
    if config.trusted_proxies:
        _trust_proxies(app, config.trusted_proxies)
    security_headers.init_app(app, is_https=config.base_url.startswith("https://"))
    errors.init_app(app)
    assets.init_app(app)
    languages.init_app(app)
    page_style.init_app(app)
    brand_look.init_app(app)
    compression.init_app(app)
    for part in (recipient.blueprint, webhooks.blueprint, api.blueprint):
        app.register_blueprint(part)
    ops.init_app(app)
    return app


def _settings(config: Config, wiring: Wiring) -> dict[str, Any]:
    derived = wiring.keyring.signing.derive_all("flask")
    newest, *older = derived.values()
    return {
        "SECRET_KEY": newest,
        "SECRET_KEY_FALLBACKS": older,
        "MAX_CONTENT_LENGTH": MOST_BYTES,
        "MAX_FORM_MEMORY_SIZE": MOST_BYTES,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_COOKIE_SECURE": config.base_url.startswith("https://"),
    }


def _trust_proxies(app: Flask, count: int) -> None:
    """Take the client's address and scheme from the proxies in front, and from nobody else."""
    app.wsgi_app = ProxyFix(app.wsgi_app, x_for=count, x_proto=count)  # type: ignore[method-assign]
