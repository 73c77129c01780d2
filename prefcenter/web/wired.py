"""What the views work with, taken from the application that runs them."""

from __future__ import annotations

from flask import current_app

from prefcenter.wiring import Wiring

EXTENSION = "prefcenter"
"""The name that the wiring has among the application's extensions."""


def current_wiring() -> Wiring:
    """The wiring of the application that answers this request."""
    wiring: Wiring = current_app.extensions[EXTENSION]
    return wiring
