"""prefcenter: one suppression list for email, post and texts, asked before every send."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from prefcenter.config import Config

__version__ = "0.1.0"


def create_app(config: Config) -> Flask:
    """Make the web application from its settings."""
    from prefcenter.web.app import build

    return build(config)
