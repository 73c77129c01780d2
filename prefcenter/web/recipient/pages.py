"""Pages that are open to all: what this is, help with texts, and the support of Global Privacy Control."""

from __future__ import annotations

import json
from typing import Final

from flask import Response, render_template

from prefcenter.store import registry
from prefcenter.web.guards import guarded_by
from prefcenter.web.recipient.routes import blueprint
from prefcenter.web.wired import current_wiring

GPC: Final = {"gpc": True, "lastUpdate": "2026-11-23"}
"""That we honour Sec-GPC (G11). Source: Global Privacy Control, §4 “GPC Support Resource”."""


@blueprint.get("/")
@guarded_by("open")
def landing() -> str:
    """Say what this place is, and how to stop what one gets."""
    return render_template("recipient/landing.html")


@blueprint.get("/help/sms")
@guarded_by("open")
def sms_help() -> str:
    """Say who texts, how to reach them, and how to stop the texts: STOP is one way among others (S3, S7)."""
    with current_wiring().database.read() as session:
        brands = registry.brands(session)
    return render_template("recipient/help_sms.html", brands=brands)


@blueprint.get("/.well-known/gpc.json")
@guarded_by("open")
def gpc() -> Response:
    """State that Global Privacy Control is honoured."""
    return Response(json.dumps(GPC), content_type="application/json")
