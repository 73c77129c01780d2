"""The API for other systems, under ``/api/v1``."""

from __future__ import annotations

from prefcenter.web.api import links as links  # its endpoint joins the others
from prefcenter.web.api import messages as messages  # and its own
from prefcenter.web.api.views import blueprint

__all__ = ["blueprint"]
